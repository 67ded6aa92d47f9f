//! Sealed sets put together from counts worked out by hand.
#![allow(clippy::unwrap_used, reason = "a test may")]
use super::super::categories::tests::{list, twelve};
use super::super::operational::Share;
use super::*;
use proptest::prelude::*;

/// The eight rows of the first worked example.
fn eight() -> CategoryList {
    list(&[
        ("Adult content", "content", "ADULT", false),
        ("Self-harm", "content", "SELFHARM", false),
        ("Violence", "content", "VIOLENCE", true),
        ("Drugs", "content", "DRUGS", false),
        ("AI tools", "contact", "GENAI", true),
        ("Proxy", "conduct", "BYPASS", true),
        ("Bullying", "conduct", "BULLY", true),
        ("Gambling", "commerce", "GAMBLE", true),
    ])
    .unwrap()
}

fn facts(roll: &[(Option<i8>, u32, bool)], period: &str) -> Facts {
    Facts {
        school: "st-annes".to_owned(),
        school_name: "St Anne's".to_owned(),
        period: Period::parse(period).unwrap(),
        period_from: "2025-09-03".to_owned(),
        period_to: "2025-12-19".to_owned(),
        sealed_on: "2026-01-05".to_owned(),
        roll: roll
            .iter()
            .map(|(year_group, pupils, shared_log_ins)| YearOnRoll {
                year_group: *year_group,
                pupils: *pupils,
                shared_log_ins: *shared_log_ins,
            })
            .collect(),
    }
}

fn whole(pupils: u32, period: &str) -> Facts {
    facts(&[(None, pupils, false)], period)
}

fn good_logs() -> Operations {
    Operations {
        school_days: 70,
        missing_days: 1,
        requests: 1_234_567,
        tied: Share { part: 95, whole: 100 },
        identified: Share { part: 95, whole: 100 },
        decrypted: Share { part: 90, whole: 100 },
        categorised: Share { part: 97, whole: 100 },
        commonest_stopped: vec!["games".to_owned(), "adverts".to_owned()],
        ..Operations::default()
    }
}

fn governors_of(facts: &Facts, categories: &CategoryList, any: u32, rows: &[u32]) -> Composed {
    let mut leaves = vec![LeafCounts { rows: vec![0; rows.len()], any: 0 }; facts.tree().leaf_groups().len()];
    leaves[0] = LeafCounts { rows: rows.to_vec(), any };
    composed(facts, categories, &Counts { leaves }, None)
}

fn composed(
    facts: &Facts,
    categories: &CategoryList,
    counts: &Counts,
    before: Option<&SealedSet>,
) -> Composed {
    governor_set(facts, categories, Some(counts), &good_logs(), before, &[]).unwrap()
}

/// Leaves as `(any, rows)`, youngest first.
fn by_leaf(leaves: &[(u32, &[u32])]) -> Counts {
    let leaf = |(any, rows): &(u32, &[u32])| LeafCounts { rows: rows.to_vec(), any: *any };
    Counts { leaves: leaves.iter().map(leaf).collect() }
}

/// The words of a category in T2 or T3, by group.
fn parts(set: &SealedSet, table: &str, name: &str) -> Vec<(String, String)> {
    let table = set.tables.iter().find(|known| known.id == table).unwrap();
    let rows = table.rows.iter().filter(|row| row.row == name);
    rows.map(|row| (row.group.clone(), row.shown.words())).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(group, words)| ((*group).to_owned(), (*words).to_owned())).collect()
}

const NOT: &str = "Not broken down";

fn words(set: &SealedSet) -> Vec<String> {
    set.tables.iter().flat_map(|table| &table.rows).map(|row| row.shown.words()).collect()
}

fn row<'a>(set: &'a SealedSet, name: &str) -> &'a SealedRow {
    set.tables.iter().flat_map(|table| &table.rows).find(|row| row.row == name).unwrap()
}

const FEW: &str = "fewer than 10 (may be none)";

