//! Typed access to the columns of a `requests` batch, and short numbers for repeated words.

use std::cell::RefCell;
use std::rc::Rc;

use arrow::array::{
    Array, BooleanArray, Date32Array, DictionaryArray, Int16Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;

use crate::error::{Error, Kind};
use crate::quick_map::QuickMap;

/// Columns that the pass before the first reads.
pub const FORESEE_COLUMNS: &[&str] = &["event_time_utc", "actor", "record_kind", "action", "site"];

/// Columns that the first pass reads.
pub const OBSERVE_COLUMNS: &[&str] =
    &["event_time_utc", "actor", "record_kind", "action", "site", "visibility", "html_page", "record_noise"];

/// Columns that the second pass reads.
pub const ADD_COLUMNS: &[&str] = &[
    "event_time_utc",
    "local_date",
    "local_minute",
    "week_start_date",
    "school_day",
    "severity",
    "learning",
    "record_noise",
    "illegal",
    "import_token",
    "record_number",
    "half_term",
    "day_type",
    "lesson_period",
    "actor_kind",
    "role",
    "group_id",
    "key_stage",
    "network",
    "record_kind",
    "action",
    "site",
    "visibility",
    "code",
    "theme",
    "four_c",
    "code_source",
    "search_theme",
    "actor",
    "search_token",
    "response_bytes",
    "half_term_week",
    "year_group",
];

/// Words that decide something, at the numbers that every [`Symbols`] begins with.
pub(super) mod known {
    macro_rules! known {
        ($($name:ident $word:literal)*) => {
            #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "numbers for the constants below")]
            enum Number { $($name,)* }
            $(pub(in super::super) const $name: u32 = Number::$name as u32;)*
            pub(super) const WORDS: &[&str] = &[$($word,)*];
        };
    }
    known! {
        BLOCKED "blocked"
        ALLOWED "allowed"
        WARNED "warned"
        PROCEEDED "proceeded"
        BYPASSED "bypassed"
        MONITORED "monitored"
        CHALLENGED "challenged"
        REQUEST "request"
        TUNNEL "tunnel"
        AUTHENTICATION "authentication"
        PAGE "page"
        UNMATCHED "unmatched"
        SEARCH "search"
    }
}

/// Words of one day, each stored once.
#[derive(Debug)]
pub(super) struct Symbols {
    numbers: QuickMap<String, u32>,
    words: Vec<String>,
    /// The dictionary that each column came with last, and the symbols of its words: batches of one row
    /// group share theirs.
    dictionaries: Vec<(&'static str, Rc<Dictionary>)>,
}

impl Default for Symbols {
    fn default() -> Self {
        let mut symbols = Self { numbers: QuickMap::default(), words: Vec::new(), dictionaries: Vec::new() };
        for word in known::WORDS {
            symbols.number(word);
        }
        symbols
    }
}

impl Symbols {
    /// The number of a word.
    pub(super) fn number(&mut self, word: &str) -> u32 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = self.words.len() as u32;
        self.words.push(word.to_owned());
        self.numbers.insert(word.to_owned(), number);
        number
    }

    /// The word of a number.
    pub(super) fn word(&self, number: u32) -> &str {
        self.words.get(number as usize).map_or("", String::as_str)
    }

    fn dictionary(&mut self, name: &'static str, words: &StringArray) -> Rc<Dictionary> {
        let place = self.dictionaries.iter().position(|(known, _)| *known == name);
        if let Some((_, dictionary)) = place.map(|place| &self.dictionaries[place])
            && dictionary.is(words)
        {
            return Rc::clone(dictionary);
        }
        let symbols = RefCell::new(vec![UNASKED; words.len()]);
        let dictionary = Rc::new(Dictionary { words: words.clone(), symbols });
        match place {
            Some(place) => self.dictionaries[place].1 = Rc::clone(&dictionary),
            None => self.dictionaries.push((name, Rc::clone(&dictionary))),
        }
        dictionary
    }
}

/// The words of a column and their symbols, as far as they were asked for.
#[derive(Debug)]
pub(super) struct Dictionary {
    words: StringArray,
    symbols: RefCell<Vec<u32>>,
}

impl Dictionary {
    /// Whether these are the same words in the same memory, which this holds on to.
    fn is(&self, words: &StringArray) -> bool {
        self.words.value_data().as_ptr() == words.value_data().as_ptr()
            && self.words.value_offsets().as_ptr() == words.value_offsets().as_ptr()
            && self.words.len() == words.len()
    }
}

/// A text column: words, or numbers of words where the reader has kept the file's dictionary.
#[derive(Debug)]
pub(super) enum TextColumn<'a> {
    Spelled(&'a StringArray),
    Numbered(&'a Int32Array, Rc<Dictionary>),
}

/// In place of a symbol that was not asked for yet.
const UNASKED: u32 = u32::MAX;

impl TextColumn<'_> {
    /// The word's number, none where the cell is empty.
    pub(super) fn symbol(&self, row: usize, symbols: &mut Symbols) -> Option<u32> {
        let (numbers, dictionary) = match self {
            Self::Spelled(words) => {
                return (!words.is_null(row)).then(|| symbols.number(words.value(row)));
            }
            Self::Numbered(numbers, dictionary) => (numbers, dictionary),
        };
        let word = (!numbers.is_null(row)).then(|| numbers.value(row) as usize)?;
        let mut known = dictionary.symbols.borrow_mut();
        let symbol = known.get_mut(word)?;
        if *symbol == UNASKED {
            *symbol = symbols.number(dictionary.words.value(word));
        }
        Some(*symbol)
    }

    /// The word's number; an empty cell counts as the empty word.
    pub(super) fn required(&self, row: usize, symbols: &mut Symbols) -> u32 {
        match self.symbol(row, symbols) {
            Some(symbol) => symbol,
            None => symbols.number(""),
        }
    }
}

fn corrupt(name: &str) -> Error {
    Error::new(Kind::Corrupt, format!("column `{name}` of `requests` is missing or of another type"))
        .help("was the lake written by another version?")
}

fn typed<'a, T: Array + 'static>(batch: &'a RecordBatch, name: &str) -> Result<&'a T, Error> {
    batch
        .column_by_name(name)
        .and_then(|column| column.as_any().downcast_ref::<T>())
        .ok_or_else(|| corrupt(name))
}

/// A text column by name.
pub(super) fn text<'a>(
    batch: &'a RecordBatch,
    name: &'static str,
    symbols: &mut Symbols,
) -> Result<TextColumn<'a>, Error> {
    let Ok(dictionary) = typed::<DictionaryArray<Int32Type>>(batch, name) else {
        return Ok(TextColumn::Spelled(typed(batch, name)?));
    };
    let words: &StringArray = dictionary.values().as_any().downcast_ref().ok_or_else(|| corrupt(name))?;
    Ok(TextColumn::Numbered(dictionary.keys(), symbols.dictionary(name, words)))
}

