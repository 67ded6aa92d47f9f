//! What FortiGate's rows mean, whichever way their values are written.
//!
//! The actions and message numbers are those of the FortiOS log message reference
//! (<https://docs.fortinet.com/document/fortigate/7.2.10/fortios-log-message-reference/13312>).
//!
//! With all addresses logged there is a row `urlmonitor` beside the row `ftgd_...` of the decision. The
//! two have session, address and second in common, and the former is left out where the latter is near.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::lex;
use super::pairs::Value;
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, TimeBasis, Twin, When};
use crate::report::{Notice, Reason, Reject};

/// How many values of a row are read.
pub(super) const READ: usize = 23;

/// Their keys, in the order of [`Row`].
pub(super) const KEYS: [&[u8]; READ] = [
    b"type",
    b"subtype",
    b"eventtype",
    b"logid",
    b"sessionid",
    b"eventtime",
    b"date",
    b"time",
    b"tz",
    b"user",
    b"group",
    b"profile",
    b"srcip",
    b"srcname",
    b"hostname",
    b"url",
    b"service",
    b"action",
    b"rcvdbyte",
    b"catdesc",
    b"httpmethod",
    b"contenttype",
    b"agent",
];

/// The values of one row.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) kind: Value<'a>,
    pub(super) subtype: Value<'a>,
    pub(super) event_type: Value<'a>,
    pub(super) log_id: Value<'a>,
    pub(super) session: Value<'a>,
    pub(super) event_time: Value<'a>,
    pub(super) date: Value<'a>,
    pub(super) time: Value<'a>,
    pub(super) zone: Value<'a>,
    pub(super) user: Value<'a>,
    pub(super) group: Value<'a>,
    pub(super) profile: Value<'a>,
    pub(super) client: Value<'a>,
    pub(super) client_host: Value<'a>,
    pub(super) host: Value<'a>,
    pub(super) url: Value<'a>,
    pub(super) service: Value<'a>,
    pub(super) action: Value<'a>,
    pub(super) received: Value<'a>,
    pub(super) category: Value<'a>,
    pub(super) method: Value<'a>,
    pub(super) mime: Value<'a>,
    pub(super) agent: Value<'a>,
}

crate::event::redacted!(Row);

impl<'a> Row<'a> {
    /// The values of [`KEYS`].
    pub(super) const fn new(values: [Value<'a>; READ]) -> Self {
        let [
            kind,
            subtype,
            event_type,
            log_id,
            session,
            event_time,
            date,
            time,
            zone,
            user,
            group,
            profile,
            client,
            client_host,
            host,
            url,
            service,
            action,
            received,
            category,
            method,
            mime,
            agent,
        ] = values;
        Self {
            kind,
            subtype,
            event_type,
            log_id,
            session,
            event_time,
            date,
            time,
            zone,
            user,
            group,
            profile,
            client,
            client_host,
            host,
            url,
            service,
            action,
            received,
            category,
            method,
            mime,
            agent,
        }
    }
}

/// What a row becomes; `undated` where its layout may leave the time to the envelope.
pub(super) fn read<'a>(record: &[u8], row: Row<'a>, undated: bool) -> Result<Parsed<'a>, Reject> {
    if let Some(kind) = other(row.kind.bytes(), row.subtype.bytes()) {
        return Ok(Parsed::Other(kind));
    }
    let time = time(record, &row, undated)?;
    let (action, block_reason) = decision(&row);
    if !row.host.present() && !row.url.present() {
        return Err(row.host.reject(Reason::Address, record));
    }
    let mut fields = Fields {
        time,
        basis: TimeBasis::Unknown,
        user: row.user.text().filter(|user| user.as_ref() != b"N/A"),
        group: row.group.or(row.profile).text(),
        client_address: row.client.text(),
        client_host: row.client_host.text(),
        method: row.method.text(),
        response_bytes: row.received.natural(),
        mime: row.mime.text(),
        user_agent: row.agent.text(),
        categories: row.category.text(),
        action,
        block_reason,
        twin: twin(&row, time),
        notice: (action == Action::Unknown).then_some(Notice::UnknownAction),
        ..Fields::default()
    };
    // Older releases write a path where newer ones write the whole address.
    if row.url.present() && !row.url.bytes().starts_with(b"/") {
        fields.url = row.url.text();
    } else {
        fields.scheme = scheme(row.service).map(Cow::Borrowed);
        fields.host = row.host.text();
        fields.path = row.url.text();
    }
    if fields.url.is_none() && fields.host.is_none() {
        return Err(row.host.reject(Reason::Address, record));
    }
    Ok(Parsed::Request(fields))
}

