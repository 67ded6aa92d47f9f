//! `watershed init`: a school's root, its settings and the recipients of its vault.

use std::io::{BufRead, IsTerminal, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use ingest::folder;
use ingest::keys::PublicKey;
use ingest::pipeline::ConfigLock;
use ingest::pseudonymise::Keyring;
use ingest::retention::Clocks;
use ingest::school::{Config, Phase, RecipientSetting, SchoolConfig, SchoolId, SchoolRoot};

use super::{Context, Ended};

/// Slots for recipients in a sealed file's key block.
const MOST_RECIPIENTS: usize = 4;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PhaseArgument {
    Primary,
    Secondary,
    All,
}

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The school's full name.
    #[arg(long, value_name = "N")]
    pub(crate) name: Option<String>,
    /// Phase.
    #[arg(long, value_enum)]
    pub(crate) phase: Option<PhaseArgument>,
    /// Pupils on roll (October count).
    #[arg(long, value_name = "PUPILS")]
    pub(crate) roll: Option<u32>,
    /// Public keys of those who may open the vault, one to four: DSL, deputy, recovery.
    #[arg(long = "dsl-key", value_name = "NAME.pub")]
    pub(crate) dsl_key: Vec<PathBuf>,
    /// Folder of the pseudonym keys; outside the installation's folder and its back-ups.
    #[arg(long, value_name = "K")]
    pub(crate) pseudonym_key_dir: Option<PathBuf>,
    /// Time zone of local times in logs.
    #[arg(long, default_value = "Europe/London", value_name = "ZONE")]
    pub(crate) zone: String,
    /// Seconds that a dropped file must rest before it is taken.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub(crate) settle_seconds: u32,
    /// Days that sources are kept after their import; 0 deletes them at once.
    #[arg(long, default_value_t = 0, value_name = "DAYS")]
    pub(crate) keep_sources_days: u16,
    /// Never ask; what is missing is an error.
    #[arg(long)]
    pub(crate) yes: bool,
}

pub(crate) fn run(context: &Context, arguments: InitArguments) -> anyhow::Result<Ended> {
    let root = set_up(context, arguments)?;
    context.printer.out(&format!("{}", root.inbox().display()));
    context.printer.say(&format!(
        "The school is set up. Drop log files into the folder above and run `watershed ingest`.\n\
         Put the school's own roll.csv, calendar.csv, groups.toml and so on into {}; import the roster with `watershed people import`.",
        root.settings().display()
    ));
    Ok(Ended::Well)
}

