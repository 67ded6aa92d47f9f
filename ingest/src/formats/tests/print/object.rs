//! JSON lines, with the keys of the producers' own lists. JSON escapes whatever it must; text is UTF-8.

use serde_json::json;

use super::{Draft, Printed, Printer, held, known, line, or, percent, printer};
use crate::fields::{Action, BlockReason, Fields, RecordKind, Text, TimeBasis, When};

pub(super) const PRINTERS: &[Printer] = &[
    printer("bluecoat-json", bluecoat),
    printer("olfeo-live", olfeo),
    printer("zscaler-nss-json", zscaler),
    printer("cloudflare-gateway", cloudflare),
    printer("adguard-home", adguard),
    printer("zeek-http-json", zeek),
];

/// The same request in UTF-8.
fn decoded(draft: &Draft) -> Draft {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned().into_bytes();
    Draft {
        user: text(&draft.user),
        group: text(&draft.group),
        path: text(&draft.path),
        query: text(&draft.query),
        agent: text(&draft.agent),
        category: text(&draft.category),
        ..draft.clone()
    }
}

fn text<'t>(text: &'t Text<'static>) -> &'t str {
    std::str::from_utf8(or(text, "")).unwrap()
}

fn fields(draft: &Draft) -> Fields<'static> {
    Fields {
        user: held(&draft.user, b""),
        group: held(&draft.group, b""),
        url: draft.url(b""),
        mime: known(draft.mime),
        user_agent: held(&draft.agent, b""),
        categories: held(&draft.category, b""),
        block_reason: (draft.action == Action::Blocked).then_some(BlockReason::Rule),
        ..draft.fields(TimeBasis::Unknown)
    }
}

/// Names, groups, types, browsers and categories have `%xx` for what is not plain.
fn bluecoat(draft: &Draft) -> Printed {
    let draft = &decoded(draft);
    let scheme = if draft.method == "CONNECT" { "tcp" } else { draft.scheme };
    let path = held(&draft.path, b"");
    let fields = Fields {
        time: draft.second(),
        basis: TimeBasis::End,
        duration_ms: Some(draft.duration),
        client_host: known(draft.machine),
        url: None,
        scheme: known(scheme),
        host: known(draft.host),
        port: Some(draft.port),
        path: Some(line!["/", or(&path, "")].into()),
        query: held(&draft.query, b""),
        block_reason: (draft.action == Action::Blocked).then_some(BlockReason::List),
        ..fields(draft)
    };
    let escaped = |text: &Text<'static>| {
        String::from_utf8(percent(or(text, "-"), |byte| byte.is_ascii_alphanumeric() || byte == b'-'))
            .unwrap()
    };
    let (exception, result) = match draft.action {
        Action::Blocked => ("content_filter_denied", "DENIED"),
        Action::Challenged => ("authentication_failed", "DENIED"),
        _ => ("-", "OBSERVED"),
    };
    let query = fields.query.as_ref().map_or_else(|| "-".to_owned(), |_| format!("?{}", text(&fields.query)));
    let object = json!({
        "x-bluecoat-request-tenant-id": "1",
        "date": draft.clock("%Y-%m-%d"),
        "time": draft.clock("%H:%M:%S"),
        "time-taken": draft.duration.to_string(),
        "c-ip": draft.client,
        "cs-userdn": escaped(&fields.user),
        "cs-auth-groups": escaped(&fields.group),
        "x-exception-id": exception,
        "sc-filter-result": result,
        "cs-categories": escaped(&fields.categories),
        "sc-status": draft.status().to_string(),
        "cs-method": draft.method,
        "rs(Content-Type)": text(&fields.mime),
        "cs-uri-scheme": scheme,
        "cs-host": draft.host,
        "cs-uri-port": draft.port.to_string(),
        "cs-uri-path": text(&fields.path),
        "cs-uri-query": query,
        "cs(User-Agent)": escaped(&fields.user_agent),
        "sc-bytes": draft.bytes.to_string(),
        "x-client-device-name": draft.machine,
    });
    Printed { line: object.to_string().into_bytes(), fields }
}

fn olfeo(draft: &Draft) -> Printed {
    let draft = &decoded(draft);
    let fields = Fields { duration_ms: Some(draft.duration), mime: None, user_agent: None, ..fields(draft) };
    let object = json!({
        "display_name": text(&fields.user),
        "category_id": "900",
        "category_label": text(&fields.categories),
        "url": text(&fields.url),
        "action": if draft.action == Action::Blocked { "block" } else { "allow" },
        "domain": draft.host,
        "src_ip": draft.client,
        "timestamp": draft.micros / 1_000,
        "http_method": draft.method,
        "user_response_time_ms": draft.duration.to_string(),
        "user_received_bytes": draft.bytes.to_string(),
        "user_status_code": draft.status().to_string(),
        "theme_label": "School",
        "groups_name": [text(&fields.group), "All"],
        "directory_name": "School",
        "type": "proxy",
    });
    Printed { line: object.to_string().into_bytes(), fields }
}

