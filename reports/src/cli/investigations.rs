//! `watershed investigations`: rows of `investigations.csv` by account, device or network, without a name in it.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use ingest::folder;
use ingest::pipeline::WriterLock;
use ingest::pseudonymise::{Domain, Keyring, written};
use ingest::school::{AcademicYear, SchoolConfig, SchoolId, SchoolRoot};
use ingest::settings::Settings;
use ingest::state::State;
use jiff::civil::Date;
use query::audit::AccessAudit;
use query::unlock::set_apart;

use super::keys::KeyArguments;
use super::{Context, Ended, OpenedSchool};

const FILE: &str = "investigations.csv";
const HEADER: &str = "holder,purpose,valid_from,valid_to,reason,role";

#[derive(Debug, Subcommand)]
pub(crate) enum InvestigationsCommand {
    /// Set records apart: those of an investigator, or of tests of the filter.
    Add(Box<ApartArguments>),
    /// Say with a key that the file is right as it is, after somebody changed it by hand.
    Confirm {
        /// Why: a case number, not a name.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        key: KeyArguments,
    },
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
    /// Last local day; at most 92 days on for an investigation, 366 for a test.
    #[arg(long, value_name = "DAY")]
    to: Date,
    /// Why: a case number, not a name.
    #[arg(long)]
    reason: String,
    /// Who asked for it: a role.
    #[arg(long)]
    role: String,
    #[command(flatten)]
    key: KeyArguments,
}

pub(crate) fn run(context: &Context, command: InvestigationsCommand) -> anyhow::Result<Ended> {
    let school = context.school()?;
    match command {
        InvestigationsCommand::Add(arguments) => add(context, &school, &arguments)?,
        InvestigationsCommand::Confirm { reason, key } => {
            let key = key.open()?;
            let settings = Settings::load(&school.root, &school.config)?;
            // What is confirmed is what the next ingest uses.
            let _lock = WriterLock::take(&school.root)?;
            let content = content(&school.root)?;
            let rules = settings.check_investigations(&content)?.rules();
            let told = "the file as it is, after a change by hand";
            set_apart(&context.dir, &school.id, told, &content, &rules, &reason, &key)?;
            context.printer.say(
                "It stands in the access audit that the file is meant to be as it is. Its rows set records apart from the next ingest on.",
            );
        }
        InvestigationsCommand::List => {
            let settings = Settings::load(&school.root, &school.config)?;
            let state = State::open(&school.root)?;
            let standing_rules = settings.investigations().standing(&state.vouched_apart()?);
            let rows = settings
                .investigations()
                .rules()
                .into_iter()
                .map(|rule| {
                    let to = if rule.to == Date::MAX { "-".to_owned() } else { rule.to.to_string() };
                    let standing =
                        if standing_rules.contains(&rule) { "yes" } else { "no key vouched for it" };
                    vec![rule.from.to_string(), to, rule.what, standing.to_owned()]
                })
                .collect();
            context.printer.out(&context.printer.grid(&["first day", "last day", "what", "set apart"], rows));
            let apart = state.set_apart(Date::MIN, Date::MAX)?;
            context.printer.say(&format!(
                "Not counted so far: {} records of investigations, {} of tests; {} of them on an illegal list.",
                apart.investigations, apart.tests, apart.illegal
            ));
        }
    }
    Ok(Ended::Well)
}

