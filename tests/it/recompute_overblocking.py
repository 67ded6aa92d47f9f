"""Recomputes the tables of `overblocking` from their definitions, and compares.

Usage: recompute_overblocking.py LAKE STATE PANEL FIGURES. LAKE holds Delta tables, read with deltalake and DuckDB; STATE
is the SQLite file with sample and labels; PANEL the shipped canary.csv; FIGURES a folder with the program's JSON.
Counts must be equal, statistics within 1e-9. Methods: SciPy (beta, t, norm), statsmodels (kappa), numpy.
"""

import collections
import csv
import datetime
import json
import math
import pathlib
import sqlite3
import sys

import duckdb
import numpy
from deltalake import DeltaTable
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

LAKE, STATE, PANEL, FIGURES = sys.argv[1:5]
Z = stats.norm.ppf(0.975)
ILLEGAL = {"ILL-CSAM", "ILL-TERR", "IMG-CHILD"}
DAY = datetime.timedelta(days=1)
checked = 0
wrong = []


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


def rows(name, expression="*", where="TRUE"):
    uris = DeltaTable(f"{LAKE}/{name}").file_uris()
    if not uris:
        return []
    relation = duckdb.sql(
        f"SELECT {expression} FROM read_parquet($1, hive_partitioning=true) WHERE {where}", params=[uris])
    return [dict(zip(relation.columns, row)) for row in relation.fetchall()]


def figures(name):
    return json.loads(pathlib.Path(FIGURES, f"{name}.json").read_text())


BOUNDS = figures("bounds")
FROM, TO = (datetime.date.fromisoformat(BOUNDS["period"][end]) for end in ("from", "to"))
inside = lambda row: FROM <= row["local_date"] <= TO
counted = lambda row: (inside(row) and row["school_day"] and not row["illegal"] and row["code"] not in ILLEGAL
                       and row["theme"] not in ILLEGAL)
attempts = [row for row in rows("attempts", "*, epoch_us(start_utc) AS us") if counted(row)]
changes = rows("changes")
imports = {row["import_token"]: row["imported_utc"] for row in rows("imports", "import_token, imported_utc")}
person = lambda row: row["actor_kind"] == "person"


def evidence(chosen):
    people = {row["actor"] for row in chosen if person(row)}
    by_actor = collections.Counter(row["actor"] for row in chosen if row["actor"] is not None)
    return len(people), max(by_actor.values(), default=0) / len(chosen) if chosen else None


# Openings: approved requests to unblock, from the day on which they hold; for a group, or for all.
newest = {}
for row in sorted(changes, key=lambda row: imports[row["import_token"]]):
    newest[(row["change_token"], row["source_format"])] = row
requests = [row for row in newest.values() if row["asked"] == "unblock" and not row["illegal"] and row["site"]]
# Moved to another category: open where the category is no school's to block; the demo has no policy of its own.
OPEN = {"EDU", "HEALTH", "NEWS", "GOV"}
moved = [row for row in newest.values() if row["asked"] == "recategorise" and not row["illegal"] and row["site"]]
assert moved, "the list has a site that was moved"
opened = [dict(row, opened=row["applied_from"] or row["decided_date"] or row["local_date"])
          for row in requests + [row for row in moved if row["code"] in OPEN] if row["decision"] == "approved"]
assert any(row["asked"] == "recategorise" for row in opened), "and one of them opens it"
about = lambda change, site, group: change["site"] == site and change["group_id"] in (None, group)
reversed_ = [row for row in attempts if row["search_token"] is None and any(
    about(change, row["site"], row["group_id"]) and 1 <= (change["opened"] - row["local_date"]).days <= 30
    for change in opened)]
