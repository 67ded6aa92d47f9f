//! Made-up schools sealed by this crate and attacked by a program that shares nothing with it.
//!
//! `tests/attacker` (Python) makes the schools pupil by pupil, attacks whatever was released about them
//! with linear and integer programs, and judges what was won. Forty schools of six terms in every test
//! run; `WATERSHED_SCHOOLS` says how many else, and `tests/runs/attacks.md` what came of a thousand. `WATERSHED_ATTACKED`
//! names a folder that keeps the schools and their sets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may"
)]
use std::cell::Cell;
use std::path::PathBuf;
use std::process::Command;

use jiff::civil::date;
use serde_json::Value;

use super::super::categories::tests::twelve;
use super::super::compose::{Counts, LeafCounts};
use super::super::count::Counted;
use super::super::groups::GroupTree;
use super::super::operational::{Operations, Share};
use super::*;

/// The seed of the committed runs.
const SEED: &str = "20261122";
/// Schools in every test run; half of them ordinary, the others cover every hostile kind.
const SCHOOLS: &str = "40";
const ROWS: u32 = 12;
/// Self-harm and bullying: the rows whose pupils the made-up schools have on their own records.
const RECORDED: u64 = 1 << 1 | 1 << 9;

/// The pupils of one period: a set of rows for each, by year group.
struct Pupils<'a> {
    by_year: &'a Value,
    /// Acts tied to a pupil, of a hundred.
    tied: u64,
    /// Rows that everybody is in beside: late records, which must change nothing.
    late: u64,
    asked: Cell<bool>,
}

impl PupilCounts for Pupils<'_> {
    async fn count(&self, asked: &Asked<'_>) -> Result<Counted, Error> {
        self.asked.set(true);
        let tree = GroupTree::of_roll(asked.roll);
        let mut leaves: Vec<Vec<u64>> = vec![Vec::new(); tree.leaf_groups().len()];
        for (year, pupils) in self.by_year.as_object().unwrap() {
            let Some(leaf) = tree.leaf_of(year.parse().ok()) else { continue };
            leaves[leaf]
                .extend(pupils.as_array().unwrap().iter().map(|bits| bits.as_u64().unwrap() | self.late));
        }
        let number = |pupils: &[u64], wanted: &dyn Fn(u64) -> bool| {
            u32::try_from(pupils.iter().filter(|bits| wanted(**bits)).count()).unwrap()
        };
        let leaf = |pupils: &Vec<u64>| LeafCounts {
            rows: (0..ROWS).map(|row| number(pupils, &|bits| bits >> row & 1 == 1)).collect(),
            any: number(pupils, &|bits| bits != 0),
        };
        // Whoever met one of two kinds of matter is on the school's own records too.
        let concerns = leaves.iter().map(|pupils| number(pupils, &|bits| bits & RECORDED != 0)).sum();
        Ok(Counted {
            counts: Counts { leaves: leaves.iter().map(leaf).collect() },
            operations: Operations {
                recorded_concerns: Some(concerns),
                school_days: u32::try_from(asked.school_days.len()).unwrap(),
                requests: 123_456,
                tied: Share { part: self.tied, whole: 100 },
                identified: Share { part: 94, whole: 100 },
                decrypted: Share { part: 9, whole: 10 },
                categorised: Share { part: 97, whole: 100 },
                commonest_stopped: vec!["Games".to_owned()],
                ..Operations::default()
            },
        })
    }
}

fn roll_of(year: &Value, as_a_whole: bool) -> Vec<YearOnRoll> {
    let years: Vec<YearOnRoll> = year["roll"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| YearOnRoll {
            year_group: Some(i8::try_from(group[1].as_i64().unwrap()).unwrap()),
            pupils: u32::try_from(group[2].as_u64().unwrap()).unwrap(),
            shared_log_ins: group[3].as_bool().unwrap(),
        })
        .collect();
    if as_a_whole && years.iter().all(|year| !year.shared_log_ins) {
        let pupils = years.iter().map(|year| year.pupils).sum();
        return vec![YearOnRoll { year_group: None, pupils, shared_log_ins: false }];
    }
    years
}

fn days_of(period: Period) -> (Date, Date) {
    let first = period.academic_year().first_year();
    match period.to_string().rsplit('-').next().unwrap() {
        "autumn" => (date(first, 9, 3), date(first, 12, 19)),
        "spring" => (date(first + 1, 1, 5), date(first + 1, 3, 27)),
        "summer" => (date(first + 1, 4, 13), date(first + 1, 7, 21)),
        _ => (date(first, 9, 3), date(first + 1, 7, 21)),
    }
}

