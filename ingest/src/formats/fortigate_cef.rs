//! FortiGate, CEF: the same rows with other keys, its own marked by a prefix. Values stand bare and
//! hold blanks.
//!
//! How keys are renamed: <https://docs.fortinet.com/document/fortigate/7.0.6/fortios-log-message-reference/400992>.

use super::event_header;
use super::fortinet::{self, Row};
use super::pairs::{self, Grammar};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field};
use crate::fields::{Action, BlockReason, OtherKind, Parsed, RecordKind};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "cat", "`utm:webfilter` is read; others are counted by kind"),
    field(2, "eventtime", "seconds or nanoseconds since 1970, UTC; missing before release 6"),
    field(3, "duser", "account"),
    field(4, "group, profile", "group of the account, else the web filter profile"),
    field(5, "src, shost", "client address and host"),
    field(6, "dhost, request", "host, and address or path; `app` gives the scheme"),
    field(7, "act", "`blocked`, `passthrough`"),
    field(8, "eventtype, logid", "which rule, and the message number"),
    field(9, "requestContext, catdesc", "category word"),
    field(10, "in", "bytes received"),
    field(11, "requestMethod, requestClientApplication", "method and browser"),
    field(12, "externalId", "number of the session: finds the second row about one request"),
];

pub(super) static FORMAT: Format = Format {
    id: "fortigate-cef",
    version: "1",
    title: "FortiGate web filter, CEF",
    origin: "FortiOS 5.6 to 7, syslog, `format cef`",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

const GRAMMAR: Grammar<'static> =
    Grammar { separator: b" ", quotes: false, escapes: b"\\=|", is_key };

/// Keys of CEF itself that this producer writes.
const KEYS: &[&[u8]] = &[
    b"act",
    b"app",
    b"cat",
    b"destinationTranslatedAddress",
    b"destinationTranslatedPort",
    b"deviceDirection",
    b"deviceExternalId",
    b"deviceInboundInterface",
    b"deviceOutboundInterface",
    b"deviceSeverity",
    b"dhost",
    b"dpt",
    b"dst",
    b"duser",
    b"dvchost",
    b"end",
    b"externalId",
    b"fname",
    b"fsize",
    b"in",
    b"msg",
    b"out",
    b"outcome",
    b"proto",
    b"reason",
    b"request",
    b"requestClientApplication",
    b"requestContext",
    b"requestMethod",
    b"shost",
    b"sourceTranslatedAddress",
    b"sourceTranslatedPort",
    b"spt",
    b"sproc",
    b"src",
    b"start",
    b"suser",
];

/// What stands before the producer's own keys, by release.
const PREFIXES: [&[u8]; 3] = [b"FTNTFGT", b"FortinetFortiGate", b"ad."];

fn own(key: &[u8]) -> Option<&[u8]> {
    PREFIXES.iter().find_map(|prefix| key.strip_prefix(*prefix))
}

fn is_key(word: &[u8]) -> bool {
    own(word).is_some() || KEYS.contains(&word)
}

/// The producer's own keys that are read; the others have keys of CEF.
const OWN: &[&[u8]] = &[
    b"subtype",
    b"eventtype",
    b"logid",
    b"eventtime",
    b"date",
    b"time",
    b"tz",
    b"group",
    b"profile",
    b"catdesc",
];

/// Keys of CEF, and the producer's own that they stand for.
const RENAMED: &[(&[u8], &[u8])] = &[
    (b"cat", b"type"),
    (b"externalId", b"sessionid"),
    (b"duser", b"user"),
    (b"src", b"srcip"),
    (b"shost", b"srcname"),
    (b"dhost", b"hostname"),
    (b"request", b"url"),
    (b"app", b"service"),
    (b"act", b"action"),
    (b"in", b"rcvdbyte"),
    (b"requestMethod", b"httpmethod"),
    (b"requestClientApplication", b"agent"),
];

/// The place of the category's word in CEF, behind those of a row: it may stand beside the producer's own.
const CONTEXT: usize = fortinet::READ;

fn index(key: &[u8]) -> Option<usize> {
    if key == b"requestContext" {
        return Some(CONTEXT);
    }
    let name = match own(key) {
        Some(own) => OWN.contains(&own).then_some(own),
        None => RENAMED.iter().find(|(common, _)| *common == key).map(|(_, own)| *own),
    }?;
    fortinet::KEYS.iter().position(|known| *known == name)
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let header = event_header::common(record).ok_or(Reject::at(Reason::Columns, 0))?;
    let [values @ .., context] = pairs::values_by::<{ CONTEXT + 1 }>(header.pairs, GRAMMAR, index)
        .map_err(|fault| fault.reject(record))?;
    let row = Row::new(values);
    let cat = row.kind;
    if !cat.present() {
        return Err(cat.reject(Reason::Columns, record));
    }
    // `utm:webfilter`
    let (kind, subtype) = match memchr::memchr(b':', cat.bytes()) {
        Some(at) => (cat.part(&cat.bytes()[..at]), cat.part(&cat.bytes()[at + 1..])),
        None => (cat, row.subtype),
    };
    fortinet::read(record, Row { kind, subtype, category: context.or(row.category), ..row }, true)
}

fn sniff(line: &[u8]) -> Vote {
    match event_header::common(line) {
        Some(header) if is_fortigate(header.vendor, header.product) => Vote::Yes,
        _ if line.starts_with(b"CEF:0|Fortinet|Fortigate|") => Vote::Fragment,
        _ => Vote::No,
    }
}

fn is_fortigate(vendor: &[u8], product: &[u8]) -> bool {
    vendor.eq_ignore_ascii_case(b"Fortinet") && product.eq_ignore_ascii_case(b"Fortigate")
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a block with a path, category in `requestContext`",
        record: "CEF:0|Fortinet|Fortigate|v6.0.3|13056|utm:webfilter ftgd_blk blocked|4|deviceExternalId=FG100 FTNTFGTlogid=0316013056 cat=utm:webfilter FTNTFGTsubtype=webfilter FTNTFGTeventtype=ftgd_blk FTNTFGTlevel=warning FTNTFGTvd=root FTNTFGTeventtime=1762938930 FTNTFGTpolicyid=1 externalId=764 duser=mtaylor src=10.1.4.17 spt=59194 dst=192.0.2.7 dpt=80 app=HTTP dhost=bets.example FTNTFGTprofile=pupils act=blocked FTNTFGTreqtype=direct request=/odds?a\\=b out=96 in=0 deviceDirection=1 msg=URL belongs to a denied category in policy FTNTFGTmethod=domain FTNTFGTcat=11 requestContext=Gambling",
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "http://bets.example/odds?a=b",
            status: None,
            action: Action::Blocked,
            block_reason: Some(BlockReason::List),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a page: the other prefix, nanoseconds, whole address with an equals sign, no user",
        record: "CEF:0|Fortinet|Fortigate|v7.0.6|13312|utm:webfilter ftgd_allow passthrough|3|deviceExternalId=FG100 FortinetFortiGatelogid=0317013312 cat=utm:webfilter FortinetFortiGatesubtype=webfilter FortinetFortiGateeventtype=ftgd_allow FortinetFortiGatevd=root FortinetFortiGateeventtime=1762938931123456789 FortinetFortiGatetz=+0000 duser= src=2001:db8::17 app=HTTPS dhost=www.example.org FortinetFortiGateprofile=pupils act=passthrough request=https://www.example.org/a b?c=d msg=URL belongs to an allowed category in policy FortinetFortiGatecatdesc=Information Technology",
        expected: Expected::Request {
            user: None,
            url: "https://www.example.org/a b?c=d",
            status: None,
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a setting that was changed, `CEF:` lost on the way",
        record: "0|Fortinet|Fortigate|v6.2.9|32102|event:system|7|deviceExternalId=FG100 FortinetFortiGatelogid=0100032102 cat=event:system FortinetFortiGatesubtype=system FortinetFortiGateeventtime=1762938932123456789 duser= msg=Configuration is changed",
        expected: Expected::Other(OtherKind::System),
    },
    Example {
        shows: "an answer of the name service",
        record: "CEF:0|Fortinet|Fortigate|v6.0.3|54802|dns:dns-response pass|3|deviceExternalId=FG100 FTNTFGTlogid=1501054802 cat=dns:dns-response FTNTFGTeventtime=1762938933 src=10.1.4.17 FTNTFGTqname=a.example act=pass",
        expected: Expected::Other(OtherKind::Lookup),
    },
    Example {
        shows: "an intrusion",
        record: "CEF:0|Fortinet|Fortigate|v6.0.3|16384|utm:ips signature reset|7|deviceExternalId=FG100 cat=utm:ips FTNTFGTsubtype=ips FTNTFGTeventtime=1762938934 src=10.1.4.17 act=reset request=/x",
        expected: Expected::Other(OtherKind::Security),
    },
    Example {
        shows: "a session of the firewall",
        record: "CEF:0|Fortinet|Fortigate|v6.0.3|00013|traffic:forward close|3|deviceExternalId=FG100 cat=traffic:forward FTNTFGTeventtime=1762938935 src=10.1.4.17 act=close",
        expected: Expected::Other(OtherKind::Traffic),
    },
    Example {
        shows: "neither host nor address",
        record: "CEF:0|Fortinet|Fortigate|v6.0.3|13056|utm:webfilter ftgd_blk blocked|4|cat=utm:webfilter FTNTFGTeventtime=1762938936 src=10.1.4.17 act=blocked",
        expected: Expected::Reject(Reason::Address),
    },
    Example {
        shows: "no category of events",
        record: "CEF:0|Fortinet|Fortigate|v6.0.3|13056|utm:webfilter ftgd_blk blocked|4|deviceExternalId=FG100",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "cut inside the head",
        record: "CEF:0|Fortinet|Fortigate|v6.0.3|13056|utm:web",
        expected: Expected::Reject(Reason::Columns),
    },
];
