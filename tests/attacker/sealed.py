"""Everything ever released about one school, turned into what follows from it for certain.

Reads sealed sets as `watershed releases show ID --format json` prints them (docs/sealed-set.md), of every
audience and every period, withdrawn ones too: who has read a set does not forget it. Adds the public roll
and what a reader of the rules knows: what a form can stand for, and that "not broken down" means that some
part is small. Nothing else comes in here; the truth stays with the judge (`attack.py`).
"""

import rules
from knowledge import Knowledge

UNION = "any"
SCHOOL = "school"
TERMS = ("autumn", "spring", "summer")


class Groups:
    """The group tree over the counted year groups of one public roll."""

    def __init__(self, roll):
        self.size, self.children, self.leaves = {}, {SCHOOL: []}, []
        counted = {group["group"]: group["pupils"] for group in roll if group["counted"]}
        self.size[SCHOOL] = sum(counted.values())
        stage_of = {name: stage for stage, names in rules.KEY_STAGES for name in names}
        if set(counted) <= set(stage_of):
            for number, (stage, names) in enumerate(rules.KEY_STAGES, start=1):
                years = [name for name in names if name in counted]
                if years:
                    stage = f"KS{number}"
                    self.children[SCHOOL].append(stage)
                    self.children[stage] = [year_id(name) for name in years]
                    self.size[stage] = sum(counted[name] for name in years)
                    self.size.update({year_id(name): counted[name] for name in years})
        self.leaves = [group for group in self.size if not self.children.get(group)]

    def below(self, group):
        """The leaves of a group."""
        parts = self.children.get(group)
        return [leaf for part in parts for leaf in self.below(part)] if parts else [group]


def year_id(words):
    """`Year 7` to `Y7`, `Reception` to `YR`, `Nursery` to `YN`."""
    return {"Nursery": "YN", "Reception": "YR"}.get(words) or "Y" + words.removeprefix("Year ")


def form_of(row):
    """The form of a row of a sealed table; none where no figure is shown."""
    if row["shown"] == "band":
        return ("band", row["from"], row["to"])
    if row["shown"] in (rules.FEW, rules.ALL):
        return (row["shown"],)
    return None


class Period:
    """One period: its unknowns and what its sets say of them."""

    def __init__(self, name, roll, knowledge):
        self.name, self.knowledge, self.groups, self.columns = name, knowledge, Groups(roll), {}
        self.rows = [UNION]
        self.shown = {}

    def unknown(self, group, row):
        """The column of a cell."""
        return self.columns[group, row]

    def define(self, rows):
        """Makes the unknowns: distinct pupils of each group in each row."""
        self.rows = list(dict.fromkeys([*self.rows, *rows]))
        groups, knowledge = self.groups, self.knowledge
        for group, size in groups.size.items():
            for row in self.rows:
                self.columns[group, row] = knowledge.unknown(f"{self.name} {group} {row}", 0, size)
        for group, parts in groups.children.items():
            for row in self.rows if parts else []:
                knowledge.total(self.unknown(group, row), [self.unknown(part, row) for part in parts])
        for leaf in groups.leaves:
            knowledge.union(self.unknown(leaf, UNION), [self.unknown(leaf, row) for row in self.rows[1:]])

    def read(self, sealed):
        """Takes in one set of this period."""
        told = {}
        for table in sealed["tables"]:
            for row in table["rows"]:
                name = UNION if table["id"] in ("T0", "T2") else row["row"]
                group = row.get("group", SCHOOL)
                told[group, name] = row
                self._figure(sealed["audience"], group, name, row)
        self._pattern(told)
        for measure in sealed["operational"]:
            if measure["id"] == "requests":
                # Nobody meets a matter without a request.
                self.knowledge.within(self.unknown(SCHOOL, UNION), most=rules.two_figures(measure["shown"])[1])

    def _figure(self, audience, group, name, row):
        form, size = form_of(row), self.groups.size[group]
        if form is not None:
            least, most = rules.meaning(audience, form, size)
            self.knowledge.within(self.unknown(group, name), least, most)
            known = self.shown.get((group, name), (0, size))
            self.shown[group, name] = (max(known[0], least), min(known[1], most))
        if row.get("per_hundred"):
            self.knowledge.within(self.unknown(group, name), *rules.hundreds(row["per_hundred"], size))

    def _pattern(self, told):
        """All parts of a group that could have been rows are hidden: some part is small, or nearly all of it."""
        for (group, name), row in told.items():
            parts = self.groups.children.get(group) or []
            hidden = [told[part, name]["shown"] for part in parts if (part, name) in told]
            if row["shown"] in ("not_broken_down", "not_available") or len(hidden) != len(parts):
                continue
            if parts and all(shown == "not_broken_down" for shown in hidden):
                alternatives = []
                for part in parts:
                    unknown, size = self.unknown(part, name), self.groups.size[part]
                    alternatives.append((unknown, 0, rules.LEAST_IN - 1))
                    alternatives.append((unknown, size - rules.LEAST_OUT + 1, size))
                self.knowledge.one_of(alternatives)


