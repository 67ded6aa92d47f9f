//! A profile as its file states it, checked once when it is read.

use std::collections::{BTreeMap, BTreeSet};

use regex::bytes::Regex;
use serde::Deserialize;

use super::column::Column;
use super::document::{Basis, Document, Fold, FullRule, Options, Rows, Rule, Status};
use super::proof::Test;
use super::time::{DateOrder, TimeFormat};
use super::transform::Transform;
use crate::detect::FoldPolicy;
use crate::error::{Error, Kind};
use crate::fields::{Action, ChangeKind, RowsPer, TimeBasis};

/// What a row of an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordSort {
    /// A web request.
    Request,
    /// An incident.
    Incident,
    /// A change of the filter: a ticket, a line of a ledger, a reported site.
    Change,
    /// A test of the filter.
    Check,
}

impl RecordSort {
    /// The word in profiles.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Incident => "incident",
            Self::Change => "change",
            Self::Check => "check",
        }
    }

    /// Columns without which nothing can be read.
    pub(super) const fn needed(self) -> &'static [Column] {
        match self {
            Self::Request | Self::Change => &[Column::Time],
            Self::Incident | Self::Check => &[Column::Time, Column::Categories],
        }
    }
}

/// A fact about an export that changes the figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Asked {
    Yes,
    #[default]
    No,
    /// Unknown: files are refused until the school says.
    Ask,
}

/// How one column is found and cleaned.
#[derive(Clone, Debug)]
pub(super) struct ColumnRule {
    /// The column whose cell it reads, where it has no header word of its own.
    pub(super) of: Option<Column>,
    /// Header words, normalised.
    pub(super) names: Vec<Vec<u8>>,
    /// Header words as the profile spells them, for messages.
    pub(super) spelled: Vec<String>,
    pub(super) optional: bool,
    pub(super) separators: Vec<u8>,
    pub(super) transforms: Vec<Transform>,
    pub(super) drop: bool,
}

/// A profile, checked.
#[derive(Clone, Debug)]
pub struct Profile {
    pub(super) id: String,
    pub(super) version: u32,
    pub(super) title: String,
    pub(super) origin: String,
    pub(super) confirmed: bool,
    pub(super) record: RecordSort,
    pub(super) header_rows: usize,
    pub(super) min_matches: usize,
    pub(super) one_of: Vec<Vec<Column>>,
    pub(super) marks: Vec<Vec<u8>>,
    /// The same as the profile spells them.
    pub(super) spelled_marks: Vec<String>,
    pub(super) absent: Vec<Vec<u8>>,
    pub(super) not_records: Vec<Regex>,
    pub(super) formats: Vec<TimeFormat>,
    pub(super) order: Option<DateOrder>,
    pub(super) zone: Option<String>,
    pub(super) fold: FoldPolicy,
    pub(super) basis: TimeBasis,
    pub(super) columns: BTreeMap<Column, ColumnRule>,
    pub(super) nulls: Vec<Vec<u8>>,
    pub(super) actions: BTreeMap<Vec<u8>, Action>,
    /// Severity 1-5 of a vendor's word in small letters; 0 is none.
    pub(super) severities: BTreeMap<Vec<u8>, u8>,
    /// The decision of rows without a word for it.
    pub(super) every_row: Action,
    pub(super) includes_page_furniture: Asked,
    pub(super) ask_blocked_when: bool,
    pub(super) lookups: bool,
    pub(super) key_if_absent: Vec<Column>,
    pub(super) rows_per: RowsPer,
    pub(super) kind: ChangeKind,
    /// Words in small letters of which a ticket about the filter has one; empty: every row counts.
    pub(super) about: Vec<String>,
    /// What the filter should do in tests that do not say.
    pub(super) expected: Action,
    /// Common category code of a word in small letters for what was tried.
    pub(super) codes: BTreeMap<Vec<u8>, String>,
    pub(super) tests: Vec<Test>,
    /// First eight hex digits of the hash of the file.
    pub(super) hash: String,
}

/// What `usual` in a profile's time formats stands for: how British products and spreadsheets write.
const USUAL: &[&str] = &[
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "iso",
    "%Y-%m-%d %H:%M",
    "%d/%m/%Y, %H:%M:%S",
    "%d/%m/%Y, %H:%M",
    "%d/%m/%Y %I:%M:%S %p",
    "%d/%m/%Y %I:%M %p",
    "%d/%m/%y %H:%M",
    "%d/%m/%y",
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%d-%m-%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d-%b-%Y %H:%M:%S",
    "%d-%b-%Y %H:%M",
    "%d-%b-%Y",
    "%d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M",
    "%d %b %Y",
    "%d %B %Y %H:%M",
    "%d %B %Y",
    "excel-serial",
];

