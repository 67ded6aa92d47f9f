//! Text columns of few different words, held as numbers.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Int32Array, StringArray};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;

/// Up to this many words a scan is quicker than a hash.
const SCANNED: usize = 8;

/// Beyond this many a dictionary begins anew with the next batch.
const KEPT: usize = 100_000;

const EMPTY: i32 = -1;

/// One text column of a batch under construction.
#[derive(Default)]
pub(super) struct TextColumn {
    words: Vec<Box<str>>,
    numbers: HashMap<Box<str>, i32>,
    rows: Vec<i32>,
    last: i32,
}

impl TextColumn {
    pub(super) fn push(&mut self, word: Option<&str>) {
        let number = word.map_or(EMPTY, |word| self.number(word));
        self.rows.push(number);
    }

    pub(super) fn push_number(&mut self, number: i32) {
        self.rows.push(number);
    }

    /// The number of a word, a new one if it is new.
    pub(super) fn number(&mut self, word: &str) -> i32 {
        // Neighbouring records are alike: most words are the word before.
        if self.is(self.last, word) {
            return self.last;
        }
        let known = if self.words.len() <= SCANNED {
            (0..self.words.len() as i32).find(|number| self.is(*number, word))
        } else {
            self.numbers.get(word).copied()
        };
        self.last = known.unwrap_or_else(|| {
            let number = self.words.len() as i32;
            self.words.push(word.into());
            self.numbers.insert(word.into(), number);
            number
        });
        self.last
    }

    fn is(&self, number: i32, word: &str) -> bool {
        usize::try_from(number)
            .ok()
            .and_then(|index| self.words.get(index))
            .is_some_and(|known| **known == *word)
    }

    /// The column in the order of `rows`.
    pub(super) fn array(&self, order: &[u32]) -> Result<ArrayRef, ArrowError> {
        let numbers: Int32Array = if self.rows.contains(&EMPTY) {
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
        let overgrown = self.words.len() > KEPT;
        if overgrown {
            self.words.clear();
            self.numbers.clear();
            self.last = 0;
        }
        overgrown
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
}
