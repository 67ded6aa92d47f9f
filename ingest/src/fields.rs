//! What a format's parser hands on: borrowed, untyped where only the school can type it.
//!
//! A parser knows the layout of a line. It does not know the school's time zone, its groups or its
//! category words, so [`Fields`] carries bytes and [`normalise`](crate::normalise) decides.

use std::borrow::Cow;

/// Bytes from a record; owned only where an escape had to be undone.
pub type Text<'a> = Option<Cow<'a, [u8]>>;

/// When a record happened, as far as the record itself says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// An instant: microseconds since 1970-01-01T00:00:00Z.
    Instant(i64),
    /// Wall-clock time without a zone; the profile or the school names the zone.
    Local(jiff::civil::DateTime),
    /// Wall-clock time without a year (syslog): the latest year that does not lie after the file's own
    /// date.
    Yearless {
        /// 1 to 12.
        month: i8,
        /// 1 to 31.
        day: i8,
        /// Time of day.
        time: jiff::civil::Time,
    },
    /// A day without a time of day (incident exports).
    Day(jiff::civil::Date),
    /// The record has no time.
    #[default]
    Missing,
}

/// Which moment of a request its time stamp marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeBasis {
    /// The request began.
    Start,
    /// The request (or tunnel) ended.
    End,
    /// Nobody documented it.
    #[default]
    Unknown,
}

/// What the filter did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Let through.
    Allowed,
    /// Refused by policy.
    Blocked,
    /// An interstitial was shown.
    Warned,
    /// The person went on past the interstitial.
    Proceeded,
    /// Asked to sign in; never a block.
    Challenged,
    /// Let through by an override.
    Bypassed,
    /// Let through and flagged.
    Monitored,
    /// No policy decision was reached (network, TLS, client left).
    Error,
    /// The record does not tell.
    #[default]
    Unknown,
}

impl Action {
    /// Every action, in the order of this type.
    pub const ALL: [Self; 9] = [
        Self::Allowed,
        Self::Blocked,
        Self::Warned,
        Self::Proceeded,
        Self::Challenged,
        Self::Bypassed,
        Self::Monitored,
        Self::Error,
        Self::Unknown,
    ];

    /// The word in the lake.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Blocked => "blocked",
            Self::Warned => "warned",
            Self::Proceeded => "proceeded",
            Self::Challenged => "challenged",
            Self::Bypassed => "bypassed",
            Self::Monitored => "monitored",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }

    /// The action of a word in the lake or in a profile.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }
}

/// Which rule of the filter refused a request, where the record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockReason {
    /// A site, address or pattern list.
    List,
    /// Words on the page.
    Content,
    /// Words that were searched for.
    Search,
    /// The kind of file, by MIME type or extension.
    FileKind,
    /// An upload or posted form.
    Upload,
    /// A virus scanner.
    Virus,
    /// A certificate or TLS rule.
    Certificate,
    /// The client or the account itself.
    Client,
    /// An access rule without further detail.
    Rule,
}

impl BlockReason {
    /// The word in the lake.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Content => "content",
            Self::Search => "search",
            Self::FileKind => "file kind",
            Self::Upload => "upload",
            Self::Virus => "virus",
            Self::Certificate => "certificate",
            Self::Client => "client",
            Self::Rule => "rule",
        }
    }
}

/// What sort of thing a record records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// A page, picture, script or other request whose address is known.
    #[default]
    Request,
    /// A tunnel (CONNECT): host and port only.
    Tunnel,
    /// A sign-in challenge.
    Authentication,
    /// A name look-up.
    Dns,
}

impl RecordKind {
    /// The kind of a request by its decision and method, where a layout tells it by nothing else.
    #[must_use]
    pub(crate) const fn of(action: Action, method: &[u8]) -> Self {
        match (action, method) {
            (Action::Challenged, _) => Self::Authentication,
            (_, b"CONNECT" | b"TCP_CONNECT") => Self::Tunnel,
            _ => Self::Request,
        }
    }

    /// The word in the lake.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Tunnel => "tunnel",
            Self::Authentication => "authentication",
            Self::Dns => "dns",
        }
    }
}

/// That a producer may write two rows about this request, and which of them this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twin {
    /// Hash of what both rows say of the request.
    pub request: u64,
    /// The other row says all that this one does, and more.
    pub weaker: bool,
}

