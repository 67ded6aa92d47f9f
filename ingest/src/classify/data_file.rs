//! A dated data file: rows that ship with the product, and a school's own rows laid over them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use crate::error::{Error, Kind, at};

/// Whose row it is; a school's row wins on the days it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    /// From the product.
    Shipped,
    /// From the school's `settings` folder.
    School,
}

/// One data file, both layers.
#[derive(Clone, Debug)]
pub(crate) struct DataFile {
    name: &'static str,
    shipped: &'static str,
    school: Option<String>,
}

impl DataFile {
    /// The shipped text, and the file of the same name in the school's settings if there is one.
    pub(crate) fn load(
        name: &'static str,
        shipped: &'static str,
        settings_dir: Option<&Path>,
    ) -> Result<Self, Error> {
        let Some(path) = settings_dir.map(|folder| folder.join(name)) else {
            return Ok(Self { name, shipped, school: None });
        };
        let school = match std::fs::read(&path) {
            Ok(bytes) => Some(String::from_utf8(bytes).map_err(|_| {
                Error::new(Kind::Configuration, format!("settings/{name} is not UTF-8"))
                    .help("save the file again as CSV UTF-8")
            })?),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(at(&path, error)),
        };
        Ok(Self { name, shipped, school })
    }

    /// A file with a school's text given in place, for tests of overlays.
    #[cfg(test)]
    pub(crate) fn overlaid(name: &'static str, shipped: &'static str, school: &str) -> Self {
        Self { name, shipped, school: Some(school.to_owned()) }
    }

    /// Name and texts that decide what the file says, for the settings version.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        std::iter::once((self.name, self.shipped)).chain(self.school.as_deref().map(|text| (self.name, text)))
    }

    /// All rows, shipped ones first.
    pub(crate) fn rows(&self, columns: &'static [&'static str]) -> Result<Vec<DataRow>, Error> {
        let mut rows = Vec::new();
        self.read(Layer::Shipped, self.shipped, columns, &mut rows)?;
        if let Some(text) = &self.school {
            self.read(Layer::School, text, columns, &mut rows)?;
        }
        Ok(rows)
    }

    fn read(
        &self,
        layer: Layer,
        text: &str,
        columns: &'static [&'static str],
        rows: &mut Vec<DataRow>,
    ) -> Result<(), Error> {
        let place = |line: u64| Place { file: self.name, layer, line };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // Remarks may stand above the header too.
        let above = text.split_inclusive('\n').take_while(|line| line.starts_with('#'));
        let (remarks, bytes) = above.fold((0, 0), |(lines, bytes), line| (lines + 1, bytes + line.len()));
        let text = &text[bytes..];
        let place = |line: u64| Place { line: line + remarks, ..place(0) };
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|_| place(1).error("cannot be read as CSV"))?.clone();
        if let Some(unknown) = header.iter().position(|name| !columns.contains(&name)) {
            return Err(place(1)
                .error(format!("column {} has a name that is not known", unknown + 1))
                .help(format!("the columns are {}", columns.join(","))));
        }
        let positions: Arc<[Option<usize>]> =
            columns.iter().map(|column| header.iter().position(|name| name == *column)).collect();
        for record in reader.records() {
            let record = record.map_err(|error| {
                place(error.position().map_or(0, csv::Position::line)).error("cannot be read as CSV")
            })?;
            let line = record.position().map_or(0, |position| line_of(position, text));
            if record.get(0).is_some_and(|first| first.starts_with('#')) {
                continue;
            }
            if record.len() != header.len() {
                let lengths = format!("has {} columns, the header has {}", record.len(), header.len());
                return Err(place(line).error(lengths));
            }
            rows.push(DataRow { place: place(line), columns, positions: Arc::clone(&positions), record });
        }
        Ok(())
    }
}

/// The reader's position is where it began to look: empty lines before the record count too.
fn line_of(position: &csv::Position, text: &str) -> u64 {
    let rest = usize::try_from(position.byte()).ok().and_then(|byte| text.as_bytes().get(byte..));
    let skipped = rest.unwrap_or_default().iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + skipped.filter(|byte| **byte == b'\n').count() as u64
}

