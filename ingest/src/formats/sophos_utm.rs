//! Sophos UTM (Astaro): the web proxy's lines in the box's own envelope, whose clock is local.
//!
//! The warning page (id 0071) and the decision to go on (id 0072) are rows of their own; the latter
//! names neither account nor method.

use super::lex::{self, Step};
use super::pairs::{self, QUOTED, Value};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, TimeBasis, When};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "time", "end of the request, local time, before host and program"),
    field(2, "id", "0003 is internal, 0072 a person who went on past a warning"),
    field(3, "action", "`pass`, `block`, `warn`; a status 407 is a challenge"),
    field(4, "name, reason", "which rule"),
    field(5, "method", "HTTP method; CONNECT is a tunnel"),
    field(6, "srcip", "client address"),
    field(7, "user", "account"),
    field(8, "group, filteraction", "group of the account, else the filter action"),
    field(9, "statuscode", "HTTP status"),
    field(10, "size", "bytes"),
    field(11, "url", "address"),
    field(12, "fullreqtime", "microseconds; the start is time minus duration"),
    field(13, "ua", "browser"),
    field(14, "categoryname", "category words, commas between"),
    field(15, "content-type", "MIME type"),
];

pub(super) static FORMAT: Format = Format {
    id: "sophos-utm",
    version: "1",
    title: "Sophos UTM web proxy",
    origin: "Sophos UTM 9, `http.log` or syslog",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

const KEYS: [&[u8]; 17] = [
    b"id",
    b"action",
    b"name",
    b"reason",
    b"method",
    b"srcip",
    b"user",
    b"group",
    b"filteraction",
    b"statuscode",
    b"size",
    b"url",
    b"fullreqtime",
    b"ua",
    b"categoryname",
    b"content-type",
    b"sub",
];

/// Time, program, and what it wrote.
struct Line<'a> {
    time: When,
    program: &'a [u8],
    message: &'a [u8],
}

fn head(record: &[u8]) -> Step<'_, Line<'_>> {
    let (rest, time) = lex::because(Reason::Time, lex::colon_time)(record)?;
    let (rest, ()) = lex::column(Reason::Columns, lex::blanks)(rest)?;
    let (rest, _host) = lex::column(Reason::Columns, lex::word)(rest)?;
    let (rest, ()) = lex::column(Reason::Columns, lex::blanks)(rest)?;
    let (rest, tag) = lex::column(Reason::Columns, lex::word)(rest)?;
    let end = memchr::memchr2(b'[', b':', tag).unwrap_or(tag.len());
    Ok((&[], Line { time, program: &tag[..end], message: rest }))
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let (_, line) = head(record).map_err(|error| lex::rejected(error, record))?;
    match line.program {
        b"httpproxy" => {}
        b"ulogd" => return Ok(Parsed::Other(OtherKind::Traffic)),
        b"snort" | b"barnyard" | b"afcd" | b"ctasd" => return Ok(Parsed::Other(OtherKind::Security)),
        b"named" => return Ok(Parsed::Other(OtherKind::Lookup)),
        _ => return Ok(Parsed::Other(OtherKind::System)),
    }
    if line.message.trim_ascii().is_empty() {
        return Err(Reject::at(Reason::Truncated, record.len()));
    }
    if !pairs::begins(line.message) {
        return Ok(Parsed::Other(OtherKind::System));
    }
    let [
        id,
        action,
        name,
        reason,
        method,
        client,
        user,
        group,
        filter_action,
        status,
        size,
        url,
        duration,
        agent,
        category,
        mime,
        sub,
    ] = pairs::values(line.message, QUOTED, &KEYS).map_err(|fault| fault.reject(record))?;
    if id.bytes() == b"0003" || (sub.present() && sub.bytes() != b"http") {
        return Ok(Parsed::Other(OtherKind::Internal));
    }
    if !url.present() {
        return Err(url.reject(Reason::Address, record));
    }
    let status = match status.present() {
        true => Some(status.status().ok_or_else(|| status.reject(Reason::Status, record))?),
        false => None,
    };
    let action = match (id.bytes(), action.bytes()) {
        _ if status == Some(407) => Action::Challenged,
        (b"0072", _) => Action::Proceeded,
        (_, b"pass") => Action::Allowed,
        (_, b"block") => Action::Blocked,
        (_, b"warn") => Action::Warned,
        _ => Action::Unknown,
    };
    let kind = RecordKind::of(action, method.bytes());
    Ok(Parsed::Request(Fields {
        time: line.time,
        basis: TimeBasis::End,
        duration_ms: duration.natural().map(|micros| micros / 1_000),
        user: user.text(),
        group: group.or(filter_action).text(),
        client_address: client.text(),
        method: method.text(),
        url: url.text(),
        status,
        response_bytes: size.natural(),
        mime: mime.text(),
        user_agent: agent.text(),
        categories: category.text(),
        category_separators: b",",
        action,
        block_reason: (action == Action::Blocked).then(|| block_reason(reason, name)),
        kind,
        unauthenticated: action == Action::Challenged,
        notice: (action == Action::Unknown).then_some(Notice::UnknownAction),
        ..Fields::default()
    }))
}

