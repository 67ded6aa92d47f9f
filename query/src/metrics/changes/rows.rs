//! Rows of the change ledger, the newest of each.

use jiff::civil::Date;

use crate::error::Error;
use crate::plan::{ILLEGAL, Reader};

/// One change.
#[derive(Clone, Debug, Default)]
pub(super) struct Change {
    pub(super) kind: String,
    pub(super) requested: Date,
    pub(super) asked: String,
    pub(super) site: Option<String>,
    pub(super) code: String,
    pub(super) theme: Option<String>,
    pub(super) severity: i64,
    /// None where every group or none is named.
    pub(super) group: Option<String>,
    pub(super) requester_role: String,
    pub(super) decision: String,
    pub(super) decided: Option<Date>,
    /// Another person decided than asked; none where nobody can tell.
    pub(super) by_other: Option<bool>,
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
    pub(super) closed: Option<Date>,
    pub(super) reason: bool,
    pub(super) risk: bool,
}

impl Change {
    /// The first day on which it can have held.
    pub(super) fn effective(&self) -> Date {
        self.from.or(self.decided).unwrap_or(self.requested)
    }

    /// The last day on which it should hold.
    pub(super) fn end(&self) -> Option<Date> {
        match (self.to, self.closed) {
            (Some(to), Some(closed)) => Some(to.min(closed)),
            (to, _) => to,
        }
    }

    /// Somebody let something through by it: approved as asked, or put into effect without a word of a decision.
    pub(super) fn opened(&self) -> bool {
        let done = self.decision == "approved" || (self.decision == "unknown" && self.from.is_some());
        done && self.kind != "report" && matches!(self.asked.as_str(), "unblock" | "unknown")
    }

    /// It was made, whatever it was.
    pub(super) fn made(&self) -> bool {
        self.decision == "approved" || (self.decision == "unknown" && self.from.is_some())
    }
}

/// All changes that name nothing on an illegal list, in the order of their days.
pub(super) async fn all(reader: &Reader<'_>) -> Result<Vec<Change>, Error> {
    let statement = format!(
        "SELECT kind, local_date, asked, site, code, theme, severity, group_id, requester_role, decision, decided_date, \
         CASE WHEN decided_by_other IS NULL THEN NULL WHEN decided_by_other THEN 1 ELSE 0 END AS by_other, \
         applied_from, applied_to, closed_date, reason_given, risk_noted FROM changes \
         WHERE NOT illegal AND code NOT IN {ILLEGAL} ORDER BY local_date, requested_utc, change_token"
    );
    let answer = reader.session.query(&statement, &[]).await?;
    let change = |row: usize| {
        let word = |id| answer.text(row, id).unwrap_or_default();
        Some(Change {
            kind: word("kind"),
            requested: answer.day(row, "local_date")?,
            asked: word("asked"),
            site: answer.text(row, "site"),
            code: word("code"),
            theme: answer.text(row, "theme"),
            severity: answer.count(row, "severity"),
            group: answer.text(row, "group_id").filter(|group| group != "unmatched"),
            requester_role: word("requester_role"),
            decision: word("decision"),
            decided: answer.day(row, "decided_date"),
            by_other: answer.integer(row, "by_other").map(|other| other == 1),
            from: answer.day(row, "applied_from"),
            to: answer.day(row, "applied_to"),
            closed: answer.day(row, "closed_date"),
            reason: answer.yes(row, "reason_given"),
            risk: answer.yes(row, "risk_noted"),
        })
    };
    Ok((0..answer.len()).filter_map(change).collect())
}

/// What to say where nothing was ever taken in.
pub(super) const NO_LEDGER: &str =
    "Not measurable: no change ledger and no tickets were taken in; docs/nightly.md has the layout.";

/// What a change is about, in words.
pub(super) fn about(change: &Change) -> String {
    change.site.clone().unwrap_or_else(|| format!("category {}", change.code))
}

/// For whom it holds, in words.
pub(super) fn for_whom(change: &Change) -> String {
    change.group.clone().unwrap_or_else(|| "no group named".to_owned())
}
