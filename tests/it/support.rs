//! The program, a made-up school taken in once, and Python for a second opinion.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The program under test; no settings of the machine reach it.
pub(crate) fn watershed() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watershed"));
    command.env_remove("WATERSHED_DIR").env_remove("WATERSHED_SCHOOL").env_remove("WATERSHED_LOG");
    command
}

/// Runs a command that must end well and returns what it printed.
pub(crate) fn out(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command, whatever its end.
pub(crate) fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

/// The JSON that a command prints.
pub(crate) fn json(command: &mut Command) -> serde_json::Value {
    serde_json::from_str(&out(command)).unwrap()
}

/// The project's folder, asked for when the test runs: a build folder may serve several checkouts.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("run by cargo"))
}

/// Python with the packages of `tests/oracles.txt`, as `tests/run` sets it up.
pub(crate) fn python(script: &str, arguments: &[&Path]) -> String {
    let python = std::env::var("WATERSHED_PYTHON")
        .expect("no second opinion without Python: run `tests/run`, which sets it up and names it in WATERSHED_PYTHON");
    let path = root().join("tests/it").join(script);
    let output = Command::new(python).arg(path).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{script} disagrees:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Both made-up schools, every fourth school day, taken in by `watershed demo`.
pub(crate) struct Demo {
    pub(crate) folder: PathBuf,
    pub(crate) installation: PathBuf,
    /// Everything that `demo` printed.
    pub(crate) printed: String,
}

/// The demo, made once for all tests of this process.
pub(crate) fn demo() -> &'static Demo {
    static DEMO: OnceLock<Demo> = OnceLock::new();
    DEMO.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        let output = watershed().args(["demo", "--every", "4", "--out"]).arg(&folder).output().unwrap();
        let printed =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "the demo failed: {printed}");
        Demo { installation: folder.join("installation"), folder, printed }
    })
}

impl Demo {
    /// A command on one of the schools.
    pub(crate) fn ask(&self, school: &str, arguments: &[&str]) -> Command {
        let mut command = watershed();
        command.arg("--dir").arg(&self.installation).args(["--school", school]).args(arguments);
        command
    }

    /// A school's own folder.
    pub(crate) fn school(&self, school: &str) -> PathBuf {
        self.installation.join("schools").join(school)
    }

    /// What the generator knows.
    pub(crate) fn truth(&self, school: &str) -> PathBuf {
        self.folder.join(format!("truth-{school}.json"))
    }
}

/// All files below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
