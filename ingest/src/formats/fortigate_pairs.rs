//! FortiGate, key=value: strings in quotes or bare by release, blanks or commas between by setting.

use super::fortinet::{self, Row};
use super::pairs::{self, Grammar};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field};
use crate::fields::{Action, BlockReason, OtherKind, Parsed, RecordKind};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "type, subtype", "`utm` and `webfilter` are read; others are counted by kind"),
    field(2, "eventtime", "seconds or nanoseconds since 1970, UTC"),
    field(3, "date, time, tz", "where `eventtime` is missing; local time without `tz`"),
    field(4, "user", "account"),
    field(5, "group, profile", "group of the account, else the web filter profile"),
    field(6, "srcip, srcname", "client address and host"),
    field(7, "hostname, url", "`url` is a path in older releases; `service` then gives the scheme"),
    field(8, "action", "`blocked`, `passthrough`"),
    field(9, "eventtype", "which rule; `urlmonitor` is an address that was only noted"),
    field(10, "logid", "message number; 013057 is a warning page"),
    field(11, "catdesc", "category word"),
    field(12, "rcvdbyte", "bytes received"),
    field(13, "httpmethod", "HTTP method (`method` is how the category was found)"),
    field(14, "contenttype, agent", "MIME type and browser, where they are switched on"),
    field(15, "sessionid", "finds the row `urlmonitor` that stands beside a row `ftgd_...` of the same request"),
];

pub(super) static FORMAT: Format = Format {
    id: "fortigate",
    version: "1",
    title: "FortiGate web filter",
    origin: "FortiOS 5 to 7, syslog or disk, `format default` or `csv`",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let grammar = Grammar { separator: separator(record), ..pairs::QUOTED };
    let row = pairs::values(record, grammar, &fortinet::KEYS)
        .map(Row::new)
        .map_err(|fault| fault.reject(record))?;
    if !row.kind.present() || !row.subtype.present() {
        return Err(row.kind.reject(Reason::Columns, record));
    }
    fortinet::read(record, row, false)
}

/// What stands behind the first value.
fn separator(record: &[u8]) -> &'static [u8] {
    let value = memchr::memchr(b'=', record).map_or(&b""[..], |at| &record[at + 1..]);
    let after = match value.strip_prefix(b"\"") {
        Some(quoted) => memchr::memchr(b'"', quoted).and_then(|end| quoted.get(end + 1)),
        None => memchr::memchr2(b' ', b',', value).and_then(|end| value.get(end)),
    };
    if after == Some(&b',') { b"," } else { b" " }
}

fn sniff(line: &[u8]) -> Vote {
    if !pairs::begins(line) || !pairs::has(line, b"type=") {
        return Vote::No;
    }
    if pairs::has(line, b"subtype=") && pairs::has(line, b"vd=") {
        Vote::Yes
    } else if pairs::has(line, b"devname=") && pairs::has(line, b"devid=") && pairs::has(line, b"logid=") {
        Vote::Fragment
    } else {
        Vote::No
    }
}

