//! Whether a blocked record says what the national standard asks for: device or address, person, time, and the
//! words or the page. By network and by group.

use std::collections::BTreeMap;

use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, measure};
use crate::metrics::Unseen;
use crate::plan::Reader;
use crate::wording;

/// Parts of a record, in the order of the columns; the last is all of them.
const PARTS: [(&str, &str, &str); 5] = [
    ("device", "Device or address", "device IS NOT NULL"),
    ("person", "Person", "actor_kind = 'person'"),
    ("time", "Time", "event_time_utc IS NOT NULL"),
    ("content", "Words or page", "(visibility = 'page' OR search_token IS NOT NULL)"),
    ("all", "All four", ""),
];

#[derive(Clone, Copy, Debug, Default)]
struct Complete {
    blocked: i64,
    parts: [i64; 5],
}

/// Network (1) or group (2), where its name stands in order, the name.
type Key = (u8, Vec<(String, u64)>, String);

pub(super) async fn figures(reader: &Reader<'_>, unseen: &Unseen) -> Result<Figures, Error> {
    let one_by_one = &PARTS[..4];
    let all: Vec<&str> = one_by_one.iter().map(|(_, _, condition)| *condition).collect();
    let sums: String = PARTS
        .iter()
        .map(|(id, _, condition)| {
            let condition = if condition.is_empty() { all.join(" AND ") } else { (*condition).to_owned() };
            format!(", count(*) FILTER (WHERE {condition}) AS has_{id}")
        })
        .collect();
    let only = if reader.ask.group.is_some() { " AND group_id = $group" } else { "" };
    let statement = format!(
        "SELECT network, group_id, count(*) AS blocked{sums} FROM requests \
         WHERE local_date BETWEEN $first AND $last AND action = 'blocked' AND NOT illegal{only} \
         GROUP BY network, group_id ORDER BY network, group_id"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let mut by: BTreeMap<Key, Complete> = BTreeMap::new();
    let mut whole = Complete::default();
    for row in 0..answer.len() {
        let blocked = answer.count(row, "blocked");
        let parts = PARTS.map(|(id, _, _)| answer.count(row, &format!("has_{id}")));
        let add = |sums: &mut Complete| {
            sums.blocked += blocked;
            for (sum, part) in sums.parts.iter_mut().zip(parts) {
                *sum += part;
            }
        };
        add(&mut whole);
        for (order, column) in [(1, "network"), (2, "group_id")] {
            let name = answer.text(row, column).unwrap_or_default();
            add(by.entry((order, wording::natural(&name), name)).or_default());
        }
    }
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut add = |by: &str, name: &str, sums: &Complete| {
        let mut cells: Vec<Cell> = vec![by.into(), name.into(), sums.blocked.into()];
        cells.extend(sums.parts.map(|part| Cell::from(part as f64 / sums.blocked.max(1) as f64)));
        rows.push(cells);
    };
    if whole.blocked > 0 {
        add("all", "all", &whole);
    }
    for ((order, _, name), sums) in &by {
        add(if *order == 1 { "network" } else { "group" }, name, sums);
    }
    let mut columns = vec![
        dimension("by", "By"),
        dimension("name", "Name"),
        measure("blocked_records", "Blocked", "blocked records"),
    ];
    columns.extend(
        [
            ("device_or_address_share", 0),
            ("person_share", 1),
            ("time_share", 2),
            ("content_share", 3),
            ("all_share", 4),
        ]
        .map(|(id, at)| measure(id, PARTS[at].1, "share of blocked records")),
    );
    Ok(Figures {
        schema: "watershed.coverage.completeness/1",
        title: "Whether blocked records say who, where, when and what".to_owned(),
        unit: "blocked records of everybody but staff, hits on illegal lists excepted",
        denominator: "blocked records of the row",
        interval: "",
        about: About::Records,
        columns,
        reading: reading(&whole, &by, unseen),
        rows,
        notes: vec![
            "Device or address: the lake keeps one token, of the device's name or of its address, whichever the export has; that both are recorded this does not prove. Person: tied to one by the roster. Time: a record without a readable time is refused and counted in `--table rejects`, so here it is always there. Words or page: the whole address or the words searched for; a site alone does not count.".to_owned(),
            "Read from single records, which are kept for fewer days than the figures: earlier days of these are not in it.".to_owned(),
        ],
    })
}

fn reading(
    whole: &Complete,
    by: &BTreeMap<Key, Complete>,
    unseen: &Unseen,
) -> String {
    if unseen.shows_no_decision() {
        return "Not measurable: this export shows no decision.".to_owned();
    }
    if whole.blocked == 0 {
        return "Not measurable: no blocked record of these days is kept.".to_owned();
    }
    let share = |sums: &Complete, at: usize| sums.parts[at] as f64 / sums.blocked.max(1) as f64;
    let mut text = format!(
        "{} of {} say all four.",
        wording::percent(share(whole, 4)),
        wording::counted(whole.blocked, "blocked record", "blocked records")
    );
    let least = (0..4).min_by(|one, other| share(whole, *one).total_cmp(&share(whole, *other)));
    if let Some(at) = least.filter(|at| share(whole, *at) < 1.0) {
        text.push_str(&format!(" What is missing most is {}.", ["the device or address", "the person", "the time", "the words or the page"][at]));
    }
    let worst = by
        .iter()
        .filter(|((order, _, _), sums)| *order == 1 && sums.blocked >= 20)
        .min_by(|one, other| share(one.1, 4).total_cmp(&share(other.1, 4)));
    if let Some(((_, _, name), sums)) = worst.filter(|(_, sums)| share(sums, 4) < share(whole, 4)) {
        text.push_str(&format!(" Network {name} has least: {}.", wording::percent(share(sums, 4))));
    }
    text
}