/// A column of truth values by name.
pub(super) fn flag<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a BooleanArray, Error> {
    typed(batch, name)
}

/// A column of 64-bit integers by name.
pub(super) fn whole<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a Int64Array, Error> {
    typed(batch, name)
}

/// A column of instants by name.
pub(super) fn instant<'a>(
    batch: &'a RecordBatch,
    name: &str,
) -> Result<&'a TimestampMicrosecondArray, Error> {
    typed(batch, name)
}

/// The columns that the second pass reads.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    pub(super) event_time_utc: &'a TimestampMicrosecondArray,
    pub(super) local_date: &'a Date32Array,
    pub(super) local_minute: &'a Int16Array,
    pub(super) week_start_date: &'a Date32Array,
    pub(super) school_day: &'a BooleanArray,
    pub(super) severity: &'a Int16Array,
    pub(super) learning: &'a BooleanArray,
    pub(super) record_noise: &'a BooleanArray,
    pub(super) illegal: &'a BooleanArray,
    pub(super) import_token: &'a Int64Array,
    pub(super) record_number: &'a Int64Array,
    pub(super) half_term: TextColumn<'a>,
    pub(super) day_type: TextColumn<'a>,
    pub(super) lesson_period: TextColumn<'a>,
    pub(super) actor_kind: TextColumn<'a>,
    pub(super) role: TextColumn<'a>,
    pub(super) group_id: TextColumn<'a>,
    pub(super) key_stage: TextColumn<'a>,
    pub(super) network: TextColumn<'a>,
    pub(super) record_kind: TextColumn<'a>,
    pub(super) action: TextColumn<'a>,
    pub(super) site: TextColumn<'a>,
    pub(super) visibility: TextColumn<'a>,
    pub(super) code: TextColumn<'a>,
    pub(super) theme: TextColumn<'a>,
    pub(super) four_c: TextColumn<'a>,
    pub(super) code_source: TextColumn<'a>,
    pub(super) search_theme: TextColumn<'a>,
    actor_tokens: &'a Int64Array,
    search_tokens: &'a Int64Array,
    response_bytes_counts: &'a Int64Array,
    half_term_weeks: &'a Int16Array,
    year_groups: &'a Int16Array,
}

