"""Recomputes the tables of `trend` from the lake's derived rows, by the definitions, with numpy and scipy.

Usage: recompute_trend.py LAKE ANSWERS RULES REBASE. LAKE has Delta tables; ANSWERS the program's JSON, one file a
question, named TABLE[-BY[-MEASURE]].json; RULES and REBASE the school's chart_rules.csv and rebase.csv (`-`: none).
Derived rows themselves are recomputed from `requests` by recompute.py.
"""

import collections
import csv
import datetime as dt
import json
import math
import pathlib
import sys

import duckdb
import numpy as np
from deltalake import DeltaTable
from scipy import stats

LAKE, ANSWERS, RULES, REBASE = sys.argv[1:5]
checked, wrong = 0, []
rule = {"baseline_weeks": 12, "trial_points": 5, "shift_points": 7, "trend_points": 7, "full_week_days": 3,
        "large_denominator": 300, "rare_per_week": 1, "time_chart_days": 10}
if RULES != "-":
    rule |= {row["setting"]: int(row["value"]) for row in csv.DictReader(open(RULES))}
rebases = [] if REBASE == "-" else [(dt.date.fromisoformat(r["date"]), r["theme"]) for r in csv.DictReader(open(REBASE))]
ILLEGAL = ("ILL-CSAM", "ILL-TERR", "IMG-CHILD")


def same(what, ours, theirs):
    global checked
    checked += 1
    if isinstance(ours, (float, np.floating)) or isinstance(theirs, float):
        equal = ours is not None and theirs is not None and (
            ours == theirs or abs(ours - theirs) <= 1e-9 * max(1.0, abs(ours), abs(theirs)))
    else:
        equal = ours == theirs
    if not equal:
        wrong.append(f"{what}: recomputed {ours!r}, but the program says {theirs!r}")


def rows(name):
    uris = DeltaTable(f"{LAKE}/{name}").file_uris()
    if not uris:
        return []
    relation = duckdb.sql("SELECT * FROM read_parquet($1, hive_partitioning=true, union_by_name=true)", params=[uris])
    return [dict(zip(relation.columns, row)) for row in relation.fetchall()]


def counted(row):
    return not row.get("illegal") and row.get("code") not in ILLEGAL and row.get("theme") not in ILLEGAL


def pupil(row):
    return row["actor_kind"] == "person" and row["role"] == "pupil"


all_episodes = [r for r in rows("episodes") if counted(r)]
episodes = [r for r in all_episodes if r["school_day"]]
attempts = [r for r in rows("attempts") if counted(r) and r["school_day"]]
all_actor_days = rows("actor_days")
active = [r for r in all_actor_days if r["school_day"] and pupil(r) and r["primary_records"] > 0]
all_activity = rows("activity")
activity = [r for r in all_activity if r["school_day"] and r["code"] not in ILLEGAL and r["theme"] not in ILLEGAL]
data_days = sorted({r["local_date"] for r in all_activity if r["school_day"]})
imports = rows("imports")
BY = {
    "theme": ("theme", lambda r: r["theme"] or "no theme"),
    "4c": ("four_c", lambda r: r["four_c"] or "none of the four"),
    "severity": ("severity", lambda r: str(r["severity"])),
    "group": ("group_id", lambda r: r["group_id"]),
    "key-stage": ("key_stage", lambda r: r["key_stage"] or "no key stage"),
    "network": ("network", lambda r: r["network"]),
}
OWN = ("group", "key-stage", "network")
# By network the derived tables hold several attempts and episodes in a row.
on_networks = [r for r in rows("network_theme_days") if counted(r) and r["school_day"]]
network_active = [r for r in rows("network_days") if r["school_day"] and pupil(r) and r["primary_records"] > 0]


def sources(by):
    """Attempts, episodes and active days that a split is counted in."""
    if by != "network":
        return attempts, episodes, active
    return ([r for r in on_networks for _ in range(r["attempts"])],
            [r for r in on_networks for _ in range(r["episodes"])], network_active)


