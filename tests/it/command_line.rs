//! The command line as a person or a script meets it.

use std::path::{Path, PathBuf};

use super::support::{demo, json, out, python, run, watershed};

#[test]
fn figures_for_machines_say_what_they_count() {
    let demo = demo();
    for metric in ["attention", "trend", "groups", "overblocking", "incidents", "changes", "coverage"] {
        let output =
            run(&mut demo.ask("northfield", &[metric, "--period", "2025-autumn", "--format", "json"]));
        // Findings about the feeds make it 1.
        let odd = metric == "coverage" && output.status.code() == Some(1);
        assert!(output.status.success() || odd, "{metric}: {}", output.status);
        let figures: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let schema = figures["schema"].as_str().unwrap();
        assert!(schema.starts_with(&format!("watershed.{metric}")) && schema.ends_with("/1"), "{schema}");
        for key in ["school", "period", "unit", "denominator", "versions", "evidence", "cells"] {
            assert!(!figures[key].is_null(), "`{key}` is missing from {metric}");
        }
        assert!(!figures["cells"].as_array().unwrap().is_empty(), "{metric} has no cells");
    }
}

#[test]
fn figures_are_drawn_where_they_have_a_picture() {
    let demo = demo();
    let ask = |arguments: &[&str]| {
        run(demo
            .ask("northfield", arguments)
            .args(["--period", "2025-autumn", "--format"])
            .arg(if arguments.len() > 2 { "png" } else { "svg" }))
    };
    let drawn = ask(&["trend"]);
    assert!(drawn.status.success());
    let svg = String::from_utf8(drawn.stdout).unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains("<title") && svg.contains("<desc"), "{svg}");
    for arguments in [
        &["trend", "--table", "chart"][..],
        &["trend", "--table", "chart", "--by", "theme", "--measure", "prevalence"],
        &["trend", "--table", "pupils", "--by", "group"],
        &["trend", "--table", "year"],
        &["trend", "--table", "confounders"],
        &["trend", "--table", "out-of-hours"],
        &["groups", "--table", "lessons"],
        &["coverage", "--table", "days"],
    ] {
        let drawn = ask(arguments);
        assert!(drawn.stdout.starts_with(b"\x89PNG\r\n\x1a\n"), "{arguments:?}");
    }
    let none = ask(&["attention"]);
    assert_eq!((none.status.code(), none.stdout.len()), (Some(2), 0));
    assert!(String::from_utf8_lossy(&none.stderr).contains("`trend --table chart`"));
    let no_figures = run(&mut demo.ask("northfield", &["check", "--format", "png"]));
    assert_eq!((no_figures.status.code(), no_figures.stdout.len()), (Some(2), 0));
}

#[test]
fn a_png_is_refused_by_a_terminal_and_an_svg_is_not() {
    let demo = demo();
    let on_a_terminal = |format: &str| -> serde_json::Value {
        let mut arguments: Vec<PathBuf> = vec![env!("CARGO_BIN_EXE_watershed").into(), "--dir".into()];
        arguments.push(demo.installation.clone());
        let rest = ["--school", "northfield", "trend", "--period", "2025-autumn", "--format", format];
        arguments.extend(rest.map(PathBuf::from));
        let paths: Vec<&Path> = arguments.iter().map(PathBuf::as_path).collect();
        serde_json::from_str(&python("terminal.py", &paths)).unwrap()
    };
    let refused = on_a_terminal("png");
    assert_eq!((refused["status"].as_i64(), refused["terminal"].as_str()), (Some(2), Some("")), "{refused}");
    let why = refused["error"].as_str().unwrap();
    assert!(
        why.contains("a PNG is no text for a terminal") && why.contains("--format png > chart.png"),
        "{why}"
    );
    let drawn = on_a_terminal("svg");
    assert_eq!(drawn["status"].as_i64(), Some(0));
    assert!(drawn["terminal"].as_str().unwrap().starts_with("<svg "));
}

