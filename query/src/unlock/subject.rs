//! Everything about one person, for that person (subject access): machine-readable, other people left out.
//!
//! No tool can be trusted to take other people out of free text. So text that others wrote, and names of
//! others beside the person's own, are withheld whole; a list says which, for somebody to read and redact.

use std::collections::BTreeSet;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int64Type};
use arrow::util::display::array_value_to_string;
use ingest::correction::Overlay;
use ingest::keys::PrivateKey;
use ingest::lake::Lake;
use ingest::lake::columns::date_of;
use ingest::person::Whose;
use ingest::pseudonymise::written;
use ingest::schema::{REQUESTS, STAFF_REQUESTS, TABLES, TableSchema};
use ingest::school::{AcademicYear, SchoolId, SchoolRoot};
use ingest::vault::rows::{ChangeRow, CheckRow, IncidentRow, RequestRow};
use ingest::vault::{Selection, VaultReader};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::{Correcting, Identified, Person, Question};
use crate::audit::{AccessAudit, What};
use crate::error::{Error, Kind};

/// Said in the place of each text that is withheld.
const WITHHELD: &str = "withheld: may be about other people; to be read and redacted by a person";

/// A text of a sealed row.
type Text<'a> = Option<std::borrow::Cow<'a, str>>;

/// Everything about one person.
pub struct SubjectAccess {
    /// `watershed.subject-access/1`: `person`, `lake` (rows by table), `vault` (rows by kind), `corrections` (whose some
    /// records are), `access` (who
    /// looked), `elsewhere` (how many rejected records and files may hold the person), `withheld` (texts that somebody has to read).
    pub object: Value,
    /// Texts that are withheld.
    pub withheld: u64,
    /// Head of the access audit with the entry of this answer.
    pub audit_head: String,
}

impl std::fmt::Debug for SubjectAccess {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SubjectAccess(redacted)")
    }
}

/// Gathers everything about a person.
///
/// # Errors
/// [`Kind::Configuration`] when the reason is empty, nobody is found, or the vault is sealed for other
/// keys; else when vault, lake or audit cannot be read or written.
pub async fn subject_access(
    dir: &Path,
    school: &SchoolId,
    who: &str,
    reason: &str,
    key: &PrivateKey,
) -> Result<Identified<SubjectAccess>, Error> {
    let question = Question { dir, school, reason, key };
    let root = question.check(Date::MIN, Date::MAX)?;
    let person = question.person(&root, who)?;
    let correcting = Correcting::of(&root, question.keyring()?)?;
    let lake = lake_rows(&root, &person.pseudonyms, &correcting.overlay).await?;
    let mut withheld = Vec::new();
    let vault =
        sealed_rows(&VaultReader::open(&root.vault(), school, key), &person, &correcting, &mut withheld)?;
    let mut audit = AccessAudit::open(dir, school)?;
    let access: Vec<Value> = audit
        .about(&person.pseudonyms)?
        .into_iter()
        .map(|entry| json!({"at_utc": entry.at_utc, "who": entry.who, "what": entry.what, "reason": entry.reason, "rows": entry.rows}))
        .collect();
    let elsewhere = elsewhere(&root, &VaultReader::open(&root.vault(), school, key), &person)?;
    let rosters: Vec<Value> = person
        .people
        .iter()
        .map(|row| {
            json!({"academic_year": row.academic_year, "person_key": row.person_key, "accounts": row.accounts,
                "aliases": row.aliases, "name": row.mis_name, "year": row.year, "role": row.role, "cohorts": row.cohorts})
        })
        .collect();
    let rows =
        [&lake, &vault].iter().flat_map(|map| map.values()).filter_map(Value::as_array).map(Vec::len).sum();
    let target = question.about(&person, Date::MIN, Date::MAX)?;
    let target = target.split(' ').next().unwrap_or_default();
    let audit_head = question.record(What::SubjectAccess, target, rows)?;
    let corrections: Vec<Value> = correcting
        .overlay
        .concerning(&person.pseudonyms)
        .map(|known| {
            json!({"from": known.from.to_string(), "to": known.to.to_string(), "reason": known.reason,
                "made_utc": known.made_utc})
        })
        .collect();
    let pseudonyms: Vec<String> = person.pseudonyms.iter().map(|token| written(*token)).collect();
    let count = withheld.len() as u64;
    let object = json!({"schema": "watershed.subject-access/1", "school": school.as_str(),
        "person": {"pseudonyms": pseudonyms, "rosters": rosters},
        "lake": lake, "vault": vault, "corrections": corrections, "access": access, "elsewhere": elsewhere, "withheld": withheld});
    Ok(Identified::opened(SubjectAccess { object, withheld: count, audit_head }))
}

