//! A profile's own tests: a made-up export and what must be read from it, in the profile's file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::answers::Answers;
use super::definition::Profile;
use super::fit::{Fit, fit};
use super::row::{RowReader, is_blank};
use super::{Answered, ProfileSet};
use crate::fields::{
    Action, AddressSource, ChangeFields, CheckFields, Fields, IncidentFields, Parsed, RecordKind, When,
};
use crate::frame::{Framer, Framing};

/// One test of a profile.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    /// The file: header and rows, all made up.
    pub(super) file: String,
    /// What the school answered.
    #[serde(default)]
    answers: BTreeMap<String, String>,
    /// What each row becomes: names of columns and values. What is not named must not be there.
    pub(super) expect: Vec<BTreeMap<String, Value>>,
}

/// A word or a whole number.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Value {
    Word(String),
    Number(i64),
}

impl Value {
    fn shown(&self) -> Cow<'_, str> {
        match self {
            Self::Word(word) => word.into(),
            Self::Number(number) => number.to_string().into(),
        }
    }
}

/// What a row became, by names of columns.
type Facts = BTreeMap<&'static str, String>;

/// Runs all tests of a profile.
///
/// # Errors
/// A sentence that says where a row became something else.
pub(super) fn prove(profile: &Profile) -> Result<(), String> {
    profile.tests.iter().enumerate().try_for_each(|(index, test)| {
        one(profile, test).map_err(|what| format!("test {}: {what}", index + 1))
    })
}

fn one(profile: &Profile, test: &Test) -> Result<(), String> {
    let mut answers = Answers::default();
    for (key, value) in &test.answers {
        answers.take(key, value).map_err(|error| error.to_string())?;
    }
    let alone = ProfileSet { profiles: vec![Arc::new(Answered { profile: profile.clone(), answers })] };
    let rows = match fit(test.file.as_bytes(), true, &alone) {
        Fit::Found(fitted) => read(RowReader::new(fitted.clone()), fitted.delimiter(), test.file.as_bytes()),
        Fit::Refused { sentence, .. } => return Err(sentence),
        Fit::None(clause) => return Err(clause.unwrap_or_else(|| "the header does not fit".to_owned())),
    };
    if rows.len() != test.expect.len() {
        return Err(format!("{} rows were read, {} are expected", rows.len(), test.expect.len()));
    }
    for (index, (row, expected)) in rows.iter().zip(&test.expect).enumerate() {
        let names = row.keys().copied().chain(expected.keys().map(String::as_str));
        for name in names {
            let (is, wanted) = (row.get(name), expected.get(name).map(Value::shown));
            if is.map(String::as_str) != wanted.as_deref() {
                let word =
                    |value: Option<&str>| value.map_or("nothing".to_owned(), |value| format!("`{value}`"));
                let (is, wanted) = (word(is.map(String::as_str)), word(wanted.as_deref()));
                return Err(format!("row {}: {name} is {is}, {wanted} is expected", index + 1));
            }
        }
    }
    Ok(())
}

/// What all rows of a file become; titles, header, footer and blank rows left out.
fn read(mut reader: RowReader, delimiter: crate::frame::Delimiter, file: &[u8]) -> Vec<Facts> {
    let mut framer = Framer::new(Framing::Csv(delimiter));
    framer.push(file);
    framer.end();
    let mut rows = Vec::new();
    while let Some(record) = framer.record() {
        if is_blank(record.bytes, delimiter) {
            continue;
        }
        let parsed = match record.fault {
            Some(reason) => Err(reason),
            None => reader.read(record.place, record.bytes).map_err(|reject| reject.reason),
        };
        match parsed {
            Ok((Parsed::Request(fields), _)) => rows.push(request(&fields)),
            Ok((Parsed::Incident(fields), _)) => rows.push(incident(&fields)),
            Ok((Parsed::Change(fields), _)) => rows.push(change(&fields)),
            Ok((Parsed::Check(fields), _)) => rows.push(check(&fields)),
            Ok((Parsed::Other(kind), _)) => rows.push(Facts::from([("other", kind.word().to_owned())])),
            Ok((Parsed::Directive, _)) => {}
            Err(reason) => rows.push(Facts::from([("reject", reason.word().to_owned())])),
        }
    }
    rows
}

