"""Charts of made-up schools, judged by the published rules; nothing of the product is read or called.

    charts.py rates SEED SCHOOLS           how often unchanged series signal, and how soon a step of +50 % is found
    charts.py series SEED SCHOOLS FOLDER   the series, with limits and signals of every point, for the product to judge

Rules: limits of XmR by mean and 2.66 mean moving ranges (Wheeler 1993); u' and p' by Laney (2002), 3 sigma, sigma z the
mean moving range of z over 1.128; days between by g (Benneyan 2001: mean m, upper limit m + 3 sqrt(m (m - 1)), centre
0.693 m, no lower limit) and t (Nelson 1994: power 0.2777, then XmR). Making Data Count: a point outside, 7 on one side
of the centre (points on it neither count nor break), 7 in a row each above or below the last (ties counted once), 2 of 3
in the outer third of one side. Run chart: median, no limits. On g: outside above and 7 on one side only. Limits from the
first 12 points, then locked; of days between from 5 on trial (all points). Weeks of fewer than 3 school days are left out.
Choice of chart: under 12 full weeks a run chart; mean of the first 12 below 1 a week days between (t from a mean gap of
10 school days, else g); a mean denominator of 300 and more Laney; else XmR. A possible step: least squares of logs of
(part + 0.5) / (whole + 0.5), 3 ln(n) variances a step, 4 weeks a level at least, variance half the squared scaled median
absolute deviation of differences.
"""

import json
import math
import pathlib
import sys

import numpy as np

WEEKS, BASE, TRIAL, ROW = 39, 12, 5, 7
SHORT = (8, 23)  # weeks of two school days
CHANGED = 20  # the step: first day of this week
FACTOR = {"rate": 1000.0, "attempts": 1000.0, "prevalence": 1.0}
# name, chart, measure, pupils, habits (beta), what else
SCENARIOS = [
    ("run chart, 40 pupils, 11 full weeks", "run chart", "rate", 40, (0.4, 3.6), 0.0),
    ("XmR, rate, 40 pupils", "XmR", "rate", 40, (0.4, 3.6), 0.0),
    ("XmR, prevalence, 40 pupils", "XmR", "prevalence", 40, (0.4, 3.6), 0.0),
    ("u', rate, 200 pupils, a few make most", "Laney u'", "rate", 200, (0.05, 0.95), 0.0),
    ("u', rate, 1,000 pupils, rare", "Laney u'", "rate", 1000, (0.5, 24.5), 0.0),
    ("u', attempts, 1,000 pupils, weeks differ", "Laney u'", "attempts", 1000, (0.2, 3.8), 0.15),
    ("p', prevalence, 1,000 pupils", "Laney p'", "prevalence", 1000, (0.2, 3.8), 0.0),
    ("g, 1 day in 7", "g, days between", "rate", 0, 1 / 7, 0.0),
    ("t, 1 day in 20", "t, days between", "rate", 0, 1 / 20, 0.0),
]


def days_of(week):
    return 2 if week in SHORT else 5


def weekly(chance, scenario, schools, step):
    """(schools, weeks) of parts and wholes; a run chart's school has 11 full weeks."""
    _, kind, measure, pupils, (a, b), spread = scenario
    weeks = 12 if kind == "run chart" else WEEKS
    changed = 5 if kind == "run chart" else CHANGED
    parts, wholes = np.zeros((schools, weeks), int), np.zeros((schools, weeks), int)
    for school in range(schools):
        habit = chance.beta(a, b, pupils)
        there = chance.uniform(0.6, 1.0, pupils)
        days = chance.binomial(np.array([days_of(w) for w in range(weeks)])[:, None], there)
        times = np.where(np.arange(weeks) >= changed, 1.5 if step else 1.0, 1.0)[:, None]
        mood = np.exp(chance.normal(0.0, spread, (weeks, 1))) if spread else 1.0
        h = np.minimum(habit * times * mood, 1.0)
        if measure == "attempts":
            parts[school], wholes[school] = chance.poisson(2.0 * days * h).sum(1), days.sum(1)
        elif measure == "prevalence":
            parts[school], wholes[school] = (chance.binomial(days, h) > 0).sum(1), (days > 0).sum(1)
        else:
            parts[school], wholes[school] = chance.binomial(days, h).sum(1), days.sum(1)
    return parts, wholes, changed


