//! Taking rows out of sealed files, or changing them: for the erasure of a person, with a recipient's key.
//!
//! A file of which a row goes is read and sealed anew under the same name, under another file key and for
//! the present recipients, and takes the old one's place; one without rows is deleted.

use std::fs;

use super::read::sealed_files;
use super::rows::{ChangeRow, CheckRow, IncidentRow, PersonRow, RejectRow, RequestRow, Row, WordRow};
use super::seal::{self, SealedFile};
use super::{Content, PEOPLE, VaultReader, day_folders, remove_if_empty};
use crate::error::{Error, at};
use crate::keys::PublicKey;
use crate::worker::Worker;

/// What becomes of a row.
#[derive(Debug)]
pub enum Edited<R> {
    /// It stays as it is.
    Same(R),
    /// It stays, changed.
    Changed(R),
    /// It goes.
    Gone,
}

/// Decides on a row.
pub type Edit<'e, R> = &'e mut dyn FnMut(R) -> Edited<R>;

/// A row of any sort.
#[derive(Debug)]
pub(crate) enum SealedRow<'r> {
    Request(&'r RequestRow<'static>),
    Incident(&'r IncidentRow<'static>),
    Change(&'r ChangeRow<'static>),
    Check(&'r CheckRow<'static>),
    Reject(&'r RejectRow<'static>),
    Word(&'r WordRow<'static>),
}

/// A vault, a key that opens it, and those for whom it is sealed again.
#[derive(Debug)]
pub struct VaultEditor<'k> {
    /// Opens the files.
    pub reader: VaultReader<'k>,
    /// For whom changed files are sealed.
    pub recipients: &'k [PublicKey],
}

macro_rules! contents {
    ($($(#[$about:meta])* $name:ident: $row:ident, $content:ident;)*) => {$(
        $(#[$about])*
        ///
        /// # Errors
        /// As [`VaultReader::requests`]; files that were done stay done.
        pub fn $name(&self, edit: Edit<'_, $row<'static>>) -> Result<u64, Error> {
            self.each::<$row<'static>>(Content::$content, edit)
        }
    )*};
}

impl VaultEditor<'_> {
    contents! {
        /// Edits all requests; answers how many rows went or changed.
        requests: RequestRow, Requests;
        /// Edits all incidents; answers how many rows went or changed.
        incidents: IncidentRow, Incidents;
        /// Edits all changes of the filter; answers how many rows went or changed.
        changes: ChangeRow, Changes;
        /// Edits all tests of the filter; answers how many rows went or changed.
        checks: CheckRow, Checks;
        /// Edits all rejected records; answers how many rows went or changed.
        rejects: RejectRow, Rejects;
        /// Edits all words and names of files; answers how many rows went or changed.
        words: WordRow, Words;
    }

    /// Edits all rosters; answers how many rows went or changed.
    ///
    /// # Errors
    /// As [`VaultReader::requests`]; files that were done stay done.
    pub fn people(&self, edit: Edit<'_, PersonRow<'static>>) -> Result<u64, Error> {
        let mut edited = 0;
        for name in sealed_files(&self.reader.vault.join(PEOPLE))? {
            edited += self.file::<PersonRow<'static>>(PEOPLE, &name, edit)?;
        }
        Ok(edited)
    }

    /// Shows the rows of one sealed file.
    ///
    /// # Errors
    /// As [`VaultReader::requests`].
    pub(crate) fn look(
        &self,
        folder: &str,
        name: &str,
        content: Content,
        see: &mut dyn FnMut(SealedRow<'_>),
    ) -> Result<(), Error> {
        macro_rules! see {
            ($row:ident, $sort:ident) => {
                self.reader.file::<$row<'static>>(folder, name, Vec::new(), &mut |row| {
                    see(SealedRow::$sort(&row));
                    Ok(())
                })
            };
        }
        match content {
            Content::Requests => see!(RequestRow, Request),
            Content::Incidents => see!(IncidentRow, Incident),
            Content::Changes => see!(ChangeRow, Change),
            Content::Checks => see!(CheckRow, Check),
            Content::Rejects => see!(RejectRow, Reject),
            Content::Words => see!(WordRow, Word),
        }
    }

    /// Leaves in one sealed file the rows that are to stay; answers how many went.
    ///
    /// # Errors
    /// As [`VaultReader::requests`].
    pub(crate) fn leave(
        &self,
        folder: &str,
        name: &str,
        content: Content,
        stays: &mut dyn FnMut(SealedRow<'_>) -> bool,
    ) -> Result<u64, Error> {
        macro_rules! leave {
            ($row:ident, $sort:ident) => {
                self.file::<$row<'static>>(folder, name, &mut |row| {
                    if stays(SealedRow::$sort(&row)) { Edited::Same(row) } else { Edited::Gone }
                })
            };
        }
        match content {
            Content::Requests => leave!(RequestRow, Request),
            Content::Incidents => leave!(IncidentRow, Incident),
            Content::Changes => leave!(ChangeRow, Change),
            Content::Checks => leave!(CheckRow, Check),
            Content::Rejects => leave!(RejectRow, Reject),
            Content::Words => leave!(WordRow, Word),
        }
    }

    fn each<R: Row<Owned = R>>(&self, content: Content, edit: Edit<'_, R>) -> Result<u64, Error> {
        let mut edited = 0;
        for (day, folder) in day_folders(&self.reader.vault)? {
            for name in sealed_files(&folder)? {
                if Content::of(&name) == Some(content) {
                    edited += self.file::<R>(&day.to_string(), &name, edit)?;
                }
            }
        }
        Ok(edited)
    }

    fn file<R: Row<Owned = R>>(&self, folder: &str, name: &str, edit: Edit<'_, R>) -> Result<u64, Error> {
        let (mut edited, mut left) = (0, 0_u64);
        self.reader.file::<R>(folder, name, Vec::new(), &mut |row| {
            match edit(row) {
                Edited::Same(_) => left += 1,
                Edited::Changed(_) => {
                    left += 1;
                    edited += 1;
                }
                Edited::Gone => edited += 1,
            }
            Ok(())
        })?;
        if edited == 0 {
            return Ok(0);
        }
        let above = self.reader.vault.join(folder);
        if left == 0 {
            let path = above.join(name);
            fs::remove_file(&path).map_err(|error| at(&path, error))?;
            seal::sync_folder(&above)?;
            remove_if_empty(&above)?;
            return Ok(edited);
        }
        let (vault, school) = (&self.reader.vault, &self.reader.school);
        let mut anew = SealedFile::<R>::create(vault, folder, name, school, self.recipients)?;
        let mut worker = Worker::new("vault");
        self.reader.file::<R>(folder, name, Vec::new(), &mut |row| match edit(row) {
            Edited::Same(row) | Edited::Changed(row) => anew.push(&row, &mut worker),
            Edited::Gone => Ok(()),
        })?;
        anew.close(&mut worker)?.publish()?;
        seal::sync_folder(&above)?;
        Ok(edited)
    }
}
