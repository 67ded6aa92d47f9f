//! What could not be seen: days, persons, categories, decisions, rejected records, files; and what is
//! odd about the feeds.

mod blind_spots;
mod checked;
mod completeness;
mod silence;

use std::collections::BTreeSet;

use ingest::schema::{self, TableSchema};

use super::unseen::IMPORTS_OF_WINDOW;
use super::{Place, Unseen, table_of};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::feeds::{self, Finding};
use crate::figures::{About, Figures, dimension, measure};
use crate::plan::Reader;
use crate::wording;

/// Summary, findings about the feeds, day by day, file by file, rejected records by reason; completeness of blocked
/// records, tests of the filter, blind spots, silence.
pub(super) const TABLES: &[&str] = &[
    "summary",
    "findings",
    "days",
    "imports",
    "rejects",
    "completeness",
    "tests",
    "blind_spots",
    "silence",
];
/// What it reads.
pub(super) const READS: &[&TableSchema] = &[
    &schema::ACTIVITY,
    &schema::IMPORTS,
    &schema::REJECTS,
    &schema::REQUESTS,
    &schema::STAFF_REQUESTS,
    &schema::STAFF_ACTIVITY,
    &schema::CHECKS,
];

/// Computes it.
pub(super) async fn figures(
    reader: &Reader<'_>,
    place: &Place<'_>,
    unseen: &Unseen,
) -> Result<Figures, Error> {
    match table_of(TABLES, reader.ask.table.as_deref())? {
        "findings" => Ok(findings_table(&findings(reader, place).await?)),
        "days" => days(reader).await,
        "imports" => imports(reader, place).await,
        "rejects" => rejects(reader).await,
        "completeness" => completeness::figures(reader, unseen).await,
        "tests" => checked::figures(reader, place).await,
        "blind_spots" => blind_spots::figures(reader).await,
        "silence" => silence::figures(reader, &findings(reader, place).await?).await,
        _ => Ok(summary(place, unseen, findings(reader, place).await?.len() as i64)),
    }
}

/// Findings about days of the window, newest first.
async fn findings(reader: &Reader<'_>, place: &Place<'_>) -> Result<Vec<Finding>, Error> {
    let imports = feeds::imports(reader.session, place.zone).await?;
    let mut found = feeds::findings(imports, place.feeds, place.calendar, feeds::judged_until(place.now));
    found.retain(|finding| (reader.window.from..=reader.window.to).contains(&finding.day));
    Ok(found)
}

fn findings_table(found: &[Finding]) -> Figures {
    let sources: BTreeSet<&str> = found.iter().map(|finding| finding.source.as_str()).collect();
    Figures {
        schema: "watershed.coverage.findings/1",
        title: "Findings about the feeds".to_owned(),
        unit: "findings: one for a local day, a source (folder of the inbox and format) and a kind",
        denominator: "",
        interval: "",
        about: About::Records,
        columns: vec![
            dimension("local_date", "Day"),
            dimension("source", "Source"),
            dimension("kind", "Finding"),
            dimension("seen", "Seen"),
            dimension("expected", "Expected"),
            dimension("to_do", "What to do"),
        ],
        rows: found
            .iter()
            .map(|finding| {
                vec![
                    finding.day.to_string().into(),
                    finding.source.as_str().into(),
                    finding.kind.word().into(),
                    finding.seen.as_str().into(),
                    finding.expected.as_str().into(),
                    finding.kind.to_do().into(),
                ]
            })
            .collect(),
        notes: vec![
            "Records are rows of the lake, those of staff among them. A source is expected by habit from 5 school days with data on, if it had data on two school days of three, until it is missing on 10 in a row; by feeds.csv as that says. A folder is named by the first digits of its token.".to_owned(),
        ],
        reading: match found.first() {
            None => "Every feed came as expected, as far as these days show.".to_owned(),
            Some(newest) => format!(
                "{} about {}; the newest is a {} of {}.",
                wording::counted(found.len() as i64, "finding", "findings"),
                wording::counted(sources.len() as i64, "source", "sources"),
                newest.kind.word(),
                wording::day(newest.day)
            ),
        },
    }
}