impl<'a> Columns<'a> {
    /// Finds all columns in a batch.
    pub(super) fn of(batch: &'a RecordBatch, symbols: &mut Symbols) -> Result<Self, Error> {
        Ok(Self {
            event_time_utc: typed(batch, "event_time_utc")?,
            local_date: typed(batch, "local_date")?,
            local_minute: typed(batch, "local_minute")?,
            week_start_date: typed(batch, "week_start_date")?,
            school_day: typed(batch, "school_day")?,
            severity: typed(batch, "severity")?,
            learning: typed(batch, "learning")?,
            record_noise: typed(batch, "record_noise")?,
            illegal: typed(batch, "illegal")?,
            import_token: typed(batch, "import_token")?,
            record_number: typed(batch, "record_number")?,
            half_term: text(batch, "half_term", symbols)?,
            day_type: text(batch, "day_type", symbols)?,
            lesson_period: text(batch, "lesson_period", symbols)?,
            actor_kind: text(batch, "actor_kind", symbols)?,
            role: text(batch, "role", symbols)?,
            group_id: text(batch, "group_id", symbols)?,
            key_stage: text(batch, "key_stage", symbols)?,
            network: text(batch, "network", symbols)?,
            record_kind: text(batch, "record_kind", symbols)?,
            action: text(batch, "action", symbols)?,
            site: text(batch, "site", symbols)?,
            visibility: text(batch, "visibility", symbols)?,
            code: text(batch, "code", symbols)?,
            theme: text(batch, "theme", symbols)?,
            four_c: text(batch, "four_c", symbols)?,
            code_source: text(batch, "code_source", symbols)?,
            search_theme: text(batch, "search_theme", symbols)?,
            actor_tokens: typed(batch, "actor")?,
            search_tokens: typed(batch, "search_token")?,
            response_bytes_counts: typed(batch, "response_bytes")?,
            half_term_weeks: typed(batch, "half_term_week")?,
            year_groups: typed(batch, "year_group")?,
        })
    }

    /// Token of the actor, none for nobody.
    pub(super) fn actor(&self, row: usize) -> Option<i64> {
        (!self.actor_tokens.is_null(row)).then(|| self.actor_tokens.value(row))
    }

    /// Token of the words searched for.
    pub(super) fn search_token(&self, row: usize) -> Option<i64> {
        (!self.search_tokens.is_null(row)).then(|| self.search_tokens.value(row))
    }

    /// Bytes sent to the client.
    pub(super) fn response_bytes(&self, row: usize) -> Option<i64> {
        (!self.response_bytes_counts.is_null(row)).then(|| self.response_bytes_counts.value(row))
    }

    /// Week of the half-term.
    pub(super) fn half_term_week(&self, row: usize) -> Option<i16> {
        (!self.half_term_weeks.is_null(row)).then(|| self.half_term_weeks.value(row))
    }

    /// Year group.
    pub(super) fn year_group(&self, row: usize) -> Option<i16> {
        (!self.year_groups.is_null(row)).then(|| self.year_groups.value(row))
    }
}
