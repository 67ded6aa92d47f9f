//! One incident row: `IncidentFields` to `Incident<Identified>`.

use std::borrow::Cow;

use super::{Normaliser, Roster, account, person, text};
use crate::event::{Identified, Member, Role};
use crate::fields::{IncidentFields, RowsPer, TimeBasis};
use crate::incident::{Incident, IncidentText};
use crate::record::{RecordKey, RecordStatus};
use crate::report::{Notice, Place, Reason, Reject, Tally};
use crate::school::AcademicYear;
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
        let occurred = self.clock.moment(stamp, tally)?;
        let year = occurred.academic_year;

        let subject = person::read(written, year, roster);
        let (canonical, member) = (&subject.canonical, subject.member);
        if member.is_none() && !canonical.is_empty() {
            tally.notice(Notice::NameUnknown);
        }
        let year_group = member.and_then(|member| member.year_group);

        let categories = text::read(&fields.categories, tally);
        let words = categories.as_deref().unwrap_or_default();
        let class = self.settings.classifier().incident(words, &fields.separators, occurred.local_date);
        let unmapped = class.unmapped.iter().map(|word| Cow::Owned((*word).to_owned())).collect();
        let narrative = self.settings.classifier().sealable(class.code, text::read(&fields.narrative, tally));
        let status = text::read(&fields.status, tally);
        let linked = text::read(&fields.linked, tally);
        let others = linked
            .as_deref()
            .map_or_else(Others::default, |list| others(list, &fields.separators, year, roster));
        (0..others.unknown).for_each(|_| tally.notice(Notice::NameUnknown));
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
            linked_count: u32::try_from(others.named).unwrap_or(u32::MAX),
            linked: others.without(member),
            subject,
            text: IncidentText { categories, unmapped, status, linked, narrative },
            occurred,
        })
    }
}

/// Persons named beside the subject.
#[derive(Default)]
struct Others {
    known: Vec<Member>,
    unknown: usize,
    named: usize,
}

impl Others {
    /// Each person once, and not the subject.
    fn without(self, subject: Option<Member>) -> Vec<Member> {
        let mut persons: Vec<Member> = Vec::with_capacity(self.known.len());
        for member in self.known {
            let is_there = |other: &Member| other.person == member.person;
            if !persons.iter().any(is_there) && !subject.as_ref().is_some_and(is_there) {
                persons.push(member);
            }
        }
        persons
    }
}

/// Reads a list of names. A comma separates names, or a last name from the first: where the list has
/// another separator too it is part of a name, else the roster decides.
fn others(list: &str, separators: &[u8], year: AcademicYear, roster: &mut dyn Roster) -> Others {
    let split = |by: &dyn Fn(u8) -> bool| -> Vec<&str> {
        list.split(|character: char| u8::try_from(character).is_ok_and(by))
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect()
    };
    let certain = |byte: u8| byte != b',' && separators.contains(&byte);
    let by_comma = separators.contains(&b',') && !list.bytes().any(certain);
    let names = split(&|byte| if by_comma { byte == b',' } else { certain(byte) });
    let mut others = Others::default();
    let mut rest = names.as_slice();
    while let [name, behind @ ..] = rest {
        rest = behind;
        others.named += 1;
        let mut by_name = |name: &str| roster.member_by_name(&account::canonical_name(name), year);
        let found = match behind {
            // A last name alone may be somebody's account: the pair goes first, and a piece is looked up as
            // a name only, unless all before it are whole names.
            [first, after @ ..] if by_comma => match by_name(&format!("{name}, {first}")) {
                Some(member) => {
                    rest = after;
                    Some(member)
                }
                None => by_name(name),
            },
            _ if by_comma && others.unknown > 0 => by_name(name),
            _ => person::read(Some(Cow::Borrowed(name)), year, roster).member,
        };
        match found {
            Some(member) => others.known.push(member),
            None => others.unknown += 1,
        }
    }
    others
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    /// Knows Ann Lee (1), Tom Hill (2) and the account `bmoss` (3).
    struct Few;

    impl Roster for Few {
        fn member(&mut self, account: &str, _: AcademicYear) -> Option<Member> {
            (account == "bmoss").then_some(Member { person: 3, role: Role::Staff, year_group: None })
        }
        fn member_by_name(&mut self, name: &str, _: AcademicYear) -> Option<Member> {
            let person = ["ann lee", "tom hill"].iter().position(|known| *known == name)? as i64 + 1;
            Some(Member { person, role: Role::Pupil, year_group: Some(8) })
        }
    }

    fn read(list: &str, separators: &[u8]) -> (Vec<i64>, usize, usize) {
        let year = AcademicYear::parse("2025-26").unwrap();
        let others = others(list, separators, year, &mut Few);
        let (unknown, named) = (others.unknown, others.named);
        (others.without(None).iter().map(|member| member.person).collect(), unknown, named)
    }

    #[test]
    fn names_beside_the_subject_are_told_apart() {
        let all = b";,\n";
        assert_eq!(read("Tom Hill; Ann Lee", all), (vec![2, 1], 0, 2));
        assert_eq!(read("Hill, Tom (8B); Lee, Ann", all), (vec![2, 1], 0, 2));
        assert_eq!(read("Tom Hill, Ann Lee, bmoss", all), (vec![2, 1, 3], 0, 3));
        assert_eq!(read("Hill, Tom, Lee, Ann", all), (vec![2, 1], 0, 2));
        assert_eq!(read("Hill, Tom", all), (vec![2], 0, 1));
        // Nobody of the roster, whose last or first name is another's account.
        assert_eq!(read("bmoss, Jo", all), (vec![], 2, 2));
        assert_eq!(read("Jo, bmoss", all), (vec![], 2, 2));
        assert_eq!(read("Tom Hill\nTom Hill\n\nJo Unknown", all), (vec![2], 1, 3));
        assert_eq!(read("Jo Unknown, Tom Hill, ", all), (vec![2], 1, 2));
        assert_eq!(read("Hill, Tom", b""), (vec![2], 0, 1), "one name where nothing separates");
        assert_eq!(read(" ; ", all), (vec![], 0, 0));
    }

    #[test]
    fn the_subject_is_not_beside_himself() {
        let tom = Member { person: 2, role: Role::Pupil, year_group: Some(8) };
        let others = Others { known: vec![tom], unknown: 0, named: 1 };
        assert!(others.without(Some(tom)).is_empty());
    }
}
