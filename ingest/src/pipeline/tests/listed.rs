//! Hits of illegal lists in many formats: their addresses are in no byte of the installation, the opened vault
//! included.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::*;
use crate::report::Outcome;
use crate::schema::EPISODES;

/// Formats whose samples have a line of gambling, which here becomes one of a list.
const FORMATS: [&str; 18] = [
    "bluecoat-json",
    "bluecoat-w3c",
    "cloudflare-gateway",
    "e2guardian-2",
    "fortigate-cef",
    "fortigate",
    "mcafee-web-gateway",
    "skyhigh-cloud",
    "skyhigh-gateway",
    "smoothwall-web-filter",
    "smoothwall-web-filter-decision",
    "sonicwall",
    "sophos-firewall",
    "sophos-utm",
    "umbrella-dns",
    "umbrella-proxy",
    "watchguard-leef",
    "zscaler-nss-json",
];

/// Host and path of the listed address, in whatever file.
const ADDRESS: [&str; 2] = ["kestrelmark", "merlinmark"];

fn sample(format: &str) -> String {
    let folder = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../sample-logs");
    std::fs::read_to_string(folder.join(format).join("basic.log")).unwrap()
}

/// A sample with a listed address, and the same lines damaged behind it.
fn listed(format: &str) -> String {
    let whole = sample(format)
        .replace("Gambling", "IWF")
        .replace("bets.example", "kestrelmark.example")
        .replace("/odds", "/merlinmark");
    let mut text = whole.clone();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    // Enough whole lines that a damaged one does not make another file of it.
    let ordinary =
        whole.lines().skip(1).filter(|line| !line.starts_with('#') && !line.contains("kestrelmark"));
    let ordinary: Vec<&str> = ordinary.collect();
    for line in ordinary.iter().cycle().take(60) {
        writeln!(text, "{line}").unwrap();
    }
    for line in whole.lines().filter(|line| line.contains("kestrelmark")).take(1) {
        let middle = (0..line.len() / 3).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        writeln!(text, "{}\u{1}{{{line}", &line[..middle]).unwrap();
        writeln!(text, "cut {}", &line[middle..]).unwrap();
    }
    text
}

/// Everything that the vault gives back to the key's holder, as one text.
fn opened(place: &Installation) -> String {
    let key = PrivateKey::open(&place.private, PASSPHRASE).unwrap();
    let vault = VaultReader::open(&place.root().vault(), &place.school.id, &key);
    let all = Selection { from: date(1970, 1, 1), to: date(2999, 1, 1), actor: None, between_us: None };
    let mut text = String::new();
    let add = std::cell::RefCell::new(&mut text);
    let say = |cells: &[&Option<Cow<'_, str>>]| {
        for cell in cells.iter().filter_map(|cell| cell.as_deref()) {
            writeln!(add.borrow_mut(), "{cell}").unwrap();
        }
        Ok(())
    };
    vault
        .requests(&all, &mut |row| {
            say(&[
                &row.user_written,
                &row.address,
                &row.client_host,
                &row.user_agent,
                &row.scheme,
                &row.host,
            ])?;
            say(&[&row.path, &row.query, &row.search_words, &row.group_words, &row.category_words])
        })
        .unwrap();
    vault
        .incidents(&all, &mut |row| {
            say(&[&row.reference, &row.subject_written, &row.linked_written, &row.category_words])?;
            say(&[&row.status_words, &row.narrative])
        })
        .unwrap();
    vault
        .changes(&all, &mut |row| {
            say(&[&row.reference, &row.address, &row.host, &row.title, &row.reason, &row.risk_note])?;
            say(&[&row.narrative, &row.asked_words, &row.category_words, &row.group_words])?;
            say(&[&row.decision_words, &row.status_words, &row.unread_dates])
        })
        .unwrap();
    vault
        .checks(&all, &mut |row| {
            say(&[&row.reference, &row.device_written, &row.location, &row.category_words])?;
            say(&[&row.group_words, &row.result_words, &row.narrative])
        })
        .unwrap();
    vault
        .rejects(&all, &mut |row| {
            writeln!(add.borrow_mut(), "{}", String::from_utf8_lossy(&row.raw)).unwrap();
            Ok(())
        })
        .unwrap();
    vault
        .words(&all, &mut |row| {
            writeln!(add.borrow_mut(), "{}", row.words).unwrap();
            Ok(())
        })
        .unwrap();
    text
}

