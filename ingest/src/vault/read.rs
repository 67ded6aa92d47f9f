//! Opening sealed files with a recipient's private key.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{BooleanArray, Int64Array, RecordBatch, Scalar};
use arrow::compute::kernels::cmp;
use arrow::datatypes::Int64Type;
use arrow::error::ArrowError;
use jiff::civil::Date;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicate, ArrowPredicateFn, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowFilter,
};
use parquet::encryption::decrypt::{FileDecryptionProperties, KeyRetriever};
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;

use super::rows::{ChangeRow, CheckRow, IncidentRow, PersonRow, RejectRow, RequestRow, Row, WordRow};
use super::seal::{self, Locked};
use super::{Content, PEOPLE, day_folders};
use crate::error::{Error, Kind, at};
use crate::keys::PrivateKey;
use crate::school::SchoolId;

/// Which rows to open.
#[derive(Clone, Copy, Debug)]
pub struct Selection {
    /// First local day.
    pub from: Date,
    /// Last local day.
    pub to: Date,
    /// Only this actor (or subject) token; everybody when empty.
    pub actor: Option<i64>,
    /// Only moments from the first to the second, both included, in microseconds since the epoch, UTC.
    pub between_us: Option<(i64, i64)>,
}

/// A school's vault and a key that opens it.
#[derive(Debug)]
pub struct VaultReader<'k> {
    pub(super) vault: PathBuf,
    pub(super) school: SchoolId,
    key: &'k PrivateKey,
}

impl<'k> VaultReader<'k> {
    /// A reader; nothing is opened yet.
    #[must_use]
    pub fn open(vault: &Path, school: &SchoolId, key: &'k PrivateKey) -> Self {
        Self { vault: vault.to_owned(), school: school.clone(), key }
    }