def load(name):
    path = pathlib.Path(ANSWERS) / f"{name}.json"
    return json.load(open(path)) if path.exists() else None


def monday(day):
    return day - dt.timedelta(days=day.weekday())


def jackknife_share(clusters):
    """Exact binomial with the effective size by leaving out one cluster, lowered for few of them; the end nearer one
    half allows for one more cluster like the heaviest (Fay and Feuer 1997, with a beta)."""
    seen = [(p, w) for p, w in clusters if w > 0]
    if not seen:
        return None
    p, w = np.array([s[0] for s in seen], float), np.array([s[1] for s in seen], float)
    part, whole, n = p.sum(), w.sum(), len(seen)
    share = part / whole
    if n == 1:
        size = 1.0
    else:
        without = (part - p) / (whole - w)
        variance = (n - 1) / n * ((without - without.mean()) ** 2).sum()
        binomial = share * (1 - share)
        size = n if binomial <= 0 else (binomial / variance if variance > 1e-24 * binomial else whole)
        z = stats.norm.ppf(0.975)
        size = min(size * (z / stats.t.ppf(0.975, n - 1)) ** 2, whole)
    a, b = share * size, size - share * size
    lower = 0.0 if a <= 1e-9 else stats.beta.ppf(0.025, a, b + 1)
    upper = 1.0 if b <= 1e-9 else stats.beta.ppf(0.975, a + 1, b)
    heaviest = w.max() / whole
    if heaviest * size > 1:
        if share <= 0.5:
            upper = max(upper, one_more(share, size, heaviest))
        if share >= 0.5:
            lower = min(lower, 1 - one_more(1 - share, size, heaviest))
    return share, lower, upper


def one_more(share, size, weight):
    """The 97.5 % point of a beta with the moments of the share and of one more observation of this weight."""
    mean, variance = share + weight, share * (1 - share) / size + weight**2
    total = mean * (1 - mean) / variance - 1
    return 1.0 if mean >= 1 or total <= 0 else stats.beta.ppf(0.975, mean * total, (1 - mean) * total)


# ---------------------------------------------------------------- weeks, counts
MEASURES = ("rate", "attempts", "prevalence")


def weekly(by, measure):
    """word -> monday -> [part, whole]; every word of the split has every week with activity."""
    read = BY[by][1] if by else lambda r: ""
    own = by in OWN
    tries, had, there = sources(by)
    source = tries if measure == "attempts" else had
    parts, wholes = collections.defaultdict(set), collections.defaultdict(set)
    number = collections.Counter()
    for r in source:
        if not pupil(r):
            continue
        key = (read(r), monday(r["local_date"]))
        number[key] += 1
        parts[key].add((r["actor"], r["local_date"]) if measure == "rate" else r["actor"])
    for r in there:
        key = (read(r) if own else "", monday(r["local_date"]))
        wholes[key].add(r["actor"] if measure == "prevalence" else (r["actor"], r["local_date"]))
    words = {word for word, _ in parts} | ({""} if not by else set())
    mondays = sorted({monday(day) for day in data_days})
    found = {}
    for word in words:
        found[word] = {}
        for week in mondays:
            part = number[(word, week)] if measure == "attempts" else len(parts.get((word, week), ()))
            found[word][week] = (part, len(wholes.get((word if own else "", week), ())))
    return found


days_in_week = collections.Counter(monday(day) for day in data_days)


def full(week, school_days):
    return min(days_in_week[week], school_days.get(week, 5)) >= rule["full_week_days"]


def phase_of(day, theme, until):
    first = min(r["local_date"] for r in all_actor_days)
    return sum(1 for date, of in rebases if date <= day and (not of or of == theme) and first < date <= until)