fn no_address_is_left(place: &Installation, what: &str) {
    let text = opened(place).to_lowercase();
    for word in ADDRESS {
        assert!(!text.contains(word), "{what}: the opened vault has {word}");
        let mut folders = vec![place.dir(), place.school.pseudonym_key_dir.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
                let path = entry.path();
                assert!(!path.to_string_lossy().contains(word), "{what}: a name");
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let bytes = fs::read(&path).unwrap().to_ascii_lowercase();
                let found = bytes.windows(word.len()).any(|part| part == word.as_bytes());
                assert!(!found, "{what}: {word} in {}", path.display());
            }
        }
    }
}

#[test]
fn no_byte_has_a_listed_address_in_whatever_format_it_came() {
    for format in FORMATS {
        let mut place = Installation::new();
        // Sources would be kept, were there not such a line in them.
        place.school.keep_sources_days = 5;
        place.put("night.log", &listed(format));
        let report = place.run();
        assert!(matches!(report.files[0].outcome, Outcome::Committed), "{format}: {:?}", report.files[0]);
        assert_eq!(report.files[0].format.as_deref(), Some(format));
        let hits = place.rows(&REQUESTS).iter().filter(|row| row.contains("illegal=true")).count()
            + place
                .rows(&crate::schema::STAFF_REQUESTS)
                .iter()
                .filter(|row| row.contains("illegal=true"))
                .count();
        assert!(hits > 0, "{format}: no hit came in");
        no_address_is_left(&place, format);
        // The same bytes again are known, and kept no more than before.
        place.put("again.log", &listed(format));
        place.run();
        no_address_is_left(&place, format);
    }
}

#[test]
fn the_search_finds_an_address_of_no_list_so_it_could_have_found_one_of_a_list() {
    let place = Installation::new();
    place.put("night.log", &listed("zscaler-nss-json").replace("IWF", "Gambling"));
    place.run();
    assert!(opened(&place).contains("kestrelmark"));
}

#[test]
fn records_of_the_school_about_a_list_keep_who_and_when_and_no_address() {
    let place = Installation::new();
    place.put(
        "incidents.csv",
        "Incident ID,Date,Student,Category,Status,Linked Students,Incident\n\
         1,16/10/2025 10:05,\"Jones, Alice\",CSAM,Open,,\"saw https://kestrelmark.example/merlinmark?x on a phone\"\n\
         2,16/10/2025 10:15,\"Jones, Alice\",Online safety,Open,,\"IWF block at kestrelmark.example/merlinmark, told a teacher\"\n",
    );
    place.put(
        "reports.csv",
        "Reported at,Reporter,Reporter role,Site,Category,What was seen\n\
         16/10/2025 11:20,Tom,Pupil,https://kestrelmark.example/merlinmark,IWF,it was at merlinmark\n",
    );
    place.put(
        "tickets.csv",
        "Ticket ID,Subject,Status,Agent,Created Time,Requester Name,Description\n\
         1,IWF block on http://kestrelmark.example/merlinmark,Open,Ada Gannet,2025-10-16 09:00:00,Heron Zinnia,unblock kestrelmark.example/merlinmark please\n",
    );
    place.put(
        "tests.csv",
        "Date,Test,Group,Device,Location,Expected,Result,Tested by,Notes\n\
         06/10/2025 09:10,Child sexual abuse content,Year 8,iPad 3,Library,,Blocked,Ada,at kestrelmark.example/merlinmark\n",
    );
    let report = place.run();
    assert!(report.files.iter().all(|file| matches!(file.outcome, Outcome::Committed)), "{:?}", report.files);
    no_address_is_left(&place, "records");
    assert!(opened(&place).contains("IWF block at (address not kept), told a teacher"));
    assert!(opened(&place).contains("IWF block on (address not kept)"));
    assert!(
        !opened(&place).contains("on a phone"),
        "of an incident about a list nothing is kept but who and when"
    );
}

#[test]
fn hits_are_counted_one_by_one() {
    let place = Installation::new();
    let text = listed("zscaler-nss-json");
    let twice: Vec<&str> =
        text.lines().filter(|line| line.starts_with('{') && line.contains("\"IWF\"")).take(1).collect();
    let later = twice[0].replace("09:45:20", "09:45:22").replace("894003", "894993");
    place.put(
        "night.log",
        &format!("{}{}\n{later}\n", sample("zscaler-nss-json").replace("Gambling", "Games"), twice[0]),
    );
    place.run();
    let episodes = place.rows(&EPISODES);
    let hits: Vec<_> = episodes.iter().filter(|row| row.contains("illegal=true")).collect();
    assert_eq!(hits.len(), 2, "{episodes:?}");
    assert!(hits.iter().all(|row| row.contains("records=1")));
}
