//! How big a statement becomes once every `WITH` part stands where it is named.
//!
//! The engine puts a part's plan in at each place, before anything runs and outside the limits of time and memory: thirty
//! parts that each name the one before twice are a thousand million tables.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{ObjectName, Query, Statement, Visit, Visitor};

use crate::error::{Error, Kind};

/// Tables that a statement may name, those that its `WITH` parts name counted wherever these are named.
const MOST_TABLES: u64 = 300;

/// Refuses a statement that is too big to be planned.
///
/// # Errors
/// [`Kind::Input`].
pub(super) fn refuse_too_big(statement: &Statement) -> Result<(), Error> {
    let mut found = Named::default();
    let _ = statement.visit(&mut found);
    if found.twice {
        return Err(Error::new(Kind::Input, "two WITH parts have the same name")
            .help("give each part of the statement a name of its own"));
    }
    let mut known = BTreeMap::new();
    let tables =
        found.all.iter().fold(0, |sum: u64, name| sum.saturating_add(found.tables(name, &mut known)));
    if tables <= MOST_TABLES {
        return Ok(());
    }
    Err(Error::new(Kind::Input, format!("the statement comes to more than {MOST_TABLES} tables"))
        .help("a WITH part counts wherever it is named: name it less often"))
}

/// Tables named anywhere, and those named in each `WITH` part.
#[derive(Default)]
struct Named {
    all: Vec<String>,
    parts: BTreeMap<String, Vec<String>>,
    /// Whether a name has two meanings: which one is meant where would have to be worked out as the engine does.
    twice: bool,
}

impl Named {
    /// What a name stands for; what a part says of itself stands for its own rows.
    fn tables(&self, name: &str, known: &mut BTreeMap<String, u64>) -> u64 {
        let Some(part) = self.parts.get(name) else { return 1 };
        if let Some(tables) = known.get(name) {
            return *tables;
        }
        known.insert(name.to_owned(), 1);
        let tables =
            part.iter().fold(0, |sum: u64, inner| sum.saturating_add(self.tables(inner, known))).max(1);
        known.insert(name.to_owned(), tables);
        tables
    }
}

impl Visitor for Named {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        self.all.extend(last(relation));
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for part in query.with.iter().flat_map(|with| &with.cte_tables) {
            let mut inside = Inside::default();
            let _ = part.query.visit(&mut inside);
            self.twice |= self.parts.insert(part.alias.name.value.to_lowercase(), inside.0).is_some();
        }
        ControlFlow::Continue(())
    }
}

/// Tables named in a part.
#[derive(Default)]
struct Inside(Vec<String>);

impl Visitor for Inside {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        self.0.extend(last(relation));
        ControlFlow::Continue(())
    }
}

fn last(relation: &ObjectName) -> Option<String> {
    relation.0.last()?.as_ident().map(|ident| ident.value.to_lowercase())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]
    use datafusion::sql::sqlparser::dialect::GenericDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;

    fn fits(statement: &str) -> bool {
        let parsed = Parser::parse_sql(&GenericDialect {}, statement).unwrap();
        refuse_too_big(&parsed[0]).is_ok()
    }

    #[test]
    fn parts_that_double_are_refused_and_what_people_write_is_not() {
        // t1 has 2 tables, t2 4, t7 128; with what the parts themselves name 2 + 4 + ... + 128 and t7 once more.
        let doubling = |parts: usize| {
            let mut text = "WITH t0 AS (SELECT * FROM attempts)".to_owned();
            for part in 1..=parts {
                text.push_str(&format!(", t{part} AS (SELECT a.x FROM t{0} a, T{0} b)", part - 1));
            }
            format!("{text} SELECT * FROM t{parts}")
        };
        assert!(fits(&doubling(6)));
        assert!(!fits(&doubling(8)));
        assert!(!fits(&doubling(60)), "and counting it takes no time");
        let long: Vec<String> = (0..40).map(|_| "SELECT day FROM w".to_owned()).collect();
        assert!(fits(&format!("WITH w AS (SELECT * FROM episodes) {}", long.join(" UNION ALL "))));
        assert!(fits(
            "WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n WHERE x < 9) SELECT * FROM n"
        ));
        let nested = "WITH t AS (WITH t AS (SELECT 1) SELECT * FROM t, t) SELECT * FROM t, t";
        assert!(!fits(nested), "a name that means two things hides how much it is");
        assert!(fits(
            "WITH a AS (WITH b AS (SELECT 1) SELECT * FROM b) SELECT * FROM a WHERE x IN (SELECT y FROM a)"
        ));
    }
}
