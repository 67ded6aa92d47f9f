//! key=value with a backslash before what would end a value: firewalls' quoted values, and CEF as its
//! vendor's guide defines it.

use super::{Draft, Printed, Printer, held, known, line, marked, or, printer};
use crate::fields::{Action, BlockReason, Fields, RecordKind, Text, TimeBasis, When};

pub(super) const PRINTERS: &[Printer] = &[
    printer("fortigate", fortigate),
    printer("fortigate-cef", fortigate_cef),
    printer("forcepoint-cef", forcepoint_cef),
    printer("sophos-web-appliance", sophos_appliance),
];

/// ` key="value"`, with a backslash before quotes and backslashes.
fn pair(key: &str, value: &[u8]) -> Vec<u8> {
    line![" ", key, "=\"", marked(value, b"\\", b"\"\\"), "\""]
}

/// ` key=value`, with a backslash before equals signs and backslashes.
fn extension(key: &str, value: &[u8]) -> Vec<u8> {
    line![" ", key, "=", marked(value, b"\\", b"=\\")]
}

/// The products of this family have two decisions and say nothing of tunnels.
fn allowed_or_blocked(draft: &Draft) -> Draft {
    draft.decided(if draft.action == Action::Blocked { Action::Blocked } else { Action::Allowed })
}

fn group(draft: &Draft) -> Text<'static> {
    held(&draft.group, b"")
}

fn fortinet(draft: &Draft) -> Fields<'static> {
    Fields {
        time: When::Instant(draft.micros),
        user: held(&draft.user, b""),
        // Without a group of its own a row has that of its profile.
        group: group(draft).or(known("pupils")),
        client_host: known(draft.machine),
        url: draft.url(b""),
        status: None,
        mime: known(draft.mime),
        user_agent: held(&draft.agent, b""),
        categories: held(&draft.category, b""),
        block_reason: (draft.action == Action::Blocked).then_some(BlockReason::List),
        kind: RecordKind::Request,
        ..draft.fields(TimeBasis::Unknown)
    }
}

fn fortigate(draft: &Draft) -> Printed {
    let draft = &allowed_or_blocked(draft);
    let fields = fortinet(draft);
    let action = if draft.action == Action::Blocked { "blocked" } else { "passthrough" };
    let text = |key: &str, text: &Text<'static>| pair(key, or(text, ""));
    let line = line![
        draft.clock("date=%Y-%m-%d time=%H:%M:%S devname=\"FW\" devid=\"FG1\""),
        format!(" eventtime={}000 tz=\"+0000\" logid=\"0315012544\" type=\"utm\"", draft.micros),
        " subtype=\"webfilter\" eventtype=\"urlfilter\" level=\"notice\" vd=\"root\" sessionid=880101",
        text("user", &fields.user),
        text("group", &group(draft)),
        format!(" srcip={} srcname=\"{}\" srcport=49013", draft.client, draft.machine),
        text("hostname", &known(draft.host)),
        format!(" profile=\"pupils\" action=\"{action}\""),
        text("url", &fields.url),
        format!(" sentbyte=401 rcvdbyte={} direction=\"outgoing\"", draft.bytes),
        text("agent", &fields.user_agent),
        text("httpmethod", &fields.method),
        text("contenttype", &fields.mime),
        text("catdesc", &fields.categories),
    ];
    Printed { line, fields }
}

fn fortigate_cef(draft: &Draft) -> Printed {
    let draft = &allowed_or_blocked(draft);
    let fields = Fields { mime: None, ..fortinet(draft) };
    let action = if draft.action == Action::Blocked { "blocked" } else { "passthrough" };
    let text = |key: &str, text: &Text<'static>| extension(key, or(text, ""));
    let line = line![
        "CEF:0|Fortinet|Fortigate|v7.0.6|12544|utm:webfilter urlfilter|4|deviceExternalId=FG1",
        format!(" FTNTFGTeventtime={}000 FTNTFGTtz=+0000 FTNTFGTlogid=0315012544", draft.micros),
        " cat=utm:webfilter FTNTFGTsubtype=webfilter FTNTFGTeventtype=urlfilter externalId=880101",
        text("duser", &fields.user),
        text("FTNTFGTgroup", &group(draft)),
        format!(" src={} shost={} spt=49013", draft.client, draft.machine),
        text("dhost", &known(draft.host)),
        format!(" FTNTFGTprofile=pupils act={action}"),
        text("request", &fields.url),
        format!(" out=401 in={} deviceDirection=1", draft.bytes),
        text("requestClientApplication", &fields.user_agent),
        text("requestMethod", &fields.method),
        text("requestContext", &fields.categories),
    ];
    Printed { line, fields }
}

