//! Looks for the word `zqmark` in all that a program says and leaves behind: as it is, in capitals, as hexadecimal digits
//! and in Base64.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use aho_corasick::AhoCorasick;

use super::night::Night;
use super::support::{files_below, python, watershed};

/// Everything that was said, and where the mark was found.
pub(crate) struct Search {
    marks: AhoCorasick,
    found: Vec<String>,
    looked: usize,
}

impl Search {
    pub(crate) fn new() -> Self {
        // `zqmark` as text, as hexadecimal digits, and at each of the three places of Base64.
        let forms = ["zqmark", "7a716d61726b", "enFtYXJr", "pxbWFya", "6cW1hcm"];
        let marks = AhoCorasick::builder().ascii_case_insensitive(true).build(forms).unwrap();
        Self { marks, found: Vec::new(), looked: 0 }
    }

    pub(crate) fn look(&mut self, place: &str, bytes: &[u8]) {
        self.looked += 1;
        if let Some(found) = self.marks.find(bytes) {
            let from = found.start().saturating_sub(60);
            let to = (found.end() + 60).min(bytes.len());
            let around = String::from_utf8_lossy(&bytes[from..to]).replace('\n', " ");
            self.found.push(format!("{place}: ...{around}..."));
        }
    }

    pub(crate) fn said(&mut self, what: &str, output: &Output) {
        self.look(&format!("standard output of {what}"), &output.stdout);
        self.look(&format!("standard error of {what}"), &output.stderr);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            !error.contains("panicked") && !error.contains("by a mistake of the program"),
            "{what}: {error}"
        );
    }

    /// Every file below a folder but those that hold it by design.
    pub(crate) fn files(&mut self, what: &str, folder: &Path, but: &[&Path]) {
        for path in files_below(folder) {
            if but.iter().any(|folder| path.starts_with(folder)) {
                continue;
            }
            self.look(
                &format!("{what}: the name of {}", path.display()),
                path.as_os_str().as_encoded_bytes(),
            );
            self.look(&format!("{what}: {}", path.display()), &std::fs::read(&path).unwrap());
        }
    }

    pub(crate) fn nothing(&self) {
        assert!(self.looked > 8, "nothing was looked at");
        assert!(self.found.is_empty(), "{} places:\n{}", self.found.len(), self.found.join("\n"));
    }
}

/// A school with temporaries of its own.
pub(crate) struct School {
    pub(crate) night: Night,
    pub(crate) temporary: PathBuf,
}

impl School {
    pub(crate) fn new() -> Self {
        let night = Night::new();
        for mut command in night.set_up(&watershed) {
            assert!(command.output().unwrap().status.success(), "{command:?}");
        }
        let temporary = night.beside("temporary");
        std::fs::create_dir(&temporary).unwrap();
        Self { night, temporary }
    }

    pub(crate) fn program(&self) -> Command {
        let mut program = watershed();
        program.env("WATERSHED_LOG", "trace,h2=warn").env("TMPDIR", &self.temporary);
        program.stdin(Stdio::null());
        program
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.night.command(self.program(), arguments).output().unwrap()
    }

    /// Looks through the installation and the folder of temporaries; answers the lake spelt out.
    pub(crate) fn search(&self, search: &mut Search, what: &str) -> String {
        let root = self.night.root();
        search.files(what, &self.night.disk(), &[&root.vault(), &root.refused(), &root.inbox()]);
        search.files(what, &self.temporary, &[]);
        // Pages of the lake are compressed: as bytes they would hide what they hold.
        let spelt = python("spell.py", &[&root.lake()]);
        search.look(&format!("{what}: the lake spelt out"), spelt.as_bytes());
        spelt
    }

    pub(crate) fn key(&self) -> [String; 4] {
        let place = |path: PathBuf| path.to_string_lossy().into_owned();
        [
            "--key".to_owned(),
            place(self.night.disk().join("dsl.key")),
            "--passphrase-file".to_owned(),
            place(self.night.beside("passphrase")),
        ]
    }
}
