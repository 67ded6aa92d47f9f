//! A school's pseudonym keys, one per academic year, outside everything that is backed up or shared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ring::hmac;
use zeroize::Zeroizing;

use crate::error::{Error, Kind, at};
use crate::folder;
use crate::school::{AcademicYear, SchoolId};

use super::token::{self, Domain};

/// The keys of one school; cheap to clone, the years are shared.
#[derive(Clone)]
pub struct Keyring {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    school: SchoolId,
    years: Mutex<BTreeMap<AcademicYear, hmac::Key>>,
    refused: Mutex<BTreeSet<AcademicYear>>,
    expected: Mutex<BTreeSet<AcademicYear>>,
}

/// Ending of a key's file.
const ENDING: &str = ".key";
/// Ending of the note in the place of a key that was destroyed.
const NOTE_ENDING: &str = ".destroyed";

impl Keyring {
    /// Opens the folder of the keys; makes it when it does not exist. Keys are made on demand.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when the folder lies below the installation's folder or others can
    /// enter it; [`Kind::Environment`] when it cannot be made.
    pub fn open(pseudonym_key_dir: &Path, school: &SchoolId, installation: &Path) -> Result<Self, Error> {
        let place = resolved(pseudonym_key_dir)?;
        if place.starts_with(resolved(installation)?) {
            return Err(Error::new(
                Kind::Configuration,
                format!("{}: pseudonym keys may not lie inside the installation's folder", place.display()),
            )
            .help("name another folder as `pseudonym_key_dir`: who copies the lake must not copy its keys"));
        }
        // Durably: without its keys a lake cannot go on.
        folder::make(&place, folder::PRIVATE).map_err(|error| at(&place, error))?;
        let metadata = fs::metadata(&place).map_err(|error| at(&place, error))?;
        private_to_owner(&place, metadata.mode(), "700")?;
        Ok(Self {
            inner: Arc::new(Inner {
                dir: place,
                school: school.clone(),
                years: Mutex::default(),
                refused: Mutex::default(),
                expected: Mutex::default(),
            }),
        })
    }

    /// The file of a year's key.
    #[must_use]
    pub fn path(&self, year: AcademicYear) -> PathBuf {
        self.inner.dir.join(format!("{}-{year}{ENDING}", self.inner.school))
    }

    /// The token of a text in a domain and year.
    ///
    /// # Errors
    /// [`Kind::Configuration`] or [`Kind::Corrupt`] when the year's key cannot be used,
    /// [`Kind::Environment`] when it can be neither read nor made.
    pub fn token(&self, year: AcademicYear, domain: Domain, text: &[u8]) -> Result<i64, Error> {
        let mut years = self.inner.years.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = years.get(&year) {
            return Ok(token::token(key, domain, text));
        }
        let key = self.read_or_make(year)?;
        let answer = token::token(&key, domain, text);
        years.insert(year, key);
        Ok(answer)
    }

    /// A value by which another key in the place of this one is noticed.
    ///
    /// # Errors
    /// As [`token`](Self::token).
    pub fn check_value(&self, year: AcademicYear) -> Result<i64, Error> {
        self.token(year, Domain::Check, self.inner.school.as_str().as_bytes())
    }

    /// Years of which a key file lies in the folder.
    ///
    /// # Errors
    /// [`Kind::Environment`] when the folder cannot be listed.
    pub fn years(&self) -> Result<BTreeSet<AcademicYear>, Error> {
        self.years_with(ENDING)
    }

    /// Years whose keys were destroyed: a note lies in the place of each.
    ///
    /// # Errors
    /// [`Kind::Environment`] when the folder cannot be listed.
    pub fn destroyed(&self) -> Result<BTreeSet<AcademicYear>, Error> {
        self.years_with(NOTE_ENDING)
    }

