//! A night of two small files in a school of its own, and all that can be compared of it afterwards.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use arrow::util::display::array_value_to_string;
use ingest::keys::PrivateKey;
use ingest::lake::Lake;
use ingest::schema::TABLES;
use ingest::school::{SchoolId, SchoolRoot};
use ingest::vault::{Selection, VaultReader};
use jiff::civil::Date;
use tempfile::TempDir;

use super::crash::copy;

const SCHOOL: &str = "st-a";
const PASSPHRASE: &str = "correct horse battery staple";

/// What an installation holds, by table, kind of sealed row, or folder.
pub(crate) type Contents = BTreeMap<String, Vec<String>>;

/// A folder `disk` with keys and an installation in it, and saved copies of it beside.
pub(crate) struct Night {
    folder: TempDir,
}

impl Night {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self::of(tempfile::tempdir().unwrap())
    }

    /// The same in the build's folder, for what all tests of a file share; the one of the last run goes.
    pub(crate) fn shared(name: &str) -> Self {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
        if place.join(name).exists() {
            std::fs::remove_dir_all(place.join(name)).unwrap();
        }
        Self::of(tempfile::Builder::new().prefix(name).rand_bytes(0).tempdir_in(place).unwrap())
    }

    fn of(folder: TempDir) -> Self {
        std::fs::create_dir(folder.path().join("disk")).unwrap();
        std::fs::write(folder.path().join("passphrase"), format!("{PASSPHRASE}\n")).unwrap();
        Self { folder }
    }

    /// The folder that the program changes.
    pub(crate) fn disk(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// A place beside it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Keeps the folder as it is.
    pub(crate) fn save(&self, name: &str) {
        copy(&self.disk(), &self.beside(name));
    }

    /// Puts back what was kept.
    pub(crate) fn restore(&self, name: &str) {
        std::fs::remove_dir_all(self.disk()).unwrap();
        copy(&self.beside(name), &self.disk());
        // A pseudonym key is readable for its owner only, and copying keeps that; folders do not.
        self.private(&self.disk().join("pseudonym-keys"));
    }

    /// What the program asks of a folder of keys.
    pub(crate) fn private(&self, folder: &Path) {
        use std::os::unix::fs::PermissionsExt as _;
        if folder.exists() {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
    }

    /// The commands that set a school up: keys, installation, roster. The last reads `people.csv`.
    pub(crate) fn set_up(&self, program: &dyn Fn() -> Command) -> [Command; 3] {
        let disk = self.disk();
        let passphrase = self.beside("passphrase");
        let mut keys = program();
        keys.args(["keys", "new", "--out"]).arg(disk.join("dsl")).arg("--passphrase-file").arg(&passphrase);
        let mut init = self.command(program(), &["init", "--name", "St Anne's", "--phase", "secondary"]);
        init.args(["--roll", "300", "--yes", "--settle-seconds", "0", "--dsl-key"]).arg(disk.join("dsl.pub"));
        init.arg("--pseudonym-key-dir").arg(disk.join("pseudonym-keys"));
        let mut people = self.command(program(), &["people", "import", "--year", "2025-26"]);
        people.arg(disk.join("people.csv"));
        std::fs::write(
            disk.join("people.csv"),
            "person_key,accounts,year,role,mis_name\nP1,ajones,9,pupil,Alice Jones\nP2,bsmith,10,pupil,Ben Smith\n",
        )
        .unwrap();
        [keys, init, people]
    }

    /// Drops a log with a blocked attempt and a damaged line, and an export of incidents.
    pub(crate) fn drop_files(&self) {
        let line = |second: u32, result: &str, user: &str, host: &str| {
            format!(
                "17597376{second:02}.250    120 10.1.2.3 {result} 4512 GET http://{host}/page?x=1 {user} HIER_DIRECT/192.0.2.7 text/html\n"
            )
        };
        let log = [
            line(0, "TCP_MISS/200", "ajones", "www.example.com"),
            line(1, "TCP_MISS/200", "bsmith", "news.example.org"),
            line(40, "TCP_DENIED/403", "ajones", "games.example.net"),
            line(50, "TCP_MISS/200", "bsmith", "www.example.com"),
            "1759737604.5 cut\n".to_owned(),
        ];
        let incidents = "Student,Date,Category,Incident,Status,Linked Students\n\
             Alice Jones,16/10/2025 11:20,Bullying,said so,Open,Ben Smith\n";
        let inbox = self.root().inbox();
        std::fs::write(inbox.join("proxy.log"), log.concat()).unwrap();
        std::fs::write(inbox.join("incidents.csv"), incidents).unwrap();
    }

    /// A command about the school.
    pub(crate) fn command(&self, mut program: Command, arguments: &[&str]) -> Command {
        program.arg("--dir").arg(self.dir()).args(["--school", SCHOOL]).args(arguments);
        program
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.disk().join("installation")
    }

    pub(crate) fn root(&self) -> SchoolRoot {
        SchoolRoot::new(&self.dir(), &SchoolId::parse(SCHOOL).unwrap())
    }

    /// Rows of the lake and of the vault.
    pub(crate) fn stored(&self) -> Contents {
        let mut contents = Contents::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for table in TABLES {
            // As any reader of Delta sees it: also what an unfinished import left.
            let snapshot = runtime
                .block_on(async { Lake::open(&self.root()).await.unwrap().snapshot(table).await })
                .unwrap();
            let mut rows = Vec::new();
            for file in &snapshot.files {
                snapshot
                    .read(file, None, &mut |batch| {
                        rows.extend((0..batch.num_rows()).map(|row| {
                            let cells = batch
                                .schema()
                                .fields()
                                .iter()
                                .zip(batch.columns())
                                .filter_map(|(field, column)| {
                                    let cell = array_value_to_string(column, row).unwrap();
                                    (field.name() != "imported_utc")
                                        .then(|| format!("{}={cell}", field.name()))
                                })
                                .collect::<Vec<_>>();
                            cells.join(" ")
                        }));
                        Ok(())
                    })
                    .unwrap();
            }
            rows.sort();
            contents.insert(table.name.to_owned(), rows);
        }
        self.sealed(&mut contents);
        contents
    }

    fn sealed(&self, contents: &mut Contents) {
        let key = std::fs::read_to_string(self.disk().join("dsl.key")).unwrap();
        let key = PrivateKey::open(&key, PASSPHRASE).unwrap();
        let school = SchoolId::parse(SCHOOL).unwrap();
        let vault = self.root().vault();
        let reader = VaultReader::open(&vault, &school, &key);
        let all = Selection { from: Date::MIN, to: Date::MAX, actor: None, between_us: None };
        let (mut requests, mut incidents, mut rejects, mut words) = (vec![], vec![], vec![], vec![]);
        reader
            .requests(&all, &mut |row| {
                let address = row.whole_address();
                let (number, who) = (row.record_number, &row.user_written);
                requests.push(format!("{} {number} {:?} {who:?} {address:?}", row.import_token, row.actor));
                Ok(())
            })
            .unwrap();
        reader
            .incidents(&all, &mut |row| {
                let (written, text) = (&row.subject_written, &row.narrative);
                incidents.push(format!("{} {:?} {written:?} {text:?}", row.incident, row.subject));
                Ok(())
            })
            .unwrap();
        reader
            .rejects(&all, &mut |row| {
                rejects.push(format!("{} {:?}", row.record_number, row.raw));
                Ok(())
            })
            .unwrap();
        reader
            .words(&all, &mut |row| {
                words.push(row.words.to_string());
                Ok(())
            })
            .unwrap();
        for (name, mut rows) in
            [("requests", requests), ("incidents", incidents), ("rejects", rejects), ("words", words)]
        {
            rows.sort();
            contents.insert(format!("vault {name}"), rows);
        }
        // An unfinished file of the vault would be in this list.
        contents.insert("vault files".to_owned(), files(&vault).into_keys().collect());
    }

    /// All that an undisturbed run and one that was disturbed and repeated must agree in: lake, vault,
    /// state, and what is left of the dropped files.
    pub(crate) fn contents(&self) -> Contents {
        let mut contents = self.stored();
        let state = rusqlite::Connection::open(self.root().state()).unwrap();
        let names = |query: &str, column: usize| -> Vec<String> {
            let mut statement = state.prepare(query).unwrap();
            statement.query_map([], |row| row.get(column)).unwrap().map(Result::unwrap).collect()
        };
        for table in names("SELECT name FROM sqlite_master WHERE type = 'table'", 0) {
            let columns = names(&format!("PRAGMA table_info({table})"), 1);
            let columns: Vec<_> = columns.iter().filter(|name| !name.ends_with("_utc")).collect();
            // Hashes under a key that the run itself made; two runs make two.
            let cell = |name: &&String| match name.as_str() {
                "chain" => "length(chain)".to_owned(),
                name => format!("quote({name})"),
            };
            let cells: Vec<_> = columns.iter().map(cell).collect();
            let rows = names(&format!("SELECT {} FROM {table} ORDER BY 1", cells.join(" || ' ' || ")), 0);
            contents.insert(format!("state {table}"), rows);
        }
        for (name, folder) in [
            ("inbox", self.root().inbox()),
            ("claimed", self.root().claimed()),
            ("refused", self.root().refused()),
        ] {
            let left = files(&folder).into_iter().map(|(path, bytes)| format!("{path} {bytes}")).collect();
            contents.insert(name.to_owned(), left);
        }
        contents
    }
}

/// Every file below a folder with its length.
fn files(folder: &Path) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(here) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&here) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::metadata(&path).unwrap().len() as usize;
                found.insert(path.strip_prefix(folder).unwrap().to_string_lossy().into_owned(), bytes);
            }
        }
    }
    found
}

/// Where two differ, for a message.
pub(crate) fn difference(expected: &Contents, found: &Contents) -> Option<String> {
    let names: std::collections::BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    names
        .into_iter()
        .find(|name| expected.get(*name) != found.get(*name))
        .map(|name| format!("{name}:\n  expected {:?}\n  found    {:?}", expected.get(name), found.get(name)))
}
