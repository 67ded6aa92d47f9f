//! `watershed backup` and `watershed restore`: the installation as one folder, and back.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ingest::backup::{Again, Backup, Manifest, Restored};
use ingest::school::Config;
use query::audit::AccessAudit;
use query::disclosure::ledger::Ledger;

use super::{Context, Ended, Format};

#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    /// A new folder, outside the installation, best on another disk.
    out: PathBuf,
    /// Seconds to wait for a school that is being written to.
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    wait: u64,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// The back-up.
    from: PathBuf,
    /// Bring it back into this new folder. Its clocks are not applied: `retain` does that.
    #[arg(long, value_name = "DIR", required_unless_present = "verify")]
    to: Option<PathBuf>,
    /// Only read every byte of it and say what is not as it was written.
    #[arg(long, conflicts_with = "to")]
    verify: bool,
    /// An installation later than the back-up: what it deleted since is listed; its holds, sealed sets, audit,
    /// embargoes, corrections, accounts and recipients are taken over.
    #[arg(long, value_name = "DIR", requires = "to")]
    newer: Option<PathBuf>,
}

pub(crate) fn backup(context: &Context, arguments: &BackupArguments) -> anyhow::Result<Ended> {
    let backup = Backup { dir: &context.dir, patience: Duration::from_secs(arguments.wait) };
    let manifest = backup.write(&arguments.out)?;
    said(context, "watershed.backup/1", &manifest, "Backed up");
    context.printer.say(
        "The pseudonym keys are not in it, nor is any DSL's key: keep copies of those elsewhere. \
         What is erased or dropped later is still in this back-up until you delete it.",
    );
    Ok(Ended::Well)
}

fn said(context: &Context, schema: &str, manifest: &Manifest, verb: &str) {
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    if context.format == Format::Json {
        context.printer.out(
            &serde_json::json!({"schema": schema, "made_utc": manifest.made_utc, "files": manifest.files.len(), "bytes": bytes, "schools": manifest.schools.len()})
                .to_string(),
        );
    } else {
        context.printer.out(&format!(
            "{verb}: {} files, {bytes} bytes, {} schools, as of {}.",
            manifest.files.len(),
            manifest.schools.len(),
            manifest.made_utc
        ));
    }
}

pub(crate) fn restore(context: &Context, arguments: &RestoreArguments) -> anyhow::Result<Ended> {
    let Some(to) = &arguments.to else {
        let (manifest, differences) = Manifest::verify(&arguments.from)?;
        for difference in &differences {
            context.printer.say(&difference.to_string());
        }
        anyhow::ensure!(
            differences.is_empty(),
            "the back-up is not as it was written: {} differences",
            differences.len()
        );
        said(context, "watershed.restore/1", &manifest, "Every byte is as it was written");
        return Ok(Ended::Well);
    };
    let Restored { manifest, missed, recipients_changed } =
        ingest::backup::restore(&arguments.from, to, arguments.newer.as_deref())?;
    said(context, "watershed.restore/1", &manifest, "Restored");
    let mut ended = Ended::Well;
    let thinned: BTreeSet<&str> = (missed.iter())
        .filter(|missed| missed.again == Again::ByThinning)
        .map(|missed| missed.school.as_str())
        .collect();
    for school in thinned {
        ended = Ended::NeedsALook;
        context.printer.say(&format!(
            "{school}: the back-up is older than a thinning of held days: other people's sealed rows of them are there again, and `retain` cannot open them. After `retain`, a DSL runs `watershed --dir {} --school {school} retain hold thin --key KEY --reason TEXT` once more.",
            to.display()
        ));
    }
    for missed in missed.iter().filter(|missed| missed.again == Again::BySomebody) {
        ended = Ended::NeedsALook;
        context.printer.say(&format!(
            "{}: the back-up is older than this deletion of {}, which has to be done again: {} ({})",
            missed.school, missed.deletion.at_utc, missed.deletion.what, missed.deletion.why
        ));
    }
    if arguments.newer.is_none() {
        context.printer.say(
            "What was done after the back-up is undone by it: erasures, holds, sealed sets, entries of the access audit, embargoes, corrections, changes of keys. If the newer installation can still be read, restore again with `--newer`.",
        );
    }
    for school in recipients_changed {
        ended = Ended::NeedsALook;
        context.printer.say(&format!(
            "{school}: who can open the vault has changed since the back-up: run `watershed keys re-seal` with a key that opens it."
        ));
    }
    for school in &Config::load(to)?.schools {
        let sound = Ledger::open(to, &school.id).and_then(|ledger| ledger.verify());
        if !sound.is_ok_and(|verification| verification.is_sound()) {
            ended = Ended::NeedsALook;
            context.printer.say(&format!("{}: the release ledger does not verify.", school.id));
        }
        if let Err(error) = AccessAudit::open(to, &school.id).and_then(|mut audit| audit.verify()) {
            ended = Ended::NeedsALook;
            context.printer.say(&format!("{}: {error}", school.id));
        }
        context.printer.say(&format!(
            "{}: no clock was applied. Look at `watershed --dir {} --school {} retain --dry-run`, then run it without `--dry-run`.",
            school.id,
            to.display(),
            school.id
        ));
    }
    Ok(ended)
}
