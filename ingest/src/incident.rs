//! One row of an incident export, before and after wall 1.

use std::borrow::Cow;

use crate::event::{Member, Moment, Role};
use crate::record::{RecordIdentity, RecordStatus};
use crate::report::Place;

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

crate::event::redacted!(IncidentText);

/// One incident, identified or pseudonymous.
#[derive(Clone)]
pub struct Incident<'a, I: RecordIdentity> {
    /// Where the record stands.
    pub place: Place,
    /// When it happened; local midnight where the export has only the day.
    pub occurred: Moment<'a>,
    /// The export has a time of day.
    pub time_known: bool,
    /// Whom it is about.
    pub subject: I::Person<'a>,
    /// What makes the incident the same incident in other rows and later exports.
    pub key: I::Key<'a>,
    /// What makes the row the same row in a later export.
    pub row: I::Key<'a>,
    /// The row's own words.
    pub text: I::IncidentText<'a>,
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
    pub status: RecordStatus,
    /// Other pupils named in the row.
    pub linked_count: u32,
    /// Those of them whom the roster knows, each once, the subject not among them.
    pub linked: Vec<Member>,
}

impl<I: RecordIdentity> std::fmt::Debug for Incident<'_, I> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Incident(record {}, redacted)", self.place.record)
    }
}
