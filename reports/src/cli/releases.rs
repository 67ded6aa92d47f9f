//! `watershed publish` and `watershed releases`: sealed sets and their ledger.

use clap::{Args, Subcommand};
use ingest::school::Config;
use query::disclosure::ledger::{Entry, Ledger, TrustSums, trust_sums, trust_sums_for_parents};
use query::disclosure::policy::AudienceWord;
use query::disclosure::publish::publish as seal;
use query::disclosure::sealed::{SealedSet, WHOLE_SCHOOL};

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
    /// Check every entry's digest and the chain.
    Verify,
    /// Sum the approved governors' sets of all schools here, three at least.
    Trust {
        /// A term such as 2025-autumn.
        #[arg(long)]
        period: String,
        /// `governors`, or `parents`: then no school is named.
        #[arg(long, default_value = "governors")]
        audience: String,
    },
}

pub(crate) fn publish(context: &Context, arguments: &PublishArguments) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let audience = AudienceWord::parse(&arguments.audience)?;
    let today = today(&school)?;
    let approver = arguments.approver.as_deref();
    let published = wait(seal(&context.dir, &school.id, audience, &arguments.period, approver, today))??;
    // The audit begins at the latest here: from now on papers are made that have its head.
    let audit = query::audit::AccessAudit::open(&context.dir, &school.id)?.statement_for_paper();
    let ended = match audit {
        Ok(_) => Ended::Well,
        Err(error) => {
            context.printer.say(&format!("Sealed all the same: {error}"));
            Ended::NeedsALook
        }
    };
    if context.format == Format::Json {
        context.printer.out(
            &serde_json::json!({
                "schema": "watershed.published/1",
                "id": published.id,
                "audience": published.audience,
                "period": published.period,
                "sealed_now": published.sealed_now,
                "approved_by": published.approver,
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
    match &published.approver {
        Some(role) => context.printer.say(&format!("Approved by {role}.")),
        None => context.printer.say(&format!(
            "Nobody but staff sees it yet: `watershed releases approve {} --role ROLE` records who approves it.",
            published.id
        )),
    }
    Ok(ended)
}

/// The school's local day.
fn today(school: &OpenedSchool) -> anyhow::Result<jiff::civil::Date> {
    Ok(jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::get(&school.config.zone)?).date())
}

pub(crate) fn run(context: &Context, command: ReleasesCommand) -> anyhow::Result<Ended> {
    if let ReleasesCommand::Trust { period, audience } = &command {
        return trust(context, period, AudienceWord::parse(audience)?);
    }
    let school = context.school()?;
    let mut ledger = Ledger::open(&context.dir, &school.id)?;
    match command {
        ReleasesCommand::List => list(context, &school, &ledger.list()?),
        ReleasesCommand::Show { id } => {
            if context.format == Format::Json {
                context.printer.out(ledger.staff_json(&id)?.value());
            } else {
                context.printer.out(&as_text(context, ledger.staff(&id)?.value()));
            }
        }
        ReleasesCommand::Approve { id, role } => {
            let approval = ledger.approve(&id, &role, today(&school)?)?;
            context
                .printer
                .out(&format!("{id}: approved by {} on {}", approval.approver, approval.approved_on));
        }
        ReleasesCommand::Withdraw { id, role, statement } => {
            ledger.withdraw(&id, &statement, &role, today(&school)?)?;
            context.printer.out(&format!(
                "{id}: withdrawn; the parents' set made from it went with it, if there was one"
            ));
        }
        ReleasesCommand::Audit => return audit(context, &ledger),
        ReleasesCommand::Verify => {
            if !ledger.verify()?.is_sound() {
                anyhow::bail!("the ledger does not verify; restore the school's state file from a back-up");
            }
            context.printer.out("Every entry is as it was sealed, and the chain is whole.");
        }
        ReleasesCommand::Trust { .. } => {}
    }
    Ok(Ended::Well)
}

fn list(context: &Context, school: &OpenedSchool, entries: &[Entry]) {
    if context.format == Format::Json {
        let entries: Vec<_> = entries
            .iter()
            .map(|entry| {
                serde_json::json!({
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
        return;
    }
    let standing = |entry: &Entry| match (&entry.withdrawn, &entry.approved) {
        (Some(gone), _) => format!("withdrawn on {}", gone.withdrawn_on),
        (None, Some(approval)) => format!("approved by {} on {}", approval.approver, approval.approved_on),
        (None, None) => "waits for approval".to_owned(),
    };
    let rows = entries
        .iter()
        .map(|entry| {
            let (id, audience, period) = (entry.id.clone(), entry.audience.clone(), entry.period.clone());
            vec![id, audience, period, entry.sealed_on.clone(), standing(entry)]
        })
        .collect();
    context.printer.out(&context.printer.grid(&["id", "audience", "period", "sealed on", "standing"], rows));
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
                context.printer.out(&format!("  {}, {}: {}", cell.group, cell.row, cell.fault));
            }
        }
    }
    if !sound {
        context.printer.say("Tell the DSL and the DPO; `watershed releases withdraw` takes a set back.");
        return Ok(Ended::NeedsALook);
    }
    Ok(Ended::Well)
}

/// Sealed governors' sets only; no lake is opened.
fn trust(context: &Context, period: &str, audience: AudienceWord) -> anyhow::Result<Ended> {
    let mut ledgers = Vec::new();
    for school in Config::load(&context.dir)?.schools {
        ledgers.push(Ledger::open(&context.dir, &school.id)?);
    }
    match audience {
        AudienceWord::Governors => print_sums(context, trust_sums(&ledgers, period)?.value())?,
        AudienceWord::Parents => print_sums(context, trust_sums_for_parents(&ledgers, period)?.value())?,
    }
    Ok(Ended::Well)
}

fn print_sums(context: &Context, sums: &TrustSums) -> anyhow::Result<()> {
    if context.format == Format::Json {
        context.printer.out(&serde_json::to_string(sums)?);
        return Ok(());
    }
    let range = |row: &query::disclosure::ledger::TrustRow| {
        row.range.map_or_else(|| "Not available this term".to_owned(), |(from, to)| format!("{from}-{to}"))
    };
    let rows = sums
        .rows
        .iter()
        .map(|row| vec![row.heading.clone(), row.row.clone(), row.schools.to_string(), range(row)])
        .collect();
    context.printer.out(&format!("{}: {} schools, {} pupils on roll", sums.period, sums.schools, sums.roll));
    context.printer.out(&context.printer.grid(&["heading", "row", "schools", "pupils"], rows));
    for release in &sums.releases {
        context.printer.out(&format!("from {release}"));
    }
    for statement in &sums.statements {
        context.printer.out(&format!("- {statement}"));
    }
    Ok(())
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
