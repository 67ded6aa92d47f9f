"""Recomputes incidents, the change ledger and the checks from the lake and the data files, by the definitions of
README.md and of the commands' own notes, not from the program's code.

Usage: recompute_ledger.py LAKE SCHOOL_FOLDER SHIPPED_DATA ANSWERS. ANSWERS holds COMMAND-TABLE.json for each table.
"""

import collections
import csv
import datetime
import glob
import json
import math
import sqlite3
import sys

import duckdb
import numpy
from deltalake import DeltaTable
from lifelines import KaplanMeierFitter
from lifelines.utils import qth_survival_times
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

LAKE, SCHOOL, SHIPPED, ANSWERS = sys.argv[1:5]
ILLEGAL = {"ILL-CSAM", "ILL-TERR", "IMG-CHILD"}
THROUGH = {"allowed", "proceeded", "bypassed", "monitored"}
day = datetime.date.fromisoformat
days = lambda n: datetime.timedelta(days=n)
checked, wrong, compared = 0, [], []


def same(what, ours, theirs):
    global checked
    checked += 1
    if isinstance(ours, datetime.date):
        ours = str(ours)
    if isinstance(ours, float) or isinstance(theirs, float):
        if ours is not None and theirs is not None and math.isfinite(ours):
            if abs(ours - theirs) <= 1e-9 * max(1, abs(ours)):
                return
        elif ours is None and theirs is None:
            return
    elif ours == theirs:
        return
    wrong.append(f"{what}: recomputed {ours}, the program says {theirs}")


def rows_same(name, ours):
    """Compares lists of dicts, row by row, in the columns that ours have."""
    theirs = answer(name)["cells"]
    compared.append(f"{name} ({len(ours)})")
    same(f"rows of {name}", len(ours), len(theirs))
    for number, (one, other) in enumerate(zip(ours, theirs)):
        for key, value in one.items():
            same(f"{name} row {number} {key}", value, other[key])


def answer(name):
    return json.load(open(f"{ANSWERS}/{name}.json"))


def table(name, columns="*", where="true"):
    uris = DeltaTable(f"{LAKE}/{name}").file_uris()
    if not uris:
        return []
    found = duckdb.sql(
        f"SELECT {columns} FROM read_parquet($1, hive_partitioning=true, hive_types_autocast=true) WHERE {where}",
        params=[uris])
    names = found.columns
    return [dict(zip(names, row)) for row in found.fetchall()]


def sheet(name):
    try:
        lines = open(f"{SCHOOL}/settings/{name}").read().splitlines()
    except FileNotFoundError:
        lines = open(f"{SHIPPED}/{name}").read().splitlines()
    return list(csv.DictReader(line for line in lines if line.strip() and not line.startswith("#")))


# School days: half-terms of the year, less weekends and the days that differ.
def school_days():
    halves = [r for r in csv.DictReader(l for l in open(f"{SHIPPED}/terms.csv") if not l.startswith("#")) if r["academic_year"] == "2025-26"]
    own = {r["date"]: r["day_type"] for r in sheet("calendar.csv")}
    shipped = {r["date"]: r["day_type"] for r in csv.DictReader(l for l in open(f"{SHIPPED}/calendar.csv") if not l.startswith("#"))}
    differ = {d: t for d, t in shipped.items() if t != "inset"} | own
    found = []
    for half in halves:
        at = day(half["from"])
        while at <= day(half["to"]):
            if at.weekday() < 5 and differ.get(str(at), "term") in ("term", "part"):
                found.append(at)
            at += days(1)
    return sorted(found)


SCHOOL_DAYS = school_days()


def elapsed(one, other):
    """School days after one day up to another."""
    until = lambda d: sum(1 for known in SCHOOL_DAYS if known <= d)
    return until(other) - until(one)


def newest(rows, key):
    taken = {r["import_token"]: r["imported_utc"] for r in table("imports", "import_token, imported_utc")}
    best = {}
    for row in rows:
        rank = (taken[row["import_token"]], row["record_number"])
        k = tuple(row[c] for c in key) + (row["source_format"],)
        if k not in best or rank > best[k][0]:
            best[k] = (rank, row)
    return [row for _, row in best.values()]


period = answer("incidents-counts")["period"]
FIRST, LAST = day(period["from"]), day(period["to"])
inside = lambda d: FIRST <= d <= LAST


def exact_or_byar(n):
    if n < 10:
        return (stats.chi2.ppf(0.025, 2 * n) / 2 if n else 0.0, stats.chi2.ppf(0.975, 2 * n + 2) / 2)
    z = stats.norm.ppf(0.975)
    return (n * (1 - 1 / (9 * n) - z / (3 * n**0.5)) ** 3, (n + 1) * (1 - 1 / (9 * (n + 1)) + z / (3 * (n + 1) ** 0.5)) ** 3)


