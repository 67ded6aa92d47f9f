//! `watershed erase`: one person, from everything but the sealed sets. Records under a shared account that turn out to
//! be the person's are given to the person first, with `correct account --belongs-to`.

use clap::Args;
use serde_json::json;

use super::keys::KeyArguments;
use super::{Context, Ended, Format};

#[derive(Debug, Args)]
pub(crate) struct EraseArguments {
    /// Pseudonym (16 hex digits), account, name or person key.
    #[arg(required_unless_present = "finish")]
    person: Option<String>,
    /// Why, without a name; stands in the access audit and the deletion log for good.
    #[arg(long, value_name = "TEXT", required_unless_present = "finish")]
    reason: Option<String>,
    /// End an erasure that was interrupted, under the reason that was given for it.
    #[arg(long, conflicts_with_all = ["person", "reason", "despite_hold"])]
    finish: bool,
    /// Erase although a hold keeps rows of the person; why stands beside the other reason.
    #[arg(long, value_name = "TEXT")]
    despite_hold: Option<String>,
    #[command(flatten)]
    key: KeyArguments,
    /// Erase; without it only what this command does is said.
    #[arg(long)]
    yes: bool,
}

pub(crate) fn run(context: &Context, arguments: &EraseArguments) -> anyhow::Result<Ended> {
    let school = context.school()?;
    anyhow::ensure!(
        arguments.yes,
        "this deletes all rows of one person from lake, vault and roster, and files put away that hold them; nobody can take it back: say `--yes`"
    );
    let key = arguments.key.open()?;
    let despite = arguments.despite_hold.as_deref();
    let erased = match (&arguments.person, &arguments.reason) {
        (Some(person), Some(reason)) if !arguments.finish => {
            query::unlock::erase(&context.dir, &school.id, person, reason, despite, &key, &())?
        }
        _ => query::unlock::finish_erasure(&context.dir, &school.id, &key, &())?,
    };
    let report = erased.report;
    if context.format == Format::Json {
        let object = json!({"schema": "watershed.erase/1", "school": school.id.as_str(), "lake_rows": report.lake_rows,
            "vault_rows": report.vault_rows, "files": report.files, "texts_to_be_read": report.mentions,
            "rows_that_may_be_somebody_elses": report.unclear,
            "audit_head": erased.audit_head});
        context.printer.out(&object.to_string());
    } else {
        let rows = [
            ("rows of the lake", report.lake_rows),
            ("rows of the vault", report.vault_rows),
            ("files put away or refused", report.files),
            ("texts about others that name the person, to be read by somebody", report.mentions),
            ("rows that may be somebody else's, which stay, to be looked at by somebody", report.unclear),
        ];
        let rows = rows.iter().map(|(what, count)| vec![(*what).to_owned(), count.to_string()]).collect();
        context.printer.out(&context.printer.grid(&["Erased", "count"], rows));
        context.printer.say(&format!("Sealed sets stay as they are. Back-ups keep what they have until they are deleted. Head of the access audit:\n{}", erased.audit_head));
    }
    Ok(if report.mentions + report.unclear > 0 { Ended::NeedsALook } else { Ended::Well })
}
