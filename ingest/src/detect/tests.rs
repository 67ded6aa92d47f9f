//! Refusals and finds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use super::*;

const SQUID: &str = "1757497500.123    245 10.1.4.17 TCP_MISS/200 10182 GET http://a.example/ - HIER_DIRECT/192.0.2.7 text/html\n";
const GUARDIAN: &str = "\"2016.1.8 9:46:10\",\"-\",\"10.1.4.17\",\"http://a.example/\",\"\",\"GET\",\"3804\",\"0\",\"\",\"1\",\"200\",\"text/html\",\"\",\"default\",\"-\"\n";

fn found(sample: &str) -> Option<String> {
    match detect(sample.as_bytes(), &ProfileSet::default()) {
        Detection::Found(detected) => Some(detected.format_id().to_owned()),
        Detection::Refused(_) => None,
    }
}

fn refusal(sample: &[u8]) -> String {
    match detect(sample, &ProfileSet::default()) {
        Detection::Refused(sentence) => sentence,
        Detection::Found(detected) => panic!("{}", detected.format_id()),
    }
}

#[test]
fn the_hash_of_a_header_follows_its_columns_only() {
    let hash = |sample: &str| match detect(sample.as_bytes(), &ProfileSet::default()) {
        Detection::Found(detected) => detected.header_hash(sample.as_bytes()),
        Detection::Refused(reason) => panic!("{reason}"),
    };
    let iis = |date: &str, columns: &str, row: &str| {
        hash(&format!(
            "#Software: Microsoft Internet Information Services 8.5\n#Date: {date}\n#Fields: {columns}\n{row}\n"
        ))
    };
    let columns = "date time c-ip cs-host cs-uri-stem sc-status sc-substatus";
    let row = "2025-09-10 09:45:00 10.1.4.17 www.example.org /maths 200 0";
    let first = iis("2025-09-10 00:00:01", columns, row);
    assert!(first.is_some());
    assert_eq!(iis("2025-09-11 00:00:01", columns, row), first);
    let moved = "date time cs-host c-ip cs-uri-stem sc-status sc-substatus";
    assert_ne!(
        iis("2025-09-11 00:00:01", moved, "2025-09-10 09:45:00 www.example.org 10.1.4.17 /maths 200 0"),
        first
    );
    assert_eq!(hash(SQUID), None, "its columns are always the same");
}

#[test]
fn one_line_is_enough_and_blanks_do_not_vote() {
    assert_eq!(found(SQUID).as_deref(), Some("squid-native"));
    assert_eq!(found(&format!("\u{feff}\n\n{GUARDIAN}\n")).as_deref(), Some("e2guardian-2"));
}

#[test]
fn nine_in_ten_must_agree() {
    let nine = SQUID.repeat(9) + "garbage\n";
    assert_eq!(found(&nine).as_deref(), Some("squid-native"));
    let eight = SQUID.repeat(8) + "garbage\n";
    assert_eq!(found(&eight), None);
    assert!(refusal(eight.as_bytes()).contains("squid-native with 8 of 9 lines"));
    // Two layouts in one file: its producer was reconfigured while it wrote.
    assert_eq!(found(&(SQUID.repeat(5) + &GUARDIAN.repeat(4))).as_deref(), Some("squid-native"));
    assert_eq!(found(&(SQUID.repeat(3) + &GUARDIAN.repeat(4))).as_deref(), Some("e2guardian-2"));
    assert_eq!(found(&(SQUID.repeat(4) + &GUARDIAN.repeat(4) + "garbage\n")), None);
}

#[test]
fn damaged_lines_do_not_vote_but_cannot_be_the_most() {
    let cut = "1757497506.780   1464 10.1.4.17 T\n";
    assert_eq!(found(&(SQUID.repeat(2) + &cut.repeat(4))).as_deref(), Some("squid-native"));
    assert_eq!(found(&(SQUID.repeat(2) + &cut.repeat(5))), None);
}

#[test]
fn relatives_are_told_apart() {
    // e2guardian's imitation of Squid, and an appliance that appends its verdict.
    let imitation =
        "1544744710.756      0 10.1.4.17 TCP_DENIED/403 0 - https://a.example 10.1.4.17 DEFAULT_PARENT/ -\n";
    assert_eq!(found(imitation).as_deref(), Some("e2guardian-3"));
    assert_eq!(
        found(
            "1278096903.150 97 10.1.4.17 TCP_MISS/200 8187 GET http://a.example/ - DIRECT/a.example text/plain DEFAULT_CASE-Policy <IW_x,5.4>\n"
        )
        .as_deref(),
        Some("cisco-wsa")
    );
    // Angle brackets that are none of its verdicts are nobody's.
    let foreign = SQUID.replace("text/html", "text/html <a,b>");
    assert_eq!(found(&foreign), None);
    // Squid behind such a parent is Squid, with pages that have no type too.
    let behind = SQUID.replace("HIER_DIRECT", "DEFAULT_PARENT");
    assert_eq!(found(&behind).as_deref(), Some("squid-native"));
    let typeless = behind.replace("text/html", "-");
    assert_eq!(found(&(behind.repeat(19) + &typeless)).as_deref(), Some("squid-native"));
    // Where no page has one, it is the imitation, though some lines could be Squid's.
    let unchanged = typeless.replace("/200", "/304");
    assert_eq!(found(&(typeless.repeat(3) + &unchanged)).as_deref(), Some("e2guardian-3"));
}

