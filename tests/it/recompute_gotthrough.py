"""What got through, what was first seen, and how groups differ: by other programs, from the definitions.

Usage: recompute_gotthrough.py LAKE TAXONOMY CURRICULUM ANSWERS. Reads the Delta tables with deltalake and DuckDB or
plain Python, statistics from scipy and statsmodels, and compares with the JSON answers in the folder ANSWERS
(one file for each question: `gotthrough.policy.json` ...).
"""

import collections
import csv
import datetime
import itertools
import json
import math
import os
import sys

import duckdb
from deltalake import DeltaTable
from scipy.spatial.distance import jensenshannon
from scipy.stats import beta, norm, t
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

LAKE, TAXONOMY, CURRICULUM, ANSWERS = sys.argv[1:5]
THROUGH = ("allowed", "proceeded", "bypassed", "monitored")
checked = 0
wrong = []


def same(what, ours, theirs, digits=None):
    global checked
    checked += 1
    if digits is not None and isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
        if math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=digits):
            return
    elif ours == theirs:
        return
    wrong.append(f"{what}: recomputed {ours}, the program says {theirs}")


def answer(name):
    with open(os.path.join(ANSWERS, name + ".json")) as file:
        return json.load(file)


def rows(table, columns, condition="true"):
    uris = DeltaTable(f"{LAKE}/{table}").file_uris()
    if not uris:
        return []
    names = ", ".join(f"CAST({c} AS VARCHAR) AS {c}" if c in ("local_date", "week_start_date") else c for c in columns)
    found = duckdb.sql(
        f"SELECT {names} FROM read_parquet($1, hive_partitioning=true) WHERE {condition}", params=[uris]).fetchall()
    return [dict(zip(columns, row)) for row in found]


def pupil(row):
    return row["actor_kind"] == "person" and row["role"] == "pupil"


taxonomy = {row["code"]: row for row in csv.DictReader(line for line in open(TAXONOMY) if not line.startswith("#"))}
BLOCKED = {c for c, row in taxonomy.items() if row["stance"] in ("must block", "block", "block and alert")}
policy = answer("gotthrough.policy")
FIRST, LAST = policy["period"]["from"], policy["period"]["to"]
WINDOW = f"local_date BETWEEN '{FIRST}' AND '{LAST}' AND school_day"
ILLEGAL = ("ILL-CSAM", "ILL-TERR", "IMG-CHILD")


def interval(pairs):
    """Share, ends and effective size: jackknife over clusters, exact binomial at the effective size, and at the
    end nearer one half one more cluster like the heaviest (the README)."""
    pairs = [(part, whole) for part, whole in pairs if whole > 0]
    if not pairs:
        return None
    part, whole, n = sum(p for p, _ in pairs), sum(w for _, w in pairs), len(pairs)
    share = part / whole
    if n == 1:
        size = 1.0
    else:
        without = [(part - p) / (whole - w) for p, w in pairs]
        mean = sum(without) / n
        variance = (n - 1) / n * sum((x - mean) ** 2 for x in without)
        if share * (1 - share) <= 0:
            size = n
        elif variance > 1e-24 * share:
            size = share * (1 - share) / variance
        else:
            size = whole
        size = min(size * (norm.ppf(0.975) / t.ppf(0.975, n - 1)) ** 2, whole)
    x, rest = share * size, size - share * size
    lower = 0.0 if x <= 1e-9 else beta.ppf(0.025, x, rest + 1)
    upper = 1.0 if rest <= 1e-9 else beta.ppf(0.975, x + 1, rest)
    weight = max(w for _, w in pairs) / whole
    if weight * size > 1:
        rare = min(share, 1 - share)
        mean, spread = rare + weight, rare * (1 - rare) / size + weight * weight
        both = mean * (1 - mean) / spread - 1
        reached = beta.ppf(0.975, mean * both, (1 - mean) * both) if mean < 1 and both > 0 else 1.0
        upper = max(upper, reached) if share <= 0.5 else upper
        lower = min(lower, 1 - reached) if share >= 0.5 else lower
    return share, lower, upper, size


# 1. Against policy (B3a), by the taxonomy's usual stance: the demo records no policy.
episodes = rows(
    "episodes", ["group_id", "theme", "actor", "actor_kind", "role", "outcome", "local_date"],
    f"{WINDOW} AND NOT illegal AND theme IS NOT NULL")
