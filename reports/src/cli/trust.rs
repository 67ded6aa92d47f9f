//! `watershed releases trust` and `compare`: several schools, from sealed sets alone.

use query::disclosure::ledger::{TrustLedger, TrustSums, compare};
use query::disclosure::policy::AudienceWord;
use query::disclosure::publish::trust_schools;
use query::disclosure::shape::Period;

use super::{Context, Ended, Format};

/// Sealed governors' sets only; no lake is opened.
pub(super) fn trust(
    context: &Context,
    period: Period,
    role: Option<&str>,
    audience: AudienceWord,
) -> anyhow::Result<Ended> {
    let schools = trust_schools(&context.dir, period)?;
    // Looking makes no file.
    let ledger = match role {
        Some(role) => {
            let mut ledger = TrustLedger::open(&context.dir)?;
            ledger.seal(&schools, period, role, jiff::Zoned::now().date())?;
            Some(ledger)
        }
        None => TrustLedger::existing(&context.dir)?,
    };
    let none_yet = || {
        anyhow::anyhow!(
            "no sum was made for {period} yet: `--role ROLE` makes and approves it, once and for good, as soon as every \
             school's governors' set is approved"
        )
    };
    let ledger = ledger.ok_or_else(none_yet)?;
    let printed = match audience {
        AudienceWord::Governors => {
            ledger.sums(&schools, period)?.map(|sums| print_sums(context, sums.value()))
        }
        AudienceWord::Parents => {
            ledger.sums_for_parents(&schools, period)?.map(|sums| print_sums(context, sums.value()))
        }
    };
    printed.ok_or_else(none_yet)??;
    Ok(Ended::Well)
}

pub(super) fn side_by_side(context: &Context, period: Period) -> anyhow::Result<Ended> {
    let compared = compare(&trust_schools(&context.dir, period)?, period)?;
    let compared = compared.value();
    if context.format == Format::Json {
        context.printer.out(&serde_json::to_string(compared)?);
        return Ok(Ended::Well);
    }
    let rows = compared.rows.iter().map(|row| {
        vec![
            row.row.clone(),
            row.school.clone(),
            row.roll.to_string(),
            row.shown.clone(),
            row.per_hundred.clone().unwrap_or_default(),
            row.against_others.unwrap_or_default().to_owned(),
        ]
    });
    let headings = ["row", "school", "roll", "pupils", "in every 100", "against the others"];
    context.printer.out(&context.printer.grid(&headings, rows.collect()));
    for statement in &compared.statements {
        context.printer.out(&format!("- {statement}"));
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
        .map(|row| {
            let schools = row.schools.map(|schools| schools.to_string()).unwrap_or_default();
            vec![row.heading.clone(), row.row.clone(), schools, range(row)]
        })
        .collect();
    context.printer.out(&format!(
        "{}, sealed on {}, approved by {}, ledger id {}",
        sums.period, sums.sealed_on, sums.approver, sums.id
    ));
    if let (Some(schools), Some(roll)) = (sums.schools, sums.roll) {
        context.printer.out(&format!("{schools} schools, {roll} pupils on roll"));
    }
    context.printer.out(&context.printer.grid(&["heading", "row", "schools", "pupils"], rows));
    for release in &sums.releases {
        context.printer.out(&format!("from {release}"));
    }
    for statement in &sums.statements {
        context.printer.out(&format!("- {statement}"));
    }
    Ok(())
}
