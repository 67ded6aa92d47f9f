//! What a request is about: common code, theme, severity, noise; all of it from dated data files.
//!
//! The files stand in `ingest/data/` and ship inside the program; a file of the same name in a
//! school's `settings` folder adds rows or replaces them on the days it covers.

mod cache;
mod category_map;
mod data_file;
mod decision;
mod incident_map;
pub mod listed;
mod noise;
mod search_terms;
mod site_list;
pub mod taxonomy;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use jiff::civil::Date;

pub use cache::{ClassifyCache, HostAnswer};
pub use taxonomy::{Code, Row, Taxonomy, UNCATEGORISED, UNMAPPED};

use category_map::CategoryMap;
use data_file::DataFile;
use decision::{Decision, DecisionKey};
use incident_map::IncidentMap;
use listed::ListWords;
use noise::Noise;
use search_terms::SearchTerms;
use site_list::HostTable;

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
    categories: CategoryMap,
    sites: HostTable<String>,
    search_terms: SearchTerms,
    noise: Noise,
    incidents: IncidentMap,
    listed: ListWords,
    files: Vec<DataFile>,
    /// Days on which an answer can change; answers are cached between two of them.
    changes: Vec<Date>,
}

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
        let taxonomy = Taxonomy::load(settings_dir)?;
        let files = [
            ("category_map.csv", category_map::SHIPPED),
            ("sites.csv", site_list::SHIPPED),
            ("search_terms.csv", search_terms::SHIPPED),
            ("noise.csv", noise::SHIPPED),
            ("incident_map.csv", incident_map::SHIPPED),
        ];
        let files: Vec<DataFile> = files
            .into_iter()
            .map(|(name, shipped)| DataFile::load(name, shipped, settings_dir))
            .collect::<Result<_, _>>()?;
        let categories = CategoryMap::read(&files[0], &taxonomy)?;
        let sites = site_list::read(&files[1], &taxonomy)?;
        let search_terms = SearchTerms::read(&files[2], &taxonomy)?;
        let noise = Noise::read(&files[3])?;
        let incidents = IncidentMap::read(&files[4], &taxonomy)?;
        let of_lists = taxonomy.codes().iter().filter(|code| code.illegal).map(|code| code.code.clone());
        let written = categories.list_words().chain(incidents.list_words()).cloned();
        let listed = ListWords::new(of_lists.chain(written))?;
        let mut changes = BTreeSet::new();
        taxonomy.boundaries(&mut changes);
        categories.boundaries(&mut changes);
        sites.boundaries(&mut changes);
        noise.boundaries(&mut changes);
        let changes = changes.into_iter().collect();
        Ok(Self { taxonomy, categories, sites, search_terms, noise, incidents, listed, files, changes })
    }

    /// Codes, rows and themes.
    #[must_use]
    pub const fn taxonomy(&self) -> &Taxonomy {
        &self.taxonomy
    }

    /// File names and texts that decide the answers, for the settings version.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.taxonomy.texts().chain(self.files.iter().flat_map(DataFile::texts))
    }

    /// Whether a text has a source's word for an illegal-content list, so that an address in it may be one
    /// that is kept nowhere.
    #[must_use]
    pub fn names_illegal_list(&self, text: &[u8]) -> bool {
        self.listed.stand_in(text)
    }

    /// Whether a code is one of an illegal-content list.
    #[must_use]
    pub fn is_illegal(&self, code: &str) -> bool {
        self.taxonomy.known(code).is_some_and(|known| known.illegal)
    }

    /// A row's free text as it may be sealed: nothing of a row about an illegal list, and no address of one
    /// that speaks of such a list.
    #[must_use]
    pub fn sealable<'t>(&self, code: &str, text: Option<Cow<'t, str>>) -> Option<Cow<'t, str>> {
        let text = text.filter(|_| !self.is_illegal(code))?;
        let speaks = self.names_illegal_list(text.as_bytes());
        Some(if speaks { Cow::Owned(listed::without_addresses(&text)) } else { text })
    }

    /// A remark beside a test of the filter as it may be sealed: without any address where the test was of an
    /// illegal list, or the remark speaks of one.
    #[must_use]
    pub fn sealable_test<'t>(&self, code: &str, text: Option<Cow<'t, str>>) -> Option<Cow<'t, str>> {
        let text = text?;
        let speaks = self.is_illegal(code) || self.names_illegal_list(text.as_bytes());
        Some(if speaks { Cow::Owned(listed::without_addresses(&text)) } else { text })
    }

    /// An empty cache for one run; it answers for this classifier only.
    #[must_use]
    pub fn cache(&self) -> ClassifyCache {
        ClassifyCache::default()
    }

    /// What a request is about.
    pub fn classify<'s, 'a>(
        &'s self,
        input: &ClassifyInput<'a>,
        cache: &mut ClassifyCache,
    ) -> Classified<'s, 'a> {
        let host = if input.host.is_empty() { input.site.unwrap_or("") } else { input.host };
        let epoch = self.epoch(input.date, cache);
        let host = cache.host(host, epoch, || self.host(host, input.date));
        self.classify_on(input, host, cache)
    }

    /// What is known of a host on a day, for a caller that remembers it.
    #[must_use]
    pub fn host(&self, host: &str, date: Date) -> HostAnswer {
        let site = self.sites.get(host, date).and_then(|code| self.taxonomy.index_on(code, date));
        let listed = site.is_some_and(|index| self.taxonomy.at(index).noise);
        HostAnswer { site, noise: self.noise.of_host(host, date).unwrap_or(listed) }
    }

    /// Number of the stretch of days around `date` in which no answer changes.
    pub fn epoch(&self, date: Date, cache: &mut ClassifyCache) -> usize {
        match cache.epoch {
            Some((known, epoch)) if known == date => epoch,
            _ => {
                let epoch = self.changes.partition_point(|day| *day <= date);
                cache.epoch = Some((date, epoch));
                epoch
            }
        }
    }

    /// What a request is about whose host is known already: what [`host`](Self::host) said of it on a day
    /// of the same [`epoch`](Self::epoch).
    pub fn classify_on<'s, 'a>(
        &'s self,
        input: &ClassifyInput<'a>,
        host: HostAnswer,
        cache: &mut ClassifyCache,
    ) -> Classified<'s, 'a> {
        let (date, taxonomy) = (input.date, &self.taxonomy);
        let epoch = self.epoch(date, cache);
        let text = input.categories.unwrap_or("");
        let place = cache.words(text, input.separators, epoch, || {
            self.categories.answer(text, input.separators, taxonomy, date)
        });
        let hits = match input.search {
            Some(words) if !words.is_empty() => {
                self.search_terms.hits(words, taxonomy, date, &mut cache.spare)
            }
            _ => Vec::new(),
        };
        let noise = &self.noise;
        let furniture = noise.is_furniture(input.log_level, input.mime, input.path, date, |mime| {
            cache.mime(mime, epoch, || noise.is_furniture_mime(mime, date))
        });
        let unmapped = cache.words_at(place).unmapped.iter().map(|range| &text[range.clone()]).collect();
        if !hits.is_empty() {
            let words = cache.words_at(place);
            let decision = Decision::of(taxonomy, words, host, &hits, input.vendor_severity, date);
            return self.classified(&decision, furniture, unmapped);
        }
        let key = DecisionKey { words: place, host, vendor_severity: input.vendor_severity };
        if let Some(decision) = cache.decided(&key) {
            return self.classified(decision, furniture, unmapped);
        }
        let words = cache.words_at(place);
        let decision = Decision::of(taxonomy, words, host, &hits, input.vendor_severity, date);
        let classified = self.classified(&decision, furniture, unmapped);
        cache.remember(key, decision);
        classified
    }

    fn classified<'s, 'a>(
        &'s self,
        decision: &Decision,
        furniture: bool,
        unmapped: Vec<&'a str>,
    ) -> Classified<'s, 'a> {
        let illegal = decision.illegal;
        Classified {
            code: decision.code(&self.taxonomy),
            other_codes: decision.other_codes(&self.taxonomy),
            theme: decision.theme(&self.taxonomy),
            four_c: decision.four_c(&self.taxonomy),
            severity: decision.severity,
            code_source: decision.code_source,
            learning: decision.learning,
            search_theme: decision.search_theme(&self.taxonomy),
            record_noise: !illegal && (furniture || decision.noise),
            illegal,
            unmapped: if illegal { Vec::new() } else { unmapped },
        }
    }

    /// What an incident is about, by its category words.
    #[must_use]
    pub fn incident<'s, 'a>(
        &'s self,
        words: &'a str,
        separators: &[u8],
        date: Date,
    ) -> ClassifiedIncident<'s, 'a> {
        let answer = self.incidents.answer(words, separators, &self.categories, &self.taxonomy, date);
        let (code, severity) = match answer.gravest {
            Some((index, severity)) => (Some(self.taxonomy.at(index)), severity),
            None => (self.taxonomy.code(UNMAPPED, date), 1),
        };
        ClassifiedIncident {
            code: code.map_or(UNMAPPED, |code| &code.code),
            theme: code.and_then(|code| code.theme.as_deref()),
            four_c: code.filter(|code| !code.illegal).and_then(|code| code.four_c.as_deref()),
            severity,
            unmapped: answer.unmapped,
        }
    }
}

#[cfg(test)]
mod tests;
