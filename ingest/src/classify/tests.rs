//! Requests and incidents as the shipped data files see them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use jiff::civil::date;

use super::*;

const DAY: Date = date(2026, 1, 12);

fn input<'a>(categories: &'a str, host: &'a str) -> ClassifyInput<'a> {
    ClassifyInput {
        categories: Some(categories),
        separators: b";",
        host,
        site: None,
        path: None,
        mime: None,
        search: None,
        log_level: None,
        vendor_severity: None,
        date: DAY,
    }
}

/// `code|others|theme|4C|severity|source`, with ` noise`, ` learning`, ` illegal` where it is so.
fn words(classifier: &Classifier, input: &ClassifyInput<'_>) -> String {
    let mut cache = classifier.cache();
    let first = line(&classifier.classify(input, &mut cache));
    assert_eq!(line(&classifier.classify(input, &mut cache)), first, "a cached answer is the same answer");
    first
}

fn line(found: &Classified<'_, '_>) -> String {
    format!(
        "{}|{}|{}|{}|{}|{}{}{}{}",
        found.code,
        found.other_codes,
        found.theme.unwrap_or("-"),
        found.four_c.unwrap_or("-"),
        found.severity,
        found.code_source,
        if found.record_noise { " noise" } else { "" },
        if found.learning { " learning" } else { "" },
        if found.illegal { " illegal" } else { "" },
    )
}

#[test]
fn the_code_comes_from_the_vendor_else_from_the_site_list_else_is_uncategorised() {
    let classifier = Classifier::shipped().unwrap();
    for (categories, host, expected) in [
        ("Gambling", "en.wikipedia.org", "GAMBLE||Gambling, scams, malware|commerce|2|vendor"),
        ("", "en.wikipedia.org", "EDU||Education and reference|-|0|site list learning"),
        ("Uncategorised", "en.wikipedia.org", "EDU||Education and reference|-|0|site list learning"),
        ("Zork", "en.wikipedia.org", "EDU||Education and reference|-|0|site list learning"),
        ("", "zork.example", "UNCAT||-|-|1|none"),
        ("Uncategorised", "zork.example", "UNCAT||-|-|1|none"),
        ("Zork", "zork.example", "UNMAPPED||-|-|1|none"),
        (
            "Personal weapons;News",
            "zork.example",
            "WEAPON|NEWS|Violence and weapons|content|3|vendor learning",
        ),
        (
            "Drugs;Education;News",
            "zork.example",
            "EDU|DRUGS NEWS|Education and reference|-|0|vendor learning",
        ),
        ("Web proxies", "", "BYPASS||Getting round the filter|conduct|3|vendor"),
    ] {
        assert_eq!(words(&classifier, &input(categories, host)), expected, "{categories} {host}");
    }
    let mut cache = classifier.cache();
    let zork = input(" Zork ;Games", "zork.example");
    assert_eq!(classifier.classify(&zork, &mut cache).unmapped, ["Zork"]);
    assert_eq!(classifier.classify(&zork, &mut cache).unmapped, ["Zork"]);
}

#[test]
fn an_allowed_search_for_self_harm_is_grave_whatever_stands_beside_it() {
    let classifier = Classifier::shipped().unwrap();
    let search =
        |categories, words| ClassifyInput { search: Some(words), ..input(categories, "www.google.com") };
    assert_eq!(words(&classifier, &search("", "self harm")), "SELFHARM|PORTAL|Self-harm|content|4|search");
    assert_eq!(
        words(&classifier, &search("Education;Medical information", "self harm")),
        "SELFHARM|HEALTH EDU|Self-harm|content|4|search learning"
    );
    assert_eq!(
        words(&classifier, &search("Self harm", "how to kill myself")),
        "SUICIDE|SELFHARM|Suicide|content|4|search"
    );
    assert_eq!(
        words(&classifier, &search("Pornography", "online casino")),
        "PORN|GAMBLE|Sexual content|content|3|vendor"
    );
    assert_eq!(
        words(&classifier, &search("", "volcanoes homework")),
        "PORTAL||Search engines and portals|-|0|site list"
    );
    let mut cache = classifier.cache();
    let found = search("Pornography", "online casino");
    assert_eq!(classifier.classify(&found, &mut cache).search_theme, Some("Gambling, scams, malware"));
}

#[test]
fn the_final_severity_is_the_greatest_of_category_vendor_and_search() {
    let classifier = Classifier::shipped().unwrap();
    let severity = |categories, vendor, search| {
        let input = ClassifyInput { vendor_severity: vendor, search, ..input(categories, "zork.example") };
        classifier.classify(&input, &mut classifier.cache()).severity
    };
    assert_eq!(severity("Gambling", None, None), 2);
    assert_eq!(severity("Gambling", Some(4), None), 4);
    assert_eq!(severity("Gambling", Some(2), None), 2);
    assert_eq!(severity("Pornography", Some(2), None), 3);
    assert_eq!(severity("Gambling", Some(3), Some("self harm")), 4);
    assert_eq!(severity("Gambling", Some(9), None), 5);
    // A phrase's own severity is milder than its code's.
    assert_eq!(severity("", None, Some("suicide")), 3);
    assert_eq!(severity("", None, Some("unblocked games")), 2);
    assert_eq!(severity("Drugs;Education", None, None), 0);
}

