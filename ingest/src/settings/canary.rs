//! Sites that pupils must be able to reach: `canary.csv` (`site,title,kind,key_stages,valid_from,valid_to,source`).
//!
//! The panel is shipped, so that schools are measured alike, and a school adds to it, dates a site or takes one
//! out. A site is written as the lake has it: what cannot be met there would always read as "not asked for".

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::sheet::{Source, Validity};
use crate::error::Error;
use crate::normalise::registrable;

/// Key stages as the lake names them.
const KEY_STAGES: [&str; 6] = ["EYFS", "KS1", "KS2", "KS3", "KS4", "KS5"];
/// Kinds of site.
const KINDS: [&str; 8] = ["helpline", "health", "identity", "abuse", "safety", "exams", "learning", "public"];

/// A site of the panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanarySite {
    /// Registrable domain, as the lake has it.
    pub site: String,
    /// Name for people.
    pub title: String,
    /// What sort of site it is, in one word.
    pub kind: String,
    /// Key stages for which it must be open, in order; none where a school has taken it out.
    pub key_stages: Vec<&'static str>,
}

/// The panel in its layers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Canary {
    rows: Vec<(CanarySite, Validity)>,
}

impl Canary {
    pub(crate) fn read(source: &Source) -> Result<Self, Error> {
        const REQUIRED: &[&str] = &["site", "key_stages"];
        const OPTIONAL: &[&str] = &["title", "kind", "valid_from", "valid_to", "source"];
        let mut rows: Vec<(CanarySite, Validity)> = Vec::new();
        let sheets =
            [Some(source.shipped_sheet(REQUIRED, OPTIONAL)?), source.school_sheet(REQUIRED, OPTIONAL)?];
        for row in sheets.iter().flatten().flat_map(super::sheet::Sheet::rows) {
            let site = row.parse("site", "a registrable domain such as example.org", |text| {
                let whole = registrable(text) == Some(0) && text.contains('.');
                (whole && text == text.to_lowercase()).then(|| text.to_owned())
            })?;
            let known =
                rows.iter().rev().find(|(known, _)| known.site == site).map(|(known, _)| known.clone());
            let kind = row.parse_optional("kind", &format!("one of {}", KINDS.join(", ")), |text| {
                KINDS.contains(&text).then(|| text.to_owned())
            })?;
            let key_stages =
                row.parse("key_stages", "key stages such as `KS3 KS4`, `all` or `none`", read_stages)?;
            let title = Some(row.get("title")).filter(|title| !title.is_empty()).map(str::to_owned);
            let canary = CanarySite {
                title: title.or_else(|| Some(known.as_ref()?.title.clone())).unwrap_or_else(|| site.clone()),
                kind: kind
                    .or_else(|| Some(known.as_ref()?.kind.clone()))
                    .unwrap_or_else(|| "learning".to_owned()),
                key_stages,
                site,
            };
            rows.push((canary, row.validity()?));
        }
        Ok(Self { rows })
    }

    /// A text that is another one when a site or its days are.
    #[must_use]
    pub fn version(&self) -> String {
        self.rows
            .iter()
            .map(|(site, days)| {
                format!("{} {} {:?} {:?};", site.site, site.key_stages.is_empty(), days.from, days.to)
            })
            .collect()
    }

    /// The panel of a day, by kind in the order above, then by site: of a site that stands several times, the last
    /// row that holds on the day.
    #[must_use]
    pub fn on(&self, day: Date) -> Vec<&CanarySite> {
        let mut holding: BTreeMap<(usize, &str), &CanarySite> = BTreeMap::new();
        let mut last: BTreeMap<&str, &CanarySite> = BTreeMap::new();
        for (site, _) in self.rows.iter().filter(|(_, days)| days.holds(day)) {
            last.insert(&site.site, site);
        }
        for site in last.into_values().filter(|site| !site.key_stages.is_empty()) {
            let kind = KINDS.iter().position(|kind| *kind == site.kind).unwrap_or(KINDS.len());
            holding.insert((kind, &site.site), site);
        }
        holding.into_values().collect()
    }
}

fn read_stages(text: &str) -> Option<Vec<&'static str>> {
    match text {
        "all" => return Some(KEY_STAGES.to_vec()),
        "none" => return Some(Vec::new()),
        "" => return None,
        _ => {}
    }
    let mut stages = Vec::new();
    for word in text.split_whitespace() {
        stages.push(KEY_STAGES.into_iter().find(|stage| *stage == word)?);
    }
    stages.sort_unstable();
    stages.dedup();
    Some(stages)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use jiff::civil::date;

    use crate::settings::testing::settings;

    #[test]
    fn the_shipped_panel_is_whole() {
        let settings = settings(&[]).unwrap();
        let panel = settings.canary().on(date(2026, 1, 12));
        assert!(panel.len() >= 50, "{}", panel.len());
        let find = |site: &str| panel.iter().find(|known| known.site == site).unwrap();
        assert_eq!(find("childline.org.uk").key_stages, ["KS1", "KS2", "KS3", "KS4", "KS5"]);
        assert_eq!(find("www.nhs.uk").kind, "health");
        assert_eq!(panel[0].kind, "helpline");
    }

    #[test]
    fn a_school_adds_dates_and_takes_out() {
        let text = "site,key_stages,valid_from,valid_to\nmermaidsuk.org.uk,none,,\nexample.org,KS2,2026-01-05,\n\
                    brook.org.uk,KS5,2026-01-05,2026-01-09\n";
        let school = settings(&[("canary.csv", text)]).unwrap();
        assert_ne!(school.version(), settings(&[]).unwrap().version());
        let stages = |site: &str, day| {
            let panel = school.canary().on(day);
            panel.into_iter().find(|known| known.site == site).map(|known| known.key_stages.clone())
        };
        assert_eq!(stages("mermaidsuk.org.uk", date(2026, 1, 6)), None);
        assert_eq!(stages("example.org", date(2026, 1, 4)), None);
        assert_eq!(stages("example.org", date(2026, 1, 5)), Some(vec!["KS2"]));
        assert_eq!(stages("brook.org.uk", date(2026, 1, 6)), Some(vec!["KS5"]));
        assert_eq!(stages("brook.org.uk", date(2026, 1, 10)), Some(vec!["KS3", "KS4", "KS5"]));
    }

    #[test]
    fn mistakes_name_the_line() {
        for (row, words) in [
            ("www.childline.org.uk,KS2", "a registrable domain"),
            ("https://childline.org.uk,KS2", "a registrable domain"),
            ("Childline.org.uk,KS2", "a registrable domain"),
            ("org.uk,KS2", "a registrable domain"),
            ("childline.org.uk,KS9", "key stages such as"),
            ("childline.org.uk,", "key stages such as"),
        ] {
            let text = format!("site,key_stages\n{row}\n");
            let error = settings(&[("canary.csv", &text)]).unwrap_err().to_string();
            assert!(error.starts_with("canary.csv:2: ") && error.contains(words), "{row}: {error}");
        }
    }
}