fn order_of(school: &str, audience: AudienceWord, period: &str, roll: Vec<YearOnRoll>) -> Order {
    let period = Period::parse(period).unwrap();
    let (from, to) = days_of(period);
    let today = to.checked_add(Span::new().days(20)).unwrap();
    Order {
        audience,
        facts: Facts {
            school: school.to_owned(),
            school_name: "A made-up school".to_owned(),
            period,
            period_from: from.to_string(),
            period_to: to.to_string(),
            sealed_on: today.to_string(),
            roll,
        },
        categories: twelve(),
        everyday: BTreeMap::new(),
        school_days: vec![from, to],
        from,
        to,
        today,
        roster: BTreeMap::new(),
        never: BTreeSet::new(),
    }
}

/// The attacker's folder, and its Python.
fn attacker(script: &str) -> Command {
    let python = std::env::var("WATERSHED_PYTHON").expect(
        "nobody attacks without Python: run `tests/run`, which sets it up and names it in WATERSHED_PYTHON",
    );
    let query = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("run by cargo"));
    let mut command = Command::new(python);
    // No compiled files in the checkout.
    command.arg("-B").current_dir(query.join("../tests/attacker")).arg(script);
    command
}

/// Runs it; what it prints is the result.
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}:\n{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// Asks for everything about one school, every period and audience, and for each twice. Returns how
/// many sets the gate held something back of.
async fn seal_all(dir: &Path, sets: &Path, number: usize, school: &Value) -> usize {
    let name = school["school"].as_str().unwrap();
    let id = SchoolId::parse(name).unwrap();
    std::fs::create_dir_all(SchoolRoot::new(dir, &id).root()).unwrap();
    std::fs::create_dir_all(sets.join(name)).unwrap();
    let (mut released, mut held) = (Vec::new(), 0);
    for year in school["years"].as_array().unwrap() {
        let academic_year = year["academic_year"].as_str().unwrap();
        let first = academic_year[..4].parse::<i16>().unwrap();
        let terms =
            [format!("{first}-autumn"), format!("{}-spring", first + 1), format!("{}-summer", first + 1)];
        for period in terms.iter().map(String::as_str).chain([academic_year]) {
            for audience in [AudienceWord::Governors, AudienceWord::Parents] {
                // A term of thin logs now and then.
                let tied = if number % 9 == 4 && period.ends_with("spring") { 79 } else { 95 };
                let counts =
                    |late| Pupils { by_year: &year["periods"][period], tied, late, asked: Cell::new(false) };
                let order = order_of(name, audience, period, roll_of(year, number % 11 == 10));
                let ledger = Ledger::open(dir, &id).unwrap();
                let (mut ledger, published) = match seal(ledger, &counts(0), &order).await {
                    Ok(sealed) => sealed,
                    Err(error) => {
                        assert_eq!(error.kind(), Kind::Configuration, "{name} {period}: {error}");
                        continue;
                    }
                };
                held += usize::from(published.fallback_level > 0);
                ledger.approve(&published.id, "headteacher", order.today).unwrap();
                let bytes = ledger.json(&published.id).unwrap().value().clone();
                let again = counts((1 << ROWS) - 1);
                let (ledger, _) = seal(ledger, &again, &order).await.unwrap();
                assert!(!again.asked.get(), "what is sealed is not counted again");
                assert_eq!(*ledger.json(&published.id).unwrap().value(), bytes);
                std::fs::write(sets.join(name).join(format!("{}.json", published.id)), bytes).unwrap();
                released.push(published.id);
            }
        }
    }
    // Who has read a set remembers it after it was withdrawn.
    let mut ledger = Ledger::open(dir, &id).unwrap();
    if let Some(first) = released.first().filter(|_| number % 7 == 3) {
        ledger.withdraw(first, "A day was counted twice.", "headteacher", date(2027, 9, 1)).unwrap();
    }
    assert!(ledger.verify().unwrap().is_sound());
    held
}

/// Nothing is won, whoever reads what: the six terms of every school, all audiences, all periods.
#[tokio::test]
async fn the_attacker_wins_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let count = std::env::var("WATERSHED_SCHOOLS").unwrap_or_else(|_| SCHOOLS.to_owned());
    let kept = std::env::var_os("WATERSHED_ATTACKED").map(PathBuf::from);
    let place = kept.as_deref().unwrap_or(folder.path());
    let (truth, sets) = (place.join("truth.jsonl"), place.join("sets"));
    said(attacker("schools.py").args([SEED, &count]).arg(&truth));
    let mut held = 0;
    for (number, line) in std::fs::read_to_string(&truth).unwrap().lines().enumerate() {
        held += seal_all(folder.path(), &sets, number, &serde_json::from_str(line).unwrap()).await;
    }
    println!("sets of which the gate held something back: {held}");
    println!("{}", said(attacker("utility.py").arg(&truth).arg(&sets)));
    println!("{}", said(attacker("attack.py").arg(&truth).arg(&sets)));
}

/// The same attacker breaks what is broken; without that its defeat would mean nothing.
#[test]
fn the_attacker_breaks_what_is_broken() {
    println!("{}", said(attacker("-m").args(["unittest", "-q", "test_methods"])));
}
