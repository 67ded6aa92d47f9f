//! What the school's own records have in common (incidents, changes of the filter, tests of the filter),
//! before and after wall 1.
//!
//! The same idea as [`event`](crate::event): one field list, two identities.

use std::borrow::Cow;

use crate::event::{Identified, Identity, Member, Pseudonymous};
use crate::filter_change::ChangeText;
use crate::filter_check::CheckText;
use crate::incident::IncidentText;
use crate::pseudonymise::Crossed;

/// What stands where a person, a reference or a text stood.
pub trait RecordIdentity: Identity {
    /// Somebody whom the row names.
    type Person<'a>;
    /// What a record, or a row about it, is known by.
    type Key<'a>;
    /// The own words of an incident.
    type IncidentText<'a>;
    /// The own words of a change.
    type ChangeText<'a>;
    /// The own words of a test.
    type CheckText<'a>;
}

impl RecordIdentity for Identified {
    type Person<'a> = PersonName<'a>;
    type Key<'a> = RecordKey<'a>;
    type IncidentText<'a> = IncidentText<'a>;
    type ChangeText<'a> = ChangeText<'a>;
    type CheckText<'a> = CheckText<'a>;
}

impl RecordIdentity for Pseudonymous {
    type Person<'a> = Option<i64>;
    type Key<'a> = i64;
    type IncidentText<'a> = Crossed;
    type ChangeText<'a> = Crossed;
    type CheckText<'a> = Crossed;
}

/// Somebody whom a row names.
#[derive(Clone, Default)]
pub struct PersonName<'a> {
    /// As written; empty when the row names nobody.
    pub written: Cow<'a, str>,
    /// As the roster has names: small letters, first name first.
    pub canonical: String,
    /// The roster's answer.
    pub member: Option<Member>,
}

/// What a record, or a row about it, is known by.
#[derive(Clone)]
pub enum RecordKey<'a> {
    /// The school's own reference.
    Reference(Cow<'a, str>),
    /// No reference: what the row itself says, in one text.
    Row(String),
}

impl RecordKey<'_> {
    /// The text to make a token of.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Reference(text) => text,
            Self::Row(text) => text,
        }
    }

    /// Which of the two it is: a reference and a row are never the same key, whatever they say.
    #[must_use]
    pub const fn sort(&self) -> &'static str {
        match self {
            Self::Reference(_) => "reference",
            Self::Row(_) => "row",
        }
    }

    /// The school's own reference, if that is what it is.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::Reference(text) => Some(text),
            Self::Row(_) => None,
        }
    }
}

crate::event::redacted!(PersonName, RecordKey);

/// How far the school is with a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RecordStatus {
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

impl RecordStatus {
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
            "open"
            | "active"
            | "in progress"
            | "ongoing"
            | "assigned"
            | "under review"
            | "monitoring"
            | "pending"
            | "on hold"
            | "onhold"
            | "hold"
            | "reopened"
            | "in review"
            | "waiting on customer"
            | "waiting on third party"
            | "waiting for customer"
            | "waiting for support"
            | "waiting for approval" => Self::Open,
            "closed" | "resolved" | "complete" | "completed" | "done" | "signed off"
            | "no further action" | "solved" | "cancelled" | "canceled" | "declined" | "rejected" => {
                Self::Closed
            }
            "unread" | "new" | "unassigned" | "not started" | "to do" => Self::Unread,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_words_are_a_closed_set() {
        assert_eq!(RecordStatus::read(" Open "), RecordStatus::Open);
        assert_eq!(RecordStatus::read("RESOLVED"), RecordStatus::Closed);
        assert_eq!(RecordStatus::read("New"), RecordStatus::Unread);
        assert_eq!(RecordStatus::read("Waiting on customer"), RecordStatus::Open);
        assert_eq!(RecordStatus::read("waiting for Jane's mum"), RecordStatus::Other);
        assert_eq!(RecordStatus::read(""), RecordStatus::Unknown);
    }

    #[test]
    fn debug_shows_nothing() {
        let person = PersonName { written: "Jane Doe".into(), canonical: "jane doe".into(), member: None };
        assert_eq!(format!("{person:?}"), "PersonName(redacted)");
        assert_eq!(format!("{:?}", RecordKey::Row("jane doe".into())), "RecordKey(redacted)");
    }
}
