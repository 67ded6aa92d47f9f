//! Dropped files: claimed by rename, so that two runs never read one file and a killed run's files
//! are found again; unpacked by magic; known by content. One of the two modules that touch files.
//!
//! A claimed file lives at `claimed/<claim>/<its path below the inbox>`: the claim's number is
//! unique, so equal names from several folders stand side by side and each keeps its own name,
//! which goes to the vault only.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use away::{move_below, private_folder, prune};
use container::{Container, Ending, Look, Part};

use crate::error::{Error, Kind, at};
use crate::folder;
use crate::school::SchoolRoot;

mod away;
mod compression;
mod container;
mod encoding;
mod fingerprint;
mod workbook;

pub use compression::Limits;
pub use fingerprint::Fingerprint;

/// Longest pause between the two looks at a file's size.
const SECOND_LOOK: Duration = Duration::from_millis(500);

/// Where a file came from and so what becomes of it.
#[derive(Clone)]
enum Origin {
    /// The inbox; the path below it is remembered.
    Inbox { claim: PathBuf, relative: PathBuf },
    /// The command line; read in place and left alone.
    Argument,
}

/// A file that this run alone reads.
pub struct Claimed {
    /// 1-based position on the command line or in the sorted walk of the inbox.
    pub argument: usize,
    /// Sub-folder of the inbox, empty at its top and for files from elsewhere.
    pub folder: String,
    /// 1-based place in the archive or workbook that the file came in.
    pub part: Option<usize>,
    path: PathBuf,
    inside: Inside,
    origin: Origin,
    limits: Limits,
    ended_early: Arc<AtomicBool>,
    replaced: Arc<AtomicBool>,
}

/// What of the file on the disk is read.
#[derive(Clone)]
enum Inside {
    /// All of it.
    Whole,
    /// Nothing: it is a container from which nothing can be had, and why.
    Broken(&'static str),
    /// A member of an archive or a sheet of a workbook.
    Part { name: String, part: Part, container: Arc<Container> },
}

impl std::fmt::Debug for Claimed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Claimed(file {}, name withheld)", self.argument)
    }
}

impl Claimed {
    fn new(path: PathBuf, origin: Origin) -> Self {
        let folder = match &origin {
            Origin::Inbox { relative, .. } => {
                relative.parent().map(|folder| folder.to_string_lossy().into_owned()).unwrap_or_default()
            }
            Origin::Argument => String::new(),
        };
        Self {
            argument: 0,
            folder,
            part: None,
            path,
            inside: Inside::Whole,
            origin,
            limits: Limits::DEFAULT,
            ended_early: Arc::new(AtomicBool::new(false)),
            replaced: Arc::new(AtomicBool::new(false)),
        }
    }

    /// The files in it, if it is an archive or a workbook; else itself.
    fn parts(self) -> Vec<Self> {
        // Links are refused when they are opened, so they are not followed here either.
        if !fs::symlink_metadata(&self.path).is_ok_and(|found| found.is_file()) {
            return vec![self];
        }
        match container::look(&self.path, self.limits) {
            Look::Plain => vec![self],
            Look::Broken(why) => vec![Self { inside: Inside::Broken(why), ..self }],
            Look::Parts { parts, workbook } => {
                let container = Arc::new(Container::new(parts.len(), workbook));
                let part = |(index, (name, part)): (usize, (String, Part))| Self {
                    argument: self.argument,
                    part: Some(index + 1),
                    limits: self.limits,
                    inside: Inside::Part { name, part, container: Arc::clone(&container) },
                    ..Self::new(self.path.clone(), self.origin.clone())
                };
                parts.into_iter().enumerate().map(part).collect()
            }
        }
    }

    /// Sets other limits on unpacking than the usual ones.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Reads the whole content once: its fingerprint and its length, unpacked and decoded.
    ///
    /// # Errors
    /// [`Kind::Input`] when the file cannot be taken in and should be refused.
    pub fn fingerprint(&self) -> Result<(Fingerprint, u64), Error> {
        self.fingerprint_growing(&[], &mut |_, _| ())
    }

