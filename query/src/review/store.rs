//! Samples and labels in the state file: tokens, numbers and words of ours.

use ingest::school::{SchoolId, SchoolRoot};
use ingest::state::State;
use jiff::civil::Date;
use rusqlite::{OptionalExtension, TransactionBehavior, params};

use super::Label;
use super::draw::{By, Design, Drawn, POOLED, Stratum};
use super::estimate::{AuditedShare, Opinions, Recorded, audited};
use crate::error::{Error, Kind};
use crate::statistics::Kappa;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS block_samples (
        id INTEGER PRIMARY KEY AUTOINCREMENT, from_date TEXT NOT NULL, to_date TEXT NOT NULL,
        parts TEXT NOT NULL, seed TEXT NOT NULL, wanted INTEGER NOT NULL, frame TEXT NOT NULL,
        made_by TEXT NOT NULL, made_utc TEXT NOT NULL, versions TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS block_sample_strata (
        sample INTEGER NOT NULL, stratum INTEGER NOT NULL, group_id TEXT NOT NULL, code TEXT NOT NULL,
        volume TEXT NOT NULL, attempts INTEGER NOT NULL, drawn INTEGER NOT NULL,
        PRIMARY KEY (sample, stratum)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS block_sample_attempts (
        sample INTEGER NOT NULL, position INTEGER NOT NULL, stratum INTEGER NOT NULL, attempt INTEGER NOT NULL,
        actor INTEGER NOT NULL, pupil INTEGER NOT NULL, PRIMARY KEY (sample, position)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS block_sample_labels (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT, sample INTEGER NOT NULL, position INTEGER NOT NULL,
        reviewer TEXT NOT NULL, label TEXT NOT NULL, settles INTEGER NOT NULL, made_utc TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS alert_labels (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT, local_date TEXT NOT NULL, alert INTEGER NOT NULL,
        reviewer TEXT NOT NULL, label TEXT NOT NULL, made_utc TEXT NOT NULL);
";

/// Characters of a reviewer's code at most.
const REVIEWER_CHARACTERS: usize = 20;

/// A school's samples and labels.
#[derive(Debug)]
pub struct Reviews {
    state: State,
}

/// A sample, its reviewers and what follows from their labels.
#[derive(Clone, Debug)]
pub struct Labelled {
    /// Number of the sample.
    pub sample: i64,
    /// When it was drawn; UTC.
    pub made_utc: String,
    /// Whose key drew it.
    pub made_by: String,
    /// What was read: settings, lake.
    pub versions: String,
    /// The draw.
    pub design: Design,
    /// Codes of the reviewers.
    pub reviewers: Vec<String>,
    /// Agreement of the two who labelled most together, before anything was settled.
    pub kappa: Option<([String; 2], Kappa)>,
    /// Positions on which the first two differ: their labels, and what was settled.
    pub differing: Vec<(u64, Label, Label, Option<Label>)>,
    /// The audited share of all attempts, then of each part of which 20 were reviewed.
    pub shares: Vec<AuditedShare>,
    pub(crate) opinions: std::sync::Arc<Opinions>,
}

impl Reviews {
    /// Opens a school's samples.
    ///
    /// # Errors
    /// When there is no such school or its state file cannot be opened.
    pub fn open(dir: &std::path::Path, school: &SchoolId) -> Result<Self, Error> {
        let root = SchoolRoot::new(dir, school);
        if !root.root().is_dir() {
            return Err(Error::new(Kind::Configuration, format!("there is no school `{school}` here"))
                .help("name the installation's folder with `--dir` and the school with `--school`"));
        }
        Self::of(&root)
    }

    /// The samples of a school's folder.
    pub(crate) fn of(root: &SchoolRoot) -> Result<Self, Error> {
        let mut state = State::open(root)?;
        state.connection().execute_batch(TABLES).map_err(|error| state.failure(error))?;
        Ok(Self { state })
    }

    fn read<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let found = work(self.state.connection());
        found.map_err(|error| self.state.failure(error).into())
    }

    fn write<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let done = (|| {
            let transaction =
                self.state.connection().transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = work(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        })();
        done.map_err(|error| self.state.failure(error).into())
    }

    /// Keeps a draw; answers its number once it is on the disk.
    pub(crate) fn keep(&mut self, design: &Design, made_by: &str, versions: &str) -> Result<i64, Error> {
        let now = jiff::Timestamp::now().to_string();
        self.write(|connection| {
            let sample: i64 = connection.query_row(
                "INSERT INTO block_samples (from_date, to_date, parts, seed, wanted, frame, made_by, made_utc, versions)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id",
                params![
                    design.from.to_string(),
                    design.to.to_string(),
                    design.by.word(),
                    design.seed,
                    design.wanted as i64,
                    design.frame,
                    made_by,
                    now,
                    versions
                ],
                |row| row.get(0),
            )?;
            let mut insert = connection.prepare("INSERT INTO block_sample_strata VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
            for (index, stratum) in design.strata.iter().enumerate() {
                let Stratum { group, code, volume, attempts, drawn } = stratum;
                insert.execute(params![sample, index as i64, group, code, volume, *attempts as i64, *drawn as i64])?;
            }
            let mut insert = connection.prepare("INSERT INTO block_sample_attempts VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
            for drawn in &design.drawn {
                insert.execute(params![
                    sample,
                    drawn.position as i64,
                    drawn.stratum as i64,
                    drawn.token,
                    drawn.actor as i64,
                    drawn.pupil
                ])?;
            }
            Ok(sample)
        })
    }

    /// Numbers of the samples, oldest first.
    ///
    /// # Errors
    /// When the state file cannot be read.
    pub fn samples(&mut self) -> Result<Vec<i64>, Error> {
        self.read(|connection| {
            connection
                .prepare("SELECT id FROM block_samples ORDER BY id")?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }

    /// A sample with what its reviewers said.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when no sample has the number, else when the state file cannot be read.
    pub fn labelled(&mut self, sample: i64) -> Result<Labelled, Error> {
        type Head = [String; 8];
        let head: Option<(Head, i64)> = self.read(|connection| {
            connection
                .query_row(
                    "SELECT from_date, to_date, parts, seed, frame, made_by, made_utc, versions, wanted
                     FROM block_samples WHERE id = ?1",
                    [sample],
                    |row| {
                        let mut texts: Head = Default::default();
                        for (at, text) in texts.iter_mut().enumerate() {
                            *text = row.get(at)?;
                        }
                        Ok((texts, row.get(8)?))
                    },
                )
                .optional()
        })?;
        let Some(([from, to, by, seed, frame, made_by, made_utc, versions], wanted)) = head else {
            return Err(Error::new(Kind::Configuration, format!("there is no sample {sample}"))
                .help("`watershed sample list` shows them"));
        };
        let corrupt = || {
            Error::new(Kind::Corrupt, format!("sample {sample}: a value cannot be read"))
                .help("restore the state file from a back-up")
        };
        let day = |text: &str| text.parse::<Date>().map_err(|_| corrupt());
        let strata = self.read(|connection| {
            connection
                .prepare(
                    "SELECT group_id, code, volume, attempts, drawn FROM block_sample_strata
                     WHERE sample = ?1 ORDER BY stratum",
                )?
                .query_map([sample], |row| {
                    let volume: String = row.get(2)?;
                    let volume =
                        ["often", "seldom"].into_iter().find(|word| *word == volume).unwrap_or(POOLED);
                    let (attempts, drawn): (i64, i64) = (row.get(3)?, row.get(4)?);
                    Ok(Stratum {
                        group: row.get(0)?,
                        code: row.get(1)?,
                        volume,
                        attempts: attempts.unsigned_abs(),
                        drawn: drawn.unsigned_abs(),
                    })
                })?
                .collect::<rusqlite::Result<Vec<Stratum>>>()
        })?;
        let drawn = self.read(|connection| {
            connection
                .prepare(
                    "SELECT position, stratum, attempt, actor, pupil FROM block_sample_attempts
                     WHERE sample = ?1 ORDER BY position",
                )?
                .query_map([sample], |row| {
                    let number = |at: usize| row.get::<_, i64>(at).map(i64::unsigned_abs);
                    Ok(Drawn {
                        position: number(0)?,
                        stratum: usize::try_from(number(1)?).unwrap_or(usize::MAX),
                        token: row.get(2)?,
                        actor: number(3)?,
                        pupil: row.get(4)?,
                    })
                })?
                .collect::<rusqlite::Result<Vec<Drawn>>>()
        })?;
        if drawn.iter().any(|drawn| drawn.stratum >= strata.len()) {
            return Err(corrupt());
        }
        let design = Design {
            from: day(&from)?,
            to: day(&to)?,
            by: By::parse(&by).ok_or_else(corrupt)?,
            seed,
            wanted: wanted.unsigned_abs(),
            frame,
            strata,
            drawn,
        };
        let opinions = Opinions::of(&self.recorded(sample)?);
        Ok(Labelled {
            sample,
            made_utc,
            made_by,
            versions,
            reviewers: opinions.reviewers().into_iter().map(str::to_owned).collect(),
            kappa: opinions.kappa(),
            differing: opinions.differing(),
            shares: audited(&design, &opinions),
            design,
            opinions: std::sync::Arc::new(opinions),
        })
    }

    fn recorded(&mut self, sample: i64) -> Result<Vec<Recorded>, Error> {
        let rows: Vec<(i64, String, String, bool)> = self.read(|connection| {
            connection
                .prepare(
                    "SELECT position, reviewer, label, settles FROM block_sample_labels
                     WHERE sample = ?1 ORDER BY sequence",
                )?
                .query_map([sample], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
                .collect()
        })?;
        let recorded = rows.into_iter().filter_map(|(position, reviewer, label, settles)| {
            Some(Recorded {
                position: position.unsigned_abs(),
                reviewer,
                label: Label::parse(&label)?,
                settles,
            })
        });
        Ok(recorded.collect())
    }

    /// Keeps a reviewer's labels, all or none; with `settles`, what both agreed on after they had talked. A label
    /// that comes again takes the place of the earlier one, which stays on record.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when there is no such sample or position, or the reviewer's code is none.
    pub fn label(
        &mut self,
        sample: i64,
        reviewer: &str,
        labels: &[(u64, Label)],
        settles: bool,
    ) -> Result<(), Error> {
        let reviewer = checked_reviewer(reviewer)?;
        let known = self.labelled(sample)?.design.drawn.len() as u64;
        if let Some((position, _)) = labels.iter().find(|(position, _)| !(1..=known).contains(position)) {
            return Err(Error::new(
                Kind::Configuration,
                format!("sample {sample} has no position {position}"),
            )
            .help(format!("its positions are 1 to {known}")));
        }
        let now = jiff::Timestamp::now().to_string();
        self.write(|connection| {
            let mut insert = connection.prepare(
                "INSERT INTO block_sample_labels (sample, position, reviewer, label, settles, made_utc)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            for (position, label) in labels {
                insert.execute(params![sample, *position as i64, reviewer, label.word(), settles, now])?;
            }
            Ok(())
        })
    }

    /// Keeps what somebody says of an alert.
    pub(crate) fn label_alert(
        &mut self,
        day: Date,
        alert: i64,
        reviewer: &str,
        label: &str,
    ) -> Result<(), Error> {
        let reviewer = checked_reviewer(reviewer)?;
        let now = jiff::Timestamp::now().to_string();
        self.write(|connection| {
            connection.execute(
                "INSERT INTO alert_labels (local_date, alert, reviewer, label, made_utc) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![day.to_string(), alert, reviewer, label, now],
            )
        })
        .map(|_| ())
    }

    /// The newest label of each alert.
    pub(crate) fn alert_labels(&mut self) -> Result<std::collections::BTreeMap<i64, String>, Error> {
        let rows: Vec<(i64, String)> = self.read(|connection| {
            connection
                .prepare("SELECT alert, label FROM alert_labels ORDER BY sequence")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })?;
        Ok(rows.into_iter().collect())
    }

    /// The newest sample that lies within some days and of which anything was reviewed by two; else the newest
    /// that lies within them.
    pub(crate) fn within(&mut self, from: Date, to: Date) -> Result<Option<Labelled>, Error> {
        let mut newest = None;
        for known in self.all()?.into_iter().rev() {
            if known.design.from < from || known.design.to > to {
                continue;
            }
            if !known.shares.is_empty() {
                return Ok(Some(known));
            }
            newest = newest.or(Some(known));
        }
        Ok(newest)
    }

    /// All samples, in the order in which they were drawn.
    pub(crate) fn all(&mut self) -> Result<Vec<Labelled>, Error> {
        self.samples()?.into_iter().map(|sample| self.labelled(sample)).collect()
    }
}

/// A code is short and of one word, so that it is no sentence and hardly a name.
fn checked_reviewer(reviewer: &str) -> Result<&str, Error> {
    let reviewer = reviewer.trim();
    let sound = (1..=REVIEWER_CHARACTERS).contains(&reviewer.chars().count())
        && reviewer.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    if sound {
        Ok(reviewer)
    } else {
        Err(Error::new(
            Kind::Configuration,
            format!("a reviewer's code has 1 to {REVIEWER_CHARACTERS} letters, digits or hyphens"),
        )
        .help("a role or number, not a name: `dsl`, `it-2`"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_sample_and_its_labels_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let school = SchoolId::parse("oak").unwrap();
        assert!(Reviews::open(folder.path(), &school).is_err());
        std::fs::create_dir_all(SchoolRoot::new(folder.path(), &school).root()).unwrap();
        let mut reviews = Reviews::open(folder.path(), &school).unwrap();
        let stratum = |code: &str, attempts| Stratum {
            group: "year_7".to_owned(),
            code: code.to_owned(),
            volume: POOLED,
            attempts,
            drawn: 1,
        };
        let design = Design {
            from: date(2025, 9, 8),
            to: date(2025, 9, 19),
            by: By::Category,
            seed: "aa".repeat(32),
            wanted: 2,
            frame: "0123456789abcdef".to_owned(),
            strata: vec![stratum("GAMES", 5), stratum("EDU", 3)],
            drawn: (1..=2)
                .map(|at| Drawn {
                    position: at,
                    stratum: at as usize - 1,
                    token: -(at as i64),
                    actor: at,
                    pupil: at == 1,
                })
                .collect(),
        };
        let sample = reviews.keep(&design, "key 1", "settings=x").unwrap();
        assert_eq!(reviews.labelled(sample).unwrap().design, design);
        assert!(reviews.within(date(2025, 9, 1), date(2025, 9, 30)).unwrap().unwrap().shares.is_empty());
        let labels = [(1, Label::Correct), (2, Label::ShouldBeOpen)];
        for reviewer in ["dsl", "it-2"] {
            reviews.label(sample, reviewer, &labels, false).unwrap();
        }
        let known = reviews.within(date(2025, 9, 1), date(2025, 9, 30)).unwrap().unwrap();
        assert_eq!(known.reviewers, ["dsl", "it-2"]);
        // Weights 5 and 3.
        assert_eq!(known.shares[0].share, Some(3.0 / 8.0));
        assert_eq!(known.kappa.unwrap().1.kappa, 1.0);
        assert!(reviews.within(date(2025, 9, 9), date(2025, 9, 30)).unwrap().is_none());
        assert!(reviews.label(sample, "dsl", &[(3, Label::Correct)], false).is_err());
        assert!(reviews.label(sample, "Jane Doe", &labels, false).is_err());
        assert!(reviews.label(sample + 1, "dsl", &labels, false).is_err());
    }
}
