"""Made-up schools, pupil by pupil: who met what in which term. The truth that nobody outside may learn.

A pupil of a term is a set of rows, written as a number with one bit for each of the twelve. Ordinary
schools are of the sizes that schools in England have; how often pupils stand in a row follows the worked
examples of the policy. Hostile schools are in `hostile.py`.

    python schools.py SEED COUNT OUT.jsonl

writes one school a line: `{"school", "kind", "years": [{"academic_year", "roll": [[name, number, pupils,
shared]], "periods": {period: {year group: [bits, ...]}}}]}`. Pupils in no row are left out.
"""

import json
import sys

import numpy

ROWS = [
    "Sexual content",
    "Self-harm, suicide, eating disorders",
    "Violence and weapons",
    "Hate and extremism",
    "Drugs, alcohol, tobacco",
    "Misleading content",
    "Contact risks",
    "AI tools and companions",
    "Getting round the filter",
    "Bullying",
    "Hacking, piracy, crime",
    "Gambling, scams, malware",
]
# Share of a school's pupils in a row in a term, as in the policy's worked examples of 410 and 1,030 pupils.
USUAL = numpy.array([0.055, 0.033, 0.035, 0.015, 0.025, 0.012, 0.025, 0.090, 0.045, 0.012, 0.030, 0.026])
YEARS = ["2025-26", "2026-27"]
NAMES = {-1: "Nursery", 0: "Reception", **{year: f"Year {year}" for year in range(1, 14)}}
# Most shares of a school are ordinary; the others each try one way to be found out.
ORDINARY_OF_TEN = 5


def periods_of(academic_year):
    """The three terms of an academic year."""
    first = int(academic_year[:4])
    return [f"{first}-autumn", f"{first + 1}-spring", f"{first + 1}-summer"]


def school(name, kind, years):
    """A school as it is written. `years` is a list of (roll, terms): `roll` maps year groups to
    (pupils, shared log-ins); `terms` is a list of three maps from year group to an array of bits."""
    written = {"school": name, "kind": kind, "years": []}
    for academic_year, (roll, terms) in zip(YEARS, years):
        periods = {}
        whole = {year: numpy.zeros(size, dtype=int) for year, (size, _) in roll.items()}
        for period, term in zip(periods_of(academic_year), terms):
            periods[period] = term
            for year, bits in term.items():
                # Who came during the year is one more than the roll has.
                longest = numpy.zeros(max(len(bits), len(whole[year])), dtype=int)
                longest[: len(whole[year])] |= whole[year]
                longest[: len(bits)] |= bits
                whole[year] = longest
        periods[academic_year] = whole
        written["years"].append(
            {
                "academic_year": academic_year,
                "roll": [[NAMES[year], year, size, shared] for year, (size, shared) in roll.items()],
                "periods": {
                    period: {str(year): [int(one) for one in bits if one] for year, bits in term.items()}
                    for period, term in periods.items()
                },
            }
        )
    return written


def phases(random):
    """Year groups and a size for each of an ordinary school."""
    kind = random.choice(["village", "one form", "two forms", "infant", "secondary", "secondary", "sixth form"])
    if kind == "village":
        return kind, {year: int(random.integers(3, 21)) for year in range(0, 7)}
    if kind == "one form":
        return kind, {year: int(random.integers(24, 31)) for year in range(0, 7)}
    if kind == "two forms":
        return kind, {year: int(random.integers(52, 61)) for year in range(0, 7)}
    if kind == "infant":
        return kind, {year: int(random.integers(55, 91)) for year in range(0, 3)}
    size = int(random.integers(100, 241))
    last = 12 if kind == "secondary" else 14
    return kind, {year: int(size * (1 if year < 12 else 0.6) + random.integers(-9, 10)) for year in range(7, last)}


def bits_of(stands):
    """A table of pupils by rows, true where a pupil stands in a row, as bits."""
    return (stands.astype(int) << numpy.arange(len(ROWS))).sum(axis=1)


def ordinary(random, name):
    """A school like others: few pupils make most of it, the same ones term after term."""
    kind, sizes = phases(random)
    shares = USUAL * random.lognormal(0, 0.4, len(ROWS))
    by_age = {year: 0.25 if year < 3 else (0.9 if year < 7 else 1.0) for year in range(-1, 14)}
    liking = {
        year: random.gamma(0.7, 1 / 0.7, (size, 1)) * random.gamma(1.0, 1.0, (size, len(ROWS)))
        for year, size in sizes.items()
    }
    years = []
    for number in range(2):
        roll = {year: (size, False) for year, size in sizes.items()}
        if kind in ("one form", "two forms") and random.random() < 0.4:
            roll.update({year: (roll[year][0], True) for year in (0, 1, 2)})
        terms = []
        for _ in range(3):
            likely = {year: numpy.clip(shares * by_age[year] * liking[year], 0, 0.95) for year in sizes}
            terms.append({year: bits_of(random.random(one.shape) < one) for year, one in likely.items()})
        years.append((roll, terms))
        if number == 0:
            # Everybody moves up; the first year is new, and a pupil or two come or go.
            moved = {}
            for year, size in sizes.items():
                rows = liking.get(year - 1)
                if rows is None:
                    rows = random.gamma(0.7, 1 / 0.7, (size, 1)) * random.gamma(1.0, 1.0, (size, len(ROWS)))
                change = int(random.integers(-2, 3))
                if change < 0 and len(rows) + change > 0:
                    rows = rows[:change]
                elif change > 0:
                    rows = numpy.vstack([rows, random.gamma(1.0, 1.0, (change, len(ROWS)))])
                moved[year] = rows
            liking = moved
            sizes = {year: len(rows) for year, rows in liking.items()}
    return school(name, kind, years)


def generate(seed, count):
    """`count` schools; each depends on the seed and its own number only."""
    import hostile

    kinds = list(hostile.KINDS)
    for number in range(count):
        random = numpy.random.default_rng([seed, number])
        name = f"school-{number:04d}"
        if number % 10 < ORDINARY_OF_TEN:
            yield ordinary(random, name)
        else:
            # In turn, so that a few dozen schools have met every kind.
            turn = number // 10 * (10 - ORDINARY_OF_TEN) + number % 10 - ORDINARY_OF_TEN
            kind = kinds[turn % len(kinds)]
            yield school(name, kind, hostile.KINDS[kind](random))


def main():
    seed, count, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    with open(path, "w", encoding="utf-8") as file:
        for one in generate(seed, count):
            file.write(json.dumps(one, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
