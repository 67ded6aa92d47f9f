//! Text columns of few different words, held as numbers.

use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Int32Array, StringArray};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;

use crate::quick_map::QuickMap;

/// Beyond this many a dictionary begins anew with the next batch.
const KEPT: usize = 100_000;

const EMPTY: i32 = -1;

/// One text column of a batch under construction.
pub(super) struct TextColumn {
    words: Vec<Box<str>>,
    numbers: QuickMap<Box<str>, i32>,
    /// Words seen lately, by where they lie in memory: data files keep each of their words in one
    /// place. Only a hint; what is found is compared.
    recent: [i32; 16],
    /// Numbers of the words of an enumeration.
    known: [i32; 16],
    rows: Vec<i32>,
    last: i32,
    empty_cells: bool,
}

impl Default for TextColumn {
    fn default() -> Self {
        Self {
            words: Vec::new(),
            numbers: QuickMap::default(),
            recent: [EMPTY; 16],
            known: [EMPTY; 16],
            rows: Vec::new(),
            last: EMPTY,
            empty_cells: false,
        }
    }
}

impl TextColumn {
    #[inline]
    pub(super) fn push(&mut self, word: Option<&str>) {
        let number = match word {
            Some(word) => self.number(word),
            None => {
                self.empty_cells = true;
                EMPTY
            }
        };
        self.rows.push(number);
    }

    /// The word of an enumeration's variant, which is looked up once.
    #[inline]
    pub(super) fn push_variant(&mut self, variant: usize, word: &'static str) {
        let number = match self.known.get(variant) {
            Some(known) if *known != EMPTY => *known,
            _ => {
                let number = self.number(word);
                if let Some(known) = self.known.get_mut(variant) {
                    *known = number;
                }
                number
            }
        };
        self.rows.push(number);
    }

    #[inline]
    pub(super) fn push_number(&mut self, number: i32) {
        self.rows.push(number);
    }

    /// The number of a word, a new one if it is new.
    #[inline]
    pub(super) fn number(&mut self, word: &str) -> i32 {
        // Neighbouring records are alike: most words are the word before.
        if self.is(self.last, word) {
            return self.last;
        }
        let hint = (word.as_ptr() as usize ^ (word.as_ptr() as usize >> 7) ^ word.len()) & 15;
        let recent = self.recent[hint];
        if self.is(recent, word) {
            self.last = recent;
            return recent;
        }
        let number = self.look_up(word);
        self.recent[hint] = number;
        self.last = number;
        number
    }

    fn look_up(&mut self, word: &str) -> i32 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = self.words.len() as i32;
        self.words.push(word.into());
        self.numbers.insert(word.into(), number);
        number
    }

    #[inline]
    fn is(&self, number: i32, word: &str) -> bool {
        self.words.get(number as usize).is_some_and(|known| same(known.as_bytes(), word.as_bytes()))
    }

    /// The column in the order of `rows`.
    pub(super) fn array(&self, order: &[u32]) -> Result<ArrayRef, ArrowError> {
        let numbers: Int32Array = if self.empty_cells {
            order.iter().map(|row| Some(self.rows[*row as usize]).filter(|number| *number != EMPTY)).collect()
        } else {
            Int32Array::from_iter_values(order.iter().map(|row| self.rows[*row as usize]))
        };
        let words = StringArray::from_iter_values(&self.words);
        Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(numbers, Arc::new(words))?))
    }

    /// Empties the column; says whether the numbers given out so far no longer hold.
    pub(super) fn clear(&mut self) -> bool {
        self.rows.clear();
        self.empty_cells = false;
        let overgrown = self.words.len() > KEPT;
        if overgrown {
            *self = Self::default();
        }
        overgrown
    }
}

/// Equality of short words without a call.
#[inline]
fn same(one: &[u8], two: &[u8]) -> bool {
    if one.len() != two.len() {
        return false;
    }
    match (one.first_chunk::<8>(), one.last_chunk::<8>(), two.first_chunk::<8>(), two.last_chunk::<8>()) {
        (Some(a), Some(b), Some(c), Some(d)) if one.len() <= 16 => {
            u64::from_ne_bytes(*a) == u64::from_ne_bytes(*c)
                && u64::from_ne_bytes(*b) == u64::from_ne_bytes(*d)
        }
        (Some(_), ..) => one == two,
        _ => one.iter().zip(two).all(|(a, b)| a == b),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use arrow::array::Array;

    use super::*;

    #[test]
    fn words_come_back_in_the_order_asked_for() {
        let mut column = TextColumn::default();
        let words: Vec<String> = (0..40).map(|number| format!("w{}", number % 20)).collect();
        for word in &words {
            column.push(Some(word));
        }
        column.push(None);
        assert_eq!(column.words.len(), 20);
        let order: Vec<u32> = (0..41).rev().collect();
        let array =
            arrow::compute::cast(&column.array(&order).unwrap(), &arrow::datatypes::DataType::Utf8).unwrap();
        let array = array.as_any().downcast_ref::<StringArray>().unwrap();
        assert!(array.is_null(0));
        assert_eq!((array.value(1), array.value(21), array.value(40)), ("w19", "w19", "w0"));
    }

    #[test]
    fn words_are_told_apart_whatever_their_length() {
        let words =
            ["", "a", "b", "abcdefg", "abcdefh", "abcdefgh", "abcdefgi", "abcdefghijk", "abcdXfghijk"];
        let long = ["abcdefghijklmnop", "abcdefghijklmnoq", "abcdefghijklmnopq", "abcdefghijklmnXpq"];
        let mut column = TextColumn::default();
        for (number, word) in words.iter().chain(&long).enumerate() {
            assert_eq!(column.number(word), number as i32, "{word}");
        }
        for (number, word) in words.iter().chain(&long).enumerate().collect::<Vec<_>>().into_iter().rev() {
            // Another copy, so that it lies elsewhere.
            let copy = String::from(*word);
            assert_eq!(column.number(&copy), number as i32, "{word}");
        }
    }

    #[test]
    fn variants_are_looked_up_by_their_words() {
        let mut column = TextColumn::default();
        column.push_variant(3, "blocked");
        column.push_variant(900, "allowed");
        column.push(Some("blocked"));
        column.push_variant(3, "blocked");
        assert_eq!(column.rows, [0, 1, 0, 0]);
    }
}
