//! For whom a question is answered, and what that one never sees.

use std::collections::{BTreeMap, BTreeSet};

use ingest::schema::{self, TableSchema};
use ingest::school::{AcademicYear, SchoolRoot};
use ingest::settings::concerns::Concerns;
use ingest::state::{AccountHolder, State};

use crate::embargo::{Embargoes, LOOKED_UP};
use crate::error::{Error, Kind};
use crate::session::Session;

/// Where somebody sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// The safeguarding lead and deputies.
    Dsl,
    /// The headteacher.
    Head,
    /// Other senior leaders.
    Leader,
    /// The IT provider.
    It,
    /// The chair of governors.
    Chair,
    /// The local authority.
    Authority,
    /// Whoever works at the command line without saying for whom: trusted with pseudonyms, and with nothing that
    /// is about staff.
    Operator,
}

impl Seat {
    /// The word in `concerns.csv` and of an account's role.
    const fn word(self) -> &'static str {
        match self {
            Self::Dsl => "dsl",
            Self::Head => "head",
            Self::Leader => "slt",
            Self::It => "it",
            Self::Chair => "chair",
            Self::Authority => "authority",
            Self::Operator => "operator",
        }
    }
}

/// For whom a question is answered.
#[derive(Clone, Debug)]
pub struct Viewer {
    seat: Seat,
    /// The name that the access audit has.
    name: String,
    /// The one who asks; none where nobody has said who it is.
    own: Option<Own>,
}

/// The one who asks.
#[derive(Clone, Debug, Default)]
struct Own {
    /// By all tokens.
    tokens: BTreeSet<i64>,
    /// Years in which these are known; none for somebody who is in no roster, who has no rows in any.
    years: Option<BTreeSet<AcademicYear>>,
}

impl Viewer {
    /// Whoever works at the command line.
    #[must_use]
    pub fn operator() -> Self {
        Self { seat: Seat::Operator, name: "command line".to_owned(), own: None }
    }

    /// The holder of an account of the web service.
    ///
    /// # Errors
    /// When the state file cannot be read.
    pub fn of_account(root: &SchoolRoot, account: &str, seat: Seat) -> Result<Self, Error> {
        let state = State::open(root)?;
        let own = match state.account_holder(account)? {
            AccountHolder::Unsaid => None,
            AccountHolder::Outside => Some(Own::default()),
            AccountHolder::Person(known) => Some(Own {
                tokens: state.tokens_of(&known.iter().map(|known| known.person).collect())?,
                years: Some(known.iter().map(|known| known.year).collect()),
            }),
        };
        Ok(Self { seat, name: account.to_owned(), own })
    }

    /// Those who review a sample: nothing about the head, nothing that is marked live.
    pub(crate) fn reviewers() -> Self {
        Self { seat: Seat::Leader, name: "reviewers".to_owned(), own: None }
    }

    /// Anybody who is in no roster, for tests.
    #[cfg(test)]
    pub(crate) fn made(seat: Seat) -> Self {
        Self { seat, name: "somebody".to_owned(), own: Some(Own::default()) }
    }

    /// The name that the access audit has.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the DSL's marks are shown, and not what is marked hidden.
    pub(crate) const fn sees_live_matters(&self) -> bool {
        matches!(self.seat, Seat::Dsl | Seat::Operator)
    }

    /// Whether what is for the DSL and the head alone is shown: images of children, hits on illegal lists.
    pub(crate) const fn sees_listed(&self) -> bool {
        matches!(self.seat, Seat::Dsl | Seat::Head | Seat::Operator)
    }

    /// Whether what this one asks about staff is about the head, and about nobody else.
    pub(crate) fn is_about_head(&self, concerns: &Concerns) -> bool {
        concerns.about_head(self.seat.word()) && !concerns.about_staff(self.seat.word())
    }

