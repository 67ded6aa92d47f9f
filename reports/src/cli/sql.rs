//! `watershed sql`: read-only SQL over the pseudonymous tables, every statement logged.

use clap::Args;
use query::School;

use super::{Context, Ended, figures, wait};

#[derive(Debug, Args)]
pub(crate) struct SqlArguments {
    /// One SELECT; `watershed columns` lists tables and columns.
    query: String,
}

pub(crate) fn run(context: &Context, arguments: &SqlArguments) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let cleared = wait(async {
        let opened = School::open(&context.dir, &school.id).await?;
        opened.sql(&operator(), &arguments.query).await
    })??;
    figures::print(context, &cleared)?;
    Ok(Ended::Well)
}

/// The operating system's account, for the record of who asked.
pub(crate) fn operator() -> String {
    std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "command line".to_owned())
}
