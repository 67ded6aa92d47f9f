//! Verdicts and the estimate by hand, and whether its intervals hold the truth in made-up schools.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may"
)]

use jiff::civil::date;

use super::*;
use crate::review::draw::{By, Candidate, Stratum, Wish, draw};

fn said(position: u64, reviewer: &str, label: Label) -> Recorded {
    Recorded { position, reviewer: reviewer.to_owned(), label, settles: false }
}

fn stratum(group: &str, attempts: u64, drawn: u64) -> Stratum {
    Stratum { group: group.to_owned(), code: "GAMES".to_owned(), volume: "often", attempts, drawn }
}

/// Two strata of 10 and 30 attempts, two drawn of each.
fn design() -> Design {
    let drawn = [(1, 0, 1), (2, 0, 2), (3, 1, 3), (4, 1, 3)];
    Design {
        from: date(2025, 9, 8),
        to: date(2025, 9, 19),
        by: By::Group,
        seed: String::new(),
        wanted: 4,
        frame: String::new(),
        strata: vec![stratum("year_7", 10, 2), stratum("year_8", 30, 2)],
        drawn: drawn
            .map(|(position, stratum, actor)| Drawn { position, stratum, token: 0, actor, pupil: actor < 3 })
            .to_vec(),
    }
}

#[test]
fn two_reviewers_and_what_they_settle() {
    use Label::{CannotTell, Correct, ShouldBeOpen, SubRequest, WrongCategory};
    let mut labels = vec![
        said(1, "A", WrongCategory),
        said(1, "B", ShouldBeOpen),
        said(2, "A", Correct),
        said(2, "B", WrongCategory),
        said(3, "A", Correct),
        said(4, "A", Correct),
        said(4, "B", SubRequest),
        // A looked again.
        said(4, "A", SubRequest),
        said(5, "A", CannotTell),
        said(5, "B", CannotTell),
    ];
    let verdicts = |labels: &[Recorded]| {
        let opinions = Opinions::of(labels);
        (1..=6).map(|position| opinions.verdict(position)).collect::<Vec<_>>()
    };
    use Verdict::{Open, Outside, Right, Waiting, Wrong};
    assert_eq!(verdicts(&labels), [Wrong, Open, Waiting, Outside, Open, Waiting]);
    let opinions = Opinions::of(&labels);
    let differing: Vec<u64> = opinions.differing().iter().map(|(position, ..)| *position).collect();
    assert_eq!(differing, [1, 2]);
    // Agreement on 4 and 5 of the four that both labelled.
    let (pair, kappa) = opinions.kappa().unwrap();
    assert_eq!((pair, kappa.cases, kappa.agreement), (["A".to_owned(), "B".to_owned()], 4, 0.5));
    labels.push(Recorded { settles: true, ..said(2, "A", Correct) });
    assert_eq!(verdicts(&labels)[1], Right);
}

/// By hand. Year 7: wrong and right; weights 5. Year 8: open and right; weights 15.
/// Known ones: 5 / (5 + 5 + 15) = 0.2. None of the open wrong: 5 / 40 = 0.125; all: (5 + 15) / 40 = 0.5.
#[test]
fn what_nobody_can_tell_makes_bounds() {
    use Label::{CannotTell, Correct, WrongCategory};
    let labels: Vec<Recorded> = [(1, WrongCategory), (2, Correct), (3, CannotTell), (4, Correct)]
        .into_iter()
        .flat_map(|(position, label)| [said(position, "A", label), said(position, "B", label)])
        .collect();
    let found = audited(&design(), &Opinions::of(&labels));
    let all = &found[0];
    assert_eq!(found.len(), 1, "no part has 20");
    assert_eq!((all.share, all.least, all.most), (Some(0.2), 0.125, 0.5));
    assert!(all.interval.lower < 0.125 && all.interval.upper > 0.5, "{all:?}");
    assert_eq!((all.reviewed, all.pupils, all.actors, all.attempts), (4, 2, 3, 40));
    assert_eq!((all.largest_share, all.covered), (0.5, 1.0));
    assert_eq!(all.verdicts, Verdicts { right: 2, wrong: 1, open: 1, ..Verdicts::default() });
    assert!(!all.carries_a_set(), "100 attempts by 30 pupils are demanded");
    let [share, least, most] = all.percents().unwrap();
    assert!(
        share == 20
            && f64::from(least) <= all.interval.lower * 100.0
            && f64::from(most) >= all.interval.upper * 100.0
    );
}

#[test]
fn a_page_part_is_outside_and_nothing_reviewed_is_no_figure() {
    assert!(audited(&design(), &Opinions::default()).is_empty());
    let one: Vec<Recorded> = ["A", "B"].map(|reviewer| said(1, reviewer, Label::SubRequest)).to_vec();
    assert!(audited(&design(), &Opinions::of(&one)).is_empty(), "nothing counts below the line");
    let labels: Vec<Recorded> = [(1, Label::SubRequest), (2, Label::WrongCategory)]
        .into_iter()
        .flat_map(|(position, label)| [said(position, "A", label), said(position, "B", label)])
        .collect();
    let found = audited(&design(), &Opinions::of(&labels));
    // Year 8 was not seen: 30 of 40 attempts are not covered.
    assert_eq!((found[0].share, found[0].covered, found[0].verdicts.waiting), (Some(1.0), 0.25, 2));
}

