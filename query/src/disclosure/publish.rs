//! Sealing a set: once, on or after a fixed day, from the set above it (rules 2, 8, 16, 17, D0).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ingest::event::Member;
use ingest::school::{AcademicYear, Config, SchoolConfig, SchoolId, SchoolRoot};
use ingest::settings::Settings;
use ingest::state::State;
use jiff::Span;
use jiff::civil::Date;
use serde::Serialize;

use super::categories::{CategoryList, CategoryRow};
use super::compose::{Composed, Facts, YearOnRoll, governor_set, parent_set};
use super::count::{Asked, LakeCounts, PupilCounts, changed, refuse_unfinished};
use super::ledger::{Ledger, Sealing, TrustSchool};
use super::policy::{AudienceWord, POLICY_VERSION, SETTLING_DAYS};
use super::sealed::SealedSet;
use super::shape::{Period, Shape};
use crate::embargo::Embargoes;
use crate::error::{Error, Kind};

/// What came of asking for a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Published {
    /// Ledger id.
    pub id: String,
    /// `governors` or `parents`.
    pub audience: &'static str,
    /// The period.
    pub period: String,
    /// Whether it was sealed now; else it stood in the ledger already and was not touched.
    pub sealed_now: bool,
    /// For the DSL, not for readers: what the gate held back, because a hidden figure could have been
    /// worked out: 0 nothing, 1 T2 and T3, 2 T0 too, 3 everything.
    pub fallback_level: u8,
    /// Role that approved it for its audience; none if nobody has yet.
    pub approver: Option<String>,
}

/// What a sealing rests on beside the counts: public facts and data files.
#[derive(Clone, Debug)]
struct Order {
    audience: AudienceWord,
    facts: Facts,
    categories: CategoryList,
    everyday: BTreeMap<String, String>,
    school_days: Vec<Date>,
    from: Date,
    to: Date,
    today: Date,
    roster: BTreeMap<i64, Member>,
    /// Codes that are in no figure of the period (rule 4).
    never: BTreeSet<String>,
}

/// Seals the set of an audience and period, or finds the one that was sealed before. If a role that
/// approves it is named, its approval is recorded too; else its audience does not see it yet.
///
/// # Errors
/// [`Kind::Configuration`] when the period is of the wrong kind for the school's size, is not over
/// for 14 days, or lacks the governors' set that a parents' set is made from; [`Kind::Retry`] while
/// days of the period are still to be worked off; else as reading settings, lake and ledger.
pub async fn publish(
    dir: &Path,
    school: &SchoolId,
    audience: AudienceWord,
    period: &str,
    approver: Option<&str>,
    today: Date,
) -> Result<Published, Error> {
    let period = Period::parse(period)?;
    let config = Config::load(dir)?;
    let config = config.school(school)?;
    let ledger = Ledger::open(dir, school)?;
    let (mut ledger, mut published) = match already(&ledger, audience, period)? {
        Some(found) => (ledger, found),
        None => {
            // Opened first, so that a roster that comes between the two is noticed.
            let counts = LakeCounts::open(dir, school).await?;
            let order = order(dir, config, audience, period, today)?;
            seal(ledger, &counts, &order).await?
        }
    };
    // Sealed and approved are two entries: stopped between them, the set waits for its approval.
    if let Some(role) = approver {
        published.approver = Some(ledger.approve(&published.id, role, today)?.approver);
    }
    Ok(published)
}

/// The schools of an installation, for the sums of a trust: which of them are to have a governors' set with
/// tables for the period, by their public rolls alone.
///
/// # Errors
/// As reading the configuration, a school's data files and its ledger.
pub fn trust_schools(dir: &Path, period: Period) -> Result<Vec<TrustSchool>, Error> {
    let schools = Config::load(dir)?.schools;
    schools
        .iter()
        .map(|school| {
            let settings = Settings::load(&SchoolRoot::new(dir, &school.id), school)?;
            let on_roll = roll(&settings, period);
            let counted = on_roll.iter().filter(|year| !year.shared_log_ins).map(|year| year.pupils).sum();
            let shape = Shape::of(AudienceWord::Governors, counted);
            Ok(TrustSchool {
                id: school.id.clone(),
                ledger: Ledger::open(dir, &school.id)?,
                expected: shape.tables && shape.admits(period).is_ok(),
            })
        })
        .collect()
}