#[test]
fn example_1_village_primary_of_62() {
    // Reception to Year 2 are 24 pupils, fewer than 30: no part is ever a row.
    let years = [(0, 8), (1, 8), (2, 8), (3, 9), (4, 10), (5, 9), (6, 10)];
    let years: Vec<_> = years.iter().map(|(year, pupils)| (Some(*year), *pupils, false)).collect();
    let facts = facts(&years, "2025-26");
    // adult 6, self-harm 1, violence 3, drugs 0, AI tools 11, proxy 2, bullying 2, gambling 0
    let composed = governors_of(&facts, &eight(), 17, &[6, 1, 3, 0, 11, 2, 2, 0]);
    assert_eq!(words(&composed.set), ["15-19", FEW, FEW, FEW, FEW, "10-14", FEW, FEW, FEW]);
    assert_eq!(composed.set.policy.shape, "t0-t3-yearly");
    assert_eq!(composed.fallback_level, 0);
    assert_eq!(composed.set.tables.len(), 2, "no T2 and no T3");
    assert_eq!(composed.set.groups[0].parts, super::super::sealed::Parts::Never);
    assert_eq!(row(&composed.set, HEADLINE).per_hundred.as_deref(), Some("24 to 31 in every 100 pupils"));

    let parents = parent_set(&facts, &eight(), &composed.set, None, &[]).unwrap().set;
    assert!(parents.tables.is_empty());
    let measures: Vec<_> = parents.operational.iter().map(|measure| measure.shown.as_str()).collect();
    assert_eq!(measures, ["Not measured"; 3], "the audit, the canary panel, the tests of the filter");
    assert!(parents.statements[1].starts_with("With fewer than 200 pupils counted"));
}

#[test]
fn example_2_two_form_primary_of_410() {
    let years = [(0, 60), (1, 58), (2, 60), (3, 57), (4, 60), (5, 55), (6, 60)];
    let years: Vec<_> = years.iter().map(|(year, pupils)| (Some(*year), *pupils, false)).collect();
    let facts = facts(&years, "2025-autumn");
    // The other rows are not in the example; 70 with AI tools leave the gate quiet.
    let counts = by_leaf(&[
        (8, &[1, 0, 0, 0, 7, 0, 0, 0]),
        (7, &[1, 0, 0, 0, 7, 0, 0, 0]),
        (7, &[0, 1, 0, 0, 6, 0, 0, 0]),
        (25, &[8, 4, 0, 0, 17, 0, 0, 0]),
        (20, &[5, 3, 0, 0, 14, 0, 0, 0]),
        (20, &[4, 2, 0, 0, 14, 0, 0, 0]),
        (9, &[2, 2, 0, 0, 5, 0, 0, 0]),
    ]);
    let composed = composed(&facts, &eight(), &counts, None);
    assert_eq!(composed.fallback_level, 0);
    let set = composed.set;
    assert_eq!(words(&set)[..9], ["95-99", "20-24", "10-14", FEW, FEW, "70-74", FEW, FEW, FEW]);
    assert_eq!(set.policy.shape, "t0-t3-termly");
    let none = [
        ("KS1", NOT),
        ("YR", NOT),
        ("Y1", NOT),
        ("Y2", NOT),
        ("KS2", NOT),
        ("Y3", NOT),
        ("Y4", NOT),
        ("Y5", NOT),
        ("Y6", NOT),
    ];
    let mut stages = none;
    (stages[0].1, stages[4].1) = ("20-24", "70-74");
    assert_eq!(parts(&set, "T2", HEADLINE), pairs(&stages), "Year 6 has 9");
    assert_eq!(parts(&set, "T3", "Adult content"), pairs(&none), "2 of the infants");
    assert_eq!(parts(&set, "T3", "Self-harm"), pairs(&none), "1 of the infants");
    // Parents get neither.
    let parents = parent_set(&facts, &eight(), &set, None, &[]).unwrap().set;
    assert_eq!(parents.tables.iter().map(|table| table.id.as_str()).collect::<Vec<_>>(), ["T0", "T1"]);
    assert_eq!(parents.groups.len(), 1);
}

