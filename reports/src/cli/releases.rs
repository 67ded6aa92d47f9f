//! `watershed publish` and `watershed releases`: sealed sets and their ledger.

use std::path::Path;

use clap::{Args, Subcommand};
use ingest::school::SchoolId;
use query::audit::{Access, AccessAudit, What};
use query::disclosure::ledger::{Entry, Ledger, TrustLedger};
use query::disclosure::policy::AudienceWord;
use query::disclosure::publish::publish as seal;
use query::disclosure::sealed::{SealedSet, WHOLE_SCHOOL};
use query::disclosure::shape::Period;

use super::trust::{side_by_side, trust};
use super::{Context, Ended, Format, OpenedSchool, wait};

#[derive(Debug, Args)]
pub(crate) struct PublishArguments {
    /// `governors`, or `parents` once the governors' set stands.
    #[arg(long)]
    pub(crate) audience: String,
    /// A term such as 2025-autumn, or for a roll under 150 a year such as 2025-26.
    #[arg(long)]
    pub(crate) period: String,
    /// Role that approves the release for its audience; without it the set waits for
    /// `releases approve`.
    #[arg(long)]
    pub(crate) approver: Option<String>,
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
    /// Record that a role approves a set; until then its audience does not see it.
    Approve {
        /// Ledger id.
        id: String,
        /// Role, not a person: `headteacher`.
        #[arg(long)]
        role: String,
    },
    /// Withdraw a set whole, for good, with a statement for its readers.
    Withdraw {
        /// Ledger id.
        id: String,
        /// Role that withdraws it.
        #[arg(long)]
        role: String,
        /// What readers are told: one line, in words, without figures.
        #[arg(long)]
        statement: String,
    },
    /// Try again whether anything can be worked out from all sets together.
    Audit,
    /// Check every entry's digest and the chain, also from a head that was noted elsewhere.
    Verify {
        /// An earlier head, from `releases verify` or from the access audit: the chain must go on from it.
        #[arg(long)]
        head: Option<String>,
    },
    /// The schools here beside each other, three at least, from approved governors' sets alone.
    Compare {
        /// A term such as 2025-autumn.
        #[arg(long)]
        period: String,
    },
    /// The sum of the approved governors' sets of all schools here, three at least; sealed once per period.
    Trust {
        /// A term such as 2025-autumn.
        #[arg(long)]
        period: String,
        /// Role that approves the sum, when it is made: `chief executive`.
        #[arg(long)]
        role: Option<String>,
        /// `governors`, or `parents`: then no school is named.
        #[arg(long, default_value = "governors")]
        audience: String,
    },
}

pub(crate) fn publish(context: &Context, arguments: &PublishArguments) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let audience = AudienceWord::parse(&arguments.audience)?;
    let today = today(&school)?;
    AccessAudit::note_missed_releases(&context.dir, &school.id)?;
    let approver = arguments.approver.as_deref();
    let published = wait(seal(&context.dir, &school.id, audience, &arguments.period, approver, today))??;
    let held_back = published.fallback_level;
    let mut ended = Ended::Well;
    if published.sealed_now || published.approver.is_some() {
        let said = match (published.sealed_now, &published.approver) {
            (false, _) => format!("{}: approved", published.id),
            (true, None) => {
                format!("{}: sealed; the gate held back {}", published.id, held_back_words(held_back))
            }
            (true, Some(_)) => {
                format!(
                    "{}: sealed and approved; the gate held back {}",
                    published.id,
                    held_back_words(held_back)
                )
            }
        };
        if let Err(error) = noted(&context.dir, &school.id, approver, &said) {
            context.printer.say(&format!("Sealed all the same: {error}"));
            ended = Ended::NeedsALook;
        }
    }
    if held_back > 0 {
        ended = Ended::NeedsALook;
    }
    if context.format == Format::Json {
        context.printer.out(
            &serde_json::json!({
                "schema": "watershed.published/1",
                "id": published.id,
                "audience": published.audience,
                "period": published.period,
                "sealed_now": published.sealed_now,
                "approved_by": published.approver,
                "held_back": held_back,
            })
            .to_string(),
        );
        return Ok(ended);
    }
    context.printer.out(&published.id);
    context.printer.say(if published.sealed_now {
        "Sealed. It will be shown as it is from now on; `watershed releases show` prints it."
    } else {
        "It was sealed before and has not changed."
    });
    if held_back > 0 {
        context.printer.say(&format!(
            "For the DSL and the data protection officer, and for no reader: the gate held back {}, because a hidden \
             figure could have been worked out.",
            held_back_words(held_back)
        ));
    }
    match &published.approver {
        Some(role) => context.printer.say(&format!("Approved by {role}.")),
        None => context.printer.say(&format!(
            "Nobody but staff sees it yet: `watershed releases approve {} --role ROLE` records who approves it.",
            published.id
        )),
    }
    Ok(ended)
}

/// What the gate held back, in words.
const fn held_back_words(level: u8) -> &'static str {
    match level {
        0 => "nothing",
        1 => "the breakdowns (T2 and T3)",
        2 => "the breakdowns and the headline (T2, T3 and T0)",
        _ => "every table",
    }
}

