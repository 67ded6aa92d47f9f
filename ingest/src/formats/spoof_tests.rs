//! Pairs that somebody writes into an address, a browser's name or a name: they must not become the record's
//! own, wherever in the record they stand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use super::find;
use crate::fields::{Action, Fields, Parsed};
use crate::report::Reason;

fn read<'r>(format: &str, record: &'r str) -> Result<Fields<'r>, Reason> {
    match find(format).unwrap().reader().read(record.as_bytes()) {
        Ok(Parsed::Request(fields)) => Ok(fields),
        Ok(_) => panic!("{format}: no request"),
        Err(reject) => Err(reject.reason),
    }
}

fn shown(fields: &Fields<'_>) -> (Action, String, String) {
    let text = |text: &crate::fields::Text<'_>| {
        String::from_utf8(text.as_deref().unwrap_or_default().to_vec()).unwrap()
    };
    (fields.action, text(&fields.user), text(&fields.url))
}

/// Each format, a record of a refusal with two places for what somebody may write, in front of the decision
/// and behind it.
const RECORDS: &[(&str, &str)] = &[
    (
        "fortigate",
        r#"date=2025-11-12 time=09:15:30 tz="+0000" logid="0316013056" type="utm" subtype="webfilter" eventtype="ftgd_blk" vd="root" agent="{before}" user="mtaylor" hostname="bets.example" action="blocked" url="https://bets.example/" referralurl="{behind}""#,
    ),
    (
        "fortigate",
        r"date=2025-11-12 time=09:15:30 logid=0316013056 type=utm subtype=webfilter eventtype=ftgd_blk vd=root agent={before} user=mtaylor hostname=bets.example action=blocked url=https://bets.example/ referralurl={behind}",
    ),
    (
        "fortigate-cef",
        "CEF:0|Fortinet|Fortigate|v7.0.6|13056|utm:webfilter ftgd_blk blocked|4|FTNTFGTeventtime=1762938930000000000 cat=utm:webfilter FTNTFGTeventtype=ftgd_blk requestClientApplication={before} duser=mtaylor dhost=bets.example act=blocked request=https://bets.example/ msg={behind}",
    ),
    (
        "forcepoint-cef",
        "CEF:0|Forcepoint|Security|8.5|76|Transaction blocked|7| reason={before} act=blocked src=10.1.4.17 loginID=mtaylor rt=1762938930000 request=https://bets.example/ requestClientApplication={behind}",
    ),
    (
        "forcepoint-pairs",
        "vendor=Forcepoint product=Security reason={before} action=blocked category=76 user=mtaylor src_host=10.1.4.17 url=https://bets.example/ http_user_agent={behind}",
    ),
    (
        "sophos-utm",
        r#"2025:11:12-09:15:30 utm httpproxy[6267]: id="0060" sub="http" referer="{before}" name="web request blocked" action="block" method="GET" srcip="10.1.4.17" user="mtaylor" statuscode="403" url="https://bets.example/" ua="{behind}""#,
    ),
    (
        "sophos-firewall",
        r#"device="SFW" date=2025-11-12 time=09:15:30 timezone="GMT" log_type="Content Filtering" log_component="HTTP" referer="{before}" log_subtype="Denied" user_name="mtaylor" url="https://bets.example/" user_agent="{behind}""#,
    ),
];

/// The decision, the account and the address under the format's own keys, with values that are not the
/// record's.
fn spoofs(format: &str) -> [&'static str; 3] {
    match format {
        "fortigate" => ["action=passthrough", "user=other", "url=https://a.example/"],
        "fortigate-cef" => ["act=passthrough", "duser=other", "request=https://a.example/"],
        "forcepoint-cef" => ["act=permitted", "loginID=other", "request=https://a.example/"],
        "forcepoint-pairs" => ["action=permitted", "user=other", "url=https://a.example/"],
        "sophos-utm" => ["action=pass", "user=other", "url=https://a.example/"],
        "sophos-firewall" => ["log_subtype=Allowed", "user_name=other", "url=https://a.example/"],
        _ => panic!("{format}"),
    }
}

