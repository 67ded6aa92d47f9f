//! `watershed keys new`: a DSL's key pair, made on the DSL's own machine.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;

use super::{Context, Ended, passphrase};

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
}

pub(crate) fn run(context: &Context, command: KeysCommand) -> anyhow::Result<Ended> {
    let KeysCommand::New { out, passphrase_file } = command;
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
