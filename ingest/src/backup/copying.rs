//! Copies of files that are hashed on the way and on the disk when they are reported.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::{Error, at};
use crate::folder;

const CHUNK: usize = 1 << 20;

/// Copies a file; answers its bytes and their BLAKE3.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(u64, String), Error> {
    let above = to.parent().unwrap_or(to);
    folder::make(above, folder::PRIVATE).map_err(|error| at(above, error))?;
    let mut source = File::open(from).map_err(|error| at(from, error))?;
    let mut target = new_file(to)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; CHUNK];
    let mut bytes = 0;
    loop {
        let read = source.read(&mut buffer).map_err(|error| at(from, error))?;
        let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else { break };
        hasher.update(chunk);
        target.write_all(chunk).map_err(|error| at(to, error))?;
        bytes += read as u64;
    }
    target.sync_all().map_err(|error| at(to, error))?;
    folder::flush(above).map_err(|error| at(above, error))?;
    Ok((bytes, hasher.finalize().to_hex().to_string()))
}

/// Bytes of a file and their BLAKE3.
pub(super) fn hash(path: &Path) -> Result<(u64, String), Error> {
    let mut file = File::open(path).map_err(|error| at(path, error))?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; CHUNK];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer).map_err(|error| at(path, error))?;
        let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else { break };
        hasher.update(chunk);
        bytes += read as u64;
    }
    Ok((bytes, hasher.finalize().to_hex().to_string()))
}

/// Writes a new file.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    let mut file = new_file(path)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(|error| at(path, error))?;
    let above = path.parent().unwrap_or(path);
    folder::flush(above).map_err(|error| at(above, error))
}

/// A folder for a back-up or for what comes out of one: new, or empty and for its owner only.
pub(super) fn empty_folder(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    folder::make(path, folder::PRIVATE).map_err(|error| at(path, error))?;
    let mut entries = std::fs::read_dir(path).map_err(|error| at(path, error))?;
    if entries.next().is_some() {
        return Err(Error::new(
            crate::error::Kind::Configuration,
            format!("{}: is not empty", path.display()),
        )
        .help("name a new folder"));
    }
    let private = std::fs::Permissions::from_mode(folder::PRIVATE);
    std::fs::set_permissions(path, private).map_err(|error| at(path, error))
}

fn new_file(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path).map_err(|error| at(path, error))
}
