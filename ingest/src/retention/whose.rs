//! Whose a sealed row of a held day is: what is or may be a held person's stays, what is somebody else's goes.
//!
//! Somebody else's is what has a pseudonym that is not the held person's, and a text in which none of the person's
//! accounts and names stands. What names its person in words that no roster could tell may be the held person's,
//! and so may every row of an incident of which another row is or may be: the lake keeps these together too. Where
//! no roster says who is held, nobody knows the names: then every text may mean the person.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::thin::Held;
use crate::correction::Overlay;
use crate::error::Error;
use crate::person::{Person, Whose};
use crate::pseudonymise::Keyring;
use crate::school::AcademicYear;
use crate::state::{Hold, State};
use crate::vault::edit::{SealedRow, VaultEditor};
use crate::vault::{Selection, VaultReader};

/// What a cell of a sealed row says, as written.
type Text<'r> = &'r Option<std::borrow::Cow<'static, str>>;

/// Kinds of actors who signed in: the pseudonym is the account's.
const SIGNED_IN: [&str; 3] = ["person", "shared", "machine"];

/// A hold on one person, and who that may be.
struct Keeping {
    hold: Hold,
    person: Person,
}

/// The holds on one person that still hold, and what is corrected.
pub(super) struct Kept {
    keeping: Vec<Keeping>,
    overlay: Overlay,
    /// Incidents of which any sealed row of a held day is or may be a held person's.
    incidents: BTreeSet<i64>,
}

/// Rows of one sealed file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) gone: u64,
    pub(super) kept: u64,
    /// Of those kept, rows of which nobody can tell whose they are.
    pub(super) unclear: u64,
}

impl Rows {
    pub(super) const fn all(self) -> u64 {
        self.gone + self.kept
    }
}

impl Kept {
    pub(super) fn read(reader: &VaultReader<'_>, state: &State, keyring: &Keyring) -> Result<Self, Error> {
        let mut keeping = Vec::new();
        for hold in state.holds()?.into_iter().filter(Hold::is_active) {
            let Some(token) = hold.person else { continue };
            for person in Person::of_held(reader, state, keyring, token)? {
                keeping.push(Keeping { hold: hold.clone(), person });
            }
        }
        let mut kept = Self { keeping, overlay: Overlay::load(state)?, incidents: BTreeSet::new() };
        let mut incidents = BTreeSet::new();
        let stretches: BTreeSet<(Date, Date)> =
            kept.keeping.iter().map(|keeping| (keeping.hold.from, keeping.hold.to)).collect();
        for (from, to) in stretches {
            reader.incidents(&Selection { from, to, actor: None, between_us: None }, &mut |row| {
                if kept.whose(&SealedRow::Incident(&row)) != Whose::Others {
                    incidents.insert(row.incident);
                }
                Ok(())
            })?;
        }
        kept.incidents = incidents;
        Ok(kept)
    }

    pub(super) fn persons(&self) -> impl Iterator<Item = &Person> {
        self.keeping.iter().map(|keeping| &keeping.person)
    }

    /// Each held person once, with the stretches of days of the holds.
    pub(super) fn by_person(&self) -> Vec<(&Person, Vec<&Hold>)> {
        let mut persons: Vec<(&Person, Vec<&Hold>)> = Vec::new();
        for Keeping { hold, person } in &self.keeping {
            let is = |other: &Person| match (&person.key, &other.key) {
                (None, None) => person.pseudonyms == other.pseudonyms,
                (one, two) => one == two,
            };
            match persons.iter_mut().find(|(other, _)| is(other)) {
                Some((_, holds)) => holds.push(hold),
                None => persons.push((person, vec![hold])),
            }
        }
        persons
    }

    /// Counts what a file has.
    pub(super) fn rows(&self, editor: &VaultEditor<'_>, file: &Held) -> Result<Rows, Error> {
        let mut rows = Rows::default();
        editor.look(&file.folder, &file.name, file.content, &mut |row| match self.whose(&row) {
            Whose::Others => rows.gone += 1,
            is => {
                rows.kept += 1;
                rows.unclear += u64::from(is == Whose::Unclear);
            }
        })?;
        Ok(rows)
    }

