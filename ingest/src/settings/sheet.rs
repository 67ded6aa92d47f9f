//! Settings files: what ships, what the school put over it, and errors that name file and line.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;

use crate::error::{Error, Kind, at};

/// One settings file in its two layers.
pub(crate) struct Source {
    /// File name, the same for both layers.
    pub(crate) name: &'static str,
    /// What ships with Watershed.
    pub(crate) shipped: &'static str,
    /// The school's own, if there is one.
    pub(crate) school: Option<String>,
}

impl Source {
    /// Reads the school's layer, if it has one.
    pub(crate) fn load(
        settings_dir: &Path,
        name: &'static str,
        shipped: &'static str,
    ) -> Result<Self, Error> {
        let path = settings_dir.join(name);
        let school = match std::fs::read(&path) {
            Ok(bytes) => Some(decode(name, bytes)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(at(&path, error)),
        };
        Ok(Self { name, shipped, school })
    }

    /// What the version of the settings is computed from.
    pub(crate) fn digest(&self, hasher: &mut blake3::Hasher) {
        for part in [self.name, self.shipped, self.school.as_deref().unwrap_or_default()] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }

    /// The shipped rows.
    pub(crate) fn shipped_sheet(&self, required: &[&str], optional: &[&str]) -> Result<Sheet, Error> {
        Sheet::read(self.name, self.shipped, required, optional)
    }

    /// The school's rows, if it has the file.
    pub(crate) fn school_sheet(&self, required: &[&str], optional: &[&str]) -> Result<Option<Sheet>, Error> {
        self.school.as_deref().map(|text| Sheet::read(self.name, text, required, optional)).transpose()
    }

    /// The school's rows where it has the file, else the shipped ones.
    pub(crate) fn sheet(&self, required: &[&str], optional: &[&str]) -> Result<Sheet, Error> {
        match self.school_sheet(required, optional)? {
            Some(sheet) => Ok(sheet),
            None => self.shipped_sheet(required, optional),
        }
    }
}

fn decode(name: &str, bytes: Vec<u8>) -> Result<String, Error> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + memchr::memchr_iter(b'\n', good).count();
        setting(name, line as u64, "a letter is not UTF-8").help("save the file as `CSV UTF-8`")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// A wrong setting: the file and its line, and what should stand there.
pub(crate) fn setting(name: &str, line: u64, message: impl std::fmt::Display) -> Error {
    Error::new(Kind::Configuration, format!("{name}:{line}: {message}"))
}

/// Rows of a settings file with the columns found by name.
pub(crate) struct Sheet {
    name: String,
    columns: BTreeMap<String, usize>,
    rows: Vec<(u64, csv::StringRecord)>,
}

impl Sheet {
    /// Reads rows; a column that nobody knows is an error, because it is most likely misspelt.
    pub(crate) fn read(name: &str, text: &str, required: &[&str], optional: &[&str]) -> Result<Self, Error> {
        let mut columns = None;
        let mut rows = Vec::new();
        // Line by line: no value of a setting has a line break, and errors then name the right line.
        for (line, text) in (1..).zip(text.lines()) {
            if text.trim().is_empty() || text.starts_with('#') {
                continue;
            }
            let record = split(text)
                .ok_or_else(|| setting(name, line, "this row cannot be read as comma-separated values"))?;
            if columns.is_none() {
                columns = Some(header(name, line, &record, required, optional)?);
            } else if record.iter().any(|value| !value.is_empty()) {
                rows.push((line, record));
            }
        }
        let columns = columns.ok_or_else(|| {
            setting(name, 1, "the header is missing").help(format!("it reads: {}", required.join(",")))
        })?;
        Ok(Self { name: name.to_owned(), columns, rows })
    }

    /// The rows in order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, values)| Row { sheet: self, line: *line, values })
    }
}

