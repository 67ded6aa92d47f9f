//! The log formats: one file each, one word each in the list below.
//!
//! A format knows the layout of a record and what its own words mean. It does not know the school:
//! zone, groups and categories are [`normalise`](crate::normalise)'s.

use crate::fields::{Action, BlockReason, OtherKind, Parsed, RecordKind};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

mod guardian;
mod lex;
pub mod profile;

/// How sure the layout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// Real lines of the producer were read.
    RealLines,
    /// Taken from the producer's own source code; no real line was seen.
    Source,
    /// Put together from documentation; no real export was seen.
    Unconfirmed,
}

impl Verified {
    /// The words in lists.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::RealLines => "real lines",
            Self::Source => "the producer's source code",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}

/// One column of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Position, from 1.
    pub column: u8,
    /// Short name.
    pub name: &'static str,
    /// What it holds, and what is made of it.
    pub meaning: &'static str,
}

const fn field(column: u8, name: &'static str, meaning: &'static str) -> Field {
    Field { column, name, meaning }
}

/// How one line speaks for or against a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vote {
    /// It has the format's signature.
    Yes,
    /// It has not.
    No,
    /// It is a damaged or cut piece of this format, which proves little.
    Fragment,
}

/// What an example's record becomes.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    /// A request with these values.
    Request {
        /// Account.
        user: Option<&'static str>,
        /// Address.
        url: &'static str,
        /// Status.
        status: Option<u32>,
        /// Decision.
        action: Action,
        /// Rule.
        block_reason: Option<BlockReason>,
        /// Sort of record.
        kind: RecordKind,
    },
    /// A well-formed record that is no event.
    Other(OtherKind),
    /// A reject.
    Reject(Reason),
}

/// A record that documents the format and is run as a test. All are made up.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// What it shows.
    pub shows: &'static str,
    /// The record.
    pub record: &'static str,
    /// What becomes of it.
    pub expected: Expected,
}

/// A log format.
pub struct Format {
    /// Name in commands, reports and the lake.
    pub id: &'static str,
    /// Goes up when the same record would give other fields.
    pub version: &'static str,
    /// Title in lists.
    pub title: &'static str,
    /// Which product writes it, with which setting.
    pub origin: &'static str,
    /// How sure the layout is.
    pub verified: Verified,
    /// Its columns.
    pub fields: &'static [Field],
    /// What ends a record.
    pub framing: Framing,
    /// Whether a line has the format's signature.
    pub sniff: fn(&[u8]) -> Vote,
    /// Reads one record, line end taken off.
    pub parse: for<'a> fn(&'a [u8]) -> Result<Parsed<'a>, Reject>,
    /// Records that document it.
    pub examples: &'static [Example],
}

impl std::fmt::Debug for Format {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Format({})", self.id)
    }
}

macro_rules! formats {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*

        /// Every built-in format.
        pub static ALL: &[&Format] = &[$(&$module::FORMAT),*];
    };
}

formats![squid_native, e2guardian_csv, e2guardian_tab, e2guardian_epoch];

/// The built-in format of that name.
#[must_use]
pub fn find(id: &str) -> Option<&'static Format> {
    ALL.iter().copied().find(|format| format.id == id)
}

#[cfg(test)]
mod tests;