# ---------------------------------------------------------------- run rules
def judge(points, shift, trend, limits, near):
    """points: (value, thirds). The rules that each meets, no look ahead."""
    sign = lambda x: int(x > 0) - int(x < 0)
    out = []
    for i, (value, thirds) in enumerate(points):
        met = []
        side = sign(thirds)
        if limits and abs(thirds) > 3:
            met.append(("outside", side))
        if side:
            row = []
            for _, other in reversed(points[: i + 1]):
                if sign(other) == 0:
                    continue
                if sign(other) != side:
                    break
                row.append(other)
            if len(row) >= shift:
                met.append(("shift", side))
        distinct = [points[0][0]]
        for v, _ in points[1 : i + 1]:
            if v != distinct[-1]:
                distinct.append(v)
        if trend and i and value != points[i - 1][0] and len(distinct) >= 2:
            way, length = sign(distinct[-1] - distinct[-2]), 1
            for a, b in zip(reversed(distinct[:-1]), reversed(distinct)):
                if sign(b - a) != way:
                    break
                length += 1
            if length >= trend:
                met.append(("trend", way))
        if limits and near and abs(thirds) > 2 and any(
                abs(t) > 2 and sign(t) == side for _, t in points[max(0, i - 2) : i]):
            met.append(("near", side))
        out.append(met)
    return out


WORDS = {("outside", 1): "above the limit", ("outside", -1): "below the limit",
         ("shift", 1): "row above the centre", ("shift", -1): "row below the centre",
         ("trend", 1): "row of rises", ("trend", -1): "row of falls",
         ("near", 1): "2 of 3 near the limit", ("near", -1): "2 of 3 near the limit"}


def said(met, between, still_open=False):
    if not met:
        return ""
    up, down = ("rarer", "more often") if between else ("higher", "lower")
    if still_open:
        up = "longer without"
    return (up if met[0][1] > 0 else down) + ": " + "; ".join(WORDS[m] for m in met)


def thirds(value, centre, lower, upper):
    way = centre - lower if value < centre else upper - centre
    return 3 * (value - centre) / way


