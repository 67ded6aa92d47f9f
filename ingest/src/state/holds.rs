//! Holds: days, or one person's rows of days, that the clocks must leave alone.

use jiff::civil::Date;
use rusqlite::params;

use super::{State, thinning};
use crate::error::{Error, Kind};
use crate::school::AcademicYear;

/// Characters of a hold's reason or owner at most.
const LONGEST: usize = 500;

/// A hold as it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct NewHold<'h> {
    /// First local day.
    pub from: Date,
    /// Last local day.
    pub to: Date,
    /// Only this person's rows, by the pseudonym of the days' academic year; everything when empty.
    pub person: Option<i64>,
    /// Why: a case number, not a name.
    pub reason: &'h str,
    /// Whose it is: a role.
    pub owner: &'h str,
    /// When somebody looks whether it is still needed; within a year.
    pub review: Date,
}

/// A hold of the state file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Number, from 1.
    pub id: i64,
    /// First local day.
    pub from: Date,
    /// Last local day.
    pub to: Date,
    /// Only this person's rows, by pseudonym; everything when empty.
    pub person: Option<i64>,
    /// Why.
    pub reason: String,
    /// Whose it is.
    pub owner: String,
    /// When it is to be looked at again.
    pub review: Date,
    /// When it was made; UTC.
    pub added_utc: String,
    /// When it was released; UTC.
    pub released_utc: Option<String>,
    /// Why it was released.
    pub released_why: Option<String>,
}

impl Hold {
    /// Whether it still holds.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.released_utc.is_none()
    }

    /// Whether it covers some day of a stretch, both ends included.
    #[must_use]
    pub fn touches(&self, first: Date, last: Date) -> bool {
        self.from <= last && first <= self.to
    }
}

impl State {
    /// Makes a hold; answers its number.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when days, reason, owner or review date will not do.
    pub fn add_hold(&mut self, hold: &NewHold<'_>, today: Date) -> Result<i64, Error> {
        let wrong = |what: &str, help: &str| {
            Err(Error::new(Kind::Configuration, format!("a hold {what}")).help(help.to_owned()))
        };
        if hold.from > hold.to {
            return wrong("ends before it begins", "`--from` is the first day, `--to` the last");
        }
        if hold.person.is_some() && AcademicYear::of(hold.from) != AcademicYear::of(hold.to) {
            return wrong(
                "on one person reaches over more than one academic year",
                "a person has another pseudonym in each: make one hold for each year from 1 September to 31 August, \
                 with the pseudonym of that year; `subject-access` lists those of all years",
            );
        }
        for (name, text) in [("reason", hold.reason), ("owner", hold.owner)] {
            let characters = text.chars().count();
            if text.trim().is_empty() || characters > LONGEST || text.chars().any(char::is_control) {
                return wrong(
                    &format!("needs a {name} of 1 to {LONGEST} characters on one line"),
                    "a case number or a role, not a name",
                );
            }
        }
        let ahead = hold.review.since(today).map_or(i32::MAX, |span| span.get_days());
        if !(0..=366).contains(&ahead) {
            return wrong(
                "needs a review date within a year from today",
                "a hold that nobody looks at again would keep its rows for good",
            );
        }
        let now = jiff::Timestamp::now().to_string();
        self.write(|transaction| {
            transaction.query_row(
                "INSERT INTO retention_holds
                     (from_date, to_date, person, reason, owner, review_date, added_utc)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id",
                params![
                    hold.from.to_string(),
                    hold.to.to_string(),
                    hold.person,
                    hold.reason.trim(),
                    hold.owner.trim(),
                    hold.review.to_string(),
                    now
                ],
                |row| row.get(0),
            )
        })
    }

    /// Every hold that was ever made, in order.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn holds(&self) -> Result<Vec<Hold>, Error> {
        type Row = (i64, String, String, Option<i64>, [String; 4], [Option<String>; 2]);
        let rows: Vec<Row> = self.read(|connection| {
            connection
                .prepare(
                    "SELECT id, from_date, to_date, person, reason, owner, review_date, added_utc,
                            released_utc, released_why FROM retention_holds ORDER BY id",
                )?
                .query_map([], |row| {
                    Ok((
                        row.get(0)?,
                        row.get(1)?,
                        row.get(2)?,
                        row.get(3)?,
                        [row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?],
                        [row.get(8)?, row.get(9)?],
                    ))
                })?
                .collect()
        })?;
        rows.into_iter()
            .map(|(id, from, to, person, texts, released)| {
                let [reason, owner, review, added_utc] = texts;
                let [released_utc, released_why] = released;
                let (from, to, review) = (from.parse().ok()?, to.parse().ok()?, review.parse().ok()?);
                Some(Hold {
                    id,
                    from,
                    to,
                    person,
                    reason,
                    owner,
                    review,
                    added_utc,
                    released_utc,
                    released_why,
                })
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| self.corrupt())
    }