class Curve:
    """lifelines' curve; where nothing or everything was seen, the exact binomial end."""

    def __init__(self, waits):
        self.waits = waits
        self.fit = KaplanMeierFitter().fit([t for t, _ in waits], [e for _, e in waits]) if waits else None

    def ended_by(self, time):
        s = float(self.fit.predict(time))
        at = self.fit.confidence_interval_
        at = at[at.index <= time].iloc[-1] if (at.index <= time).any() else None
        if not any(e and t <= time for t, e in self.waits):
            n = max(1, sum(1 for t, _ in self.waits if t >= time))
            return 0.0, 0.0, 1 - 0.025 ** (1 / n)
        if s < 1e-12:
            return 1.0, 0.025 ** (1 / len(self.waits)), 1.0
        return 1 - s, 1 - float(at.iloc[1]), 1 - float(at.iloc[0])

    def time_by(self, share):
        def first(series):
            hit = [t for t, v in series.items() if v <= 1 - share + 1e-12]
            return float(hit[0]) if hit else None
        ended = {t for t, e in self.waits if e}
        curve = {t: s for t, s in self.fit.survival_function_["KM_estimate"].items() if t in ended}
        lower, upper = {}, {}
        for t in sorted(ended):
            share_, lo, hi = self.ended_by(t)
            lower[t], upper[t] = 1 - hi, 1 - lo
        time = first(curve)
        if share == 0.5 and time is not None and min(curve.values()) > 1e-12:
            assert time == qth_survival_times(0.5, self.fit.survival_function_), "lifelines says otherwise"
        return time, first(lower), first(upper)


# --- incidents
incidents = newest(table("incidents"), ("incident", "incident_row"))
here = [r for r in incidents if inside(r["local_date"])]
reach = (min(r["local_date"] for r in incidents), max(r["local_date"] for r in incidents)) if incidents else None
titles = {r["code"]: r["title"] for r in sheet("taxonomy.csv")}
roll = {r["year_group"]: int(r["pupils"]) for r in sheet("roll.csv")}


def tally(rows):
    by = collections.defaultdict(list)
    for r in rows:
        by[r["incident"]].append(r)
    of = collections.defaultdict(set)
    for r in rows:
        if r["subject"] is not None:
            of[r["subject"]].add(r["incident"])
    n = len(by)
    return {
        "incidents": n,
        "distinct_people": len(of),
        "largest_share_of_incidents": max(map(len, of.values())) / n if of else None,
        "untied": sum(all(r["subject"] is None for r in rs) for rs in by.values()),
        "not_closed": sum(any(r["status"] != "closed" for r in rs) for rs in by.values()),
    }


def counts():
    ours = []

    def add(by, value, rows, pupils=None):
        t = tally(rows)
        lower, upper = exact_or_byar(t["incidents"])
        ours.append({
            "by": by, "value": value, "incidents": t["incidents"], "incidents_lower": lower, "incidents_upper": upper,
            "incidents_untied": t["untied"], "incidents_not_closed": t["not_closed"], "pupils_on_roll": pupils,
            "distinct_people": t["distinct_people"], "largest_share_of_incidents": t["largest_share_of_incidents"]})

    if not (reach and reach[0] <= LAST and FIRST <= reach[1]):
        return rows_same("incidents-counts", [])
    groups = lambda f: {v: [r for r in here if f(r) == v] for v in {f(r) for r in here} if v is not None}
    add("all", "all", here, sum(roll.values()))
    types = groups(lambda r: titles[r["code"]])
    for value in sorted(types, key=lambda v: (-tally(types[v])["incidents"], v)):
        add("type", value, types[value])
    four = groups(lambda r: r["four_c"] or "none of the four")
    for value in sorted(four):
        add("4C", value, four[value])
    severity = groups(lambda r: r["severity"])
    for value in sorted(severity, reverse=True):
        add("severity", str(value), severity[value])
    stages = {"KS2": range(3, 7), "KS3": range(7, 10), "KS4": range(10, 12), "KS5": range(12, 14)}
    stage = groups(lambda r: r["key_stage"])
    for value in sorted(stage):
        pupils = sum(roll.get(str(y), 0) for y in stages.get(value, ()))
        add("key stage", value, stage[value], pupils or None)
    name = lambda y: {0: "Reception", -1: "Nursery"}.get(y, f"Year {y}")
    years = groups(lambda r: r["year_group"])
    alone = sorted((y for y in years if y > 0)) + sorted(y for y in years if y <= 0)
    alone = sorted(years, key=lambda y: (name(y).split()[0], y))
    for value in alone:
        add("year group", name(value), years[value], roll.get({0: "R"}.get(value, str(value))))
    rows_same("incidents-counts", ours)


counts()


