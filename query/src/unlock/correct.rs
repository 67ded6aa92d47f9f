//! Corrections: whose records an account's are, with a recipient's key; what a site is about, without.

use std::collections::BTreeSet;
use std::path::Path;

use ingest::correction::{Made, Making, Overlay};
use ingest::event::{Member, Role};
use ingest::keys::PrivateKey;
use ingest::pipeline::{Ingest, Progress};
use ingest::pseudonymise::{Domain, Keyring};
use ingest::school::{AcademicYear, Config, SchoolId, SchoolRoot};
use ingest::settings::year_group;
use ingest::state::{Correction, NewCorrection, State, Wrong};
use jiff::civil::Date;

use super::embargo::opened;
use super::{Person, Question};
use crate::audit::{AccessAudit, What, checked_reason};
use crate::error::{Error, Kind};

/// A person or an account whose records of some days were somebody else's.
#[derive(Clone, Copy)]
pub struct WrongPerson<'w> {
    /// Account, name, person key or pseudonym under which the records stand.
    pub recorded: &'w str,
    /// Whose they are, in the same words; nobody's if none.
    pub truly: Option<&'w str>,
    /// First local day.
    pub from: Date,
    /// Last local day.
    pub to: Date,
    /// All accounts of a person who has several: the lake knows persons, not accounts.
    pub all_accounts: bool,
}

impl std::fmt::Debug for WrongPerson<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "WrongPerson({} to {}, redacted)", self.from, self.to)
    }
}

/// What a correction did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrected {
    /// Its number and days.
    pub made: Made,
    /// Head of the access audit with the entry of this correction; none where no name was looked up.
    pub audit_head: Option<String>,
}

/// The entry of a correction in the access audit, written under the writer's lock before the correction.
#[derive(Default)]
pub(super) struct Entering {
    head: Option<String>,
    refused: Option<Error>,
}

impl Entering {
    /// Writes it; without it nothing is corrected.
    pub(super) fn enter(&mut self, question: &Question<'_>, target: &str) -> Result<(), ingest::Error> {
        match question.record(What::Correction, target, 0) {
            Ok(head) => {
                self.head = Some(head);
                Ok(())
            }
            Err(error) => {
                self.refused = Some(error);
                Err(ingest::Error::new(ingest::Kind::Environment, "nothing was corrected"))
            }
        }
    }

    /// What came of it: the audit's own error where it was that which refused.
    pub(super) fn ended(self, made: Result<Made, ingest::Error>) -> Result<Corrected, Error> {
        match self.refused {
            Some(error) => Err(error),
            None => Ok(Corrected { made: made?, audit_head: self.head }),
        }
    }
}

/// Corrects whose some records are. Blocking, and never to be called from within an async task.
///
/// # Errors
/// [`Kind::Configuration`] when the reason is empty or names one of the two, somebody is not found or has
/// several accounts, a day is closed, or the key does not open the vault; else when disk, lake or state
/// fail.
pub fn correct_person(
    dir: &Path,
    school: &SchoolId,
    wrong: &WrongPerson<'_>,
    reason: &str,
    key: &PrivateKey,
    progress: &dyn Progress,
) -> Result<Corrected, Error> {
    let question = Question { dir, school, reason, key };
    let root = question.check(wrong.from, wrong.to)?;
    let config = Config::load(dir)?;
    let settings = config.school(school)?;
    let keyring = Keyring::open(&settings.pseudonym_key_dir, school, dir)?;
    let year = AcademicYear::of(wrong.from);
    if !keyring.years()?.contains(&year) {
        return Err(Error::new(Kind::Configuration, format!("there is no pseudonym key of {year}"))
            .help("what was taken in under a key that is gone cannot be corrected any more"));
    }
    let person = question.person(&root, wrong.recorded)?;
    let accounts: BTreeSet<String> = person
        .people
        .iter()
        .filter(|row| row.academic_year == year.to_string())
        .flat_map(|row| row.accounts.split(';').map(str::to_owned).collect::<Vec<_>>())
        .map(|account| ingest::normalise::account::canonical(&account).into_owned())
        .filter(|account| !account.is_empty())
        .collect();
    if accounts.len() > 1 && !wrong.all_accounts {
        return Err(Error::new(
            Kind::Configuration,
            format!("this person has {} accounts, and their records cannot be told apart", accounts.len()),
        )
        .help("say `--all-accounts` if the records of all of them are somebody else's"));
    }
    let recorded = tokens(&person, &keyring, year)?;
    let truly = match wrong.truly {
        None => None,
        Some(who) => {
            let person = question.person(&root, who)?;
            Some(member(&person, &keyring, year)?)
        }
    };
    let target = question.about(&person, wrong.from, wrong.to)?;
    let mut entering = Entering::default();
    let ingest = Ingest { dir, school: settings, keep: false };
    let by = question.who();
    let wrong = NewCorrection {
        from: wrong.from,
        to: wrong.to,
        wrong: Wrong::Person { recorded, truly },
        reason,
        by: &by,
    };
    let made = Making { ingest }.add_recorded(wrong, &mut || entering.enter(&question, &target), progress);
    entering.ended(made)
}

