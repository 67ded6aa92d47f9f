//! What the DSL has marked live: left out of every set and of all views but the DSL's.

use std::collections::BTreeSet;

use ingest::lake::Lake;
use ingest::lake::visits::visitors;
use ingest::schema::{BLOCKED_SITE_DAYS, REQUESTS, TableSchema};
use ingest::school::{AcademicYear, SchoolRoot};
use ingest::state::{Embargo, State};
use jiff::civil::Date;

use crate::error::Error;
use crate::viewer::person_column;

/// Where it stands who was at a site on which day: blocked visits for as long as events are kept, all visits
/// while there is detail.
pub(crate) const LOOKED_UP: [&TableSchema; 2] = [&BLOCKED_SITE_DAYS, &REQUESTS];

/// A live mark, with all tokens of its person.
#[derive(Clone, Debug)]
struct Mark {
    marked: Embargo,
    tokens: BTreeSet<i64>,
    /// Who was at its site on days whose single records have gone.
    noted: BTreeSet<(i64, Date)>,
}

/// The marks that are live now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Embargoes(Vec<Mark>);

/// Live marks ready for rows of some days.
#[derive(Clone, Debug, Default)]
pub(crate) struct LiveMatters(Vec<(Mark, BTreeSet<(i64, Date)>)>);

impl Embargoes {
    /// Those of a school; none where it has no state yet.
    pub(crate) fn of(root: &SchoolRoot) -> Result<Self, Error> {
        if !root.state().exists() {
            return Ok(Self::default());
        }
        let state = State::open(root)?;
        let mut live = Vec::new();
        for marked in state.embargoes()?.into_iter().filter(Embargo::is_live) {
            let tokens = match marked.person {
                Some(_) => state.tokens_of(&state.embargo_persons(&marked)?)?,
                None => BTreeSet::new(),
            };
            let noted = state.embargo_visits(marked.id)?;
            live.push(Mark { marked, tokens, noted });
        }
        Ok(Self(live))
    }

    /// Live marks about a person of which nobody knows whom they are about in a year, by their numbers: what is
    /// counted of that year holds the rows they are meant to keep out. Empty where all are known.
    pub(crate) fn unfollowed(root: &SchoolRoot, year: AcademicYear) -> Result<Vec<i64>, Error> {
        if root.state().exists() {
            Ok(State::open(root)?.unfollowed_embargoes(year)?)
        } else {
            Ok(Vec::new())
        }
    }

    /// Only the marks that there were at a moment; one whose own moment cannot be read was there.
    pub(crate) fn made_before(mut self, moment: jiff::Timestamp) -> Self {
        self.0.retain(|mark| {
            mark.marked.added_utc.parse::<jiff::Timestamp>().map_or(true, |made| made <= moment)
        });
        self
    }

    /// Whether nothing is marked.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Only the mark of a number.
    pub(crate) fn only(mut self, id: i64) -> Self {
        self.0.retain(|mark| mark.marked.id == id);
        self
    }

    /// How many pseudonyms the marks are about.
    pub(crate) fn tokens(&self) -> usize {
        self.0.iter().flat_map(|mark| &mark.tokens).collect::<BTreeSet<_>>().len()
    }

    /// Tables that the conditions look things up in, beside those that are asked.
    pub(crate) fn reads(&self) -> &'static [&'static TableSchema] {
        if self.0.iter().any(|mark| mark.marked.site.is_some()) { &LOOKED_UP } else { &[] }
    }

    /// What a row of a table must not be to stay; nothing where no mark can be about such rows. `of_person`
    /// names the table's column of whom the row is about.
    pub(crate) fn excluded(&self, table: &TableSchema, of_person: Option<&str>) -> Option<String> {
        let has = |name: &str| table.columns.iter().any(|column| column.name == name);
        let conditions: Vec<String> =
            self.0.iter().filter_map(|mark| mark.covers_sql(of_person, &has)).collect();
        (!conditions.is_empty()).then(|| format!("coalesce(NOT ({}), true)", conditions.join(" OR ")))
    }

    /// The condition that a row of a table is of a live matter; `false` where none is.
    pub(crate) fn flag(&self, table: &TableSchema) -> String {
        let has = |name: &str| table.columns.iter().any(|column| column.name == name);
        let conditions: Vec<String> =
            self.0.iter().filter_map(|mark| mark.covers_sql(person_column(table), &has)).collect();
        if conditions.is_empty() {
            "false".to_owned()
        } else {
            format!("coalesce({}, false)", conditions.join(" OR "))
        }
    }

    /// The marks with what they need of the lake, for the rows of some days.
    ///
    /// Where a mark names a site, a person who was there on a day has the whole day's rows of the marked theme
    /// left out: an episode does not say which sites it touched.
    pub(crate) async fn in_days(self, lake: &Lake, from: Date, to: Date) -> Result<LiveMatters, Error> {
        let mut ready = Vec::new();
        for mark in self.0 {
            let mut there = mark.noted.clone();
            if let Some(site) = &mark.marked.site {
                let first = from.max(mark.marked.from);
                let last = mark.marked.to.map_or(to, |end| end.min(to));
                for table in [&BLOCKED_SITE_DAYS, &REQUESTS] {
                    visitors(lake, table, site, first, last, &mut there).await?;
                }
            }
            ready.push((mark, there));
        }
        Ok(LiveMatters(ready))
    }
}

