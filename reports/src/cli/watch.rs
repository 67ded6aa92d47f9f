//! `watershed watch`: looks at the inboxes again and again, as a service.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use ingest::inbox;
use ingest::pipeline::{Ingest, Progress};
use ingest::report::{IngestReport, Outcome};
use ingest::retention::Retain;
use ingest::school::{Config, MailSetting, SchoolConfig, SchoolRoot};

use super::{Context, Ended, feeds, ingesting, investigations, mailing, retain};

#[derive(Debug, Args)]
pub(crate) struct WatchArguments {
    /// Seconds between two looks at the inboxes.
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: u64,
    /// Look once, take in what is there, and end.
    #[arg(long)]
    once: bool,
    /// Also write the state of every school here after each look, for Prometheus' text file collector.
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
}

/// Set by a signal; the file at hand is finished first.
#[derive(Clone, Debug, Default)]
struct Stop(Arc<AtomicBool>);

impl Stop {
    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits, but no longer than until the signal.
    fn wait(&self, seconds: u64) {
        for _ in 0..seconds * 5 {
            if self.is_set() {
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Follows SIGTERM, which service managers send, and Ctrl-C.
    fn on_signal() -> anyhow::Result<Self> {
        let stop = Self::default();
        let told = stop.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut terminate = {
            let _entered = runtime.enter();
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                .context("signals cannot be followed")?
        };
        std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = tokio::signal::ctrl_c() => {}
                }
            });
            told.0.store(true, Ordering::Relaxed);
        });
        Ok(stop)
    }
}

impl Progress for Stop {
    fn stopping(&self) -> bool {
        self.is_set()
    }
}

/// What a school's inbox has brought since the service began.
#[derive(Debug, Default)]
struct Health {
    school: String,
    files: [u64; 3],
    records: u64,
    events: u64,
    rejects: u64,
    waiting: usize,
    /// Findings about the feeds in the last 14 school days.
    findings: usize,
    /// The hour, since 1970, in which the feeds were looked at last.
    feeds_hour: i64,
    /// The local day on which retention ran last.
    retained_on: Option<jiff::civil::Date>,
    /// Since when, in seconds since 1970, and why retention waits for somebody.
    unretained: Option<(i64, String)>,
    /// Rows that retention dropped.
    rows_retired: u64,
    /// Seconds since 1970 of the last look that ended well; 0 before the first.
    succeeded_s: i64,
    /// Why the last look failed.
    failed: Option<String>,
    /// Seconds since 1970 of the last mail that failed; 0 before the first.
    unmailed_s: i64,
}

/// Seconds after which a mail that failed is tried again.
const MAIL_AGAIN_SECONDS: i64 = 600;

/// Seconds after which retention is tried again where somebody has to do something first.
const RETAIN_AGAIN_SECONDS: i64 = 3600;

const OUTCOMES: [&str; 3] = ["committed", "already ingested", "refused"];

impl Health {
    fn count(&mut self, report: &IngestReport) {
        for file in &report.files {
            if let Some(index) = OUTCOMES.iter().position(|word| *word == file.outcome.word()) {
                self.files[index] += 1;
            }
            if matches!(file.outcome, Outcome::Committed) {
                self.records += file.tally.records;
                self.events += file.tally.events;
                self.rejects += file.tally.rejected();
            }
        }
    }

    /// One line for the service's log.
    fn line(&self, now: jiff::Timestamp, report: Option<&IngestReport>) -> String {
        let time = now.strftime("%Y-%m-%dT%H:%M:%SZ");
        let school = &self.school;
        let state = match (&self.failed, report) {
            (Some(why), _) => format!("failed: {why}"),
            (None, Some(report)) if !report.files.is_empty() => {
                ingesting::summary(report).trim_end().to_owned()
            }
            (None, _) => "nothing new.".to_owned(),
        };
        let waits = self.unretained.as_ref().map(|(_, why)| format!(" Retention waits: {why}"));
        format!("{time} {school}: {state} {} waiting.{}", self.waiting, waits.unwrap_or_default())
    }
}

pub(crate) fn run(context: &Context, arguments: &WatchArguments) -> anyhow::Result<Ended> {
    let stop = Stop::on_signal()?;
    let mut health: Vec<Health> = Vec::new();
    let mut ended = Ended::Well;
    context.printer.say(&format!("watching; a look every {} s, end with Ctrl-C or SIGTERM", arguments.every));
    // A mistake that is there at the start ends the service; later ones are said and tried again.
    Config::load(&context.dir)?;
    loop {
        let round = round(context, arguments, &stop, &mut health).unwrap_or_else(|error| {
            context.printer.error(&error);
            Ended::NeedsALook
        });
        if round == Ended::NeedsALook {
            ended = Ended::NeedsALook;
        }
        if arguments.once || stop.is_set() {
            break;
        }
        stop.wait(arguments.every);
        if stop.is_set() {
            break;
        }
    }
    context.printer.say("stopped; nothing is half done");
    Ok(ended)
}

