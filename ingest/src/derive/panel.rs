//! Sites of the canary panel that groups reached (OB7): what tells "open" from "not asked for" once the single
//! records have gone. No pseudonym stands in it: that somebody asked for help is nobody's to look up.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::{Rows, Value};
use super::{DayFacts, DerivedDay};
use crate::quick_map::QuickMap;

/// The panel of the day, and who was let through to its sites.
#[derive(Debug, Default)]
pub(super) struct Panel {
    /// Its sites, by symbol.
    pub(super) sites: BTreeSet<u32>,
    /// Actors let through, by site.
    pub(super) through: QuickMap<u32, BTreeSet<Option<i64>>>,
}

impl Panel {
    /// Notes a record that was let through to a site.
    pub(super) fn see(&mut self, site: u32, actor: Option<i64>) {
        if self.sites.contains(&site) {
            self.through.entry(site).or_default().insert(actor);
        }
    }
}

impl DerivedDay {
    /// Site by group, and a row for each site of the panel that says it was one.
    pub(super) fn panel_days(&self, day: DayFacts, year: &str, rows: &mut Rows) {
        let mut reached: BTreeMap<(&str, Option<&str>), i64> = BTreeMap::new();
        for site in &self.panel.sites {
            let name = self.symbols.word(*site);
            reached.insert((name, None), 0);
            for actor in self.panel.through.get(site).into_iter().flatten() {
                if let Some(person) = self.people.get(actor) {
                    *reached.entry((name, Some(self.symbols.word(person.group_id)))).or_default() += 1;
                }
            }
        }
        for ((site, group), actors) in reached {
            let mut cells = self.day(day).to_vec();
            cells.extend([Value::Text(site), group.into(), Value::Whole(actors), Value::Text(year)]);
            rows.push(&cells);
        }
    }
}