/// Uniform numbers from a fixed seed.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A made-up school: pupils in five groups, each with two or three favourite blocked sites; a site is wrongly
/// blocked or not, nearly always for all attempts on it. Answers the attempts and which are wrong.
fn school(numbers: &mut Numbers, pupils: usize, wrong_sites: f64) -> (Vec<Candidate>, Vec<bool>) {
    const CODES: [&str; 8] = ["GAMES", "SOCIAL", "BYPASS", "GENAI", "DRUGS", "GAMBLE", "UNCAT", "EDU"];
    let sites: Vec<(&str, f64)> = (0..120)
        .map(|site| {
            let code = CODES[site % CODES.len()];
            let often = if code == "EDU" { (3.0 * wrong_sites).min(0.9) } else { wrong_sites };
            let wrong = numbers.next() < often;
            (code, if wrong { 0.95 } else { 0.01 })
        })
        .collect();
    let (mut candidates, mut wrong) = (Vec::new(), Vec::new());
    for pupil in 0..pupils {
        let favourites: Vec<usize> = (0..3).map(|_| (numbers.next().powi(2) * 120.0) as usize).collect();
        // A few pupils make most of it.
        let attempts = 1 + (4.0 / (0.05 + numbers.next())) as usize;
        for _ in 0..attempts {
            let site = if numbers.next() < 0.7 {
                favourites[(numbers.next() * 3.0) as usize]
            } else {
                (numbers.next() * 120.0) as usize
            };
            let (code, chance) = sites[site];
            candidates.push(Candidate {
                token: (numbers.next() * 9e18) as i64,
                group: format!("year_{}", 7 + pupil % 5),
                code: code.to_owned(),
                target: site as i64,
                actor: Some(pupil as i64),
                pupil: true,
            });
            wrong.push(numbers.next() < chance);
        }
    }
    (candidates, wrong)
}

/// The demand of the design: at least 93 of 100 intervals hold the truth at every size. Some schools in
/// every run; `WATERSHED_SIMULATED_SCHOOLS=2000` for the whole (results in `tests/runs/`).
#[test]
fn intervals_hold_the_truth() {
    let schools: u32 =
        std::env::var("WATERSHED_SIMULATED_SCHOOLS").ok().and_then(|text| text.parse().ok()).unwrap_or(100);
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    println!("| pupils | wrong sites | drawn | intervals that hold the truth | mean width |");
    println!("|--:|--:|--:|--:|--:|");
    let all = schools;
    for (pupils, wanted) in [(40, 60), (200, 200), (1000, 200)] {
        // Large schools take long to draw from: a fifth of them, but in the whole.
        let schools = if pupils == 1000 && all < 2000 { all.div_ceil(5) } else { all };
        for wrong_sites in [0.02, 0.1, 0.3] {
            let (mut held, mut width, mut drawn) = (0, 0.0, 0);
            for _ in 0..schools {
                let (candidates, wrong) = school(&mut numbers, pupils, wrong_sites);
                let truth = wrong.iter().filter(|wrong| **wrong).count() as f64 / wrong.len() as f64;
                let of: BTreeMap<i64, bool> =
                    candidates.iter().map(|candidate| candidate.token).zip(wrong).collect();
                let seed = blake3::hash(&numbers.next().to_be_bytes()).to_hex().to_string();
                let wish = Wish {
                    from: date(2025, 9, 8),
                    to: date(2025, 9, 19),
                    by: By::Group,
                    wanted,
                    seed: &seed,
                };
                let design = draw(&candidates, &wish).unwrap();
                let labels: Vec<Recorded> = design
                    .drawn
                    .iter()
                    .flat_map(|drawn| {
                        let label = if of[&drawn.token] { Label::WrongCategory } else { Label::Correct };
                        ["A", "B"].map(|reviewer| said(drawn.position, reviewer, label))
                    })
                    .collect();
                let found = &audited(&design, &Opinions::of(&labels))[0];
                held +=
                    u32::from(found.interval.lower - 1e-9 <= truth && truth <= found.interval.upper + 1e-9);
                width += found.interval.upper - found.interval.lower;
                drawn += design.drawn.len();
            }
            let share = f64::from(held) / f64::from(schools);
            println!(
                "| {pupils} | {wrong_sites} | {} | {:.1} % | {:.3} |",
                drawn / schools as usize,
                share * 100.0,
                width / f64::from(schools)
            );
            assert!(share >= 0.93, "{pupils} pupils, {wrong_sites} of the sites: {held} of {schools}");
        }
    }
}
