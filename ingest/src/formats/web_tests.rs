//! Columns that the examples of the layouts with blanks, quotes and brackets do not show.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use super::find;
use crate::fields::{Fields, Parsed, Text, TimeBasis, When};
use crate::report::Notice;

/// The fields of the example of that name.
fn example(format: &str, shows: &str) -> Fields<'static> {
    let format = find(format).unwrap();
    let example = format.examples.iter().find(|example| example.shows == shows).expect(shows);
    match format.reader().read(example.record.as_bytes()) {
        Ok(Parsed::Request(fields)) => fields,
        other => panic!("{shows}: {other:?}"),
    }
}

fn text<'a>(text: &'a Text<'_>) -> Option<&'a str> {
    text.as_deref().map(|bytes| std::str::from_utf8(bytes).unwrap())
}

const INSTANT: When = When::Instant(1_757_497_500_000_000);

#[test]
fn details_of_squid_layouts() {
    let common = example("squid-combined", "common: a page");
    assert_eq!((common.time, common.basis, common.response_bytes), (INSTANT, TimeBasis::End, Some(10_182)));
    assert_eq!((text(&common.user_agent), common.notice), (None, None));
    let quoted = example("squid-combined", "raw quotes in address, referer and browser");
    assert_eq!((text(&quoted.user_agent), quoted.notice), (Some("an \"odd\" browser"), None));
    let added = example("squid-combined", "columns added before and behind the result");
    assert_eq!((text(&added.user_agent), added.notice), (Some("curl"), Some(Notice::ExtraColumns)));

    let seven = example("squid-forwarded", "a page");
    assert_eq!(seven.time, When::Instant(1_757_497_500_007_000));
    assert_eq!((text(&seven.client_address), seven.duration_ms), (Some("10.1.4.17"), Some(245)));
    assert_eq!(text(&seven.mime), Some("text/html;%20charset=utf-8"));
    let several = example("squid-forwarded", "a block; blanks in name, address and type");
    assert_eq!(text(&several.client_address), Some("10.1.4.17"));
    assert_eq!(text(&several.mime), Some("text/html; charset=utf-8"));
    let direct = example("squid-forwarded", "a tunnel through a parent, no other proxy, no peer time");
    assert_eq!(text(&direct.client_address), Some("10.1.4.17"));
}

#[test]
fn details_of_web_servers() {
    let page = example("web-combined", "a page through a forward proxy");
    assert_eq!((page.time, page.basis), (INSTANT, TimeBasis::Start));
    assert_eq!((text(&page.user_agent), page.notice), (Some("Mozilla/5.0 (X11)"), None));
    let added = example("web-combined", "a server out of reach, a column added");
    assert_eq!((text(&added.user_agent), added.notice), (Some("curl"), Some(Notice::ExtraColumns)));
    let reverse = example("web-combined", "a reverse proxy that names its server");
    assert_eq!(
        (text(&reverse.host), text(&reverse.path)),
        (Some("vle.school.example:443"), Some("/course?id=7"))
    );
}

#[test]
fn details_of_guardian_records() {
    let blocked = example("e2guardian-1", "a blocked site; blanks in category and group");
    assert_eq!(
        (text(&blocked.categories), text(&blocked.group)),
        (Some("Gambling, Sport news"), Some("year 9"))
    );
    assert_eq!(text(&blocked.user_agent), Some("Mozilla/5.0 (X11)"));
    let old =
        example("e2guardian-1", "an old build: time without padding, the address as the user, empty columns");
    assert_eq!((text(&old.group), text(&old.client_host)), (Some("limited"), None));
    assert_eq!((text(&old.categories), text(&old.mime)), (Some("Banned extension"), Some("application/zip")));
    let runs = example("e2guardian-1", "runs of blanks in a phrase, a score below zero");
    assert_eq!((runs.response_bytes, runs.notice), (Some(9_000), None));
    let epoch = example("e2guardian-1", "a reason that quotes numbers, an epoch behind the time");
    assert_eq!(epoch.time, When::Instant(1_757_497_570_005_000));
    let hidden = example("e2guardian-1", "users hidden by the source");
    assert_eq!((hidden.notice, text(&hidden.client_address)), (Some(Notice::AnonymisedAtSource), None));
    let refused = example("e2guardian-3", "a refusal, the filter's or the site's");
    assert_eq!((refused.notice, text(&refused.mime)), (Some(Notice::RefusalsMixed), None));
}

#[test]
fn details_of_redirectors() {
    let refused = example("squidguard", "a refused page");
    assert_eq!((text(&refused.group), text(&refused.categories)), (Some("year9"), Some("gamble")));
    assert_eq!((text(&refused.client_address), text(&refused.client_host)), (Some("10.1.4.17"), None));
    let packaged = example("squidguard", "a refused tunnel, the list named by a firewall's package");
    assert_eq!((text(&packaged.categories), text(&packaged.client_host)), (Some("games"), None));
    let passed = example("squidguard", "verbose: what passed");
    assert_eq!((text(&passed.categories), text(&passed.client_host)), (None, Some("pc17.school.example")));
    assert_eq!(passed.basis, TimeBasis::Start);

    let blocked = example("ufdbguard", "a block");
    assert_eq!((text(&blocked.group), text(&blocked.categories)), (Some("year9"), Some("gambling")));
    let tunnel = example("ufdbguard", "a blocked tunnel with the server's name: its certificate");
    assert_eq!((text(&tunnel.categories), text(&tunnel.client_host)), (None, Some("pc17")));
    let unfiltered =
        b"2025-09-10 10:45:01 [9417] PASS  - 10.1.4.17 config fatal-error http://a.example/ GET ";
    let Ok(Parsed::Request(fields)) = find("ufdbguard").unwrap().reader().read(unfiltered) else {
        panic!("a request")
    };
    assert_eq!(fields.notice, Some(Notice::FilterOutage));
}

