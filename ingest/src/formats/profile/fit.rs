//! Which profile a file's header belongs to, and whether its rows agree.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::column::Column;
use super::definition::Asked;
use super::header::{self, Bound, NearMiss};
use super::row::{Fitted, RowReader, is_blank};
use super::time::{DateOrder, OrderEvidence};
use super::{Answered, ProfileSet};
use crate::fields::Parsed;
use crate::frame::{Cells, Delimiter, Framer, Framing, RawRecord};

/// Rows that vote.
const VOTERS: u64 = 200;

/// What the profiles say to a sample.
pub(crate) enum Fit {
    /// One fits, and its rows agree.
    Found(Fitted),
    /// One or several fit, but the file cannot be read; the sentence says why.
    Refused { profiles: Vec<String>, sentence: String },
    /// None fits; the nearest, in a clause.
    None(Option<String>),
}

/// Fits the profiles to the first bytes of a file; `whole` if that is all of it.
pub(crate) fn fit(sample: &[u8], whole: bool, profiles: &ProfileSet) -> Fit {
    let mut found: Vec<(Arc<Answered>, Bound)> = Vec::new();
    let mut misses: Vec<NearMiss> = Vec::new();
    for answered in profiles.answered() {
        match bind(answered, sample) {
            Ok(bound) => found.push((Arc::clone(answered), bound)),
            Err(miss) => misses.extend(miss),
        }
    }
    match found.len() {
        0 => Fit::None(nearest(misses)),
        1 => found.pop().map_or(Fit::None(None), |(answered, bound)| {
            let id = answered.profile.id.clone();
            match fitted(answered, bound, sample, whole) {
                Ok(fitted) => Fit::Found(fitted),
                Err(sentence) => Fit::Refused { profiles: vec![id], sentence },
            }
        }),
        _ => {
            let names: Vec<_> = found.iter().map(|(answered, _)| answered.profile.id.clone()).collect();
            let sentence = format!(
                "the header fits several profiles: {}; export with columns that only one of them has, or overlay one \
                 in `settings/profiles/` with words that must be absent",
                names.join(", ")
            );
            Fit::Refused { profiles: names, sentence }
        }
    }
}

