//! The program on a disk that can be made to fail: `disk.c` stands between the two.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::support::{root, watershed};

/// Calls that change what is on the disk.
pub(crate) const CHANGES: u32 = 1;
/// Those of them that a full disk refuses.
pub(crate) const SPACE: u32 = 2;
/// Opening a file to read it, and reading.
pub(crate) const READS: u32 = 4;
/// Opening a file for whatever.
pub(crate) const OPENS: u32 = 8;

/// What happens to one call, as `disk.c` names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// `once`, `on`, `short`, `kill`, `torn`.
    pub(crate) deed: &'static str,
    /// Which calls are counted.
    pub(crate) which: u32,
    /// Errno of the failure.
    pub(crate) error: i32,
}

/// The library of `disk.c`, built once for all tests of this process.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| build("disk"))
}

/// The library of a C file beside this one.
pub(crate) fn build(name: &str) -> PathBuf {
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.so", std::process::id()));
    let output = Command::new("cc")
        .args(["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(root().join("tests/it").join(format!("{name}.c")))
        .output()
        .expect("a C compiler, as README.md says");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}

/// `watershed` with `disk.c` between it and a folder.
pub(crate) fn on_disk(folder: &Path) -> Command {
    let mut command = watershed();
    command.env("LD_PRELOAD", library()).env("DISK_ROOT", folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The same with a fault at the n-th call.
pub(crate) fn faulty(folder: &Path, fault: Fault, at: usize) -> Command {
    let mut command = on_disk(folder);
    command.env("DISK_DEED", fault.deed).env("DISK_AT", at.to_string());
    command.env("DISK_WHICH", fault.which.to_string()).env("DISK_ERROR", fault.error.to_string());
    command
}

/// One change of the disk, or a moment of the program.
#[derive(Debug)]
pub(crate) struct Operation {
    /// The letter of `disk.c`.
    pub(crate) what: char,
    /// How many calls were counted, with this one.
    pub(crate) point: usize,
    /// Place of a write, length of a cut.
    pub(crate) number: usize,
    /// The file; of a rename or a link the old name.
    pub(crate) path: PathBuf,
    /// The new name.
    pub(crate) new: PathBuf,
    /// What was written.
    pub(crate) bytes: Vec<u8>,
}

/// Reads what `disk.c` wrote down.
pub(crate) fn operations(log: &Path) -> Vec<Operation> {
    let log = std::fs::read(log).unwrap();
    let mut rest = log.as_slice();
    let mut operations = Vec::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').expect("a line");
        let line = std::str::from_utf8(&rest[..end]).unwrap();
        let mut parts = line.splitn(5, ' ');
        let what = parts.next().unwrap().chars().next().unwrap();
        let mut number = || parts.next().unwrap().parse::<usize>().unwrap();
        let (point, place, length) = (number(), number(), number());
        let (path, new) = line
            .splitn(5, ' ')
            .last()
            .map_or(("", ""), |names| names.split_once('\t').unwrap_or((names, "")));
        let bytes = rest[end + 1..end + 1 + length].to_vec();
        rest = &rest[end + 1 + length..];
        let (path, new) = (PathBuf::from(path), PathBuf::from(new));
        operations.push(Operation { what, point, number: place, path, new, bytes });
    }
    operations
}

/// How many calls of a kind a command makes that ended well.
pub(crate) fn counted(log: &Path) -> usize {
    operations(log).iter().filter(|operation| operation.what == 'N').map(|end| end.point).sum()
}
