//! The rows of the sealed files.

use std::borrow::Cow;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use jiff::civil::Date;

use super::cells::{Bytes, Cell, Day, Flag, Int, MaybeInt, MaybeText, Text};
use crate::error::{Error, Kind};

/// A row of a sealed file.
pub(super) trait Row {
    /// The same row with text of its own.
    type Owned;
    /// Builders of its columns.
    type Columns: Default;

    fn schema() -> SchemaRef;
    fn append(&self, columns: &mut Self::Columns);
    fn finish(columns: &mut Self::Columns) -> Result<RecordBatch, Error>;
    /// `None` when the file has other columns or the row misses a value.
    fn read(batch: &RecordBatch, row: usize) -> Option<Self::Owned>;
    /// Bytes in memory, about.
    fn size(&self) -> usize;
    /// Rows are sorted by this within a row group.
    fn order(&self) -> (i64, i64);
}

/// A column's value, spelt out: the trait behind it stays inside the vault.
macro_rules! value {
    (Int, $life:lifetime) => { i64 };
    (MaybeInt, $life:lifetime) => { Option<i64> };
    (Flag, $life:lifetime) => { bool };
    (Day, $life:lifetime) => { Date };
    (Text, $life:lifetime) => { Cow<$life, str> };
    (MaybeText, $life:lifetime) => { Option<Cow<$life, str>> };
    (Bytes, $life:lifetime) => { Cow<$life, [u8]> };
}

/// A sort of sealed file: for whoever has to say what is kept, without opening one.
#[derive(Clone, Copy, Debug)]
pub struct SealedSort {
    /// Name of its rows' type, `RequestRow`.
    pub name: &'static str,
    /// Name and meaning of each column.
    pub columns: &'static [(&'static str, &'static str)],
}

