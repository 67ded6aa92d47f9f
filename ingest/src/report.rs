//! What happened to a file: counts that must add up, places without text.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::{Error, Kind};

/// Where a record stands in its (decompressed) file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Ordinal of the record, from 1; blanks and directives count too.
    pub record: u64,
    /// First line of the record, from 1.
    pub line: u64,
    /// Byte offset of the record's first byte.
    pub offset_bytes: u64,
    /// Length with its line end, so that the lengths of all records add up to the file.
    pub length_bytes: u64,
}

/// Why a record could not become an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// Not the number of columns that the layout has.
    Columns,
    /// The time is missing or cannot be read.
    Time,
    /// A local time that the clock skipped in March.
    TimeGap,
    /// More than 400 days after this machine's clock: kept by its own date, nothing of it would ever go.
    TimeAhead,
    /// A column that must be a number is not.
    Number,
    /// The status is not a number.
    Status,
    /// The result or action column has another shape.
    Result,
    /// No host, address or search words: nothing to count.
    Address,
    /// Cut short: end of the file, or the producer's own limit.
    Truncated,
    /// Longer than 64 KiB.
    TooLong,
    /// Quotes that do not close or stand in the middle of a value.
    Quoting,
    /// A byte that cannot stand in this layout (NUL after a crash).
    Bytes,
    /// An incident without a pupil or key.
    Subject,
    /// A time zone that is not known, or that several zones call themselves.
    Zone,
    /// Belongs to a day whose detail was already dropped by the retention clock.
    DayClosed,
    /// Belongs to an academic year whose pseudonym key was destroyed by the retention clock.
    YearClosed,
}

impl Reason {
    /// Whether retention has closed the record's day or year: nothing of it may be kept then.
    #[must_use]
    pub const fn is_late(self) -> bool {
        matches!(self, Self::DayClosed | Self::YearClosed)
    }
    /// The word in the lake and in messages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Columns => "wrong number of columns",
            Self::Time => "time cannot be read",
            Self::TimeGap => "local time that the clock skipped",
            Self::TimeAhead => "more than 400 days after this machine's clock",
            Self::Number => "not a number",
            Self::Status => "status is not a number",
            Self::Result => "result cannot be read",
            Self::Address => "no address",
            Self::Truncated => "truncated",
            Self::TooLong => "longer than 64 KiB",
            Self::Quoting => "quotes do not match",
            Self::Bytes => "byte that cannot stand here",
            Self::Subject => "no pupil",
            Self::Zone => "time zone is not known",
            Self::DayClosed => "day already closed by retention",
            Self::YearClosed => "academic year already closed by retention",
        }
    }
}

/// A record that could not become an event: where and why, never what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Why.
    pub reason: Reason,
    /// Byte offset within the record where reading stopped.
    pub offset_bytes: u32,
}

impl Reject {
    /// A reject at an offset within the record.
    #[must_use]
    pub const fn at(reason: Reason, offset_bytes: usize) -> Self {
        Self { reason, offset_bytes: offset_bytes as u32 }
    }

    /// The same, so many bytes further on.
    pub(crate) const fn shifted(self, by_bytes: usize) -> Self {
        Self { offset_bytes: self.offset_bytes.saturating_add(by_bytes as u32), ..self }
    }
}

/// Something odd but usable, counted once per kind and file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Notice {
    /// Local times in the hour that March skips: the clock seems to be on UTC.
    ClockSeemsUtc,
    /// A local time that October repeats and order could not tell apart.
    TimeAmbiguous,
    /// Further than one day ahead, or 400 days before the file's own newest record.
    TimeOutOfBounds,
    /// Days of an academic year that the school's calendar does not state; they count as holidays.
    CalendarUnknown,
    /// Bytes that are not UTF-8 were read as Windows-1252.
    Encoding,
    /// Halves of characters in UTF-16 text were replaced.
    Replaced,
    /// Long numbers in references that a spreadsheet wrote as `1.23E+15`; the references are lost.
    ShortenedNumber,
    /// Columns beyond the layout's own.
    ExtraColumns,
    /// The source hides its users (`0.0.0.0`, empty names).
    AnonymisedAtSource,
    /// A number with a sign, or a negative size or duration.
    OddNumber,
    /// An action word or message number that no table knows.
    UnknownAction,
    /// A severity word that the profile does not know; the record has none then.
    UnknownSeverity,
    /// A date of a decision or term that cannot be read; the record has none then.
    UnreadDate,
    /// The filter said that it lets everything through.
    FilterOutage,
    /// The layout shows a site's own refusals as blocks.
    RefusalsMixed,
    /// A record in another layout than the file's; it was read in its own.
    OtherLayout,
    /// A pupil in an incident whom the roster does not know by this name; the name is in the vault only.
    NameUnknown,
    /// An export of so many rows that not all were compared with earlier exports.
    OverlapUnchecked,
    /// A record of somebody else's names a person who was erased: the name is left out of its lists and
    /// texts, or may be somebody else's, so that nobody can tell whose the record is.
    NamesErased,
    /// The compressed file ends early; what could be read was read.
    CompressionTruncated,
}

