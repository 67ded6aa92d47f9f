//! What the rows of Blue Coat's proxies (ProxySG, Edge SWG, Cloud SWG) mean, whichever way their
//! values are written.

use std::borrow::Cow;

use super::lex;
use crate::fields::{Action, BlockReason, Fields, Parsed, RecordKind, Text, TimeBasis, When};
use crate::report::{Notice, Reason, Reject};

/// The values of one row, as written.
#[derive(Default)]
pub(super) struct Row<'a> {
    pub(super) time: When,
    pub(super) duration: Text<'a>,
    pub(super) client: Text<'a>,
    pub(super) client_host: Text<'a>,
    pub(super) user: Text<'a>,
    pub(super) group: Text<'a>,
    pub(super) verdict: Text<'a>,
    pub(super) exception: Text<'a>,
    pub(super) categories: Text<'a>,
    pub(super) status: Text<'a>,
    pub(super) method: Text<'a>,
    pub(super) mime: Text<'a>,
    pub(super) scheme: Text<'a>,
    pub(super) host: Text<'a>,
    pub(super) port: Text<'a>,
    pub(super) path: Text<'a>,
    pub(super) query: Text<'a>,
    pub(super) agent: Text<'a>,
    pub(super) size: Text<'a>,
}

crate::event::redacted!(Row);

/// What a row becomes; a reject names the record's end, since the row does not know its places.
pub(super) fn read<'a>(record: &[u8], row: Row<'a>) -> Result<Parsed<'a>, Reject> {
    let end = record.len();
    let host = said(row.host).ok_or(Reject::at(Reason::Address, end))?;
    let status = match said(row.status) {
        Some(status) => Some(lex::whole_of(&status, lex::status).ok_or(Reject::at(Reason::Status, end))?),
        None => None,
    };
    let exception = said(row.exception);
    let exception = exception.as_deref().unwrap_or_default();
    let action = match row.verdict.as_deref().unwrap_or_default() {
        _ if status == Some(407) => Action::Challenged,
        b"DENIED" if exception.starts_with(b"authentication") => Action::Challenged,
        b"DENIED" => Action::Blocked,
        b"OBSERVED" | b"PROXIED" => Action::Allowed,
        b"" | b"-" => return Err(Reject::at(Reason::Result, end)),
        _ => Action::Unknown,
    };
    let method = said(row.method);
    let scheme = said(row.scheme);
    let kind = match (action, method.as_deref(), scheme.as_deref()) {
        (Action::Challenged, ..) => RecordKind::Authentication,
        (_, Some(b"CONNECT"), _) | (_, _, Some(b"ssl" | b"tcp")) => RecordKind::Tunnel,
        _ => RecordKind::Request,
    };
    let number =
        |text: Text<'_>| text.and_then(|text| lex::whole_column(&text)).and_then(lex::Whole::natural);
    Ok(Parsed::Request(Fields {
        time: row.time,
        basis: TimeBasis::End,
        duration_ms: number(row.duration),
        user: decoded(row.user),
        group: decoded(row.group),
        client_address: said(row.client),
        client_host: said(row.client_host),
        method,
        scheme,
        host: Some(host),
        port: number(row.port).and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0),
        path: said(row.path),
        query: said(row.query).map(without_question_mark),
        status,
        response_bytes: number(row.size),
        mime: decoded(row.mime),
        user_agent: decoded(row.agent),
        categories: decoded(row.categories),
        category_separators: b";",
        action,
        block_reason: (action == Action::Blocked).then(|| block_reason(exception)),
        kind,
        unauthenticated: action == Action::Challenged,
        notice: (action == Action::Unknown).then_some(Notice::UnknownAction),
        ..Fields::default()
    }))
}

/// By the page that was shown instead.
fn block_reason(exception: &[u8]) -> BlockReason {
    match exception {
        b"content_filter_denied" => BlockReason::List,
        b"virus_detected" => BlockReason::Virus,
        _ => BlockReason::Rule,
    }
}

fn said(text: Text<'_>) -> Text<'_> {
    text.filter(|text| !text.is_empty() && text.as_ref() != b"-")
}

/// Text whose blanks are written `%20`; addresses are left as they are.
fn decoded(text: Text<'_>) -> Text<'_> {
    match said(text)? {
        Cow::Borrowed(text) => Some(percent_encoding::percent_decode(text).into()),
        Cow::Owned(text) => {
            let plain: Cow<'_, [u8]> = percent_encoding::percent_decode(&text).into();
            Some(Cow::Owned(plain.into_owned()))
        }
    }
}

fn without_question_mark(query: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    match query {
        Cow::Borrowed(query) => Cow::Borrowed(query.strip_prefix(b"?").unwrap_or(query)),
        Cow::Owned(query) => match query.strip_prefix(b"?") {
            Some(rest) => Cow::Owned(rest.to_vec()),
            None => Cow::Owned(query),
        },
    }
}