/// Where the person may be found beside rows: what could not be read, and files as the filter wrote them.
/// Counts only; they hold other people's records as well.
fn elsewhere(root: &SchoolRoot, reader: &VaultReader<'_>, person: &Person) -> Result<Vec<Value>, Error> {
    let mentions = person.mentions();
    let (mut rejects, mut file_names) = (0_u64, 0_u64);
    let always = Selection { from: Date::MIN, to: Date::MAX, actor: None, between_us: None };
    reader.rejects(&always, &mut |row| {
        rejects += u64::from(mentions.in_bytes(&row.raw));
        Ok(())
    })?;
    reader.words(&always, &mut |row| {
        let is_file = row.token.is_none();
        let named = mentions.in_text(&row.words) || (is_file && mentions.in_file_name(&row.words));
        file_names += u64::from(named);
        Ok(())
    })?;
    let [kept, refused] = ingest::erasure::survey(root, mentions)?;
    let counts = [
        ("names of files and words of filters that name the person (vault)", file_names),
        ("records that could not be read and name the person (vault)", rejects),
        ("kept source files that name the person", kept.named),
        ("kept source files that cannot be searched", kept.unsearchable),
        ("refused files that name the person", refused.named),
        ("refused files that cannot be searched", refused.unsearchable),
    ];
    Ok(counts.iter().map(|(what, count)| json!({"what": what, "count": count})).collect())
}

/// The rows of the lake that have one of the pseudonyms, by table; tables without are left out.
pub(super) async fn lake_rows(
    root: &SchoolRoot,
    persons: &BTreeSet<i64>,
    overlay: &Overlay,
) -> Result<Map<String, Value>, Error> {
    let recorded = overlay.recorded_as(persons);
    let lake = Lake::open(root).await?;
    let mut tables = Map::new();
    for table in TABLES {
        let who = ["actor", "subject", "linked"]
            .into_iter()
            .find(|name| table.columns.iter().any(|column| column.name == *name));
        let Some(who) = who else { continue };
        // Requests stand as they were recorded, everything derived from them as it is corrected.
        let detail = [REQUESTS.name, STAFF_REQUESTS.name].contains(&table.name);
        let tokens = if detail { &recorded } else { persons };
        let is_hers = |token: i64, day: Option<Date>| {
            let person = match day.filter(|_| detail) {
                Some(day) => overlay.person(token, day),
                None => Some(token),
            };
            person.is_some_and(|person| persons.contains(&person))
        };
        let snapshot = lake.readable(table).await?;
        let mut rows = Vec::new();
        for file in &snapshot.files {
            let may_hold = file
                .ranges
                .get(who)
                .is_none_or(|(least, greatest)| tokens.range(*least..=*greatest).next().is_some());
            if !may_hold {
                continue;
            }
            let mut failed = false;
            snapshot.read(file, None, &mut |batch| {
                failed |= collect(table, who, &batch, &is_hers, &mut rows).is_none();
                Ok(())
            })?;
            if failed {
                return Err(Error::new(Kind::Corrupt, format!("table `{}` has other columns", table.name)));
            }
        }
        if !rows.is_empty() {
            tables.insert(table.name.to_owned(), Value::Array(rows));
        }
    }
    Ok(tables)
}

fn collect(
    table: &TableSchema,
    who: &str,
    batch: &RecordBatch,
    is_hers: &dyn Fn(i64, Option<Date>) -> bool,
    rows: &mut Vec<Value>,
) -> Option<()> {
    let persons = batch.column_by_name(who)?.as_primitive_opt::<Int64Type>()?;
    let days = batch.column_by_name("local_date").and_then(|days| days.as_primitive_opt::<Date32Type>());
    for row in 0..batch.num_rows() {
        let day = days.and_then(|days| date_of(days.value(row)));
        if persons.is_null(row) || !is_hers(persons.value(row), day) {
            continue;
        }
        let mut object = Map::new();
        for column in table.columns {
            let array = batch.column_by_name(column.name)?;
            let value =
                if array.is_null(row) { Value::Null } else { array_value_to_string(array, row).ok()?.into() };
            object.insert(column.name.to_owned(), value);
        }
        rows.push(Value::Object(object));
    }
    Some(())
}