def check_chart(name, by, measure):
    answer = load(name)
    if answer is None:
        return
    column = BY[by][0] if by else None
    cells = collections.defaultdict(list)
    for cell in answer["cells"]:
        cells[cell[column] if column else ""].append(cell)
    until = dt.date.fromisoformat(answer["period"]["to"])
    school_days = {}
    for cell in answer["cells"]:
        if cell["school_days"] is not None:
            school_days[dt.date.fromisoformat(cell["week_start_date"])] = cell["school_days"]
    factor = 1.0 if measure == "prevalence" else 1000.0
    counts = weekly(by, measure)
    same(f"{name}: series", sorted(counts), sorted(cells))
    for word, weeks in counts.items():
        what = f"{name} {word}"
        theme = word if by == "theme" else None
        first_day = lambda week: min(d for d in data_days if monday(d) == week)
        comparable = [(w, phase_of(first_day(w), theme, until)) for w in sorted(weeks)
                      if full(w, school_days) and weeks[w][1] > 0 and w <= until]
        last = comparable[-1][1] if comparable else None
        of_last = [w for w, p in comparable if p == last][: rule["baseline_weeks"]]
        mean = lambda i: sum(weeks[w][i] for w in of_last) / max(1, len(of_last))
        days = sorted({r["local_date"] for r in sources(by)[0 if measure == "attempts" else 1]
                       if pupil(r) and (not by or BY[by][1](r) == word)})
        index = {day: i for i, day in enumerate(data_days)}
        enough = len(comparable) >= rule["baseline_weeks"]
        gravest = by == "severity" and word == "5"
        since = [d for d in days if not rebases or phase_of(d, theme, until) == phase_of(until, theme, until)]
        gaps = [index[b] - index[a] for a, b in zip(since, since[1:])][: rule["baseline_weeks"]]
        if gravest or (enough and mean(0) < rule["rare_per_week"]):
            kind = "t" if sum(gaps) / max(1, len(gaps)) >= rule["time_chart_days"] else "g"
            same(f"{what}: chart", f"{kind}, days between", cells[word][0]["chart"] if cells[word] else f"{kind}, days between")
            check_between(what, kind, days, index, theme, until, {c["week_start_date"]: c for c in cells[word]})
            continue
        kind = ("run chart" if not enough else "XmR" if mean(1) < rule["large_denominator"]
                else "Laney p'" if measure == "prevalence" else "Laney u'")
        rows_of = {dt.date.fromisoformat(c["week_start_date"]): c for c in cells[word]}
        for phase in sorted({p for _, p in comparable}):
            mine = [w for w, p in comparable if p == phase]
            limited = kind != "run chart" and len(mine) >= rule["trial_points"]
            base = mine[: rule["baseline_weeks"]] if kind != "run chart" else mine
            x = np.array([weeks[w][0] for w in base], float)
            n = np.array([weeks[w][1] for w in base], float)
            values = factor * x / n
            lines = {}
            if limited and kind == "XmR":
                moving = np.abs(np.diff(values)).mean()
                limited = moving > 0
                for w in mine:
                    lines[w] = (values.mean(), values.mean() - 2.66 * moving, values.mean() + 2.66 * moving)
            elif limited:
                centre = x.sum() / n.sum()
                spread = lambda size: np.sqrt(centre * ((1 - centre) if kind == "Laney p'" else 1) / size)
                sigma = np.abs(np.diff((x / n - centre) / spread(n))).mean() / 1.128
                for w in mine:
                    reach = 3 * spread(weeks[w][1]) * sigma
                    lines[w] = (factor * centre, factor * (centre - reach), factor * (centre + reach))
            middle = np.median(values) if kind == "run chart" else values.mean()
            points = []
            for w in mine:
                value = factor * weeks[w][0] / weeks[w][1]
                points.append((value, thirds(value, *lines[w]) if limited else value - middle))
            met = judge(points, rule["shift_points"], rule["trend_points"], limited, limited)
            for w, (value, _), rules in zip(mine, points, met):
                cell = rows_of.get(w)
                if cell is None:
                    continue
                same(f"{what} {w}: chart", kind, cell["chart"])
                same(f"{what} {w}: counted", weeks[w], (cell["counted"], cell["out_of"]))
                same(f"{what} {w}: value", value, cell["value"])
                centre, lower, upper = lines[w] if limited else (middle, None, None)
                same(f"{what} {w}: centre", float(centre), cell["centre"])
                same(f"{what} {w}: lower", None if lower is None else max(0.0, lower), cell["lower_limit"])
                most = math.inf if measure == "attempts" else factor
                same(f"{what} {w}: upper", None if upper is None else min(most, upper), cell["upper_limit"])
                same(f"{what} {w}: unusual", said(rules, False), cell["signal"])
                same(f"{what} {w}: judged", True, cell["judged"])


def check_between(what, kind, days, index, theme, until, cells):
    last_phase = phase_of(until, theme, until)
    for phase in range(last_phase + 1):
        mine = [d for d in days if phase_of(d, theme, until) == phase and d <= until]
        gaps = [(b, index[b] - index[a]) for a, b in zip(mine, mine[1:])]
        base = np.array([g for _, g in gaps[: rule["baseline_weeks"]]], float)
        known = len(gaps) >= rule["trial_points"]
        limits, points = None, []
        if known and kind == "g" and base.mean() > 1:
            m = base.mean()
            limits = (math.log(2) * m, 0.0, m + 3 * math.sqrt((m - 1) * m))
            points = [(g, max(-1.0, thirds(g, *limits))) for _, g in gaps]
            shown = (limits[0], None, limits[2])
        elif known and kind == "t":
            y = base**0.2777
            moving = np.abs(np.diff(y)).mean()
            if moving > 0:
                limits = (y.mean(), y.mean() - 2.66 * moving, y.mean() + 2.66 * moving)
                points = [(g**0.2777, thirds(g**0.2777, *limits)) for _, g in gaps]
                shown = tuple(max(0.0, v) ** (1 / 0.2777) for v in limits)
        met = judge(points, rule["shift_points"], rule["trend_points"] if kind == "t" else 0, True, kind == "t") if limits else [[] for _ in gaps]
        for (day, gap), rules in zip(gaps, met):
            cell = cells.get(str(day))
            if cell is None:
                continue
            same(f"{what} {day}: days between", float(gap), cell["value"])
            same(f"{what} {day}: centre", float(shown[0]) if limits else None, cell["centre"])
            same(f"{what} {day}: lower", (None if shown[1] is None or shown[1] <= 1 else float(shown[1])) if limits else None, cell["lower_limit"])
            same(f"{what} {day}: upper", float(shown[2]) if limits else None, cell["upper_limit"])
            same(f"{what} {day}: unusual", said(rules, True), cell["signal"])
        end = [d for d in data_days if d <= until]
        if phase == last_phase and mine and end and end[-1] > mine[-1]:
            cell = cells.get(str(end[-1]))
            gap = index[end[-1]] - index[mine[-1]]
            if cell is not None:
                same(f"{what}: open gap", float(gap), cell["value"])
                beyond = limits and (gap if kind == "g" else gap**0.2777) > limits[2]
                same(f"{what}: open gap unusual", said([("outside", 1)] if beyond else [], True, True), cell["signal"])


