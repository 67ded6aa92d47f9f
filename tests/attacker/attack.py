"""Attacks everything ever released about made-up schools, and judges what was won.

    python attack.py TRUTH.jsonl SETS [--details]

`SETS` holds a folder for each school with the sealed sets as `watershed releases show ID --format json`
prints them. Every protected cell (each group of the tree, row and period) is attacked. Prints a table of
counts and ends with 1 if anything was won, if what was released contradicts itself, or if a figure is not
the one that the policy gives (`reference.py`).
"""

import collections
import json
import multiprocessing
import pathlib
import random
import sys
import time

import guess
import reference
import truth as truths
import verdict
from bounds import Bounds, Impossible
from sealed import SCHOOL, UNION, attacks, form_of


HELD_PARTS = "gate held T2 and T3 back"


class Report:
    """What an attack on one school or many came to."""

    def __init__(self):
        self.counts = collections.Counter()
        self.won = []
        self.wrong = []

    def take(self, other):
        """Adds what an attack on another school came to."""
        self.counts.update(other.counts)
        self.won += other.won
        self.wrong += other.wrong

    def lines(self):
        """The counts in words, fixed order."""
        words = [
            "schools", "sealed sets", "periods", "cells attacked", "settled by witnesses",
            "settled by integer programs", "programs solved", "cells searched for gaps", "figures recomputed",
            "more pupils than the roll", "no figure at all", HELD_PARTS, "gate held the headline back",
            "not counted: cells won by who guesses why",
            "T2 and T3 held back for want of a proof only",
            "not counted: cells won by who guesses why T2 and T3 are missing",
            "not counted: sets of which such cells are",
        ]
        return [f"{word}: {self.counts[word]:,}" for word in words] + [f"disclosed: {len(self.won)}"]


def attack(sets, truth, report, seed=0):
    """Attacks one school's sets and adds to the report what was won."""
    for knowledge, periods in attacks(sets):
        bounds = Bounds(knowledge, seed=seed)
        targets, exact = _targets(periods, truth, report)
        if exact is not None:
            wrong = knowledge.agrees(exact)
            if wrong:
                # The attacker would rule the truth out: what was released is not true, or the attacker errs.
                report.wrong.append(f"{truth.school}: the truth is ruled out: {wrong[0]}")
                continue

        def safe(unknown):
            value, size, _ = targets[unknown]
            least, most = bounds.seen_least[unknown], bounds.seen_most[unknown]
            return least <= most and not verdict.disclosed(value, size, least, most)

        report.counts["cells attacked"] += len(targets)
        try:
            left = bounds.gather(list(targets), safe)
            report.counts["settled by witnesses"] += len(targets) - len(left)
            for unknown in left:
                value, size, place = targets[unknown]
                least, most = bounds.exact_range(unknown)
                won = verdict.disclosed(value, size, least, most)
                report.counts["settled by integer programs"] += 1
                if won:
                    report.won.append((truth, place, f"{value} of {size}, known to be {least}..{most}", won))
            _gaps(bounds, targets, report, truth, seed)
        except Impossible as cell:
            report.wrong.append(f"{truth.school} {truth.kind}: no numbers meet what was released ({cell})")
        report.counts["programs solved"] += bounds.programs


def _targets(periods, truth, report):
    """The protected cells as `{column: (pupils, size, place)}`, and the truth as an assignment (none if
    more pupils were there than the public roll has, which no reader can know)."""
    targets, exact, fits = {}, {}, True
    for period in periods:
        report.counts["periods"] += 1
        rows = [row for row in period.rows if row != UNION]
        cells = truth.cells(period.name, rows)
        for (group, row), column in period.columns.items():
            value, size = cells[group, row], period.groups.size[group]
            exact[column] = value
            fits = fits and value <= size
            value = min(value, size)
            if value < verdict.PROTECTED or size - value < verdict.PROTECTED:
                targets[column] = (value, size, (period.name, group, row))
    if not fits:
        report.counts["more pupils than the roll"] += 1
    return targets, [exact[column] for column in sorted(exact)] if fits else None


