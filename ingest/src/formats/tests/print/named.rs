//! Layouts whose files name their columns: W3C's extended format and Zeek's. The order of the columns is
//! the producers' own default.

use std::borrow::Cow;

use super::{Draft, Printed, Printer, held, known, line, marked, or, percent};
use crate::fields::{Action, BlockReason, Fields, Text, TimeBasis, When};

const BLUECOAT: &str = "#Software: SGOS 6.7.5.1\n#Version: 1.0\n#Fields: date time time-taken c-ip cs-username cs-auth-group x-exception-id sc-filter-result cs-categories cs(Referer) sc-status s-action cs-method rs(Content-Type) cs-uri-scheme cs-host cs-uri-port cs-uri-path cs-uri-query cs-uri-extension cs(User-Agent) s-ip sc-bytes cs-bytes x-virus-id";

const ISA: &str = "#Software: Microsoft Forefront Threat Management Gateway\n#Version: 2.0\n#Fields: c-ip\tcs-username\tc-agent\tsc-authenticated\tdate\ttime\ts-svcname\ts-computername\tcs-referred\tr-host\tr-ip\tr-port\ttime-taken\tcs-bytes\tsc-bytes\tcs-protocol\tcs-transport\ts-operation\tcs-uri\tcs-mime-type\ts-object-source\tsc-status\ts-cache-info\trule\tFilterInfo\tcs-Network\tsc-Network\terror-info\taction\tUrlCategory";

const IIS: &str = "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Fields: date time s-ip cs-method cs-host cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken";

const ZEEK: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\thttp\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tmethod\thost\turi\treferrer\tuser_agent\tresponse_body_len\tstatus_code\tusername\tresp_mime_types";

pub(super) const PRINTERS: &[Printer] = &[
    Printer { format: "bluecoat-w3c", before: BLUECOAT, print: bluecoat },
    Printer { format: "isa-tmg-w3c", before: ISA, print: isa },
    Printer { format: "iis-w3c", before: IIS, print: iis },
    Printer { format: "zeek-http", before: ZEEK, print: zeek },
];

/// Between quotes, and a quote within doubled.
fn quoted(text: &Text<'static>) -> Vec<u8> {
    text.as_deref().map_or_else(|| b"-".to_vec(), |text| line!["\"", marked(text, b"\"", b"\""), "\""])
}

/// Names and categories have `%xx` for blanks and all that is not plain.
fn escaped(text: &Text<'static>) -> Vec<u8> {
    percent(or(text, "-"), |byte| byte.is_ascii_alphanumeric() || b"\\-;".contains(&byte))
}

fn bluecoat(draft: &Draft) -> Printed {
    let tunnel = draft.method == "CONNECT";
    let fields = Fields {
        time: draft.second(),
        duration_ms: Some(draft.duration),
        user: held(&draft.user, b""),
        group: held(&draft.group, b""),
        scheme: known(if tunnel { "tcp" } else { draft.scheme }),
        host: known(draft.host),
        port: Some(draft.port),
        path: Some(Cow::Owned(line!["/", or(&held(&draft.path, b" \t"), "")])),
        query: held(&draft.query, b" \t"),
        mime: known(draft.mime),
        user_agent: held(&draft.agent, b"\t"),
        categories: held(&draft.category, b""),
        block_reason: (draft.action == Action::Blocked).then_some(BlockReason::List),
        ..draft.fields(TimeBasis::End)
    };
    let (exception, result) = match draft.action {
        Action::Blocked => ("content_filter_denied", "DENIED"),
        Action::Challenged => ("authentication_failed", "DENIED"),
        _ => ("-", "OBSERVED"),
    };
    let query = fields.query.as_deref().map_or_else(|| b"-".to_vec(), |query| line!["?", query]);
    let line = line![
        draft.clock("%Y-%m-%d %H:%M:%S "),
        format!("{} {} ", draft.duration, draft.client),
        escaped(&fields.user),
        " ",
        escaped(&fields.group),
        format!(" {exception} {result} "),
        escaped(&fields.categories),
        " - ",
        format!("{} TCP_NC_MISS {} ", draft.status(), draft.method),
        or(&fields.mime, "-"),
        format!(" {} {} {} ", if tunnel { "tcp" } else { draft.scheme }, draft.host, draft.port),
        or(&fields.path, "-"),
        " ",
        query,
        " - ",
        quoted(&fields.user_agent),
        format!(" 192.0.2.9 {} 301 -", draft.bytes),
    ];
    Printed { line, fields }
}

