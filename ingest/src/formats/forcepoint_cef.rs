//! Forcepoint (Websense) Web Security, CEF. Directory names stand in it with blanks and equals signs,
//! escaped or not, so only known keys end a value. The category is a number in the head.

use super::event_header;
use super::lex;
use super::pairs::{self, Grammar};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field};
use crate::fields::{Action, BlockReason, Fields, Parsed, RecordKind, TimeBasis};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "event", "part 5 of the head: number of the category"),
    field(2, "act", "`permitted`, `blocked`"),
    field(3, "rt", "milliseconds since 1970, or a time with offset"),
    field(4, "loginID, suser", "account, else the name in the directory"),
    field(5, "cs1", "policy"),
    field(6, "src", "client address"),
    field(7, "requestMethod", "HTTP method; CONNECT is a tunnel"),
    field(8, "request, dhost", "address, else host"),
    field(9, "in", "bytes received"),
    field(10, "cs3", "MIME type"),
    field(11, "requestClientApplication", "browser"),
];

pub(super) static FORMAT: Format = Format {
    id: "forcepoint-cef",
    version: "1",
    title: "Forcepoint Web Security, CEF",
    origin: "Forcepoint Web Security 8.5, SIEM integration `syslog/CEF`",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

const GRAMMAR: Grammar<'static> = Grammar {
    separator: b" ",
    quotes: false,
    escapes: b"\\=|",
    is_key: |word| KEYS.contains(&word) || OTHER_KEYS.contains(&word),
};

const KEYS: [&[u8]; 12] = [
    b"act",
    b"rt",
    b"loginID",
    b"suser",
    b"cs1",
    b"src",
    b"requestMethod",
    b"request",
    b"dhost",
    b"in",
    b"cs3",
    b"requestClientApplication",
];

const OTHER_KEYS: &[&[u8]] = &[
    b"app",
    b"cn1",
    b"cn1Label",
    b"cn2",
    b"cn2Label",
    b"cn3",
    b"cn3Label",
    b"cs1Label",
    b"cs2",
    b"cs2Label",
    b"cs3Label",
    b"cs4",
    b"cs4Label",
    b"cs5",
    b"cs5Label",
    b"cs6",
    b"cs6Label",
    b"destinationTranslatedPort",
    b"dpt",
    b"dst",
    b"duser",
    b"dvc",
    b"dvchost",
    b"logRecordSource",
    b"msg",
    b"out",
    b"reason",
    b"refererUrl",
    b"spt",
];

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let header = event_header::common(record).ok_or(Reject::at(Reason::Columns, 0))?;
    let [action, time, login, name, policy, client, method, url, host, received, mime, agent] =
        pairs::values(header.pairs, GRAMMAR, &KEYS).map_err(|fault| fault.reject(record))?;
    let time = lex::instant(time.bytes())
        .or_else(|| lex::whole_of(time.bytes(), lex::iso_time))
        .ok_or_else(|| time.reject(Reason::Time, record))?;
    if !url.present() && !host.present() {
        return Err(url.reject(Reason::Address, record));
    }
    let action = match action.bytes() {
        b"permitted" => Action::Allowed,
        b"blocked" => Action::Blocked,
        _ => Action::Unknown,
    };
    let kind = if method.bytes() == b"CONNECT" { RecordKind::Tunnel } else { RecordKind::Request };
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Unknown,
        user: login.or(name).text(),
        group: policy.text(),
        client_address: client.text(),
        method: method.text(),
        url: url.text(),
        host: host.text(),
        response_bytes: received.natural(),
        mime: mime.text(),
        user_agent: agent.text(),
        categories: lex::text(header.event),
        action,
        block_reason: (action == Action::Blocked).then_some(BlockReason::Rule),
        kind,
        notice: (action == Action::Unknown).then_some(Notice::UnknownAction),
        ..Fields::default()
    }))
}

fn sniff(line: &[u8]) -> Vote {
    match event_header::common(line) {
        Some(header) if header.vendor == b"Forcepoint" && header.product == b"Security" => Vote::Yes,
        _ if line.starts_with(b"CEF:0|Forcepoint|Security|") => Vote::Fragment,
        _ => Vote::No,
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page: name in the directory with blanks and escaped equals signs, account beside it",
        record: "CEF:0|Forcepoint|Security|8.5.4|76|Transaction permitted|1| act=permitted app=https dvc=192.0.2.1 dst=192.0.2.7 dhost=www.example.org dpt=443 src=10.1.4.17 spt=50345 suser=LDAP://192.0.2.2 OU\\=Pupils,OU\\=Users,DC\\=school,DC\\=example/Mary Taylor loginID=mtaylor destinationTranslatedPort=47486 rt=1762938930000 in=1038 out=396 requestMethod=POST requestClientApplication=Mozilla/5.0 (X11; Linux) reason=- cs1Label=Policy cs1=Pupils**Default cs2Label=DynCat cs2=0 cs3Label=ContentType cs3=text/html cn1Label=DispositionCode cn1=1026 cn2Label=ScanDuration cn2=31 request=https://www.example.org/a?b=c d logRecordSource=OnPrem",
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "https://www.example.org/a?b=c d",
            status: None,
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a block: ISO time, equals signs not escaped, the head's first word lost",
        record: " 0|Forcepoint|Security|8.5.5|11|Transaction blocked|7| act=blocked app=http dhost=bets.example src=10.1.4.17 suser=LDAP://s OU=Pupils,DC=school/Mary Taylor loginID=- rt=2025-11-12T09:15:31Z in=0 out=0 requestMethod=GET cs1Label=Policy cs1=Pupils request=http://bets.example/ refererUrl=http://a.example/",
        expected: Expected::Request {
            user: Some("LDAP://s OU=Pupils,DC=school/Mary Taylor"),
            url: "http://bets.example/",
            status: None,
            action: Action::Blocked,
            block_reason: Some(BlockReason::Rule),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a tunnel, nobody's, and an action that is not known",
        record: "CEF:0|Forcepoint|Security|8.5.4|9|Transaction quota|1| act=quota dhost=mail.example src=2001:db8::17 suser=- loginID=- rt=1762938932000 requestMethod=CONNECT request=https://mail.example:443",
        expected: Expected::Request {
            user: None,
            url: "https://mail.example:443",
            status: None,
            action: Action::Unknown,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "no time",
        record: "CEF:0|Forcepoint|Security|8.5.4|9|Transaction permitted|1| act=permitted request=http://a.example/",
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "neither address nor host",
        record: "CEF:0|Forcepoint|Security|8.5.4|9|Transaction permitted|1| act=permitted rt=1762938932000 request=-",
        expected: Expected::Reject(Reason::Address),
    },
    Example {
        shows: "cut inside the head",
        record: "CEF:0|Forcepoint|Security|8.5",
        expected: Expected::Reject(Reason::Columns),
    },
];