/// Where a row stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    file: &'static str,
    /// Whose file.
    pub(crate) layer: Layer,
    line: u64,
}

impl Place {
    /// A mistake in this row.
    pub(crate) fn error(self, what: impl AsRef<str>) -> Error {
        let folder = match self.layer {
            Layer::Shipped => "shipped ",
            Layer::School => "settings/",
        };
        Error::new(
            Kind::Configuration,
            format!("{folder}{} line {}: {}", self.file, self.line, what.as_ref()),
        )
    }
}

/// One row.
#[derive(Clone, Debug)]
pub(crate) struct DataRow {
    /// Where it stands.
    pub(crate) place: Place,
    columns: &'static [&'static str],
    positions: Arc<[Option<usize>]>,
    record: csv::StringRecord,
}

impl DataRow {
    /// The value of a column, empty where the row or the file does not have it.
    pub(crate) fn text(&self, column: &str) -> &str {
        self.columns
            .iter()
            .position(|name| *name == column)
            .and_then(|index| self.positions[index])
            .and_then(|index| self.record.get(index))
            .unwrap_or("")
    }

    /// The value of a column that must have one.
    pub(crate) fn required(&self, column: &str) -> Result<&str, Error> {
        match self.text(column) {
            "" => Err(self.place.error(format!("column {column} is empty"))),
            text => Ok(text),
        }
    }

    /// `yes`, or `no` (also when empty).
    pub(crate) fn yes(&self, column: &str) -> Result<bool, Error> {
        match self.text(column) {
            "yes" => Ok(true),
            "no" | "" => Ok(false),
            _ => Err(self.place.error(format!("column {column} is neither yes nor no"))),
        }
    }

    /// A severity, 0-5.
    pub(crate) fn severity(&self, column: &str) -> Result<Option<u8>, Error> {
        match self.text(column) {
            "" => Ok(None),
            text => match text.parse::<u8>() {
                Ok(severity) if severity <= 5 => Ok(Some(severity)),
                _ => Err(self.place.error(format!("column {column} is not a severity from 0 to 5"))),
            },
        }
    }

    /// The days on which the row holds.
    pub(crate) fn span(&self) -> Result<Span, Error> {
        let day = |column: &str| match self.text(column) {
            "" => Ok(None),
            text => text
                .parse::<Date>()
                .map(Some)
                .map_err(|_| self.place.error(format!("column {column} is not a day like 2026-09-01"))),
        };
        let span = Span { from: day("valid_from")?, to: day("valid_to")? };
        match (span.from, span.to) {
            (Some(from), Some(to)) if to < from => Err(self.place.error("valid_to is before valid_from")),
            _ => Ok(span),
        }
    }
}

/// Days on which a row holds, both ends included; an open end is forever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    /// First day.
    pub(crate) from: Option<Date>,
    /// Last day.
    pub(crate) to: Option<Date>,
}

impl Span {
    /// Whether the row holds on a day.
    pub(crate) fn holds_on(self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.to.is_none_or(|to| date <= to)
    }

    /// Whether the row holds on every day.
    pub(crate) const fn is_always(self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// Adds the days on which a look-up can change its answer.
    pub(crate) fn boundaries(self, days: &mut BTreeSet<Date>) {
        days.extend(self.from);
        days.extend(self.to.and_then(|to| to.tomorrow().ok()));
    }
}

/// The rows of one key, best first: the school's before the shipped, later before earlier.
#[derive(Clone, Debug)]
pub(crate) struct Dated<T> {
    rows: Vec<(Layer, Span, T)>,
}

impl<T> Default for Dated<T> {
    fn default() -> Self {
        Self { rows: Vec::new() }
    }
}

impl<T> Dated<T> {
    /// Adds a row; two rows of one layer that begin on the same day are a mistake.
    pub(crate) fn add(&mut self, place: Place, span: Span, value: T) -> Result<(), Error> {
        if self.rows.iter().any(|(layer, other, _)| *layer == place.layer && other.from == span.from) {
            return Err(place.error("an earlier row has the same key and the same first day"));
        }
        let index =
            self.rows.partition_point(|(layer, other, _)| (*layer, other.from) > (place.layer, span.from));
        self.rows.insert(index, (place.layer, span, value));
        Ok(())
    }

