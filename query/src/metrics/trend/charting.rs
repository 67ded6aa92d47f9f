//! Which control chart a series gets, its limits, and which of its points are unusual.

use ingest::settings::charts::{ChartRules, Rebase};
use jiff::civil::Date;

use super::series::{Counts, DayCounts, Measure, Week};
use crate::statistics::{
    Counted, Laney, Limits, Placed, Rule, RuleSet, Side, from_nelson, g_chart, individuals, laney_p, laney_u,
    median, nelson, signals, t_chart,
};

/// A sort of chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Run,
    Xmr,
    LaneyU,
    LaneyP,
    G,
    T,
}

impl Kind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Run => "run chart",
            Self::Xmr => "XmR",
            Self::LaneyU => "Laney u'",
            Self::LaneyP => "Laney p'",
            Self::G => "g, days between",
            Self::T => "t, days between",
        }
    }

    /// Points are events and values the school days between them.
    pub(super) const fn of_days_between(self) -> bool {
        matches!(self, Self::G | Self::T)
    }
}

/// How far limits are to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// From a whole baseline; they stay.
    Locked,
    /// From fewer points; they move until the baseline is whole.
    Trial,
    /// There are none.
    None,
}

/// One point of a chart.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// Monday of the week, or the day of the event.
    pub(super) at: Date,
    /// The week it is of; none for days between.
    pub(super) week: Option<usize>,
    pub(super) part: i64,
    pub(super) whole: i64,
    pub(super) people: i64,
    pub(super) largest: Option<f64>,
    pub(super) value: Option<f64>,
    pub(super) centre: Option<f64>,
    pub(super) lower: Option<f64>,
    pub(super) upper: Option<f64>,
    /// It is judged by the rules.
    pub(super) judged: bool,
    pub(super) signals: Vec<(Rule, Side)>,
    /// Days since the last event: no event has ended them.
    pub(super) open: bool,
    /// Number of its stretch.
    pub(super) phase: usize,
}

/// A stretch of a chart between recorded changes.
#[derive(Clone, Debug)]
pub(super) struct Phase {
    /// The change that began it.
    pub(super) rebase: Option<Rebase>,
    /// First and last point of the baseline.
    pub(super) baseline: Option<(Date, Date)>,
    pub(super) standing: Standing,
}

/// A chart.
#[derive(Clone, Debug)]
pub(super) struct Charted {
    pub(super) kind: Kind,
    pub(super) points: Vec<Point>,
    pub(super) phases: Vec<Phase>,
}

/// What a chart is made of.
pub(super) struct Making<'a> {
    pub(super) rules: ChartRules,
    /// Changes that hold for this series, oldest first.
    pub(super) rebased: Vec<&'a Rebase>,
    pub(super) measure: Measure,
    pub(super) weeks: &'a [Week],
}

