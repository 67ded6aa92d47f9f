//! Sealing a file: a random key, wrapped for each recipient, in the footer's key metadata.
//!
//! Key metadata, 360 bytes: `WSVAULT`, version, then four slots of recipient id (8 bytes) and wrapped
//! key (80 bytes). Unused slots are random, so nobody can count the recipients and a slot can be
//! overwritten in place when a recipient changes. Bloom filters stay off: Parquet writes them in clear.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use arrow::array::UInt64Array;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::encryption::encrypt::FileEncryptionProperties;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use zeroize::Zeroizing;

use super::rows::Row;
use crate::error::{Error, Kind, at};
use crate::folder;
use crate::keys::{PrivateKey, PublicKey, WRAPPED_BYTES, random};
use crate::school::SchoolId;
use crate::worker::{Worker, lock};

/// Slots in a file's key metadata.
pub const RECIPIENTS_MAXIMUM: usize = 4;

const MAGIC: &[u8; 8] = b"WSVAULT\x01";
const SLOT_BYTES: usize = 8 + WRAPPED_BYTES;
const METADATA_BYTES: usize = MAGIC.len() + RECIPIENTS_MAXIMUM * SLOT_BYTES;
const INFO: &[u8] = b"watershed vault file key 1";

/// Rows of a row group at most.
const GROUP_ROWS: usize = 1 << 16;
/// Bytes of a row group in memory at most, about.
const GROUP_BYTES: usize = 6 << 20;

/// What a seal is bound to: school, folder below the vault, file name.
pub(super) fn binding(school: &SchoolId, folder: &str, file_name: &str) -> Vec<u8> {
    format!("watershed vault 1\0{school}\0{folder}\0{file_name}").into_bytes()
}

/// Checks that a list of recipients fits.
pub(super) fn check_recipients(recipients: &[PublicKey]) -> Result<(), Error> {
    if (1..=RECIPIENTS_MAXIMUM).contains(&recipients.len()) {
        return Ok(());
    }
    Err(Error::new(Kind::Configuration, format!("the vault has {} recipients", recipients.len()))
        .help(format!("name 1 to {RECIPIENTS_MAXIMUM} public keys as `recipients` of the school")))
}

fn key_metadata(recipients: &[PublicKey], file_key: &[u8; 32], bound_to: &[u8]) -> Result<Vec<u8>, Error> {
    check_recipients(recipients)?;
    let mut metadata = vec![0; METADATA_BYTES];
    random(&mut metadata)?;
    let (magic, slots) = metadata.split_at_mut(MAGIC.len());
    magic.copy_from_slice(MAGIC);
    for (slot, recipient) in slots.chunks_exact_mut(SLOT_BYTES).zip(recipients) {
        let (id, wrapped) = slot.split_at_mut(8);
        id.copy_from_slice(&recipient.id());
        wrapped.copy_from_slice(&recipient.wrap(file_key, INFO, bound_to)?);
    }
    Ok(metadata)
}

/// Why a file key did not come out of the key metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Locked {
    /// Not key metadata of ours.
    Foreign,
    /// No slot is for this key.
    NotForThisKey,
    /// A slot is for this key and does not open: damaged, or the file was moved.
    Damaged,
}

/// The file key, for one of the recipients.
pub(super) fn file_key(
    metadata: &[u8],
    key: &PrivateKey,
    bound_to: &[u8],
) -> Result<Zeroizing<[u8; 32]>, Locked> {
    let slots = metadata
        .strip_prefix(MAGIC.as_slice())
        .filter(|_| metadata.len() == METADATA_BYTES)
        .ok_or(Locked::Foreign)?;
    let mut locked = Locked::NotForThisKey;
    for slot in slots.chunks_exact(SLOT_BYTES) {
        let (id, wrapped) = slot.split_at(8);
        if id != key.id() {
            continue;
        }
        let opened = wrapped.try_into().ok().and_then(|wrapped| key.unwrap_key(wrapped, INFO, bound_to));
        match opened {
            Some(file_key) => return Ok(file_key),
            None => locked = Locked::Damaged,
        }
    }
    Err(locked)
}