    /// Destroys a year's key: first a note that it is destroyed is on the disk, so that no other is ever
    /// made in its place; then the key is written over and its name removed. Again is the same.
    ///
    /// Writing over reaches the same blocks on plain disks and file systems; where the disk or the file
    /// system moves what is written (flash, copy on write), only encryption of the volume helps.
    ///
    /// # Errors
    /// [`Kind::Environment`] when the folder does not allow it.
    pub fn destroy(&self, year: AcademicYear) -> Result<(), Error> {
        let (dir, path, note) = (&self.inner.dir, self.path(year), self.note(year));
        let failed = |error| at(&path, error);
        if !note.exists() {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o400)
                .open(&note)
                .map_err(|error| at(&note, error))?;
            file.write_all(format!("the pseudonym key of {year} was destroyed by retention\n").as_bytes())
                .and_then(|()| file.sync_all())
                .map_err(|error| at(&note, error))?;
            folder::flush(dir).map_err(|error| at(dir, error))?;
        }
        self.inner.years.lock().unwrap_or_else(PoisonError::into_inner).remove(&year);
        match fs::set_permissions(&path, fs::Permissions::from_mode(0o600)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            changed => changed.map_err(failed)?,
        }
        let mut file = OpenOptions::new().write(true).open(&path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        file.write_all(&vec![0; usize::try_from(length.min(4096)).unwrap_or(0)]).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        folder::remove_file(&path).map_err(failed)?;
        folder::flush(dir).map_err(|error| at(dir, error))
    }

    /// Remembers years whose keys the state file knows to be destroyed, also where no note says so.
    pub fn refuse(&self, years: impl IntoIterator<Item = AcademicYear>) {
        self.inner.refused.lock().unwrap_or_else(PoisonError::into_inner).extend(years);
    }

    /// Remembers years that have a key already: none is made for them. After a back-up was brought to
    /// another machine a new key would give everybody a second pseudonym.
    pub fn expect(&self, years: impl IntoIterator<Item = AcademicYear>) {
        self.inner.expected.lock().unwrap_or_else(PoisonError::into_inner).extend(years);
    }

    /// Whether a year's key was destroyed.
    #[must_use]
    pub fn is_destroyed(&self, year: AcademicYear) -> bool {
        let refused = self.inner.refused.lock().unwrap_or_else(PoisonError::into_inner).contains(&year);
        refused || self.note(year).exists()
    }

    fn note(&self, year: AcademicYear) -> PathBuf {
        self.inner.dir.join(format!("{}-{year}{NOTE_ENDING}", self.inner.school))
    }

    fn years_with(&self, ending: &str) -> Result<BTreeSet<AcademicYear>, Error> {
        let dir = &self.inner.dir;
        let mut years = BTreeSet::new();
        for entry in fs::read_dir(dir).map_err(|error| at(dir, error))? {
            let name = entry.map_err(|error| at(dir, error))?.file_name();
            // The folder may hold keys of other schools, whose names may begin alike.
            let rest = name.to_str().and_then(|name| name.strip_prefix(self.inner.school.as_str()));
            let year = rest.and_then(|rest| rest.strip_prefix('-')?.strip_suffix(ending));
            years.extend(year.and_then(AcademicYear::parse));
        }
        Ok(years)
    }

    fn read_or_make(&self, year: AcademicYear) -> Result<hmac::Key, Error> {
        let path = self.path(year);
        if self.is_destroyed(year) {
            return Err(Error::new(
                Kind::Configuration,
                format!("the pseudonym key of {year} was destroyed by retention, and no other is made"),
            )
            .help("records of that year cannot be taken in any more"));
        }
        match read(&path) {
            Ok(key) => key,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if self.inner.expected.lock().unwrap_or_else(PoisonError::into_inner).contains(&year) {
                    return Err(Error::new(
                        Kind::Configuration,
                        format!("{}: the pseudonym key of {year} is missing", path.display()),
                    )
                    .help("put it back from where the keys are kept; a new one would give everybody a new pseudonym"));
                }
                make(&self.inner.dir, &path)?;
                // Read back: of two processes that make the key at once, one wins.
                read(&path).map_err(|error| at(&path, error))?
            }
            Err(error) => Err(at(&path, error)),
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Keyring({}, redacted)", self.inner.school)
    }
}

