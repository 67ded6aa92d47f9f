//! One import's share of the vault: a file per local day and content, all or nothing.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

use jiff::civil::Date;

use super::Content;
use super::days::{Days, Shelf};
use super::rows::{ChangeRow, CheckRow, IncidentRow, RejectRow, RequestRow, WordRow};
use super::seal;
use crate::error::{Error, Kind};
use crate::event::{Event, Identified, Page, Pseudonymous};
use crate::incident::Incident;
use crate::keys::PublicKey;
use crate::pseudonymise::{Domain, Keyring};
use crate::report::{Place, Reason};
use crate::school::{AcademicYear, SchoolId};
use crate::state::{Unmapped, WordKind};
use crate::worker::Worker;

mod kept;

/// Distinct unknown words remembered per import; the rows themselves keep every word.
const REMEMBERED_WORDS: usize = 20_000;

/// What an import put into the vault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealedImport {
    /// Files.
    pub files: u64,
    /// Rows in them, rejects and words included.
    pub rows: u64,
    /// Bytes on the disk.
    pub bytes: u64,
    /// Words that no data file knows, for the state file.
    pub unmapped: Vec<Unmapped>,
    /// How long sorting, encoding and sealing took, beside reading.
    pub busy: Duration,
}

/// Seals one import. Nothing is in its place before [`finish`](Self::finish); dropping the writer
/// without it leaves nothing.
pub struct VaultWriter {
    shelf: Shelf,
    keyring: Keyring,
    ingest_date: Date,
    requests: Days<RequestRow<'static>>,
    incidents: Days<IncidentRow<'static>>,
    changes: Days<ChangeRow<'static>>,
    checks: Days<CheckRow<'static>>,
    rejects: Days<RejectRow<'static>>,
    words: BTreeMap<(WordKind, AcademicYear), HashMap<String, Unmapped>>,
    file_name: Option<String>,
}

impl VaultWriter {
    /// Begins an import's share of the vault. `ingest_date` is the local day of the import: rejects
    /// and unknown words are filed under it.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when there are no recipients or too many.
    pub fn create(
        vault: &Path,
        school: &SchoolId,
        recipients: &[PublicKey],
        fingerprint16: &str,
        ingest_date: Date,
        keyring: &Keyring,
    ) -> Result<Self, Error> {
        seal::check_recipients(recipients)?;
        let import_token = crate::pseudonymise::parse(fingerprint16)
            .ok_or_else(|| Error::new(Kind::Bug, "a fingerprint's short form is not 16 digits"))?;
        Ok(Self {
            shelf: Shelf {
                vault: vault.to_owned(),
                school: school.clone(),
                recipients: recipients.to_vec(),
                fingerprint16: fingerprint16.to_owned(),
                import_token,
                closed: Vec::new(),
                open: BTreeSet::new(),
                worker: Worker::new("vault"),
            },
            keyring: keyring.clone(),
            ingest_date,
            requests: Days::new(Content::Requests),
            incidents: Days::new(Content::Incidents),
            changes: Days::new(Content::Changes),
            checks: Days::new(Content::Checks),
            rejects: Days::new(Content::Rejects),
            words: BTreeMap::new(),
            file_name: None,
        })
    }

