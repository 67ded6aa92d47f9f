//! Published examples, hand computations and edges.
#![allow(clippy::unwrap_used, reason = "a test may")]

use super::*;

/// `size` values with exactly this mean and sample variance: as many above as below, one in the middle if odd.
fn values(stratum: usize, size: u64, mean: f64, variance: f64) -> Vec<Sampled> {
    let pairs = size / 2;
    let away = (variance * (size as f64 - 1.0) / (2.0 * pairs as f64)).sqrt();
    (0..size)
        .map(|number| {
            let part = match number {
                number if number < pairs => mean - away,
                number if number < 2 * pairs => mean + away,
                _ => mean,
            };
            Sampled { stratum, cluster: stratum as u64 * 10_000 + number, part, whole: 1.0 }
        })
        .collect()
}

/// Lohr, Sampling: Design and Analysis, example 3.2 (acres of farmland in 3,078 counties, by region): total
/// 909,736,034 with error 50,417,248 (909,736,035 and the same error by R's `survey` over its data set `agstrat`).
#[test]
fn acres_of_farmland() {
    let wholes = [1054, 220, 1382, 422];
    let sample = [
        values(0, 103, 300_504.16, 29_618_183_543.0),
        values(1, 21, 97_629.81, 7_647_472_708.0),
        values(2, 135, 211_315.04, 53_587_487_856.0),
        values(3, 41, 662_295.51, 396_185_950_266.0),
    ]
    .concat();
    let found = stratified_ratio(&wholes, &sample).unwrap();
    let counties = 3078.0;
    assert!((found.ratio * counties - 909_736_034.0).abs() < 5.0, "{found:?}");
    assert!((found.design_error * counties - 50_417_248.0).abs() < 50.0, "{found:?}");
    // Every county is its own cluster: nothing is added to the error of the design.
    assert!((found.standard_error / found.design_error - 1.0).abs() < 1e-12);
    assert_eq!((found.observations, found.clusters, found.covered), (300, 300, 1.0));
}

/// Lohr, example 3.4 (members of seven learned societies who are women): 0.2465 with error 0.0071.
#[test]
fn learned_societies() {
    let strata = [
        (9100, 636, 0.38),
        (1950, 451, 0.27),
        (5500, 481, 0.18),
        (10_850, 611, 0.19),
        (2100, 493, 0.36),
        (5500, 575, 0.13),
        (9000, 588, 0.26),
    ];
    let wholes: Vec<u64> = strata.iter().map(|(whole, ..)| *whole).collect();
    let mut sample = Vec::new();
    for (stratum, (_, size, share)) in strata.into_iter().enumerate() {
        // A share of p among n has the sample variance n p (1 - p) / (n - 1).
        let n = f64::from(size);
        sample.extend(values(stratum, u64::from(size as u32), share, n * share * (1.0 - share) / (n - 1.0)));
    }
    let found = stratified_ratio(&wholes, &sample).unwrap();
    assert!((found.ratio - 0.2465).abs() < 5e-5, "{found:?}");
    assert!((found.design_error - 0.0071).abs() < 5e-5, "{found:?}");
}

fn one(stratum: usize, cluster: u64, part: f64) -> Sampled {
    Sampled { stratum, cluster, part, whole: 1.0 }
}

/// By hand: strata of 4 and 6, two of each seen. Weights 2 and 3; 1 0 and 1 1: (2 + 6) / 10 = 0.8. Deviations over
/// 10: 0.04, -0.16 about -0.06, and 0.06, 0.06. Design: 2 x 0.1^2 x (1 - 2/4) x 2 / 1 = 0.02 -> sqrt(0.02).
#[test]
fn two_small_strata_by_hand() {
    let sample = [one(0, 1, 1.0), one(0, 2, 0.0), one(1, 3, 1.0), one(1, 4, 1.0)];
    let found = stratified_ratio(&[4, 6], &sample).unwrap();
    assert!(
        (found.ratio - 0.8).abs() < 1e-12 && (found.design_error - 0.02_f64.sqrt()).abs() < 1e-12,
        "{found:?}"
    );
    // One pupil's two answers that agree say no more than one: in stratum 0 of the one, 1 and 1 of the same.
    let alike = [one(0, 1, 1.0), one(0, 1, 1.0), one(0, 2, 0.0), one(0, 2, 0.0)];
    let apart = [one(0, 1, 1.0), one(0, 2, 1.0), one(0, 3, 0.0), one(0, 4, 0.0)];
    let (alike, apart) =
        (stratified_ratio(&[100], &alike).unwrap(), stratified_ratio(&[100], &apart).unwrap());
    assert!((alike.standard_error / apart.standard_error - 2.0_f64.sqrt()).abs() < 1e-12);
    assert_eq!(alike.design_error, apart.design_error);
    assert!(alike.interval().upper > apart.interval().upper);
}

#[test]
fn what_is_outside_counts_for_nothing_and_what_was_not_seen_lowers_what_is_covered() {
    let outside = Sampled { whole: 0.0, ..one(0, 9, 0.0) };
    let found = stratified_ratio(&[10, 30], &[one(0, 1, 1.0), one(0, 2, 0.0), outside]).unwrap();
    assert_eq!((found.ratio, found.observations, found.clusters, found.covered), (0.5, 2, 2, 0.25));
    assert_eq!(stratified_ratio(&[10], &[outside]), None);
    assert_eq!(stratified_ratio(&[], &[]), None);
}

#[test]
fn a_whole_population_is_known_and_none_of_a_few_is_not() {
    let census = stratified_ratio(&[2], &[one(0, 1, 1.0), one(0, 2, 0.0)]).unwrap().interval();
    assert_eq!((census.lower, census.upper), (0.5, 0.5));
    let none: Vec<Sampled> = (0..60).map(|number| one(0, number, 0.0)).collect();
    let none = stratified_ratio(&[5000], &none).unwrap().interval();
    // 60 alike: 1 - 0.025^(1/60) = 0.0596, a little wider for the t quantile of 59 degrees.
    assert!(none.lower == 0.0 && (0.0596..0.0635).contains(&none.upper), "{none:?}");
}
