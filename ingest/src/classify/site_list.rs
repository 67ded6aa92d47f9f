//! Sites whose class is known without the source's help.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::data_file::{DataFile, Dated, Place};
use super::taxonomy::{Taxonomy, UNMAPPED};
use crate::error::Error;
use crate::quick_map::QuickMap;

pub(crate) const SHIPPED: &str = include_str!("../../data/sites.csv");
const COLUMNS: &[&str] = &["site", "common_code", "valid_from", "valid_to", "source", "note"];

/// Something known of a host and all hosts below it; the longest name decides.
#[derive(Clone, Debug)]
pub(crate) struct HostTable<T> {
    hosts: QuickMap<String, Dated<T>>,
}

impl<T> Default for HostTable<T> {
    fn default() -> Self {
        Self { hosts: QuickMap::default() }
    }
}

impl<T> HostTable<T> {
    /// The rows of one host.
    pub(crate) fn entry(&mut self, host: &str) -> &mut Dated<T> {
        self.hosts.entry(host.to_owned()).or_default()
    }

    /// What is known of a host on a day.
    pub(crate) fn get(&self, host: &str, date: Date) -> Option<&T> {
        let mut name = host.strip_suffix('.').unwrap_or(host);
        loop {
            if let Some(found) = self.hosts.get(name).and_then(|dated| dated.on(date)) {
                return Some(found);
            }
            (_, name) = name.split_once('.')?;
        }
    }

    /// Adds the days on which an answer changes.
    pub(crate) fn boundaries(&self, days: &mut BTreeSet<Date>) {
        for dated in self.hosts.values() {
            dated.all().for_each(|(_, span, _)| span.boundaries(days));
        }
    }
}

/// Checks that a cell is a bare domain.
pub(crate) fn domain(text: &str, place: Place) -> Result<&str, Error> {
    let fits = text.contains('.')
        && text.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        });
    if fits {
        Ok(text)
    } else {
        Err(place
            .error("this is not a domain")
            .help("write the domain alone, in small letters, for example `example.org`"))
    }
}

/// Reads `sites.csv`: site to code.
pub(crate) fn read(file: &DataFile, taxonomy: &Taxonomy) -> Result<HostTable<String>, Error> {
    let mut sites = HostTable::default();
    for row in file.rows(COLUMNS)? {
        let site = domain(row.required("site")?, row.place)?;
        let code = row.required("common_code")?;
        match taxonomy.known(code) {
            Some(known) if known.illegal => {
                return Err(row
                    .place
                    .error("a site list may not name illegal content")
                    .help("delete the row; only the filter's own list marks such sites"));
            }
            Some(_) if code != UNMAPPED => {}
            _ => return Err(row.place.error("names a code that is not in taxonomy.csv")),
        }
        sites.entry(site).add(row.place, row.span()?, code.to_owned())?;
    }
    Ok(sites)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use jiff::civil::date;

    use super::*;

    fn overlaid(rows: &str) -> Result<HostTable<String>, Error> {
        let school = format!("site,common_code,valid_from,valid_to\n{rows}");
        read(&DataFile::overlaid("sites.csv", SHIPPED, &school), &Taxonomy::load(None).unwrap())
    }

    #[test]
    fn the_longest_name_decides() {
        let sites = overlaid("").unwrap();
        let day = date(2026, 1, 12);
        let code = |host: &str| sites.get(host, day).map(String::as_str);
        assert_eq!(code("google.com"), Some("PORTAL"));
        assert_eq!(code("www.google.com"), Some("PORTAL"));
        assert_eq!(code("docs.google.com"), Some("GENERAL"));
        assert_eq!(code("a.gemini.google.com."), Some("GENAI"));
        assert_eq!(code("notgoogle.com"), None);
        assert_eq!(code("www.gov.uk"), Some("GOV"));
        assert_eq!(code("stuff.nhs.uk"), Some("HEALTH"));
        assert_eq!(code("com"), None);
        assert_eq!(code(""), None);
        assert_eq!(code("10.20.30.40"), None);
    }

    #[test]
    fn a_school_dates_a_site_and_mistakes_name_the_line() {
        let sites = overlaid("wikipedia.org,GENERAL,2026-01-05,2026-01-09\n").unwrap();
        assert_eq!(sites.get("en.wikipedia.org", date(2026, 1, 9)).unwrap(), "GENERAL");
        assert_eq!(sites.get("en.wikipedia.org", date(2026, 1, 10)).unwrap(), "EDU");
        for (row, words) in [
            ("https://example.org,EDU,,\n", "not a domain"),
            ("Example.org,EDU,,\n", "not a domain"),
            ("example.org,ILL-CSAM,,\n", "illegal"),
            ("example.org,UNMAPPED,,\n", "not in taxonomy.csv"),
        ] {
            let message = overlaid(row).unwrap_err().to_string();
            assert!(
                message.starts_with("settings/sites.csv line 2: ") && message.contains(words),
                "{message}"
            );
        }
    }
}