    /// Whose a row is of the held persons'; others' go.
    pub(super) fn whose(&self, row: &SealedRow<'_>) -> Whose {
        let day = match row {
            SealedRow::Request(row) => Some(row.local_date),
            SealedRow::Incident(row) => Some(row.local_date),
            SealedRow::Change(row) => Some(row.local_date),
            SealedRow::Check(row) => Some(row.local_date),
            // These lie under the day of the import, and have no day of their own.
            SealedRow::Reject(_) | SealedRow::Word(_) => None,
        };
        let covers = |hold: &Hold| day.is_none_or(|day| hold.touches(day, day));
        let kept = self.keeping.iter().filter(|keeping| covers(&keeping.hold));
        kept.map(|keeping| self.whose_by(&keeping.person, row)).max().unwrap_or(Whose::Others)
    }

    fn whose_by(&self, person: &Person, row: &SealedRow<'_>) -> Whose {
        let may_be = |may: bool| if may && !person.is_known() { Whose::Unclear } else { Whose::Others };
        let unclear = |is: bool| if is { Whose::Unclear } else { Whose::Others };
        // Words that no roster could tell can be a nickname, a name with its class, two names.
        let owns = |year, token: Option<i64>, written: Text<'_>| {
            let is_named = written.as_deref().is_some_and(|text| person.mentions().in_text(text));
            person
                .owns(year, token, written.as_deref())
                .max(if is_named { Whose::Hers } else { Whose::Others })
                .max(unclear(token.is_none() && written.is_some()))
        };
        let named = |texts: &[Text<'_>]| {
            let by_text = texts.iter().copied().flatten().map(|text| match person.mentions().in_text(text) {
                true => Whose::Hers,
                false => may_be(true),
            });
            by_text.max().unwrap_or(Whose::Others)
        };
        match row {
            SealedRow::Request(row) => {
                let year = AcademicYear::of(row.local_date);
                let truly = row.actor.and_then(|actor| self.overlay.person(actor, row.local_date));
                let written = row.user_written.as_deref();
                let typed = written.map_or(Whose::Others, |text| person.meant_by(year, text));
                let is_anybodys = !SIGNED_IN.contains(&row.actor_kind.as_ref());
                // Corrected to be nobody's, it may be anybody's.
                let corrected = match (row.actor, truly) {
                    (Some(_), None) => Whose::Unclear,
                    _ => person.owns(year, truly, None),
                };
                person
                    .owns(year, row.actor, None)
                    .max(corrected)
                    .max(typed)
                    .max(may_be(row.actor.is_none() || (is_anybodys && written.is_some())))
            }
            SealedRow::Incident(row) => {
                let year = AcademicYear::of(row.local_date);
                let listed = row.linked_written.as_deref();
                owns(year, row.subject, &row.subject_written)
                    .max(listed.map_or(Whose::Others, |list| person.listed_in(year, list)))
                    .max(named(&[&row.linked_written, &row.narrative]))
                    .max(unclear(row.subject.is_none() || self.incidents.contains(&row.incident)))
            }
            SealedRow::Change(row) => {
                let year = AcademicYear::of(row.local_date);
                owns(year, row.requester, &row.requester_written)
                    .max(owns(year, row.decided_by, &row.decided_by_written))
                    .max(named(&[&row.title, &row.reason, &row.risk_note, &row.narrative]))
                    .max(may_be(row.requester.is_none() && row.decided_by.is_none()))
            }
            SealedRow::Check(row) => owns(AcademicYear::of(row.local_date), row.tester, &row.tester_written)
                .max(named(&[&row.narrative]))
                .max(may_be(row.tester.is_none())),
            SealedRow::Reject(row) => match person.mentions().in_bytes(&row.raw) {
                true => Whose::Hers,
                false => may_be(true),
            },
            SealedRow::Word(row) => {
                let is_file = row.token.is_none();
                let mentions = person.mentions();
                match mentions.in_text(&row.words) || (is_file && mentions.in_file_name(&row.words)) {
                    true => Whose::Hers,
                    false => may_be(true),
                }
            }
        }
    }
}
