//! One request, before and after wall 1.
//!
//! There is one field list and two identities. An [`Event<Identified>`] holds what the record says
//! about a person; nothing stores, serialises or displays it but the vault's seal. An
//! [`Event<Pseudonymous>`] holds keyed tokens in the same places; only
//! [`pseudonymise`](crate::pseudonymise) makes one, and only it can enter a batch of the lake.

use std::borrow::Cow;

use jiff::civil::Date;

use crate::fields::{Action, BlockReason, RecordKind, TimeBasis};
use crate::report::Place;
use crate::school::AcademicYear;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Identified {}
    impl Sealed for super::Pseudonymous {}
}

/// What stands where a person, device, page or word stood.
pub trait Identity: sealed::Sealed {
    /// Who asked.
    type Actor<'a>;
    /// Which machine asked.
    type Device<'a>;
    /// Where to.
    type Page<'a>;
    /// What was searched for.
    type Search<'a>;
    /// The source's own words for group and category.
    type Words<'a>;
}

/// The record's own words; stays in memory until sealed.
#[derive(Clone, Copy, Debug)]
pub enum Identified {}

/// Keyed tokens; may be stored.
#[derive(Clone, Copy, Debug)]
pub enum Pseudonymous {}

impl Identity for Identified {
    type Actor<'a> = ActorName<'a>;
    type Device<'a> = DeviceName<'a>;
    type Page<'a> = Page<'a>;
    type Search<'a> = Option<Cow<'a, str>>;
    type Words<'a> = Words<'a>;
}

impl Identity for Pseudonymous {
    type Actor<'a> = ActorToken;
    type Device<'a> = Option<i64>;
    type Page<'a> = Site<'a>;
    type Search<'a> = Option<i64>;
    type Words<'a> = crate::pseudonymise::Crossed;
}

/// What an actor is; only a person is ever called a pupil.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// One human being: an account of one's own, joined by the roster where there is one.
    Person,
    /// An account that several people use.
    Shared,
    /// A named device, when no account is known.
    Device,
    /// A bare address, when neither account nor device is known.
    Address,
    /// A machine account (`HOST$`, `nt authority\system`).
    Machine,
    /// The record names nobody.
    Nobody,
}

impl ActorKind {
    /// The word in the lake.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Shared => "shared",
            Self::Device => "device",
            Self::Address => "address",
            Self::Machine => "machine",
            Self::Nobody => "nobody",
        }
    }
}

/// What a person is to the school.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// On roll.
    Pupil,
    /// Works here; rows go to the `staff_*` tables.
    Staff,
    /// Visitor or guest network.
    Guest,
    /// Nobody knows.
    #[default]
    Unknown,
}

impl Role {
    /// The word in the lake and in data files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pupil => "pupil",
            Self::Staff => "staff",
            Self::Guest => "guest",
            Self::Unknown => "unknown",
        }
    }

    /// The role of a word in a data file.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Pupil, Self::Staff, Self::Guest, Self::Unknown].into_iter().find(|role| role.word() == word)
    }
}

/// A person on the roster, without a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Person token of this academic year.
    pub person: i64,
    /// Role by the roster.
    pub role: Role,
    /// Year group by the roster (0 Reception, -1 Nursery).
    pub year_group: Option<i8>,
}

/// Who asked, in the record's own words after clean-up (log-formats Q20-Q27).
#[derive(Clone)]
pub struct ActorName<'a> {
    /// What sort of actor.
    pub kind: ActorKind,
    /// Canonical account (lower case, without domain), device name or address; empty for nobody.
    pub name: Cow<'a, str>,
    /// The account exactly as the record has it, for the vault.
    pub written: Cow<'a, str>,
    /// The roster's answer for this account and academic year.
    pub member: Option<Member>,
}

/// Which machine asked.
#[derive(Clone, Default)]
pub struct DeviceName<'a> {
    /// Client address in text form.
    pub address: Option<Cow<'a, str>>,
    /// Client host name.
    pub host: Option<Cow<'a, str>>,
    /// Browser or program.
    pub user_agent: Option<Cow<'a, str>>,
}

/// Where to, in parts; the vault keeps all of it.
#[derive(Clone, Default)]
pub struct Page<'a> {
    /// `http`, `https`, ... where known.
    pub scheme: Option<Cow<'a, str>>,
    /// Host, lower case, without port, brackets kept off IPv6 addresses; empty if none.
    pub host: Cow<'a, str>,
    /// Port where written.
    pub port: Option<u16>,
    /// Path from the first slash, as written.
    pub path: Option<Cow<'a, str>>,
    /// Query after the question mark, as written.
    pub query: Option<Cow<'a, str>>,
    /// What may stand in the lake for it (decision A2b).
    pub site: SiteName<'a>,
}

/// The public part of a host, or the fact that it has none.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub enum SiteName<'a> {
    /// Registrable domain by the ICANN section of the public suffix list.
    Domain(Cow<'a, str>),
    /// A host that may be somebody's name (single label, address, unlisted suffix): a token only.
    Private,
    /// No host.
    #[default]
    None,
}

/// The source's own words; vault only.
#[derive(Clone, Default)]
pub struct Words<'a> {
    /// Filter group or policy as written.
    pub group: Option<Cow<'a, str>>,
    /// Category words as written.
    pub categories: Option<Cow<'a, str>>,
    /// No group rule matched `group`.
    pub group_unmatched: bool,
    /// Category words that no map knows, as written.
    pub unmapped: Vec<Cow<'a, str>>,
}

