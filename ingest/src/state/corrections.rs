//! Corrections: which recorded facts of which days were wrong, and what is so instead.
//!
//! A correction is a row that never changes; taking it back is a further row. Persons stand in a table
//! beside it, by pseudonym, which an erasure and the destruction of a year's key shorten.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rusqlite::params;

use super::State;
use crate::error::{Error, Kind};
use crate::event::{Member, Role};
use crate::school::AcademicYear;

/// What was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The records of an account were somebody else's, or nobody can say whose.
    Person {
        /// Pseudonyms under which the records were taken in.
        recorded: BTreeSet<i64>,
        /// Whose they are; nobody's if none.
        truly: Option<Member>,
    },
    /// The common category code of a site, or of what a source calls by one code.
    Code {
        /// Registrable domain, or `host-` and 16 hex digits, as in the lake; any if none.
        site: Option<String>,
        /// The code that was wrong; any if none.
        was: Option<String>,
        /// Format or profile that read the records; any if none.
        source: Option<String>,
        /// The code that is right.
        code: String,
    },
    /// Rows of an incident that exports taken in before a moment brought and later ones did not bring again: a
    /// pupil or a category was changed where the incident is recorded.
    Incident {
        /// Its pseudonym.
        incident: i64,
        /// Format or profile of the exports.
        source: String,
        /// Microseconds since the epoch.
        before_us: i64,
    },
    /// An earlier correction.
    Correction(i64),
}

/// A correction as it is asked for.
#[derive(Clone, Debug)]
pub struct NewCorrection<'c> {
    /// First local day.
    pub from: Date,
    /// Last local day.
    pub to: Date,
    /// What was wrong.
    pub wrong: Wrong,
    /// Why, without a name.
    pub reason: &'c str,
    /// Who says so: a role, or a key's name.
    pub by: &'c str,
}

/// A correction of the state file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Number, from 1.
    pub id: i64,
    /// First local day.
    pub from: Date,
    /// Last local day.
    pub to: Date,
    /// What was wrong.
    pub wrong: Wrong,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: String,
    /// When; UTC.
    pub made_utc: String,
    /// The correction that takes this one back, if one does.
    pub undone_by: Option<i64>,
}

impl Correction {
    /// Whether it changes what is counted: neither taken back, nor itself the taking back of another.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.undone_by.is_none() && !matches!(self.wrong, Wrong::Correction(_))
    }
}

