"""The residual that the policy admits: a reader who guesses that the gate held something back.

Where the rows are shown and the headline is "not available", a reader of the code can ask which headlines
would have made the gate fire, and take it that the true one is among them. Section 6 of the policy leaves
this uncovered ("if it fires, a reader who guesses why learns that some hidden category is not empty"). Here
it is measured: counted apart, never as disclosed.

Where the headline and the rows are shown and every breakdown is "not available", the same reader asks which
breakdowns would have made the gate fire. There are too many to list them all, and the reader has to allow for
each: a cell is won only if all of them leave it too narrow. So the judge, who knows the true one, takes as
little of it as makes a gate fire, and looks for others: with two rows that look alike exchanged, with two year
groups of one size exchanged, and with another course of the row in question. What none of these widens counts
as won, though there may be more.
"""

import random

import reference
import rules
import verdict
from bounds import Bounds, Impossible
from knowledge import Knowledge
from sealed import SCHOOL, UNION, Groups, attacks, form_of


def _system(rows, size, headline):
    """The whole school's rows and union; `headline` is a range."""
    knowledge = Knowledge()
    union = knowledge.unknown(UNION, *headline)
    columns = {name: knowledge.unknown(name, *ends) for name, ends in rows.items()}
    knowledge.union(union, list(columns.values()))
    return Bounds(knowledge), {UNION: union, **columns}


def _fires(rows, size, headline):
    """Whether a gate that does what the policy says would hold this headline back."""
    bounds, columns = _system(rows, size, headline)
    for name, column in columns.items():
        shown = rows.get(name, headline)
        small = shown[0] < verdict.PROTECTED, size - shown[1] < verdict.PROTECTED
        if not any(small):
            continue
        try:
            least, most = bounds.exact_range(column)
        except Impossible:
            return False
        if small[0] and verdict.disclosed(0, size, least, most):
            return True
        if small[1] and verdict.disclosed(size, size, least, most):
            return True
    return False


def guessed(sealed, truth):
    """Protected cells of the whole school that such a reader wins; none if the headline stands."""
    shown = {table["id"]: table["rows"] for table in sealed["tables"]}
    if sealed["audience"] != "governors" or shown["T0"][0]["shown"] != "not_available":
        return []
    if all(row["shown"] == "not_available" for row in shown["T1"]):
        return []
    size = Groups(sealed["roll"]).size[SCHOOL]
    rows = {row["row"]: rules.meaning("governors", form_of(row), size) for row in shown["T1"]}
    firing = [ends for ends in rules.forms("governors", size).values() if _fires(rows, size, ends)]
    if not firing:
        return []
    headline = min(least for least, _ in firing), max(most for _, most in firing)
    bounds, columns = _system(rows, size, headline)
    cells = truth.cells(sealed["period"], list(rows))
    won = []
    for name, column in columns.items():
        value = min(cells[SCHOOL, name], size)
        if verdict.disclosed(value, size, *bounds.exact_range(column)):
            won.append((sealed["period"], name))
    return won


# ---- T2 and T3

TRIES = 8


def _released(sealed, rows, forms, of_rows):
    """What a reader would know with the breakdowns of some rows beside the headline and the rows."""
    kept = {place: form for place, form in forms.items() if place[0] == SCHOOL or place[1] in of_rows}
    released = reference.sealed("governors", sealed["period"], sealed["roll"], kept)
    ((knowledge, (period,)),) = attacks([released])
    return Bounds(knowledge, seed=1), period


def _faults(size, least, most):
    """What G3 forbids of a cell that may be small, or leave few outside."""
    found = verdict._won(size, least, most) if least < verdict.PROTECTED else []
    return found or (verdict._won(size, size - most, size - least) if size - most < verdict.PROTECTED else [])


def _culprits(bounds, period):
    """Cells for which a gate that does what the policy says would fire."""
    size_of = {column: period.groups.size[group] for (group, _), column in period.columns.items()}

    def safe(column):
        least, most = bounds.seen_least[column], bounds.seen_most[column]
        return least <= most and not _faults(size_of[column], least, most)

    wanted = [column for column, size in size_of.items() if size]
    left = bounds.gather(wanted, safe)
    return {column for column in left if _faults(size_of[column], *bounds.exact_range(column))}


