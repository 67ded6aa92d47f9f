"""Recomputes trend and attention from the lake's requests, by the definitions in README.md.

Usage: recompute.py LAKE TRUTH TREND ATTENTION NETWORKS PANEL. NETWORKS is the trend by network, PANEL the shipped
canary.csv. Reads the Delta table with deltalake and DuckDB,
derives attempts, episodes and actor-days by its own few lines, and compares: with the program's
JSON, with the lake's derived tables, and with what the generator of the made-up school knows.
"""

import collections
import csv
import json
import sys

import duckdb
from deltalake import DeltaTable

LAKE, TRUTH, TREND, ATTENTION, NETWORKS, PANEL = sys.argv[1:7]
SECOND = 1_000_000
# The twelve rows of a sealed set, with the concerns that staff see apart.
SAFEGUARDING = {
    "Sexual content", "Self-harm", "Suicide", "Eating disorders", "Violence and weapons", "Hate",
    "Extremism", "Violence against women and girls", "Drugs, alcohol, tobacco", "Misleading content",
    "Contact risks", "Grooming and exploitation", "AI tools and companions", "Getting round the filter",
    "Bullying", "Hacking, piracy, crime", "Gambling, scams, malware",
}
checked = 0
wrong = []


def same(what, ours, theirs):
    global checked
    checked += 1
    if ours != theirs:
        wrong.append(f"{what}: recomputed {ours}, but the program or the truth says {theirs}")


def amount(name, expression):
    uris = DeltaTable(f"{LAKE}/{name}").file_uris()
    if not uris:
        return 0
    return duckdb.sql(f"SELECT {expression} FROM read_parquet($1, hive_partitioning=true)", params=[uris]).fetchall()[0][0]


def requests():
    uris = DeltaTable(f"{LAKE}/requests").file_uris()
    relation = duckdb.sql(
        "SELECT * EXCLUDE (event_time_utc), epoch_us(event_time_utc) AS us, CAST(local_date AS VARCHAR) AS day, "
        "CAST(week_start_date AS VARCHAR) AS week FROM read_parquet($1, hive_partitioning=true) "
        "ORDER BY local_date, us, import_token, record_number",
        params=[uris],
    )
    columns = relation.columns
    return [dict(zip(columns, row)) for row in relation.fetchall()]


def primaries(rows):
    """Marks the primary records of one actor on one day."""
    pages = [r for r in rows if r["html_page"] and not r["record_noise"] and r["action"] == "allowed"
             and r["record_kind"] == "request"]
    decrypted = {r["site"] for r in rows if r["record_kind"] == "request" and r["visibility"] == "page"}
    proceeded = [r for r in rows if r["action"] == "proceeded"]
    for row in rows:
        primary = not row["record_noise"]
        if row["action"] == "challenged" or row["record_kind"] == "authentication":
            primary = False
        elif row["action"] == "blocked":
            if any(0 <= row["us"] - p["us"] <= 2 * SECOND and p["site"] != row["site"] for p in pages):
                primary = row["illegal"]
        elif row["action"] == "warned":
            if any(0 <= p["us"] - row["us"] <= 600 * SECOND and p["site"] == row["site"] for p in proceeded):
                primary = False
        elif row["action"] == "allowed" and row["record_kind"] == "tunnel":
            if row["site"] is not None and row["site"] in decrypted:
                primary = False
        row["primary"] = primary


def runs(events, key, gap):
    """Maximal runs of events with equal key and gaps of at most `gap` microseconds."""
    open_runs, done = {}, []
    for event in events:
        k = key(event)
        run = open_runs.get(k)
        if run is None or event["illegal"] or event["us"] - run[-1]["us"] > gap:
            run = open_runs[k] = []
            done.append(run)
        run.append(event)
    return done


def attempt_key(r):
    return (r["code"], None if r["search_token"] is not None else r["site"], r["search_token"], r["illegal"])


def episode_key(r):
    return (None if r["illegal"] else r["theme"], r["illegal"])


def outcome(run):
    blocked = any(r["action"] == "blocked" for r in run)
    through = any(r["action"] in ("allowed", "warned", "proceeded", "bypassed", "monitored") for r in run)
    return {(True, True): "mixed", (True, False): "blocked", (False, True): "allowed"}.get((blocked, through), "unknown")


all_rows = requests()
by_actor_day = collections.defaultdict(list)
for row in all_rows:
    by_actor_day[(row["day"], row["actor"])].append(row)