#[test]
fn noise_is_told_from_the_record_and_never_hides_what_is_grave() {
    let classifier = Classifier::shipped().unwrap();
    let noise = |input: ClassifyInput<'_>| classifier.classify(&input, &mut classifier.cache()).record_noise;
    assert!(noise(input("Adverts", "zork.example")));
    assert!(noise(input("Adverts;Gambling", "zork.example")));
    assert!(!noise(input("Adverts;Pornography", "zork.example")));
    assert!(noise(input("", "stats.g.doubleclick.net")));
    assert!(noise(input("", "clients4.google.com")));
    assert!(!noise(input("", "www.google.com")));
    assert!(noise(input("Games", "d1.cloudfront.net")));
    assert!(!noise(input("Pornography", "d1.cloudfront.net")));
    assert!(!noise(ClassifyInput { search: Some("self harm"), ..input("", "clients1.google.com") }));
    let page = input("Pornography", "zork.example");
    assert!(!noise(page));
    assert!(noise(ClassifyInput { log_level: Some(2), ..page }));
    assert!(noise(ClassifyInput { mime: Some("image/jpeg"), ..page }));
    assert!(noise(ClassifyInput { path: Some("/a.css"), ..page }));
}

#[test]
fn a_row_of_an_illegal_list_says_nothing_else_and_is_never_noise() {
    let classifier = Classifier::shipped().unwrap();
    let picture = ClassifyInput {
        path: Some("/1.jpg"),
        mime: Some("image/jpeg"),
        log_level: Some(1),
        search: Some("self harm"),
        ..input("Child Abuse (IWF);Education;Zork", "en.wikipedia.org")
    };
    assert_eq!(words(&classifier, &picture), "ILL-CSAM||-|-|5|vendor illegal");
    let found = classifier.classify(&picture, &mut classifier.cache());
    assert!(found.unmapped.is_empty() && found.search_theme.is_none());
}

#[test]
fn a_schools_files_lie_over_the_shipped_ones_by_the_records_day_and_change_the_texts() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("sites.csv"),
        "site,common_code,valid_from\nzork.example,GAMES,2026-01-13\n",
    )
    .unwrap();
    let (plain, school) = (Classifier::shipped().unwrap(), Classifier::load(folder.path()).unwrap());
    let mut cache = school.cache();
    let mut code =
        |date| school.classify(&ClassifyInput { date, ..input("", "zork.example") }, &mut cache).code;
    assert_eq!(code(date(2026, 1, 12)), "UNCAT");
    assert_eq!(code(date(2026, 1, 13)), "GAMES");
    assert_eq!(code(date(2026, 1, 12)), "UNCAT");
    assert_eq!(school.texts().count(), plain.texts().count() + 1);
    assert_eq!(plain.texts().count(), 7);

    std::fs::write(folder.path().join("noise.csv"), b"kind,value\nhost,\xff\n").unwrap();
    let error = Classifier::load(folder.path()).unwrap_err().to_string();
    assert!(error.starts_with("settings/noise.csv is not UTF-8"), "{error}");
}

#[test]
fn incidents_take_severity_from_their_own_map_and_4c_from_the_taxonomy() {
    let classifier = Classifier::shipped().unwrap();
    let found = classifier.incident("Cyberbullying;Green form", b";", DAY);
    assert_eq!(
        (found.code, found.theme, found.four_c, found.severity),
        ("BULLY", Some("Bullying"), Some("conduct"), 3)
    );
    assert_eq!(found.unmapped, ["Green form"]);
    let found = classifier.incident("Sharing nudes", b";", DAY);
    assert_eq!((found.code, found.theme, found.four_c, found.severity), ("IMG-CHILD", None, None, 5));
    let found = classifier.incident("", b";", DAY);
    assert_eq!((found.code, found.theme, found.severity), ("UNMAPPED", None, 1));
}

#[test]
fn what_holds_words_of_a_log_shows_none_of_them() {
    let classifier = Classifier::shipped().unwrap();
    let mut cache = classifier.cache();
    let input = ClassifyInput { search: Some("qqsecret"), ..input("qqsecret", "qqsecret.example") };
    let found = classifier.classify(&input, &mut cache);
    assert!(!format!("{input:?} {found:?} {cache:?}").contains("qqsecret"));
}

#[test]
fn the_example_of_the_data_files_readme_can_be_used_as_it_stands() {
    let readme = include_str!("../../data/README.md");
    let example = readme.split("```csv\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("category_map.csv"), example).unwrap();
    let classifier = Classifier::load(folder.path()).unwrap();
    let code = |word| classifier.classify(&input(word, "zork.example"), &mut classifier.cache()).code;
    assert_eq!(code("Year 7 Block-List"), "LOCAL-BLOCK");
    assert_eq!(code("E-sport"), "GAMES");
}

#[test]
fn every_shipped_data_file_of_this_part_stands_in_the_readme() {
    let readme = include_str!("../../data/README.md");
    let classifier = Classifier::shipped().unwrap();
    for (name, _) in classifier.texts() {
        assert!(readme.contains(&format!("| `{name}` |")), "{name}");
    }
}