impl Making<'_> {
    fn phase_of(&self, first: Date) -> usize {
        self.rebased.iter().filter(|rebase| rebase.date <= first).count()
    }

    /// Weeks that are judged, with their stretch.
    fn comparable(&self, counts: &[Counts]) -> Vec<(usize, usize)> {
        let weeks = self.weeks.iter().zip(counts).enumerate();
        let full = weeks.filter(|(_, (week, counts))| week.full(self.rules.full_week_days) && counts.whole > 0);
        full.map(|(at, (week, _))| (at, self.phase_of(week.first))).collect()
    }

    /// The stated choice: too few weeks, a run chart; rare, days between; a large denominator, Laney;
    /// else XmR. Severity 5 is always rare. It looks at the baseline of the stretch that runs.
    pub(super) fn kind(&self, counts: &[Counts], gravest: bool, gaps: &[f64]) -> Kind {
        let rules = self.rules;
        let comparable = self.comparable(counts);
        let last = comparable.last().map(|(_, phase)| *phase);
        let of_last = comparable.iter().filter(|(_, phase)| Some(*phase) == last);
        let baseline: Vec<Counts> = of_last.take(rules.baseline_weeks).map(|(at, _)| counts[*at]).collect();
        let weeks = baseline.len().max(1) as f64;
        let mean = |of: fn(&Counts) -> i64| baseline.iter().map(of).sum::<i64>() as f64 / weeks;
        let rare = mean(|counts| counts.part) < rules.rare_per_week as f64;
        let enough = comparable.len() >= rules.baseline_weeks;
        if gravest || (enough && rare) {
            let gaps = &gaps[..gaps.len().min(rules.baseline_weeks)];
            let between = gaps.iter().sum::<f64>() / gaps.len().max(1) as f64;
            return if between >= rules.time_chart_days as f64 { Kind::T } else { Kind::G };
        }
        if !enough {
            return Kind::Run;
        }
        match self.measure {
            _ if mean(|counts| counts.whole) < rules.large_denominator as f64 => Kind::Xmr,
            Measure::Prevalence => Kind::LaneyP,
            Measure::Rate | Measure::Attempts => Kind::LaneyU,
        }
    }

    /// Charts weekly values.
    pub(super) fn weekly(&self, kind: Kind, counts: &[Counts]) -> Charted {
        let comparable = self.comparable(counts);
        let factor = self.measure.factor();
        let value = |counts: &Counts| {
            (counts.whole > 0).then(|| factor * counts.part as f64 / counts.whole as f64)
        };
        let mut points: Vec<Point> = self
            .weeks
            .iter()
            .zip(counts)
            .enumerate()
            .map(|(at, (week, counts))| Point {
                at: week.monday,
                week: Some(at),
                part: counts.part,
                whole: counts.whole,
                people: counts.people,
                largest: counts.largest,
                value: value(counts).filter(|_| week.days_with_data > 0),
                centre: None,
                lower: None,
                upper: None,
                judged: false,
                signals: Vec::new(),
                open: false,
                phase: self.phase_of(week.first),
            })
            .collect();
        for (at, _) in &comparable {
            points[*at].judged = true;
        }
        let mut phases = Vec::new();
        for phase in 0..=self.rebased.len() {
            let of_phase: Vec<usize> =
                comparable.iter().filter(|(_, known)| *known == phase).map(|(at, _)| *at).collect();
            let (standing, baseline) = self.standing(kind, of_phase.len());
            let first: Vec<usize> = of_phase.iter().copied().take(baseline).collect();
            let values: Vec<f64> = first.iter().filter_map(|at| points[*at].value).collect();
            let counted: Vec<Counted> = first
                .iter()
                .map(|at| Counted { part: counts[*at].part as f64, whole: counts[*at].whole as f64 })
                .collect();
            let lines = match kind {
                Kind::LaneyU => laney_u(&counted).map(Lines::Following),
                Kind::LaneyP => laney_p(&counted).map(Lines::Following),
                Kind::Xmr => individuals(&values).map(Lines::Straight),
                Kind::Run | Kind::G | Kind::T => None,
            };
            let lines = lines.filter(|_| standing != Standing::None);
            let limits = lines.is_some();
            let middle = match kind {
                _ if limits => None,
                Kind::Run => median(&values),
                _ => (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64),
            };
            for point in points.iter_mut().filter(|point| point.phase == phase) {
                let place = lines.as_ref().and_then(|lines| lines.at(point.whole as f64, factor));
                point.centre = place.map(|place| place.centre).or(middle);
                point.lower = place.map(|place| place.lower);
                point.upper = place.map(|place| place.upper);
            }
            let rules = RuleSet {
                shift_points: self.rules.shift_points,
                trend_points: self.rules.trend_points,
                limits,
                near: limits,
            };
            judge(&mut points, &of_phase, rules, |point| {
                let (value, centre) = (point.value?, point.centre?);
                let placed = point.lower.zip(point.upper).map(|(lower, upper)| Limits { centre, lower, upper });
                let thirds = placed.map_or(Some(value - centre), |limits| limits.thirds(value));
                thirds.map(|thirds| Placed { value, thirds })
            });
            // Nothing counted lies below none, and no share above all.
            for point in points.iter_mut().filter(|point| point.phase == phase) {
                point.lower = point.lower.map(|lower| lower.max(0.0));
                if self.measure != Measure::Attempts {
                    point.upper = point.upper.map(|upper| upper.min(factor));
                }
            }
            let ends = first.first().zip(first.last()).map(|(one, last)| (points[*one].at, points[*last].at));
            let standing = if limits || kind == Kind::Run { standing } else { Standing::None };
            phases.push(self.phase(phase, ends, standing));
        }
        Charted { kind, points, phases }
    }

    /// Charts days between: `days` with an event among all `known` days with data.
    pub(super) fn days_between(&self, kind: Kind, days: &[DayCounts], known: &[Date]) -> Charted {
        let mut points: Vec<Point> = Vec::new();
        let mut phases = Vec::new();
        for phase in 0..=self.rebased.len() {
            let events: Vec<&DayCounts> = days.iter().filter(|day| self.phase_of(day.day) == phase).collect();
            let index = |day: Date| known.partition_point(|other| *other < day);
            let before = points.len();
            for (at, event) in events.iter().enumerate() {
                let last = at.checked_sub(1).and_then(|before| events.get(before));
                let gap = last.map(|last| (index(event.day) - index(last.day)) as f64);
                points.push(of_event(event, gap, phase));
            }
            let gaps: Vec<usize> =
                (before..points.len()).filter(|at| points[*at].value.is_some()).collect();
            let (standing, baseline) = self.standing(kind, gaps.len());
            let first: Vec<usize> = gaps.iter().copied().take(baseline).collect();
            let values: Vec<f64> = first.iter().filter_map(|at| points[*at].value).collect();
            // What is still open ends with the last day with data.
            let until = known.iter().rfind(|day| self.phase_of(**day) == phase);
            if let (Some(last), Some(until)) = (events.last(), until)
                && *until > last.day
                && phase == self.rebased.len()
            {
                let mut point = of_event(last, Some((index(*until) - index(last.day)) as f64), phase);
                (point.at, point.open, point.part, point.people, point.largest) = (*until, true, 0, 0, None);
                points.push(point);
            }
            let scale = |value: f64| if kind == Kind::T { nelson(value) } else { value };
            let shown = |value: f64| if kind == Kind::T { from_nelson(value) } else { value };
            let limits = if kind == Kind::T { t_chart(&values) } else { g_chart(&values) };
            let limits = limits.filter(|_| standing != Standing::None);
            for point in points.iter_mut().skip(before) {
                point.centre = limits.map(|limits| shown(limits.centre));
                // The g chart has no lower limit, and no two days are less than one apart.
                let lower = limits.filter(|_| kind == Kind::T).map(|limits| shown(limits.lower));
                point.lower = lower.filter(|lower| *lower > 1.0);
                point.upper = limits.map(|limits| shown(limits.upper));
                point.judged = point.value.is_some() && limits.is_some();
            }
            if let Some(limits) = limits {
                // On a g chart the values are skewed: only the upper limit and shifts mean something.
                let near = kind == Kind::T;
                let rules = RuleSet {
                    shift_points: self.rules.shift_points,
                    trend_points: if near { self.rules.trend_points } else { 0 },
                    limits: true,
                    near,
                };
                judge(&mut points, &gaps, rules, |point| {
                    let value = scale(point.value?);
                    let thirds = limits.thirds(value)?;
                    let thirds = if kind == Kind::G { thirds.max(-1.0) } else { thirds };
                    Some(Placed { value, thirds })
                });
                for point in points.iter_mut().skip(before).filter(|point| point.open) {
                    let beyond = point.value.is_some_and(|value| scale(value) > limits.upper);
                    point.signals = beyond.then_some((Rule::Outside, Side::Higher)).into_iter().collect();
                }
            }
            let ends = first.first().zip(first.last()).map(|(one, last)| (points[*one].at, points[*last].at));
            phases.push(self.phase(phase, ends, if limits.is_some() { standing } else { Standing::None }));
        }
        Charted { kind, points, phases }
    }

    fn phase(&self, phase: usize, baseline: Option<(Date, Date)>, standing: Standing) -> Phase {
        let rebase = phase.checked_sub(1).and_then(|before| self.rebased.get(before));
        Phase { rebase: rebase.map(|rebase| (*rebase).clone()), baseline, standing }
    }

    /// What limits from so many points are, and from how many of them they come.
    fn standing(&self, kind: Kind, points: usize) -> (Standing, usize) {
        match points {
            _ if kind == Kind::Run => (Standing::None, usize::MAX),
            enough if enough >= self.rules.baseline_weeks => (Standing::Locked, self.rules.baseline_weeks),
            some if some >= self.rules.trial_points => (Standing::Trial, some),
            few => (Standing::None, few),
        }
    }
}

