//! Whom a mark of a live matter is about in each academic year: a person has another pseudonym in each.

use std::collections::BTreeSet;

use rusqlite::{Transaction, params};

use super::{Embargo, PersonOfYear, State};
use crate::error::Error;
use crate::school::AcademicYear;

impl State {
    /// Pseudonyms of a mark's person in the years that are known, the one it was made with among them; without
    /// those of accounts, which [`tokens_of`](State::tokens_of) adds. Empty when the mark is about no person.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn embargo_persons(&self, mark: &Embargo) -> Result<BTreeSet<i64>, Error> {
        let mut persons: BTreeSet<i64> = self.read(|connection| {
            connection
                .prepare("SELECT person FROM embargo_persons WHERE embargo = ?1")?
                .query_map([mark.id], |row| row.get(0))?
                .collect()
        })?;
        persons.extend(mark.person);
        Ok(persons)
    }

    /// Live marks about a person whose days touch a year, and of which nobody knows whom they are about in that
    /// year: no roster of it was taken in since, and none says so. Their rows of that year are not hidden.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn unfollowed_embargoes(&self, year: AcademicYear) -> Result<Vec<i64>, Error> {
        let touches =
            |mark: &Embargo| mark.from <= year.last_day() && mark.to.is_none_or(|to| to >= year.first_day());
        let live = self.embargoes()?.into_iter().filter(|mark| mark.is_live() && touches(mark));
        let mut of_persons = live.filter(|mark| mark.person.is_some()).peekable();
        if of_persons.peek().is_none() {
            return Ok(Vec::new());
        }
        let followed = self.ids("SELECT embargo FROM embargo_persons WHERE academic_year = ?1", year)?;
        let looked_for = self.ids("SELECT embargo FROM embargo_rosters WHERE academic_year = ?1", year)?;
        // A mark from before years were noted: the roster tells whether its pseudonym is of the year.
        let roster = self.roster()?.remove(&year).unwrap_or_default();
        let in_roster =
            |token: i64| roster.contains_key(&token) || roster.values().any(|member| member.person == token);
        Ok(of_persons
            .filter(|mark| !followed.contains(&mark.id) && !looked_for.contains(&mark.id))
            .filter(|mark| !mark.person.is_some_and(in_roster))
            .map(|mark| mark.id)
            .collect())
    }

    /// Live marks about a person whom the roster of a year was searched for and has not.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn embargoes_without_person(&self, year: AcademicYear) -> Result<Vec<i64>, Error> {
        let followed = self.ids("SELECT embargo FROM embargo_persons WHERE academic_year = ?1", year)?;
        let looked_for = self.ids("SELECT embargo FROM embargo_rosters WHERE academic_year = ?1", year)?;
        let live = self.embargoes()?.into_iter().filter(Embargo::is_live).map(|mark| mark.id);
        Ok(live.filter(|id| looked_for.contains(id) && !followed.contains(id)).collect())
    }

    fn ids(&self, statement: &str, year: AcademicYear) -> Result<BTreeSet<i64>, Error> {
        self.read(|connection| {
            connection.prepare(statement)?.query_map([year.to_string()], |row| row.get(0))?.collect()
        })
    }

    /// Says of the live marks whom they are about in other years: `same` gives all pseudonyms of the person of
    /// one, nothing where the roster of `year` has nobody of it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn carry_embargoes(
        &mut self,
        year: AcademicYear,
        same: &mut dyn FnMut(i64) -> Result<Vec<PersonOfYear>, Error>,
    ) -> Result<(), Error> {
        let mut found = Vec::new();
        for mark in self.embargoes()?.into_iter().filter(|mark| mark.is_live() && mark.person.is_some()) {
            let mut persons = BTreeSet::new();
            for token in self.embargo_persons(&mark)? {
                persons.extend(same(token)?);
            }
            found.push((mark.id, persons));
        }
        self.write(|transaction| {
            for (embargo, persons) in &found {
                follow(transaction, *embargo, persons)?;
                transaction.execute(
                    "INSERT OR IGNORE INTO embargo_rosters VALUES (?1, ?2)",
                    params![embargo, year.to_string()],
                )?;
            }
            Ok(())
        })
    }
}

/// Notes whom a mark is about.
pub(super) fn follow<'p>(
    transaction: &Transaction<'_>,
    embargo: i64,
    persons: impl IntoIterator<Item = &'p PersonOfYear>,
) -> rusqlite::Result<()> {
    for known in persons {
        transaction.execute(
            "INSERT OR IGNORE INTO embargo_persons VALUES (?1, ?2, ?3)",
            params![embargo, known.year.to_string(), known.person],
        )?;
    }
    Ok(())
}