impl State {
    /// Writes a correction down and marks the days whose derived rows change by it, both or neither;
    /// answers its number.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn add_correction(
        &mut self,
        new: &NewCorrection<'_>,
        days: &BTreeSet<Date>,
    ) -> Result<i64, Error> {
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let year = AcademicYear::of(new.from).to_string();
        self.write(|transaction| {
            let (kind, undoes) = match &new.wrong {
                Wrong::Person { .. } => ("person", None),
                Wrong::Code { .. } => ("code", None),
                Wrong::Incident { .. } => ("incident", None),
                Wrong::Correction(id) => ("undo", Some(*id)),
            };
            let (site, was, source, code) = match &new.wrong {
                Wrong::Code { site, was, source, code } => {
                    (site.as_deref(), was.as_deref(), source.as_deref(), Some(code.as_str()))
                }
                Wrong::Incident { source, .. } => (None, None, Some(source.as_str()), None),
                _ => (None, None, None, None),
            };
            let (incident, before_us) = match &new.wrong {
                Wrong::Incident { incident, before_us, .. } => (Some(*incident), Some(*before_us)),
                _ => (None, None),
            };
            let id: i64 = transaction.query_row(
                "INSERT INTO corrections (kind, from_date, to_date, undoes, site, was_code, source_format,
                     code, reason, made_by, made_utc, incident, taken_in_before_us)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) RETURNING id",
                params![
                    kind,
                    new.from.to_string(),
                    new.to.to_string(),
                    undoes,
                    site,
                    was,
                    source,
                    code,
                    new.reason.trim(),
                    new.by,
                    now,
                    incident,
                    before_us
                ],
                |row| row.get(0),
            )?;
            if let Wrong::Person { recorded, truly } = &new.wrong {
                let mut person =
                    transaction.prepare("INSERT INTO correction_persons VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
                for token in recorded {
                    person.execute(params![id, year, "recorded", token, None::<&str>, None::<i8>])?;
                }
                if let Some(member) = truly {
                    let role = Some(member.role.word());
                    person.execute(params![id, year, "truly", member.person, role, member.year_group])?;
                }
            }
            let mut dirty = transaction.prepare("INSERT OR IGNORE INTO dirty_days VALUES (?1)")?;
            for day in days {
                dirty.execute([day.to_string()])?;
            }
            Ok(id)
        })
    }

    /// Every correction that was ever made, in order, those taken back and the taking back included.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn corrections(&self) -> Result<Vec<Correction>, Error> {
        let mut recorded: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
        let mut truly: BTreeMap<i64, Member> = BTreeMap::new();
        type Person = (i64, String, i64, Option<String>, Option<i8>);
        let persons: Vec<Person> = self.read(|connection| {
            connection
                .prepare("SELECT correction, side, token, role, year_group FROM correction_persons")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?
                .collect()
        })?;
        for (id, side, person, role, year_group) in persons {
            if side == "recorded" {
                recorded.entry(id).or_default().insert(person);
            } else {
                let role = role.as_deref().and_then(Role::from_word).unwrap_or_default();
                truly.insert(id, Member { person, role, year_group });
            }
        }
        type Row =
            (i64, String, String, String, [Option<i64>; 3], [Option<String>; 4], [String; 3], Option<i64>);
        let rows: Vec<Row> = self.read(|connection| {
            connection
                .prepare(
                    "SELECT one.id, one.kind, one.from_date, one.to_date, one.undoes, one.site, one.was_code,
                            one.source_format, one.code, one.reason, one.made_by, one.made_utc, other.id,
                            one.incident, one.taken_in_before_us
                     FROM corrections AS one LEFT JOIN corrections AS other ON other.undoes = one.id
                     ORDER BY one.id",
                )?
                .query_map([], |row| {
                    Ok((
                        row.get(0)?,
                        row.get(1)?,
                        row.get(2)?,
                        row.get(3)?,
                        [row.get(4)?, row.get(13)?, row.get(14)?],
                        [row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?],
                        [row.get(9)?, row.get(10)?, row.get(11)?],
                        row.get(12)?,
                    ))
                })?
                .collect()
        })?;
        rows.into_iter()
            .map(
                |(
                    id,
                    kind,
                    from,
                    to,
                    [undoes, incident, before],
                    [site, was, source, code],
                    [reason, by, made_utc],
                    undone_by,
                )| {
                    let wrong = match (kind.as_str(), undoes, code) {
                        ("incident", _, _) => {
                            Wrong::Incident { incident: incident?, source: source?, before_us: before? }
                        }
                        ("person", _, _) => Wrong::Person {
                            recorded: recorded.remove(&id).unwrap_or_default(),
                            truly: truly.remove(&id),
                        },
                        ("code", _, Some(code)) => Wrong::Code { site, was, source, code },
                        (_, Some(earlier), _) => Wrong::Correction(earlier),
                        _ => return None,
                    };
                    let (from, to) = (from.parse().ok()?, to.parse().ok()?);
                    Some(Correction { id, from, to, wrong, reason, by, made_utc, undone_by })
                },
            )
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| self.corrupt())
    }

    /// A correction that can be taken back.
    pub(crate) fn standing_correction(&self, id: i64) -> Result<Correction, Error> {
        self.corrections()?.into_iter().find(|known| known.id == id && known.holds()).ok_or_else(|| {
            Error::new(Kind::Configuration, format!("there is no correction {id} that still holds"))
                .help("`watershed correct list` shows them")
        })
    }
}
