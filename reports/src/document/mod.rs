//! Papers made from sealed sets alone: the governors' page, the parents' page and its fragment.

use askama::Template;
use query::audit::Statement;
use query::disclosure::sealed::{Parts as RollParts, RECORDED_CONCERNS, SealedSet, Shown};
use query::{Error, Governors, Kind, Public, Releasable};

use crate::chart::{self, Media, Rendered, Width, data_table, words};

/// The style sheet of every page, for papers that must stand alone.
pub(crate) const STYLE: &str = include_str!("../../assets/style.css");

/// Style of the fragment: only what is inside it, whatever page it stands in.
pub(crate) const FRAGMENT_STYLE: &str = ".watershed-chart{max-width:27em;margin:0;font-family:Arial,Helvetica,sans-serif;color:#0b0c0c}\
.watershed-chart svg{display:block;width:100%;height:auto}\
.watershed-chart table{border-collapse:collapse;width:100%}\
.watershed-chart caption{text-align:left;font-weight:bold;padding:.5em 0}\
.watershed-chart th,.watershed-chart td{text-align:left;vertical-align:top;padding:.3em .5em .3em 0;border-bottom:1px solid #c9cccf}\
.watershed-chart .scroll{overflow-x:auto}";

/// Where a paper's style comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// In the paper: a file that stands alone.
    Inside,
    /// From the service.
    Linked,
}

impl Style {
    const fn inline(self) -> Option<&'static str> {
        match self {
            Self::Inside => Some(STYLE),
            Self::Linked => None,
        }
    }
}

#[derive(Template)]
#[template(path = "governor_page.html")]
struct GovernorPage<'a> {
    set: &'a SealedSet,
    parts: Parts,
    audit: Option<AuditWords>,
}

/// What the page says of the log of openings, beside the sealed set and no part of it. How many openings there
/// were is not in it (rule G of the release policy).
struct AuditWords {
    head: String,
    reviewed: Option<(String, String)>,
}

impl AuditWords {
    fn new(statement: &Statement) -> Self {
        let reviewed = statement.reviewed.as_ref();
        Self {
            head: statement.head.clone(),
            reviewed: reviewed.map(|review| (review.role.clone(), words::day(&review.date))),
        }
    }
}

#[derive(Template)]
#[template(path = "parent_page.html")]
struct ParentPage<'a> {
    set: &'a SealedSet,
    parts: Parts,
}

#[derive(Template)]
#[template(path = "parent_fragment.html")]
struct ParentFragment<'a> {
    set: &'a SealedSet,
    css: &'static str,
    chart: String,
    parts: Parts,
}

/// What all papers are made of.
struct Parts {
    inline_style: Option<&'static str>,
    period: String,
    from: String,
    to: String,
    sealed_on: String,
    until: String,
    finding: String,
    alternative: String,
    roll: String,
    /// All on the public roll, those who share log-ins too.
    on_roll: String,
    has_tables: bool,
    tables: Vec<String>,
    never_broken_down: Vec<String>,
    /// Pupils with a recorded concern: title and figure.
    concerns: Option<(String, String)>,
    operational: String,
    chart_wide: String,
    chart_narrow: String,
}

impl Parts {
    fn new(set: &SealedSet, style: Style) -> Result<Self, Error> {
        let period = words::period(&set.period);
        let has_tables = set.tables.iter().any(|table| !table.rows.is_empty());
        let tables: Result<Vec<String>, Error> = set
            .tables
            .iter()
            .filter(|table| !table.rows.is_empty())
            .map(|table| data_table::sealed(set, table))
            .collect();
        let roll = set.tables.first().map(|table| words::whole(i64::from(table.roll))).unwrap_or_default();
        let on_roll: u32 = set.roll.iter().map(|group| group.pupils).sum();
        Ok(Self {
            on_roll: words::whole(i64::from(on_roll)),
            inline_style: style.inline(),
            from: words::day(&set.period_from),
            to: words::day(&set.period_to),
            sealed_on: words::day(&set.sealed_on),
            until: a_year_after(&set.sealed_on),
            finding: finding(set),
            alternative: alternative(set, has_tables),
            period,
            roll,
            has_tables,
            tables: tables?,
            never_broken_down: set
                .groups
                .iter()
                .filter(|group| has_tables && set.audience == "governors" && group.parts == RollParts::Never)
                .map(|group| group.name.clone())
                .collect(),
            concerns: set
                .operational
                .iter()
                .find(|measure| measure.id == RECORDED_CONCERNS)
                .map(|measure| (measure.title.clone(), measure.shown.clone())),
            operational: data_table::operational(set)?,
            chart_wide: chart::sealed(set, Width::WIDE)?,
            chart_narrow: chart::sealed(set, Width::NARROW)?,
        })
    }
}

