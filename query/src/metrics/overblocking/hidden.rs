//! How many sites may be wrongly blocked in all (OB10): those that people asked for against those that the audit found.

use std::collections::BTreeSet;

use super::super::{Place, Unseen};
use super::NOT_MEASURABLE;
use super::audit::newest;
use super::changes::Requests;
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, ends, measure};
use crate::plan::Reader;
use crate::review::estimate::Verdict;
use crate::review::frame;
use crate::statistics::{Total, chapman};
use crate::wording;

/// What is known, and the estimate from it.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    /// None where no list of changes was taken in.
    pub(super) asked: Option<u64>,
    /// None where no sample was reviewed.
    pub(super) audited: Option<u64>,
    pub(super) both: Option<u64>,
    pub(super) total: Option<Total>,
}

impl Hidden {
    async fn of(reader: &Reader<'_>, place: &Place<'_>) -> Result<Self, Error> {
        let requests = Requests::of(reader, place).await?;
        let (from, to) = (reader.window.from, reader.window.to);
        let approved = requests.all.iter().filter(|request| request.opened.is_some());
        let asked: BTreeSet<&str> = approved
            .filter(|request| (from..=to).contains(&request.asked))
            .map(|request| request.site.as_str())
            .collect();
        let mut wrong: BTreeSet<String> = BTreeSet::new();
        let known = newest(reader, place)?.filter(|known| !known.shares.is_empty());
        let reviewed = known.is_some();
        if let Some(known) = known {
            let tokens: BTreeSet<i64> = known
                .design
                .drawn
                .iter()
                .filter(|drawn| known.opinions.verdict(drawn.position) == Verdict::Wrong)
                .map(|drawn| drawn.token)
                .collect();
            let found = frame::of_session(reader.session, known.design.from, known.design.to).await?;
            let hits = found.into_iter().filter(|found| tokens.contains(&found.candidate.token));
            wrong.extend(hits.filter(|found| !found.searched).filter_map(|found| found.site));
        }
        let both = wrong.iter().filter(|site| asked.contains(site.as_str())).count() as u64;
        let asked = requests.are_known().then_some(asked.len() as u64);
        let audited = reviewed.then_some(wrong.len() as u64);
        let total = asked.zip(audited).and_then(|(asked, audited)| chapman(asked, audited, both));
        Ok(Self { asked, audited, both: asked.and(audited).map(|_| both), total })
    }
}

/// A number of which only its size should be read: one significant figure.
fn about(value: f64) -> String {
    if value < 1.0 {
        return "0".to_owned();
    }
    let scale = 10_f64.powf(value.log10().floor());
    wording::whole(((value / scale).round() * scale) as i64)
}

/// One row: both lists, what stands in both, and the total they point to.
pub(super) async fn hidden(
    reader: &Reader<'_>,
    place: &Place<'_>,
    unseen: &Unseen,
) -> Result<Figures, Error> {
    let found = if unseen.shows_no_decision() { Hidden::default() } else { Hidden::of(reader, place).await? };
    let mut columns = vec![
        dimension("what", "What"),
        measure("sites_requested", "Asked for", "sites whose opening was asked for and approved"),
        measure("sites_audited", "Found", "sites of reviewed attempts that were wrongly blocked"),
        measure("sites_both", "Both", "sites on both lists"),
        measure("sites_total", "In all", "sites, Chapman's estimate"),
    ];
    columns.extend(ends("sites_total_lower", "sites_total_upper", "sites"));
    let row: Vec<Cell> = vec![
        "wrongly blocked sites".into(),
        found.asked.map(|sites| sites as i64).into(),
        found.audited.map(|sites| sites as i64).into(),
        found.both.map(|sites| sites as i64).into(),
        found.total.map(|total| total.total).into(),
        found.total.map(|total| total.interval.lower).into(),
        found.total.map(|total| total.interval.upper).into(),
    ];
    let reading = match found.total {
        _ if unseen.shows_no_decision() => NOT_MEASURABLE.to_owned(),
        None => "Not measurable: it takes sites that were asked for and opened, and sites that a reviewed sample found \
                 wrongly blocked."
            .to_owned(),
        Some(total) => format!(
            "Some {} sites may be wrongly blocked, in order of magnitude ({} to {}): {} were asked for, {} found by the \
             audit, {} both.",
            about(total.total),
            about(total.interval.lower),
            about(total.interval.upper),
            found.asked.unwrap_or(0),
            found.audited.unwrap_or(0),
            found.both.unwrap_or(0)
        ),
    };
    Ok(Figures {
        schema: "watershed.overblocking.hidden/1",
        title: "Wrongly blocked sites that nobody reported (OB10)".to_owned(),
        unit: "sites",
        denominator: "",
        interval: "95 %, Sadinle's logit interval of capture and recapture",
        about: About::Records,
        columns,
        rows: vec![row],
        notes: vec![
            "Two lists are compared as if they knew nothing of each other. Sites that many meet are likelier to be on both, \
             so the true number is rather larger; read its size, not its digits."
                .to_owned(),
        ],
        reading,
    })
}

#[cfg(test)]
mod tests {
    use super::about;

    #[test]
    fn one_figure_is_enough() {
        assert_eq!([0.4, 7.4, 28.3, 64.9, 1234.0].map(about), ["0", "7", "30", "60", "1,000"]);
    }
}
