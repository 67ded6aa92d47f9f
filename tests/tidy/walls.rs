//! What may call what: the crates' line, both walls, the places that print and write.

use super::demand;
use super::tree::{read, source, sources};

/// Names of the dependencies that a manifest states, of the sections for which `wanted` holds.
fn dependencies(manifest: &str, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let text = read(manifest);
    let mut inside = false;
    let mut names = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            inside = wanted(section.trim_end_matches(']'));
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            let name = line.split(['=', '.', ' ']).next().unwrap();
            names.push(name.trim_matches('"').to_owned());
        }
    }
    names
}

/// Crates that serve or fetch over HTTP.
const HTTP: &[&str] =
    &["axum", "axum-server", "hyper", "reqwest", "tower", "tower-http", "ureq", "actix-web"];
/// Crates that hold tables or the lake.
const DATA: &[&str] = &["arrow", "parquet", "datafusion", "deltalake", "object_store"];

#[test]
fn the_crates_stand_in_a_straight_line() {
    let mut found = Vec::new();
    let mut forbid = |crate_name: &str, names: &[&str], why: &str| {
        let manifest = format!("{crate_name}/Cargo.toml");
        for name in dependencies(&manifest, |section| section.ends_with("dependencies")) {
            if names.contains(&name.as_str()) {
                found.push(format!("{manifest}: {name}: {why}"));
            }
        }
    };
    forbid("ingest", &["query", "reports"], "the line is reports -> query -> ingest");
    forbid("ingest", &["datafusion", "plotters"], "only `query` plans SQL, only `reports` draws");
    forbid("ingest", HTTP, "`ingest` reads files; only `reports` listens");
    forbid("query", &["reports"], "the line is reports -> query -> ingest");
    forbid("query", &["plotters", "resvg"], "only `reports` draws");
    forbid("query", HTTP, "only `reports` listens");
    forbid("reports", DATA, "`reports` sees cleared tables only, never the lake");
    demand(&found, "move the code to the crate whose work it is");
}

#[test]
fn versions_stand_once() {
    let mut found = Vec::new();
    for crate_name in ["ingest", "query", "reports"] {
        let manifest = format!("{crate_name}/Cargo.toml");
        let text = read(&manifest);
        for name in dependencies(&manifest, |section| section.ends_with("dependencies")) {
            let stated = [format!("{name}.workspace = true"), format!("{name} = {{ workspace = true")];
            if !stated.iter().any(|form| text.contains(form.as_str())) {
                found.push(format!("{manifest}: {name}"));
            }
        }
    }
    demand(&found, "state the version in the root Cargo.toml and write `name.workspace = true` here");
}

/// The only files that clear a value for an audience.
const DOORS: &[&str] =
    &["query/src/disclosure/control.rs", "query/src/disclosure/ledger.rs", "query/src/disclosure/ledger/"];

#[test]
fn only_two_places_clear_a_value() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| !DOORS.iter().any(|door| source.path.starts_with(door))) {
        for (line, code) in source.product() {
            if code.contains("cleared(") && !code.contains("fn cleared(") {
                found.push(format!("{}:{line}", source.path));
            }
        }
    }
    demand(
        &found,
        "a figure leaves `query` by `disclosure::control` (staff) or `disclosure::ledger` (sealed sets)",
    );
}

#[test]
fn a_cleared_value_has_no_other_origin() {
    let code = &source("query/src/disclosure/releasable.rs").code;
    let found: Vec<String> =
        ["Deserialize", "Default", "DerefMut", "fn map", "fn new", "pub fn cleared", "pub value"]
            .iter()
            .filter(|form| code.contains(*form))
            .map(|form| format!("query/src/disclosure/releasable.rs: {form}"))
            .collect();
    demand(&found, "each of these would be a further door in wall 2; take it out");
}

/// Types that hold a log's own words before wall 1.
const IDENTIFIED: &[&str] = &[
    "Event",
    "Incident",
    "FilterChange",
    "FilterCheck",
    "Identified",
    "ActorName",
    "DeviceName",
    "Page",
    "Words",
    "PersonName",
    "RecordKey",
    "IncidentText",
    "ChangeText",
    "CheckText",
];
/// What would let such words out.
const WAYS_OUT: &[&str] = &["Serialize", "Display", "Storable", "ToSql", "Deserialize"];

/// Statements of a file: attribute, header or body part, on one line each.
fn statements(code: &str) -> impl Iterator<Item = String> {
    code.split([';', '{', '}']).map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Whether a word stands in a text as a word.
fn has_word(text: &str, word: &str) -> bool {
    text.split(|character: char| !character.is_alphanumeric() && character != '_').any(|part| part == word)
}

#[test]
fn nothing_identified_can_be_stored_or_shown() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| source.path.starts_with("ingest/src/")) {
        for statement in statements(&source.code) {
            let subject = statement.rsplit_once(" struct ").or_else(|| statement.rsplit_once(" enum "));
            let subject = subject
                .map(|(_, rest)| rest)
                .or_else(|| statement.rsplit_once(" for ").map(|(_, rest)| rest));
            let Some(subject) = subject else { continue };
            let name =
                subject.split(|character: char| !character.is_alphanumeric()).next().unwrap_or_default();
            let is_impl = has_word(&statement, "impl");
            if !IDENTIFIED.contains(&name) || (!is_impl && !statement.contains("derive(")) {
                continue;
            }
            let crossed = is_impl && subject.contains("Pseudonymous");
            for way in WAYS_OUT.iter().filter(|way| has_word(&statement, way) && !crossed) {
                found.push(format!("{}: {way} for {name}", source.path));
            }
        }
    }
    demand(&found, "wall 1: what is identified is only sealed; store or show the pseudonymous twin");
}