fn collected(named: impl IntoIterator<Item = (&'static str, Option<String>)>) -> Facts {
    named.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn text(value: &crate::fields::Text<'_>) -> Option<String> {
    value.as_deref().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

fn time(when: When) -> Option<String> {
    match when {
        When::Instant(micros) => jiff::Timestamp::from_microsecond(micros).ok().map(|time| time.to_string()),
        When::Local(time) => Some(time.to_string()),
        When::Day(day) => Some(day.to_string()),
        When::Yearless { .. } | When::Missing => None,
    }
}

fn request(fields: &Fields<'_>) -> Facts {
    collected([
        ("time", time(fields.time)),
        ("user", text(&fields.user)),
        ("group", text(&fields.group)),
        ("client_address", text(&fields.client_address)),
        ("client_host", text(&fields.client_host)),
        ("method", text(&fields.method)),
        ("url", text(&fields.url)),
        ("host", text(&fields.host)),
        ("search_words", text(&fields.search_words)),
        ("status", fields.status.map(|status| status.to_string())),
        ("response_bytes", fields.response_bytes.map(|bytes| bytes.to_string())),
        ("mime", text(&fields.mime)),
        ("user_agent", text(&fields.user_agent)),
        ("categories", text(&fields.categories)),
        ("action", (fields.action != Action::Unknown).then(|| fields.action.word().to_owned())),
        ("log_level", fields.log_level.map(|level| level.to_string())),
        ("severity", fields.vendor_severity.map(|severity| severity.to_string())),
        ("kind", (fields.kind != RecordKind::Request).then(|| fields.kind.word().to_owned())),
    ])
}

fn incident(fields: &IncidentFields<'_>) -> Facts {
    collected([
        ("time", time(fields.occurred)),
        ("key", key(&fields.key)),
        ("subject", text(&fields.subject)),
        ("linked", text(&fields.linked)),
        ("categories", text(&fields.categories)),
        ("incident_status", text(&fields.status)),
        ("severity", fields.severity.map(|severity| severity.to_string())),
        ("narrative", text(&fields.narrative)),
    ])
}

fn change(fields: &ChangeFields<'_>) -> Facts {
    let found = (fields.address_source == AddressSource::Text).then(|| "text".to_owned());
    collected([
        ("time", time(fields.requested)),
        ("key", key(&fields.key)),
        ("requester", text(&fields.requester)),
        ("requester_role", text(&fields.requester_role)),
        ("asked", text(&fields.asked)),
        ("title", text(&fields.title)),
        ("url", text(&fields.address)),
        ("url_in", found),
        ("categories", text(&fields.categories)),
        ("group", text(&fields.group)),
        ("reason", text(&fields.reason)),
        ("risk_note", text(&fields.risk_note)),
        ("narrative", text(&fields.narrative)),
        ("decision", text(&fields.decision)),
        ("decided_by", text(&fields.decided_by)),
        ("decided_by_role", text(&fields.decided_by_role)),
        ("incident_status", text(&fields.status)),
        ("decided_at", fields.decided.and_then(time)),
        ("applied_from", fields.applied_from.and_then(time)),
        ("applied_to", fields.applied_to.and_then(time)),
        ("closed_at", fields.closed.and_then(time)),
        ("unread", text(&fields.unread_dates)),
    ])
}

fn check(fields: &CheckFields<'_>) -> Facts {
    let action = |action: Action| (action != Action::Unknown).then(|| action.word().to_owned());
    let verdict = fields.verdict.map(|good| if good { "pass" } else { "fail" }.to_owned());
    collected([
        ("time", time(fields.checked)),
        ("key", key(&fields.key)),
        ("categories", text(&fields.categories)),
        ("code", fields.code.clone()),
        ("group", text(&fields.group)),
        ("client_host", text(&fields.device)),
        ("location", text(&fields.location)),
        ("tester", text(&fields.tester)),
        ("expected", action(fields.expected)),
        ("action", action(fields.observed)),
        ("verdict", verdict),
        ("narrative", text(&fields.narrative)),
    ])
}

/// A reference, or the word for one that was made.
fn key(key: &crate::fields::Text<'_>) -> Option<String> {
    text(key).map(|key| if is_made(&key) { "made".to_owned() } else { key })
}

/// Whether a key is the hash that stands in for a reference.
fn is_made(key: &str) -> bool {
    key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit())
}
