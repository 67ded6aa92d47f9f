//! The gate against sets that give something away, and against those that the policy makes.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may")]
use super::super::compose::HEADLINE;
use super::super::groups::GroupTree;
use super::super::groups::tests::roll;
use super::super::sealed::{SealedCategory, SealedPolicy, SealedRow, SealedTable};
use super::*;

const FEW: Shown = Shown::FewerThan { n: 10 };

fn band(from: u32) -> Shown {
    Shown::Band { from, to: from + 4 }
}

/// A governors' set with rows as `(row, group, shown)`; the row of the union is "".
fn set(years: &[(i8, u32)], rows: &[(&str, &str, Shown)]) -> SealedSet {
    let groups = GroupTree::of_roll(&roll(years)).sealed();
    let pupils = groups[0].pupils;
    let mut categories: Vec<SealedCategory> = Vec::new();
    for (row, ..) in rows.iter().filter(|(row, ..)| !row.is_empty()) {
        if categories.iter().all(|known| known.row != *row) {
            categories.push(SealedCategory { row: (*row).to_owned(), heading: "content".to_owned() });
        }
    }
    let table = |id: &str, union: bool, whole: bool| SealedTable {
        id: id.to_owned(),
        title: String::new(),
        roll: pupils,
        rows: rows
            .iter()
            .filter(|(row, group, _)| row.is_empty() == union && (*group == "school") == whole)
            .map(|(row, group, shown)| SealedRow {
                row: if union { HEADLINE.to_owned() } else { (*row).to_owned() },
                heading: String::new(),
                group: (*group).to_owned(),
                shown: shown.clone(),
                per_hundred: None,
                change: None,
            })
            .collect(),
    };
    SealedSet {
        schema: "watershed.sealed/1".to_owned(),
        id: "oak-2025-autumn-governors".to_owned(),
        school: "oak".to_owned(),
        school_name: "Oak School".to_owned(),
        audience: "governors".to_owned(),
        period: "2025-autumn".to_owned(),
        period_from: String::new(),
        period_to: String::new(),
        sealed_on: String::new(),
        approver: String::new(),
        policy: SealedPolicy {
            version: String::new(),
            threshold_pupils: 10,
            band_pupils: 5,
            category_list_version: String::new(),
            shape: String::new(),
        },
        roll: Vec::new(),
        tables: vec![
            table("T0", true, true),
            table("T1", false, true),
            table("T2", true, false),
            table("T3", false, false),
        ],
        groups,
        categories,
        operational: Vec::new(),
        statements: Vec::new(),
    }
}

fn found(set: &SealedSet) -> Vec<(String, String, &'static str)> {
    let examined = examine(&[set]).unwrap();
    assert!(!examined.contradiction);
    examined.disclosed.into_iter().map(|cell| (cell.group, cell.row, cell.fault)).collect()
}

const PRIMARY: [(i8, u32); 2] = [(2, 178), (6, 232)];

#[test]
fn a_part_shown_beside_a_hidden_one_gives_it_away() {
    // 20-24 in all, 15-19 of them juniors: between 1 and 9 infants.
    let rows = [
        ("", "school", band(95)),
        ("Adult", "school", band(20)),
        ("Adult", "KS2", band(15)),
        ("AI", "school", band(70)),
    ];
    let told = found(&set(&PRIMARY, &rows));
    assert!(
        told.iter().any(|(group, row, fault)| {
            group == "KS1" && row == "Adult" && *fault == "it is known to be neither empty nor 10 or more"
        }),
        "{told:?}"
    );
    // Nothing by key stage: 0 to 24.
    let hidden = |group| ("Adult", group, Shown::NotBrokenDown);
    let rows = [
        ("", "school", band(95)),
        ("Adult", "school", band(20)),
        hidden("KS1"),
        hidden("KS2"),
        ("AI", "school", band(70)),
    ];
    assert_eq!(found(&set(&PRIMARY, &rows)), []);
}

#[test]
fn three_parts_of_ten_are_too_small_for_a_row_of_thirty_five() {
    // Lower end 35 - 2 x 14 = 7, upper end 14: eight values.
    let years = [(2, 100), (6, 100), (7, 100)];
    let mut rows =
        vec![("", "school", band(35)), ("AI", "school", band(35)), ("Violence", "school", band(35))];
    rows.extend(["KS1", "KS2", "KS3"].map(|group| ("", group, band(10))));
    let told = found(&set(&years, &rows));
    assert_eq!(told.len(), 12, "{told:?}");
    assert!(told.iter().all(|(.., fault)| *fault == "it has fewer than 9 values"));
}

