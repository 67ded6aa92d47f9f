//! One writer per school, and one per `watershed.toml`: an exclusive lock on a file beside what is written.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::{Error, Kind, at};
use crate::school::SchoolRoot;

/// Held while a run writes; the operating system lets go of it however the run ends.
#[derive(Debug)]
pub struct WriterLock {
    _file: File,
}

impl WriterLock {
    /// Takes the lock of a school.
    ///
    /// # Errors
    /// [`Kind::Retry`] when another process holds it.
    pub fn take(root: &SchoolRoot) -> Result<Self, Error> {
        let path = root.lock();
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| at(&path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(Error::new(Kind::Retry, "another process is writing to this school's lake")
                    .help("wait until it has finished, then try again"))
            }
            Err(TryLockError::Error(error)) => Err(at(&path, error)),
        }
    }
}

/// Held while `watershed.toml` is read, changed and written: it is one file for all schools.
#[derive(Debug)]
pub struct ConfigLock {
    _file: File,
}

impl ConfigLock {
    /// Takes the lock of an installation.
    ///
    /// # Errors
    /// [`Kind::Retry`] when another process holds it.
    pub fn take(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(".watershed.toml.lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| at(&path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(Error::new(Kind::Retry, "another process is changing watershed.toml")
                    .help("wait until it has finished, then try again"))
            }
            Err(TryLockError::Error(error)) => Err(at(&path, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;
    use crate::school::SchoolId;

    #[test]
    fn a_second_writer_is_told_to_wait() {
        let folder = tempfile::tempdir().unwrap();
        let root = SchoolRoot::new(folder.path(), &SchoolId::parse("a").unwrap());
        std::fs::create_dir_all(root.root()).unwrap();
        let first = WriterLock::take(&root).unwrap();
        assert_eq!(WriterLock::take(&root).unwrap_err().kind(), Kind::Retry);
        drop(first);
        WriterLock::take(&root).unwrap();
    }
}