def zero_tolerance():
    ours = []
    for code in ["BULLY", "VAWG", "HATE", "EXTREM", "GROOM", "IMG-CHILD", "ILL-CSAM"]:
        t = tally([r for r in here if r["code"] == code])
        lower, upper = exact_or_byar(t["incidents"])
        row = {"incidents": t["incidents"], "incidents_lower": lower, "incidents_upper": upper,
               "incidents_not_closed": t["not_closed"], "distinct_people": t["distinct_people"]}
        ours.append({"code": code} | (row if reach else dict.fromkeys(row)))
    rows_same("incidents-zero_tolerance", ours)


zero_tolerance()
RANK = ["open", "unread", "other", "unknown", "closed"]


def least(statuses):
    return min(statuses, key=RANK.index)


def reaching(sorted_values, share):
    return next((v for i, v in enumerate(sorted_values, 1) if i / len(sorted_values) >= share - 1e-9), None)


def status():
    by = collections.defaultdict(list)
    for r in here:
        by[r["incident"]].append(r)
    ours = []
    for band, severe in [("all", 0), ("4 and 5", 4)]:
        for word in RANK:
            these = [rs for rs in by.values() if least({r["status"] for r in rs}) == word and max(r["severity"] for r in rs) >= severe]
            if not reach or (not these and word not in ("open", "closed")):
                continue
            ages = sorted(max(elapsed(r["local_date"], reach[1]) for r in rs) for rs in these)
            t = tally([r for rs in these for r in rs])
            still = word != "closed"
            ours.append({"severity": band, "status": word, "incidents": t["incidents"], "distinct_people": t["distinct_people"],
                         "median_age_school_days": reaching(ages, 0.5) if still else None,
                         "oldest_school_days": (ages or [None])[-1] if still else None,
                         "largest_share_of_incidents": t["largest_share_of_incidents"]})
    ours += [{"status": w, "incidents": None} for w in ("parents informed", "lessons learned", "closed on")]
    rows_same("incidents-status", ours)


status()


def response():
    episodes = table("episodes", "actor, actor_kind, role, local_date, epoch_us(start_utc) AS us, coalesce(theme, 'no theme') AS theme",
                     "severity >= 4 AND NOT illegal")
    alerts = sorted((e for e in episodes if inside(e["local_date"]) and e["actor_kind"] == "person" and e["role"] == "pupil" and e["actor"] is not None),
                    key=lambda e: (e["us"], e["actor"], e["theme"]))
    by_person = collections.defaultdict(list)
    for r in incidents:
        by_person[r["subject"]].append(r)
    found = []
    for e in alerts:
        if not reach or not reach[0] <= e["local_date"] <= reach[1]:
            continue
        after, before = [], False
        for r in by_person[e["actor"]]:
            us = r["occurred_utc"].timestamp() * 1e6
            gap = elapsed(e["local_date"], r["local_date"])
            if r["local_date"] < e["local_date"]:
                before |= -10 <= gap <= -1
            elif not (r["local_date"] == e["local_date"] and r["time_known"] and us < e["us"]) and 0 <= gap <= 10:
                after.append((r["local_date"], us, r["incident"], gap))
        if after:
            first = min(after)
            word = least({r["status"] for r in by_person[e["actor"]] if r["incident"] == first[2]})
            found.append((e, (first[3], True), word, before))
        else:
            found.append((e, (min(elapsed(e["local_date"], reach[1]), 10), False), None, before))

    def line(step, theme, these, reached, timed):
        people = collections.Counter(e["actor"] for e, *_ in these)
        row = {"step": step, "theme": theme, "alerts": len(these), "reached": reached, "distinct_people": len(people),
               "largest_share_of_alerts": max(people.values()) / len(these) if these else None}
        keys = ["within_one_day_share", "within_one_day_share_lower", "within_one_day_share_upper", "median_school_days",
                "median_lower", "median_upper", "p90_school_days", "alerts_before"]
        if timed and these:
            curve = Curve([w for _, w, *_ in these])
            return row | dict(zip(keys, [*curve.ended_by(1), *curve.time_by(0.5), curve.time_by(0.9)[0], sum(b for *_, b in these)]))
        return row | dict.fromkeys(keys)

    reached = lambda these: sum(w[1] for _, w, *_ in these) if reach else None
    ours = [line("alert", "all", found, len(alerts), False), line("viewed: not recorded in this export", "all", found, None, False),
            line("concern", "all", found, reached(found), True)]
    for word in ["closed", "open", "unread", "other", "unknown"]:
        n = sum(s == word for _, _, s, _ in found)
        if reach and (n or word in ("closed", "open")):
            ours.append(line(f"outcome: {word}", "all", found, n, False))
    for theme in sorted({e["theme"] for e, *_ in found}):
        these = [f for f in found if f[0]["theme"] == theme]
        ours.append(line("concern", theme, these, reached(these), True))
    rows_same("incidents-response", ours)
    return len(found), reached(found)


followed = response()