line = {cell["figure"][-4:-1]: cell for cell in BOUNDS["cells"]}
same("OB2 attempts", len(reversed_), line["OB2"]["part"])
same("OB2 of", len(attempts), line["OB2"]["whole"])
same("OB2 share", len(reversed_) / len(attempts), line["OB2"]["share"])
people, largest = evidence(reversed_)
same("OB2 people", people, line["OB2"]["distinct_people"])
same("OB2 most by one", largest, line["OB2"]["largest_share_of_attempts"])
assert len(reversed_) >= 25, "the blocked lesson was opened two days later"
learning = [row for row in attempts if row["learning"]]
same("OB5", [len(learning), len(attempts)], [line["OB5"]["part"], line["OB5"]["whole"]])
people, largest = evidence(attempts)
same("OB5 people", [people, largest], [line["OB5"]["distinct_people"], line["OB5"]["largest_share_of_attempts"]])
decided = [row for row in requests if row["decision"] in ("approved", "refused")
           and FROM <= (row["decided_date"] or row["local_date"]) <= TO]
approved = [row for row in decided if row["decision"] == "approved"]
same("OB3", [len(approved), len(decided)], [line["OB3"]["part"], line["OB3"]["whole"]])
lower, upper = proportion_confint(len(approved), len(decided), method="wilson")
same("OB3 lower", lower, line["OB3"]["share_lower"])
same("OB3 upper", upper, line["OB3"]["share_upper"])

# Lesson-block events: greedy ten minutes of the clock of (day, group, site), at least five actors, at least half of the
# active. Who was active is told from the records, not from the derived table that the program reads.
in_lesson = lambda row: row["lesson_period"] and not any(w in row["lesson_period"].lower() for w in ("break", "lunch"))


def class_of(row):
    if row["group_id"] != "unmatched":
        return row["group_id"]
    return None if row["year_group"] is None else f"year group {row['year_group']}"


by_target = collections.defaultdict(list)
for row in attempts:
    if in_lesson(row) and row["actor"] is not None and row["site"] and row["search_token"] is None and class_of(row):
        by_target[(row["local_date"], class_of(row), row["site"])].append(row)
seen = rows("requests", "local_date, group_id, year_group, actor, local_minute",
            "NOT record_noise AND actor IS NOT NULL")
events = []
for (day, group, site), hits in sorted(by_target.items()):
    hits.sort(key=lambda row: row["us"])
    at = 0
    while at < len(hits):
        start = hits[at]["local_minute"]
        window = [row for row in hits[at:] if row["local_minute"] < start + 10]
        actors = {row["actor"] for row in window}
        if len(actors) < 5:
            at += 1
            continue
        active = {row["actor"] for row in seen if row["local_date"] == day and class_of(row) == group
                  and start <= row["local_minute"] < start + 10}
        if 2 * len(actors) >= len(active):
            events.append((str(day), hits[at]["lesson_period"], group, site, len(actors), len(active), len(window)))
        at += len(window)
theirs = [tuple(cell[name] for name in ("local_date", "lesson_period", "group_id", "site", "actors", "active_actors", "attempts"))
          for cell in figures("lessons")["cells"]]
same("OB6 events", sorted(events), sorted(theirs))
same("OB6 number", len(events), line["OB6"]["part"])
same("OB6 afterwards", ["opened"], sorted({cell["afterwards"].split()[0] for cell in figures("lessons")["cells"]}))
# Bell times that ship: lessons of 50 minutes, tutor time of 20.
slots = {(row["local_date"], row["lesson_period"], row["group_id"]) for row in rows("activity")
         if inside(row) and row["school_day"] and row["primary_records"] > 0 and row["group_id"] != "unmatched" and in_lesson(row)}
hours = sum(20 if period == "Tutor time" else 50 for _, period, _ in slots) / 60
same("OB6 rate", f"{len(events) * 1000 / hours:.1f} per 1,000 lesson-hours", line["OB6"]["words"])

# The panel: attempts by the derived table, openings by the records.
panel = [row for row in csv.DictReader(text for text in open(PANEL, encoding="utf-8") if not text.startswith("#"))]
stages = collections.defaultdict(set)
for row in rows("actor_days"):
    if inside(row) and row["key_stage"]:
        stages[row["group_id"]].add(row["key_stage"])
blocked = collections.Counter()
for row in rows("blocked_site_days"):
    if inside(row):
        blocked[(row["site"], row["group_id"])] += row["attempts"]
