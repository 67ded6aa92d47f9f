//! Where a series may have changed its level: the best split into stretches, with a price for each.

/// Price of one more stretch, in variances and logarithms of the number of values: two parameters (a
/// level and a place) at half a logarithm each would be the Bayesian criterion's 2; 3 is more cautious.
const PRICE: f64 = 3.0;

/// Median of absolute deviations to standard deviation, for normal values.
const TO_DEVIATION: f64 = 1.482_602_218_505_602;

/// First positions of the stretches, the first of which is 0. Minimises squared deviations from each
/// stretch's mean plus 3 ln(n) variances for each stretch after the first (optimal partitioning, Jackson
/// and others, IEEE Signal Processing Letters 12, 2005); no stretch has fewer than `least` values. The
/// variance is that from one value to the next, by the median, so that steps do not count as noise.
#[must_use]
pub fn stretches(values: &[f64], least: usize) -> Vec<usize> {
    let number = values.len();
    let variance = variance_between_neighbours(values);
    if number < 2 * least || least == 0 || variance <= 0.0 {
        return vec![0];
    }
    let price = PRICE * (number as f64).ln() * variance;
    let mut sums = vec![0.0; number + 1];
    let mut squares = vec![0.0; number + 1];
    for (at, value) in values.iter().enumerate() {
        sums[at + 1] = sums[at] + value;
        squares[at + 1] = squares[at] + value * value;
    }
    let cost = |from: usize, to: usize| {
        let sum: f64 = sums[to] - sums[from];
        squares[to] - squares[from] - sum * sum / (to - from) as f64
    };
    // best[to]: least cost of the first `to` values; from[to]: where its last stretch begins.
    let mut best = vec![f64::INFINITY; number + 1];
    let mut from = vec![0; number + 1];
    best[0] = -price;
    for to in least..=number {
        for start in 0..=to - least {
            let with = best[start] + cost(start, to) + price;
            if with < best[to] {
                best[to] = with;
                from[to] = start;
            }
        }
    }
    let mut starts = Vec::new();
    let mut to = number;
    while to > 0 {
        to = from[to];
        starts.push(to);
    }
    starts.reverse();
    starts
}

/// Half the variance of differences, from their median absolute deviation; from their mean square where
/// more than half of the differences are alike.
fn variance_between_neighbours(values: &[f64]) -> f64 {
    let steps: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let Some(middle) = median(&steps) else { return 0.0 };
    let far: Vec<f64> = steps.iter().map(|step| (step - middle).abs()).collect();
    let deviation = median(&far).unwrap_or_default() * TO_DEVIATION;
    if deviation > 0.0 {
        deviation * deviation / 2.0
    } else {
        steps.iter().map(|step| step * step).sum::<f64>() / steps.len() as f64 / 2.0
    }
}

/// Middle value, or the mean of the two middle ones; none of nothing.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[half]),
        _ => Some(f64::midpoint(sorted[half - 1], sorted[half])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Yearly flow of the Nile at Aswan, 1871 to 1970 (Cobb, Biometrika 65, 1978): one change, after
    /// 1898, as the literature on change points finds.
    #[test]
    fn the_nile_changed_once() {
        let flow = [
            1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180,
            799, 958, 1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833,
            701, 916, 692, 1020, 1050, 969, 831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845,
            864, 862, 698, 845, 744, 796, 1040, 759, 781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649,
            846, 812, 742, 801, 1040, 860, 874, 848, 890, 744, 749, 838, 1050, 918, 986, 797, 923, 975, 815,
            1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
        ];
        let flow: Vec<f64> = flow.into_iter().map(f64::from).collect();
        assert_eq!(stretches(&flow, 4), [0, 28]);
    }

    #[test]
    fn a_level_that_holds_is_one_stretch_and_a_step_two() {
        let wave = |at: usize| if at.is_multiple_of(2) { 0.1 } else { -0.1 };
        let flat: Vec<f64> = (0..20).map(wave).collect();
        assert_eq!(stretches(&flat, 4), [0]);
        let step: Vec<f64> = (0..20).map(|at| wave(at) + if at < 11 { 0.0 } else { 2.0 }).collect();
        assert_eq!(stretches(&step, 4), [0, 11]);
        // One odd value makes no stretch of its own.
        let odd: Vec<f64> = (0..20).map(|at| wave(at) + if at == 10 { 0.5 } else { 0.0 }).collect();
        assert_eq!(stretches(&odd, 4), [0]);
    }

    #[test]
    fn too_few_or_equal_values_have_no_step() {
        assert_eq!(stretches(&[1.0, 9.0, 1.0], 4), [0]);
        assert_eq!(stretches(&[2.0; 30], 4), [0]);
        assert_eq!(stretches(&[], 4), [0]);
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0, 9.0]), Some(2.5));
    }
}
