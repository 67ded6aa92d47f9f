//! What a request is about: common code, theme, severity, noise; all of it from dated data files.
//!
//! The files stand in `ingest/data/` and ship inside the program; a file of the same name in a
//! school's `settings` folder adds rows or replaces them on the days it covers.

#![allow(dead_code, reason = "skeleton")]
mod data_file;
pub mod taxonomy;

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use jiff::civil::Date;

pub use taxonomy::{Code, Row, Taxonomy, UNCATEGORISED, UNMAPPED};

use crate::error::Error;

/// What a record says that matters for its class.
#[derive(Clone, Copy)]
pub struct ClassifyInput<'a> {
    /// Category words as written; none or empty if the source has none.
    pub categories: Option<&'a str>,
    /// Bytes that separate several words in `categories`; empty means one word.
    pub separators: &'a [u8],
    /// Host, lower case, without port; empty if none.
    pub host: &'a str,
    /// Registrable domain, where the host has a public one.
    pub site: Option<&'a str>,
    /// Path as written, without the query.
    pub path: Option<&'a str>,
    /// MIME type as written.
    pub mime: Option<&'a str>,
    /// Words searched for, percent-decoded.
    pub search: Option<&'a str>,
    /// Vendor log level 1-5; 1 and 2 are page furniture.
    pub log_level: Option<u8>,
    /// Severity 0-5 by the vendor, on the common scale.
    pub vendor_severity: Option<u8>,
    /// Local day of the record.
    pub date: Date,
}

/// What a record is about; `'s` is the classifier's closed dictionary, `'a` the record.
#[derive(Clone)]
pub struct Classified<'s, 'a> {
    /// The code that counts.
    pub code: &'s str,
    /// The other codes, excluded ones too, blank between, gravest first.
    pub other_codes: Cow<'s, str>,
    /// Theme of the code; none for noise, the uncategorised and illegal lists.
    pub theme: Option<&'s str>,
    /// 4C of the code.
    pub four_c: Option<&'s str>,
    /// 0-5: the greatest of category, vendor and search words.
    pub severity: u8,
    /// `vendor`, `site list`, `search`, `none`.
    pub code_source: &'static str,
    /// A category for learning is present.
    pub learning: bool,
    /// Theme of the words searched for.
    pub search_theme: Option<&'s str>,
    /// The record alone says that nobody asked for it.
    pub record_noise: bool,
    /// On an illegal-content list.
    pub illegal: bool,
    /// Category words that no map knows, as written.
    pub unmapped: Vec<&'a str>,
}

/// What an incident is about.
#[derive(Clone)]
pub struct ClassifiedIncident<'s, 'a> {
    /// The code that counts: the gravest; `UNMAPPED` if no map knows a word.
    pub code: &'s str,
    /// Theme of the code.
    pub theme: Option<&'s str>,
    /// 4C of the code.
    pub four_c: Option<&'s str>,
    /// 0-5.
    pub severity: u8,
    /// Category words that no map knows, as written.
    pub unmapped: Vec<&'a str>,
}

impl fmt::Debug for ClassifyInput<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ClassifyInput(redacted)")
    }
}

impl fmt::Debug for Classified<'_, '_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Classified({}, severity {})", self.code, self.severity)
    }
}

impl fmt::Debug for ClassifiedIncident<'_, '_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ClassifiedIncident({}, severity {})", self.code, self.severity)
    }
}

/// All data files of a school, ready for look-ups.
#[derive(Clone, Debug)]
pub struct Classifier {
    taxonomy: Taxonomy,
}

/// Answers of one run, so that the same words and hosts are looked up once.
#[derive(Debug, Default)]
pub struct ClassifyCache {}

impl Classifier {
    /// The shipped files under those of a school's `settings` folder (which need not exist).
    ///
    /// # Errors
    /// [`Kind::Configuration`](crate::Kind::Configuration) names file and line of a mistake.
    pub fn load(settings_dir: &Path) -> Result<Self, Error> {
        Self::from_layers(Some(settings_dir))
    }

    /// The shipped files alone.
    ///
    /// # Errors
    /// None unless the program was built from broken data files.
    pub fn shipped() -> Result<Self, Error> {
        Self::from_layers(None)
    }

    fn from_layers(settings_dir: Option<&Path>) -> Result<Self, Error> {
        Ok(Self { taxonomy: Taxonomy::load(settings_dir)? })
    }

    /// Codes, rows and themes.
    #[must_use]
    pub const fn taxonomy(&self) -> &Taxonomy {
        &self.taxonomy
    }

    /// File names and texts that decide the answers, for the settings version.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.taxonomy.texts()
    }

    /// An empty cache for one run.
    #[must_use]
    pub fn cache(&self) -> ClassifyCache {
        ClassifyCache::default()
    }

    /// What a request is about.
    pub fn classify<'s, 'a>(
        &'s self,
        input: &ClassifyInput<'a>,
        _cache: &mut ClassifyCache,
    ) -> Classified<'s, 'a> {
        Classified {
            code: UNCATEGORISED,
            other_codes: Cow::Borrowed(""),
            theme: None,
            four_c: None,
            severity: input.vendor_severity.unwrap_or(1),
            code_source: "none",
            learning: false,
            search_theme: None,
            record_noise: false,
            illegal: false,
            unmapped: Vec::new(),
        }
    }

    /// What an incident is about, by its category words.
    #[must_use]
    pub fn incident<'s, 'a>(
        &'s self,
        _words: &'a str,
        _separators: &[u8],
        _date: Date,
    ) -> ClassifiedIncident<'s, 'a> {
        ClassifiedIncident { code: UNMAPPED, theme: None, four_c: None, severity: 1, unmapped: Vec::new() }
    }
}
