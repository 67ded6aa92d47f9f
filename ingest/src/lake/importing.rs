//! The data files of one import: rows stream into one file per table and local day.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::civil::Date;

use super::columns::file_schema;
use super::files::ROW_GROUP_ROWS;
use super::{DataFileWriter, Lake, WrittenFile};
use crate::batch::{IncidentLink, Kept, KeptBatch, RejectRow, RequestBatch, rejects};
use crate::error::Error;
use crate::event::{Event, Pseudonymous, Role};
use crate::incident::Incident;
use crate::report::{Place, Reject};
use crate::schema::{INCIDENT_LINKS, REJECTS, REQUESTS, STAFF_INCIDENT_LINKS, STAFF_REQUESTS, TableSchema};
use crate::school::AcademicYear;
use crate::worker::{Worker, lock};

/// Days held open at once; the one unused for longest is closed, and reopened as a further file.
const OPEN_DAYS: usize = 8;

/// Rows held in memory over all open days: as many again are being encoded meanwhile.
const BUFFERED_ROWS: usize = ROW_GROUP_ROWS / 4;

/// Rejects held in memory.
const BUFFERED_REJECTS: usize = 16_384;

/// What names an import's files and stands in each of its rows.
#[derive(Clone, Debug)]
pub struct ImportId {
    /// First 16 hex digits of the fingerprint.
    pub fingerprint16: String,
    /// Which attempt; greater than that of any files left over from an interrupted one.
    pub attempt: i64,
    /// First 64 bits of the fingerprint.
    pub token: i64,
    /// Format or profile.
    pub source_format: String,
    /// Local day of the import.
    pub ingest_date: Date,
}

impl ImportId {
    /// Name of the Delta application transaction.
    #[must_use]
    pub fn transaction(&self) -> String {
        format!("import:{}:{}", self.fingerprint16, self.attempt)
    }
}

struct OpenDay {
    table: &'static TableSchema,
    date: Date,
    rows: RequestBatch,
    writer: Option<SharedWriter>,
    used: u64,
}

/// A data file that the worker writes to; empty once it is finished.
type SharedWriter = Arc<Mutex<Option<DataFileWriter>>>;

/// Writes the rows of one import. Nothing of it can be seen until the files are committed.
pub struct ImportWriter {
    lake: PathBuf,
    id: ImportId,
    days: Vec<OpenDay>,
    /// Index in `days` of the row before.
    current: usize,
    used: u64,
    buffered: usize,
    /// Batches that were written and can be filled again.
    spare: Arc<Mutex<Vec<RequestBatch>>>,
    worker: Worker,
    /// By table and academic year.
    kept: BTreeMap<(&'static str, AcademicYear), KeptBatch>,
    rejects: Vec<RejectRow>,
    reject_writer: Option<DataFileWriter>,
    files: Arc<Mutex<Vec<WrittenFile>>>,
    begun_files: u32,
    touched: BTreeSet<Date>,
}

impl std::fmt::Debug for ImportWriter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ImportWriter({}, {} files)", self.id.fingerprint16, self.begun_files)
    }
}

/// Everything an import has written.
#[derive(Debug)]
pub(crate) struct ImportFiles {
    pub(crate) files: Vec<WrittenFile>,
    /// Local days with rows of its own.
    pub(crate) touched: BTreeSet<Date>,
    /// How long they took to sort, encode and write, beside reading.
    pub(crate) encoding: Duration,
}

impl ImportFiles {
    /// Rows in tables of events; rejects are no events, nor are persons named beside the subject of one.
    pub(crate) fn events(&self) -> u64 {
        let beside = [REJECTS.name, INCIDENT_LINKS.name, STAFF_INCIDENT_LINKS.name];
        self.files.iter().filter(|file| !beside.contains(&file.table.name)).map(|file| file.rows).sum()
    }

    /// Bytes of all files.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size_bytes).sum()
    }
}

impl ImportWriter {
    /// Begins an import.
    #[must_use]
    pub fn new(lake: &Lake, id: ImportId) -> Self {
        Self {
            lake: lake.folder().to_owned(),
            id,
            days: Vec::new(),
            current: 0,
            used: 0,
            buffered: 0,
            spare: Arc::default(),
            worker: Worker::new("lake"),
            kept: BTreeMap::new(),
            rejects: Vec::new(),
            reject_writer: None,
            files: Arc::default(),
            begun_files: 0,
            touched: BTreeSet::new(),
        }
    }

