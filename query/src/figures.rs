//! What a metric yields: values and the evidence they rest on. Never leaves this crate as it is.

use crate::disclosure::table::{Cell, ColumnRole, TableColumn};

/// What the rows are about; disclosure control asks for evidence accordingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// Sums over several people: evidence columns are demanded.
    People,
    /// One actor in each row: the row is its own evidence.
    OneActor,
    /// Files, days and records.
    Records,
}

/// Figures and evidence of one metric.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Shape and its version.
    pub(crate) schema: &'static str,
    /// Heading.
    pub(crate) title: String,
    /// What is counted.
    pub(crate) unit: &'static str,
    /// What it is divided by; empty if nothing.
    pub(crate) denominator: &'static str,
    /// Method, level and population of the interval; empty if none.
    pub(crate) interval: &'static str,
    /// What the rows are about.
    pub(crate) about: About,
    /// Columns.
    pub(crate) columns: Vec<TableColumn>,
    /// Rows.
    pub(crate) rows: Vec<Vec<Cell>>,
    /// What to know before reading.
    pub(crate) notes: Vec<String>,
    /// A sentence that claims no more than the figures.
    pub(crate) reading: String,
}

/// The interval of every rate and share of pupils.
pub(crate) const PUPIL_INTERVAL: &str = "95 %, exact binomial with the effective size by leaving out one \
    pupil at a time (jackknife), allowing for one more pupil like the most active; population: pupils like those who were active";

/// Heading of the number of people behind a row.
pub(crate) const PEOPLE: &str = "distinct_people";

/// A dimension.
pub(crate) fn dimension(id: &'static str, heading: &'static str) -> TableColumn {
    column(id, heading, "", ColumnRole::Dimension)
}

/// A figure.
pub(crate) fn measure(id: &'static str, heading: &'static str, unit: &'static str) -> TableColumn {
    column(id, heading, unit, ColumnRole::Measure)
}

/// What a figure rests on.
pub(crate) fn evidence(id: &'static str, heading: &'static str, unit: &'static str) -> TableColumn {
    column(id, heading, unit, ColumnRole::Evidence)
}

/// Both ends of an interval, in the unit of their measure.
pub(crate) fn ends(lower: &'static str, upper: &'static str, unit: &'static str) -> [TableColumn; 2] {
    [column(lower, "Lower end", unit, ColumnRole::Lower), column(upper, "Upper end", unit, ColumnRole::Upper)]
}

/// The evidence columns that every sum over people carries.
pub(crate) fn evidence_of_people(weight: &'static str) -> [TableColumn; 2] {
    [
        evidence(PEOPLE, "Different people", "people"),
        match weight {
            "attempts" => {
                evidence("largest_share_of_attempts", "Most by one", "share of attempts made by one actor")
            }
            "alerts" => evidence("largest_share_of_alerts", "Most by one", "share of alerts about one actor"),
            "actor_days" => {
                evidence("largest_share_of_actor_days", "Most by one", "share of actor-days of one actor")
            }
            _ => evidence("largest_share_of_episodes", "Most by one", "share of episodes made by one actor"),
        },
    ]
}

const fn column(
    id: &'static str,
    heading: &'static str,
    unit: &'static str,
    role: ColumnRole,
) -> TableColumn {
    TableColumn {
        id: std::borrow::Cow::Borrowed(id),
        heading: std::borrow::Cow::Borrowed(heading),
        unit,
        role,
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        if value.is_finite() { Self::Real(value) } else { Self::Missing }
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}
