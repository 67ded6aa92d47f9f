//! A school's pseudonym keys, one per academic year, outside everything that is backed up or shared.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
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
}

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
        Ok(Self { inner: Arc::new(Inner { dir: place, school: school.clone(), years: Mutex::default() }) })
    }

    /// The file of a year's key.
    #[must_use]
    pub fn path(&self, year: AcademicYear) -> PathBuf {
        self.inner.dir.join(format!("{}-{year}.key", self.inner.school))
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

    fn read_or_make(&self, year: AcademicYear) -> Result<hmac::Key, Error> {
        let path = self.path(year);
        match read(&path) {
            Ok(key) => key,
            Err(error) if error.kind() == ErrorKind::NotFound => {
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
    fn open_modes_and_short_keys_are_refused() {
        use std::os::unix::fs::PermissionsExt;
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
