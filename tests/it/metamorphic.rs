//! What must not change a figure: how files are cut, the order of their lines, a file that comes twice, traffic that
//! no figure counts, and the zone in which a producer writes its times. And what one pupil can move: one pupil.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use ingest::school::SchoolId;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use query::{Ask, METRICS, School};
use serde_json::Value;

use super::night::Night;
use super::support::{json, run, watershed};

const PUPILS: usize = 26;

/// One act, or a part of a page.
#[derive(Clone)]
struct Visit {
    second: i64,
    user: String,
    url: String,
    blocked: bool,
    mime: &'static str,
    feed: usize,
}

struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) % end
    }
}

fn user(pupil: usize) -> String {
    match pupil {
        24 => "kiosk1".to_owned(),
        25 => "mrsmith".to_owned(),
        _ => format!("user{pupil:02}"),
    }
}

fn noon(day: Date) -> i64 {
    day.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp().as_second()
}

/// Tuesdays of the autumn term of 2025, one Thursday, and the Sunday of the October change.
fn days() -> Vec<Date> {
    let first = date(2025, 9, 9);
    (0..87)
        .map(|day| first.checked_add(jiff::Span::new().days(day)).unwrap())
        .filter(|day| {
            day.weekday().to_monday_one_offset() == 2 || [date(2025, 11, 6), date(2025, 10, 26)].contains(day)
        })
        .collect()
}

/// A term of pupils, a shared account and a teacher: allowed pages, blocked attempts of three themes, searches; in the
/// night of 26 October too, around the hour that comes twice.
fn visits() -> Vec<Visit> {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut found = Vec::new();
    for day in days() {
        let change = day == date(2025, 10, 26);
        for pupil in 0..PUPILS {
            if numbers.below(10) == 0 || (change && pupil % 4 != 0) {
                continue;
            }
            // From half past midnight UTC on, which is 01:30 twice; else from half past eight.
            let start = noon(day) + if change { -12 * 3600 + 1800 } else { -3 * 3600 - 1800 };
            let mut at = start + pupil as i64 * 3;
            let mut visit = |at: i64, url: &str, blocked: bool| {
                found.push(Visit {
                    second: at,
                    user: user(pupil),
                    url: url.to_owned(),
                    blocked,
                    mime: "text/html",
                    // Of a local time in the hour that comes twice only the order of the file says which it is.
                    feed: if change { pupil / 4 % 2 } else { (pupil + day.day() as usize) % 3 },
                });
            };
            visit(at, "http://pages-one.org.uk/a", false);
            for (site, odds) in [
                ("hop-one.org.uk", 4),
                ("leaf-one.org.uk", 9),
                ("quiet-one.org.uk", 60),
                ("pages-one.org.uk", 3),
            ] {
                if numbers.below(odds) == 0 {
                    for attempt in 0..=numbers.below(3) {
                        at += 150 + 60 * attempt as i64;
                        visit(at, &format!("http://{site}/p{attempt}"), site != "pages-one.org.uk");
                    }
                }
            }
            if numbers.below(25) == 0 {
                visit(at + 900, "http://www.google.com/search?q=how+to+buy+weed", false);
            }
            if numbers.below(12) == 0 {
                visit(at + 1200, "http://nobody-knows-it.org.uk/", numbers.below(2) == 0);
            }
        }
    }
    found
}

/// Parts of pages, adverts and upkeep, of those who were there and of one who did nothing else.
fn noise(visits: &[Visit]) -> Vec<Visit> {
    let mut found = Vec::new();
    for (number, visit) in visits.iter().enumerate().filter(|(number, _)| number % 3 == 0) {
        for (after, url, blocked, mime) in [
            (1, format!("http://pages-one.org.uk/pic{number}.png"), false, "image/png"),
            (2, "http://pages-one.org.uk/style.css".to_owned(), false, "text/css"),
            (2, "http://detectportal.firefox.com/success.txt".to_owned(), false, "text/plain"),
            (3, "http://update.microsoft.com/v6".to_owned(), number % 2 == 0, "text/html"),
            (4, "http://adservice.google.com/pixel.gif".to_owned(), true, "image/gif"),
        ] {
            found.push(Visit { second: visit.second + after, url, blocked, mime, ..visit.clone() });
        }
    }
    found.push(Visit {
        second: noon(date(2025, 9, 9)),
        user: "nobody1".to_owned(),
        url: "http://pages-one.org.uk/pic.png".to_owned(),
        blocked: false,
        mime: "image/png",
        feed: 0,
    });
    found
}