fn summary(place: &Place<'_>, unseen: &Unseen, findings: i64) -> Figures {
    let missing = unseen.missing_days.len() as i64;
    let of_records: &[(&str, &str, i64)] = &[
        ("identified_records", "Records tied to a person", unseen.identified),
        ("uncategorised_records", "Records without a category (UNCAT)", unseen.uncategorised),
        ("unmapped_records", "Records whose category no map knows (UNMAPPED)", unseen.unmapped),
        ("undecided_records", "Records that show no decision of the filter", unseen.undecided),
        ("host_only_records", "Records of which only the host is known (undecrypted)", unseen.host_only),
    ];
    let line = |id: &str, what: &str, count: i64, whole: Option<i64>, unit: &str| -> Vec<Cell> {
        let share = whole.filter(|whole| *whole > 0).map(|whole| count as f64 / whole as f64);
        vec![id.into(), what.into(), count.into(), whole.into(), share.into(), unit.into(), Cell::Missing]
    };
    let mut rows = vec![line("days_missing", "School days without any record", missing, Some(unseen.school_days), "school days")];
    rows.extend(of_records.iter().map(|(id, what, count)| line(id, what, *count, Some(unseen.records), "records")));
    rows.push(line(
        "rejected_records",
        "Records that could not be read",
        unseen.rejected,
        Some(unseen.import_records),
        "records",
    ));
    rows.push(line("imports", "Files taken in", unseen.imports, None, "files"));
    rows.push(line("findings", "Findings about the feeds (table `findings`)", findings, None, "findings"));
    let newest = place.newest.map(|newest| newest.to_zoned(place.zone.clone()));
    rows.push(vec![
        "newest_record".into(),
        "Newest record".into(),
        Cell::Missing,
        Cell::Missing,
        Cell::Missing,
        "local time".into(),
        newest.map(|at| format!("{} {:02}:{:02}", at.date(), at.hour(), at.minute())).into(),
    ]);
    let reading = if unseen.records == 0 {
        "Nothing was recorded in these days.".to_owned()
    } else {
        format!(
            "{} of {} have no record; {} of the records are tied to a person and {} show what the filter decided.",
            if missing == 0 { "None".to_owned() } else { wording::whole(missing) },
            wording::counted(unseen.school_days, "school day", "school days"),
            wording::percent(unseen.identified as f64 / unseen.records as f64),
            wording::percent((unseen.records - unseen.undecided) as f64 / unseen.records as f64)
        )
    };
    Figures {
        schema: "watershed.coverage.summary/1",
        title: "What could not be seen".to_owned(),
        unit: "records, school days, files, findings",
        denominator: "in the column `out_of`; records are those of everybody but staff",
        interval: "",
        about: About::Records,
        columns: vec![
            dimension("measure", "Measure"),
            dimension("meaning", "What it says"),
            measure("count", "Count", "in the column `unit`"),
            measure("out_of", "Of", "in the column `unit`"),
            measure("share", "Share", "count over out_of"),
            dimension("unit", "Unit"),
            dimension("value", "Value"),
        ],
        rows,
        notes: missing_list(unseen),
        reading,
    }
}

fn missing_list(unseen: &Unseen) -> Vec<String> {
    let all: Vec<String> = unseen.missing_days.iter().map(ToString::to_string).collect();
    if all.len() > 5 { vec![format!("All school days without a record: {}.", all.join(", "))] } else { Vec::new() }
}

async fn days(reader: &Reader<'_>) -> Result<Figures, Error> {
    let statement = "SELECT local_date, sum(records) AS records, \
        sum(records) FILTER (WHERE actor_kind = 'person') AS identified, \
        sum(records) FILTER (WHERE action = 'blocked') AS blocked, \
        sum(records) FILTER (WHERE action = 'unknown') AS undecided \
        FROM activity WHERE local_date BETWEEN $first AND $last GROUP BY local_date ORDER BY local_date";
    let answer = reader.session.query(statement, &reader.values()).await?;
    let mut found = std::collections::BTreeMap::new();
    for row in 0..answer.len() {
        if let Some(day) = answer.day(row, "local_date") {
            let number = |id| answer.count(row, id);
            found.insert(day, [number("records"), number("identified"), number("blocked"), number("undecided")]);
        }
    }
    let mut before: Vec<i64> = Vec::new();
    let mut falls = Vec::new();
    let mut rows = Vec::new();
    for day in &reader.window.school_days {
        let counts = found.get(day).copied().unwrap_or_default();
        let fall = sudden_fall(&before, counts[0]);
        if fall {
            falls.push(*day);
        }
        before.push(counts[0]);
        let mut row: Vec<Cell> = vec![day.to_string().into()];
        row.extend(counts.map(Cell::from));
        row.push((counts[0] > 0).then(|| counts[1] as f64 / counts[0] as f64).into());
        row.push(fall.into());
        rows.push(row);
    }
    Ok(Figures {
        schema: "watershed.coverage.days/1",
        title: "Records day by day".to_owned(),
        unit: "records of everybody but staff",
        denominator: "",
        interval: "",
        about: About::Records,
        columns: vec![
            dimension("local_date", "School day"),
            measure("records", "Records", "records"),
            measure("identified_records", "Tied to a person", "records"),
            measure("blocked_records", "Blocked", "records"),
            measure("undecided_records", "Undecided", "records"),
            measure("identified_share", "Share tied to a person", "share of records"),
            dimension("sudden_fall", "Sudden fall"),
        ],
        rows,
        notes: vec!["A sudden fall is a school day with under half the median of the 10 school days before.".to_owned()],
        reading: if falls.is_empty() {
            "No school day fell suddenly.".to_owned()
        } else {
            format!(
                "{} fell under half of what was usual: {}.",
                wording::counted(falls.len() as i64, "school day", "school days"),
                wording::days(&falls)
            )
        },
    })
}

