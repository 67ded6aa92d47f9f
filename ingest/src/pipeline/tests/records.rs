//! Tickets, ledgers, reported sites and tests of the filter: into the lake without a name, into the vault
//! whole, once, also when a run is killed.

use super::*;
use crate::schema::{CHANGES, CHECKS};
use crate::vault::rows::ChangeRow;

const LEDGER: &str = "\
Request ID,Requested at,Requester,Requester role,Request,URL or category,Group,Reason,Risk note,Decision,Decided by,Decided by role,Decided at,Applied from,Applied to,Closed\n\
Quail-171,06/10/2025 09:10,Heron Zinnia,Teacher,Unblock,https://maps.blooket.com/quagga?x=1,Year 9,\"Marsh\nproject\",Tern nests,Approved,Ada Gannet,DSL,07/10/2025,08/10/2025,17/10/2025,\n\
Quail-172,07/10/2025,Ada Gannet,DSL,Block,Gambling,Otter set,,,Approved,\"Gannet, Ada\",DSL,07/10/2025,07/10/2025,permanent,07/10/2025\n\
Quail-173,14/10/2025,Heron Zinnia,Teacher,Unblock,jane-ipad.local/x and plover.example.com/curlew,,Quiz,,,,,,,end of dunlin,\n\
Quail-174,15/10/2025,Heron Zinnia,Teacher,Block,IWF,,,,,,,,,,\n";

const REPORTS: &str = "\
Reported at,Reporter,Reporter role,Site,Category,What was seen\n\
16/10/2025 11:20,Tom Turnstone,Pupil,https://sanderling.example.net/whimbrel,IWF,it was at whimbrel\n\
17/10/2025 11:20,Tom Turnstone,Pupil,https://siskin.example.net/redpoll,Gambling,pictures of a twite\n";

const CHECKED: &str = "\
Date,Test,Group,Device,Location,Expected,Result,Tested by,Notes\n\
06/10/2025 09:10,Child sexual abuse content,Year 8,Linnet iPad,Brambling room,,Blocked,Ada Gannet,seen by Serin\n\
14/10/2025,Terrorism content,Otter set,PC-Hoopoe,,,Accessible,Ada Gannet,\n\
15/10/2025,Support site,Staff,,,Allowed,Fail,,\n\
15/10/2025,Adult content,Staff,,,,,,\n\
15/10/2025,,,,,,,,\n";

/// Every word of the files above that may stand nowhere but in the vault.
const MARKERS: &[&str] = &[
    "Heron",
    "Zinnia",
    "Gannet",
    "quagga",
    "Marsh",
    "Tern nests",
    "Otter set",
    "jane-ipad",
    "dunlin",
    "curlew",
    "Quail-17",
    "Turnstone",
    "sanderling",
    "whimbrel",
    "redpoll",
    "siskin",
    "twite",
    "maps.blooket",
    "Linnet",
    "Brambling",
    "Serin",
    "Hoopoe",
    "plover",
];

/// Columns of a table's rows, by the order of their records.
fn columns(place: &Installation, table: &'static TableSchema, names: &[&str]) -> Vec<String> {
    let mut rows: Vec<(u64, String)> = place
        .rows(table)
        .iter()
        .map(|row| {
            // A value can hold a blank (`Year 9`): a cell ends where the next column begins.
            let cell = |name: &str| {
                let (_, rest) = format!(" {row}").split_once(&format!(" {name}=")).map_or_else(
                    || panic!("{name} in {row}"),
                    |(before, rest)| (before.to_owned(), rest.to_owned()),
                );
                let ends = table.columns.iter().filter_map(|column| rest.find(&format!(" {}=", column.name)));
                rest[..ends.min().unwrap_or(rest.len())].to_owned()
            };
            (
                cell("record_number").parse().unwrap(),
                names.iter().map(|name| cell(name)).collect::<Vec<_>>().join("|"),
            )
        })
        .collect();
    rows.sort();
    rows.into_iter().map(|(_, row)| row).collect()
}

fn sealed_changes(place: &Installation) -> Vec<ChangeRow<'static>> {
    let key = PrivateKey::open(&place.private, PASSPHRASE).unwrap();
    let vault = VaultReader::open(&place.root().vault(), &place.school.id, &key);
    let selection = Selection { from: date(1970, 1, 1), to: date(2999, 1, 1), actor: None, between_us: None };
    let mut rows = Vec::new();
    vault
        .changes(&selection, &mut |row| {
            rows.push(row);
            Ok(())
        })
        .unwrap();
    rows.sort_by_key(|row| (row.event_time_utc_us, row.record_number));
    rows
}

