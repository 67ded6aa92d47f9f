//! Is it more or less than usual, is it one pupil or many, and what else moved: school week by school week.

mod chart;
mod charting;
mod confounders;
mod out_of_hours;
mod persistence;
mod pupils;
mod series;
#[cfg(test)]
mod simulated_tests;
mod steps;
mod weeks;
mod year;

use ingest::schema::{self, TableSchema};

use super::{Place, Unseen, table_of};
use crate::error::{Error, Kind};
use crate::figures::Figures;
use crate::plan::{By, FOUR_C, GROUP, KEY_STAGE, Reader, SEVERITY, THEME};

pub(super) use weeks::one_makes_most;

/// Its tables.
pub(super) const TABLES: &[&str] =
    &["weeks", "pupils", "chart", "year", "steps", "confounders", "persistence", "out-of-hours"];
/// What it reads.
pub(super) const READS: &[&TableSchema] = &[
    &schema::ATTEMPTS,
    &schema::EPISODES,
    &schema::ACTOR_DAYS,
    &schema::ACTIVITY,
    &schema::IMPORTS,
    &schema::INCIDENTS,
    &schema::CHANGES,
];

/// Computes the table asked for.
pub(super) async fn figures(
    reader: &Reader<'_>,
    place: &Place<'_>,
    unseen: &Unseen,
) -> Result<Figures, Error> {
    let table = table_of(TABLES, reader.ask.table.as_deref())?;
    if reader.ask.by.is_some() && !matches!(table, "weeks" | "pupils" | "chart" | "steps") {
        return Err(Error::new(Kind::Configuration, "this table cannot be split")
            .help("leave `--by` out, or ask for the table weeks, pupils, chart or steps"));
    }
    if reader.ask.measure.is_some() && !matches!(table, "chart" | "steps") {
        return Err(Error::new(Kind::Configuration, "this table has no measure to choose")
            .help("leave `--measure` out, or ask for the table chart or steps"));
    }
    match table {
        "pupils" => Box::pin(pupils::figures(reader, place)).await,
        "chart" => Box::pin(chart::figures(reader, place)).await,
        "year" => Box::pin(year::figures(reader, place)).await,
        "steps" => Box::pin(steps::figures(reader, place)).await,
        "confounders" => Box::pin(confounders::figures(reader, place)).await,
        "persistence" => Box::pin(persistence::figures(reader, place)).await,
        "out-of-hours" => Box::pin(out_of_hours::figures(reader)).await,
        _ => Box::pin(weeks::figures(reader, place, unseen)).await,
    }
}

/// The column that `--by` names.
fn split(word: Option<&str>) -> Result<Option<By>, Error> {
    Ok(match word {
        None | Some("school" | "week") => None,
        Some("theme") => Some(THEME),
        Some("4c" | "4C" | "four_c") => Some(FOUR_C),
        Some("severity") => Some(SEVERITY),
        Some("group") => Some(GROUP),
        Some("key-stage" | "key_stage") => Some(KEY_STAGE),
        Some(_) => {
            return Err(Error::new(Kind::Configuration, "a trend cannot be split by that")
                .help("use `--by theme`, `--by 4c`, `--by severity`, `--by group` or `--by key-stage`"));
        }
    })
}

/// Whether what is not of concern has the column too, so that each word has a denominator of its own.
fn is_part_of_activity(by: By) -> bool {
    by.id == GROUP.id || by.id == KEY_STAGE.id
}

fn heading(by: By) -> &'static str {
    match by.id {
        "theme" => "Theme",
        "four_c" => "Four Cs",
        "severity" => "Severity",
        "key_stage" => "Key stage",
        _ => "Group",
    }
}

/// `Week by week, by theme`.
fn title(what: &str, split: Option<By>) -> String {
    let by = match split.map(|by| by.id) {
        None => "whole school",
        Some("theme") => "by theme",
        Some("four_c") => "by the four Cs",
        Some("severity") => "by severity",
        Some("key_stage") => "by key stage",
        Some(_) => "by group",
    };
    format!("{what}, {by}")
}

/// How a word of a split is called in a sentence.
fn named(split: Option<By>, word: &str) -> String {
    match split.map(|by| by.id) {
        None => "The whole school".to_owned(),
        Some("severity") => format!("Severity {word}"),
        Some(_) => word.to_owned(),
    }
}