/// Reads what a sealing rests on.
fn order(
    dir: &Path,
    config: &SchoolConfig,
    audience: AudienceWord,
    period: Period,
    today: Date,
) -> Result<Order, Error> {
    let school = &config.id;
    let root = SchoolRoot::new(dir, school);
    let settings = Settings::load(&root, config)?;
    let span = settings.calendar().period(&period.to_string())?;
    let school_days = settings.calendar().school_days(span.from, span.to);
    let (Some(from), Some(to)) = (school_days.first().copied(), school_days.last().copied()) else {
        return Err(Error::new(Kind::Configuration, format!("{period} has no school day"))
            .help("check the school's calendar.csv and terms.csv"));
    };
    let state = State::open(&root)?;
    refuse_unfinished(&state, from, to)?;
    refuse_unfollowed(&root, period.academic_year())?;
    let categories = categories(&settings, from, to)?;
    Ok(Order {
        audience,
        facts: Facts {
            school: school.as_str().to_owned(),
            school_name: config.name.clone(),
            period,
            period_from: from.to_string(),
            period_to: to.to_string(),
            sealed_on: today.to_string(),
            roll: roll(&settings, period),
        },
        never: settings.never_reported().codes_between(from, to),
        categories,
        everyday: everyday(&settings, to),
        roster: state.roster()?.remove(&period.academic_year()).unwrap_or_default(),
        school_days,
        from,
        to,
        today,
    })
}

/// The steps that do not depend on where the counts come from.
async fn seal(
    mut ledger: Ledger,
    counts: &impl PupilCounts,
    order: &Order,
) -> Result<(Ledger, Published), Error> {
    let period = order.facts.period;
    if let Some(found) = already(&ledger, order.audience, period)? {
        return Ok((ledger, found));
    }
    order.facts.shape(order.audience).admits(period)?;
    refuse_early(order)?;
    refuse_moved(&ledger, order)?;
    refuse_overlap(&ledger, order)?;
    // A set that its readers have not seen must not speak to them through a trend word.
    let before = ledger.approved_set(order.audience, &period.previous().to_string())?;
    let earlier: Vec<SealedSet> = ledger
        .all_sealed()?
        .into_iter()
        .map(|entered| entered.set)
        .filter(|set| set.period == period.to_string())
        .collect();
    let composed = match order.audience {
        AudienceWord::Governors => {
            let asked = Asked {
                academic_year: period.academic_year(),
                today: order.today,
                from: order.from,
                to: order.to,
                school_days: &order.school_days,
                roll: &order.facts.roll,
                categories: &order.categories,
                everyday: &order.everyday,
                roster: &order.roster,
                never: &order.never,
                roster_only: None,
            };
            let counted = counts.count(&asked).await?;
            let usable = counted.operations.can_carry_pupil_figures().then_some(&counted.counts);
            let composed = governor_set(
                &order.facts,
                &order.categories,
                usable,
                &counted.operations,
                before.as_ref(),
                &earlier,
            )?;
            // The gate takes its time, and whatever is marked live meanwhile must not be in the set.
            if !counts.still_holds().await? {
                return Err(changed());
            }
            composed
        }
        AudienceWord::Parents => {
            let above = ledger.standing_set(AudienceWord::Governors, &period.to_string())?.ok_or_else(|| {
                Error::new(Kind::Configuration, format!("{period} has no governors' set that stands"))
                    .help(format!("a parents' set is made from it: `watershed publish --audience governors --period {period}` comes first"))
            })?;
            parent_set(&order.facts, &order.categories, &above, before.as_ref(), &earlier)?
        }
    };
    enter(&mut ledger, order, &composed).map(|published| (ledger, published))
}