fn sealed_rows(
    reader: &VaultReader<'_>,
    person: &Person,
    correcting: &Correcting,
    withheld: &mut Vec<Value>,
) -> Result<Map<String, Value>, Error> {
    let always = Selection { from: Date::MIN, to: Date::MAX, actor: None, between_us: None };
    let whose = |token: Option<i64>, text: &Text<'_>, day: Date| {
        person.owns(AcademicYear::of(day), token, text.as_deref())
    };
    let named = |texts: &[&Text<'_>]| {
        texts.iter().any(|text| text.as_deref().is_some_and(|text| person.mentions().in_text(text)))
    };
    let (mut requests, mut incidents, mut beside, mut shared) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut changes, mut decided, mut checks, mut others) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    reader.requests(&always, &mut |row| {
        if correcting.is_of(row.actor, row.local_date, &person.pseudonyms) {
            requests.push(request(&correcting.about(row)));
        }
        Ok(())
    })?;
    let closed = |day: Date| json!({"local_date": day.to_string(), "text": WITHHELD});
    reader.incidents(&always, &mut |row| {
        let day = row.local_date;
        match whose(row.subject, &row.subject_written, day) {
            Whose::Hers => incidents.push(incident(&row, withheld)),
            Whose::Unclear => {
                shared.push(closed(day));
                withheld.push(to_read("record under a name that somebody else has too", &row.reference, day));
            }
            Whose::Others if named(&[&row.linked_written, &row.narrative]) => {
                beside.push(closed(day));
                withheld.push(to_read("incident about somebody else", &row.reference, day));
            }
            Whose::Others => {}
        }
        Ok(())
    })?;
    reader.changes(&always, &mut |row| {
        let day = row.local_date;
        let by = whose(row.decided_by, &row.decided_by_written, day);
        match whose(row.requester, &row.requester_written, day).max(by) {
            _ if whose(row.requester, &row.requester_written, day) == Whose::Hers => {
                changes.push(change(&row, withheld));
            }
            Whose::Hers => decided.push(json!({"local_date": day.to_string(), "decision": row.decision_words, "address": row.address})),
            Whose::Unclear => {
                shared.push(closed(day));
                withheld.push(to_read("record under a name that somebody else has too", &row.reference, day));
            }
            Whose::Others if named(&[&row.title, &row.reason, &row.risk_note, &row.narrative]) => {
                others.push(closed(day));
                withheld.push(to_read("change that somebody else asked for", &row.reference, day));
            }
            Whose::Others => {}
        }
        Ok(())
    })?;
    reader.checks(&always, &mut |row| {
        let day = row.local_date;
        match whose(row.tester, &row.tester_written, day) {
            Whose::Hers => checks.push(check(&row)),
            Whose::Unclear => {
                shared.push(closed(day));
                withheld.push(to_read("record under a name that somebody else has too", &row.reference, day));
            }
            Whose::Others if named(&[&row.narrative]) => {
                others.push(closed(day));
                withheld.push(to_read("test that somebody else did", &row.reference, day));
            }
            Whose::Others => {}
        }
        Ok(())
    })?;
    let kinds = [
        ("requests", requests),
        ("incidents", incidents),
        ("incidents_about_others_naming_the_person", beside),
        ("changes_and_checks_of_others_naming_the_person", others),
        ("records_under_a_name_that_others_have_too", shared),
        ("changes_asked_for", changes),
        ("changes_decided_on", decided),
        ("checks", checks),
    ];
    Ok(kinds.into_iter().map(|(name, rows)| (name.to_owned(), Value::Array(rows))).collect())
}

fn to_read(what: &str, reference: &Option<std::borrow::Cow<'_, str>>, day: Date) -> Value {
    json!({"what": what, "reference": reference, "local_date": day.to_string()})
}

fn request(row: &RequestRow<'_>) -> Value {
    json!({"local_date": row.local_date.to_string(), "local_time": row.local_time(), "account": row.user_written,
        "client": row.address, "client_host": row.client_host, "program": row.user_agent,
        "address": row.whole_address(), "search_words": row.search_words, "group": row.group_words,
        "category": row.category_words, "action": row.action, "code": row.code, "theme": row.theme,
        "severity": row.severity, "on_an_illegal_list": row.illegal_token.is_some()})
}

fn incident(row: &IncidentRow<'_>, withheld: &mut Vec<Value>) -> Value {
    let mut hold = |text: &Option<std::borrow::Cow<'_, str>>, what: &str| {
        text.as_ref().map(|_| {
            withheld.push(to_read(what, &row.reference, row.local_date));
            WITHHELD
        })
    };
    let narrative = hold(&row.narrative, "text of an incident");
    let linked = hold(&row.linked_written, "names beside an incident");
    json!({"local_date": row.local_date.to_string(), "reference": row.reference, "name": row.subject_written,
        "category": row.category_words, "status": row.status_words, "text": narrative, "named_beside": linked})
}

fn change(row: &ChangeRow<'_>, withheld: &mut Vec<Value>) -> Value {
    let mut hold = |text: &Option<std::borrow::Cow<'_, str>>, what: &str| {
        text.as_ref().map(|_| {
            withheld.push(to_read(what, &row.reference, row.local_date));
            WITHHELD
        })
    };
    let note = hold(&row.risk_note, "note on the risk of a change");
    let narrative = hold(&row.narrative, "text of a change");
    let decided_by = hold(&row.decided_by_written, "who decided on a change");
    json!({"local_date": row.local_date.to_string(), "reference": row.reference, "name": row.requester_written,
        "title": row.title, "reason": row.reason, "address": row.address, "asked": row.asked_words,
        "category": row.category_words, "decision": row.decision_words, "status": row.status_words,
        "risk_note": note, "text": narrative, "decided_by": decided_by})
}

fn check(row: &CheckRow<'_>) -> Value {
    json!({"local_date": row.local_date.to_string(), "reference": row.reference, "name": row.tester_written,
        "device": row.device_written, "place": row.location, "category": row.category_words,
        "group": row.group_words, "result": row.result_words, "text": row.narrative})
}
