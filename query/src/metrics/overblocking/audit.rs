//! The audited share (OB1): what reviewers said of a random sample of the blocked attempts.

use super::super::{Place, Unseen};
use super::share::WHOLE_SCHOOL;
use super::NOT_MEASURABLE;
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, ends, evidence, evidence_of_people, measure};
use crate::plan::Reader;
use crate::review::{AuditedShare, By, LEAST_ATTEMPTS, LEAST_PUPILS, Labelled, Reviews};
use crate::service::Ask;
use crate::wording;

/// How the interval is made.
pub(super) const INTERVAL: &str = "95 %, exact binomial with the effective size of the design (strata, known \
    probabilities, pupils as clusters); from the lower end if all that nobody could tell was right to the upper end if \
    it was wrong; population: the blocked attempts of the sample's days";

/// The newest sample within the window, if there is one.
pub(super) fn newest(reader: &Reader<'_>, place: &Place<'_>) -> Result<Option<Labelled>, Error> {
    if !place.root.state().exists() {
        return Ok(None);
    }
    Reviews::of(place.root)?.within(reader.window.from, reader.window.to)
}

/// The figure that answers the question: of all attempts, or of the group that was asked about where the sample has
/// 20 of it. A sample says nothing of a theme alone.
pub(super) fn figure<'k>(known: Option<&'k Labelled>, ask: &Ask) -> Option<&'k AuditedShare> {
    let known = known?;
    match (&ask.group, &ask.theme) {
        (_, Some(_)) => None,
        (Some(group), None) if known.design.by == By::Group => {
            known.shares.iter().find(|share| share.part == *group)
        }
        (Some(_), None) => None,
        (None, None) => known.shares.first(),
    }
}

/// What is known in a sentence.
pub(super) fn sentence(known: Option<&Labelled>, ask: &Ask) -> String {
    let Some(known) = known else {
        return "No sample of blocked attempts of these days was drawn (`watershed sample draw`).".to_owned();
    };
    let answer = figure(Some(known), ask);
    if answer.is_none() && !known.shares.is_empty() {
        return "The reviewed sample has no figure of this alone.".to_owned();
    }
    let Some(AuditedShare { share: Some(share), interval, reviewed, verdicts, .. }) = answer else {
        return format!("Sample {} waits for its second reviewer (`watershed label`).", known.sample);
    };
    let mut text = format!(
        "By the review of {}, {} of the blocks were wrong ({} to {})",
        wording::counted(*reviewed as i64, "sampled attempt", "sampled attempts"),
        wording::percent(*share),
        wording::percent(interval.lower),
        wording::percent(interval.upper)
    );
    if verdicts.open > 0 {
        text.push_str(&format!("; {} could not be told", verdicts.open));
    }
    text.push('.');
    text
}

/// What to know of the sample.
pub(super) fn sample_notes(known: Option<&Labelled>) -> Vec<String> {
    let Some(known) = known else { return Vec::new() };
    let design = &known.design;
    let mut notes = vec![format!(
        "Sample {}: {} of {} blocked attempts from {} to {}, drawn at random from {} strata with known probabilities; \
         nothing of severity 5 and nothing on an illegal list can be drawn.",
        known.sample,
        design.drawn.len(),
        wording::whole(design.attempts() as i64),
        design.from,
        design.to,
        design.strata.len()
    )];
    if let Some((_, kappa)) = &known.kappa {
        notes.push(format!(
            "Two reviewers agreed on {} of {} attempts; kappa {:.2} ({:.2} to {:.2}), 1 being full agreement and 0 chance.",
            (kappa.agreement * kappa.cases as f64).round(),
            kappa.cases,
            kappa.kappa,
            kappa.interval.lower,
            kappa.interval.upper
        ));
    }
    if let Some(all) = known.shares.first() {
        if all.verdicts.waiting > 0 {
            notes.push(format!(
                "{} of the drawn attempts wait for a second label; the figure takes them to be like the others of their strata.",
                all.verdicts.waiting
            ));
        }
        if all.covered < 1.0 - 1e-9 {
            notes.push(format!(
                "Strata with {} of the attempts have no labelled one yet and are not in the figure.",
                wording::percent(1.0 - all.covered)
            ));
        }
        notes.push(format!(
            "Governors may see it from {LEAST_ATTEMPTS} reviewed attempts by {LEAST_PUPILS} different pupils on: here {} by {}{}.",
            all.reviewed,
            all.pupils,
            if all.carries_a_set() { "" } else { ", which is not enough, or labels are missing" }
        ));
    }
    notes
}

/// The share of all attempts and of each part of which 20 were reviewed.
pub(super) fn audit(reader: &Reader<'_>, place: &Place<'_>, unseen: &Unseen) -> Result<Figures, Error> {
    let known = newest(reader, place)?;
    let unit = "share of blocked attempts";
    let mut columns = vec![
        dimension("part", "Part"),
        measure("attempts", "Attempts", "blocked attempts that the figure speaks for"),
        measure("wrong_share", "Wrong", unit),
    ];
    columns.extend(ends("wrong_share_lower", "wrong_share_upper", unit));
    columns.extend([
        measure("reviewed", "Reviewed", "sampled attempts labelled by two"),
        measure("found_wrong", "Found wrong", "of them of a wrong category, or that should be open to the group"),
        measure("sub_requests", "Page parts", "of them nobody's act, outside of the share"),
        measure("cannot_tell", "Cannot tell", "of them open or not settled: they widen the interval"),
        evidence("distinct_pupils", "Pupils", "different known pupils behind the reviewed attempts"),
    ]);
    columns.extend(evidence_of_people("attempts"));
    let rows = known.iter().flat_map(|known| &known.shares).map(|share| -> Vec<Cell> {
        let part = if share.part.is_empty() { WHOLE_SCHOOL } else { &share.part };
        vec![
            part.into(),
            (share.attempts as i64).into(),
            share.share.into(),
            share.interval.lower.into(),
            share.interval.upper.into(),
            (share.reviewed as i64).into(),
            (share.verdicts.wrong as i64).into(),
            (share.verdicts.outside as i64).into(),
            (share.verdicts.open as i64).into(),
            (share.pupils as i64).into(),
            (share.actors as i64).into(),
            share.largest_share.into(),
        ]
    });
    let rows = rows.collect();
    let mut reading = sentence(known.as_ref(), reader.ask);
    if unseen.shows_no_decision() && known.is_none() {
        reading = NOT_MEASURABLE.to_owned();
    }
    Ok(Figures {
        schema: "watershed.overblocking.audit/1",
        title: "Wrong blocks by the review of a random sample (OB1)".to_owned(),
        unit: "blocked attempts",
        denominator: "blocked attempts by everybody but staff, page parts left out",
        interval: INTERVAL,
        about: About::People,
        columns,
        rows,
        notes: sample_notes(known.as_ref()),
        reading,
    })
}
