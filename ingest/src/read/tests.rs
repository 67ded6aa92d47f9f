//! Whole files in memory; the corpus where it is at hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use proptest::prelude::*;

use super::*;
use crate::detect::{Detection, detect};
use crate::formats::profile::ProfileSet;

/// Reads a file and counts as the pipeline would.
fn read(content: &[u8], profiles: &ProfileSet) -> Option<(String, Tally)> {
    let Detection::Found(detected) = detect(content, profiles) else { return None };
    let mut tally = Tally::default();
    read_records(&mut &content[..], &detected, &mut tally, &mut |_, _, parsed, tally| {
        match parsed {
            Ok(Parsed::Other(kind)) => *tally.other.entry(kind.word()).or_default() += 1,
            Ok(_) => tally.events += 1,
            Err(reject) => tally.reject(reject.reason),
        }
        Ok(())
    })
    .unwrap();
    tally.conserve(tally.events).unwrap();
    Some((detected.format_id().to_owned(), tally))
}

fn builtin(content: &[u8]) -> (String, Tally) {
    read(content, &ProfileSet::default()).expect("a known layout")
}

const SQUID: &str = "1757497500.123    245 10.1.4.17 TCP_MISS/200 10182 GET http://a.example/ - HIER_DIRECT/192.0.2.7 text/html\n";

#[test]
fn blanks_rejects_and_events_add_up() {
    let content = format!("\n{}junk\n   \n{}", SQUID.repeat(9), SQUID.trim_end());
    let (format, tally) = builtin(content.as_bytes());
    assert_eq!(format, "squid-native");
    assert_eq!((tally.records, tally.events, tally.blanks), (13, 10, 2));
    assert_eq!(tally.rejects.iter().collect::<Vec<_>>(), [(&Reason::Time.word(), &1)]);
    assert_eq!(tally.file_bytes, content.len() as u64);
}

const GUARDIAN: &str = "\"2016.1.8 9:46:10\",\"-\",\"10.1.4.17\",\"http://a.example/\",\"\",\"GET\",\"3804\",\"0\",\"\",\"1\",\"200\",\"text/html\",\"\",\"default\",\"-\"\n";