impl Notice {
    /// The sentence in reports.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ClockSeemsUtc => "clock seems to be on UTC: times in the hour that March skips",
            Self::TimeAmbiguous => "time in the hour that October repeats, read as the second pass",
            Self::TimeOutOfBounds => "time far from the rest of the file",
            Self::CalendarUnknown => {
                "academic year that the calendar does not state, its days read as holidays"
            }
            Self::Encoding => "not UTF-8, read as Windows-1252",
            Self::Replaced => "UTF-16 text with halves of characters, which were replaced",
            Self::ShortenedNumber => {
                "long reference that a spreadsheet wrote as 1.23E+15, not used: export again and do not open it in between"
            }
            Self::ExtraColumns => "more columns than the layout has",
            Self::AnonymisedAtSource => "users were hidden by the source",
            Self::OddNumber => "number with a sign or below zero",
            Self::UnknownAction => "decision that no table knows",
            Self::UnknownSeverity => "severity that the profile does not know",
            Self::UnreadDate => "date of a decision, term or closing that cannot be read; it is left empty",
            Self::FilterOutage => "the filter said that it lets everything through",
            Self::RefusalsMixed => {
                "layout that shows a site's own refusals as blocks: over-blocking cannot be measured from it"
            }
            Self::OtherLayout => "record in another layout than the rest of the file",
            Self::NameUnknown => {
                "name in an incident that the roster does not have, or has several times: no pseudonym"
            }
            Self::OverlapUnchecked => {
                "more than a million rows: those behind were not compared with earlier exports; export shorter periods"
            }
            Self::NamesErased => {
                "record that names somebody who was erased beside others: taken in without that name"
            }
            Self::CompressionTruncated => "compressed file ends early",
        }
    }
}