/// How the producers of the second and the third feed write their times.
#[derive(Clone, Copy)]
struct Zones {
    offset_of: &'static str,
    local: &'static str,
}

const LONDON: Zones = Zones { offset_of: "Europe/London", local: "Europe/London" };
const ELSEWHERE: Zones = Zones { offset_of: "Asia/Kolkata", local: "America/New_York" };

/// A line with its second.
type Line = (i64, String);

/// The lines of the three feeds (Squid's own layout by seconds since 1970, Squid's `combined` with an offset,
/// Lightspeed's table in local time), in order of time, with what no format can read between.
fn feeds(visits: &[Visit], zones: Zones) -> [Vec<Line>; 3] {
    let mut feeds: [Vec<Line>; 3] = [vec![], vec![], vec![]];
    let zone = |name: &str| TimeZone::get(name).unwrap();
    let mut sorted = visits.to_vec();
    sorted.sort_by_key(|visit| visit.second);
    for (number, visit) in sorted.iter().enumerate() {
        let at = Timestamp::from_second(visit.second).unwrap();
        let Visit { user, url, mime, .. } = visit;
        let (status, result) = if visit.blocked { (403, "TCP_DENIED") } else { (200, "TCP_MISS") };
        let mut line = String::new();
        match visit.feed {
            0 => write!(line, "{}.250 120 10.1.2.3 {result}/{status} 4512 GET {url} {user} HIER_DIRECT/192.0.2.7 {mime}", visit.second),
            1 => {
                let when = at.to_zoned(zone(zones.offset_of)).strftime("%d/%b/%Y:%H:%M:%S %z").to_string();
                write!(line, "10.1.2.3 - {user} [{when}] \"GET {url} HTTP/1.1\" {status} 4512 \"-\" \"Made-up/1.0\" {result}:HIER_DIRECT")
            }
            _ => {
                let when = at.to_zoned(zone(zones.local)).strftime("%d/%m/%Y %H:%M:%S").to_string();
                let action = if visit.blocked { "Blocked" } else { "Allowed" };
                write!(line, "{when},{url},{action},\"Rule, the usual\",{user},10.1.2.3,Pupils,Pupils,PC-1,")
            }
        }
        .unwrap();
        feeds[visit.feed].push((visit.second, line));
        if number % 211 == 7 && visit.feed < 2 {
            feeds[visit.feed].push((visit.second, format!("{}.9 cut", visit.second)));
        }
    }
    feeds
}

const HEADERS: [&str; 3] =
    ["", "", "Time,Destination,Action,Reason,User,IP Address,User OU,User Groups,Computer,Category\n"];
const NAMES: [&str; 3] = ["squid.log", "combined.log", "lightspeed.csv"];

fn text(feed: usize, lines: &[Line]) -> String {
    let body: String = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
    format!("{}{body}", HEADERS[feed])
}

/// A school with its roster, settings, incidents and ledger; each test starts from a copy; the keys stay where they are.
fn school() -> &'static Night {
    static SCHOOL: OnceLock<Night> = OnceLock::new();
    SCHOOL.get_or_init(|| {
        let night = Night::shared("metamorphic");
        let commands = night.set_up(&watershed);
        let mut people = String::from("person_key,accounts,year,role,mis_name\n");
        for pupil in 0..24 {
            writeln!(people, "P{pupil:02},{},{},pupil,Pupil P{pupil:02}", user(pupil), if pupil % 2 == 0 { 7 } else { 10 }).unwrap();
        }
        people.push_str("S1,mrsmith,,staff,Mr Smith\n");
        std::fs::write(night.disk().join("people.csv"), people).unwrap();
        for mut command in commands {
            super::support::out(&mut command);
        }
        let root = night.root();
        std::fs::create_dir_all(root.settings()).unwrap();
        let sites = "site,common_code\npages-one.org.uk,EDU\nhop-one.org.uk,BYPASS\nleaf-one.org.uk,DRUGS\nquiet-one.org.uk,SELFHARM\n";
        std::fs::write(root.settings().join("sites.csv"), sites).unwrap();
        // The days with logs are the school's only days, so that the term's logs are whole and its set has bands.
        let mut calendar = "date,day_type,half_term,school_week,note\n".to_owned();
        let mut day = date(2025, 9, 1);
        while day <= date(2025, 12, 19) {
            if !days().contains(&day) {
                writeln!(calendar, "{day},closure,,,").unwrap();
            }
            day = day.tomorrow().unwrap();
        }
        std::fs::write(root.settings().join("calendar.csv"), calendar).unwrap();
        let incidents = "Student,Date,Category,Incident,Status,Linked Students\n\
            Pupil P04,16/10/2025 11:20,Bullying,said so,Open,Pupil P05\nPupil P08,06/11/2025 09:20,Online safety,seen,Closed,\n";
        let ledger = "Request ID,Requested at,Requester,Requester role,Request,URL or category,Group,Reason,Risk note,Decision,\
            Decided by,Decided by role,Decided at,Applied from,Applied to,Closed\n\
            C-1,03/10/2025 09:10,Made-up Teacher,Teacher,Unblock,http://hop-one.org.uk/,Year 7,Project,none,Approved,Made-up Lead,DSL,04/10/2025,06/10/2025,19/10/2025,\n";
        std::fs::write(root.inbox().join("incidents.csv"), incidents).unwrap();
        std::fs::write(root.inbox().join("ledger.csv"), ledger).unwrap();
        taken_in(&night);
        night
    })
}