/// What a row of another type is; none for the web filter's own.
fn other(kind: &[u8], subtype: &[u8]) -> Option<OtherKind> {
    match (kind, subtype) {
        (b"webfilter", _) | (b"utm", b"webfilter") => None,
        (b"traffic", _) => Some(OtherKind::Traffic),
        (b"event" | b"appevent", _) => Some(OtherKind::System),
        (b"dns", _) | (b"utm", b"dns" | b"dns-query" | b"dns-response") => Some(OtherKind::Lookup),
        (b"utm" | b"anomaly" | b"virus" | b"ips" | b"app-ctrl" | b"dlp" | b"emailfilter" | b"waf", _) => {
            Some(OtherKind::Security)
        }
        _ => Some(OtherKind::Foreign),
    }
}

fn time(record: &[u8], row: &Row<'_>, undated: bool) -> Result<When, Reject> {
    if let Some(instant) = lex::instant(row.event_time.bytes()) {
        return Ok(instant);
    }
    if undated && !row.event_time.present() && !row.date.present() {
        return Ok(When::Missing);
    }
    let date = lex::whole_of(row.date.bytes(), lex::date('-'))
        .ok_or_else(|| row.date.reject(Reason::Time, record))?;
    let clock =
        lex::whole_of(row.time.bytes(), lex::clock).ok_or_else(|| row.time.reject(Reason::Time, record))?;
    let local = date.to_datetime(clock);
    if !row.zone.present() {
        return Ok(When::Local(local));
    }
    let minutes = lex::zone_minutes(row.zone.bytes()).ok_or_else(|| row.zone.reject(Reason::Zone, record))?;
    Ok(lex::at_offset(local, minutes))
}

fn decision(row: &Row<'_>) -> (Action, Option<BlockReason>) {
    match row.action.bytes() {
        // 13057: the warning page of a category. It is logged with the action of a block.
        b"blocked" | b"block" if row.log_id.bytes().ends_with(b"013057") => (Action::Warned, None),
        b"blocked" | b"block" => (Action::Blocked, Some(block_reason(row.event_type.bytes()))),
        b"passthrough" | b"pass" | b"allowed" => {
            // Written for every address when all are logged, beside the row of the decision.
            let monitored = row.event_type.bytes() == b"urlmonitor";
            (if monitored { Action::Monitored } else { Action::Allowed }, None)
        }
        _ => (Action::Unknown, None),
    }
}

/// Which row this is of the two about one request. The rows of other rules have no second.
fn twin(row: &Row<'_>, time: When) -> Option<Twin> {
    let weaker = match row.event_type.bytes() {
        b"urlmonitor" => true,
        decision if decision.starts_with(b"ftgd_") => false,
        _ => return None,
    };
    if !row.session.present() || row.session.bytes() == b"0" {
        return None;
    }
    let url = row.url.bytes();
    let (host, path) = match memchr::memmem::find(url, b"://") {
        Some(at) if !url.starts_with(b"/") => {
            let rest = &url[at + 3..];
            rest.split_at(memchr::memchr(b'/', rest).unwrap_or(rest.len()))
        }
        _ => (row.host.bytes(), url),
    };
    // Keys are fixed: the worst that a made-up address can do is to spare the lake a second row.
    let mut hasher = DefaultHasher::new();
    row.session.bytes().hash(&mut hasher);
    host.hash(&mut hasher);
    (if path.is_empty() { b"/" } else { path }).hash(&mut hasher);
    match time {
        When::Instant(micros) => micros.div_euclid(1_000_000).hash(&mut hasher),
        When::Local(local) => local.hash(&mut hasher),
        _ => return None,
    }
    Some(Twin { request: hasher.finish(), weaker })
}

fn block_reason(event_type: &[u8]) -> BlockReason {
    match event_type {
        b"ftgd_blk" | b"urlfilter" => BlockReason::List,
        b"content" => BlockReason::Content,
        _ => BlockReason::Rule,
    }
}

fn scheme(service: Value<'_>) -> Option<&'static [u8]> {
    [&b"https"[..], b"http"].into_iter().find(|scheme| service.bytes().eq_ignore_ascii_case(scheme))
}