#[test]
fn quoted_layouts_are_told_apart() {
    let common = r#"10.1.4.17 - - [10/Sep/2025:10:45:00 +0100] "GET http://a.example/ HTTP/1.1" 200 10182"#;
    let path = common.replace("http://a.example/", "/wpad.dat");
    assert_eq!(found(&format!("{common} TCP_MISS:HIER_DIRECT\n")).as_deref(), Some("squid-combined"));
    assert_eq!(found(&format!("{common} \"-\" \"curl\"\n")).as_deref(), Some("web-combined"));
    assert_eq!(found(&format!("[10/Sep/2025:10:45:00 +0100] {common}\n")), None);
    // A proxy that is asked for its own pages too is a proxy; a server of nothing else is none.
    assert_eq!(found(&format!("{path}\n{path}\n{common}\n")).as_deref(), Some("web-combined"));
    let sentence = refusal(format!("{path}\n<134>Sep 10 10:45:00 web httpd: {path}\n").as_bytes());
    assert!(sentence.contains("web server"), "{sentence}");
}

#[test]
fn a_wrapped_line_that_looks_damaged_as_a_whole_is_opened() {
    let wrapped = format!("<166>Aug 21 22:08:13 fw.example (squid-1)[6802]: {SQUID}");
    assert_eq!(found(&wrapped).as_deref(), Some("squid-native"));
}

#[test]
fn known_kinds_are_refused_with_help_and_nothing_is_quoted() {
    for (sample, word) in [
        (&b"PK\x03\x04..."[..], "zip"),
        (b"\xfd7zXZ\0", "xz"),
        (b"\xff\xfe\0\0a\0\0\0", "UTF-32"),
        (b"\0\0\xfe\xff\0\0\0a", "UTF-32"),
        (b"%PDF-1.7", "PDF"),
        (b"\x1f\x8b\x08", "packed twice"),
        (b"", "empty"),
        (b" \r\n\n", "empty"),
    ] {
        assert!(refusal(sample).contains(word), "{word}");
    }
    let sentence = refusal(b"jane.smith,http://secret.example\njane.smith,x\n");
    assert!(!sentence.contains("jane") && !sentence.contains("secret"));
}

#[test]
fn a_line_that_the_sample_cuts_does_not_vote() {
    let mut sample = SQUID.repeat(SAMPLE_BYTES / SQUID.len() + 1).into_bytes();
    sample.truncate(SAMPLE_BYTES);
    assert!(matches!(detect(&sample, &ProfileSet::default()), Detection::Found(_)));
}

#[test]
fn the_own_files_of_isa_server_are_known_by_service_and_width() {
    let row = |agent: &str, date: &str| {
        format!(
            "10.1.4.17, SCHOOL\\mtaylor, {agent}, Y, {date}, 10:45:02, w3proxy, PROXY1, -, a.example, -, 80, 1, 489, \
             3248, http, TCP, GET, http://a.example/, -, -, 200, 0x0, Web, -, Internal, External, 0x0, Allowed\r\n"
        )
    };
    assert_eq!(found(&row("Mozilla/5.0", "2025-09-10")).as_deref(), Some("isa-tmg-text"));
    // Known, though which day it is cannot be told.
    assert_eq!(found(&row("Mozilla/5.0", "9/10/2025")).as_deref(), Some("isa-tmg-text"));
    assert_eq!(found(&row("KHTML, like Gecko", "2025-09-10")), None);
    assert_eq!(found(&row("Mozilla/5.0", "2025-09-10").replace("w3proxy", "other")), None);
    let firewall = "PROXY1, 2025-09-10, 10:45:05, UDP, 10.1.4.17:61683, 192.0.2.53:53, 10.1.4.17, Internal, External, \
        Initiate, 0x0, Allow DNS, DNS, 71, 0, 116, 0, 61000, 0, -, -, -, -, 2, 310, -, -, -\r\n";
    assert_eq!(found(firewall).as_deref(), Some("isa-tmg-text"));
}