/// Days between the events of the stretch that runs, oldest first.
pub(super) fn gaps(days: &[DayCounts], known: &[Date], since: Option<Date>) -> Vec<f64> {
    let events: Vec<usize> = days
        .iter()
        .filter(|day| since.is_none_or(|since| day.day >= since))
        .map(|day| known.partition_point(|other| *other < day.day))
        .collect();
    events.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect()
}

enum Lines {
    Straight(Limits),
    Following(Laney),
}

impl Lines {
    /// Limits at a denominator, in units of the value.
    fn at(&self, whole: f64, factor: f64) -> Option<Limits> {
        match self {
            Self::Straight(limits) => Some(*limits),
            Self::Following(laney) => (whole > 0.0).then(|| {
                let limits = laney.limits(whole);
                Limits {
                    centre: factor * limits.centre,
                    lower: factor * limits.lower,
                    upper: factor * limits.upper,
                }
            }),
        }
    }
}

fn of_event(event: &DayCounts, gap: Option<f64>, phase: usize) -> Point {
    Point {
        at: event.day,
        week: None,
        part: event.part,
        whole: 0,
        people: event.people,
        largest: event.largest,
        value: gap,
        centre: None,
        lower: None,
        upper: None,
        judged: false,
        signals: Vec::new(),
        open: false,
        phase,
    }
}

fn judge(
    points: &mut [Point],
    judged: &[usize],
    rules: RuleSet,
    place: impl Fn(&Point) -> Option<Placed>,
) {
    let placed: Vec<(usize, Placed)> =
        judged.iter().filter_map(|at| Some((*at, place(points.get(*at)?)?))).collect();
    let values: Vec<Placed> = placed.iter().map(|(_, placed)| *placed).collect();
    for ((at, _), found) in placed.into_iter().zip(signals(&values, rules)) {
        if let Some(point) = points.get_mut(at) {
            point.signals = found;
        }
    }
}