fn read(path: &Path) -> Result<Result<hmac::Key, Error>, std::io::Error> {
    let mut file = File::open(path)?;
    let mode = file.metadata()?.mode();
    let mut bytes = Zeroizing::new(Vec::with_capacity(33));
    (&mut file).take(33).read_to_end(&mut bytes)?;
    Ok(private_to_owner(path, mode, "400").and_then(|()| {
        if bytes.len() == 32 {
            Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
        } else {
            Err(Error::new(Kind::Corrupt, format!("{}: not a pseudonym key of 32 bytes", path.display()))
                .help(
                    "restore it from where the keys are kept; a new key would give everybody a new pseudonym",
                ))
        }
    }))
}

/// Writes a new key beside its place and links it there, so that no half key is ever seen and an
/// existing one is never replaced.
fn make(dir: &Path, path: &Path) -> Result<(), Error> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    crate::keys::random(&mut *bytes)?;
    let mut suffix = [0; 8];
    crate::keys::random(&mut suffix)?;
    let partial = dir.join(format!(".{}.partial", crate::keys::to_hex(&suffix)));
    let write = || -> Result<(), std::io::Error> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o400).open(&partial)?;
        file.write_all(&*bytes)?;
        file.sync_all()?;
        match fs::hard_link(&partial, path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    };
    let written = write().map_err(|error| at(path, error));
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != ErrorKind::NotFound && written.is_ok() => {
            return Err(at(&partial, error));
        }
        _ => written?,
    }
    folder::flush(dir).map_err(|error| at(dir, error))
}

fn private_to_owner(path: &Path, mode: u32, wanted: &str) -> Result<(), Error> {
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(Error::new(
        Kind::Configuration,
        format!("{}: others can read it (mode {:03o})", path.display(), mode & 0o777),
    )
    .help(format!("run `chmod {wanted} {}`", path.display())))
}