/// Recipient ids in the slots of key metadata, in order; unused slots have random ones.
pub(super) fn slot_ids(metadata: &[u8]) -> Option<Vec<[u8; 8]>> {
    let slots = metadata.strip_prefix(MAGIC.as_slice()).filter(|_| metadata.len() == METADATA_BYTES)?;
    slots.chunks_exact(SLOT_BYTES).map(|slot| slot.first_chunk::<8>().copied()).collect()
}

/// Key metadata for other recipients, of the same file key and length.
pub(super) fn rewrapped(
    metadata: &[u8],
    key: &PrivateKey,
    recipients: &[PublicKey],
    bound_to: &[u8],
) -> Result<Result<Vec<u8>, Locked>, Error> {
    match file_key(metadata, key, bound_to) {
        Ok(file_key) => key_metadata(recipients, &file_key, bound_to).map(Ok),
        Err(locked) => Ok(Err(locked)),
    }
}

/// Where the key metadata stands in the last bytes of a file that begin with its footer: Parquet keeps it
/// in clear there, and no check sum covers it, so that a key can be wrapped anew without the rows.
pub(super) fn find_metadata(footer: &[u8]) -> Option<std::ops::Range<usize>> {
    let start = footer.windows(MAGIC.len()).position(|window| window == MAGIC)?;
    let range = start..start + METADATA_BYTES;
    (range.end <= footer.len()).then_some(range)
}

/// A sealed file being written: rows are buffered, sorted and flushed group by group. Its name is
/// `<name>.partial` until [`Closed::publish`].
pub(super) struct SealedFile<R: Row> {
    /// Written to by the worker; empty once it is closed.
    writer: Arc<Mutex<Option<ArrowWriter<File>>>>,
    columns: R::Columns,
    order: Vec<(i64, i64, u64)>,
    buffered_bytes: usize,
    rows: u64,
    partial: PathBuf,
    place: PathBuf,
}