/// Where the lake's marker is given; a further place would be a further door.
const MARKER: &str = "ingest/src/pseudonymise/mod.rs";

#[test]
fn only_pseudonymise_says_what_may_be_stored() {
    let found: Vec<String> = sources()
        .iter()
        .filter(|source| source.path != MARKER)
        .flat_map(|source| {
            source
                .product()
                .filter(|(_, line)| line.contains("Storable for"))
                .map(|(line, _)| format!("{}:{line}", source.path))
        })
        .collect();
    demand(&found, "only `pseudonymise` marks a type as fit for the lake");
}

/// What knows names in `ingest`; its twins without names are for all.
const KNOWS_NAMES: &[&str] = &[
    "ingest::vault",
    "ingest::fields",
    "ingest::normalise",
    "Identified",
    "ActorName",
    "DeviceName",
    "PersonName",
    "PrivateKey",
];
/// Where the other two crates may name such things.
const MAY_KNOW_NAMES: &[&str] = &[
    // Timelines for a key, a reason and an entry in the audit.
    "query/src/unlock/",
    // Reads the key for it, and makes keys.
    "reports/src/cli/unlock.rs",
    "reports/src/cli/keys.rs",
];

#[test]
fn names_stay_behind_wall_1() {
    let mut found = Vec::new();
    let outside = sources().iter().filter(|source| {
        (source.path.starts_with("query/") || source.path.starts_with("reports/"))
            && !MAY_KNOW_NAMES.iter().any(|place| source.path.starts_with(place))
    });
    for source in outside {
        for (line, code) in source.product() {
            let named = KNOWS_NAMES
                .iter()
                .find(|name| if name.contains(':') { code.contains(*name) } else { has_word(code, name) });
            found.extend(named.map(|name| format!("{}:{line}: {name}", source.path)));
        }
    }
    demand(
        &found,
        "only `query::unlock` reads what names people, with a key, a reason and an entry in the audit",
    );
}

/// Who may write to standard output, and to standard error.
const PRINTERS: &[&str] = &["reports/src/cli/printer.rs"];
/// Who may write to standard error: the printer, the log, and a question asked on a terminal.
const LOGGERS: &[&str] = &["reports/src/cli/printer.rs", "reports/src/cli/mod.rs", "reports/src/cli/init.rs"];

#[test]
fn one_place_prints() {
    let mut found = Vec::new();
    for source in sources() {
        for (line, code) in source.product() {
            let out =
                ["println!", "print!(", "stdout()", "io::stdout"].iter().any(|form| code.contains(form))
                    && !code.contains("eprint");
            let error = ["eprint", "stderr()", "io::stderr"].iter().any(|form| code.contains(form));
            let path = source.path.as_str();
            if (out && !PRINTERS.contains(&path)) || (error && !LOGGERS.contains(&path)) {
                found.push(format!("{path}:{line}"));
            }
        }
    }
    demand(
        &found,
        "print through `reports/src/cli/printer.rs`: JSON output must be one object and nothing else",
    );
}

/// Who may change files, and which.
const WRITERS: &[&str] = &[
    // Claims, put-away and refused sources.
    "ingest/src/inbox.rs",
    "ingest/src/inbox/",
    // The lake and its durable store.
    "ingest/src/lake/",
    "ingest/src/pipeline/",
    // Sealed files.
    "ingest/src/vault/",
    "ingest/src/people.rs",
    // Keys, and the state file's mode.
    "ingest/src/keys.rs",
    "ingest/src/pseudonymise/key.rs",
    "ingest/src/state.rs",
    "ingest/src/school.rs",
    // Folders, durably.
    "ingest/src/folder.rs",
    // What is past its clock goes; back-ups and what comes out of them.
    "ingest/src/retention/disk.rs",
    "ingest/src/backup/",
    // A school's answers to a profile's questions.
    "ingest/src/formats/profile/",
    // Made-up schools.
    "reports/src/sample/",
    // `init`, `keys`, `demo`, `publish`: files that the user named.
    "reports/src/cli/",
];
/// What changes files.
const WRITES: &[&str] = &[
    "fs::write",
    "fs::rename",
    "fs::copy",
    "fs::remove_",
    "fs::create_dir",
    "fs::hard_link",
    "fs::set_permissions",
    "File::create",
    "OpenOptions::",
];

#[test]
fn only_named_places_change_files() {
    let mut found = Vec::new();
    for source in
        sources().iter().filter(|source| !WRITERS.iter().any(|place| source.path.starts_with(place)))
    {
        for (line, code) in source.product() {
            if WRITES.iter().any(|form| code.contains(form)) {
                found.push(format!("{}:{line}", source.path));
            }
        }
    }
    demand(
        &found,
        "let one of the named places write (durably, with the right mode), or name this one in tidy",
    );
}