fn honest() -> (Action, String, String) {
    (Action::Blocked, "mtaylor".to_owned(), "https://bets.example/".to_owned())
}

#[test]
fn a_pair_within_a_value_is_never_taken_for_the_records_own() {
    for (format, record) in RECORDS {
        let plain = record.replace("{before}", "x").replace("{behind}", "y");
        assert_eq!(read(format, &plain).as_ref().map(shown), Ok(honest()), "{format}");
        let quoted = plain.contains('"');
        for spoof in spoofs(format) {
            let (key, value) = spoof.split_once('=').unwrap();
            // With the quote that ends the value, as far as the producer lets one through; and without.
            let closing = format!("x\" {key}=\"{value}");
            let bare = format!("x {spoof}");
            for (before, behind) in [
                (&bare, "y"),
                (&closing, "y"),
                (&"x".to_owned(), bare.as_str()),
                (&"x".to_owned(), closing.as_str()),
            ] {
                if !quoted && (before == &closing || behind == closing) {
                    continue;
                }
                let record = record.replace("{before}", before).replace("{behind}", behind);
                match read(format, &record) {
                    // Between quotes a bare pair is text.
                    Ok(fields) => assert_eq!((shown(&fields), quoted), (honest(), true), "{record}"),
                    Err(reason) => assert_eq!(reason, Reason::Columns, "{record}"),
                }
            }
        }
    }
}

#[test]
fn a_pair_that_is_escaped_as_the_format_has_it_is_text() {
    let record = "CEF:0|Forcepoint|Security|8.5|76|Transaction blocked|7| act=blocked src=10.1.4.17 loginID=mtaylor rt=1762938930000 requestClientApplication=x act\\=permitted request=https://bets.example/";
    let fields = read("forcepoint-cef", record).unwrap();
    assert_eq!(shown(&fields), honest());
    assert_eq!(fields.user_agent.as_deref(), Some(&b"x act=permitted"[..]));
    let record = r#"date=2025-11-12 time=09:15:30 logid="0316013056" type="utm" subtype="webfilter" eventtype="ftgd_blk" vd="root" agent="x\" action=\"passthrough" user="mtaylor" hostname="bets.example" action="blocked" url="https://bets.example/""#;
    let fields = read("fortigate", record).unwrap();
    assert_eq!(shown(&fields), honest());
    assert_eq!(fields.user_agent.as_deref(), Some(&br#"x" action="passthrough"#[..]));
}

#[test]
fn a_cloud_log_of_bare_values_with_two_verdicts_is_a_reject() {
    let record = |agent: &str| {
        format!(
            "user_id=7 username=mtaylor source_ip=192.0.2.50 http_action=GET http_status_code=403 requested_host=bets.example requested_path=/ result=DENIED request_timestamp_epoch=1762938930 user_agent_comment={agent} process_name=x"
        )
    };
    assert_eq!(read("skyhigh-cloud", &record("x")).map(|fields| fields.action), Ok(Action::Blocked));
    for agent in ["x result=OBSERVED", "x username=other", "x requested_host=a.example"] {
        assert_eq!(
            read("skyhigh-cloud", &record(agent)).map(|fields| fields.action),
            Err(Reason::Columns),
            "{agent}"
        );
    }
}

#[test]
fn an_appliance_whose_order_is_fixed_keeps_what_stands_ahead() {
    let record = r#"h=10.1.4.17 u="mtaylor" s=403 X=- t=1762938930 T=2000 Ts=0 act=-1 cat="0x22" ref="-" ua="x" act=1 u="other" req="GET https://bets.example/ HTTP/1.1" dom="bets.example""#;
    assert_eq!(shown(&read("sophos-web-appliance", record).unwrap()), honest());
    let twice = record.replace("dom=", "req=\"GET https://a.example/ HTTP/1.1\" dom=");
    assert_eq!(read("sophos-web-appliance", &twice).map(|fields| fields.action), Err(Reason::Columns));
}