/// Between tabs nothing is escaped.
fn isa(draft: &Draft) -> Printed {
    let blocked = draft.action == Action::Blocked;
    let (status, word) = match draft.action {
        Action::Blocked => (12_202, "Denied"),
        Action::Challenged => (12_209, "Denied"),
        _ => (draft.answer, "Allowed"),
    };
    let categories = held(&draft.category, b"\t");
    let reason = if categories.is_some() { BlockReason::List } else { BlockReason::Rule };
    let fields = Fields {
        time: draft.second(),
        duration_ms: Some(draft.duration),
        user: held(&draft.user, b"\t"),
        url: draft.url(b"\t"),
        status: Some(status),
        mime: known(draft.mime),
        user_agent: held(&draft.agent, b"\t"),
        categories,
        block_reason: blocked.then_some(reason),
        ..draft.fields(TimeBasis::End)
    };
    let line = line![
        draft.client,
        "\t",
        or(&fields.user, "-"),
        "\t",
        or(&fields.user_agent, "-"),
        draft.clock("\tY\t%Y-%m-%d\t%H:%M:%S\tw3proxy\tISA1\t-\t"),
        draft.host,
        format!("\t192.0.2.7\t{}\t{}\t489\t{}\t", draft.port, draft.duration, draft.bytes),
        format!("{}\tTCP\t{}\t", draft.scheme, draft.method),
        or(&fields.url, "-"),
        "\t",
        or(&fields.mime, "-"),
        format!("\tInet\t{status}\t0x40000005\tWeb\t-\tInternal\tExternal\t0xd80\t{word}\t"),
        or(&fields.categories, "-"),
    ];
    Printed { line, fields }
}

/// Blanks become `+`, and nothing is quoted. There is no decision.
fn iis(draft: &Draft) -> Printed {
    let plus = |bytes: &[u8]| -> Text<'static> {
        let bytes = held(bytes, b"\t")?;
        Some(Cow::Owned(bytes.iter().map(|byte| if *byte == b' ' { b'+' } else { *byte }).collect()))
    };
    let action = if draft.action == Action::Challenged { Action::Challenged } else { Action::Unknown };
    let fields = Fields {
        time: draft.second(),
        duration_ms: Some(draft.duration),
        user: plus(&draft.user),
        host: known(draft.host),
        path: Some(Cow::Owned(line!["/", or(&held(&draft.path, b" \t:"), "")])),
        query: held(&draft.query, b" \t"),
        user_agent: plus(&draft.agent),
        action,
        ..draft.fields(TimeBasis::Unknown)
    };
    let line = line![
        draft.clock("%Y-%m-%d %H:%M:%S 192.0.2.9 "),
        format!("{} {} ", draft.method, draft.host),
        or(&fields.path, "-"),
        " ",
        or(&fields.query, "-"),
        " 80 ",
        or(&fields.user, "-"),
        " ",
        draft.client,
        " ",
        or(&fields.user_agent, "-"),
        format!(" {} 0 0 {} 301 {}", draft.status(), draft.bytes, draft.duration),
    ];
    Printed { line, fields }
}

/// Tabs, backslashes and what cannot be printed as `\xhh`; a comma within a list likewise.
fn zeek(draft: &Draft) -> Printed {
    let escaped = |text: &Text<'static>| -> Vec<u8> {
        let written = |byte: &u8| match byte {
            b'\\' | b',' => format!("\\x{byte:02x}").into_bytes(),
            0x20..0x7f => vec![*byte],
            _ => format!("\\x{byte:02x}").into_bytes(),
        };
        or(text, "-").iter().flat_map(written).collect()
    };
    let action = if draft.action == Action::Challenged { Action::Challenged } else { Action::Unknown };
    let draft =
        &Draft { method: if draft.method == "CONNECT" { "PUT" } else { draft.method }, ..draft.clone() };
    let path = held(&draft.path, b":");
    let fields = Fields {
        time: When::Instant(draft.micros),
        user: held(&draft.user, b""),
        host: known(draft.host),
        port: Some(draft.port),
        path: Some(Cow::Owned(line!["/", or(&path, "")])),
        mime: known(draft.mime),
        user_agent: held(&draft.agent, b""),
        action,
        ..draft.fields(TimeBasis::Start)
    };
    let line = line![
        format!("{}000\tCx1\t{}\t50123\t192.0.2.7\t{}\t", draft.epoch(), draft.client, draft.port),
        format!("{}\t{}\t", draft.method, draft.host),
        escaped(&fields.path),
        "\t-\t",
        escaped(&fields.user_agent),
        format!("\t{}\t{}\t", draft.bytes, draft.status()),
        escaped(&fields.user),
        "\t",
        or(&fields.mime, "-"),
    ];
    Printed { line, fields }
}