themes = collections.defaultdict(set)
for code, row in taxonomy.items():
    if row["staff_theme"]:
        themes[row["staff_theme"]].add(code)
wholly = {theme for theme, codes in themes.items() if codes <= BLOCKED}
of_actor = collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0]))
for e in episodes:
    if pupil(e) and e["theme"] in wholly and e["outcome"] != "unknown":
        pair = of_actor[(e["group_id"], e["theme"])][e["actor"]]
        pair[1] += 1
        pair[0] += e["outcome"] in ("allowed", "mixed")
activity = rows("activity", ["group_id", "theme", "code", "action", "primary_records"], WINDOW)
records = collections.defaultdict(lambda: [0, 0])
for a in activity:
    if a["theme"] and a["code"] in BLOCKED and a["code"] not in ILLEGAL:
        pair = records[(a["group_id"], a["theme"])]
        pair[0] += a["primary_records"] if a["action"] in THROUGH else 0
        pair[1] += a["primary_records"] if a["action"] == "blocked" else 0
expected = {k for k in set(of_actor) | set(records) if k in of_actor or sum(records[k]) > 0}
same("rows against policy", sorted(expected), sorted((c["group_id"], c["theme"]) for c in policy["cells"]))
for cell in policy["cells"]:
    key = (cell["group_id"], cell["theme"])
    pairs = [tuple(pair) for pair in of_actor[key].values()]
    told = cell["theme"] in wholly
    same(f"got through {key}", sum(p for p, _ in pairs) if told else None, cell["episodes_through"])
    same(f"episodes {key}", sum(w for _, w in pairs) if told else None, cell["episodes"])
    same(f"people {key}", sum(p > 0 for p, _ in pairs) if told else None, cell["distinct_people"])
    same(f"records {key}", records[key], [cell["records_allowed"], cell["records_blocked"]])
    found = interval(pairs)
    if found:
        same(f"share {key}", found[0], cell["through_share"], 1e-9)
        same(f"lower {key}", found[1], cell["through_share_lower"], 1e-9)
        same(f"upper {key}", found[2], cell["through_share_upper"], 1e-9)

# 2. Searches, ways round the filter, generative AI, first seen: from single records.
requests = rows(
    "requests",
    ["group_id", "site", "code", "theme", "severity", "action", "actor", "actor_kind", "role", "local_date", "local_minute",
     "network", "search_token", "search_theme", "record_noise", "school_day"], "NOT illegal")
inside = [r for r in requests if FIRST <= r["local_date"] <= LAST and r["school_day"] and not r["record_noise"]]

searches = collections.defaultdict(set)
for r in inside:
    if r["search_token"] is not None and r["site"]:
        searches[(r["group_id"], r["site"])].add((r["actor"], r["local_date"], r["search_token"]))
theirs = {(c["group_id"], c["site"]): c["searches"] for c in answer("searches.engines")["cells"]}
same("searches by engine and group", {k: len(v) for k, v in searches.items()}, theirs)

bypass = collections.defaultdict(lambda: [set(), set()])
for r in inside:
    if r["code"] == "BYPASS":
        both = bypass[(r["network"], f"{r['local_minute'] // 60:02}:00")]
        both[0].add((r["actor"], r["local_date"]))
        if r["action"] in THROUGH:
            both[1].add((r["actor"], r["local_date"]))
theirs = {(c["network"], c["hour"]): [c["actor_days"], c["actor_days_through"]] for c in answer("searches.bypass")["cells"]}
same("ways round the filter", {k: [len(a), len(b)] for k, (a, b) in bypass.items()}, theirs)

active = {r["actor"] for r in inside if pupil(r)}
tools = collections.defaultdict(lambda: [set(), set()])
for r in inside:
    if pupil(r) and r["code"] in ("GENAI", "AISIM") and r["site"]:
        for name in (r["site"], "any of them"):
            tools[name][0].add(r["actor"])
            if r["action"] in THROUGH:
                tools[name][1].add(r["actor"])
cells = answer("searches.ai")["cells"]
same("pupils on AI tools", {k: [len(a), len(b)] for k, (a, b) in tools.items()},
     {c["site"]: [c["pupils"], c["pupils_through"]] for c in cells})
for c in cells:
    same("active pupils", len(active), c["active_pupils"])
    lower, upper = proportion_confint(c["pupils"], len(active), method="wilson")
    same(f"lower of {c['site']}", lower, c["prevalence_share_lower"], 1e-9)
    same(f"upper of {c['site']}", upper, c["prevalence_share_upper"], 1e-9)