fn taken_in(night: &Night) {
    let taken = run(&mut night.command(watershed(), &["ingest"]));
    assert!(matches!(taken.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&taken.stderr));
    let left = std::fs::read_dir(night.root().refused()).map_or(0, Iterator::count);
    assert_eq!(left, 0, "{}", String::from_utf8_lossy(&taken.stdout));
}

/// What a school says: every table of every metric, and both sets of the term.
struct Said {
    tables: BTreeMap<String, Value>,
    sets: BTreeMap<&'static str, Value>,
}

/// A copy of the school that takes these files in, one run of `ingest` after another.
fn says(runs: &[Vec<(String, String)>], answers: &[&str]) -> Said {
    let night = Night::new();
    std::fs::remove_dir(night.disk()).unwrap();
    super::crash::copy(&school().disk(), &night.disk());
    for answer in answers {
        super::support::out(&mut night.command(watershed(), &["formats", "set", "lightspeed", answer]));
    }
    for files in runs {
        for (name, text) in files {
            std::fs::write(night.root().inbox().join(name), text).unwrap();
        }
        taken_in(&night);
    }
    let tables = answered(&night.disk().join("installation"));
    let mut sets = BTreeMap::new();
    for audience in ["governors", "parents"] {
        let ask = [
            "publish",
            "--audience",
            audience,
            "--period",
            "2025-autumn",
            "--approver",
            "headteacher",
            "--format",
            "json",
        ];
        let sealed = json(&mut night.command(watershed(), &ask));
        let id = sealed["id"].as_str().unwrap();
        sets.insert(
            audience,
            json(&mut night.command(watershed(), &["releases", "show", id, "--format", "json"])),
        );
    }
    Said { tables, sets }
}

fn answered(dir: &Path) -> BTreeMap<String, Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let school = School::open(dir, &SchoolId::parse("st-a").unwrap()).await.unwrap();
        let days = Ask { from: Some(date(2025, 9, 8)), to: Some(date(2025, 12, 5)), ..Ask::default() };
        let mut asked: Vec<(&str, Ask)> = Vec::new();
        for metric in METRICS {
            // What concerns staff is asked for by an account.
            let about_staff = [("attention", "staff"), ("overblocking", "overrides")];
            for table in metric.tables.iter().filter(|table| !about_staff.contains(&(metric.word, **table))) {
                asked.push((metric.word, Ask { table: Some((*table).to_owned()), ..days.clone() }));
            }
            if metric.tables.is_empty() {
                asked.push((metric.word, days.clone()));
            }
        }
        for table in ["pupils", "chart"] {
            for by in ["theme", "group"] {
                asked.push((
                    "trend",
                    Ask { table: Some(table.to_owned()), by: Some(by.to_owned()), ..days.clone() },
                ));
            }
        }
        let mut found = BTreeMap::new();
        for (word, ask) in asked {
            let name = [Some(word), ask.table.as_deref(), ask.by.as_deref()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" ");
            let answer =
                Box::pin(school.metric(word, &ask)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            found.insert(name, serde_json::from_str(&query::json::table(&answer)).unwrap());
        }
        found
    })
}

fn whole(visits: &[Visit], zones: Zones) -> Vec<(String, String)> {
    let feeds = feeds(visits, zones);
    (0..3).map(|feed| (NAMES[feed].to_owned(), text(feed, &feeds[feed]))).collect()
}

