//! The open files of an import: one per local day and content, a few at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::rows::Row;
use super::seal::{Closed, SealedFile};
use super::{Content, remove_if_empty};
use crate::error::Error;
use crate::keys::PublicKey;
use crate::school::SchoolId;
use crate::worker::Worker;

/// Day files of one content open at once; an older one is closed and a new one begun when its day
/// returns.
const OPEN_DAYS: usize = 8;
/// Bytes in memory over all day files of one content, about.
const BUFFERED_BYTES: usize = 48 << 20;

/// Where files go and for whom.
pub(super) struct Shelf {
    pub(super) vault: PathBuf,
    pub(super) school: SchoolId,
    pub(super) recipients: Vec<PublicKey>,
    pub(super) fingerprint16: String,
    pub(super) import_token: i64,
    pub(super) closed: Vec<Closed>,
    pub(super) open: BTreeSet<PathBuf>,
    pub(super) worker: Worker,
}

/// Unfinished files go with their writer, also when it ends by an error.
impl Drop for Shelf {
    fn drop(&mut self) {
        // The worker may still be writing to one of them; why it failed was said, or does not matter now.
        drop(self.worker.wait());
        let mut folders = BTreeSet::new();
        for file in self.closed.drain(..) {
            for path in [file.partial(), file.place()] {
                remove_quietly(path);
            }
            folders.insert(file.folder().to_owned());
        }
        for partial in std::mem::take(&mut self.open) {
            remove_quietly(&partial);
            folders.extend(partial.parent().map(Path::to_owned));
        }
        for folder in folders {
            if let Err(error) = remove_if_empty(&folder) {
                tracing::warn!(%error, "an empty folder of the vault stays");
            }
        }
    }
}

fn remove_quietly(path: &Path) {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(kind = %error.kind(), "an unfinished file of the vault stays until the next start");
        }
        _ => {}
    }
}

/// The open day files of one content, the one used last at the end.
pub(super) struct Days<R: Row> {
    content: Content,
    open: Vec<(Date, SealedFile<R>)>,
    next_number: BTreeMap<Date, u32>,
}

impl<R: Row> Days<R> {
    pub(super) const fn new(content: Content) -> Self {
        Self { content, open: Vec::new(), next_number: BTreeMap::new() }
    }

    pub(super) fn push<S: Row<Columns = R::Columns>>(
        &mut self,
        shelf: &mut Shelf,
        day: Date,
        row: &S,
    ) -> Result<(), Error> {
        match self.open.iter().rposition(|(open, _)| *open == day) {
            Some(position) if position + 1 == self.open.len() => {}
            Some(position) => self.open[position..].rotate_left(1),
            None => self.begin(shelf, day)?,
        }
        if let Some((_, file)) = self.open.last_mut() {
            file.push(row, &mut shelf.worker)?;
        }
        let buffered: usize = self.open.iter().map(|(_, file)| file.buffered_bytes()).sum();
        if buffered > BUFFERED_BYTES
            && let Some((_, file)) = self.open.iter_mut().max_by_key(|(_, file)| file.buffered_bytes())
        {
            file.flush(&mut shelf.worker)?;
        }
        Ok(())
    }

    fn begin(&mut self, shelf: &mut Shelf, day: Date) -> Result<(), Error> {
        if self.open.len() >= OPEN_DAYS {
            let (_, oldest) = self.open.remove(0);
            shelf.close(oldest)?;
        }
        let number = self.next_number.entry(day).or_default();
        let name = self.content.file_name(&shelf.fingerprint16, *number);
        *number += 1;
        let file =
            SealedFile::create(&shelf.vault, &day.to_string(), &name, &shelf.school, &shelf.recipients)?;
        shelf.open.insert(file.partial().to_owned());
        self.open.push((day, file));
        Ok(())
    }

    pub(super) fn close_all(&mut self, shelf: &mut Shelf) -> Result<(), Error> {
        self.open.drain(..).try_for_each(|(_, file)| shelf.close(file))
    }
}

impl Shelf {
    fn close<R: Row>(&mut self, file: SealedFile<R>) -> Result<(), Error> {
        let partial = file.partial().to_owned();
        let closed = file.close(&mut self.worker)?;
        self.open.remove(&partial);
        self.closed.push(closed);
        Ok(())
    }
}