    /// The same, telling on the way what [`Fingerprint::of_growing`] tells.
    ///
    /// # Errors
    /// As [`fingerprint`](Self::fingerprint).
    pub fn fingerprint_growing(
        &self,
        lengths: &[u64],
        begins: &mut dyn FnMut(u64, Fingerprint),
    ) -> Result<(Fingerprint, u64), Error> {
        let mut content = self.open()?;
        Fingerprint::of_growing(&mut content, lengths, begins).map_err(|error| self.unreadable(error))
    }

    /// Bytes of the file as it lies there, packed or not; 0 if it is gone.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        fs::symlink_metadata(&self.path).map_or(0, |found| found.len())
    }

    /// When the file was written last.
    ///
    /// # Errors
    /// [`Kind::Input`] when it is gone, or its date cannot be a date.
    pub fn written(&self) -> Result<jiff::Timestamp, Error> {
        let modified = fs::metadata(&self.path).and_then(|found| found.modified());
        let modified = modified.map_err(|error| self.unreadable(error))?;
        jiff::Timestamp::try_from(modified).map_err(|_| self.input("has an impossible date"))
    }

    /// Opens the content: unpacked, and UTF-16 decoded.
    ///
    /// # Errors
    /// [`Kind::Input`] when it is not a regular file or cannot be opened.
    pub fn open(&self) -> Result<Box<dyn Read + Send>, Error> {
        let found = fs::symlink_metadata(&self.path).map_err(|error| self.unreadable(error))?;
        if found.file_type().is_symlink() {
            return Err(self.input("is a symbolic link").help("drop the file itself, not a link to it"));
        }
        if !found.is_file() {
            return Err(self.input("is not a regular file").help("drop log files only"));
        }
        let file = fs::File::open(&self.path).map_err(|error| self.unreadable(error))?;
        let early = Arc::clone(&self.ended_early);
        let content = match &self.inside {
            Inside::Whole => compression::open(file, self.limits, early),
            Inside::Broken(why) | Inside::Part { part: Part::Unreadable(why), .. } => {
                return Err(self.input(why).help("unpack it, and drop the logs and exports in it"));
            }
            Inside::Part { part: Part::Member(member), .. } => {
                container::open_member(&self.path, member, self.limits, early)
            }
            Inside::Part { part: Part::Sheet(index), .. } => workbook::open_sheet(&self.path, *index),
        };
        content
            .and_then(|content| encoding::open(content, Arc::clone(&self.replaced)))
            .map_err(|error| self.unreadable(error))
    }

    /// Whether packed data broke off in what was read last; the rows before the break count.
    #[must_use]
    pub fn ended_early(&self) -> bool {
        self.ended_early.load(Ordering::Relaxed)
    }

    /// Whether UTF-16 text had halves of characters in what was read last; each was replaced.
    #[must_use]
    pub fn replaced(&self) -> bool {
        self.replaced.load(Ordering::Relaxed)
    }

    /// Turns a failed read of this file into an error that names nothing of it.
    #[must_use]
    pub fn unreadable(&self, error: std::io::Error) -> Error {
        match compression::Refusal::of(&error) {
            Some(compression::Refusal::Bomb) => {
                self.input("swells beyond the limits when unpacked").help(format!(
                    "at most {} GiB and {} times its packed size are read; unpack it yourself if it is a log",
                    self.limits.unpacked_bytes >> 30,
                    self.limits.ratio
                ))
            }
            Some(compression::Refusal::Damaged) => {
                self.input("is packed and its packed data is damaged").help("export or copy it again")
            }
            None => self.input(&format!("cannot be read: {}", error.kind())),
        }
    }

    fn input(&self, what: &str) -> Error {
        Error::new(Kind::Input, format!("file {}{} {what}", self.argument, part_words(self.part)))
    }

    /// Whether the file was dropped in the inbox and so is ours to delete.
    #[must_use]
    pub const fn is_from_inbox(&self) -> bool {
        matches!(self.origin, Origin::Inbox { .. })
    }

    /// The name under which it was dropped. It can hold a pupil's name: for the vault only.
    #[must_use]
    pub fn name_for_vault(&self) -> String {
        let mut whole = match &self.origin {
            Origin::Inbox { relative, .. } => relative.to_string_lossy().into_owned(),
            Origin::Argument => {
                self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
            }
        };
        if let Inside::Part { name, .. } = &self.inside {
            whole.push('/');
            whole.push_str(name);
        }
        whole
    }

    /// Ends a file whose rows are durable: deletes it, or moves it below `keep`. A file from
    /// outside the inbox is left alone. What holds several files ends with the last of them.
    ///
    /// # Errors
    /// [`Kind::Environment`] when the folders do not allow it.
    pub fn finish(self, keep: Option<&Path>) -> Result<(), Error> {
        if let Inside::Part { container, .. } = &self.inside {
            container.keep(keep);
            return self.part_ended(container);
        }
        self.put_away(keep)
    }

    /// One part less of what the file came in; with the last, that ends too.
    fn part_ended(&self, container: &Container) -> Result<(), Error> {
        match container.ended() {
            Ending::Waits => Ok(()),
            Ending::Finished(kept) => self.put_away(kept.as_deref()),
            Ending::Refused(refused, note) if container.is_forgotten() => {
                self.leave_note(&refused, &format!("{note}\n{}", away::NOT_KEPT))?;
                self.put_away(None)
            }
            Ending::Refused(refused, note) => self.put_aside(&refused, &note),
        }
    }

    fn put_away(&self, keep: Option<&Path>) -> Result<(), Error> {
        let Origin::Inbox { claim, relative } = &self.origin else { return Ok(()) };
        match keep {
            Some(folder) => move_below(&self.path, folder, claim, relative)?,
            None => folder::remove_file(&self.path).map_err(|error| at(claim, error))?,
        }
        prune(claim);
        Ok(())
    }

    /// Puts a file away that could not be taken in, with a note beside it that must hold nothing of
    /// its name or text. A file from outside the inbox is left alone.
    ///
    /// # Errors
    /// [`Kind::Environment`] when the folders do not allow it.
    pub fn refuse(self, refused: &Path, note: &str) -> Result<(), Error> {
        if let Inside::Part { container, .. } = &self.inside {
            container.note(refused, format!("part {}: {note}", self.part.unwrap_or_default()));
            return self.part_ended(container);
        }
        self.put_aside(refused, note)
    }

    fn put_aside(&self, refused: &Path, note: &str) -> Result<(), Error> {
        let Origin::Inbox { claim, relative } = &self.origin else { return Ok(()) };
        self.leave_note(refused, note)?;
        move_below(&self.path, refused, claim, relative)?;
        prune(claim);
        Ok(())
    }
}

