//! The sealed set: what governors or parents get, and nothing else (release policy, rules 7-17, 27).

use serde::{Deserialize, Serialize};

pub use super::operational::RECORDED_CONCERNS;

/// How a figure is shown (rules 10-12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "shown")]
pub enum Shown {
    /// Between `from` and `to` pupils, both included.
    Band {
        /// Lower end.
        from: u32,
        /// Upper end.
        to: u32,
    },
    /// Fewer than `n`, perhaps none.
    FewerThan {
        /// The threshold.
        n: u32,
    },
    /// All of the group, or nearly.
    AllOrNearly,
    /// The school is too small, or a part is.
    NotBrokenDown,
    /// Logs incomplete, or the gate held it back; the reader cannot tell which.
    NotAvailable,
}

impl Shown {
    /// The words on every page, picture and file.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Band { from, to } => format!("{from}-{to}"),
            Self::FewerThan { n } => format!("fewer than {n} (may be none)"),
            Self::AllOrNearly => "all or nearly all".to_owned(),
            Self::NotBrokenDown => "Not broken down".to_owned(),
            Self::NotAvailable => "Not available this term".to_owned(),
        }
    }
}

/// Id of the group that is the whole school.
pub const WHOLE_SCHOOL: &str = "school";

fn whole_school() -> String {
    WHOLE_SCHOOL.to_owned()
}

/// One row of a sealed table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedRow {
    /// Row's name.
    pub row: String,
    /// The heading it stands under (content, contact, conduct, commerce; empty for the union).
    pub heading: String,
    /// Id of the group that the figure is about, as in [`SealedSet::groups`].
    #[serde(default = "whole_school")]
    pub group: String,
    /// The figure.
    #[serde(flatten)]
    pub shown: Shown,
    /// Rule 13: whole-number range per 100 pupils, `5 to 6 in every 100 pupils`; none without a band.
    pub per_hundred: Option<String>,
    /// Rule 14: `higher`, `lower`, `no clear change` against the period before; none if either is small.
    pub change: Option<String>,
}

/// One sealed table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedTable {
    /// `T0` to `T3` (rule 7).
    pub id: String,
    /// What it counts.
    pub title: String,
    /// Pupils of the whole school (public roll, counted year groups).
    pub roll: u32,
    /// Rows in fixed order.
    pub rows: Vec<SealedRow>,
}

/// An operational measure (rules 25, 26); its unit is not a pupil, but for [`RECORDED_CONCERNS`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationalMeasure {
    /// Machine name, ending in its unit.
    pub id: String,
    /// What it says, in words.
    pub title: String,
    /// The figure as shown, with its unit.
    pub shown: String,
}

/// Policy and parameters that the set was sealed under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedPolicy {
    /// Version of the release policy as built here.
    pub version: String,
    /// Threshold k.
    pub threshold_pupils: u32,
    /// Band width b.
    pub band_pupils: u32,
    /// Version (hash) of the category list.
    pub category_list_version: String,
    /// Fixed shape of the set.
    pub shape: String,
}

/// One pupil group of the public roll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollGroup {
    /// Year group in words.
    pub group: String,
    /// Pupils by the October roll.
    pub pupils: u32,
    /// Whether the group is counted; shared log-ins are not (correction A).
    pub counted: bool,
}

/// Whether a group is ever broken down, by the public roll alone (rules 10 and 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parts {
    /// Each part has 3k pupils or more: the parts have rows.
    Rows,
    /// A part has fewer: no part is ever a row.
    Never,
    /// There are no parts.
    None,
}

/// One group of the tree that the counted pupils are in; its leaves partition them (correction A).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedGroup {
    /// `school`, `KS1` to `KS5`, `YN`, `YR`, `Y1` to `Y13`.
    pub id: String,
    /// In words.
    pub name: String,
    /// Id of the group that it is a part of; empty for the whole school.
    pub parent: String,
    /// Its public size n, in pupils by the October roll.
    pub pupils: u32,
    /// Whether it is ever broken down.
    pub parts: Parts,
}

/// One category of the fixed list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedCategory {
    /// Name of its rows.
    pub row: String,
    /// The heading it stands under.
    pub heading: String,
}

/// The sealed object, whole (rule 27). Nothing else is ever rendered for governors or parents.
///
/// Three things that the ledger knows are not in it. The approval, which comes after the sealing. The chain's digests: a parents' set that named
/// the governors' one before it would let anybody try all governors' bands until the digest fits.
/// The fallback level: it would say that a table was dropped because of what stood in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedSet {
    /// `watershed.sealed/1`.
    pub schema: String,
    /// Ledger id; stands on every artefact.
    pub id: String,
    /// School's short name.
    pub school: String,
    /// School's full name.
    pub school_name: String,
    /// `governors` or `parents`.
    pub audience: String,
    /// `2025-autumn` or `2025-26`.
    pub period: String,
    /// First school day of the period.
    pub period_from: String,
    /// Last school day of the period.
    pub period_to: String,
    /// Day of sealing.
    pub sealed_on: String,
    /// Role that approved it: not sealed with the set, which was made before, but read from the
    /// ledger's approval; empty until then.
    #[serde(default, skip_serializing)]
    pub approver: String,
    /// Policy and parameters.
    pub policy: SealedPolicy,
    /// Public roll.
    pub roll: Vec<RollGroup>,
    /// The group tree over the counted year groups, parents before their parts.
    #[serde(default)]
    pub groups: Vec<SealedGroup>,
    /// The categories in fixed order.
    #[serde(default)]
    pub categories: Vec<SealedCategory>,
    /// T0 and T1; for governors T2 and T3 too.
    pub tables: Vec<SealedTable>,
    /// Rules 25 and 26.
    pub operational: Vec<OperationalMeasure>,
    /// Fixed sentences: what is never reported, who is not counted, that parts need not add up.
    pub statements: Vec<String>,
}
