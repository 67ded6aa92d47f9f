//! One row of an export to fields, through buffers that are used again for the next.

use std::borrow::Cow;
use std::sync::Arc;

use super::Answered;
use super::column::Column;
use super::definition::RecordSort;
use super::header::{BlockedCell, Bound};
use super::time::DateOrder;
use crate::fields::{Action, Fields, IncidentFields, Parsed, RecordKind, Text, When};
use crate::frame::{Cells, Delimiter};
use crate::report::{Notice, Place, Reason, Reject};

/// A profile fitted to one file.
#[derive(Clone, Debug)]
pub(crate) struct Fitted {
    pub(super) answered: Arc<Answered>,
    pub(super) bound: Arc<Bound>,
    pub(super) order: DateOrder,
    pub(super) blocked: Option<BlockedCell>,
    pub(super) version: String,
}

impl Fitted {
    pub(crate) fn id(&self) -> &str {
        &self.answered.profile.id
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn zone(&self) -> Option<&str> {
        self.answered.answers.zone.as_deref().or(self.answered.profile.zone.as_deref())
    }

    pub(crate) fn fold(&self) -> crate::detect::FoldPolicy {
        self.answered.profile.fold
    }

    pub(crate) fn includes_page_furniture(&self) -> bool {
        self.answered.includes_page_furniture() == super::definition::Asked::Yes
    }

    pub(crate) fn header_hash(&self) -> &str {
        &self.bound.hash
    }

    pub(crate) fn delimiter(&self) -> Delimiter {
        self.bound.delimiter
    }

    /// Cells of the header.
    pub(crate) fn width(&self) -> usize {
        self.bound.width
    }

    /// Ordinal of the header among the file's records, from 1.
    pub(crate) fn header_record(&self) -> u64 {
        self.bound.record
    }

    /// Header words that the profile does not know.
    pub(crate) fn unclaimed(&self) -> u64 {
        self.bound.unclaimed
    }
}

/// Reads the rows of one file.
pub(crate) struct RowReader {
    pub(super) fitted: Fitted,
    cells: Cells,
    /// The time format that fitted last is tried first.
    format: usize,
}

impl std::fmt::Debug for RowReader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "RowReader({})", self.fitted.id())
    }
}

/// Whether a record has no value at all: spreadsheets end with rows of delimiters.
pub(crate) fn is_blank(record: &[u8], delimiter: Delimiter) -> bool {
    record.iter().all(|byte| *byte == delimiter.byte() || *byte == b'"' || byte.is_ascii_whitespace())
}

impl RowReader {
    pub(crate) fn new(fitted: Fitted) -> Self {
        let cells = Cells::new(fitted.delimiter());
        Self { fitted, cells, format: 0 }
    }

    /// A cell of the record read last.
    pub(super) fn cell(&self, column: Column) -> Option<&[u8]> {
        self.fitted.bound.places.get(&column).and_then(|place| self.cells.get(*place)).map(<[u8]>::trim_ascii)
    }

    /// Reads one record.
    pub(crate) fn read(
        &mut self,
        place: Place,
        record: &[u8],
    ) -> Result<(Parsed<'_>, Option<Notice>), Reject> {
        let bound = Arc::clone(&self.fitted.bound);
        if place.record <= bound.record || record == bound.raw.as_slice() {
            return Ok((Parsed::Directive, None));
        }
        let answered = Arc::clone(&self.fitted.answered);
        if answered.profile.not_records.iter().any(|pattern| pattern.is_match(record)) {
            return Ok((Parsed::Directive, None));
        }
        self.cells.read(record);
        let beyond = (bound.width..self.cells.len())
            .any(|index| self.cells.get(index).is_some_and(|cell| !cell.trim_ascii().is_empty()));
        // A value beyond the header means that a value before it was cut in two: nothing is guessed.
        if beyond || (self.cells.len() == 1 && bound.width > 1) {
            return Err(Reject::at(Reason::Columns, record.len()));
        }
        let when = self.when()?;
        match answered.profile.record {
            RecordSort::Request => self.request(when),
            RecordSort::Incident => self.incident(when),
            RecordSort::Change => self.change(when),
            RecordSort::Check => self.check(when),
        }
    }

