//! Parse, print, parse: made-up requests are written as each layout's documentation says, read by the
//! real parser, and compared field by field.
//!
//! The printers know nothing of the parsers: each is the layout's definition, with what its producer does
//! to bytes that would end a column. What a layout has no column for is left out of the request; what its
//! producer cannot write without making the line ambiguous is taken out of the bytes, and the printer says
//! which these are.

use std::borrow::Cow;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{TestCaseError, TestError, TestRunner};

use super::super::{ALL, find};
use crate::fields::{Action, Fields, Parsed, RecordKind, Text, TimeBasis, When};

mod commas;
mod escaped;
mod gateway;
mod guardian;
mod named;
mod object;
mod redirector;
mod squid;
mod tabs;

/// Puts parts of a line together: text, bytes, numbers as text.
macro_rules! line {
    ($($part:expr),* $(,)?) => {{
        let mut line = Vec::new();
        $(line.extend_from_slice(AsRef::<[u8]>::as_ref(&$part));)*
        line
    }};
}
use line;

/// A request as somebody made it, whatever layout it is written in.
#[derive(Clone, Debug)]
struct Draft {
    micros: i64,
    duration: i64,
    user: Vec<u8>,
    group: Vec<u8>,
    client: &'static str,
    machine: &'static str,
    method: &'static str,
    scheme: &'static str,
    host: &'static str,
    port: u16,
    path: Vec<u8>,
    query: Vec<u8>,
    words: Vec<u8>,
    answer: u32,
    bytes: i64,
    mime: &'static str,
    agent: Vec<u8>,
    category: Vec<u8>,
    action: Action,
}

/// A line, and what must be read from it.
struct Printed {
    line: Vec<u8>,
    fields: Fields<'static>,
}

/// How a layout is printed.
struct Printer {
    /// The format's id; a format with several layouts has several printers.
    format: &'static str,
    /// Lines that name the columns.
    before: &'static str,
    /// Writes a request.
    print: fn(&Draft) -> Printed,
}

const fn printer(format: &'static str, print: fn(&Draft) -> Printed) -> Printer {
    Printer { format, before: "", print }
}

const PRINTERS: &[&[Printer]] = &[
    squid::PRINTERS,
    guardian::PRINTERS,
    redirector::PRINTERS,
    named::PRINTERS,
    escaped::PRINTERS,
    gateway::PRINTERS,
    tabs::PRINTERS,
    commas::PRINTERS,
    object::PRINTERS,
];

/// Formats that no printer can be written for from their documentation, and why.
const NOT_PRINTED: &[(&str, &str)] = &[
    ("squid-forwarded", "one site's own `logformat`; how its tokens were quoted is not known"),
    ("mcafee-web-gateway", "a rule set of the site's: no document says what becomes of a quote in a value"),
    ("cisco-wsa", "its verdict block differs by release and no document fixes its columns"),
    ("olfeo", "known from lines only: whether a name's blanks are escaped is not documented"),
    ("netskope-transaction", "138 columns of which real lines lack the header; the sample logs cover it"),
    ("sonicwall", "unconfirmed: how quotes within a value are written is not documented"),
    ("skyhigh-cloud", "a collector's rendering without quotes; its escapes are not documented"),
    ("forcepoint-pairs", "values stand bare and may hold any key: not even its producer could read all back"),
];

/// Bytes and words that end columns, open quotes, stand for others or belong to another layout.
const HOSTILE: &[&[u8]] = &[
    b"\"",
    b"'",
    b",",
    b";",
    b"\t",
    b"|",
    b"%",
    b"%41",
    b"%c3%ab",
    b"\\",
    b"\\\\",
    b"\\\"",
    b"=",
    b" ",
    b"  ",
    b"[",
    b"]",
    b"<",
    b">",
    b"{",
    b"}",
    b"(",
    b")",
    b"/",
    b"?",
    b"&",
    b"#",
    b"*",
    b":",
    b"://",
    b"+",
    b"^",
    b"`",
    b"Taylor",
    b"x",
    b"zo\xc3\xab",
    b"\xe9",
    b"\"\"",
    b"\",\"",
    b"\" \"",
    b" action=allowed",
    b" act=permitted",
    b" GET 0 0 - 1 200 - ",
    b" *DENIED* ",
    b"\\x41",
    b"=1+1",
    b"-",
    b"0",
];

