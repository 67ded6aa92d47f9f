//! Answers of one run, so that the same words and hosts are looked up once.

use std::fmt;

use jiff::civil::Date;

use super::category_map::CategoryAnswer;
use super::decision::{Decision, DecisionKey};
use crate::quick_map::QuickMap;

/// Answers kept of each kind; beyond that all are forgotten and looked up again.
const LARGEST: usize = 65_536;

/// What the data files know of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct HostAnswer {
    /// Definition of its code.
    pub(super) site: Option<usize>,
    /// Known for what nobody asks for.
    pub(super) noise: bool,
}

/// Answers of one run, so that the same words and hosts are looked up once.
///
/// Between two days on which a data file changes (an epoch), an answer does not depend on the day.
#[derive(Default)]
pub struct ClassifyCache {
    /// Scratch space for words searched for.
    pub(super) spare: String,
    /// The epoch of the day asked for last.
    pub(super) epoch: Option<(Date, usize)>,
    separators: Vec<u8>,
    words: Answers<CategoryAnswer>,
    hosts: Answers<HostAnswer>,
    mimes: Answers<bool>,
    decisions: QuickMap<DecisionKey, Decision>,
}

impl fmt::Debug for ClassifyCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ClassifyCache(redacted)")
    }
}

impl ClassifyCache {
    /// What is known of a host.
    pub(super) fn host(&mut self, host: &str, epoch: usize, ask: impl FnOnce() -> HostAnswer) -> HostAnswer {
        let place = self.hosts.place(host, epoch, ask);
        self.hosts.answers[place]
    }

    /// Whether a MIME type is that of page furniture.
    pub(super) fn mime(&mut self, mime: &str, epoch: usize, ask: impl FnOnce() -> bool) -> bool {
        let place = self.mimes.place(mime, epoch, ask);
        self.mimes.answers[place]
    }

    /// What category words mean: the answer's place, which [`words_at`](Self::words_at) resolves until
    /// the next call.
    pub(super) fn words(
        &mut self,
        text: &str,
        separators: &[u8],
        epoch: usize,
        ask: impl FnOnce() -> CategoryAnswer,
    ) -> usize {
        if self.separators != separators {
            self.forget_words();
            separators.clone_into(&mut self.separators);
        }
        if self.words.is_full() {
            self.forget_words();
        }
        self.words.place(text, epoch, ask)
    }

    /// Decisions name words by their place.
    fn forget_words(&mut self) {
        self.words.clear();
        self.decisions.clear();
    }

    pub(super) fn words_at(&self, place: usize) -> &CategoryAnswer {
        &self.words.answers[place]
    }

    pub(super) fn decided(&self, key: &DecisionKey) -> Option<&Decision> {
        self.decisions.get(key)
    }

    pub(super) fn remember(&mut self, key: DecisionKey, decision: Decision) {
        if self.decisions.len() >= LARGEST {
            self.decisions.clear();
        }
        self.decisions.insert(key, decision);
    }
}

/// Texts to places, places to answers; one table of texts for each epoch.
struct Answers<T> {
    places: Vec<QuickMap<Box<str>, usize>>,
    answers: Vec<T>,
}

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Self { places: Vec::new(), answers: Vec::new() }
    }
}

impl<T> Answers<T> {
    fn clear(&mut self) {
        self.places.clear();
        self.answers.clear();
    }

    const fn is_full(&self) -> bool {
        self.answers.len() >= LARGEST
    }

    fn place(&mut self, text: &str, epoch: usize, ask: impl FnOnce() -> T) -> usize {
        if self.is_full() {
            self.clear();
        }
        if self.places.len() <= epoch {
            self.places.resize_with(epoch + 1, QuickMap::default);
        }
        let places = &mut self.places[epoch];
        if let Some(place) = places.get(text) {
            return *place;
        }
        self.answers.push(ask());
        places.insert(text.into(), self.answers.len() - 1);
        self.answers.len() - 1
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use super::*;

    #[test]
    fn an_answer_is_asked_for_once_in_an_epoch_and_memory_is_bounded() {
        let mut answers = Answers::default();
        let mut get = |text: &str, epoch, answer| {
            let place = answers.place(text, epoch, || answer);
            answers.answers[place]
        };
        assert_eq!(get("a", 0, 1), 1);
        assert_eq!(get("a", 0, 2), 1);
        assert_eq!(get("a", 3, 3), 3);
        for number in 0..2 * LARGEST {
            assert_eq!(get(&number.to_string(), 0, number), number);
        }
        assert!(answers.answers.len() <= LARGEST);
    }

    #[test]
    fn other_separators_make_other_words() {
        let mut cache = ClassifyCache::default();
        let mut noise = |separators: &[u8], noise| {
            let answer = || CategoryAnswer { noise, ..CategoryAnswer::default() };
            let place = cache.words("a,b", separators, 0, answer);
            cache.words_at(place).noise
        };
        assert!(noise(b",", true));
        assert!(noise(b",", false));
        assert!(!noise(b";", false));
    }
}
