//! Folders whose entries are on the disk: a flushed file can be gone after a power cut if its name was not.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Permissions of a folder that only its owner can enter.
pub const PRIVATE: u32 = 0o700;
/// Permissions as the process's mask leaves them.
pub const AS_USUAL: u32 = 0o777;

/// Makes a folder and those above it; each new one is entered in its parent durably.
///
/// # Errors
/// What making or flushing fails with.
pub fn make(folder: &Path, mode: u32) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().unwrap_or(folder);
    make(parent, mode)?;
    match DirBuilder::new().mode(mode).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => flush(parent),
    }
}

/// Brings a folder's entries to the disk; an empty path is the folder at hand.
///
/// # Errors
/// What opening or flushing fails with.
pub fn flush(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Removes a file; one that is gone already is as good.
pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn folders_are_made_with_those_above_and_again_without_harm() {
        let place = tempfile::tempdir().unwrap();
        let deep = place.path().join("a/b/c");
        make(&deep, PRIVATE).unwrap();
        make(&deep, PRIVATE).unwrap();
        assert_eq!(fs::metadata(place.path().join("a")).unwrap().mode() & 0o777, PRIVATE);
        fs::write(deep.join("file"), "x").unwrap();
        assert!(make(&deep.join("file/below"), PRIVATE).is_err(), "a file is no folder");
        remove_file(&deep.join("file")).unwrap();
        remove_file(&deep.join("file")).unwrap();
        flush(&deep).unwrap();
        assert!(flush(&deep.join("missing")).is_err());
    }
}
