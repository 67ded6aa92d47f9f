"""Ways to publish that look safe and are not, each done to the same schools (release policy, sections 3 and 4).

A method takes one school's truth in one term and says what it publishes, as statements of a `Knowledge`
over the school's cells. `METHODS` lists them. What the attacker then wins is counted by `tried`.
"""

import random

import rules
import verdict
from bounds import Bounds
from knowledge import Knowledge
from schools import ROWS
from sealed import SCHOOL, UNION, Period


class Published:
    """The cells of one school and term: the school and its year groups, by row. What is said of a cell
    narrows it."""

    def __init__(self, truth, term, link=True):
        self.truth, self.term, self.link = truth, term, link
        self.knowledge = Knowledge()
        self.period = Period(term, truth.rolls[term], self.knowledge)
        self.period.define(ROWS)
        self.cells = truth.cells(term)
        self.size = self.period.groups.size
        self.parts = self.period.groups.leaves
        self.targets = {
            column: (self.cells[place], self.size[place[0]])
            for place, column in self.period.columns.items()
            if place[0] == SCHOOL or place[0] in self.parts
        }

    def say(self, group, row, least, most):
        """Publishes that a cell lies between two numbers."""
        self.knowledge.within(self.period.unknown(group, row), least, most)

    def everywhere(self, form):
        """Publishes every cell of the school and its year groups by one rule from numbers to ranges."""
        for row in self.period.rows:
            for group in [SCHOOL, *self.parts]:
                self.say(group, row, *form(self.cells[group, row], self.size[group]))


def hide_one_to_nine(published):
    """Naive suppression: 1 to 9 are hidden, all else is exact, zero included (3.1, 3.2, 3.10)."""
    published.everywhere(lambda pupils, size: (1, 9) if 1 <= pupils <= 9 else (pupils, pupils))


def hide_zero_to_nine(published):
    """Naive suppression with zero hidden too (3.1, 3.2)."""
    published.everywhere(lambda pupils, size: (0, 9) if pupils <= 9 else (pupils, pupils))


def complementary_marked(published):
    """A second figure is hidden where one alone would follow from the total, and marked as such (3.3)."""
    hide_zero_to_nine(published)
    knowledge, period = published.knowledge, published.period
    for row in period.rows:
        hidden = [part for part in published.parts if published.cells[part, row] <= 9]
        if len(hidden) == 1:
            others = sorted((published.cells[part, row], part) for part in published.parts if part not in hidden)
            if others:
                # "Hidden to protect another": at least ten, for it is not marked as small.
                column = period.unknown(others[0][1], row)
                knowledge.lower[column], knowledge.upper[column] = 10, published.size[others[0][1]]


def rounded_to_five(published):
    """1 to 7 are redacted, the others rounded to the nearest five, each cell and total by itself (3.4)."""
    def form(pupils, size):
        if pupils == 0:
            return 0, 0
        shown = (pupils + 2) // 5 * 5
        return (1, 7) if pupils <= 7 else (max(8, shown - 2), shown + 2)

    published.everywhere(form)