    fn when(&mut self) -> Result<When, Reject> {
        let joined;
        let mut value = self.cell(Column::Time).unwrap_or_default();
        if let Some(clock) = self.cell(Column::TimeOfDay).filter(|clock| !self.is_null(clock)) {
            joined = [midnight_off(value), clock].join(&b' ');
            value = &joined;
        }
        let (formats, order) = (&self.fitted.answered.profile.formats, self.fitted.order);
        let read = (0..formats.len()).find_map(|step| {
            let index = (self.format + step) % formats.len();
            formats[index].read(value, order).map(|when| (index, when))
        });
        let (index, when) = read.ok_or(Reject::at(Reason::Time, 0))?;
        self.format = index;
        Ok(when)
    }

    pub(super) fn is_null(&self, cell: &[u8]) -> bool {
        self.fitted.answered.profile.nulls.iter().any(|null| null.eq_ignore_ascii_case(cell))
    }

    /// The vendor's severity, by the profile's words or as a figure of its own.
    fn severity(&self, notice: &mut Option<Notice>) -> Option<u8> {
        let word = self.value(Column::Severity, notice)?;
        let known = self.fitted.answered.profile.severities.get(word.to_ascii_lowercase().as_slice());
        match (known, word.as_ref()) {
            (Some(0), _) => None,
            (Some(severity), _) => Some(*severity),
            (None, [digit @ b'1'..=b'5']) => Some(digit - b'0'),
            (None, _) => {
                *notice = Some(Notice::UnknownSeverity);
                None
            }
        }
    }

