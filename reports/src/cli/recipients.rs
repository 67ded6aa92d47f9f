//! `watershed keys list|add|remove|re-seal`: for whom the vault is sealed.
//!
//! The note that the vault is being sealed anew is on the disk before `watershed.toml` names other
//! recipients, and goes when every file is sealed for exactly these.

use std::path::Path;

use ingest::keys::PublicKey;
use ingest::school::RecipientSetting;
use query::unlock::recipients::{Change, RECIPIENTS_MAXIMUM, Survey, survey};
use serde_json::json;

use super::keys::ChangeArguments;
use super::{Context, Ended, Format, OpenedSchool, init};

pub(crate) fn list(context: &Context) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let keys = school.config.public_keys()?;
    let (survey, unfinished) = survey(&context.dir, &school.config)?;
    let named: Vec<(String, String)> = school
        .config
        .recipients
        .iter()
        .zip(&keys)
        .map(|(recipient, key)| (recipient.name.clone(), written(key)))
        .collect();
    if context.format == Format::Json {
        let list: Vec<_> = named.iter().map(|(name, id)| json!({"name": name, "key": id})).collect();
        let object = json!({"schema": "watershed.keys/1", "school": school.id.as_str(), "recipients": list,
            "files": survey.files, "files_for_exactly_these": survey.exact, "unfinished": unfinished});
        context.printer.out(&object.to_string());
    } else {
        let rows = named.into_iter().map(|(name, id)| vec![name, id]).collect();
        context.printer.out(&context.printer.grid(&["recipient", "key"], rows));
        context.printer.say(&format!(
            "{} of {} files of the vault are sealed for exactly these keys.",
            survey.exact, survey.files
        ));
    }
    if unfinished {
        context.printer.say("The others are not: run `watershed keys re-seal` with a key that opens them.");
        return Ok(Ended::NeedsALook);
    }
    Ok(Ended::Well)
}

pub(crate) fn add(context: &Context, file: &Path, change: &ChangeArguments) -> anyhow::Result<Ended> {
    let added = init::recipient(file)?;
    alter(context, change, "add", |recipients| {
        let id = PublicKey::parse(&added.public_key)?.id();
        for recipient in recipients.iter() {
            anyhow::ensure!(
                recipient.name != added.name,
                "a recipient has this name already; rename the file"
            );
            anyhow::ensure!(
                PublicKey::parse(&recipient.public_key)?.id() != id,
                "this key is a recipient already"
            );
        }
        anyhow::ensure!(
            recipients.len() < RECIPIENTS_MAXIMUM,
            "a vault has at most {RECIPIENTS_MAXIMUM} recipients; remove one first"
        );
        recipients.push(added);
        Ok(())
    })
}

pub(crate) fn remove(context: &Context, name: &str, change: &ChangeArguments) -> anyhow::Result<Ended> {
    alter(context, change, "remove", |recipients| {
        let before = recipients.len();
        recipients.retain(|recipient| recipient.name != name);
        anyhow::ensure!(
            recipients.len() < before,
            "no recipient has this name; `watershed keys list` prints them"
        );
        anyhow::ensure!(
            !recipients.is_empty(),
            "this is the only recipient: nobody could open the vault; add another key first"
        );
        Ok(())
    })
}

pub(crate) fn finish(context: &Context, change: &ChangeArguments) -> anyhow::Result<Ended> {
    alter(context, change, "re-seal", |_| Ok(()))
}

/// Changes the list of recipients, then seals the vault for it.
fn alter(
    context: &Context,
    change: &ChangeArguments,
    what: &str,
    edit: impl FnOnce(&mut Vec<RecipientSetting>) -> anyhow::Result<()>,
) -> anyhow::Result<Ended> {
    let school = context.school()?;
    let key = change.key.open()?;
    let bar = context.printer.bar(0, "files");
    let run = Change { dir: &context.dir, school: &school.id, what, reason: &change.reason, key: &key };
    let survey = run.run(edit, |config| init::write_config(&context.dir, config), &mut |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    show(context, &school, survey);
    Ok(if survey.exact == survey.files { Ended::Well } else { Ended::NeedsALook })
}

fn show(context: &Context, school: &OpenedSchool, survey: Survey) {
    if context.format == Format::Json {
        let object = json!({"schema": "watershed.re-seal/1", "school": school.id.as_str(), "files": survey.files,
            "files_for_exactly_these": survey.exact, "sealed_anew": survey.rewrapped, "not_opened": survey.locked});
        context.printer.out(&object.to_string());
    } else {
        context.printer.out(&format!("{} of {} files sealed for the recipients", survey.exact, survey.files));
    }
    if survey.locked > 0 {
        context.printer.say(&format!(
            "{} files do not open with this key, or are damaged, and stay as they were: run `watershed keys re-seal` with another recipient's key.",
            survey.locked
        ));
    }
    context.printer.say("Copies made before (back-ups) still open with the keys of their time.");
}

fn written(key: &PublicKey) -> String {
    ingest::pseudonymise::written(i64::from_be_bytes(key.id()))
}