fn base() -> &'static Said {
    static BASE: OnceLock<Said> = OnceLock::new();
    BASE.get_or_init(|| says(&[whole(&visits(), LONDON)], &[]))
}

/// Tables about the files themselves; they must differ where the files do.
const ABOUT_FILES: [&str; 3] = ["coverage imports", "coverage rejects", "coverage findings"];

/// What stands on every table about its files (versions, records that could not be read) and, where records that no
/// figure counts were added, about all records.
fn without_counts_of_records(table: &mut Value, records: bool) {
    table.as_object_mut().unwrap().remove("versions");
    let counts: &[&str] = if records {
        &["Rejected:", "Unidentified:", "Undecrypted:", "Uncategorised:"]
    } else {
        &["Rejected:"]
    };
    // A profile's version has the answers given to it.
    for cell in table["cells"].as_array_mut().unwrap() {
        cell.as_object_mut().unwrap().remove("formats");
    }
    // How many files there were, what was found about them, and how many records could not be read, of all in all files:
    // those that came twice count twice.
    if table["schema"].as_str().is_some_and(|schema| schema.starts_with("watershed.coverage.summary")) {
        table["cells"].as_array_mut().unwrap().retain(|cell| {
            !["rejected_records", "imports", "findings"].contains(&cell["measure"].as_str().unwrap())
        });
    }
    let notes = table["evidence"]["notes"].as_array_mut().unwrap();
    notes.retain(|note| !counts.iter().any(|count| note.as_str().unwrap().starts_with(count)));
}

fn same(what: &str, found: &Said, but: &[&str]) {
    let records = but.len() > ABOUT_FILES.len();
    let expected = base();
    let mut differing = Vec::new();
    for (name, before) in &expected.tables {
        let mut sides = [before.clone(), found.tables[name].clone()];
        sides.iter_mut().for_each(|side| without_counts_of_records(side, records));
        if sides[0] != sides[1] && !but.contains(&name.as_str()) {
            differing.push(format!("{name}: {}", first_difference("", &sides[0], &sides[1])));
        }
    }
    for (audience, before) in &expected.sets {
        let mut sides = [before.clone(), found.sets[audience].clone()];
        if records {
            // Shares of all records, whoever caused them.
            sides.iter_mut().for_each(|set| drop(set.as_object_mut().unwrap().remove("operational")));
        }
        if sides[0] != sides[1] {
            differing.push(format!("the set for {audience}: {}", first_difference("", &sides[0], &sides[1])));
        }
    }
    assert!(differing.is_empty(), "{what}:\n{}", differing.join("\n"));
}

fn first_difference(at: &str, one: &Value, other: &Value) -> String {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => one
            .keys()
            .chain(other.keys())
            .find(|key| one.get(*key) != other.get(*key))
            .map(|key| {
                first_difference(&format!("{at}.{key}"), &one[key], other.get(key).unwrap_or(&Value::Null))
            })
            .unwrap_or_default(),
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => (0..one.len())
            .find(|index| one[*index] != other[*index])
            .map(|index| first_difference(&format!("{at}[{index}]"), &one[index], &other[index]))
            .unwrap_or_default(),
        _ => format!("{at}: {} became {}", short(one), short(other)),
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(300).collect()
}

fn shuffled(lines: &[Line]) -> Vec<Line> {
    let mut lines = lines.to_vec();
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    for at in (1..lines.len()).rev() {
        lines.swap(at, numbers.below(at as u64 + 1) as usize);
    }
    lines
}

#[test]
fn the_school_has_something_to_say() {
    let base = base();
    let cells = |name: &str| base.tables[name]["cells"].as_array().unwrap().len();
    for name in [
        "attention pupils",
        "trend pupils",
        "groups themes",
        "trend out-of-hours",
        "searches engines",
        "incidents counts",
        "changes temporary",
    ] {
        assert!(cells(name) > 0, "{name}: {:?}", base.tables.keys());
    }
}

/// Seven pieces of each file with their lines in no order, half of them one night and half the next; one comes again
/// under another name, and all the next night come once more.
#[test]
fn how_files_are_cut_their_order_and_that_they_come_twice_change_nothing() {
    let feeds = feeds(&visits(), LONDON);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for (feed, lines) in feeds.iter().enumerate() {
        let lines = shuffled(lines);
        for piece in 0..7 {
            let text = text(feed, &lines[lines.len() * piece / 7..lines.len() * (piece + 1) / 7]);
            let run = if piece % 2 == 0 { &mut first } else { &mut second };
            run.push((format!("{piece}-{}", NAMES[feed]), text.clone()));
            if piece == 3 {
                second.push((format!("again-{}", NAMES[feed]), text));
            }
        }
    }
    let found = says(&[first, second.clone(), second], &[]);
    same("cut, in no order, and twice", &found, &ABOUT_FILES);
}