/// Running counts of one file; closes into conservation-checked totals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records framed, blanks and directives included.
    pub records: u64,
    /// Records that became rows of the lake.
    pub events: u64,
    /// Well-formed records that are no events, by kind.
    pub other: BTreeMap<&'static str, u64>,
    /// Records merged into another record's event.
    pub folded: u64,
    /// Records recognised as standing in the lake already.
    pub duplicate: u64,
    /// Rejected records by reason.
    pub rejects: BTreeMap<&'static str, u64>,
    /// Lines that describe the file.
    pub directives: u64,
    /// Empty lines.
    pub blanks: u64,
    /// Bytes of all records, line ends included.
    pub record_bytes: u64,
    /// Bytes of the file, unpacked and decoded.
    pub file_bytes: u64,
    /// Odd but usable, by kind.
    pub notices: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Rejected records, all reasons together.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejects.values().sum()
    }

    /// Records that are no events, all kinds together.
    #[must_use]
    pub fn others(&self) -> u64 {
        self.other.values().sum()
    }

    /// Counts a reject.
    pub fn reject(&mut self, reason: Reason) {
        *self.rejects.entry(reason.word()).or_default() += 1;
    }

    /// Counts a notice.
    pub fn notice(&mut self, notice: Notice) {
        *self.notices.entry(notice.words()).or_default() += 1;
    }

    /// Checks that nothing was lost: records and bytes in equal records and bytes accounted for.
    ///
    /// # Errors
    /// [`Kind::Bug`] when the sums do not agree; nothing of the file may be committed then.
    pub fn conserve(&self, rows_committed: u64) -> Result<(), Error> {
        let accounted = self.events
            + self.others()
            + self.folded
            + self.duplicate
            + self.rejected()
            + self.directives
            + self.blanks;
        if accounted != self.records {
            return Err(Error::new(
                Kind::Bug,
                format!("{} records were framed but {accounted} are accounted for", self.records),
            ));
        }
        if self.record_bytes != self.file_bytes {
            return Err(Error::new(
                Kind::Bug,
                format!("the file has {} bytes but its records have {}", self.file_bytes, self.record_bytes),
            ));
        }
        if rows_committed != self.events {
            return Err(Error::new(
                Kind::Bug,
                format!("{} events were read but {rows_committed} rows were written", self.events),
            ));
        }
        Ok(())
    }

    /// Whether so much fails that the format must be wrong: 90 % of at least 20 records, or all.
    #[must_use]
    pub fn nearly_all_rejected(&self) -> bool {
        // What comes late for a closed day was read well enough to know its day.
        let late = self.late();
        let candidates = (self.records - self.directives - self.blanks).saturating_sub(late);
        let rejected = self.rejected() - late;
        candidates > 0 && (rejected == candidates || (candidates >= 20 && rejected * 10 >= candidates * 9))
    }

    /// Records of days or years that retention has closed.
    #[must_use]
    pub fn late(&self) -> u64 {
        [Reason::DayClosed, Reason::YearClosed]
            .iter()
            .map(|reason| self.rejects.get(reason.word()).copied().unwrap_or(0))
            .sum()
    }

    /// Whether there is nothing in the file but records of days that retention has closed.
    #[must_use]
    pub fn nothing_but_late(&self) -> bool {
        let late = self.late();
        late > 0 && self.records - self.directives - self.blanks == late
    }

    /// Whether rejects exceed the notice level: over 1 % of the file's records.
    #[must_use]
    pub fn above_notice_level(&self) -> bool {
        self.rejected() * 100 > self.records
    }

    /// The three commonest reasons, most frequent first.
    #[must_use]
    pub fn commonest_reasons(&self) -> Vec<(&'static str, u64)> {
        let mut reasons: Vec<_> = self.rejects.iter().map(|(reason, count)| (*reason, *count)).collect();
        reasons.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(right.0)));
        reasons.truncate(3);
        reasons
    }
}

/// How a file ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its rows are durably in the lake.
    Committed,
    /// The same content was taken in before; nothing changed.
    AlreadyIngested,
    /// Nothing of it was taken in; the sentence says why and what to do next.
    Refused(String),
}

impl Outcome {
    /// The word in reports.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::AlreadyIngested => "already ingested",
            Self::Refused(_) => "refused",
        }
    }
}

/// One file's end, named by position and fingerprint: a file's name can hold a pupil's.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// 1-based position on the command line or in the sorted walk of the inbox.
    pub argument: usize,
    /// 1-based place in the archive or workbook that the file came in.
    pub part: Option<usize>,
    /// Sub-folder of the inbox, empty at its top.
    pub folder: String,
    /// Content fingerprint (first 16 hex digits), when the file could be read.
    pub fingerprint: Option<String>,
    /// Format or profile.
    pub format: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// The counts.
    pub tally: Tally,
}

/// Where a run's time went, by the wall clock. `encode` and `seal` are two threads that work beside the one
/// that reads, and lie within `read`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Fingerprints and detection.
    pub look: Duration,
    /// Frame, parse, normalise, classify, pseudonymise and batch, until lake and vault files are written.
    pub read: Duration,
    /// Sorting, encoding and writing the lake's files.
    pub encode: Duration,
    /// Sorting, encoding and sealing the vault's files.
    pub seal: Duration,
    /// Flushes and commits.
    pub commit: Duration,
    /// Derived tables.
    pub derive: Duration,
}

/// All files of one run.
#[derive(Clone, Debug, Default)]
pub struct IngestReport {
    /// In the order they were taken.
    pub files: Vec<FileReport>,
    /// Local days whose derived rows were computed again.
    pub days_derived: u64,
    /// Where the time went.
    pub timings: Timings,
}

impl IngestReport {
    /// Whether anything was refused or rejected above the notice level (exit status 1).
    #[must_use]
    pub fn needs_a_look(&self) -> bool {
        self.files
            .iter()
            .any(|file| matches!(file.outcome, Outcome::Refused(_)) || file.tally.above_notice_level())
    }
}
