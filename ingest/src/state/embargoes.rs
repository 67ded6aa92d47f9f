//! Matters that the DSL has marked live: they stay out of every paper and set, and out of all views but the
//! DSL's, until the mark is lifted.

use jiff::civil::Date;
use rusqlite::{Transaction, params};

use super::{PersonOfYear, State, followed};
use crate::error::{Error, Kind};

/// Characters of a reason or a reviewer at most.
const LONGEST: usize = 500;

/// A mark as it is asked for: all that is stated must fit a row; at least one of `person`, `theme`, `site`
/// and `incident` is stated.
#[derive(Clone, Copy, Debug)]
pub struct NewEmbargo<'e> {
    /// First local day.
    pub from: Date,
    /// Last local day; open when empty.
    pub to: Option<Date>,
    /// Pseudonym of the person.
    pub person: Option<i64>,
    /// Theme, as in the lake.
    pub theme: Option<&'e str>,
    /// Site, as in the lake.
    pub site: Option<&'e str>,
    /// Token of an incident, whose subject `person` is where somebody is tied to it.
    pub incident: Option<i64>,
    /// Why: a case number, not a name.
    pub reason: &'e str,
    /// Who looks at it again: a role.
    pub reviewer: &'e str,
    /// When; within a year.
    pub review: Date,
}

/// A mark of the state file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embargo {
    /// Number, from 1.
    pub id: i64,
    /// First local day.
    pub from: Date,
    /// Last local day; open when empty.
    pub to: Option<Date>,
    /// Pseudonym of the person.
    pub person: Option<i64>,
    /// Theme.
    pub theme: Option<String>,
    /// Site.
    pub site: Option<String>,
    /// Token of an incident.
    pub incident: Option<i64>,
    /// Why.
    pub reason: String,
    /// Who looks at it again.
    pub reviewer: String,
    /// When.
    pub review: Date,
    /// When it was made; UTC.
    pub added_utc: String,
    /// When it was lifted; UTC.
    pub lifted_utc: Option<String>,
    /// Why it was lifted.
    pub lifted_why: Option<String>,
}

impl Embargo {
    /// Whether the matter is live.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.lifted_utc.is_none()
    }

    /// Whether a local day is one of the marked ones.
    #[must_use]
    pub fn spans(&self, day: Option<Date>) -> bool {
        day.is_some_and(|day| self.from <= day && self.to.is_none_or(|to| day <= to))
    }
}

fn sound(what: &str, text: &str) -> Result<(), Error> {
    let characters = text.chars().count();
    if text.trim().is_empty() || characters > LONGEST || text.chars().any(char::is_control) {
        return Err(Error::new(
            Kind::Configuration,
            format!("an embargo needs a {what} of 1 to {LONGEST} characters on one line"),
        )
        .help("a case number or a role, not a name"));
    }
    Ok(())
}

impl State {
    /// Marks a matter; answers its number.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when nothing is marked, or days, reason, reviewer or review date will not do.
    pub fn add_embargo(&mut self, new: &NewEmbargo<'_>, today: Date) -> Result<i64, Error> {
        self.make_embargo(new, &[], today, &mut |_, _| Ok(()))
    }

    /// Marks a matter, with the pseudonyms that its person has in the years that are known; answers its number.
    /// `also` writes what must stand in the same file if the mark does, and is told the number.
    ///
    /// # Errors
    /// As [`add_embargo`](Self::add_embargo), and as `also`; then there is no mark.
    pub fn make_embargo(
        &mut self,
        new: &NewEmbargo<'_>,
        known: &[PersonOfYear],
        today: Date,
        also: &mut dyn FnMut(&Transaction<'_>, i64) -> rusqlite::Result<()>,
    ) -> Result<i64, Error> {
        let wrong = |what: &str, help: &str| {
            Err(Error::new(Kind::Configuration, format!("an embargo {what}")).help(help.to_owned()))
        };
        if new.person.is_none() && new.theme.is_none() && new.site.is_none() && new.incident.is_none() {
            return wrong("needs something to be about", "name a pseudonym, a theme, a site or an incident");
        }
        if new.to.is_some_and(|to| to < new.from) {
            return wrong("ends before it begins", "`--from` is the first day, `--to` the last");
        }
        sound("reason", new.reason)?;
        sound("reviewer", new.reviewer)?;
        let ahead = new.review.since(today).map_or(i32::MAX, |span| span.get_days());
        if !(0..=366).contains(&ahead) {
            return wrong(
                "needs a review date within a year from today",
                "a mark that nobody looks at again would hide its matter for good",
            );
        }
        let now = jiff::Timestamp::now().to_string();
        self.write(|transaction| {
            let id = transaction.query_row(
                "INSERT INTO embargoes (from_date, to_date, person, theme, site, incident, reason, reviewer,
                                        review_date, added_utc)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING id",
                params![
                    new.from.to_string(),
                    new.to.map(|to| to.to_string()),
                    new.person,
                    new.theme,
                    new.site,
                    new.incident,
                    new.reason.trim(),
                    new.reviewer.trim(),
                    new.review.to_string(),
                    now
                ],
                |row| row.get(0),
            )?;
            followed::follow(transaction, id, known)?;
            also(transaction, id)?;
            Ok(id)
        })
    }

