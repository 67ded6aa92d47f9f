//! Where people were: each actor's days by network, and their attempts and episodes by network and theme.

use std::collections::BTreeMap;

use super::tables::{Rows, Value};
use super::{DayFacts, DerivedDay};
use crate::quick_map::QuickMap;

/// Primary records of each actor on each network.
pub(super) type OnNetworks = QuickMap<(Option<i64>, u32), i64>;

/// Attempts and episodes of each actor on each network in each theme.
type InThemes<'n> = BTreeMap<(Option<i64>, &'n str, Option<&'n str>), (i64, i64)>;

impl DerivedDay {
    /// Actor by network.
    pub(super) fn network_days(&self, day: DayFacts, year: &str, rows: &mut Rows) {
        let mut sorted: BTreeMap<(Option<i64>, &str), i64> = BTreeMap::new();
        for ((actor, network), primary) in &self.networks {
            sorted.insert((*actor, self.symbols.word(*network)), *primary);
        }
        for ((actor, network), primary) in sorted {
            let mut cells = [self.day(day), self.who(actor)].concat();
            cells.extend([Value::Text(network), Value::Whole(primary), Value::Text(year)]);
            rows.push(&cells);
        }
    }

    /// Actor by network and theme. An attempt or episode is where its first record was.
    pub(super) fn network_theme_days(&self, day: DayFacts, year: &str, rows: &mut Rows) {
        let mut themes: InThemes<'_> = BTreeMap::new();
        let word = |symbol: Option<u32>| symbol.map(|symbol| self.symbols.word(symbol));
        for attempt in self.runs.attempts.iter().filter(|attempt| !attempt.first.illegal) {
            let first = &attempt.first;
            let key = (first.actor, self.symbols.word(first.network), word(first.theme));
            themes.entry(key).or_default().0 += 1;
        }
        for episode in self.runs.episodes.iter().filter(|episode| !episode.first.illegal) {
            let first = &episode.first;
            let key = (first.actor, self.symbols.word(first.network), word(first.theme));
            themes.entry(key).or_default().1 += 1;
        }
        for ((actor, network, theme), (attempts, episodes)) in themes {
            let mut cells = [self.day(day), self.who(actor)].concat();
            cells.extend([
                Value::Text(network),
                theme.into(),
                Value::Whole(attempts),
                Value::Whole(episodes),
                Value::Text(year),
            ]);
            rows.push(&cells);
        }
    }
}