/// Makes the school's root and enters it into the configuration.
pub(crate) fn set_up(context: &Context, arguments: InitArguments) -> anyhow::Result<SchoolRoot> {
    let asking = !arguments.yes && std::io::stdin().is_terminal();
    let ask = |given: Option<String>, flag: &str, question: &str| -> anyhow::Result<String> {
        match given {
            Some(text) => Ok(text),
            None if asking => prompt(question),
            None => anyhow::bail!("`{flag}` is missing"),
        }
    };
    let id = SchoolId::parse(&ask(
        context.named_school().map(str::to_owned),
        "--school",
        "Short name of the school (letters, digits, hyphens): ",
    )?)?;
    let name = ask(arguments.name, "--name", "Full name: ")?;
    let phase = match arguments.phase {
        Some(PhaseArgument::Primary) => Phase::Primary,
        Some(PhaseArgument::Secondary) => Phase::Secondary,
        Some(PhaseArgument::All) => Phase::All,
        None => match ask(None, "--phase", "Phase (primary, secondary, all): ")?.as_str() {
            "primary" => Phase::Primary,
            "secondary" => Phase::Secondary,
            "all" => Phase::All,
            _ => anyhow::bail!("the phase is primary, secondary or all"),
        },
    };
    let roll = ask(arguments.roll.map(|roll| roll.to_string()), "--roll", "Pupils on roll: ")?
        .trim()
        .parse()
        .context("the roll is a whole number of pupils")?;
    let keys = if arguments.dsl_key.is_empty() {
        vec![PathBuf::from(ask(None, "--dsl-key", "Public key file of the DSL: ")?)]
    } else {
        arguments.dsl_key
    };
    anyhow::ensure!(
        keys.len() <= MOST_RECIPIENTS,
        "a vault has at most {MOST_RECIPIENTS} recipients; {} keys were given",
        keys.len()
    );
    jiff::tz::TimeZone::get(&arguments.zone)
        .with_context(|| "this is no time zone; use a name such as Europe/London")?;

    let mut config = match std::fs::exists(context.dir.join(Config::FILE))? {
        true => Config::load(&context.dir)?,
        false => Config::default(),
    };
    anyhow::ensure!(
        config.schools.iter().all(|school| school.id != id),
        "the school `{id}` stands in {} already; edit that file to change it",
        context.dir.join(Config::FILE).display()
    );
    let recipients = keys.iter().map(|path| recipient(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let pseudonym_key_dir = absolute(arguments.pseudonym_key_dir.map_or_else(default_key_dir, Ok)?)?;

    private_folder(&context.dir)?;
    let dir = context.dir.canonicalize()?;
    let root = SchoolRoot::new(&dir, &id);
    // Opening the ring makes the folder and refuses one below the installation.
    Keyring::open(&pseudonym_key_dir, &id, &dir)?;
    for folder in [
        root.root().to_path_buf(),
        root.lake(),
        root.vault(),
        root.inbox(),
        root.claimed(),
        root.refused(),
        root.settings(),
    ] {
        private_folder(&folder)?;
    }
    // Read again under the lock: another command may have changed the one file of all schools meanwhile.
    let _lock = ConfigLock::take(&dir)?;
    if std::fs::exists(dir.join(Config::FILE))? {
        config = Config::load(&dir)?;
    }
    anyhow::ensure!(
        config.schools.iter().all(|school| school.id != id),
        "another command has just set up the school `{id}`"
    );
    config.schools.push(SchoolConfig {
        id: id.clone(),
        name,
        phase,
        roll,
        zone: arguments.zone,
        pseudonym_key_dir,
        inbox: None,
        recipients,
        keep_sources_days: arguments.keep_sources_days,
        settle_seconds: arguments.settle_seconds,
        retention: Clocks::default(),
    });
    write_config(&dir, &config)?;
    Ok(root)
}

/// A recipient by the public file that `watershed keys new` wrote.
pub(crate) fn recipient(path: &Path) -> anyhow::Result<RecipientSetting> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    PublicKey::parse(text.trim())
        .with_context(|| format!("{}: is no public key of `watershed keys new`", path.display()))?;
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(RecipientSetting { name, public_key: text.trim().to_owned() })
}

fn prompt(question: &str) -> anyhow::Result<String> {
    let mut err = std::io::stderr().lock();
    write!(err, "{question}")?;
    err.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// The service manager's credential folder, else the user's state folder.
fn default_key_dir() -> anyhow::Result<PathBuf> {
    for (variable, below) in [
        ("STATE_DIRECTORY", "keys"),
        ("XDG_STATE_HOME", "watershed/keys"),
        ("HOME", ".local/state/watershed/keys"),
    ] {
        if let Some(folder) = std::env::var_os(variable).filter(|folder| !folder.is_empty()) {
            return Ok(PathBuf::from(folder).join(below));
        }
    }
    anyhow::bail!("there is no home folder for the pseudonym keys; name one with `--pseudonym-key-dir`")
}

fn absolute(path: PathBuf) -> anyhow::Result<PathBuf> {
    Ok(std::path::absolute(path)?)
}

/// Makes a folder that only its owner can enter.
fn private_folder(path: &Path) -> anyhow::Result<()> {
    folder::make(path, folder::PRIVATE).with_context(|| format!("{}: cannot be made", path.display()))
}

/// Replaces the configuration, durably and at once.
pub(crate) fn write_config(dir: &Path, config: &Config) -> anyhow::Result<()> {
    let path = dir.join(Config::FILE);
    let partial = dir.join("watershed.toml.new");
    std::fs::write(&partial, toml::to_string_pretty(config)?)?;
    std::fs::set_permissions(&partial, std::fs::Permissions::from_mode(0o600))?;
    std::fs::File::open(&partial)?.sync_all()?;
    std::fs::rename(&partial, &path)?;
    folder::flush(dir)?;
    Ok(())
}
