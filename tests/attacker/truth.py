"""The judge's side: what is so, from the made-up schools. The attacker never reads this."""

import json

from sealed import SCHOOL, UNION, Groups, year_id
from schools import NAMES, ROWS


class Truth:
    """One school's pupils, counted by group and row of any period."""

    def __init__(self, line):
        written = json.loads(line)
        self.school, self.kind = written["school"], written["kind"]
        self.periods, self.rolls = {}, {}
        for year in written["years"]:
            roll = [
                {"group": name, "pupils": pupils, "counted": not shared} for name, _, pupils, shared in year["roll"]
            ]
            for period, pupils in year["periods"].items():
                self.rolls[period] = roll
                self.periods[period] = {
                    year_id(NAMES[int(number)]): bits
                    for number, bits in pupils.items()
                    if {group["group"]: group["counted"] for group in roll}[NAMES[int(number)]]
                }

    def counted(self, period):
        """Counted pupils by the roll."""
        return sum(group["pupils"] for group in self.rolls[period] if group["counted"])

    def cells(self, period, rows=ROWS):
        """Every cell as `{(group, row): pupils}`, the union of the rows as `any`."""
        groups, pupils = Groups(self.rolls[period]), self.periods[period]
        numbers = [ROWS.index(row) for row in rows]
        wanted = sum(1 << number for number in numbers)
        found = {}
        for group in groups.size:
            bits = [one for leaf in groups.below(group) for one in pupils.get(leaf, [])]
            if group == SCHOOL and not groups.children[SCHOOL]:
                bits = [one for leaf in pupils.values() for one in leaf]
            found[group, UNION] = sum(1 for one in bits if one & wanted)
            for row, number in zip(rows, numbers):
                found[group, row] = sum(one >> number & 1 for one in bits)
        return found


def read(path):
    """All schools of a file, by name."""
    with open(path, encoding="utf-8") as file:
        schools = [Truth(line) for line in file]
    return {school.school: school for school in schools}
