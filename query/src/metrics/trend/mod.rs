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
use crate::plan::{By, FOUR_C, GROUP, KEY_STAGE, NETWORK, Reader, SEVERITY, THEME};

pub(super) use weeks::one_makes_most;

/// Its tables.
pub(super) const TABLES: &[&str] =
    &["weeks", "pupils", "chart", "year", "steps", "confounders", "persistence", "out-of-hours"];
/// What it reads.
pub(super) const READS: &[&TableSchema] = &[
    &schema::ATTEMPTS,
    &schema::EPISODES,
    &schema::ACTOR_DAYS,
    &schema::NETWORK_DAYS,
    &schema::NETWORK_THEME_DAYS,
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
        "out-of-hours" => Box::pin(out_of_hours::figures(reader, place)).await,
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
        Some("network" | "location") => Some(NETWORK),
        Some(_) => {
            return Err(Error::new(Kind::Configuration, "a trend cannot be split by that")
                .help("use `--by theme`, `--by 4c`, `--by severity`, `--by group`, `--by key-stage` or `--by network`"));
        }
    })
}

/// Whether what is not of concern has the column too, so that each word has a denominator of its own.
fn is_part_of_activity(by: By) -> bool {
    by.id == GROUP.id || by.id == KEY_STAGE.id || by.id == NETWORK.id
}

/// What to say of a split by network: since when it is known, and what the words mean.
async fn networks_known(reader: &Reader<'_>, split: Option<By>) -> Result<Vec<String>, Error> {
    if split.is_none_or(|by| by.id != NETWORK.id) {
        return Ok(Vec::new());
    }
    let mut notes = vec![
        "The network is that of the first record of an attempt or episode, by `networks.csv`: `unlisted` is an address \
         of none of its ranges, `off-site` what the log itself calls so, `not in the log` a record without an address. \
         A pupil on two networks on one day is active on both."
            .to_owned(),
    ];
    let statement = "SELECT min(local_date) AS day FROM network_days WHERE local_date BETWEEN $first AND $last";
    let known = reader.session.query(statement, &reader.values()).await?.day(0, "day");
    let statement = "SELECT min(local_date) AS day FROM actor_days WHERE local_date BETWEEN $first AND $last";
    let first = reader.session.query(statement, &reader.values()).await?.day(0, "day");
    match (first, known) {
        (Some(first), Some(known)) if first < known => notes.push(format!(
            "Before {known} the network was not counted; those weeks are empty."
        )),
        (Some(_), None) => notes.push("The network was not counted in these days.".to_owned()),
        _ => {}
    }
    Ok(notes)
}

fn heading(by: By) -> &'static str {
    match by.id {
        "theme" => "Theme",
        "four_c" => "Four Cs",
        "severity" => "Severity",
        "key_stage" => "Key stage",
        "network" => "Network",
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
        Some("network") => "by network",
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
