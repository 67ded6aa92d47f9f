//! `watershed access`: who can see what, and who looked through that when (R91).

use clap::Subcommand;
use ingest::school::{Config, SchoolConfig};
use query::audit::{AccessAudit, AccessReview};
use serde_json::json;

use super::{Context, Ended, Format};
use crate::http::accounts::Accounts;
use crate::paperwork::{review, rights};

#[derive(Debug, Subcommand)]
pub(crate) enum AccessCommand {
    /// Accounts, keys and addresses as they are; `watershed paperwork` has what each sees.
    List,
    /// Note that somebody has looked through the list; at least once a year.
    Review {
        /// The reviewer's role, for example `headteacher`; no name.
        #[arg(long, value_name = "ROLE")]
        role: String,
        /// What came of it.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

pub(crate) fn run(context: &Context, command: &AccessCommand) -> anyhow::Result<Ended> {
    let config = Config::load(&context.dir)?;
    let school = context.school()?;
    let list = listed(&context.dir, &config, &school.config)?;
    let mut audit = AccessAudit::open(&context.dir, &school.id)?;
    match command {
        AccessCommand::List => {
            let standing = standing_of(audit.access_reviewed(&list)?.as_ref(), &school.config);
            let (good, says) = match standing {
                Ok(says) => (true, says),
                Err(says) => (false, says),
            };
            let rows: Vec<Vec<String>> = list
                .lines()
                .map(|line| {
                    let mut cells = line.split('\t').map(str::to_owned).collect::<Vec<_>>();
                    cells.resize(3, String::new());
                    cells
                })
                .collect();
            if context.format == Format::Json {
                let rights: Vec<_> = rows
                    .iter()
                    .map(|cells| json!({"kind": cells[0], "name": cells[1], "detail": cells[2]}))
                    .collect();
                let object = json!({"schema": "watershed.access/1", "school": school.id.as_str(), "rights": rights,
                    "reviewed": good, "review": says});
                context.printer.out(&object.to_string());
            } else {
                context.printer.out(&context.printer.grid(&["right", "of", "role or key"], rows));
                context.printer.say(&says);
            }
            Ok(if good { Ended::Well } else { Ended::NeedsALook })
        }
        AccessCommand::Review { role, reason } => {
            let entry = audit.review_access(role, reason, &list)?;
            context.printer.out(&entry.hash);
            context
                .printer
                .say("The review stands in the audit, with a digest of the list; the new head is above.");
            Ok(Ended::Well)
        }
    }
}

/// What `check` says of the review.
pub(super) fn standing(
    dir: &std::path::Path,
    config: &Config,
    school: &SchoolConfig,
) -> Result<String, String> {
    let found = listed(dir, config, school)
        .and_then(|list| Ok(AccessAudit::open(dir, &school.id)?.access_reviewed(&list)?));
    standing_of(found.map_err(|error| error.to_string())?.as_ref(), school)
}

fn standing_of(reviewed: Option<&AccessReview>, school: &SchoolConfig) -> Result<String, String> {
    let zone = jiff::tz::TimeZone::get(&school.zone).unwrap_or(jiff::tz::TimeZone::UTC);
    review(reviewed, jiff::Timestamp::now().to_zoned(zone).date())
}

fn listed(dir: &std::path::Path, config: &Config, school: &SchoolConfig) -> anyhow::Result<String> {
    let accounts = Accounts::open(dir, &school.id)?.list()?;
    Ok(rights(school, config.mail.as_ref(), &accounts))
}
