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

/// How many columns of a row are read.
pub(super) const READ: usize = 21;

/// Their names and places; the dresses differ in brackets and capitals.
const NAMES: &[(&[u8], usize)] = &[
    (b"time-taken", 0),
    (b"c-ip", 1),
    (b"x-client-device-name", 2),
    (b"cs-username", 3),
    (b"cs-userdn", 4),
    (b"cs-auth-group", 5),
    (b"cs-auth-groups", 6),
    (b"sc-filter-result", 7),
    (b"x-exception-id", 8),
    (b"cs-categories", 9),
    (b"sc-status", 10),
    (b"cs-method", 11),
    (b"rs(Content-Type)", 12),
    (b"rs-Content-Type", 12),
    (b"cs-uri-scheme", 13),
    (b"cs-host", 14),
    (b"cs-uri-port", 15),
    (b"cs-uri-path", 16),
    (b"cs-uri-query", 17),
    (b"cs(User-Agent)", 18),
    (b"cs-User-Agent", 18),
    (b"cs-user-agent", 19),
    (b"sc-bytes", 20),
];

/// The place of a column.
pub(super) fn place(name: &[u8]) -> Option<usize> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, place)| *place)
}

impl<'a> Row<'a> {
    /// The columns by their places.
    pub(super) fn new(time: When, columns: [Text<'a>; READ]) -> Self {
        let [
            duration,
            client,
            client_host,
            account,
            directory_name,
            group,
            groups,
            verdict,
            exception,
            categories,
            status,
            method,
            mime,
            scheme,
            host,
            port,
            path,
            query,
            agent,
            agent_small,
            size,
        ] = columns;
        Self {
            time,
            duration,
            client,
            client_host,
            user: said(directory_name).or(account),
            group: said(group).or(groups),
            verdict,
            exception,
            categories,
            status,
            method,
            mime,
            scheme,
            host,
            port,
            path,
            query,
            agent: said(agent_small).or(agent),
            size,
        }
    }
}

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
