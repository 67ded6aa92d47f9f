//! Sealing the vault for other recipients: the file keys are wrapped anew, the rows are not touched.
//!
//! One file after the other is copied with new key slots and put in the place of the old one, so that a
//! run killed at any moment leaves only files that open, each for the old or for the new recipients; the
//! next run does those that are left. What somebody copied before (a back-up, a stolen disk) still opens
//! with the keys of that time.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::read::sealed_files;
use super::seal::{self, Locked};
use super::{PEOPLE, day_folders};
use crate::error::{Error, Kind, at};
use crate::folder;
use crate::keys::{PrivateKey, PublicKey};
use crate::school::SchoolId;

/// Ending of a copy that is not in its place yet.
const STAGED: &str = ".resealing";
/// The last eight bytes of a sealed file: length of its footer, and this.
const TAIL: &[u8; 4] = b"PARE";

/// For whom a vault shall be sealed.
#[derive(Debug)]
pub struct Recipients<'r> {
    /// The vault's folder.
    pub vault: &'r Path,
    /// Whose it is.
    pub school: &'r SchoolId,
    /// Those who shall open it, 1 to 4.
    pub keys: &'r [PublicKey],
    /// Keys that must open nothing.
    pub former: &'r BTreeSet<[u8; 8]>,
}

/// How many files of a vault are sealed for whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Sealed files, rosters included.
    pub files: u64,
    /// Files sealed for exactly the recipients.
    pub exact: u64,
    /// Files that were sealed anew by this run.
    pub rewrapped: u64,
    /// Files that the key given does not open, or that are damaged: they stay as they were.
    pub locked: u64,
}

impl Recipients<'_> {
    /// Counts files and those that are sealed for exactly the recipients; needs no private key.
    ///
    /// # Errors
    /// When a folder or file cannot be read.
    pub fn survey(&self) -> Result<Survey, Error> {
        let mut survey = Survey::default();
        for (folder, name) in self.files()? {
            survey.files += 1;
            let footer = Footer::read(&self.vault.join(&folder).join(&name))?;
            survey.exact += u64::from(footer.is_some_and(|footer| self.is_exact(&footer.metadata)));
        }
        Ok(survey)
    }

    /// Wraps the keys of all files that are not sealed for exactly the recipients. `done` is told the files
    /// looked at and their number, and can stop the run by an error.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when the recipients are none or too many; else when the disk fails. Files
    /// that do not open are no error but counted.
    pub fn seal_anew(
        &self,
        key: &PrivateKey,
        done: &mut dyn FnMut(u64, u64) -> Result<(), Error>,
    ) -> Result<Survey, Error> {
        seal::check_recipients(self.keys)?;
        self.remove_staged()?;
        let files = self.files()?;
        let mut survey = Survey::default();
        for (folder, name) in &files {
            survey.files += 1;
            match self.seal_file(folder, name, key)? {
                Sealing::Exact => survey.exact += 1,
                Sealing::Anew => {
                    survey.exact += 1;
                    survey.rewrapped += 1;
                }
                Sealing::Locked => survey.locked += 1,
            }
            done(survey.files, files.len() as u64)?;
        }
        Ok(survey)
    }

    fn seal_file(&self, folder: &str, name: &str, key: &PrivateKey) -> Result<Sealing, Error> {
        let above = self.vault.join(folder);
        let path = above.join(name);
        let Some(footer) = Footer::read(&path)? else { return Ok(Sealing::Locked) };
        if self.is_exact(&footer.metadata) {
            return Ok(Sealing::Exact);
        }
        let bound_to = seal::binding(self.school, folder, name);
        let metadata = match seal::rewrapped(&footer.metadata, key, self.keys, &bound_to)? {
            Ok(metadata) => metadata,
            Err(Locked::Foreign | Locked::NotForThisKey | Locked::Damaged) => return Ok(Sealing::Locked),
        };
        let staged = above.join(format!("{name}{STAGED}"));
        let failed = |error| at(&staged, error);
        let mut from = File::open(&path).map_err(|error| at(&path, error))?;
        let mut to = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&staged)
            .map_err(failed)?;
        std::io::copy(&mut from, &mut to).map_err(failed)?;
        to.seek(SeekFrom::Start(footer.offset)).map_err(failed)?;
        to.write_all(&metadata).map_err(failed)?;
        to.sync_all().map_err(failed)?;
        fs::rename(&staged, &path).map_err(|error| at(&path, error))?;
        seal::sync_folder(&above)?;
        Ok(Sealing::Anew)
    }

    /// The recipients in their order, and nobody who was one before.
    fn is_exact(&self, metadata: &[u8]) -> bool {
        let Some(slots) = seal::slot_ids(metadata) else { return false };
        let wanted = self.keys.iter().map(PublicKey::id);
        slots.iter().copied().take(self.keys.len()).eq(wanted)
            && !slots.iter().skip(self.keys.len()).any(|id| self.former.contains(id))
    }

    fn files(&self) -> Result<Vec<(String, String)>, Error> {
        let mut files = Vec::new();
        for (folder, path) in self.folders()? {
            files.extend(sealed_files(&path)?.into_iter().map(|name| (folder.clone(), name)));
        }
        Ok(files)
    }

    fn folders(&self) -> Result<Vec<(String, PathBuf)>, Error> {
        let days = day_folders(self.vault)?.into_iter().map(|(day, path)| (day.to_string(), path));
        Ok(std::iter::once((PEOPLE.to_owned(), self.vault.join(PEOPLE))).chain(days).collect())
    }

    fn remove_staged(&self) -> Result<(), Error> {
        for (_, path) in self.folders()? {
            let Ok(entries) = fs::read_dir(&path) else { continue };
            for entry in entries {
                let entry = entry.map_err(|error| at(&path, error))?;
                if entry.file_name().to_str().is_some_and(|name| name.ends_with(STAGED)) {
                    folder::remove_file(&entry.path()).map_err(|error| at(&path, error))?;
                }
            }
        }
        Ok(())
    }
}

enum Sealing {
    Exact,
    Anew,
    Locked,
}

/// Key metadata of a file and where it stands.
struct Footer {
    metadata: Vec<u8>,
    offset: u64,
}

impl Footer {
    /// None when the file is not one of ours, or is cut off.
    fn read(path: &Path) -> Result<Option<Self>, Error> {
        let failed = |error| at(path, error);
        let mut file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut tail = [0; 8];
        if length < 16 {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(length - 8)).map_err(failed)?;
        file.read_exact(&mut tail).map_err(failed)?;
        let (size, magic) = tail.split_at(4);
        let size = size.try_into().map_or(0, u32::from_le_bytes);
        if magic != TAIL || u64::from(size) > length - 16 {
            return Ok(None);
        }
        let start = length - 8 - u64::from(size);
        let mut footer =
            vec![0; usize::try_from(size).map_err(|_| Error::new(Kind::Bug, "a footer is huge"))?];
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        file.read_exact(&mut footer).map_err(failed)?;
        let Some(range) = seal::find_metadata(&footer) else { return Ok(None) };
        let offset = start + range.start as u64;
        Ok(footer.get(range).map(|metadata| Self { metadata: metadata.to_vec(), offset }))
    }
}
