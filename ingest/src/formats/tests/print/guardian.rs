//! DansGuardian and e2guardian, from the columns that `logfileformat` is documented to give. Nothing is
//! escaped in any of them: what divides the columns cannot stand in a value.

use super::{Draft, Printed, Printer, held, known, line, or, parted, printer};
use crate::fields::{Action, BlockReason, Fields, Text, TimeBasis, When};
use crate::report::Notice;

pub(super) const PRINTERS: &[Printer] = &[
    printer("e2guardian-1", blanks),
    printer("e2guardian-2", quotes),
    printer("e2guardian-3", squid),
    printer("e2guardian-4", tabs),
    printer("e2guardian-5-8", five),
    printer("e2guardian-5-8", six),
    printer("e2guardian-5-8", seven),
    printer("e2guardian-5-8", eight),
];

fn fields(draft: &Draft, without: &[u8]) -> Fields<'static> {
    let blocked = draft.action == Action::Blocked;
    let method = draft.method == "CONNECT";
    let url = match method {
        // A tunnel is written with its scheme.
        true => held(&line!["https://", draft.host, ":", draft.port.to_string()], b""),
        false => draft.url(without),
    };
    Fields {
        time: When::Local(draft.local()),
        user: held(&draft.user, without),
        group: held(&draft.group, without),
        client_host: known(draft.machine),
        url,
        mime: known(draft.mime),
        user_agent: held(&draft.agent, without),
        categories: held(&draft.category, without),
        block_reason: blocked.then_some(BlockReason::List),
        ..draft.fields(TimeBasis::End)
    }
}

fn what(draft: &Draft) -> String {
    match draft.action {
        Action::Blocked => format!("*DENIED* Blocked site: {}", draft.host),
        Action::Challenged => "*TRUSTED* -".to_owned(),
        _ => "-".to_owned(),
    }
}

/// The nineteen columns of layouts 1, 2 and 4.
fn nineteen(draft: &Draft, fields: &Fields<'static>) -> Vec<Vec<u8>> {
    let text = |text: &Text<'static>| or(text, "-").to_vec();
    let dash = b"-".to_vec();
    vec![
        draft.clock("%Y.%m.%d %H:%M:%S").into_bytes(),
        text(&fields.user),
        draft.client.into(),
        text(&fields.url),
        what(draft).into_bytes(),
        draft.method.into(),
        draft.bytes.to_string().into_bytes(),
        b"-12".to_vec(),
        text(&fields.categories),
        b"2".to_vec(),
        draft.status().to_string().into_bytes(),
        text(&fields.mime),
        text(&fields.client_host),
        text(&fields.group),
        text(&fields.user_agent),
        dash.clone(),
        dash.clone(),
        dash.clone(),
        dash,
    ]
}

/// One blank between columns. Reason, category and group are free text, which cannot be told from columns
/// if it holds words that look like them, so here they are single words; an address may hold blanks.
fn blanks(draft: &Draft) -> Printed {
    let draft = &Draft {
        // Nor can an address whose words look like a marker, or like a dash and numbers.
        path: parted(&draft.path, b"\t0123456789", b" *"),
        query: parted(&draft.query, b"\t0123456789", b" *"),
        agent: parted(&draft.agent, b"0123456789", b" *"),
        ..draft.clone()
    };
    let url = fields(draft, b"\t").url;
    let fields = Fields { url, ..fields(draft, b" \t") };
    // An agent begins with the first word that has a slash.
    let group = fields.group.clone().filter(|group| !group.contains(&b'/'));
    let agent =
        held(&parted(&draft.agent, b"\t", b" -"), b"").map(|agent| line!["Mozilla/5.0 ", agent].into());
    let fields = Fields { group, user_agent: agent, ..fields };
    Printed { line: nineteen(draft, &fields).join(&b" "[..]), fields }
}

/// Each value in quotes, commas between; quotes within are left as they are, so that quote and comma
/// together end a value.
fn quotes(draft: &Draft) -> Printed {
    let plain = |bytes: &[u8]| parted(bytes, b"\t", b"\",");
    let draft = &Draft {
        user: plain(&draft.user),
        group: plain(&draft.group),
        path: plain(&draft.path),
        query: plain(&draft.query),
        agent: plain(&draft.agent),
        category: plain(&draft.category),
        ..draft.clone()
    };
    let fields = fields(draft, b"\t");
    let line = line!["\"", nineteen(draft, &fields).join(&b"\",\""[..]), "\""];
    Printed { line, fields }
}

fn tabs(draft: &Draft) -> Printed {
    let fields = fields(draft, b"\t");
    Printed { line: nineteen(draft, &fields).join(&b"\t"[..]), fields }
}

/// Squid's columns without group, category, reason and MIME type. A refusal may be the site's own.
fn squid(draft: &Draft) -> Printed {
    let blocked = draft.action == Action::Blocked;
    let fields = Fields {
        time: When::Instant(draft.micros),
        duration_ms: Some(draft.duration),
        user: draft.bare_user(b""),
        url: fields(draft, b" \t").url,
        block_reason: blocked.then_some(BlockReason::Rule),
        notice: blocked.then_some(Notice::RefusalsMixed),
        ..draft.fields(TimeBasis::End)
    };
    let result = if blocked { "TCP_DENIED" } else { "TCP_MISS" };
    let line = line![
        format!("{} {:>6} {} ", draft.epoch(), draft.duration, draft.client),
        format!("{result}/{} {} {} ", draft.status(), draft.bytes, draft.method),
        or(&fields.url, "-"),
        " ",
        or(&fields.user, "-"),
        " DEFAULT_PARENT/127.0.0.1 -",
    ];
    Printed { line, fields }
}

/// The twenty columns of layouts 5 and 6; in 7 and 8 the words searched for and flags follow.
fn twenty(draft: &Draft, server: &str, flags: bool) -> Printed {
    let fields = Fields {
        time: When::Instant(draft.micros),
        duration_ms: Some(draft.duration),
        search_words: if flags { held(&draft.words, b"\t") } else { None },
        ..fields(draft, b"\t")
    };
    let number = if draft.action == Action::Blocked { "500" } else { "0" };
    let text = |text: &Text<'static>| or(text, "-").to_vec();
    let mut columns = vec![
        draft.epoch().into_bytes(),
        server.into(),
        text(&fields.user),
        draft.client.into(),
        text(&fields.client_host),
        text(&fields.url),
        draft.method.into(),
        draft.status().to_string().into_bytes(),
        draft.bytes.to_string().into_bytes(),
        text(&fields.mime),
        text(&fields.user_agent),
        b"-".to_vec(),
        draft.duration.to_string().into_bytes(),
        b"-".to_vec(),
        number.into(),
        what(draft).into_bytes(),
        b"0".to_vec(),
        text(&fields.categories),
        text(&fields.group),
        b"2".to_vec(),
    ];
    if flags {
        columns.push(text(&fields.search_words));
        columns.push(b"8443:TM:ip:ipmap".to_vec());
    }
    Printed { line: columns.join(&b"\t"[..]), fields }
}

fn five(draft: &Draft) -> Printed {
    twenty(draft, "filter1", false)
}

fn six(draft: &Draft) -> Printed {
    twenty(draft, "", false)
}

fn seven(draft: &Draft) -> Printed {
    twenty(draft, "filter1", true)
}

fn eight(draft: &Draft) -> Printed {
    twenty(draft, "", true)
}