    /// Seals a request. On an illegal list the row keeps who, when and a keyed hash of the address.
    ///
    /// # Errors
    /// When the disk or the year's key fails.
    pub fn push(
        &mut self,
        event: &Event<'_, Identified>,
        pseudonymous: &Event<'_, Pseudonymous>,
    ) -> Result<(), Error> {
        let facts = &event.facts;
        let moment = &event.moment;
        let illegal_token =
            if facts.illegal { Some(self.illegal_token(moment.academic_year, &event.page)?) } else { None };
        let page = (!facts.illegal).then_some(&event.page);
        let row = RequestRow {
            import_token: self.shelf.import_token,
            record_number: whole(event.place.record),
            event_time_utc_us: moment.utc_us,
            local_date: moment.local_date,
            local_minute: i64::from(moment.local_minute),
            actor: pseudonymous.actor.token,
            actor_kind: event.actor.kind.word().into(),
            role: facts.role.word().into(),
            group_id: facts.group_id.into(),
            device: pseudonymous.device,
            user_written: Some(event.actor.written.as_ref())
                .filter(|text| !text.is_empty())
                .map(Cow::Borrowed),
            address: borrowed(event.device.address.as_ref()),
            client_host: borrowed(event.device.host.as_ref()),
            user_agent: borrowed(event.device.user_agent.as_ref()),
            scheme: borrowed(page.and_then(|page| page.scheme.as_ref())),
            host: borrowed(page.map(|page| &page.host).filter(|host| !host.is_empty())),
            port: page.and_then(|page| page.port).map(i64::from),
            path: borrowed(page.and_then(|page| page.path.as_ref())),
            query: borrowed(page.and_then(|page| page.query.as_ref())),
            search_words: borrowed(page.and(event.search.as_ref())),
            group_words: borrowed(event.words.group.as_ref()),
            category_words: borrowed(page.and(event.words.categories.as_ref())),
            code: facts.code.into(),
            theme: facts.theme.map(Cow::Borrowed),
            search_theme: page.and(facts.search_theme).map(Cow::Borrowed),
            action: event.action.word().into(),
            severity: i64::from(facts.severity),
            record_noise: facts.record_noise,
            illegal_token,
        };
        self.requests.push(&mut self.shelf, moment.local_date, &row)?;
        self.unknown_words(event)
    }

    /// Seals a row of an incident export.
    ///
    /// # Errors
    /// When the disk or the year's key fails.
    pub fn push_incident(
        &mut self,
        incident: &Incident<'_, Identified>,
        pseudonymous: &Incident<'_, Pseudonymous>,
    ) -> Result<(), Error> {
        let (text, moment) = (&incident.text, &incident.occurred);
        let row = IncidentRow {
            import_token: self.shelf.import_token,
            record_number: whole(incident.place.record),
            event_time_utc_us: moment.utc_us,
            local_date: moment.local_date,
            incident: pseudonymous.key,
            subject: pseudonymous.subject,
            reference: incident.key.reference().map(Cow::Borrowed),
            subject_written: borrowed(Some(&incident.subject.written).filter(|text| !text.is_empty())),
            linked_written: borrowed(text.linked.as_ref()),
            category_words: borrowed(text.categories.as_ref()),
            status_words: borrowed(text.status.as_ref()),
            narrative: borrowed(text.narrative.as_ref()),
        };
        self.incidents.push(&mut self.shelf, moment.local_date, &row)?;
        for word in &text.unmapped {
            self.count_word(WordKind::Category, moment.academic_year, moment.local_date, word)?;
        }
        Ok(())
    }

