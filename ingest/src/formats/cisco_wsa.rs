//! Cisco Secure Web Appliance (before: Web Security Appliance, IronPort): Squid's native columns, then a
//! decision with the policies that made it, then a block of verdicts in angle brackets.
//!
//! `BLOCK_WEBCAT_12-DefaultGroup-Identity-...`: decision, number of the engine, then the names of the
//! policies. The first item of the block is the category that decided.
//!
//! Decision words: chapter "Monitor system activity through logs" of the user guide,
//! <https://www.cisco.com/c/en/us/td/docs/security/wsa/wsa-14-6/user-guide/swa-userguide-14-6/m-monitoring-troubleshooting.html>.

use std::borrow::Cow;

use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, lex, squid};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, TimeBasis};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(
        1,
        "time",
        "end of the request: seconds since 1970 with milliseconds, UTC; `Info:` may stand before it",
    ),
    field(2, "elapsed", "milliseconds; the start is time minus elapsed"),
    field(3, "client", "client address"),
    field(4, "result", "result code and HTTP status; 407 is a challenge"),
    field(5, "size", "bytes sent to the client"),
    field(6, "method", "HTTP method; CONNECT and TCP_CONNECT are tunnels"),
    field(7, "url", "address; of a tunnel `tunnel://host:port/` or `host:port`"),
    field(8, "user", "account, perhaps between quotes and with its realm, or `-`"),
    field(9, "peer", "where it was fetched from; not kept"),
    field(10, "mime", "MIME type or `-`"),
    field(11, "decision", "decision and the policies; the access policy is taken as the filter group"),
    field(12, "verdicts", "of which the first is the category; the others are not kept"),
];

pub(super) static FORMAT: Format = Format {
    id: "cisco-wsa",
    version: "1",
    title: "Cisco Secure Web Appliance access log",
    origin: "Cisco Secure Web Appliance (WSA, IronPort), access logs in Squid style",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

/// The columns that the appliance adds.
#[derive(Default)]
struct Verdict<'a> {
    /// Decision word without the engine's number.
    decision: &'a [u8],
    policy: &'a [u8],
    category: &'a [u8],
}

/// Reads decision and verdicts from what follows the MIME type.
fn verdict(after: &[u8]) -> Option<Verdict<'_>> {
    let bracket = memchr::memchr(b'<', after)?;
    let before = after[..bracket].trim_ascii_end();
    let tag = &before[memchr::memrchr(b' ', before).map_or(0, |at| at + 1)..];
    let mut parts = tag.split(|byte| *byte == b'-');
    let word = parts.next().filter(|word| matches!(lex::code(word), Ok(([], _))))?;
    let policy = parts.next()?;
    let digits = word.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let decision = match word[..word.len() - digits].strip_suffix(b"_") {
        Some(decision) if digits > 0 => decision,
        _ => word,
    };
    let items = &after[bracket + 1..];
    let end = memchr::memchr2(b',', b'>', items).unwrap_or(items.len());
    Some(Verdict { decision, policy, category: unquoted(&items[..end]) })
}

fn unquoted(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text)
}

/// What the appliance decided.
fn action(decision: &[u8], result: &[u8], status: u32) -> (Action, Option<Notice>) {
    let squid = squid::action(result, status);
    if squid == Action::Challenged || decision == b"NO_PASSWORD" {
        return (Action::Challenged, None);
    }
    let starts = |start: &[u8]| decision.starts_with(start);
    if starts(b"BLOCK_CONTINUE_") {
        (Action::Warned, None)
    } else if starts(b"BLOCK_") || starts(b"DROP_") {
        (Action::Blocked, None)
    } else if starts(b"MONITOR_") && squid == Action::Allowed {
        (Action::Monitored, None)
    } else if starts(b"REDIRECT_") {
        // A rule sends to another address, whether a block page or not the log does not say.
        (Action::Unknown, None)
    } else if decision == b"OTHER" && squid == Action::Allowed {
        // Sign-in failed, or one side hung up.
        (Action::Error, None)
    } else {
        let known =
            [&b"ALLOW_"[..], b"DECRYPT_", b"PASSTHRU_", b"MONITOR_"].iter().any(|start| starts(start))
                || matches!(decision, b"DEFAULT_CASE" | b"OTHER" | b"SAAS_AUTH");
        (squid, (!known).then_some(Notice::UnknownAction))
    }
}