/// Enters into the access audit what was done with a set, with the head of the ledger after it: the audit's own
/// head goes to the DSL by mail and stands on papers, so a ledger that was written anew is noticed too.
pub(super) fn noted(dir: &Path, school: &SchoolId, role: Option<&str>, said: &str) -> anyhow::Result<()> {
    let head = Ledger::open(dir, school)?.verify()?.head;
    let mut audit = AccessAudit::open(dir, school)?;
    let who = role.unwrap_or("watershed");
    audit.record(&Access { who, what: What::Release, reason: said, target: &head, rows: 0 })?;
    Ok(())
}

/// The same after a decision that stands whatever comes of it: the next entry has the ledger's head again.
fn noted_or_said(context: &Context, school: &OpenedSchool, role: &str, said: &str) -> Ended {
    match noted(&context.dir, &school.id, Some(role), said) {
        Ok(()) => Ended::Well,
        Err(error) => {
            context.printer.say(&format!("It stands all the same, but is not in the access audit: {error}"));
            Ended::NeedsALook
        }
    }
}

/// The school's local day.
fn today(school: &OpenedSchool) -> anyhow::Result<jiff::civil::Date> {
    Ok(jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::get(&school.config.zone)?).date())
}

pub(crate) fn run(context: &Context, command: ReleasesCommand) -> anyhow::Result<Ended> {
    if let ReleasesCommand::Trust { period, role, audience } = &command {
        return trust(context, Period::parse(period)?, role.as_deref(), AudienceWord::parse(audience)?);
    }
    if let ReleasesCommand::Compare { period } = &command {
        return side_by_side(context, Period::parse(period)?);
    }
    let school = context.school()?;
    let mut ledger = Ledger::open(&context.dir, &school.id)?;
    let missed = AccessAudit::note_missed_releases(&context.dir, &school.id)?;
    if missed > 0 {
        context.printer.say(&format!(
            "{missed} entries of the ledger were not in the access audit (a run was killed in between); they are now, as found afterwards."
        ));
    }
    match command {
        ReleasesCommand::List => return list(context, &school, &ledger),
        ReleasesCommand::Show { id } => {
            if context.format == Format::Json {
                context.printer.out(ledger.staff_json(&id)?.value());
                if let Some(gone) = ledger.withdrawal(&id)? {
                    context
                        .printer
                        .say(&format!("{id} was withdrawn on {}: {}", gone.withdrawn_on, gone.statement));
                }
            } else {
                context.printer.out(&as_text(context, ledger.staff(&id)?.value()));
            }
        }
        ReleasesCommand::Approve { id, role } => {
            let approval = ledger.approve(&id, &role, today(&school)?)?;
            context
                .printer
                .out(&format!("{id}: approved by {} on {}", approval.approver, approval.approved_on));
            return Ok(noted_or_said(context, &school, &role, &format!("{id}: approved")));
        }
        ReleasesCommand::Withdraw { id, role, statement } => {
            ledger.withdraw(&id, &statement, &role, today(&school)?)?;
            context.printer.out(&format!(
                "{id}: withdrawn; the parents' set made from it went with it, if there was one"
            ));
            return Ok(noted_or_said(context, &school, &role, &format!("{id}: withdrawn")));
        }
        ReleasesCommand::Audit => return audit(context, &ledger),
        ReleasesCommand::Verify { head } => {
            // The sums of a trust have a chain of their own, which no school's head vouches for.
            if let Some(trust) = TrustLedger::existing(&context.dir)?
                && !trust.verify()?.is_sound()
            {
                context.printer.say("The ledger of the trust's sums (`trust.db`) does not verify.");
                verify(context, &ledger, head.as_deref())?;
                anyhow::bail!("the ledger of the trust's sums does not verify; compare it with a back-up");
            }
            return verify(context, &ledger, head.as_deref());
        }
        ReleasesCommand::Trust { .. } | ReleasesCommand::Compare { .. } => {}
    }
    Ok(Ended::Well)
}

fn verify(context: &Context, ledger: &Ledger, head: Option<&str>) -> anyhow::Result<Ended> {
    let found = ledger.verify()?;
    let head = head.map(|head| head.trim().to_ascii_lowercase());
    let contained =
        head.as_ref().is_none_or(|head| found.entries.iter().any(|entry| entry.entry_hash == *head));
    let sound = found.is_sound() && contained;
    if context.format == Format::Json {
        let object = serde_json::json!({
            "schema": "watershed.releases-verified/1", "sound": sound, "contains_head": contained,
            "head": found.head, "missing_entries": found.missing_entries, "entries": found.entries,
        });
        context.printer.out(&object.to_string());
    } else {
        for entry in &found.entries {
            for fault in &entry.faults {
                context
                    .printer
                    .out(&format!("entry {} ({}, {}): {fault}", entry.sequence, entry.id, entry.kind));
            }
        }
        if found.missing_entries > 0 {
            context.printer.out(&format!("{} entries at the end are missing", found.missing_entries));
        }
        if !contained {
            context
                .printer
                .out("the head that was given is not in the chain: entries were cut off or written anew");
        }
        if sound {
            context.printer.out(&format!(
                "All {} entries are as they were sealed, and the chain is whole. Its head, to be noted elsewhere:",
                found.entries.len()
            ));
            context.printer.out(&found.head);
        }
    }
    if sound {
        return Ok(Ended::Well);
    }
    context.printer.say(
        "Tell the data protection officer. A back-up of the state file shows what stood there; entries made after it \
         would be lost by restoring it, so compare first.",
    );
    anyhow::bail!("the release ledger does not verify")
}

