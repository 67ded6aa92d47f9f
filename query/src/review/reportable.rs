//! The audited share as a sealed set may have it (release policy, rules 4 and 25).

use std::collections::{BTreeMap, BTreeSet};

use ingest::school::SchoolRoot;
use jiff::civil::Date;

use super::estimate::{AuditedShare, reportable_share};
use super::frame;
use super::store::Reviews;
use crate::error::Error;
use crate::service::School;

/// The share of the newest sample of some days that rests on enough reviewed attempts which may be reported; none
/// where no sample does.
///
/// What may be drawn is settled on the day of the draw. A matter that was marked live since, a code that the school
/// never reports and what was erased are taken out now. `pupil` names the person behind an account, if a pupil.
pub(crate) async fn audited_share(
    school: &School,
    (from, to): (Date, Date),
    never: &BTreeSet<String>,
    pupil: &(dyn Fn(i64) -> Option<i64> + Sync),
) -> Result<Option<AuditedShare>, Error> {
    let root = SchoolRoot::new(&school.dir, &school.id);
    if !root.state().exists() {
        return Ok(None);
    }
    let samples = Reviews::of(&root)?.all_within(from, to)?;
    if samples.is_empty() {
        return Ok(None);
    }
    let reportable: BTreeMap<i64, Option<i64>> = frame::attempts(school, from, to)
        .await?
        .into_iter()
        .map(|found| found.candidate)
        .filter(|candidate| !never.contains(&candidate.code))
        .map(|candidate| (candidate.token, candidate.actor.filter(|_| candidate.pupil).and_then(pupil)))
        .collect();
    Ok(samples
        .iter()
        .filter_map(|sample| reportable_share(&sample.design, &sample.opinions, &reportable))
        .find(AuditedShare::carries_a_set))
}