fn hostile(most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(select(HOSTILE), 0..=most).prop_map(|pieces| pieces.concat())
}

fn draft() -> impl Strategy<Value = Draft> {
    let when = (1_000_000_000_000_i64..1_990_000_000_000, 0_i64..5_000_000);
    let people =
        (hostile(4), hostile(3), select(vec!["10.1.4.17", "2001:db8::17"]), select(vec!["pc17", "lab-3"]));
    let asked = (
        select(vec!["GET", "POST", "CONNECT", "HEAD"]),
        select(vec!["http", "https"]),
        select(vec!["www.example.org", "a.example", "192.0.2.7", "xn--zo-jma.example"]),
        select(vec![80_u16, 443, 8_080]),
        hostile(5),
        hostile(5),
        hostile(3),
    );
    let answered = (
        select(vec![200_u32, 204, 206, 301, 304, 404]),
        0_i64..3_000_000_000,
        select(vec!["text/html", "image/png", "application/octet-stream", ""]),
        hostile(5),
        hostile(3),
        select(vec![Action::Allowed, Action::Allowed, Action::Blocked, Action::Challenged]),
    );
    (when, people, asked, answered).prop_map(|(when, people, asked, answered)| Draft {
        micros: when.0 * 1_000,
        duration: when.1,
        user: people.0,
        group: people.1,
        client: people.2,
        machine: people.3,
        method: asked.0,
        scheme: asked.1,
        host: asked.2,
        port: asked.3,
        path: asked.4,
        query: asked.5,
        words: asked.6,
        answer: answered.0,
        bytes: answered.1,
        mime: answered.2,
        agent: answered.3,
        category: answered.4,
        action: answered.5,
    })
}

/// What is left of bytes without some of them and without blanks at the ends; a lone dash is how most
/// layouts write nothing.
fn held(bytes: &[u8], without: &[u8]) -> Text<'static> {
    let rest: Vec<u8> = bytes.iter().copied().filter(|byte| !without.contains(byte)).collect();
    let rest = rest.trim_ascii().to_vec();
    (!rest.is_empty() && rest != b"-").then_some(Cow::Owned(rest))
}

/// Bytes without some of them, and then without a sequence, however often it stands there or arises.
fn parted(bytes: &[u8], without: &[u8], sequence: &[u8]) -> Vec<u8> {
    let mut rest: Vec<u8> = bytes.iter().copied().filter(|byte| !without.contains(byte)).collect();
    while let Some(at) = rest.windows(sequence.len()).position(|part| part == sequence) {
        rest.remove(at);
    }
    rest
}

fn known(text: &'static str) -> Text<'static> {
    (!text.is_empty()).then_some(Cow::Borrowed(text.as_bytes()))
}

/// Text, or what the layout writes for none.
fn or<'t>(text: &'t Text<'static>, none: &'t str) -> &'t [u8] {
    text.as_deref().unwrap_or(none.as_bytes())
}

/// Each of `marked` behind the same mark.
fn marked(bytes: &[u8], mark: &[u8], marked: &[u8]) -> Vec<u8> {
    bytes
        .iter()
        .flat_map(|byte| {
            let mark = if marked.contains(byte) { mark } else { b"" };
            mark.iter().copied().chain([*byte])
        })
        .collect()
}

/// `%20` for bytes that are not plain, letters in small.
fn percent(bytes: &[u8], plain: impl Fn(u8) -> bool) -> Vec<u8> {
    let written = |byte: &u8| if plain(*byte) { vec![*byte] } else { format!("%{byte:02x}").into_bytes() };
    bytes.iter().flat_map(written).collect()
}

