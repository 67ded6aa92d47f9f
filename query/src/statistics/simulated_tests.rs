//! Do the intervals of rates and of prevalence hold the truth? Made-up schools whose habits are known.
//!
//! The population is that which the tables name: pupils like those who were active. Each school is drawn
//! from it anew, so its truth is the mean habit. 100 schools of each kind in every test run;
//! `WATERSHED_SIMULATED_SCHOOLS=2000` for the whole (`tests/runs/simulation.md`).
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may")]

use super::{Cluster, clustered_share, clustered_wilson};

/// Seed of the committed runs.
const SEED: u64 = 20_261_122;
/// Share of intervals that must hold the truth.
const DEMANDED: f64 = 0.93;

struct Numbers(u64);

impl Numbers {
    /// From above 0 to below 1.
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Beta distributed (Johnk, Metrika 8, 1964).
    fn beta(&mut self, a: f64, b: f64) -> f64 {
        loop {
            let (one, other) = (self.uniform().powf(1.0 / a), self.uniform().powf(1.0 / b));
            if one + other <= 1.0 && one + other > 0.0 {
                return one / (one + other);
            }
        }
    }

    fn of(&mut self, times: u32, chance: f64) -> u32 {
        (0..times).filter(|_| self.uniform() < chance).count() as u32
    }
}

/// How pupils' chances of an episode on a day are spread.
#[derive(Clone, Copy)]
enum Habits {
    /// All have the same.
    Even(f64),
    /// So many have the one, all others the other.
    Two(f64, f64, f64),
    /// Beta distributed.
    Beta(f64, f64),
}

impl Habits {
    fn draw(self, numbers: &mut Numbers) -> f64 {
        match self {
            Self::Even(chance) => chance,
            Self::Two(share, one, other) => {
                if numbers.uniform() < share {
                    one
                } else {
                    other
                }
            }
            Self::Beta(a, b) => numbers.beta(a, b),
        }
    }

    fn mean(self) -> f64 {
        match self {
            Self::Even(chance) => chance,
            Self::Two(share, one, other) => share * one + (1.0 - share) * other,
            Self::Beta(a, b) => a / (a + b),
        }
    }

    /// Expected chance of an episode on any of so many days; of a beta by its moments: the mean of
    /// (1 - h)^n is the product of (b + j) / (a + b + j).
    fn any_of(self, days: u32) -> f64 {
        let any = |chance: f64| 1.0 - (1.0 - chance).powi(days as i32);
        match self {
            Self::Even(chance) => any(chance),
            Self::Two(share, one, other) => share * any(one) + (1.0 - share) * any(other),
            Self::Beta(a, b) => {
                1.0 - (0..days).map(f64::from).map(|day| (b + day) / (a + b + day)).product::<f64>()
            }
        }
    }
}

const HABITS: [(&str, Habits); 8] = [
    ("even, 1 day in 50", Habits::Even(0.02)),
    ("even, 3 days in 10", Habits::Even(0.3)),
    ("uneven, mean 0.05", Habits::Beta(0.5, 9.5)),
    ("uneven, mean 0.3", Habits::Beta(0.3, 0.7)),
    ("a few make most, mean 0.05", Habits::Beta(0.05, 0.95)),
    ("hardly any, mean 0.01", Habits::Beta(0.02, 1.98)),
    ("1 in 20 nearly daily", Habits::Two(0.05, 0.9, 0.0)),
    ("1 in 50 nearly daily, others 1 day in 100", Habits::Two(0.02, 0.9, 0.01)),
];

/// Schools of a size: of the large ones a fifth, but in the whole.
fn schools(pupils: usize) -> u32 {
    let all =
        std::env::var("WATERSHED_SIMULATED_SCHOOLS").ok().and_then(|text| text.parse().ok()).unwrap_or(100);
    if pupils == 1000 && all < 2000 { all / 5 } else { all }
}

/// What came of one sort of interval.
#[derive(Default)]
struct Held {
    held: u32,
    below: u32,
    width: f64,
}

