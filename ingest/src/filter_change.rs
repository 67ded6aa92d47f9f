//! One row about a change of the filter, before and after wall 1: a help-desk ticket, a line of the
//! school's ledger, or a site that somebody reported.
//!
//! The lake learns what was asked, by whom in the school's ranks and how it was decided; it has no token
//! of a person. Whether two persons were involved is settled here, while their names are in memory.

use std::borrow::Cow;

use jiff::civil::Date;

use crate::event::Moment;
use crate::fields::{AddressSource, ChangeKind};
use crate::record::{RecordIdentity, RecordStatus};
use crate::report::Place;

/// Words of a request to move a site to another category; `re-` may stand apart.
const RECATEGORISE: [&str; 8] = [
    "recategorise",
    "recategorize",
    "recategorisation",
    "recategorization",
    "reclassify",
    "reclassification",
    "categorise",
    "categorize",
];

/// What the filter was to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Asked {
    /// Let something through.
    Unblock,
    /// Refuse something.
    Block,
    /// Move a site to another category.
    Recategorise,
    /// Something else, in words of the school's own.
    Other,
    /// The row does not tell.
    #[default]
    Unknown,
}

impl Asked {
    /// The word in the lake.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unblock => "unblock",
            Self::Block => "block",
            Self::Recategorise => "recategorise",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }

    /// What a request type asks for. Words for letting through win: `blocked, please unblock`.
    #[must_use]
    pub fn read(written: &str) -> Self {
        let words = Words::of(written);
        if words.is_empty() {
            Self::Unknown
        } else if words.any(&["unblock", "unblocking", "whitelist", "allow", "allowlist", "release"]) {
            Self::Unblock
        } else if words.any(&RECATEGORISE) {
            Self::Recategorise
        } else if words.any(&["block", "blocking", "blacklist", "blocklist", "ban", "report"]) {
            Self::Block
        } else {
            Self::Other
        }
    }
}

/// What was decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Decision {
    /// As asked.
    Approved,
    /// Not as asked.
    Refused,
    /// Not yet.
    Pending,
    /// Nobody wants it any more.
    Withdrawn,
    /// A word of the school's own.
    Other,
    /// The row does not tell.
    #[default]
    Unknown,
}

impl Decision {
    /// The word in the lake.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Pending => "pending",
            Self::Withdrawn => "withdrawn",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }

    /// The decision of a word in an export. Some schools write what became of the site: whether that
    /// is as asked depends on what was asked.
    #[must_use]
    pub fn read(written: &str, asked: Asked) -> Self {
        let opened = if asked == Asked::Block { Self::Refused } else { Self::Approved };
        let shut = if asked == Asked::Block { Self::Approved } else { Self::Refused };
        match written.trim().to_lowercase().as_str() {
            "" | "-" => Self::Unknown,
            "approved" | "approve" | "granted" | "agreed" | "accepted" | "authorised" | "authorized"
            | "yes" => Self::Approved,
            "refused" | "rejected" | "declined" | "denied" | "not approved" | "no" | "no change" => {
                Self::Refused
            }
            "unblocked" | "allowed" | "opened" | "left open" => opened,
            "blocked" | "kept blocked" | "left blocked" | "closed off" => shut,
            "pending"
            | "requested"
            | "waiting"
            | "awaiting approval"
            | "waiting for approval"
            | "under review"
            | "in review"
            | "undecided" => Self::Pending,
            "withdrawn" | "cancelled" | "canceled" | "duplicate" => Self::Withdrawn,
            _ => Self::Other,
        }
    }
}

/// For how long a change was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Term {
    /// Until a day that the row names.
    Temporary,
    /// Without an end, and the row says so.
    Permanent,
    /// The row does not tell.
    #[default]
    Unknown,
}

impl Term {
    /// The word in the lake.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Temporary => "temporary",
            Self::Permanent => "permanent",
            Self::Unknown => "unknown",
        }
    }
}

/// What somebody is to the school, where it matters who asked and who decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SchoolRole {
    /// Designated safeguarding lead or deputy.
    Dsl,
    /// Headteacher, deputy, leadership team.
    Leadership,
    /// Governor or trustee.
    Governor,
    /// Teaches.
    Teacher,
    /// The school's own technical staff.
    It,
    /// The IT provider or the filter's vendor.
    Provider,
    /// Works here in another post, or in one that the row does not name.
    Staff,
    /// On roll.
    Pupil,
    /// Parent or carer.
    Parent,
    /// A word of the school's own.
    Other,
    /// The row does not tell.
    #[default]
    Unknown,
}