const fn request(
    user: Option<&'static str>,
    url: &'static str,
    action: Action,
    block_reason: Option<BlockReason>,
) -> Expected {
    Expected::Request { user, url, status: None, action, block_reason, kind: RecordKind::Request }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page: nanoseconds, whole address",
        record: r#"date=2025-11-12 time=09:15:30 devname="FW-1" devid="FG100" eventtime=1762938930123456789 tz="+0000" logid="0317013312" type="utm" subtype="webfilter" eventtype="ftgd_allow" level="notice" vd="root" sessionid=17 user="mtaylor" group="Year 9" srcip=10.1.4.17 srcport=50100 dstip=192.0.2.7 dstport=443 service="HTTPS" hostname="www.example.org" profile="pupils" action="passthrough" reqtype="direct" url="https://www.example.org/a?b=c d" sentbyte=525 rcvdbyte=10182 direction="outgoing" msg="URL belongs to an allowed category in policy" method="domain" cat=30 catdesc="Education""#,
        expected: request(Some("mtaylor"), "https://www.example.org/a?b=c d", Action::Allowed, None),
    },
    Example {
        shows: "a block: older release, bare values, local time, address in parts, no user",
        record: r#"date=2025-11-12 time=09:15:31 devname=FW-1 devid=FG100 logid=0316013056 type=utm subtype=webfilter eventtype=ftgd_blk level=warning vd=root sessionid=18 user="" srcip=10.1.4.17 service=HTTP hostname="bets.example" profile="pupils" action=blocked reqtype=direct url="/odds" sentbyte=96 rcvdbyte=0 direction=outgoing msg="URL belongs to a denied category in policy" method=domain cat=11 catdesc="Gambling""#,
        expected: request(None, "http://bets.example/odds", Action::Blocked, Some(BlockReason::List)),
    },
    Example {
        shows: "the variant with commas, a word on the page, whole seconds",
        record: r#"date=2025-11-12,time=09:15:32,devname="FW-1",devid="FG100",eventtime=1762938932,logid="0314012288",type="utm",subtype="webfilter",eventtype="content",level="warning",vd="root",srcip=10.1.4.17,service="HTTPS",hostname="a.example",profile="pupils",action="blocked",url="https://a.example/x,y=z",msg="blocked, banned word",catdesc="Games""#,
        expected: request(None, "https://a.example/x,y=z", Action::Blocked, Some(BlockReason::Content)),
    },
    Example {
        shows: "the warning page of a category is no block",
        record: r#"date=2025-11-12 time=09:15:33 tz="+0000" logid="0316013057" type="utm" subtype="webfilter" eventtype="ftgd_blk" vd="root" user="mtaylor" srcip=10.1.4.17 service="HTTPS" hostname="games.example" action="blocked" url="https://games.example/" catdesc="Games""#,
        expected: request(Some("mtaylor"), "https://games.example/", Action::Warned, None),
    },
    Example {
        shows: "an address that was only noted, unrated",
        record: r#"eventtime=1762938934123456789 tz="+0000" logid="0319013317" type="utm" subtype="webfilter" eventtype="urlmonitor" level="notice" vd="root" sessionid=17 user="mtaylor" group="Year 9" srcip=2001:db8::17 service="HTTPS" hostname="www.example.org" action="passthrough" url="https://www.example.org/a" msg="URL has been visited" method="ip" cat=255"#,
        expected: request(Some("mtaylor"), "https://www.example.org/a", Action::Monitored, None),
    },
    Example {
        shows: "host without address, an action that is not known",
        record: r#"date=2025-11-12 time=09:15:35 logid="0315012547" type="utm" subtype="webfilter" eventtype="urlfilter" vd="root" srcip=10.1.4.17 hostname="b_c.example" action="exempted" service="HTTP""#,
        expected: request(None, "http://b_c.example", Action::Unknown, None),
    },
    Example {
        shows: "a session of the firewall",
        record: r#"date=2025-11-12 time=09:15:36 devname="FW-1" devid="FG100" eventtime=1762938936123456789 tz="+0000" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=10.1.4.17 dstip=192.0.2.7 action="accept" service="DNS""#,
        expected: Expected::Other(OtherKind::Traffic),
    },
    Example {
        shows: "a message of the system, with a quote within a value",
        record: r#"date=2025-11-12 time=09:15:37 logid="0100032003" type="event" subtype="system" level="information" vd="root" user="admin" msg="Edit \"all\" settings""#,
        expected: Expected::Other(OtherKind::System),
    },
    Example {
        shows: "a name look-up",
        record: r#"date=2025-11-12 time=09:15:38 logid="1500054000" type="utm" subtype="dns" eventtype="dns-query" vd="root" srcip=10.1.4.17 qname="a.example""#,
        expected: Expected::Other(OtherKind::Lookup),
    },
    Example {
        shows: "an intrusion",
        record: r#"date=2025-11-12 time=09:15:39 logid="0419016384" type="utm" subtype="ips" eventtype="signature" vd="root" srcip=10.1.4.17 hostname="a.example" url="/x""#,
        expected: Expected::Other(OtherKind::Security),
    },
    Example {
        shows: "a type that is not known",
        record: r#"date=2025-11-12 time=09:15:39 logid="9900000000" type="new" subtype="thing" vd="root""#,
        expected: Expected::Other(OtherKind::Foreign),
    },
    Example {
        shows: "no time that can be used",
        record: r#"time=09:15:40 logid="0317013312" type="utm" subtype="webfilter" vd="root" hostname="a.example" action="passthrough""#,
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "a zone that is no offset",
        record: r#"date=2025-11-12 time=09:15:40 tz="CST" logid="0317013312" type="utm" subtype="webfilter" vd="root" hostname="a.example" action="passthrough""#,
        expected: Expected::Reject(Reason::Zone),
    },
    Example {
        shows: "neither host nor address",
        record: r#"date=2025-11-12 time=09:15:41 logid="0317013312" type="utm" subtype="webfilter" vd="root" action="passthrough" url="""#,
        expected: Expected::Reject(Reason::Address),
    },
    Example {
        shows: "cut inside a value",
        record: r#"date=2025-11-12 time=09:15:42 devname="FW-1" logid="0317013312" type="utm" subtype="webfilter" vd="root" hostname="a.exa"#,
        expected: Expected::Reject(Reason::Truncated),
    },
];