def item(r):
    return r["site"] if r["search_token"] is None else f"{r['search_token'] & (2**64 - 1):016x}"


before = {item(r) for r in requests if r["local_date"] < FIRST and r["severity"] >= 3 and item(r)}
before |= {b["site"] for b in rows("blocked_site_days", ["site"], f"local_date < '{FIRST}'")}
new = collections.defaultdict(set)
for r in inside:
    if r["severity"] >= 3 and r["theme"] is not None and item(r) and item(r) not in before:
        new[(item(r), r["search_theme"] or r["theme"])].add((r["actor"], r["local_date"]))
shown = answer("searches.new")["cells"]
for c in shown:
    same(f"actor-days of {c['item']}", len(new.get((c["item"], c["theme"]), ())), c["actor_days"])
same("rows first seen", min(50, len(new)), len(shown))

# 3. How differently groups are filtered.
once = {b["site"] for b in rows("blocked_site_days", ["site"], f"{WINDOW} AND site IS NOT NULL AND code NOT IN {ILLEGAL}")}
decided = collections.defaultdict(lambda: [0, 0])
for r in inside:
    if r["site"] in once:
        decided[(r["group_id"], r["site"])][0] += r["action"] in THROUGH
        decided[(r["group_id"], r["site"])][1] += r["action"] == "blocked"
sites = collections.defaultdict(dict)
for (group, site), pair in decided.items():
    if sum(pair) >= 5:
        sites[group][site] = pair
profiles = {}
for one, other in itertools.combinations(sorted(sites), 2):
    common = sorted(set(sites[one]) & set(sites[other]))
    if common:
        distances = [jensenshannon(sites[one][s], sites[other][s], 2) for s in common]
        profiles[frozenset((one, other))] = (len(common), sum(distances) / len(distances))
theirs = answer("groups.profiles")["cells"]
same("pairs of groups", len(profiles), len(theirs))
for c in theirs:
    number, distance = profiles.get(frozenset((c["group_id"], c["other_group_id"])), (None, None))
    same("common sites", number, c["common_sites"])
    # scipy's root of a difference that is nothing but rounding is up to 1e-8.
    same("distance", distance, c["distance"], 2e-8)

# 4. What differs from the other groups.
days = collections.defaultdict(set)
for e in episodes:
    if pupil(e):
        days[(e["group_id"], e["theme"], e["actor"])].add(e["local_date"])
actor_days = rows("actor_days", ["group_id", "actor", "actor_kind", "role", "local_date", "primary_records"], WINDOW)
whole = collections.defaultdict(set)
for a in actor_days:
    if pupil(a) and a["primary_records"] > 0:
        whole[(a["group_id"], a["actor"])].add(a["local_date"])
# Episodes without a theme are a theme of their own there.
for e in rows("episodes", ["group_id", "actor", "actor_kind", "role", "local_date"], f"{WINDOW} AND NOT illegal AND theme IS NULL"):
    if pupil(e):
        days[(e["group_id"], "no theme", e["actor"])].add(e["local_date"])


def tested(one, other):
    def centre(share):
        size = share[3] + 2
        middle = (share[0] * share[3] + 1) / size
        return middle, middle * (1 - middle) / size
    (a, va), (b, vb) = centre(one), centre(other)
    return 2 * norm.sf(abs(a - b) / math.sqrt(va + vb))


compared = []
for theme in sorted({key[1] for key in days}):
    for group in sorted({key[0] for key in whole}):
        sides = [[], []]
        for (of, actor), active_days in whole.items():
            part = min(len(days.get((of, theme, actor), ())), len(active_days))
            sides[of != group].append((part, len(active_days)))
        if min(map(len, sides)) >= 5:
            compared.append((group, theme, tested(interval(sides[0]), interval(sides[1])), sum(p for p, _ in sides[0])))
adjusted = multipletests([row[2] for row in compared], method="fdr_bh")[1] if compared else []
ours = {(g, th): (q, n) for (g, th, _, n), q in zip(compared, adjusted)}
theirs = answer("groups.different")["cells"]
same("rows compared", sorted(ours), sorted((c["group_id"], c["theme"]) for c in theirs))
for c in theirs:
    q, n = ours.get((c["group_id"], c["theme"]), (None, None))
    same("actor-days", n, c["actor_days"])
    same(f"false discovery of {c['group_id']} {c['theme']}", q, c["false_discovery_rate"], 1e-9)