/// Forgets the pseudonyms of a year whose key goes. A mark that was made with one goes on with another year's;
/// left beside each other, the two would say that they are one person's.
pub(super) fn forget_year(transaction: &Transaction<'_>, year: &str) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE embargoes SET person = coalesce(
             (SELECT max(other.person) FROM embargo_persons AS other
              WHERE other.embargo = embargoes.id AND other.academic_year <> ?1), person)
         WHERE person IN (SELECT person FROM embargo_persons WHERE embargo = embargoes.id AND academic_year = ?1)",
        [year],
    )?;
    for table in ["embargo_persons", "embargo_rosters", "embargo_visits"] {
        transaction.execute(&format!("DELETE FROM {table} WHERE academic_year = ?1"), [year])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use jiff::civil::date;

    use super::*;
    use crate::school::{SchoolId, SchoolRoot};
    use crate::state::NewEmbargo;

    fn year(text: &str) -> AcademicYear {
        AcademicYear::parse(text).unwrap()
    }

    fn fresh() -> (tempfile::TempDir, State) {
        let folder = tempfile::tempdir().unwrap();
        let root = SchoolRoot::new(folder.path(), &SchoolId::parse("oak").unwrap());
        std::fs::create_dir_all(root.root()).unwrap();
        let state = State::open(&root).unwrap();
        (folder, state)
    }

    fn new(person: Option<i64>) -> NewEmbargo<'static> {
        NewEmbargo {
            from: date(2026, 6, 8),
            to: None,
            person,
            theme: Some("SELFHARM"),
            site: None,
            incident: None,
            reason: "case 12",
            reviewer: "DSL",
            review: date(2026, 7, 8),
        }
    }

    #[test]
    fn a_mark_is_unfollowed_in_a_year_until_somebody_knows_or_has_looked() {
        let (_folder, mut state) = fresh();
        let today = date(2026, 6, 10);
        let (this, next, before) = (year("2025-26"), year("2026-27"), year("2024-25"));
        let known = [PersonOfYear { year: this, person: 7 }];
        let followed = state.make_embargo(&new(Some(7)), &known, today, &mut |_, _| Ok(())).unwrap();
        let leaver = state.make_embargo(&new(Some(8)), &[], today, &mut |_, _| Ok(())).unwrap();
        state.add_embargo(&new(None), today).unwrap();
        assert_eq!(state.unfollowed_embargoes(before).unwrap(), [] as [i64; 0], "its days begin later");
        assert_eq!(state.unfollowed_embargoes(this).unwrap(), [leaver]);
        assert_eq!(state.unfollowed_embargoes(next).unwrap(), [followed, leaver]);
        let mut same =
            |token| Ok(if token == 7 { vec![PersonOfYear { year: next, person: 70 }] } else { Vec::new() });
        state.carry_embargoes(next, &mut same).unwrap();
        assert_eq!(state.unfollowed_embargoes(next).unwrap(), [] as [i64; 0]);
        assert_eq!(state.embargoes_without_person(next).unwrap(), [leaver]);
        let marks = state.embargoes().unwrap();
        assert_eq!(state.embargo_persons(&marks[0]).unwrap(), BTreeSet::from([7, 70]));
        assert_eq!(state.embargo_persons(&marks[2]).unwrap(), BTreeSet::new());
        // The key of the first year goes: the mark holds on to the person by the other year's pseudonym.
        state.write(|transaction| forget_year(transaction, "2025-26")).unwrap();
        let marks = state.embargoes().unwrap();
        assert_eq!((marks[0].person, marks[1].person), (Some(70), Some(8)));
        assert_eq!(state.embargo_persons(&marks[0]).unwrap(), BTreeSet::from([70]));
    }

    #[test]
    fn who_is_erased_takes_the_marks_of_all_years_along() {
        let (_folder, mut state) = fresh();
        let known = [PersonOfYear { year: year("2026-27"), person: 70 }];
        state.make_embargo(&new(Some(7)), &known, date(2026, 6, 10), &mut |_, _| Ok(())).unwrap();
        let other = state.add_embargo(&new(Some(9)), date(2026, 6, 10)).unwrap();
        state.begin_erasure(&[], date(2026, 12, 1), &BTreeSet::from([70]), "asked").unwrap();
        state.end_erasure(0, "").unwrap();
        assert_eq!(state.embargoes().unwrap().iter().map(|mark| mark.id).collect::<Vec<_>>(), [other]);
        assert_eq!(
            state
                .ids("SELECT embargo FROM embargo_persons WHERE academic_year = ?1", year("2026-27"))
                .unwrap(),
            BTreeSet::new()
        );
    }
}
