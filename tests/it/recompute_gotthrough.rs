//! What got through, what was first seen and how groups differ, by another program.

use super::support::{demo, out, python, root};

fn recomputed(school: &str, period: &str) {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    for (metric, tables) in [
        ("gotthrough", &["policy"][..]),
        ("searches", &["new", "engines", "bypass", "ai"]),
        ("groups", &["profiles", "different", "hours", "teaching", "expected"]),
    ] {
        for table in tables {
            let question = [metric, "--table", table, "--period", period, "--format", "json"];
            let answer = out(&mut demo.ask(school, &question));
            std::fs::write(folder.path().join(format!("{metric}.{table}.json")), answer).unwrap();
        }
    }
    let data = root().join("ingest/data");
    let said = python(
        "recompute_gotthrough.py",
        &[
            &demo.school(school).join("lake"),
            &data.join("taxonomy.csv"),
            &data.join("curriculum.csv"),
            folder.path(),
        ],
    );
    println!("{said}");
}

#[test]
fn what_got_through_in_the_secondary_school_is_what_another_program_finds() {
    recomputed("northfield", "2025-autumn");
}

#[test]
fn what_got_through_in_the_primary_school_is_what_another_program_finds() {
    recomputed("oakhill", "2025-26");
}
