//! Answers of one run, so that the same words and hosts are looked up once.

use std::collections::HashMap;
use std::fmt;

use super::category_map::CategoryAnswer;

/// Answers kept of each kind; beyond that all are forgotten and looked up again.
const LARGEST: usize = 65_536;

/// What the data files know of a host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostAnswer {
    /// Definition of its code.
    pub(crate) site: Option<usize>,
    /// Known for what nobody asks for.
    pub(crate) noise: bool,
}

/// Answers of one run, so that the same words and hosts are looked up once.
///
/// Between two days on which a data file changes (an epoch), an answer does not depend on the day.
#[derive(Default)]
pub struct ClassifyCache {
    /// Scratch space for words searched for.
    pub(crate) spare: String,
    separators: Vec<u8>,
    words: Answers<CategoryAnswer>,
    hosts: Answers<HostAnswer>,
}

impl fmt::Debug for ClassifyCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ClassifyCache(redacted)")
    }
}

impl ClassifyCache {
    /// What is known of a host.
    pub(crate) fn host(&mut self, host: &str, epoch: usize, ask: impl FnOnce() -> HostAnswer) -> HostAnswer {
        *self.hosts.get(host, epoch, ask)
    }

    /// What category words mean.
    pub(crate) fn words(
        &mut self,
        text: &str,
        separators: &[u8],
        epoch: usize,
        ask: impl FnOnce() -> CategoryAnswer,
    ) -> &CategoryAnswer {
        if self.separators != separators {
            self.words.clear();
            separators.clone_into(&mut self.separators);
        }
        self.words.get(text, epoch, ask)
    }
}

/// Texts to places, places to answers; one table of texts for each epoch.
struct Answers<T> {
    places: Vec<HashMap<Box<str>, usize>>,
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

    fn get(&mut self, text: &str, epoch: usize, ask: impl FnOnce() -> T) -> &T {
        if self.answers.len() >= LARGEST {
            self.clear();
        }
        if self.places.len() <= epoch {
            self.places.resize_with(epoch + 1, HashMap::new);
        }
        let places = &mut self.places[epoch];
        let place = if let Some(place) = places.get(text) {
            *place
        } else {
            self.answers.push(ask());
            places.insert(text.into(), self.answers.len() - 1);
            self.answers.len() - 1
        };
        &self.answers[place]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use super::*;

    #[test]
    fn an_answer_is_asked_for_once_in_an_epoch_and_memory_is_bounded() {
        let mut answers = Answers::default();
        assert_eq!(*answers.get("a", 0, || 1), 1);
        assert_eq!(*answers.get("a", 0, || 2), 1);
        assert_eq!(*answers.get("a", 3, || 3), 3);
        for number in 0..2 * LARGEST {
            assert_eq!(*answers.get(&number.to_string(), 0, || number), number);
        }
        assert!(answers.answers.len() <= LARGEST);
    }

    #[test]
    fn other_separators_make_other_words() {
        let mut cache = ClassifyCache::default();
        let answer = |noise| move || CategoryAnswer { noise, ..CategoryAnswer::default() };
        assert!(cache.words("a,b", b",", 0, answer(true)).noise);
        assert!(cache.words("a,b", b",", 0, answer(false)).noise);
        assert!(!cache.words("a,b", b";", 0, answer(false)).noise);
    }
}