/// Values that stand for nothing, unless the profile lists its own.
const NULLS: &[&str] = &["", "-", "--", "none", "n/a", "na", "(empty)", "null"];

/// Header words are compared without case, blanks, `_` and punctuation.
pub(super) fn normalise(word: &[u8]) -> Vec<u8> {
    word.iter()
        .filter(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())
        .map(u8::to_ascii_lowercase)
        .collect()
}

impl Profile {
    /// Reads a profile; `place` names its file in errors.
    pub(super) fn parse(text: &str, place: &str) -> Result<Self, Error> {
        let wrong = |what: String| Error::new(Kind::Configuration, format!("{place}: {what}"));
        let document: Document = toml::from_str(text).map_err(|error| {
            let (line, what) = crate::error::toml_mistake(text, &error);
            wrong(format!("line {line}: {what}"))
        })?;
        let id = document.profile.id;
        if id.is_empty()
            || !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        {
            return Err(wrong("the id must consist of lower-case letters, digits and hyphens".to_owned()));
        }
        let mut columns = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for (column, rule) in document.columns {
            if !column.fits(document.profile.record) {
                return Err(wrong(format!(
                    "column `{}` is none of `record = \"{}\"`",
                    column.name(),
                    document.profile.record.word()
                )));
            }
            let rule =
                column_rule(rule).map_err(|what| wrong(format!("column `{}`: {what}", column.name())))?;
            for name in &rule.names {
                if !taken.insert(name.clone()) {
                    return Err(wrong(format!(
                        "column `{}` shares a header word with another",
                        column.name()
                    )));
                }
            }
            columns.insert(column, rule);
        }
        for column in document.profile.record.needed() {
            if columns.get(column).is_none_or(|rule| rule.optional) {
                return Err(wrong(format!("column `{}` must be there and not optional", column.name())));
            }
        }
        for (column, of) in columns.iter().filter_map(|(column, rule)| Some((column, rule.of?))) {
            if columns.get(&of).is_none_or(|rule| rule.of.is_some()) {
                return Err(wrong(format!("column `{}` reads one that has no header word", column.name())));
            }
        }
        let rows_per = rows_per(document.profile.record, &document.options, &columns).map_err(wrong)?;
        let mut styles: Vec<&str> = document.time.formats.iter().map(String::as_str).collect();
        if let Some(at) = styles.iter().position(|style| *style == "usual") {
            styles.splice(at..=at, USUAL.iter().copied());
        }
        let formats = styles
            .into_iter()
            .map(|format| {
                TimeFormat::parse(format).ok_or_else(|| wrong(format!("time format `{format}` is not known")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if formats.is_empty() {
            return Err(wrong("no time format".to_owned()));
        }
        if let Some(zone) = &document.time.zone
            && jiff::tz::TimeZone::get(zone).is_err()
        {
            return Err(wrong(format!("time zone `{zone}` is not known")));
        }
        let actions = document
            .actions
            .iter()
            .map(|(word, action)| {
                Action::from_word(action)
                    .map(|action| (word.trim().to_ascii_lowercase().into_bytes(), action))
                    .ok_or_else(|| wrong(format!("`{action}` is not an action")))
            })
            .collect::<Result<_, _>>()?;
        let severities: BTreeMap<_, _> = document
            .severities
            .iter()
            .map(|(word, severity)| (word.trim().to_ascii_lowercase().into_bytes(), *severity))
            .collect();
        if severities.values().any(|severity| *severity > 5) {
            return Err(wrong("a severity is 1 to 5, or 0 for none".to_owned()));
        }
        let action = |word: Option<String>| match word {
            None => Ok(Action::Unknown),
            Some(word) => Action::from_word(&word).ok_or_else(|| wrong(format!("`{word}` is not an action"))),
        };
        let every_row = action(document.options.every_row)?;
        let expected = action(document.options.expected)?;
        if document.profile.record == RecordSort::Change && document.options.kind.is_none() {
            return Err(wrong("`kind` must say what a row stands in: ticket, ledger or report".to_owned()));
        }
        let not_records = document
            .file
            .not_records
            .iter()
            .map(|pattern| {
                Regex::new(pattern).map_err(|_| wrong(format!("pattern `{pattern}` cannot be read")))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            id,
            version: document.profile.version,
            title: document.profile.title,
            origin: document.profile.origin,
            confirmed: document.profile.status == Status::Confirmed,
            record: document.profile.record,
            header_rows: document.file.header_rows.clamp(1, 100),
            min_matches: document.file.min_matches.max(2),
            one_of: document.file.one_of,
            marks: document.file.marks.iter().map(|word| normalise(word.as_bytes())).collect(),
            spelled_marks: document.file.marks,
            absent: document.file.absent.iter().map(|word| normalise(word.as_bytes())).collect(),
            not_records,
            formats,
            order: document.time.order,
            zone: document.time.zone,
            fold: match document.time.fold {
                Fold::Order => FoldPolicy::Order,
                Fold::First => FoldPolicy::First,
                Fold::Second => FoldPolicy::Second,
                Fold::Reject => FoldPolicy::Reject,
            },
            basis: match document.time.basis {
                Basis::Start => TimeBasis::Start,
                Basis::End => TimeBasis::End,
                Basis::Unknown => TimeBasis::Unknown,
            },
            columns,
            nulls: document.nulls.map_or_else(
                || NULLS.iter().map(|null| null.as_bytes().to_vec()).collect(),
                |nulls| nulls.into_iter().map(String::into_bytes).collect(),
            ),
            actions,
            severities,
            every_row,
            includes_page_furniture: document.options.includes_page_furniture,
            ask_blocked_when: document.options.blocked_when.is_some(),
            lookups: document.options.rows_are == Rows::Lookups,
            key_if_absent: document.options.key_if_absent,
            rows_per,
            kind: document.options.kind.unwrap_or_default(),
            about: document.options.about.iter().map(|word| word.to_lowercase()).collect(),
            expected,
            codes: document
                .codes
                .into_iter()
                .map(|(word, code)| (word.trim().to_ascii_lowercase().into_bytes(), code))
                .collect(),
            tests: document.test,
            hash: super::short_hash(text.as_bytes()),
        })
    }

    /// Name in commands, reports and the lake.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Title in lists.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Which product writes it.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether a real export was read with it.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// What its rows are.
    #[must_use]
    pub const fn record(&self) -> RecordSort {
        self.record
    }

    /// Its columns: name, header words, whether a file may lack it.
    pub fn columns(&self) -> impl Iterator<Item = (Column, &[String], bool)> {
        self.columns.iter().map(|(column, rule)| (*column, rule.spelled.as_slice(), rule.optional))
    }
}

/// What a row stands for. Counts of incidents are only as good as this answer, so nothing is assumed.
fn rows_per(
    record: RecordSort,
    options: &Options,
    columns: &BTreeMap<Column, ColumnRule>,
) -> Result<RowsPer, String> {
    let Some(rows_per) = options.rows_per else {
        return match record {
            RecordSort::Request | RecordSort::Change | RecordSort::Check => Ok(RowsPer::Incident),
            RecordSort::Incident => {
                Err("`rows_per` must say what a row is: incident, student or category".to_owned())
            }
        };
    };
    let differs = match rows_per {
        RowsPer::Incident => return Ok(rows_per),
        RowsPer::Student => Column::Subject,
        RowsPer::Category => Column::Categories,
    };
    let always = columns.get(&Column::Key).is_some_and(|rule| !rule.optional);
    if !always && options.key_if_absent.is_empty() {
        return Err(
            "the rows of one incident share a key: `key`, not optional, or `key_if_absent`".to_owned()
        );
    }
    if options.key_if_absent.contains(&differs) {
        return Err(format!(
            "`{}` differs between the rows of one incident and cannot be its key",
            differs.name()
        ));
    }
    Ok(rows_per)
}

fn column_rule(rule: Rule) -> Result<ColumnRule, String> {
    let rule = match rule {
        Rule::Names(names) => FullRule {
            names,
            of: None,
            optional: false,
            split: Vec::new(),
            transforms: Vec::new(),
            drop: false,
        },
        Rule::Full(rule) => rule,
    };
    let mut names: Vec<Vec<u8>> = Vec::new();
    for name in rule.names.iter().map(|name| normalise(name.as_bytes())) {
        // `user name` and `username` are one word.
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if rule.of.is_some() != names.is_empty() {
        return Err("give it either header words or, with `of`, the column whose cell it reads".to_owned());
    }
    if names.iter().any(Vec::is_empty) {
        return Err("a header word needs a letter or digit".to_owned());
    }
    let separators = rule
        .split
        .iter()
        .map(|word| match word.as_bytes() {
            b"newline" => Ok(b'\n'),
            [byte] => Ok(*byte),
            _ => Err("a separator is one byte or `newline`".to_owned()),
        })
        .collect::<Result<_, _>>()?;
    Ok(ColumnRule {
        of: rule.of,
        names,
        spelled: rule.names,
        optional: rule.optional,
        separators,
        transforms: rule.transforms,
        drop: rule.drop,
    })
}