attempts, episodes, active = [], [], set()
for (day, actor), rows in by_actor_day.items():
    primaries(rows)
    interest = [
        r for r in rows if r["primary"] and (
            r["action"] == "blocked" or (r["severity"] >= 3 and (r["illegal"] or r["theme"] in SAFEGUARDING)))
    ]
    day_attempts = runs([r for r in interest if r["action"] == "blocked"], attempt_key, 60 * SECOND)
    day_episodes = runs(interest, episode_key, 600 * SECOND)
    attempts += day_attempts
    starts = collections.defaultdict(list)
    for run in day_attempts:
        starts[episode_key(run[0])].append(run[0]["us"])
    for run in day_episodes:
        severity = max(r["severity"] for r in run)
        times = sorted(starts[episode_key(run[0])])
        quick = any(
            c - a <= 600 * SECOND and a <= run[-1]["us"] and c >= run[0]["us"] for a, _, c in zip(times, times[1:], times[2:])
        )
        if run[0]["theme"] is not None and not run[0]["illegal"]:
            if quick or (run[0]["school_day"] and len(times) >= 5):
                severity = max(severity, 3)
        episodes.append((run, severity))
    if any(r["primary"] for r in rows) and rows[0]["actor_kind"] == "person" and rows[0]["role"] == "pupil":
        active.add((rows[0]["week"], day, actor, rows[0]["school_day"]))


def pupil(row):
    return row["actor_kind"] == "person" and row["role"] == "pupil"


# 1. The program's trend, week by week.
trend = json.load(open(TREND))
for cell in trend["cells"]:
    week = cell["week_start_date"]
    if not cell["days_with_data"]:
        continue
    here = [a for a in attempts if a[0]["week"] == week and a[0]["school_day"] and not a[0]["illegal"]]
    shown = [e for e, _ in episodes if e[0]["week"] == week and e[0]["school_day"] and not e[0]["illegal"]]
    same(f"attempts in the week of {week}", len(here), cell["attempts"])
    same(f"episodes in the week of {week}", len(shown), cell["episodes"])
    days = {(e[0]["day"], e[0]["actor"]) for e in shown if pupil(e[0])}
    same(f"actor-days in the week of {week}", len(days), cell["actor_days"])
    in_week = {(day, actor) for w, day, actor, school_day in active if w == week and school_day}
    same(f"active actor-days in the week of {week}", len(in_week), cell["active_actor_days"])
    rate = 1000 * len(days) / len(in_week) if in_week else None
    same(f"rate in the week of {week}", round(rate, 9) if rate is not None else None,
         round(cell["rate_per_1000"], 9) if cell["rate_per_1000"] is not None else None)

# 2. The program's attention.
attention = json.load(open(ATTENTION))
first, last = attention["period"]["from"], attention["period"]["to"]
grave = [(e, s) for e, s in episodes if s >= 4 and first <= e[0]["day"] <= last]
ours = collections.Counter(
    ("illegal-list hit" if e[0]["illegal"] else e[0]["theme"], outcome(e), s) for e, s in grave)
theirs = collections.Counter((c["theme"], c["outcome"], c["severity"]) for c in attention["cells"])
same("what needs attention", ours, theirs)
pseudonyms = {f"{e[0]['actor'] & (2**64 - 1):016x}" for e, _ in grave if e[0]["actor"] is not None}
same("pseudonyms that need attention", pseudonyms, {c["pseudonym"] for c in attention["cells"] if c["pseudonym"]})

# 3. The lake's derived tables, whole.
same("rows of attempts", len(attempts), amount("attempts", "count(*)"))
same("rows of episodes", len(episodes), amount("episodes", "count(*)"))
same("rows of actor_days", len(by_actor_day), amount("actor_days", "count(*)"))
same("records in activity", len(all_rows), int(amount("activity", "sum(records)")))

# 4. By network: the trend, and the derived tables whole. A run is where its first record was.
on_network = collections.Counter()
week_of = {}
for (day, actor), rows in by_actor_day.items():
    for r in rows:
        on_network[(day, actor, r["network"])] += r["primary"]
        week_of[day] = (r["week"], r["school_day"])
known_pupil = {actor for (_, actor), rows in by_actor_day.items() if pupil(rows[0])}
for cell in json.load(open(NETWORKS))["cells"]:
    week, network = cell["week_start_date"], cell["network"]
    if not cell["days_with_data"]:
        continue
    fits = lambda run: run[0]["week"] == week and run[0]["school_day"] and not run[0]["illegal"] and run[0]["network"] == network
    what = f"in the week of {week} on {network}"
    shown = [e for e, _ in episodes if fits(e)]
    same(f"attempts {what}", sum(map(fits, attempts)), cell["attempts"])
    same(f"episodes {what}", len(shown), cell["episodes"])
    days = {(e[0]["day"], e[0]["actor"]) for e in shown if pupil(e[0])}
    same(f"actor-days {what}", len(days), cell["actor_days"])
    there = {(d, a) for (d, a, n), primary in on_network.items()
             if n == network and primary and a in known_pupil and week_of[d] == (week, True)}
    same(f"active actor-days {what}", len(there), cell["active_actor_days"])
    same(f"rate {what}", round(1000 * len(days) / len(there), 9) if there else None,
         round(cell["rate_per_1000"], 9) if cell["rate_per_1000"] is not None else None)


def derived(name, *columns):
    uris = DeltaTable(f"{LAKE}/{name}").file_uris()
    if not uris:
        return collections.Counter()
    return collections.Counter(duckdb.sql(
        f"SELECT CAST(local_date AS VARCHAR), {', '.join(columns)} FROM read_parquet($1, hive_partitioning=true)",
        params=[uris]).fetchall())


