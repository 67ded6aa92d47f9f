//! What is odd about the feeds, for `check`, `ingest` and `watch`.

use std::path::Path;

use ingest::school::{SchoolId, SchoolRoot};
use ingest::state::{KnownFinding, State};
use query::{Cell, School, Table};

use super::wait;

/// One finding, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FeedFinding {
    pub(crate) local_date: String,
    pub(crate) source: String,
    pub(crate) kind: String,
    pub(crate) seen: String,
    pub(crate) expected: String,
    pub(crate) to_do: String,
}

impl FeedFinding {
    /// One line for people.
    pub(crate) fn line(&self) -> String {
        let Self { local_date, source, kind, seen, expected, to_do } = self;
        format!("{local_date}, {source}: {kind}. Seen: {seen}; expected: {expected}. What to do: {to_do}.")
    }

    /// For a machine, with the keys of `coverage --table findings`.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "local_date": self.local_date, "source": self.source, "kind": self.kind,
            "seen": self.seen, "expected": self.expected, "to_do": self.to_do,
        })
    }

    fn known(&self) -> KnownFinding {
        KnownFinding {
            local_date: self.local_date.clone(),
            source: self.source.clone(),
            kind: self.kind.clone(),
        }
    }
}

/// Findings of the last 14 school days, newest first.
pub(crate) fn recent(dir: &Path, id: &SchoolId) -> anyhow::Result<Vec<FeedFinding>> {
    let cleared = wait(async { School::open(dir, id).await?.feed_findings().await })??;
    Ok(listed(cleared.value()))
}

/// How the feeds stand after a run.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// Findings of the last 14 school days.
    pub(crate) all: usize,
    /// Those that no run told before, newest first.
    pub(crate) new: Vec<FeedFinding>,
}

/// Looks after a run, and remembers what was found: a finding is new once.
pub(crate) fn after_run(dir: &Path, id: &SchoolId) -> anyhow::Result<Standing> {
    let mut all = recent(dir, id)?;
    let known: Vec<KnownFinding> = all.iter().map(FeedFinding::known).collect();
    let new = State::open(&SchoolRoot::new(dir, id))?.learn_findings(&known)?;
    let number = all.len();
    all.retain(|finding| new.contains(&finding.known()));
    Ok(Standing { all: number, new: all })
}

fn listed(table: &Table) -> Vec<FeedFinding> {
    let text = |row: &[Cell], id: &str| {
        let cell = table.column(id).and_then(|at| row.get(at)).and_then(Cell::text);
        cell.unwrap_or_default().to_owned()
    };
    let findings = table.rows.iter().map(|row| FeedFinding {
        local_date: text(row, "local_date"),
        source: text(row, "source"),
        kind: text(row, "kind"),
        seen: text(row, "seen"),
        expected: text(row, "expected"),
        to_do: text(row, "to_do"),
    });
    findings.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use std::fmt::Write as _;

    use clap::Parser;
    use jiff::civil::Date;

    use super::*;
    use crate::cli::{Arguments, Context, Ended, Printer};

    /// Runs a command line in this process.
    fn run(dir: &Path, arguments: &[&str]) -> Ended {
        let words =
            ["watershed", "--dir", dir.to_str().unwrap()].into_iter().chain(arguments.iter().copied());
        let parsed = Arguments::parse_from(words);
        let context = Context {
            dir: parsed.dir,
            school: parsed.school,
            format: crate::cli::Format::Table,
            picture: None,
            printer: Printer::default(),
        };
        crate::cli::run(&context, parsed.command).unwrap()
    }

    /// Twenty requests at noon.
    fn log(day: Date) -> String {
        let noon = day.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_second();
        let mut text = String::new();
        for second in 0..20 {
            writeln!(
                text,
                "{}.250    120 10.1.2.3 TCP_MISS/200 4512 GET http://www.example.com/{day} ajones HIER_DIRECT/192.0.2.7 text/html",
                noon + second
            )
            .unwrap();
        }
        text
    }

    /// Every day is expected, so that the test asks no calendar what last week was.
    #[test]
    fn a_missing_night_makes_the_exit_status_1_until_it_is_healed() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("installation");
        let (_, public) = ingest::keys::new_key_pair("seven blue herons by the weir").unwrap();
        let key = folder.path().join("dsl.pub");
        std::fs::write(&key, public).unwrap();
        let keys = folder.path().join("keys");
        run(
            &dir,
            &[
                "--school",
                "st-annes",
                "init",
                "--yes",
                "--name",
                "St Anne's",
                "--phase",
                "secondary",
                "--roll",
                "1000",
                "--settle-seconds",
                "0",
                "--dsl-key",
                key.to_str().unwrap(),
                "--pseudonym-key-dir",
                keys.to_str().unwrap(),
            ],
        );
        let id = SchoolId::parse("st-annes").unwrap();
        let root = SchoolRoot::new(&dir, &id);
        std::fs::write(root.settings().join("feeds.csv"), "folder,days\n,every\n").unwrap();
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::get("Europe/London").unwrap()).date();
        let back = |days: i64| today.checked_sub(jiff::Span::new().days(days)).unwrap();
        let drop_log = |day: Date| std::fs::write(root.inbox().join(format!("{day}.log")), log(day)).unwrap();
        for days in [8, 7, 6, 5, 3, 2, 1] {
            drop_log(back(days));
        }
        assert_eq!(run(&dir, &["ingest"]), Ended::NeedsALook, "it is new");
        assert_eq!(run(&dir, &["ingest"]), Ended::Well, "it was told");
        let found = recent(&dir, &id).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].local_date.as_str(), found[0].kind.as_str()),
            (back(4).to_string().as_str(), "missing night")
        );
        assert_eq!(run(&dir, &["check", "--format", "json"]), Ended::NeedsALook);
        let (from, to) = (back(5).to_string(), back(3).to_string());
        let asked = ["coverage", "--from", from.as_str(), "--to", to.as_str()];
        assert_eq!(run(&dir, &asked), Ended::NeedsALook);
        drop_log(back(4));
        assert_eq!(run(&dir, &["watch", "--once"]), Ended::Well);
        assert_eq!(run(&dir, &asked), Ended::Well);
        assert!(recent(&dir, &id).unwrap().is_empty());
    }
}
