//! Power is cut: what was reported is there, on a disk that kept only what was flushed to it.
//!
//! `disk.c` writes down every change that the program makes. [`Disk`] plays them again and knows of each
//! byte and each name whether it was flushed; from that, installations are made as they would be found
//! after a cut, and the program goes on with them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::disk::{Operation, on_disk, operations};
use super::faults::every;
use super::night::{Contents, Night, difference};
use super::support::watershed;

#[derive(Clone, Default)]
struct Content {
    now: Vec<u8>,
    flushed: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    Folder,
    File(usize),
}

/// How a disk may come out of a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// Names whose folder, and bytes whose file, were flushed; nothing else.
    Strict,
    /// Every name, with the bytes that were flushed: a file system that writes names before bytes.
    NamesFirst,
}

/// Files with their names, now and as flushed.
#[derive(Default)]
struct Disk {
    contents: Vec<Content>,
    now: BTreeMap<PathBuf, Entry>,
    flushed: BTreeMap<PathBuf, Entry>,
}

/// What is left: folders, and files with their bytes.
type Remains = BTreeMap<PathBuf, Option<Vec<u8>>>;

impl Disk {
    fn new(root: &Path) -> Self {
        let mut disk = Self::default();
        disk.now.insert(root.to_path_buf(), Entry::Folder);
        disk.flushed = disk.now.clone();
        disk
    }

    /// A file that others put there, long ago.
    fn put(&mut self, path: &Path) {
        let bytes = std::fs::read(path).unwrap();
        let entry = Entry::File(self.contents.len());
        self.contents.push(Content { now: bytes.clone(), flushed: bytes });
        self.now.insert(path.to_path_buf(), entry);
        self.flushed.insert(path.to_path_buf(), entry);
    }

    /// The content of a name; none if it was removed while open.
    fn content(&mut self, path: &Path) -> Option<&mut Content> {
        match self.now.get(path) {
            Some(Entry::File(index)) => self.contents.get_mut(*index),
            _ => None,
        }
    }

    fn play(&mut self, operation: &Operation) {
        let Operation { what, path, new, bytes, number, .. } = operation;
        match what {
            'C' => {
                self.now.insert(path.clone(), Entry::File(self.contents.len()));
                self.contents.push(Content::default());
            }
            'M' => {
                self.now.insert(path.clone(), Entry::Folder);
            }
            'W' => {
                if let Some(content) = self.content(path) {
                    content.now.resize(content.now.len().max(number + bytes.len()), 0);
                    content.now[*number..number + bytes.len()].copy_from_slice(bytes);
                }
            }
            'T' => {
                if let Some(content) = self.content(path) {
                    content.now.resize(*number, 0);
                }
            }
            'S' => {
                if let Some(content) = self.content(path) {
                    content.flushed.clone_from(&content.now);
                }
            }
            'D' => {
                self.flushed.retain(|name, _| name.parent() != Some(path.as_path()));
                let here = self.now.iter().filter(|(name, _)| name.parent() == Some(path.as_path()));
                self.flushed.extend(here.map(|(name, entry)| (name.clone(), *entry)));
            }
            'R' => {
                let entry = self.now.remove(path).expect("a name that is renamed");
                assert!(entry != Entry::Folder, "a folder is renamed, which is not played");
                self.now.insert(new.clone(), entry);
            }
            'L' => {
                let entry = self.now[path];
                self.now.insert(new.clone(), entry);
            }
            'U' | 'X' => {
                self.now.remove(path).expect("a name that is removed");
            }
            'P' | 'N' => {}
            other => panic!("`{other}` is not played"),
        }
    }

    fn remains(&self, cut: Cut) -> Remains {
        let names = if cut == Cut::Strict { &self.flushed } else { &self.now };
        let mut remains = Remains::new();
        // Folders come before what is in them.
        for (path, entry) in names {
            let reachable =
                remains.is_empty() || path.parent().is_some_and(|above| remains.contains_key(above));
            if reachable {
                let bytes = match entry {
                    Entry::Folder => None,
                    Entry::File(index) => Some(self.contents[*index].flushed.clone()),
                };
                remains.insert(path.clone(), bytes);
            }
        }
        remains
    }