impl Draft {
    /// The account where it stands bare between blanks, behind an address: a word in it that is a dash, or
    /// has the marks of an address, cannot be told from the columns beside it.
    fn bare_user(&self, without: &[u8]) -> Text<'static> {
        let marks = [b"/?=&\t", without].concat();
        held(&parted(&self.user, &marks, b" -"), b"")
    }

    fn status(&self) -> u32 {
        match self.action {
            Action::Blocked => 403,
            Action::Challenged => 407,
            _ => self.answer,
        }
    }

    /// The same with the decision of a layout that has no other.
    fn decided(&self, action: Action) -> Self {
        Self { action, ..self.clone() }
    }

    /// What every layout says of a request by proxy.
    fn fields(&self, basis: TimeBasis) -> Fields<'static> {
        let challenged = self.action == Action::Challenged;
        Fields {
            time: When::Instant(self.micros),
            basis,
            client_address: known(self.client),
            method: known(self.method),
            status: Some(self.status()),
            response_bytes: Some(self.bytes),
            action: self.action,
            kind: match self.method {
                _ if challenged => RecordKind::Authentication,
                "CONNECT" => RecordKind::Tunnel,
                _ => RecordKind::Request,
            },
            unauthenticated: challenged,
            ..Fields::default()
        }
    }

    /// The whole address, or host and port of a tunnel.
    fn url(&self, without: &[u8]) -> Text<'static> {
        if self.method == "CONNECT" {
            return Some(Cow::Owned(line![self.host, ":", self.port.to_string()]));
        }
        let path = held(&self.path, without);
        let query = held(&self.query, without);
        let mark = if query.is_some() { "?" } else { "" };
        let port = if self.port == 8_080 { ":8080" } else { "" };
        Some(Cow::Owned(line![self.scheme, "://", self.host, port, "/", or(&path, ""), mark, or(&query, "")]))
    }

    fn civil(&self) -> jiff::civil::DateTime {
        let stamp = jiff::Timestamp::from_microsecond(self.micros).unwrap();
        stamp.to_zoned(jiff::tz::TimeZone::UTC).datetime()
    }

    /// The wall clock, to the second.
    fn local(&self) -> jiff::civil::DateTime {
        let civil = self.civil();
        civil.date().at(civil.hour(), civil.minute(), civil.second(), 0)
    }

    fn clock(&self, pattern: &str) -> String {
        self.civil().strftime(pattern).to_string()
    }

    /// The instant, to the second.
    fn second(&self) -> When {
        When::Instant(self.micros.div_euclid(1_000_000) * 1_000_000)
    }

    /// Seconds and milliseconds since 1970, ten digits as in this century.
    fn epoch(&self) -> String {
        format!("{}.{:03}", self.micros / 1_000_000, self.micros / 1_000 % 1_000)
    }
}