# ---------------------------------------------------------------- one pupil or many
def check_pupils(name, by):
    answer = load(name)
    if answer is None:
        return
    column = BY[by][0] if by else None
    read = BY[by][1] if by else lambda r: ""
    own = by in OWN
    _, had, there = sources(by)
    for cell in answer["cells"]:
        week = dt.date.fromisoformat(cell["week_start_date"])
        word = cell[column] if column else ""
        here = [r for r in had if monday(r["local_date"]) == week and (not by or read(r) == word)]
        what = f"{name} {week} {word}"
        if not days_in_week[week]:
            same(f"{what}: nothing", None, cell["pupils"])
            continue
        pupils = {r["actor"] for r in here if pupil(r)}
        seen = {r["actor"] for r in there if monday(r["local_date"]) == week and (not own or read(r) == word)}
        same(f"{what}: pupils", len(pupils), cell["pupils"])
        same(f"{what}: active", len(seen), cell["active_pupils"])
        share = jackknife_share([(1 if i < len(pupils) else 0, 1) for i in range(len(seen))])
        for key, value in zip(("share", "lower_share", "upper_share"), share or (None,) * 3):
            same(f"{what}: prevalence {key}", None if value is None else float(value), cell[f"prevalence_{key}"])
        of_actor = collections.Counter(r["actor"] for r in here if r["actor"] is not None)
        total = sum(of_actor.values())
        same(f"{what}: episodes", total, cell["episodes"])
        effective = 1 / sum((v / total) ** 2 for v in of_actor.values()) if total else None
        same(f"{what}: effective number", effective, cell["effective_actors"])
        same(f"{what}: most by one", max(of_actor.values()) / total if total else None, cell["largest_share_of_episodes"])