macro_rules! sealed_rows {
    ($($(#[$about:meta])* $name:ident, $columns:ident, order($row:ident) $order:expr, {
        $(#[doc = $meaning:literal] $field:ident: $cell:ident,)*
    })*) => {
    /// What every sort of sealed file holds.
    pub const SEALED: &[SealedSort] = &[$(SealedSort {
        name: stringify!($name),
        columns: &[$((stringify!($field), $meaning)),*],
    }),*];
    $(
        $(#[$about])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name<'a> {
            $(#[doc = $meaning] pub $field: value!($cell, 'a),)*
        }

        #[derive(Default)]
        pub(super) struct $columns {
            $($field: <$cell as Cell>::Builder,)*
        }

        impl Row for $name<'_> {
            type Owned = $name<'static>;
            type Columns = $columns;

            fn schema() -> SchemaRef {
                std::sync::Arc::new(Schema::new(vec![$($cell::field(stringify!($field)),)*]))
            }

            fn append(&self, columns: &mut Self::Columns) {
                $($cell::append(&mut columns.$field, &self.$field);)*
            }

            fn finish(columns: &mut Self::Columns) -> Result<RecordBatch, Error> {
                RecordBatch::try_new(Self::schema(), vec![$($cell::finish(&mut columns.$field),)*])
                    .map_err(|_| Error::new(Kind::Bug, "columns of a sealed file do not fit together"))
            }

            fn read(batch: &RecordBatch, row: usize) -> Option<Self::Owned> {
                Some($name {
                    $($field: $cell::read(batch.column_by_name(stringify!($field))?.as_ref(), row)?,)*
                })
            }

            fn size(&self) -> usize {
                8 * 12 $(+ $cell::length(&self.$field))*
            }

            fn order(&self) -> (i64, i64) {
                let $row = self;
                $order
            }
        }

        crate::event::redacted!($name);
    )*};
}

sealed_rows! {
    /// One request, readable without the lake.
    RequestRow, RequestColumns, order(row) (row.actor.unwrap_or(i64::MIN), row.event_time_utc_us), {
        /// First 64 bits of the file's fingerprint.
        import_token: Int,
        /// Ordinal of the record in its file, from 1.
        record_number: Int,
        /// Start where known, else the stamp; microseconds since the epoch, UTC.
        event_time_utc_us: Int,
        /// Local calendar day.
        local_date: Day,
        /// Minutes since local midnight by the wall clock.
        local_minute: Int,
        /// The lake's token of who asked.
        actor: MaybeInt,
        /// What sort of actor.
        actor_kind: Text,
        /// Role by roster or group rule.
        role: Text,
        /// Group by the school's rules.
        group_id: Text,
        /// The lake's token of the machine.
        device: MaybeInt,
        /// Account as written.
        user_written: MaybeText,
        /// Client address.
        address: MaybeText,
        /// Client host name.
        client_host: MaybeText,
        /// Browser or program.
        user_agent: MaybeText,
        /// `http`, `https`; empty on an illegal list, like all parts of the address.
        scheme: MaybeText,
        /// Host.
        host: MaybeText,
        /// Port where written.
        port: MaybeInt,
        /// Path from the first slash.
        path: MaybeText,
        /// Query after the question mark.
        query: MaybeText,
        /// Words searched for.
        search_words: MaybeText,
        /// Filter group or policy as written.
        group_words: MaybeText,
        /// Category words as written.
        category_words: MaybeText,
        /// Common category code.
        code: Text,
        /// Theme of the code.
        theme: MaybeText,
        /// Theme of the words searched for.
        search_theme: MaybeText,
        /// What the filter did.
        action: Text,
        /// 0-5.
        severity: Int,
        /// The record alone says that nobody asked for it.
        record_noise: Flag,
        /// Keyed hash of the address, on an illegal list only.
        illegal_token: MaybeInt,
    }

    /// One row of an incident export.
    IncidentRow, IncidentColumns, order(row) (row.subject.unwrap_or(i64::MIN), row.event_time_utc_us), {
        /// First 64 bits of the file's fingerprint.
        import_token: Int,
        /// Ordinal of the record in its file, from 1.
        record_number: Int,
        /// When it happened; microseconds since the epoch, UTC.
        event_time_utc_us: Int,
        /// Local calendar day.
        local_date: Day,
        /// The lake's token of the incident.
        incident: Int,
        /// The lake's token of the pupil.
        subject: MaybeInt,
        /// The school's own reference.
        reference: MaybeText,
        /// The pupil as written.
        subject_written: MaybeText,
        /// Other pupils as written.
        linked_written: MaybeText,
        /// Category words as written.
        category_words: MaybeText,
        /// Status as written.
        status_words: MaybeText,
        /// Free text.
        narrative: MaybeText,
    }

    /// One row about a change of the filter.
    ChangeRow, ChangeColumns, order(row) (row.requester.unwrap_or(i64::MIN), row.event_time_utc_us), {
        /// First 64 bits of the file's fingerprint.
        import_token: Int,
        /// Ordinal of the record in its file, from 1.
        record_number: Int,
        /// When it was asked for; microseconds since the epoch, UTC.
        event_time_utc_us: Int,
        /// Local calendar day.
        local_date: Day,
        /// The lake's token of the change.
        change: Int,
        /// Person token of who asked, by the roster.
        requester: MaybeInt,
        /// Person token of who decided, by the roster.
        decided_by: MaybeInt,
        /// The school's own reference.
        reference: MaybeText,
        /// Who asked, as written.
        requester_written: MaybeText,
        /// Role of who asked, as written.
        requester_role_words: MaybeText,
        /// Who decided, as written.
        decided_by_written: MaybeText,
        /// Role of who decided, as written.
        decided_by_role_words: MaybeText,
        /// Address as the row has it; empty on an illegal list, like all texts below it.
        address: MaybeText,
        /// Host.
        host: MaybeText,
        /// Subject line.
        title: MaybeText,
        /// Why it was asked.
        reason: MaybeText,
        /// What could go wrong with it.
        risk_note: MaybeText,
        /// Further free text.
        narrative: MaybeText,
        /// What was asked, as written.
        asked_words: MaybeText,
        /// Category words as written.
        category_words: MaybeText,
        /// Group as written.
        group_words: MaybeText,
        /// Decision as written.
        decision_words: MaybeText,
        /// Status as written.
        status_words: MaybeText,
        /// Dates that could not be read, as written.
        unread_dates: MaybeText,
        /// Keyed hash of the address, on an illegal list only.
        illegal_token: MaybeInt,
    }

    /// One test of the filter.
    CheckRow, CheckColumns, order(row) (row.tester.unwrap_or(i64::MIN), row.event_time_utc_us), {
        /// First 64 bits of the file's fingerprint.
        import_token: Int,
        /// Ordinal of the record in its file, from 1.
        record_number: Int,
        /// When it was done; microseconds since the epoch, UTC.
        event_time_utc_us: Int,
        /// Local calendar day.
        local_date: Day,
        /// The lake's token of the test.
        check: Int,
        /// Person token of who tested, by the roster.
        tester: MaybeInt,
        /// The lake's token of the device.
        device: MaybeInt,
        /// The school's own reference.
        reference: MaybeText,
        /// Who tested, as written.
        tester_written: MaybeText,
        /// Device as written.
        device_written: MaybeText,
        /// Room, building or network as written.
        location: MaybeText,
        /// What was tried, as written.
        category_words: MaybeText,
        /// Group as written.
        group_words: MaybeText,
        /// Result as written.
        result_words: MaybeText,
        /// Free text.
        narrative: MaybeText,
    }

    /// A record that could not be read.
    RejectRow, RejectColumns, order(row) (0, row.record_number), {
        /// First 64 bits of the file's fingerprint.
        import_token: Int,
        /// Ordinal of the record in its file, from 1.
        record_number: Int,
        /// First line of the record, from 1.
        line_number: Int,
        /// First byte of the record in the decompressed file.
        offset_bytes: Int,
        /// Why it could not be read.
        reason: Text,
        /// The record as it stands in the file.
        raw: Bytes,
    }

    /// A word that no data file knows, or the name of the file itself.
    WordRow, WordColumns, order(row) (0, row.records), {
        /// First 64 bits of the file's fingerprint.
        import_token: Int,
        /// `category`, `group`, `file name`.
        kind: Text,
        /// Academic year of the token.
        academic_year: MaybeText,
        /// Token of the word in the state file.
        token: MaybeInt,
        /// The word.
        words: Text,
        /// Records that had it.
        records: Int,
    }

    /// One person of a roster.
    PersonRow, PersonColumns, order(row) (row.person, 0), {
        /// Academic year of the roster.
        academic_year: Text,
        /// The lake's token of the person.
        person: Int,
        /// The school's own key.
        person_key: Text,
        /// Accounts as written, `;` between.
        accounts: Text,
        /// Other accounts as written, `;` between.
        aliases: MaybeText,
        /// Name in the management information system.
        mis_name: MaybeText,
        /// Year group as written.
        year: MaybeText,
        /// `pupil`, `staff`, `guest`, `unknown`.
        role: Text,
        /// Cohort flags as written, `column=value`, `;` between.
        cohorts: MaybeText,
    }
}

impl RequestRow<'_> {
    /// Wall-clock time of the request, `14:05:09`.
    #[must_use]
    pub fn local_time(&self) -> String {
        let second = self.event_time_utc_us.div_euclid(1_000_000).rem_euclid(60);
        format!("{:02}:{:02}:{second:02}", self.local_minute / 60, self.local_minute % 60)
    }

    /// The address in one piece; none on an illegal list and where the record had none.
    #[must_use]
    pub fn whole_address(&self) -> Option<String> {
        let host = self.host.as_deref()?;
        let mut address = String::new();
        if let Some(scheme) = &self.scheme {
            address.push_str(scheme);
            address.push_str("://");
        }
        // An IPv6 address needs its brackets before a port or path.
        if host.contains(':') {
            address.push_str(&format!("[{host}]"));
        } else {
            address.push_str(host);
        }
        if let Some(port) = self.port {
            address.push_str(&format!(":{port}"));
        }
        address.push_str(self.path.as_deref().unwrap_or_default());
        if let Some(query) = &self.query {
            address.push('?');
            address.push_str(query);
        }
        Some(address)
    }
}
