//! Every format's examples, and what holds for all formats.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::fields::{Fields, Text};

mod print;

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

fn request<'a>(format: &str, record: &'a [u8]) -> Fields<'a> {
    match find(format).unwrap().reader().read(record) {
        Ok(Parsed::Request(fields)) => fields,
        other => panic!("{format}: {other:?}"),
    }
}

#[test]
fn details_of_firewall_records() {
    let fields = request(
        "fortigate",
        br#"date=2025-11-12 time=09:15:30 tz="+0100" logid="0317013312" type="utm" subtype="webfilter" vd="root" user="N/A" group="" profile="Year 9" srcip=10.1.4.17 srcname="pc17" hostname="a.example" url="/b?c" action="passthrough" service="HTTPS" rcvdbyte=7 catdesc="News, Media" httpmethod="GET" method="domain""#,
    );
    assert_eq!(fields.time, crate::fields::When::Instant(1_762_935_330_000_000));
    assert_eq!((text(&fields.user), text(&fields.group)), (None, Some("Year 9")));
    assert_eq!((text(&fields.client_address), text(&fields.client_host)), (Some("10.1.4.17"), Some("pc17")));
    assert_eq!((text(&fields.method), text(&fields.categories)), (Some("GET"), Some("News, Media")));
    assert_eq!((fields.category_separators, fields.response_bytes), (&b""[..], Some(7)));
    let fields = request(
        "sonicwall",
        br#"id=firewall sn=0 time="2025-11-12 09:15:30" fw=192.0.2.1 pri=6 c=1024 m=97 src=10.1.4.17:52006:X0:pc17 op=1 proto=tcp/https dstname=a.example arg=/ Category="Drugs/Illegal Drugs""#,
    );
    assert_eq!((text(&fields.client_address), text(&fields.client_host)), (Some("10.1.4.17"), Some("pc17")));
    assert_eq!((text(&fields.method), text(&fields.categories)), (None, Some("Drugs/Illegal Drugs")));
    let fields = request(
        "watchguard-leef",
        b"LEEF:1.0|WatchGuard|XTM|12|1AFF0024|devTime=Nov 12 2025 10:15:30 +0100\tpolicy=HTTP-00\tdisp=Allow\tsrc=10.1.4.17\tdstname=a.example\targ=/\telapsed_time=2.05 sec(s)\tmsg=HTTP request",
    );
    assert_eq!(fields.time, crate::fields::When::Instant(1_762_938_930_000_000));
    assert_eq!((fields.duration_ms, text(&fields.group)), (Some(2_050), Some("HTTP-00")));
}

#[test]
fn details_of_gateway_records() {
    let fields = request(
        "bluecoat-pairs",
        br#"2025-11-12T09:15:30P1 bluecoat - main - c-ip=10.1.4.17 cs-auth-group=SCHOOL\Year%209 cs-categories="Web%20Mail;News" cs-host=a.example cs-uri-path=/%20x rs-Content-Type="text/html;%20charset=utf-8" sc-filter-result=PROXIED sc-status=200 time-taken=12"#,
    );
    assert_eq!(fields.time, crate::fields::When::Instant(1_762_938_930_000_000));
    assert_eq!((text(&fields.group), text(&fields.path)), (Some("SCHOOL\\Year 9"), Some("/%20x")));
    assert_eq!((text(&fields.categories), fields.category_separators), (Some("Web Mail;News"), &b";"[..]));
    assert_eq!((text(&fields.mime), fields.duration_ms), (Some("text/html; charset=utf-8"), Some(12)));
    let fields = request(
        "forcepoint-cef",
        b"CEF:0|Forcepoint|Security|8.5|76|Transaction permitted|1| act=permitted src=10.1.4.17 loginID=- suser=LDAP://s CN\\=Taylor\\, Mary rt=1762938930000 cs1Label=Policy cs1=Pupils**Default cs3=- request=http://a.example/",
    );
    assert_eq!(text(&fields.user), Some("LDAP://s CN=Taylor\\, Mary"));
    assert_eq!((text(&fields.group), text(&fields.categories)), (Some("Pupils**Default"), Some("76")));
    assert_eq!(text(&fields.mime), None);
    let fields = request(
        "sophos-web-appliance",
        br#"h=10.1.4.17 u="-" s=200 t=1762938930 T=284453 act=1 cat="0x220000002a" req="GET http://a.example/ HTTP/1.1""#,
    );
    assert_eq!(fields.basis, crate::fields::TimeBasis::Start);
    assert_eq!((fields.duration_ms, text(&fields.method)), (Some(284), Some("GET")));
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