    /// Seals a record that could not be read.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn push_reject(&mut self, place: Place, reason: Reason, raw: &[u8]) -> Result<(), Error> {
        let row = RejectRow {
            import_token: self.shelf.import_token,
            record_number: whole(place.record),
            line_number: whole(place.line),
            offset_bytes: whole(place.offset_bytes),
            reason: reason.word().into(),
            raw: raw.into(),
        };
        self.rejects.push(&mut self.shelf, self.ingest_date, &row)
    }

    /// Seals the name under which the file was dropped.
    pub fn file_name(&mut self, name: &str) {
        self.file_name = Some(name.to_owned());
    }

    /// Puts everything in its place, on the disk, under its final name.
    ///
    /// # Errors
    /// When the disk fails; what was begun is taken back as far as possible.
    pub fn finish(mut self) -> Result<SealedImport, Error> {
        self.requests.close_all(&mut self.shelf)?;
        self.incidents.close_all(&mut self.shelf)?;
        self.changes.close_all(&mut self.shelf)?;
        self.checks.close_all(&mut self.shelf)?;
        self.rejects.close_all(&mut self.shelf)?;
        let unmapped = self.seal_words()?;
        let mut sealed = SealedImport { unmapped, ..SealedImport::default() };
        let mut folders = BTreeSet::new();
        for file in &self.shelf.closed {
            file.publish()?;
            folders.insert(file.folder().to_owned());
            // A run that was killed may have made the day's folder and not flushed its name.
            folders.insert(self.shelf.vault.clone());
            sealed.files += 1;
            sealed.rows += file.rows;
            sealed.bytes += file.bytes;
        }
        for folder in folders {
            seal::sync_folder(&folder)?;
        }
        self.shelf.closed.clear();
        sealed.busy = self.shelf.worker.busy();
        Ok(sealed)
    }

    /// Takes back what was written.
    pub fn abandon(self) {
        drop(self);
    }

    fn illegal_token(&self, year: AcademicYear, page: &Page<'_>) -> Result<i64, Error> {
        let address = format!(
            "{}{}?{}",
            page.host,
            page.path.as_deref().unwrap_or_default(),
            page.query.as_deref().unwrap_or_default()
        );
        self.keyring.token(year, Domain::IllegalPage, address.as_bytes())
    }

    fn unknown_words(&mut self, event: &Event<'_, Identified>) -> Result<(), Error> {
        let (words, moment) = (&event.words, &event.moment);
        if let Some(group) = words.group.as_deref().filter(|group| words.group_unmatched && !group.is_empty())
        {
            self.count_word(WordKind::Group, moment.academic_year, moment.local_date, group)?;
        }
        if !event.facts.illegal {
            for word in &words.unmapped {
                self.count_word(WordKind::Category, moment.academic_year, moment.local_date, word)?;
            }
        }
        Ok(())
    }

    fn count_word(&mut self, kind: WordKind, year: AcademicYear, day: Date, word: &str) -> Result<(), Error> {
        let known = self.words.entry((kind, year)).or_default();
        if let Some(found) = known.get_mut(word) {
            found.records += 1;
            found.first_date = found.first_date.min(day);
            found.last_date = found.last_date.max(day);
        } else if known.len() < REMEMBERED_WORDS {
            let domain = match kind {
                WordKind::Category => Domain::Category,
                WordKind::Group => Domain::Group,
            };
            let token = self.keyring.token(year, domain, word.as_bytes())?;
            known.insert(
                word.to_owned(),
                Unmapped { kind, year, token, records: 1, first_date: day, last_date: day },
            );
        }
        Ok(())
    }

    fn seal_words(&mut self) -> Result<Vec<Unmapped>, Error> {
        let mut days = Days::<WordRow<'static>>::new(Content::Words);
        let import_token = self.shelf.import_token;
        if let Some(name) = self.file_name.take() {
            let row = WordRow {
                import_token,
                kind: "file name".into(),
                academic_year: None,
                token: None,
                words: name.into(),
                records: 1,
            };
            days.push(&mut self.shelf, self.ingest_date, &row)?;
        }
        let mut unmapped = Vec::new();
        for (word, found) in std::mem::take(&mut self.words).into_values().flatten() {
            let row = WordRow {
                import_token,
                kind: found.kind.word().into(),
                academic_year: Some(found.year.to_string().into()),
                token: Some(found.token),
                words: word.into(),
                records: whole(found.records),
            };
            days.push(&mut self.shelf, self.ingest_date, &row)?;
            unmapped.push(found);
        }
        unmapped.sort_unstable_by_key(|word| (word.kind, word.year, word.token));
        days.close_all(&mut self.shelf)?;
        Ok(unmapped)
    }
}

impl std::fmt::Debug for VaultWriter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "VaultWriter({}, redacted)", self.shelf.fingerprint16)
    }
}

fn borrowed<'a>(text: Option<&'a Cow<'_, str>>) -> Option<Cow<'a, str>> {
    text.map(|text| Cow::Borrowed(text.as_ref()))
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