def beside():
    own = [r for r in sheet("aggregates.csv")]
    ours = [{"kind": r["kind"], "measure": r["measure"], "value": float(r["value"]), "distinct_people": int(r["people"])} for r in own]
    for _ in sorted({r["period"] for r in own}):
        t = tally(here)
        ours.append({"kind": "incidents", "value": float(t["incidents"]), "distinct_people": t["distinct_people"]})
    rows_same("incidents-beside", ours)


beside()

# --- changes
changes = [c for c in newest(table("changes"), ("change_token",)) if not c["illegal"] and c["code"] not in ILLEGAL]
for c in changes:
    c["group"] = None if c["group_id"] == "unmatched" else c["group_id"]
    c["start"] = c["applied_from"] or c["decided_date"] or c["local_date"]
    ends = [c["applied_to"]] + ([c["closed_date"]] if c["closed_date"] else [])
    c["end"] = min(ends) if c["applied_to"] else None
    c["made"] = c["decision"] == "approved" or (c["decision"] == "unknown" and c["applied_from"] is not None)
    c["opened"] = c["made"] and c["kind"] != "report" and c["asked"] in ("unblock", "unknown")


def staff():
    for path in glob.glob(f"{SCHOOL}/state.db"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            year = db.execute("SELECT count(*) FROM roster WHERE academic_year = '2025-26'").fetchone()[0]
            n = db.execute("SELECT count(DISTINCT person) FROM roster WHERE academic_year = '2025-26' AND role = 'staff'").fetchone()[0]
            return n if year else None


def wilson(part, whole):
    if not whole:
        return None, None, None
    lower, upper = proportion_confint(part, whole, method="wilson")
    return part / whole, max(0.0, float(lower)), min(1.0, float(upper))


def summary():
    if not changes:
        rows_same("changes-process", [])
        return rows_same("changes-summary", [])
    asked = [c for c in changes if inside(c["local_date"])]
    requests = [c for c in asked if c["kind"] != "report"]
    decided = lambda c: c["decision"] in ("approved", "refused")
    waiting = lambda c: c["decision"] in ("pending", "unknown")

    def line(by, value, these):
        waits = []
        for c in these:
            if decided(c) and c["decided_date"] is not None:
                if c["decided_date"] > LAST:
                    waits.append((elapsed(c["local_date"], LAST), False))
                else:
                    waits.append((elapsed(c["local_date"], max(c["decided_date"], c["local_date"])), True))
            elif waiting(c):
                waits.append((elapsed(c["local_date"], LAST), False))
        curve = Curve(waits)
        median = curve.time_by(0.5) if waits else (None,) * 3
        told = [c for c in these if decided(c) and c["decided_by_other"] is not None]
        reason = wilson(sum(c["reason_given"] for c in these), len(these))
        other = wilson(sum(c["decided_by_other"] for c in told), len(told))
        risk = wilson(sum(c["risk_noted"] for c in these if c["made"]), sum(c["made"] for c in these))
        n = staff() if by == "all" else None
        return {
            "by": by, "value": value, "requests": len(these), "decided": sum(map(decided, these)),
            "opened": sum(c["decision"] == "approved" and c["asked"] == "unblock" for c in these),
            "refused": sum(c["decision"] == "refused" for c in these), "pending": sum(map(waiting, these)),
            "withdrawn": sum(c["decision"] == "withdrawn" for c in these), "median_school_days": median[0],
            "median_lower": median[1], "median_upper": median[2], "p90_school_days": curve.time_by(0.9)[0] if waits else None,
            "per_100_staff": 100 * len(these) / n if n else None}, {
            "by": by, "value": value, "requests": len(these), "decided": sum(map(decided, these)),
            "risk_noted_share": risk[0], "risk_noted_share_lower": risk[1], "risk_noted_share_upper": risk[2],
            "reason_share": reason[0], "reason_share_lower": reason[1], "reason_share_upper": reason[2],
            "by_other_share": other[0], "by_other_share_lower": other[1], "by_other_share_upper": other[2],
            "by_other_unknown": sum(map(decided, these)) - len(told)}

    ours = [line("all", "requests", requests)]
    for by, key in [("asked", "asked"), ("asked by", "requester_role")]:
        for value in sorted({c[key] for c in requests}):
            ours.append(line(by, value, [c for c in requests if c[key] == value]))
    ours.append(line("all", "reported sites", [c for c in asked if c["kind"] == "report"]))
    rows_same("changes-summary", [one for one, _ in ours])
    rows_same("changes-process", [two for _, two in ours])


summary()
requests = table("requests", "local_date, week_start_date, school_day, actor, actor_kind, role, group_id, device, network, action, site, "
                 "visibility, code, search_token, record_noise, illegal, clock_ambiguous, event_time_utc IS NOT NULL AS timed")
detail = min((r["local_date"] for r in requests), default=None)
activity = table("activity")
groups_known = {a["group_id"] for a in activity}


def temporary():
    ours = []
    names = ["still used after its end", "never used", "running", "running, not used yet", "ended, not used since",
             "cannot be told: no single site", "cannot be told: its days are no longer kept", "cannot be told: no records of that group"]
    for c in changes:
        if not c["opened"] or c["start"] > LAST or (c["end"] and c["end"] < FIRST):
            continue
        within, after, people, last = 0, 0, collections.Counter(), None
        for r in requests:
            if r["site"] != c["site"] or c["site"] is None or r["action"] not in THROUGH or r["record_noise"] or r["illegal"]:
                continue
            if (c["group"] and r["group_id"] != c["group"]) or not c["start"] <= r["local_date"] <= LAST:
                continue
            past = c["end"] is not None and r["local_date"] > c["end"]
            if past and any(o is not c and o["opened"] and o["site"] == c["site"] and o["group"] in (None, r["group_id"])
                            and o["start"] <= r["local_date"] and (o["end"] is None or r["local_date"] <= o["end"]) for o in changes):
                continue
            within, after = within + (not past), after + past
            people[r["actor"]] += 1
            last = max(last or r["local_date"], r["local_date"])
        held = min(c["end"] or LAST, LAST)
        if c["site"] is None:
            word = 5
        elif c["group"] and c["group"] not in groups_known:
            word = 7
        elif after:
            word = 0
        elif detail is None or held < detail:
            word = 6
        elif not within and c["start"] >= detail and elapsed(c["start"], held) >= 5:
            word = 1
        elif c["end"] and c["end"] < LAST:
            word = 4
        else:
            word = 2 if within else 3
        seen = word < 5
        ours.append((word, c["site"] or f"category {c['code']}", str(c["start"]), {
            "finding": names[word], "about": c["site"] or f"category {c['code']}", "applied_from": str(c["start"]),
            "applied_to": str(c["end"]) if c["end"] else None, "uses_within": within if seen else None,
            "uses_after": after if seen and c["end"] else None, "last_use": str(last) if last else None,
            "school_days_past_end": elapsed(c["end"], last) if last and c["end"] and last > c["end"] else None,
            "distinct_people": len([p for p in people if p is not None]) if seen else None,
            "largest_share_of_uses": max(people.values()) / (within + after) if people else None}))
    rows_same("changes-temporary", [row for *_, row in sorted(ours, key=lambda o: o[:3])])


temporary()


def registers():
    ours = []
    for e in sheet("exceptions.csv"):
        past = (LAST - day(e["review"])).days
        ended = e["valid_to"] and day(e["valid_to"]) < LAST
        state = 3 if ended else 0 if past > 0 else 1 if past >= -30 else 2
        ours.append((state, -past, e["reference"], {"state": ["review overdue", "review due soon", "in order", "ended"][state],
                     "reference": e["reference"], "days_overdue": past if state == 0 else None}))
    rows_same("changes-exceptions", [row for *_, row in sorted(ours, key=lambda o: o[:3])])
    ours = []
    for a in sheet("actions.csv"):
        if day(a["raised"]) > LAST:
            continue
        closed = a["closed"] and day(a["closed"]) <= LAST
        past = (LAST - day(a["due"])).days
        state = 2 if closed else 0 if past > 0 else 1
        ours.append((state, -past, a["action"], {"state": ["overdue", "open", "closed"][state], "action": a["action"],
                     "closed": a["closed"] if closed else None, "days_overdue": past if state == 0 else None}))
    rows_same("changes-actions", [row for *_, row in sorted(ours, key=lambda o: o[:3])])


registers()


def unrecorded():
    blocked_days = [b for b in table("blocked_site_days") if detail and max(FIRST, detail) <= b["local_date"] <= LAST and b["school_day"]
                    and b["code"] not in ILLEGAL and b["site"] is not None]
    of_site = collections.defaultdict(list)
    for b in blocked_days:
        of_site[b["site"]].append(b)
    often = {s: min(b["code"] for b in bs) for s, bs in of_site.items()
             if len({b["local_date"] for b in bs}) >= 3 and len({b["actor"] for b in bs if b["actor"] is not None}) >= 3}
    seen = collections.defaultdict(lambda: collections.defaultdict(lambda: (set(), set())))
    for b in blocked_days:
        if b["site"] in often and b["actor"] is not None:
            seen[b["site"], b["group_id"]][b["local_date"]][0].add(b["actor"])
    for r in requests:
        if r["site"] in often and r["actor"] is not None and r["action"] in THROUGH and not r["record_noise"] and not r["illegal"] \
                and r["school_day"] and inside(r["local_date"]) and r["code"] not in ILLEGAL:
            seen[r["site"], r["group_id"]][r["local_date"]][1].add(r["actor"])
    ours, told = [], 0
    for (site, group), by_day in seen.items():
        at = sorted(by_day)
        best = None
        for split in range(1, len(at)):
            sides = [at[:split], at[split:]]
            shares = [sum(len(by_day[d][0]) for d in side) / sum(len(by_day[d][0]) + len(by_day[d][1]) for d in side) for side in sides]
            opened = shares[0] > shares[1]
            clear = all((s >= 0.9 if (i == 0) == opened else 1 - s >= 0.9) for i, s in enumerate(shares))
            for i, side in enumerate(sides):
                kind = 0 if (i == 0) == opened else 1
                used = [by_day[d][kind] for d in side if by_day[d][kind]]
                clear &= len(used) >= 3 and len(set().union(*used)) >= 3
            gap = abs(shares[0] - shares[1])
            if clear and (best is None or gap > best[0]):
                best = (gap, opened, at[split - 1], at[split])
        if not best:
            continue
        _, opened, before, after = best
        low, high = before - days(7), after + days(7)
        near = lambda d: d is not None and low <= d <= high
        def tells(c):
            about = c["site"] == site if c["site"] is not None else c["code"] == often[site]
            shut = c["made"] and c["asked"] == "block"
            moved = (c["opened"] and near(c["start"])) or (shut and near(c["end"])) if opened else (shut and near(c["start"])) or (c["opened"] and near(c["end"]))
            return about and c["group"] in (None, group) and moved
        if any(map(tells, changes)):
            told += 1
            continue
        people = collections.Counter(a for d in at for kind in by_day[d] for a in kind)
        ours.append((-after.toordinal(), site, group, {
            "site": site, "group_id": group, "code": often[site], "flip": "blocked, then let through" if opened else "let through, then blocked",
            "last_before": str(before), "first_after": str(after), "blocked_days": sum(bool(by_day[d][0]) for d in at),
            "let_through_days": sum(bool(by_day[d][1]) for d in at), "distinct_people": len(people),
            "largest_share_of_actor_days": max(people.values()) / sum(people.values())}))
    rows_same("changes-unrecorded", [row for *_, row in sorted(ours, key=lambda o: o[:3])])
    return len(ours), told


flips = unrecorded()
PUPIL = lambda r: r["actor_kind"] == "person" and r["role"] == "pupil"


def effect():
    actor_days = [r for r in table("actor_days") if PUPIL(r) and r["school_day"] and r["primary_records"] > 0]
    theme_days = [r for r in table("actor_theme_days") if PUPIL(r) and r["school_day"]]
    made = [c for c in changes if c["made"] and c["kind"] != "report" and inside(c["start"])]
    keys = sorted({(c["start"], c["group"] or "", c["theme"] or "") for c in made}, reverse=True)[:20]
    ours = []
    for at, group, theme in keys:
        first, last = at - days(42), at + days(41)
        pupils = collections.defaultdict(lambda: numpy.zeros((4, 2)))
        corner = lambda r: (0 if r["group_id"] == group else 2) + (r["local_date"] >= at)
        for r in actor_days:
            if first <= r["local_date"] <= last and r["actor"] is not None:
                pupils[r["actor"]][corner(r)][1] += 1
                if not theme:
                    pupils[r["actor"]][corner(r)][0] += r["attempts"] > 0
        for r in theme_days:
            if theme and first <= r["local_date"] <= last and r["theme"] == theme and r["actor"] is not None:
                pupils[r["actor"]][corner(r)][0] += 1
        p = numpy.array(list(pupils.values())).reshape(-1, 4, 2)
        p[:, :, 0] = numpy.minimum(p[:, :, 0], p[:, :, 1])
        total = p.sum(axis=0)
        with_data = {a["local_date"] for a in activity if a["school_day"] and first <= a["local_date"] <= last}
        before, after = sum(d < at for d in with_data), sum(d >= at for d in with_data)
        ratio = None
        def log_ratio(x):
            rates = numpy.log(x[:, 0] / x[:, 1])
            return (rates[1] - rates[0]) - (rates[3] - rates[2])
        if not group:
            said = "not measurable: no group named"
        elif before < 10 or after < 10:
            said = "not measurable: few days with data"
        elif total[0, 1] + total[1, 1] == 0:
            said = "not measurable: group not seen"
        elif (total[:, 0] < 5).any() or any(((total - one)[:, 0] <= 0).any() for one in p):
            said = "not measurable: few actor-days"
        else:
            left = numpy.array([log_ratio(total - one) for one in p])
            n = len(p)
            reach_ = stats.t.ppf(0.975, n - 1) * ((n - 1) / n * ((left - left.mean()) ** 2).sum()) ** 0.5
            ratio = [float(numpy.exp(log_ratio(total) + k * reach_)) for k in (0, -1, 1)]
            said = "higher after" if ratio[1] > 1 else "lower after" if ratio[2] < 1 else "no clear change"
        parts = p[:, :, 0].sum(axis=1)
        own = [c for c in made if (c["start"], c["group"] or "", c["theme"] or "") == (at, group, theme)]
        others = sum(c["made"] and (c["group"] or group) == group and first <= c["start"] < at + days(42) and c not in own for c in changes)
        ours.append({
            "effective_date": str(at), "group_id": group or "no group named", "theme": theme or "no theme",
            **{f"{k}_per_1000": float(1000 * total[i, 0] / total[i, 1]) if total[i, 1] else None
               for i, k in enumerate(["affected_before", "affected_after", "others_before", "others_after"])},
            "ratio": ratio and ratio[0],
            "ratio_lower": ratio and ratio[1], "ratio_upper": ratio and ratio[2], "other_changes": others, "said": said,
            "distinct_people": int((parts > 0).sum()), "largest_share_of_actor_days": float(parts.max() / parts.sum()) if parts.sum() else None})
    rows_same("changes-effect", ours)
    return sum(r["ratio"] is not None for r in ours)


measured = effect()


def triggers():
    ours = []
    for c in changes:
        if c["made"] and c["kind"] != "report" and inside(c["start"]) and (c["site"] is None or c["severity"] >= 3):
            ours.append((c["start"], "change of the filter"))
    for n in sheet("networks.csv"):
        if n.get("valid_from") and inside(day(n["valid_from"])):
            ours.append((day(n["valid_from"]), "network or configuration"))
    first = {}
    for e in table("episodes", "local_date, severity, illegal"):
        if inside(e["local_date"]) and (e["severity"] >= 5 or e["illegal"]):
            first.setdefault(("episode", e["local_date"]), None)
    for r in incidents:
        if inside(r["local_date"]) and r["severity"] >= 5:
            first.setdefault(("incident", r["local_date"]), None)
    ours += [(d, "safeguarding risk") for _, d in first]
    seen = {}
    for r in table("blocked_site_days", "site, code, local_date") + [r for r in requests if r["action"] != "blocked" and not r["record_noise"] and not r["illegal"]]:
        if r["code"] in ("GENAI", "AISIM") and r["site"] is not None and r["local_date"] <= LAST:
            seen[r["site"]] = min(seen.get(r["site"], r["local_date"]), r["local_date"])
    start = min(a["local_date"] for a in activity)
    ours += [(d, "new AI tool") for d in seen.values() if d >= FIRST and d >= start + days(28)]
    theirs = [(day(c["local_date"]), c["trigger"]) for c in answer("changes-triggers")["cells"]
              # Formats and feeds are judged by what stands in the ledger of imports; their findings have tests of their own.
              if c["trigger"] != "new technology" and not c["what"].startswith("filter open")]
    compared.append(f"changes-triggers ({len(ours)})")
    same("triggers", sorted(ours), sorted(theirs))
    formats = collections.defaultdict(list)
    for i in table("imports", "source_format, event_days"):
        formats[i["source_format"]] += [d.split("=")[0] for d in (i["event_days"] or "").split(";") if d]
    begun = {f: min(d) for f, d in formats.items() if d}
    new = sorted(d for d in begun.values() if d > min(begun.values()) and inside(day(d)))
    said = sorted(c["local_date"] for c in answer("changes-triggers")["cells"] if c["what"].startswith("first records of format"))
    same("formats that began", new, [d for d in said if d in new] if len(said) == len(new) else said)


triggers()

# --- coverage
natural = lambda text: [(int(p) if p.isdigit() else p) for p in __import__("re").split(r"(\d+)", text)]


def order(name):
    # Words and the number after each, as a reader sorts them.
    import re
    return [(a, int(b or 0)) for a, b in re.findall(r"(\D*)(\d*)", name) if a or b]


def completeness():
    blocked = [r for r in requests if inside(r["local_date"]) and r["action"] == "blocked" and not r["illegal"]]
    ours = []

    def add(by, name, rows):
        has = [
            [r["device"] is not None for r in rows], [r["actor_kind"] == "person" for r in rows], [r["timed"] for r in rows],
            [r["visibility"] == "page" or r["search_token"] is not None for r in rows]]
        row = {"by": by, "name": name, "blocked_records": len(rows)}
        for key, column in zip(["device_or_address_share", "person_share", "time_share", "content_share"], has):
            row[key] = sum(column) / len(rows)
        ours.append(row | {"all_share": sum(map(all, zip(*has))) / len(rows)})

    if blocked:
        add("all", "all", blocked)
    for by, key in [("network", "network"), ("group", "group_id")]:
        for name in sorted({r[key] for r in blocked}, key=order):
            add(by, name, [r for r in blocked if r[key] == name])
    rows_same("coverage-completeness", ours)


completeness()


def tests():
    pages = {r["site"] for r in sheet("test_pages.csv")}
    checks = sorted((c for c in newest(table("checks"), ("check_token",)) if c["local_date"] <= LAST),
                    key=lambda c: (c["local_date"], c["checked_utc"], c["check_token"]))
    fields = {}
    blank = lambda: {"tests": 0, "bad": 0, "kinds": set(), "last": None, "visits": 0}
    for c in checks:
        f = fields.setdefault((c["group_id"], None, c["device_type"]), blank())
        f["last"] = c["local_date"]
        if c["local_date"] >= FIRST:
            f["tests"] += 1
            f["bad"] += c["as_expected"] is False
            f["kinds"].add(c["code"])
    seen = [r for r in requests + table("staff_requests", "group_id, network, site, local_date") if inside(r["local_date"])]
    for r in seen:
        if r["site"] in pages:
            f = fields.setdefault((r["group_id"], r["network"], None), blank())
            f["visits"] += 1
            f["last"] = max(f["last"] or r["local_date"], r["local_date"])
    tested = lambda at: {k[at] for k, f in fields.items() if f["tests"] or f["visits"]}
    groups, networks = tested(0), tested(1)
    for g in {a["group_id"] for a in activity + table("staff_activity") if inside(a["local_date"])} - groups:
        if not any(k[0] == g for k in fields):
            fields[g, None, None] = blank()
    for n in {r["network"] for r in seen} - networks:
        fields[None, n, None] = blank()
    theirs = {(c["group_id"], c["network"], c["device_type"]): c for c in answer("coverage-tests")["cells"]}
    compared.append(f"coverage-tests ({len(fields)})")
    same("fields of the matrix", sorted(map(str, fields)), sorted(map(str, theirs)))
    for key, f in fields.items():
        c = theirs.get(key, {})
        state = "not as expected" if f["bad"] else "not tested in these days" if not f["tests"] and not f["visits"] else \
            "test page visited; the log has no result" if not f["tests"] else "as expected"
        same(f"state of {key}", state, c.get("state"))
        same(f"tests of {key}", None if f["visits"] else f["tests"], c.get("tests"))
        same(f"visits of {key}", f["visits"] or None, c.get("test_page_records"))
        same(f"last of {key}", str(f["last"]) if f["last"] else None, c.get("last_date"))
        same(f"kinds of {key}", " ".join(sorted(f["kinds"])) or None, c.get("kinds"))


tests()


def blind_spots():
    rows = [a for a in activity if inside(a["local_date"])]
    spots = {
        "unidentified": lambda a: a["actor_kind"] not in ("person", "shared"), "shared_accounts": lambda a: a["actor_kind"] == "shared",
        "undecrypted": lambda a: a["visibility"] == "host", "uncategorised": lambda a: a["code"] == "UNCAT",
        "unmapped": lambda a: a["code"] == "UNMAPPED", "undecided": lambda a: a["action"] == "unknown",
        "group_unmatched": lambda a: a["group_id"] == "unmatched"}
    single = [r | {"records": 1} for r in requests if inside(r["local_date"])]
    theirs = {c["spot"]: c for c in answer("coverage-blind_spots")["cells"]}
    compared.append(f"coverage-blind_spots ({len(theirs)})")
    for spot, of, which in [(s, rows, w) for s, w in spots.items()] + [
            ("unlisted", single, lambda r: r["network"] == "unlisted"), ("clock", single, lambda r: r["clock_ambiguous"])]:
        whole, part = sum(a["records"] for a in of), sum(a["records"] for a in of if which(a))
        by = collections.Counter()
        for a in of:
            by[a["group_id"]] += a["records"] * which(a)
        most = min((g for g in by if by[g] == max(by.values())), default=None) if part else None
        c = theirs[spot]
        same(f"{spot} records", part, c["records"])
        same(f"{spot} of", whole, c["out_of"])
        same(f"{spot} share", part / whole, c["share"])
        same(f"{spot} most in", most, c["most_in"])
        same(f"{spot} share there", by[most] / sum(a["records"] for a in of if a["group_id"] == most) if most else None, c["share_there"])


blind_spots()


def silence():
    ours = []
    for kind, of, key in [("group", activity, "group_id"), ("network", requests, "network")]:
        of = [r for r in of if r["school_day"] and FIRST - days(60) <= r["local_date"] <= LAST]
        everything = sorted({r["local_date"] for r in of})
        for name in sorted({r[key] for r in of}):
            own = {r["local_date"] for r in of if r[key] == name}
            last = max(own)
            since = sum(d > last for d in everything)
            measured = [d for d in everything if d <= last][-20:]
            there = sum(d in own for d in measured)
            if since >= 3 and len(measured) >= 5 and 3 * there >= 2 * len(measured):
                ours.append({"kind": kind, "name": name, "last_date": str(last), "silent_school_days": since,
                             "usual": f"{there} of {len(measured)} school days"})
    theirs = [c for c in answer("coverage-silence")["cells"] if c["kind"] != "feed"]
    compared.append(f"coverage-silence ({len(ours)})")
    same("what fell silent", ours, [{k: c[k] for k in ("kind", "name", "last_date", "silent_school_days", "usual")} for c in theirs])


silence()
print(f"{checked} figures compared, {len(wrong)} differ: {', '.join(compared)}")
print(f"alerts followed {followed}; flips without and with a row {flips}; effects measured {measured}")
for line in wrong[:40]:
    print(" -", line)
sys.exit(1 if wrong else 0)
