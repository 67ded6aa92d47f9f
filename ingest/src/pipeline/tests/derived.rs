//! What derived rows depend on beside the records: a table or a panel that changes derives the kept days anew.

use super::*;
use crate::schema::PANEL_DAYS;

/// Rows of the canary panel about a site: day, and how many got through.
fn panel(place: &Installation, site: &str) -> Vec<(String, i64)> {
    let value = |row: &str, name: &str| -> Option<String> {
        let rest = row.split(&format!("{name}=")).nth(1)?;
        Some(rest.split(' ').next()?.to_owned())
    };
    let rows = place.rows(&PANEL_DAYS);
    let about = rows.iter().filter(|row| row.contains(&format!("site={site} ")));
    let mut found: Vec<(String, i64)> = about
        .filter_map(|row| Some((value(row, "local_date")?, value(row, "actors_through")?.parse().ok()?)))
        .collect();
    found.sort();
    found
}

#[test]
fn a_site_that_joins_the_panel_is_looked_for_in_all_days_that_are_kept() {
    let place = Installation::new();
    let visits = [EIGHT, EIGHT + DAY].map(|at| line(at, "ajones", "http://www.example.org/help"));
    place.put("proxy.log", &visits.concat());
    place.run();
    assert!(panel(&place, "example.org").is_empty());

    fs::create_dir_all(place.root().settings()).unwrap();
    let rows = "site,title,kind,key_stages\nexample.org,Help,helpline,all\n";
    fs::write(place.root().settings().join("canary.csv"), rows).unwrap();
    assert_eq!(place.run().days_derived, 2);
    let (monday, tuesday) = ("2025-10-06".to_owned(), "2025-10-07".to_owned());
    // Of each day one row says that the site was watched, and one that somebody reached it.
    let expected = [(monday.clone(), 0), (monday, 1), (tuesday.clone(), 0), (tuesday, 1)];
    assert_eq!(panel(&place, "example.org"), expected);
    assert_eq!(place.run().days_derived, 0);

    // An earlier version derived by other tables.
    State::open(&place.root()).unwrap().replace_derived_basis("of another version", []).unwrap();
    assert_eq!(place.run().days_derived, 2);
    assert_eq!(panel(&place, "example.org"), expected);
}
