//! Which records a person's act caused, where the neighbours decide.

use std::hash::BuildHasher;

use arrow::array::{Array, RecordBatch};

use super::columns::{Symbols, flag, instant, known, text, whole};
use crate::error::Error;
use crate::quick_map::{QuickMap, QuickSet};

/// A blocked host this soon after an allowed page on another site is furniture of that page.
const FURNITURE_US: i64 = 2_000_000;
/// A warning and the step past it within this time are one decision (log-formats Q05).
const WARNING_US: i64 = 600_000_000;

/// Bits of the filter of tunnels: a megabyte, so that of a million pairs one in eight passes in vain.
const FILTER_BITS: usize = 1 << 23;

type Actor = Option<i64>;
type Moments = Vec<(i64, Option<u32>)>;

/// What a pass before the first one looks for, on days with so many records that memory counts: only
/// pages just before a block, and only sites that somebody tunnelled to, can decide anything.
#[derive(Debug)]
struct Foreseen {
    /// Times of each actor's blocked records.
    blocks: QuickMap<Actor, Vec<i64>>,
    /// Where a pair of actor and site hashes to, a tunnel of theirs may be.
    tunnels: Vec<u64>,
    hash: foldhash::fast::RandomState,
    settled: bool,
}

impl Default for Foreseen {
    fn default() -> Self {
        Self {
            blocks: QuickMap::default(),
            tunnels: vec![0; FILTER_BITS / 64],
            hash: foldhash::fast::RandomState::default(),
            settled: false,
        }
    }
}

impl Foreseen {
    fn place(&self, actor: Actor, site: u32) -> (usize, u64) {
        let hash = self.hash.hash_one((actor, site)) as usize % FILTER_BITS;
        (hash / 64, 1 << (hash % 64))
    }

    fn tunnel(&mut self, actor: Actor, site: u32) {
        let (word, bit) = self.place(actor, site);
        self.tunnels[word] |= bit;
    }

    fn may_tunnel(&self, actor: Actor, site: u32) -> bool {
        let (word, bit) = self.place(actor, site);
        self.tunnels[word] & bit != 0
    }

    fn precedes_a_block(&self, actor: Actor, time_us: i64) -> bool {
        let Some(times) = self.blocks.get(&actor) else { return false };
        let next = times.partition_point(|block| *block < time_us);
        times.get(next).is_some_and(|block| *block <= time_us + FURNITURE_US)
    }
}

/// What the first pass remembers.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    foreseen: Option<Foreseen>,
    /// Allowed HTML pages of each actor: time and site.
    pages: QuickMap<Actor, Moments>,
    /// Warnings that were passed: time of the step and site.
    proceeded: QuickMap<Actor, Moments>,
    /// Actor and site pairs with decrypted requests.
    decrypted: QuickSet<(Actor, u32)>,
    settled: bool,
}

impl Neighbours {
    /// Takes one batch of the pass before the first: what is worth being remembered.
    pub(super) fn foresee(&mut self, batch: &RecordBatch, symbols: &mut Symbols) -> Result<(), Error> {
        let (times, actors) = (instant(batch, "event_time_utc")?, whole(batch, "actor")?);
        let (kinds, actions, sites) = (
            text(batch, "record_kind", symbols)?,
            text(batch, "action", symbols)?,
            text(batch, "site", symbols)?,
        );
        let foreseen = self.foreseen.get_or_insert_default();
        foreseen.settled = false;
        for row in 0..batch.num_rows() {
            let actor = || (!actors.is_null(row)).then(|| actors.value(row));
            match actions.required(row, symbols) {
                known::BLOCKED => foreseen.blocks.entry(actor()).or_default().push(times.value(row)),
                known::ALLOWED if kinds.required(row, symbols) == known::TUNNEL => {
                    if let Some(site) = sites.symbol(row, symbols) {
                        foreseen.tunnel(actor(), site);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes one batch of the first pass.
    pub(super) fn observe(&mut self, batch: &RecordBatch, symbols: &mut Symbols) -> Result<(), Error> {
        let (times, actors) = (instant(batch, "event_time_utc")?, whole(batch, "actor")?);
        let (kinds, actions, sites) = (
            text(batch, "record_kind", symbols)?,
            text(batch, "action", symbols)?,
            text(batch, "site", symbols)?,
        );
        let visibilities = text(batch, "visibility", symbols)?;
        let (pages, noise) = (flag(batch, "html_page")?, flag(batch, "record_noise")?);
        self.settled = false;
        if let Some(foreseen) = self.foreseen.as_mut().filter(|foreseen| !foreseen.settled) {
            foreseen.blocks.values_mut().for_each(|times| times.sort_unstable());
            foreseen.settled = true;
        }
        let foreseen = self.foreseen.as_ref();
        let mut last = None;
        for row in 0..batch.num_rows() {
            let actor = (!actors.is_null(row)).then(|| actors.value(row));
            let site = sites.symbol(row, symbols);
            let kind = kinds.required(row, symbols);
            let action = actions.required(row, symbols);
            if action == known::PROCEEDED {
                self.proceeded.entry(actor).or_default().push((times.value(row), site));
            }
            if kind != known::REQUEST {
                continue;
            }
            let visibility = visibilities.required(row, symbols);
            if let Some(site) = site.filter(|_| visibility == known::PAGE)
                && last != Some((actor, site))
            {
                if foreseen.is_none_or(|foreseen| foreseen.may_tunnel(actor, site)) {
                    self.decrypted.insert((actor, site));
                }
                last = Some((actor, site));
            }
            if pages.value(row)
                && !noise.value(row)
                && action == known::ALLOWED
                && foreseen.is_none_or(|foreseen| foreseen.precedes_a_block(actor, times.value(row)))
            {
                self.pages.entry(actor).or_default().push((times.value(row), site));
            }
        }
        Ok(())
    }

    /// Ends the first pass.
    pub(super) fn settle(&mut self) {
        if !self.settled {
            self.pages
                .values_mut()
                .chain(self.proceeded.values_mut())
                .for_each(|moments| moments.sort_unstable());
            self.settled = true;
        }
    }

    /// Whether a record that is no noise by itself is primary among its neighbours.
    pub(super) fn is_primary(
        &self,
        actor: Actor,
        time_us: i64,
        site: Option<u32>,
        record_kind: u32,
        action: u32,
    ) -> bool {
        match action {
            // The proxy asked who it is; nobody did anything.
            known::CHALLENGED => false,
            known::BLOCKED => {
                !self.near(&self.pages, actor, time_us - FURNITURE_US, time_us, |page| page != site)
            }
            known::WARNED => {
                !self.near(&self.proceeded, actor, time_us, time_us + WARNING_US, |step| step == site)
            }
            // A tunnel whose inner requests stand in the log too is counted by those (Q04).
            known::ALLOWED if record_kind == known::TUNNEL => {
                !site.is_some_and(|site| self.decrypted.contains(&(actor, site)))
            }
            _ => record_kind != known::AUTHENTICATION,
        }
    }

    fn near(
        &self,
        among: &QuickMap<Actor, Moments>,
        actor: Actor,
        from_us: i64,
        to_us: i64,
        fits: impl Fn(Option<u32>) -> bool,
    ) -> bool {
        let Some(moments) = among.get(&actor) else { return false };
        let first = moments.partition_point(|(time, _)| *time < from_us);
        moments[first..].iter().take_while(|(time, _)| *time <= to_us).any(|(_, site)| fits(*site))
    }
}
