//! key=value between tabs: Zscaler's feed and WatchGuard's LEEF. Neither escapes, so no value has a tab.

use super::{Draft, Printed, Printer, held, known, line, or, percent, printer};
use crate::fields::{Action, BlockReason, Fields, RecordKind, Text, TimeBasis, When};

pub(super) const PRINTERS: &[Printer] =
    &[printer("zscaler-nss-tab", zscaler), printer("watchguard-leef", watchguard)];

fn pair(key: &str, text: &[u8]) -> Vec<u8> {
    line!["\t", key, "=", text]
}

/// Names have `%xx` for what is not plain; addresses have no scheme.
fn zscaler(draft: &Draft) -> Printed {
    let blocked = draft.action == Action::Blocked;
    let scheme = format!("{}://", draft.scheme).len();
    let url = draft
        .url(b"\t")
        .map(|url| if draft.method == "CONNECT" { url } else { url[scheme..].to_vec().into() });
    let fields = Fields {
        time: When::Local(draft.local()),
        user: held(&draft.user, b""),
        group: held(&draft.group, b""),
        client_host: known(draft.machine),
        url,
        mime: known(draft.mime),
        user_agent: held(&draft.agent, b"\t"),
        categories: held(&draft.category, b"\t"),
        block_reason: blocked.then_some(BlockReason::Rule),
        ..draft.fields(TimeBasis::Unknown)
    };
    let word = if blocked { "Blocked" } else { "Allowed" };
    let escaped = |key: &str, text: &Text<'static>| {
        pair(key, &percent(or(text, "NA"), |byte| byte.is_ascii_alphanumeric() || byte == b'@'))
    };
    let line = line![
        draft.clock("%Y-%m-%d %H:%M:%S"),
        format!("\treason={word}\tevent_id=6748427317914895001\tprotocol=HTTPS\taction={word}"),
        format!("\ttransactionsize=48514\tresponsesize={}\trequestsize=301", draft.bytes),
        pair("urlcategory", or(&fields.categories, "None")),
        pair("requestmethod", draft.method.as_bytes()),
        pair("refererURL", or(&held(&draft.query, b"\t"), "None")),
        pair("useragent", or(&fields.user_agent, "None")),
        format!("\tproduct=NSS\tlocation=Main\tClientIP={}\tstatus={}", draft.client, draft.status()),
        escaped("user", &fields.user),
        pair("url", or(&fields.url, "None")),
        format!("\tvendor=Zscaler\thostname={}\tthreatname=None", draft.host),
        pair("contenttype", or(&fields.mime, "Other")),
        escaped("department", &fields.group),
        escaped("devicehostname", &fields.client_host),
    ];
    Printed { line, fields }
}

/// A row of the proxy for plain HTTP: host and path apart.
fn watchguard(draft: &Draft) -> Printed {
    let blocked = draft.action == Action::Blocked;
    let draft = &draft.decided(if blocked { Action::Blocked } else { Action::Allowed });
    let path = held(&draft.path, b"\t");
    let fields = Fields {
        time: draft.second(),
        duration_ms: Some(draft.duration),
        user: held(&draft.user, b"\t"),
        group: held(&draft.group, b"\t"),
        scheme: known("http"),
        host: known(draft.host),
        path: Some(line!["/", or(&path, "")].into()),
        status: None,
        mime: known(draft.mime),
        categories: held(&draft.category, b"\t"),
        block_reason: blocked.then_some(BlockReason::List),
        kind: RecordKind::Request,
        ..draft.fields(TimeBasis::Unknown)
    };
    let message = if blocked { "ProxyDeny: HTTP Request categories" } else { "HTTP request" };
    let line = line![
        "LEEF:1.0|WatchGuard|XTM|12.8.2.B666661|1AFF0024|serial=80DA",
        draft.clock("\tdevTime=%b %d %Y %H:%M:%S +0000"),
        pair("policy", or(&fields.group, "")),
        if blocked { "\tdisp=Deny" } else { "\tdisp=Allow" },
        format!("\tin_if=LAN\tsrc={}\tsrcPort=52001\tdst=192.0.2.7\tdstPort=80", draft.client),
        pair("src_user", or(&fields.user, "")),
        "\tproto=tcp",
        pair("cats", or(&fields.categories, "")),
        pair("op", draft.method.as_bytes()),
        pair("dstname", draft.host.as_bytes()),
        pair("arg", or(&fields.path, "")),
        format!("\tsent_bytes=57\trcvd_bytes={}", draft.bytes),
        format!("\telapsed_time={}.{:03}407 sec(s)", draft.duration / 1_000, draft.duration % 1_000),
        pair("content_type", or(&fields.mime, "")),
        format!("\tmsg={message}"),
    ];
    Printed { line, fields }
}
