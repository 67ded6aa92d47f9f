"""The release policy done again in Python, from its text: sealed sets from the truth, with switches.

Two uses. The product's figures are held against these, cell by cell. And with a switch set the policy is
broken on purpose, so that a test can show that the attacker would notice: an attack that wins nothing
against anything proves nothing. There is no gate here; that it is needed is one of the things shown.
"""

import rules
from schools import ROWS
from sealed import SCHOOL, UNION, Groups

FOR_PARENTS = {
    "Violence and weapons",
    "Misleading content",
    "AI tools and companions",
    "Getting round the filter",
    "Bullying",
    "Hacking, piracy, crime",
    "Gambling, scams, malware",
}


class Policy:
    """Switches; as they stand they are the policy's."""

    least_in = rules.LEAST_IN
    least_out = rules.LEAST_OUT
    least_roll = rules.LEAST_ROLL
    # Off: a part that is too small is hidden alone, and its siblings are shown.
    all_or_nothing = True
    # Off: the parents' figure is made from the number, not from the governors' band.
    cascade = True


def cell(form):
    """A form as it stands in a sealed row."""
    if form is None:
        return {"shown": "not_broken_down"}
    if form[0] == "band":
        return {"shown": "band", "from": form[1], "to": form[2]}
    return {"shown": form[0]}


def governors(cells, roll, policy=Policy, rows=ROWS):
    """Forms of T0 to T3: `{(group, row): form}`, none where a cell is not broken down; groups that can
    be no row are left out."""
    groups, found = Groups(roll), {}
    for row in [UNION, *rows]:
        found[SCHOOL, row] = rules.governors_form(cells[SCHOOL, row], groups.size[SCHOOL])
        _break_down(cells, groups, SCHOOL, row, policy, found)
    return found


def _break_down(cells, groups, group, row, policy, found):
    parts = groups.children.get(group) or []
    if any(groups.size[part] < policy.least_roll for part in parts):
        return

    def large(part):
        inside, size = cells[part, row], groups.size[part]
        return inside >= policy.least_in and size - inside >= policy.least_out

    shown = found[group, row] is not None and all(large(part) for part in parts)
    for part in parts:
        alone = not policy.all_or_nothing and found[group, row] is not None and large(part)
        form = rules.governors_form(cells[part, row], groups.size[part]) if shown or alone else None
        found[part, row] = form
        _break_down(cells, groups, part, row, policy, found)


def parents(forms, cells, roll, policy=Policy, rows=ROWS):
    """Forms of the parents' T0 and T1."""
    size = Groups(roll).size[SCHOOL]
    found = {}
    for row in [UNION, *(row for row in rows if row in FOR_PARENTS)]:
        if policy.cascade:
            found[SCHOOL, row] = rules.parents_form(forms[SCHOOL, row], size)
        else:
            pupils = cells[SCHOOL, row]
            # Bands of ten that begin at twenty-five, so that they end elsewhere.
            small, large = pupils < 25, size - pupils < 20
            low = 25 + (pupils - 25) // 10 * 10
            found[SCHOOL, row] = ("fewer_than",) if small else ("all_or_nearly",) if large else ("band", low, low + 9)
    return found


def sealed(audience, period, roll, forms):
    """Forms as a sealed set that `sealed.attacks` can read."""
    tables = {"T0": [], "T1": [], "T2": [], "T3": []}
    for (group, row), form in forms.items():
        table = {(True, True): "T0", (True, False): "T1", (False, True): "T2", (False, False): "T3"}
        tables[table[group == SCHOOL, row == UNION]].append({"row": row, "group": group, **cell(form)})
    return {
        "audience": audience,
        "period": period,
        "roll": roll,
        "tables": [{"id": name, "rows": rows} for name, rows in tables.items() if rows],
        "operational": [],
    }


def release(truth, period, policy=Policy):
    """Both sets of a period, as the policy has them but for its gate; fewer where the roll is small."""
    roll, size, cells = truth.rolls[period], truth.counted(period), truth.cells(period)
    yearly = "-" in period and not period.split("-")[1].isalpha()
    if size < 30 or yearly != (size < 150):
        return []
    forms = governors(cells, roll, policy)
    sets = [sealed("governors", period, roll, forms)]
    if size >= 200:
        sets.append(sealed("parents", period, roll, parents(forms, cells, roll, policy)))
    return sets