fn list(context: &Context, school: &OpenedSchool, ledger: &Ledger) -> anyhow::Result<Ended> {
    let entries = ledger.list()?;
    let held_back = |entry: &Entry| ledger.held_back(&entry.id).map(|level| *level.value());
    let levels = entries.iter().map(held_back).collect::<Result<Vec<u8>, _>>()?;
    if context.format == Format::Json {
        let entries: Vec<_> = entries
            .iter()
            .zip(&levels)
            .map(|(entry, held_back)| {
                serde_json::json!({
                    "held_back": held_back,
                    "id": entry.id,
                    "audience": entry.audience,
                    "period": entry.period,
                    "sealed_on": entry.sealed_on,
                    "approved_on": entry.approved.as_ref().map(|approval| &approval.approved_on),
                    "approver": entry.approved.as_ref().map(|approval| &approval.approver),
                    "withdrawn_on": entry.withdrawn.as_ref().map(|gone| &gone.withdrawn_on),
                    "statement": entry.withdrawn.as_ref().map(|gone| &gone.statement),
                })
            })
            .collect();
        let object = serde_json::json!({"schema": "watershed.releases/1", "school": school.id.as_str(), "releases": entries});
        context.printer.out(&object.to_string());
        return Ok(Ended::Well);
    }
    let standing = |entry: &Entry| match (&entry.withdrawn, &entry.approved) {
        (Some(gone), _) => format!("withdrawn on {}", gone.withdrawn_on),
        (None, Some(approval)) => format!("approved by {} on {}", approval.approver, approval.approved_on),
        (None, None) => "waits for approval".to_owned(),
    };
    let rows = entries
        .iter()
        .zip(&levels)
        .map(|(entry, level)| {
            let (id, audience, period) = (entry.id.clone(), entry.audience.clone(), entry.period.clone());
            let held_back = held_back_words(*level).to_owned();
            vec![id, audience, period, entry.sealed_on.clone(), standing(entry), held_back]
        })
        .collect();
    let headings = ["id", "audience", "period", "sealed on", "standing", "gate held back"];
    context.printer.out(&context.printer.grid(&headings, rows));
    Ok(Ended::Well)
}

fn audit(context: &Context, ledger: &Ledger) -> anyhow::Result<Ended> {
    let audited = ledger.audit()?;
    let sound = audited.iter().all(query::disclosure::ledger::AuditedPeriod::is_sound);
    if context.format == Format::Json {
        let object =
            serde_json::json!({"schema": "watershed.releases-audit/1", "sound": sound, "periods": audited});
        context.printer.out(&object.to_string());
    } else {
        for period in &audited {
            context.printer.out(&format!(
                "{}: {} sets, {} small cells, {}",
                period.period,
                period.sets.len(),
                period.cells,
                if period.is_sound() { "none can be worked out" } else { "NOT SAFE" }
            ));
            for fault in &period.faults {
                context.printer.out(&format!("  {fault}"));
            }
            for cell in &period.disclosed {
                let whom = if cell.outside { " (pupils outside it)" } else { "" };
                context.printer.out(&format!("  {}, {}{whom}: {}", cell.group, cell.row, cell.fault));
            }
        }
    }
    if !sound {
        context.printer.say("Tell the DSL and the DPO; `watershed releases withdraw` takes a set back.");
        return Ok(Ended::NeedsALook);
    }
    Ok(Ended::Well)
}

fn as_text(context: &Context, set: &SealedSet) -> String {
    let mut text = format!(
        "{}, {} ({} to {}), for {}\nSealed on {}, {}, ledger id {}\n",
        set.school_name,
        set.period,
        set.period_from,
        set.period_to,
        set.audience,
        set.sealed_on,
        if set.approver.is_empty() {
            "not approved yet".to_owned()
        } else {
            format!("approved by {}", set.approver)
        },
        set.id
    );
    for table in &set.tables {
        text.push_str(&format!("\n{}\n", table.title));
        let rows = table
            .rows
            .iter()
            .map(|row| {
                let group = set.groups.iter().find(|group| group.id == row.group);
                let whole = row.group == WHOLE_SCHOOL;
                vec![
                    row.heading.clone(),
                    row.row.clone(),
                    if whole {
                        String::new()
                    } else {
                        group.map(|group| group.name.clone()).unwrap_or_default()
                    },
                    row.shown.words(),
                    row.per_hundred.clone().unwrap_or_default(),
                    row.change.clone().unwrap_or_default(),
                ]
            })
            .collect();
        text.push_str(
            &context.printer.grid(
                &["heading", "row", "group", "pupils", "in every 100", "against the period before"],
                rows,
            ),
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