def rare(chance, scenario, schools, step):
    """(schools, days) of whether the day has an event."""
    of_week = np.repeat(np.arange(WEEKS), [days_of(w) for w in range(WEEKS)])
    odds = scenario[4] * np.where((of_week >= CHANGED) & step, 1.5, 1.0)
    return chance.random((schools, len(of_week))) < odds, of_week


# ------------------------------------------------------------------ rules, for many series at once
def judge(value, thirds, there, trend, limits, near, clip=None):
    """For each series (row) and point the signals as text, in the order of the rules. `there` marks points of a row."""
    series, points = value.shape
    thirds = np.where(there, thirds, 0.0)
    placed = np.maximum(thirds, clip) if clip is not None else thirds
    side = np.sign(placed).astype(int)
    said = np.full((series, points), "", dtype=object)
    last_side, in_row = np.zeros(series, int), np.zeros(series, int)
    way, run = np.zeros(series, int), np.ones(series, int)
    for at in range(points):
        now, here = side[:, at], there[:, at]
        if limits:
            said[:, at] += np.where(here & (np.abs(placed[:, at]) > 3), np.where(now > 0, "O+", "O-"), "")
        in_row = np.where(now == 0, in_row, np.where(now == last_side, in_row + 1, 1))
        last_side = np.where(now == 0, last_side, now)
        said[:, at] += np.where(here & (now != 0) & (in_row >= ROW), np.where(now > 0, "S+", "S-"), "")
        if at and trend:
            step = np.sign(np.where(here & there[:, at - 1], value[:, at] - value[:, at - 1], 0.0)).astype(int)
            run = np.where(step == 0, run, np.where(step == way, run + 1, 2))
            way = np.where(step == 0, way, step)
            said[:, at] += np.where(here & (step != 0) & (run >= ROW), np.where(step > 0, "T+", "T-"), "")
        if limits and near:
            two = np.zeros(series, bool)
            for other in range(max(0, at - 2), at):
                two |= (np.abs(placed[:, other]) > 2) & (side[:, other] == now)
            said[:, at] += np.where(here & (np.abs(placed[:, at]) > 2) & two, np.where(now > 0, "N+", "N-"), "")
    return said


def individuals(values):
    """Centre, lower and upper of rows of values."""
    centre = values.mean(1)
    reach = 2.66 * np.abs(np.diff(values, axis=1)).mean(1)
    return centre, centre - reach, centre + reach


def thirds_of(value, centre, lower, upper):
    with np.errstate(all="ignore"):
        return 3 * (value - centre) / np.where(value < centre, centre - lower, upper - centre)


def chart_weeks(kind, measure, parts, wholes):
    """Full weeks only. Values, lines, thirds, signals."""
    value = FACTOR[measure] * parts / wholes
    if kind == "run chart":
        centre = np.repeat(np.median(value, 1)[:, None], value.shape[1], 1)
        thirds = value - centre
        said = judge(value, thirds, np.ones(value.shape, bool), True, False, False)
        return value, centre, None, None, thirds, said
    if kind == "XmR":
        lines = [np.repeat(line[:, None], value.shape[1], 1) for line in individuals(value[:, :BASE])]
    else:
        p, w = parts[:, :BASE], wholes[:, :BASE]
        mean = (p.sum(1) / w.sum(1))[:, None]
        spread = mean * (1 - mean) if kind == "Laney p'" else mean
        z = (p / w - mean) / np.sqrt(spread / w)
        sigma_z = (np.abs(np.diff(z, axis=1)).mean(1) / 1.128)[:, None]
        reach = 3 * np.sqrt(spread / wholes) * sigma_z
        lines = [FACTOR[measure] * (mean + sign * reach) for sign in (0, -1, 1)]
    centre, lower, upper = lines
    thirds = thirds_of(value, centre, lower, upper)
    said = judge(value, thirds, np.ones(value.shape, bool), True, True, True)
    return value, centre, lower, upper, thirds, said


