//! Squid and web servers, from Squid's reference of `logformat` and Apache's of `mod_log_config`.

use std::borrow::Cow;

use super::{Draft, Printed, Printer, held, known, line, marked, or, parted, percent, printer};
use crate::fields::{Action, BlockReason, Fields, Text, TimeBasis};

pub(super) const PRINTERS: &[Printer] = &[
    printer("squid-native", native),
    printer("squid-combined", common),
    printer("squid-combined", combined),
    printer("web-combined", web_common),
    printer("web-combined", web_combined),
];

/// `uri_whitespace strip`, the default, takes blanks out of addresses.
const BLANKS: &[u8] = b" \t";

/// `%[un`: blanks as they are; a backslash doubled; `%`, brackets and bytes that are not plain as `%xx`.
fn name(text: &Text<'static>) -> Vec<u8> {
    let plain = |byte: u8| (0x20..0x7f).contains(&byte) && !b"%[]".contains(&byte);
    percent(&marked(or(text, "-"), b"\\", b"\\"), plain)
}

fn result(draft: &Draft) -> &'static str {
    match draft.action {
        Action::Allowed if draft.method == "CONNECT" => "TCP_TUNNEL",
        Action::Allowed if draft.answer == 304 => "TCP_INM_HIT",
        Action::Allowed => "TCP_MISS",
        _ => "TCP_DENIED",
    }
}

fn fields(draft: &Draft) -> Fields<'static> {
    let fields = draft.fields(TimeBasis::End);
    Fields {
        user: draft.bare_user(b"\""),
        url: draft.url(BLANKS),
        block_reason: (draft.action == Action::Blocked).then_some(BlockReason::Rule),
        ..fields
    }
}

/// `%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt`
fn native(draft: &Draft) -> Printed {
    let fields = Fields { duration_ms: Some(draft.duration), mime: known(draft.mime), ..fields(draft) };
    let line = line![
        format!("{} {:>6} {} ", draft.epoch(), draft.duration, draft.client),
        format!("{}/{:03} {} {} ", result(draft), draft.status(), draft.bytes, draft.method),
        or(&fields.url, "-"),
        " ",
        name(&fields.user),
        " HIER_DIRECT/192.0.2.7 ",
        or(&fields.mime, "-"),
    ];
    Printed { line, fields }
}

/// `%>a - %[un [%tl] "%rm %ru HTTP/%rv" %>Hs %<st`; address and method as they are.
fn shared(draft: &Draft, fields: &Fields<'static>, user: &[u8]) -> Vec<u8> {
    line![
        draft.client,
        " - ",
        user,
        draft.clock(" [%d/%b/%Y:%H:%M:%S +0000] \""),
        draft.method,
        " ",
        or(&fields.url, "-"),
        format!(" HTTP/1.1\" {} {}", draft.status(), draft.bytes),
    ]
}

/// ... ` %Ss:%Sh`
fn common(draft: &Draft) -> Printed {
    let fields = Fields { time: draft.second(), ..fields(draft) };
    let shared = shared(draft, &fields, &name(&fields.user));
    Printed { line: line![shared, " ", result(draft), ":HIER_DIRECT"], fields }
}

/// ... ` "%{Referer}>h" "%{User-Agent}>h" %Ss:%Sh`, of which the built-in layout escapes nothing: a browser
/// with quote, blank, quote in its name cannot be told from two columns.
fn combined(draft: &Draft) -> Printed {
    let quoted = |text: &[u8]| held(&parted(text, b"\t", b"\" \""), b"");
    let fields = Fields { time: draft.second(), user_agent: quoted(&draft.agent), ..fields(draft) };
    let line = line![
        shared(draft, &fields, &name(&fields.user)),
        " \"",
        or(&quoted(&draft.query), "-"),
        "\" \"",
        or(&fields.user_agent, "-"),
        "\" ",
        result(draft),
        ":HIER_DIRECT",
    ];
    Printed { line, fields }
}

/// Apache writes a quote and a backslash behind a backslash, and bytes that cannot be printed as `\xhh`.
fn apache(text: &[u8]) -> Vec<u8> {
    text.iter()
        .flat_map(|byte| match byte {
            b'"' | b'\\' => vec![b'\\', *byte],
            0x20..0x7f => vec![*byte],
            _ => format!("\\x{byte:02x}").into_bytes(),
        })
        .collect()
}

fn web(draft: &Draft) -> Fields<'static> {
    // The layout has no decision.
    let action = if draft.action == Action::Blocked { Action::Unknown } else { draft.action };
    let fields = draft.fields(TimeBasis::Start);
    // A name stands bare, so that blanks and brackets in it are ambiguous.
    Fields {
        time: draft.second(),
        action,
        user: held(&draft.user, b" \t[]\""),
        url: draft.url(BLANKS),
        ..fields
    }
}

/// `%h %l %u %t "%r" %>s %b`
fn web_common(draft: &Draft) -> Printed {
    let fields = web(draft);
    let written = Fields { url: fields.url.as_deref().map(|url| Cow::Owned(apache(url))), ..fields.clone() };
    Printed { line: shared(draft, &written, &apache(or(&fields.user, "-"))), fields }
}

/// `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"`
fn web_combined(draft: &Draft) -> Printed {
    let Printed { line, fields } = web_common(draft);
    let fields = Fields { user_agent: held(&draft.agent, b"\t"), ..fields };
    let (referer, agent) = (apache(&draft.query), apache(or(&fields.user_agent, "-")));
    Printed { line: line![line, " \"", referer, "\" \"", agent, "\""], fields }
}
