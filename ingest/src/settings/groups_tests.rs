//! Group names as schools write them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use super::*;

fn groups(own: Option<&str>, phase: Phase) -> Result<Groups, Error> {
    let source =
        Source { name: "groups.toml", shipped: crate::settings::GROUPS, school: own.map(str::to_owned) };
    Groups::read(&source, phase)
}

fn year(text: &str) -> AcademicYear {
    AcademicYear::parse(text).unwrap()
}

fn id(groups: &Groups, name: &str) -> Option<String> {
    groups.find(name, year("2025-26")).map(|found| found.group_id.to_owned())
}

#[test]
fn usual_names() {
    let groups = groups(None, Phase::Secondary).unwrap();
    for (name, wanted) in [
        ("Year 7", "Year 7"),
        ("year_10", "Year 10"),
        ("Y10", "Year 10"),
        ("Y9 Restricted", "Year 9"),
        ("Students-Yr 8", "Year 8"),
        ("Y10A", "Year 10"),
        ("YEAR07", "Year 7"),
        ("OAK\\Year 11 Pupils", "Year 11"),
        ("CN=Year 9,OU=Students,DC=oak,DC=local", "Year 9"),
        ("7B", "Year 7"),
        ("11XB", "Year 11"),
        ("Staff", "Staff"),
        ("Teaching_Staff", "Staff"),
        ("All Teachers", "Staff"),
        ("Guest WiFi", "Guest"),
        ("visitors", "Guest"),
        ("Exam accounts", "Exam"),
        ("Sixth Form", "Sixth form"),
        ("6th-form", "Sixth form"),
        ("KS3 filtered", "KS3"),
        ("Students", "Pupils"),
        ("Reception", "Reception"),
        ("Nursery AM", "Nursery"),
    ] {
        assert_eq!(id(&groups, name).as_deref(), Some(wanted), "{name}");
    }
    for name in
        ["Default", "group1", "", "Willow", "Y2021", "1st", "Stafford", "Yellow 7", "Yearbook", "2021"]
    {
        assert_eq!(id(&groups, name), None, "{name}");
    }
}

#[test]
fn the_stronger_kind_wins_wherever_it_stands() {
    let groups = groups(None, Phase::Secondary).unwrap();
    assert_eq!(id(&groups, "Year 7;Staff").as_deref(), Some("Staff"));
    assert_eq!(id(&groups, "Students Year 7").as_deref(), Some("Year 7"));
    assert_eq!(id(&groups, "Staff, Exam").as_deref(), Some("Exam"));
    let found = groups.find("Staff guests", year("2025-26")).unwrap();
    assert_eq!((found.kind, found.role), (GroupKind::Guest, Role::Guest));
}

#[test]
fn intakes_move_up_on_the_first_of_september() {
    let secondary = groups(None, Phase::Secondary).unwrap();
    let at = |name: &str, date: jiff::civil::Date| {
        secondary.find(name, AcademicYear::of(date)).and_then(|found| found.year_group)
    };
    let day = jiff::civil::date;
    assert_eq!(at("Intake 2021", day(2025, 8, 31)), Some(10));
    assert_eq!(at("Intake 2021", day(2025, 9, 1)), Some(11));
    assert_eq!(at("2021 Intake", day(2021, 9, 1)), Some(7));
    assert_eq!(at("Intake-2018", day(2025, 9, 1)), None, "left two years ago");
    let primary = groups(None, Phase::Primary).unwrap();
    let found = primary.find("Intake 2021", year("2025-26")).unwrap();
    assert_eq!((found.year_group, found.group_id, found.key_stage), (Some(4), "Year 4", Some("KS2")));
    let all = groups(None, Phase::All).unwrap();
    assert_eq!(all.find("Intake 2021", year("2025-26")), None, "nobody can tell with which year it began");
}

#[test]
fn a_school_has_the_first_word() {
    let own = "[[rule]]\npattern = '^willow$'\nkind = \"class\"\nyear_group = 3\n\
               [[rule]]\npattern = 'staff kids'\nkind = \"class\"\ngroup = \"Pupils\"\n\
               [[rule]]\npattern = '^set a$'\nkind = \"year\"\nyear_group = 8\nvalid_to = \"2024-25\"\n";
    let groups = groups(Some(own), Phase::Secondary).unwrap();
    assert_eq!(id(&groups, "Willow").as_deref(), Some("Year 3"));
    assert_eq!(id(&groups, "Staff kids").as_deref(), Some("Pupils"), "a shipped rule would say Staff");
    assert_eq!(id(&groups, "Set A"), None);
    assert_eq!(groups.find("Set A", year("2024-25")).unwrap().group_id, "Year 8");
    assert_eq!(id(&groups, "Year 7").as_deref(), Some("Year 7"), "the shipped rules still hold");
}

#[test]
fn slips_are_named() {
    let wrong = |text: &str| groups(Some(text), Phase::Secondary).unwrap_err().to_string();
    let error = wrong("\n[[rule]]\npattern = '('\nkind = \"year\"\nyear_group = 7\n");
    assert!(error.starts_with("groups.toml:3: "), "{error}");
    assert!(wrong("[[rule]]\npattern = 'x'\nkind = \"year\"\n").contains("needs"));
    assert!(wrong("[[rule]]\npattern = 'x'\nkind = \"year\"\nyear_group = 14\n").contains("13"));
    assert!(wrong("[[rule]]\npattern = 'x'\nkind = \"form\"\n").starts_with("groups.toml:3: "));
    assert!(wrong("[[rule]]\npattern = 'x'\nkind = \"year\"\ncolour = 1\n").starts_with("groups.toml:"));
}