#[test]
fn example_3_secondary_of_1030() {
    let years = [(7, 210), (8, 205), (9, 208), (10, 205), (11, 202)];
    let years: Vec<_> = years.iter().map(|(year, pupils)| (Some(*year), *pupils, false)).collect();
    let facts = facts(&years, "2025-autumn");
    let counts = by_leaf(&[
        (31, &[8, 6, 7, 2, 16, 3, 3, 4]),
        (42, &[12, 5, 8, 4, 20, 3, 3, 5]),
        (45, &[14, 5, 8, 5, 22, 4, 2, 6]),
        (50, &[14, 9, 9, 7, 20, 4, 2, 6]),
        (46, &[12, 9, 8, 7, 19, 4, 2, 6]),
    ]);
    let composed = composed(&facts, &eight(), &counts, None);
    assert_eq!(composed.fallback_level, 0);
    let set = composed.set;
    assert_eq!(row(&set, HEADLINE).shown.words(), "210-214");
    assert_eq!(row(&set, "Self-harm").shown.words(), "30-34");
    let expected = [
        ("KS3", "115-119"),
        ("Y7", "30-34"),
        ("Y8", "40-44"),
        ("Y9", "45-49"),
        ("KS4", "95-99"),
        ("Y10", "50-54"),
        ("Y11", "45-49"),
    ];
    assert_eq!(parts(&set, "T2", HEADLINE), pairs(&expected), "everything in T2 is shown");
    let expected = [
        ("KS3", "15-19"),
        ("Y7", NOT),
        ("Y8", NOT),
        ("Y9", NOT),
        ("KS4", "15-19"),
        ("Y10", NOT),
        ("Y11", NOT),
    ];
    assert_eq!(parts(&set, "T3", "Self-harm"), pairs(&expected));
    // 30 of 210 and 34 of 210.
    let t2 = &set.tables[2].rows[1];
    assert_eq!((t2.group.as_str(), t2.per_hundred.as_deref()), ("Y7", Some("14 to 16 in every 100 pupils")));
    // The next term is compared group by group.
    let later = Facts { period: Period::parse("2026-spring").unwrap(), ..facts };
    let mut more = counts;
    more.leaves[0].any = 36;
    let spring = composed_after(&later, &more, &set);
    let change =
        |group: &str| spring.tables[2].rows.iter().find(|row| row.group == group).unwrap().change.clone();
    assert_eq!(change("Y7").as_deref(), Some("higher"));
    assert_eq!(change("Y8").as_deref(), Some("no clear change"));
}

fn composed_after(facts: &Facts, counts: &Counts, before: &SealedSet) -> SealedSet {
    composed(facts, &eight(), counts, Some(before)).set
}

#[test]
fn example_4_no_group_is_anything_but_a_key_stage_or_a_year_group() {
    let years: Vec<_> = (-1..=13).map(|year| (Some(year), 60, false)).collect();
    let set = governors_of(&facts(&years, "2025-autumn"), &twelve(), 0, &[0; 12]).set;
    let ids: Vec<_> = set.groups.iter().map(|group| group.id.as_str()).collect();
    assert_eq!(ids.join(" "), "school KS1 YN YR Y1 Y2 KS2 Y3 Y4 Y5 Y6 KS3 Y7 Y8 Y9 KS4 Y10 Y11 KS5 Y12 Y13");
    assert!(set.tables.iter().flat_map(|table| &table.rows).all(|row| ids.contains(&row.group.as_str())));
}

#[test]
fn example_5_eight_of_a_class_are_fewer_than_ten_of_the_school() {
    let years = [(3, 31), (4, 40), (5, 45), (6, 44)];
    let years: Vec<_> = years.iter().map(|(year, pupils)| (Some(*year), *pupils, false)).collect();
    let set = governors_of(&facts(&years, "2025-autumn"), &eight(), 8, &[0, 0, 0, 0, 0, 0, 0, 8]).set;
    assert_eq!(row(&set, "Gambling").shown.words(), FEW);
    assert!(parts(&set, "T3", "Gambling").iter().all(|(_, words)| words == NOT));
}