    /// What holds on a day.
    pub(crate) fn on(&self, date: Date) -> Option<&T> {
        self.rows.iter().find(|(_, span, _)| span.holds_on(date)).map(|(_, _, value)| value)
    }

    /// Every row with its layer and days.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Layer, Span, &T)> {
        self.rows.iter().map(|(layer, span, value)| (*layer, *span, value))
    }
}

/// A word as it is compared: without case, blanks and punctuation, `&` read as "and".
pub(crate) fn bare(word: &str) -> Cow<'_, str> {
    if word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        return Cow::Borrowed(word);
    }
    let mut bare = String::with_capacity(word.len());
    for character in word.chars() {
        match character {
            '&' => bare.push_str("and"),
            _ if character.is_alphanumeric() => bare.extend(character.to_lowercase()),
            _ => {}
        }
    }
    Cow::Owned(bare)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use jiff::civil::date;

    use super::*;

    const COLUMNS: &[&str] = &["word", "severity", "valid_from", "valid_to"];

    fn message(school: &str) -> String {
        let file = DataFile::overlaid("words.csv", "word,severity\na,1\n", school);
        let rows = match file.rows(COLUMNS) {
            Ok(rows) => rows,
            Err(error) => return error.to_string(),
        };
        let row = rows.last().unwrap();
        match row.span().and_then(|_| row.severity("severity")).and_then(|_| row.required("word").map(drop)) {
            Ok(()) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn mistakes_name_file_and_line() {
        assert_eq!(message("word,severity\n# why\n\nb,2\n"), "");
        assert_eq!(
            message("# words\nword,severity\n# why, oh why\n\nb,6\n"),
            "settings/words.csv line 5: column severity is not a severity from 0 to 5"
        );
        assert_eq!(
            message("word,severity\nb\n"),
            "settings/words.csv line 2: has 1 columns, the header has 2"
        );
        assert_eq!(message("word,severity\n,2\n"), "settings/words.csv line 2: column word is empty");
        assert_eq!(
            message("word,valid_from,valid_to\nb,2026-02-01,2026-01-31\n"),
            "settings/words.csv line 2: valid_to is before valid_from"
        );
        assert!(message("word,grade\nb,2\n").starts_with("settings/words.csv line 1: column 2 has a name"));
    }

    #[test]
    fn the_schools_row_wins_on_its_days_and_later_rows_win_over_earlier() {
        let place = |layer, line| Place { file: "words.csv", layer, line };
        let span = |from, to| Span { from, to };
        let mut dated = Dated::default();
        dated.add(place(Layer::Shipped, 2), span(None, None), "always").unwrap();
        dated.add(place(Layer::Shipped, 3), span(Some(date(2025, 9, 1)), None), "since September").unwrap();
        let weeks = span(Some(date(2025, 10, 1)), Some(date(2025, 10, 31)));
        dated.add(place(Layer::School, 2), weeks, "October, by the school").unwrap();
        assert_eq!(dated.on(date(2025, 8, 31)), Some(&"always"));
        assert_eq!(dated.on(date(2025, 9, 1)), Some(&"since September"));
        assert_eq!(dated.on(date(2025, 10, 31)), Some(&"October, by the school"));
        assert_eq!(dated.on(date(2025, 11, 1)), Some(&"since September"));
        let twice = dated.add(place(Layer::School, 9), weeks, "again").unwrap_err();
        assert!(twice.to_string().starts_with("settings/words.csv line 9: "));
    }

    #[test]
    fn words_are_compared_without_case_blanks_and_punctuation() {
        for word in ["Alcohol & Tobacco", "alcohol_and_tobacco", "ALCOHOL-AND TOBACCO"] {
            assert_eq!(bare(word), "alcoholandtobacco");
        }
        assert_eq!(bare("Ämter"), "ämter");
    }
}
