//! Corrections of what was recorded: whose the records of an account are, and what a site is about.
//!
//! # Where they act
//! `requests` and the vault stay as they were taken in: they are what the filter wrote, and a correction
//! can itself be wrong. A correction acts when rows are read: on the way from `requests` to the derived
//! tables, from which every figure, list and sealed set is counted, and on the way from the vault to the
//! DSL's timeline and a subject's copy. So it also acts on records that come later, and taking it back
//! gives exactly the rows of before.
//!
//! # What it changes
//! - Whose: actor, role, year group and key stage; the group becomes `unmatched`, since the filter's group
//!   was the log-in's, so that a person's own records of the day say the person's group. Nobody's records
//!   have no actor. Records that become a staff member's go to the tables of staff, and the other way round.
//! - What about: code, theme, 4C, severity, learning and whether somebody asked for it, as the taxonomy has
//!   the code on that day. A record whose words searched for have a theme keeps what it has: what a person
//!   typed is no mistake about a site. Illegal lists are not corrected: their rows have no site.
//!
//! - Of an incident: rows that only older exports have, because pupil or category were changed since where the
//!   incident is recorded. They stay among all rows of all exports, and are none of those that stand.
//!
//! Of several corrections of one record the newest holds; taken back, the one before it holds again.

mod batches;
mod making;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

pub(crate) use batches::CorrectedRequests;
pub use making::{Made, Making};

use crate::classify::Taxonomy;
use crate::error::Error;
use crate::event::Member;
use crate::normalise::registrable;
use crate::state::{Correction, State, Wrong};

/// All corrections that hold.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    standing: Vec<Correction>,
}

/// The corrections of one day.
#[derive(Clone, Debug, Default)]
pub(crate) struct DayOverlay {
    /// By the recorded pseudonym, whose it is instead.
    pub(crate) persons: BTreeMap<i64, Option<Member>>,
    /// Newest first.
    pub(crate) codes: Vec<CodeOverlay>,
}

/// One code instead of others, as the taxonomy has it on the day.
#[derive(Clone, Debug)]
pub(crate) struct CodeOverlay {
    site: Option<String>,
    was: Option<String>,
    source: Option<String>,
    pub(crate) code: String,
    pub(crate) theme: Option<String>,
    pub(crate) four_c: Option<String>,
    pub(crate) severity: i16,
    pub(crate) learning: bool,
    pub(crate) noise: bool,
}

impl CodeOverlay {
    pub(crate) fn fits(&self, site: Option<&str>, code: &str, source: &str) -> bool {
        self.site.as_deref().is_none_or(|wanted| Some(wanted) == site)
            && self.was.as_deref().is_none_or(|wanted| wanted == code)
            && self.source.as_deref().is_none_or(|wanted| wanted == source)
    }
}

impl DayOverlay {
    pub(crate) fn is_empty(&self) -> bool {
        self.persons.is_empty() && self.codes.is_empty()
    }
}

/// What a record of the vault is about once it is corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Common category code.
    pub code: String,
    /// Theme of the code.
    pub theme: Option<String>,
    /// 0-5.
    pub severity: i16,
}

impl Overlay {
    /// The corrections of a school.
    ///
    /// # Errors
    /// When the state file cannot be read.
    pub fn load(state: &State) -> Result<Self, Error> {
        let mut standing = state.corrections()?;
        standing.retain(Correction::holds);
        Ok(Self { standing })
    }

    fn on(&self, day: Date) -> impl DoubleEndedIterator<Item = &Correction> {
        self.standing.iter().filter(move |known| (known.from..=known.to).contains(&day))
    }

    /// The corrections that touch a stretch of days.
    pub fn between(&self, from: Date, to: Date) -> impl Iterator<Item = &Correction> {
        self.standing.iter().filter(move |known| known.from <= to && known.to >= from)
    }