/// A sealed file that is whole and on the disk, but not yet in its place.
#[derive(Debug)]
pub(super) struct Closed {
    partial: PathBuf,
    place: PathBuf,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

impl<R: Row> SealedFile<R> {
    /// Begins a file in a folder of the vault, which is made when missing.
    pub(super) fn create(
        vault: &Path,
        folder_name: &str,
        file_name: &str,
        school: &SchoolId,
        recipients: &[PublicKey],
    ) -> Result<Self, Error> {
        let folder = vault.join(folder_name);
        folder::make(&folder, folder::PRIVATE).map_err(|error| at(&folder, error))?;
        let bound_to = binding(school, folder_name, file_name);
        let mut file_key = Zeroizing::new([0; 32]);
        random(&mut *file_key)?;
        let metadata = key_metadata(recipients, &file_key, &bound_to)?;
        let failed = |_| Error::new(Kind::Bug, "a sealed file could not be begun");
        let encryption = FileEncryptionProperties::builder(file_key.to_vec())
            .with_footer_key_metadata(metadata)
            .with_aad_prefix(bound_to)
            .build()
            .map_err(failed)?;
        let mut properties = WriterProperties::builder()
            .with_file_encryption_properties(encryption)
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).map_err(failed)?))
            .set_bloom_filter_enabled(false)
            .set_statistics_enabled(EnabledStatistics::None)
            .set_data_page_row_count_limit(1 << 12)
            .set_max_row_group_row_count(None)
            .set_created_by("watershed".to_owned());
        for column in ["actor", "subject", "event_time_utc_us"] {
            properties =
                properties.set_column_statistics_enabled(ColumnPath::from(column), EnabledStatistics::Page);
        }
        // Nearly every value of these is another one: a dictionary would only cost.
        for column in ["event_time_utc_us", "record_number", "offset_bytes"] {
            properties = properties
                .set_column_dictionary_enabled(ColumnPath::from(column), false)
                .set_column_encoding(ColumnPath::from(column), Encoding::DELTA_BINARY_PACKED);
        }
        for column in ["path", "query", "search_words", "narrative", "raw"] {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(column), false);
        }

        let partial = folder.join(format!("{file_name}.partial"));
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)
            .map_err(|error| at(&partial, error))?;
        let writer = ArrowWriter::try_new(file, R::schema(), Some(properties.build())).map_err(failed)?;
        Ok(Self {
            writer: Arc::new(Mutex::new(Some(writer))),
            columns: R::Columns::default(),
            order: Vec::new(),
            buffered_bytes: 0,
            rows: 0,
            partial,
            place: folder.join(file_name),
        })
    }

    /// Adds a row, whose text may be borrowed from the record.
    pub(super) fn push<S: Row<Columns = R::Columns>>(
        &mut self,
        row: &S,
        worker: &mut Worker,
    ) -> Result<(), Error> {
        let (first, second) = row.order();
        self.order.push((first, second, self.order.len() as u64));
        self.buffered_bytes += row.size();
        row.append(&mut self.columns);
        if self.order.len() >= GROUP_ROWS || self.buffered_bytes >= GROUP_BYTES {
            self.flush(worker)?;
        }
        Ok(())
    }

    /// Bytes in memory that wait for a row group, about.
    pub(super) const fn buffered_bytes(&self) -> usize {
        self.buffered_bytes
    }

    /// Has what waits written as a row group, sorted.
    pub(super) fn flush(&mut self, worker: &mut Worker) -> Result<(), Error> {
        if self.order.is_empty() {
            return Ok(());
        }
        let batch = R::finish(&mut self.columns)?;
        let mut order = std::mem::take(&mut self.order);
        self.rows += order.len() as u64;
        self.buffered_bytes = 0;
        let (writer, partial) = (Arc::clone(&self.writer), self.partial.clone());
        worker.run(move || {
            order.sort_unstable();
            let indices = UInt64Array::from_iter_values(order.iter().map(|(_, _, index)| *index));
            let sorted = arrow::compute::take_record_batch(&batch, &indices)
                .map_err(|_| Error::new(Kind::Bug, "rows of a sealed file could not be sorted"))?;
            drop((order, batch));
            let mut writer = lock(&writer);
            let Some(writer) = writer.as_mut() else { return Ok(()) };
            writer.write(&sorted).and_then(|()| writer.flush()).map_err(|error| unwritten(&partial, error))
        })
    }

    /// Writes the rest and brings the file to the disk.
    pub(super) fn close(mut self, worker: &mut Worker) -> Result<Closed, Error> {
        self.flush(worker)?;
        worker.wait()?;
        let Self { writer, rows, partial, place, .. } = self;
        let Some(writer) = lock(&writer).take() else {
            return Err(Error::new(Kind::Bug, "a sealed file was closed twice"));
        };
        let file = writer.into_inner().map_err(|error| unwritten(&partial, error))?;
        file.sync_all().map_err(|error| at(&partial, error))?;
        let bytes = file.metadata().map_err(|error| at(&partial, error))?.len();
        Ok(Closed { partial, place, rows, bytes })
    }

    /// Where the unfinished file is.
    pub(super) fn partial(&self) -> &Path {
        &self.partial
    }
}

impl Closed {
    /// Gives the file its name; the folder has still to be synced.
    pub(super) fn publish(&self) -> Result<(), Error> {
        fs::rename(&self.partial, &self.place).map_err(|error| at(&self.place, error))
    }

    /// Folder of the file.
    pub(super) fn folder(&self) -> &Path {
        self.place.parent().unwrap_or(&self.place)
    }

    /// Where the file is until it is published.
    pub(super) fn partial(&self) -> &Path {
        &self.partial
    }

    /// Where the file is once it is published.
    pub(super) fn place(&self) -> &Path {
        &self.place
    }
}

/// Brings a folder's entries to the disk.
pub(super) fn sync_folder(folder: &Path) -> Result<(), Error> {
    folder::flush(folder).map_err(|error| at(folder, error))
}

/// The writer's own message could quote a value: only that it failed is passed on.
fn unwritten(path: &Path, error: parquet::errors::ParquetError) -> Error {
    let kind = match &error {
        parquet::errors::ParquetError::External(source) => {
            source.downcast_ref::<std::io::Error>().map(std::io::Error::kind)
        }
        _ => None,
    };
    let why = kind.map_or_else(|| "the sealed file could not be written".to_owned(), |kind| kind.to_string());
    Error::new(Kind::Environment, format!("{}: {why}", path.display()))
        .help("check the disk's free space and who owns the folder")
}