fn block_reason(reason: Value<'_>, name: Value<'_>) -> BlockReason {
    match reason.bytes() {
        b"category" | b"url" | b"blacklist" => return BlockReason::List,
        b"extension" | b"mime" => return BlockReason::FileKind,
        b"virus" | b"av" => return BlockReason::Virus,
        _ => {}
    }
    // The title is always in English.
    let says = |word: &str| memchr::memmem::find(name.bytes(), word.as_bytes()).is_some();
    if says("virus") {
        BlockReason::Virus
    } else if says("extension") || says("MIME") {
        BlockReason::FileKind
    } else if says("category") || says("url") {
        BlockReason::List
    } else {
        BlockReason::Rule
    }
}

fn sniff(line: &[u8]) -> Vote {
    match head(line) {
        Ok((_, line)) if line.message.is_empty() => Vote::Fragment,
        Ok(_) => Vote::Yes,
        Err(nom::Err::Error(fault)) if fault.reason == Reason::Truncated => Vote::Fragment,
        Err(_) => Vote::No,
    }
}

const fn request(
    user: Option<&'static str>,
    url: &'static str,
    status: Option<u32>,
    action: Action,
    block_reason: Option<BlockReason>,
) -> Expected {
    let kind = match action {
        Action::Challenged => RecordKind::Authentication,
        _ => RecordKind::Request,
    };
    Expected::Request { user, url, status, action, block_reason, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page",
        record: r#"2025:11:12-09:15:30 utm httpproxy[6267]: id="0001" severity="info" sys="SecureWeb" sub="http" name="http access" action="pass" method="GET" srcip="10.1.4.17" dstip="192.0.2.7" user="mtaylor" group="Year 9" ad_domain="SCHOOL" statuscode="200" cached="0" profile="REF_1 (Pupils)" filteraction="REF_2 (Pupils)" size="10182" request="0x7fad" url="https://www.example.org/a?b=c d" referer="" error="" fullreqtime="32181" device="0" auth="2" ua="Mozilla/5.0 (X11)" exceptions="" category="111" reputation="trusted" categoryname="Education/Reference" content-type="text/html""#,
        expected: request(Some("mtaylor"), "https://www.example.org/a?b=c d", Some(200), Action::Allowed, None),
    },
    Example {
        shows: "a block by category, no user, no group",
        record: r#"2025:11:12-09:15:31 utm httpproxy[6267]: id="0060" severity="info" sys="SecureWeb" sub="http" name="web request blocked, forbidden category detected" action="block" method="GET" srcip="10.1.4.17" user="" group="" statuscode="403" filteraction="REF_2 (Pupils)" size="4764" url="https://bets.example/" fullreqtime="1499" ua="x" category="112" categoryname="Gambling" reason="category""#,
        expected: request(None, "https://bets.example/", Some(403), Action::Blocked, Some(BlockReason::List)),
    },
    Example {
        shows: "a block by extension, the category repeated",
        record: r#"2025:11:12-09:15:32 utm httpproxy[6267]: id="0064" severity="info" sys="SecureWeb" sub="http" name="web request blocked, forbidden file extension detected" action="block" method="GET" srcip="10.1.4.17" user="mtaylor" group="Year 9" statuscode="403" size="2814" url="https://a.example/b.com" fullreqtime="638695" category="105,105" categoryname="Business,Business" reason="extension" extension="com""#,
        expected: request(
            Some("mtaylor"),
            "https://a.example/b.com",
            Some(403),
            Action::Blocked,
            Some(BlockReason::FileKind),
        ),
    },
    Example {
        shows: "a virus, by the title alone",
        record: r#"2025:11:12-09:15:32 utm httpproxy[6267]: id="0056" sub="http" name="web request blocked, virus detected" action="block" method="GET" srcip="10.1.4.17" user="mtaylor" statuscode="403" url="http://a.example/c""#,
        expected: request(
            Some("mtaylor"),
            "http://a.example/c",
            Some(403),
            Action::Blocked,
            Some(BlockReason::Virus),
        ),
    },
    Example {
        shows: "a warning",
        record: r#"2025:11:12-09:15:33 utm httpproxy[6267]: id="0071" sub="http" name="web request warned, forbidden category detected" action="warn" method="GET" srcip="10.1.4.17" user="mtaylor" group="Year 9" statuscode="403" size="3783" url="https://a.example/" reason="category" category="9998" categoryname="Uncategorized""#,
        expected: request(Some("mtaylor"), "https://a.example/", Some(403), Action::Warned, None),
    },
    Example {
        shows: "the person went on",
        record: r#"2025:11:12-09:15:40 utm httpproxy[6267]: id="0072" severity="info" sys="SecureWeb" sub="http" name="Contentfilter warned and proceeded" url="https://a.example/" srcip="10.1.4.17" category="9998" categoryname="Uncategorized""#,
        expected: request(None, "https://a.example/", None, Action::Proceeded, None),
    },
    Example {
        shows: "a challenge",
        record: r#"2025:11:12-09:15:41 utm httpproxy[6267]: id="0002" sub="http" name="web request blocked" action="block" method="GET" srcip="10.1.4.17" user="" statuscode="407" url="http://a.example/""#,
        expected: request(None, "http://a.example/", Some(407), Action::Challenged, None),
    },
    Example {
        shows: "a tunnel, and an action that is not known",
        record: r#"2025:11:12-09:15:42 utm httpproxy[6267]: id="0001" sub="http" name="http access" action="quota" method="CONNECT" srcip="2001:db8::17" user="mtaylor" statuscode="200" url="https://mail.example/""#,
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "https://mail.example/",
            status: Some(200),
            action: Action::Unknown,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "a message of the proxy about itself",
        record: r#"2025:11:12-09:15:43 utm httpproxy[6267]: id="0003" severity="info" sys="SecureWeb" sub="http" request="0x7fad" function="scan" file="scan.c" line="154" message="error: cannot read it""#,
        expected: Expected::Other(OtherKind::Internal),
    },
    Example {
        shows: "the packet filter on the same stream",
        record: r#"2025:11:12-09:15:44 utm ulogd[4103]: id="2001" severity="info" sys="SecureNet" sub="packetfilter" name="Packet dropped" action="drop" srcip="10.1.4.17" dstip="192.0.2.7""#,
        expected: Expected::Other(OtherKind::Traffic),
    },
    Example {
        shows: "another program",
        record: "2025:11:12-09:15:45 utm sshd[4104]: Server listening on 0.0.0.0 port 22.",
        expected: Expected::Other(OtherKind::System),
    },
    Example {
        shows: "the intrusion prevention",
        record: r#"2025:11:12-09:15:45 utm snort[4105]: id="2101" severity="warn" sys="SecureNet" sub="ips" name="Intrusion protection alert""#,
        expected: Expected::Other(OtherKind::Security),
    },
    Example {
        shows: "the name service",
        record: "2025:11:12-09:15:45 utm named[4106]: lame server",
        expected: Expected::Other(OtherKind::Lookup),
    },
    Example {
        shows: "a day that does not exist",
        record: r#"2025:11:31-09:15:46 utm httpproxy[6267]: id="0001" action="pass" url="http://a.example/""#,
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "no address",
        record: r#"2025:11:12-09:15:46 utm httpproxy[6267]: id="0001" sub="http" action="pass" url="""#,
        expected: Expected::Reject(Reason::Address),
    },
    Example {
        shows: "status is a word",
        record: r#"2025:11:12-09:15:46 utm httpproxy[6267]: id="0001" sub="http" action="pass" statuscode="OK" url="http://a.example/""#,
        expected: Expected::Reject(Reason::Status),
    },
    Example {
        shows: "cut behind the program",
        record: "2025:11:12-09:15:47 utm httpproxy[6267]:",
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "cut inside a value",
        record: r#"2025:11:12-09:15:47 utm httpproxy[6267]: id="0001" sub="http" action="pass" url="http://a.exam"#,
        expected: Expected::Reject(Reason::Truncated),
    },
];
