//! What lists refuse: squidGuard (`src/sgRequestLog.c`), ufdbGuard (`ufdbguardd.c`) and dnsmasq with
//! Pi-hole's words (`src/dnsmasq/cache.c`).

use std::borrow::Cow;

use super::{Draft, Printed, Printer, known, line, or, percent, printer};
use crate::fields::{Action, BlockReason, Fields, RecordKind, Text, TimeBasis, When};

pub(super) const PRINTERS: &[Printer] = &[
    printer("squidguard", squidguard),
    printer("ufdbguard", ufdbguard),
    printer("dnsmasq", question),
    printer("dnsmasq", refusal),
];

/// Names of groups and lists are words of a settings file.
fn word(bytes: &[u8], before: &str) -> Text<'static> {
    let letters = bytes.iter().copied().filter(u8::is_ascii_alphanumeric);
    Some(Cow::Owned(before.bytes().chain(letters).collect()))
}

/// Squid hands addresses and names over with `%xx` for all that is not plain.
fn fields(draft: &Draft) -> Fields<'static> {
    let blocked = draft.action == Action::Blocked;
    let draft = &draft.decided(if blocked { Action::Blocked } else { Action::Allowed });
    Fields {
        time: When::Local(draft.local()),
        user: super::held(&draft.user, b""),
        group: word(&draft.group, "year"),
        url: draft.url(b" \t"),
        categories: word(&draft.category, "list"),
        status: None,
        response_bytes: None,
        block_reason: blocked.then_some(BlockReason::List),
        ..draft.fields(TimeBasis::Start)
    }
}

fn name(text: &Text<'static>) -> Vec<u8> {
    percent(or(text, "-"), |byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// `2025-09-10 10:45:00 [31277] Request(group/list/-) address client/host user method word`
fn squidguard(draft: &Draft) -> Printed {
    let fields = Fields { client_host: known(draft.machine), ..fields(draft) };
    let line = line![
        draft.clock("%Y-%m-%d %H:%M:%S [31277] Request("),
        or(&fields.group, "-"),
        "/",
        or(&fields.categories, "-"),
        "/-) ",
        or(&fields.url, "-"),
        format!(" {}/{} ", draft.client, draft.machine),
        name(&fields.user),
        " ",
        draft.method,
        if draft.action == Action::Blocked { " REDIRECT" } else { " PASS" },
    ];
    Printed { line, fields }
}

/// `2025-09-10 10:45:00 [31277] BLOCK user client rule list address method`, padded.
fn ufdbguard(draft: &Draft) -> Printed {
    let fields = fields(draft);
    let padded = |text: &[u8], width: usize| line![text, " ".repeat(width.saturating_sub(text.len())), " "];
    let line = line![
        draft.clock("%Y-%m-%d %H:%M:%S [31277] "),
        if draft.action == Action::Blocked { "BLOCK " } else { "PASS  " },
        padded(&name(&fields.user), 10),
        padded(draft.client.as_bytes(), 15),
        padded(or(&fields.group, "-"), 10),
        padded(or(&fields.categories, "-"), 9),
        or(&fields.url, "-"),
        " ",
        draft.method,
    ];
    Printed { line, fields }
}

fn look_up(draft: &Draft) -> Fields<'static> {
    let civil = draft.local();
    Fields {
        time: When::Yearless { month: civil.month(), day: civil.day(), time: civil.time() },
        basis: TimeBasis::Start,
        host: known(draft.host),
        kind: RecordKind::Dns,
        ..Fields::default()
    }
}

/// `Sep 10 10:45:00 dnsmasq[676]: query[A] name from client`, the day padded with a blank.
fn question(draft: &Draft) -> Printed {
    let fields = Fields { client_address: known(draft.client), ..look_up(draft) };
    let stamp = draft.clock("%b %e %H:%M:%S dnsmasq[676]: query[AAAA] ");
    Printed { line: line![stamp, draft.host, " from ", draft.client], fields }
}

/// `... 1042 10.1.4.17/50123 gravity blocked name is 0.0.0.0`, with the number and client of `extra`.
fn refusal(draft: &Draft) -> Printed {
    let fields = Fields {
        client_address: known(draft.client),
        action: Action::Blocked,
        block_reason: Some(BlockReason::List),
        ..look_up(draft)
    };
    let stamp = draft.clock("%b %e %H:%M:%S dnsmasq[676]: 1042 ");
    Printed { line: line![stamp, draft.client, "/50123 gravity blocked ", draft.host, " is 0.0.0.0"], fields }
}
