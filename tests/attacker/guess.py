"""The residual that the policy admits: a reader who guesses that the gate held the headline back.

Where the rows are shown and the headline is "not available", a reader of the code can ask which headlines
would have made the gate fire, and take it that the true one is among them. Section 6 of the policy leaves
this uncovered ("if it fires, a reader who guesses why learns that some hidden category is not empty"). Here
it is measured: counted apart, never as disclosed.
"""

import rules
import verdict
from bounds import Bounds, Impossible
from knowledge import Knowledge
from sealed import SCHOOL, UNION, Groups, form_of


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
