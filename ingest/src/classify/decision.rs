//! Which of several codes counts, and what follows from it.

use std::borrow::Cow;
use std::cmp::Reverse;

use jiff::civil::Date;

use super::cache::HostAnswer;
use super::category_map::CategoryAnswer;
use super::search_terms::SearchHit;
use super::taxonomy::{Taxonomy, UNCATEGORISED, UNMAPPED};

/// From this severity on, words for noise do not hide what a record is about.
const GRAVE: u8 = 3;

/// What a decision without words searched for depends on; the epoch is in the place of the words.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct DecisionKey {
    pub(super) words: usize,
    pub(super) host: HostAnswer,
    pub(super) vendor_severity: Option<u8>,
}

/// The codes that did not win.
#[derive(Clone)]
enum Others {
    None,
    One(usize),
    Several(String),
}

/// What a record is about, by definitions of the taxonomy; its furniture is told apart elsewhere.
#[derive(Clone)]
pub(super) struct Decision {
    /// The code that counts, where one does.
    chosen: Option<usize>,
    /// What stands for it where none does.
    without: &'static str,
    /// The definition that theme and 4C come from.
    definition: Option<usize>,
    others: Others,
    search_theme: Option<usize>,
    pub(super) severity: u8,
    pub(super) code_source: &'static str,
    pub(super) learning: bool,
    /// Words or host say that nobody asked for it, and nothing grave stands beside.
    pub(super) noise: bool,
    pub(super) illegal: bool,
}

impl Decision {
    /// Weighs the vendor's words, the site list and the words searched for.
    pub(super) fn of(
        taxonomy: &Taxonomy,
        words: &CategoryAnswer,
        host: HostAnswer,
        hits: &[SearchHit],
        vendor_severity: Option<u8>,
        date: Date,
    ) -> Self {
        let uncategorised = |index: usize| taxonomy.at(index).code == UNCATEGORISED;
        let vendor = words.kept.iter().copied().filter(|index| !uncategorised(*index));
        let from_site = if vendor.clone().next().is_none() { host.site } else { None };
        let standing: Vec<usize> = vendor.chain(from_site).collect();
        let all = || standing.iter().copied().chain(hits.iter().map(|hit| hit.code));

        if let Some(illegal) = all().find(|index| taxonomy.at(*index).illegal) {
            return Self::illegal(taxonomy, illegal);
        }
        let (chosen, code_source) = choose(taxonomy, &standing, from_site.is_some(), hits);
        let without = if words.unmapped.is_empty() { UNCATEGORISED } else { UNMAPPED };
        let definition = chosen.or_else(|| taxonomy.index_on(without, date));
        // Words searched for bring their own severity, which may be milder than their code's.
        let by_category = match standing.first() {
            Some(index) => taxonomy.at(*index).severity,
            None if hits.is_empty() => definition.map_or(1, |index| taxonomy.at(index).severity),
            None => 0,
        };
        let by_search = hits.first().map_or(0, |hit| hit.severity);
        let standing_noise = standing.first().is_some_and(|index| taxonomy.at(*index).noise);
        let grave = by_search >= GRAVE || (by_category >= GRAVE && !standing_noise);
        let dropped = words.dropped.iter().copied();
        Self {
            chosen,
            without,
            definition,
            others: others(taxonomy, chosen, all().chain(dropped.clone())),
            search_theme: hits.first().map(|hit| hit.code),
            severity: by_category.max(by_search).max(vendor_severity.unwrap_or(0).min(5)),
            code_source,
            learning: all().chain(dropped).any(|index| taxonomy.at(index).learning),
            noise: (words.noise || host.noise) && !grave,
            illegal: false,
        }
    }

    /// A row of an illegal list says that it is one and nothing else (decision A2b).
    fn illegal(taxonomy: &Taxonomy, index: usize) -> Self {
        Self {
            chosen: Some(index),
            without: UNCATEGORISED,
            definition: None,
            others: Others::None,
            search_theme: None,
            severity: taxonomy.at(index).severity,
            code_source: "vendor",
            learning: false,
            noise: false,
            illegal: true,
        }
    }

    /// The code that counts.
    pub(super) fn code<'s>(&self, taxonomy: &'s Taxonomy) -> &'s str {
        self.chosen.map_or(self.without, |index| &taxonomy.at(index).code)
    }

    /// Its theme.
    pub(super) fn theme<'s>(&self, taxonomy: &'s Taxonomy) -> Option<&'s str> {
        taxonomy.at(self.definition?).theme.as_deref()
    }

    /// Its 4C.
    pub(super) fn four_c<'s>(&self, taxonomy: &'s Taxonomy) -> Option<&'s str> {
        taxonomy.at(self.definition?).four_c.as_deref()
    }

    /// Theme of the words searched for.
    pub(super) fn search_theme<'s>(&self, taxonomy: &'s Taxonomy) -> Option<&'s str> {
        taxonomy.at(self.search_theme?).theme.as_deref()
    }

    /// The codes that did not win, blank between, gravest first.
    pub(super) fn other_codes<'s>(&self, taxonomy: &'s Taxonomy) -> Cow<'s, str> {
        match &self.others {
            Others::None => Cow::Borrowed(""),
            Others::One(index) => Cow::Borrowed(&taxonomy.at(*index).code),
            Others::Several(codes) => Cow::Owned(codes.clone()),
        }
    }
}

/// The gravest code and its source; at equal severity what the person typed comes first.
fn choose(
    taxonomy: &Taxonomy,
    standing: &[usize],
    from_site: bool,
    hits: &[SearchHit],
) -> (Option<usize>, &'static str) {
    let base = standing.first().copied();
    let base_severity = base.map(|index| taxonomy.at(index).severity);
    match hits.first() {
        Some(hit) if base_severity.is_none_or(|severity| hit.severity >= severity) => {
            (Some(hit.code), "search")
        }
        _ if base.is_none() => (None, "none"),
        _ if from_site => (base, "site list"),
        _ => (base, "vendor"),
    }
}

/// The codes that did not win, each once, gravest first.
fn others(taxonomy: &Taxonomy, chosen: Option<usize>, all: impl Iterator<Item = usize>) -> Others {
    let mut others: Vec<usize> = all.filter(|index| Some(*index) != chosen).collect();
    others.sort_by_key(|index| Reverse(taxonomy.weight(*index)));
    others.dedup();
    match others[..] {
        [] => Others::None,
        [one] => Others::One(one),
        _ => {
            let codes: Vec<&str> = others.iter().map(|index| taxonomy.at(*index).code.as_str()).collect();
            Others::Several(codes.join(" "))
        }
    }
}