/// One request as its record states it.
#[derive(Clone, Default)]
pub struct Fields<'a> {
    /// Time stamp as written.
    pub time: When,
    /// Which moment [`time`](Self::time) marks.
    pub basis: TimeBasis,
    /// Milliseconds the request took; never negative (parsers drop nonsense and leave a notice).
    pub duration_ms: Option<i64>,
    /// Account as written.
    pub user: Text<'a>,
    /// Filter group, policy or organisational unit as written.
    pub group: Text<'a>,
    /// Client address as written.
    pub client_address: Text<'a>,
    /// Client host name as written.
    pub client_host: Text<'a>,
    /// HTTP method as written.
    pub method: Text<'a>,
    /// Whole URL, `host:port` of a tunnel, or a pseudo URL.
    pub url: Text<'a>,
    /// Scheme, where the layout has the address in parts (used when `url` is missing, like the others).
    pub scheme: Text<'a>,
    /// Host, perhaps with a port, where the layout has a column of its own.
    pub host: Text<'a>,
    /// Port, where the layout has a column of its own.
    pub port: Option<u16>,
    /// Path, where the layout has a column of its own; a query may follow after `?`.
    pub path: Text<'a>,
    /// Query without `?`, where the layout has a column of its own.
    pub query: Text<'a>,
    /// Words searched for, where the layout has a column for them.
    pub search_words: Text<'a>,
    /// HTTP status; 0 means "no response".
    pub status: Option<u32>,
    /// Bytes sent to the client.
    pub response_bytes: Option<i64>,
    /// MIME type as written.
    pub mime: Text<'a>,
    /// Browser or program as written.
    pub user_agent: Text<'a>,
    /// Vendor category words, several separated by any byte of `category_separators`.
    pub categories: Text<'a>,
    /// Bytes that separate several words in `categories`; empty means one word.
    pub category_separators: &'a [u8],
    /// What the filter did, by the layout's own table (log-formats 2.2).
    pub action: Action,
    /// Which rule refused it.
    pub block_reason: Option<BlockReason>,
    /// Vendor log level 1-5, where there is one; 1 and 2 are page furniture.
    pub log_level: Option<u8>,
    /// Severity 1-5 by the vendor, already on the common scale.
    pub vendor_severity: Option<u8>,
    /// What sort of record.
    pub kind: RecordKind,
    /// The sign-in was refused: the name is what was typed, not who it was.
    pub unauthenticated: bool,
    /// The log itself says that the machine was away from the school's sites.
    pub off_site: bool,
    /// The format that read it, where that is not the file's: the producer was set to another layout
    /// while it wrote.
    pub read_by: Option<&'static str>,
    /// Where the producer may write a second row about the request.
    pub twin: Option<Twin>,
    /// Something odd but usable that the parser saw.
    pub notice: Option<crate::report::Notice>,
}

/// What one row of an export of incidents stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowsPer {
    /// A whole incident; pupils and categories are lists.
    #[default]
    Incident,
    /// A pupil of an incident: the rows of one incident share its key.
    Student,
    /// A category of an incident: likewise.
    Category,
}

/// One row of an incident export.
#[derive(Clone, Default)]
pub struct IncidentFields<'a> {
    /// When it happened.
    pub occurred: When,
    /// The school's own reference, where the export has one.
    pub key: Text<'a>,
    /// What the row stands for among the rows of that key.
    pub rows_per: RowsPer,
    /// The pupil the row is about, as written.
    pub subject: Text<'a>,
    /// Other pupils named; counted, never stored in clear.
    pub linked: Text<'a>,
    /// Category words.
    pub categories: Text<'a>,
    /// Bytes that separate several words in `categories` and `linked`.
    pub separators: Vec<u8>,
    /// Status word.
    pub status: Text<'a>,
    /// Severity 1-5 by the vendor, already on the common scale.
    pub severity: Option<u8>,
    /// Free text; vault only.
    pub narrative: Text<'a>,
}

/// What sort of list a row about a change of the filter stands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// A help desk.
    Ticket,
    /// The school's own list of changes.
    #[default]
    Ledger,
    /// Sites that people reported: evidence of what the filter let through.
    Report,
}

impl ChangeKind {
    /// The word in the lake.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Ledger => "ledger",
            Self::Report => "report",
        }
    }
}

/// Where the address of a change stood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AddressSource {
    /// In a column of its own.
    Column,
    /// In the subject line or the text of a ticket, the first that looked like one.
    Text,
    /// There is none.
    #[default]
    None,
}

impl AddressSource {
    /// The word in the lake.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Column => "column",
            Self::Text => "text",
            Self::None => "none",
        }
    }
}