impl Mark {
    /// The mark as a condition over a table's columns; none where the table has no column for what is marked.
    fn covers_sql(&self, of_person: Option<&str>, has: &dyn Fn(&str) -> bool) -> Option<String> {
        let marked = &self.marked;
        let mut all = vec![format!("local_date >= DATE '{}'", marked.from)];
        if !has("local_date") {
            return None;
        }
        all.extend(marked.to.map(|to| format!("local_date <= DATE '{to}'")));
        if marked.person.is_some() {
            let tokens: Vec<String> = self.tokens.iter().map(ToString::to_string).collect();
            all.push(format!("{} IN ({})", of_person?, tokens.join(", ")));
        }
        if let Some(theme) = &marked.theme {
            if !has("theme") {
                return None;
            }
            all.push(format!("theme = '{}'", theme.replace('\'', "''")));
        }
        if let Some(site) = &marked.site {
            let site = site.replace('\'', "''");
            if has("site") {
                all.push(format!("site = '{site}'"));
            } else if has("actor") {
                // Rows without a site: of whoever was there on that day.
                let of_day = "concat(CAST(actor AS VARCHAR), ' ', CAST(local_date AS VARCHAR))";
                let mut there = LOOKED_UP
                    .map(|table| {
                        format!("{of_day} IN (SELECT {of_day} FROM {} WHERE site = '{site}')", table.name)
                    })
                    .to_vec();
                if !self.noted.is_empty() {
                    let noted: Vec<String> =
                        self.noted.iter().map(|(actor, day)| format!("'{actor} {day}'")).collect();
                    there.push(format!("{of_day} IN ({})", noted.join(", ")));
                }
                all.push(format!("({})", there.join(" OR ")));
            } else {
                return None;
            }
        }
        if let Some(incident) = marked.incident {
            if has("incident") {
                return Some(format!("incident = {incident}"));
            }
            // Without a person tied to it, only the incident itself can be told.
            marked.person?;
        }
        Some(format!("({})", all.join(" AND ")))
    }
}

impl LiveMatters {
    /// Whether all that somebody did on a day is of a live matter: the mark names a person and neither theme
    /// nor site.
    pub(crate) fn covers_day(&self, actor: Option<i64>, day: Option<Date>) -> bool {
        self.0.iter().any(|(mark, _)| {
            let marked = &mark.marked;
            marked.theme.is_none()
                && marked.site.is_none()
                && actor.is_some_and(|actor| mark.tokens.contains(&actor))
                && marked.spans(day)
        })
    }

    /// Whether a request to change the filter for a site is of a live matter: it is for the marked site, or,
    /// where the mark names neither person nor site, of the marked theme. Such a request names nobody.
    pub(crate) fn covers_change(&self, site: Option<&str>, theme: Option<&str>, day: Option<Date>) -> bool {
        self.0.iter().any(|(mark, _)| {
            let marked = &mark.marked;
            let of_theme =
                marked.person.is_none() && marked.theme.is_some() && marked.theme.as_deref() == theme;
            let fits = match &marked.site {
                Some(_) => marked.site.as_deref() == site,
                None => of_theme,
            };
            fits && marked.spans(day)
        })
    }

    /// Whether an episode of somebody on a day is of a live matter.
    pub(crate) fn covers(&self, actor: Option<i64>, day: Option<Date>, theme: Option<&str>) -> bool {
        self.0.iter().any(|(mark, there)| {
            let marked = &mark.marked;
            let in_days = marked.spans(day);
            let of_person = match marked.person {
                Some(_) => actor.is_some_and(|actor| mark.tokens.contains(&actor)),
                None => marked.incident.is_none(),
            };
            let of_theme = marked.theme.is_none() || marked.theme.as_deref() == theme;
            let at_site = match (&marked.site, actor, day) {
                (None, _, _) => true,
                (Some(_), Some(actor), Some(day)) => there.contains(&(actor, day)),
                _ => false,
            };
            in_days && of_person && of_theme && at_site
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use jiff::civil::date;

    use super::*;

    fn marked() -> Embargo {
        Embargo {
            id: 1,
            from: date(2025, 11, 3),
            to: Some(date(2025, 11, 7)),
            person: None,
            theme: None,
            site: None,
            incident: None,
            reason: "case 12".to_owned(),
            reviewer: "DSL".to_owned(),
            review: date(2025, 12, 1),
            added_utc: String::new(),
            lifted_utc: None,
            lifted_why: None,
        }
    }

    fn live(marked: Embargo, there: &[(i64, Date)]) -> LiveMatters {
        let tokens = marked.person.into_iter().chain(marked.person.map(|_| 70)).collect();
        LiveMatters(vec![(Mark { marked, tokens, noted: BTreeSet::new() }, there.iter().copied().collect())])
    }

    #[test]
    fn all_that_a_mark_states_must_fit() {
        let (day, before) = (Some(date(2025, 11, 5)), Some(date(2025, 11, 2)));
        let of_person = live(Embargo { person: Some(7), theme: Some("SELFHARM".into()), ..marked() }, &[]);
        assert!(of_person.covers(Some(7), day, Some("SELFHARM")));
        assert!(of_person.covers(Some(70), day, Some("SELFHARM")), "an account of the person");
        for (actor, day, theme) in [
            (Some(8), day, Some("SELFHARM")),
            (Some(7), before, Some("SELFHARM")),
            (Some(7), day, Some("DRUGS")),
            (None, day, Some("SELFHARM")),
            (Some(7), None, Some("SELFHARM")),
        ] {
            assert!(!of_person.covers(actor, day, theme));
        }
        let at_site = live(Embargo { site: Some("a.example".into()), ..marked() }, &[(7, date(2025, 11, 5))]);
        assert!(at_site.covers(Some(7), day, None) && !at_site.covers(Some(8), day, None));
        // An incident that nobody of the roster is tied to covers no episode.
        let untied = live(Embargo { incident: Some(3), ..marked() }, &[]);
        assert!(!untied.covers(Some(7), day, Some("SELFHARM")));
    }
}
