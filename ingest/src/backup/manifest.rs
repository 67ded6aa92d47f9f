//! What a back-up consists of.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::copying;
use crate::error::{Error, Kind, at};
use crate::retention::below;

/// Name of the manifest in a back-up's folder.
const MANIFEST: &str = "manifest.json";
/// Name of the file with the manifest's own hash.
const SEAL: &str = "manifest.blake3";
const SCHEMA: &str = "watershed.backup/1";

/// One file of a back-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Path below the back-up's folder, `/` between.
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// BLAKE3, 64 hex digits.
    pub blake3: String,
}

/// How far a school's deletion log had come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestSchool {
    /// Short name.
    pub id: String,
    /// Newest entry of its deletion log; 0 for none.
    pub deletion_entries: i64,
    /// Hash of that entry.
    pub deletion_head: String,
}

/// A back-up's table of contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Shape of this file.
    pub schema: String,
    /// When the back-up was begun; UTC.
    pub made_utc: String,
    /// Schools.
    pub schools: Vec<ManifestSchool>,
    /// Files, in the order of their paths.
    pub files: Vec<ManifestFile>,
}

/// A file that is not as the manifest says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// It is not there.
    Missing(String),
    /// Its size or its bytes are others.
    Changed(String),
    /// The manifest does not name it.
    Extra(String),
}

impl std::fmt::Display for Difference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (path, is) = match self {
            Self::Missing(path) => (path, "is missing"),
            Self::Changed(path) => (path, "is not the file that was backed up"),
            Self::Extra(path) => (path, "was not backed up"),
        };
        write!(formatter, "{path} {is}")
    }
}

impl Manifest {
    pub(super) fn new(schools: Vec<ManifestSchool>, mut files: Vec<ManifestFile>) -> Self {
        files.sort_by(|left, right| left.path.cmp(&right.path));
        let made_utc = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Self { schema: SCHEMA.to_owned(), made_utc, schools, files }
    }

    /// Writes manifest and seal, on the disk when it returns.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::new(Kind::Bug, "a manifest cannot be written").because(error))?;
        copying::write(&folder.join(MANIFEST), text.as_bytes())?;
        copying::write(&folder.join(SEAL), seal(text.as_bytes()).as_bytes())
    }

    /// Reads a back-up's manifest.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when there is none: the folder is no back-up, or one that was interrupted;
    /// [`Kind::Corrupt`] when it does not fit its seal.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(MANIFEST);
        let text = fs::read(&path);
        let (Ok(text), Ok(sealed)) = (text, fs::read(folder.join(SEAL))) else {
            return Err(Error::new(
                Kind::Configuration,
                format!("{}: no back-up, or one that was interrupted", folder.display()),
            )
            .help("a back-up is whole when manifest.json and manifest.blake3 are there"));
        };
        let damaged =
            || Error::new(Kind::Corrupt, format!("{}: damaged", path.display())).help("use another back-up");
        if sealed != seal(&text).as_bytes() {
            return Err(damaged());
        }
        let manifest: Self = serde_json::from_slice(&text).map_err(|_| damaged())?;
        if manifest.schema != SCHEMA {
            return Err(Error::new(
                Kind::Configuration,
                format!("{}: written by another version", path.display()),
            )
            .help("use the version of the program that wrote it"));
        }
        if manifest.files.iter().any(|file| !is_below(&file.path)) {
            return Err(damaged());
        }
        Ok(manifest)
    }

    /// Reads every byte of a back-up and lists what is not as it was written.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`Kind::Environment`] when a file cannot be read.
    pub fn verify(folder: &Path) -> Result<(Self, Vec<Difference>), Error> {
        let manifest = Self::read(folder)?;
        let mut there: BTreeMap<String, PathBuf> = BTreeMap::new();
        for path in below(folder)? {
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            if name != MANIFEST && name != SEAL {
                there.insert(name, path);
            }
        }
        let mut differences = Vec::new();
        for file in &manifest.files {
            let Some(path) = there.remove(&file.path) else {
                differences.push(Difference::Missing(file.path.clone()));
                continue;
            };
            let is_file = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
            if !is_file || copying::hash(&path)? != (file.bytes, file.blake3.clone()) {
                differences.push(Difference::Changed(file.path.clone()));
            }
        }
        differences.extend(there.into_keys().map(Difference::Extra));
        differences.sort();
        Ok((manifest, differences))
    }
}

fn seal(text: &[u8]) -> String {
    format!("{}\n", blake3::hash(text).to_hex())
}

/// A path that leads nowhere but below the folder.
fn is_below(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    !path.is_empty() && parts.all(|part| matches!(part, std::path::Component::Normal(_)))
}

pub(super) fn entry(folder: &Path, path: &Path, bytes: u64, blake3: String) -> Result<ManifestFile, Error> {
    let path = path.strip_prefix(folder).ok().and_then(Path::to_str);
    let path = path.ok_or_else(|| {
        at(folder, std::io::Error::from(std::io::ErrorKind::InvalidFilename))
            .help("a file's name is not UTF-8; rename it")
    })?;
    Ok(ManifestFile { path: path.to_owned(), bytes, blake3 })
}
