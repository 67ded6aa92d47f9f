//! Which points of a chart are unusual, by four rules (NHS England, Making Data Count), with no look
//! ahead: a point is judged by itself and those before it.

/// On which side of the centre line, or in which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Above, or rising.
    Higher,
    /// Below, or falling.
    Lower,
}

/// Which rule a point meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Outside the limits.
    Outside,
    /// The last of so many in a row on one side of the centre line; points on the line neither count
    /// nor break the row.
    Shift,
    /// The last of so many in a row, each above (or each below) the one before; equal neighbours count
    /// once (Perla, Provost and Murray, BMJ Quality and Safety 20, 2011).
    Trend,
    /// In the outer third on one side, as another of the two before.
    TwoOfThree,
}

/// How many points make a signal, and which rules the chart allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleSet {
    /// Points of a shift.
    pub shift_points: usize,
    /// Points of a trend; 0 for a chart on which it is not asked.
    pub trend_points: usize,
    /// The limits mean something: outside, and two of three.
    pub limits: bool,
    /// Two of three is asked.
    pub near: bool,
}

/// One point: its value, and how far from the centre line it lies in thirds of the way to its limit
/// (any number of the right sign where there are no limits).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Value, compared with its neighbours' only.
    pub value: f64,
    /// Distance from the centre line.
    pub thirds: f64,
}

/// The rules that each point meets, in the order of [`Rule`].
#[must_use]
pub fn signals(points: &[Placed], rules: RuleSet) -> Vec<Vec<(Rule, Side)>> {
    let mut found = Vec::with_capacity(points.len());
    let (mut side, mut in_row) = (None, 0);
    let (mut way, mut steps) = (None, 1);
    for (position, point) in points.iter().enumerate() {
        let mut of_point = Vec::new();
        let here = side_of(point.thirds);
        if rules.limits && point.thirds.abs() > 3.0 {
            of_point.extend(here.map(|side| (Rule::Outside, side)));
        }
        if here.is_some() {
            in_row = if here == side { in_row + 1 } else { 1 };
            side = here;
        }
        if here.is_some() && in_row >= rules.shift_points {
            of_point.extend(here.map(|side| (Rule::Shift, side)));
        }
        if let Some(before) = position.checked_sub(1).and_then(|before| points.get(before)) {
            let step = side_of(point.value - before.value);
            if step.is_some() {
                steps = if step == way { steps + 1 } else { 2 };
                way = step;
                if rules.trend_points > 0 && steps >= rules.trend_points {
                    of_point.extend(way.map(|way| (Rule::Trend, way)));
                }
            }
        }
        if rules.limits && rules.near {
            let near = |other: &Placed| other.thirds.abs() > 2.0 && side_of(other.thirds) == here;
            let before = &points[position.saturating_sub(2)..position];
            if near(point) && before.iter().any(near) {
                of_point.extend(here.map(|side| (Rule::TwoOfThree, side)));
            }
        }
        found.push(of_point);
    }
    found
}

fn side_of(distance: f64) -> Option<Side> {
    if distance > 0.0 {
        Some(Side::Higher)
    } else if distance < 0.0 {
        Some(Side::Lower)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: RuleSet = RuleSet { shift_points: 7, trend_points: 7, limits: true, near: true };

    fn met(thirds: &[f64]) -> Vec<(usize, Rule, Side)> {
        let points: Vec<Placed> = thirds.iter().map(|t| Placed { value: *t, thirds: *t }).collect();
        let found = signals(&points, RULES);
        found
            .into_iter()
            .enumerate()
            .flat_map(|(at, of_point)| of_point.into_iter().map(move |(rule, side)| (at, rule, side)))
            .collect()
    }

    #[test]
    fn outside_is_beyond_the_limit_and_not_on_it() {
        assert_eq!(met(&[0.5, 3.0, -0.5, -3.01]), [(3, Rule::Outside, Side::Lower)]);
    }

    #[test]
    fn the_seventh_on_one_side_is_a_shift_and_the_centre_line_neither_counts_nor_breaks() {
        let row = [0.2, 0.9, 0.1, 0.8, 0.3, 0.7];
        assert_eq!(met(&row), []);
        assert_eq!(met(&[&row[..], &[0.4]].concat()), [(6, Rule::Shift, Side::Higher)]);
        assert_eq!(met(&[&row[..], &[0.0, 0.4]].concat()), [(7, Rule::Shift, Side::Higher)]);
        assert_eq!(met(&[&row[..], &[-0.1, 0.4]].concat()), []);
    }

    #[test]
    fn seven_points_each_below_the_one_before_are_a_trend_and_ties_count_once() {
        let falling = [0.9, 0.6, 0.3, -0.1, -0.4, -0.5];
        assert_eq!(met(&[&falling[..], &[-0.8]].concat()), [(6, Rule::Trend, Side::Lower)]);
        assert_eq!(met(&[&falling[..], &[-0.5, -0.8]].concat()), [(7, Rule::Trend, Side::Lower)]);
        assert_eq!(met(&[&falling[..], &[-0.4]].concat()), []);
    }

    #[test]
    fn two_of_three_in_the_outer_third_of_one_side() {
        assert_eq!(met(&[2.1, 0.5, 2.2]), [(2, Rule::TwoOfThree, Side::Higher)]);
        assert_eq!(met(&[2.1, 0.5, 0.4, 2.2]), []);
        assert_eq!(met(&[2.1, -2.2]), []);
    }

    #[test]
    fn a_chart_without_limits_has_shifts_and_trends_only() {
        let points: Vec<Placed> =
            (1..=7).map(|step| Placed { value: f64::from(step), thirds: f64::from(step) }).collect();
        let rules = RuleSet { limits: false, near: false, ..RULES };
        let last = signals(&points, rules).pop();
        assert_eq!(last, Some(vec![(Rule::Shift, Side::Higher), (Rule::Trend, Side::Higher)]));
    }
}