#[test]
fn example_6_parents_of_1030() {
    let facts = whole(1_030, "2025-autumn");
    let governors = governors_of(&facts, &eight(), 214, &[60, 34, 40, 25, 97, 18, 12, 27]).set;
    assert_eq!(row(&governors, "AI tools").shown.words(), "95-99");
    assert_eq!(row(&governors, "Gambling").shown.words(), "25-29");
    assert_eq!(row(&governors, "Proxy").shown.words(), "15-19");
    let parents = parent_set(&facts, &eight(), &governors, None, &[]).unwrap().set;
    assert_eq!(row(&parents, HEADLINE).shown.words(), "210-219");
    assert_eq!(row(&parents, "AI tools").shown.words(), "90-99");
    assert_eq!(row(&parents, "Gambling").shown.words(), "20-29");
    assert_eq!(row(&parents, "Proxy").shown.words(), "fewer than 20 (may be none)");
    let names: Vec<_> = parents.tables[1].rows.iter().map(|row| row.row.as_str()).collect();
    assert_eq!(names, ["Violence", "AI tools", "Proxy", "Bullying", "Gambling"]);
    let json = serde_json::to_string(&parents).unwrap();
    for never in ["Self-harm", "Adult", "Drugs"] {
        assert!(!json.contains(never), "{never}");
    }
    assert_eq!(parents.operational.last().unwrap().shown, "games; adverts");
}

#[test]
fn example_7_a_fall_below_ten() {
    let autumn = governors_of(&whole(410, "2025-autumn"), &eight(), 40, &[21, 12, 12, 12, 0, 0, 0, 0]).set;
    assert_eq!(row(&autumn, "Self-harm").change, None, "nothing to compare with");
    let counts = by_leaf(&[(44, &[30, 8, 12, 14, 0, 0, 0, 0])]);
    let spring =
        governor_set(&whole(410, "2026-spring"), &eight(), Some(&counts), &good_logs(), Some(&autumn), &[])
            .unwrap()
            .set;
    assert_eq!(row(&autumn, "Self-harm").shown.words(), "10-14");
    assert_eq!(row(&spring, "Self-harm").shown.words(), FEW);
    assert_eq!(row(&spring, "Self-harm").change, None);
    assert_eq!(row(&spring, "Adult content").change.as_deref(), Some("higher"));
    assert_eq!(row(&spring, "Violence").change.as_deref(), Some("no clear change"));
    assert_eq!(row(&spring, "AI tools").change, None);
}

#[test]
fn example_8_percentages() {
    let set = governors_of(&whole(410, "2025-autumn"), &eight(), 40, &[21, 0, 0, 0, 30, 0, 0, 0]).set;
    assert_eq!(row(&set, "Adult content").shown.words(), "20-24");
    assert_eq!(row(&set, "Adult content").per_hundred.as_deref(), Some("5 to 6 in every 100 pupils"));
    assert_eq!(row(&set, "Self-harm").per_hundred, None);
}

#[test]
fn example_9_the_sentence_stands_in_every_set() {
    let facts = whole(1_030, "2025-autumn");
    let governors = governors_of(&facts, &twelve(), 0, &[0; 12]).set;
    let parents = parent_set(&facts, &twelve(), &governors, None, &[]).unwrap().set;
    for set in [&governors, &parents] {
        assert_eq!(set.statements[0], "Some matters are never reported here, whether or not any arose.");
    }
    assert_eq!(governors.tables[1].rows.len(), 12);
    assert_eq!(parents.tables[1].rows.len(), 7);
}