/// Runs over a sample's records; the last is left out where the sample cuts it.
pub(super) fn each(
    sample: &[u8],
    whole: bool,
    delimiter: Delimiter,
    mut visit: impl FnMut(&RawRecord<'_>) -> bool,
) {
    let mut framer = Framer::new(Framing::Csv(delimiter));
    framer.push(sample);
    if whole {
        framer.end();
    }
    while let Some(record) = framer.record() {
        if !visit(&record) {
            return;
        }
    }
    if !whole {
        // Nothing was complete: a single long record, or none; look at it as it is.
        framer.end();
        while let Some(record) = framer.record() {
            if record.place.record > 1 || !visit(&record) {
                return;
            }
        }
    }
}

/// The first row that is this profile's header, with any delimiter.
fn bind(answered: &Answered, sample: &[u8]) -> Result<Bound, Option<NearMiss>> {
    let profile = &answered.profile;
    let mut best: Option<NearMiss> = None;
    for delimiter in Delimiter::ALL {
        let mut cells = Cells::new(delimiter);
        let mut rows = 0;
        let mut bound = None;
        each(sample, true, delimiter, |record| {
            if is_blank(record.bytes, delimiter) {
                return true;
            }
            rows += 1;
            cells.read(record.bytes);
            match header::fit(profile, &cells, delimiter, record.place.record, record.bytes) {
                Ok(found) => bound = Some(found),
                Err(miss) => {
                    if best.as_ref().is_none_or(|best| miss.found.len() > best.found.len()) {
                        best = Some(miss);
                    }
                }
            }
            bound.is_none() && rows < profile.header_rows
        });
        if let Some(bound) = bound {
            return Ok(bound);
        }
    }
    Err(best.filter(|miss| miss.found.len() >= 2))
}

/// The nearest profile, in its own words: the file's may be names.
fn nearest(mut misses: Vec<NearMiss>) -> Option<String> {
    misses.sort_by_key(|miss| (miss.excluded, std::cmp::Reverse(miss.found.len())));
    let miss = misses.into_iter().next()?;
    let found = miss.found.join(", ");
    Some(if miss.missing.is_empty() {
        format!("profile {} finds only {found} in its header", miss.profile)
    } else {
        format!("profile {} finds {found} in its header and lacks {}", miss.profile, miss.missing.join("; "))
    })
}

/// Settles what the header leaves open and lets the rows vote.
fn fitted(answered: Arc<Answered>, bound: Bound, sample: &[u8], whole: bool) -> Result<Fitted, String> {
    let id = answered.profile.id.clone();
    if answered.profile.ask_blocked_when && answered.answers.blocked_when.is_none() {
        return Err(format!(
            "profile {id} needs to know how a block shows in this export; say it with `watershed formats set {id} \
             blocked-when=COLUMN=VALUE`"
        ));
    }
    if answered.includes_page_furniture() == Asked::Ask {
        return Err(format!(
            "profile {id} needs to know whether pictures, scripts and adverts are in this export; say it with \
             `watershed formats set {id} includes-page-furniture=yes` (or `no`)"
        ));
    }
    let order = date_order(&answered, &bound, sample, whole)?;
    let blocked = header::blocked_cell(&answered, &bound)?;
    let version = format!(
        "{}-{}",
        answered.profile.version,
        super::short_hash(
            format!("{}\n{}\n{}", answered.profile.hash, answered.answers.stored, order.word()).as_bytes()
        )
    );
    let fitted = Fitted { answered, bound: Arc::new(bound), order, blocked, version };
    vote(&fitted, sample, whole)?;
    Ok(fitted)
}

/// Which of day and month comes first: declared, or shown by the dates, or a refusal.
fn date_order(answered: &Answered, bound: &Bound, sample: &[u8], whole: bool) -> Result<DateOrder, String> {
    let id = &answered.profile.id;
    let mut evidence = OrderEvidence::default();
    let mut cells = Cells::new(bound.delimiter);
    let place = bound.places.get(&Column::Time).copied().unwrap_or_default();
    each(sample, whole, bound.delimiter, |record| {
        if record.place.record > bound.record && record.fault.is_none() {
            cells.read(record.bytes);
            evidence.look(cells.get(place).unwrap_or_default().trim_ascii());
        }
        true
    });
    let declared = answered.answers.date_order.or(answered.profile.order);
    let set = |order: DateOrder| format!("`watershed formats set {id} date-order={}`", order.word());
    match (declared, evidence.day_first > 0, evidence.month_first > 0) {
        (_, true, true) => Err(
            "its dates are partly day first and partly month first, as a spreadsheet leaves them that was opened with \
             another country's settings; export it again and do not open it in between"
                .to_owned(),
        ),
        (Some(DateOrder::DayFirst), false, true) => Err(format!(
            "its dates are month first but profile {id} says day first; export it with British dates, or, if all its \
             exports are like this, say {}",
            set(DateOrder::MonthFirst)
        )),
        (Some(DateOrder::MonthFirst), true, false) => Err(format!(
            "its dates are day first but profile {id} says month first; say {}",
            set(DateOrder::DayFirst)
        )),
        (Some(order), _, _) => Ok(order),
        (None, true, false) => Ok(DateOrder::DayFirst),
        (None, false, true) => Ok(DateOrder::MonthFirst),
        (None, false, false) if evidence.numeric == 0 => Ok(DateOrder::DayFirst),
        (None, false, false) => Err(format!(
            "no date in it shows whether the day or the month comes first; say {} or {}",
            set(DateOrder::DayFirst),
            set(DateOrder::MonthFirst)
        )),
    }
}

fn vote(fitted: &Fitted, sample: &[u8], whole: bool) -> Result<(), String> {
    let mut reader = RowReader::new(fitted.clone());
    let (mut rows, mut good) = (0_u64, 0_u64);
    let mut reasons: BTreeMap<&'static str, u64> = BTreeMap::new();
    each(sample, whole, fitted.delimiter(), |record| {
        if is_blank(record.bytes, fitted.delimiter()) {
            return true;
        }
        let outcome = match record.fault {
            Some(reason) => Err(reason),
            None => reader.read(record.place, record.bytes).map_err(|reject| reject.reason),
        };
        match outcome {
            Ok((Parsed::Directive, _)) => return true,
            Ok(_) => good += 1,
            Err(reason) => *reasons.entry(reason.word()).or_default() += 1,
        }
        rows += 1;
        rows < VOTERS
    });
    if good * 10 >= rows * 9 {
        return Ok(());
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let reasons: Vec<_> =
        reasons.iter().take(3).map(|(reason, count)| format!("{reason}: {count}")).collect();
    Err(format!(
        "its header is that of profile {} but only {good} of {rows} rows can be read (90 % are needed; {}); `watershed \
         formats check FILE --profile {}` shows more",
        fitted.id(),
        reasons.join(", "),
        fitted.id()
    ))
}
