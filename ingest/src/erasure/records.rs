//! Records of others on their way in, without the names of persons who were erased.

use std::borrow::Cow;

use jiff::civil::Date;

use super::ErasedPersons;
use crate::error::Error;
use crate::event::{Identified, Role};
use crate::filter_change::FilterChange;
use crate::filter_check::FilterCheck;
use crate::incident::Incident;
use crate::normalise::Roster;
use crate::normalise::account::canonical_name;
use crate::person::{Whose, without};
use crate::pseudonymise::Pseudonymiser;
use crate::record::PersonName;
use crate::report::{Notice, Tally};
use crate::school::AcademicYear;

type Text<'a> = Option<Cow<'a, str>>;

impl ErasedPersons {
    /// Takes erased persons out of an incident; answers whether there were any, and none when it is one of
    /// theirs. A subject of whom
    /// nobody can tell whether it is the erased one is nobody, as before the erasure.
    pub(crate) fn clear_incident(
        &self,
        pseudonymiser: &mut Pseudonymiser<'_>,
        roster: &mut dyn Roster,
        incident: &mut Incident<'_, Identified>,
        tally: &mut Tally,
    ) -> Result<Option<bool>, Error> {
        let (year, day) = (incident.occurred.academic_year, incident.occurred.local_date);
        if !self.has_marks_of(year) {
            return Ok(Some(false));
        }
        let mut noticed = false;
        match self.whose(pseudonymiser, year, day, &incident.subject)? {
            Whose::Hers => return Ok(None),
            Whose::Unclear => {
                noticed = true;
                incident.subject.member = None;
                incident.role = Role::Unknown;
                (incident.year_group, incident.key_stage) = (None, None);
            }
            Whose::Others => {}
        }
        if let Some(list) = incident.text.linked.as_deref() {
            // Who has the erased person's name is not meant by it for certain.
            without(list, &mut |name| {
                if self.meant_by(pseudonymiser, year, day, name)? == Whose::Unclear
                    && let Some(namesake) = roster.member_by_name(&canonical_name(name), year)
                {
                    noticed = true;
                    incident.linked.retain(|member| member.person != namesake.person);
                }
                Ok(false)
            })?;
            let left = self.taken_out_of(pseudonymiser, year, day, list)?;
            if left.as_deref() != Some(list) {
                noticed = true;
                incident.text.linked = left.map(Cow::Owned);
            }
        }
        noticed |= self.clean(pseudonymiser, year, day, [&mut incident.text.narrative])?;
        notice(tally, noticed);
        Ok(Some(noticed))
    }

    /// The same of a change of the filter; one that an erased person decided on has nobody who did.
    pub(crate) fn clear_change(
        &self,
        pseudonymiser: &mut Pseudonymiser<'_>,
        change: &mut FilterChange<'_, Identified>,
        tally: &mut Tally,
    ) -> Result<Option<bool>, Error> {
        let (year, day) = (change.requested.academic_year, change.requested.local_date);
        if !self.has_marks_of(year) {
            return Ok(Some(false));
        }
        let mut noticed = false;
        match self.whose(pseudonymiser, year, day, &change.requester)? {
            Whose::Hers => return Ok(None),
            Whose::Unclear => {
                noticed = true;
                change.requester.member = None;
            }
            Whose::Others => {}
        }
        match self.whose(pseudonymiser, year, day, &change.decided_by)? {
            Whose::Hers => {
                noticed = true;
                change.decided_by = PersonName::default();
                change.text.decided_by_role = None;
            }
            Whose::Unclear => {
                noticed = true;
                change.decided_by.member = None;
            }
            Whose::Others => {}
        }
        let text = &mut change.text;
        let texts = [&mut text.title, &mut text.reason, &mut text.risk_note, &mut text.narrative];
        noticed |= self.clean(pseudonymiser, year, day, texts)?;
        notice(tally, noticed);
        Ok(Some(noticed))
    }

    /// The same of a test of the filter.
    pub(crate) fn clear_check(
        &self,
        pseudonymiser: &mut Pseudonymiser<'_>,
        check: &mut FilterCheck<'_, Identified>,
        tally: &mut Tally,
    ) -> Result<Option<bool>, Error> {
        let (year, day) = (check.checked.academic_year, check.checked.local_date);
        if !self.has_marks_of(year) {
            return Ok(Some(false));
        }
        let mut noticed = false;
        match self.whose(pseudonymiser, year, day, &check.tester)? {
            Whose::Hers => return Ok(None),
            Whose::Unclear => {
                noticed = true;
                check.tester.member = None;
            }
            Whose::Others => {}
        }
        noticed |= self.clean(pseudonymiser, year, day, [&mut check.text.narrative])?;
        notice(tally, noticed);
        Ok(Some(noticed))
    }

    /// Takes names out of free texts; answers whether there were any.
    fn clean<const N: usize>(
        &self,
        pseudonymiser: &mut Pseudonymiser<'_>,
        year: AcademicYear,
        day: Date,
        texts: [&mut Text<'_>; N],
    ) -> Result<bool, Error> {
        let mut found = false;
        for text in texts {
            let Some(written) = text.as_deref() else { continue };
            if let Some(left) = self.words_out_of(pseudonymiser, year, day, written)? {
                found = true;
                *text = Some(Cow::Owned(left));
            }
        }
        Ok(found)
    }
}

fn notice(tally: &mut Tally, noticed: bool) {
    if noticed {
        tally.notice(Notice::NamesErased);
    }
}