# ---------------------------------------------------------------- the year before
def check_year():
    answer = load("year")
    if answer is None or not answer["cells"]:
        return
    start, end = (dt.date.fromisoformat(answer["period"][k]) for k in ("from", "to"))
    # Half-term weeks by the lake's own columns.
    name = {}
    for r in all_actor_days:
        if r["half_term"]:
            name[monday(r["local_date"])] = (r["half_term"], r["half_term_week"])
    here, then = set(), set()
    for week, label in name.items():
        for other, known in name.items():
            if known == label and 300 < (week - other).days < 430 and start <= week <= end and all(
                    days_in_week[w] >= rule["full_week_days"] for w in (week, other)):
                here.add(week)
                then.add(other)
    key_stage = BY["key-stage"][1]

    def side(weeks, theme, stage):
        fits = lambda r: monday(r["local_date"]) in weeks and (stage == "all" or key_stage(r) == stage)
        part = collections.defaultdict(set)
        for r in episodes:
            if pupil(r) and fits(r) and BY["theme"][1](r) == theme:
                part[r["actor"]].add(r["local_date"])
        whole = collections.defaultdict(set)
        for r in active:
            if fits(r):
                whole[r["actor"]].add(r["local_date"])
        return [(len(part[a]), len(days)) for a, days in sorted(whole.items())]

    def one(clusters):
        p, w = (np.array([c[i] for c in clusters], float) for i in (0, 1))
        log = lambda a, n: np.log((a + 0.5) / (n + 0.5))
        without = log(p.sum() - p, w.sum() - w)
        k = len(p)
        variance = max((k - 1) / k * ((without - without.mean()) ** 2).sum(), 1 / (p.sum() + 0.5) - 1 / (w.sum() + 0.5))
        return log(p.sum(), w.sum()), variance, p.sum() ** 2 / (p**2).sum() if p.sum() else 0.0, p.sum(), w.sum()

    order = []
    for cell in answer["cells"]:
        what = f"year {cell['theme']} {cell['key_stage']}"
        now, before = (side(w, cell["theme"], cell["key_stage"]) for w in (here, then))
        if not now or not before:
            same(f"{what}: not comparable", True, cell["comparison"].startswith("not comparable"))
            order.append(-1.0)
            continue
        a, b = one(now), one(before)
        same(f"{what}: counts", (a[3], a[4], b[3], b[4]), tuple(float(cell[k]) for k in (
            "actor_days", "active_actor_days", "actor_days_before", "active_actor_days_before")))
        same(f"{what}: ratio", float((a[3] / a[4]) / (b[3] / b[4])) if a[3] and b[3] else None, cell["ratio"])
        reach = stats.t.ppf(0.975, max(1.0, min(a[2], b[2]) - 1)) * math.sqrt(a[1] + b[1])
        # An interval over four powers of ten says nothing, and is not shown.
        shown = reach <= math.log(100)
        same(f"{what}: lower", math.exp(a[0] - b[0] - reach) if shown else None, cell["ratio_lower"])
        same(f"{what}: upper", math.exp(a[0] - b[0] + reach) if shown else None, cell["ratio_upper"])
        same(f"{what}: evidence", float(abs(a[0] - b[0]) / reach) if shown else None, cell["evidence"])
        order.append(cell["evidence"] if shown else -0.5)
    same("year: strongest evidence first", sorted(order, reverse=True), order)


# ---------------------------------------------------------------- possible steps
def cost(v):
    return float(((v - v.mean()) ** 2).sum())


def steps_of(values, least=4):
    """The cheapest split by trying: exact dynamic programming over end positions."""
    n = len(values)
    if n < 2 * least:
        return [0]
    d = np.diff(values)
    scale = 1.482602218505602 * np.median(np.abs(d - np.median(d)))
    variance = scale**2 / 2 if scale > 0 else (d**2).mean() / 2
    if variance <= 0:
        return [0]
    price = 3 * math.log(n) * variance
    best = {0: (-price, [])}
    for end in range(least, n + 1):
        options = [(best[s][0] + cost(values[s:end]) + price, best[s][1] + [s]) for s in best if end - s >= least]
        if options:
            best[end] = min(options, key=lambda o: o[0])
    return best[n][1]


def check_steps(name, by):
    answer = load(name)
    if answer is None:
        return
    column = BY[by][0] if by else None
    start, end = (dt.date.fromisoformat(answer["period"][k]) for k in ("from", "to"))
    ours = []
    for word, weeks in weekly(by, "rate").items():
        mine = [w for w in sorted(weeks) if days_in_week[w] >= rule["full_week_days"] and weeks[w][1] > 0 and w <= end]
        if not any(weeks[w][0] for w in mine):
            continue
        logs = np.array([math.log((weeks[w][0] + 0.5) / (weeks[w][1] + 0.5)) for w in mine])
        starts = steps_of(logs)
        for before, at, after in zip(starts, starts[1:], starts[2:] + [len(logs)]):
            if start <= mine[at] <= end:
                ours.append((str(mine[at]), word, at - before, after - at,
                             1000 * math.exp(logs[before:at].mean()), 1000 * math.exp(logs[at:after].mean())))
    theirs = [(c["week_start_date"], c[column] if column else "", c["weeks_before"], c["weeks_after"],
               c["level_before"], c["level_after"]) for c in answer["cells"]]
    same(f"{name}: steps", sorted(o[:4] for o in ours), sorted(t[:4] for t in theirs))
    for o, t in zip(sorted(ours), sorted(theirs)):
        same(f"{name} {o[0]}: level before", o[4], t[4])
        same(f"{name} {o[0]}: level after", o[5], t[5])


