//! Where claimed files go when they are done with, and the folders that hold them.

use std::fs;
use std::path::Path;

use super::{Claimed, Inside, Origin};
use crate::error::{Error, at};
use crate::folder;

/// Why of a refused file only the note is there.
pub(super) const NOT_KEPT: &str = "it is not kept: it has somebody who was erased or an address of an illegal list, or it cannot be searched for them; have it exported again";

impl Claimed {
    /// Ends a file that could not be taken in and must lie nowhere: only the note stays. A file from outside the
    /// inbox is left alone; of what holds several files nothing is kept once all of them ended.
    ///
    /// # Errors
    /// [`Kind::Environment`](crate::error::Kind::Environment) when the folders do not allow it.
    pub(crate) fn forget(self, refused: &Path, note: &str) -> Result<(), Error> {
        if let Inside::Part { container, .. } = &self.inside {
            container.forget();
            return self.refuse(refused, note);
        }
        self.leave_note(refused, &format!("{note}\n{NOT_KEPT}"))?;
        self.put_away(None)
    }

    /// Says of a part of something that it holds what must lie nowhere, whatever becomes of the other parts.
    pub(crate) fn must_not_be_kept(&self) {
        if let Inside::Part { container, .. } = &self.inside {
            container.forget();
        }
    }

    pub(super) fn leave_note(&self, refused: &Path, note: &str) -> Result<(), Error> {
        let Origin::Inbox { claim, .. } = &self.origin else { return Ok(()) };
        private_folder(refused)?;
        let number = claim.file_name().unwrap_or(claim.as_os_str());
        let mut beside = number.to_owned();
        beside.push(".txt");
        let beside = refused.join(beside);
        fs::write(&beside, format!("{note}\n")).map_err(|error| at(&beside, error))
    }
}

/// Moves a claimed file to the same place below another of the school's folders.
pub(super) fn move_below(from: &Path, folder: &Path, claim: &Path, relative: &Path) -> Result<(), Error> {
    let to = folder.join(claim.file_name().unwrap_or(claim.as_os_str())).join(relative);
    private_folder(folder)?;
    if let Some(parent) = to.parent() {
        // The folder's name comes from the IT provider's inbox, so the error names ours only.
        private_folder(parent)
            .map_err(|error| Error::new(error.kind(), format!("{}: cannot be written", folder.display())))?;
    }
    match fs::rename(from, &to) {
        // Somebody took it away meanwhile: nothing is left to move, and that stops no run.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && fs::symlink_metadata(from).is_err() => {
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => copy_over(from, &to),
        moved => moved,
    }
    .map_err(|error| at(folder, error))
}

/// A move between file systems: the copy is whole and on the disk before it has its name, and the
/// original goes last, so that a move that was interrupted can be made again.
fn copy_over(from: &Path, to: &Path) -> std::io::Result<()> {
    if fs::symlink_metadata(from)?.is_symlink() {
        // What it points at was never ours to read.
        return fs::remove_file(from);
    }
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut copy = options.open(&part)?;
    std::io::copy(&mut fs::File::open(from)?, &mut copy)?;
    copy.sync_all()?;
    fs::rename(&part, to)?;
    // The two lie on two disks: the one must not forget the file before the other knows its name.
    folder::flush(to.parent().unwrap_or(to))?;
    fs::remove_file(from)
}

/// Removes the emptied folders of a claim; one that is not empty stays for the next run.
pub(super) fn prune(claim: &Path) {
    let mut folders = vec![claim.to_path_buf()];
    let mut next = 0;
    while let Some(folder) = folders.get(next).cloned() {
        next += 1;
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        folders.extend(
            entries
                .flatten()
                .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
                .map(|entry| entry.path()),
        );
    }
    for folder in folders.into_iter().rev() {
        // Fails, as it should, when something is left inside.
        let _ = fs::remove_dir(folder);
    }
}

pub(super) fn private_folder(path: &Path) -> Result<(), Error> {
    folder::make(path, folder::PRIVATE).map_err(|error| at(path, error))
}
