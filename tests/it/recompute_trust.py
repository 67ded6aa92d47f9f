"""Recomputes what is compared across the schools of a trust, and the overrides of staff, from the definitions.

Usage: recompute_trust.py SCHOOLS FIGURES FIRST. SCHOOLS is the installation's folder of schools; FIGURES has the program's
JSON: differential-SCHOOL.json, overrides.json of the school FIRST, comparison.json and each school's sealed set,
set-SCHOOL.json. Reads Delta tables with deltalake and DuckDB; the comparison is told from the sealed sets alone.
"""

import collections
import datetime
import json
import math
import pathlib
import sys

import duckdb
import numpy
from deltalake import DeltaTable
from scipy import stats

SCHOOLS, FIGURES, FIRST = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
ILLEGAL = {"ILL-CSAM", "ILL-TERR", "IMG-CHILD"}
names = sorted(path.name for path in SCHOOLS.iterdir() if (path / "lake").is_dir())
checked, wrong = 0, []


def same(what, ours, theirs):
    global checked
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for one, other in zip(ours, theirs):
            same(what, one, other)
        return
    checked += 1
    number = lambda value: isinstance(value, (int, float)) and not isinstance(value, bool)
    if number(ours) and number(theirs):
        equal = abs(ours - theirs) <= 1e-9 * max(1.0, abs(ours))
    else:
        equal = ours == theirs
    if not equal:
        wrong.append(f"{what}: recomputed {ours!r}, but the program says {theirs!r}")


def rows(school, name, expression="*"):
    uris = DeltaTable(str(SCHOOLS / school / "lake" / name)).file_uris()
    if not uris:
        return []
    relation = duckdb.sql(f"SELECT {expression} FROM read_parquet($1, hive_partitioning=true)", params=[uris])
    return [dict(zip(relation.columns, row)) for row in relation.fetchall()]


def figures(name):
    return json.loads((FIGURES / f"{name}.json").read_text())


# OB8: of the other schools, which let which key stage reach which site: more records allowed than blocked.
open_in = {}
first = figures(f"differential-{FIRST}")
FROM, TO = (datetime.date.fromisoformat(first["period"][end]) for end in ("from", "to"))
inside = lambda row: FROM <= row["local_date"] <= TO and row["school_day"]
legal = lambda row: not row["illegal"] and row["code"] not in ILLEGAL
for school in names:
    balance = collections.Counter()
    for row in rows(school, "requests", "local_date, school_day, record_noise, illegal, code, site, key_stage, action"):
        if inside(row) and legal(row) and not row["record_noise"] and row["site"] and row["key_stage"]:
            balance[(row["site"], row["key_stage"])] += {"allowed": 1, "blocked": -1}.get(row["action"], 0)
    open_in[school] = {reached for reached, more in balance.items() if more > 0}
strict = 0
for school in names:
    others = [open_in[other] for other in names if other != school]
    attempts = [row for row in rows(school, "attempts") if inside(row) and legal(row) and row["site"]
                and row["key_stage"] and row["search_token"] is None]
    mine = collections.defaultdict(list)
    for row in attempts:
        reached = (row["site"], row["key_stage"])
        if 2 * sum(reached in other for other in others) >= len(others):
            mine[reached].append(row["actor"])
    cells = figures(f"differential-{school}")["cells"]
    part = sum(map(len, mine.values()))
    strict += part
    by_actor = collections.Counter(row["actor"] for row in attempts)
    same(f"OB8 of {school}", [part, part / len(attempts), len(others)], [cells[0][k] for k in ("attempts", "share", "schools")])
    same(f"OB8 evidence of {school}", [len(by_actor), max(by_actor.values()) / len(attempts)],
         [cells[0]["distinct_people"], cells[0]["largest_share_of_attempts"]])
    ours = {(site, stage, sum((site, stage) in other for other in others), len(hits), len(hits) / len(attempts), len(set(hits)),
             max(collections.Counter(hits).values()) / len(hits)) for (site, stage), hits in mine.items()}
    theirs = {(c["site"], c["key_stage"], c["schools_open"], c["attempts"], c["share"], c["distinct_people"],
               c["largest_share_of_attempts"]) for c in cells[1:]}
    same(f"OB8 sites of {school}", sorted(row[:4] for row in ours), sorted(row[:4] for row in theirs))
    for one, other in zip(sorted(ours), sorted(theirs)):
        for a, b in zip(one[4:], other[4:]):
            same(f"OB8 {school} {one[:2]}", a, b)
assert strict > 100, "schools filter in their own ways"

# OB4: blocks of staff who may override, followed by an override of the same site within 15 minutes.
overrides = collections.defaultdict(list)
for row in rows(FIRST, "staff_requests", "*, epoch_us(event_time_utc) AS us"):
    if inside(row) and legal(row) and row["action"] in ("bypassed", "proceeded") and row["actor"] is not None:
        overrides[(row["actor"], row["site"])].append(row["us"])
