//! Real lines of proxies and redirectors with blanks, quotes and brackets, where the corpus is at hand.
//! All counts were made by reading the files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeMap;
use std::io::Read;

use super::find;
use super::profile::ProfileSet;
use crate::detect::{Detected, Detection, detect};
use crate::fields::{Action, OtherKind, Parsed, RecordKind};
use crate::read::read_records;
use crate::report::{Notice, Reason, Tally};

/// What a file gave.
#[derive(Default)]
struct Found {
    tally: Tally,
    actions: BTreeMap<&'static str, u64>,
    kinds: BTreeMap<&'static str, u64>,
}

fn content(name: &str) -> Option<Vec<u8>> {
    let corpus = std::env::var_os("WATERSHED_CORPUS")?;
    let path = std::path::Path::new(&corpus).join(name);
    let mut content = Vec::new();
    crate::inbox::in_place(&path).open().unwrap().read_to_end(&mut content).unwrap();
    Some(content)
}

fn look(content: &[u8]) -> Detection {
    detect(content, &ProfileSet::shipped().unwrap())
}

fn take(content: &[u8], detected: &Detected) -> Found {
    let mut found = Found::default();
    let (actions, kinds) = (&mut found.actions, &mut found.kinds);
    read_records(&mut &content[..], detected, &mut found.tally, &mut |_, _, parsed, tally| {
        match parsed {
            Ok(Parsed::Request(fields)) => {
                tally.events += 1;
                *actions.entry(fields.action.word()).or_default() += 1;
                *kinds.entry(fields.kind.word()).or_default() += 1;
            }
            Ok(Parsed::Other(kind)) => *tally.other.entry(kind.word()).or_default() += 1,
            Ok(_) => panic!("neither"),
            Err(reject) => tally.reject(reject.reason),
        }
        Ok(())
    })
    .unwrap();
    found.tally.conserve(found.tally.events).unwrap();
    found
}

/// Detects and reads a file of which every line is a request.
fn all_events(content: &[u8], format: &str, events: u64) -> Found {
    let Detection::Found(detected) = look(content) else { panic!("{format} was not recognised") };
    assert_eq!(detected.format_id(), format);
    let found = take(content, &detected);
    assert_eq!((found.tally.records, found.tally.events), (events, events), "{format}");
    found
}

const fn one(key: &'static str, count: u64) -> [(&'static str, u64); 1] {
    [(key, count)]
}

#[test]
fn squid_layouts_of_a_sites_own() {
    let Some(content) = content("squid-custom/xff-and-bracket-time.log") else { return };
    let found = all_events(&content, "squid-forwarded", 2);
    assert_eq!(
        found.kinds,
        BTreeMap::from([(RecordKind::Request.word(), 1), (RecordKind::Tunnel.word(), 1)])
    );
    assert!(found.tally.notices.is_empty());
}

#[test]
fn squid_in_syslog() {
    for (name, events) in [("squid-syslog/opnsense.log", 1), ("squid-syslog/pylogsparser.log", 4)] {
        let Some(content) = content(name) else { return };
        let found = all_events(&content, "squid-native", events);
        assert_eq!(found.actions, BTreeMap::from(one(Action::Allowed.word(), events)), "{name}");
    }
}

#[test]
fn guardian_layouts() {
    let Some(first) = content("dansguardian-format1/pylogsparser.log") else { return };
    let found = all_events(&first, "e2guardian-1", 3);
    assert_eq!(found.actions, BTreeMap::from([(Action::Blocked.word(), 1), (Action::Allowed.word(), 2)]));

    let third = content("e2guardian-format3-squid/squidanalyzer-issue197.log").unwrap();
    let found = all_events(&third, "e2guardian-3", 8);
    // Of seven tunnels two were refused and one, to the machine itself, carried nothing.
    assert_eq!(
        found.kinds,
        BTreeMap::from([(RecordKind::Tunnel.word(), 7), (RecordKind::Request.word(), 1)])
    );
    assert_eq!(
        found.actions,
        BTreeMap::from([(Action::Blocked.word(), 2), (Action::Error.word(), 1), (Action::Allowed.word(), 5)])
    );
    assert_eq!(found.tally.notices, BTreeMap::from(one(Notice::RefusalsMixed.words(), 2)));
}

#[test]
fn redirectors() {
    for (name, kind) in [
        ("squidguard/pylogsparser.log", RecordKind::Request),
        ("squidguard/usiem-one.log", RecordKind::Tunnel),
    ] {
        let Some(content) = content(name) else { return };
        let found = all_events(&content, "squidguard", 1);
        assert_eq!(found.kinds, BTreeMap::from(one(kind.word(), 1)), "{name}");
        assert_eq!(found.actions, BTreeMap::from(one(Action::Blocked.word(), 1)), "{name}");
    }
}

#[test]
fn appliances() {
    let Some(wsa) = content("cisco-wsa/vendor-redacted.log") else { return };
    let found = all_events(&wsa, "cisco-wsa", 4);
    assert_eq!(found.actions, BTreeMap::from([(Action::Allowed.word(), 3), (Action::Challenged.word(), 1)]));
    assert!(found.tally.notices.is_empty());

    let gateway = content("mcafee-webgateway/benign-500.log").unwrap();
    let found = all_events(&gateway, "mcafee-web-gateway", 500);
    assert_eq!(found.actions, BTreeMap::from(one(Action::Allowed.word(), 500)));
}

#[test]
fn olfeo_and_a_squid_that_writes_alike() {
    let Some(alike) = content("squid-common/vendor-redacted.log") else { return };
    let found = all_events(&alike, "olfeo", 2);
    assert_eq!(
        found.kinds,
        BTreeMap::from([(RecordKind::Request.word(), 1), (RecordKind::Tunnel.word(), 1)])
    );

    // Lines of two layouts were put into one file, which no single one fits; each is read in its own.
    let both = content("olfeo/vendor-redacted.log").unwrap();
    assert_eq!(all_events(&both, "olfeo", 5).kinds.values().sum::<u64>(), 5);
    let part = |json: bool| -> Vec<u8> {
        let lines = both.split_inclusive(|byte| *byte == b'\n');
        lines.filter(|line| line.starts_with(b"{") == json).collect::<Vec<_>>().concat()
    };
    let found = all_events(&part(true), "olfeo-live", 2);
    assert_eq!(found.kinds, BTreeMap::from([(RecordKind::Dns.word(), 1), (RecordKind::Request.word(), 1)]));
    let found = all_events(&part(false), "olfeo", 3);
    assert_eq!(
        found.kinds,
        BTreeMap::from([(RecordKind::Tunnel.word(), 1), (RecordKind::Request.word(), 2)])
    );
}

#[test]
fn a_web_servers_log_is_refused_with_a_reason() {
    let Some(content) = content("apache-combined/elastic-apache-2015.log.gz") else { return };
    let Detection::Refused(sentence) = look(&content) else { panic!("no site is named in it") };
    assert!(sentence.contains("web server"), "{sentence}");
    // Read all the same: paths only, as a proxy's own pages; the quotes of one line's browser do not close.
    let found = take(&content, &Detected::format(find("web-combined").unwrap()));
    assert_eq!((found.tally.records, found.tally.events), (10_000, 0));
    assert_eq!(found.tally.other, BTreeMap::from(one(OtherKind::Internal.word(), 9_999)));
    assert_eq!(found.tally.rejects, BTreeMap::from(one(Reason::Truncated.word(), 1)));
}