    /// A column's value, cleaned; and whether it had to be read as Windows-1252.
    pub(super) fn value(&self, column: Column, notice: &mut Option<Notice>) -> Text<'_> {
        let profile = &self.fitted.answered.profile;
        let cell = self.cell(column)?;
        if self.is_null(cell) {
            return None;
        }
        let mut value = if std::str::from_utf8(cell).is_ok() {
            Cow::Borrowed(cell)
        } else {
            *notice = Some(Notice::Encoding);
            let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(cell);
            Cow::Owned(text.into_owned().into_bytes())
        };
        if let Some(rule) = profile.columns.get(&column) {
            for transform in &rule.transforms {
                value = transform.apply(value, &rule.separators);
            }
        }
        (!value.is_empty()).then_some(value)
    }

    pub(super) fn separators(&self, column: Column) -> &[u8] {
        self.fitted.answered.profile.columns.get(&column).map_or(&[], |rule| rule.separators.as_slice())
    }

    fn request(&self, time: When) -> Result<(Parsed<'_>, Option<Notice>), Reject> {
        let profile = &self.fitted.answered.profile;
        let mut notice = None;
        let status = match self.value(Column::Status, &mut notice) {
            None => None,
            Some(text) => Some(number(&text).ok_or(Reject::at(Reason::Status, 0))?.0),
        };
        let status = status.and_then(|status| u32::try_from(status).ok());
        let response_bytes = match self.value(Column::ResponseBytes, &mut notice) {
            None => None,
            Some(text) => {
                let (value, odd) = number(&text).ok_or(Reject::at(Reason::Number, 0))?;
                if odd {
                    notice = Some(Notice::OddNumber);
                }
                (value >= 0).then_some(value)
            }
        };
        let url = self.value(Column::Url, &mut notice);
        let host = self.value(Column::Host, &mut notice);
        let search_words = self.value(Column::SearchWords, &mut notice);
        if url.is_none() && host.is_none() && search_words.is_none() {
            return Err(Reject::at(Reason::Address, 0));
        }
        let method = self.value(Column::Method, &mut notice);
        let action = self.action(status, &mut notice);
        let kind = if action == Action::Challenged {
            RecordKind::Authentication
        } else if method.as_deref().is_some_and(|method| method.eq_ignore_ascii_case(b"CONNECT")) {
            RecordKind::Tunnel
        } else if profile.lookups {
            RecordKind::Dns
        } else {
            RecordKind::Request
        };
        let log_level = self.value(Column::LogLevel, &mut notice).and_then(|level| match level.as_ref() {
            [digit @ b'1'..=b'5'] => Some(digit - b'0'),
            _ => None,
        });
        let fields = Fields {
            time,
            basis: profile.basis,
            user: self.value(Column::User, &mut notice),
            group: self.value(Column::Group, &mut notice),
            client_address: self.value(Column::ClientAddress, &mut notice),
            client_host: self.value(Column::ClientHost, &mut notice),
            method,
            url,
            host,
            search_words,
            status,
            response_bytes,
            mime: self.value(Column::Mime, &mut notice),
            user_agent: self.value(Column::UserAgent, &mut notice),
            categories: self.value(Column::Categories, &mut notice),
            category_separators: self.separators(Column::Categories),
            action,
            log_level,
            vendor_severity: self.severity(&mut notice),
            kind,
            unauthenticated: action == Action::Challenged,
            ..Fields::default()
        };
        Ok((Parsed::Request(fields), notice))
    }

    fn action(&self, status: Option<u32>, notice: &mut Option<Notice>) -> Action {
        if status == Some(407) {
            return Action::Challenged;
        }
        if let Some(blocked) = &self.fitted.blocked {
            let cell = self.cells.get(blocked.index).unwrap_or_default().trim_ascii();
            if blocked.values.iter().any(|value| value.eq_ignore_ascii_case(cell)) {
                return Action::Blocked;
            }
        }
        let profile = &self.fitted.answered.profile;
        let by_answer = if self.fitted.blocked.is_some() { Action::Allowed } else { profile.every_row };
        let Some(word) = self.cell(Column::Action) else { return by_answer };
        match profile.action(word) {
            Some(action) => action,
            None if self.fitted.blocked.is_some() => by_answer,
            None => {
                *notice = Some(Notice::UnknownAction);
                Action::Unknown
            }
        }
    }

    /// What stands in for a reference: a hash of the columns that the rows of one incident share. None
    /// where one of them is empty, since a day alone would make one incident of all that happened on it.
    fn made_key(&self) -> Option<String> {
        let columns = &self.fitted.answered.profile.key_if_absent;
        let mut hasher = blake3::Hasher::new();
        for column in columns {
            hasher.update(self.cell(*column).filter(|cell| !self.is_null(cell))?).update(b"\0");
        }
        (!columns.is_empty()).then(|| hasher.finalize().to_hex()[..32].to_owned())
    }

    /// The row's reference, or what stands in for it.
    pub(super) fn reference(&self, notice: &mut Option<Notice>) -> Text<'_> {
        let mut key = self.value(Column::Key, notice);
        if key.as_deref().is_some_and(is_shortened) {
            // Several references look the same then, and their records would be one.
            (key, *notice) = (None, Some(Notice::ShortenedNumber));
        }
        key.or_else(|| self.made_key().map(|key| Cow::Owned(key.into_bytes())))
    }

    /// Free text, unless the profile drops it.
    pub(super) fn kept(&self, column: Column, notice: &mut Option<Notice>) -> Text<'_> {
        let dropped = self.fitted.answered.profile.columns.get(&column).is_none_or(|rule| rule.drop);
        self.value(column, notice).filter(|_| !dropped)
    }

    fn incident(&self, occurred: When) -> Result<(Parsed<'_>, Option<Notice>), Reject> {
        let profile = &self.fitted.answered.profile;
        let mut notice = None;
        let subject = self.value(Column::Subject, &mut notice);
        if subject.is_none() && self.value(Column::Key, &mut notice).is_none() {
            return Err(Reject::at(Reason::Subject, 0));
        }
        let fields = IncidentFields {
            occurred,
            key: self.reference(&mut notice),
            rows_per: profile.rows_per,
            subject,
            linked: self.value(Column::Linked, &mut notice),
            categories: self.value(Column::Categories, &mut notice),
            separators: self.separators(Column::Categories).to_vec(),
            status: self.value(Column::IncidentStatus, &mut notice),
            severity: self.severity(&mut notice),
            narrative: self.kept(Column::Narrative, &mut notice),
        };
        Ok((Parsed::Incident(fields), notice))
    }
}

/// `1.23E+15`: what a spreadsheet makes of a long number.
fn is_shortened(value: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(value, b"E+") else { return false };
    let (number, power) = (&value[..at], &value[at + 2..]);
    let digits =
        |part: &[u8]| !part.is_empty() && part.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    number.first().is_some_and(u8::is_ascii_digit) && digits(number) && digits(power)
}

/// A date without the midnight that databases write behind it.
fn midnight_off(value: &[u8]) -> &[u8] {
    [&b" 00:00:00"[..], b" 00:00"].iter().find_map(|end| value.strip_suffix(*end)).unwrap_or(value)
}

/// A whole number as people write it; whether it had a sign or thousands separators.
fn number(text: &[u8]) -> Option<(i64, bool)> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let mut value: i64 = 0;
    let mut seen = false;
    let mut odd = digits.len() < text.len();
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                seen = true;
                value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
            }
            b',' | b' ' if seen => odd = true,
            _ => return None,
        }
    }
    seen.then_some((if negative { -value } else { value }, odd))
}
