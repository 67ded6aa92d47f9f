//! What was shared with other organisations (R97), and which sealed sets can be given to anybody who asks (R99).

use super::facts::Facts;
use super::paper::{Paper, row};
use crate::chart::words;

pub(super) fn paper(facts: &Facts) -> Paper {
    let mut paper = Paper::new("sharing-log", "What was shared", facts);
    paper.section("With other organisations");
    if facts.shared.is_empty() {
        paper.says("Nothing has been entered.");
    } else {
        let rows = facts
            .shared
            .iter()
            .map(|shared| {
                row([&words::day(&shared.date), &shared.with, &shared.what, &shared.basis, &shared.by])
            })
            .collect();
        paper.table("Sharing log", &["Day", "With whom", "What", "Basis", "Decided by"], rows);
    }
    paper.says("Entries are made by hand with `watershed sharing add` and can be neither changed nor taken back. The software does not notice when somebody passes something on without an entry.");
    paper.section("Sealed sets");
    let rows: Vec<Vec<String>> = facts
        .releases
        .iter()
        .map(|entry| {
            let standing = match (&entry.withdrawn, &entry.approved) {
                (Some(gone), _) => format!("withdrawn on {}", words::day(&gone.withdrawn_on)),
                (None, Some(_)) => "stands".to_owned(),
                (None, None) => "not approved yet: staff only".to_owned(),
            };
            let approver = entry.approved.as_ref().map_or("", |approval| approval.approver.as_str());
            let sealed = words::day(&entry.sealed_on);
            row([&entry.id, &entry.audience, &words::period(&entry.period), &sealed, approver, &standing])
        })
        .collect();
    if rows.is_empty() {
        paper.says("None has been sealed yet.");
    } else {
        paper.table(
            "Sealed sets",
            &["Release", "For", "Period", "Sealed on", "Approved by", "Standing"],
            rows,
        );
    }
    paper.says("Sets for parents can be given to anybody who asks under the Freedom of Information Act: they are published. Sets for governors hold ranges from which no child can be told; whether they are given is the school's to decide. Live figures, pseudonymous rows and this list of sharing are personal data or about staff: they are none of it.");
    paper.says("A withdrawn set is given to nobody; its statement is.");
    paper
}
