//! `watershed sharing`: what was given to other controllers, to whom and on which basis (R97).

use clap::Subcommand;
use query::audit::{AccessAudit, Sharing};
use serde_json::json;

use super::{Context, Ended, Format};

#[derive(Debug, Subcommand)]
pub(crate) enum SharingCommand {
    /// Enter something that was given; it can be neither changed nor taken back.
    Add {
        /// With whom: an organisation or an office.
        #[arg(long, value_name = "WHOM")]
        with: String,
        /// What: the sort of data and a case number, no name.
        #[arg(long, value_name = "TEXT")]
        what: String,
        /// On which legal basis.
        #[arg(long, value_name = "TEXT")]
        basis: String,
        /// Who decided: a role, no name.
        #[arg(long, value_name = "ROLE")]
        by: String,
    },
    /// All entries, oldest first.
    List,
}

pub(crate) fn run(context: &Context, command: &SharingCommand) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let mut audit = AccessAudit::open(&context.dir, &school.id)?;
    match command {
        SharingCommand::Add { with, what, basis, by } => {
            let entry = audit.share(&Sharing { with, what, basis, by })?;
            context.printer.out(&entry.hash);
            context.printer.say(
                "It stands in the sharing log, in the chain of the access audit; the new head is above.",
            );
        }
        SharingCommand::List => {
            let shared = audit.shared()?;
            if context.format == Format::Json {
                let list: Vec<_> = shared
                    .iter()
                    .map(|one| {
                        json!({"date": one.date, "with": one.with, "what": one.what, "basis": one.basis, "by": one.by})
                    })
                    .collect();
                let object =
                    json!({"schema": "watershed.sharing/1", "school": school.id.as_str(), "shared": list});
                context.printer.out(&object.to_string());
            } else {
                let rows = shared
                    .into_iter()
                    .map(|one| vec![one.date, one.with, one.what, one.basis, one.by])
                    .collect();
                let headings = ["day", "with", "what", "basis", "decided by"];
                context.printer.out(&context.printer.grid(&headings, rows));
            }
        }
    }
    Ok(Ended::Well)
}