/// Claims what is to be read now: first what an interrupted run left in `claimed/`, then, in the
/// order of their paths, the files of the inbox that have not changed for `settle`. With `paths`,
/// only those: files in the inbox are claimed, files elsewhere are read in place, folders are walked.
///
/// # Errors
/// [`Kind::Configuration`] when a path does not exist, [`Kind::Environment`] when the inbox cannot be
/// read or is not on one file system with the school's folder.
pub fn gather(root: &SchoolRoot, paths: &[PathBuf], settle: Duration) -> Result<Vec<Claimed>, Error> {
    if root.inbox_is_elsewhere() && !root.inbox().is_dir() {
        return Err(Error::new(Kind::Environment, format!("{}: cannot be reached", root.inbox().display()))
            .help("is the share mounted? `inbox` in watershed.toml names the folder"));
    }
    let mut files = leftovers(root)?;
    if paths.is_empty() {
        let settled = settled(root, settle)?;
        for relative in settled {
            files.extend(claim(root, relative)?);
        }
    } else {
        files = gather_paths(root, paths, files)?;
    }
    for (index, file) in files.iter_mut().enumerate() {
        file.argument = index + 1;
    }
    Ok(files.into_iter().flat_map(Claimed::parts).collect())
}

/// A file to be looked at where it is; nothing is claimed. Of an archive or workbook that is its only
/// file or sheet.
#[must_use]
pub fn in_place(path: &Path) -> Claimed {
    let whole = || Claimed::new(path.to_path_buf(), Origin::Argument);
    let mut parts = whole().parts();
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        _ => Claimed { inside: Inside::Broken("holds several files or sheets"), ..whole() },
    }
}

