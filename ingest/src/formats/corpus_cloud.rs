//! Real lines of the W3C family, of Zeek, of the cloud gateways and of look-ups, where they are at
//! hand: what each file is taken for, and every count, which was found by reading the files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use crate::detect::{Detected, Detection, SAMPLE_BYTES, detect};
use crate::fields::Parsed;
use crate::formats::profile::ProfileSet;
use crate::read::read_records;
use crate::report::{Reason, Tally};

/// Folders whose files are read here.
pub(crate) const FOLDERS: &[&str] = &[
    "bluecoat-elff",
    "cisco-umbrella-csv",
    "cloudflare-gateway-json",
    "isa-tmg-w3c",
    "netskope-transaction",
    "paloalto-csv",
    "paloalto-syslog",
    "pihole-dnsmasq",
    "w3c-elff",
    "zeek-http-tsv",
    "zscaler-nss",
];

/// A file's counts: name, format, records, requests, others by kind, rejects by reason, blanks,
/// directives.
struct Counts {
    name: &'static str,
    format: &'static str,
    records: u64,
    requests: u64,
    other: &'static [(&'static str, u64)],
    rejects: &'static [(Reason, u64)],
    blanks: u64,
    directives: u64,
}

const fn counts(name: &'static str, format: &'static str, requests: u64, directives: u64) -> Counts {
    Counts {
        name,
        format,
        records: requests + directives,
        requests,
        other: &[],
        rejects: &[],
        blanks: 0,
        directives,
    }
}

fn content(name: &str) -> Option<Vec<u8>> {
    let corpus = PathBuf::from(std::env::var_os("WATERSHED_CORPUS")?);
    let file = std::fs::read(corpus.join(name)).unwrap();
    if !name.ends_with(".gz") {
        return Some(file);
    }
    let mut unpacked = Vec::new();
    flate2::read::MultiGzDecoder::new(&file[..]).read_to_end(&mut unpacked).unwrap();
    Some(unpacked)
}

fn detected(content: &[u8]) -> Result<Detected, String> {
    let profiles = ProfileSet::shipped().unwrap();
    match detect(&content[..content.len().min(SAMPLE_BYTES)], &profiles) {
        Detection::Found(detected) => Ok(detected),
        Detection::Refused(sentence) => Err(sentence),
    }
}

fn read(content: &[u8], detected: &Detected) -> Tally {
    let mut tally = Tally::default();
    read_records(&mut &content[..], detected, &mut tally, &mut |_, _, parsed, tally| {
        match parsed {
            Ok(Parsed::Other(kind)) => *tally.other.entry(kind.word()).or_default() += 1,
            Ok(_) => tally.events += 1,
            Err(reject) => tally.reject(reject.reason),
        }
        Ok(())
    })
    .unwrap();
    tally.conserve(tally.events).unwrap();
    tally
}

fn check(files: &[Counts]) {
    for file in files {
        let name = file.name;
        let Some(content) = content(name) else { return };
        let detected = detected(&content).unwrap_or_else(|sentence| panic!("{name}: {sentence}"));
        assert_eq!(detected.format_id(), file.format, "{name}");
        let tally = read(&content, &detected);
        assert_eq!(
            (tally.records, tally.events, tally.blanks, tally.directives),
            (file.records, file.requests, file.blanks, file.directives),
            "{name}: records, requests, blanks, directives"
        );
        let others: BTreeMap<_, _> = file.other.iter().copied().collect();
        assert_eq!(tally.other, others, "{name}");
        let rejects: BTreeMap<_, _> =
            file.rejects.iter().map(|(reason, count)| (reason.word(), *count)).collect();
        assert_eq!(tally.rejects, rejects, "{name}");
    }
}

fn check_refused(names: &[&str]) {
    for name in names {
        let Some(content) = content(name) else { return };
        match detected(&content) {
            Ok(detected) => panic!("{name} was taken for {}", detected.format_id()),
            Err(sentence) => assert!(sentence.contains("no known layout"), "{name}: {sentence}"),
        }
    }
}

#[test]
fn bluecoat() {
    check(&[counts("bluecoat-elff/stroom-2005.log", "bluecoat-w3c", 29, 4)]);
}

#[test]
fn isa() {
    check(&[
        counts("isa-tmg-w3c/isa2004-webproxy.log", "isa-tmg-w3c", 38, 4),
        Counts {
            records: 37,
            other: &[("network traffic", 33)],
            ..counts("isa-tmg-w3c/isa2004-firewall.log", "isa-tmg-w3c", 0, 4)
        },
    ]);
}

