#![allow(clippy::unwrap_used, reason = "a test may")]
use std::cell::Cell;

use jiff::civil::date;
use rusqlite::Connection;

use super::super::categories::tests::twelve;
use super::super::compose::Counts;
use super::super::count::Counted;
use super::super::operational::{Operations, Share};
use super::super::sealed::{SealedSet, Shown};
use super::*;

/// Counts by hand, and how often they were asked for.
struct ByHand {
    any: u32,
    rows: [u32; 12],
    identified: u64,
    asked: Cell<u32>,
}

impl ByHand {
    fn of(any: u32, rows: [u32; 12]) -> Self {
        Self { any, rows, identified: 95, asked: Cell::new(0) }
    }
}

impl PupilCounts for ByHand {
    async fn count(&self, asked: &Asked<'_>) -> Result<Counted, Error> {
        self.asked.set(self.asked.get() + 1);
        Ok(Counted {
            counts: Counts { any: self.any, rows: self.rows.to_vec() },
            operations: Operations {
                school_days: u32::try_from(asked.school_days.len()).unwrap(),
                missing_days: 0,
                requests: 123_456,
                identified: Share { part: self.identified, whole: 100 },
                decrypted: Share { part: 9, whole: 10 },
                categorised: Share { part: 97, whole: 100 },
                commonest_stopped: vec!["Games".to_owned()],
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
            approver: "headteacher".to_owned(),
            roll: vec![YearOnRoll { year_group: None, pupils, shared_log_ins: false }],
        },
        categories: twelve(),
        everyday: BTreeMap::new(),
        school_days: vec![from, to],
        from,
        to,
        today,
        has_roster: true,
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
    let set = ledger.governors(&governors.id).unwrap();
    assert_eq!(shown(set.value(), "AI tools and companions").words(), "95-99");
    assert_eq!(shown(set.value(), "Self-harm, suicide, eating disorders").words(), "10-14");
    let set = ledger.parents(&parents.id).unwrap();
    assert_eq!(shown(set.value(), "AI tools and companions").words(), "90-99");
    assert_eq!(set.value().tables[1].rows.len(), 7);
    assert!(ledger.verify().unwrap().is_sound());
}

#[tokio::test]
async fn asking_again_gives_the_stored_bytes_and_counts_nothing() {
    let first = ByHand::of(160, TYPICAL);
    let (ledger, published) = seal(empty(), &first, &autumn(AudienceWord::Governors)).await.unwrap();
    let bytes = ledger.json(&published.id).unwrap().value().clone();
    // A late file brought more pupils; another day, another approver.
    let second = ByHand::of(300, [100; 12]);
    let mut later = order(AudienceWord::Governors, "2025-autumn", 410, date(2026, 6, 1));
    later.facts.approver = "deputy".to_owned();
    let (ledger, again) = seal(ledger, &second, &later).await.unwrap();
    assert_eq!(second.asked.get(), 0);
    assert!(!again.sealed_now);
    assert_eq!(again.id, published.id);
    assert_eq!(*ledger.json(&again.id).unwrap().value(), bytes);
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
    assert_eq!(ledger.governors(&governors.id).unwrap().value().tables.len(), 2);
    assert!(ledger.parents(&parents.id).unwrap().value().tables.is_empty());
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
    let thin = ByHand { identified: 79, ..ByHand::of(96, TYPICAL) };
    let (ledger, published) = seal(empty(), &thin, &autumn(AudienceWord::Governors)).await.unwrap();
    assert_eq!(published.fallback_level, 0);
    let set = ledger.governors(&published.id).unwrap();
    assert!(
        set.value().tables.iter().flat_map(|table| &table.rows).all(|row| row.shown == Shown::NotAvailable)
    );
    let spring = order(AudienceWord::Governors, "2026-spring", 410, date(2026, 5, 1));
    let (ledger, published) = seal(ledger, &ByHand::of(160, TYPICAL), &spring).await.unwrap();
    let set = ledger.governors(&published.id).unwrap();
    assert!(set.value().tables.iter().flat_map(|table| &table.rows).all(|row| row.change.is_none()));
}

#[tokio::test]
async fn a_term_is_compared_with_the_term_before() {
    let (ledger, _) =
        seal(empty(), &ByHand::of(160, TYPICAL), &autumn(AudienceWord::Governors)).await.unwrap();
    let mut rows = TYPICAL;
    rows[0] = 40;
    rows[1] = 8;
    let spring = order(AudienceWord::Governors, "2026-spring", 410, date(2026, 5, 1));
    let (ledger, published) = seal(ledger, &ByHand::of(160, rows), &spring).await.unwrap();
    let set = ledger.governors(&published.id).unwrap();
    let changes: Vec<_> = set.value().tables[1].rows.iter().map(|row| row.change.as_deref()).collect();
    assert_eq!(changes[0], Some("higher"));
    assert_eq!(changes[1], None);
    assert_eq!(changes[7], Some("no clear change"));
}

#[tokio::test]
async fn what_the_gate_did_is_told_to_the_dsl_only() {
    // Eleven rows of 14 that share nobody, 9 in the twelfth: 163 pupils; 160 - 154 = 6 > 0.
    let mut rows = [14; 12];
    rows[6] = 9;
    let counts = ByHand::of(163, rows);
    let (ledger, governors) = seal(empty(), &counts, &autumn(AudienceWord::Governors)).await.unwrap();
    assert_eq!(governors.fallback_level, 2);
    let set = ledger.governors(&governors.id).unwrap();
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
            ledger.json(&governors.id).unwrap().value().clone(),
            ledger.parents_json(&parents.id).unwrap().value().clone(),
            head,
        )
    };
    let one = sealed([20, 10, 10, 0, 0, 25, 0, 95, 15, 10, 30, 25], 160).await;
    let other = sealed([24, 14, 14, 9, 9, 29, 9, 99, 19, 14, 34, 29], 164).await;
    assert_eq!(one, other);
}

#[test]
fn an_approver_is_a_role() {
    assert_eq!(role("  headteacher ").unwrap(), "headteacher");
    for wrong in ["", "   ", "a\nb", &"x".repeat(81)] {
        assert!(role(wrong).is_err());
    }
}