    /// Whether the question is this one's to ask.
    ///
    /// # Errors
    /// [`Kind::Configuration`] with what to do, and never with what there is.
    pub(crate) fn may_ask(&self, word: &str, table: &str, concerns: &Concerns) -> Result<(), Error> {
        let refused =
            |help: &str| Err(Error::new(Kind::Forbidden, "this is not for that role").help(help.to_owned()));
        let seat = self.seat;
        let of_staff = concerns.about_staff(seat.word()) || concerns.about_head(seat.word());
        match (word, table) {
            ("attention", "staff") if seat == Seat::Operator => {
                refused("say for whom: `--as ACCOUNT`, an account of a role that `concerns.csv` names")
            }
            ("attention", "staff") if !of_staff => {
                refused("`concerns.csv` says which roles see what concerns staff")
            }
            ("attention", "listed") if !matches!(seat, Seat::Dsl | Seat::Head | Seat::Operator) => {
                refused("hits on illegal lists are for the safeguarding lead and the head")
            }
            ("overblocking", "overrides") if seat == Seat::Operator => {
                refused("say for whom: `--as ACCOUNT`, an account of a role that `concerns.csv` names")
            }
            ("overblocking", "overrides") if !of_staff => {
                refused("`concerns.csv` says which roles see what concerns staff")
            }
            // The operator's own rows are not told apart either, but no rows of staff are shown there.
            ("attention", "staff" | "listed") | ("overblocking", "overrides")
                if self.own.is_none() && seat != Seat::Operator =>
            {
                Err(Error::new(
                    Kind::Forbidden,
                    "nobody has said whose account this is, so what is about its holder cannot be left out",
                )
                .help("`accounts link NAME --person KEY`, or `--outside` for somebody who is in no roster"))
            }
            ("attention", "staff" | "listed") => Ok(()),
            ("attention", "pupils") if matches!(seat, Seat::Dsl | Seat::Operator) => Ok(()),
            // What pupils met by group and theme is for those who look after them; the IT provider gets the rest.
            ("gotthrough", "policy") if seat == Seat::It => {
                refused("it is for the safeguarding lead and leaders")
            }
            ("coverage" | "changes" | "gotthrough", _) if !matches!(seat, Seat::Chair | Seat::Authority) => {
                Ok(())
            }
            ("searches", "new" | "bypass") if matches!(seat, Seat::Dsl | Seat::Operator) => Ok(()),
            ("searches", "engines" | "ai") if !matches!(seat, Seat::Chair | Seat::Authority | Seat::It) => {
                Ok(())
            }
            // Records know nobody, so a live matter cannot be taken out of them.
            ("groups", "expected") if !matches!(seat, Seat::Dsl | Seat::Operator) => {
                refused("it is for the safeguarding lead")
            }
            // Incidents stand beside what pupils did.
            ("trend", "persistence") if !matches!(seat, Seat::Dsl | Seat::Head | Seat::Operator) => {
                refused("it is for the safeguarding lead and the head")
            }
            ("trend" | "groups" | "overblocking" | "incidents", _)
                if matches!(seat, Seat::Dsl | Seat::Head | Seat::Leader | Seat::Operator) =>
            {
                Ok(())
            }
            ("sql", _) if matches!(seat, Seat::Dsl | Seat::Operator) => Ok(()),
            _ => refused("ask with an account of the role that it is for"),
        }
    }

    /// Takes out of a session's tables what this one never sees: rows about the viewer, rows about the head for
    /// all but those who see these alone, and what is marked live for all but the DSL.
    pub(crate) async fn restrict(
        &self,
        session: &mut Session,
        root: &SchoolRoot,
        concerns: &Concerns,
        embargoes: &Embargoes,
    ) -> Result<(), Error> {
        self.restrict_for("", session, root, concerns, embargoes).await
    }

    /// The same for a metric of the list. What `coverage` says of staff is by group or network and about nobody:
    /// whether the filter was tested for staff is told to whoever may ask it.
    pub(crate) async fn restrict_for(
        &self,
        word: &str,
        session: &mut Session,
        root: &SchoolRoot,
        concerns: &Concerns,
        embargoes: &Embargoes,
    ) -> Result<(), Error> {
        let (by_year, heads) = if root.state().exists() {
            let state = State::open(root)?;
            let by_year = state.heads()?;
            let heads = state.tokens_of(&by_year.values().flatten().copied().collect())?;
            (by_year, heads)
        } else {
            (BTreeMap::new(), BTreeSet::new())
        };
        let about_head = concerns.about_head(self.seat.word());
        // What others are asked by comes last: a mark of a site is looked up there.
        let mut tables = session.tables().to_vec();
        tables.sort_by_key(|table| LOOKED_UP.iter().any(|looked_up| looked_up.name == table.name));
        for table in tables {
            if word == "coverage" && is_of_staff(table) {
                continue;
            }
            let person = person_column(table);
            let mut conditions: Vec<String> = Vec::new();
            if let Some(person) = person {
                let mut hidden = self.own.as_ref().map(|own| own.tokens.clone()).unwrap_or_default();
                if !about_head {
                    hidden.extend(&heads);
                }
                if !hidden.is_empty() {
                    conditions.push(format!("({person} IS NULL OR {person} NOT IN ({}))", listed(&hidden)));
                }
                if self.is_about_head(concerns) && is_of_staff(table) {
                    conditions.push(match heads.is_empty() {
                        true => "false".to_owned(),
                        false => format!("{person} IN ({})", listed(&heads)),
                    });
                }
            }
            if is_of_staff(table) {
                // A mark is the DSL's to make, and must not blind those who are told of the DSL and of the head.
                conditions.push(self.staff_years(concerns, by_year.keys().copied()));
            } else if !self.sees_live_matters() {
                conditions.extend(embargoes.excluded(table, person));
            }
            if !conditions.is_empty() {
                session.restrict(table, &conditions.join(" AND ")).await?;
            }
        }
        Ok(())
    }