    /// Whose a record of a day is that was taken in under a pseudonym; none if nobody's.
    #[must_use]
    pub fn person(&self, recorded: i64, day: Date) -> Option<i64> {
        self.on(day)
            .rev()
            .find_map(|known| match &known.wrong {
                Wrong::Person { recorded: tokens, truly } if tokens.contains(&recorded) => {
                    Some(truly.map(|member| member.person))
                }
                _ => None,
            })
            .unwrap_or(Some(recorded))
    }

    /// Pseudonyms under which records may stand that are one of these persons': their own, and those that
    /// are corrected to theirs.
    #[must_use]
    pub fn recorded_as(&self, persons: &BTreeSet<i64>) -> BTreeSet<i64> {
        let mut all = persons.clone();
        for known in &self.standing {
            if let Wrong::Person { recorded, truly: Some(member) } = &known.wrong
                && persons.contains(&member.person)
            {
                all.extend(recorded);
            }
        }
        all
    }

    /// As [`recorded_as`](Self::recorded_as), by the corrections that touch a stretch of days.
    #[must_use]
    pub fn recorded_between(&self, persons: &BTreeSet<i64>, from: Date, to: Date) -> BTreeSet<i64> {
        let standing = self.between(from, to).cloned().collect();
        Self { standing }.recorded_as(persons)
    }

    /// The corrections that take records away from these persons, or give them some.
    pub fn concerning(&self, persons: &BTreeSet<i64>) -> impl Iterator<Item = &Correction> {
        self.standing.iter().filter(|known| match &known.wrong {
            Wrong::Person { recorded, truly } => {
                !recorded.is_disjoint(persons) || truly.is_some_and(|member| persons.contains(&member.person))
            }
            _ => false,
        })
    }

    /// Incidents of which rows do not hold any more: pseudonym, format or profile, and the moment before which
    /// the rows were taken in, in microseconds since the epoch.
    pub fn incidents(&self) -> impl Iterator<Item = (i64, &str, i64)> {
        self.standing.iter().filter_map(|known| match &known.wrong {
            Wrong::Incident { incident, source, before_us } => Some((*incident, source.as_str(), *before_us)),
            _ => None,
        })
    }

    /// What a sealed record is about instead, if a correction says so. `host` is the record's own.
    #[must_use]
    pub fn about(
        &self,
        taxonomy: &Taxonomy,
        day: Date,
        host: &str,
        code: &str,
        source: &str,
        private: &dyn Fn(&str) -> Option<String>,
    ) -> Option<About> {
        let overlay = self.day(day, taxonomy);
        if overlay.codes.is_empty() {
            return None;
        }
        let site = match registrable(host) {
            Some(start) => host.get(start..).map(str::to_owned),
            None if host.is_empty() => None,
            None => private(host),
        };
        let found = overlay.codes.into_iter().find(|known| known.fits(site.as_deref(), code, source))?;
        Some(About { code: found.code, theme: found.theme, severity: found.severity })
    }

    /// The corrections of a day, with what the taxonomy says of the codes on it.
    pub(crate) fn day(&self, day: Date, taxonomy: &Taxonomy) -> DayOverlay {
        let mut overlay = DayOverlay::default();
        for known in self.on(day) {
            match &known.wrong {
                Wrong::Person { recorded, truly } => {
                    overlay.persons.extend(recorded.iter().map(|token| (*token, *truly)));
                }
                Wrong::Code { site, was, source, code } => {
                    // A code that a school has taken out of its taxonomy since then corrects nothing.
                    let Some(meaning) = taxonomy.code(code, day) else { continue };
                    overlay.codes.insert(
                        0,
                        CodeOverlay {
                            site: site.clone(),
                            was: was.clone(),
                            source: source.clone(),
                            code: code.clone(),
                            theme: meaning.theme.clone(),
                            four_c: meaning.four_c.clone(),
                            severity: i16::from(meaning.severity),
                            learning: meaning.learning,
                            noise: meaning.noise,
                        },
                    );
                }
                // No record of a filter.
                Wrong::Incident { .. } | Wrong::Correction(_) => {}
            }
        }
        overlay
    }
}

#[cfg(test)]
mod tests;
