//! `watershed audit`: who opened what, when and why, and whether that list was tampered with.

use clap::Subcommand;
use query::audit::AccessAudit;
use serde_json::json;

use super::{Context, Ended, Format, OpenedSchool, mailing};
use crate::http::access_log;
use crate::http::accounts::Accounts;

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// All entries, oldest first.
    List,
    /// Which account looked at which page of the web service, oldest first.
    Pages,
    /// Check the chain, and that it goes on from a head noted earlier.
    Verify {
        /// Head of the audit from a mail, a paper or an opening, 64 hex digits.
        #[arg(long, value_name = "HEAD")]
        head: Option<String>,
    },
    /// Mail the head to the DSL now; it also goes after each opening, where `[mail]` is set up.
    Mail,
    /// Note that somebody has reviewed the entries so far; papers say who and when, and not how many.
    Review {
        /// The reviewer's role, for example `headteacher`; no name.
        #[arg(long, value_name = "ROLE")]
        role: String,
        /// What came of it.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

pub(crate) fn run(context: &Context, command: &AuditCommand) -> anyhow::Result<Ended> {
    let school = context.school()?;
    AccessAudit::note_missed_releases(&context.dir, &school.id)?;
    let mut audit = AccessAudit::open(&context.dir, &school.id)?;
    match command {
        AuditCommand::List => {
            let entries = audit.entries()?;
            if context.format == Format::Json {
                let list: Vec<_> = entries
                    .iter()
                    .map(|entry| {
                        json!({"sequence": entry.sequence, "at_utc": entry.at_utc, "who": entry.who,
                            "what": entry.what, "reason": entry.reason, "target": entry.target,
                            "rows": entry.rows, "hash": entry.hash})
                    })
                    .collect();
                let object =
                    json!({"schema": "watershed.audit/1", "school": school.id.as_str(), "entries": list});
                context.printer.out(&object.to_string());
            } else {
                let rows = entries
                    .into_iter()
                    .map(|entry| {
                        let rows = entry.rows.to_string();
                        vec![
                            entry.sequence.to_string(),
                            entry.at_utc,
                            entry.who,
                            entry.what,
                            entry.target,
                            rows,
                            entry.reason,
                        ]
                    })
                    .collect();
                let headings = ["entry", "at (UTC)", "who", "what", "target", "rows", "reason"];
                context.printer.out(&context.printer.grid(&headings, rows));
            }
        }
        AuditCommand::Pages => pages(context, &school)?,
        AuditCommand::Verify { head } => {
            let verification = match head {
                Some(head) => audit.verify_from(head)?,
                None => audit.verify()?,
            };
            if context.format == Format::Json {
                let object = json!({"schema": "watershed.audit-verify/1", "school": school.id.as_str(),
                    "entries": verification.entries, "dropped_by_clock": verification.dropped,
                    "head": verification.head});
                context.printer.out(&object.to_string());
            } else {
                context.printer.out(&verification.head);
                context.printer.say(&format!(
                    "{} entries, each bound to the one before; the head is above.",
                    verification.entries
                ));
                if verification.dropped > 0 {
                    context.printer.say(&format!(
                        "The first {} went by the ledgers' clock: `watershed retain log` has the hash of the last of them, from which the chain goes on.",
                        verification.dropped
                    ));
                }
                if head.is_none() {
                    context.printer.say("Entries that were cut off show only against a head noted earlier: give it with `--head`.");
                }
            }
        }
        AuditCommand::Mail => return mailing::now(context),
        AuditCommand::Review { role, reason } => {
            let entry = audit.review(role, reason)?;
            context.printer.out(&entry.hash);
            context.printer.say("The review stands in the audit; the new head is above.");
        }
    }
    Ok(Ended::Well)
}

fn pages(context: &Context, school: &OpenedSchool) -> anyhow::Result<()> {
    let views = access_log::views(&mut Accounts::open(&context.dir, &school.id)?)?;
    if context.format == Format::Json {
        let list: Vec<_> = views
            .iter()
            .map(|view| {
                json!({"view": view.sequence, "seen_utc": view.seen_utc, "account": view.account,
                    "role": view.role, "page": view.page})
            })
            .collect();
        let object = json!({"schema": "watershed.page-views/1", "school": school.id.as_str(), "views": list});
        context.printer.out(&object.to_string());
        return Ok(());
    }
    let rows = views
        .into_iter()
        .map(|view| vec![view.sequence.to_string(), view.seen_utc, view.account, view.role, view.page])
        .collect();
    context.printer.out(&context.printer.grid(&["view", "at (UTC)", "account", "role", "page"], rows));
    Ok(())
}
