//! What is expected of the school's feeds, and which findings about them were told.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rusqlite::{Row, params};

use super::State;
use crate::error::Error;
use crate::school::AcademicYear;
use crate::settings::feeds::FeedDays;

/// A row of `feeds.csv` under the token that its folder has in an academic year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedFeed {
    /// Academic year of the token.
    pub year: AcademicYear,
    /// Keyed token of the folder, 16 hex digits; empty for the top of the inbox.
    pub folder: String,
    /// Format or profile; any if none.
    pub format: Option<String>,
    /// Line of `feeds.csv`, from 1.
    pub line: u32,
    /// Days on which it is expected.
    pub days: FeedDays,
    /// Fewer records on an expected day are a finding.
    pub least_records: Option<u64>,
    /// First day on which the row holds.
    pub from: Option<Date>,
    /// Last day on which the row holds.
    pub to: Option<Date>,
}

/// What makes a finding the same one at the next look.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownFinding {
    /// Local day that it is about, as 2025-10-06.
    pub local_date: String,
    /// Folder token and format.
    pub source: String,
    /// What sort of finding.
    pub kind: String,
}

impl State {
    /// Replaces what is expected; nothing is written when nothing changed.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn replace_feeds(&mut self, feeds: &[ExpectedFeed]) -> Result<(), Error> {
        let mut sorted = feeds.to_vec();
        sorted.sort_by_key(|feed| (feed.year, feed.line));
        if sorted == self.expected_feeds()? {
            return Ok(());
        }
        self.write(|transaction| {
            transaction.execute("DELETE FROM expected_feeds", [])?;
            let mut insert =
                transaction.prepare("INSERT INTO expected_feeds VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
            for feed in &sorted {
                insert.execute(params![
                    feed.year.to_string(),
                    feed.line,
                    feed.folder,
                    feed.format,
                    feed.days.word(),
                    feed.least_records.map(|least| i64::try_from(least).unwrap_or(i64::MAX)),
                    feed.from.map(|day| day.to_string()),
                    feed.to.map(|day| day.to_string()),
                ])?;
            }
            Ok(())
        })
    }

    /// What is expected, by academic year of the tokens and line.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn expected_feeds(&self) -> Result<Vec<ExpectedFeed>, Error> {
        let rows: Vec<Option<ExpectedFeed>> = self.read(|connection| {
            connection
                .prepare(
                    "SELECT academic_year, line, folder, format, days, least_records, valid_from, valid_to
                     FROM expected_feeds ORDER BY academic_year, line",
                )?
                .query_map([], expected)?
                .collect()
        })?;
        rows.into_iter().map(|row| row.ok_or_else(|| self.corrupt())).collect()
    }

    /// Remembers the findings that stand now, forgets those that are gone, and answers which of them
    /// are new.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn learn_findings(&mut self, findings: &[KnownFinding]) -> Result<Vec<KnownFinding>, Error> {
        let known: BTreeSet<KnownFinding> = self.read(|connection| {
            connection
                .prepare("SELECT local_date, source, kind FROM known_findings")?
                .query_map([], |row| {
                    Ok(KnownFinding { local_date: row.get(0)?, source: row.get(1)?, kind: row.get(2)? })
                })?
                .collect()
        })?;
        let standing: BTreeSet<KnownFinding> = findings.iter().cloned().collect();
        if standing != known {
            self.write(|transaction| {
                transaction.execute("DELETE FROM known_findings", [])?;
                let mut insert = transaction.prepare("INSERT INTO known_findings VALUES (?1, ?2, ?3)")?;
                for finding in &standing {
                    insert.execute([&finding.local_date, &finding.source, &finding.kind])?;
                }
                Ok(())
            })?;
        }
        Ok(standing.difference(&known).cloned().collect())
    }
}

/// A row, or none where a value is not what it should be.
fn expected(row: &Row<'_>) -> rusqlite::Result<Option<ExpectedFeed>> {
    let (year, days): (String, String) = (row.get(0)?, row.get(4)?);
    let least: Option<i64> = row.get(5)?;
    let (from, to): (Option<String>, Option<String>) = (row.get(6)?, row.get(7)?);
    let day = |text: Option<String>| text.map(|text| text.parse::<Date>().ok());
    let (from, to) = (day(from), day(to));
    if from == Some(None) || to == Some(None) {
        return Ok(None);
    }
    let (Some(year), Some(days)) = (AcademicYear::parse(&year), FeedDays::from_word(&days)) else {
        return Ok(None);
    };
    Ok(Some(ExpectedFeed {
        year,
        folder: row.get(2)?,
        format: row.get(3)?,
        line: row.get(1)?,
        days,
        least_records: least.and_then(|least| u64::try_from(least).ok()),
        from: from.flatten(),
        to: to.flatten(),
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use jiff::civil::date;

    use super::*;
    use crate::school::{SchoolId, SchoolRoot};

    fn state() -> (tempfile::TempDir, State) {
        let folder = tempfile::tempdir().unwrap();
        let root = SchoolRoot::new(folder.path(), &SchoolId::parse("st-annes").unwrap());
        std::fs::create_dir_all(root.root()).unwrap();
        let state = State::open(&root).unwrap();
        (folder, state)
    }

    #[test]
    fn expected_feeds_come_back_as_they_were_given() {
        let (_folder, mut state) = state();
        let feed = |year: &str, line| ExpectedFeed {
            year: AcademicYear::parse(year).unwrap(),
            folder: "0011223344556677".to_owned(),
            format: (line == 6).then(|| "squid-native".to_owned()),
            line,
            days: if line == 6 { FeedDays::School } else { FeedDays::Never },
            least_records: (line == 6).then_some(500),
            from: Some(date(2025, 9, 3)),
            to: None,
        };
        state.replace_feeds(&[feed("2025-26", 7), feed("2025-26", 6), feed("2024-25", 6)]).unwrap();
        let expected = [feed("2024-25", 6), feed("2025-26", 6), feed("2025-26", 7)];
        assert_eq!(state.expected_feeds().unwrap(), expected);
        state.replace_feeds(&[]).unwrap();
        assert!(state.expected_feeds().unwrap().is_empty());
    }

    #[test]
    fn a_finding_is_new_once_and_again_after_it_was_gone() {
        let (_folder, mut state) = state();
        let finding = |day: &str| KnownFinding {
            local_date: day.to_owned(),
            source: "top, squid-native".to_owned(),
            kind: "missing night".to_owned(),
        };
        let (monday, tuesday) = (finding("2025-10-06"), finding("2025-10-07"));
        assert_eq!(state.learn_findings(std::slice::from_ref(&monday)).unwrap().len(), 1);
        assert_eq!(state.learn_findings(&[monday.clone(), tuesday.clone()]).unwrap(), [tuesday]);
        assert!(state.learn_findings(std::slice::from_ref(&monday)).unwrap().is_empty());
        assert!(state.learn_findings(&[]).unwrap().is_empty());
        assert_eq!(state.learn_findings(std::slice::from_ref(&monday)).unwrap(), [monday]);
    }
}