/// The headline figure in a sentence; the range and the public roll, nothing else.
fn finding(set: &SealedSet) -> String {
    let headline = set
        .tables
        .iter()
        .find(|table| table.id == "T0")
        .and_then(|table| Some((table.roll, table.rows.first()?)));
    match headline.map(|(roll, row)| (roll, &row.shown)) {
        Some((roll, Shown::Band { from, to })) => format!(
            "Between {} and {} of {} pupils had at least one matter of concern online.",
            words::whole(i64::from(*from)),
            words::whole(i64::from(*to)),
            words::whole(i64::from(roll))
        ),
        Some((roll, Shown::FewerThan { n })) => format!(
            "Fewer than {n} of {} pupils, perhaps none, had a matter of concern online.",
            words::whole(i64::from(roll))
        ),
        Some((_, Shown::AllOrNearly)) => {
            "All or nearly all pupils had at least one matter of concern online.".to_owned()
        }
        _ => "A figure for all matters of concern together is not available this term.".to_owned(),
    }
}

/// At most 125 characters, as mail programs and screen readers cut longer ones.
fn alternative(set: &SealedSet, has_tables: bool) -> String {
    let period = words::period(&set.period);
    if has_tables {
        format!("Chart: number of pupils with each kind of concern, {period}. The table has the figures.")
    } else {
        format!("How our web filter is looked after, {period}. The table has the figures.")
    }
}

fn a_year_after(day: &str) -> String {
    let later = words::date(day).and_then(|date| {
        let year = jiff::Span::new().try_years(1).ok()?;
        date.checked_add(year).ok()
    });
    later.map_or_else(|| "the end of next year".to_owned(), |date| words::day(&date.to_string()))
}

fn html(page: &impl Template) -> Result<String, Error> {
    page.render().map_err(|_| Error::new(Kind::Bug, "a page could not be written").help("Please report it."))
}

/// The governors' page, to read, to print, to put before a meeting. One file, nothing fetched. `audit` is what
/// stands on it of the log of openings; none where that log does not verify.
///
/// # Errors
/// Fails only by a fault of ours.
pub fn governor_page(
    set: &Releasable<SealedSet, Governors>,
    audit: Option<&Statement>,
) -> Result<Rendered<Governors>, Error> {
    let text = governor_text(set.value(), audit, Style::Inside)?;
    Ok(Rendered::new(text.into_bytes(), Media::Html, &stem(set.value())))
}

/// The parents' page. One file, nothing fetched.
///
/// # Errors
/// Fails only by a fault of ours.
pub fn parent_page(set: &Releasable<SealedSet, Public>) -> Result<Rendered<Public>, Error> {
    let text = parent_text(set.value(), Style::Inside)?;
    Ok(Rendered::new(text.into_bytes(), Media::Html, &stem(set.value())))
}

/// Picture and table for the school's own site or newsletter: no script, nothing fetched.
///
/// # Errors
/// Fails only by a fault of ours.
pub fn parent_fragment(set: &Releasable<SealedSet, Public>) -> Result<Rendered<Public>, Error> {
    let text = fragment_text(set.value())?;
    Ok(Rendered::new(text.into_bytes(), Media::Html, &format!("{}-fragment", stem(set.value()))))
}

fn stem(set: &SealedSet) -> String {
    format!("watershed-{}-{}", set.audience, set.id)
}

pub(crate) fn governor_text(
    set: &SealedSet,
    audit: Option<&Statement>,
    style: Style,
) -> Result<String, Error> {
    html(&GovernorPage { set, parts: Parts::new(set, style)?, audit: audit.map(AuditWords::new) })
}

pub(crate) fn parent_text(set: &SealedSet, style: Style) -> Result<String, Error> {
    html(&ParentPage { set, parts: Parts::new(set, style)? })
}

pub(crate) fn fragment_text(set: &SealedSet) -> Result<String, Error> {
    let chart = chart::sealed(set, Width::pixels(360))?;
    html(&ParentFragment { set, css: FRAGMENT_STYLE, chart, parts: Parts::new(set, Style::Linked)? })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::grade;
