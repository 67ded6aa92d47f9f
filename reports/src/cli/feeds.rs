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
