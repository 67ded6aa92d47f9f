//! Every format's examples, and what holds for all formats.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::fields::{Fields, Text};

fn text<'a>(text: &'a Text<'_>) -> Option<&'a str> {
    text.as_deref().map(|bytes| std::str::from_utf8(bytes).unwrap())
}

/// The address, put together where the layout has it in parts.
fn address(fields: &Fields<'_>) -> Option<String> {
    if let Some(url) = text(&fields.url) {
        return Some(url.to_owned());
    }
    let scheme = text(&fields.scheme).map(|scheme| format!("{scheme}://")).unwrap_or_default();
    let port = fields.port.map(|port| format!(":{port}")).unwrap_or_default();
    let query = text(&fields.query).map(|query| format!("?{query}")).unwrap_or_default();
    let path = text(&fields.path).unwrap_or_default();
    text(&fields.host).map(|host| format!("{scheme}{host}{port}{path}{query}"))
}

/// Reads the last line of an example, after the lines before it.
fn read(format: &'static Format, record: &'static str) -> Result<Parsed<'static>, Reject> {
    let mut reader = format.reader();
    let (before, last) = record.rsplit_once('\n').unwrap_or(("", record));
    for line in before.lines() {
        reader.read(line.as_bytes()).unwrap();
    }
    reader.read(last.as_bytes())
}

fn votes(format: &'static Format, record: &str) -> Vote {
    let mut reader = format.reader();
    record.split('\n').map(|line| reader.vote(line.as_bytes())).last().unwrap()
}

#[test]
fn examples_are_read_as_they_say() {
    for format in ALL {
        for example in format.examples {
            let shows = format!("{}: {}", format.id, example.shows);
            let parsed = read(format, example.record);
            match (parsed, example.expected) {
                (
                    Ok(Parsed::Request(fields)),
                    Expected::Request { user, url, status, action, block_reason, kind },
                ) => {
                    assert_eq!(text(&fields.user), user, "{shows}");
                    assert_eq!(address(&fields).as_deref(), Some(url), "{shows}");
                    assert_eq!(fields.status, status, "{shows}");
                    assert_eq!(fields.action, action, "{shows}");
                    assert_eq!(fields.block_reason, block_reason, "{shows}");
                    assert_eq!(fields.kind, kind, "{shows}");
                    assert_eq!(votes(format, example.record), Vote::Yes, "{shows}");
                }
                (Ok(Parsed::Other(found)), Expected::Other(wanted)) => assert_eq!(found, wanted, "{shows}"),
                (Err(found), Expected::Reject(wanted)) => assert_eq!(found.reason, wanted, "{shows}"),
                (found, wanted) => panic!("{shows}: {found:?} is not {wanted:?}"),
            }
        }
        assert!(format.examples.iter().any(|example| matches!(example.expected, Expected::Request { .. })));
        assert!(format.examples.iter().any(|example| matches!(example.expected, Expected::Reject(_))));
    }
}

#[test]
fn names_are_unique_and_no_example_speaks_for_two_formats() {
    let names: BTreeSet<_> = ALL.iter().map(|format| format.id).collect();
    assert_eq!(names.len(), ALL.len());
    for format in ALL {
        assert!(find(format.id).is_some_and(|found| std::ptr::eq(found, *format)));
        for example in format.examples {
            let claims: Vec<_> = ALL
                .iter()
                .filter(|other| votes(other, example.record) == Vote::Yes)
                .map(|other| other.id)
                .collect();
            assert!(claims.len() <= 1, "{}: {}: {claims:?}", format.id, example.shows);
        }
    }
}

#[test]
fn the_good_path_copies_nothing() {
    for format in ALL {
        for example in format.examples {
            let Ok(Parsed::Request(fields)) = read(format, example.record) else { continue };
            let texts = [
                &fields.group,
                &fields.client_address,
                &fields.method,
                &fields.url,
                &fields.mime,
                &fields.categories,
            ];
            assert!(
                texts.iter().all(|text| !matches!(text, Some(std::borrow::Cow::Owned(_)))),
                "{}: {}",
                format.id,
                example.shows
            );
        }
    }
}

#[test]
fn details_of_a_squid_record() {
    let record = b"1757497500.123    245 10.1.4.17 TCP_MISS/200 10182 GET http://a.example/ mtaylor HIER_DIRECT/192.0.2.7 text/html";
    let Ok(Parsed::Request(fields)) = find("squid-native").unwrap().reader().read(record) else {
        panic!("a request")
    };
    assert_eq!(fields.time, crate::fields::When::Instant(1_757_497_500_123_000));
    assert_eq!((fields.duration_ms, fields.response_bytes), (Some(245), Some(10_182)));
    assert_eq!((text(&fields.client_address), text(&fields.mime)), (Some("10.1.4.17"), Some("text/html")));
    assert_eq!(fields.notice, None);
    let odd = b"1757497505 -12 10.1.4.17 TCP_MISS/200 -1 GET http://a.example/ - HIER_DIRECT/192.0.2.7 -";
    let Ok(Parsed::Request(fields)) = find("squid-native").unwrap().reader().read(odd) else {
        panic!("a request")
    };
    assert_eq!((fields.duration_ms, fields.response_bytes), (None, None));
    assert_eq!(fields.notice, Some(crate::report::Notice::OddNumber));
}

#[test]
fn details_of_e2guardian_records() {
    let record = b"1757497502.000\t-\t-\t0.0.0.0\t\thttp://a.example/\tGET\t200\t10\t-\t-\t-\t3\t-\t0\t-\t0\tA, B\tyear 9\t2\tzork\t8443:TM:ip:ipmap";
    let Ok(Parsed::Request(fields)) = find("e2guardian-5-8").unwrap().reader().read(record) else {
        panic!("a request")
    };
    assert_eq!(text(&fields.search_words), Some("zork"));
    assert_eq!((text(&fields.categories), fields.category_separators), (Some("A, B"), &b","[..]));
    assert_eq!((text(&fields.group), text(&fields.client_address)), (Some("year 9"), None));
    assert_eq!(fields.notice, Some(crate::report::Notice::AnonymisedAtSource));
    assert_eq!(fields.duration_ms, Some(3));
    let merged =
        b"1757497503.000\tf\t-\tpc17\thttp://a.example/\tGET\t200\t0\t-\t-\t-\t1\t-\t0\t-\t0\t-\tdefault\t1";
    let Ok(Parsed::Request(fields)) = find("e2guardian-5-8").unwrap().reader().read(merged) else {
        panic!("a request")
    };
    assert_eq!((text(&fields.client_host), text(&fields.client_address)), (Some("pc17"), None));
    assert_eq!((text(&fields.group), text(&fields.search_words)), (Some("default"), None));
}

proptest! {
    #[test]
    fn nothing_makes_a_format_panic(record in proptest::collection::vec(any::<u8>(), 0..300), cut in 0_usize..400) {
        for format in ALL {
            let mut reader = format.reader();
            let _ = reader.vote(&record);
            let _ = reader.read(&record);
            for example in format.examples {
                // A true record, cut short and with a foreign end.
                let mut mixed = example.record.as_bytes()[..cut.min(example.record.len())].to_vec();
                mixed.extend_from_slice(&record[..record.len().min(20)]);
                let _ = reader.vote(&mixed);
                if let Err(reject) = reader.read(&mixed) {
                    prop_assert!(reject.offset_bytes as usize <= mixed.len());
                }
            }
        }
    }
}
