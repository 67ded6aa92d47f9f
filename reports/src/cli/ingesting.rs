//! `watershed ingest`: files in, and for each what became of every record.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use indicatif::ProgressBar;
use ingest::inbox::part_words;
use ingest::pipeline::{Ingest, Progress};
use ingest::report::{FileReport, IngestReport, Outcome};
use serde_json::{Value, json};

use super::feeds::{self, Standing};
use super::printer::Printer;
use super::{Context, Ended, Format, investigations};
use crate::chart::words;

#[derive(Debug, Args)]
pub(crate) struct IngestArguments {
    /// Files or folders; without any, the school's inbox. Outside the inbox they are left alone.
    paths: Vec<PathBuf>,
    /// Keep files of the inbox after their import.
    #[arg(long)]
    keep: bool,
    /// Also say how long each stage took; `encode` and `seal` work beside `read`.
    #[arg(long)]
    timings: bool,
}

/// Shows a bar on a terminal (bytes of the file at hand, records per second, time left), a line per stage
/// elsewhere.
#[derive(Debug)]
pub(crate) struct Shown {
    printer: Printer,
    bar: RefCell<ProgressBar>,
    began: Instant,
    records: Cell<u64>,
    /// Which file of how many.
    place: Cell<(usize, usize)>,
}

impl Shown {
    pub(crate) fn new(printer: Printer) -> Self {
        Self {
            printer,
            bar: RefCell::new(ProgressBar::hidden()),
            began: Instant::now(),
            records: Cell::new(0),
            place: Cell::new((0, 0)),
        }
    }
}

impl Progress for Shown {
    fn file(&self, number: usize, of: usize, bytes: u64) {
        if self.place.get().1 == 0 {
            *self.bar.borrow_mut() = self.printer.byte_bar();
            if self.bar.borrow().is_hidden() {
                self.printer.say(&format!("taking in {of} files"));
            }
        }
        self.place.set((number, of));
        let bar = self.bar.borrow();
        bar.set_length(bytes);
        bar.set_position(0);
        bar.reset_eta();
    }

    fn advanced(&self, bytes: u64, records: u64) {
        self.records.set(self.records.get() + records);
        let bar = self.bar.borrow();
        if bar.is_hidden() {
            return;
        }
        bar.inc(bytes);
        let (number, of) = self.place.get();
        let per_second = self.records.get() as f64 / self.began.elapsed().as_secs_f64().max(0.001);
        let records = words::whole(self.records.get() as i64);
        let per_second = words::whole(per_second as i64);
        bar.set_message(format!("file {number} of {of}, {records} records, {per_second} a second"));
    }

    fn deriving(&self, number: usize, of: usize) {
        if number <= 1 {
            self.bar.borrow().finish_and_clear();
            *self.bar.borrow_mut() = self.printer.bar(of as u64, "days counted");
            if self.bar.borrow().is_hidden() {
                self.printer.say(&format!("counting attempts, episodes and actor-days of {of} days"));
            }
        }
        self.bar.borrow().set_position(number as u64);
        if number == of {
            self.bar.borrow().finish_and_clear();
        }
    }
}

pub(crate) fn run(context: &Context, arguments: IngestArguments) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let ingest = Ingest { dir: &context.dir, school: &school.config, keep: arguments.keep };
    let report = ingest.run(&arguments.paths, &Shown::new(context.printer))?;
    let standing = feeds::after_run(&context.dir, &school.id)?;
    let by_hand = investigations::used(&context.dir, &school.root, &school.id)?;
    match context.format {
        Format::Json => context.printer.out(&as_json(&report, &standing, arguments.timings).to_string()),
        Format::Csv => context.printer.out(&as_csv(&report)),
        Format::Table => context.printer.out(&as_table(context.printer, &report)),
    }
    for finding in standing.new.iter().filter(|_| context.format != Format::Json) {
        context.printer.say(&format!("New finding: {}", finding.line()));
    }
    if arguments.timings && context.format != Format::Json {
        let stages = stages(&report).map(|(stage, seconds)| format!("{stage} {seconds:.3} s"));
        context.printer.say(&stages.join(", "));
    }
    if let Some(said) = by_hand {
        context.printer.say(said);
    }
    let good = !report.needs_a_look() && standing.new.is_empty() && by_hand.is_none();
    Ok(if good { Ended::Well } else { Ended::NeedsALook })
}

fn reason(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Refused(reason) => reason,
        Outcome::Committed | Outcome::AlreadyIngested => "",
    }
}