same("network_days", collections.Counter((d, a, n, primary) for (d, a, n), primary in on_network.items()),
     derived("network_days", "actor", "network", "primary_records"))
of_theme = collections.defaultdict(lambda: [0, 0])
for place, of in ((0, attempts), (1, [e for e, _ in episodes])):
    for run in of:
        if not run[0]["illegal"]:
            of_theme[(run[0]["day"], run[0]["actor"], run[0]["network"], run[0]["theme"])][place] += 1
same("network_theme_days", collections.Counter((*key, *counts) for key, counts in of_theme.items()),
     derived("network_theme_days", "actor", "network", "theme", "attempts", "episodes"))

# 5. Classes: minutes from which on five of a class began attempts on one site in lessons, and who was active.
group_of = {key: next((r["group_id"] for r in rows if r["group_id"] != "unmatched"), "unmatched")
            for key, rows in by_actor_day.items()}
year_of = {key: next((r["year_group"] for r in rows if r["group_id"] == group_of[key]), None)
           for key, rows in by_actor_day.items()}


def class_of(key):
    if group_of[key] != "unmatched":
        return (group_of[key], None)
    return None if year_of[key] is None else ("unmatched", year_of[key])


tries = collections.defaultdict(list)
for run in attempts:
    r = run[0]
    if r["actor"] is None or r["site"] is None or r["search_token"] is not None or r["illegal"] or r["lesson_period"] is None:
        continue
    of_class = class_of((r["day"], r["actor"]))
    if of_class:
        tries[(r["day"], of_class, r["site"])].append((r["local_minute"], r["actor"]))
minutes = set()
for (day, of_class, _), hits in tries.items():
    for first, _ in hits:
        if len({actor for minute, actor in hits if first <= minute < first + 10}) >= 5:
            minutes.add((day, of_class, first))
seen_at = collections.defaultdict(set)
for (day, actor), rows in by_actor_day.items():
    if actor is not None and class_of((day, actor)):
        for r in rows:
            if not r["record_noise"]:
                seen_at[(day, class_of((day, actor)), r["local_minute"])].add(actor)
same("class_minutes", collections.Counter(
    (day, *of_class, first, len(set().union(*(seen_at[(day, of_class, first + i)] for i in range(10)))))
    for day, of_class, first in minutes), derived("class_minutes", "group_id", "year_group", "local_minute", "active_actors"))

# 6. The panel: which sites were watched on a day, and how many actors of a group got through.
panel = [r for r in csv.DictReader(text for text in open(PANEL, encoding="utf-8") if not text.startswith("#"))]
through = collections.defaultdict(set)
for (day, actor), rows in by_actor_day.items():
    for r in rows:
        if r["action"] in ("allowed", "proceeded", "bypassed", "monitored") and not r["record_noise"] and not r["illegal"]:
            through[(day, r["site"], group_of[(day, actor)])].add(actor)
of_day = lambda day: {r["site"] for r in panel if (r.get("valid_from") or "") <= day <= (r.get("valid_to") or "9999")}
watched = {day: of_day(day) for day in week_of}
expected = collections.Counter((day, site, None, 0) for day, sites in watched.items() for site in sites)
expected += collections.Counter(
    (day, site, group, len(actors)) for (day, site, group), actors in through.items() if site in watched[day])
same("panel_days", expected, derived("panel_days", "site", "group_id", "actors_through"))

# 7. The truth.
truth = json.load(open(TRUTH))
days = collections.Counter(
    f"{r['day']}|{r['group_id']}|{r['code']}|{r['action']}" for r in all_rows if pupil(r))
for key in sorted(set(days) | set(truth["days"])):
    same(f"records of {key}", days.get(key, 0), truth["days"].get(key, 0))
weeks = collections.Counter(w for w, _, _, school_day in active if school_day)
same("active pupil-days by week", dict(weeks), truth["active_pupil_days"])
tried = collections.Counter(
    f"{a[0]['day']}|{a[0]['theme']}" for a in attempts if pupil(a[0]) and not a[0]["illegal"] and a[0]["code"] != "UNMAPPED")
same("attempts by day and theme", dict(tried), truth["attempts"])
planned = collections.Counter(
    (e["local_date"], e["group"], e["theme"], e["outcome"], e["start_ms"] // 1000) for e in truth["episodes"] if e["severity"] >= 4)
found = collections.Counter(
    (e[0]["day"], e[0]["group_id"], e[0]["theme"], outcome(e), e[0]["us"] // SECOND)
    for e, s in episodes if s >= 4 and not e[0]["illegal"])
same("episodes of severity 4", found, planned)
for theme in sorted({e["theme"] for e in truth["episodes"]}):
    persons = {e["person_key"] for e in truth["episodes"] if e["theme"] == theme}
    actors = {e[0]["actor"] for e, _ in episodes if e[0]["theme"] == theme and pupil(e[0])}
    same(f"distinct persons with an episode of {theme}", len(actors), len(persons))

print(f"{checked} figures compared, {len(wrong)} differ")
for line in wrong[:30]:
    print(" -", line)
sys.exit(1 if wrong else 0)