def attacks(sets):
    """All sets of a school as independent systems: a list of (`Knowledge`, its periods)."""
    by_period = {}
    for sealed in sets:
        by_period.setdefault(sealed["period"], []).append(sealed)
    joined = _joined(by_period)
    found = []
    for names in joined:
        knowledge, periods = Knowledge(), []
        for name in names:
            # Two rolls for one period would be two groups that differ by a few pupils.
            rolls = {str(sealed["roll"]) for sealed in by_period[name]}
            if len(rolls) > 1:
                raise ValueError(f"{name} was released with {len(rolls)} different rolls")
            period = Period(name, by_period[name][0]["roll"], knowledge)
            tables = [table for sealed in by_period[name] for table in sealed["tables"]]
            period.define([row["row"] for table in tables if table["id"] == "T1" for row in table["rows"]])
            for sealed in by_period[name]:
                period.read(sealed)
            periods.append(period)
        _windows(knowledge, periods)
        _trends(knowledge, periods, by_period)
        found.append((knowledge, periods))
    return found


def academic_year(period):
    """`2025-26` of a term or a year."""
    first, _, rest = period.partition("-")
    if rest not in TERMS:
        return period
    year = int(first) if rest == "autumn" else int(first) - 1
    return f"{year}-{(year + 1) % 100:02d}"


def before(period):
    """The period of the same kind before."""
    first, _, rest = period.partition("-")
    if rest not in TERMS:
        return f"{int(first) - 1}-{int(first) % 100:02d}"
    return {"autumn": f"{first}-summer", "spring": f"{int(first) - 1}-autumn", "summer": f"{first}-spring"}[rest]


def _joined(by_period):
    """Periods that say something of each other: a year and its terms, and trends that the figures of
    their own period do not say already."""
    groups = {name: {name} for name in by_period}

    def join(one, other):
        merged = groups[one] | groups[other]
        for name in merged:
            groups[name] = merged

    for name in by_period:
        if name != academic_year(name) and academic_year(name) in by_period:
            join(name, academic_year(name))
        earlier = before(name)
        if earlier in by_period and any(
            not follows for _, _, _, follows in trends(by_period[earlier], by_period[name])
        ):
            join(name, earlier)
    return sorted({tuple(sorted(group)) for group in groups.values()})


def trends(earlier, now):
    """Trend words as (group, row, word, whether the two figures say it already)."""
    def figures(sets):
        found = {}
        for sealed in sets:
            groups = Groups(sealed["roll"])
            for table in sealed["tables"]:
                for row in table["rows"]:
                    name = UNION if table["id"] in ("T0", "T2") else row["row"]
                    group = row.get("group", SCHOOL)
                    form = form_of(row)
                    size = groups.size.get(group)
                    least, most = (0, size) if form is None else rules.meaning(sealed["audience"], form, size)
                    known = found.get((group, name), (0, size, []))
                    words = known[2] + ([row["change"]] if row.get("change") else [])
                    found[group, name] = (max(known[0], least), min(known[1], most), words)
        return found

    old, new = figures(earlier), figures(now)
    said = []
    for (group, name), (least, most, words) in new.items():
        old_least, old_most, _ = old.get((group, name), (0, 10**6, []))
        for word in words:
            follows = {"higher": least > old_most, "lower": most < old_least}.get(word, True)
            said.append((group, name, word, follows))
    return said


def _trends(knowledge, periods, by_period):
    by_name = {period.name: period for period in periods}
    for name, period in by_name.items():
        earlier = by_name.get(before(name))
        if earlier is None:
            continue
        for group, row, word, follows in trends(by_period[earlier.name], by_period[name]):
            if not follows and (group, row) in earlier.columns:
                factor = 1 if word == "higher" else -1
                terms = [(period.unknown(group, row), factor), (earlier.unknown(group, row), -factor)]
                knowledge.state(terms, least=1)


def _windows(knowledge, periods):
    """Who stands in a term stands in its year; who stands in the year stands in one of its terms."""
    by_name = {period.name: period for period in periods}
    for name, year in by_name.items():
        terms = [period for other, period in by_name.items() if other != name and academic_year(other) == name]
        for leaf in year.groups.leaves if terms else []:
            for row in year.rows:
                cells = [term.columns.get((leaf, row)) for term in terms]
                cells = [cell for cell in cells if cell is not None]
                for cell in cells:
                    knowledge.state([(year.unknown(leaf, row), 1), (cell, -1)], 0)
                if len(cells) == len(TERMS):
                    knowledge.state([(year.unknown(leaf, row), 1)] + [(cell, -1) for cell in cells], most=0)