open_ = {(row["site"], row["group_id"]) for row in rows(
    "requests", "*", "action IN ('allowed', 'proceeded', 'bypassed', 'monitored') AND NOT record_noise AND NOT illegal")
    if inside(row)}
expected = {}
for row in panel:
    wanted = {"EYFS", "KS1", "KS2", "KS3", "KS4", "KS5"} if row["key_stages"] == "all" else set(row["key_stages"].split())
    groups = [group for group, known in stages.items() if known & wanted]
    if not groups:
        continue
    state = collections.Counter((blocked[(row["site"], group)] > 0, (row["site"], group) in open_) for group in groups)
    expected[row["site"]] = [state[(True, False)], state[(True, True)], state[(False, True)], state[(False, False)]]
theirs = {cell["site"]: [cell[name] for name in ("groups_blocked", "groups_mixed", "groups_open", "groups_not_asked")]
          for cell in figures("panel")["cells"]}
same("OB7 panel", expected, theirs)
same("OB7 closed", sum(1 for counts in expected.values() if counts[0] + counts[1]), line["OB7"]["part"])

# The order of sites.
score = {}
by_site = collections.defaultdict(list)
for row in attempts:
    if row["site"]:
        by_site[(row["site"], row["code"])].append(row)
for (site, code), hits in by_site.items():
    people, largest = evidence(hits)
    spread = 2 * min(people, 10)
    if largest > 0.5 and len(hits) >= 3:
        spread /= 2
    severity = max(row["severity"] for row in hits)
    points = 30 * sum(row["learning"] for row in hits) / len(hits) + spread
    points += 15 * sum(1 for row in hits if in_lesson(row)) / len(hits)
    points += 5 * min(3, sum(1 for event in events if event[3] == site))
    if any(row["site"] == site for row in reversed_):
        points += 15
    elif any(row["site"] == site for row in requests + moved):
        points += 5
    points += 5 if severity <= 1 else 0 if severity == 2 else -20
    score[(site, code)] = int(max(0, min(100, math.floor(points + 0.5))))
theirs = {(cell["site"], cell["code"]): cell["score"] for cell in figures("sites")["cells"]}
for key, value in theirs.items():
    same(f"score of {key}", score[key], value)
same("sites", min(50, len(score)), len(theirs))
same("first site", max(score.values()), figures("sites")["cells"][0]["score"])

# The sample: strata are group by category by volume, small ones together; then the labels.
database = sqlite3.connect(f"file:{STATE}?mode=ro", uri=True)
strata = database.execute("SELECT group_id, code, volume, attempts, drawn FROM block_sample_strata WHERE sample = 1 ORDER BY stratum").fetchall()
drawn = database.execute("SELECT position, stratum, actor, pupil FROM block_sample_attempts WHERE sample = 1 ORDER BY position").fetchall()
frame = [row for row in attempts if row["severity"] < 5 and datetime.date(2025, 9, 1) <= row["local_date"] <= datetime.date(2025, 12, 19)]
target = lambda row: (row["group_id"], row["code"], ("words", row["search_token"]) if row["search_token"] is not None else ("site", row["site"]))
hits = collections.Counter(map(target, frame))
size = collections.Counter((row["group_id"], row["code"], "often" if hits[target(row)] >= 10 else "seldom") for row in frame)
same("frame", len(frame), sum(row[3] for row in strata))
kept = {(group, code, volume) for group, code, volume, _, _ in strata}
for group, code, volume, whole, number in strata:
    if code != "other":
        same(f"stratum {group} {code} {volume}", size[(group, code, volume)], whole)
    else:
        same(f"pooled {group}", sum(n for key, n in size.items() if key[0] == group and key not in kept), whole)
    same(f"drawn of {group} {code}", number, sum(1 for _, stratum, *_ in drawn if strata[stratum] == (group, code, volume, whole, number)))
for group in {row[0] for row in strata}:
    of_group = [row for row in strata if row[0] == group]
    same(f"at least 20 of {group}", True, sum(row[4] for row in of_group) >= min(20, sum(row[3] for row in of_group)))