fn enter(ledger: &mut Ledger, order: &Order, composed: &Composed) -> Result<Published, Error> {
    let period = order.facts.period;
    let sealing = Sealing {
        set: &composed.set,
        academic_year: period.academic_year().to_string(),
        fallback_level: composed.fallback_level,
    };
    if let Err(error) = ledger.seal(&sealing) {
        // Somebody else was quicker: theirs is the set.
        return already(ledger, order.audience, period)?.ok_or(error);
    }
    if composed.fallback_level > 0 {
        tracing::warn!(
            release = composed.set.id,
            fallback_level = composed.fallback_level,
            "the gate held figures back; tell the DSL and the DPO"
        );
    }
    Ok(Published {
        id: composed.set.id.clone(),
        audience: order.audience.word(),
        period: period.to_string(),
        sealed_now: true,
        fallback_level: composed.fallback_level,
        approver: None,
    })
}

/// The set in the ledger. A withdrawn one is not sealed again.
fn already(ledger: &Ledger, audience: AudienceWord, period: Period) -> Result<Option<Published>, Error> {
    let Some((id, fallback_level)) = ledger.find(audience, &period.to_string())? else { return Ok(None) };
    if let Some(withdrawal) = ledger.withdrawal(&id)? {
        return Err(Error::new(
            Kind::Configuration,
            format!("{id} was withdrawn on {}", withdrawal.withdrawn_on),
        )
        .help("a withdrawn set is not sealed again; the next period's will be"));
    }
    let approver = ledger.approval(&id)?.map(|approval| approval.approver);
    Ok(Some(Published {
        id,
        approver,
        audience: audience.word(),
        period: period.to_string(),
        sealed_now: false,
        fallback_level,
    }))
}

/// Late files of the last days must be in before the figures are fixed for ever.
fn refuse_early(order: &Order) -> Result<(), Error> {
    let due = order
        .to
        .checked_add(Span::new().days(SETTLING_DAYS))
        .map_err(|_| Error::new(Kind::Configuration, "the period ends too far in the future"))?;
    if order.today >= due {
        return Ok(());
    }
    let period = order.facts.period;
    Err(Error::new(Kind::Configuration, format!("{period} cannot be sealed before {due}"))
        .help(format!("its last school day is {}; {SETTLING_DAYS} days are left for late files", order.to)))
}

/// Roll and shape are fixed by the year's first set: a second n would let two sets be compared that
/// differ by a few pupils.
fn refuse_moved(ledger: &Ledger, order: &Order) -> Result<(), Error> {
    let year = order.facts.period.academic_year().to_string();
    let Some(fixed) = ledger.fixed(order.audience, &year)? else { return Ok(()) };
    let roll = serde_json::to_string(&order.facts.public_roll())
        .map_err(|_| Error::new(Kind::Bug, "the roll could not be written as JSON"))?;
    // A newer release policy may have other tables; the grain of time is the roll's.
    let other_policy = fixed.policy_version != POLICY_VERSION;
    let same_shape = fixed.shape == order.facts.shape(order.audience).id();
    if (same_shape || other_policy) && fixed.roll_json == roll {
        return Ok(());
    }
    Err(Error::new(Kind::Configuration, format!("the roll of {year} changed after {} was sealed", fixed.id))
        .help("put back the October roll in roll.csv; a new roll holds from the next academic year on"))
}

/// No pupil figure may span days that another one spans (rule 9): a calendar that was corrected later must
/// not give two windows whose difference is a few days.
fn refuse_overlap(ledger: &Ledger, order: &Order) -> Result<(), Error> {
    let (from, to) = (&order.facts.period_from, &order.facts.period_to);
    let period = order.facts.period.to_string();
    for entered in ledger.all_sealed()? {
        let set = &entered.set;
        // Days are written year first, so that they compare as texts.
        let same = set.period == period;
        let moved = same && (&set.period_from, &set.period_to) != (from, to);
        let overlaps = !same && set.period_from <= *to && *from <= set.period_to;
        if moved || overlaps {
            return Err(Error::new(
                Kind::Configuration,
                format!("{period} is {from} to {to} by the calendar now, and {} was sealed for {} to {}", set.id, set.period_from, set.period_to),
            )
            .help("put back the term dates in terms.csv and calendar.csv that it was sealed with; corrected dates hold from the next period on"));
        }
    }
    Ok(())
}