    /// Releases a hold: from now on the clocks act on what it covered, and sealed files in which it kept a
    /// person's rows are to be thinned again where another hold keeps them.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when there is no such hold, or it was released before.
    pub fn release_hold(&mut self, id: i64, why: &str) -> Result<(), Error> {
        if why.trim().is_empty() || why.chars().count() > LONGEST || why.chars().any(char::is_control) {
            return Err(Error::new(
                Kind::Configuration,
                format!("releasing a hold needs a reason of 1 to {LONGEST} characters on one line"),
            ));
        }
        let now = jiff::Timestamp::now().to_string();
        let released = self.holds()?.into_iter().find(|hold| hold.id == id);
        let changed = self.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE retention_holds SET released_utc = ?2, released_why = ?3
                 WHERE id = ?1 AND released_utc IS NULL",
                params![id, now, why.trim()],
            )?;
            if let Some(hold) = released.as_ref().filter(|_| changed == 1) {
                thinning::forget_of(transaction, hold)?;
            }
            Ok(changed)
        })?;
        if changed == 1 {
            return Ok(());
        }
        Err(Error::new(Kind::Configuration, format!("there is no hold {id} that still holds"))
            .help("`watershed retain hold list` shows them"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use jiff::civil::date;

    use super::*;
    use crate::school::{SchoolId, SchoolRoot};

    #[test]
    fn a_hold_has_a_reason_an_owner_and_a_date_and_is_released_once() {
        let folder = tempfile::tempdir().unwrap();
        let root = SchoolRoot::new(folder.path(), &SchoolId::parse("a").unwrap());
        std::fs::create_dir_all(root.root()).unwrap();
        let mut state = State::open(&root).unwrap();
        let today = date(2026, 5, 10);
        let good = NewHold {
            from: date(2026, 1, 12),
            to: date(2026, 1, 16),
            person: Some(-7),
            reason: "case 12",
            owner: "DSL",
            review: date(2026, 8, 1),
        };
        for bad in [
            NewHold { to: date(2026, 1, 11), ..good },
            NewHold { reason: " ", ..good },
            NewHold { owner: "a\nb", ..good },
            NewHold { review: date(2026, 5, 9), ..good },
            NewHold { review: date(2027, 6, 10), ..good },
            // The pseudonym is of one academic year.
            NewHold { from: date(2025, 8, 31), to: date(2025, 9, 1), ..good },
        ] {
            assert_eq!(state.add_hold(&bad, today).unwrap_err().kind(), Kind::Configuration, "{bad:?}");
        }
        assert_eq!(state.add_hold(&good, today).unwrap(), 1);
        assert_eq!(state.add_hold(&NewHold { person: None, ..good }, today).unwrap(), 2);
        let all = NewHold { from: date(2025, 9, 1), to: date(2026, 8, 31), ..good };
        assert_eq!(state.add_hold(&all, today).unwrap(), 3, "a whole academic year");
        let days = NewHold { from: date(2025, 8, 31), person: None, ..all };
        assert_eq!(state.add_hold(&days, today).unwrap(), 4, "days are everybody's");
        let holds = state.holds().unwrap();
        assert_eq!((holds[0].person, holds[1].person, holds[0].is_active()), (Some(-7), None, true));
        assert!(holds[0].touches(date(2026, 1, 16), date(2026, 2, 1)));
        assert!(!holds[0].touches(date(2026, 1, 17), date(2026, 2, 1)));
        state.release_hold(1, "closed").unwrap();
        assert_eq!(state.release_hold(1, "again").unwrap_err().kind(), Kind::Configuration);
        assert_eq!(state.holds().unwrap()[0].released_why.as_deref(), Some("closed"));
    }
}