#[test]
fn a_ledger_becomes_rows_without_a_name() {
    let place = Installation::new();
    place.put("ledger.csv", LEDGER);
    let report = place.run();
    let tally = &report.files[0].tally;
    assert_eq!(report.files[0].outcome, Outcome::Committed, "{:?}", report.files[0]);
    assert_eq!((tally.records, tally.events, tally.directives, tally.rejected()), (5, 4, 1, 0));
    assert_eq!(tally.notices.values().sum::<u64>(), 1, "the end that is no date");
    assert_eq!(tally.file_bytes, LEDGER.len() as u64);
    let of_whom =
        ["kind", "asked", "requester_role", "decided_by_role", "decided_by_other", "decision", "group_id"];
    assert_eq!(
        columns(&place, &CHANGES, &of_whom),
        [
            "ledger|unblock|teacher|dsl|true|approved|Year 9",
            "ledger|block|dsl|dsl|false|approved|unmatched",
            "ledger|unblock|teacher|unknown||unknown|",
            "ledger|block|teacher|unknown||unknown|",
        ]
    );
    let of_what = ["site", "address_source", "code", "learning", "illegal", "reason_given", "risk_noted"];
    assert_eq!(
        columns(&place, &CHANGES, &of_what),
        [
            "blooket.com|column|EDU|true|false|true|true",
            "|none|GAMBLE|false|false|false|false",
            "example.com|column|UNCAT|false|false|true|false",
            "|none|ILL-CSAM|false|true|false|false",
        ]
    );
    let of_when =
        ["local_date", "time_known", "decided_date", "applied_from", "applied_to", "closed_date", "term"];
    assert_eq!(
        columns(&place, &CHANGES, &of_when),
        [
            "2025-10-06|true|2025-10-07|2025-10-08|2025-10-17||temporary",
            "2025-10-07|false|2025-10-07|2025-10-07||2025-10-07|permanent",
            "2025-10-14|false|||||unknown",
            "2025-10-15|false|||||unknown",
        ]
    );
    let sealed = sealed_changes(&place);
    assert_eq!(sealed.len(), 4);
    assert_eq!(sealed[0].requester_written.as_deref(), Some("Heron Zinnia"));
    assert_eq!(sealed[0].reason.as_deref(), Some("Marsh\nproject"));
    assert_eq!(sealed[0].address.as_deref(), Some("https://maps.blooket.com/quagga?x=1"));
    assert_eq!(sealed[2].unread_dates.as_deref(), Some("applied_to: end of dunlin"));
    assert_eq!(sealed[2].host.as_deref(), Some("plover.example.com"));
    // Group names nobody matched are counted like those of requests.
    assert!(place.everything()["vault words"].contains(&"Otter set".to_owned()));
    assert_eq!(State::open(&place.root()).unwrap().unmapped().unwrap().len(), 1);
    no_marker_is_anywhere(&place);
}

fn no_marker_is_anywhere(place: &Installation) {
    for marker in MARKERS {
        for (path, bytes) in files_below(&place.dir()) {
            let found = bytes.windows(marker.len()).any(|part| part.eq_ignore_ascii_case(marker.as_bytes()));
            assert!(!found, "{marker} in {}", path.display());
        }
    }
}

#[test]
fn the_address_of_a_site_on_an_illegal_list_is_nowhere_not_even_in_the_vault() {
    let place = Installation::new();
    place.put("reports.csv", REPORTS);
    place.run();
    let rows = columns(&place, &CHANGES, &["kind", "asked", "site", "code", "illegal", "requester_role"]);
    assert_eq!(rows, ["report|block||ILL-CSAM|true|pupil", "report|block|example.net|GAMBLE|false|pupil"]);
    let sealed = sealed_changes(&place);
    let illegal = &sealed[0];
    assert!(illegal.illegal_token.is_some() && sealed[1].illegal_token.is_none());
    assert_eq!(illegal.requester_written.as_deref(), Some("Tom Turnstone"));
    let texts =
        [&illegal.address, &illegal.host, &illegal.title, &illegal.narrative, &illegal.category_words];
    assert!(texts.into_iter().all(Option::is_none));
    assert_eq!(sealed[1].narrative.as_deref(), Some("pictures of a twite"));
    no_marker_is_anywhere(&place);
}

