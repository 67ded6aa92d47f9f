//! What each group's requests are of, beside what is expected of its key stage (R39): `expected_use.csv`.
//!
//! Shares of records by category stand in `activity`, which knows nobody: they are no figure about pupils, and for those
//! alone who see what is marked live, because it cannot be taken out. Days of a school are unlike, so the interval leaves
//! out one school day at a time.

use std::collections::BTreeMap;

use ingest::settings::expected_use::{Expected, UseOf};
use jiff::civil::Date;

use super::super::Place;
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, ends, evidence, measure};
use crate::plan::{ILLEGAL, Reader};
use crate::statistics::{Cluster, ClusteredShare, clustered_share};
use crate::wording;

/// School days with data below which nothing is said of a group.
const LEAST_DAYS: usize = 5;

/// How a share stands to what is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    More,
    Less,
    Unclear,
    AsExpected,
    TooFewDays,
}

impl Standing {
    fn of(share: &ClusteredShare, days: usize, expected: &Expected) -> Self {
        if days < LEAST_DAYS {
            Self::TooFewDays
        } else if share.interval.lower > expected.most {
            Self::More
        } else if share.interval.upper < expected.least {
            Self::Less
        } else if (expected.least..=expected.most).contains(&share.share) {
            Self::AsExpected
        } else {
            Self::Unclear
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::More => "more than expected",
            Self::Less => "less than expected",
            Self::Unclear => "outside, not clearly",
            Self::AsExpected => "as expected",
            Self::TooFewDays => "too few days",
        }
    }
}

/// Records of a group on one day, by code, theme and whether the log-in is shared.
type OfDay = BTreeMap<(String, Option<String>, bool), i64>;

struct Line<'e> {
    group: String,
    key_stage: String,
    expected: &'e Expected,
    records: i64,
    of: i64,
    days: usize,
    share: ClusteredShare,
    standing: Standing,
}

fn is_of(what: &UseOf, code: &str, theme: Option<&str>, shared: bool) -> bool {
    match what {
        UseOf::Code(wanted) => wanted == code,
        UseOf::Theme(wanted) => Some(wanted.as_str()) == theme,
        UseOf::SharedLogIns => shared,
    }
}

/// The key stage of most actor-days of each group; groups of none are left out.
async fn key_stages(reader: &Reader<'_>) -> Result<BTreeMap<String, String>, Error> {
    let group = if reader.ask.group.is_some() { " AND group_id = $group" } else { "" };
    let statement = format!(
        "SELECT group_id, key_stage, count(*) AS days FROM actor_days WHERE local_date BETWEEN $first AND $last \
         AND school_day AND key_stage IS NOT NULL{group} GROUP BY group_id, key_stage ORDER BY days, key_stage DESC"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    // The last one holds: most days, and of equals the first by name.
    Ok((0..answer.len())
        .filter_map(|row| Some((answer.text(row, "group_id")?, answer.text(row, "key_stage")?)))
        .collect())
}

async fn records(reader: &Reader<'_>) -> Result<BTreeMap<String, BTreeMap<Date, OfDay>>, Error> {
    let group = if reader.ask.group.is_some() { " AND group_id = $group" } else { "" };
    let statement = format!(
        "SELECT group_id, local_date, code, theme, actor_kind = 'shared' AS shared, sum(primary_records) AS records \
         FROM activity WHERE local_date BETWEEN $first AND $last AND school_day AND code NOT IN {ILLEGAL} \
         AND (theme IS NULL OR theme NOT IN {ILLEGAL}) AND primary_records > 0{group} \
         GROUP BY group_id, local_date, code, theme, actor_kind = 'shared'"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let mut found: BTreeMap<String, BTreeMap<Date, OfDay>> = BTreeMap::new();
    for row in 0..answer.len() {
        let (Some(group), Some(day)) = (answer.text(row, "group_id"), answer.day(row, "local_date")) else { continue };
        let code = answer.text(row, "code").unwrap_or_default();
        let key = (code, answer.text(row, "theme"), answer.yes(row, "shared"));
        *found.entry(group).or_default().entry(day).or_default().entry(key).or_default() += answer.count(row, "records");
    }
    Ok(found)
}

fn line<'e>(group: &str, key_stage: &str, expected: &'e Expected, days: &BTreeMap<Date, OfDay>) -> Option<Line<'e>> {
    let clusters: Vec<Cluster> = days
        .values()
        .map(|of_day| Cluster {
            part: of_day
                .iter()
                .filter(|((code, theme, shared), _)| is_of(&expected.what, code, theme.as_deref(), *shared))
                .map(|(_, records)| *records)
                .sum::<i64>() as f64,
            whole: of_day.values().sum::<i64>() as f64,
        })
        .collect();
    let share = clustered_share(&clusters)?;
    Some(Line {
        group: group.to_owned(),
        key_stage: key_stage.to_owned(),
        expected,
        records: clusters.iter().map(|cluster| cluster.part as i64).sum(),
        of: clusters.iter().map(|cluster| cluster.whole as i64).sum(),
        days: clusters.len(),
        share,
        standing: Standing::of(&share, clusters.len(), expected),
    })
}