    /// Rows of staff of the years in which it is known who leads the school and which rows are the viewer's own:
    /// until a year's roster is in, both stand under pseudonyms that nobody has told apart.
    fn staff_years(&self, concerns: &Concerns, with_head: impl Iterator<Item = AcademicYear>) -> String {
        let word = self.seat.word();
        let Some(own) = &self.own else { return "false".to_owned() };
        if !concerns.about_staff(word) && !concerns.about_head(word) {
            return "false".to_owned();
        }
        let known = with_head.filter(|year| own.years.as_ref().is_none_or(|years| years.contains(year)));
        let days: Vec<String> = known
            .map(|year| {
                format!("local_date BETWEEN DATE '{}' AND DATE '{}'", year.first_day(), year.last_day())
            })
            .collect();
        if days.is_empty() { "false".to_owned() } else { format!("({})", days.join(" OR ")) }
    }
}

/// Whether a table has rows of staff.
fn is_of_staff(table: &TableSchema) -> bool {
    table.name.starts_with("staff_")
}

/// Takes hits on illegal lists out of all tables: they stand in `attention` alone.
pub(crate) async fn without_listed(session: &mut Session, illegal: &str) -> Result<(), Error> {
    for table in session.tables().to_vec() {
        let has = |name: &str| table.columns.iter().any(|column| column.name == name);
        if has("illegal") {
            session.restrict(table, "NOT illegal").await?;
        } else if has("code") && table.name != schema::CHECKS.name {
            session.restrict(table, &format!("code NOT IN {illegal}")).await?;
        }
    }
    Ok(())
}

/// The column that says whom a row is about.
pub(crate) fn person_column(table: &TableSchema) -> Option<&'static str> {
    ["actor", "subject", "linked"]
        .into_iter()
        .find(|name| table.columns.iter().any(|column| column.name == *name))
}

fn listed(tokens: &BTreeSet<i64>) -> String {
    tokens.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use ingest::settings::concerns::Concerns;

    use super::*;

    fn viewer(seat: Seat) -> Viewer {
        Viewer::made(seat)
    }

    #[test]
    fn who_is_not_named_for_concerns_is_refused_and_so_is_one_whose_holder_nobody_knows() {
        let concerns = Concerns::shipped().unwrap();
        for seat in [Seat::Dsl, Seat::Head, Seat::Chair] {
            assert!(viewer(seat).may_ask("attention", "staff", &concerns).is_ok(), "{seat:?}");
            let unknown = Viewer { own: None, ..viewer(seat) };
            for table in ["staff", "listed"] {
                assert!(unknown.may_ask("attention", table, &concerns).is_err(), "{seat:?} {table}");
            }
        }
        assert!(Viewer::operator().may_ask("attention", "listed", &concerns).is_ok());
        for seat in [Seat::Leader, Seat::It, Seat::Authority, Seat::Operator] {
            assert!(viewer(seat).may_ask("attention", "staff", &concerns).is_err(), "{seat:?}");
        }
        for (seat, word, table) in [
            (Seat::Leader, "attention", "pupils"),
            (Seat::Leader, "attention", "listed"),
            (Seat::It, "attention", "listed"),
            (Seat::It, "trend", ""),
            (Seat::It, "gotthrough", "policy"),
            (Seat::It, "searches", "new"),
            (Seat::Leader, "searches", "new"),
            (Seat::Head, "groups", "expected"),
            (Seat::Chair, "gotthrough", "tests"),
            (Seat::It, "incidents", "counts"),
            (Seat::Chair, "incidents", "counts"),
            (Seat::Chair, "changes", "summary"),
            (Seat::Authority, "changes", "summary"),
            (Seat::Chair, "trend", ""),
            (Seat::Chair, "attention", "pupils"),
            (Seat::Leader, "trend", "persistence"),
            (Seat::It, "trend", "chart"),
            (Seat::Leader, "sql", ""),
            (Seat::Head, "sql", ""),
        ] {
            assert!(viewer(seat).may_ask(word, table, &concerns).is_err(), "{seat:?} {word} {table}");
        }
        assert!(viewer(Seat::It).may_ask("gotthrough", "tests", &concerns).is_ok());
        assert!(viewer(Seat::Head).may_ask("attention", "listed", &concerns).is_ok());
        assert!(viewer(Seat::Dsl).may_ask("attention", "listed", &concerns).is_ok());
        for (seat, word) in [(Seat::It, "changes"), (Seat::It, "coverage"), (Seat::Leader, "incidents")] {
            assert!(viewer(seat).may_ask(word, "", &concerns).is_ok(), "{seat:?} {word}");
        }
        assert!(!viewer(Seat::Leader).sees_listed() && !viewer(Seat::It).sees_listed());
    }
}
