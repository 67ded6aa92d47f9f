//! What the two dresses of Palo Alto Networks' firewall logs share: which rows are of the web, and what
//! the words mean.
//!
//! Columns from the vendor's list of URL filtering log fields
//! (<https://docs.paloaltonetworks.com/pan-os/10-1/pan-os-admin/monitoring/use-syslog-for-monitoring/syslog-field-descriptions/url-filtering-log-fields>),
//! actions from its list of URL filtering profile actions, both checked with real lines. That
//! `override` is a password that let somebody through is read from the latter.

use super::comma::{Value, text};
use super::lex;
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, TimeBasis, When};
use crate::report::{Notice, Reason, Reject};

/// Columns of a row of URL filtering.
pub(super) struct Web<'a> {
    pub(super) time: When,
    pub(super) client: Value<'a>,
    pub(super) user: Value<'a>,
    pub(super) application: Value<'a>,
    pub(super) action: Value<'a>,
    pub(super) url: Value<'a>,
    pub(super) category: Value<'a>,
    /// All categories, of later releases.
    pub(super) categories: Value<'a>,
    pub(super) mime: Value<'a>,
    pub(super) agent: Value<'a>,
    pub(super) method: Value<'a>,
}

crate::event::redacted!(Web);

/// The record type of a row that is not of URL filtering.
pub(super) fn other(kind: &[u8], subtype: &[u8]) -> Option<OtherKind> {
    match (kind, subtype) {
        (b"THREAT", b"url") => None,
        (b"THREAT" | b"WILDFIRE" | b"CORRELATION", _) => Some(OtherKind::Security),
        (b"TRAFFIC" | b"TUNNEL" | b"SCTP" | b"GTP" | b"DECRYPTION", _) => Some(OtherKind::Traffic),
        (b"SYSTEM" | b"CONFIG" | b"USERID" | b"GLOBALPROTECT" | b"AUTHENTICATION" | b"AUTH", _) => {
            Some(OtherKind::System)
        }
        _ => Some(OtherKind::Foreign),
    }
}

/// `2025/09/10 09:45:00` on the device's clock.
pub(super) fn time(value: &[u8]) -> Option<When> {
    lex::whole_of(value, lex::local_time('/'))
}

/// The time with milliseconds and offset of later releases, whose column moves from one to the next.
pub(super) fn precise_time(value: &[u8]) -> Option<When> {
    if value.len() < 24 || value.get(10) != Some(&b'T') {
        return None;
    }
    lex::whole_of(value, lex::iso_time).filter(|time| matches!(time, When::Instant(_)))
}

/// Whether a spreadsheet rewrote a number: `1.60605E+12` for a serial.
pub(super) fn is_rewritten(value: &[u8]) -> bool {
    memchr::memmem::find(value, b"E+").is_some_and(|at| {
        value[..at].iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
            && lex::is_number(&value[at + 2..])
    })
}

/// A row of URL filtering.
///
/// # Errors
/// The reject of a row without an address or an action.
pub(super) fn web<'a>(record: &[u8], web: Web<'a>) -> Result<Parsed<'a>, Reject> {
    let url = text(web.url).ok_or_else(|| Reject::at(Reason::Address, record.len()))?;
    if web.action.is_empty() {
        return Err(Reject::at(Reason::Result, record.len()));
    }
    let action = action(&web.action);
    let method = text(web.method);
    // Not decrypted, so no method is known and the address is a host.
    let shut = method.is_none() && web.application.as_ref() == b"ssl";
    let kind = if shut || method.as_deref().is_some_and(|method| method.eq_ignore_ascii_case(b"connect")) {
        RecordKind::Tunnel
    } else {
        RecordKind::Request
    };
    let categories = text(web.categories).or_else(|| text(web.category));
    Ok(Parsed::Request(Fields {
        time: web.time,
        basis: TimeBasis::Unknown,
        user: text(web.user),
        client_address: text(web.client),
        method,
        url: Some(url),
        mime: text(web.mime),
        user_agent: text(web.agent),
        categories,
        category_separators: b",",
        action,
        block_reason: (action == Action::Blocked).then_some(BlockReason::List),
        kind,
        notice: (action == Action::Unknown).then_some(Notice::UnknownAction),
        ..Fields::default()
    }))
}

fn action(word: &[u8]) -> Action {
    match word {
        // `alert` is "allowed and logged", the usual setting.
        b"alert" | b"allow" => Action::Allowed,
        b"block-continue" | b"block-override" => Action::Warned,
        b"continue" => Action::Proceeded,
        b"override" => Action::Bypassed,
        b"block-url" | b"block" | b"deny" | b"override-lockout" | b"sinkhole" => Action::Blocked,
        _ if word.starts_with(b"drop") || word.starts_with(b"reset-") || word.starts_with(b"block") => {
            Action::Blocked
        }
        _ => Action::Unknown,
    }
}