#[test]
fn tests_of_the_filter_become_rows_and_every_record_is_accounted_for() {
    let place = Installation::new();
    // The beginning of a file votes on its profile: enough good rows before the one without a result.
    let more: String =
        (1..=20).map(|minute| format!("16/10/2025 10:{minute:02},IWF,Staff,,,,Blocked,,\n")).collect();
    let header = CHECKED.find('\n').unwrap() + 1;
    let file = format!("{}{more}{}", &CHECKED[..header], &CHECKED[header..]);
    place.put("tests.csv", &file);
    let tally = place.run().files.remove(0).tally;
    // Header; twenty rows; three good ones, one without a result, one that has only a date.
    assert_eq!((tally.records, tally.directives, tally.events, tally.rejected()), (26, 1, 23, 2));
    assert_eq!(tally.rejects["result cannot be read"], 2);
    let names = [
        "local_date",
        "time_known",
        "code",
        "expected",
        "observed",
        "as_expected",
        "group_id",
        "device_type",
    ];
    let rows = columns(&place, &CHECKS, &names);
    assert_eq!(
        rows[20..],
        [
            "2025-10-06|true|ILL-CSAM|blocked|blocked|true|Year 8|ios",
            "2025-10-14|false|ILL-TERR|blocked|allowed|false|unmatched|other",
            "2025-10-15|false|UNMAPPED|allowed|blocked|false|Staff|",
        ]
    );
    assert!(place.everything()["vault checks"].iter().any(|row| row.contains("seen by Serin")));
    assert!(place.everything()["vault rejects"].len() == 2);
    assert!(place.rows(&REQUESTS).is_empty(), "a test is no request and no hit");
    no_marker_is_anywhere(&place);
}

#[test]
fn tickets_about_something_else_are_counted_and_left_out() {
    let place = Installation::new();
    let file = "Ticket ID,Subject,Status,Agent,Created Time,Requester Name,Description\n\
        1,Unblock please,Open,Ada Gannet,2025-10-06 09:00:00,Heron Zinnia,plover.example.com/curlew\n\
        2,Printer of Heron Zinnia,Open,,2025-10-06 09:01:00,Heron Zinnia,http://quagga.example/\n\
        3,Website blocked,Resolved,Ada Gannet,2025-10-07 09:00:00,Ada Gannet,\n";
    place.put("tickets.csv", file);
    let tally = place.run().files.remove(0).tally;
    assert_eq!((tally.records, tally.directives, tally.events, tally.others()), (4, 1, 2, 1));
    assert_eq!(tally.other["about something else"], 1);
    let rows = columns(&place, &CHANGES, &["kind", "site", "address_source", "status", "decided_by_other"]);
    assert_eq!(rows, ["ticket|example.com|text|open|", "ticket||none|closed|false"]);
    assert_eq!(sealed_changes(&place).len(), 2, "what is left out is not sealed either");
    no_marker_is_anywhere(&place);
}

#[test]
fn a_later_export_of_a_change_is_its_history() {
    let place = Installation::new();
    place.put("a.csv", LEDGER);
    place.run();
    let decided = LEDGER.replace("Quiz,,,,,,,", "Quiz,,Refused,Ada Gannet,DSL,16/10/2025,,");
    assert_ne!(decided, LEDGER);
    place.put("b.csv", &decided);
    place.run();
    place.put("the same again.csv", &decided);
    assert_eq!(place.run().files[0].outcome, Outcome::AlreadyIngested);
    let rows = columns(&place, &CHANGES, &["change_token", "decision"]);
    assert_eq!(rows.len(), 8);
    let of_third: BTreeSet<_> = columns(&place, &CHANGES, &["record_number", "change_token", "decision"])
        .into_iter()
        .filter(|row| row.starts_with("4|"))
        .collect();
    let tokens: BTreeSet<_> = of_third.iter().map(|row| row.split('|').nth(1).unwrap().to_owned()).collect();
    let decisions: BTreeSet<_> =
        of_third.iter().map(|row| row.split('|').nth(2).unwrap().to_owned()).collect();
    assert_eq!((tokens.len(), decisions), (1, BTreeSet::from(["refused".to_owned(), "unknown".to_owned()])));
}

#[test]
fn a_run_that_is_stopped_loses_and_doubles_no_change_and_no_test() {
    let fill = |place: &Installation| {
        place.put("ledger.csv", LEDGER);
        place.put("reports.csv", REPORTS);
        place.put(
            "tests.csv",
            &CHECKED.replace(",,,Allowed,Fail,,", ",,,Allowed,Open,,").replace(",,,,,,,,\n", ""),
        );
    };
    let undisturbed = Installation::new();
    fill(&undisturbed);
    undisturbed.run();
    let whole = undisturbed.everything();
    assert_eq!((whole["changes"].len(), whole["vault changes"].len()), (6, 6));
    for steps in 0..=4 {
        let place = Installation::new();
        let keys = undisturbed.school.pseudonym_key_dir.clone();
        let place = Installation {
            school: SchoolConfig { pseudonym_key_dir: keys, ..place.school.clone() },
            ..place
        };
        fill(&place);
        place.with(|ingest| stopped_after(ingest, steps));
        if steps < 4 {
            assert!(place.rows(&CHANGES).is_empty(), "nobody sees an import without its row");
        }
        place.run();
        assert_eq!(place.everything(), whole, "stopped after step {steps}");
    }
}
