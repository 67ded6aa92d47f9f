"""The release policy as an outsider reads it, written down again: what a form says about a number.

Nothing here is taken from the program. An attacker who knows the rules turns them round: of all numbers,
which would have been shown like this?
"""

import functools
import re

THRESHOLD = {"governors": 10, "parents": 20}
WIDTH = {"governors": 5, "parents": 10}
# A breakdown: every part of so many pupils by the roll, so many in it, so many outside.
LEAST_ROLL, LEAST_IN, LEAST_OUT = 30, 15, 10

FEW, ALL = "fewer_than", "all_or_nearly"


def governors_form(pupils, size):
    """Rule 10 with correction B: `("band", from, to)`, `(FEW,)` or `(ALL,)`."""
    if pupils < 10:
        return (FEW,)
    if size - pupils < 10:
        return (ALL,)
    edges = list(range(10, size - 10 + 1, 5))
    bands = [[low, min(low + 4, size - 10)] for low in edges]
    # A last band that is cut narrower than five joins the one below.
    if len(bands) > 1 and bands[-1][1] - bands[-1][0] < 4:
        top = bands.pop()
        bands[-1][1] = top[1]
    for low, high in bands:
        if low <= pupils <= high:
            return ("band", low, high)
    raise AssertionError(f"{pupils} of {size} is in no band")


def ends(form, size):
    """Least and greatest number behind a governors' form."""
    if form[0] == "band":
        return form[1], form[2]
    return (0, 9) if form[0] == FEW else (size - 9, size)


def parents_form(form, size):
    """Correction C: the parents' form of a governors' form."""
    low, high = ends(form, size)
    if high > size - 20:
        return (ALL,)
    if low < 20:
        return (FEW,)
    return ("band", low // 10 * 10, low // 10 * 10 + 9)


@functools.lru_cache(maxsize=None)
def forms(audience, size):
    """Every form of an audience, with the numbers that are shown so, as `form: (least, most)`."""
    found = {}
    for pupils in range(size + 1):
        form = governors_form(pupils, size)
        if audience == "parents":
            form = parents_form(form, size)
        least, _ = found.get(form, (pupils, pupils))
        found[form] = (least, pupils)
    return found


def meaning(audience, form, size):
    """The numbers that a form stands for. A form that the rules never give is taken by its words."""
    known = forms(audience, size).get(form)
    if known is not None:
        return known
    if form[0] == "band":
        return form[1], form[2]
    threshold = THRESHOLD[audience]
    return (0, threshold - 1) if form[0] == FEW else (max(0, size - threshold + 1), size)


HUNDRED = re.compile(r"^(?:about )?(\d+(?:\.\d+)?)(?: to (\d+(?:\.\d+)?))? in every 100 pupils$")


def hundreds(words, size):
    """The numbers that a rate in words allows, whatever it was computed from (rule 13)."""
    found = HUNDRED.match(words)
    if not found:
        raise ValueError(f"a rate in words that is not known: {words!r}")
    low, high = found.group(1), found.group(2) or found.group(1)
    return share(low, size)[0], share(high, size)[1]


def share(words, size):
    """The whole numbers of `size` whose per cent rounds to `words` (halves either way)."""
    places = len(words.partition(".")[2])
    slack = 0.5 / 10**places + 1e-9
    value = float(words)
    fitting = [pupils for pupils in range(size + 1) if abs(100 * pupils / size - value) <= slack]
    if not fitting:
        return 0, size
    return fitting[0], fitting[-1]


def two_figures(words):
    """Least and greatest number of requests behind "about 1,200,000 requests" (rule 6)."""
    shown = int(re.sub(r"[^0-9]", "", words))
    step = 10 ** max(0, len(str(shown)) - 2)
    return shown - step // 2, shown + step // 2


KEY_STAGES = [
    ("Reception to Year 2", ["Nursery", "Reception", "Year 1", "Year 2"]),
    ("Key stage 2", ["Year 3", "Year 4", "Year 5", "Year 6"]),
    ("Key stage 3", ["Year 7", "Year 8", "Year 9"]),
    ("Key stage 4", ["Year 10", "Year 11"]),
    ("Sixth form", ["Year 12", "Year 13"]),
]
