//! The log formats: one file each, one word each in the list below.
//!
//! A format knows the layout of a record and what its own words mean. It does not know the school:
//! zone, groups and categories are [`normalise`](crate::normalise)'s.

use crate::fields::{Action, BlockReason, OtherKind, Parsed, RecordKind};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

mod access;
mod comma;
mod directives;
mod edge_swg;
mod event_header;
mod fortinet;
mod guardian;
mod json;
pub(crate) mod lex;
mod pairs;
pub mod profile;
mod redirector;
mod squid;
mod umbrella;
mod w3c;
mod web_gateway;
mod zeek;
mod zscaler;

use directives::Directives;

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
    /// It describes the file, or says something that many layouts say.
    Abstain,
}

/// What an example's record becomes.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    /// A request with these values.
    Request {
        /// Account.
        user: Option<&'static str>,
        /// Address; where the layout has it in parts, put together.
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
    /// The record; of a layout with directives, the lines that name its columns before it.
    pub record: &'static str,
    /// What becomes of it.
    pub expected: Expected,
}

/// Reads one record, line end taken off.
type Parse = for<'a> fn(&'a [u8]) -> Result<Parsed<'a>, Reject>;

/// The same, with what the lines before it said about the file.
type DirectedParse = for<'a> fn(&'a [u8], &mut Directives) -> Result<Parsed<'a>, Reject>;

/// How records are recognised and read.
#[derive(Clone, Copy, Debug)]
pub enum Reading {
    /// Each record by itself.
    Records {
        /// Whether a line has the format's signature.
        sniff: fn(&[u8]) -> Vote,
        /// Reads a record.
        parse: Parse,
    },
    /// Lines of the file name its columns (W3C, Zeek); what such a line leaves behind is kept for the
    /// records after it.
    Directed {
        /// Reads a directive or a record; a record before any directive that it knows is a reject.
        parse: DirectedParse,
    },
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
    /// How its records are recognised and read.
    pub reading: Reading,
    /// Records that document it.
    pub examples: &'static [Example],
}

impl std::fmt::Debug for Format {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Format({})", self.id)
    }
}

/// A format at work on one file.
#[derive(Debug)]
pub struct Reader {
    format: &'static Format,
    directives: Directives,
}

impl Format {
    /// A reader at the beginning of a file.
    #[must_use]
    pub fn reader(&'static self) -> Reader {
        Reader { format: self, directives: Directives::default() }
    }
}

impl Reader {
    /// Reads the next record.
    ///
    /// # Errors
    /// Why it is no event: the place is an offset within the record.
    pub fn read<'r>(&mut self, record: &'r [u8]) -> Result<Parsed<'r>, Reject> {
        match self.format.reading {
            Reading::Records { parse, .. } => parse(record),
            Reading::Directed { parse } => parse(record, &mut self.directives),
        }
    }

    /// Whether the next line speaks for the format.
    pub fn vote(&mut self, line: &[u8]) -> Vote {
        match self.format.reading {
            Reading::Records { sniff, .. } => sniff(line),
            Reading::Directed { parse } => match parse(line, &mut self.directives) {
                Ok(Parsed::Directive) => Vote::Abstain,
                Ok(_) => Vote::Yes,
                // Under columns that are the format's own, a row that fails otherwise is damaged.
                Err(reject) if self.directives.recognised && reject.reason != Reason::Columns => {
                    Vote::Fragment
                }
                Err(_) => Vote::No,
            },
        }
    }

    /// The format.
    #[must_use]
    pub const fn format(&self) -> &'static Format {
        self.format
    }

    /// What ends a record.
    #[must_use]
    pub const fn framing(&self) -> Framing {
        self.format.framing
    }

    /// The format's own codes of the columns that a line named last; empty before any.
    #[must_use]
    pub fn columns(&self) -> &[u8] {
        &self.directives.columns
    }

    /// Whether directives were read that name the columns of this very format.
    #[must_use]
    pub const fn recognised(&self) -> bool {
        self.directives.recognised
    }
}

macro_rules! formats {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*

        /// Every built-in format.
        pub static ALL: &[&Format] = &[$(&$module::FORMAT),*];
    };
}

formats![
    squid_native,
    squid_combined,
    squid_forwarded,
    web_combined,
    e2guardian_blank,
    e2guardian_csv,
    e2guardian_squid,
    e2guardian_tab,
    e2guardian_epoch,
    squidguard,
    ufdbguard,
    fortigate_pairs,
    fortigate_cef,
    sophos_utm,
    sophos_firewall,
    sophos_appliance,
    sonicwall,
    watchguard,
    forcepoint_cef,
    forcepoint_pairs,
    bluecoat_pairs,
    bluecoat_json,
    skyhigh_gateway,
    skyhigh_cloud,
    mcafee_web_gateway,
    webgateway_pairs,
    cisco_wsa,
    olfeo,
    olfeo_live,
    bluecoat,
    isa_tmg,
    isa_text,
    iis,
    netskope,
    zeek_http,
    zeek_http_json,
    zscaler_json,
    zscaler_tab,
    cloudflare_gateway,
    adguard_home,
    umbrella_dns,
    umbrella_proxy,
    paloalto,
    nextdns,
    dnsmasq,
];

/// Whether a line is a web server's, which names a path but not the site that it belongs to.
pub(crate) fn names_no_host(line: &[u8]) -> bool {
    web_combined::names_no_host(line)
}

/// The built-in format of that name.
#[must_use]
pub fn find(id: &str) -> Option<&'static Format> {
    ALL.iter().copied().find(|format| format.id == id)
}

#[cfg(test)]
pub(crate) mod corpus_cloud;
#[cfg(test)]
mod corpus_kv;
#[cfg(test)]
mod corpus_web;
#[cfg(test)]
mod spoof_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod web_tests;