/// Under half the median of the last ten school days.
fn sudden_fall(before: &[i64], records: i64) -> bool {
    let mut last: Vec<i64> = before.iter().rev().take(10).copied().collect();
    if last.len() < 10 {
        return false;
    }
    last.sort_unstable();
    // Twice the median is the sum of the two middle values; half the median is a quarter of it.
    4 * records < last[4] + last[5]
}

async fn imports(reader: &Reader<'_>, place: &Place<'_>) -> Result<Figures, Error> {
    const COUNTS: [(&str, &str); 8] = [
        ("records", "Records"),
        ("events", "Events"),
        ("other", "No events"),
        ("folded", "Folded"),
        ("duplicate", "Duplicate"),
        ("rejects", "Rejected"),
        ("directives", "Directives"),
        ("blanks", "Blank"),
    ];
    let statement = format!(
        "SELECT CAST(imported_utc AS BIGINT) AS imported, substr(fingerprint, 1, 16) AS fingerprint, source_format, \
         records, events, other, folded, duplicate, rejects, directives, blanks, file_bytes, notices \
         FROM imports WHERE {IMPORTS_OF_WINDOW} ORDER BY imported_utc, fingerprint"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let rows: Vec<Vec<Cell>> = (0..answer.len())
        .map(|row| {
            let at = answer.integer(row, "imported").and_then(|us| jiff::Timestamp::from_microsecond(us).ok());
            let at = at.map(|at| at.to_zoned(place.zone.clone()));
            let at = at.map(|at| format!("{} {:02}:{:02}", at.date(), at.hour(), at.minute()));
            let mut cells: Vec<Cell> =
                vec![at.into(), answer.text(row, "fingerprint").into(), answer.text(row, "source_format").into()];
            cells.extend(COUNTS.map(|(id, _)| Cell::from(answer.integer(row, id))));
            cells.push(answer.integer(row, "file_bytes").into());
            cells.push(answer.text(row, "notices").into());
            cells
        })
        .collect();
    let mut columns = vec![
        dimension("imported_local", "Taken in"),
        dimension("fingerprint", "Fingerprint"),
        dimension("source_format", "Format"),
    ];
    columns.extend(COUNTS.map(|(id, heading)| measure(id, heading, "records")));
    columns.push(measure("file_bytes", "Bytes", "bytes"));
    columns.push(dimension("notices", "Notices"));
    Ok(Figures {
        schema: "watershed.coverage.imports/1",
        title: "Files taken in".to_owned(),
        unit: "records",
        denominator: "",
        interval: "",
        about: About::Records,
        columns,
        reading: format!("{} in these days.", wording::counted(rows.len() as i64, "file was taken in", "files were taken in")),
        rows,
        notes: vec![
            "records = events + no events + folded + duplicate + rejected + directives + blank, for each file.".to_owned(),
        ],
    })
}

async fn rejects(reader: &Reader<'_>) -> Result<Figures, Error> {
    let statement = format!(
        "SELECT rejects.reason AS reason, imports.source_format AS source_format, count(*) AS records, \
         count(DISTINCT rejects.import_token) AS files \
         FROM rejects JOIN imports ON rejects.import_token = imports.import_token WHERE {IMPORTS_OF_WINDOW} \
         GROUP BY rejects.reason, imports.source_format ORDER BY records DESC, reason, source_format"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let rows: Vec<Vec<Cell>> = (0..answer.len())
        .map(|row| {
            vec![
                answer.text(row, "reason").into(),
                answer.text(row, "source_format").into(),
                answer.integer(row, "records").into(),
                answer.integer(row, "files").into(),
            ]
        })
        .collect();
    Ok(Figures {
        schema: "watershed.coverage.rejects/1",
        title: "Records that could not be read, by reason".to_owned(),
        unit: "records",
        denominator: "",
        interval: "",
        about: About::Records,
        columns: vec![
            dimension("reason", "Reason"),
            dimension("source_format", "Format"),
            measure("records", "Records", "records"),
            measure("files", "Files", "files"),
        ],
        reading: match rows.first() {
            None => "Every record of these days could be read.".to_owned(),
            Some(_) => format!(
                "The commonest reason is: {}.",
                answer.text(0, "reason").unwrap_or_default()
            ),
        },
        rows,
        notes: vec!["The text of these records is sealed in the vault.".to_owned()],
    })
}

#[cfg(test)]
mod tests {
    use super::sudden_fall;

    #[test]
    fn under_half_the_median_of_ten_days() {
        let ten = [100, 90, 110, 100, 0, 100, 95, 105, 100, 100];
        assert!(sudden_fall(&ten, 49));
        assert!(!sudden_fall(&ten, 50));
        assert!(!sudden_fall(&ten[1..], 0));
    }
}