/// One look at every school's inbox.
fn round(
    context: &Context,
    arguments: &WatchArguments,
    stop: &Stop,
    health: &mut Vec<Health>,
) -> anyhow::Result<Ended> {
    let mut ended = Ended::Well;
    // Read anew each time: a school that is added is seen, and so is a changed setting.
    let config = Config::load(&context.dir)?;
    let named = context.named_school();
    for school in config.schools.iter().filter(|school| named.is_none_or(|name| school.id.as_str() == name)) {
        if stop.is_set() {
            break;
        }
        let index = health.iter().position(|known| known.school == school.id.as_str()).unwrap_or_else(|| {
            health.push(Health { school: school.id.to_string(), ..Health::default() });
            health.len() - 1
        });
        if look(context, school, stop, &mut health[index]) == Ended::NeedsALook {
            ended = Ended::NeedsALook;
        }
        if let Some(setting) = &config.mail
            && !mailed(context, setting, school, &mut health[index])
        {
            ended = Ended::NeedsALook;
        }
    }
    if let Some(file) = &arguments.metrics {
        write_metrics(file, health)?;
    }
    Ok(ended)
}

/// One look at one school's inbox. A failure is said, counted and tried again at the next look.
fn look(context: &Context, school: &SchoolConfig, stop: &Stop, health: &mut Health) -> Ended {
    let root = SchoolRoot::of(&context.dir, school);
    let ingest = Ingest { dir: &context.dir, school, keep: false };
    let now = jiff::Timestamp::now();
    let report = ingest.run(&[], stop);
    let settle = Duration::from_secs(u64::from(school.settle_seconds));
    health.waiting = inbox::unsettled(&root, settle).unwrap_or(0);
    let ended = match &report {
        Ok(report) => {
            health.count(report);
            health.succeeded_s = now.as_second();
            health.failed = None;
            if report.needs_a_look() { Ended::NeedsALook } else { Ended::Well }
        }
        Err(error) => {
            health.failed = Some(error.to_string());
            Ended::NeedsALook
        }
    };
    context.printer.out(&health.line(now, report.as_ref().ok()));
    let ended = match &report {
        Ok(report) if look_at_feeds(context, school, report, now, health) => Ended::NeedsALook,
        _ => ended,
    };
    let ended =
        if report.is_ok() && !retained(context, school, now, health) { Ended::NeedsALook } else { ended };
    if let Ok(report) = &report {
        for file in &report.files {
            if let Outcome::Refused(reason) = &file.outcome {
                context
                    .printer
                    .out(&format!("{} file {} was refused: {reason}", health.school, file.argument));
            }
        }
    }
    ended
}

/// Mails the head of the access audit where it is due: what a command could not send. Whether nothing is left.
fn mailed(context: &Context, setting: &MailSetting, school: &SchoolConfig, health: &mut Health) -> bool {
    let now = jiff::Timestamp::now().as_second();
    if now - health.unmailed_s < MAIL_AGAIN_SECONDS {
        return true;
    }
    match mailing::due(context, setting, school) {
        Ok(true) => {
            context.printer.out(&format!("{} the head of the access audit was mailed", health.school));
            true
        }
        Ok(false) => true,
        Err(error) => {
            health.unmailed_s = now;
            context.printer.out(&mailing::not_mailed(school, &error));
            false
        }
    }
}

/// Runs retention once on each local day, if the school wants it so: after the service began, then after
/// midnight. Whether it went well, or was not due. A failure is tried again at the next look, or after an hour where
/// somebody has to do something first: a plan reads all tables.
fn retained(context: &Context, school: &SchoolConfig, now: jiff::Timestamp, health: &mut Health) -> bool {
    if !school.retention.nightly {
        health.unretained = None;
        return true;
    }
    if health.unretained.as_ref().is_some_and(|(since, _)| now.as_second() - since < RETAIN_AGAIN_SECONDS) {
        return false;
    }
    let today = jiff::tz::TimeZone::get(&school.zone).map(|zone| now.to_zoned(zone).date());
    if today.as_ref().is_ok_and(|today| health.retained_on == Some(*today)) {
        return true;
    }
    match (Retain { dir: &context.dir, school, today: None, days: None }).run(&()) {
        Ok(report) => {
            health.retained_on = today.ok();
            health.unretained = None;
            health.rows_retired += report.totals().0;
            context.printer.out(&format!("{} retention: {}", health.school, retain::summary(&report, false)));
            true
        }
        Err(error) => {
            if error.kind() == ingest::Kind::Configuration {
                health.unretained = Some((now.as_second(), error.to_string()));
            } else {
                health.failed = Some(error.to_string());
            }
            context.printer.out(&format!("{} retention failed: {error}", health.school));
            false
        }
    }
}

