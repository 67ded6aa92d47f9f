//! What the logs cannot show, how much it is, where most of it lies, and what to do about it.

use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, measure};
use crate::plan::Reader;
use crate::wording;

/// A blind spot: id, words, condition over `activity`, what to do.
const SPOTS: [(&str, &str, &str, &str); 7] = [
    (
        "unidentified",
        "tied to nobody: a device, an address, or nothing",
        "actor_kind NOT IN ('person', 'shared')",
        "have the filter ask for a sign-in on these devices, or take the roster in again (`people import`)",
    ),
    (
        "shared_accounts",
        "of an account that several people use",
        "actor_kind = 'shared'",
        "give own accounts from Year 3 on; the youngest need an adult beside them instead",
    ),
    (
        "undecrypted",
        "of which only the host is known",
        "visibility = 'host'",
        "ask the provider which groups and devices are not decrypted, and why; a search there is not seen",
    ),
    (
        "uncategorised",
        "without a category",
        "code = 'UNCAT'",
        "have the filter export its categories, or put frequent sites into settings/sites.csv",
    ),
    (
        "unmapped",
        "with a category that no map knows",
        "code = 'UNMAPPED'",
        "the DSL lists the words with `unlock --unmapped`; a row in settings/category_map.csv answers each",
    ),
    (
        "undecided",
        "that show no decision of the filter",
        "action = 'unknown'",
        "ask for an export with the action, or answer its profile with `formats set`",
    ),
    (
        "group_unmatched",
        "of a group that no rule knows",
        "group_id = 'unmatched'",
        "add a rule to settings/groups.toml",
    ),
];

pub(super) async fn figures(reader: &Reader<'_>) -> Result<Figures, Error> {
    let sums: String =
        SPOTS.iter().map(|(id, _, condition, _)| format!(", sum(records) FILTER (WHERE {condition}) AS {id}")).collect();
    let only = if reader.ask.group.is_some() { " AND group_id = $group" } else { "" };
    let statement = format!(
        "SELECT group_id, sum(records) AS records{sums} FROM activity \
         WHERE local_date BETWEEN $first AND $last{only} GROUP BY group_id ORDER BY group_id"
    );
    let of_activity = reader.session.query(&statement, &reader.values()).await?;
    let statement = format!(
        "SELECT group_id, count(*) AS records, count(*) FILTER (WHERE network = 'unlisted') AS unlisted, \
         count(*) FILTER (WHERE clock_ambiguous) AS clock FROM requests \
         WHERE local_date BETWEEN $first AND $last{only} GROUP BY group_id ORDER BY group_id"
    );
    let of_requests = reader.session.query(&statement, &reader.values()).await?;
    let mut rows: Vec<(i64, Vec<Cell>)> = Vec::new();
    let mut add = |answer: &crate::answer::Answer, id: &str, what: &str, to_do: &str| {
        let whole: i64 = (0..answer.len()).map(|row| answer.count(row, "records")).sum();
        let part: i64 = (0..answer.len()).map(|row| answer.count(row, id)).sum();
        let most = (0..answer.len()).rev().max_by_key(|row| answer.count(*row, id)).filter(|_| part > 0);
        let group = most.and_then(|row| answer.text(row, "group_id"));
        let in_group = most.map(|row| answer.count(row, id) as f64 / answer.count(row, "records").max(1) as f64);
        let share = (whole > 0).then(|| part as f64 / whole as f64);
        let known = |cell: Cell| if whole > 0 { cell } else { Cell::Missing };
        rows.push((
            part,
            vec![
                id.into(),
                what.into(),
                known(part.into()),
                known(whole.into()),
                share.into(),
                group.into(),
                in_group.into(),
                if part > 0 { to_do.into() } else { Cell::Missing },
            ],
        ));
    };
    for (id, what, _, to_do) in SPOTS {
        add(&of_activity, id, what, to_do);
    }
    add(
        &of_requests,
        "unlisted",
        "of an address that no network of the school has",
        "add the range to settings/networks.csv, or ask whose it is",
    );
    add(
        &of_requests,
        "clock",
        "in the hour that October repeats, and nothing tells which pass",
        "nothing: once a year; have the filter log UTC",
    );
    rows.sort_by_key(|(part, _)| std::cmp::Reverse(*part));
    let records: i64 = (0..of_activity.len()).map(|row| of_activity.count(row, "records")).sum();
    let reading = match rows.first() {
        _ if records == 0 => "Nothing was recorded in these days.".to_owned(),
        Some((part, cells)) if *part > 0 => format!(
            "The largest blind spot: {} of {} are {}{}.",
            cells[4].number().map(wording::percent).unwrap_or_default(),
            wording::counted(records, "record", "records"),
            cells[1].text().unwrap_or_default(),
            match cells[5].text() {
                Some("unmatched") => "; the largest part is of groups that no rule knows".to_owned(),
                Some(group) => format!("; the largest part is in {group}"),
                None => String::new(),
            }
        ),
        _ => "None of these blind spots has a record. What never reaches a log is not seen here either.".to_owned(),
    };
    Ok(Figures {
        schema: "watershed.coverage.blind_spots/1",
        title: "Blind spots".to_owned(),
        unit: "records of everybody but staff",
        denominator: "all records of these days; of the last two rows those of which the single record is kept",
        interval: "",
        about: About::Records,
        columns: vec![
            dimension("spot", "Blind spot"),
            dimension("meaning", "Records"),
            measure("records", "Count", "records"),
            measure("out_of", "Of", "records"),
            measure("share", "Share", "share of records"),
            dimension("most_in", "Most in"),
            measure("share_there", "Share there", "share of that group's records"),
            dimension("to_do", "What to do"),
        ],
        rows: rows.into_iter().map(|(_, cells)| cells).collect(),
        notes: vec![
            "A record may be in several. Devices and networks that send nothing to a log are in none: see `--table silence` and the list of devices.".to_owned(),
        ],
        reading,
    })
}
