//! Zscaler Nanolog (NSS) feeds of web, look-ups and firewall, in the vendor's usual templates.
//!
//! A feed is a template of the customer's, so this knows the keys of the templates that the vendor
//! proposes (<https://help.zscaler.com/zia/nss-feed-output-format-web-logs>), in two dresses: JSON
//! and `key=value` between tabs. Times have no zone: it is a setting of the feed.

use super::lex;
use super::w3c::percent_decoded;
use crate::fields::{Action, BlockReason, Fields, Parsed, RecordKind, Text, TimeBasis, When};
use crate::report::{Notice, Reason, Reject};

/// A row of the web feed, whatever its dress.
#[derive(Default)]
pub(super) struct Web<'a> {
    pub(super) action: Text<'a>,
    pub(super) reason: Text<'a>,
    pub(super) protocol: Text<'a>,
    pub(super) method: Text<'a>,
    pub(super) url: Text<'a>,
    pub(super) host: Text<'a>,
    pub(super) category: Text<'a>,
    pub(super) client: Text<'a>,
    pub(super) device: Text<'a>,
    pub(super) user: Text<'a>,
    pub(super) department: Text<'a>,
    pub(super) location: Text<'a>,
    pub(super) status: Text<'a>,
    pub(super) bytes: Text<'a>,
    pub(super) mime: Text<'a>,
    pub(super) agent: Text<'a>,
    pub(super) threat: Text<'a>,
}

crate::event::redacted!(Web);

/// Zscaler's words for nothing are none.
pub(super) fn text(value: Text<'_>) -> Text<'_> {
    value.filter(|value| {
        let word = value.trim_ascii();
        !matches!(word, b"" | b"None" | b"NA" | b"N/A" | b"-")
    })
}

/// `2025-09-10 09:45:00` or `Wed Sep 10 09:45:00 2025`.
pub(super) fn time(text: &[u8]) -> Option<When> {
    lex::whole_of(text, lex::local_time('-')).or_else(|| lex::whole_of(text, lex::c_time))
}

/// A row of the web feed.
///
/// # Errors
/// The reject of a row without an address, or without a decision.
pub(super) fn web<'a>(record: &[u8], time: When, web: Web<'a>) -> Result<Parsed<'a>, Reject> {
    let method = text(web.method);
    let url = text(web.url);
    let host = text(web.host);
    if url.is_none() && host.is_none() {
        return Err(Reject::at(Reason::Address, record.len()));
    }
    let word = web.action.ok_or_else(|| Reject::at(Reason::Result, record.len()))?;
    let status = text(web.status).and_then(|status| lex::whole_column(&status)?.natural());
    let status = status.and_then(|status| u32::try_from(status).ok());
    let action = match status {
        Some(407) => Action::Challenged,
        _ => action(&word, web.reason.as_deref()),
    };
    let shut = method.is_none() && text(web.protocol).as_deref().is_some_and(is_encrypted);
    let bare = url.as_deref().is_none_or(|url| memchr::memchr(b'/', url).is_none());
    let kind = if action == Action::Challenged {
        RecordKind::Authentication
    } else if method.as_deref() == Some(b"CONNECT") || (shut && bare) {
        RecordKind::Tunnel
    } else {
        RecordKind::Request
    };
    let reason = text(web.threat).map_or(BlockReason::Rule, |_| BlockReason::Virus);
    let bytes = text(web.bytes).and_then(|bytes| lex::whole_column(&bytes)?.natural());
    // The vendor's name of the location of users who are at none of the customer's.
    let away =
        text(web.location).is_some_and(|place| place.trim_ascii().eq_ignore_ascii_case(b"road warrior"));
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Unknown,
        off_site: away,
        user: text(web.user).map(percent_decoded),
        group: text(web.department).map(percent_decoded),
        client_address: text(web.client),
        client_host: text(web.device).map(percent_decoded),
        method,
        host: host.filter(|_| url.is_none()),
        url,
        status,
        response_bytes: bytes,
        mime: text(web.mime).filter(|mime| mime.contains(&b'/')),
        user_agent: text(web.agent),
        categories: text(web.category),
        action,
        block_reason: (action == Action::Blocked).then_some(reason),
        kind,
        unauthenticated: action == Action::Challenged,
        notice: (action == Action::Unknown).then_some(Notice::UnknownAction),
        ..Fields::default()
    }))
}

fn is_encrypted(protocol: &[u8]) -> bool {
    matches!(protocol, b"SSL" | b"TUNNEL_SSL" | b"TUNNEL")
}

/// The decision; a caution page shows in the reason only.
fn action(word: &[u8], reason: Option<&[u8]>) -> Action {
    let cautioned =
        reason.is_some_and(|reason| reason.windows(7).any(|part| part.eq_ignore_ascii_case(b"caution")));
    match (word, cautioned) {
        (b"Allowed", false) => Action::Allowed,
        (b"Allowed", true) => Action::Proceeded,
        (b"Blocked", false) => Action::Blocked,
        (b"Blocked", true) => Action::Warned,
        _ => Action::Unknown,
    }
}
