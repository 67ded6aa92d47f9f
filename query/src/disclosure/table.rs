//! Plain rows and columns for readers; never a record batch.

use std::borrow::Cow;

use serde::Serialize;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnRole {
    /// What the row is about.
    Dimension,
    /// The figure.
    Measure,
    /// Lower end of the measure's interval.
    Lower,
    /// Upper end of the measure's interval.
    Upper,
    /// What the figure rests on: distinct people, largest share.
    Evidence,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableColumn {
    /// Machine name, ending in its unit; the CSV header and JSON key.
    pub id: Cow<'static, str>,
    /// Heading for people.
    pub heading: Cow<'static, str>,
    /// Unit in words: `attempts`, `actor-days per 1,000 active actor-days`; empty for dimensions.
    pub unit: &'static str,
    /// What it holds.
    pub role: ColumnRole,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cell {
    /// Words, days, pseudonyms (16 hex digits).
    Text(String),
    /// A count.
    Integer(i64),
    /// A rate or share.
    Real(f64),
    /// Yes or no.
    Boolean(bool),
    /// No value: nothing to divide by, or not measurable (the table's notes say why).
    Missing,
}

impl Cell {
    /// The number, where the cell holds one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(*value as f64),
            Self::Real(value) => Some(*value),
            Self::Text(_) | Self::Boolean(_) | Self::Missing => None,
        }
    }

    /// The words, where the cell holds some.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The days that a table covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoveredPeriod {
    /// First local day.
    pub from: String,
    /// Last local day.
    pub to: String,
    /// School days in it by the calendar.
    pub school_days: u32,
}

/// What the figures were computed from, so that they can be recomputed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// Version of this program.
    pub watershed: String,
    /// Hash of taxonomy, maps, calendar and group rules.
    pub settings: String,
    /// `table=version` of each lake table read.
    pub lake: Vec<String>,
}

/// A table of figures that says what it counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Table {
    /// Shape and its version, as `watershed.trend/1`.
    pub schema: &'static str,
    /// Heading.
    pub title: String,
    /// School's full name.
    pub school: String,
    /// Days covered.
    pub period: CoveredPeriod,
    /// What is counted.
    pub unit: &'static str,
    /// What it is divided by; empty if nothing.
    pub denominator: &'static str,
    /// Method and level of the interval; empty if none.
    pub interval: &'static str,
    /// How fresh the data is, what could not be seen (product.md, rule 4), one sentence each.
    pub notes: Vec<String>,
    /// A plain-English reading that claims no more than the figures.
    pub reading: String,
    /// What it was computed from.
    pub versions: Versions,
    /// Columns in order.
    pub columns: Vec<TableColumn>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Position of a column.
    #[must_use]
    pub fn column(&self, id: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.id == id)
    }
}
