//! The head of the access audit by mail: after a command that the audit has an entry of, and on demand.

use ingest::school::{Config, MailSetting, SchoolConfig};
use query::audit::{AccessAudit, MailedHead};

use super::audit::AuditCommand;
use super::{Command, Context, Ended};
use crate::mail::{self, Letter};

/// Whether a mail that is due is tried after a command: after every one that opens, changes or takes in. Those
/// that only count, make or serve something leave it to the next, and `watch` tries by itself.
pub(super) const fn follows(command: &Command) -> bool {
    match command {
        // It has just tried.
        Command::Audit(AuditCommand::Mail) => false,
        Command::Check
        | Command::Accounts(_)
        | Command::Watch(_)
        | Command::Formats(_)
        | Command::Columns
        | Command::Attention(_)
        | Command::Trend(_)
        | Command::Groups(_)
        | Command::Overblocking(_)
        | Command::Gotthrough(_)
        | Command::Searches(_)
        | Command::Incidents(_)
        | Command::Changes(_)
        | Command::Coverage(_)
        | Command::Sql(_)
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::Paperwork(_)
        | Command::Serve(_)
        | Command::Demo(_)
        | Command::Generate(_)
        | Command::Init(_) => false,
        Command::Keys(_)
        | Command::People(_)
        | Command::Ingest(_)
        | Command::Staff(_)
        | Command::Sample(_)
        | Command::Label(_)
        | Command::Unlock(_)
        | Command::Embargo(_)
        | Command::Investigations(_)
        | Command::Audit(_)
        | Command::SubjectAccess(_)
        | Command::Correct(_)
        | Command::Erase(_)
        | Command::Publish(_)
        | Command::Releases(_)
        | Command::Retain(_)
        | Command::Access(_)
        | Command::Sharing(_) => true,
    }
}

/// Mails what is due of every school, if mail is set up. What was done stays done whatever comes of it.
pub(super) fn after(context: &Context) -> Ended {
    let Ok(config) = Config::load(&context.dir) else { return Ended::Well };
    let Some(setting) = &config.mail else { return Ended::Well };
    let named = context.named_school();
    let mut ended = Ended::Well;
    for school in config.schools.iter().filter(|school| named.is_none_or(|name| school.id.as_str() == name)) {
        if let Err(error) = due(context, setting, school) {
            context.printer.say(&not_mailed(school, &error));
            ended = Ended::NeedsALook;
        }
    }
    ended
}

/// Mails the head of one school's audit if it is due; answers whether it was.
pub(super) fn due(
    context: &Context,
    setting: &MailSetting,
    school: &SchoolConfig,
) -> Result<bool, query::Error> {
    let mut audit = AccessAudit::open(&context.dir, &school.id)?;
    let Some(head) = audit.mail_due()? else { return Ok(false) };
    post(&mut audit, setting, school, &head)?;
    Ok(true)
}

/// What is said where the mail did not go out.
pub(super) fn not_mailed(school: &SchoolConfig, error: &query::Error) -> String {
    format!("{}: the head of the access audit was not mailed, and is tried again: {error}", school.id)
}

/// Mails the head as it is, due or not.
pub(super) fn now(context: &Context) -> anyhow::Result<Ended> {
    let config = Config::load(&context.dir)?;
    let school = context.school()?;
    let setting = config.mail.as_ref().ok_or_else(|| {
        anyhow::anyhow!("mail is not set up: docs/paperwork.md has the keys of [mail] in watershed.toml")
    })?;
    let mut audit = AccessAudit::open(&context.dir, &school.id)?;
    let verification = audit.verify()?;
    let head = MailedHead { head: verification.head, entries: verification.entries };
    match post(&mut audit, setting, &school.config, &head) {
        Ok(()) => {
            context.printer.out(&head.head);
            context.printer.say("The head above was mailed.");
            Ok(Ended::Well)
        }
        Err(error) => {
            context.printer.say(&not_mailed(&school.config, &error));
            Ok(Ended::NeedsALook)
        }
    }
}

fn post(
    audit: &mut AccessAudit,
    setting: &MailSetting,
    school: &SchoolConfig,
    head: &MailedHead,
) -> Result<(), query::Error> {
    let letter = Letter { school: &school.id, name: &school.name, head, at: jiff::Timestamp::now() };
    match mail::send(setting, &letter) {
        Ok(()) => audit.note_mailed(head),
        Err(error) => {
            let why = error.to_string();
            let why = why.split(';').next().unwrap_or_default();
            audit.note_not_mailed(&school.id, why)?;
            Err(error)
        }
    }
}

/// What `check` says of a school's mail.
pub(super) fn standing(
    dir: &std::path::Path,
    setting: Option<&MailSetting>,
    school: &SchoolConfig,
) -> Result<String, String> {
    let Some(setting) = setting else {
        return Ok("not set up: the head of the access audit stands on governors' papers only; [mail] in watershed.toml sends it to the DSL".to_owned());
    };
    setting.password().map_err(|error| error.to_string())?;
    let recipients = setting.recipients(&school.id).len();
    if recipients == 0 {
        return Err("[mail] names nobody for this school; add its DSL's addresses".to_owned());
    }
    let due = AccessAudit::open(dir, &school.id).and_then(|mut audit| audit.mail_due());
    match due.map_err(|error| error.to_string())? {
        Some(_) => {
            Err("the head of the access audit is still to be mailed; run `watershed audit mail`".to_owned())
        }
        None => Ok(format!(
            "the head of the access audit goes to {recipients} addresses, encryption {}",
            setting.tls.word()
        )),
    }
}
