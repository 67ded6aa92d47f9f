//! How big a statement becomes once every `WITH` part stands where it is named, and every column where it is used.
//!
//! The engine puts a part's plan in at each place, before anything runs and outside the limits of time and memory: thirty
//! parts that each name the one before twice are a thousand million tables. It does the same with what a column is
//! worked out from, and works out a cube's every grouping.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, ObjectName, Query, Select, Statement, Visit, Visitor};

use crate::error::{Error, Kind};

/// Tables that a statement may name, those that its `WITH` parts name counted wherever these are named.
const MOST_TABLES: u64 = 300;

/// How often one column may come to be used, through all parts and subqueries that stand in each other.
const MOST_USES: u64 = 2_000;

/// Groupings that a statement may ask for at once.
const MOST_GROUPINGS: u64 = 256;

/// Refuses a statement that is too big to be planned.
///
/// # Errors
/// [`Kind::Input`].
pub(super) fn refuse_too_big(statement: &Statement) -> Result<(), Error> {
    let mut found = Named { groupings: 1, ..Named::default() };
    let _ = statement.visit(&mut found);
    let refused = |what: String, help: &str| Err(Error::new(Kind::Input, what).help(help));
    if found.twice {
        return refused(
            "two WITH parts have the same name".to_owned(),
            "give each part of the statement a name of its own",
        );
    }
    let mut known = BTreeMap::new();
    let tables =
        found.all.iter().fold(0, |sum: u64, name| sum.saturating_add(found.tables(name, &mut known)));
    if tables > MOST_TABLES {
        return refused(
            format!("the statement comes to more than {MOST_TABLES} tables"),
            "a WITH part counts wherever it is named: name it less often",
        );
    }
    if found.most_uses > MOST_USES {
        return refused(
            format!("a column comes to be used more than {MOST_USES} times"),
            "what a WITH part or subquery works out counts wherever it is used: use it less often in the parts around it",
        );
    }
    if found.groupings > MOST_GROUPINGS {
        return refused(
            format!("the statement asks for more than {MOST_GROUPINGS} groupings"),
            "put fewer columns into CUBE, ROLLUP or GROUPING SETS",
        );
    }
    Ok(())
}

/// Tables named anywhere, and those named in each `WITH` part.
#[derive(Default)]
struct Named {
    all: Vec<String>,
    parts: BTreeMap<String, Vec<String>>,
    /// Whether a name has two meanings: which one is meant where would have to be worked out as the engine does.
    twice: bool,
    /// The queries that are being looked at, the outermost first.
    open: Vec<Level>,
    /// Of each `WITH` part how often one column comes to be used in it, and which part a query is by its place.
    uses: BTreeMap<String, u64>,
    bodies: BTreeMap<usize, String>,
    most_uses: u64,
    groupings: u64,
}

/// A query without those inside of it.
#[derive(Default)]
struct Level {
    /// How often each column is named.
    columns: BTreeMap<String, u64>,
    /// The most that anything inside, or any part that is named, comes to.
    below: u64,
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

impl Named {
    /// Ends a query: what it comes to, told to the one around it.
    fn close(&mut self) -> u64 {
        let level = self.open.pop().unwrap_or_default();
        let own = level.columns.values().copied().max().unwrap_or(1);
        let uses = own.saturating_mul(level.below.max(1));
        if let Some(around) = self.open.last_mut() {
            around.below = around.below.max(uses);
        }
        self.most_uses = self.most_uses.max(uses);
        uses
    }
}

/// Which query it is: no two are at one place while a statement is looked at.
fn place(query: &Query) -> usize {
    std::ptr::from_ref(query).addr()
}

impl Visitor for Named {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let name = last(relation);
        let uses = name.as_ref().and_then(|name| self.uses.get(name)).copied().unwrap_or(1);
        if let Some(level) = self.open.last_mut() {
            level.below = level.below.max(uses);
        }
        self.all.extend(name);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, _: &Select) -> ControlFlow<()> {
        self.open.push(Level::default());
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<()> {
        self.close();
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let column = match expr {
            Expr::Identifier(ident) => Some(&ident.value),
            Expr::CompoundIdentifier(idents) => idents.last().map(|ident| &ident.value),
            _ => None,
        };
        if let (Some(column), Some(level)) = (column, self.open.last_mut()) {
            *level.columns.entry(column.to_lowercase()).or_default() += 1;
        }
        let groupings = match expr {
            Expr::Cube(columns) => 1_u64.checked_shl(columns.len() as u32).unwrap_or(u64::MAX),
            Expr::Rollup(columns) => columns.len() as u64 + 1,
            Expr::GroupingSets(sets) => sets.len() as u64,
            _ => 1,
        };
        self.groupings = self.groupings.saturating_mul(groupings);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let uses = self.close();
        if let Some(name) = self.bodies.get(&place(query)) {
            self.uses.insert(name.clone(), uses);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.open.push(Level::default());
        for part in query.with.iter().flat_map(|with| &with.cte_tables) {
            let mut inside = Inside::default();
            let _ = part.query.visit(&mut inside);
            self.bodies.insert(place(&part.query), part.alias.name.value.to_lowercase());
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
        let growing = |levels: usize| {
            let deeper = |text: String, level: usize| format!("SELECT x+x AS x FROM ({text}) AS t{level}");
            (1..=levels).fold("SELECT local_minute AS x FROM requests".to_owned(), deeper)
        };
        // 2 to the number of levels: 1,024 and 2,048.
        assert!(fits(&growing(10)));
        assert!(!fits(&growing(11)));
        let named = |levels: usize| {
            let parts: Vec<String> = (1..=levels)
                .map(|level| format!("t{level} AS (SELECT x+x AS x FROM t{})", level - 1))
                .collect();
            format!(
                "WITH t0 AS (SELECT local_minute AS x FROM requests), {} SELECT count(*) FROM t{levels} WHERE x > 1",
                parts.join(", ")
            )
        };
        assert!(fits(&named(10)));
        assert!(!fits(&named(11)));
        let cube = |columns: usize| {
            let columns: Vec<String> = (0..columns).map(|column| format!("c{column}")).collect();
            format!("SELECT count(*) FROM attempts GROUP BY CUBE({})", columns.join(", "))
        };
        assert!(fits(&cube(8)) && !fits(&cube(9)) && !fits(&cube(70)));
        assert!(!fits("SELECT count(*) FROM attempts GROUP BY CUBE(a, b, c, d, e), CUBE(f, g, h, i)"));
        assert!(fits("SELECT count(*) FROM attempts GROUP BY ROLLUP(a, b, c), GROUPING SETS ((d), (e))"));
        // A wide table of conditions on one column, over a part of its own.
        let sums: Vec<String> =
            (0..40).map(|value| format!("sum(CASE WHEN x = {value} THEN n END)")).collect();
        assert!(fits(&format!(
            "WITH w AS (SELECT code AS x, count(*) AS n FROM attempts GROUP BY code) SELECT {} FROM w",
            sums.join(", ")
        )));
        let nested = "WITH t AS (WITH t AS (SELECT 1) SELECT * FROM t, t) SELECT * FROM t, t";
        assert!(!fits(nested), "a name that means two things hides how much it is");
        assert!(fits(
            "WITH a AS (WITH b AS (SELECT 1) SELECT * FROM b) SELECT * FROM a WHERE x IN (SELECT y FROM a)"
        ));
    }
}
