//! Values between commas. Palo Alto, Umbrella and NextDNS quote them as RFC 4180 has it; ISA Server writes
//! a backtick for a comma.

use super::{Draft, Printed, Printer, held, known, line, marked, or, printer};
use crate::fields::{Action, BlockReason, Fields, RecordKind, Text, TimeBasis, When};

const NEXTDNS: &str = "timestamp,domain,query_type,dnssec,protocol,client_ip,status,reasons,destination_country,root_domain,device_id,device_name,device_model,device_local_ip,matched_name,client_name";

pub(super) const PRINTERS: &[Printer] = &[
    printer("paloalto", paloalto),
    printer("umbrella-proxy", umbrella_proxy),
    printer("umbrella-dns", umbrella_dns),
    Printer { format: "nextdns-csv", before: NEXTDNS, print: nextdns },
    printer("isa-tmg-text", isa),
];

fn quoted(value: &[u8]) -> Vec<u8> {
    line!["\"", marked(value, b"\"", b"\""), "\""]
}

fn some(text: &Text<'static>) -> Vec<u8> {
    quoted(or(text, ""))
}

/// Text without blanks at its ends; a dash is text here.
fn text(bytes: &[u8]) -> Text<'static> {
    let bytes = bytes.trim_ascii();
    (!bytes.is_empty()).then(|| bytes.to_vec().into())
}

fn allowed_or_blocked(draft: &Draft) -> Draft {
    draft.decided(if draft.action == Action::Blocked { Action::Blocked } else { Action::Allowed })
}

/// The 76 columns of a row of URL filtering, by their places in the vendor's list, from 1.
fn paloalto(draft: &Draft) -> Printed {
    let draft = &allowed_or_blocked(draft);
    let blocked = draft.action == Action::Blocked;
    let scheme = format!("{}://", draft.scheme).len();
    let url =
        draft.url(b"").map(|url| if draft.method == "CONNECT" { url } else { url[scheme..].to_vec().into() });
    let method = draft.method.to_ascii_lowercase();
    let fields = Fields {
        time: When::Local(draft.local()),
        user: text(&draft.user),
        method: Some(method.clone().into_bytes().into()),
        url,
        status: None,
        response_bytes: None,
        mime: known(draft.mime),
        user_agent: text(&draft.agent),
        categories: text(&draft.category),
        block_reason: blocked.then_some(BlockReason::List),
        ..draft.fields(TimeBasis::Unknown)
    };
    let mut columns = vec![Vec::new(); 78];
    let clock = draft.clock("%Y/%m/%d %H:%M:%S");
    for (place, value) in [
        (1, b"1".to_vec()),
        (2, clock.clone().into_bytes()),
        (3, b"016201000000".to_vec()),
        (4, b"THREAT".to_vec()),
        (5, b"url".to_vec()),
        (7, clock.into_bytes()),
        (8, draft.client.into()),
        (13, some(&fields.user)),
        (15, b"web-browsing".to_vec()),
        (31, if blocked { b"block-url".to_vec() } else { b"alert".to_vec() }),
        (32, some(&fields.url)),
        (33, b"(9999)".to_vec()),
        (34, b"first".to_vec()),
        (37, b"55550001".to_vec()),
        (42, draft.mime.into()),
        (47, some(&fields.user_agent)),
        (50, some(&text(&draft.query))),
        (64, method.into_bytes()),
        (76, some(&fields.categories)),
    ] {
        columns[place - 1] = value;
    }
    let categories = fields.categories.clone().or(known("first"));
    Printed { line: columns.join(&b","[..]), fields: Fields { categories, ..fields } }
}

/// An identity that is a user's: the account alone, or behind the name in brackets.
fn identity(draft: &Draft) -> (Text<'static>, Vec<u8>) {
    let name = text(&draft.user).filter(|name| !name.ends_with(b")"));
    match name {
        Some(name) => (Some(b"m.taylor@example.org".to_vec().into()), line![name, " (m.taylor@example.org)"]),
        None => (known("m.taylor"), b"m.taylor".to_vec()),
    }
}