#[test]
fn a_producer_that_was_reconfigured_while_it_wrote_loses_nothing() {
    // The change lies behind all that detection looks at.
    let content = format!("{}{}junk\n", SQUID.repeat(1000), GUARDIAN.repeat(400));
    let (format, tally) = builtin(content.as_bytes());
    assert_eq!(format, "squid-native");
    assert_eq!((tally.records, tally.events, tally.rejected()), (1401, 1400, 1));
    assert_eq!(tally.notices[Notice::OtherLayout.words()], 400);
    let Detection::Found(detected) = detect(content.as_bytes(), &ProfileSet::default()) else {
        panic!("squid")
    };
    let mut read_by = std::collections::BTreeMap::new();
    read_records(&mut content.as_bytes(), &detected, &mut Tally::default(), &mut |_, _, parsed, _| {
        if let Ok(Parsed::Request(fields)) = parsed {
            *read_by.entry(fields.read_by).or_insert(0) += 1;
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(read_by.into_iter().collect::<Vec<_>>(), [(None, 1000), (Some("e2guardian-2"), 400)]);
}

#[test]
fn a_last_line_without_end_that_cannot_be_read_is_truncated() {
    let (_, tally) = builtin(format!("{}{}", SQUID.repeat(9), "17574").as_bytes());
    assert_eq!(tally.rejects.iter().collect::<Vec<_>>(), [(&Reason::Truncated.word(), &1)]);
}

#[test]
fn nul_bytes_after_a_crash_are_named() {
    let (_, tally) = builtin(format!("{}\0\0\0\0{SQUID}", SQUID.repeat(9)).as_bytes());
    assert_eq!(tally.rejects.iter().collect::<Vec<_>>(), [(&Reason::Bytes.word(), &1)]);
}

#[test]
fn a_sink_that_fails_stops_the_reading() {
    let Detection::Found(detected) = detect(SQUID.as_bytes(), &ProfileSet::default()) else {
        panic!("squid")
    };
    let mut seen = 0;
    let content = SQUID.repeat(5);
    let outcome =
        read_records(&mut content.as_bytes(), &detected, &mut Tally::default(), &mut |_, _, _, _| {
            seen += 1;
            Err(Error::new(Kind::Environment, "disk full"))
        });
    assert_eq!((outcome.unwrap_err().kind(), seen), (Kind::Environment, 1));
}

#[test]
fn a_row_of_an_export_that_was_cut_between_quotes_costs_itself_alone() {
    let mut content = b"Incident ID,Date,Student,Category,Status,Linked Students,Incident\n".to_vec();
    for number in 0..20 {
        content.extend_from_slice(
            format!("{number},10/09/2025 10:05,\"Okafor, Jude\",Online safety,Open,,\"Said:\nno, no, no\"\n")
                .as_bytes(),
        );
    }
    let good = content.len();
    content
        .extend_from_slice(b"20,14/09/2025 10:06,\"Okafor, Jude\",Online safety,Open,,\"Seen in the cor\n");
    content.extend_from_slice(b"21,14/09/2025 10:07,\"Lindqvist, Anna\",Bullying,Open,,\"Talked to.\"\n");
    content.extend_from_slice(b"22,14/09/2025 10:08,\"Brandt, Mia\",Bullying,Open,,\"Talked to.\"\n");
    let profiles = ProfileSet::shipped().unwrap();
    let (profile, tally) = read(&content, &profiles).unwrap();
    assert_eq!((profile.as_str(), tally.records, tally.events), ("cpoms-incidents", 24, 22));
    assert_eq!(tally.rejects.iter().collect::<Vec<_>>(), [(&Reason::Quoting.word(), &1)]);
    let Detection::Found(detected) = detect(&content, &profiles) else { panic!("cpoms-incidents") };
    let mut rejected = Vec::new();
    read_records(&mut &content[..], &detected, &mut Tally::default(), &mut |place, _, parsed, _| {
        rejected.extend(parsed.err().map(|_| place));
        Ok(())
    })
    .unwrap();
    // Behind a header of one line and twenty rows of two.
    let place = Place { record: 22, line: 42, offset_bytes: good as u64, length_bytes: 72 };
    assert_eq!(rejected, [place]);
}

/// One corpus file: name, records, events, other, blanks, rejects by reason.
type Expected = (&'static str, u64, u64, &'static [(&'static str, u64)], u64, &'static [(Reason, u64)]);

/// Counted by reading the files, not by running this.
const CORPUS: &[Expected] = &[
    ("squid-native/bumped-proxy-2020.log", 1_247, 1_247, &[], 0, &[]),
    // 484 pages of the proxy itself; sixteen lines of prose.
    ("squid-native/generated-all-codes.log", 500, 0, &[("internal", 484)], 0, &[(Reason::Time, 16)]),
    ("squid-native/integer-timestamps.log", 55, 55, &[], 0, &[]),
    ("squid-native/office-lan-2010.log", 113, 113, &[], 0, &[]),
    ("squid-native/pfsense-issue-2017.log", 7, 7, &[], 0, &[]),
    ("squid-native/proxy-container-2020.log", 5, 5, &[], 0, &[]),
    ("squid-native/secrepo-excerpts.log", 6, 5, &[], 1, &[]),
    // The first lost its time, the third two columns, three are cut.
    (
        "squid-native/secrepo-truncated-lines.log",
        8,
        3,
        &[],
        0,
        &[(Reason::Time, 1), (Reason::Number, 1), (Reason::Truncated, 3)],
    ),
    ("squid-native/vendor-redacted.log", 8, 7, &[("no request", 1)], 0, &[]),
    ("squid-native/wiki-1997-2007.log", 5, 5, &[], 0, &[]),
    ("dansguardian-format2-csv/denied-action-spec.log", 1, 1, &[], 0, &[]),
];

#[test]
fn the_corpus_is_read_as_counted_by_hand() {
    let Some(corpus) = std::env::var_os("WATERSHED_CORPUS") else { return };
    let corpus = std::path::Path::new(&corpus);
    let profiles = ProfileSet::shipped().unwrap();
    for (name, records, events, other, blanks, rejects) in CORPUS {
        let content = std::fs::read(corpus.join(name)).unwrap();
        let (_, tally) = read(&content, &profiles).unwrap_or_else(|| panic!("{name} was not recognised"));
        assert_eq!(
            (tally.records, tally.events, tally.blanks, tally.directives),
            (*records, *events, *blanks, 0),
            "{name}"
        );
        assert_eq!(tally.other.into_iter().collect::<Vec<_>>(), *other, "{name}");
        let wanted: std::collections::BTreeMap<_, _> =
            rejects.iter().map(|(reason, count)| (reason.word(), *count)).collect();
        assert_eq!(tally.rejects, wanted, "{name}");
    }
    // What other folders hold is not read yet, and nothing of it is mistaken for what is.
    let mut others = 0;
    for folder in std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()) {
        let read_here = [
            "squid-native",
            "dansguardian-format2-csv",
            // In `formats/corpus_kv.rs`.
            "bluecoat-kv-json",
            "forcepoint-cef",
            "forcepoint-kv",
            "fortigate-cef",
            "fortigate-kv",
            "mcafee-webgateway",
            "skyhigh-mcafee",
            "sonicwall-kv",
            "sophos-swa",
            "sophos-utm-kv",
            "sophos-xg-kv",
            "watchguard-leef",
            // In `formats/corpus_web.rs`.
            "apache-combined",
            "cisco-wsa",
            "dansguardian-format1",
            "e2guardian-format3-squid",
            "olfeo",
            "squid-common",
            "squid-custom",
            "squid-syslog",
            "squidguard",
        ]
        .iter()
        .chain(crate::formats::corpus_cloud::FOLDERS)
        .any(|name| folder.ends_with(name));
        if read_here || !folder.is_dir() {
            continue;
        }
        for path in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let mut sample = Vec::new();
            crate::inbox::in_place(&path).open().unwrap().take(65_536).read_to_end(&mut sample).unwrap();
            if let Detection::Found(detected) = detect(&sample, &profiles) {
                panic!("{} was taken for {}", path.display(), detected.format_id());
            }
            others += 1;
        }
    }
    assert!(others > 0, "{others}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_whatever_stands_in_a_file(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just(SQUID.as_bytes().to_vec()),
                Just(b"10/09/2025 10:46:10,mt,10.1.4.17,http://a.example/\r\n".to_vec()),
                Just(b"\"open\n".to_vec()),
                Just(b",,,\n".to_vec()),
                proptest::collection::vec(any::<u8>(), 0..40),
            ],
            0..30,
        ),
        header in any::<bool>(),
    ) {
        let mut content = if header { b"Time,Username,Source IP,URL\n".to_vec() } else { Vec::new() };
        content.extend(pieces.concat());
        let profiles = ProfileSet::shipped().unwrap();
        // `read` checks that records and bytes add up; detection may refuse, so each layout is tried.
        let _ = read(&content, &profiles);
        let forced = Detected::format(crate::formats::find("squid-native").unwrap());
        let mut tally = Tally::default();
        read_records(&mut &content[..], &forced, &mut tally, &mut |_, _, parsed, tally| {
            match parsed {
                Ok(Parsed::Other(kind)) => *tally.other.entry(kind.word()).or_default() += 1,
                Ok(_) => tally.events += 1,
                Err(reject) => tally.reject(reject.reason),
            }
            Ok(())
        })
        .unwrap();
        prop_assert!(tally.conserve(tally.events).is_ok());
    }
}
