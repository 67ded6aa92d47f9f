//! A profile as its file states it, checked once when it is read.

use std::collections::{BTreeMap, BTreeSet};

use regex::bytes::Regex;
use serde::Deserialize;

use super::column::Column;
use super::time::{DateOrder, TimeFormat};
use super::transform::Transform;
use crate::detect::FoldPolicy;
use crate::error::{Error, Kind};
use crate::fields::{Action, TimeBasis};

/// What a row of an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordSort {
    /// A web request.
    Request,
    /// An incident.
    Incident,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    profile: Head,
    file: File,
    time: Time,
    columns: BTreeMap<Column, Rule>,
    #[serde(default)]
    nulls: Option<Vec<String>>,
    #[serde(default)]
    actions: BTreeMap<String, String>,
    #[serde(default)]
    options: Options,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    id: String,
    version: u32,
    title: String,
    origin: String,
    status: Status,
    record: RecordSort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Unconfirmed,
    Confirmed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    header_rows: usize,
    min_matches: usize,
    #[serde(default)]
    one_of: Vec<Vec<Column>>,
    #[serde(default)]
    absent: Vec<String>,
    #[serde(default)]
    not_records: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Time {
    formats: Vec<String>,
    #[serde(default)]
    order: Option<DateOrder>,
    #[serde(default)]
    zone: Option<String>,
    #[serde(default)]
    fold: Fold,
    #[serde(default)]
    basis: Basis,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Fold {
    #[default]
    Order,
    First,
    Second,
    Reject,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Basis {
    Start,
    End,
    #[default]
    Unknown,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Rule {
    Names(Vec<String>),
    Full(FullRule),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FullRule {
    names: Vec<String>,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    split: Vec<String>,
    #[serde(default)]
    transforms: Vec<Transform>,
    #[serde(default)]
    drop: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    includes_page_furniture: Asked,
    #[serde(default)]
    blocked_when: Option<BlockedWhen>,
    #[serde(default)]
    rows_are: Rows,
    #[serde(default)]
    key_if_absent: Vec<Column>,
}

/// A profile can insist on an answer; it cannot give one, since it does not know the school.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum BlockedWhen {
    Ask,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Rows {
    #[default]
    Requests,
    Lookups,
}

/// How one column is found and cleaned.
#[derive(Clone, Debug)]
pub(super) struct ColumnRule {
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
    pub(super) includes_page_furniture: Asked,
    pub(super) ask_blocked_when: bool,
    pub(super) lookups: bool,
    pub(super) key_if_absent: Vec<Column>,
    /// First eight hex digits of the hash of the file.
    pub(super) hash: String,
}

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
        let document: Document = toml::from_str(text).map_err(|error| wrong(error.message().to_owned()))?;
        let id = document.profile.id;
        if id.is_empty()
            || !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        {
            return Err(wrong("the id must consist of lower-case letters, digits and hyphens".to_owned()));
        }
        let mut columns = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for (column, rule) in document.columns {
            if column.is_of_incidents() && document.profile.record == RecordSort::Request {
                return Err(wrong(format!("column `{}` belongs to incidents", column.name())));
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
        let needed: &[Column] = match document.profile.record {
            RecordSort::Request => &[Column::Time],
            RecordSort::Incident => &[Column::Time, Column::Categories],
        };
        for column in needed {
            if columns.get(column).is_none_or(|rule| rule.optional) {
                return Err(wrong(format!("column `{}` must be there and not optional", column.name())));
            }
        }
        let formats = document
            .time
            .formats
            .iter()
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
            includes_page_furniture: document.options.includes_page_furniture,
            ask_blocked_when: document.options.blocked_when.is_some(),
            lookups: document.options.rows_are == Rows::Lookups,
            key_if_absent: document.options.key_if_absent,
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

fn column_rule(rule: Rule) -> Result<ColumnRule, String> {
    let rule = match rule {
        Rule::Names(names) => {
            FullRule { names, optional: false, split: Vec::new(), transforms: Vec::new(), drop: false }
        }
        Rule::Full(rule) => rule,
    };
    let mut names: Vec<Vec<u8>> = Vec::new();
    for name in rule.names.iter().map(|name| normalise(name.as_bytes())) {
        // `user name` and `username` are one word.
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() || names.iter().any(Vec::is_empty) {
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
        names,
        spelled: rule.names,
        optional: rule.optional,
        separators,
        transforms: rule.transforms,
        drop: rule.drop,
    })
}
