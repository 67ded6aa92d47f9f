//! One incident row: `IncidentFields` to `Incident<Identified>`.

use std::borrow::Cow;

use super::{Normaliser, Roster, person, text};
use crate::event::{Identified, Role};
use crate::fields::{IncidentFields, RowsPer, TimeBasis};
use crate::incident::{Incident, IncidentText};
use crate::record::{RecordKey, RecordStatus};
use crate::report::{Place, Reason, Reject, Tally};
use crate::settings::year_group;

impl<'s> Normaliser<'s> {
    /// One row of an incident export.
    ///
    /// # Errors
    /// A [`Reject`] when the row has no usable time, or neither pupil nor reference.
    pub fn incident<'a>(
        &mut self,
        place: Place,
        fields: &'a IncidentFields<'a>,
        roster: &mut dyn Roster,
        tally: &mut Tally,
    ) -> Result<Incident<'a, Identified>, Reject>
    where
        's: 'a,
    {
        let reference = text::read(&fields.key, tally);
        let written = text::read(&fields.subject, tally);
        if reference.is_none() && written.is_none() {
            return Err(Reject::at(Reason::Subject, 0));
        }
        let stamp = self.clock.stamp(fields.occurred, TimeBasis::Unknown, None, tally)?;
        let occurred = self.clock.moment(stamp, tally);
        let year = occurred.academic_year;

        let subject = person::read(written, year, roster);
        let (canonical, member) = (&subject.canonical, subject.member);
        let year_group = member.and_then(|member| member.year_group);

        let categories = text::read(&fields.categories, tally);
        let words = categories.as_deref().unwrap_or_default();
        let class = self.settings.classifier().incident(words, &fields.separators, occurred.local_date);
        let unmapped = class.unmapped.iter().map(|word| Cow::Owned((*word).to_owned())).collect();
        let status = text::read(&fields.status, tally);
        let linked = text::read(&fields.linked, tally);
        let key = match reference {
            Some(reference) => RecordKey::Reference(reference),
            None => RecordKey::Row(format!("{}\u{1f}{canonical}\u{1f}{words}", occurred.utc_us)),
        };
        let row = match (&key, fields.rows_per) {
            (RecordKey::Row(own), _) => own.clone(),
            (RecordKey::Reference(shared), RowsPer::Incident) => shared.to_string(),
            (RecordKey::Reference(shared), RowsPer::Student) => format!("{shared}\u{1f}{canonical}"),
            (RecordKey::Reference(shared), RowsPer::Category) => {
                format!("{shared}\u{1f}{canonical}\u{1f}{words}")
            }
        };
        Ok(Incident {
            place,
            time_known: stamp.time_known,
            key,
            row: RecordKey::Row(row),
            role: member.map_or(Role::Unknown, |member| member.role),
            year_group,
            key_stage: year_group.and_then(year_group::key_stage),
            code: class.code,
            theme: class.theme,
            four_c: class.four_c,
            severity: class.severity.max(fields.severity.unwrap_or(0).min(5)),
            status: status.as_deref().map_or(RecordStatus::Unknown, RecordStatus::read),
            linked_count: linked.as_deref().map_or(0, |linked| pieces(linked, &fields.separators)),
            subject,
            text: IncidentText {
                categories,
                unmapped,
                status,
                linked,
                narrative: text::read(&fields.narrative, tally),
            },
            occurred,
        })
    }
}

/// How many non-empty pieces a list has; without separators it is one.
fn pieces(list: &str, separators: &[u8]) -> u32 {
    let pieces = list.as_bytes().split(|byte| separators.contains(byte));
    let named = pieces.filter(|piece| !piece.trim_ascii().is_empty()).count();
    u32::try_from(named).unwrap_or(u32::MAX)
}