# ---------------------------------------------------------------- confounders, persistence, out of hours
def check_confounders():
    answer = load("confounders")
    for cell in answer["cells"]:
        week = dt.date.fromisoformat(cell["week_start_date"])
        here = [r for r in activity if monday(r["local_date"]) == week]
        total = sum(r["records"] for r in here)
        part = lambda keep: sum(r["records"] for r in here if keep(r)) / total if total else None
        what = f"confounders {week}"
        same(f"{what}: records", int(total), cell["records"])
        same(f"{what}: identified", part(lambda r: r["actor_kind"] == "person"), cell["identified_share"])
        same(f"{what}: decrypted", part(lambda r: r["visibility"] != "host"), cell["decrypted_share"])
        same(f"{what}: uncategorised", part(lambda r: r["code"] == "UNCAT"), cell["uncategorised_share"])
        same(f"{what}: nights", cell["school_days"] - days_in_week[week], cell["nights_missing"])
        if total:
            pupils = {r["actor"] for r in active if monday(r["local_date"]) == week}
            same(f"{what}: active pupils", len(pupils), cell["active_pupils"])
        versions = {i["settings_version"] for i in imports
                    if any(monday(dt.date.fromisoformat(p.split("=")[0])) == week for p in (i["event_days"] or "").split(";") if p)}
        if all(i["event_days"] or not i["first_utc"] for i in imports):
            same(f"{what}: data files", ", ".join(sorted(versions)), cell["settings"])


def check_persistence():
    answer = load("persistence")
    start, end = (dt.date.fromisoformat(answer["period"][k]) for k in ("from", "to"))
    newest = {}
    taken = {i["import_token"]: i["imported_utc"] for i in imports}
    for r in rows("incidents"):
        key = (r["incident"], r["incident_row"], r["source_format"])
        if key not in newest or (taken[r["import_token"]], r["record_number"]) > (taken[newest[key]["import_token"]], newest[key]["record_number"]):
            newest[key] = r
    first = {}
    for r in newest.values():
        if r["subject"] is not None and r["role"] == "pupil" and start <= r["local_date"] <= end:
            first[r["subject"]] = min(r["local_date"], first.get(r["subject"], r["local_date"]))
    spans = {}
    for subject, day in first.items():
        year = lambda d: d.year if d.month >= 9 else d.year - 1
        before = [d for d in reversed(data_days) if d < day and year(d) == year(day)][:20]
        after = [d for d in data_days if d > day and year(d) == year(day)][:20]
        each = min(len(before), len(after))
        if each >= 5:
            spans[subject] = (set(before[:each]), set(after[:each]))
    around = collections.defaultdict(lambda: [set(), 0, 0, 0])
    for r in episodes:
        if pupil(r) and r["actor"] in spans:
            before, after = spans[r["actor"]]
            found = around[(r["group_id"], r["theme"] or "no theme")] if r["local_date"] in before | after else None
            if found is not None:
                if r["actor"] not in found[0]:
                    found[0].add(r["actor"])
                    found[3] += len(before)
                found[1 if r["local_date"] in before else 2] += 1
    inside = [r for r in episodes if pupil(r) and start <= r["local_date"] <= end]
    ours = {}
    for key in {(r["group_id"], r["theme"] or "no theme") for r in inside} | set(around):
        here = [r for r in inside if (r["group_id"], r["theme"] or "no theme") == key]
        keep = collections.Counter(r["actor"] for r in here if r["persistent"])
        if keep or key in around:
            a = around.get(key)
            ours[key] = (len(here), sum(keep.values()), len(keep), len(a[0]) if a else 0,
                         a[1] if a else None, a[2] if a else None, a[3] if a else None)
    theirs = {(c["group_id"], c["theme"]): tuple(c[k] for k in (
        "episodes", "persistent_episodes", "distinct_people", "pupils_with_incident", "episodes_before", "episodes_after",
        "school_days_each")) for c in answer["cells"]}
    same("persistence", ours, theirs)