fn block_reason(decision: &[u8]) -> BlockReason {
    let has = |word: &str| memchr::memmem::find(decision, word.as_bytes()).is_some();
    if has("_DLP") || has("ICAP") {
        BlockReason::Upload
    } else if has("WEBCAT") || has("CUSTOMCAT") {
        BlockReason::List
    } else if has("AMW") || has("AMP") {
        BlockReason::Virus
    } else if has("FILE_TYPE") {
        BlockReason::FileKind
    } else if has("CONTENT_UNSAFE") {
        BlockReason::Content
    } else if has("USER_AGENT") {
        BlockReason::Client
    } else {
        BlockReason::Rule
    }
}

/// The record behind the level that syslog adds.
fn levelled(record: &[u8]) -> &[u8] {
    record.strip_prefix(b"Info: ").unwrap_or(record)
}

/// Lines at the beginning and end of a file, and how the columns are called.
fn is_message(record: &[u8]) -> bool {
    [&b"Info: Begin Logfile"[..], b"Info: End Logfile", b"Info: Version: ", b"Info: Time offset from UTC: "]
        .iter()
        .any(|words| memchr::memmem::find(record, words).is_some())
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let inner = levelled(record);
    let (rest, head) = match squid::head(inner) {
        Ok(read) => read,
        Err(_) if is_message(record) => return Ok(Parsed::Other(OtherKind::System)),
        Err(_) if record.starts_with(b"#") => return Ok(Parsed::Directive),
        Err(error) => {
            return Err(lex::rejected(error, inner).shifted(record.len() - inner.len()));
        }
    };
    let tail = squid::tail(rest).map_err(|fault| fault.reject(record))?;
    if let Some(kind) = squid::no_event(tail.url, head.result) {
        return Ok(Parsed::Other(kind));
    }
    if tail.url == b"-" {
        return Err(Reject::at(Reason::Address, lex::offset(record, tail.url)));
    }
    let Some(verdict) = verdict(tail.after) else {
        return Err(Reject::at(Reason::Truncated, record.len()));
    };
    let (action, notice) = action(verdict.decision, head.result, head.status);
    let kind = match RecordKind::of(action, head.method) {
        RecordKind::Request if tail.url.starts_with(b"tunnel://") => RecordKind::Tunnel,
        kind => kind,
    };
    let odd = head.elapsed.odd || head.size.odd;
    Ok(Parsed::Request(Fields {
        time: head.time,
        basis: TimeBasis::End,
        duration_ms: head.elapsed.natural(),
        user: lex::text(unquoted(tail.user)),
        group: lex::text(verdict.policy).filter(|_| verdict.policy != b"NONE"),
        client_address: lex::text(head.client),
        method: lex::text(head.method),
        url: Some(Cow::Borrowed(tail.url)),
        status: Some(head.status),
        response_bytes: head.size.natural(),
        mime: lex::text(tail.mime),
        categories: lex::text(verdict.category),
        action,
        block_reason: (action == Action::Blocked).then(|| block_reason(verdict.decision)),
        kind,
        unauthenticated: action == Action::Challenged,
        notice: if odd { Some(Notice::OddNumber) } else { notice },
        ..Fields::default()
    }))
}

fn sniff(line: &[u8]) -> Vote {
    if line.starts_with(b"#") || is_message(line) {
        return Vote::Abstain;
    }
    let inner = levelled(line);
    let read = squid::head(inner).ok().and_then(|(rest, _)| squid::tail(rest).ok());
    match read {
        Some(tail) if verdict(tail.after).is_some() => Vote::Yes,
        _ if inner.len() < line.len() && lex::epoch(inner).is_ok() => Vote::Fragment,
        _ => Vote::No,
    }
}

crate::event::redacted!(Verdict);