fn split(line: &str) -> Option<csv::StringRecord> {
    if line.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
        return None;
    }
    let mut reader = csv::ReaderBuilder::new()
        .buffer_capacity(256)
        .trim(csv::Trim::All)
        .has_headers(false)
        .from_reader(line.as_bytes());
    reader.records().next()?.ok()
}

fn header(
    name: &str,
    line: u64,
    record: &csv::StringRecord,
    required: &[&str],
    optional: &[&str],
) -> Result<BTreeMap<String, usize>, Error> {
    let mut columns = BTreeMap::new();
    for (index, column) in record.iter().enumerate() {
        let column = column.to_lowercase();
        if !required.contains(&column.as_str()) && !optional.contains(&column.as_str()) {
            return Err(setting(name, line, format!("column {} has an unknown name", index + 1))
                .help(format!("the columns are: {}", [required, optional].concat().join(","))));
        }
        columns.insert(column, index);
    }
    match required.iter().find(|column| !columns.contains_key(**column)) {
        Some(missing) => Err(setting(name, line, format!("the column `{missing}` is missing"))),
        None => Ok(columns),
    }
}

/// A few words for a register: not empty, at most 120 letters, and nothing that looks like an address of a
/// person.
pub(crate) fn few_words(text: &str) -> Option<String> {
    let sound = !text.is_empty() && text.chars().count() <= 120 && !text.contains('@');
    (sound && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// Days on which a row holds; both ends included, open where nothing is stated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Validity {
    /// First day.
    pub(crate) from: Option<Date>,
    /// Last day.
    pub(crate) to: Option<Date>,
}

impl Validity {
    /// Whether the row holds on a day.
    pub(crate) fn holds(self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.to.is_none_or(|to| date <= to)
    }

    /// Whether two rows hold on the same day, if ever.
    pub(crate) fn meets(self, other: Self) -> bool {
        let before =
            |to: Option<Date>, from: Option<Date>| matches!((to, from), (Some(to), Some(from)) if to < from);
        !before(self.to, other.from) && !before(other.to, self.from)
    }
}

/// One row, with its place for errors.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    sheet: &'a Sheet,
    line: u64,
    values: &'a csv::StringRecord,
}

impl<'a> Row<'a> {
    /// The value of a column, empty when the column or the value is not there.
    pub(crate) fn get(&self, column: &str) -> &'a str {
        self.sheet.columns.get(column).and_then(|index| self.values.get(*index)).unwrap_or_default()
    }

    /// Line of the file, from 1.
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// An error at this row.
    pub(crate) fn error(&self, message: impl std::fmt::Display) -> Error {
        setting(&self.sheet.name, self.line, message)
    }

    /// The value of a column, read by `read`; `wanted` says what should stand there.
    pub(crate) fn parse<T>(
        &self,
        column: &str,
        wanted: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Error> {
        read(self.get(column)).ok_or_else(|| self.error(format!("`{column}` must be {wanted}")))
    }

    /// Like [`parse`](Self::parse), none when the value is empty.
    pub(crate) fn parse_optional<T>(
        &self,
        column: &str,
        wanted: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        if self.get(column).is_empty() { Ok(None) } else { self.parse(column, wanted, read).map(Some) }
    }

    /// The days on which this row holds, by `valid_from` and `valid_to`.
    pub(crate) fn validity(&self) -> Result<Validity, Error> {
        let read = |column| self.parse_optional(column, "a day such as 2025-09-01", |text| text.parse().ok());
        let validity = Validity { from: read("valid_from")?, to: read("valid_to")? };
        match validity {
            Validity { from: Some(from), to: Some(to) } if from > to => {
                Err(self.error("`valid_from` lies after `valid_to`"))
            }
            _ => Ok(validity),
        }
    }

    /// A calendar day.
    pub(crate) fn date(&self, column: &str) -> Result<Date, Error> {
        self.parse(column, "a day such as 2025-09-01", |text| text.parse().ok())
    }
}
