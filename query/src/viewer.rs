//! For whom a question is answered, and what that one never sees.

use std::collections::BTreeSet;

use ingest::schema::{self, TableSchema};
use ingest::school::SchoolRoot;
use ingest::settings::concerns::Concerns;
use ingest::state::{AccountHolder, State};

use crate::embargo::Embargoes;
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
    /// The one who asks, by all tokens; none where nobody has said who it is.
    own: Option<BTreeSet<i64>>,
}

impl Viewer {
    /// Whoever works at the command line.
    #[must_use]
    pub const fn operator() -> Self {
        Self { seat: Seat::Operator, own: None }
    }

    /// The holder of an account of the web service.
    ///
    /// # Errors
    /// When the state file cannot be read.
    pub fn of_account(root: &SchoolRoot, account: &str, seat: Seat) -> Result<Self, Error> {
        let state = State::open(root)?;
        let own = match state.account_holder(account)? {
            AccountHolder::Unsaid => None,
            AccountHolder::Outside => Some(BTreeSet::new()),
            AccountHolder::Person(years) => {
                Some(state.tokens_of(&years.iter().map(|known| known.person).collect())?)
            }
        };
        Ok(Self { seat, own })
    }

    /// Anybody, for tests.
    #[cfg(test)]
    pub(crate) fn made(seat: Seat, own: &[i64]) -> Self {
        Self { seat, own: Some(own.iter().copied().collect()) }
    }

    /// Whether the DSL's marks are shown, and not what is marked hidden.
    pub(crate) const fn sees_live_matters(&self) -> bool {
        matches!(self.seat, Seat::Dsl | Seat::Operator)
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
            ("attention", "staff") if self.own.is_none() => Err(Error::new(
                Kind::Forbidden,
                "nobody has said whose account this is, so what is about its holder cannot be left out",
            )
            .help("`accounts link NAME --person KEY`, or `--outside` for somebody who is in no roster")),
            ("attention", "staff") => Ok(()),
            ("attention", "listed") if matches!(seat, Seat::Dsl | Seat::Head | Seat::Operator) => Ok(()),
            ("attention", "pupils") if matches!(seat, Seat::Dsl | Seat::Operator) => Ok(()),
            ("coverage", _) if !matches!(seat, Seat::Chair | Seat::Authority) => Ok(()),
            ("gotthrough", _) if !matches!(seat, Seat::Chair | Seat::Authority) => Ok(()),
            ("searches", "new" | "bypass") if matches!(seat, Seat::Dsl | Seat::Operator) => Ok(()),
            ("searches", "engines" | "ai") if !matches!(seat, Seat::Chair | Seat::Authority | Seat::It) => {
                Ok(())
            }
            ("trend" | "groups" | "overblocking", _)
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
        let heads = if root.state().exists() {
            let state = State::open(root)?;
            state.tokens_of(&state.heads()?)?
        } else {
            BTreeSet::new()
        };
        let about_head = concerns.about_head(self.seat.word());
        // What others are asked by comes last: a mark of a site is looked up there.
        let mut tables = session.tables().to_vec();
        tables.sort_by_key(|table| table.name == schema::BLOCKED_SITE_DAYS.name);
        for table in tables {
            let person = person_column(table);
            let mut conditions: Vec<String> = Vec::new();
            if let Some(person) = person {
                let mut hidden = self.own.clone().unwrap_or_default();
                if !about_head {
                    hidden.extend(&heads);
                }
                if !hidden.is_empty() {
                    conditions.push(format!("({person} IS NULL OR {person} NOT IN ({}))", listed(&hidden)));
                }
                if self.is_about_head(concerns) && table.name == schema::STAFF_EPISODES.name {
                    conditions.push(match heads.is_empty() {
                        true => "false".to_owned(),
                        false => format!("{person} IN ({})", listed(&heads)),
                    });
                }
            }
            if !self.sees_live_matters() {
                conditions.extend(embargoes.excluded(table, person));
            }
            if !conditions.is_empty() {
                session.restrict(table, &conditions.join(" AND ")).await?;
            }
        }
        Ok(())
    }
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
fn person_column(table: &TableSchema) -> Option<&'static str> {
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
        Viewer { seat, own: Some(BTreeSet::new()) }
    }

    #[test]
    fn who_is_not_named_for_concerns_is_refused_and_so_is_one_whose_holder_nobody_knows() {
        let concerns = Concerns::shipped().unwrap();
        for seat in [Seat::Dsl, Seat::Head, Seat::Chair] {
            assert!(viewer(seat).may_ask("attention", "staff", &concerns).is_ok(), "{seat:?}");
            let unknown = Viewer { seat, own: None };
            assert!(unknown.may_ask("attention", "staff", &concerns).is_err(), "{seat:?}");
        }
        for seat in [Seat::Leader, Seat::It, Seat::Authority, Seat::Operator] {
            assert!(viewer(seat).may_ask("attention", "staff", &concerns).is_err(), "{seat:?}");
        }
        for (seat, word, table) in [
            (Seat::Leader, "attention", "pupils"),
            (Seat::Leader, "attention", "listed"),
            (Seat::It, "attention", "listed"),
            (Seat::It, "trend", ""),
            (Seat::Chair, "trend", ""),
            (Seat::Chair, "attention", "pupils"),
            (Seat::Leader, "sql", ""),
            (Seat::Head, "sql", ""),
        ] {
            assert!(viewer(seat).may_ask(word, table, &concerns).is_err(), "{seat:?} {word} {table}");
        }
        assert!(viewer(Seat::Head).may_ask("attention", "listed", &concerns).is_ok());
        assert!(viewer(Seat::Dsl).may_ask("attention", "listed", &concerns).is_ok());
    }
}
