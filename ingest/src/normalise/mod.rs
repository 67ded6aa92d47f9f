//! From a record's own words to an event: who, when, where to, by the school's data files.

pub mod account;

use crate::error::Error;
use crate::event::{Event, Identified, Member};
use crate::fields::{Fields, IncidentFields};
use crate::incident::Incident;
use crate::report::{Place, Reason, Reject, Tally};
use crate::school::AcademicYear;
use crate::settings::Settings;

/// The school's people, asked by account or name.
pub trait Roster {
    /// Who owns a canonical account in an academic year.
    fn member(&mut self, account: &str, year: AcademicYear) -> Option<Member>;
    /// Who has a canonical name in an academic year; none when two people have it.
    fn member_by_name(&mut self, name: &str, year: AcademicYear) -> Option<Member>;
}

/// Normalises the records of one file, in their order.
#[derive(Debug)]
pub struct Normaliser<'s> {
    settings: &'s Settings,
}

impl<'s> Normaliser<'s> {
    /// A normaliser for one file whose local times are of that zone (an IANA name).
    ///
    /// # Errors
    /// [`Kind::Configuration`](crate::Kind::Configuration) when the zone is unknown.
    pub fn new(settings: &'s Settings, _zone: &str) -> Result<Self, Error> {
        Ok(Self { settings })
    }

    /// One request.
    ///
    /// # Errors
    /// A [`Reject`] when the record has no usable time or nothing to count.
    pub fn request<'a>(
        &mut self,
        _place: Place,
        _fields: &'a Fields<'a>,
        _roster: &mut dyn Roster,
        _tally: &mut Tally,
    ) -> Result<Event<'a, Identified>, Reject>
    where
        's: 'a,
    {
        let _ = self.settings;
        Err(Reject::at(Reason::Address, 0))
    }

    /// One row of an incident export.
    ///
    /// # Errors
    /// A [`Reject`] when the row has no usable time, or neither pupil nor reference.
    pub fn incident<'a>(
        &mut self,
        _place: Place,
        _fields: &'a IncidentFields<'a>,
        _roster: &mut dyn Roster,
        _tally: &mut Tally,
    ) -> Result<Incident<'a, Identified>, Reject>
    where
        's: 'a,
    {
        Err(Reject::at(Reason::Subject, 0))
    }
}