def midpoint_of_six(published):
    """1 to 6 are shown as 3, 7 to 12 as 9 and so on; zero stays zero (3.4)."""
    published.everywhere(
        lambda pupils, size: (0, 0) if pupils == 0 else ((pupils - 1) // 6 * 6 + 1, (pupils - 1) // 6 * 6 + 6)
    )


def unrounded_totals(published):
    """Year groups are hidden below ten; the school's total is exact, for it is large (3.1)."""
    for row in published.period.rows:
        total = published.cells[SCHOOL, row]
        published.say(SCHOOL, row, total, total)
        for part in published.parts:
            pupils = published.cells[part, row]
            published.say(part, row, *((0, 9) if pupils < 10 else (pupils // 5 * 5, pupils // 5 * 5 + 4)))


def percentages_with_decimals(published):
    """No number at all: per cent of each group with one decimal place (3.6)."""
    for row in published.period.rows:
        for group in [SCHOOL, *published.parts]:
            size = published.size[group]
            words = f"{100 * published.cells[group, row] / size:.1f}"
            published.say(group, row, *rules.share(words, size))


def fresh_noise(published):
    """Noise of at most three, drawn again for each of six who ask (3.5)."""
    draw = random.Random(published.truth.school)
    for _ in range(6):
        for row in published.period.rows:
            for group in [SCHOOL, *published.parts]:
                shown = published.cells[group, row] + draw.randint(-3, 3)
                published.say(group, row, shown - 3, shown + 3)


def all_and_none(published):
    """Only 1 to 9 is thought to be about somebody: nothing and everybody are told as they are (3.10)."""
    def form(pupils, size):
        told = pupils in (0, size)
        return (pupils, pupils) if told else (0, size)

    published.everywhere(form)


def _other_cells(published, values):
    """Makes cells of their own the targets: `values` is a list of (column, truth, public size)."""
    published.targets = {column: (value, size) for column, value, size in values}


def running_totals(published):
    """"So far this year", exact from ten on: autumn, then autumn and spring (3.7)."""
    truth, found = published.truth, []
    year = published.term.split("-")[0]
    terms = [f"{year}-autumn", f"{int(year) + 1}-spring"]
    numbers = truth.cells(terms[0])
    new = both(truth, terms)
    for row in ROWS:
        before, after = numbers[SCHOOL, row], new[row]
        if before >= 10:
            size = published.size[SCHOOL]
            earlier = published.knowledge.unknown(f"{row} until then", before, before)
            newly = published.knowledge.unknown(f"{row} newly", 0, size)
            published.knowledge.state([(earlier, 1), (newly, 1)], after, after)
            found.append((newly, after - before, size))
    _other_cells(published, found)


def both(truth, terms):
    """Distinct pupils by row in two terms of which the second comes on top of the first. The written truth
    keeps pupils of a term apart from those of another, so the whole year stands for the two."""
    year = f"{terms[0][:4]}-{(int(terms[0][:4]) + 1) % 100:02d}"
    cells = truth.cells(year)
    return {row: cells[SCHOOL, row] for row in ROWS}


def nested_groups(published):
    """"All" and "all but one group", each exact from ten on (3.8). The group here is the smallest year
    group; a pupil who left or a child in care does the same."""
    smallest = min(published.parts, key=lambda part: published.size[part])
    found = []
    for row in published.period.rows:
        everybody, inside = published.cells[SCHOOL, row], published.cells[smallest, row]
        if everybody - inside >= 10:
            columns = [published.period.unknown(part, row) for part in published.parts if part != smallest]
            published.say(SCHOOL, row, everybody, everybody)
            published.knowledge.state([(column, 1) for column in columns], everybody - inside, everybody - inside)
            found.append((published.period.unknown(smallest, row), inside, published.size[smallest]))
    _other_cells(published, found)


def two_audiences(published):
    """Governors get the school's figures, parents some year groups, each made from the records and each
    without a figure below ten (3.9)."""
    for row in published.period.rows:
        total = published.cells[SCHOOL, row]
        if total >= 10:
            published.say(SCHOOL, row, total, total)
        small = min(published.parts, key=lambda part: published.cells[part, row])
        for part in published.parts:
            pupils = published.cells[part, row]
            if part != small and pupils >= 10:
                published.say(part, row, pupils, pupils)


def counted_requests(published):
    """Requests of each row beside the hidden number of pupils (3.11): every second pupil made one."""
    for row in published.period.rows:
        for group in [SCHOOL, *published.parts]:
            pupils = published.cells[group, row]
            # Nobody without a request, and no more pupils than requests.
            published.say(group, row, min(1, pupils), max(pupils, pupils * 3 // 2))


METHODS = [
    hide_one_to_nine,
    hide_zero_to_nine,
    complementary_marked,
    rounded_to_five,
    midpoint_of_six,
    unrounded_totals,
    percentages_with_decimals,
    fresh_noise,
    all_and_none,
    running_totals,
    nested_groups,
    two_audiences,
    counted_requests,
]


def tried(method, truths, term="2025-autumn", sample=10):
    """Attacks a sample of the protected cells of each school: `(cells, disclosed, pinned)`."""
    cells = won = pinned = 0
    for number, truth in enumerate(truths):
        published = Published(truth, term)
        method(published)
        protected = sorted(
            column
            for column, (value, size) in published.targets.items()
            if value < verdict.PROTECTED or size - value < verdict.PROTECTED
        )
        chosen = random.Random(number).sample(protected, min(sample, len(protected)))
        bounds = Bounds(published.knowledge, seed=number)
        for column in chosen:
            value, size = published.targets[column]
            least, most = bounds.exact_range(column)
            assert least <= value <= most, f"{method.__name__}: the attacker rules the truth out"
            words = verdict.disclosed(value, size, least, most)
            cells, won, pinned = cells + 1, won + bool(words), pinned + (least == most)
    return cells, won, pinned