fn forcepoint_cef(draft: &Draft) -> Printed {
    let draft = &allowed_or_blocked(draft);
    let blocked = draft.action == Action::Blocked;
    let fields = Fields {
        user: held(&draft.user, b""),
        group: held(&draft.group, b""),
        url: draft.url(b""),
        host: known(draft.host),
        status: None,
        mime: known(draft.mime),
        user_agent: held(&draft.agent, b""),
        // The number of the category is part of the head.
        categories: known("76"),
        block_reason: blocked.then_some(BlockReason::Rule),
        ..draft.fields(TimeBasis::Unknown)
    };
    let text = |key: &str, text: &Text<'static>| extension(key, or(text, "-"));
    let (title, word) = if blocked { ("blocked", "blocked") } else { ("permitted", "permitted") };
    let line = line![
        format!("CEF:0|Forcepoint|Security|8.5.4|76|Transaction {title}|1| act={word}"),
        format!(
            " app={} dvc=203.0.113.2 dst=192.0.2.7 dhost={} dpt={}",
            draft.scheme, draft.host, draft.port
        ),
        format!(" src={} spt=50107", draft.client),
        " suser=LDAP://ldap.example OU\\=Year 8\\\\, DC\\=example/Taylor",
        text("loginID", &fields.user),
        format!(" destinationTranslatedPort=0 rt={} in={} out=33", draft.micros / 1_000, draft.bytes),
        text("requestMethod", &fields.method),
        text("requestClientApplication", &fields.user_agent),
        " reason=- cs1Label=Policy",
        text("cs1", &fields.group),
        " cs3Label=ContentType",
        text("cs3", &fields.mime),
        " cn1Label=DispositionCode cn1=1026",
        text("request", &fields.url),
    ];
    // Without a name of its own a row has that of the directory.
    let directory = known(r"LDAP://ldap.example OU=Year 8\, DC=example/Taylor");
    let user = fields.user.clone().or(directory);
    Printed { line, fields: Fields { user, ..fields } }
}

/// Quotes, backslashes and bytes beyond ASCII (`\xhh`) are escaped.
fn sophos_appliance(draft: &Draft) -> Printed {
    let blocked = draft.action == Action::Blocked;
    let fields = Fields {
        time: draft.second(),
        duration_ms: Some(draft.duration),
        user: held(&draft.user, b""),
        url: draft.url(b""),
        mime: known(draft.mime),
        user_agent: held(&draft.agent, b""),
        categories: known("0x2200000011"),
        block_reason: blocked.then_some(BlockReason::Rule),
        ..draft.fields(TimeBasis::Start)
    };
    let text = |key: &str, text: &[u8]| {
        let written = |byte: u8| match byte {
            b'"' | b'\\' => vec![b'\\', byte],
            0x20..0x7f => vec![byte],
            _ => format!("\\x{byte:02x}").into_bytes(),
        };
        line![" ", key, "=\"", text.iter().copied().flat_map(written).collect::<Vec<u8>>(), "\""]
    };
    let line = line![
        format!("h={}", draft.client),
        text("u", or(&fields.user, "-")),
        format!(" s={} X=- t={}", draft.status(), draft.micros / 1_000_000),
        format!(" T={}999 Ts=0 act={}", draft.duration, if blocked { "-1" } else { "1" }),
        " cat=\"0x2200000011\" app=\"-\" rsn=- threat=\"-\"",
        text("type", or(&fields.mime, "-")),
        format!(" in=41 out={} meth={}", draft.bytes, draft.method),
        text("ref", &draft.query),
        text("ua", or(&fields.user_agent, "-")),
        text("req", &line![draft.method, " ", or(&fields.url, "-"), " HTTP/1.1"]),
        text("dom", draft.host.as_bytes()),
    ];
    Printed { line, fields }
}