/// The place a path leads to, whether or not its last parts exist.
fn resolved(path: &Path) -> Result<PathBuf, Error> {
    let absolute = std::path::absolute(path).map_err(|error| at(path, error))?;
    let mut missing = Vec::new();
    let mut existing = absolute.as_path();
    loop {
        match existing.canonicalize() {
            Ok(mut place) => {
                if missing.iter().any(|part| *part == "..") {
                    return Err(Error::new(
                        Kind::Configuration,
                        format!("{}: `..` in a folder that does not exist", path.display()),
                    ));
                }
                place.extend(missing.iter().rev());
                return Ok(place);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let (Some(parent), Some(last)) = (existing.parent(), existing.components().next_back())
                else {
                    return Err(at(path, error));
                };
                missing.push(last.as_os_str());
                existing = parent;
            }
            Err(error) => return Err(at(path, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    fn school() -> SchoolId {
        SchoolId::parse("st-annes").unwrap()
    }

    fn year(text: &str) -> AcademicYear {
        AcademicYear::parse(text).unwrap()
    }

    #[test]
    fn tokens_are_equal_within_a_year_and_differ_between_years_and_schools() {
        let folder = tempfile::tempdir().unwrap();
        let (keys, dir) = (folder.path().join("keys"), folder.path().join("installation"));
        let ring = Keyring::open(&keys, &school(), &dir).unwrap();
        let first = ring.token(year("2025-26"), Domain::Person, b"P1").unwrap();
        let again = Keyring::open(&keys, &school(), &dir).unwrap();
        assert_eq!(again.token(year("2025-26"), Domain::Person, b"P1").unwrap(), first);
        assert_ne!(ring.token(year("2026-27"), Domain::Person, b"P1").unwrap(), first);
        let other = Keyring::open(&keys, &SchoolId::parse("st-bedes").unwrap(), &dir).unwrap();
        assert_ne!(other.token(year("2025-26"), Domain::Person, b"P1").unwrap(), first);
        assert_ne!(ring.check_value(year("2025-26")).unwrap(), ring.check_value(year("2026-27")).unwrap());
    }

    #[test]
    fn keys_are_made_for_their_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        let ring = Keyring::open(&keys, &school(), &folder.path().join("installation")).unwrap();
        ring.check_value(year("2025-26")).unwrap();
        assert_eq!(fs::metadata(&keys).unwrap().mode() & 0o777, 0o700);
        let path = keys.join("st-annes-2025-26.key");
        assert_eq!(ring.path(year("2025-26")), path.canonicalize().unwrap());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o400);
        assert_eq!(fs::read(&path).unwrap().len(), 32);
        assert_eq!(fs::read_dir(&keys).unwrap().count(), 1, "nothing partial stays");
    }

    #[test]
    fn a_folder_inside_the_installation_is_refused_also_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("installation");
        fs::create_dir(&dir).unwrap();
        for place in [dir.join("keys"), dir.clone(), dir.join("schools/st-annes/keys")] {
            assert_eq!(Keyring::open(&place, &school(), &dir).unwrap_err().kind(), Kind::Configuration);
            assert!(!dir.join("keys").exists(), "refused before anything is made");
        }
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&dir, &link).unwrap();
        assert!(Keyring::open(&link.join("keys"), &school(), &dir).is_err());
        assert!(Keyring::open(&folder.path().join("installation-keys"), &school(), &dir).is_ok());
    }

    #[test]
    fn a_destroyed_key_is_gone_and_no_other_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let (keys, dir) = (folder.path().join("keys"), folder.path().join("installation"));
        let ring = Keyring::open(&keys, &school(), &dir).unwrap();
        let (old, new) = (year("2023-24"), year("2024-25"));
        let first = ring.token(old, Domain::Person, b"P1").unwrap();
        ring.token(new, Domain::Person, b"P1").unwrap();
        // Another school's name may begin alike.
        Keyring::open(&keys, &SchoolId::parse("st").unwrap(), &dir).unwrap().check_value(old).unwrap();
        let bytes = fs::read(ring.path(old)).unwrap();
        assert_eq!(ring.years().unwrap(), BTreeSet::from([old, new]));

        // What a hard link, as a killed run leaves one, keeps of the file is zeros.
        let link = keys.join(".00.partial");
        fs::hard_link(ring.path(old), &link).unwrap();
        ring.destroy(old).unwrap();
        ring.destroy(old).unwrap();
        assert_eq!(fs::read(&link).unwrap(), [0; 32]);
        fs::remove_file(link).unwrap();
        for entry in fs::read_dir(&keys).unwrap() {
            let found = fs::read(entry.unwrap().path()).unwrap();
            assert!(!found.windows(32).any(|window| window == bytes));
        }
        assert_eq!(ring.years().unwrap(), BTreeSet::from([new]));
        assert_eq!(ring.destroyed().unwrap(), BTreeSet::from([old]));
        for ring in [ring, Keyring::open(&keys, &school(), &dir).unwrap()] {
            let error = ring.token(old, Domain::Person, b"P1").unwrap_err();
            assert_eq!(error.kind(), Kind::Configuration);
            assert!(error.to_string().contains("destroyed"), "{error}");
            assert!(!ring.path(old).exists());
            ring.token(new, Domain::Person, b"P1").unwrap();
        }
        // Without the note the state file's word counts.
        fs::remove_file(keys.canonicalize().unwrap().join("st-annes-2023-24.destroyed")).unwrap();
        let ring = Keyring::open(&keys, &school(), &dir).unwrap();
        ring.refuse([old]);
        assert!(ring.check_value(old).is_err());
        let ring = Keyring::open(&keys, &school(), &dir).unwrap();
        ring.expect([old]);
        assert!(ring.check_value(old).unwrap_err().to_string().contains("is missing"));
        // And with neither, a new key has nothing to do with the old one.
        let ring = Keyring::open(&keys, &school(), &dir).unwrap();
        assert_ne!(ring.token(old, Domain::Person, b"P1").unwrap(), first);
    }

    #[test]
    fn open_modes_and_short_keys_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (keys, dir) = (folder.path().join("keys"), folder.path().join("installation"));
        let ring = Keyring::open(&keys, &school(), &dir).unwrap();
        let path = ring.path(year("2025-26"));
        fs::write(&path, [1; 32]).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = ring.check_value(year("2025-26")).unwrap_err();
        assert!(error.to_string().contains("chmod 400"), "{error}");
        fs::write(&path, [1; 31]).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(ring.check_value(year("2025-26")).unwrap_err().kind(), Kind::Corrupt);
        fs::set_permissions(&keys, fs::Permissions::from_mode(0o755)).unwrap();
        let error = Keyring::open(&keys, &school(), &dir).unwrap_err();
        assert!(error.to_string().contains("chmod 700"), "{error}");
    }
}
