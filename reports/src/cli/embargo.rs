//! `watershed embargo`: what the DSL marks live stays out of every paper, set and view but the DSL's.

use clap::{Args, Subcommand};
use ingest::pseudonymise::written;
use ingest::state::State;
use jiff::civil::Date;
use query::unlock::{Matter, lift, mark};
use serde_json::json;

use super::keys::KeyArguments;
use super::{Context, Ended, Format, wait};

#[derive(Debug, Subcommand)]
pub(crate) enum EmbargoCommand {
    /// Mark a matter live: all that is stated must fit a row.
    Add(Box<MatterArguments>),
    /// Every mark, also those lifted.
    List,
    /// Lift a mark; sets that were sealed meanwhile stay as they are.
    Lift {
        /// Its number.
        id: i64,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        key: KeyArguments,
    },
}

#[derive(Debug, Args)]
pub(crate) struct MatterArguments {
    /// Pseudonym of the person, 16 hex digits.
    #[arg(long, value_name = "PSEUDONYM")]
    person: Option<String>,
    /// Theme, as `trend --by theme` prints it.
    #[arg(long, value_name = "T")]
    theme: Option<String>,
    /// Site, as the figures print it.
    #[arg(long, value_name = "SITE")]
    site: Option<String>,
    /// Reference of an incident: it and all of its subject from that day on.
    #[arg(long, value_name = "REFERENCE", conflicts_with = "person")]
    incident: Option<String>,
    /// First local day; that of the incident if left out.
    #[arg(long, value_name = "DAY")]
    from: Option<Date>,
    /// Last local day; open if left out.
    #[arg(long, value_name = "DAY")]
    to: Option<Date>,
    /// Why: a case number, not a name.
    #[arg(long)]
    reason: String,
    /// Who looks at it again: a role.
    #[arg(long, value_name = "ROLE")]
    reviewer: String,
    /// When, within a year; four weeks on if left out.
    #[arg(long, value_name = "DAY")]
    review: Option<Date>,
    #[command(flatten)]
    key: KeyArguments,
}

pub(crate) fn run(context: &Context, command: EmbargoCommand) -> anyhow::Result<Ended> {
    let school = context.school()?;
    match command {
        EmbargoCommand::Add(arguments) => {
            let key = arguments.key.open()?;
            let arguments = *arguments;
            let matter = Matter {
                pseudonym: arguments.person,
                theme: arguments.theme,
                site: arguments.site,
                incident: arguments.incident,
                from: arguments.from,
                to: arguments.to,
                reason: arguments.reason,
                reviewer: arguments.reviewer,
                review: arguments.review,
            };
            let marked = wait(mark(&context.dir, &school.id, &matter, &key))??;
            context.printer.say(&format!(
                "Embargo {} is made: the matter is in no paper, no set and no view but yours. So far it covers {} and {}.",
                marked.id,
                counted(marked.episodes, "episode", "episodes"),
                counted(marked.incidents, "row of incidents", "rows of incidents"),
            ));
        }
        EmbargoCommand::Lift { id, reason, key } => {
            lift(&context.dir, &school.id, id, &reason, &key.open()?)?;
            context
                .printer
                .say(&format!("Embargo {id} is lifted. Sets that were sealed meanwhile stay as they are."));
        }
        EmbargoCommand::List => {
            let known = State::open(&school.root)?.embargoes()?;
            if context.format == Format::Json {
                let list: Vec<_> = known
                    .iter()
                    .map(|known| {
                        json!({"id": known.id, "from": known.from.to_string(), "to": known.to.map(|to| to.to_string()),
                               "person": known.person.map(written), "theme": known.theme, "site": known.site,
                               "incident": known.incident.map(written), "reason": known.reason,
                               "reviewer": known.reviewer, "review": known.review.to_string(),
                               "added_utc": known.added_utc, "lifted_utc": known.lifted_utc,
                               "lifted_why": known.lifted_why})
                    })
                    .collect();
                let answer = json!({"schema": "watershed.embargoes/1", "school": school.id.as_str(), "embargoes": list});
                context.printer.out(&answer.to_string());
            } else {
                let rows = known
                    .into_iter()
                    .map(|known| {
                        let about = [
                            known.person.map(written),
                            known.theme,
                            known.site,
                            known.incident.map(|incident| format!("incident {}", written(incident))),
                        ];
                        vec![
                            known.id.to_string(),
                            format!(
                                "{} to {}",
                                known.from,
                                known.to.map_or("-".to_owned(), |to| to.to_string())
                            ),
                            about.into_iter().flatten().collect::<Vec<_>>().join(", "),
                            known.reason,
                            format!("{}, {}", known.reviewer, known.review),
                            known.lifted_utc.unwrap_or_else(|| "live".to_owned()),
                        ]
                    })
                    .collect();
                let headings = ["number", "days", "about", "reason", "reviewed by", "lifted"];
                context.printer.out(&context.printer.grid(&headings, rows));
            }
        }
    }
    Ok(Ended::Well)
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