    /// Every mark that was ever made, in order.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn embargoes(&self) -> Result<Vec<Embargo>, Error> {
        type Row = (i64, [Option<i64>; 2], [Option<String>; 10]);
        let rows: Vec<Row> = self.read(|connection| {
            connection
                .prepare(
                    "SELECT id, person, incident, from_date, to_date, theme, site, reason, reviewer,
                            review_date, added_utc, lifted_utc, lifted_why FROM embargoes ORDER BY id",
                )?
                .query_map([], |row| {
                    let mut texts: [Option<String>; 10] = Default::default();
                    for (at, text) in texts.iter_mut().enumerate() {
                        *text = row.get(at + 3)?;
                    }
                    Ok((row.get(0)?, [row.get(1)?, row.get(2)?], texts))
                })?
                .collect()
        })?;
        rows.into_iter()
            .map(|(id, [person, incident], texts)| {
                let [from, to, theme, site, reason, reviewer, review, added_utc, lifted_utc, lifted_why] =
                    texts;
                Some(Embargo {
                    id,
                    from: from?.parse().ok()?,
                    to: match to {
                        Some(to) => Some(to.parse().ok()?),
                        None => None,
                    },
                    person,
                    theme,
                    site,
                    incident,
                    reason: reason?,
                    reviewer: reviewer?,
                    review: review?.parse().ok()?,
                    added_utc: added_utc?,
                    lifted_utc,
                    lifted_why,
                })
            })
            .collect::<Option<_>>()
            .ok_or_else(|| self.corrupt())
    }

    /// Lifts a mark. What was sealed meanwhile stays as it is.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when no live mark has the number, or there is no reason.
    pub fn lift_embargo(&mut self, id: i64, why: &str) -> Result<(), Error> {
        self.end_embargo(id, why, &mut |_, _| Ok(()))
    }

    /// As [`lift_embargo`](Self::lift_embargo); `also` writes what must stand in the same file if the mark is
    /// lifted.
    ///
    /// # Errors
    /// As [`lift_embargo`](Self::lift_embargo), and as `also`; then the mark holds on.
    pub fn end_embargo(
        &mut self,
        id: i64,
        why: &str,
        also: &mut dyn FnMut(&Transaction<'_>, i64) -> rusqlite::Result<()>,
    ) -> Result<(), Error> {
        sound("reason for lifting it", why)?;
        let now = jiff::Timestamp::now().to_string();
        let lifted = self.write(|transaction| {
            let lifted = transaction.execute(
                "UPDATE embargoes SET lifted_utc = ?2, lifted_why = ?3 WHERE id = ?1 AND lifted_utc IS NULL",
                params![id, now, why.trim()],
            )?;
            if lifted > 0 {
                transaction.execute("DELETE FROM embargo_visits WHERE embargo = ?1", [id])?;
                also(transaction, id)?;
            }
            Ok(lifted)
        })?;
        if lifted == 0 {
            return Err(Error::new(Kind::Configuration, format!("there is no live embargo {id}"))
                .help("`watershed embargo list` shows them"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use jiff::civil::date;

    use super::*;
    use crate::school::{SchoolId, SchoolRoot};

    #[test]
    fn a_matter_is_marked_with_a_reason_and_lifted_with_one() {
        let folder = tempfile::tempdir().unwrap();
        let root = SchoolRoot::new(folder.path(), &SchoolId::parse("oak").unwrap());
        std::fs::create_dir_all(root.root()).unwrap();
        let mut state = State::open(&root).unwrap();
        let today = date(2025, 11, 12);
        let new = NewEmbargo {
            from: date(2025, 11, 1),
            to: None,
            person: Some(-7),
            theme: Some("SELFHARM"),
            site: None,
            incident: None,
            reason: "case 12",
            reviewer: "DSL",
            review: date(2025, 12, 12),
        };
        let id = state.add_embargo(&new, today).unwrap();
        assert!(state.add_embargo(&NewEmbargo { person: None, theme: None, ..new }, today).is_err());
        assert!(state.add_embargo(&NewEmbargo { review: date(2027, 1, 1), ..new }, today).is_err());
        assert!(state.add_embargo(&NewEmbargo { reason: " ", ..new }, today).is_err());
        assert!(state.add_embargo(&NewEmbargo { to: Some(date(2025, 10, 1)), ..new }, today).is_err());
        assert!(state.lift_embargo(id, "").is_err() && state.lift_embargo(9, "over").is_err());
        assert!(state.embargoes().unwrap()[0].is_live());
        state.lift_embargo(id, "the police have closed it").unwrap();
        let known = state.embargoes().unwrap();
        assert_eq!((known.len(), known[0].person, known[0].is_live()), (1, Some(-7), false));
        assert!(state.lift_embargo(id, "again").is_err());
    }
}
