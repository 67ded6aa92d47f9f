//! Marking a matter live and lifting the mark: with a DSL's key, and on record.

use std::collections::BTreeSet;
use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Int64Type};
use ingest::keys::{PrivateKey, PublicKey};
use ingest::lake::Lake;
use ingest::person::accounts;
use ingest::pseudonymise::{Domain, Keyring, parse};
use ingest::schema::{INCIDENTS, STAFF_INCIDENTS, TABLES};
use ingest::school::{AcademicYear, Config, SchoolId, SchoolRoot};
use ingest::settings::Settings;
use ingest::state::{NewEmbargo, PersonOfYear, State};
use ingest::vault::VaultReader;
use jiff::civil::Date;

use super::name_of_key;
use super::wrong_incident::{incident_tokens, no_such_incident};
use crate::audit::{Access, AccessAudit, What, checked_reason, enter};
use crate::error::{Error, Kind};
use crate::service::School;
use crate::viewer::person_column;

/// A matter as the DSL names it.
#[derive(Clone, Debug, Default)]
pub struct Matter {
    /// Pseudonym, 16 hex digits.
    pub pseudonym: Option<String>,
    /// Theme, as the figures print it.
    pub theme: Option<String>,
    /// Site, as the figures print it.
    pub site: Option<String>,
    /// The incident system's own reference.
    pub incident: Option<String>,
    /// First local day; that of the incident if left out.
    pub from: Option<Date>,
    /// Last local day; open if left out.
    pub to: Option<Date>,
    /// Why: a case number, not a name.
    pub reason: String,
    /// Who looks at it again: a role.
    pub reviewer: String,
    /// When.
    pub review: Option<Date>,
}

/// An incident of the lake.
struct Found {
    token: i64,
    subject: Option<i64>,
    day: Date,
}

/// A mark that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marked {
    /// Its number.
    pub id: i64,
    /// Episodes that it covers so far, of pupils and of staff.
    pub episodes: u64,
    /// Rows of incidents that it covers so far.
    pub incidents: u64,
}

/// Marks a matter live. An account's pseudonym stands for the person whose account it is by the rosters, in all
/// years whose keys are there.
///
/// # Errors
/// [`Kind::Configuration`] when the key opens nothing here, something named is unknown, or days, reason or review
/// will not do; else when lake, state or audit fail.
pub async fn mark(dir: &Path, school: &SchoolId, matter: &Matter, key: &PrivateKey) -> Result<Marked, Error> {
    let (config, root) = opened(dir, school, key)?;
    let reason = checked_reason(&matter.reason)?;
    let named = match matter.pseudonym.as_deref() {
        Some(text) => Some(parse(text).ok_or_else(|| {
            Error::new(Kind::Configuration, "a pseudonym is 16 hex digits").help("as `attention` prints it")
        })?),
        None => None,
    };
    let school_config = config.school(school)?;
    if let Some(theme) = &matter.theme {
        let settings = Settings::load(&root, school_config)?;
        let known =
            settings.taxonomy().codes().iter().any(|code| code.theme.as_deref() == Some(theme.as_str()));
        if !known {
            return Err(Error::new(Kind::Configuration, "there is no such theme")
                .help("`trend --by theme` prints the themes"));
        }
    }
    let site_is_sound = |site: &String| {
        (1..=253).contains(&site.len()) && site.chars().all(|c| c.is_alphanumeric() || ".-_".contains(c))
    };
    if matter.site.as_ref().is_some_and(|site| !site_is_sound(site)) {
        return Err(Error::new(Kind::Configuration, "that is no site")
            .help("a registrable domain, or `host-` and 16 hex digits, as the figures print it"));
    }
    let keyring = Keyring::open(&school_config.pseudonym_key_dir, school, dir)?;
    let incident = match matter.incident.as_deref() {
        Some(reference) => Some(find(&root, &keyring, reference).await?),
        None => None,
    };
    let person = named.or(incident.as_ref().and_then(|incident| incident.subject));
    let known = match person {
        Some(token) => {
            let reader = VaultReader::open(&root.vault(), school, key);
            let by_roster = of_roster(&reader, &keyring, token)?;
            if by_roster.is_empty() { of_lake(&root, token).await? } else { by_roster }
        }
        None => BTreeSet::new(),
    };
    if person.is_some() && known.is_empty() {
        return Err(Error::new(Kind::Configuration, "nothing that was taken in has this pseudonym")
            .help("copy all 16 hex digits as `attention` prints them; a pseudonym is of one academic year"));
    }
    let from = matter.from.or(incident.as_ref().map(|incident| incident.day)).ok_or_else(|| {
        Error::new(Kind::Configuration, "the first day is missing").help("give it as `--from`")
    })?;
    let zone = jiff::tz::TimeZone::get(&school_config.zone)
        .map_err(|_| Error::new(Kind::Configuration, "the school's time zone is unknown"))?;
    let today = jiff::Timestamp::now().to_zoned(zone).date();
    let new = NewEmbargo {
        from,
        to: matter.to,
        person,
        theme: matter.theme.as_deref(),
        site: matter.site.as_deref(),
        incident: incident.as_ref().map(|incident| incident.token),
        reason: &matter.reason,
        reviewer: &matter.reviewer,
        review: matter.review.unwrap_or(today.saturating_add(jiff::Span::new().days(28))),
    };
    let who = name_of_key(dir, school, key);
    // The audit is made if it is not there yet; then mark and entry stand together or not at all.
    drop(AccessAudit::open(dir, school)?);
    let known: Vec<PersonOfYear> = known.into_iter().collect();
    let id = State::open(&root)?.make_embargo(&new, &known, today, &mut |transaction, id| {
        let target = format!("embargo {id} made");
        let access = Access { who: &who, what: What::Embargo, reason, target: &target, rows: 0 };
        enter(transaction, reason, &access).map(|_| ())
    })?;
    let (episodes, incidents) = Box::pin(School::open(dir, school)).await?.covered_by(id).await?;
    Ok(Marked { id, episodes, incidents })
}