/// One row about a change of the filter.
#[derive(Clone, Default)]
pub struct ChangeFields<'a> {
    /// When it was asked for or reported.
    pub requested: When,
    /// What sort of list it stands in.
    pub kind: ChangeKind,
    /// The school's own reference, where the export has one.
    pub key: Text<'a>,
    /// Who asked, as written.
    pub requester: Text<'a>,
    /// Role of who asked, as written.
    pub requester_role: Text<'a>,
    /// Request type as written.
    pub asked: Text<'a>,
    /// Subject line.
    pub title: Text<'a>,
    /// The address alone.
    pub address: Text<'a>,
    /// The cell in which it stood, where that is a column of its own.
    pub address_cell: Text<'a>,
    /// Where it stood.
    pub address_source: AddressSource,
    /// Category words.
    pub categories: Text<'a>,
    /// Bytes that separate several words in `categories`.
    pub separators: Vec<u8>,
    /// Group as written.
    pub group: Text<'a>,
    /// Why it was asked; vault only.
    pub reason: Text<'a>,
    /// A reason is written down, kept or not.
    pub reason_given: bool,
    /// What could go wrong; vault only.
    pub risk_note: Text<'a>,
    /// A note on the risk is written down, kept or not.
    pub risk_noted: bool,
    /// Further free text; vault only.
    pub narrative: Text<'a>,
    /// Decision as written.
    pub decision: Text<'a>,
    /// Who decided, as written.
    pub decided_by: Text<'a>,
    /// Role of who decided, as written.
    pub decided_by_role: Text<'a>,
    /// Status as written.
    pub status: Text<'a>,
    /// When it was decided.
    pub decided: Option<When>,
    /// From when it holds.
    pub applied_from: Option<When>,
    /// Until when it holds.
    pub applied_to: Option<When>,
    /// When it was closed.
    pub closed: Option<When>,
    /// The row says that it has no end.
    pub permanent: bool,
    /// Dates that could not be read, as written; vault only.
    pub unread_dates: Text<'a>,
}

/// One test of the filter.
#[derive(Clone, Default)]
pub struct CheckFields<'a> {
    /// When it was done.
    pub checked: When,
    /// The school's own reference, where the export has one.
    pub key: Text<'a>,
    /// What was tried, as written.
    pub categories: Text<'a>,
    /// Bytes that separate several words in `categories`.
    pub separators: Vec<u8>,
    /// The common category code that the profile states for that word.
    pub code: Option<String>,
    /// Group as written.
    pub group: Text<'a>,
    /// Device as written.
    pub device: Text<'a>,
    /// Room, building or network as written.
    pub location: Text<'a>,
    /// Who did it, as written.
    pub tester: Text<'a>,
    /// What the filter should do.
    pub expected: Action,
    /// What it did.
    pub observed: Action,
    /// The row's own verdict: it did what it should.
    pub verdict: Option<bool>,
    /// Result as written.
    pub result: Text<'a>,
    /// Free text; vault only.
    pub narrative: Text<'a>,
}

/// What became of one record.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "nearly every record is one, and a box is an allocation")]
pub enum Parsed<'a> {
    /// A web request.
    Request(Fields<'a>),
    /// An incident row.
    Incident(IncidentFields<'a>),
    /// A row about a change of the filter.
    Change(Box<ChangeFields<'a>>),
    /// A test of the filter.
    Check(Box<CheckFields<'a>>),
    /// A well-formed record that is no event of ours (pseudo URLs, internal notes).
    Other(OtherKind),
    /// A line that describes the file (header, title, footer, `#Fields`).
    Directive,
}

/// Why a well-formed record is not an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OtherKind {
    /// The client never finished a request (`error:...` as URL).
    NoRequest,
    /// The proxy's own management pages.
    Internal,
    /// A session or packet that is no web request.
    Traffic,
    /// A virus, intrusion or application that was found or stopped.
    Security,
    /// A sign-in to the device, a restart, a changed setting, a message of the program.
    System,
    /// A step of a name look-up other than its question.
    Lookup,
    /// The filter says that it lets everything through.
    Outage,
    /// A record type that has nothing to do with the web.
    Foreign,
    /// A ticket about something else than the filter.
    OffTopic,
}

impl OtherKind {
    /// The word in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoRequest => "no request",
            Self::Internal => "internal",
            Self::Traffic => "network traffic",
            Self::Security => "security event",
            Self::System => "system message",
            Self::Lookup => "step of a name look-up",
            Self::Outage => "filter outage",
            Self::Foreign => "other record type",
            Self::OffTopic => "about something else",
        }
    }
}

crate::event::redacted!(Fields, IncidentFields, ChangeFields, CheckFields, Parsed);