/// The pseudonyms of one year under which a person's records may stand.
fn tokens(person: &Person, keyring: &Keyring, year: AcademicYear) -> Result<BTreeSet<i64>, Error> {
    let mut tokens: BTreeSet<i64> = person
        .people
        .iter()
        .filter(|row| row.academic_year == year.to_string())
        .map(|row| row.person)
        .collect();
    for account in &person.accounts {
        tokens.insert(keyring.token(year, Domain::Account, account.as_bytes())?);
    }
    // A pseudonym that no roster explains is all that is known of its owner.
    Ok(if tokens.is_empty() { person.pseudonyms.clone() } else { tokens })
}

/// Whom the records go to: by the year's roster, else by the account or pseudonym alone.
fn member(person: &Person, keyring: &Keyring, year: AcademicYear) -> Result<Member, Error> {
    if let Some(row) = person.people.iter().find(|row| row.academic_year == year.to_string()) {
        return Ok(Member {
            person: row.person,
            role: Role::from_word(&row.role).unwrap_or_default(),
            year_group: row.year.as_deref().and_then(year_group::parse),
        });
    }
    tokens(person, keyring, year)?
        .first()
        .map(|token| Member { person: *token, role: Role::Unknown, year_group: None })
        .ok_or_else(|| Error::new(Kind::Configuration, "nobody is found whose the records could be"))
}

/// Corrects what a site, or what a source calls by one code, is about. No name is looked up, so no key is
/// needed; `by` is a role. Blocking, as above.
///
/// # Errors
/// [`Kind::Configuration`] when reason, role, days, site or codes will not do, or a day is closed; else
/// when disk, lake or state fail.
pub fn correct_code(
    dir: &Path,
    school: &SchoolId,
    new: NewCorrection<'_>,
    progress: &dyn Progress,
) -> Result<Corrected, Error> {
    checked_reason(new.reason)?;
    if !matches!(new.wrong, Wrong::Code { .. }) {
        return Err(Error::new(Kind::Bug, "whose records are is corrected with a key"));
    }
    let config = Config::load(dir)?;
    let ingest = Ingest { dir, school: config.school(school)?, keep: false };
    Ok(Corrected { made: Making { ingest }.add(new, progress)?, audit_head: None })
}

/// Who takes a correction back.
#[derive(Clone, Copy, Debug)]
pub enum Undoing<'u> {
    /// A role: what a site or a source's code is about.
    Role(&'u str),
    /// A DSL: whose records are, or what holds of an incident, which is in the access audit then.
    Key(&'u PrivateKey),
}

/// Takes a correction back; what it changed is again as it was recorded. Where a key made it, a key takes it back: it
/// changes again who is counted for what.
///
/// # Errors
/// As [`correct_code`]; [`Kind::Configuration`] also where a key is missing, or opens nothing here.
pub fn undo_correction(
    dir: &Path,
    school: &SchoolId,
    id: i64,
    reason: &str,
    undoing: Undoing<'_>,
    progress: &dyn Progress,
) -> Result<Corrected, Error> {
    checked_reason(reason)?;
    let config = Config::load(dir)?;
    let making = Making { ingest: Ingest { dir, school: config.school(school)?, keep: false } };
    match undoing {
        Undoing::Role(by) => {
            let mut allowed = |known: &Correction| match known.wrong {
                Wrong::Code { .. } => Ok(()),
                _ => Err(ingest::Error::new(
                    ingest::Kind::Configuration,
                    "this correction was made with a DSL's key and is taken back with one",
                )
                .help("say `--key` instead of `--by`")),
            };
            let made = making.undo(id, (reason, by), &mut allowed, progress)?;
            Ok(Corrected { made, audit_head: None })
        }
        Undoing::Key(key) => {
            opened(dir, school, key)?;
            AccessAudit::open(dir, school)?;
            let question = Question { dir, school, reason, key };
            let mut entering = Entering::default();
            let mut record = |known: &Correction| {
                let Correction { id, from, to, .. } = known;
                entering.enter(&question, &format!("correction {id} from {from} to {to}, taken back"))
            };
            let made = making.undo(id, (reason, &question.who()), &mut record, progress);
            entering.ended(made)
        }
    }
}

/// Every correction of a school, in order.
///
/// # Errors
/// When there is no such school, or its state file cannot be read.
pub fn corrections(dir: &Path, school: &SchoolId) -> Result<Vec<Correction>, Error> {
    let config = Config::load(dir)?;
    let root = SchoolRoot::of(dir, config.school(school)?);
    if root.state().exists() { Ok(State::open(&root)?.corrections()?) } else { Ok(Vec::new()) }
}

/// What the notes of some days' figures say of corrections; nothing where there are none.
pub(crate) fn note(dir: &Path, school: &SchoolId, from: Date, to: Date) -> Result<Option<String>, Error> {
    let root = SchoolRoot::new(dir, school);
    if !root.state().exists() {
        return Ok(None);
    }
    let overlay = Overlay::load(&State::open(&root)?)?;
    let (mut persons, mut codes, mut incidents) = (0, 0, 0);
    for known in overlay.between(from, to) {
        match known.wrong {
            Wrong::Person { .. } => persons += 1,
            Wrong::Incident { .. } => incidents += 1,
            _ => codes += 1,
        }
    }
    let parts: Vec<String> = [
        (persons, "of whose some records are"),
        (codes, "of what something is about"),
        (incidents, "of incidents that older exports had otherwise"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    let all = crate::wording::counted(persons + codes + incidents, "correction applies", "corrections apply");
    Ok((!parts.is_empty())
        .then(|| format!("Corrected: {all}: {}; `correct list` shows them.", parts.join(", "))))
}
