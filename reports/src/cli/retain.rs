//! `watershed retain`: what the clocks say must go, goes; holds; the deletion log.

use clap::{Args, Subcommand};
use ingest::pipeline::WriterLock;
use ingest::retention::{Line, Retain, RetainReport};
use ingest::state::{Hold, NewHold, State};
use jiff::civil::Date;

use super::ingesting::Shown;
use super::keys::KeyArguments;
use super::{Context, Ended, Format, OpenedSchool};

#[derive(Debug, Args)]
pub(crate) struct RetainArguments {
    /// Say what would go, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// The local day that it is, where the machine's clock is not believed; no later than the clock says.
    #[arg(long, value_name = "DAY")]
    today_is: Option<Date>,
    /// How many days the run closes, where that is not what the last runs led to expect.
    #[arg(long, value_name = "N")]
    days_are: Option<u64>,
    #[command(subcommand)]
    command: Option<RetainCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RetainCommand {
    /// Days, or one person's rows of days, that the clocks leave alone.
    #[command(subcommand)]
    Hold(HoldCommand),
    /// What was deleted, when and why; the chain is checked.
    Log,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HoldCommand {
    /// Make a hold.
    Add {
        /// First local day.
        #[arg(long, value_name = "DAY")]
        from: Date,
        /// Last local day.
        #[arg(long, value_name = "DAY")]
        to: Date,
        /// Only this person's rows, by pseudonym: 16 hex digits.
        #[arg(long, value_name = "PSEUDONYM")]
        person: Option<String>,
        /// Why: a case number, not a name.
        #[arg(long)]
        reason: String,
        /// Whose it is: a role.
        #[arg(long)]
        owner: String,
        /// When it is to be looked at again, within a year.
        #[arg(long, value_name = "DAY")]
        review: Date,
    },
    /// DSL only: drop from sealed files past their clock what no hold on one person keeps.
    Thin {
        /// Why: a case number, not a name; stands in the access audit.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        key: KeyArguments,
        /// Say what would go, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Every hold, also those released.
    List,
    /// Release a hold: the next run drops what it kept.
    Release {
        /// Its number.
        id: i64,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

pub(crate) fn run(context: &Context, arguments: RetainArguments) -> anyhow::Result<Ended> {
    let school = context.school()?;
    match arguments.command {
        Some(RetainCommand::Hold(command)) => hold(context, &school, command),
        Some(RetainCommand::Log) => log(context, &school),
        None => {
            if let Some(said) = arguments.today_is {
                anyhow::ensure!(
                    said <= today(&school)?,
                    "the machine's clock is behind {said}: set the clock first"
                );
            }
            let retain = Retain {
                dir: &context.dir,
                school: &school.config,
                today: arguments.today_is,
                days: arguments.days_are,
            };
            let report =
                if arguments.dry_run { retain.plan()? } else { retain.run(&Shown::new(context.printer))? };
            show(context, &school, &report, arguments.dry_run);
            Ok(Ended::Well)
        }
    }
}

fn show(context: &Context, school: &OpenedSchool, report: &RetainReport, dry_run: bool) {
    let rows = |lines: &[Line]| -> Vec<Vec<String>> {
        lines
            .iter()
            .map(|line| {
                vec![
                    line.tier.to_string(),
                    line.place.to_owned(),
                    line.period.clone(),
                    line.rows.to_string(),
                    line.files.to_string(),
                    line.bytes.to_string(),
                ]
            })
            .collect()
    };
    const HEADINGS: [&str; 6] = ["tier", "place", "day or year", "rows", "files", "bytes"];
    match context.format {
        Format::Json => {
            let lines = |lines: &[Line]| -> Vec<serde_json::Value> {
                lines
                    .iter()
                    .map(|line| {
                        serde_json::json!({"tier": line.tier.word(), "place": line.place, "period": line.period, "rows": line.rows, "files": line.files, "bytes": line.bytes})
                    })
                    .collect()
            };
            context.printer.out(
                &serde_json::json!({
                    "schema": "watershed.retain/1",
                    "school": school.id.as_str(),
                    "dry_run": dry_run,
                    "goes": lines(&report.lines),
                    "held": lines(&report.held),
                    "days_closed": report.days_closed,
                    "unexpected": report.unexpected,
                    "keys_destroyed": report.keys_destroyed,
                    "sealed_files_kept_whole": report.sealed_whole,
                    "unfinished_before": report.unfinished,
                })
                .to_string(),
            );
        }
        Format::Csv => {
            let mut text = "tier,place,period,rows,files,bytes\n".to_owned();
            for row in rows(&report.lines) {
                text.push_str(&row.join(","));
                text.push('\n');
            }
            context.printer.out(&text);
        }
        Format::Table => {
            if !report.lines.is_empty() {
                context.printer.out(&context.printer.grid(&HEADINGS, rows(&report.lines)));
            }
            if !report.held.is_empty() {
                context.printer.out("Past its clock, and kept by a hold:");
                context.printer.out(&context.printer.grid(&HEADINGS, rows(&report.held)));
            }
            context.printer.out(&summary(report, dry_run));
        }
    }
    if let (true, Some(why)) = (dry_run, &report.unexpected) {
        context.printer.say(&format!(
            "Not as expected: {why}. Nothing goes until somebody says `watershed retain --days-are {}`.",
            report.days_closed
        ));
    }
}

/// One sentence about a run, or about what one would do.
pub(crate) fn summary(report: &RetainReport, dry_run: bool) -> String {
    if report.is_empty() {
        return "No clock has run out.".to_owned();
    }
    let (rows, files, bytes) = report.totals();
    let verb = if dry_run { "Would go" } else { "Gone" };
    let mut text =
        format!("{verb}: {rows} rows, {files} files, {bytes} bytes; days closed: {}.", report.days_closed);
    if !report.keys_destroyed.is_empty() {
        text.push_str(&format!(" Pseudonym keys destroyed: {}.", report.keys_destroyed.join(", ")));
    }
    if report.unfinished > 0 {
        text.push_str(&format!(" Of an interrupted run, too: {} lines of work.", report.unfinished));
    }
    if report.sealed_whole > 0 {
        text.push_str(&format!(
            " {} sealed files stay whole, other people's rows included, because a hold on one person covers them and only a DSL's key can take them apart: `watershed retain hold thin`.",
            report.sealed_whole
        ));
    }
    text
}

fn today(school: &OpenedSchool) -> anyhow::Result<Date> {
    Ok(jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::get(&school.config.zone)?).date())
}

fn hold(context: &Context, school: &OpenedSchool, command: HoldCommand) -> anyhow::Result<Ended> {
    match command {
        HoldCommand::List => return list(context, school),
        HoldCommand::Thin { reason, key, dry_run } => return thin(context, school, &reason, &key, dry_run),
        _ => {}
    }
    // A run of `retain` that has read the holds already would not know of a new one.
    let _lock = WriterLock::take(&school.root)?;
    let mut state = State::open(&school.root)?;
    match command {
        HoldCommand::Add { from, to, person, reason, owner, review } => {
            let person = match person {
                None => None,
                Some(text) => Some(ingest::pseudonymise::parse(&text).ok_or_else(|| {
                    anyhow::anyhow!("a pseudonym is 16 hex digits, as `attention` prints it")
                })?),
            };
            let hold = NewHold { from, to, person, reason: &reason, owner: &owner, review };
            let number = state.add_hold(&hold, today(school)?)?;
            context.printer.out(&number.to_string());
            let unfinished = state.unfinished_retention()?;
            if unfinished > 0 {
                context.printer.say(&format!(
                    "A run of `retain` was interrupted with {unfinished} lines of work: what it had dropped by then is gone, and the hold keeps what was left."
                ));
            }
            let gone = state.closed_days()?.into_iter().filter(|day| (from..=to).contains(day)).count();
            if gone > 0 {
                context.printer.say(&format!(
                    "Of the days of this hold {gone} were closed before: their detail is gone and no hold brings it back."
                ));
                return Ok(Ended::NeedsALook);
            }
            if unfinished > 0 {
                return Ok(Ended::NeedsALook);
            }
        }
        HoldCommand::Release { id, reason } => {
            state.release_hold(id, &reason)?;
            context.printer.say("Released; the next `watershed retain` drops what only this hold kept.");
        }
        HoldCommand::List | HoldCommand::Thin { .. } => {}
    }
    Ok(Ended::Well)
}

fn thin(
    context: &Context,
    school: &OpenedSchool,
    reason: &str,
    key: &KeyArguments,
    dry_run: bool,
) -> anyhow::Result<Ended> {
    let key = key.open()?;
    let shown = Shown::new(context.printer);
    let thinned = query::unlock::thin_holds(&context.dir, &school.id, reason, &key, dry_run, &shown)?;
    let report = thinned.report;
    if context.format == Format::Json {
        let object = serde_json::json!({"schema": "watershed.retain-thin/1", "school": school.id.as_str(),
            "dry_run": dry_run, "files": report.files, "rows_gone": report.gone, "rows_kept": report.kept,
            "rows_that_may_be_somebody_elses": report.unclear, "audit_head": thinned.audit_head});
        context.printer.out(&object.to_string());
    } else {
        let verb = if dry_run { "Would go" } else { "Gone" };
        context.printer.out(&format!(
            "{verb}: {} rows of others from {} sealed files; {} rows stay, of {} of which nobody can tell whose they are.",
            report.gone, report.files, report.kept, report.unclear
        ));
        if let Some(head) = thinned.audit_head {
            context.printer.say(&format!("Head of the access audit:\n{head}"));
        }
    }
    Ok(if report.unclear > 0 { Ended::NeedsALook } else { Ended::Well })
}

fn list(context: &Context, school: &OpenedSchool) -> anyhow::Result<Ended> {
    let holds = State::open(&school.root)?.holds()?;
    let today = today(school)?;
    let standing = |hold: &Hold| match (&hold.released_utc, hold.review < today) {
        (Some(_), _) => "released",
        (None, true) => "review is overdue",
        (None, false) => "holds",
    };
    let person = |hold: &Hold| hold.person.map(ingest::pseudonymise::written);
    if context.format == Format::Json {
        let holds: Vec<_> = holds
            .iter()
            .map(|hold| {
                serde_json::json!({"id": hold.id, "from": hold.from.to_string(), "to": hold.to.to_string(), "person": person(hold), "reason": hold.reason, "owner": hold.owner, "review": hold.review.to_string(), "added_utc": hold.added_utc, "released_utc": hold.released_utc, "released_why": hold.released_why, "standing": standing(hold)})
            })
            .collect();
        context.printer.out(
            &serde_json::json!({"schema": "watershed.holds/1", "school": school.id.as_str(), "holds": holds})
                .to_string(),
        );
    } else {
        let rows = holds
            .iter()
            .map(|hold| {
                vec![
                    hold.id.to_string(),
                    format!("{} to {}", hold.from, hold.to),
                    person(hold).unwrap_or_else(|| "everybody".to_owned()),
                    hold.reason.clone(),
                    hold.owner.clone(),
                    hold.review.to_string(),
                    standing(hold).to_owned(),
                ]
            })
            .collect();
        let headings = ["hold", "days", "person", "reason", "owner", "review", ""];
        context.printer.out(&context.printer.grid(&headings, rows));
    }
    let overdue = holds.iter().any(|hold| hold.is_active() && hold.review < today);
    Ok(if overdue { Ended::NeedsALook } else { Ended::Well })
}

fn log(context: &Context, school: &OpenedSchool) -> anyhow::Result<Ended> {
    let state = State::open(&school.root)?;
    let chain = state.verify_deletions()?;
    let entries = state.deletions(0)?;
    if context.format == Format::Json {
        let entries: Vec<_> = entries
            .iter()
            .map(|entry| {
                serde_json::json!({"entry": entry.entry, "at_utc": entry.at_utc, "what": entry.what, "why": entry.why, "rows": entry.rows, "detail": entry.detail})
            })
            .collect();
        context.printer.out(
            &serde_json::json!({"schema": "watershed.deletions/1", "school": school.id.as_str(), "head": chain.head, "entries": entries})
                .to_string(),
        );
    } else {
        let rows = entries
            .into_iter()
            .map(|entry| {
                vec![
                    entry.entry.to_string(),
                    entry.at_utc,
                    entry.what,
                    entry.why,
                    entry.rows.to_string(),
                    entry.detail,
                ]
            })
            .collect();
        let headings = ["entry", "when (UTC)", "what", "why", "rows", "detail"];
        context.printer.out(&context.printer.grid(&headings, rows));
        context
            .printer
            .say(&format!("{} entries, each bound to the one before; head {}", chain.entries, chain.head));
    }
    Ok(Ended::Well)
}
