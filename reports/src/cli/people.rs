//! `watershed people import`: the roster, sealed; only keyed tokens stay readable.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use ingest::people::{PeopleImport, PeopleSummary};
use ingest::pipeline::WriterLock;
use ingest::pseudonymise::{Domain, Keyring};
use ingest::school::{AcademicYear, Config};
use ingest::state::{PersonOfYear, State};
use query::audit::AccessAudit;

use super::sql::operator;
use super::{Context, Ended, Format};

#[derive(Debug, Subcommand)]
pub(crate) enum PeopleCommand {
    /// Take people.csv in: joins accounts to persons for one academic year.
    Import {
        /// The roster: person_key, accounts, aliases, mis_name, year, role.
        file: PathBuf,
        /// Academic year as 2025-26; the current one otherwise.
        #[arg(long, value_name = "YEAR")]
        year: Option<String>,
        /// Leave the source file where it is; it is deleted otherwise, as a log is.
        #[arg(long)]
        keep: bool,
    },
    /// Take back that a person led the school: a roster said so, and a later one without it does not undo that.
    NotHead {
        /// The person's key in the roster.
        key: String,
        /// Academic year as 2025-26; the current one otherwise.
        #[arg(long, value_name = "YEAR")]
        year: Option<String>,
        /// Why; it stands in the access audit.
        #[arg(long)]
        reason: String,
    },
}

pub(crate) fn run(context: &Context, command: PeopleCommand) -> anyhow::Result<Ended> {
    match command {
        PeopleCommand::Import { file, year, keep } => {
            let (year, summary) = import(context, &file, year.as_deref(), keep)?;
            show(context, year, &summary)
        }
        PeopleCommand::NotHead { key, year, reason } => {
            let school = context.school()?;
            let year = read_year(year.as_deref())?;
            let keyring = Keyring::open(&school.config.pseudonym_key_dir, &school.id, &context.dir)?;
            let _lock = WriterLock::take(&school.root)?;
            let person = keyring.token(year, Domain::Person, key.trim().as_bytes())?;
            let known = PersonOfYear { year, person };
            let was = AccessAudit::remove_head(&context.dir, &school.id, known, &operator(), &reason)?;
            anyhow::ensure!(was, "no roster of {year} said that this person leads the school");
            context.printer.say(&format!(
                "What concerns this person in {year} is shown as that of other staff from now on."
            ));
            Ok(Ended::Well)
        }
    }
}

fn read_year(year: Option<&str>) -> anyhow::Result<AcademicYear> {
    match year {
        Some(text) => AcademicYear::parse(text).context("an academic year is written as 2025-26"),
        None => Ok(AcademicYear::of(jiff::Zoned::now().date())),
    }
}

/// Seals the roster, keeps the tokens, deletes the source.
pub(crate) fn import(
    context: &Context,
    file: &Path,
    year: Option<&str>,
    keep: bool,
) -> anyhow::Result<(AcademicYear, PeopleSummary)> {
    let school = context.school()?;
    let year = read_year(year)?;
    let content = std::fs::read(file).context("the roster cannot be read")?;
    let keyring = Keyring::open(&school.config.pseudonym_key_dir, &school.id, &context.dir)?;
    let _lock = WriterLock::take(&school.root)?;
    // Asked under the lock: whoever waited for a sealing anew has the recipients of before.
    let recipients = Config::load(&context.dir)?.school(&school.id)?.public_keys()?;
    let mut state = State::open(&school.root)?;
    let import = PeopleImport {
        vault: &school.root.vault(),
        school: &school.id,
        recipients: &recipients,
        keyring: &keyring,
        year,
    };
    let summary = import.run(&content, &mut state)?;
    if !keep {
        std::fs::remove_file(file).context("the roster was taken in, but its file cannot be deleted")?;
    }
    Ok((year, summary))
}

fn show(context: &Context, year: AcademicYear, summary: &PeopleSummary) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let rows = [
        ("people", summary.persons),
        ("pupils", summary.pupils),
        ("staff", summary.staff),
        ("accounts", summary.accounts),
        ("people without an account of their own", summary.without_account),
        ("names that several people share", summary.ambiguous_names),
        ("pupils without a year group", summary.pupils_without_year),
        ("people who lead the school", summary.heads),
        ("people who were erased and are left out", summary.erased),
    ];
    match context.format {
        Format::Json => {
            let counts: serde_json::Map<_, _> =
                rows.iter().map(|(name, count)| ((*name).replace(' ', "_"), (*count).into())).collect();
            context.printer.out(
                &serde_json::json!({"schema": "watershed.people/1", "school": school.id.as_str(), "academic_year": year.to_string(), "counts": counts})
                    .to_string(),
            );
        }
        Format::Table | Format::Csv => {
            let rows = rows.iter().map(|(name, count)| vec![(*name).to_owned(), count.to_string()]).collect();
            context.printer.out(&context.printer.grid(&[&format!("Roster {year}"), "count"], rows));
        }
    }
    if context.format == Format::Table && summary.pupils_without_year > 0 {
        context.printer.say("Pupils without a year group stand in no figure for governors or parents.");
    }
    if context.format == Format::Table && summary.heads == 0 {
        context.printer.say(
            "No row says who leads the school: write `head` as that person's role. Unless an earlier roster of the year said so, what concerns staff is shown to nobody.",
        );
    }
    Ok(Ended::Well)
}