/// Who asked, as the lake may know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActorToken {
    /// What sort of actor.
    pub kind: ActorKind,
    /// Keyed token of this academic year; none for nobody.
    pub token: Option<i64>,
}

/// Where to, as the lake may know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Site<'a> {
    /// Registrable domain.
    Domain(Cow<'a, str>),
    /// Keyed token of a host that may be somebody's name.
    Token(i64),
    /// No host, or a row of an illegal list, which has no site anywhere.
    None,
}

/// When, with every question about local and school time answered (decision A8).
#[derive(Clone, Debug)]
pub struct Moment<'a> {
    /// Microseconds since 1970-01-01T00:00:00Z; the start where it is known, else the stamp.
    pub utc_us: i64,
    /// Which moment `utc_us` is.
    pub basis: TimeBasis,
    /// Local calendar day.
    pub local_date: Date,
    /// Minutes since local midnight by the wall clock, 0-1439.
    pub local_minute: i16,
    /// Local minus UTC, in minutes.
    pub utc_offset_minutes: i16,
    /// Second pass of the hour that October repeats.
    pub clock_fold: bool,
    /// In that hour, and nothing tells which pass.
    pub clock_ambiguous: bool,
    /// Academic year, 1 September to 31 August.
    pub academic_year: AcademicYear,
    /// Monday of the ISO week.
    pub week_start: Date,
    /// `A1`, `A2`, `Sp1`, `Sp2`, `Su1`, `Su2` by the calendar.
    pub half_term: Option<&'a str>,
    /// Week of the half-term, from 1.
    pub half_term_week: Option<i8>,
    /// `term`, `inset`, `holiday`, `half_term`, `bank_holiday`, `closure`, `weekend`, `part`.
    pub day_type: &'a str,
    /// A day on which pupils are in school.
    pub school_day: bool,
    /// Bell-time period, none outside school hours.
    pub lesson_period: Option<&'a str>,
}

/// What the school's data files say about a request.
#[derive(Clone, Debug, Default)]
pub struct Facts<'a> {
    /// Role by roster, else by group rule.
    pub role: Role,
    /// Group by the school's rules, `unmatched` if none fits.
    pub group_id: &'a str,
    /// Year group (0 Reception, -1 Nursery).
    pub year_group: Option<i8>,
    /// `EYFS`, `KS1` ... `KS5`.
    pub key_stage: Option<&'a str>,
    /// Network by address range, `unlisted` if none fits.
    pub network: &'a str,
    /// Common category code that counts: the gravest after exclusions, or `UNCAT`, `UNMAPPED`.
    pub code: &'a str,
    /// The other codes, blank between, gravest first; empty if none.
    pub other_codes: Cow<'a, str>,
    /// Row of a sealed set, or a concern kept apart for staff; none for infrastructure.
    pub theme: Option<&'a str>,
    /// `content`, `contact`, `conduct`, `commerce`.
    pub four_c: Option<&'a str>,
    /// 0-5, the greatest of category and vendor; persistence comes with the episodes.
    pub severity: u8,
    /// Where the code came from: `vendor`, `site list`, `search`, `none`.
    pub code_source: &'a str,
    /// A category for learning (education, reference, medical, news, government) is present.
    pub learning: bool,
    /// Theme of the words searched for.
    pub search_theme: Option<&'a str>,
    /// The record alone says that nobody asked for it (adverts, trackers, page furniture).
    pub record_noise: bool,
    /// On an illegal-content list: no site, word or address of it is kept anywhere.
    pub illegal: bool,
}

/// One request, identified or pseudonymous.
#[derive(Clone)]
pub struct Event<'a, I: Identity> {
    /// Where the record stands.
    pub place: Place,
    /// The format that read it, where that is not the file's.
    pub read_by: Option<&'static str>,
    /// When.
    pub moment: Moment<'a>,
    /// Who asked.
    pub actor: I::Actor<'a>,
    /// Which machine.
    pub device: I::Device<'a>,
    /// Where to.
    pub page: I::Page<'a>,
    /// What was searched for.
    pub search: I::Search<'a>,
    /// The source's words.
    pub words: I::Words<'a>,
    /// What the data files say.
    pub facts: Facts<'a>,
    /// HTTP method from a closed list, `OTHER` else.
    pub method: Option<&'static str>,
    /// HTTP status; none when there was no response.
    pub status: Option<i32>,
    /// Bytes sent to the client.
    pub response_bytes: Option<i64>,
    /// Milliseconds it took.
    pub duration_ms: Option<i64>,
    /// What the filter did.
    pub action: Action,
    /// Which rule refused it.
    pub block_reason: Option<BlockReason>,
    /// What sort of record.
    pub kind: RecordKind,
    /// The whole page address is known, not only the host.
    pub page_visible: bool,
    /// An HTML page by its MIME type, answered with success; false where the layout has no MIME type.
    pub html_page: bool,
}

/// `Debug` without contents, for types that hold a log's own words.
macro_rules! redacted {
    ($($name:ident),*) => {$(
        impl ::std::fmt::Debug for $name<'_> {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                formatter.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    )*};
}
pub(crate) use redacted;

redacted!(ActorName, DeviceName, Page, Words);

impl<I: Identity> std::fmt::Debug for Event<'_, I> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Event(record {}, redacted)", self.place.record)
    }
}