/// Computes it.
pub(super) async fn figures(reader: &Reader<'_>, place: &Place<'_>) -> Result<Figures, Error> {
    let table = place.settings.expected_use();
    let (stages, records) = (key_stages(reader).await?, records(reader).await?);
    let of_theme = |expected: &&Expected| match (&reader.ask.theme, &expected.what) {
        (None, _) => true,
        (Some(asked), UseOf::Theme(theme)) => asked == theme,
        (Some(asked), UseOf::Code(wanted)) => {
            let codes = place.settings.taxonomy().codes();
            codes.iter().any(|code| code.code == *wanted && code.theme.as_ref() == Some(asked))
        }
        (Some(_), UseOf::SharedLogIns) => false,
    };
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (group, days) in &records {
        let Some(stage) = stages.get(group) else { continue };
        let expected = table.of(stage, reader.window.to).into_iter().filter(of_theme);
        lines.extend(expected.filter_map(|expected| line(group, stage, expected, days)));
    }
    let unknown = records.keys().filter(|group| !stages.contains_key(*group)).count() as i64;
    lines.sort_by_cached_key(|line| (line.standing, wording::natural(&line.group), line.expected.what.word().to_owned()));
    let unit = "share of the group's primary records";
    let mut columns = vec![
        dimension("group_id", "Group"),
        dimension("key_stage", "Key stage"),
        dimension("what", "Use of"),
        dimension("standing", "Is"),
        measure("records", "Records", "primary records of that kind, by everybody but staff"),
        measure("group_records", "Of", "primary records of the group on school days"),
        measure("use_share", "Share", unit),
    ];
    columns.extend(ends("use_share_lower", "use_share_upper", unit));
    columns.extend([
        measure("expected_least_share", "Expected from", unit),
        measure("expected_most_share", "Expected to", unit),
        evidence("days_with_data", "Days with data", "school days with a record of the group"),
    ]);
    let mut notes = vec![
        "What is expected is `expected_use.csv` of the last day. Records depend on how heavy pages are, and blocked ones \
         count too: more or less than expected is a reason to look, and says nothing about one pupil."
            .to_owned(),
    ];
    if !table.is_of_the_school() {
        notes.push(
            "The numbers are those that ship: starting points with no study behind them. Set the school's own in \
             `settings/expected_use.csv`."
                .to_owned(),
        );
    }
    if unknown > 0 {
        notes.push(format!(
            "{} of no known key stage {} not compared.",
            wording::counted(unknown, "group", "groups"),
            if unknown == 1 { "is" } else { "are" }
        ));
    }
    Ok(Figures {
        schema: "watershed.groups.expected/1",
        title: "Use of each group beside what is expected of its key stage".to_owned(),
        unit: "primary records",
        denominator: "primary records of the group on school days",
        interval: "95 %, exact binomial with the effective size by leaving out one school day at a time (jackknife); \
            population: school days like these",
        about: About::Records,
        columns,
        reading: reading(&lines),
        rows: lines.iter().map(row).collect(),
        notes,
    })
}

fn row(line: &Line<'_>) -> Vec<Cell> {
    vec![
        line.group.clone().into(),
        line.key_stage.clone().into(),
        line.expected.what.word().into(),
        line.standing.words().into(),
        line.records.into(),
        line.of.into(),
        line.share.share.into(),
        line.share.interval.lower.into(),
        line.share.interval.upper.into(),
        line.expected.least.into(),
        line.expected.most.into(),
        (line.days as i64).into(),
    ]
}

fn reading(lines: &[Line<'_>]) -> String {
    let told: Vec<&Line<'_>> = lines.iter().filter(|line| line.standing != Standing::TooFewDays).collect();
    if told.is_empty() {
        return format!(
            "Not measurable: no group of a known key stage has {LEAST_DAYS} school days with records in these days, or \
             nothing is expected of it."
        );
    }
    let of = |standing: Standing| -> Vec<String> {
        told.iter()
            .filter(|line| line.standing == standing)
            .map(|line| {
                format!("{} in {} ({})", line.expected.what.word(), line.group, wording::percent(line.share.share))
            })
            .collect()
    };
    let first_three = |found: &[String]| match found.len() {
        0..=3 => found.join(", "),
        more => format!("{} and {} more", found[..3].join(", "), more - 3),
    };
    let (more, less) = (of(Standing::More), of(Standing::Less));
    let mut said = Vec::new();
    if !more.is_empty() {
        said.push(format!("More than expected: {}.", first_three(&more)));
    }
    if !less.is_empty() {
        said.push(format!("Less than expected: {}.", first_three(&less)));
    }
    if said.is_empty() {
        return "Nothing is clearly more or less than expected.".to_owned();
    }
    said.push("Why is not known from this.".to_owned());
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Interval;

    #[test]
    fn outside_only_with_the_whole_interval() {
        let expected = Expected { what: UseOf::SharedLogIns, least: 0.1, most: 0.2 };
        let share = |share, lower, upper| ClusteredShare { share, effective_size: 50.0, interval: Interval { lower, upper } };
        for (found, days, standing) in [
            (share(0.3, 0.21, 0.4), 5, Standing::More),
            (share(0.3, 0.2, 0.4), 5, Standing::Unclear),
            (share(0.05, 0.01, 0.09), 5, Standing::Less),
            (share(0.2, 0.1, 0.4), 5, Standing::AsExpected),
            (share(0.3, 0.21, 0.4), 4, Standing::TooFewDays),
        ] {
            assert_eq!(Standing::of(&found, days, &expected), standing, "{found:?}");
        }
    }
}
