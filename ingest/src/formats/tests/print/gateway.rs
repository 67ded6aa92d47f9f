//! key=value of filters and gateways between quotes, where no document says how a quote within a value is
//! written: their values hold neither quotes nor backslashes here, and all else.

use std::borrow::Cow;

use super::{Draft, Printed, Printer, held, known, line, or, percent, printer};
use crate::fields::{Action, BlockReason, Fields, RecordKind, Text, TimeBasis, When};

pub(super) const PRINTERS: &[Printer] = &[
    printer("sophos-utm", sophos_utm),
    printer("sophos-firewall", sophos_firewall),
    printer("skyhigh-gateway", skyhigh),
    printer("mcafee-webgateway-pairs", mcafee),
    printer("bluecoat-pairs", bluecoat),
];

const WITHOUT: &[u8] = b"\"\\";

/// ` key="value"`
fn pair(key: &str, text: &Text<'static>) -> Vec<u8> {
    line![" ", key, "=\"", or(text, ""), "\""]
}

fn fields(draft: &Draft) -> Fields<'static> {
    let blocked = draft.action == Action::Blocked;
    Fields {
        user: held(&draft.user, WITHOUT),
        group: held(&draft.group, WITHOUT),
        url: draft.url(WITHOUT),
        mime: known(draft.mime),
        user_agent: held(&draft.agent, WITHOUT),
        categories: held(&draft.category, WITHOUT),
        block_reason: blocked.then_some(BlockReason::List),
        ..draft.fields(TimeBasis::Unknown)
    }
}

fn sophos_utm(draft: &Draft) -> Printed {
    let blocked = draft.action == Action::Blocked;
    let fields = Fields {
        time: When::Local(draft.local()),
        basis: TimeBasis::End,
        duration_ms: Some(draft.duration),
        ..fields(draft)
    };
    let (id, action) = if blocked { ("0060", "block") } else { ("0001", "pass") };
    let reason = if blocked { "category" } else { "" };
    let line = line![
        draft.clock("%Y:%m:%d-%H:%M:%S utm httpproxy[6267]: "),
        format!("id=\"{id}\" severity=\"info\" sys=\"SecureWeb\" sub=\"http\" name=\"http access\""),
        format!(" action=\"{action}\" method=\"{}\" srcip=\"{}\"", draft.method, draft.client),
        pair("user", &fields.user),
        pair("group", &fields.group),
        format!(" statuscode=\"{}\" cached=\"0\" size=\"{}\"", draft.status(), draft.bytes),
        pair("url", &fields.url),
        pair("referer", &held(&draft.query, WITHOUT)),
        format!(" fullreqtime=\"{}999\" device=\"0\"", draft.duration),
        pair("ua", &fields.user_agent),
        format!(" exceptions=\"\" reason=\"{reason}\" category=\"178\""),
        pair("categoryname", &fields.categories),
        pair("content-type", &fields.mime),
    ];
    Printed { line, fields }
}

fn sophos_firewall(draft: &Draft) -> Printed {
    let blocked = draft.action == Action::Blocked;
    let draft = &draft.decided(if blocked { Action::Blocked } else { Action::Allowed });
    let fields = Fields {
        time: draft.second(),
        method: None,
        kind: RecordKind::Request,
        block_reason: blocked.then_some(BlockReason::Rule),
        ..fields(draft)
    };
    let line = line![
        draft.clock("device=\"SFW\" date=%Y-%m-%d time=%H:%M:%S timezone=\"GMT\" device_name=\"XGS\""),
        " log_type=\"Content Filtering\" log_component=\"HTTP\"",
        format!(" log_subtype=\"{}\" fw_rule_id=6", if blocked { "Denied" } else { "Allowed" }),
        pair("user_name", &fields.user),
        pair("user_gp", &fields.group),
        " iap=13",
        pair("category", &fields.categories),
        " category_type=\"Acceptable\"",
        pair("url", &fields.url),
        pair("contenttype", &fields.mime),
        format!(" src_ip={} dst_ip=192.0.2.7 sent_bytes=31 recv_bytes={}", draft.client, draft.bytes),
        format!(" domain={} exceptions= activityname=\"\"", draft.host),
        pair("user_agent", &fields.user_agent),
        format!(" status_code=\"{}\"", draft.status()),
        pair("referer", &held(&draft.query, WITHOUT)),
        " override_name=\"\" override_authorizer=\"\"",
    ];
    Printed { line, fields }
}