#[test]
fn the_gate_holds_back_the_headline_and_parents_get_none_either() {
    // Seven rows of 14 that share nobody, 9 in the eighth: 107 pupils. 105 - 7 x 14 = 7 > 0.
    let facts = whole(410, "2025-autumn");
    let composed = governors_of(&facts, &eight(), 107, &[14, 14, 14, 14, 14, 14, 14, 9]);
    assert_eq!(composed.fallback_level, 2);
    assert_eq!(row(&composed.set, HEADLINE).shown.words(), "Not available this term");
    assert_eq!(row(&composed.set, HEADLINE).per_hundred, None);
    assert_eq!(row(&composed.set, "Proxy").shown.words(), "10-14");
    let parents = parent_set(&facts, &eight(), &composed.set, None, &[]).unwrap().set;
    assert_eq!(row(&parents, HEADLINE).shown, Shown::NotAvailable);
    // 99 pupils: 95 - 98 < 0.
    assert_eq!(governors_of(&facts, &eight(), 99, &[14, 14, 14, 14, 14, 14, 14, 9]).fallback_level, 0);
    let json = serde_json::to_string(&composed.set).unwrap();
    assert!(!json.contains("fallback"), "the set does not say that the gate was at work");
}

#[test]
fn incomplete_logs_leave_no_figure() {
    let years: Vec<_> = (7..=11).map(|year| (Some(year), 206, false)).collect();
    let facts = facts(&years, "2025-autumn");
    let governors = governor_set(&facts, &twelve(), None, &good_logs(), None, &[]).unwrap().set;
    assert!(words(&governors).iter().all(|words| words == "Not available this term"));
    let parents = parent_set(&facts, &twelve(), &governors, None, &[]).unwrap().set;
    assert_eq!(words(&parents), ["Not available this term"; 8]);
}

#[test]
fn year_groups_with_shared_log_ins_are_no_part_of_the_roll() {
    let years: Vec<_> = (0..=6).map(|year| (Some(year), 30, year <= 2)).collect();
    let facts = facts(&years, "2025-26");
    let set = governors_of(&facts, &eight(), 20, &[12, 0, 0, 0, 0, 0, 0, 10]).set;
    assert_eq!(set.tables[0].roll, 120);
    assert_eq!(set.policy.shape, "t0-t3-yearly");
    assert_eq!(set.roll.len(), 7);
    assert!(!set.roll[2].counted && set.roll[3].counted);
    assert_eq!(set.roll[0].group, "Reception");
    assert!(
        set.statements.iter().any(|words| words == "Reception to Year 2 share log-ins and are not counted.")
    );
}

#[test]
fn a_hamlet_school_has_measures_and_no_tables() {
    let facts = whole(29, "2025-26");
    let set = governors_of(&facts, &eight(), 12, &[12, 0, 0, 0, 0, 0, 0, 0]).set;
    assert!(set.tables.is_empty());
    assert_eq!(set.operational[0].shown, "1 of 70 school days");
    assert!(!set.operational.iter().any(|measure| measure.id == "commonest_stopped_categories"));
}

#[test]
fn a_parents_set_is_made_with_the_roll_and_rows_of_the_governors_set() {
    let facts = whole(1_030, "2025-autumn");
    let governors = governors_of(&facts, &twelve(), 0, &[0; 12]).set;
    assert!(parent_set(&whole(1_029, "2025-autumn"), &twelve(), &governors, None, &[]).is_err());
    assert!(parent_set(&facts, &eight(), &governors, None, &[]).is_err());
}

#[test]
fn sets_under_another_category_list_are_not_compared() {
    let facts = whole(410, "2026-spring");
    let mut before =
        governors_of(&whole(410, "2025-autumn"), &eight(), 40, &[21, 12, 12, 12, 0, 0, 0, 0]).set;
    let counts = by_leaf(&[(44, &[30, 12, 12, 14, 0, 0, 0, 0])]);
    let now = |before: &SealedSet| {
        governor_set(&facts, &eight(), Some(&counts), &good_logs(), Some(before), &[]).unwrap()
    };
    assert_eq!(row(&now(&before).set, "Adult content").change.as_deref(), Some("higher"));
    before.policy.category_list_version = "other".to_owned();
    assert_eq!(row(&now(&before).set, "Adult content").change, None);
}