/// Says what is new about the feeds: after files came, else once an hour, because what does not come
/// is found by the clock. Whether there was anything, or the look failed.
fn look_at_feeds(
    context: &Context,
    school: &SchoolConfig,
    report: &IngestReport,
    now: jiff::Timestamp,
    health: &mut Health,
) -> bool {
    let hour = now.as_second() / 3600;
    if report.files.is_empty() && health.feeds_hour == hour {
        return false;
    }
    health.feeds_hour = hour;
    let root = SchoolRoot::of(&context.dir, school);
    let by_hand = match investigations::used(&context.dir, &root, &school.id) {
        Ok(None) => false,
        Ok(Some(said)) => {
            context.printer.out(&format!("{} {said}", health.school));
            true
        }
        Err(error) => {
            context
                .printer
                .out(&format!("{} investigations.csv cannot be looked at: {error}", health.school));
            true
        }
    };
    by_hand
        | match feeds::after_run(&context.dir, &school.id) {
            Ok(standing) => {
                health.findings = standing.all;
                for finding in &standing.new {
                    context.printer.out(&format!("{} new finding: {}", health.school, finding.line()));
                }
                !standing.new.is_empty()
            }
            Err(error) => {
                context.printer.out(&format!("{} feeds cannot be looked at: {error:#}", health.school));
                true
            }
        }
}

/// The text file is replaced whole, so that nobody reads half of it.
fn write_metrics(file: &Path, health: &[Health]) -> anyhow::Result<()> {
    let cannot = || format!("{}: cannot be written", file.display());
    let part = file.with_extension("part");
    std::fs::write(&part, metrics(health)).with_context(cannot)?;
    std::fs::rename(&part, file).with_context(cannot)
}

fn metrics(health: &[Health]) -> String {
    let mut text = String::new();
    let mut family =
        |name: &str, kind: &str, help: &str, samples: &dyn Fn(&Health) -> Vec<(String, String)>| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# HELP watershed_{name} {help}\n# TYPE watershed_{name} {kind}");
            for school in health {
                for (labels, value) in samples(school) {
                    let _ =
                        writeln!(text, "watershed_{name}{{school=\"{}\"{labels}}} {value}", school.school);
                }
            }
        };
    let one = |value: &dyn std::fmt::Display| vec![(String::new(), value.to_string())];
    family("files_total", "counter", "Files taken from the inbox since the service began.", &|school| {
        OUTCOMES
            .iter()
            .zip(school.files)
            .map(|(outcome, count)| (format!(",outcome=\"{outcome}\""), count.to_string()))
            .collect()
    });
    family("records_total", "counter", "Records of committed files.", &|school| one(&school.records));
    family("events_total", "counter", "Records that became rows of the lake.", &|school| one(&school.events));
    family("rejects_total", "counter", "Records that could not be read.", &|school| one(&school.rejects));
    family("rows_retired_total", "counter", "Rows that retention dropped.", &|school| {
        one(&school.rows_retired)
    });
    family("waiting_files", "gauge", "Files of the inbox that are still changing.", &|school| {
        one(&school.waiting)
    });
    family("feed_findings", "gauge", "Findings about the feeds in the last 14 school days.", &|school| {
        one(&school.findings)
    });
    family("last_success_timestamp_seconds", "gauge", "Last look that ended well.", &|school| {
        one(&school.succeeded_s)
    });
    family("healthy", "gauge", "1 if the last look ended well and retention waits for nobody.", &|school| {
        one(&u8::from(school.failed.is_none() && school.unretained.is_none()))
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_school_has_a_sample_in_every_family() {
        let school = |name: &str| Health { school: name.to_owned(), files: [3, 1, 2], ..Health::default() };
        let mut failed = school("oakhill");
        failed.failed = Some("the share is gone".to_owned());
        let text = metrics(&[school("northfield"), failed]);
        assert!(text.contains("# TYPE watershed_files_total counter\n"));
        assert!(text.contains("watershed_files_total{school=\"northfield\",outcome=\"refused\"} 2\n"));
        assert!(text.contains("watershed_healthy{school=\"northfield\"} 1\n"));
        assert!(text.contains("watershed_healthy{school=\"oakhill\"} 0\n"));
        let families = text.lines().filter(|line| line.starts_with("# TYPE")).count();
        assert_eq!(text.lines().filter(|line| line.contains("oakhill")).count(), families + 2);
        assert!(!text.contains("share"), "no error text in the metrics");
    }
}