#[test]
fn w3c_files_of_others() {
    // The only one that names the host that was asked for.
    check(&[Counts { records: 10, blanks: 3, ..counts("w3c-elff/lnav-w3c-3.log", "iis-w3c", 3, 4) }]);
    // Web, file and cache servers of their own sites, and a shield before one: no host to count.
    check_refused(&[
        "w3c-elff/lnav-iis85.log",
        "w3c-elff/lnav-w3c-0.log",
        "w3c-elff/lnav-w3c-1.log",
        "w3c-elff/lnav-w3c-2.log",
        "w3c-elff/lnav-w3c-4.log",
        "w3c-elff/lnav-w3c-5.log",
        "w3c-elff/lnav-w3c-6.log",
    ]);
}

#[test]
fn netskope() {
    check(&[counts("netskope-transaction/vendor-redacted.log", "netskope-transaction", 2, 0)]);
}

#[test]
fn zeek() {
    // Eight lines describe the file before its rows, one says that it was closed. Of 665 requests only
    // the answer was heard.
    check(&[Counts {
        records: 9_099,
        other: &[("no request", 665)],
        ..counts("zeek-http-tsv/benign1.log.gz", "zeek-http", 8_425, 9)
    }]);
}

#[test]
fn zscaler() {
    check(&[
        // Two pages and a look-up; the fourth line is a session of the firewall.
        Counts {
            records: 4,
            other: &[("network traffic", 1)],
            ..counts("zscaler-nss/web-json.log", "zscaler-nss-json", 3, 0)
        },
        counts("zscaler-nss/sc4s-tab-kv.log", "zscaler-nss-tab", 2, 0),
    ]);
}

#[test]
fn cloudflare() {
    // A look-up, a page, two network sessions with a host.
    check(&[counts("cloudflare-gateway-json/gateway.log", "cloudflare-gateway", 4, 0)]);
}

#[test]
fn umbrella() {
    check(&[counts("cisco-umbrella-csv/dns.log", "umbrella-dns", 5, 0)]);
    // Seven of its nine lines are one record that was broken by copying it.
    check_refused(&["cisco-umbrella-csv/proxy.log"]);
    let Some(content) = content("cisco-umbrella-csv/proxy.log") else { return };
    let tally = read(&content, &Detected::format(super::find("umbrella-proxy").unwrap()));
    assert_eq!((tally.records, tally.events), (9, 2));
    // The product writes no line end within a row, so each piece is a row that lost its columns.
    assert_eq!(tally.rejects, BTreeMap::from([(Reason::Columns.word(), 7)]));
}

#[test]
fn paloalto() {
    check(&[
        counts("paloalto-syslog/sc4s-url.log", "paloalto", 1, 0),
        counts("paloalto-syslog/threat-url.log", "paloalto", 1, 0),
        // Two sessions, two intrusions, and two rows whose dates a spreadsheet rewrote.
        Counts {
            records: 6,
            other: &[("network traffic", 2), ("security event", 2)],
            rejects: &[(Reason::Time, 2)],
            ..counts("paloalto-syslog/traffic-threat.log", "paloalto", 0, 0)
        },
        // No row of URL filtering in either.
        Counts {
            records: 348,
            other: &[("security event", 347)],
            ..counts("paloalto-csv/threat-export-2017.csv", "paloalto", 0, 1)
        },
        Counts {
            records: 65_533,
            other: &[("network traffic", 65_532)],
            ..counts("paloalto-csv/traffic-export-2017.csv.gz", "paloalto", 0, 1)
        },
    ]);
}

#[test]
fn dnsmasq() {
    // Answers and refusals; no question is in the file.
    check(&[Counts {
        records: 23,
        other: &[("step of a name look-up", 16)],
        ..counts("pihole-dnsmasq/redacted.log", "dnsmasq", 7, 0)
    }]);
}

#[test]
fn directives_alone_say_what_a_file_is() {
    let named = |text: &str| detected(text.as_bytes()).map(|detected| detected.format_id().to_owned());
    let fields = "#Software: SGOS 7.3\n#Fields: date time c-ip sc-filter-result cs-host\n";
    assert_eq!(named(fields).as_deref(), Ok("bluecoat-w3c"));
    assert!(named("#Software: SGOS 7.3\n#Version: 1.0\n").is_err());
    assert!(named("#Fields: date time c-ip cs-method cs-uri-stem\n").is_err());
}

#[test]
fn directives_may_come_wrapped_like_the_rows_below_them() {
    let row = "2025-09-10 09:45:00 10.1.4.17 OBSERVED a.example";
    let lines = ["#Software: SGOS 7.3", "#Fields: date time c-ip sc-filter-result cs-host", row, row, row];
    let content: String =
        lines.iter().map(|line| format!("<134>Sep 10 09:45:01 proxy1 bluecoat: {line}\n")).collect();
    let detected = detected(content.as_bytes()).unwrap();
    let tally = read(content.as_bytes(), &detected);
    assert_eq!((detected.format_id(), tally.events, tally.directives), ("bluecoat-w3c", 3, 2));
}