/// Every value in quotes, in the order of the vendor's page, from the time to the method.
fn umbrella_proxy(draft: &Draft) -> Printed {
    let blocked = draft.action == Action::Blocked;
    let (user, written) = identity(draft);
    let fields = Fields {
        time: draft.second(),
        user,
        url: draft.url(b""),
        mime: known(draft.mime),
        user_agent: text(&draft.agent),
        categories: text(&draft.category),
        block_reason: blocked.then_some(BlockReason::List),
        ..draft.fields(TimeBasis::Unknown)
    };
    let columns = [
        quoted(draft.clock("%Y-%m-%d %H:%M:%S").as_bytes()),
        quoted(&written),
        quoted(draft.client.as_bytes()),
        quoted(b"203.0.113.6"),
        quoted(b"198.51.100.1"),
        some(&fields.mime),
        quoted(if blocked { b"BLOCKED" } else { b"ALLOWED" }),
        some(&fields.url),
        quoted(&draft.query),
        some(&fields.user_agent),
        quoted(draft.status().to_string().as_bytes()),
        quoted(b"71"),
        quoted(draft.bytes.to_string().as_bytes()),
        quoted(b"0"),
        quoted(b""),
        some(&fields.categories),
        quoted(b""),
        quoted(b""),
        quoted(b""),
        quoted(b""),
        quoted(b""),
        quoted(b"AD Users"),
        quoted(if blocked { b"Gambling" } else { b"" }),
        quoted(&written),
        quoted(b"AD Users"),
        quoted(draft.method.as_bytes()),
    ];
    Printed { line: columns.join(&b","[..]), fields }
}

fn umbrella_dns(draft: &Draft) -> Printed {
    let blocked = draft.action == Action::Blocked;
    let (user, written) = identity(draft);
    let fields = Fields {
        time: draft.second(),
        basis: TimeBasis::Start,
        user,
        client_address: known(draft.client),
        host: text(&line![draft.host, "."]),
        categories: text(&draft.category),
        action: if blocked { Action::Blocked } else { Action::Allowed },
        block_reason: blocked.then_some(BlockReason::List),
        kind: RecordKind::Dns,
        ..Fields::default()
    };
    let columns = [
        quoted(draft.clock("%Y-%m-%d %H:%M:%S").as_bytes()),
        quoted(&written),
        quoted(&line![written, ",Main site"]),
        quoted(draft.client.as_bytes()),
        quoted(b"203.0.113.6"),
        quoted(if blocked { b"Blocked" } else { b"Allowed" }),
        quoted(b"1 (A)"),
        quoted(b"NOERROR"),
        some(&fields.host),
        some(&fields.categories),
        quoted(b"AD Users"),
        quoted(b"AD Users,Sites"),
        quoted(if blocked { b"Gambling" } else { b"" }),
    ];
    Printed { line: columns.join(&b","[..]), fields }
}

fn nextdns(draft: &Draft) -> Printed {
    let blocked = draft.action == Action::Blocked;
    let fields = Fields {
        time: When::Instant(draft.micros),
        basis: TimeBasis::Unknown,
        client_address: known(draft.client),
        client_host: held(&draft.user, b"").and_then(|name| text(&name)),
        host: known(draft.host),
        action: if blocked { Action::Blocked } else { Action::Allowed },
        block_reason: blocked.then_some(BlockReason::List),
        kind: RecordKind::Dns,
        ..Fields::default()
    };
    let line = line![
        draft.clock("%Y-%m-%dT%H:%M:%S"),
        format!(".{:03}Z,{},A,false,DNS-over-HTTPS,", draft.micros / 1_000 % 1_000, draft.host),
        format!("203.0.113.6,{},", if blocked { "blocked" } else { "" }),
        quoted(&draft.category),
        format!(",GB,{},9AB01,", draft.host),
        some(&fields.client_host),
        format!(",,{},,nextdns-cli", draft.client),
    ];
    Printed { line, fields }
}

/// The 29 columns of ISA 2004 by their bit numbers, a comma and a blank between.
fn isa(draft: &Draft) -> Printed {
    let backtick = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().map(|byte| if *byte == b',' { b'`' } else { *byte }).collect()
    };
    let (status, word) = match draft.action {
        Action::Blocked => (12_202, "Denied"),
        Action::Challenged => (12_209, "Denied"),
        _ => (draft.answer, "Allowed"),
    };
    let fields = Fields {
        time: When::Local(draft.local()),
        duration_ms: Some(draft.duration),
        user: held(&backtick(&draft.user), b"\t"),
        url: draft.url(b"\t").map(|url| backtick(&url).into()),
        status: Some(status),
        mime: known(draft.mime),
        user_agent: held(&backtick(&draft.agent), b"\t"),
        block_reason: (draft.action == Action::Blocked).then_some(BlockReason::Rule),
        ..draft.fields(TimeBasis::End)
    };
    let line = line![
        draft.client,
        ", ",
        or(&fields.user, "-"),
        ", ",
        or(&fields.user_agent, "-"),
        draft.clock(", Y, %Y-%m-%d, %H:%M:%S, w3proxy, ISA1, -, "),
        format!("{}, 192.0.2.7, {}, {}, 489, ", draft.host, draft.port, draft.duration),
        format!("{}, {}, TCP, {}, ", draft.bytes, draft.scheme, draft.method),
        or(&fields.url, "-"),
        ", ",
        or(&fields.mime, "-"),
        format!(", Inet, {status}, 0x40000005, Web, -, Internal, External, 0xd80, {word}"),
    ];
    Printed { line, fields }
}
