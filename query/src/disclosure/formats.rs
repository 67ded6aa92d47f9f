//! Cleared tables as JSON and CSV.

/// The documented JSON object of a figure.
pub mod json {
    use serde_json::{Map, Value, json};

    use crate::disclosure::audience::Staff;
    use crate::disclosure::releasable::Releasable;
    use crate::disclosure::table::{ColumnRole, Table};

    /// One object: `{schema, school, period, unit, denominator, versions, evidence, cells}`. `cells`
    /// has one object per row, keyed by column id; `evidence` names the evidence columns, the
    /// interval, the reading and the notes; `versions` what it was computed from.
    #[must_use]
    pub fn table(cleared: &Releasable<Table, Staff>) -> String {
        let table = cleared.value();
        let cells: Vec<Value> = table
            .rows
            .iter()
            .map(|row| {
                let cell = |(column, cell): (&crate::TableColumn, &crate::Cell)| {
                    (column.id.to_string(), serde_json::to_value(cell).unwrap_or(Value::Null))
                };
                Value::Object(table.columns.iter().zip(row).map(cell).collect::<Map<_, _>>())
            })
            .collect();
        let evidence: Vec<&str> = table
            .columns
            .iter()
            .filter(|column| column.role == ColumnRole::Evidence)
            .map(|column| column.id.as_ref())
            .collect();
        let units: Map<String, Value> = table
            .columns
            .iter()
            .filter(|column| !column.unit.is_empty())
            .map(|column| (column.id.to_string(), column.unit.into()))
            .collect();
        json!({
            "schema": table.schema,
            "school": table.school,
            "period": table.period,
            "unit": table.unit,
            "denominator": table.denominator,
            "versions": table.versions,
            "evidence": {
                "title": table.title,
                "columns": evidence,
                "units": units,
                "interval": table.interval,
                "reading": table.reading,
                "notes": table.notes,
            },
            "cells": cells,
        })
        .to_string()
    }
}

/// Comma-separated values that a spreadsheet cannot take for formulas.
pub mod csv {
    use crate::disclosure::audience::Staff;
    use crate::disclosure::releasable::Releasable;
    use crate::disclosure::table::{Cell, Table};

    /// A header line of column ids and one line per row, RFC 4180, lines ending in CR LF. Text that
    /// a spreadsheet would run as a formula gets an apostrophe in front; missing values are empty.
    #[must_use]
    pub fn table(cleared: &Releasable<Table, Staff>) -> String {
        let table = cleared.value();
        let mut text = String::new();
        line(&mut text, table.columns.iter().map(|column| guarded(&column.id)));
        for row in &table.rows {
            line(&mut text, row.iter().map(field));
        }
        text
    }

    fn line(text: &mut String, fields: impl Iterator<Item = String>) {
        let fields: Vec<String> = fields.collect();
        text.push_str(&fields.join(","));
        text.push_str("\r\n");
    }

    fn field(cell: &Cell) -> String {
        match cell {
            Cell::Text(text) => guarded(text),
            Cell::Integer(value) => value.to_string(),
            Cell::Real(value) => value.to_string(),
            Cell::Boolean(value) => value.to_string(),
            Cell::Missing => String::new(),
        }
    }

    fn guarded(text: &str) -> String {
        let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let guarded = if formula { format!("'{text}") } else { text.to_owned() };
        if guarded.contains(['"', ',', '\n', '\r']) {
            format!("\"{}\"", guarded.replace('"', "\"\""))
        } else {
            guarded
        }
    }

    #[cfg(test)]
    mod tests {
        use super::guarded;

        #[test]
        fn formulas_and_separators_are_guarded() {
            assert_eq!(guarded("=1+1"), "'=1+1");
            assert_eq!(guarded("@sum(a1)"), "'@sum(a1)");
            assert_eq!(guarded("-2"), "'-2");
            assert_eq!(guarded("\tx"), "'\tx");
            assert_eq!(guarded("a,b"), "\"a,b\"");
            assert_eq!(guarded("=a\"b"), "\"'=a\"\"b\"");
            assert_eq!(guarded("year_7"), "year_7");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use super::{csv, json};
    use crate::disclosure::releasable::Releasable;
    use crate::disclosure::table::{Cell, CoveredPeriod, Table, Versions};
    use crate::figures::{dimension, evidence, measure};

    fn table() -> Table {
        Table {
            schema: "watershed.test/1",
            title: "Test".to_owned(),
            school: "A school".to_owned(),
            period: CoveredPeriod {
                from: "2025-09-01".to_owned(),
                to: "2025-09-05".to_owned(),
                school_days: 3,
            },
            unit: "attempts",
            denominator: "",
            interval: "",
            notes: vec!["one".to_owned()],
            reading: "Two attempts.".to_owned(),
            versions: Versions { lake: vec!["attempts=3".to_owned()], ..Versions::default() },
            columns: vec![
                dimension("site", "Site"),
                measure("attempts", "Attempts", "attempts"),
                evidence("distinct_people", "People", "people"),
            ],
            rows: vec![
                vec!["=cmd".into(), 2_i64.into(), 1_i64.into()],
                vec!["a,b".into(), Cell::Real(0.5), Cell::Missing],
            ],
        }
    }

    #[test]
    fn json_has_the_documented_keys() {
        let text = json::table(&Releasable::cleared(table()));
        let object: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut keys: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(
            keys,
            ["cells", "denominator", "evidence", "period", "school", "schema", "unit", "versions"]
                .into_iter()
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
        );
        assert_eq!(object["cells"][0]["site"], "=cmd");
        assert_eq!(object["cells"][0]["attempts"], 2);
        assert!(object["cells"][1]["distinct_people"].is_null());
        assert_eq!(object["evidence"]["columns"][0], "distinct_people");
        assert_eq!(object["versions"]["lake"][0], "attempts=3");
    }

    #[test]
    fn csv_is_guarded() {
        let text = csv::table(&Releasable::cleared(table()));
        assert_eq!(text, "site,attempts,distinct_people\r\n'=cmd,2,1\r\n\"a,b\",0.5,\r\n");
    }
}
