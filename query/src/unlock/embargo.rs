//! Marking a matter live and lifting the mark: with a DSL's key, and on record.

use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Int64Type};
use ingest::keys::{PrivateKey, PublicKey};
use ingest::lake::Lake;
use ingest::pseudonymise::{Domain, Keyring, parse};
use ingest::record::RecordKey;
use ingest::schema::{INCIDENTS, STAFF_INCIDENTS};
use ingest::school::{Config, SchoolId, SchoolRoot};
use ingest::settings::Settings;
use ingest::state::{NewEmbargo, State};
use jiff::civil::Date;

use super::name_of_key;
use crate::audit::{Access, AccessAudit, What, checked_reason};
use crate::error::{Error, Kind};

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

/// Marks a matter live; answers the mark's number.
///
/// # Errors
/// [`Kind::Configuration`] when the key opens nothing here, something named is unknown, or days, reason or review
/// will not do; else when lake, state or audit fail.
pub async fn mark(dir: &Path, school: &SchoolId, matter: &Matter, key: &PrivateKey) -> Result<i64, Error> {
    let (config, root) = opened(dir, school, key)?;
    checked_reason(&matter.reason)?;
    let person = match matter.pseudonym.as_deref() {
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
    let incident = match matter.incident.as_deref() {
        Some(reference) => {
            let keyring = Keyring::open(&school_config.pseudonym_key_dir, school, dir)?;
            Some(find(&root, &keyring, reference).await?)
        }
        None => None,
    };
    let from = matter.from.or(incident.as_ref().map(|incident| incident.day)).ok_or_else(|| {
        Error::new(Kind::Configuration, "the first day is missing").help("give it as `--from`")
    })?;
    let zone = jiff::tz::TimeZone::get(&school_config.zone)
        .map_err(|_| Error::new(Kind::Configuration, "the school's time zone is unknown"))?;
    let today = jiff::Timestamp::now().to_zoned(zone).date();
    let new = NewEmbargo {
        from,
        to: matter.to,
        person: person.or(incident.as_ref().and_then(|incident| incident.subject)),
        theme: matter.theme.as_deref(),
        site: matter.site.as_deref(),
        incident: incident.as_ref().map(|incident| incident.token),
        reason: &matter.reason,
        reviewer: &matter.reviewer,
        review: matter.review.unwrap_or(today.saturating_add(jiff::Span::new().days(28))),
    };
    let id = State::open(&root)?.add_embargo(&new, today)?;
    record(dir, school, key, &matter.reason, &format!("embargo {id} made"))?;
    Ok(id)
}

/// Lifts a mark. Sets that were sealed meanwhile stay as they are.
///
/// # Errors
/// As [`mark`].
pub fn lift(dir: &Path, school: &SchoolId, id: i64, why: &str, key: &PrivateKey) -> Result<(), Error> {
    let (_, root) = opened(dir, school, key)?;
    checked_reason(why)?;
    State::open(&root)?.lift_embargo(id, why)?;
    record(dir, school, key, why, &format!("embargo {id} lifted"))
}

/// The configuration, if the key is one of those that open the vault now.
fn opened(dir: &Path, school: &SchoolId, key: &PrivateKey) -> Result<(Config, SchoolRoot), Error> {
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

fn record(dir: &Path, school: &SchoolId, key: &PrivateKey, reason: &str, target: &str) -> Result<(), Error> {
    let who = name_of_key(dir, school, key);
    let access = Access { who: &who, what: What::Embargo, reason, target, rows: 0 };
    AccessAudit::open(dir, school)?.record(&access).map(|_| ())
}

/// The newest row of an incident by its reference, in whatever year it was.
async fn find(root: &SchoolRoot, keyring: &Keyring, reference: &str) -> Result<Found, Error> {
    let key = RecordKey::Reference(reference.into());
    let text = format!("{}\0{}", key.sort(), key.text());
    let mut tokens = Vec::new();
    for year in keyring.years()?.into_iter().filter(|year| !keyring.is_destroyed(*year)) {
        tokens.push(keyring.token(year, Domain::Incident, text.as_bytes())?);
    }
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
    found.ok_or_else(|| {
        Error::new(Kind::Configuration, "no incident of that reference was taken in")
            .help("give the reference as the incident system writes it")
    })
}