labels = collections.defaultdict(dict)
settled = {}
for position, reviewer, word, settles in database.execute(
        "SELECT position, reviewer, label, settles FROM block_sample_labels WHERE sample = 1 ORDER BY sequence"):
    if settles:
        settled[position] = word
    else:
        labels[position][reviewer] = word
verdict_of = {"correct": "right", "wrong-category": "wrong", "should-be-open": "wrong", "sub-request": "outside", "cannot-tell": "open"}


def verdict(position):
    if position in settled:
        return verdict_of[settled[position]]
    said = {verdict_of[word] for word in labels[position].values()}
    return said.pop() if len(said) == 1 else "open"


def estimate(chosen, part, whole):
    """Ratio of Horvitz-Thompson totals; error of the design, with clusters, whichever is larger; exact interval."""
    observed = [(stratum, actor, part(v), whole(v)) for _, stratum, actor, _, v in chosen]
    size = collections.Counter(stratum for stratum, *_ in observed)
    n_of = {stratum: strata[stratum][3] for stratum in size}
    weight = numpy.array([n_of[s] / size[s] for s, *_ in observed])
    y, x = (numpy.array([row[at] for row in observed]) for at in (2, 3))
    below = (weight * x).sum()
    ratio = (weight * y).sum() / below
    z = weight * (y - ratio * x) / below
    total, clusters = 0.0, collections.Counter()
    for stratum in size:
        at = [index for index, row in enumerate(observed) if row[0] == stratum]
        n, whole_ = size[stratum], n_of[stratum]
        mean, correction = (z[at].mean(), n / (n - 1)) if n > 1 else (0.0, 1.0)
        for index in at:
            error = (z[index] - mean) * math.sqrt(max(0.0, 1 - n / whole_) * correction)
            total += error ** 2
            clusters[observed[index][1]] += error
    variance = max(total, sum(value ** 2 for value in clusters.values()))
    counting = x > 0
    actors = len({row[1] for row, counts in zip(observed, counting) if counts})
    kish = weight[counting].sum() ** 2 / (weight[counting] ** 2).sum()
    fraction = len(observed) / sum(n_of.values())
    if all(size[s] == n_of[s] for s in size):
        return ratio, ratio, ratio
    p = min(1.0, max(0.0, ratio))
    if p * (1 - p) <= 1e-12:
        effective = math.sqrt(kish * actors)
    else:
        effective = min(p * (1 - p) / variance, counting.sum() / (1 - fraction))
    degrees = max(1.0, min(len(observed) - len(size), actors - 1))
    effective = max(1.0, effective * min(1.0, (Z / stats.t.ppf(0.975, degrees)) ** 2))
    a, b = p * effective, (1 - p) * effective
    return (ratio, 0.0 if a <= 1e-9 else stats.beta.ppf(0.025, a, b + 1), 1.0 if b <= 1e-9 else stats.beta.ppf(0.975, a + 1, b))


judged = [(*row, verdict(row[0])) for row in drawn]
audit = figures("audit")["cells"]
labelled = figures("labels")
for cell, share in zip(audit, labelled["shares"]):
    name = cell["part"]
    chosen = judged if name == "whole school" else [row for row in judged if strata[row[1]][0] == name]
    counts = collections.Counter(row[4] for row in chosen)
    same(f"{name}: verdicts", [counts[v] for v in ("right", "wrong", "outside", "open")],
         [share[k] for k in ("right", "wrong", "sub_requests", "cannot_tell")])
    same(f"{name}: shown", [len(chosen), counts["wrong"], counts["outside"], counts["open"]],
         [cell[k] for k in ("reviewed", "found_wrong", "sub_requests", "cannot_tell")])
    is_wrong = lambda v: 1.0 if v == "wrong" else 0.0
    ratio, _, _ = estimate(chosen, is_wrong, lambda v: 1.0 if v in ("right", "wrong") else 0.0)
    least, lower, _ = estimate(chosen, is_wrong, lambda v: 0.0 if v == "outside" else 1.0)
    most, _, upper = estimate(chosen, lambda v: 1.0 if v in ("wrong", "open") else 0.0, lambda v: 0.0 if v == "outside" else 1.0)
    same(f"{name}: share", ratio, cell["wrong_share"])
    same(f"{name}: least", least, share["least"])
    same(f"{name}: most", most, share["most"])
    same(f"{name}: lower end", lower, cell["wrong_share_lower"])
    same(f"{name}: upper end", upper, cell["wrong_share_upper"])
    same(f"{name}: pupils", len({row[2] for row in chosen if row[3]}), cell["distinct_pupils"])
    same(f"{name}: largest", max(collections.Counter(row[2] for row in chosen).values()) / len(chosen), cell["largest_share_of_attempts"])