/// Names have `%xx` for what is not plain; addresses have no scheme.
fn zscaler(draft: &Draft) -> Printed {
    let draft = &decoded(draft);
    let scheme = format!("{}://", draft.scheme).len();
    let url =
        draft.url(b"").map(|url| if draft.method == "CONNECT" { url } else { url[scheme..].to_vec().into() });
    let fields =
        Fields { time: When::Local(draft.local()), client_host: known(draft.machine), url, ..fields(draft) };
    let escaped = |text: &Text<'static>| {
        String::from_utf8(percent(or(text, "NA"), |byte| byte.is_ascii_alphanumeric())).unwrap()
    };
    let word = if draft.action == Action::Blocked { "Blocked" } else { "Allowed" };
    let object = json!({ "sourcetype": "zscalernss-web", "event": {
        "datetime": draft.clock("%Y-%m-%d %H:%M:%S"),
        "reason": word,
        "protocol": "HTTPS",
        "action": word,
        "responsesize": draft.bytes.to_string(),
        "urlcategory": text(&fields.categories),
        "requestmethod": draft.method,
        "refererURL": "None",
        "useragent": text(&fields.user_agent),
        "ClientIP": draft.client,
        "status": draft.status().to_string(),
        "user": escaped(&fields.user),
        "url": text(&fields.url),
        "hostname": draft.host,
        "department": escaped(&fields.group),
        "devicehostname": draft.machine,
        "threatname": "None",
        "contenttype": if draft.mime.is_empty() { "Other" } else { draft.mime },
    }});
    Printed { line: object.to_string().into_bytes(), fields }
}

fn cloudflare(draft: &Draft) -> Printed {
    let blocked = draft.action == Action::Blocked;
    let draft = &decoded(&draft.decided(if blocked { Action::Blocked } else { Action::Allowed }));
    let fields = Fields {
        time: draft.second(),
        group: None,
        client_host: known(draft.machine),
        // The list's text is what stands in the record, escapes and all.
        categories: held(&draft.category, b"\"\\\t"),
        response_bytes: None,
        mime: None,
        ..fields(draft)
    };
    let object = json!({
        "Action": if blocked { "block" } else { "allow" },
        "BlockedFileReason": "",
        "CategoryNames": fields.categories.iter().map(|_| text(&fields.categories)).collect::<Vec<_>>(),
        "Datetime": draft.clock("%Y-%m-%dT%H:%M:%SZ"),
        "DestinationPort": draft.port,
        "DeviceName": draft.machine,
        "Email": text(&fields.user),
        "HTTPHost": draft.host,
        "HTTPMethod": draft.method,
        "HTTPStatusCode": draft.status(),
        "IsIsolated": false,
        "PolicyID": "",
        "SourceIP": "203.0.113.6",
        "SourceInternalIP": draft.client,
        "URL": text(&fields.url),
        "UserAgent": text(&fields.user_agent),
    });
    Printed { line: object.to_string().into_bytes(), fields }
}

fn adguard(draft: &Draft) -> Printed {
    let blocked = draft.action == Action::Blocked;
    let fields = Fields {
        time: When::Instant(draft.micros),
        duration_ms: Some(draft.duration),
        client_address: known(draft.client),
        client_host: known(draft.machine),
        host: known(draft.host),
        action: if blocked { Action::Blocked } else { Action::Allowed },
        block_reason: blocked.then_some(BlockReason::List),
        kind: RecordKind::Dns,
        ..Fields::default()
    };
    let object = json!({
        "T": format!("{}.{:03}000004Z", draft.clock("%Y-%m-%dT%H:%M:%S"), draft.micros / 1_000 % 1_000),
        "QH": draft.host,
        "QT": "A",
        "QC": "IN",
        "CP": "",
        "CID": draft.machine,
        "Answer": "AAABAAEAAAA04",
        "IP": draft.client,
        "Result": if blocked { json!({ "IsFiltered": true, "Reason": 3 }) } else { json!({}) },
        "Elapsed": draft.duration * 1_000_000 + 17,
    });
    Printed { line: object.to_string().into_bytes(), fields }
}

fn zeek(draft: &Draft) -> Printed {
    let method = if draft.method == "CONNECT" { "PUT" } else { draft.method };
    let challenged = draft.action == Action::Challenged;
    let action = if challenged { Action::Challenged } else { Action::Unknown };
    let draft = &Draft { method, ..decoded(draft) };
    let path = held(&draft.path, b":");
    let fields = Fields {
        basis: TimeBasis::Start,
        group: None,
        url: None,
        host: known(draft.host),
        port: Some(draft.port),
        path: Some(line!["/", or(&path, "")].into()),
        categories: None,
        block_reason: None,
        action,
        kind: if challenged { RecordKind::Authentication } else { RecordKind::Request },
        ..fields(draft)
    };
    let types: Vec<&str> = [draft.mime].into_iter().filter(|mime| !mime.is_empty()).collect();
    let object = json!({
        "ts": draft.micros as f64 / 1e6,
        "uid": "C1",
        "id.orig_h": draft.client,
        "id.resp_h": "192.0.2.7",
        "id.resp_p": draft.port,
        "trans_depth": 1,
        "method": method,
        "host": draft.host,
        "uri": text(&fields.path),
        "user_agent": text(&fields.user_agent),
        "response_body_len": draft.bytes,
        "status_code": draft.status(),
        "username": text(&fields.user),
        "resp_mime_types": types,
    });
    Printed { line: object.to_string().into_bytes(), fields }
}
