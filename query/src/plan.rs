//! Plans of built-in functions whose every cell comes with its evidence.
//!
//! A metric says which table, which columns and which sums; this module writes the query, so that
//! three things cannot be forgotten: only school days of the window count, nothing on an illegal
//! list stands in a sum, and each cell carries the number of distinct people and the largest share
//! of one actor.

use std::fmt::Write as _;

use ingest::schema::{self, TableSchema};
use jiff::civil::Date;

use crate::answer::Answer;
use crate::error::{Error, Kind};
use crate::service::Ask;
use crate::session::{Session, Value};
use crate::window::Window;

/// Rows of pupils: identified persons whose role is pupil.
pub(crate) const PUPIL: &str = "actor_kind = 'person' AND role = 'pupil'";

/// Rows of pupils who did something themselves.
pub(crate) const ACTIVE_PUPIL: &str = "actor_kind = 'person' AND role = 'pupil' AND primary_records > 0";

/// Codes and themes that stand in no sum.
pub(crate) const ILLEGAL: &str = "('ILL-CSAM', 'ILL-TERR', 'IMG-CHILD')";

/// A column of the answer and the expression behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct By {
    /// Name in the answer.
    pub(crate) id: &'static str,
    /// Expression over the table's columns; a text.
    pub(crate) expression: &'static str,
}

/// The week, by its Monday.
pub(crate) const WEEK: By = By { id: "week_start_date", expression: "CAST(week_start_date AS VARCHAR)" };
/// The theme.
pub(crate) const THEME: By = By { id: "theme", expression: "coalesce(theme, 'no theme')" };
/// The heading of the four Cs.
pub(crate) const FOUR_C: By = By { id: "four_c", expression: "coalesce(four_c, 'none of the four')" };
/// The severity, 0 to 5.
pub(crate) const SEVERITY: By = By { id: "severity", expression: "CAST(severity AS VARCHAR)" };
/// The key stage.
pub(crate) const KEY_STAGE: By = By { id: "key_stage", expression: "coalesce(key_stage, 'no key stage')" };
/// The day.
pub(crate) const DAY: By = By { id: "local_date", expression: "CAST(local_date AS VARCHAR)" };
/// The group.
pub(crate) const GROUP: By = By { id: "group_id", expression: "group_id" };
/// The network that a record came from.
pub(crate) const NETWORK: By = By { id: "network", expression: "network" };
/// Day of the week, 1 Monday to 7 Sunday.
pub(crate) const WEEKDAY: By = By {
    id: "weekday",
    expression: "CAST(1 + CAST(local_date AS INT) - CAST(week_start_date AS INT) AS VARCHAR)",
};
/// Lesson period.
pub(crate) const LESSON: By =
    By { id: "lesson_period", expression: "coalesce(lesson_period, 'outside lessons')" };

/// A sum: name, aggregate over the rows of one actor, and how actors are put together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sum<'a> {
    /// Name in the answer.
    pub(crate) id: &'static str,
    /// Aggregate over one actor's rows.
    pub(crate) of_actor: &'a str,
    /// `sum` or `max` over actors.
    pub(crate) over: &'static str,
}

/// A sum over actors.
pub(crate) const fn sum<'a>(id: &'static str, of_actor: &'a str) -> Sum<'a> {
    Sum { id, of_actor, over: "sum" }
}

/// Which table attempts, episodes and activity are counted in, and how: by network they have tables of their own, in
/// which a row holds several or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    /// Table of attempts.
    pub(crate) attempts: &'static TableSchema,
    /// Its rows that have one; true of all where every row is one.
    pub(crate) with_attempts: &'static str,
    /// Attempts of one actor's rows.
    pub(crate) sum_of_attempts: &'static str,
    /// Table of episodes.
    pub(crate) episodes: &'static TableSchema,
    /// Its rows that have one; true of all where every row is one.
    pub(crate) with_episodes: &'static str,
    /// Episodes of one actor's rows.
    pub(crate) sum_of_episodes: &'static str,
    /// Table of activity, with `primary_records`.
    pub(crate) active: &'static TableSchema,
}

impl Counted {
    /// Those for figures by some columns.
    pub(crate) fn by(columns: &[By]) -> Self {
        if columns.iter().any(|by| by.id == NETWORK.id) {
            Self {
                attempts: &schema::NETWORK_THEME_DAYS,
                with_attempts: "attempts > 0",
                sum_of_attempts: "sum(attempts)",
                episodes: &schema::NETWORK_THEME_DAYS,
                with_episodes: "episodes > 0",
                sum_of_episodes: "sum(episodes)",
                active: &schema::NETWORK_DAYS,
            }
        } else {
            Self {
                attempts: &schema::ATTEMPTS,
                with_attempts: "true",
                sum_of_attempts: "count(*)",
                episodes: &schema::EPISODES,
                with_episodes: "true",
                sum_of_episodes: "count(*)",
                active: &schema::ACTOR_DAYS,
            }
        }
    }
}