same("OB1 on the screen", audit[0]["wrong_share"], line["OB1"]["share"])
same("parts", True, len(audit) >= 5)

words = ["correct", "wrong-category", "should-be-open", "sub-request", "cannot-tell"]
table = numpy.zeros((5, 5))
for said in labels.values():
    table[words.index(said["dsl"]), words.index(said["it-2"])] += 1
kappa = cohens_kappa(table)
same("kappa", float(kappa.kappa), labelled["kappa"]["kappa"])
same("kappa's error", float(kappa.std_kappa), labelled["kappa"]["standard_error"])
same("differing", sorted(p for p, said in labels.items() if len(set(said.values())) > 1), [d["position"] for d in labelled["differing"]])

# The hidden total: approved sites asked for in the period against sites that the audit found, by their attempts.
asked = {row["site"] for row in opened if FROM <= row["local_date"] <= TO}
hidden = figures("hidden")["cells"][0]
same("OB10 asked", len(asked), hidden["sites_requested"])
found = {row["site"] for position, stratum, *_ in drawn for row in frame
         if verdict(position) == "wrong" and strata[stratum][1] == row["code"] == "EDU"}
same("OB10 found at least the lesson's", True, hidden["sites_audited"] >= len(found) >= 1)
n1, n2, m = hidden["sites_requested"], hidden["sites_audited"], hidden["sites_both"]
same("OB10 both", True, m >= 1)
same("OB10 total", (n1 + 1) * (n2 + 1) / (m + 1) - 1, hidden["sites_total"])
a, b, c = n1 - m + 0.5, n2 - m + 0.5, m + 0.5
spread = math.sqrt(1 / c + 1 / a + 1 / b + c / (a * b))
ends = [n1 + n2 - m - 0.5 + a * b / c * math.exp(sign * Z * spread) for sign in (-1, 1)]
same("OB10 ends", [True, True], [abs(max(end, n1 + n2 - m) - hidden[name]) < 1e-9 * max(1, end)
                                 for end, name in zip(ends, ("sites_total_lower", "sites_total_upper"))])

# Alerts: grave episodes by actor, theme and day; one is called false.
alert = json.loads(pathlib.Path(FIGURES, "alert.json").read_text())
alerts = {(row["actor"], row["theme"], row["local_date"]) for row in rows("episodes")
          if inside(row) and row["severity"] >= 4 and not row["illegal"] and row["theme"]}
cells = figures("alerts")["cells"]
same("OB9 alerts", len(alerts), cells[0]["alerts"])
by_theme = collections.Counter(theme for _, theme, _ in alerts)
same("OB9 by theme", dict(by_theme), {cell["theme"]: cell["alerts"] for cell in cells[1:]})
same("OB9 false", [1, 1], [cells[0]["labelled"], cells[0]["false_alerts"]])

# The share of learning categories by group.
share = {cell["group_id"]: cell for cell in figures("share")["cells"]}
for group in {row["group_id"] for row in attempts}:
    of_group = [row for row in attempts if row["group_id"] == group]
    same(f"OB5 of {group}", [sum(row["learning"] for row in of_group), len(of_group)],
         [share[group]["attempts_learning"], share[group]["attempts"]])

same("OB8 needs five schools", [], figures("differential")["cells"])
if wrong:
    print("\n".join(wrong))
    sys.exit(1)
print(f"over-blocking: {checked} figures recomputed, all the same ({len(events)} events, {len(drawn)} drawn, {len(alerts)} alerts)")