    /// Files as the running program sees them that a cut would take away or change.
    fn unsafe_names(&self, root: &Path) -> Vec<PathBuf> {
        let remains = self.remains(Cut::Strict);
        let mut found = Vec::new();
        for (path, entry) in &self.now {
            let same = match entry {
                Entry::Folder => remains.contains_key(path),
                Entry::File(index) => remains.get(path) == Some(&Some(self.contents[*index].now.clone())),
            };
            if !same {
                found.push(path.clone());
            }
        }
        // What was removed and would come back: a journal undoes what it was kept for.
        let back = remains.keys().filter(|path| !self.now.contains_key(*path));
        found.extend(back.filter(|path| path.to_string_lossy().ends_with("-journal")).cloned());
        found.iter().map(|path| path.strip_prefix(root).unwrap().to_path_buf()).collect()
    }
}

/// Makes an installation of what is left.
fn lay_out(night: &Night, remains: &Remains) {
    std::fs::remove_dir_all(night.disk()).unwrap();
    for (path, bytes) in remains {
        match bytes {
            None => std::fs::create_dir(path).unwrap(),
            Some(bytes) => {
                use std::os::unix::fs::OpenOptionsExt as _;
                let mut options = std::fs::OpenOptions::new();
                let mut file = options.write(true).create_new(true).mode(0o600).open(path).unwrap();
                std::io::Write::write_all(&mut file, bytes).unwrap();
            }
        }
    }
    night.private(&night.disk().join("pseudonym-keys"));
}

/// Runs a command and says what it wrote to the disk.
fn watched(night: &Night, mut command: Command) -> Vec<Operation> {
    let log = night.beside("log");
    // The one before is played already.
    let _absent = std::fs::remove_file(&log);
    let output = command.env("DISK_LOG", &log).output().unwrap();
    let ended = output.status.code();
    assert!(matches!(ended, Some(0 | 1)), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    operations(&log)
}

#[test]
fn what_was_reported_is_there_after_a_power_cut() {
    let night = Night::new();
    let root = night.disk();
    let commands = night.set_up(&|| on_disk(&root));
    let mut disk = Disk::new(&root);
    disk.put(&root.join("people.csv"));
    for command in commands {
        let shown = format!("{command:?}");
        for operation in watched(&night, command) {
            disk.play(&operation);
        }
        let mut lost = disk.unsafe_names(&root);
        // A lock says by being held, not by being there.
        lost.retain(|path| !path.ends_with("lock"));
        assert!(lost.is_empty(), "{shown} reported what a power cut would take away: {lost:?}");
    }
    night.drop_files();
    for name in ["proxy.log", "incidents.csv"] {
        disk.put(&night.root().inbox().join(name));
    }

    let operations = watched(&night, night.command(on_disk(&root), &["ingest"]));
    let expected = night.contents();
    assert_eq!((expected["requests"].len(), expected["incidents"].len()), (4, 1));
    let mut found = BTreeSet::new();
    let mut tried = [0, 0];
    let every = every().unwrap_or(operations.len() / 7);
    for (index, operation) in operations.iter().enumerate() {
        disk.play(operation);
        for (which, cut) in [Cut::Strict, Cut::NamesFirst].into_iter().enumerate() {
            let remains = disk.remains(cut);
            // Between two flushes a strict disk stays as it is.
            let is_new = found.insert(digest(&remains));
            if operation.what == 'N' {
                lay_out(&night, &remains);
                let stored = night.stored();
                let of_stored: Contents = expected
                    .iter()
                    .filter(|(name, _)| stored.contains_key(*name))
                    .map(|(name, rows)| (name.clone(), rows.clone()))
                    .collect();
                assert_eq!(difference(&of_stored, &stored), None, "{cut:?}: reported, and lost by a cut");
            } else if !is_new || (index + 3 * which) % every != 0 {
                continue;
            } else {
                lay_out(&night, &remains);
            }
            tried[which] += 1;
            let output = night.command(watershed(), &["ingest"]).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                matches!(output.status.code(), Some(0 | 1)),
                "{cut:?} after {} {}: {said}",
                operation.what,
                operation.path.display()
            );
            assert_eq!(
                difference(&expected, &night.contents()),
                None,
                "{cut:?} after {} {}",
                operation.what,
                operation.path.display()
            );
        }
    }
    println!("{} operations; cuts tried: {} strict, {} names first", operations.len(), tried[0], tried[1]);
}

/// Tells remains apart.
fn digest(remains: &Remains) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    remains.hash(&mut hasher);
    hasher.finish()
}
