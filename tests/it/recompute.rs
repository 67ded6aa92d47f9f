//! The same figures by another way: Python with DuckDB over the lake's `requests`, and the truth of
//! the generator, which never saw our code.

use super::support::{demo, out, python};

fn recomputed(school: &str, period: &str) {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    let trend = folder.path().join("trend.json");
    let attention = folder.path().join("attention.json");
    let ask = |metric: &str| out(&mut demo.ask(school, &[metric, "--period", period, "--format", "json"]));
    std::fs::write(&trend, ask("trend")).unwrap();
    std::fs::write(&attention, ask("attention")).unwrap();
    let said =
        python("recompute.py", &[&demo.school(school).join("lake"), &demo.truth(school), &trend, &attention]);
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
