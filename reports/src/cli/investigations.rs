//! `watershed investigations`: rows of `investigations.csv` by account, device or network, without a name in it.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use ingest::folder;
use ingest::pseudonymise::{Domain, Keyring, written};
use ingest::school::AcademicYear;
use ingest::settings::Settings;
use ingest::state::State;
use jiff::civil::Date;

use super::{Context, Ended, OpenedSchool};

const FILE: &str = "investigations.csv";
const HEADER: &str = "holder,purpose,valid_from,valid_to,reason,role";

#[derive(Debug, Subcommand)]
pub(crate) enum InvestigationsCommand {
    /// Set records apart: those of an investigator, or of tests of the filter.
    Add(Box<ApartArguments>),
    /// What is set apart, and how many records that were.
    List,
}

#[derive(Debug, Args)]
#[group(id = "holder", required = true, multiple = false, args = ["account", "device", "network"])]
pub(crate) struct ApartArguments {
    /// An account as the logs write it; the file gets its token.
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// A device's host name or address; the file gets its token.
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// A network of networks.csv.
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// investigation or test.
    #[arg(long)]
    purpose: String,
    /// First local day.
    #[arg(long, value_name = "DAY")]
    from: Date,
    /// Last local day; an investigation needs one, at most 92 days on.
    #[arg(long, value_name = "DAY")]
    to: Option<Date>,
    /// Why: a case number, not a name.
    #[arg(long)]
    reason: String,
    /// Who asked for it: a role.
    #[arg(long)]
    role: String,
}

pub(crate) fn run(context: &Context, command: InvestigationsCommand) -> anyhow::Result<Ended> {
    let school = context.school()?;
    match command {
        InvestigationsCommand::Add(arguments) => add(context, &school, &arguments)?,
        InvestigationsCommand::List => {
            let settings = Settings::load(&school.root, &school.config)?;
            let rows = settings
                .investigations()
                .rules()
                .into_iter()
                .map(|rule| {
                    let to = if rule.to == Date::MAX { "-".to_owned() } else { rule.to.to_string() };
                    vec![rule.from.to_string(), to, rule.what]
                })
                .collect();
            context.printer.out(&context.printer.grid(&["first day", "last day", "what"], rows));
            let apart = State::open(&school.root)?.set_apart(Date::MIN, Date::MAX)?;
            context.printer.say(&format!(
                "Not counted so far: {} records of investigations, {} of tests; {} of them on an illegal list.",
                apart.investigations, apart.tests, apart.illegal
            ));
        }
    }
    Ok(Ended::Well)
}

fn add(context: &Context, school: &OpenedSchool, arguments: &ApartArguments) -> anyhow::Result<()> {
    let path = school.root.settings().join(FILE);
    let mut text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => format!("{HEADER}\n"),
        Err(error) => return Err(error).context("investigations.csv cannot be read"),
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let before = text.clone();
    for holder in holders(context, school, arguments)? {
        let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
        text.push_str(&format!(
            "{holder},{},{},{},{},{}\n",
            quoted(&arguments.purpose),
            arguments.from,
            arguments.to.map(|day| day.to_string()).unwrap_or_default(),
            quoted(arguments.reason.trim()),
            quoted(arguments.role.trim())
        ));
    }
    write(&path, &text)?;
    // What does not read back is taken back: the file decides what is counted.
    if let Err(error) = Settings::load(&school.root, &school.config) {
        write(&path, &before)?;
        return Err(error.into());
    }
    context
        .printer
        .say("It is set apart from the next ingest on; days taken in before are counted again then.");
    Ok(())
}

/// Tokens of the holder in every academic year that the days touch; a person's own where a roster knows the
/// account.
fn holders(
    context: &Context,
    school: &OpenedSchool,
    arguments: &ApartArguments,
) -> anyhow::Result<Vec<String>> {
    if let Some(network) = &arguments.network {
        return Ok(vec![format!("\"{}\"", network.replace('"', "\"\""))]);
    }
    let keyring = Keyring::open(&school.config.pseudonym_key_dir, &school.id, &context.dir)?;
    let roster = State::open(&school.root)?.roster()?;
    let first = AcademicYear::of(arguments.from);
    let last = arguments.to.map_or(first, AcademicYear::of);
    let mut found = Vec::new();
    for first_year in first.first_year()..=last.first_year() {
        let Some(day) = Date::new(first_year, 9, 1).ok() else { continue };
        let year = AcademicYear::of(day);
        if let Some(account) = &arguments.account {
            anyhow::ensure!(!account.trim().is_empty(), "that is no account");
            let token = keyring.account_token(year, account)?;
            found.push(written(token));
            let member = roster.get(&year).and_then(|accounts| accounts.get(&token));
            found.extend(member.map(|member| written(member.person)));
        } else if let Some(device) = &arguments.device {
            let device = device.trim().to_lowercase();
            anyhow::ensure!(!device.is_empty(), "that is no device");
            found.push(written(keyring.token(year, Domain::Device, device.as_bytes())?));
        }
    }
    Ok(found)
}

/// Replaces the file, durably and at once.
fn write(path: &std::path::Path, text: &str) -> anyhow::Result<()> {
    let partial = path.with_extension("csv.new");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .context("the settings folder cannot be written")?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&partial, path)?;
    if let Some(above) = path.parent() {
        folder::flush(above)?;
    }
    Ok(())
}