impl Held {
    fn see(&mut self, interval: super::Interval, truth: f64) {
        self.held += u32::from(interval.lower - 1e-12 <= truth && truth <= interval.upper + 1e-12);
        self.below += u32::from(interval.upper + 1e-12 < truth);
        self.width += interval.upper - interval.lower;
    }

    fn row(&self, schools: u32) -> String {
        let of = |count: u32| 100.0 * f64::from(count) / f64::from(schools);
        format!("{:.1} % | {:.1} % | {:.4}", of(self.held), of(self.below), self.width / f64::from(schools))
    }

    /// At least what is demanded, within what chance does in so few schools.
    fn holds(&self, schools: u32) -> bool {
        let number = f64::from(schools);
        let chance = if schools >= 2000 { 0.0 } else { 3.0 * (DEMANDED * (1.0 - DEMANDED) / number).sqrt() };
        f64::from(self.held) / number >= DEMANDED - chance
    }
}

#[test]
fn intervals_of_rates_and_prevalence_hold_the_truth() {
    let mut numbers = Numbers(SEED);
    let mut failed = Vec::new();
    println!(
        "| figure | pupils | habits | intervals that hold the truth | upper end below it | mean width |"
    );
    println!("|---|--:|---|--:|--:|--:|");
    for pupils in [40, 200, 1000] {
        let schools = schools(pupils);
        for (name, habits) in HABITS {
            let mut found: [(&str, Held); 3] = [
                ("rate of a week", Held::default()),
                ("rate of a term", Held::default()),
                ("prevalence of a week", Held::default()),
            ];
            for _ in 0..schools {
                for (at, days) in [(0, 5), (1, 60)] {
                    let school: Vec<Cluster> = (0..pupils)
                        .map(|_| {
                            let (habit, there) = (habits.draw(&mut numbers), 0.4 + 0.6 * numbers.uniform());
                            let whole = numbers.of(days, there).max(1);
                            let part = numbers.of(whole, habit);
                            Cluster { part: f64::from(part), whole: f64::from(whole) }
                        })
                        .collect();
                    found[at].1.see(clustered_share(&school).unwrap().interval, habits.mean());
                }
                let once: Vec<Cluster> = (0..pupils)
                    .map(|_| {
                        let habit = habits.draw(&mut numbers);
                        Cluster { part: f64::from(u8::from(numbers.of(5, habit) > 0)), whole: 1.0 }
                    })
                    .collect();
                found[2].1.see(clustered_share(&once).unwrap().interval, habits.any_of(5));
            }
            for (figure, held) in &found {
                println!("| {figure} | {pupils} | {name} | {} |", held.row(schools));
                if !held.holds(schools) {
                    failed.push(format!("{figure}, {pupils} pupils, {name}: {} of {schools}", held.held));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

/// Shares of attempts (OB4, OB5, OB9): a few make most attempts, and each has a habit of their own.
#[test]
fn intervals_of_shares_of_attempts_hold_the_truth() {
    let mut numbers = Numbers(SEED);
    let mut failed = Vec::new();
    println!(
        "| figure | pupils | habits | intervals that hold the truth | upper end below it | mean width |"
    );
    println!("|---|--:|---|--:|--:|--:|");
    for pupils in [40, 200, 1000] {
        let schools = schools(pupils);
        for (name, a, b) in
            [("uneven, mean 0.3", 0.3, 0.7), ("a few, mean 0.05", 0.05, 0.95), ("mean 0.9", 0.9, 0.1)]
        {
            let mut held = Held::default();
            for _ in 0..schools {
                let school: Vec<Cluster> = (0..pupils)
                    .map(|_| {
                        let attempts = 1 + (4.0 / (0.05 + numbers.uniform())) as u32;
                        let habit = numbers.beta(a, b);
                        Cluster { part: f64::from(numbers.of(attempts, habit)), whole: f64::from(attempts) }
                    })
                    .collect();
                held.see(clustered_wilson(&school).unwrap().interval, a / (a + b));
            }
            println!("| share of attempts | {pupils} | {name} | {} |", held.row(schools));
            if !held.holds(schools) {
                failed.push(format!("{pupils} pupils, {name}: {} of {schools}", held.held));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
