//! How many of a class were active while five or more of it met a block of one site: what tells a lesson-block
//! event (OB6) once the single records have gone.
//!
//! Ten minutes are ten minutes of the clock, from that of an attempt. A row stands for every minute from which on
//! five actors of a class began attempts on one site, so that whoever may not see some of them, or asks about a
//! theme, finds the count for whatever attempt comes first then.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::known;
use super::runs::Person;
use super::tables::{Rows, Value};
use super::{DayFacts, DerivedDay};
use crate::quick_map::QuickMap;

/// Different actors at least.
const LEAST_ACTORS: usize = 5;
/// Minutes that belong together.
const MINUTES: i16 = 10;
/// Words of 64 minutes in a day.
const WORDS: usize = 1440_usize.div_ceil(64);

/// The minutes of a day in which somebody had a record that is no noise.
#[derive(Clone, Debug)]
pub(super) struct Minutes([u64; WORDS]);

impl Default for Minutes {
    fn default() -> Self {
        Self([0; WORDS])
    }
}

impl Minutes {
    /// Notes a minute since midnight.
    pub(super) fn see(&mut self, minute: i16) {
        let minute = usize::try_from(minute).unwrap_or(0);
        if let Some(word) = self.0.get_mut(minute / 64) {
            *word |= 1 << (minute % 64);
        }
    }

    /// Whether one of the ten minutes from one on was seen.
    fn any_from(&self, first: i16) -> bool {
        (first..first + MINUTES).any(|minute| {
            let minute = usize::try_from(minute).unwrap_or(0);
            self.0.get(minute / 64).is_some_and(|word| word & (1 << (minute % 64)) != 0)
        })
    }
}

/// Minutes of each actor.
pub(super) type Active = QuickMap<i64, Box<Minutes>>;

/// A group; or the year group of those whom no group's rule fits.
type Class = (u32, Option<i16>);

fn class_of(person: &Person) -> Option<Class> {
    match person.group_id {
        known::UNMATCHED => person.year_group.map(|year_group| (known::UNMATCHED, Some(year_group))),
        group => Some((group, None)),
    }
}

/// Classes in the order of their names, each with the minutes that are wanted of it.
type Wanted<'n> = BTreeMap<(&'n str, Option<i16>), (Class, BTreeSet<i16>)>;

/// Minutes from which on five actors began attempts, of attempts on one site.
fn starts(attempts: &[(i16, i64)]) -> BTreeSet<i16> {
    let mut sorted = attempts.to_vec();
    sorted.sort_unstable();
    let mut found = BTreeSet::new();
    for (at, (first, _)) in sorted.iter().enumerate() {
        let together = sorted[at..].iter().take_while(|(minute, _)| minute - first < MINUTES);
        let actors: BTreeSet<i64> = together.map(|(_, actor)| *actor).collect();
        if actors.len() >= LEAST_ACTORS {
            found.insert(*first);
        }
    }
    found
}

impl DerivedDay {
    /// Class by minute.
    pub(super) fn class_minutes(&self, day: DayFacts, year: &str, rows: &mut Rows) {
        let mut by_site: QuickMap<(Class, u32), Vec<(i16, i64)>> = QuickMap::default();
        for attempt in &self.runs.attempts {
            let first = &attempt.first;
            if first.illegal || first.search_token.is_some() || first.lesson_period.is_none() {
                continue;
            }
            let class = self.people.get(&first.actor).and_then(class_of);
            if let (Some(actor), Some(site), Some(class)) = (first.actor, first.site, class) {
                by_site.entry((class, site)).or_default().push((first.local_minute, actor));
            }
        }
        let mut wanted: Wanted<'_> = BTreeMap::new();
        for ((class, _), attempts) in &by_site {
            let minutes = starts(attempts);
            if !minutes.is_empty() {
                let key = (self.symbols.word(class.0), class.1);
                wanted.entry(key).or_insert_with(|| (*class, BTreeSet::new())).1.extend(minutes);
            }
        }
        if wanted.is_empty() {
            return;
        }
        let mut members: QuickMap<Class, Vec<&Minutes>> = QuickMap::default();
        for (actor, minutes) in &self.active {
            if let Some(class) = self.people.get(&Some(*actor)).and_then(class_of) {
                members.entry(class).or_default().push(minutes);
            }
        }
        for ((group, year_group), (class, minutes)) in wanted {
            let of_class = members.get(&class).map_or(&[][..], Vec::as_slice);
            for minute in minutes {
                let active = of_class.iter().filter(|seen| seen.any_from(minute)).count();
                let mut cells = self.day(day).to_vec();
                cells.extend([
                    Value::Text(group),
                    year_group.into(),
                    Value::Whole(i64::from(minute)),
                    Value::Whole(active as i64),
                    Value::Text(year),
                ]);
                rows.push(&cells);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_minutes_from_an_attempt_with_five_actors() {
        // Four at 540 and a fifth at 549: from 540 on. At 550 it would be no more.
        let four = [(540, 1), (540, 2), (541, 3), (545, 4)];
        assert_eq!(starts(&[&four[..], &[(549, 5)]].concat()), BTreeSet::from([540]));
        assert!(starts(&[&four[..], &[(550, 5)]].concat()).is_empty());
        assert!(starts(&[&four[..], &[(549, 4)]].concat()).is_empty(), "the same one twice");
        // Two from 540 on, one of them early: without that one, the others still begin at 541.
        let six = [(540, 1), (541, 2), (541, 3), (542, 4), (543, 5), (544, 6)];
        assert_eq!(starts(&six), BTreeSet::from([540, 541]));
    }

    #[test]
    fn minutes_of_a_day_to_the_last() {
        let mut minutes = Minutes::default();
        for minute in [0, 63, 64, 1439] {
            minutes.see(minute);
        }
        assert!(minutes.any_from(54) && minutes.any_from(64) && !minutes.any_from(65));
        assert!(minutes.any_from(1430) && minutes.any_from(1439) && !minutes.any_from(1429));
    }
}