/// Words for each role, the first that fits counts: `head of year` teaches, `head` leads, a `student
/// teacher` is no pupil.
const ROLES: &[(SchoolRole, &[&str])] = &[
    (SchoolRole::Dsl, &["dsl", "ddsl", "safeguarding"]),
    (SchoolRole::Governor, &["governor", "governors", "trustee"]),
    (
        SchoolRole::Leadership,
        &[
            "headteacher",
            "head teacher",
            "deputy head",
            "assistant head",
            "executive head",
            "head of school",
            "principal",
            "slt",
            "smt",
            "leadership",
        ],
    ),
    (SchoolRole::Staff, &["teaching assistant", "learning support"]),
    (SchoolRole::Provider, &["provider", "supplier", "vendor", "managed service"]),
    (
        SchoolRole::It,
        &["it", "ict", "technician", "network manager", "network", "systems", "technical", "infrastructure"],
    ),
    (SchoolRole::Teacher, &["head of", "teacher", "teaching", "tutor", "lecturer", "senco"]),
    (SchoolRole::Leadership, &["head"]),
    (SchoolRole::Parent, &["parent", "carer", "guardian"]),
    (SchoolRole::Pupil, &["pupil", "student", "learner"]),
    (
        SchoolRole::Staff,
        &["staff", "librarian", "library", "office", "admin", "administrator", "support", "supervisor"],
    ),
];

impl SchoolRole {
    /// The word in the lake.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dsl => "dsl",
            Self::Leadership => "leadership",
            Self::Governor => "governor",
            Self::Teacher => "teacher",
            Self::It => "it",
            Self::Provider => "provider",
            Self::Staff => "staff",
            Self::Pupil => "pupil",
            Self::Parent => "parent",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }

    /// The role that a cell names.
    #[must_use]
    pub fn read(written: &str) -> Self {
        let words = Words::of(written);
        if words.is_empty() {
            return Self::Unknown;
        }
        ROLES.iter().find(|(_, known)| words.any(known)).map_or(Self::Other, |(role, _)| *role)
    }
}

/// The words of a cell in small letters, one blank around each, so that whole words can be looked for.
struct Words(String);

impl Words {
    fn of(written: &str) -> Self {
        let mut text = String::from(" ");
        for word in written.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
            text.extend(word.chars().flat_map(char::to_lowercase));
            text.push(' ');
        }
        Self(text)
    }

    fn is_empty(&self) -> bool {
        self.0.len() == 1
    }

    fn any(&self, known: &[&str]) -> bool {
        known.iter().any(|known| self.0.contains(&format!(" {known} ")))
    }
}

/// The row's own words; vault only.
#[derive(Clone, Default)]
pub struct ChangeText<'a> {
    /// Subject line of a ticket.
    pub title: Option<Cow<'a, str>>,
    /// Address as the row has it.
    pub address: Option<Cow<'a, str>>,
    /// Category words as written.
    pub categories: Option<Cow<'a, str>>,
    /// Category words that no map knows, as written.
    pub unmapped: Vec<Cow<'a, str>>,
    /// Group as written.
    pub group: Option<Cow<'a, str>>,
    /// No group rule matched `group`.
    pub group_unmatched: bool,
    /// What was asked, as written.
    pub asked: Option<Cow<'a, str>>,
    /// Role of who asked, as written.
    pub requester_role: Option<Cow<'a, str>>,
    /// Role of who decided, as written.
    pub decided_by_role: Option<Cow<'a, str>>,
    /// Decision as written.
    pub decision: Option<Cow<'a, str>>,
    /// Status as written.
    pub status: Option<Cow<'a, str>>,
    /// Why it was asked.
    pub reason: Option<Cow<'a, str>>,
    /// What could go wrong with it.
    pub risk_note: Option<Cow<'a, str>>,
    /// Further free text.
    pub narrative: Option<Cow<'a, str>>,
    /// Dates that could not be read, as written.
    pub unread_dates: Option<Cow<'a, str>>,
    /// The row speaks of an illegal list without being about one: no text has an address any more.
    pub names_list: bool,
}

crate::event::redacted!(ChangeText);