def _gaps(bounds, targets, report, truth, seed):
    """A range can have holes where something is one or the other. One cell of each system with such a
    choice: are at least nine whole numbers possible?"""
    if not bounds.knowledge.choices or not targets:
        return
    unknown = random.Random(seed).choice(list(targets))
    value, size, place = targets[unknown]
    report.counts["cells searched for gaps"] += 1
    if value < verdict.PROTECTED:
        wanted = range(0, size + 1)
    else:
        wanted = range(size, -1, -1)
    needed, found = min(verdict.PROTECTED - 1, size + 1), 0
    for number in wanted:
        found += bounds.possible(unknown, number)
        if found >= needed:
            return
    report.won.append((truth, place, f"{value} of {size}, only {found} numbers are possible", ["few values"]))


def recompute(sets, truth, report):
    """Holds every figure against the policy done again; a figure that is not available is passed over."""
    for sealed in sets:
        if not sealed["tables"]:
            continue
        period, cells = sealed["period"], truth.cells(sealed["period"])
        forms = reference.governors(cells, sealed["roll"])
        if sealed["audience"] == "parents":
            forms = reference.parents(forms, cells, sealed["roll"])
        told = set()
        for table in sealed["tables"]:
            for row in table["rows"]:
                place = row.get("group", SCHOOL), UNION if table["id"] in ("T0", "T2") else row["row"]
                told.add(place)
                if row["shown"] == "not_available":
                    continue
                report.counts["figures recomputed"] += 1
                if place not in forms or form_of(row) != forms[place]:
                    should = forms.get(place, "no row")
                    report.wrong.append(f"{sealed['id']} {place}: {form_of(row)}, by the policy {should}")
        with_groups = any("group" in row for table in sealed["tables"] for row in table["rows"])
        missing = [place for place in forms if place not in told and (with_groups or place[0] == SCHOOL)]
        if missing:
            report.wrong.append(f"{sealed['id']}: no row for {missing[0]}")
        gate = _gate(sealed)
        report.counts[gate] += 1
        report.counts["not counted: cells won by who guesses why"] += len(guess.guessed(sealed, truth))
        if gate == HELD_PARTS:
            won = guess.guessed_parts(sealed, truth)
            report.counts["T2 and T3 held back for want of a proof only"] += won is None
            report.counts["not counted: cells won by who guesses why T2 and T3 are missing"] += len(won or [])
            report.counts["not counted: sets of which such cells are"] += bool(won)


def _gate(sealed):
    """What a reader can see of the gate."""
    shown = {table["id"]: {row["shown"] for row in table["rows"]} for table in sealed["tables"]}
    held = {table for table, forms in shown.items() if forms == {"not_available"}}
    if sealed["audience"] != "governors" or not held:
        return "in full"
    if "T1" in held:
        return "no figure at all"
    return "gate held the headline back" if "T0" in held else HELD_PARTS


def read_sets(folder):
    """The sealed sets in a folder."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def one_school(asked):
    """Everything about one school: its number, its truth and the folder of its sets."""
    number, truth, folder = asked
    report, sets = Report(), read_sets(folder)
    report.counts["schools"] += 1
    report.counts["sealed sets"] += len(sets)
    recompute(sets, truth, report)
    attack([sealed for sealed in sets if sealed["tables"]], truth, report, seed=number)
    return report


def main():
    schools, folder = truths.read(sys.argv[1]), pathlib.Path(sys.argv[2])
    report, began = Report(), time.time()
    asked = [(number, truth, folder / name) for number, (name, truth) in enumerate(schools.items())]
    with multiprocessing.Pool() as workers:
        for of_one in workers.imap(one_school, asked):
            report.take(of_one)
    print("\n".join(report.lines()))
    by_kind = collections.Counter(truth.kind for truth, _, _, _ in report.won)
    if by_kind:
        print("won, by kind of school:", dict(by_kind))
    for truth, (period, group, row), known, won in report.won[: None if "--details" in sys.argv else 20]:
        print(f"WON {truth.school} ({truth.kind}) {period} {group} {row}: {known}: {', '.join(won)}")
    for wrong in report.wrong[:20]:
        print(f"WRONG {wrong}")
    print(f"{time.time() - began:.0f} s", file=sys.stderr)
    sys.exit(1 if report.won or report.wrong else 0)


if __name__ == "__main__":
    main()
