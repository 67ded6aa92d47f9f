//! The tables of `trend` by another way: Python over the lake's derived rows, from the definitions, with numpy and
//! scipy; for the demo's schools and for one of two autumns with habits that are known.

use std::path::Path;
use std::process::Command;

use super::support::{demo, out, python, run, watershed};

/// A school, and how its tables are split.
struct Asked<'a> {
    command: &'a dyn Fn() -> Command,
    lake: &'a Path,
    days: &'a [&'a str],
    splits: &'a [&'a str],
    rules: &'a Path,
    rebase: &'a Path,
}

/// Asks every table, and has it computed once more.
fn recomputed(school: &Asked<'_>) {
    let folder = tempfile::tempdir().unwrap();
    let mut asked: Vec<(String, Vec<&str>)> = Vec::new();
    for table in ["pupils", "chart", "steps", "year", "confounders", "persistence", "out-of-hours"] {
        asked.push((table.to_owned(), vec!["--table", table]));
    }
    for by in school.splits {
        for table in ["pupils", "chart", "steps"] {
            asked.push((format!("{table}-{by}"), vec!["--table", table, "--by", by]));
        }
    }
    for measure in ["attempts", "prevalence"] {
        asked.push((format!("chart--{measure}"), vec!["--table", "chart", "--measure", measure]));
        if school.splits.contains(&"theme") {
            let by_theme = vec!["--table", "chart", "--by", "theme", "--measure", measure];
            asked.push((format!("chart-theme-{measure}"), by_theme));
        }
    }
    for (name, arguments) in asked {
        let mut asking = (school.command)();
        asking.args(["trend", "--format", "json"]).args(school.days).args(arguments);
        std::fs::write(folder.path().join(format!("{name}.json")), out(&mut asking)).unwrap();
    }
    println!("{}", python("recompute_trend.py", &[school.lake, folder.path(), school.rules, school.rebase]));
}

fn of_the_demo(school: &str, period: &str) {
    let demo = demo();
    let none = Path::new("-");
    let lake = demo.school(school).join("lake");
    recomputed(&Asked {
        command: &|| demo.ask(school, &[]),
        lake: &lake,
        days: &["--period", period],
        splits: &[],
        rules: none,
        rebase: none,
    });
}

#[test]
fn the_secondary_schools_trend_is_that_of_another_program() {
    of_the_demo("northfield", "2025-autumn");
}

#[test]
fn the_primary_schools_trend_is_that_of_another_program() {
    of_the_demo("oakhill", "2025-26");
}

/// Twice: with the rules as they ship, and with others and a recorded change.
#[test]
fn two_autumns_of_a_generated_school_are_those_of_another_program() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    python("trend_school.py", &[folder.path()]);
    std::fs::write(at("passphrase"), "correct horse battery staple\n").unwrap();
    let installation = at("installation");
    let command = || {
        let mut command = watershed();
        command.arg("--dir").arg(&installation).args(["--school", "st-annes"]);
        command
    };
    let mut keys = watershed();
    keys.args(["keys", "new", "--out"]).arg(at("dsl")).arg("--passphrase-file").arg(at("passphrase"));
    out(&mut keys);
    let mut init = command();
    init.args(["init", "--name", "St Anne's", "--phase", "secondary", "--roll", "60", "--yes"]);
    init.arg("--dsl-key").arg(at("dsl.pub")).arg("--pseudonym-key-dir").arg(at("pseudonym-keys"));
    out(&mut init);
    let school = installation.join("schools/st-annes");
    std::fs::create_dir_all(school.join("settings")).unwrap();
    for file in ["sites.csv", "networks.csv"] {
        std::fs::copy(at(file), school.join("settings").join(file)).unwrap();
    }
    for (year, first) in [("2024-25", "2024"), ("2025-26", "2025")] {
        out(command().args(["people", "import", "--year", year]).arg(at(&format!("people-{first}.csv"))));
    }
    let mut files: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("squid-") || name == "incidents.csv"
    });
    files.sort();
    assert_eq!(files.len(), 9);
    let taken_in = run(command().arg("ingest").args(&files));
    assert!(matches!(taken_in.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&taken_in.stderr));

    let lake = school.join("lake");
    recomputed(&Asked {
        command: &command,
        lake: &lake,
        days: &["--from", "2024-09-09", "--to", "2025-12-12"],
        splits: &["theme", "severity", "group", "key-stage", "4c", "network"],
        rules: Path::new("-"),
        rebase: Path::new("-"),
    });
    let rules = "setting,value\nlarge_denominator,50\nshift_points,6\nbaseline_weeks,10\n";
    std::fs::write(school.join("settings/chart_rules.csv"), rules).unwrap();
    std::fs::copy(at("rebase.csv"), school.join("settings/rebase.csv")).unwrap();
    let settings = school.join("settings");
    recomputed(&Asked {
        command: &command,
        lake: &lake,
        days: &["--from", "2025-09-08", "--to", "2025-12-12"],
        splits: &["theme", "key-stage", "network"],
        rules: &settings.join("chart_rules.csv"),
        rebase: &settings.join("rebase.csv"),
    });
}