/// Row counts and a headline that they allow.
fn a_school() -> impl Strategy<Value = (u32, Vec<u32>, u32)> {
    (200..1_500_u32, prop::collection::vec(prop_oneof![0..30_u32, 0..400_u32], 12), 0.0..1.0_f64).prop_map(
        |(group, rows, overlap)| {
            let rows: Vec<u32> = rows.into_iter().map(|pupils| pupils.min(group)).collect();
            let least = rows.iter().copied().max().unwrap_or(0);
            let most = rows.iter().sum::<u32>().min(group);
            let any = least + (f64::from(most - least) * overlap) as u32;
            (group, rows, any)
        },
    )
}

fn another_count(shown: &Shown, pupils: u32, group: u32) -> u32 {
    super::super::band::governor_ends(shown, group)
        .map_or(pupils, |(least, most)| least + most - pupils.min(most))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever differs within the bands leaves not a byte behind, in either set.
    #[test]
    fn equal_bands_give_equal_bytes((group, rows, any) in a_school()) {
        let facts = whole(group, "2025-autumn");
        let one = governors_of(&facts, &twelve(), any, &rows).set;
        let form = |pupils| super::super::band::governors(pupils, group).unwrap();
        let other_rows: Vec<u32> = rows.iter().map(|v| another_count(&form(*v), *v, group)).collect();
        let other = governors_of(&facts, &twelve(), another_count(&form(any), any, group), &other_rows).set;
        prop_assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&other).unwrap());
        let parents = |set| serde_json::to_string(&parent_set(&facts, &twelve(), set, None, &[]).unwrap().set).unwrap();
        prop_assert_eq!(parents(&one), parents(&other));
    }

    /// Every number shown describes at least k pupils and leaves at least k outside (G1).
    #[test]
    fn no_number_is_about_few_pupils((group, rows, any) in a_school()) {
        let facts = whole(group, "2025-autumn");
        let governors = governors_of(&facts, &twelve(), any, &rows).set;
        let parents = parent_set(&facts, &twelve(), &governors, None, &[]).unwrap().set;
        for (set, k) in [(&governors, 10), (&parents, 20)] {
            let truth = |name: &str| twelve().rows().iter().position(|row| row.name == name).map_or(any, |at| rows[at]);
            for row in set.tables.iter().flat_map(|table| &table.rows) {
                if let Shown::Band { from, to } = row.shown {
                    let pupils = truth(&row.row);
                    prop_assert!(from >= k && from <= pupils && pupils <= to && pupils + k <= group);
                } else {
                    prop_assert_eq!(&row.per_hundred, &None);
                }
            }
        }
    }
}