def _fires_with(sealed, rows, forms, of_rows, places):
    """Whether the breakdowns of these rows make a gate fire for one of some cells."""
    bounds, period = _released(sealed, rows, forms, of_rows)
    for place in places:
        if _faults(period.groups.size[place[0]], *bounds.exact_range(period.columns[place])):
            return True
    return False


def _like(sealed, groups, place):
    """Cells that an exchange of rows with one form, or of year groups with one size, puts in the place of a cell."""
    group, row = place
    form = {one["row"]: form_of(one) for table in sealed["tables"] if table["id"] == "T1" for one in table["rows"]}
    rows = [other for other in form if row != UNION and form[other] == form[row]] or [row]
    parent = next((one for one, parts in groups.children.items() if group in parts), None)
    twins = [
        other
        for other in groups.children.get(parent, [])
        if groups.size[other] == groups.size[group] and not groups.children.get(other)
    ]
    return [(twin, other) for twin in (twins if group in twins else [group]) for other in rows]


def guessed_parts(sealed, truth):
    """Protected cells that a reader wins who guesses why T2 and T3 are missing; none (not an empty list) if no
    breakdown by the policy explains it, so that the gate fired for want of a proof."""
    shown = {table["id"]: table["rows"] for table in sealed["tables"]}
    rows = [row["row"] for row in shown["T1"]]
    groups, cells = Groups(sealed["roll"]), truth.cells(sealed["period"], rows)
    cells = {(group, row): min(value, groups.size[group]) for (group, row), value in cells.items()}
    forms = reference.governors(cells, sealed["roll"], rows=rows)
    of_rows = [UNION, *rows]
    bounds, period = _released(sealed, rows, forms, of_rows)
    named = {column: place for place, column in period.columns.items()}
    culprits = [named[column] for column in sorted(_culprits(bounds, period))]
    if not culprits:
        return None
    # As little as makes it fire; the reader need not believe in more.
    for row in list(of_rows):
        fewer = [other for other in of_rows if other != row]
        if _fires_with(sealed, rows, forms, fewer, culprits[:3]):
            of_rows = fewer
    bounds, period = _released(sealed, rows, forms, of_rows)
    won = []
    ranges = {}

    def values_of(place):
        if place not in ranges:
            least, most = bounds.exact_range(period.columns[place])
            ranges[place] = set(range(least, most + 1))
        return ranges[place]

    for place, value in cells.items():
        size = groups.size[place[0]]
        if value >= verdict.PROTECTED and size - value >= verdict.PROTECTED:
            continue
        values = set(values_of(place))
        for other in _like(sealed, groups, place) if _told(value, size, values) else []:
            values |= values_of(other)
        if _told(value, size, values):
            values |= _otherwise(sealed, rows, forms, of_rows, culprits, place)
        if _told(value, size, values):
            won.append((sealed["period"], *place))
    return won


def _told(value, size, values):
    """Whether somebody who knows that a cell has one of these values has won it."""
    few = len(values) < min(verdict.PROTECTED - 1, size + 1)
    return few or bool(verdict.disclosed(value, size, min(values), max(values)))


def _otherwise(sealed, rows, forms, of_rows, culprits, place):
    """Values of a cell in other worlds in which a gate fires: the course of its row is another one."""
    fewer = [row for row in of_rows if row != place[1]]
    bounds, period = _released(sealed, rows, forms, fewer)
    chance, found = random.Random(7), set()
    column = period.columns[place]
    for attempt in range(TRIES):
        weights = {one: chance.choice((-1, 0, 1)) for one in period.columns.values()}
        weights[column] = 50 if attempt % 2 else -50
        values = bounds.witness(weights)
        if values is None:
            continue
        world = {where: values[one] for where, one in period.columns.items()}
        other = {**forms, **reference.governors(world, sealed["roll"], rows=rows)}
        kept = {where: form for where, form in other.items() if where[1] in of_rows}
        same = {where: form for where, form in forms.items() if where[0] == SCHOOL}
        if any(other[where] != form for where, form in same.items()):
            continue
        fired, known = _released(sealed, rows, {**same, **kept}, of_rows)
        if _culprits(fired, known):
            least, most = fired.exact_range(known.columns[place])
            found |= set(range(least, most + 1))
    return found