/// One change, identified or pseudonymous.
#[derive(Clone)]
pub struct FilterChange<'a, I: RecordIdentity> {
    /// Where the record stands.
    pub place: Place,
    /// What sort of list it stands in.
    pub kind: ChangeKind,
    /// When it was asked for or reported; local midnight where the row has only the day.
    pub requested: Moment<'a>,
    /// The row has a time of day.
    pub time_known: bool,
    /// What makes the row the same row in a later export.
    pub key: I::Key<'a>,
    /// Who asked.
    pub requester: I::Person<'a>,
    /// Who decided.
    pub decided_by: I::Person<'a>,
    /// Which page.
    pub page: I::Page<'a>,
    /// The row's own words.
    pub text: I::ChangeText<'a>,
    /// Where the address stood.
    pub address_source: AddressSource,
    /// What the filter was to do.
    pub asked: Asked,
    /// What who asked is to the school.
    pub requester_role: SchoolRole,
    /// What who decided is to the school.
    pub decided_by_role: SchoolRole,
    /// Another person decided than asked; none where nobody can tell, or nobody has decided.
    pub decided_by_other: Option<bool>,
    /// Group by the school's rules, `unmatched` if none fits; none where the row names no group.
    pub group_id: Option<&'a str>,
    /// Common category code of the words, else of the site.
    pub code: &'a str,
    /// Where the code came from.
    pub code_source: &'a str,
    /// Theme of the code.
    pub theme: Option<&'a str>,
    /// `content`, `contact`, `conduct`, `commerce`.
    pub four_c: Option<&'a str>,
    /// 0-5.
    pub severity: u8,
    /// A category for learning is present.
    pub learning: bool,
    /// On an illegal-content list: no address and no free text of it is kept anywhere.
    pub illegal: bool,
    /// What was decided.
    pub decision: Decision,
    /// How far the school is with it.
    pub status: RecordStatus,
    /// Local day of the decision.
    pub decided: Option<Date>,
    /// First local day on which it holds.
    pub applied_from: Option<Date>,
    /// Last local day on which it holds.
    pub applied_to: Option<Date>,
    /// Local day on which it was closed.
    pub closed: Option<Date>,
    /// For how long.
    pub term: Term,
    /// A reason is written down.
    pub reason_given: bool,
    /// A note on the risk is written down.
    pub risk_noted: bool,
}

impl<I: RecordIdentity> std::fmt::Debug for FilterChange<'_, I> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FilterChange(record {}, redacted)", self.place.record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_is_read_from_whole_words() {
        for (written, asked) in [
            ("Unblock website", Asked::Unblock),
            ("Re-categorise website", Asked::Recategorise),
            ("Reclassification, was blocked as games", Asked::Recategorise),
            ("unblock and recategorise", Asked::Unblock),
            ("blocked, please UNBLOCK", Asked::Unblock),
            ("Block a site", Asked::Block),
            ("Site report", Asked::Block),
            ("Blockages in the canteen", Asked::Other),
            ("", Asked::Unknown),
            (" - ", Asked::Unknown),
        ] {
            assert_eq!(Asked::read(written), asked, "{written}");
        }
    }

    #[test]
    fn what_became_of_a_site_is_a_decision_on_what_was_asked() {
        for (written, asked, decision) in [
            ("Approved", Asked::Unknown, Decision::Approved),
            ("no", Asked::Unblock, Decision::Refused),
            ("Unblocked", Asked::Unblock, Decision::Approved),
            ("Blocked", Asked::Unblock, Decision::Refused),
            ("Blocked", Asked::Block, Decision::Approved),
            ("Left open", Asked::Block, Decision::Refused),
            ("awaiting approval", Asked::Unblock, Decision::Pending),
            ("Cancelled", Asked::Unblock, Decision::Withdrawn),
            ("ask Jane", Asked::Unblock, Decision::Other),
            ("", Asked::Unblock, Decision::Unknown),
        ] {
            assert_eq!(Decision::read(written, asked), decision, "{written}");
        }
    }

    #[test]
    fn roles_are_a_closed_set() {
        for (written, role) in [
            ("DSL", SchoolRole::Dsl),
            ("Deputy Head (safeguarding)", SchoolRole::Dsl),
            ("Chair of Governors", SchoolRole::Governor),
            ("Head", SchoolRole::Leadership),
            ("Deputy Head", SchoolRole::Leadership),
            ("Head of History", SchoolRole::Teacher),
            ("Student teacher", SchoolRole::Teacher),
            ("Teaching Assistant", SchoolRole::Staff),
            ("IT Technician", SchoolRole::It),
            ("IT provider", SchoolRole::Provider),
            ("Year 9 student", SchoolRole::Pupil),
            ("Parent", SchoolRole::Parent),
            ("Jane Smith", SchoolRole::Other),
            ("Italian", SchoolRole::Other),
            ("", SchoolRole::Unknown),
        ] {
            assert_eq!(SchoolRole::read(written), role, "{written}");
        }
    }
}
