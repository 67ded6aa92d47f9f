//! Disclosure control of live tables: staff only, and only figures that say what they rest on.

use super::audience::Staff;
use super::releasable::Releasable;
use super::table::{ColumnRole, CoveredPeriod, Table, Versions};
use crate::error::{Error, Kind};
use crate::figures::{About, Figures, PEOPLE};

/// What stands around the figures of one school.
#[derive(Debug)]
pub(crate) struct Frame {
    /// School's full name.
    pub(crate) school: String,
    /// Days covered.
    pub(crate) period: CoveredPeriod,
    /// What could not be seen.
    pub(crate) notes: Vec<String>,
    /// What was read.
    pub(crate) versions: Versions,
}

/// Clears a live table for staff: exact and pseudonymous.
///
/// # Errors
/// [`Kind::Bug`] when a figure has no unit, a sum over people has no evidence, an interval lacks one
/// of its ends or its method, a row is not as long as the columns, or there is no reading.
pub(crate) fn staff(figures: Figures, frame: Frame) -> Result<Releasable<Table, Staff>, Error> {
    if let Some(fault) = fault(&figures) {
        return Err(Error::new(Kind::Bug, format!("the table `{}` {fault}", figures.schema)));
    }
    let mut notes = figures.notes;
    notes.extend(frame.notes);
    Ok(Releasable::cleared(Table {
        schema: figures.schema,
        title: figures.title,
        school: frame.school,
        period: frame.period,
        unit: figures.unit,
        denominator: figures.denominator,
        interval: figures.interval,
        notes,
        reading: figures.reading,
        versions: frame.versions,
        columns: figures.columns,
        rows: figures.rows,
    }))
}

fn fault(figures: &Figures) -> Option<&'static str> {
    let count = |role| figures.columns.iter().filter(|column| column.role == role).count();
    let unitless =
        |column: &super::table::TableColumn| column.unit.is_empty() && column.role != ColumnRole::Dimension;
    let evident =
        |id: &str| figures.columns.iter().any(|c| c.role == ColumnRole::Evidence && c.id.starts_with(id));
    if figures.unit.is_empty() || figures.columns.iter().any(unitless) {
        Some("has a figure without a unit")
    } else if figures.about == About::People && !(evident(PEOPLE) && evident("largest_share")) {
        Some("sums over people without its evidence")
    } else if count(ColumnRole::Lower) != count(ColumnRole::Upper) {
        Some("has half an interval")
    } else if (count(ColumnRole::Lower) > 0) == figures.interval.is_empty() {
        Some("does not say how its interval was made")
    } else if figures.rows.iter().any(|row| row.len() != figures.columns.len()) {
        Some("has a row of another length")
    } else if figures.reading.is_empty() {
        Some("has no reading")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may")]

    use super::*;
    use crate::disclosure::table::Cell;
    use crate::figures::{dimension, ends, evidence_of_people, measure};

    fn figures() -> Figures {
        let mut columns = vec![dimension("group_id", "Group"), measure("attempts", "Attempts", "attempts")];
        columns.extend(evidence_of_people("attempts"));
        Figures {
            schema: "watershed.test/1",
            title: "Test".to_owned(),
            unit: "attempts",
            denominator: "",
            interval: "",
            about: About::People,
            rows: vec![vec!["year_7".into(), 3_i64.into(), 1_i64.into(), Cell::Real(1.0)]],
            columns,
            notes: Vec::new(),
            reading: "Three.".to_owned(),
        }
    }

    fn frame() -> Frame {
        let period = CoveredPeriod { from: String::new(), to: String::new(), school_days: 0 };
        Frame {
            school: "A school".to_owned(),
            period,
            notes: vec!["seen".to_owned()],
            versions: Versions::default(),
        }
    }

    #[test]
    fn a_whole_table_passes_with_the_notes_of_its_frame() {
        let cleared = staff(figures(), frame()).unwrap();
        assert_eq!(cleared.value().notes, ["seen"]);
        assert_eq!(cleared.audience(), "staff");
    }

    #[test]
    fn what_lacks_something_does_not_pass() {
        type Spoil = fn(&mut Figures);
        let faults: [(&str, Spoil); 6] = [
            ("unit", |f| f.columns[1].unit = ""),
            ("evidence", |f| f.columns[2].id = "else".into()),
            ("half", |f| f.columns.push(ends("l", "u", "attempts")[0].clone())),
            ("how its interval", |f| f.interval = "95 %"),
            ("length", |f| f.rows[0].truncate(1)),
            ("reading", |f| f.reading.clear()),
        ];
        for (word, spoil) in faults {
            let mut figures = figures();
            spoil(&mut figures);
            let error = staff(figures, frame()).expect_err(word);
            assert!(error.to_string().contains(word), "{word}: {error}");
        }
    }
}
