//! Writing a back-up.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::copying;
use super::manifest::{Manifest, ManifestFile, ManifestSchool, entry};
use crate::error::{Error, Kind, at};
use crate::lake::Lake;
use crate::pipeline::WriterLock;
use crate::pseudonymise::Keyring;
use crate::retention::below;
use crate::schema::TABLES;
use crate::school::{Config, SchoolConfig, SchoolRoot, TRUST_LEDGER};
use crate::state::{State, copy_other};

/// Pause between two looks whether a school's writer has finished.
const PAUSE: Duration = Duration::from_millis(250);

/// A back-up to be made.
#[derive(Clone, Copy, Debug)]
pub struct Backup<'b> {
    /// The installation's folder.
    pub dir: &'b Path,
    /// How long to wait for a school's writer to finish.
    pub patience: Duration,
}

impl Backup<'_> {
    /// Copies the installation into `out`, which is new or empty and outside of it.
    ///
    /// Blocking, and never to be called from within an async task.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when `out` will not do, or a key lies inside the installation;
    /// [`Kind::Retry`] when a writer does not finish; [`Kind::Environment`] when the disk does not allow it.
    /// What was begun is no back-up then: it has no manifest.
    pub fn write(&self, out: &Path) -> Result<Manifest, Error> {
        let config = Config::load(self.dir)?;
        let (dir, out) = (resolved(self.dir)?, resolved(out)?);
        if out.starts_with(&dir) || dir.starts_with(&out) {
            return Err(Error::new(
                Kind::Configuration,
                format!("{}: a back-up may not lie inside the installation, nor around it", out.display()),
            )
            .help("name a folder on another disk"));
        }
        for school in &config.schools {
            // Opening the ring refuses a folder of keys inside the installation.
            Keyring::open(&school.pseudonym_key_dir, &school.id, &dir)?;
        }
        copying::empty_folder(&out)?;
        let mut files = Vec::new();
        let mut schools = Vec::new();
        for school in &config.schools {
            schools.push(self.school(school, &dir, &out, &mut files)?);
        }
        // The sums of a trust, where there are any: a ledger that belongs to no school.
        let trust = dir.join(TRUST_LEDGER);
        if trust.is_file() {
            let copy = out.join(TRUST_LEDGER);
            copy_other(&trust, &copy)?;
            let (bytes, hash) = copying::hash(&copy)?;
            files.push(entry(&out, &copy, bytes, hash)?);
        }
        self.copy(&dir, &out, &dir.join(Config::FILE), &mut files)?;
        let manifest = Manifest::new(schools, files);
        manifest.write(&out)?;
        Ok(manifest)
    }

    fn school(
        &self,
        school: &SchoolConfig,
        dir: &Path,
        out: &Path,
        files: &mut Vec<ManifestFile>,
    ) -> Result<ManifestSchool, Error> {
        let root = SchoolRoot::new(dir, &school.id);
        let _lock = self.lock(&root)?;
        for path in sources(&root)? {
            if path.extension().is_some_and(|ending| ending == "key") {
                let place = path.parent().unwrap_or(&path);
                return Err(Error::new(
                    Kind::Configuration,
                    format!("{}: a key lies in this folder", place.display()),
                )
                .help("a stolen back-up must open nothing: keep keys outside the installation"));
            }
            if std::fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink()) {
                let place = path.parent().unwrap_or(&path);
                return Err(Error::new(
                    Kind::Configuration,
                    format!("{}: a link lies in this folder", place.display()),
                )
                .help("put the file itself there: what a link leads to may be a key"));
            }
            self.copy(dir, out, &path, files)?;
        }
        let state = State::open(&root)?;
        let chain = state.verify_deletions()?;
        let copy = out.join(root.state().strip_prefix(dir).unwrap_or(&root.state()));
        state.copy_to(&copy)?;
        let (bytes, hash) = copying::hash(&copy)?;
        files.push(entry(out, &copy, bytes, hash)?);
        Ok(ManifestSchool {
            id: school.id.to_string(),
            deletion_entries: chain.entries,
            deletion_head: chain.head,
        })
    }

    fn copy(&self, dir: &Path, out: &Path, path: &Path, files: &mut Vec<ManifestFile>) -> Result<(), Error> {
        let to = out.join(path.strip_prefix(dir).unwrap_or(path));
        let (bytes, hash) = copying::copy(path, &to)?;
        files.push(entry(out, &to, bytes, hash)?);
        Ok(())
    }

    fn lock(&self, root: &SchoolRoot) -> Result<WriterLock, Error> {
        let begun = Instant::now();
        loop {
            match WriterLock::take(root) {
                Err(error) if error.kind() == Kind::Retry && begun.elapsed() < self.patience => {
                    std::thread::sleep(PAUSE);
                }
                taken => return taken,
            }
        }
    }
}

/// Files of a school that belong into a back-up, beside the state file: of the lake what the newest versions
/// name, and the log; of the vault what is whole.
fn sources(root: &SchoolRoot) -> Result<Vec<PathBuf>, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(Kind::Environment, "no runtime can be started").because(error))?;
    let lake = runtime.block_on(Lake::open(root))?;
    let mut found = Vec::new();
    for table in TABLES {
        let snapshot = runtime.block_on(lake.snapshot(table))?;
        found.extend(snapshot.files.iter().map(|file| snapshot.folder.join(&file.path)));
        let log = below(&snapshot.folder.join("_delta_log"))?;
        // `#` marks an entry that was staged and never committed.
        found
            .extend(log.into_iter().filter(|path| {
                path.file_name().is_some_and(|name| !name.as_encoded_bytes().contains(&b'#'))
            }));
    }
    let vault = below(&root.vault())?;
    found.extend(vault.into_iter().filter(|path| !path.extension().is_some_and(crate::vault::is_unfinished)));
    found.extend(below(&root.settings())?);
    Ok(found)
}

/// The place a path leads to, although its last part may not exist yet.
pub(super) fn resolved(path: &Path) -> Result<PathBuf, Error> {
    let whole = std::path::absolute(path).map_err(|error| at(path, error))?;
    let mut existing = whole.as_path();
    let mut missing = Vec::new();
    loop {
        if let Ok(mut place) = existing.canonicalize() {
            place.extend(missing.iter().rev());
            return Ok(place);
        }
        match (existing.parent(), existing.file_name()) {
            (Some(above), Some(name)) => {
                missing.push(name);
                existing = above;
            }
            _ => return Ok(whole),
        }
    }
}