#[test]
fn a_headline_that_the_rows_do_not_explain_gives_the_hidden_row_away() {
    let rows = |headline| {
        let mut rows = vec![("", "school", band(headline))];
        rows.extend(["a", "b", "c", "d", "e", "f", "g"].map(|row| (row, "school", band(10))));
        rows.push(("h", "school", FEW));
        set(&[(7, 200), (8, 210)], &rows)
    };
    // 105 - 7 x 14 = 7; 95 - 98 < 0.
    let told = found(&rows(105));
    assert!(told.iter().any(|(group, row, _)| group == "school" && row == "h"), "{told:?}");
    assert_eq!(found(&rows(95)), []);
    let settled = settle(&rows(105), &[]).unwrap();
    assert_eq!(settled.fallback_level, 2);
    assert_eq!(settled.set.tables[0].rows[0].shown, Shown::NotAvailable);
    assert_eq!(settled.set.tables[1].rows[0].shown, band(10));
}

#[test]
fn rows_that_hardly_overlap_and_cover_the_roll_expose_the_few_outside() {
    // "All or nearly all" of 200 is 191 to 200. Rows that reach 11 x 14 + 39 = 193 leave 7 to 9 outside; rows
    // that reach 11 x 14 + 49 = 203 leave 0 to 9.
    let rows = |last| {
        let mut rows = vec![("", "school", Shown::AllOrNearly)];
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];
        rows.extend(names.map(|row| (row, "school", band(10))));
        rows.push(("l", "school", band(last)));
        set(&[(7, 100), (10, 100)], &rows)
    };
    let examined = examine(&[&rows(35)]).unwrap();
    let outside = |cell: &DisclosedCell| cell.outside && cell.group == "school" && cell.row == HEADLINE;
    let told = examined.disclosed.iter().find(|cell| outside(cell)).unwrap();
    assert_eq!(told.fault, "it is known to be neither empty nor 10 or more");
    assert_eq!(found(&rows(45)), []);
    assert_eq!(settle(&rows(35), &[]).unwrap().fallback_level, 2);
}

#[test]
fn what_follows_from_a_breakdown_that_is_withheld_is_counted_too() {
    // Two key stages, 25-30 of 60 in all: one of the two has fewer than 15.
    let hidden = |group| ("", group, Shown::NotBrokenDown);
    let rows = [("", "school", band(25)), hidden("KS1"), hidden("KS2"), ("AI", "school", band(25))];
    let one = set(&[(2, 30), (6, 30)], &rows);
    assert_eq!(found(&one), []);
    let system = System::of(&[&one]).unwrap().unwrap();
    assert_eq!(system.withheld.len(), 1);
    assert!(system.explains(&system.withheld[0], &[29, 14, 14, 15, 15]));
    assert!(!system.explains(&system.withheld[0], &[30, 15, 15, 15, 15]));
}

#[test]
fn an_earlier_set_of_another_audience_is_examined_together_with_the_new_one() {
    // The governors read 40 in all and 21 of Year 9, the newsletter 16 of Year 7: 3 are left.
    let years = [(7, 100), (10, 100)];
    let governors =
        set(&years, &[("", "school", band(95)), ("AI", "school", band(35)), ("X", "school", band(90))]);
    assert_eq!(found(&governors), []);
    let other = set(&years, &[("AI", "KS3", band(30)), ("X", "school", band(90))]);
    assert!(!examine(&[&governors, &other]).unwrap().is_sound());
    let settled = settle(&other, std::slice::from_ref(&governors)).unwrap();
    assert_eq!(settled.fallback_level, 1);
    assert!(settled.set.tables[3].rows.iter().all(|row| row.shown == Shown::NotAvailable));
}

#[test]
fn sets_that_cannot_all_be_true_prove_nothing() {
    let years = [(7, 100), (10, 100)];
    let set = set(&years, &[("AI", "school", FEW), ("AI", "KS3", band(30))]);
    assert!(examine(&[&set]).unwrap().contradiction);
    assert_eq!(settle(&set, &[]).unwrap().fallback_level, 1);
    let mut other = set.clone();
    other.period = "2026-spring".to_owned();
    assert!(examine(&[&set, &other]).is_err());
    other.period.clone_from(&set.period);
    other.tables[1].rows[0].group = "class 7b".to_owned();
    assert!(examine(&[&set, &other]).is_err());
}