/// Forms of a row in every group.
fn forms(tree: &GroupTree, counts: &Counts, rows: usize) -> Vec<Vec<Option<Shown>>> {
    std::iter::once(None)
        .chain((0..rows).map(Some))
        .map(|row| breakdown::shown(tree, &counts.of_groups(tree, row)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Two data bases that agree on what may be shown give the same decisions and the same bytes,
    /// whoever moved between year groups or joined within a band (rule 19).
    #[test]
    fn equal_forms_give_equal_decisions_and_bytes(
        sizes in prop::collection::vec(40..240_u32, 5),
        fills in prop::collection::vec(prop::collection::vec(0.0..0.4_f64, 12), 5),
        overlap in prop::collection::vec(0.0..1.0_f64, 5),
        moves in prop::collection::vec((0..5_usize, 0..13_usize, prop::bool::ANY), 200),
    ) {
        let years: Vec<_> = (7..=11).zip(&sizes).map(|(year, pupils)| (Some(year), *pupils, false)).collect();
        let facts = facts(&years, "2025-autumn");
        let leaf = |at: usize| {
            let rows: Vec<u32> = fills[at].iter().map(|fill| (fill * fill * f64::from(sizes[at])) as u32).collect();
            let (least, most) = (rows.iter().copied().max().unwrap(), rows.iter().sum::<u32>().min(sizes[at]));
            LeafCounts { any: least + (f64::from(most - least) * overlap[at]) as u32, rows }
        };
        let one = Counts { leaves: (0..5).map(leaf).collect() };
        let tree = facts.tree();
        let shown = forms(&tree, &one, 12);
        let mut other = one.clone();
        for (leaf, row, more) in moves {
            let before = other.clone();
            let leaf = &mut other.leaves[leaf];
            let cell = if row == 12 { &mut leaf.any } else { &mut leaf.rows[row] };
            *cell = if more { *cell + 1 } else { cell.saturating_sub(1) };
            if forms(&tree, &other, 12) != shown {
                other = before;
            }
        }
        let (one, other) = (composed(&facts, &twelve(), &one, None), composed(&facts, &twelve(), &other, None));
        prop_assert_eq!(one.fallback_level, other.fallback_level);
        prop_assert_eq!(serde_json::to_string(&one.set).unwrap(), serde_json::to_string(&other.set).unwrap());
    }
}

/// The documented shape is the one that is sealed (rule 27).
#[test]
fn every_field_of_a_sealed_set_is_documented() {
    let documented = include_str!("../../../../docs/sealed-set.md");
    let years: Vec<_> = (7..=11).map(|year| (Some(year), 206, false)).collect();
    let facts = facts(&years, "2025-autumn");
    let set = governors_of(&facts, &twelve(), 40, &[40, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).set;
    let value = serde_json::to_value(&set).unwrap();
    let mut waiting = vec![&value];
    let mut names = std::collections::BTreeSet::new();
    while let Some(value) = waiting.pop() {
        match value {
            serde_json::Value::Object(fields) => {
                names.extend(fields.keys().cloned());
                waiting.extend(fields.values());
            }
            serde_json::Value::Array(values) => waiting.extend(values),
            _ => {}
        }
    }
    assert!(names.contains("groups") && names.contains("per_hundred") && !names.contains("approver"));
    for name in names {
        assert!(
            documented.contains(&format!("`{name}`")) || documented.contains(&format!("\"{name}\"")),
            "{name}"
        );
    }
    for word in ["band", "fewer_than", "all_or_nearly", "not_broken_down", "not_available"] {
        assert!(documented.contains(&format!("| `{word}` |")), "{word}");
    }
}

/// Rules 10 and 19: a band, and nothing else in the set tells of it.
#[test]
fn recorded_concerns_stand_as_a_band_beside_tables_that_do_not_depend_on_them() {
    let facts = whole(410, "2025-autumn");
    let counts = by_leaf(&[(96, &[21, 12, 14, 3, 0, 97, 9, 18])]);
    let set = |recorded_concerns| {
        let operations = Operations { recorded_concerns, ..good_logs() };
        governor_set(&facts, &eight(), Some(&counts), &operations, None, &[]).unwrap().set
    };
    assert_eq!(set(Some(15)), set(Some(19)));
    assert_eq!(set(Some(0)), set(Some(9)));
    for (one, other) in [(Some(0), Some(10)), (None, Some(0))] {
        let (mut one, mut other) = (set(one), set(other));
        assert_ne!(one, other);
        for set in [&mut one, &mut other] {
            set.operational.retain(|measure| measure.id != "recorded_concerns_pupils");
        }
        assert_eq!(one, other);
    }
    // Too few pupils for any figure about them.
    let small = governor_set(&whole(29, "2025-26"), &eight(), None, &good_logs(), None, &[]).unwrap().set;
    assert!(small.operational.iter().all(|measure| measure.id != "recorded_concerns_pupils"));
    let parents = parent_set(&facts, &eight(), &set(Some(15)), None, &[]).unwrap().set;
    assert!(parents.operational.iter().all(|measure| measure.id != "recorded_concerns_pupils"));
}
