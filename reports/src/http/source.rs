//! Where pages get their figures: live tables for staff, sealed sets for everybody else.

use std::path::PathBuf;

use async_trait::async_trait;
use ingest::school::{SchoolId, SchoolRoot};
use jiff::civil::Date;
use query::audit::{AccessAudit, Statement};
use query::disclosure::ledger::{Entry, Ledger};
use query::disclosure::sealed::SealedSet;
use query::{Ask, Audience, Error, Governors, Kind, Public, Releasable, School, Staff, Table};

use super::accounts::Accounts;
use super::apart;

/// A cleared value on its way to a page. Only tests can make one of something else.
pub(super) enum Cleared<T, A: Audience> {
    /// From `query`.
    Released(Releasable<T, A>),
    /// Made by hand.
    #[cfg(test)]
    Made(T),
}

impl<T, A: Audience> Cleared<T, A> {
    pub(super) fn value(&self) -> &T {
        match self {
            Self::Released(released) => released.value(),
            #[cfg(test)]
            Self::Made(value) => value,
        }
    }
}

/// What a staff page asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Question {
    pub(super) metric: &'static str,
    pub(super) table: Option<&'static str>,
    pub(super) by: Option<&'static str>,
    pub(super) theme: Option<String>,
    pub(super) group: Option<String>,
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
    /// The account that asks.
    pub(super) account: String,
}

/// Figures of the schools that this service knows.
#[async_trait]
pub(super) trait Source: Send + Sync + 'static {
    async fn live(&self, school: &SchoolId, question: &Question) -> Result<Cleared<Table, Staff>, Error>;
    fn entries(&self, school: &SchoolId) -> Result<Vec<Entry>, Error>;
    fn governors(&self, school: &SchoolId, id: &str) -> Result<Cleared<SealedSet, Governors>, Error>;
    fn parents(&self, school: &SchoolId, id: &str) -> Result<Cleared<SealedSet, Public>, Error>;
    /// What governors read of the log of openings.
    fn audit(&self, school: &SchoolId) -> Result<Statement, Error>;
}

/// A settings file that will not do is the installation's fault, not the reader's.
fn own(error: Error) -> Error {
    match error.kind() {
        Kind::Configuration | Kind::Input => Error::new(Kind::Environment, error.to_string()),
        _ => error,
    }
}

/// A real installation.
#[derive(Clone, Debug)]
pub(super) struct Installation {
    pub(super) dir: PathBuf,
}

impl Installation {
    /// What a page asks, from the lake.
    async fn answer(&self, school: &SchoolId, question: &Question) -> Result<Cleared<Table, Staff>, Error> {
        let ask = Ask {
            from: question.from,
            to: question.to,
            by: question.by.map(ToOwned::to_owned),
            group: question.group.clone(),
            theme: question.theme.clone(),
            table: question.table.map(ToOwned::to_owned),
            ..Ask::default()
        };
        let root = SchoolRoot::new(&self.dir, school);
        let viewer = Accounts::open(&self.dir, school)?.viewer(&root, &question.account)?;
        let school = Box::pin(School::open(&self.dir, school)).await.map_err(own)?.seen_by(viewer);
        Box::pin(school.metric(question.metric, &ask)).await.map(Cleared::Released)
    }
}

#[async_trait]
impl Source for Installation {
    async fn live(&self, school: &SchoolId, question: &Question) -> Result<Cleared<Table, Staff>, Error> {
        let (installation, school, question) = (self.clone(), school.clone(), question.clone());
        let runtime = tokio::runtime::Handle::current();
        // Dropped with the page that is given up, so that its work is.
        let (_waiting, given_up) = tokio::sync::oneshot::channel::<()>();
        apart(move || {
            runtime.block_on(async move {
                tokio::select! {
                    answer = installation.answer(&school, &question) => answer,
                    _ = given_up => Err(Error::new(Kind::Retry, "the page was given up")),
                }
            })
        })
        .await
    }

    fn entries(&self, school: &SchoolId) -> Result<Vec<Entry>, Error> {
        Ledger::open(&self.dir, school)?.list()
    }

    fn governors(&self, school: &SchoolId, id: &str) -> Result<Cleared<SealedSet, Governors>, Error> {
        Ledger::open(&self.dir, school)?.governors(id).map(Cleared::Released)
    }

    fn parents(&self, school: &SchoolId, id: &str) -> Result<Cleared<SealedSet, Public>, Error> {
        Ledger::open(&self.dir, school)?.parents(id).map(Cleared::Released)
    }

    fn audit(&self, school: &SchoolId) -> Result<Statement, Error> {
        AccessAudit::open(&self.dir, school)?.statement_for_paper()
    }
}