/// The person of a pseudonym by the sealed rosters, in all years whose keys are there; empty where none has it.
fn of_roster(
    reader: &VaultReader<'_>,
    keyring: &Keyring,
    token: i64,
) -> Result<BTreeSet<PersonOfYear>, Error> {
    let mut years = keyring.years()?;
    years.retain(|year| !keyring.is_destroyed(*year));
    for row in reader.people()? {
        let mut found = BTreeSet::new();
        let accounts: Vec<String> =
            accounts(&row).into_iter().filter(|account| !account.is_empty()).collect();
        for year in &years {
            let mut is_it = keyring.token(*year, Domain::Person, row.person_key.as_bytes())? == token;
            for account in &accounts {
                is_it |= keyring.token(*year, Domain::Account, account.as_bytes())? == token;
            }
            // The year of an account's pseudonym is noted too, so that it goes with that year's key.
            found.extend(is_it.then_some(PersonOfYear { year: *year, person: token }));
        }
        if !found.is_empty() {
            for year in &years {
                let person = keyring.token(*year, Domain::Person, row.person_key.as_bytes())?;
                found.insert(PersonOfYear { year: *year, person });
            }
            return Ok(found);
        }
    }
    Ok(BTreeSet::new())
}

/// The years in which the lake has a pseudonym that no roster has: an account or a device.
pub(super) async fn of_lake(root: &SchoolRoot, token: i64) -> Result<BTreeSet<PersonOfYear>, Error> {
    let lake = Lake::open(root).await?;
    let mut found = BTreeSet::new();
    for table in TABLES {
        let Some(column) = person_column(table) else { continue };
        if table.columns.iter().all(|known| known.name != "local_date") {
            continue;
        }
        let snapshot = lake.readable(table).await?;
        for file in &snapshot.files {
            snapshot.read(file, Some(&[column, "local_date"]), &mut |batch| {
                let columns = (|| {
                    Some((
                        batch.column_by_name(column)?.as_primitive_opt::<Int64Type>()?,
                        batch.column_by_name("local_date")?.as_primitive_opt::<Date32Type>()?,
                    ))
                })();
                let Some((tokens, days)) = columns else { return Ok(()) };
                for row in (0..batch.num_rows()).filter(|row| tokens.is_valid(*row)) {
                    if tokens.value(row) == token
                        && let Some(day) = ingest::lake::columns::date_of(days.value(row))
                    {
                        found.insert(PersonOfYear { year: AcademicYear::of(day), person: token });
                    }
                }
                Ok(())
            })?;
        }
    }
    Ok(found)
}

/// Lifts a mark. Sets that were sealed meanwhile stay as they are.
///
/// # Errors
/// As [`mark`].
pub fn lift(dir: &Path, school: &SchoolId, id: i64, why: &str, key: &PrivateKey) -> Result<(), Error> {
    let (_, root) = opened(dir, school, key)?;
    let (reason, who) = (checked_reason(why)?, name_of_key(dir, school, key));
    drop(AccessAudit::open(dir, school)?);
    State::open(&root)?.end_embargo(id, why, &mut |transaction, id| {
        let target = format!("embargo {id} lifted");
        let access = Access { who: &who, what: What::Embargo, reason, target: &target, rows: 0 };
        enter(transaction, reason, &access).map(|_| ())
    })?;
    Ok(())
}

/// The configuration, if the key is one of those that open the vault now.
pub(super) fn opened(dir: &Path, school: &SchoolId, key: &PrivateKey) -> Result<(Config, SchoolRoot), Error> {
    let config = Config::load(dir)?;
    let known =
        config.school(school)?.recipients.iter().any(|recipient| {
            PublicKey::parse(&recipient.public_key).is_ok_and(|public| public.id() == key.id())
        });
    if !known {
        return Err(Error::new(Kind::Configuration, "this key opens nothing here")
            .help("`watershed keys list` shows whose keys do"));
    }
    Ok((config, SchoolRoot::new(dir, school)))
}

/// The newest row of an incident by its reference, in whatever year it was.
async fn find(root: &SchoolRoot, keyring: &Keyring, reference: &str) -> Result<Found, Error> {
    let tokens = incident_tokens(keyring, reference)?;
    let lake = Lake::open(root).await?;
    let mut found: Option<Found> = None;
    for table in [&INCIDENTS, &STAFF_INCIDENTS] {
        let snapshot = lake.readable(table).await?;
        for file in &snapshot.files {
            snapshot.read(file, Some(&["incident", "subject", "local_date"]), &mut |batch| {
                let columns = (|| {
                    Some((
                        batch.column_by_name("incident")?.as_primitive_opt::<Int64Type>()?,
                        batch.column_by_name("subject")?.as_primitive_opt::<Int64Type>()?,
                        batch.column_by_name("local_date")?.as_primitive_opt::<Date32Type>()?,
                    ))
                })();
                let Some((incidents, subjects, days)) = columns else { return Ok(()) };
                for row in 0..batch.num_rows() {
                    let token = incidents.value(row);
                    let Some(day) = ingest::lake::columns::date_of(days.value(row)) else { continue };
                    if tokens.contains(&token) && found.as_ref().is_none_or(|known| known.day <= day) {
                        let subject = (!subjects.is_null(row)).then(|| subjects.value(row));
                        found = Some(Found { token, subject, day });
                    }
                }
                Ok(())
            })?;
        }
    }
    found.ok_or_else(no_such_incident)
}