const fn request(
    url: &'static str,
    status: u32,
    action: Action,
    block_reason: Option<BlockReason>,
) -> Expected {
    let kind = RecordKind::Request;
    Expected::Request { user: None, url, status: Some(status), action, block_reason, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page, in syslog's dress; a name with its realm",
        record: r#"Info: 1757497500.123 245 10.1.4.17 TCP_MISS/200 10182 GET http://www.example.org/a "SCHOOL\m taylor@realm" DIRECT/www.example.org text/html DEFAULT_CASE_12-Year9-Pupils-NONE-NONE-NONE-DefaultGroup-NONE <"IW_edu",6.8,1,"-",-,-> - -"#,
        expected: Expected::Request {
            user: Some("SCHOOL\\m taylor@realm"),
            url: "http://www.example.org/a",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a block by category, verdicts without quotes",
        record: r#"1757497501.000 0 10.1.4.17 TCP_DENIED/403 3992 GET http://bets.example/ - NONE/- - BLOCK_WEBCAT_11-Year9-Pupils-NONE-NONE-NONE-NONE <IW_gamb,-,-,"-",-> -"#,
        expected: request("http://bets.example/", 403, Action::Blocked, Some(BlockReason::List)),
    },
    Example {
        shows: "a block by the virus scanner on a page with status 200",
        record: r#"1757497501.000 90 10.1.4.17 TCP_MISS/200 4687 GET http://a.example/x - DIRECT/a.example image/gif BLOCK_AMW_RESP_URL_258-Year9-Pupils-NONE-NONE-NONE-NONE <nc,4.5,-> -"#,
        expected: request("http://a.example/x", 200, Action::Blocked, Some(BlockReason::Virus)),
    },
    Example {
        shows: "a warning that may be clicked away",
        record: r#"1757497501.000 0 10.1.4.17 TCP_DENIED/403 3992 GET http://shop.example/ - NONE/- - BLOCK_CONTINUE_WEBCAT_11-Year9-Pupils-NONE-NONE-NONE-NONE <"IW_shop",-> -"#,
        expected: request("http://shop.example/", 403, Action::Warned, None),
    },
    Example {
        shows: "a sign-in challenge, error numbers before the decision",
        record: r#"Info: 1757497501.000 0 10.1.4.17 TCP_DENIED/407 0 CONNECT tunnel://mail.example:443/ - NONE/- - CMF:40 DCF:20 ERR:0 OTHER-NONE-Pupils-NONE-NONE-NONE-NONE-NONE <"-",-> - 0 - -"#,
        expected: Expected::Request {
            user: None,
            url: "tunnel://mail.example:443/",
            status: Some(407),
            action: Action::Challenged,
            block_reason: None,
            kind: RecordKind::Authentication,
        },
    },
    Example {
        shows: "a tunnel without a proxy setting",
        record: r#"1757497501.000 68855 10.1.4.17 TCP_MISS/200 97645 TCP_CONNECT 192.0.2.10:443 - DIRECT/mail.example - PASSTHRU_CUSTOMCAT_7-Year9-Pupils-NONE-NONE-NONE-DefaultGroup-NONE <"C_Mail",-> - -"#,
        expected: Expected::Request {
            user: None,
            url: "192.0.2.10:443",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "the server hung up",
        record: r#"1757497501.000 90 10.1.4.17 NONE/504 0 GET http://a.example/x - DIRECT/a.example - OTHER-NONE-Pupils-NONE-NONE-NONE-NONE-NONE <nc,-> -"#,
        expected: request("http://a.example/x", 504, Action::Error, None),
    },
    Example {
        shows: "a decision of a later version",
        record: r#"1757497501.000 90 10.1.4.17 TCP_MISS/200 9 GET http://a.example/x - DIRECT/a.example - QUARANTINE_3-Year9-Pupils-NONE-NONE-NONE-NONE-NONE <nc,-> -"#,
        expected: request("http://a.example/x", 200, Action::Allowed, None),
    },
    Example {
        shows: "the beginning of a file",
        record: "Wed Sep 10 00:00:01 2025 Info: Begin Logfile",
        expected: Expected::Other(OtherKind::System),
    },
    Example {
        shows: "cut before the verdicts",
        record: "Info: 1757497501.000 90 10.1.4.17 TCP_MISS/200 9 GET http://a.example/x - DIRECT/a.example - DEFAULT_CA",
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "no time",
        record: "Info: 90 10.1.4.17 TCP_MISS/200 9 GET http://a.example/x - DIRECT/a.example - DEFAULT_CASE_11-A-B <nc,-> -",
        expected: Expected::Reject(Reason::Time),
    },
];
