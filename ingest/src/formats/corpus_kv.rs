//! The corpus folders of key=value, CEF and LEEF; counted by reading the files, not by running this.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::detect::{Detection, detect};
use crate::fields::{Fields, Parsed, When};
use crate::formats::profile::ProfileSet;
use crate::read::read_records;
use crate::report::{Reason, Tally};

/// What a file holds.
struct Counts {
    records: u64,
    events: u64,
    other: &'static [(&'static str, u64)],
    rejects: &'static [(Reason, u64)],
}

fn content(name: &str) -> Option<Vec<u8>> {
    let corpus = PathBuf::from(std::env::var_os("WATERSHED_CORPUS")?);
    Some(std::fs::read(corpus.join(name)).unwrap())
}

/// Reads content and looks at every request.
fn check(name: &str, content: &[u8], format: &str, counts: &Counts, look: &mut dyn FnMut(&Fields<'_>)) {
    let detected = match detect(content, &ProfileSet::shipped().unwrap()) {
        Detection::Found(detected) => detected,
        Detection::Refused(sentence) => panic!("{name}: {sentence}"),
    };
    assert_eq!(detected.format_id(), format, "{name}");
    let mut tally = Tally::default();
    read_records(&mut &content[..], &detected, &mut tally, &mut |_, _, parsed, tally| {
        match parsed {
            Ok(Parsed::Other(kind)) => *tally.other.entry(kind.word()).or_default() += 1,
            Ok(Parsed::Request(fields)) => {
                look(&fields);
                tally.events += 1;
            }
            Ok(_) => panic!("{name}: neither"),
            Err(reject) => tally.reject(reject.reason),
        }
        Ok(())
    })
    .unwrap();
    tally.conserve(tally.events).unwrap();
    assert_eq!((tally.records, tally.events), (counts.records, counts.events), "{name}");
    assert_eq!((tally.blanks, tally.directives), (0, 0), "{name}");
    assert_eq!(tally.other.into_iter().collect::<Vec<_>>(), counts.other, "{name}");
    let rejects: BTreeMap<_, _> =
        counts.rejects.iter().map(|(reason, count)| (reason.word(), *count)).collect();
    assert_eq!(tally.rejects, rejects, "{name}");
}

/// The times of a file's requests.
fn times(name: &str, content: &[u8], format: &str, counts: &Counts) -> Vec<When> {
    let mut times = Vec::new();
    check(name, content, format, counts, &mut |fields| times.push(fields.time));
    times
}

const fn requests(records: u64) -> Counts {
    Counts { records, events: records, other: &[], rejects: &[] }
}

/// The lines that a test picks: some files hold lines of several layouts, which no device writes into
/// one.
fn pick(content: &[u8], lines: std::ops::Range<usize>) -> Vec<u8> {
    content
        .split_inclusive(|byte| *byte == b'\n')
        .take(lines.end)
        .skip(lines.start)
        .flatten()
        .copied()
        .collect()
}

#[test]
fn fortigate() {
    let Some(webfilter) = content("fortigate-kv/webfilter.log") else { return };
    assert_eq!(
        times("webfilter", &webfilter, "fortigate", &requests(2)),
        [When::Instant(1_720_429_188_081_127), When::Instant(1_741_260_033_782_633)]
    );
    // An old release: no `eventtime`, no zone.
    let old = content("fortigate-kv/sc4s-webfilter.log").unwrap();
    assert!(matches!(times("old", &old, "fortigate", &requests(1))[..], [When::Local(_)]));
    // By `type` and `subtype`: 20 event, 1 appevent; 11 traffic; 1 anomaly, 2 app-ctrl, 4 ips; 1 dns.
    let others = Counts {
        records: 40,
        events: 0,
        other: &[
            ("network traffic", 11),
            ("security event", 7),
            ("step of a name look-up", 1),
            ("system message", 21),
        ],
        rejects: &[],
    };
    let content = content("fortigate-kv/other-types.log").unwrap();
    check("others", &content, "fortigate", &others, &mut |_| ());
}

#[test]
fn fortigate_cef() {
    let Some(content) = content("fortigate-cef/all.log") else { return };
    let counts = Counts {
        records: 4,
        events: 0,
        other: &[("security event", 2), ("step of a name look-up", 1), ("system message", 1)],
        rejects: &[],
    };
    check("all", &content, "fortigate-cef", &counts, &mut |_| ());
}

#[test]
fn sophos() {
    let Some(utm) = content("sophos-utm-kv/httpproxy.log") else { return };
    // One line is the proxy's note about itself.
    let counts = Counts { records: 6, events: 5, other: &[("internal", 1)], rejects: &[] };
    assert!(times("utm", &utm, "sophos-utm", &counts).iter().all(|time| matches!(time, When::Local(_))));
    let firewall = content("sophos-xg-kv/vendor-redacted.log").unwrap();
    let counts = Counts {
        records: 4,
        events: 1,
        other: &[("network traffic", 2), ("system message", 1)],
        rejects: &[],
    };
    assert_eq!(
        times("firewall", &firewall, "sophos-firewall", &counts),
        // 02:54:39 eleven hours ahead of UTC.
        [When::Instant(1_589_558_079_000_000)]
    );
    // American central time: an abbreviation that Cuba and China use too.
    let central = content("sophos-xg-kv/sc4s.log").unwrap();
    let counts = Counts { records: 1, events: 0, other: &[], rejects: &[(Reason::Zone, 1)] };
    check("central", &central, "sophos-firewall", &counts, &mut |_| ());
    let appliance = content("sophos-swa/sc4s.log").unwrap();
    assert_eq!(
        times("appliance", &appliance, "sophos-web-appliance", &requests(1)),
        [When::Instant(1_646_813_565_000_000)]
    );
}

#[test]
fn sonicwall() {
    let Some(content) = content("sonicwall-kv/vendor-redacted.log") else { return };
    // Messages 537, 98, 1574 are traffic; 608 (damaged) and twice 1154 are findings.
    let counts = Counts {
        records: 6,
        events: 0,
        other: &[("network traffic", 3), ("security event", 3)],
        rejects: &[],
    };
    check("all", &content, "sonicwall", &counts, &mut |_| ());
}

#[test]
fn watchguard() {
    let Some(content) = content("watchguard-leef/vendor-redacted.log") else { return };
    // Packets: 30000148 three times, 30000149, 30000151 twice. DHCP, two of the VPN, one of the web
    // page of the box. 1DFF000F asks a name. 1AFF0018 looked at a page.
    let counts = Counts {
        records: 14,
        events: 2,
        other: &[
            ("network traffic", 6),
            ("security event", 1),
            ("step of a name look-up", 1),
            ("system message", 4),
        ],
        rejects: &[],
    };
    assert_eq!(times("all", &content, "watchguard-leef", &counts), [When::Missing; 2]);
}

#[test]
fn forcepoint() {
    let Some(cef) = content("forcepoint-cef/vendor-redacted.log") else { return };
    assert_eq!(
        times("cef", &cef, "forcepoint-cef", &requests(3)),
        [1_653_557_213_000_000, 1_653_555_521_000_000, 1_755_873_000_000_000].map(When::Instant)
    );
    // The envelope's time.
    let pairs = content("forcepoint-kv/sc4s.log").unwrap();
    let mut seen = 0;
    check("pairs", &pairs, "forcepoint-pairs", &requests(1), &mut |fields| {
        assert!(matches!(fields.time, When::Yearless { month: 3, day: 9, .. }));
        // The directory's comma is escaped within the name.
        assert!(fields.user.as_deref().unwrap().ends_with(br"/TEST\, TEST_NAME"));
        assert!(fields.url.as_deref().unwrap().ends_with(b".jpg"));
        seen += 1;
    });
    assert_eq!(seen, 1);
}

#[test]
fn blue_coat() {
    let Some(content) = content("bluecoat-kv-json/vendor-redacted.log") else { return };
    // The file holds one line of each layout, as after a change of the appliance's settings.
    assert!(matches!(detect(&content, &ProfileSet::shipped().unwrap()), Detection::Found(_)));
    assert_eq!(
        times("json", &pick(&content, 0..1), "bluecoat-json", &requests(1)),
        [When::Instant(1_709_571_302_000_000)]
    );
    assert_eq!(
        times("pairs", &pick(&content, 1..2), "bluecoat-pairs", &requests(1)),
        [When::Instant(1_705_052_762_000_000)]
    );
}

#[test]
fn skyhigh() {
    let Some(content) = content("skyhigh-mcafee/vendor-redacted.log") else { return };
    // Three lines of the gateway, three of the cloud: read each in its own layout.
    assert!(matches!(detect(&content, &ProfileSet::shipped().unwrap()), Detection::Found(_)));
    assert_eq!(times("gateway", &pick(&content, 0..3), "skyhigh-gateway", &requests(3)).len(), 3);
    assert_eq!(
        times("cloud", &pick(&content, 3..6), "skyhigh-cloud", &requests(3)),
        [1_661_260_270, 1_753_717_241, 1_661_266_553].map(|seconds| When::Instant(seconds * 1_000_000))
    );
}

#[test]
fn mcafee_web_gateway() {
    let Some(content) = content("mcafee-webgateway/sc4s-kv.log") else { return };
    let times = times("pairs", &content, "mcafee-webgateway-pairs", &requests(2));
    assert!(times.iter().all(|time| matches!(time, When::Yearless { month: 3, day: 9, .. })));
}