BANDS = [(0, "0 to 6, night"), (6, "6 to 9, before school"), (9, "9 to 15, day"), (15, "15 to 18, after school"),
         (18, "18 to 22, evening"), (22, "22 to 24, late")]
SORTS = {"term": "school day, outside lessons", "part": "part school day, outside lessons",
         "inset": "day for teachers only", "half_term": "half-term holiday"}


def check_out_of_hours():
    answer = load("out-of-hours")
    start, end = (dt.date.fromisoformat(answer["period"][k]) for k in ("from", "to"))
    outside = lambda r: start <= r["local_date"] <= end and (not r["school_day"] or r["lesson_period"] is None)
    band = lambda hour: [words for first, words in BANDS if first <= hour][-1]
    sort = lambda r: SORTS.get(r["day_type"], r["day_type"].replace("_", " "))
    primary, blocked, number = collections.Counter(), collections.Counter(), collections.Counter()
    for r in all_activity:
        if outside(r) and r["code"] not in ILLEGAL and r["theme"] not in ILLEGAL:
            for key in ((sort(r), band(r["local_hour"])), (sort(r), "all hours")):
                primary[key] += r["primary_records"]
                blocked[key] += r["primary_records"] if r["action"] == "blocked" else 0
    people = collections.defaultdict(set)
    for r in all_episodes:
        if outside(r):
            for key in ((sort(r), band(r["local_minute"] // 60)), (sort(r), "all hours")):
                number[key] += 1
                if r["actor_kind"] == "person":
                    people[key].add(r["actor"])
    ours = {key: (primary[key], blocked[key], number[key], len(people[key])) for key in set(primary) | set(number)}
    theirs = {(c["day_type"], c["hours"]): (c["primary_records"], c["blocked_records"], c["episodes"], c["distinct_people"])
              for c in answer["cells"]}
    same("out of hours", ours, theirs)
    for c in answer["cells"]:
        what = f"out of hours {c['day_type']} {c['hours']}"
        if c["primary_records"]:
            same(f"{what}: per 1,000", 1000 * c["episodes"] / c["primary_records"], c["episodes_per_1000"])
        free = [r for r in all_actor_days if not r["school_day"] and start <= r["local_date"] <= end and sort(r) == c["day_type"]
                and pupil(r) and r["primary_records"] > 0]
        if c["hours"] != "all hours" or not free:
            same(f"{what}: no rate", None, c["rate_per_1000"])
            continue
        whole, part = collections.Counter(r["actor"] for r in free), collections.defaultdict(set)
        for r in all_episodes:
            if not r["school_day"] and start <= r["local_date"] <= end and sort(r) == c["day_type"] and pupil(r):
                part[r["actor"]].add(r["local_date"])
        share = jackknife_share([(min(len(part[a]), n), n) for a, n in sorted(whole.items())])
        for key, value in zip(("rate_per_1000", "rate_lower_per_1000", "rate_upper_per_1000"), share):
            same(f"{what}: {key}", 1000 * float(value), c[key])


for by in (None, *BY):
    suffix = f"-{by}" if by else ""
    check_pupils(f"pupils{suffix}", by)
    check_steps(f"steps{suffix}", by)
    check_chart(f"chart{suffix}", by, "rate")
    for measure in ("attempts", "prevalence"):
        check_chart(f"chart{suffix or '-'}-{measure}", by, measure)
check_year()
check_confounders()
check_persistence()
check_out_of_hours()
print(f"{checked} figures compared, {len(wrong)} differ")
for text in wrong[:40]:
    print(" -", text)
sys.exit(1 if wrong else 0)