    /// Adds an event; rows of staff go to tables of their own.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn push(&mut self, event: &Event<'_, Pseudonymous>) -> Result<(), Error> {
        let table = if event.facts.role == Role::Staff { &STAFF_REQUESTS } else { &REQUESTS };
        let date = event.moment.local_date;
        let fits = |day: &OpenDay| day.date == date && day.table.name == table.name;
        if !self.days.get(self.current).is_some_and(fits) {
            self.current = match self.days.iter().position(fits) {
                Some(index) => index,
                None => self.open(table, date)?,
            };
            self.used += 1;
            self.days[self.current].used = self.used;
        }
        self.days[self.current].rows.push(event);
        self.buffered += 1;
        if self.buffered >= BUFFERED_ROWS {
            self.flush_largest()?;
        }
        Ok(())
    }

    fn open(&mut self, table: &'static TableSchema, date: Date) -> Result<usize, Error> {
        if self.days.len() >= OPEN_DAYS {
            let oldest = (0..self.days.len()).min_by_key(|index| self.days[*index].used).unwrap_or(0);
            let day = self.days.swap_remove(oldest);
            self.close(day)?;
        }
        self.touched.insert(date);
        let rows = self.spare();
        self.days.push(OpenDay { table, date, rows, writer: None, used: 0 });
        Ok(self.days.len() - 1)
    }

    fn flush_largest(&mut self) -> Result<(), Error> {
        if let Some(largest) = (0..self.days.len()).max_by_key(|index| self.days[*index].rows.len()) {
            let mut day = self.days.swap_remove(largest);
            self.flush(&mut day)?;
            self.days.push(day);
        }
        Ok(())
    }

    fn spare(&self) -> RequestBatch {
        lock(&self.spare).pop().unwrap_or_default()
    }

    /// Hands a day's rows to the worker and gives the day an empty batch.
    fn flush(&mut self, day: &mut OpenDay) -> Result<(), Error> {
        if day.rows.is_empty() {
            return Ok(());
        }
        self.buffered -= day.rows.len();
        if day.writer.is_none() {
            let stem = self.stem();
            let schema = RequestBatch::schema();
            let writer = DataFileWriter::create(&self.lake, day.table, &day.date.to_string(), &stem, schema)?;
            day.writer = Some(Arc::new(Mutex::new(Some(writer))));
        }
        let Some(writer) = day.writer.clone() else { return Ok(()) };
        let mut rows = std::mem::replace(&mut day.rows, self.spare());
        let (spare, format, token) = (Arc::clone(&self.spare), self.id.source_format.clone(), self.id.token);
        self.worker.run(move || {
            let batch = rows.finish(&format, token)?;
            lock(&spare).push(rows);
            lock(&writer).as_mut().map_or(Ok(()), |writer| writer.write(&batch))
        })
    }

    fn close(&mut self, mut day: OpenDay) -> Result<(), Error> {
        self.flush(&mut day)?;
        lock(&self.spare).push(day.rows);
        let Some(writer) = day.writer else { return Ok(()) };
        let files = Arc::clone(&self.files);
        self.worker.run(move || {
            if let Some(writer) = lock(&writer).take() {
                let file = writer.finish()?;
                lock(&files).push(file);
            }
            Ok(())
        })
    }

    fn stem(&mut self) -> String {
        let number = self.begun_files;
        self.begun_files += 1;
        format!("part-{}-{}-{number}", self.id.fingerprint16, self.id.attempt)
    }

    /// Adds an incident, a change of the filter or a test of it.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(crate) fn push_kept(&mut self, record: &impl Kept) -> Result<(), Error> {
        let table = record.table();
        let batch =
            self.kept.entry((table.name, record.academic_year())).or_insert_with(|| KeptBatch::new(table));
        batch.push(record);
        if batch.len() >= ROW_GROUP_ROWS { self.flush_kept() } else { Ok(()) }
    }

    /// Adds an incident and the persons named beside its subject.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(crate) fn push_incident(&mut self, incident: &Incident<'_, Pseudonymous>) -> Result<(), Error> {
        for linked in &incident.linked {
            self.push_kept(&IncidentLink { incident, linked: *linked })?;
        }
        self.push_kept(incident)
    }

    /// Has a local day's derived rows computed again although no row of a web log came for it.
    pub(crate) fn touch(&mut self, day: Date) {
        self.touched.insert(day);
    }

    fn flush_kept(&mut self) -> Result<(), Error> {
        for ((_, year), batch) in std::mem::take(&mut self.kept) {
            let table = batch.table();
            let rows = batch.finish(&self.id.source_format, self.id.token)?;
            let (stem, schema) = (self.stem(), file_schema(table));
            let mut writer = DataFileWriter::create(&self.lake, table, &year.to_string(), &stem, schema)?;
            writer.write(&rows)?;
            lock(&self.files).push(writer.finish()?);
        }
        Ok(())
    }

    /// Adds a record that could not be read.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn push_reject(&mut self, place: Place, reject: Reject) -> Result<(), Error> {
        self.rejects.push(RejectRow { place, reject });
        if self.rejects.len() >= BUFFERED_REJECTS { self.flush_rejects() } else { Ok(()) }
    }

    fn flush_rejects(&mut self) -> Result<(), Error> {
        if self.rejects.is_empty() {
            return Ok(());
        }
        let batch = rejects(&self.rejects, self.id.token, self.id.ingest_date)?;
        self.rejects.clear();
        if self.reject_writer.is_none() {
            let stem = self.stem();
            let year = AcademicYear::of(self.id.ingest_date).to_string();
            self.reject_writer =
                Some(DataFileWriter::create(&self.lake, &REJECTS, &year, &stem, file_schema(&REJECTS))?);
        }
        self.reject_writer.as_mut().map_or(Ok(()), |writer| writer.write(&batch))
    }

    /// Closes all files. They are not flushed to the disk yet: a group of imports does that at once.
    pub(crate) fn finish(mut self) -> Result<ImportFiles, Error> {
        self.close_all()?;
        let files = std::mem::take(&mut *lock(&self.files));
        Ok(ImportFiles { files, touched: self.touched, encoding: self.worker.busy() })
    }

    fn close_all(&mut self) -> Result<(), Error> {
        while let Some(day) = self.days.pop() {
            self.close(day)?;
        }
        self.flush_kept()?;
        self.flush_rejects()?;
        if let Some(writer) = self.reject_writer.take() {
            lock(&self.files).push(writer.finish()?);
        }
        self.worker.wait()
    }

    /// Gives up: removes what was written.
    pub(crate) fn abandon(self) -> Result<(), Error> {
        // Closing is the simplest way to name every file that exists.
        self.finish()?.discard()
    }

    /// The folder of the lake it writes to.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.lake
    }
}

impl ImportFiles {
    /// Removes the files; they were never committed.
    pub(crate) fn discard(&self) -> Result<(), Error> {
        self.files.iter().try_for_each(WrittenFile::discard)
    }
}
