//! `watershed retain hold`: what the clocks leave alone, and for how long.

use clap::Subcommand;
use ingest::pipeline::WriterLock;
use ingest::school::AcademicYear;
use ingest::state::{Hold, NewHold, State};
use jiff::civil::Date;

use super::ingesting::Shown;
use super::keys::KeyArguments;
use super::{Context, Ended, Format, OpenedSchool, wait};

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
        /// Only this person's rows, by the pseudonym of the days' academic year: 16 hex digits. Over two years,
        /// make a hold for each.
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
    /// DSL only: drop from sealed files past their clock what is not the held persons' and cannot be. After a
    /// `retain` run, which closes the days. What stands under shared log-ins and machines is not kept by a hold on
    /// a person and goes: hold the log-in's own pseudonym, or the days.
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

pub(super) fn today(school: &OpenedSchool) -> anyhow::Result<Date> {
    Ok(jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::get(&school.config.zone)?).date())
}

pub(super) fn hold(context: &Context, school: &OpenedSchool, command: HoldCommand) -> anyhow::Result<Ended> {
    match command {
        HoldCommand::List => return list(context, school),
        HoldCommand::Thin { reason, key, dry_run } => return thin(context, school, &reason, &key, dry_run),
        _ => {}
    }
    if let HoldCommand::Add { from, to, person: Some(person), .. } = &command {
        let years = wait(query::unlock::years_of_pseudonym(&context.dir, &school.id, pseudonym(person)?))??;
        let year = AcademicYear::of(*from);
        // Over two years no pseudonym is the person's, which making the hold says.
        anyhow::ensure!(
            years.contains(&year) || AcademicYear::of(*to) != year,
            "nothing of {year} that was taken in has this pseudonym, so the hold would keep nothing; copy all 16 hex digits as `attention` prints them for that year (`subject-access` lists a person's pseudonyms of all years)"
        );
    }
    // A run of `retain` that has read the holds already would not know of a new one.
    let _lock = WriterLock::take(&school.root)?;
    let mut state = State::open(&school.root)?;
    match command {
        HoldCommand::Add { from, to, person, reason, owner, review } => {
            let person = person.as_deref().map(pseudonym).transpose()?;
            let hold = NewHold { from, to, person, reason: &reason, owner: &owner, review };
            let number = state.add_hold(&hold, today(school)?)?;
            context.printer.out(&number.to_string());
            if person.is_some() {
                context.printer.say(
                    "What stands under shared log-ins and machines is not kept by it: hold the log-in's own pseudonym, or the days.",
                );
            }
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
            let hold = state.holds()?.into_iter().find(|hold| hold.id == id);
            state.release_hold(id, &reason)?;
            context.printer.say("Released; the next `watershed retain` drops what only this hold kept.");
            if let Some(hold) = hold.filter(|hold| hold.person.is_some()) {
                let mut beside = state.holds()?;
                beside.retain(|other| other.is_active() && other.touches(hold.from, hold.to));
                if beside.iter().any(|other| other.person.is_none()) {
                    context.printer.say(
                        "Another hold keeps days of it for everybody: this person's rows of them stay until that one is released.",
                    );
                }
                if beside.iter().any(|other| other.person.is_some()) {
                    context.printer.say(
                        "Another hold on one person keeps days of it: this person's sealed rows of days that no hold keeps for everybody go by `watershed retain hold thin`.",
                    );
                }
            }
        }
        HoldCommand::List | HoldCommand::Thin { .. } => {}
    }
    Ok(Ended::Well)
}

fn pseudonym(text: &str) -> anyhow::Result<i64> {
    ingest::pseudonymise::parse(text)
        .ok_or_else(|| anyhow::anyhow!("a pseudonym is 16 hex digits, as `attention` prints it"))
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
            "rows_that_may_be_somebody_elses": report.unclear, "files_waiting": report.waiting,
            "audit_head": thinned.audit_head});
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
    if report.waiting > 0 {
        context.printer.say(&format!(
            "{} sealed files past their clock stay whole until `watershed retain` has closed their days, or was told that what would go is right: run it first.",
            report.waiting
        ));
    }
    Ok(if report.unclear > 0 || report.waiting > 0 { Ended::NeedsALook } else { Ended::Well })
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