def chart_gaps(kind, events):
    """Of one school: days of events to gaps, lines and signals; none where there are too few."""
    gaps = np.diff(np.flatnonzero(events)).astype(float)
    used = BASE if len(gaps) >= BASE else len(gaps) if len(gaps) >= TRIAL else 0
    if not used:
        return gaps, None, None
    if kind.startswith("t"):
        value = gaps**0.2777
        centre, lower, upper = (line[0] for line in individuals(value[None, :used]))
        thirds = thirds_of(value, centre, lower, upper)
        said = judge(value[None], thirds[None], np.ones((1, len(gaps)), bool), True, True, True)
        back = lambda x: max(x, 0.0) ** (1 / 0.2777)
        # No two days are less than one apart, so a lower limit below that says nothing.
        return gaps, (back(centre), back(lower) if back(lower) > 1 else None, back(upper)), (thirds, said[0])
    mean = gaps[:used].mean()
    centre, upper = math.log(2) * mean, mean + 3 * math.sqrt(mean * (mean - 1))
    thirds = thirds_of(gaps, centre, 0.0, upper)
    said = judge(gaps[None], thirds[None], np.ones((1, len(gaps)), bool), False, True, False, clip=-1.0)
    return gaps, (centre, None, upper), (np.maximum(thirds, -1.0), said[0])


def chosen(measure, parts, wholes, events):
    """Chart by the stated choice, of one school's full weeks."""
    full = len(parts)
    if full >= BASE and parts[:BASE].mean() < 1:
        gaps = np.diff(np.flatnonzero(events))[:BASE]
        return "t, days between" if len(gaps) and gaps.mean() >= 10 else "g, days between"
    if full < BASE:
        return "run chart"
    if wholes[:BASE].mean() < 300:
        return "XmR"
    return "Laney p'" if measure == "prevalence" else "Laney u'"


# ------------------------------------------------------------------ possible steps
def steps(parts, wholes, least=4):
    logs = np.log((parts + 0.5) / (wholes + 0.5))
    n = len(logs)
    if n < 2 * least or not parts.any():
        return [0]
    d = np.diff(logs)
    scale = 1.482602218505602 * np.median(np.abs(d - np.median(d)))
    variance = (scale * scale if scale > 0 else (d * d).mean()) / 2
    if variance <= 0:
        return [0]
    price = 3 * math.log(n) * variance
    one, two = np.concatenate([[0], logs.cumsum()]), np.concatenate([[0], (logs * logs).cumsum()])
    best, since = np.full(n + 1, np.inf), np.zeros(n + 1, int)
    best[0] = 0
    for end in range(least, n + 1):
        start = np.arange(0, end - least + 1)
        total = best[start] + price + two[end] - two[start] - (one[end] - one[start]) ** 2 / (end - start)
        at = int(total.argmin())
        best[end], since[end] = total[at], start[at]
    found, end = [], n
    while end:
        end = int(since[end])
        found.append(end)
    return found[::-1]


def week_of_step(parts, wholes, changed):
    """Weeks from the step until a possible step within two weeks of it is first shown; none if never in the year."""
    for until in range(changed + 4, len(parts) + 1):
        if any(abs(at - changed) <= 2 for at in steps(parts[:until], wholes[:until])[1:]):
            return until - changed
    return None


# ------------------------------------------------------------------ what is counted
def numbered(weeks):
    return np.array([w for w in range(weeks) if days_of(w) >= 3])


def close(thirds):
    """Nearer to a line than two programs need agree on."""
    return min(np.abs(np.abs(thirds) - line).min() for line in (0.0, 2.0, 3.0)) < 1e-9