    /// Requests, file by file, within a file by actor and time.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when a file is sealed for other keys, [`Kind::Corrupt`] when it is
    /// damaged or not where it was written; whatever the sink answers.
    pub fn requests(
        &self,
        selection: &Selection,
        sink: &mut dyn FnMut(RequestRow<'static>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.each::<RequestRow<'_>>(Content::Requests, selection, Some("actor"), sink)
    }

    /// Incidents; the selection's actor is the subject.
    ///
    /// # Errors
    /// As [`requests`](Self::requests).
    pub fn incidents(
        &self,
        selection: &Selection,
        sink: &mut dyn FnMut(IncidentRow<'static>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.each::<IncidentRow<'_>>(Content::Incidents, selection, Some("subject"), sink)
    }

    /// Changes of the filter; the selection's actor is who asked.
    ///
    /// # Errors
    /// As [`requests`](Self::requests).
    pub fn changes(
        &self,
        selection: &Selection,
        sink: &mut dyn FnMut(ChangeRow<'static>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.each::<ChangeRow<'_>>(Content::Changes, selection, Some("requester"), sink)
    }

    /// Tests of the filter; the selection's actor is who tested.
    ///
    /// # Errors
    /// As [`requests`](Self::requests).
    pub fn checks(
        &self,
        selection: &Selection,
        sink: &mut dyn FnMut(CheckRow<'static>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.each::<CheckRow<'_>>(Content::Checks, selection, Some("tester"), sink)
    }

    /// Rejected records; the selection's days are those of the import, its actor and moments are of no
    /// concern.
    ///
    /// # Errors
    /// As [`requests`](Self::requests).
    pub fn rejects(
        &self,
        selection: &Selection,
        sink: &mut dyn FnMut(RejectRow<'static>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.each::<RejectRow<'_>>(Content::Rejects, selection, None, sink)
    }

    /// Words that no data file knew, and names of files; days as for [`rejects`](Self::rejects).
    ///
    /// # Errors
    /// As [`requests`](Self::requests).
    pub fn words(
        &self,
        selection: &Selection,
        sink: &mut dyn FnMut(WordRow<'static>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.each::<WordRow<'_>>(Content::Words, selection, None, sink)
    }

    /// Everybody on every roster that was taken in.
    ///
    /// # Errors
    /// As [`requests`](Self::requests).
    pub fn people(&self) -> Result<Vec<PersonRow<'static>>, Error> {
        let folder = self.vault.join(PEOPLE);
        let mut people = Vec::new();
        for name in sealed_files(&folder)? {
            self.file::<PersonRow<'_>>(PEOPLE, &name, Vec::new(), &mut |row| {
                people.push(row);
                Ok(())
            })?;
        }
        Ok(people)
    }

    /// Everybody on every roster, with the name under which it was sealed.
    ///
    /// # Errors
    /// As [`requests`](Self::requests).
    pub fn each_person(&self, sink: &mut dyn FnMut(&str, PersonRow<'static>)) -> Result<(), Error> {
        for file_name in sealed_files(&self.vault.join(PEOPLE))? {
            let name = file_name.strip_suffix(".parquet").unwrap_or(&file_name);
            self.file::<PersonRow<'_>>(PEOPLE, &file_name, Vec::new(), &mut |row| {
                sink(name, row);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Everybody on the rosters that were sealed under these names.
    ///
    /// # Errors
    /// As [`requests`](Self::requests).
    pub fn rosters(&self, names: &[String]) -> Result<Vec<PersonRow<'static>>, Error> {
        let mut people = Vec::new();
        for name in names {
            let name = format!("{name}.parquet");
            self.file::<PersonRow<'_>>(PEOPLE, &name, Vec::new(), &mut |row| {
                people.push(row);
                Ok(())
            })?;
        }
        Ok(people)
    }

    fn each<R: Row>(
        &self,
        content: Content,
        selection: &Selection,
        who: Option<&'static str>,
        sink: &mut dyn FnMut(R::Owned) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut filters = Vec::new();
        if let Some(who) = who {
            if let Some(actor) = selection.actor {
                filters.push(Filter { column: who, least: actor, greatest: actor });
            }
            if let Some((least, greatest)) = selection.between_us {
                filters.push(Filter { column: "event_time_utc_us", least, greatest });
            }
        }
        for (day, folder) in day_folders(&self.vault)? {
            if day < selection.from || day > selection.to {
                continue;
            }
            for name in sealed_files(&folder)? {
                if Content::of(&name) == Some(content) {
                    self.file::<R>(&day.to_string(), &name, filters.clone(), sink)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn file<R: Row>(
        &self,
        folder: &str,
        name: &str,
        filters: Vec<Filter>,
        sink: &mut dyn FnMut(R::Owned) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let path = self.vault.join(folder).join(name);
        let damaged = || {
            Error::new(Kind::Corrupt, format!("{}: damaged, or not where it was written", path.display()))
                .help("restore the vault from a back-up; files open only in their own folder and school")
        };
        let mut file = File::open(&path).map_err(|error| at(&path, error))?;
        let mut magic = [0; 4];
        file.read_exact(&mut magic).map_err(|_| damaged())?;
        // An unsealed file would be read without any key: somebody put it there.
        if &magic != b"PARE" {
            return Err(damaged());
        }
        file.rewind().map_err(|error| at(&path, error))?;

        let bound_to = seal::binding(&self.school, folder, name);
        let lock =
            Arc::new(Lock { key: self.key.clone(), bound_to: bound_to.clone(), refused: Mutex::new(None) });
        let decryption =
            FileDecryptionProperties::with_key_retriever(Arc::clone(&lock) as Arc<dyn KeyRetriever>)
                .with_aad_prefix(bound_to)
                .build()
                .map_err(|_| Error::new(Kind::Bug, "decryption properties do not fit together"))?;
        let options = ArrowReaderOptions::new()
            .with_file_decryption_properties(decryption)
            .with_page_index_policy(PageIndexPolicy::Optional);
        let builder =
            ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(|_| match *lock
                .refused
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
            {
                Some(Locked::NotForThisKey) => Error::new(
                    Kind::Configuration,
                    format!("{}: sealed for other keys", path.display()),
                )
                .help("use the private key of a recipient that the school had when the file was written"),
                _ => damaged(),
            })?;
        let predicates = filters
            .into_iter()
            .map(|filter| {
                let mask = ProjectionMask::columns(builder.parquet_schema(), [filter.column]);
                let predicate = ArrowPredicateFn::new(mask, move |batch| filter.keep(&batch));
                Box::new(predicate) as Box<dyn ArrowPredicate>
            })
            .collect();
        let reader = builder
            .with_batch_size(4096)
            .with_row_filter(RowFilter::new(predicates))
            .build()
            .map_err(|_| damaged())?;
        for batch in reader {
            let batch = batch.map_err(|_| damaged())?;
            for row in 0..batch.num_rows() {
                sink(R::read(&batch, row).ok_or_else(damaged)?)?;
            }
        }
        Ok(())
    }
}

/// Keeps rows whose column lies between two values; the other columns' pages are then not even read.
#[derive(Clone, Copy)]
pub(super) struct Filter {
    column: &'static str,
    least: i64,
    greatest: i64,
}

impl Filter {
    fn keep(self, batch: &RecordBatch) -> Result<BooleanArray, ArrowError> {
        let scalar =
            |value| -> Scalar<arrow::array::PrimitiveArray<Int64Type>> { Int64Array::new_scalar(value) };
        let column = batch.column(0);
        let above = cmp::gt_eq(column, &scalar(self.least))?;
        let below = cmp::lt_eq(column, &scalar(self.greatest))?;
        arrow::compute::and(&above, &below)
    }
}

/// Gives out the key of one file, and remembers why it did not.
struct Lock {
    key: PrivateKey,
    bound_to: Vec<u8>,
    refused: Mutex<Option<Locked>>,
}

impl KeyRetriever for Lock {
    fn retrieve_key(&self, key_metadata: &[u8]) -> parquet::errors::Result<Vec<u8>> {
        seal::file_key(key_metadata, &self.key, &self.bound_to).map(|key| key.to_vec()).map_err(|locked| {
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(locked);
            ParquetError::General("locked".to_owned())
        })
    }
}

pub(super) fn sealed_files(folder: &Path) -> Result<Vec<String>, Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(folder, error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| at(folder, error))?;
        if let Some(name) = entry.file_name().to_str().filter(|name| name.ends_with(".parquet")) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}
