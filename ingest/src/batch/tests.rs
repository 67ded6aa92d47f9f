//! Rows to record batches.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use arrow::array::{Array, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use jiff::civil::date;

use super::*;
use crate::event::Site;
use crate::lake::columns::file_schema;
use crate::report::{Place, Reason, Reject, Tally};
use crate::schema::{IMPORTS, REJECTS, REQUESTS};

fn texts(batch: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let array = cast(batch.column_by_name(column).unwrap(), &DataType::Utf8).unwrap();
    let array = array.as_any().downcast_ref::<StringArray>().unwrap();
    array.iter().map(|text| text.map(str::to_owned)).collect()
}

fn numbers(batch: &RecordBatch, column: &str) -> Vec<Option<i64>> {
    let array = cast(batch.column_by_name(column).unwrap(), &DataType::Int64).unwrap();
    array.as_any().downcast_ref::<Int64Array>().unwrap().iter().collect()
}

#[test]
fn rows_are_ordered_by_actor_and_time() {
    let mut batch = RequestBatch::new();
    for (record, minute, actor) in [(1, 30, 9), (2, 10, 9), (3, 20, -4)] {
        batch.push(&sample::event(record, date(2025, 10, 6), minute, actor));
    }
    let rows = batch.finish("squid", 77).unwrap();
    assert_eq!(numbers(&rows, "record_number"), [Some(3), Some(2), Some(1)]);
    assert_eq!(numbers(&rows, "local_minute"), [Some(20), Some(10), Some(30)]);
    assert_eq!(numbers(&rows, "import_token"), [Some(77); 3]);
    assert_eq!(texts(&rows, "source_format"), vec![Some("squid".to_owned()); 3]);
    assert!(batch.is_empty());
}

#[test]
fn each_value_stands_in_the_column_of_its_name() {
    let mut event = sample::event(5, date(2025, 10, 8), 61, 3);
    event.facts.theme = Some("Weapons");
    event.facts.four_c = Some("content");
    event.facts.severity = 3;
    event.facts.other_codes = "GAMES CHAT".into();
    event.moment.lesson_period = Some("P1");
    event.search = Some(-8);
    event.device = Some(12);
    let mut batch = RequestBatch::new();
    batch.push(&event);
    let rows = batch.finish("squid", 1).unwrap();
    let expected = [
        ("time_basis", "start"),
        ("half_term", "A1"),
        ("day_type", "term"),
        ("lesson_period", "P1"),
        ("actor_kind", "person"),
        ("role", "pupil"),
        ("group_id", "y7"),
        ("key_stage", "KS3"),
        ("network", "unlisted"),
        ("record_kind", "request"),
        ("method", "GET"),
        ("action", "allowed"),
        ("site", "example.com"),
        ("visibility", "page"),
        ("code", "UNCAT"),
        ("other_codes", "GAMES CHAT"),
        ("theme", "Weapons"),
        ("four_c", "content"),
        ("code_source", "none"),
    ];
    for (column, word) in expected {
        assert_eq!(texts(&rows, column), [Some(word.to_owned())], "{column}");
    }
    let expected = [
        ("utc_offset_minutes", 0),
        ("half_term_week", 1),
        ("actor", 3),
        ("device", 12),
        ("year_group", 7),
        ("status", 200),
        ("response_bytes", 1000),
        ("severity", 3),
        ("search_token", -8),
        ("event_time_utc", 1_759_885_260_000_000),
    ];
    for (column, number) in expected {
        assert_eq!(numbers(&rows, column), [Some(number)], "{column}");
    }
    // 2025-10-08 is a Wednesday; its Monday is day 20,367 since 1970.
    let monday = cast(rows.column_by_name("week_start_date").unwrap(), &DataType::Int32).unwrap();
    assert_eq!(
        cast(&monday, &DataType::Utf8).unwrap().as_any().downcast_ref::<StringArray>().unwrap().value(0),
        "20367"
    );
    assert_eq!(texts(&rows, "block_reason"), [None]);
    assert_eq!(rows.schema().fields().len(), file_schema(&REQUESTS).fields().len());
}

#[test]
fn a_token_stands_for_a_private_host_and_an_illegal_row_has_no_site() {
    let mut batch = RequestBatch::new();
    let mut event = sample::event(1, date(2025, 10, 6), 1, 1);
    event.page = Site::Token(-1);
    batch.push(&event);
    event.moment.utc_us += 1;
    batch.push(&event);
    event.moment.utc_us += 1;
    event.facts.illegal = true;
    batch.push(&event);
    event.page = Site::Domain("example.org".into());
    batch.push(&event);
    let rows = batch.finish("squid", 1).unwrap();
    let host = Some("host-ffffffffffffffff".to_owned());
    assert_eq!(texts(&rows, "site"), [host.clone(), host, None, None]);
}

#[test]
fn ledger_rows_carry_counts_and_places() {
    let place = Place { record: 3, line: 4, offset_bytes: 100, length_bytes: 7 };
    let reject = RejectRow { place, reject: Reject::at(Reason::Columns, 5) };
    let rows = rejects(&[reject], -9, date(2025, 10, 6)).unwrap();
    assert_eq!(rows.schema(), file_schema(&REJECTS));
    assert_eq!(numbers(&rows, "line_number"), [Some(4)]);
    assert_eq!(texts(&rows, "reason"), [Some("wrong number of columns".to_owned())]);

    let mut tally = Tally { records: 10, events: 8, file_bytes: 99, record_bytes: 99, ..Tally::default() };
    tally.reject(Reason::Time);
    tally.other.insert("internal", 1);
    tally.notice(crate::report::Notice::OddNumber);
    let row = ImportRow {
        fingerprint: "ab".repeat(32),
        import_token: 5,
        imported_utc_us: 1,
        source_format: "squid".to_owned(),
        format_version: "1".to_owned(),
        settings_version: "s".to_owned(),
        folder: String::new(),
        tally,
        span_utc_us: Some((7, 8)),
        header_hash: None,
        event_days: [(date(2025, 10, 6), 7), (date(2025, 10, 7), 1)].into(),
    };
    let rows = imports(&[row]).unwrap();
    assert_eq!(texts(&rows, "event_days"), [Some("2025-10-06=7;2025-10-07=1".to_owned())]);
    assert_eq!(texts(&rows, "header_hash"), [None]);
    assert_eq!(rows.schema(), file_schema(&IMPORTS));
    for (column, number) in [("records", 10), ("events", 8), ("other", 1), ("rejects", 1), ("last_utc", 8)] {
        assert_eq!(numbers(&rows, column), [Some(number)], "{column}");
    }
    assert_eq!(texts(&rows, "notices"), [Some("number with a sign or below zero=1".to_owned())]);
}
