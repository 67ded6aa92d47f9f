//! Files put away after their import, and files that were refused: text as the filter wrote it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::error::{Error, at};
use crate::folder;
use crate::person::Mentions;
use crate::school::SchoolRoot;

/// First bytes of packed files, in which nobody can be looked for without unpacking: gzip, zip, bzip2, zstd,
/// xz, and Office workbooks, which are zip.
const PACKED: [&[u8]; 5] = [b"\x1f\x8b", b"PK", b"BZh", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ"];

/// Files of one folder that may hold a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MayHold {
    /// Files whose bytes or name hold the person.
    pub named: u64,
    /// Packed files and ones in UTF-16, in which nobody can be looked for.
    pub unsearchable: u64,
}

/// Looks for a person in the files put away after their import, and in those that were refused.
///
/// # Errors
/// When a folder cannot be read.
pub fn survey(root: &SchoolRoot, person: &Mentions) -> Result<[MayHold; 2], Error> {
    let mut found = [MayHold::default(); 2];
    for (folder, count) in [root.kept(), root.refused()].iter().zip(&mut found) {
        each_below(folder, person, &mut |_, file| {
            count.named += u64::from(file == Found::Named);
            count.unsearchable += u64::from(file == Found::Unsearchable);
            Ok(())
        })?;
    }
    Ok(found)
}

/// Deletes the files that mention the person, packed ones, and ones in UTF-16; answers how many.
pub(super) fn delete(root: &SchoolRoot, person: &Mentions) -> Result<u64, Error> {
    let mut deleted = 0;
    for folder in [root.kept(), root.refused()] {
        each_below(&folder, person, &mut |path, found| {
            if found == Found::Not {
                return Ok(());
            }
            let above = path.parent().unwrap_or(path);
            folder::remove_file(path).map_err(|error| at(above, error))?;
            deleted += 1;
            folder::flush(above).map_err(|error| at(above, error))
        })?;
    }
    Ok(deleted)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Not,
    Named,
    Unsearchable,
}

fn each_below(
    place: &Path,
    person: &Mentions,
    sink: &mut dyn FnMut(&Path, Found) -> Result<(), Error>,
) -> Result<(), Error> {
    let entries = match fs::read_dir(place) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(at(place, error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| at(place, error))?;
        let path = entry.path();
        if path.is_dir() {
            each_below(&path, person, sink)?;
            continue;
        }
        // Only the folder may be named in an error: a dropped file's name can be a pupil's.
        let bytes = fs::read(&path).map_err(|error| at(place, error))?;
        let named = entry.file_name().to_str().is_none_or(|name| person.in_file_name(name));
        let found = if named || person.in_bytes(&bytes) {
            Found::Named
        } else if PACKED.iter().any(|magic| bytes.starts_with(magic)) || bytes.contains(&0) {
            Found::Unsearchable
        } else {
            Found::Not
        };
        sink(&path, found)?;
    }
    Ok(())
}