/// Figures over several people.
#[derive(Debug)]
pub(crate) struct Cells<'a> {
    /// Table.
    pub(crate) table: &'static TableSchema,
    /// Further condition on its rows, text of ours; empty for none.
    pub(crate) only: &'a str,
    /// Columns that the rows are grouped by.
    pub(crate) by: &'a [By],
    /// Sums.
    pub(crate) sums: &'a [Sum<'a>],
    /// The sum whose largest share is the evidence.
    pub(crate) weight: &'static str,
}

/// A session, the days and the filters of one question.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    /// Tables.
    pub(crate) session: &'a Session,
    /// Days.
    pub(crate) window: Window,
    /// Filters.
    pub(crate) ask: &'a Ask,
    /// Days without school count too.
    pub(crate) every_day: bool,
}

impl Reader<'_> {
    /// Values of `$first`, `$last`, `$group`, `$theme`, as far as they are asked.
    pub(crate) fn values(&self) -> Vec<(&'static str, Value)> {
        let mut values = vec![("first", Value::Day(self.window.from)), ("last", Value::Day(self.window.to))];
        let words = [("group", &self.ask.group), ("theme", &self.ask.theme)];
        values.extend(words.into_iter().filter_map(|(name, word)| Some((name, Value::Word(word.clone()?)))));
        values
    }

    /// The same tables and filters over other days.
    pub(crate) fn over(&self, window: Window) -> Self {
        Self { session: self.session, window, ask: self.ask, every_day: self.every_day }
    }

    /// The condition that every figure shares.
    pub(crate) fn counted(&self, table: &TableSchema, only: &str) -> String {
        let has = |name| table.columns.iter().any(|column| column.name == name);
        let mut text = "local_date BETWEEN $first AND $last".to_owned();
        if !self.every_day {
            text.push_str(" AND school_day");
        }
        let mut and = |condition: &str| {
            let _ = write!(text, " AND ({condition})");
        };
        if has("illegal") {
            and("NOT illegal");
        }
        if has("code") {
            and(&format!("code NOT IN {ILLEGAL}"));
        }
        if has("theme") {
            and(&format!("theme IS NULL OR theme NOT IN {ILLEGAL}"));
            if self.ask.theme.is_some() {
                and("coalesce(theme, 'no theme') = $theme");
            }
        }
        if self.ask.group.is_some() {
            and("group_id = $group");
        }
        if !only.is_empty() {
            and(only);
        }
        text
    }

    /// Figures with evidence: the columns of `by`, the sums, `distinct_people`, `largest_share`.
    pub(crate) async fn cells(&self, cells: &Cells<'_>) -> Result<Answer, Error> {
        let grouped: String = cells.by.iter().map(|by| format!("{}, ", by.id)).collect();
        let inner: String = cells.by.iter().map(|by| format!("{} AS {}, ", by.expression, by.id)).collect();
        let of_actor: String = cells.sums.iter().map(|s| format!(", {} AS {}", s.of_actor, s.id)).collect();
        let summed: String =
            cells.sums.iter().map(|s| format!("{}({}) AS {}, ", s.over, s.id, s.id)).collect();
        let expressions: String = cells.by.iter().map(|by| format!("{}, ", by.expression)).collect();
        let order = if grouped.is_empty() {
            String::new()
        } else {
            format!(" GROUP BY {0} ORDER BY {0}", grouped.trim_end_matches(", "))
        };
        // A row for each actor, so that counting actors is counting rows: a token is of one kind of actor only.
        let statement = format!(
            "WITH of_actor AS (SELECT {inner}actor, bool_or(actor_kind = 'person') AS known{of_actor} FROM {table} \
             WHERE {counted} GROUP BY {expressions}actor) \
             SELECT {grouped}{summed}count(actor) FILTER (WHERE known) AS distinct_people, \
             CAST(max({weight}) FILTER (WHERE actor IS NOT NULL) AS DOUBLE) / nullif(sum({weight}), 0) \
             AS largest_share FROM of_actor{order}",
            table = cells.table.name,
            counted = self.counted(cells.table, cells.only),
            weight = cells.weight,
        );
        self.session.query(&statement, &self.values()).await
    }

    /// One row per actor: the columns of `by`, `actor`, `part`, `whole`. Feeds the jackknife.
    pub(crate) async fn actors(
        &self,
        table: &'static TableSchema,
        only: &str,
        by: &[By],
        part: &str,
        whole: &str,
    ) -> Result<Answer, Error> {
        let inner: String = by.iter().map(|by| format!("{} AS {}, ", by.expression, by.id)).collect();
        let expressions: String = by.iter().map(|by| format!("{}, ", by.expression)).collect();
        let statement = format!(
            "SELECT {inner}actor, {part} AS part, {whole} AS whole FROM {} WHERE {} GROUP BY {expressions}actor",
            table.name,
            self.counted(table, only),
        );
        self.session.query(&statement, &self.values()).await
    }

    /// Primary records of everybody but staff, from `activity`: the columns of `by`, `allowed`, `blocked`. Records
    /// are no figure about people; nothing on an illegal list stands in them.
    pub(crate) async fn activity_records(&self, by: &[By]) -> Result<Answer, Error> {
        let columns: String = by.iter().map(|by| format!("{} AS {}, ", by.expression, by.id)).collect();
        let groups: Vec<&str> = by.iter().map(|by| by.expression).collect();
        let statement = format!(
            "SELECT {columns}sum(primary_records) FILTER (WHERE action IN ('allowed', 'proceeded', 'bypassed', 'monitored')) \
             AS allowed, sum(primary_records) FILTER (WHERE action = 'blocked') AS blocked \
             FROM {} WHERE {} GROUP BY {}",
            schema::ACTIVITY.name,
            self.counted(&schema::ACTIVITY, ""),
            groups.join(", "),
        );
        self.session.query(&statement, &self.values()).await
    }

    /// The different words of a column in the window, in order.
    pub(crate) async fn words(&self, table: &'static TableSchema, by: By) -> Result<Vec<String>, Error> {
        let statement = format!(
            "SELECT DISTINCT {} AS word FROM {} WHERE {} ORDER BY word",
            by.expression,
            table.name,
            self.counted(table, "")
        );
        let answer = self.session.query(&statement, &self.values()).await?;
        Ok((0..answer.len()).filter_map(|row| answer.text(row, "word")).collect())
    }

    /// Refuses a group or theme that the school's lake has never seen: a slip of the pen must not
    /// read as "none".
    pub(crate) async fn check_words(&self, tables: &[&'static TableSchema]) -> Result<(), Error> {
        let asked = [("group", "group_id", &self.ask.group), ("theme", "theme", &self.ask.theme)];
        for (what, column, asked) in asked {
            let Some(asked) = asked else { continue };
            // The records are many, and what stands there stands in what is derived from them too.
            let has = |table: &&&TableSchema| {
                table.partition != "local_date" && table.columns.iter().any(|known| known.name == column)
            };
            let known: Vec<String> = tables
                .iter()
                // Activity has every word of the single records, and is small.
                .filter(|table| has(table) && !table.name.ends_with("requests"))
                .map(|table| format!("SELECT DISTINCT {column} AS word FROM {}", table.name))
                .collect();
            if known.is_empty() {
                continue;
            }
            let answer = self.session.query(&known.join(" UNION "), &[]).await?;
            let mut words: Vec<String> =
                (0..answer.len()).filter_map(|row| answer.text(row, "word")).collect();
            words.extend(
                ["no theme", "illegal-list hit"].into_iter().filter(|_| what == "theme").map(str::to_owned),
            );
            words.retain(|word| !ILLEGAL.contains(word.as_str()));
            words.sort();
            if !words.contains(asked) {
                return Err(Error::new(Kind::Configuration, format!("no record has that {what}"))
                    .help(format!("known are: {}", words.join(", "))));
            }
        }
        Ok(())
    }

    /// School days of the window on which anything was recorded that figures by these columns can be counted in.
    pub(crate) async fn days_with_data(&self, by: &[By]) -> Result<Vec<Date>, Error> {
        let networks = by.iter().any(|by| by.id == NETWORK.id);
        let table = if networks { &schema::NETWORK_DAYS } else { &schema::ACTIVITY };
        let statement = format!(
            "SELECT DISTINCT local_date FROM {} WHERE local_date BETWEEN $first AND $last ORDER BY local_date",
            table.name
        );
        let answer = self.session.query(&statement, &self.values()).await?;
        let days = (0..answer.len()).filter_map(|row| answer.day(row, "local_date"));
        Ok(days.filter(|day| self.window.school_days.binary_search(day).is_ok()).collect())
    }
}
