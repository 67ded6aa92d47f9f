"""What the policy leaves to read, over the same schools that are attacked: utility beside safety.

    python utility.py TRUTH.jsonl SETS

Prints, for ordinary schools (hostile ones are no school's ordinary term), by size: share of governor sets
that show the headline, rows shown of the twelve, breakdowns shown, mean width of a band, and the share of
schools with a usable pack. A figure is shown if it is a band or "all or nearly all". A pack is usable if
in every period it shows the headline and at least one row by kind of concern.
"""

import collections
import json
import pathlib
import sys

import truth as truths
from sealed import SCHOOL, Groups, form_of

HOSTILE = "hostile"


def size_of(truth, period):
    """The kind of school that the policy's own figures are told for."""
    if truth.kind in ("secondary", "sixth form"):
        return "secondary"
    return "primary, roll under 150" if truth.counted(period) < 150 else "primary"


class Tally:
    """Sums over the governor sets of one kind of school."""

    def __init__(self):
        self.sets = self.rows = self.rows_shown = self.parents = 0
        self.headline = self.by_stage = self.with_stages = self.by_year = self.with_years = 0
        self.cells = collections.Counter()
        self.cells_shown = collections.Counter()
        self.widths = []
        self.schools, self.usable = set(), collections.defaultdict(bool)

    def add(self, school, sealed):
        """Takes in one governor set that has tables."""
        self.sets += 1
        self.schools.add(school)
        groups, shown = Groups(sealed["roll"]), collections.Counter()
        stages = years = 0
        for table in sealed["tables"]:
            for row in table["rows"]:
                form = form_of(row)
                self.cells[table["id"]] += 1
                if form is None or form[0] == "fewer_than":
                    continue
                self.cells_shown[table["id"]] += 1
                shown[table["id"]] += 1
                if form[0] == "band":
                    self.widths.append(form[2] - form[1] + 1)
                if table["id"] == "T2":
                    below = row["group"] in groups.children[SCHOOL]
                    stages, years = stages + below, years + (not below)
        self.headline += shown["T0"] > 0
        self.rows += sum(len(table["rows"]) for table in sealed["tables"] if table["id"] == "T1")
        self.rows_shown += shown["T1"]
        # A school of one key stage has nothing to break down into.
        if len(groups.children[SCHOOL]) > 1:
            self.with_stages += 1
            self.by_stage += stages > 0
        self.by_year += years > 0
        usable = shown["T0"] > 0 and shown["T1"] > 0
        self.usable[school] = usable and self.usable.get(school, True)

    def line(self):
        """One row of the table."""
        share = lambda part, whole: f"{100 * part / whole:.0f} %" if whole else "-"
        cells = [share(self.cells_shown[table], self.cells[table]) for table in ("T0", "T1", "T2", "T3")]
        width = f"{sum(self.widths) / len(self.widths):.1f}" if self.widths else "-"
        return [
            str(len(self.schools)),
            str(self.sets),
            share(self.headline, self.sets),
            f"{self.rows_shown / self.sets:.1f} of {self.rows / self.sets:.0f}",
            share(self.by_stage, self.with_stages),
            share(self.by_year, self.sets),
            *cells,
            width,
            share(sum(self.usable.values()), len(self.schools)),
        ]


HEADINGS = [
    "kind of school", "schools", "sets", "T0 shown", "rows of T1 shown", "T2 by key stage", "T2 by year group",
    "cells of T0", "of T1", "of T2", "of T3", "mean width", "usable pack in every period",
]


def tallies(schools, folder):
    """A tally for each kind of school, one for all ordinary ones and one for the hostile."""
    found = {
        name: Tally() for name in ("secondary", "primary", "primary, roll under 150", "all ordinary", HOSTILE)
    }
    for name, truth in schools.items():
        for path in sorted((folder / name).glob("*.json")):
            sealed = json.loads(path.read_text(encoding="utf-8"))
            if sealed["audience"] != "governors" or not sealed["tables"]:
                continue
            ordinary = truth.kind in ("village", "one form", "two forms", "infant", "secondary", "sixth form")
            if ordinary:
                found[size_of(truth, sealed["period"])].add(name, sealed)
            found["all ordinary" if ordinary else HOSTILE].add(name, sealed)
    return found


def main():
    schools, folder = truths.read(sys.argv[1]), pathlib.Path(sys.argv[2])
    print("| " + " | ".join(HEADINGS) + " |")
    print("|---|" + "--:|" * (len(HEADINGS) - 1))
    for name, tally in tallies(schools, folder).items():
        if tally.sets:
            print("| " + " | ".join([name, *tally.line()]) + " |")


if __name__ == "__main__":
    main()
