//! `watershed publish` and `watershed releases`: sealed sets and their ledger.

use clap::{Args, Subcommand};
use query::disclosure::ledger::Ledger;
use query::disclosure::policy::AudienceWord;
use query::disclosure::publish::publish as seal;
use query::disclosure::sealed::SealedSet;

use super::{Context, Ended, Format, wait};

#[derive(Debug, Args)]
pub(crate) struct PublishArguments {
    /// `governors`, or `parents` once the governors' set stands.
    #[arg(long)]
    pub(crate) audience: String,
    /// A term such as 2025-autumn, or for a roll under 150 a year such as 2025-26.
    #[arg(long)]
    pub(crate) period: String,
    /// Role that approves the release.
    #[arg(long, default_value = "DSL")]
    pub(crate) approver: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReleasesCommand {
    /// What was sealed, when, for whom, and who approved it.
    List,
    /// A sealed set; `--format json` gives the sealed object whole.
    Show {
        /// Ledger id.
        id: String,
    },
    /// Check every entry's digest and the chain.
    Verify,
}

pub(crate) fn publish(context: &Context, arguments: &PublishArguments) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let audience = AudienceWord::parse(&arguments.audience)?;
    let today = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::get(&school.config.zone)?).date();
    let published =
        wait(seal(&context.dir, &school.id, audience, &arguments.period, &arguments.approver, today))??;
    if context.format == Format::Json {
        context.printer.out(
            &serde_json::json!({
                "schema": "watershed.published/1",
                "id": published.id,
                "audience": published.audience,
                "period": published.period,
                "sealed_now": published.sealed_now,
            })
            .to_string(),
        );
    } else {
        context.printer.out(&published.id);
        context.printer.say(if published.sealed_now {
            "Sealed. It will be shown as it is from now on; `watershed releases show` prints it."
        } else {
            "It was sealed before and has not changed."
        });
    }
    Ok(Ended::Well)
}

pub(crate) fn run(context: &Context, command: ReleasesCommand) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let ledger = Ledger::open(&context.dir, &school.id)?;
    match command {
        ReleasesCommand::List => {
            let entries = ledger.list()?;
            if context.format == Format::Json {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|entry| serde_json::json!({"id": entry.id, "audience": entry.audience, "period": entry.period, "sealed_on": entry.sealed_on, "approver": entry.approver}))
                    .collect();
                context.printer.out(
                    &serde_json::json!({"schema": "watershed.releases/1", "school": school.id.as_str(), "releases": entries}).to_string(),
                );
            } else {
                let rows = entries
                    .into_iter()
                    .map(|entry| {
                        vec![entry.id, entry.audience, entry.period, entry.sealed_on, entry.approver]
                    })
                    .collect();
                context.printer.out(
                    &context.printer.grid(&["id", "audience", "period", "sealed on", "approved by"], rows),
                );
            }
            Ok(Ended::Well)
        }
        ReleasesCommand::Show { id } => {
            if context.format == Format::Json {
                context.printer.out(ledger.json(&id)?.value());
            } else {
                context.printer.out(&as_text(context, ledger.governors(&id)?.value()));
            }
            Ok(Ended::Well)
        }
        ReleasesCommand::Verify => {
            let verification = ledger.verify()?;
            if verification.is_sound() {
                context.printer.out("Every entry is as it was sealed, and the chain is whole.");
                Ok(Ended::Well)
            } else {
                anyhow::bail!("the ledger does not verify; restore the school's state file from a back-up");
            }
        }
    }
}

fn as_text(context: &Context, set: &SealedSet) -> String {
    let mut text = format!(
        "{}, {} ({} to {}), for {}\nSealed on {}, approved by {}, ledger id {}\n",
        set.school_name,
        set.period,
        set.period_from,
        set.period_to,
        set.audience,
        set.sealed_on,
        set.approver,
        set.id
    );
    for table in &set.tables {
        text.push_str(&format!("\n{}\n", table.title));
        let rows = table
            .rows
            .iter()
            .map(|row| {
                vec![
                    row.heading.clone(),
                    row.row.clone(),
                    row.shown.words(),
                    row.per_hundred.clone().unwrap_or_default(),
                    row.change.clone().unwrap_or_default(),
                ]
            })
            .collect();
        text.push_str(
            &context
                .printer
                .grid(&["heading", "row", "pupils", "in every 100", "against the period before"], rows),
        );
    }
    for measure in &set.operational {
        text.push_str(&format!("{}: {}\n", measure.title, measure.shown));
    }
    for statement in &set.statements {
        text.push_str(&format!("- {statement}\n"));
    }
    text
}