holders = {actor for actor, _ in overrides}
of_actor = collections.defaultdict(lambda: [0, 0])
for row in rows(FIRST, "staff_attempts", "*, epoch_us(end_utc) AS us"):
    if inside(row) and legal(row) and row["actor"] in holders:
        of_actor[row["actor"]][1] += 1
        of_actor[row["actor"]][0] += any(0 <= us - row["us"] <= 900_000_000 for us in overrides[(row["actor"], row["site"])])
(cell,) = figures("overrides")["cells"]
part, whole = (numpy.array([counts[at] for counts in of_actor.values()], float) for at in (0, 1))
same("OB4", [int(part.sum()), int(whole.sum()), len(of_actor)], [cell[k] for k in ("overridden", "attempts", "distinct_people")])
same("OB4 most by one", whole.max() / whole.sum(), cell["largest_share_of_attempts"])
p, n = part.sum() / whole.sum(), len(part)
without = (part.sum() - part) / (whole.sum() - whole)
variance = (n - 1) / n * ((without - without.mean()) ** 2).sum()
z = stats.norm.ppf(0.975)
size = min(p * (1 - p) / variance * (z / stats.t.ppf(0.975, n - 1)) ** 2, whole.sum())
middle, reach = p + z * z / (2 * size), z * math.sqrt(p * (1 - p) / size + z * z / (4 * size * size))
lower, upper = (middle - reach) / (1 + z * z / size), (middle + reach) / (1 + z * z / size)
# At the end nearer one half one more member of staff like the one with most attempts is allowed for.
heaviest = whole.max() / whole.sum()
if heaviest * size > 1:
    rare = min(p, 1 - p)
    mean, spread = rare + heaviest, rare * (1 - rare) / size + heaviest**2
    both = mean * (1 - mean) / spread - 1
    reached = stats.beta.ppf(0.975, mean * both, (1 - mean) * both) if mean < 1 and both > 0 else 1.0
    upper = max(upper, reached) if p <= 0.5 else upper
    lower = min(lower, 1 - reached) if p >= 0.5 else lower
same("OB4 share", p, cell["overridden_share"])
same("OB4 lower end", lower, cell["overridden_share_lower"])
same("OB4 upper end", upper, cell["overridden_share_upper"])

# The comparison, from the sealed sets alone: bands over public rolls.
comparison = figures("comparison")
sets = {school: figures(f"set-{school}") for school in names}
tables = {school: {(row["row"]): (row, table["roll"]) for table in sealed["tables"] if table["id"] in ("T0", "T1")
                   for row in table["rows"]} for school, sealed in sets.items()}


def words(row):
    return {"band": lambda: f"{row['from']}-{row['to']}", "fewer_than": lambda: f"fewer than {row['n']} (may be none)",
            "not_available": lambda: "Not available this term"}[row["shown"]]()


def ends(row):
    return {"band": lambda: (row["from"], row["to"]), "fewer_than": lambda: (0, row["n"] - 1)}.get(row["shown"], lambda: None)()


half_up = lambda value: math.floor(value + 0.5)
expected = {}
for school in names:
    for name, (row, roll) in tables[school].items():
        others = [(ends(r[name][0]), r[name][1]) for s, r in tables.items() if s != school]
        known = [(e, n) for e, n in others if e]
        against = None
        if ends(row) and len(known) >= 2:
            least, most = (sum(e[at] for e, _ in known) / sum(n for _, n in known) for at in (0, 1))
            against = "higher" if ends(row)[0] / roll > most else "lower" if ends(row)[1] / roll < least else "no clear difference"
        hundred = None
        if row["shown"] == "band":
            low, high = half_up(100 * row["from"] / roll), half_up(100 * row["to"] / roll)
            hundred = f"about {low} in every 100 pupils" if low == high else f"{low} to {high} in every 100 pupils"
        expected[(school, name)] = (roll, words(row), hundred, against)
theirs = {(row["school"], row["row"]): (row["roll"], row["shown"], row["per_hundred"], row["against_others"])
          for row in comparison["rows"]}
same("rows compared", sorted(expected), sorted(theirs))
for key, value in expected.items():
    same(f"compared {key}", value, theirs.get(key))
same("sets compared", sorted(sealed["id"] for sealed in sets.values()), sorted(comparison["releases"]))
said = collections.Counter(value[3] for value in expected.values())
assert said["higher"] >= 1 and said["lower"] >= 1, said
if wrong:
    print("\n".join(wrong))
    sys.exit(1)
print(f"trust: {checked} figures recomputed, all the same ({strict} strict attempts, {int(part.sum())} overrides, {dict(said)})")