# 5. Hours: actor-days by group, weekday and hour.
names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
hours = collections.defaultdict(set)
for e in rows("episodes", ["group_id", "actor", "actor_kind", "role", "local_date", "local_minute"], f"{WINDOW} AND NOT illegal"):
    if pupil(e):
        day = names[datetime.date.fromisoformat(e["local_date"]).weekday()]
        hours[(e["group_id"], day, f"{e['local_minute'] // 60:02}:00")].add((e["actor"], e["local_date"]))
theirs = {(c["group_id"], c["weekday"], c["hour"]): c["actor_days"] for c in answer("groups.hours")["cells"]}
same("actor-days by hour", {k: len(v) for k, v in hours.items()}, {k: v for k, v in theirs.items() if v})

# 6. What to teach next.
strands = collections.defaultdict(list)
for row in csv.DictReader(line for line in open(CURRICULUM) if not line.startswith("#")):
    strands[row["theme"]].append(row["strand"])
taught = collections.defaultdict(set)
for e in rows("episodes", ["key_stage", "theme", "actor", "actor_kind", "role", "local_date"], f"{WINDOW} AND NOT illegal"):
    if pupil(e) and e["theme"] in strands:
        taught[(e["key_stage"] or "not known", e["theme"])].add((e["actor"], e["local_date"]))
theirs = answer("groups.teaching")["cells"]
same("themes to teach", {k: len(v) for k, v in taught.items()}, {(c["key_stage"], c["theme"]): c["actor_days"] for c in theirs})
for c in theirs:
    same("strands", "; ".join(strands[c["theme"]]), c["strands"])

# Use beside what is expected of the key stage (R39): shares of primary records, one school day left out at a time.
WORDS = {"more": "more than expected", "less": "less than expected", "as": "as expected", "unclear": "outside, not clearly"}
table = [row for row in csv.DictReader(line for line in open(os.path.join(os.path.dirname(CURRICULUM), "expected_use.csv"))
                                       if not line.startswith("#"))]
stage_days = collections.Counter(
    (r["group_id"], r["key_stage"]) for r in rows("actor_days", ["group_id", "key_stage"], f"{WINDOW} AND key_stage IS NOT NULL"))
stage_of = {}
for (group, stage), days in sorted(stage_days.items()):
    if group not in stage_of or days > stage_days[(group, stage_of[group])]:
        stage_of[group] = stage
use = collections.defaultdict(lambda: collections.defaultdict(list))
for r in rows("activity", ["group_id", "local_date", "code", "theme", "actor_kind", "primary_records"], WINDOW):
    if r["code"] not in ILLEGAL and r["theme"] not in ILLEGAL and r["primary_records"] > 0:
        use[r["group_id"]][r["local_date"]].append(r)
expected = {}
for group, days in use.items():
    for row in table:
        if group not in stage_of or stage_of[group] not in row["key_stages"].split():
            continue
        what, least, most = row["what"], float(row["least_percent"]) / 100, float(row["most_percent"]) / 100
        fits = lambda r: r["actor_kind"] == "shared" if what == "shared log-ins" else what in (r["code"], r["theme"])
        pairs = [(sum(r["primary_records"] for r in day if fits(r)), sum(r["primary_records"] for r in day)) for _, day in sorted(days.items())]
        share, lower, upper, _ = interval(pairs)
        standing = ("too few days" if len(pairs) < 5 else WORDS["more" if lower > most else "less" if upper < least
                    else "as" if least <= share <= most else "unclear"])
        expected[(group, what)] = (stage_of[group], standing, sum(p for p, _ in pairs), sum(w for _, w in pairs), len(pairs), share, lower, upper, least, most)
theirs = {(c["group_id"], c["what"]): tuple(c[k] for k in (
    "key_stage", "standing", "records", "group_records", "days_with_data", "use_share", "use_share_lower", "use_share_upper",
    "expected_least_share", "expected_most_share")) for c in answer("groups.expected")["cells"]}
same("groups with something expected", sorted(expected), sorted(theirs))
for key in expected:
    for ours, other in zip(expected[key], theirs[key]):
        same(f"expected use {key}", ours, other, 1e-9)
assert expected

print(f"{checked} figures compared, {len(wrong)} differ")
for line in wrong[:30]:
    print(" -", line)
sys.exit(1 if wrong else 0)
