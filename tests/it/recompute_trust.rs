//! Five schools of one trust, from dropped logs to what is compared across them (OB8, bands side by side), and what
//! staff override (OB4); every figure again by another way.

use std::path::Path;
use std::process::Command;

use super::support::{json, out, python, run, watershed};

const SCHOOLS: [&str; 5] = ["ash", "birch", "cedar", "elm", "fir"];
const PERIOD: [&str; 2] = ["--period", "2025-autumn"];

/// The installation below a folder, asked about a school.
fn ask(folder: &Path, school: &str, arguments: &[&str]) -> Command {
    let mut command = watershed();
    command.arg("--dir").arg(folder.join("installation")).args(["--school", school]).args(arguments);
    command
}

/// A school with its roster, its autumn, and a governors' set that the head approved.
fn set_up(folder: &Path, school: &str) {
    let mut init =
        ask(folder, school, &["init", "--name", school, "--phase", "secondary", "--roll", "160", "--yes"]);
    init.arg("--dsl-key")
        .arg(folder.join("dsl.pub"))
        .arg("--pseudonym-key-dir")
        .arg(folder.join("keys").join(school));
    out(&mut init);
    let settings = folder.join("installation/schools").join(school).join("settings");
    std::fs::create_dir_all(&settings).unwrap();
    std::fs::copy(folder.join("sites.csv"), settings.join("sites.csv")).unwrap();
    let people = folder.join(format!("people-{school}.csv"));
    out(ask(folder, school, &["people", "import", "--year", "2025-26"]).arg(people));
    let taken_in = run(ask(folder, school, &["ingest"]).arg(folder.join(format!("log-{school}.csv"))));
    assert!(matches!(taken_in.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&taken_in.stderr));
    let sealed = run(&mut ask(
        folder,
        school,
        &["publish", "--audience", "governors", PERIOD[0], PERIOD[1], "--approver", "headteacher"],
    ));
    assert!(sealed.status.success(), "{}", String::from_utf8_lossy(&sealed.stderr));
}

#[test]
fn five_schools_beside_each_other_are_those_of_another_program() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    python("trust_school.py", &[folder]);
    std::fs::write(folder.join("passphrase"), "correct horse battery staple\n").unwrap();
    let mut keys = watershed();
    keys.args(["keys", "new", "--out"]).arg(folder.join("dsl"));
    out(keys.arg("--passphrase-file").arg(folder.join("passphrase")));
    for school in SCHOOLS {
        set_up(folder, school);
    }
    // Overrides are about staff: asked by somebody who sees what concerns them.
    std::fs::write(folder.join("password"), "tulip anchor seven\n").unwrap();
    let mut add = ask(folder, "ash", &["accounts", "add", "hilary", "--role", "head", "--person", "S0"]);
    out(add.arg("--password-file").arg(folder.join("password")));

    let figures = folder.join("figures");
    std::fs::create_dir(&figures).unwrap();
    let save = |name: &str, command: &mut Command| {
        let told = json(command);
        std::fs::write(figures.join(format!("{name}.json")), told.to_string()).unwrap();
        told
    };
    for school in SCHOOLS {
        let table = ["overblocking", "--table", "differential", PERIOD[0], PERIOD[1], "--format", "json"];
        let told = save(&format!("differential-{school}"), &mut ask(folder, school, &table));
        assert_eq!(told["cells"][0]["schools"], 4, "{told}");
        let id = format!("{school}-2025-autumn-governors");
        save(
            &format!("set-{school}"),
            &mut ask(folder, school, &["releases", "show", &id, "--format", "json"]),
        );
    }
    let table =
        ["overblocking", "--table", "overrides", PERIOD[0], PERIOD[1], "--as", "hilary", "--format", "json"];
    save("overrides", &mut ask(folder, "ash", &table));
    let mut compare = watershed();
    compare.arg("--dir").arg(folder.join("installation"));
    save("comparison", compare.args(["releases", "compare", PERIOD[0], PERIOD[1], "--format", "json"]));
    let schools = folder.join("installation/schools");
    println!("{}", python("recompute_trust.py", &[&schools, &figures, Path::new("ash")]));
}
