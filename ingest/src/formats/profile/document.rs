//! A profile's file as it is written, before anything in it is checked.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::column::Column;
use super::definition::{Asked, RecordSort};
use super::proof::Test;
use super::time::DateOrder;
use super::transform::Transform;
use crate::fields::{ChangeKind, RowsPer};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) profile: Head,
    pub(super) file: File,
    pub(super) time: Time,
    pub(super) columns: BTreeMap<Column, Rule>,
    #[serde(default)]
    pub(super) nulls: Option<Vec<String>>,
    #[serde(default)]
    pub(super) actions: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) severities: BTreeMap<String, u8>,
    /// Common category codes of words for what was tried.
    #[serde(default)]
    pub(super) codes: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) options: Options,
    #[serde(default)]
    pub(super) test: Vec<Test>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) version: u32,
    pub(super) title: String,
    pub(super) origin: String,
    pub(super) status: Status,
    pub(super) record: RecordSort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Unconfirmed,
    Confirmed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) header_rows: usize,
    pub(super) min_matches: usize,
    #[serde(default)]
    pub(super) one_of: Vec<Vec<Column>>,
    /// Header words of which at least one must be there.
    #[serde(default)]
    pub(super) marks: Vec<String>,
    #[serde(default)]
    pub(super) absent: Vec<String>,
    #[serde(default)]
    pub(super) not_records: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Time {
    pub(super) formats: Vec<String>,
    #[serde(default)]
    pub(super) order: Option<DateOrder>,
    #[serde(default)]
    pub(super) zone: Option<String>,
    #[serde(default)]
    pub(super) fold: Fold,
    #[serde(default)]
    pub(super) basis: Basis,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Fold {
    #[default]
    Order,
    First,
    Second,
    Reject,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Basis {
    Start,
    End,
    #[default]
    Unknown,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Rule {
    Names(Vec<String>),
    Full(FullRule),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FullRule {
    #[serde(default)]
    pub(super) names: Vec<String>,
    /// The column whose cell this one reads too, in place of names of its own.
    #[serde(default)]
    pub(super) of: Option<Column>,
    #[serde(default)]
    pub(super) optional: bool,
    #[serde(default)]
    pub(super) split: Vec<String>,
    #[serde(default)]
    pub(super) transforms: Vec<Transform>,
    #[serde(default)]
    pub(super) drop: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    #[serde(default)]
    pub(super) includes_page_furniture: Asked,
    #[serde(default)]
    pub(super) blocked_when: Option<BlockedWhen>,
    #[serde(default)]
    pub(super) rows_are: Rows,
    #[serde(default)]
    pub(super) key_if_absent: Vec<Column>,
    #[serde(default)]
    pub(super) rows_per: Option<RowsPer>,
    /// What the filter did in every row, where the report lists nothing else.
    #[serde(default)]
    pub(super) every_row: Option<String>,
    /// What sort of list rows of changes stand in.
    #[serde(default)]
    pub(super) kind: Option<ChangeKind>,
    /// Words of which a ticket has one if it is about the filter; without them every row counts.
    #[serde(default)]
    pub(super) about: Vec<String>,
    /// What the filter should do in tests that do not say.
    #[serde(default)]
    pub(super) expected: Option<String>,
}

/// A profile can insist on an answer; it cannot give one, since it does not know the school.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum BlockedWhen {
    Ask,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Rows {
    #[default]
    Requests,
    Lookups,
}