/// The names of the fields in which two requests differ.
fn differences(read: &Fields<'_>, said: &Fields<'_>) -> Vec<String> {
    // Taken apart whole, so that a new field cannot be forgotten here.
    let Fields {
        time,
        basis,
        duration_ms,
        user,
        group,
        client_address,
        client_host,
        method,
        url,
        scheme,
        host,
        port,
        path,
        query,
        search_words,
        status,
        response_bytes,
        mime,
        user_agent,
        categories,
        category_separators: _,
        action,
        block_reason,
        log_level,
        vendor_severity,
        kind,
        unauthenticated,
        off_site,
        read_by,
        twin,
        notice,
    } = read;
    let mut found = Vec::new();
    let mut text = |name: &str, read: &Text<'_>, said: &Text<'_>| {
        if read.as_deref() != said.as_deref() {
            let show = |text: &Text<'_>| text.as_deref().map(|text| text.escape_ascii().to_string());
            found.push(format!("{name}: {:?}, not {:?}", show(read), show(said)));
        }
    };
    text("user", user, &said.user);
    text("group", group, &said.group);
    text("client_address", client_address, &said.client_address);
    text("client_host", client_host, &said.client_host);
    text("method", method, &said.method);
    text("url", url, &said.url);
    text("scheme", scheme, &said.scheme);
    text("host", host, &said.host);
    text("path", path, &said.path);
    text("query", query, &said.query);
    text("search_words", search_words, &said.search_words);
    text("mime", mime, &said.mime);
    text("user_agent", user_agent, &said.user_agent);
    text("categories", categories, &said.categories);
    let mut value = |name: &str, same: bool| {
        if !same {
            found.push(name.to_owned());
        }
    };
    value("time", *time == said.time);
    value("basis", *basis == said.basis);
    value("duration_ms", *duration_ms == said.duration_ms);
    value("port", *port == said.port);
    value("status", *status == said.status);
    value("response_bytes", *response_bytes == said.response_bytes);
    value("action", *action == said.action);
    value("block_reason", *block_reason == said.block_reason);
    value("log_level", *log_level == said.log_level);
    value("vendor_severity", *vendor_severity == said.vendor_severity);
    value("kind", *kind == said.kind);
    value("unauthenticated", *unauthenticated == said.unauthenticated);
    value("off_site", *off_site == said.off_site);
    value("read_by", *read_by == said.read_by);
    value("twin", *twin == said.twin);
    value("notice", *notice == said.notice);
    found
}

/// What is wrong with a request that was printed and read.
fn wrong(printer: &Printer, draft: &Draft) -> Option<String> {
    let Printed { line, fields } = (printer.print)(draft);
    let mut reader = find(printer.format).unwrap().reader();
    for directive in printer.before.lines() {
        reader.read(directive.as_bytes()).unwrap();
    }
    let found = match reader.read(&line) {
        Ok(Parsed::Request(read)) => differences(&read, &fields),
        Ok(_) => vec!["no request".to_owned()],
        Err(reject) => vec![format!("{reject:?}")],
    };
    let what = format!("{}: {}\n  in {}", printer.format, found.join("\n  "), line.escape_ascii());
    (!found.is_empty()).then_some(what)
}

#[test]
fn what_is_printed_is_read_back() {
    let mut failures = Vec::new();
    for printer in PRINTERS.iter().copied().flatten() {
        // Each layout's own run, so that what fails is made as small as it can be for each of them.
        let config = ProptestConfig {
            cases: 256,
            max_shrink_iters: 2_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let mut runner = TestRunner::new(config);
        let outcome = runner.run(&draft(), |draft| match wrong(printer, &draft) {
            Some(wrong) => Err(TestCaseError::fail(wrong)),
            None => Ok(()),
        });
        if let Err(TestError::Fail(reason, _)) = outcome {
            failures.push(reason.message().to_owned());
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_format_is_printed_or_says_why_not() {
    let printed = |id: &str| PRINTERS.iter().copied().flatten().any(|printer| printer.format == id);
    for format in ALL {
        let excused = NOT_PRINTED.iter().any(|(id, why)| *id == format.id && !why.is_empty());
        assert!(printed(format.id) != excused, "{}: a printer, or a reason why there is none", format.id);
    }
    for id in PRINTERS
        .iter()
        .copied()
        .flatten()
        .map(|printer| printer.format)
        .chain(NOT_PRINTED.iter().map(|(id, _)| *id))
    {
        assert!(find(id).is_some(), "{id} is no format");
    }
}

#[test]
fn a_difference_is_told() {
    let one = Fields { status: Some(200), user: known("mtaylor"), ..Fields::default() };
    assert!(differences(&one, &one.clone()).is_empty());
    let other = Fields { status: Some(403), user: None, ..Fields::default() };
    assert_eq!(differences(&one, &other), ["user: Some(\"mtaylor\"), not None", "status"]);
}