def simulate(seed, schools, scenario, step):
    """One dictionary for each school whose chart the choice makes this one."""
    name, kind, measure = scenario[:3]
    order = [s[0] for s in SCENARIOS].index(name)
    chance = np.random.default_rng([seed, order, int(step)])
    found = []
    if kind.endswith("between"):
        events, of_week = rare(chance, scenario, schools, step)
        first = int(np.flatnonzero(of_week == CHANGED)[0])
        for school in range(schools):
            parts = np.array([int(events[school][of_week == w].sum()) for w in range(WEEKS)])
            wholes = np.array([180 * days_of(w) for w in range(WEEKS)])
            kept = numbered(WEEKS)
            if chosen(measure, parts[kept], wholes[kept], events[school]) != kind:
                continue
            gaps, lines, judged = chart_gaps(kind, events[school])
            said = [""] * len(gaps) if judged is None else list(judged[1])
            if judged is not None and close(judged[0]):
                continue
            ends = np.flatnonzero(events[school])[1:]
            late = [i for i in range(len(gaps)) if i >= BASE]
            soon = [int((end - first) // 5 + 1) for end, s in zip(ends, said) if end >= first and "-" in s]
            found.append({"parts": parts, "wholes": wholes, "events": np.flatnonzero(events[school]), "said": said,
                          "lines": lines, "points": len(said) if judged else 0, "signals": sum(1 for s in said if s),
                          "any": any(said), "weeks": min(soon) if soon else None, "steps": None, "of_step": None})
        return found
    parts, wholes, changed = weekly(chance, scenario, schools, step)
    kept = numbered(parts.shape[1])
    first = int(np.flatnonzero(kept >= changed)[0])
    _, centre, lower, upper, thirds, said = chart_weeks(kind, measure, parts[:, kept], wholes[:, kept])
    for school in range(schools):
        p, w = parts[school][kept], wholes[school][kept]
        if chosen(measure, p, w, []) != kind or (kind != "run chart" and close(thirds[school])):
            continue
        judged = list(said[school])
        since = 0 if kind == "run chart" else BASE
        soon = [at - first + 1 for at, s in enumerate(judged) if at >= first and "+" in s]
        found.append({
            "parts": parts[school], "wholes": wholes[school], "events": None, "said": judged,
            "lines": [[float(line[school][at]) if line is not None else None for line in (centre, lower, upper)]
                      for at in range(len(kept))],
            "points": len(judged) - since, "signals": sum(1 for s in judged[since:] if s), "any": any(judged[since:]),
            "weeks": soon[0] if soon else None,
            "steps": steps(p, w), "of_step": week_of_step(p, w, first) if step else None})
    return found


WITHIN = (1, 2, 4, 8, 13, 19)


def summary(found, step):
    """What the product is compared with."""
    schools = len(found)
    within = lambda key: [sum(1 for f in found if f[key] is not None and f[key] <= n) for n in WITHIN]
    if not step:
        return {"schools": schools, "points": sum(f["points"] for f in found), "signals": sum(f["signals"] for f in found),
                "any": sum(f["any"] for f in found),
                "stepped": sum(1 for f in found if f["steps"] is not None and len(f["steps"]) > 1)}
    return {"schools": schools, "within": within("weeks"), "steps_within": within("of_step")}


def listed(of):
    return [int(x) for x in of]


def main():
    what, seed, schools = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    out = []
    for scenario in SCENARIOS:
        both = {step: simulate(seed, schools, scenario, step) for step in (False, True)}
        entry = {"name": scenario[0], "chart": scenario[1], "measure": scenario[2],
                 "unchanged": summary(both[False], False), "step": summary(both[True], True)}
        if what == "series":
            entry["series"] = [
                {"step": step, "parts": listed(f["parts"]), "wholes": listed(f["wholes"]),
                 "events": None if f["events"] is None else listed(f["events"]), "said": f["said"],
                 "lines": f["lines"] if number < 100 else None, "steps": f["steps"]}
                for step in (False, True) for number, f in enumerate(both[step])]
        out.append(entry)
    if what == "series":
        print(json.dumps({"short": SHORT, "changed": CHANGED, "within": WITHIN, "scenarios": out}),
              file=open(pathlib.Path(sys.argv[4]) / "series.json", "w"))
    else:
        print(json.dumps({"seed": seed, "schools": schools, "within": WITHIN, "scenarios": out}, indent=1))


main()
