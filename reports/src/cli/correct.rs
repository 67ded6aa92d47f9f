//! `watershed correct`: whose some records are, what a site is about; shown, and taken back.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ingest::pseudonymise::written;
use ingest::state::{Correction, NewCorrection, Wrong};
use jiff::civil::Date;
use query::unlock::{Corrected, Undoing, WrongIncident, WrongPerson};
use serde_json::{Value, json};

use super::keys::KeyArguments;
use super::{Context, Ended, Format, OpenedSchool};

#[derive(Debug, Subcommand)]
pub(crate) enum CorrectCommand {
    /// DSL only: the records of an account on some days are somebody else's, or nobody's (a shared log-in).
    Account {
        /// Account, name, person key or pseudonym under which the records stand.
        recorded: String,
        /// Whose they are, in the same words.
        #[arg(long, value_name = "PERSON", required_unless_present = "nobody")]
        belongs_to: Option<String>,
        /// Nobody can say whose they are.
        #[arg(long, conflicts_with = "belongs_to")]
        nobody: bool,
        #[command(flatten)]
        days: Days,
        /// Why, without a name; stands in the list of corrections for good.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// All accounts of a person who has several.
        #[arg(long)]
        all_accounts: bool,
        #[command(flatten)]
        key: KeyArguments,
    },
    /// A site had the wrong category on some days.
    Site {
        /// Registrable domain, or `host-` and 16 hex digits, as `overblocking` lists it.
        site: String,
        /// The common code that is right; `columns` and `taxonomy.csv` have them.
        #[arg(long)]
        code: String,
        /// Only records that had this code.
        #[arg(long, value_name = "CODE")]
        was: Option<String>,
        #[command(flatten)]
        days: Days,
        #[command(flatten)]
        why: Why,
    },
    /// What one source calls by a code was something else on some days.
    Category {
        /// The code that was wrong.
        was: String,
        /// Format or profile of the source.
        #[arg(long, value_name = "FORMAT")]
        source: String,
        /// The common code that is right.
        #[arg(long)]
        code: String,
        #[command(flatten)]
        days: Days,
        #[command(flatten)]
        why: Why,
    },
    /// DSL only: of an incident only what its newest export has holds; an older one had another pupil or category.
    Incident {
        /// Its reference, as the incident system writes it.
        reference: String,
        /// Format or profile of the exports, where two systems have a record of that reference.
        #[arg(long, value_name = "FORMAT")]
        source: Option<String>,
        /// There was no such incident: nothing of it holds that was taken in so far.
        #[arg(long)]
        entered_in_error: bool,
        /// Why, without a name; stands in the list of corrections for good.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        key: KeyArguments,
    },
    /// Every correction, also those taken back.
    List,
    /// Take a correction back: its days are counted as they were recorded.
    Undo {
        /// Its number.
        id: i64,
        /// Why, without a name; stands in the list of corrections for good.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Who says so: a role. Where a key made the correction, a key takes it back.
        #[arg(long, value_name = "ROLE", required_unless_present = "key", conflicts_with = "key")]
        by: Option<String>,
        /// The DSL's NAME.key file.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// File whose first line is the key's passphrase.
        #[arg(long, value_name = "F", requires = "key")]
        passphrase_file: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Days {
    /// First local day.
    #[arg(long, value_name = "DAY")]
    from: Date,
    /// Last local day, of the same academic year.
    #[arg(long, value_name = "DAY")]
    to: Date,
}

#[derive(Debug, Args)]
pub(crate) struct Why {
    /// Why, without a name; stands in the list of corrections for good.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who says so: a role.
    #[arg(long, value_name = "ROLE")]
    by: String,
}

pub(crate) fn run(context: &Context, command: CorrectCommand) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let (dir, id) = (&context.dir, &school.id);
    let code = |wrong: Wrong, days: &Days, why: &Why| {
        let new = NewCorrection { from: days.from, to: days.to, wrong, reason: &why.reason, by: &why.by };
        query::unlock::correct_code(dir, id, new, &())
    };
    let corrected = match command {
        CorrectCommand::List => return list(context, &school),
        CorrectCommand::Account { recorded, belongs_to, nobody: _, days, reason, all_accounts, key } => {
            let wrong = WrongPerson {
                recorded: &recorded,
                truly: belongs_to.as_deref(),
                from: days.from,
                to: days.to,
                all_accounts,
            };
            query::unlock::correct_person(dir, id, &wrong, &reason, &key.open()?, &())?
        }
        CorrectCommand::Site { site, code: right, was, days, why } => {
            code(Wrong::Code { site: Some(site), was, source: None, code: right }, &days, &why)?
        }
        CorrectCommand::Category { was, source, code: right, days, why } => {
            code(Wrong::Code { site: None, was: Some(was), source: Some(source), code: right }, &days, &why)?
        }
        CorrectCommand::Incident { reference, source, entered_in_error: all, reason, key } => {
            let wrong = WrongIncident { reference: &reference, source: source.as_deref(), all };
            query::unlock::correct_incident(dir, id, &wrong, &reason, &key.open()?, &())?
        }
        CorrectCommand::Undo { id: number, reason, by, key, passphrase_file } => {
            let key = key.map(|key| KeyArguments { key, passphrase_file }.open()).transpose()?;
            let undoing = match &key {
                Some(key) => Undoing::Key(key),
                None => Undoing::Role(by.as_deref().unwrap_or_default()),
            };
            query::unlock::undo_correction(dir, id, number, &reason, undoing, &())?
        }
    };
    show(context, &school, &corrected);
    Ok(if corrected.made.closed > 0 { Ended::NeedsALook } else { Ended::Well })
}

fn show(context: &Context, school: &OpenedSchool, corrected: &Corrected) {
    let made = corrected.made;
    if context.format == Format::Json {
        let object = json!({"schema": "watershed.correct/1", "school": school.id.as_str(), "correction": made.id,
            "days_counted_again": made.days, "days_closed": made.closed, "audit_head": corrected.audit_head});
        context.printer.out(&object.to_string());
        return;
    }
    context.printer.out(&format!("correction {}: {} days counted again", made.id, made.days));
    if made.closed > 0 {
        context.printer.say(&format!(
            "{} of its days were closed by retention since then and stay as they were corrected.",
            made.closed
        ));
    }
    context
        .printer
        .say("Sealed sets stay as they are; sets that are sealed later count these days as corrected.");
    if let Some(head) = &corrected.audit_head {
        context.printer.say(&format!("Head of the access audit:\n{head}"));
    }
}

fn list(context: &Context, school: &OpenedSchool) -> anyhow::Result<Ended> {
    let all = query::unlock::corrections(&context.dir, &school.id)?;
    if context.format == Format::Json {
        let corrections: Vec<Value> = all.iter().map(as_json).collect();
        let object = json!({"schema": "watershed.corrections/1", "school": school.id.as_str(), "corrections": corrections});
        context.printer.out(&object.to_string());
        return Ok(Ended::Well);
    }
    let rows = all
        .into_iter()
        .map(|known| {
            let holds = match known.undone_by {
                Some(number) => format!("undone by {number}"),
                None if known.holds() => "yes".to_owned(),
                None => "-".to_owned(),
            };
            let what = what(&known.wrong);
            vec![
                known.id.to_string(),
                known.from.to_string(),
                known.to.to_string(),
                what,
                holds,
                known.by,
                known.made_utc,
                known.reason,
            ]
        })
        .collect();
    let headings = ["number", "from", "to", "what", "holds", "by", "when", "reason"];
    context.printer.out(&context.printer.grid(&headings, rows));
    Ok(Ended::Well)
}

fn what(wrong: &Wrong) -> String {
    let any = |text: &Option<String>| text.clone().unwrap_or_else(|| "any".to_owned());
    match wrong {
        Wrong::Person { recorded, truly } => {
            let recorded: Vec<String> = recorded.iter().map(|token| written(*token)).collect();
            let truly = truly.map_or_else(|| "nobody".to_owned(), |member| written(member.person));
            format!("records of {} are of {truly}", recorded.join(" "))
        }
        Wrong::Code { site, was, source, code } => {
            format!("site {}, source {}: {} is {code}", any(site), any(source), any(was))
        }
        Wrong::Incident { incident, source, before_us } => {
            format!(
                "rows of incident {} of source {source} taken in before {}",
                written(*incident),
                moment(*before_us)
            )
        }
        Wrong::Correction(number) => format!("undoes {number}"),
    }
}

fn as_json(known: &Correction) -> Value {
    let wrong = match &known.wrong {
        Wrong::Person { recorded, truly } => {
            let recorded: Vec<String> = recorded.iter().map(|token| written(*token)).collect();
            json!({"kind": "person", "recorded": recorded, "truly": truly.map(|member| written(member.person))})
        }
        Wrong::Code { site, was, source, code } => {
            json!({"kind": "code", "site": site, "was": was, "source": source, "code": code})
        }
        Wrong::Incident { incident, source, before_us } => {
            json!({"kind": "incident", "incident": written(*incident), "source": source,
                "taken_in_before": moment(*before_us)})
        }
        Wrong::Correction(number) => json!({"kind": "undo", "undoes": number}),
    };
    json!({"number": known.id, "from": known.from.to_string(), "to": known.to.to_string(), "wrong": wrong,
        "holds": known.holds(), "undone_by": known.undone_by, "by": known.by, "made_utc": known.made_utc,
        "reason": known.reason})
}

fn moment(microseconds: i64) -> String {
    jiff::Timestamp::from_microsecond(microseconds)
        .map_or_else(|_| "-".to_owned(), |moment| moment.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string())
}
