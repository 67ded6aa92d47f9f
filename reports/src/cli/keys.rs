//! `watershed keys`: a DSL's key pair, made on the DSL's own machine; and for whom the vault is sealed.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use ingest::keys::PrivateKey;

use super::{Context, Ended, passphrase, recipients};

/// A private key and how it opens.
#[derive(Debug, Args)]
pub(crate) struct KeyArguments {
    /// The DSL's NAME.key file.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// File whose first line is the key's passphrase.
    #[arg(long, value_name = "F")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

impl KeyArguments {
    /// Reads the file and opens it with the passphrase.
    pub(crate) fn open(&self) -> anyhow::Result<PrivateKey> {
        let text = std::fs::read_to_string(&self.key)
            .with_context(|| format!("{}: cannot be read", self.key.display()))?;
        let passphrase = passphrase::read(self.passphrase_file.as_deref(), "Passphrase of the key: ")?;
        Ok(PrivateKey::open(&text, &passphrase)?)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Write NAME.key (keep it, with its passphrase) and NAME.pub (give it to the IT provider).
    New {
        /// Path and name of the two files, without ending.
        #[arg(long, value_name = "NAME")]
        out: PathBuf,
        /// File whose first line is the passphrase; asked for on a terminal otherwise.
        #[arg(long, value_name = "F")]
        passphrase_file: Option<PathBuf>,
    },
    /// Those who can open the vault, and how many of its files are sealed for exactly them.
    List,
    /// Let one more key open the vault: all of its files, and all that come.
    Add {
        /// The public file; its name without ending becomes the recipient's.
        file: PathBuf,
        #[command(flatten)]
        change: ChangeArguments,
    },
    /// Let a key open nothing any more: a DSL who left, a key that was lost.
    Remove {
        /// The recipient's name as `keys list` prints it.
        name: String,
        #[command(flatten)]
        change: ChangeArguments,
    },
    /// Finish a change of recipients that was interrupted, or met files that another key opens.
    ReSeal {
        #[command(flatten)]
        change: ChangeArguments,
    },
}

/// What a change of recipients needs.
#[derive(Debug, Args)]
pub(crate) struct ChangeArguments {
    /// A key that opens the vault now.
    #[command(flatten)]
    pub(crate) key: KeyArguments,
    /// Why; stands in the access audit for good.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

pub(crate) fn run(context: &Context, command: KeysCommand) -> anyhow::Result<Ended> {
    let (out, passphrase_file) = match command {
        KeysCommand::New { out, passphrase_file } => (out, passphrase_file),
        KeysCommand::List => return recipients::list(context),
        KeysCommand::Add { file, change } => return recipients::add(context, &file, &change),
        KeysCommand::Remove { name, change } => return recipients::remove(context, &name, &change),
        KeysCommand::ReSeal { change } => return recipients::finish(context, &change),
    };
    let passphrase = passphrase::read_new(passphrase_file.as_deref())?;
    let (private, public) = ingest::keys::new_key_pair(&passphrase)?;
    let private_path = with_ending(&out, "key");
    let public_path = with_ending(&out, "pub");
    write_new(&private_path, private.as_bytes(), 0o600)?;
    write_new(&public_path, public.as_bytes(), 0o644)?;
    context.printer.out(&format!("{}\n{}", private_path.display(), public_path.display()));
    context.printer.say(
        "Keep the .key file and its passphrase where only you can reach them: without them nobody can open the vault.\n\
         Give the .pub file to whoever runs `watershed init --dsl-key`.",
    );
    Ok(Ended::Well)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .with_context(|| format!("{}: cannot be made (does it exist already?)", path.display()))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    ingest::folder::flush(path.parent().unwrap_or(path))?;
    Ok(())
}