fn add(context: &Context, school: &OpenedSchool, arguments: &ApartArguments) -> anyhow::Result<()> {
    let key = arguments.key.open()?;
    let settings = Settings::load(&school.root, &school.config)?;
    // Two at a time would lose a row.
    let _lock = WriterLock::take(&school.root)?;
    let path = school.root.settings().join(FILE);
    let mut text = content(&school.root)?;
    let before = if text.is_empty() { format!("{HEADER}\n") } else { text.clone() };
    // A change that came without a key gets an entry of its own first: this one vouches for its own rows alone.
    by_hand(&context.dir, school)?;
    if text.is_empty() {
        text = format!("{HEADER}\n");
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let mut added = format!("{HEADER}\n");
    for holder in holders(context, school, arguments)? {
        let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
        added.push_str(&format!(
            "{holder},{},{},{},{},{}\n",
            quoted(&arguments.purpose),
            arguments.from,
            arguments.to,
            quoted(arguments.reason.trim()),
            quoted(arguments.role.trim())
        ));
    }
    text.extend(added.lines().skip(1).flat_map(|line| [line, "\n"]));
    // A file that does not read would stop every ingest: it is read before it is put in its place.
    settings.check_investigations(&text)?;
    let mut rules = settings.check_investigations(&added)?.rules();
    rules.extend(
        settings.check_investigations(&before)?.standing(&State::open(&school.root)?.vouched_apart()?),
    );
    set_apart(&context.dir, &school.id, &told(arguments), &text, &rules, &arguments.reason, &key)?;
    write(&path, &text)?;
    context
        .printer
        .say("It is set apart from the next ingest on; days taken in before are counted again then.");
    Ok(())
}

/// The file as it is; empty where there is none.
pub(super) fn content(root: &SchoolRoot) -> anyhow::Result<String> {
    match std::fs::read_to_string(root.settings().join(FILE)) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error).context("investigations.csv cannot be read"),
    }
}

/// Enters into the access audit that the file was changed without the command, if it was; answers whether.
fn by_hand(dir: &std::path::Path, school: &OpenedSchool) -> anyhow::Result<bool> {
    let content = content(&school.root)?;
    Ok(AccessAudit::open(dir, &school.id)?.note_apart(&content)?.is_some())
}

/// The same after an ingest, which has used the file: said in one line where it was changed.
pub(super) fn used(
    dir: &std::path::Path,
    root: &SchoolRoot,
    school: &SchoolId,
) -> anyhow::Result<Option<&'static str>> {
    let entered = AccessAudit::open(dir, school)?.note_apart(&content(root)?)?;
    Ok(entered.map(|_| {
        "investigations.csv was changed without the command: that stands in the access audit. A row that no key vouched for \
         sets nothing apart. `watershed investigations list` shows it, `investigations confirm` says with a key that it is meant."
    }))
}

/// What `check` says of the file.
pub(super) fn standing(
    dir: &std::path::Path,
    root: &SchoolRoot,
    school: &SchoolConfig,
) -> Result<String, String> {
    let content = content(root).map_err(|error| error.to_string())?;
    let audit = AccessAudit::open(dir, &school.id);
    let waiting = || {
        let settings = Settings::load(root, school)?;
        let stand = settings.investigations().standing(&State::open(root)?.vouched_apart()?);
        Ok::<_, ingest::error::Error>(settings.investigations().rules().difference(&stand).count())
    };
    let waiting = waiting().map_err(|error| error.to_string())?;
    match audit.and_then(|mut audit| audit.apart_by_hand(&content)).map_err(|error| error.to_string())? {
        None if waiting > 0 => Err(format!(
            "rows of investigations.csv that set nothing apart, since no key vouched for them: {waiting}; look at `watershed investigations list`, and say that they are meant with `watershed investigations confirm`, or take them out"
        )),
        None => Ok("investigations.csv is as somebody with a key left it".to_owned()),
        Some(day) => Err(format!(
            "investigations.csv was changed without the command (found on {day}); look at `watershed investigations list`, and say that it is meant with `watershed investigations confirm`, or take the rows out. A row that no key vouched for sets nothing apart"
        )),
    }
}

/// What the audit says of it: nobody's name or token.
fn told(arguments: &ApartArguments) -> String {
    let holder = match (&arguments.account, &arguments.device) {
        (Some(_), _) => "an account",
        (None, Some(_)) => "a device",
        (None, None) => "a network",
    };
    let (from, to) = (arguments.from, arguments.to);
    format!("{holder}, {}, from {from} to {to}, asked for by {}", arguments.purpose, arguments.role.trim())
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
    let last = AcademicYear::of(arguments.to);
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
