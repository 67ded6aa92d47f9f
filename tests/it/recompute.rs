//! The same figures by another way: Python with DuckDB over the lake's `requests`, and the truth of
//! the generator, which never saw our code.

use super::support::{demo, out, python, root};

fn recomputed(school: &str, period: &str) {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    let trend = folder.path().join("trend.json");
    let attention = folder.path().join("attention.json");
    let networks = folder.path().join("networks.json");
    let ask = |metric: &[&str]| {
        let asked = [metric, &["--period", period, "--format", "json"]].concat();
        out(&mut demo.ask(school, &asked))
    };
    std::fs::write(&trend, ask(&["trend"])).unwrap();
    std::fs::write(&networks, ask(&["trend", "--by", "network"])).unwrap();
    std::fs::write(&attention, ask(&["attention"])).unwrap();
    let panel = root().join("ingest/data/canary.csv");
    let lake = demo.school(school).join("lake");
    let said = python("recompute.py", &[&lake, &demo.truth(school), &trend, &attention, &networks, &panel]);
    println!("{said}");
}

#[test]
fn the_secondary_schools_figures_are_those_of_another_program_and_of_the_truth() {
    recomputed("northfield", "2025-autumn");
}

#[test]
fn the_primary_schools_figures_are_those_of_another_program_and_of_the_truth() {
    recomputed("oakhill", "2025-26");
}