/// Squid's `combined` in India, Lightspeed's table in New York: the same moments.
#[test]
fn the_zone_of_a_producer_changes_nothing() {
    let found = says(&[whole(&visits(), ELSEWHERE)], &["zone=America/New_York"]);
    same("another zone", &found, &ABOUT_FILES);
}

/// Tables that count records, whoever caused them.
const ABOUT_RECORDS: [&str; 5] = [
    "coverage summary",
    "coverage days",
    "coverage blind_spots",
    "coverage completeness",
    "trend confounders",
];

#[test]
fn traffic_that_no_figure_counts_changes_nothing() {
    let visits = visits();
    let with = [visits.clone(), noise(&visits)].concat();
    let found = says(&[whole(&with, LONDON)], &[]);
    same("noise", &found, &[&ABOUT_FILES[..], &ABOUT_RECORDS].concat());
}

/// 300 more hits of one pupil on one afternoon.
fn hammered(pupil: usize, site: &str) -> Said {
    let mut visits = visits();
    let start = noon(date(2025, 11, 6)) + 1800;
    for hit in 0..300 {
        visits.push(Visit {
            second: start + hit * 11,
            user: user(pupil),
            url: format!("http://{site}/h{hit}"),
            blocked: true,
            mime: "text/html",
            feed: 0,
        });
    }
    says(&[whole(&visits, LONDON)], &[])
}

/// The rows of a table by the words that name them, and the pupils in each.
fn pupils_by_row(said: &Said, table: &str, words: &[&str], count: &str) -> BTreeMap<String, i64> {
    let cells = said.tables[table]["cells"].as_array().unwrap();
    let name = |cell: &Value| words.iter().map(|word| cell[*word].to_string()).collect::<Vec<_>>().join(" ");
    cells.iter().map(|cell| (name(cell), cell[count].as_i64().unwrap_or(0))).collect()
}

/// The pupil was on no other site of this theme that week: its row of the week has one more, and no row has two more.
#[test]
fn one_pupils_three_hundred_hits_are_one_pupil() {
    let before = base();
    let after = hammered(7, "quiet-one.org.uk");
    let mut moved = 0;
    for (table, words, count) in [
        ("trend pupils", &["week_start_date"][..], "pupils"),
        ("trend pupils theme", &["week_start_date", "theme"], "pupils"),
        ("trend pupils group", &["week_start_date", "group_id"], "pupils"),
        ("groups themes", &["group_id", "theme"], "distinct_people"),
    ] {
        let [one, other] = [before, &after].map(|said| pupils_by_row(said, table, words, count));
        assert!(!one.is_empty(), "{table}");
        for (row, pupils) in &other {
            let was = one.get(row).copied().unwrap_or(0);
            assert!((0..=1).contains(&(pupils - was)), "{table}, {row}: {was} became {pupils}");
            moved += pupils - was;
        }
    }
    assert!(moved > 0, "the hits were counted nowhere");
    for (audience, set) in &before.sets {
        let [one, other] = [set, &after.sets[audience]].map(places);
        assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
        assert!(one.values().any(|place| *place > 0), "{audience}: no row of the set has a band");
        for (row, place) in &one {
            assert!(
                (0..=1).contains(&(other[row] - place)),
                "{audience}, {row}: {place} became {}",
                other[row]
            );
        }
    }
}

/// Rows of a set, and how many bands lie below what is shown of each: 0 below the threshold.
fn places(set: &Value) -> BTreeMap<String, i64> {
    let threshold = set["policy"]["threshold_pupils"].as_i64().unwrap();
    let width = set["policy"]["band_pupils"].as_i64().unwrap();
    let rows = set["tables"].as_array().unwrap().iter().flat_map(|table| table["rows"].as_array().unwrap());
    rows.enumerate()
        .map(|(number, row)| {
            let place = match row["shown"].as_str().unwrap() {
                "band" => 1 + (row["from"].as_i64().unwrap() - threshold) / width,
                _ => 0,
            };
            (format!("{number} {} {}", row["row"], row["group"]), place)
        })
        .collect()
}