/// Which part of a file is meant, for messages.
#[must_use]
pub fn part_words(part: Option<usize>) -> String {
    part.map_or_else(String::new, |part| format!(", part {part}"))
}

/// How many files of the inbox are still changing, or changed too recently to be claimed.
///
/// # Errors
/// [`Kind::Environment`] when the inbox cannot be read.
pub fn unsettled(root: &SchoolRoot, settle: Duration) -> Result<usize, Error> {
    let now = SystemTime::now();
    Ok(walk(&root.inbox())?.iter().filter(|file| !file.is_settled(now, settle)).count())
}

fn gather_paths(root: &SchoolRoot, paths: &[PathBuf], mut left: Vec<Claimed>) -> Result<Vec<Claimed>, Error> {
    let inbox = absolute(&root.inbox());
    let mut files = Vec::new();
    for (index, path) in paths.iter().enumerate() {
        let below_inbox = absolute(path).strip_prefix(&inbox).ok().map(Path::to_path_buf);
        // A run that was killed may have claimed it already.
        let before = left.len();
        if let Some(named) = &below_inbox {
            files.extend(left.extract_if(
                ..,
                |file| matches!(&file.origin, Origin::Inbox { relative, .. } if relative.starts_with(named)),
            ));
            if left.len() < before && fs::symlink_metadata(path).is_err() {
                continue;
            }
        }
        let found = fs::symlink_metadata(path).map_err(|error| {
            Error::new(Kind::Configuration, format!("argument {}: {}", index + 1, error.kind()))
                .help("name files or folders that exist; without any, the inbox is read")
        })?;
        let members = if found.is_dir() {
            walk(path)?.into_iter().map(|file| path.join(file.relative)).collect()
        } else {
            vec![path.clone()]
        };
        for member in members {
            match absolute(&member).strip_prefix(&inbox) {
                Ok(relative) => files.extend(claim(root, relative.to_path_buf())?),
                Err(_) => files.push(Claimed::new(member, Origin::Argument)),
            }
        }
    }
    Ok(files)
}

/// The path with its folder's links resolved but not its own, so that a link is seen as one.
fn absolute(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let resolved = match (whole.parent().map(fs::canonicalize), whole.file_name()) {
        (Some(Ok(parent)), Some(name)) => parent.join(name),
        _ => whole,
    };
    if resolved.is_dir() && !resolved.is_symlink() {
        fs::canonicalize(&resolved).unwrap_or(resolved)
    } else {
        resolved
    }
}

/// One entry of a walk.
struct Entry {
    relative: PathBuf,
    bytes: u64,
    changed: SystemTime,
}

impl Entry {
    fn is_settled(&self, now: SystemTime, settle: Duration) -> bool {
        settle.is_zero() || now.duration_since(self.changed).is_ok_and(|age| age >= settle)
    }
}

/// Everything below a folder that is not a folder, sorted; names that begin with a dot are what
/// copying programs call unfinished files.
fn walk(top: &Path) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let listing = match fs::read_dir(top.join(&folder)) {
            Ok(listing) => listing,
            Err(error) if folder.as_os_str().is_empty() && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(entries);
            }
            Err(error) => return Err(at(top, error)),
        };
        for entry in listing {
            let entry = entry.map_err(|error| at(top, error))?;
            let name = entry.file_name();
            if name.as_encoded_bytes().first() == Some(&b'.') {
                continue;
            }
            let relative = folder.join(name);
            // Gone between the listing and now: somebody else's file, not ours to report.
            let Ok(found) = fs::symlink_metadata(top.join(&relative)) else { continue };
            if found.is_dir() {
                folders.push(relative);
            } else {
                entries.push(Entry { relative, bytes: found.len(), changed: changed(&found) });
            }
        }
    }
    entries.sort_by(|left, right| left.relative.cmp(&right.relative));
    Ok(entries)
}

