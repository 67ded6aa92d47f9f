//! Publishing: over counts made by hand, and from a lake on disk.
#![allow(clippy::unwrap_used, reason = "a test may")]
use std::cell::Cell;

use ingest::schema::{ACTIVITY, ACTOR_DAYS, EPISODES};
use jiff::civil::date;
use rusqlite::Connection;

use super::super::categories::tests::twelve;
use super::super::compose::{Counts, LeafCounts};
use super::super::count::Counted;
use super::super::count::tests::fill;
use super::super::operational::{Operations, Share};
use super::super::sealed::{SealedSet, Shown};
use super::*;

/// Counts by hand, and how often they were asked for.
struct ByHand {
    any: u32,
    rows: [u32; 12],
    tied: u64,
    asked: Cell<u32>,
}

impl ByHand {
    fn of(any: u32, rows: [u32; 12]) -> Self {
        Self { any, rows, tied: 95, asked: Cell::new(0) }
    }
}

impl PupilCounts for ByHand {
    async fn count(&self, asked: &Asked<'_>) -> Result<Counted, Error> {
        self.asked.set(self.asked.get() + 1);
        Ok(Counted {
            counts: Counts { leaves: vec![LeafCounts { any: self.any, rows: self.rows.to_vec() }] },
            operations: Operations {
                school_days: u32::try_from(asked.school_days.len()).unwrap(),
                missing_days: 0,
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

const TYPICAL: [u32; 12] = [21, 12, 14, 3, 0, 25, 9, 97, 18, 11, 31, 27];

fn order(audience: AudienceWord, period: &str, pupils: u32, today: Date) -> Order {
    let (from, to) = match period {
        "2026-spring" => (date(2026, 1, 5), date(2026, 3, 27)),
        "2025-26" => (date(2025, 9, 3), date(2026, 7, 21)),
        _ => (date(2025, 9, 3), date(2025, 12, 19)),
    };
    Order {
        audience,
        facts: Facts {
            school: "st-annes".to_owned(),
            school_name: "St Anne's".to_owned(),
            period: Period::parse(period).unwrap(),
            period_from: from.to_string(),
            period_to: to.to_string(),
            sealed_on: today.to_string(),
            roll: vec![YearOnRoll { year_group: None, pupils, shared_log_ins: false }],
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

fn autumn(audience: AudienceWord) -> Order {
    order(audience, "2025-autumn", 410, date(2026, 1, 5))
}

fn empty() -> Ledger {
    Ledger::over(Connection::open_in_memory().unwrap()).unwrap()
}

async fn refused(ledger: Ledger, order: &Order) -> Error {
    let counts = ByHand::of(96, TYPICAL);
    let error = seal(ledger, &counts, order).await.unwrap_err();
    assert_eq!(counts.asked.get(), 0, "refused before anything was counted");
    error
}

fn shown<'a>(set: &'a SealedSet, row: &str) -> &'a Shown {
    &set.tables.iter().flat_map(|table| &table.rows).find(|known| known.row == row).unwrap().shown
}

#[tokio::test]
async fn governors_first_then_parents_from_them() {
    let counts = ByHand::of(160, TYPICAL);
    let (ledger, governors) = seal(empty(), &counts, &autumn(AudienceWord::Governors)).await.unwrap();
    assert_eq!(governors.id, "st-annes-2025-autumn-governors");
    assert!(governors.sealed_now);
    let (ledger, parents) = seal(ledger, &counts, &autumn(AudienceWord::Parents)).await.unwrap();
    assert_eq!(counts.asked.get(), 1, "the parents' set is made without counting");
    let set = ledger.staff(&governors.id).unwrap();
    assert_eq!(shown(set.value(), "AI tools and companions").words(), "95-99");
    assert_eq!(shown(set.value(), "Self-harm, suicide, eating disorders").words(), "10-14");
    let set = ledger.staff(&parents.id).unwrap();
    assert_eq!(shown(set.value(), "AI tools and companions").words(), "90-99");
    assert_eq!(set.value().tables[1].rows.len(), 7);
    assert!(ledger.verify().unwrap().is_sound());
}

#[tokio::test]
async fn asking_again_gives_the_stored_bytes_and_counts_nothing() {
    let first = ByHand::of(160, TYPICAL);
    let (ledger, published) = seal(empty(), &first, &autumn(AudienceWord::Governors)).await.unwrap();
    let bytes = ledger.staff_json(&published.id).unwrap().value().clone();
    // A late file brought more pupils; another day.
    let second = ByHand::of(300, [100; 12]);
    let later = order(AudienceWord::Governors, "2025-autumn", 410, date(2026, 6, 1));
    let (ledger, again) = seal(ledger, &second, &later).await.unwrap();
    assert_eq!(second.asked.get(), 0);
    assert!(!again.sealed_now);
    assert_eq!(again.id, published.id);
    assert_eq!(*ledger.staff_json(&again.id).unwrap().value(), bytes);
}

#[tokio::test]
async fn the_fourteenth_day_is_the_first() {
    let early = order(AudienceWord::Governors, "2025-autumn", 410, date(2026, 1, 1));
    let error = refused(empty(), &early).await;
    assert_eq!(error.kind(), Kind::Configuration);
    assert!(error.to_string().starts_with("2025-autumn cannot be sealed before 2026-01-02"), "{error}");
    let due = order(AudienceWord::Governors, "2025-autumn", 410, date(2026, 1, 2));
    assert!(seal(empty(), &ByHand::of(96, TYPICAL), &due).await.is_ok());
}

#[tokio::test]
async fn size_decides_the_kind_of_period() {
    let error = refused(empty(), &order(AudienceWord::Governors, "2025-autumn", 62, date(2026, 9, 1))).await;
    assert!(error.helping().unwrap().contains("`2025-26`"));
    let error = refused(empty(), &order(AudienceWord::Governors, "2025-26", 410, date(2026, 9, 1))).await;
    assert!(error.helping().unwrap().contains("`2025-autumn`"));
}

#[tokio::test]
async fn no_parents_set_without_the_governors_set() {
    let error = refused(empty(), &autumn(AudienceWord::Parents)).await;
    assert!(error.helping().unwrap().contains("--audience governors"));
}

#[tokio::test]
async fn a_small_school_tells_parents_no_figure() {
    let year = |audience| order(audience, "2025-26", 62, date(2026, 9, 1));
    let counts = ByHand::of(17, [6, 1, 3, 0, 0, 0, 0, 11, 2, 2, 0, 0]);
    let (ledger, governors) = seal(empty(), &counts, &year(AudienceWord::Governors)).await.unwrap();
    let (ledger, parents) = seal(ledger, &counts, &year(AudienceWord::Parents)).await.unwrap();
    assert_eq!(ledger.staff(&governors.id).unwrap().value().tables.len(), 2);
    assert!(ledger.staff(&parents.id).unwrap().value().tables.is_empty());
}

#[tokio::test]
async fn the_roll_of_a_year_is_fixed_by_its_first_set() {
    let counts = ByHand::of(96, TYPICAL);
    let (ledger, _) = seal(empty(), &counts, &autumn(AudienceWord::Governors)).await.unwrap();
    let spring = |pupils| order(AudienceWord::Governors, "2026-spring", pupils, date(2026, 5, 1));
    let error = refused(ledger, &spring(409)).await;
    assert!(error.to_string().contains("the roll of 2025-26 changed"), "{error}");
    let (ledger, _) = seal(empty(), &counts, &autumn(AudienceWord::Governors)).await.unwrap();
    assert!(seal(ledger, &counts, &spring(410)).await.is_ok());
}

#[tokio::test]
async fn a_year_beside_its_terms_is_refused_even_when_the_roll_shrinks() {
    let (ledger, _) =
        seal(empty(), &ByHand::of(96, TYPICAL), &autumn(AudienceWord::Governors)).await.unwrap();
    let error = refused(ledger, &order(AudienceWord::Governors, "2025-26", 140, date(2026, 9, 1))).await;
    assert_eq!(error.kind(), Kind::Configuration);
}

#[tokio::test]
async fn thin_logs_are_not_available_and_the_term_after_is_compared_with_nothing() {
    let thin = ByHand { tied: 79, ..ByHand::of(96, TYPICAL) };
    let (ledger, published) = seal(empty(), &thin, &autumn(AudienceWord::Governors)).await.unwrap();
    assert_eq!(published.fallback_level, 0);
    let set = ledger.staff(&published.id).unwrap();
    assert!(
        set.value().tables.iter().flat_map(|table| &table.rows).all(|row| row.shown == Shown::NotAvailable)
    );
    let spring = order(AudienceWord::Governors, "2026-spring", 410, date(2026, 5, 1));
    let (ledger, published) = seal(ledger, &ByHand::of(160, TYPICAL), &spring).await.unwrap();
    let set = ledger.staff(&published.id).unwrap();
    assert!(set.value().tables.iter().flat_map(|table| &table.rows).all(|row| row.change.is_none()));
}

#[tokio::test]
async fn a_term_is_compared_with_the_term_before() {
    let mut rows = TYPICAL;
    rows[0] = 40;
    rows[1] = 8;
    let changes = async |approved: bool| -> Vec<Option<String>> {
        let (mut ledger, first) =
            seal(empty(), &ByHand::of(160, TYPICAL), &autumn(AudienceWord::Governors)).await.unwrap();
        if approved {
            ledger.approve(&first.id, "headteacher", date(2026, 1, 6)).unwrap();
        }
        let spring = order(AudienceWord::Governors, "2026-spring", 410, date(2026, 5, 1));
        let (ledger, published) = seal(ledger, &ByHand::of(160, rows), &spring).await.unwrap();
        let set = ledger.staff(&published.id).unwrap();
        set.value().tables[1].rows.iter().map(|row| row.change.clone()).collect()
    };
    let words = changes(true).await;
    assert_eq!(words[0].as_deref(), Some("higher"));
    assert_eq!(words[1], None);
    assert_eq!(words[7].as_deref(), Some("no clear change"));
    // A set that nobody approved is not told of by the next one.
    assert!(changes(false).await.iter().all(Option::is_none));
}

#[tokio::test]
async fn families_do_not_read_before_governors() {
    let counts = ByHand::of(160, TYPICAL);
    let (ledger, governors) = seal(empty(), &counts, &autumn(AudienceWord::Governors)).await.unwrap();
    let (mut ledger, parents) = seal(ledger, &counts, &autumn(AudienceWord::Parents)).await.unwrap();
    let day = date(2026, 1, 6);
    let error = ledger.approve(&parents.id, "headteacher", day).unwrap_err();
    assert!(error.to_string().contains("has not been approved"), "{error}");
    assert!(ledger.approval(&parents.id).unwrap().is_none());
    ledger.approve(&governors.id, "headteacher", day).unwrap();
    ledger.approve(&parents.id, "headteacher", day).unwrap();
    assert!(ledger.parents(&parents.id).is_ok());
}

/// Term dates that are corrected between two sealings must not give two windows that share days.
#[tokio::test]
async fn no_two_sets_share_a_day() {
    let counts = ByHand::of(160, TYPICAL);
    let (ledger, _) = seal(empty(), &counts, &autumn(AudienceWord::Governors)).await.unwrap();
    let mut spring = order(AudienceWord::Governors, "2026-spring", 410, date(2026, 5, 1));
    spring.facts.period_from = autumn(AudienceWord::Governors).facts.period_to;
    let error = refused(ledger, &spring).await;
    assert!(error.to_string().contains("st-annes-2025-autumn-governors was sealed for"), "{error}");
    // Nor may the parents' set of a period have other days than the governors'.
    let (ledger, _) = seal(empty(), &counts, &autumn(AudienceWord::Governors)).await.unwrap();
    let mut parents = autumn(AudienceWord::Parents);
    parents.facts.period_from = "2025-09-02".to_owned();
    assert_eq!(refused(ledger, &parents).await.kind(), Kind::Configuration);
}

#[tokio::test]
async fn what_the_gate_did_is_told_to_the_dsl_only() {
    // Eleven rows of 14 that share nobody, 9 in the twelfth: 163 pupils; 160 - 154 = 6 > 0.
    let mut rows = [14; 12];
    rows[6] = 9;
    let counts = ByHand::of(163, rows);
    let (ledger, governors) = seal(empty(), &counts, &autumn(AudienceWord::Governors)).await.unwrap();
    assert_eq!(governors.fallback_level, 2);
    let set = ledger.staff(&governors.id).unwrap();
    assert_eq!(set.value().tables[0].rows[0].shown, Shown::NotAvailable);
    let (_, again) = seal(ledger, &counts, &autumn(AudienceWord::Governors)).await.unwrap();
    assert_eq!(again.fallback_level, 2);
}

#[tokio::test]
async fn a_withdrawn_set_is_not_sealed_again() {
    let counts = ByHand::of(96, TYPICAL);
    let (mut ledger, published) = seal(empty(), &counts, &autumn(AudienceWord::Governors)).await.unwrap();
    ledger.withdraw(&published.id, "A day was counted twice.", "headteacher", date(2026, 2, 1)).unwrap();
    let error = seal(ledger, &ByHand::of(96, TYPICAL), &autumn(AudienceWord::Governors)).await.unwrap_err();
    assert!(error.to_string().contains("was withdrawn on 2026-02-01"), "{error}");
}

#[tokio::test]
async fn two_data_bases_with_the_same_bands_give_the_same_bytes() {
    let sealed = async |rows: [u32; 12], any| {
        let counts = ByHand::of(any, rows);
        let (ledger, governors) = seal(empty(), &counts, &autumn(AudienceWord::Governors)).await.unwrap();
        let (ledger, parents) = seal(ledger, &counts, &autumn(AudienceWord::Parents)).await.unwrap();
        let head = ledger.verify().unwrap().head;
        (
            ledger.staff_json(&governors.id).unwrap().value().clone(),
            ledger.staff_json(&parents.id).unwrap().value().clone(),
            head,
        )
    };
    let one = sealed([20, 10, 10, 0, 0, 25, 0, 95, 15, 10, 30, 25], 160).await;
    let other = sealed([24, 14, 14, 9, 9, 29, 9, 99, 19, 14, 34, 29], 164).await;
    assert_eq!(one, other);
}

#[test]
fn the_shipped_rows_are_the_policys() {
    let root = tempfile::tempdir().unwrap();
    let (dir, school) = installation(root.path(), 300);
    let config = Config::load(&dir).unwrap();
    let settings = Settings::load(&SchoolRoot::new(&dir, &school), config.school(&school).unwrap()).unwrap();
    let list = categories(&settings, date(2025, 9, 1), date(2025, 12, 19)).unwrap();
    let told = |list: &CategoryList| {
        list.rows()
            .iter()
            .map(|row| (row.name.clone(), row.heading.clone(), row.for_parents))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&list), told(&twelve()));
    let names = everyday(&settings, date(2025, 12, 19));
    assert!(names.contains_key("GAMES") && names.contains_key("ADVERT"));
    for never in ["PORN", "ILL-CSAM", "UNCAT", "UNMAPPED", "MISINFO"] {
        assert!(!names.contains_key(never), "{never}");
    }
}

/// An installation with one school, as `init` leaves it.
fn installation(dir: &Path, pupils: u32) -> (std::path::PathBuf, SchoolId) {
    let school = SchoolId::parse("st-annes").unwrap();
    let root = SchoolRoot::new(dir, &school);
    std::fs::create_dir_all(root.settings()).unwrap();
    let config = format!(
        "[[school]]\nid = \"st-annes\"\nname = \"St Anne's\"\nphase = \"secondary\"\nroll = {pupils}\n\
         pseudonym_key_dir = \"keys\"\nrecipients = []\n"
    );
    std::fs::write(dir.join(Config::FILE), config).unwrap();
    (dir.to_path_buf(), school)
}

/// From the lake on disk to both sealed sets: 12 pupils with self-harm, 25 with AI tools, 5 of them
/// in both; one day of the term without logs.
#[tokio::test]
async fn from_lake_to_sealed_sets() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, school) = installation(folder.path(), 300);
    let settings =
        Settings::load(&SchoolRoot::new(&dir, &school), Config::load(&dir).unwrap().school(&school).unwrap())
            .unwrap();
    let span = settings.calendar().period("2025-autumn").unwrap();
    let mut days = settings.calendar().school_days(span.from, span.to);
    let last = *days.last().unwrap();
    days.remove(10);
    let words: Vec<String> = days.iter().map(ToString::to_string).collect();
    let numbers: Vec<String> = (0..=32).map(|number: u32| number.to_string()).collect();
    let episode = |actor: usize, theme: &'static str| {
        vec![
            ("local_date", words[actor].as_str()),
            ("actor", numbers[actor].as_str()),
            ("actor_kind", "person"),
            ("role", "pupil"),
            ("year_group", "9"),
            ("theme", theme),
            ("severity", "4"),
        ]
    };
    let episodes = (1..=12).map(|actor| episode(actor, "Self-harm"));
    let episodes = episodes.chain((8..=32).map(|actor| episode(actor, "AI tools and companions"))).collect();
    let activity = words.iter().map(|day| {
        vec![
            ("local_date", day.as_str()),
            ("code", "EDU"),
            ("action", "allowed"),
            ("records", "50"),
            ("primary_records", "40"),
        ]
    });
    let actor_days = words.iter().map(|day| {
        vec![
            ("local_date", day.as_str()),
            ("actor", "1"),
            ("actor_kind", "person"),
            ("role", "pupil"),
            ("year_group", "9"),
            ("primary_records", "40"),
        ]
    });
    fill(
        &dir,
        &school,
        &[(&EPISODES, episodes), (&ACTIVITY, activity.collect()), (&ACTOR_DAYS, actor_days.collect())],
    )
    .await;

    let early = last.checked_add(Span::new().days(13)).unwrap();
    let today = last.checked_add(Span::new().days(14)).unwrap();
    let sealed = async |audience, today| {
        publish(&dir, &school, audience, "2025-autumn", Some("headteacher"), today).await
    };
    assert!(sealed(AudienceWord::Governors, early).await.is_err());
    assert!(sealed(AudienceWord::Parents, today).await.is_err());
    let governors = sealed(AudienceWord::Governors, today).await.unwrap();
    let parents = sealed(AudienceWord::Parents, today).await.unwrap();
    assert!(!sealed(AudienceWord::Governors, today).await.unwrap().sealed_now);

    let ledger = Ledger::open(&dir, &school).unwrap();
    assert_eq!(governors.approver.as_deref(), Some("headteacher"));
    assert_eq!(ledger.governors(&governors.id).unwrap().value().approver, "headteacher");
    assert!(ledger.parents(&parents.id).is_ok());
    assert!(ledger.audit().unwrap().iter().all(super::super::ledger::AuditedPeriod::is_sound));
    let set = ledger.staff(&governors.id).unwrap();
    assert_eq!(shown(set.value(), "Self-harm, suicide, eating disorders").words(), "10-14");
    assert_eq!(shown(set.value(), "AI tools and companions").words(), "25-29");
    // 32 pupils; 30 - 14 - 29 - 9 x 9 is far below 0.
    assert_eq!(set.value().tables[0].rows[0].shown.words(), "30-34");
    assert_eq!(set.value().tables[0].roll, 300);
    assert_eq!(set.value().operational[0].shown, format!("1 of {} school days", span.school_days));
    let set = ledger.staff(&parents.id).unwrap();
    assert_eq!(set.value().tables[0].rows[0].shown.words(), "30-39");
    assert_eq!(shown(set.value(), "AI tools and companions").words(), "20-29");
    assert!(ledger.verify().unwrap().is_sound());

    // A day that waits to be worked off holds everything back.
    let mut state = State::open(&SchoolRoot::new(&dir, &school)).unwrap();
    state.mark_dirty([date(2026, 2, 3)]).unwrap();
    drop(state);
    let spring = publish(&dir, &school, AudienceWord::Governors, "2026-spring", None, date(2026, 9, 1)).await;
    assert_eq!(spring.unwrap_err().kind(), Kind::Retry);
}

#[test]
fn a_code_that_a_school_never_reports_takes_its_theme_out_of_the_row() {
    let root = tempfile::tempdir().unwrap();
    let (dir, school) = installation(root.path(), 300);
    let places = SchoolRoot::new(&dir, &school);
    let list = |rows: &str| {
        let text = format!("code,audience,valid_from,valid_to\n{rows}");
        std::fs::write(places.settings().join("never_reported.csv"), text).unwrap();
        let settings = Settings::load(&places, Config::load(&dir).unwrap().school(&school).unwrap()).unwrap();
        categories(&settings, date(2025, 9, 1), date(2025, 12, 19)).unwrap()
    };
    let shipped = list("");
    // Bullying is a row of one code; eating disorders are one theme of three in theirs.
    let fewer = list("BULLY,everyone,,\nEATDIS,everyone,,\nGENAI,parents,,\n");
    let names: Vec<_> = fewer.rows().iter().map(|row| row.name.as_str()).collect();
    assert_eq!(fewer.rows().len(), 11);
    assert!(!names.contains(&"Bullying"));
    assert_eq!(names[1], "Self-harm, suicide, eating disorders (in part)");
    assert_eq!(fewer.row_of_theme("Eating disorders"), None);
    assert_eq!(fewer.row_of_theme("Self-harm"), Some(1));
    assert!(fewer.rows().iter().all(|row| row.name != "AI tools and companions" || !row.for_parents));
    assert_ne!(fewer.version(), shipped.version());
    // Not in this period.
    assert_eq!(list("BULLY,everyone,2026-01-01,\n").version(), shipped.version());
}