#[test]
fn nothing_shown_is_nothing_to_examine() {
    let set = set(&[(7, 100)], &[("", "school", Shown::NotAvailable)]);
    assert_eq!(examine(&[&set]).unwrap(), Examined::default());
}

/// The largest school: 14 leaf groups, twelve rows and their union. Prints what it took.
#[test]
fn the_largest_school_passes() {
    use super::super::categories::tests::twelve;
    use super::super::compose::{Counts, Facts, LeafCounts, governor_set};
    use super::super::operational::Operations;
    use super::super::shape::Period;
    let years: Vec<(i8, u32)> = (0..=13).map(|year| (year, 150)).collect();
    let facts = Facts {
        school: "oak".to_owned(),
        school_name: "Oak School".to_owned(),
        period: Period::parse("2025-autumn").unwrap(),
        period_from: String::new(),
        period_to: String::new(),
        sealed_on: String::new(),
        roll: roll(&years),
    };
    let leaf = |year: u32| {
        let rows: Vec<u32> = (0..12).map(|row: u32| (year * (row + 2) + 3 * row) % (4 + 3 * row)).collect();
        LeafCounts { any: rows.iter().copied().max().unwrap() + 9, rows }
    };
    let counts = Counts { leaves: (0..14).map(leaf).collect() };
    let start = std::time::Instant::now();
    let composed = governor_set(&facts, &twelve(), Some(&counts), &Operations::default(), None, &[]).unwrap();
    let taken = start.elapsed();
    let examined = examine(&[&composed.set]).unwrap();
    println!(
        "sealed with {} cells, {} programs, {} tables in {taken:?}",
        examined.cells, examined.programs, examined.fitting_tables
    );
    assert_eq!(composed.fallback_level, 0, "{:?}", examined.disclosed);
    assert!(examined.cells > 150 && examined.is_sound());
}

/// A made-up school: each pupil meets each row by chance, the commoner rows more often.
fn made_up(seed: u64, years: &[(i8, u32)]) -> super::super::compose::Counts {
    use super::super::compose::{Counts, LeafCounts};
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut chance = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    const RATES: [f64; 12] = [0.05, 0.03, 0.04, 0.01, 0.02, 0.01, 0.03, 0.12, 0.06, 0.01, 0.03, 0.05];
    let leaves = years.iter().map(|(_, pupils)| {
        let mut leaf = LeafCounts { rows: vec![0; 12], any: 0 };
        for _ in 0..*pupils {
            // Few pupils meet much, most meet little.
            let leaning = 3.0 * chance() * chance();
            let met: Vec<bool> = RATES.iter().map(|rate| chance() < rate * leaning).collect();
            leaf.any += u32::from(met.iter().any(|met| *met));
            leaf.rows.iter_mut().zip(met).for_each(|(row, met)| *row += u32::from(met));
        }
        leaf
    });
    Counts { leaves: leaves.collect() }
}

fn levels(schools: u64) -> Vec<(usize, u8)> {
    use super::super::categories::tests::twelve;
    use super::super::compose::{Facts, governor_set};
    use super::super::operational::Operations;
    use super::super::shape::Period;
    let kinds: [(&str, Vec<(i8, u32)>); 5] = [
        ("2025-26", (0..=6).map(|year| (year, 9)).collect()),
        ("2025-autumn", (0..=6).map(|year| (year, 30)).collect()),
        ("2025-autumn", (0..=6).map(|year| (year, 58)).collect()),
        ("2025-autumn", (7..=11).map(|year| (year, 206)).collect()),
        ("2025-autumn", (7..=13).map(|year| (year, 180)).collect()),
    ];
    (0..schools)
        .map(|seed| {
            let kind = seed as usize % kinds.len();
            let (period, years) = &kinds[kind];
            let facts = Facts {
                school: "oak".to_owned(),
                school_name: "Oak School".to_owned(),
                period: Period::parse(period).unwrap(),
                period_from: String::new(),
                period_to: String::new(),
                sealed_on: String::new(),
                roll: roll(years),
            };
            let counts = made_up(seed + 1, years);
            let composed =
                governor_set(&facts, &twelve(), Some(&counts), &Operations::default(), None, &[]).unwrap();
            (kind, composed.fallback_level)
        })
        .collect()
}

/// The structure keeps figures apart; the gate is a net that seldom catches anything.
#[test]
fn made_up_schools_pass_whole() {
    let fired: Vec<_> = levels(10).into_iter().filter(|(_, level)| *level > 0).collect();
    assert_eq!(fired, []);
}
