//! Files put away after their import, and files that were refused: text as the filter wrote it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::error::{Error, at};
use crate::folder;
use crate::school::SchoolRoot;

/// First bytes of packed files, in which nobody can be looked for without unpacking: gzip, zip, bzip2, zstd,
/// xz, and Office workbooks, which are zip.
const PACKED: [&[u8]; 5] = [b"\x1f\x8b", b"PK", b"BZh", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ"];

/// Deletes the files of which `holds` is true, packed ones, and ones in UTF-16; answers how many.
pub(super) fn delete(root: &SchoolRoot, holds: &dyn Fn(&[u8]) -> bool) -> Result<u64, Error> {
    let mut deleted = 0;
    for folder in [root.kept(), root.refused()] {
        deleted += delete_below(&folder, holds)?;
    }
    Ok(deleted)
}

fn delete_below(place: &Path, holds: &dyn Fn(&[u8]) -> bool) -> Result<u64, Error> {
    let entries = match fs::read_dir(place) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(at(place, error)),
    };
    let mut deleted = 0;
    for entry in entries {
        let entry = entry.map_err(|error| at(place, error))?;
        let path = entry.path();
        if path.is_dir() {
            deleted += delete_below(&path, holds)?;
            continue;
        }
        // Only the folder may be named in an error: a dropped file's name can be a pupil's.
        let bytes = fs::read(&path).map_err(|error| at(place, error))?;
        let unsearchable = PACKED.iter().any(|magic| bytes.starts_with(magic)) || bytes.contains(&0);
        let named = entry.file_name().to_str().is_none_or(|name| holds(name.as_bytes()));
        if unsearchable || named || holds(&bytes) {
            folder::remove_file(&path).map_err(|error| at(place, error))?;
            deleted += 1;
        }
    }
    if deleted > 0 {
        folder::flush(place).map_err(|error| at(place, error))?;
    }
    Ok(deleted)
}