#[test]
fn details_of_appliances() {
    let page = example("cisco-wsa", "a page, in syslog's dress; a name with its realm");
    assert_eq!((text(&page.group), text(&page.categories)), (Some("Year9"), Some("IW_edu")));
    let blocked = example("cisco-wsa", "a block by category, verdicts without quotes");
    assert_eq!((text(&blocked.categories), blocked.notice), (Some("IW_gamb"), None));
    let challenged = example("cisco-wsa", "a sign-in challenge, error numbers before the decision");
    assert_eq!((text(&challenged.group), text(&challenged.categories)), (None, None));
    let unknown = example("cisco-wsa", "a decision of a later version");
    assert_eq!(unknown.notice, Some(Notice::UnknownAction));

    let page = example(
        "mcafee-web-gateway",
        "a page, with server, port, cache result and five columns behind the agent",
    );
    assert_eq!((page.time, page.response_bytes), (INSTANT, Some(512)));
    assert_eq!(
        (text(&page.categories), text(&page.user_agent)),
        (Some("Education, Reference"), Some("Mozilla/5.0 (X11)"))
    );
    let header =
        br#"#time_stamp "auth_user" src_ip status_code "req_line" "categories" "rep_level" "media_type""#;
    assert!(matches!(find("mcafee-web-gateway").unwrap().reader().read(header), Ok(Parsed::Directive)));

    let page = example("olfeo", "a page");
    assert_eq!(page.time, When::Local(jiff::civil::date(2025, 9, 10).at(10, 45, 0, 0)));
    assert_eq!((text(&page.categories), page.notice), (Some("Business Services"), None));
    let refused = example("olfeo", "a refusal, the filter's or the site's");
    assert_eq!(refused.notice, Some(Notice::RefusalsMixed));
    let live = example("olfeo-live", "a page, numbers as text");
    assert_eq!(
        (text(&live.group), live.duration_ms, live.response_bytes),
        (Some("Year 9"), Some(84), Some(4_664))
    );
}

/// The request in the last of these lines.
fn read<'l>(format: &str, lines: &[&'l str]) -> Fields<'l> {
    let mut reader = find(format).unwrap().reader();
    let (last, before) = lines.split_last().unwrap();
    for line in before {
        reader.read(line.as_bytes()).unwrap();
    }
    match reader.read(last.as_bytes()) {
        Ok(Parsed::Request(fields)) => fields,
        other => panic!("{format}: {other:?}"),
    }
}

#[test]
fn what_a_web_server_escapes_is_undone_in_every_column() {
    let lines = [
        r#"10.1.4.17 - - [10/Sep/2025:10:45:00 +0100] "GET http://a.example/zo\xc3\xab?q=\"x\" HTTP/1.1" 200 5 "-" "an \"odd\" one\\two""#,
    ];
    let fields = read("web-combined", &lines);
    assert_eq!(text(&fields.url), Some("http://a.example/zo\u{eb}?q=\"x\""));
    assert_eq!(text(&fields.user_agent), Some(r#"an "odd" one\two"#));
}

#[test]
fn a_quote_that_somebody_sends_opens_nothing_where_nothing_is_quoted() {
    let names = "#Fields: date time cs-method cs-host cs-uri-stem cs(User-Agent) cs-username sc-status";
    let row = r#"2025-09-10 09:45:00 GET a.example /"b "agent mtaylor 200"#;
    let fields = read("iis-w3c", &["#Software: Microsoft Internet Information Services 10.0", names, row]);
    assert_eq!((text(&fields.path), text(&fields.user_agent)), (Some("/\"b"), Some("\"agent")));
    assert_eq!((text(&fields.user), fields.status), (Some("mtaylor"), Some(200)));
    // The module for advanced logging does quote.
    let row = r#"2025-09-10 09:45:00 GET a.example /b "an agent" "m taylor" 200"#;
    let fields = read("iis-w3c", &["#Software: IIS Advanced Logging Module", names, row]);
    assert_eq!((text(&fields.user_agent), text(&fields.user)), (Some("an agent"), Some("m taylor")));

    let names = "#Fields: c-ip\tcs-username\tc-agent\tdate\ttime\tr-host\ts-operation\tcs-uri\tsc-status";
    let row = "10.1.4.17\tmtaylor\t\"quoted\"\t2025-09-10\t09:45:00\ta.example\tGET\thttp://a.example/\t200";
    assert_eq!(text(&read("isa-tmg-w3c", &[names, row]).user_agent), Some("\"quoted\""));
}