/// Stages of the run with the seconds each took.
fn stages(report: &IngestReport) -> [(&'static str, f64); 6] {
    let timings = &report.timings;
    [
        ("look", timings.look),
        ("read", timings.read),
        ("encode", timings.encode),
        ("seal", timings.seal),
        ("commit", timings.commit),
        ("derive", timings.derive),
    ]
    .map(|(stage, took)| (stage, took.as_secs_f64()))
}

fn as_json(report: &IngestReport, standing: &Standing, timings: bool) -> Value {
    let files: Vec<Value> = report
        .files
        .iter()
        .map(|file| {
            let tally = &file.tally;
            json!({
                "argument": file.argument,
                "part": file.part,
                "folder": file.folder,
                "fingerprint": file.fingerprint,
                "format": file.format,
                "outcome": file.outcome.word(),
                "reason": reason(&file.outcome),
                "records": tally.records,
                "events": tally.events,
                "other": tally.others(),
                "folded": tally.folded,
                "duplicate": tally.duplicate,
                "rejects": tally.rejects,
                "directives": tally.directives,
                "blanks": tally.blanks,
                "bytes": tally.file_bytes,
                "notices": tally.notices,
            })
        })
        .collect();
    let findings: Vec<Value> = standing.new.iter().map(feeds::FeedFinding::json).collect();
    let mut json = json!({
        "schema": "watershed.ingest/1",
        "files": files,
        "days_derived": report.days_derived,
        "new_findings": findings,
    });
    if timings {
        let stages =
            stages(report).map(|(stage, seconds)| (format!("{}_s", stage.replace(' ', "_")), json!(seconds)));
        json["timings"] = Value::Object(stages.into_iter().collect());
    }
    json
}

fn cells(file: &FileReport) -> Vec<String> {
    let tally = &file.tally;
    vec![
        format!("{}{}", file.argument, part_words(file.part)),
        file.folder.clone(),
        file.fingerprint.clone().unwrap_or_default(),
        file.format.clone().unwrap_or_default(),
        file.outcome.word().to_owned(),
        tally.records.to_string(),
        tally.events.to_string(),
        tally.others().to_string(),
        tally.rejected().to_string(),
        (tally.directives + tally.blanks).to_string(),
    ]
}

const HEADINGS: [&str; 10] = [
    "file",
    "folder",
    "fingerprint",
    "format",
    "outcome",
    "records",
    "events",
    "other",
    "rejects",
    "headers, blanks",
];

fn as_csv(report: &IngestReport) -> String {
    let mut text = HEADINGS.map(|heading| heading.replace(", ", "_").replace(' ', "_")).join(",");
    text.push('\n');
    for file in &report.files {
        text.push_str(&cells(file).join(","));
        text.push('\n');
    }
    text
}

/// How many files are listed one by one for people.
const LISTED: usize = 40;

fn as_table(printer: Printer, report: &IngestReport) -> String {
    let notable: Vec<&FileReport> = if report.files.len() <= LISTED {
        report.files.iter().collect()
    } else {
        report
            .files
            .iter()
            .filter(|file| !matches!(file.outcome, Outcome::Committed) || file.tally.above_notice_level())
            .collect()
    };
    let mut text = String::new();
    if !notable.is_empty() {
        text.push_str(&printer.grid(&HEADINGS, notable.iter().map(|file| cells(file)).collect()));
    }
    for file in &notable {
        let name = format!("{}{}", file.argument, part_words(file.part));
        if let Outcome::Refused(reason) = &file.outcome {
            text.push_str(&format!("File {name} was refused: {reason}\n"));
        }
        for (reason, count) in file.tally.commonest_reasons() {
            text.push_str(&format!("File {name}: {count} rejected, {reason}\n"));
        }
        for (notice, count) in &file.tally.notices {
            text.push_str(&format!("File {name}: {notice} ({count})\n"));
        }
    }
    text.push_str(&summary(report));
    text
}

/// One sentence about a run, with sums that add up.
pub(crate) fn summary(report: &IngestReport) -> String {
    let ended = |word: &str| report.files.iter().filter(|file| file.outcome.word() == word).count();
    let sum = |count: &dyn Fn(&FileReport) -> u64| -> u64 {
        report.files.iter().filter(|file| matches!(file.outcome, Outcome::Committed)).map(count).sum()
    };
    format!(
        "{} files: {} committed, {} already ingested, {} refused. {} records: {} events, {} other, {} folded, {} duplicate, {} rejected, {} headers, {} blank. {} days counted.\n",
        report.files.len(),
        ended("committed"),
        ended("already ingested"),
        ended("refused"),
        sum(&|file| file.tally.records),
        sum(&|file| file.tally.events),
        sum(&|file| file.tally.others()),
        sum(&|file| file.tally.folded),
        sum(&|file| file.tally.duplicate),
        sum(&|file| file.tally.rejected()),
        sum(&|file| file.tally.directives),
        sum(&|file| file.tally.blanks),
        report.days_derived,
    )
}
