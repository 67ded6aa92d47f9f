//! Zeek (once Bro), `http.log`: what a listener on the wire saw. It decides nothing, so the action is
//! unknown; requests to a proxy carry whole addresses.
//!
//! Shared by the two dresses: lines between tabs under `#fields`, and JSON lines. Columns from
//! <https://docs.zeek.org/en/master/scripts/base/protocols/http/main.zeek.html>.

use std::borrow::Cow;

use super::lex;
use crate::fields::{Action, Fields, OtherKind, Parsed, RecordKind, Text, TimeBasis, When};

/// The columns that are read; none where Zeek writes that nothing is there.
#[derive(Default)]
pub(super) struct Http<'a> {
    pub(super) client: Text<'a>,
    pub(super) server: Text<'a>,
    pub(super) server_port: Option<u16>,
    pub(super) method: Text<'a>,
    pub(super) host: Text<'a>,
    pub(super) uri: Text<'a>,
    pub(super) agent: Text<'a>,
    pub(super) bytes: Option<i64>,
    pub(super) status: Option<u32>,
    pub(super) user: Text<'a>,
    pub(super) mime: Text<'a>,
}

crate::event::redacted!(Http);

/// A request; none where neither host nor server is known. An answer whose question was not heard is
/// no request.
pub(super) fn request(time: When, http: Http<'_>) -> Option<Parsed<'_>> {
    if http.method.is_none() && http.uri.is_none() {
        return Some(Parsed::Other(OtherKind::NoRequest));
    }
    let uri = http.uri.as_deref().unwrap_or_default();
    let tunnel = http.method.as_deref() == Some(b"CONNECT");
    // A request to a proxy: the address says where it goes, the header and the server do not.
    let whole = tunnel || memchr::memmem::find(uri, b"://").is_some_and(|at| at < 8);
    let host = http.host.or(http.server).filter(|_| !(whole && http.uri.is_some()));
    if host.is_none() && !(whole && http.uri.is_some()) {
        return None;
    }
    let challenged = http.status == Some(407);
    let kind = match (challenged, tunnel) {
        (true, _) => RecordKind::Authentication,
        (false, true) => RecordKind::Tunnel,
        (false, false) => RecordKind::Request,
    };
    let (url, path) = if whole { (http.uri, None) } else { (None, http.uri) };
    Some(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Start,
        user: http.user,
        client_address: http.client,
        method: http.method,
        port: http.server_port.filter(|_| host.as_deref().is_some_and(is_without_port)),
        host,
        url,
        path,
        status: http.status,
        response_bytes: http.bytes,
        mime: http.mime,
        user_agent: http.agent,
        action: if challenged { Action::Challenged } else { Action::Unknown },
        kind,
        unauthenticated: challenged,
        ..Fields::default()
    }))
}

/// The host header repeats a port that is not the usual one.
fn is_without_port(host: &[u8]) -> bool {
    host.ends_with(b"]") || memchr::memchr_iter(b':', host).count() != 1
}

/// A value of the lines between tabs, `\x09` and its like undone; `-` and `(empty)` are none.
pub(super) fn text(column: &[u8]) -> Text<'_> {
    let text = lex::text(column).filter(|text| text.as_ref() != b"(empty)")?;
    if memchr::memmem::find(&text, b"\\x").is_none() {
        return Some(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some((byte, after)) = rest.split_first() {
        let escaped = rest.strip_prefix(b"\\x").and_then(|after| {
            let (digits, after) = after.split_at_checked(2)?;
            let value = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
            Some((value, after))
        });
        let (byte, after) = escaped.unwrap_or((*byte, after));
        plain.push(byte);
        rest = after;
    }
    Some(Cow::Owned(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_and_what_is_none_stays_itself() {
        assert_eq!(text(br"a\x09b\x5cc\xzz").as_deref(), Some(&b"a\tb\\c\\xzz"[..]));
        assert_eq!(text(br"caf\xc3\xa9\x").as_deref(), Some("caf\u{e9}\\x".as_bytes()));
        assert_eq!((text(b"-"), text(b"(empty)"), text(b"")), (None, None, None));
    }
}