/// When content or size last changed. Copying programs set the modification time back to the
/// original's; the change time of the inode they cannot.
fn changed(found: &fs::Metadata) -> SystemTime {
    let modified = found.modified().unwrap_or(UNIX_EPOCH);
    #[cfg(unix)]
    let modified = {
        use std::os::unix::fs::MetadataExt as _;
        let seconds = u64::try_from(found.ctime()).unwrap_or(0);
        modified.max(UNIX_EPOCH + Duration::from_secs(seconds))
    };
    modified
}

/// The inbox's files that were quiet for `settle` and had one size in two looks.
fn settled(root: &SchoolRoot, settle: Duration) -> Result<Vec<PathBuf>, Error> {
    let now = SystemTime::now();
    let mut quiet = walk(&root.inbox())?;
    quiet.retain(|file| file.is_settled(now, settle));
    if quiet.is_empty() {
        return Ok(Vec::new());
    }
    std::thread::sleep(settle.min(SECOND_LOOK));
    quiet.retain(|file| {
        fs::symlink_metadata(root.inbox().join(&file.relative))
            .is_ok_and(|found| found.len() == file.bytes && changed(&found) == file.changed)
    });
    Ok(quiet.into_iter().map(|file| file.relative).collect())
}

/// Renames one file of the inbox into a claim of its own; none if somebody took it away meanwhile.
fn claim(root: &SchoolRoot, relative: PathBuf) -> Result<Option<Claimed>, Error> {
    let claim = new_claim(&root.claimed())?;
    let path = claim.join(&relative);
    if let Some(parent) = path.parent() {
        private_folder(parent)
            .map_err(|error| Error::new(error.kind(), format!("{}: cannot be written", claim.display())))?;
    }
    match fs::rename(root.inbox().join(&relative), &path) {
        Ok(()) => Ok(Some(Claimed::new(path, Origin::Inbox { claim, relative }))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            prune(&claim);
            Ok(None)
        }
        Err(error) => {
            prune(&claim);
            Err(at(&root.inbox(), error)
                .help("the inbox must be writable, and if it is the school's own, on one file system with the school's folder"))
        }
    }
}

/// A folder that did not exist before, named by the clock so that claims sort by age.
fn new_claim(claimed: &Path) -> Result<PathBuf, Error> {
    private_folder(claimed)?;
    let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
    for attempt in 0..1_000 {
        let folder = claimed.join(format!("{:016x}", nanoseconds.wrapping_add(attempt)));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(at(claimed, error)),
        }
    }
    Err(Error::new(Kind::Environment, format!("{}: no free name for a claim", claimed.display())))
}

/// What an interrupted run claimed and did not finish, oldest claim first.
fn leftovers(root: &SchoolRoot) -> Result<Vec<Claimed>, Error> {
    let claimed = root.claimed();
    let mut files = Vec::new();
    let mut claims: Vec<PathBuf> = match fs::read_dir(&claimed) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(at(&claimed, error)),
    };
    claims.sort();
    for claim in claims {
        let members = walk_claim(&claim);
        if members.is_empty() {
            // Killed between making the folder and the rename.
            prune(&claim);
        }
        for relative in members {
            files.push(Claimed::new(claim.join(&relative), Origin::Inbox { claim: claim.clone(), relative }));
        }
    }
    Ok(files)
}

/// Like [`walk`], but with every name: whatever was claimed belongs to the claim.
fn walk_claim(claim: &Path) -> Vec<PathBuf> {
    let mut members = Vec::new();
    let mut folders: Vec<OsString> = vec![OsString::new()];
    while let Some(folder) = folders.pop() {
        let Ok(listing) = fs::read_dir(claim.join(&folder)) else { continue };
        for entry in listing.flatten() {
            let relative = Path::new(&folder).join(entry.file_name());
            debug_assert!(relative.components().all(|part| matches!(part, Component::Normal(_))));
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(relative.into_os_string());
            } else {
                members.push(relative);
            }
        }
    }
    members.sort();
    members
}

#[cfg(test)]
mod container_tests;
#[cfg(test)]
mod tests;