fn skyhigh(draft: &Draft) -> Printed {
    let blocked = draft.action == Action::Blocked;
    let fields = Fields { group: None, host: known(draft.host), ..fields(draft) };
    let line = line![
        draft.clock("date=\"%Y-%m-%dT%H:%M:%S"),
        format!(".{:03}Z\" hostname=\"gateway1\"", draft.micros / 1_000 % 1_000),
        pair("username", &fields.user),
        format!(" source_ip={} destination_host=\"{}\"", draft.client, draft.host),
        format!(" http_status_code={}", draft.status()),
        pair("media_type", &fields.mime),
        format!(" source_bytes=127 destination_bytes={}", draft.bytes),
        format!(" http_request_first_line=\"{} ", draft.method),
        or(&fields.url, ""),
        " HTTP/1.1\"",
        pair("url_categories", &fields.categories),
        format!(" block_id={}", if blocked { "10" } else { "0" }),
        format!(" block_reason=\"{}\"", if blocked { "Blocked by URL filtering" } else { "" }),
        pair("user_agent", &fields.user_agent),
    ];
    Printed { line, fields }
}

/// The address of a tunnel is its host alone. There is no time.
fn mcafee(draft: &Draft) -> Printed {
    let blocked = draft.action == Action::Blocked;
    let fields = Fields {
        time: When::Missing,
        group: None,
        url: draft.url(WITHOUT).filter(|_| draft.method != "CONNECT"),
        host: known(draft.host),
        block_reason: blocked.then_some(BlockReason::Rule),
        ..fields(draft)
    };
    let line = line![
        format!("status=\"{}/{}\"", draft.status(), if blocked { 10 } else { 0 }),
        format!(" srcip=\"{}\"", draft.client),
        pair("user", &fields.user),
        format!(" dhost=\"{}\" urlp=\"{}\" mtd=\"{}\"", draft.host, draft.port, draft.method),
        pair("urlc", &fields.categories),
        " rep=\"-31\"",
        pair("mt", &fields.mime),
        format!(" mlwr=\"-\" app=\"-\" bytes=\"458/509/2813/{}\"", draft.bytes),
        pair("ua", &fields.user_agent),
        pair("http_referrer", &held(&draft.query, WITHOUT)),
        pair("url", &fields.url),
        " file_name=\"\"",
    ];
    Printed { line, fields }
}

/// Names and categories have `%xx` for what is not plain; the address is as it was asked for.
fn bluecoat(draft: &Draft) -> Printed {
    let tunnel = draft.method == "CONNECT";
    let escaped = |key: &str, text: &Text<'static>| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-;".contains(&byte);
        line![" ", key, "=\"", percent(or(text, "-"), plain), "\""]
    };
    let scheme = if tunnel { "tcp" } else { draft.scheme };
    let fields = Fields {
        time: draft.second(),
        basis: TimeBasis::End,
        duration_ms: Some(draft.duration),
        url: None,
        scheme: known(scheme),
        host: known(draft.host),
        port: Some(draft.port),
        path: Some(Cow::Owned(line!["/", or(&held(&draft.path, b"\"\\ \t"), "")])),
        query: held(&draft.query, b"\"\\ \t"),
        ..fields(draft)
    };
    let (exception, result) = match draft.action {
        Action::Blocked => ("content_filter_denied", "DENIED"),
        Action::Challenged => ("authentication_failed", "DENIED"),
        _ => ("-", "OBSERVED"),
    };
    let query = fields.query.as_deref().map_or_else(|| b"-".to_vec(), |query| line!["?", query]);
    let line = line![
        draft.clock("%Y-%m-%dT%H:%M:%S gateway1 bluecoat - access_log - "),
        format!("c-ip={}", draft.client),
        pair("rs-Content-Type", &fields.mime),
        escaped("cs-auth-groups", &fields.group),
        escaped("cs-categories", &fields.categories),
        format!(" cs-host={} cs-method={}", draft.host, draft.method),
        format!(" cs-uri-port={} cs-uri-scheme={scheme}", draft.port),
        escaped("cs-user-agent", &fields.user_agent),
        escaped("cs-username", &fields.user),
        format!(" sc-bytes={} sc-filter-result={result} sc-status={}", draft.bytes, draft.status()),
        format!(" time-taken={} x-exception-id={exception}", draft.duration),
        " cs-uri-path=\"",
        or(&fields.path, "-"),
        "\" cs-uri-query=\"",
        query,
        "\"",
    ];
    Printed { line, fields }
}