/// A live mark on a person of another academic year would let the matter into the set under the new pseudonym.
fn refuse_unfollowed(root: &SchoolRoot, year: AcademicYear) -> Result<(), Error> {
    let unfollowed = Embargoes::unfollowed(root, year)?;
    if unfollowed.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        Kind::Configuration,
        format!("{} live matters are marked on persons whom nobody can find in {year} yet", unfollowed.len()),
    )
    .help("take in the year's roster with `watershed people import FILE`, which carries the marks on; `watershed embargo list` shows them"))
}

fn roll(settings: &Settings, period: Period) -> Vec<YearOnRoll> {
    let roll = settings.roll().of(period.academic_year());
    let mut years: Vec<YearOnRoll> = roll
        .year_groups()
        .into_iter()
        .chain(roll.not_counted())
        .map(|year| YearOnRoll {
            year_group: Some(year.year_group),
            pupils: year.pupils,
            shared_log_ins: !year.counted,
        })
        .collect();
    years.sort_by_key(|year| year.year_group);
    if years.is_empty() {
        years.push(YearOnRoll { year_group: None, pupils: roll.total(), shared_log_ins: false });
    }
    years
}

/// The fixed list, less what is never reported in the period. A theme is the finest thing that is
/// counted: with one of its codes it goes whole.
fn categories(settings: &Settings, from: Date, to: Date) -> Result<CategoryList, Error> {
    let never = settings.never_reported().codes_between(from, to);
    let not_for_parents = settings.never_reported().codes_not_for_parents_between(from, to);
    let taxonomy = settings.taxonomy();
    let themes_of = |codes: &BTreeSet<String>| -> BTreeSet<String> {
        let of_any_day = taxonomy.codes().iter().filter(|code| codes.contains(&code.code));
        of_any_day.filter_map(|code| code.theme.clone()).collect()
    };
    let gone = themes_of(&never);
    let rows = taxonomy.rows().iter().map(|row| {
        let themes = row.staff_themes.iter().filter(|theme| !gone.contains(*theme));
        let dropped = row.codes.iter().any(|code| never.contains(code));
        let codes = row.codes.iter().filter(|code| {
            let themes = themes_of(&[(*code).clone()].into());
            !never.contains(*code) && themes.is_disjoint(&gone)
        });
        CategoryRow {
            // What is left of a row must not be taken for all of it.
            name: if dropped { format!("{} (in part)", row.title) } else { row.title.clone() },
            heading: row.heading.clone(),
            for_parents: row.parents && row.codes.iter().all(|code| !not_for_parents.contains(code)),
            codes: codes.cloned().collect(),
            themes: themes.cloned().collect(),
        }
    });
    CategoryList::new(rows.filter(|row| !row.themes.is_empty()).collect(), &never, &not_for_parents)
}

/// Codes of severity 0 and 1 with a name that says something to parents.
fn everyday(settings: &Settings, day: Date) -> BTreeMap<String, String> {
    let taxonomy = settings.taxonomy();
    let names: Vec<&str> = taxonomy.codes().iter().map(|code| code.code.as_str()).collect();
    names
        .into_iter()
        .filter(|code| !["UNCAT", "UNMAPPED"].contains(code))
        .filter_map(|code| taxonomy.code(code, day))
        .filter(|code| code.severity <= 1 && code.row.is_none() && !code.illegal)
        .map(|code| (code.code.clone(), code.title.clone()))
        .collect()
}

#[cfg(test)]
mod attacked_tests;
#[cfg(test)]
mod tests;
