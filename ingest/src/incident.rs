//! One row of an incident export, before and after wall 1.
//!
//! The same idea as [`event`](crate::event): one field list, two identities.

use std::borrow::Cow;

use crate::event::{Identified, Identity, Member, Moment, Pseudonymous, Role};
use crate::report::Place;

/// What stands where a pupil, a reference or a narrative stood.
pub trait IncidentIdentity: Identity {
    /// Whom it is about.
    type Subject<'a>;
    /// What an incident, or a row about it, is known by.
    type Key<'a>;
    /// The row's own words.
    type Text<'a>;
}

impl IncidentIdentity for Identified {
    type Subject<'a> = SubjectName<'a>;
    type Key<'a> = IncidentKey<'a>;
    type Text<'a> = IncidentText<'a>;
}

impl IncidentIdentity for Pseudonymous {
    type Subject<'a> = Option<i64>;
    type Key<'a> = i64;
    type Text<'a> = crate::pseudonymise::Crossed;
}

/// The pupil that a row is about.
#[derive(Clone, Default)]
pub struct SubjectName<'a> {
    /// As written; empty when the row names nobody.
    pub written: Cow<'a, str>,
    /// As the roster has names: small letters, first name first.
    pub canonical: String,
    /// The roster's answer.
    pub member: Option<Member>,
}

/// What an incident, or a row about it, is known by.
#[derive(Clone)]
pub enum IncidentKey<'a> {
    /// The school's own reference.
    Reference(Cow<'a, str>),
    /// No reference: the moment, the pupil and the categories, in one text.
    Row(String),
}

impl IncidentKey<'_> {
    /// The text to make a token of.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Reference(text) => text,
            Self::Row(text) => text,
        }
    }
}

/// The row's own words; vault only.
#[derive(Clone, Default)]
pub struct IncidentText<'a> {
    /// Category words as written.
    pub categories: Option<Cow<'a, str>>,
    /// Category words that no map knows, as written.
    pub unmapped: Vec<Cow<'a, str>>,
    /// Status as written.
    pub status: Option<Cow<'a, str>>,
    /// Other pupils named, as written.
    pub linked: Option<Cow<'a, str>>,
    /// Free text.
    pub narrative: Option<Cow<'a, str>>,
}

crate::event::redacted!(SubjectName, IncidentKey, IncidentText);

/// How far the school is with an incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum IncidentStatus {
    /// Being worked on.
    Open,
    /// Done.
    Closed,
    /// Nobody has looked at it.
    Unread,
    /// A word of the school's own.
    Other,
    /// The export has no status.
    #[default]
    Unknown,
}

impl IncidentStatus {
    /// The word in the lake.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Unread => "unread",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }

    /// The status of a word in an export.
    #[must_use]
    pub fn read(written: &str) -> Self {
        match written.trim().to_lowercase().as_str() {
            "" | "-" => Self::Unknown,
            "open" | "active" | "in progress" | "ongoing" | "assigned" | "under review" | "monitoring" => {
                Self::Open
            }
            "closed" | "resolved" | "complete" | "completed" | "done" | "signed off"
            | "no further action" => Self::Closed,
            "unread" | "new" | "unassigned" | "not started" => Self::Unread,
            _ => Self::Other,
        }
    }
}

/// One incident, identified or pseudonymous.
#[derive(Clone)]
pub struct Incident<'a, I: IncidentIdentity> {
    /// Where the record stands.
    pub place: Place,
    /// When it happened; local midnight where the export has only the day.
    pub occurred: Moment<'a>,
    /// The export has a time of day.
    pub time_known: bool,
    /// Whom it is about.
    pub subject: I::Subject<'a>,
    /// What makes the incident the same incident in other rows and later exports.
    pub key: I::Key<'a>,
    /// What makes the row the same row in a later export.
    pub row: I::Key<'a>,
    /// The row's own words.
    pub text: I::Text<'a>,
    /// Role of the subject by the roster.
    pub role: Role,
    /// Year group of the subject by the roster (0 Reception, -1 Nursery).
    pub year_group: Option<i8>,
    /// `EYFS`, `KS1` to `KS5`.
    pub key_stage: Option<&'a str>,
    /// Common category code, `UNMAPPED` if no map knows the word.
    pub code: &'a str,
    /// Theme of the code.
    pub theme: Option<&'a str>,
    /// `content`, `contact`, `conduct`, `commerce`.
    pub four_c: Option<&'a str>,
    /// 0-5.
    pub severity: u8,
    /// How far the school is with it.
    pub status: IncidentStatus,
    /// Other pupils named in the row.
    pub linked_count: u32,
    /// Those of them whom the roster knows, each once, the subject not among them.
    pub linked: Vec<Member>,
}

impl<I: IncidentIdentity> std::fmt::Debug for Incident<'_, I> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Incident(record {}, redacted)", self.place.record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_words_are_a_closed_set() {
        assert_eq!(IncidentStatus::read(" Open "), IncidentStatus::Open);
        assert_eq!(IncidentStatus::read("RESOLVED"), IncidentStatus::Closed);
        assert_eq!(IncidentStatus::read("New"), IncidentStatus::Unread);
        assert_eq!(IncidentStatus::read("waiting for Jane's mum"), IncidentStatus::Other);
        assert_eq!(IncidentStatus::read(""), IncidentStatus::Unknown);
    }

    #[test]
    fn debug_shows_nothing() {
        let subject = SubjectName { written: "Jane Doe".into(), canonical: "jane doe".into(), member: None };
        assert_eq!(format!("{subject:?}"), "SubjectName(redacted)");
        assert_eq!(format!("{:?}", IncidentKey::Row("jane doe".into())), "IncidentKey(redacted)");
    }
}
