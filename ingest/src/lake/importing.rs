//! The data files of one import: rows stream into one file per table and local day.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::columns::file_schema;
use super::files::ROW_GROUP_ROWS;
use super::{DataFileWriter, Lake, WrittenFile};
use crate::batch::{IncidentBatch, IncidentLinkBatch, RejectRow, RequestBatch, rejects};
use crate::error::Error;
use crate::event::{Event, Pseudonymous, Role};
use crate::incident::Incident;
use crate::report::{Place, Reject};
use crate::schema::{
    INCIDENT_LINKS, INCIDENTS, REJECTS, REQUESTS, STAFF_INCIDENT_LINKS, STAFF_INCIDENTS, STAFF_REQUESTS,
    TableSchema,
};
use crate::school::AcademicYear;

/// Days held open at once; the one unused for longest is closed, and reopened as a further file.
const OPEN_DAYS: usize = 8;

/// Rows held in memory over all open days, one row group's worth.
const BUFFERED_ROWS: usize = ROW_GROUP_ROWS;

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
    writer: Option<DataFileWriter>,
    used: u64,
}

/// Writes the rows of one import. Nothing of it can be seen until the files are committed.
pub struct ImportWriter {
    lake: PathBuf,
    id: ImportId,
    days: Vec<OpenDay>,
    /// Index in `days` of the row before.
    current: usize,
    used: u64,
    buffered: usize,
    spare: Vec<RequestBatch>,
    /// By staff or not, and academic year.
    incidents: BTreeMap<(bool, AcademicYear), IncidentBatch>,
    /// The same for persons named beside; a row is of staff if either is.
    links: BTreeMap<(bool, AcademicYear), IncidentLinkBatch>,
    rejects: Vec<RejectRow>,
    reject_writer: Option<DataFileWriter>,
    files: Vec<WrittenFile>,
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
            spare: Vec::new(),
            incidents: BTreeMap::new(),
            links: BTreeMap::new(),
            rejects: Vec::new(),
            reject_writer: None,
            files: Vec::new(),
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
        let rows = self.spare.pop().unwrap_or_default();
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

    fn flush(&mut self, day: &mut OpenDay) -> Result<(), Error> {
        if day.rows.is_empty() {
            return Ok(());
        }
        self.buffered -= day.rows.len();
        let batch = day.rows.finish(&self.id.source_format, self.id.token)?;
        if day.writer.is_none() {
            let stem = self.stem();
            let schema = RequestBatch::schema();
            day.writer =
                Some(DataFileWriter::create(&self.lake, day.table, &day.date.to_string(), &stem, schema)?);
        }
        day.writer.as_mut().map_or(Ok(()), |writer| writer.write(&batch))
    }

    fn close(&mut self, mut day: OpenDay) -> Result<(), Error> {
        self.flush(&mut day)?;
        if let Some(writer) = day.writer {
            self.files.push(writer.finish()?);
        }
        self.spare.push(day.rows);
        Ok(())
    }

    fn stem(&mut self) -> String {
        let number = self.begun_files;
        self.begun_files += 1;
        format!("part-{}-{}-{number}", self.id.fingerprint16, self.id.attempt)
    }

    /// Adds an incident; those about staff go to a table of their own.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn push_incident(&mut self, incident: &Incident<'_, Pseudonymous>) -> Result<(), Error> {
        let (staff, year) = (incident.role == Role::Staff, incident.occurred.academic_year);
        for linked in &incident.linked {
            let either = staff || linked.role == Role::Staff;
            self.links.entry((either, year)).or_default().push(incident, *linked);
        }
        let key = (staff, year);
        let batch = self.incidents.entry(key).or_default();
        batch.push(incident);
        if batch.len() >= ROW_GROUP_ROWS { self.flush_incidents() } else { Ok(()) }
    }

    fn flush_incidents(&mut self) -> Result<(), Error> {
        for ((staff, year), mut batch) in std::mem::take(&mut self.incidents) {
            let table = if staff { &STAFF_INCIDENTS } else { &INCIDENTS };
            let rows = batch.finish(&self.id.source_format, self.id.token)?;
            let (stem, schema) = (self.stem(), file_schema(table));
            let mut writer = DataFileWriter::create(&self.lake, table, &year.to_string(), &stem, schema)?;
            writer.write(&rows)?;
            self.files.push(writer.finish()?);
        }
        for ((staff, year), batch) in std::mem::take(&mut self.links) {
            let table = if staff { &STAFF_INCIDENT_LINKS } else { &INCIDENT_LINKS };
            let rows = batch.finish(&self.id.source_format, self.id.token)?;
            let (stem, schema) = (self.stem(), file_schema(table));
            let mut writer = DataFileWriter::create(&self.lake, table, &year.to_string(), &stem, schema)?;
            writer.write(&rows)?;
            self.files.push(writer.finish()?);
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
        while let Some(day) = self.days.pop() {
            self.close(day)?;
        }
        self.flush_incidents()?;
        self.flush_rejects()?;
        if let Some(writer) = self.reject_writer.take() {
            self.files.push(writer.finish()?);
        }
        Ok(ImportFiles { files: self.files, touched: self.touched })
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