#[test]
fn sql_reads_and_nothing_else() {
    let demo = demo();
    let answer =
        out(&mut demo.ask("northfield", &["sql", "--format", "csv", "SELECT count(*) AS n FROM episodes"]));
    assert_eq!(answer.lines().next(), Some("n"));
    assert!(answer.lines().nth(1).unwrap().parse::<u64>().unwrap() > 0);
    for statement in [
        "DROP TABLE requests",
        "INSERT INTO requests SELECT * FROM requests",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY requests TO '/tmp/out.csv'",
        "SET datafusion.execution.batch_size = 1",
        "SELECT count(*) FROM staff_requests",
        "SELECT 1; SELECT 2",
    ] {
        let output = run(&mut demo.ask("northfield", &["sql", statement]));
        assert_eq!(output.status.code(), Some(2), "`{statement}` was not refused");
    }
}

#[test]
fn a_set_is_sealed_once_and_the_same_bytes_come_back() {
    let demo = demo();
    let releases = json(&mut demo.ask("northfield", &["releases", "list", "--format", "json"]));
    let ids: Vec<&str> =
        releases["releases"].as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2, "one set for governors and one for parents");
    for id in &ids {
        let first = out(&mut demo.ask("northfield", &["releases", "show", id, "--format", "json"]));
        let set: serde_json::Value = serde_json::from_str(&first).unwrap();
        assert_eq!(set["schema"], "watershed.sealed/1");
        assert_eq!(set["id"], **id);
        assert_eq!(first, out(&mut demo.ask("northfield", &["releases", "show", id, "--format", "json"])));
    }
    let again = json(&mut demo.ask(
        "northfield",
        &["publish", "--audience", "governors", "--period", "2025-autumn", "--format", "json"],
    ));
    assert!(ids.contains(&again["id"].as_str().unwrap()));
    assert_eq!(again["sealed_now"], false);
    assert!(releases["releases"].as_array().unwrap().iter().all(|entry| entry["approver"] == "headteacher"));
    let audited = json(&mut demo.ask("northfield", &["releases", "audit", "--format", "json"]));
    assert_eq!((&audited["sound"], audited["periods"].as_array().unwrap().len()), (&true.into(), 1));
    // Two schools are too few for a sum.
    let trust = run(&mut demo.ask("northfield", &["releases", "trust", "--period", "2025-autumn"]));
    assert_eq!(trust.status.code(), Some(2));
}

#[test]
fn periods_that_are_not_over_or_of_the_wrong_kind_are_not_sealed() {
    let demo = demo();
    for (school, period) in
        [("northfield", "2025-26"), ("oakhill", "2025-autumn"), ("northfield", "2027-autumn")]
    {
        let output = run(&mut demo.ask(school, &["publish", "--audience", "governors", "--period", period]));
        assert_eq!(output.status.code(), Some(2), "{school} {period}");
    }
}

#[test]
fn exit_status_tells_good_from_odd_from_failed() {
    let folder = tempfile::tempdir().unwrap();
    let failed = run(watershed().arg("--dir").arg(folder.path()).args(["--school", "nowhere", "coverage"]));
    assert_eq!(failed.status.code(), Some(2));
    let words = String::from_utf8(failed.stderr).unwrap();
    assert!(words.contains("watershed init"), "the message does not say what to do next: {words}");
    let odd = folder.path().join("odd.txt");
    std::fs::write(&odd, "nothing that any format knows\n".repeat(30)).unwrap();
    let refused = run(demo().ask("northfield", &["ingest", "--format", "json"]).arg(&odd));
    assert_eq!(refused.status.code(), Some(1));
}

#[test]
fn more_than_four_recipients_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let passphrase = folder.path().join("passphrase");
    std::fs::write(&passphrase, "correct horse battery staple\n").unwrap();
    let mut init = watershed();
    init.arg("--dir").arg(folder.path().join("installation")).args(["--school", "st-a", "init", "--yes"]);
    init.args(["--name", "St Anne's", "--phase", "secondary", "--roll", "300", "--pseudonym-key-dir"]);
    init.arg(folder.path().join("pseudonym-keys"));
    for number in 0..5 {
        let name = folder.path().join(format!("key-{number}"));
        out(watershed().args(["keys", "new", "--out"]).arg(&name).arg("--passphrase-file").arg(&passphrase));
        init.arg("--dsl-key").arg(name.with_extension("pub"));
    }
    let output = run(&mut init);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("at most 4"));
}
