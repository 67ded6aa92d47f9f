//! `watershed retain`: what the clocks say must go, goes; the deletion log.

use clap::{Args, Subcommand};
use ingest::retention::{Line, Retain, RetainReport};
use ingest::state::State;
use jiff::civil::Date;

use super::holds::{HoldCommand, hold, today};
use super::ingesting::Shown;
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
    let (rows, files, bytes) = report.totals();
    let verb = if dry_run { "Would go" } else { "Gone" };
    let mut text = match report.is_empty() {
        true if report.sealed_whole > 0 => "Nothing goes.".to_owned(),
        true => "No clock has run out.".to_owned(),
        false => {
            format!("{verb}: {rows} rows, {files} files, {bytes} bytes; days closed: {}.", report.days_closed)
        }
    };
    if !report.keys_destroyed.is_empty() {
        text.push_str(&format!(" Pseudonym keys destroyed: {}.", report.keys_destroyed.join(", ")));
    }
    if report.unfinished > 0 {
        text.push_str(&format!(" Of an interrupted run, too: {} lines of work.", report.unfinished));
    }
    if report.sealed_whole > 0 {
        text.push_str(&format!(
            " {} sealed files past their clock stay whole, other people's rows included, because a hold on one person covers them and only a DSL's key can take them apart: `watershed retain hold thin`.",
            report.sealed_whole
        ));
    }
    text
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
