"""Schools that a careful attacker would hope for. Each kind is a function of random numbers to two years.

`KINDS` maps a kind's name to a function that returns what `schools.school` takes: for each of two academic
years a roll and three terms of pupils' bits.
"""

import numpy

R = 12
PRIMARY, SECONDARY = range(0, 7), range(7, 12)


def plain(sizes, shared=()):
    """A roll, with the year groups that share log-ins."""
    return {year: (int(size), year in shared) for year, size in sizes.items()}


def empty(sizes):
    """A term in which nobody met anything."""
    return {year: numpy.zeros(int(size), dtype=int) for year, size in sizes.items()}


def noise(random, sizes, share):
    """A term in which each pupil stands in each row with one chance."""
    return {
        year: ((random.random((int(size), R)) < share).astype(int) << numpy.arange(R)).sum(axis=1)
        for year, size in sizes.items()
    }


def put(term, year, row, count, first=0):
    """Puts `count` pupils of a year group into a row, from the `first` on, wrapping round."""
    bits = term[year]
    for number in range(int(count)):
        if len(bits):
            bits[(first + number) % len(bits)] |= 1 << row


def spread(random, sizes, count):
    """Which year group each of `count` pupils is of, by their sizes, none more than it has."""
    pupils = [year for year, size in sizes.items() for _ in range(int(size))]
    chosen = random.permutation(len(pupils))[: min(int(count), len(pupils))]
    return [pupils[number] for number in chosen]


def put_anywhere(random, term, row, count):
    """Puts `count` pupils of the school into a row."""
    sizes = {year: len(bits) for year, bits in term.items()}
    taken = dict.fromkeys(sizes, 0)
    start = {year: int(random.integers(0, max(1, size))) for year, size in sizes.items()}
    for year in spread(random, sizes, count):
        put(term, year, row, 1, start[year] + taken[year])
        taken[year] += 1


def apart(random, term, counts):
    """Rows that share nobody: `counts[row]` pupils each, as long as there are pupils."""
    free = [(year, number) for year, bits in term.items() for number in range(len(bits))]
    order = iter(random.permutation(len(free)))
    for row, count in enumerate(counts):
        for _ in range(int(count)):
            place = next(order, None)
            if place is None:
                return
            year, number = free[place]
            term[year][number] |= 1 << row


def sizes_of(random, small=24, large=210):
    """Year groups of a primary or a secondary school."""
    years = PRIMARY if random.random() < 0.5 else SECONDARY
    size = int(random.integers(small, large))
    return {year: max(1, size + int(random.integers(-3, 4))) for year in years}


def same_twice(roll, terms):
    """Both years with the same roll; six terms split in two."""
    return [(roll, terms[:3]), (roll, terms[3:])]


def one_pupil_with_everything(random):
    """One pupil stands in every row in every term, and hardly anybody else in any."""
    sizes = sizes_of(random)
    year = random.choice(list(sizes))
    terms = []
    for _ in range(6):
        term = noise(random, sizes, random.choice([0, 0.002]))
        term[year][0] = (1 << R) - 1
        terms.append(term)
    return same_twice(plain(sizes), terms)


def a_class_that_all_met_a_site(random):
    """Every pupil of one class, or of one year group, in one row; nobody else."""
    sizes = sizes_of(random)
    year, row = random.choice(list(sizes)), int(random.integers(0, R))
    size = int(random.choice([8, 14, 15, 30, sizes[year] - 1, sizes[year]]))
    terms = []
    for number in range(6):
        term = noise(random, sizes, 0.01 if number % 2 else 0.0)
        put(term, year, row, size)
        terms.append(term)
    return same_twice(plain(sizes), terms)


def one_joiner(random):
    """Nothing changes but one pupil, who comes (or goes) between terms or between years."""
    sizes = sizes_of(random)
    row, year = int(random.integers(0, R)), random.choice(list(sizes))
    base = noise(random, sizes, 0.03)
    for target in range(R):
        put(base, year, target, random.choice([0, 9, 14]))
    more = dict(sizes)
    more[year] += 1
    after = {one: bits.copy() for one, bits in base.items()}
    after[year] = numpy.append(after[year], (1 << R) - 1 if random.random() < 0.5 else 1 << row)
    if random.random() < 0.5:
        return [(plain(sizes), [base] * 3), (plain(more), [after] * 3)]
    # In spring: one more pupil than the October roll has.
    return [(plain(sizes), [base, after, after]), (plain(more), [after, base_with(base, after), after])]


def base_with(base, after):
    """The term before, with the joiner there and in no row."""
    return {year: numpy.pad(bits, (0, len(after[year]) - len(bits))) for year, bits in base.items()}


def nine_ten_nine(random):
    """Values that cross every threshold by one, to and fro, in the school, in parts and outside them."""
    sizes = sizes_of(random, 40, 200)
    total = sum(sizes.values())
    edges = [9, 14, 19, total - 10, total - 20, total - 15, 9, 99, 14, 29, 4, 0]
    terms = []
    for number in range(6):
        term = empty(sizes)
        for row, edge in enumerate(edges):
            put_anywhere(random, term, row, max(0, edge + number % 2))
        terms.append(term)
    return same_twice(plain(sizes), terms)


def edge_of_a_roll(random):
    """Counted rolls at the edge of each rule, crossing it between the two years."""
    low = int(random.choice([29, 149, 199]))
    years = []
    for total in random.permutation([low, low + 1]):
        sizes = {year: int(total) // 7 for year in PRIMARY}
        sizes[6] += int(total) - sum(sizes.values())
        terms = []
        for _ in range(3):
            term = noise(random, sizes, 0.04)
            for row in range(R):
                put_anywhere(random, term, row, random.choice([0, 1, 9, 10, 11, 14, 15, 19, 20]))
            terms.append(term)
        years.append((plain(sizes), terms))
    return years


def edge_of_a_part(random):
    """Parts of 29, 30, 31 pupils by the roll with 14, 15, 16 or 30 in a row, or 9, 10, 11 outside."""
    years = PRIMARY if random.random() < 0.5 else SECONDARY
    sizes = {year: int(random.choice([29, 30, 30, 30, 31, 45])) for year in years}
    terms = []
    for _ in range(6):
        term = empty(sizes)
        for row in range(R):
            of_row = random.choice(["in", "out", "mixed"])
            for year, size in sizes.items():
                inside = random.choice([14, 15, 15, 15, 16])
                outside = size - random.choice([9, 10, 10, 11])
                count = {"in": inside, "out": outside}.get(of_row, random.choice([inside, outside, 0, 30]))
                put(term, year, row, min(max(0, count), size), int(random.integers(0, size)))
        terms.append(term)
    return same_twice(plain(sizes), terms)


def a_village_of_forty(random):
    """Some forty pupils in seven year groups, most of them in some row."""
    total = int(random.integers(30, 61))
    sizes = {year: total // 7 + (1 if year < total % 7 else 0) for year in PRIMARY}
    terms = []
    for _ in range(6):
        term = noise(random, sizes, random.choice([0.0, 0.05, 0.3]))
        put_anywhere(random, term, int(random.integers(0, R)), random.choice([1, 10, total - 10, total - 1, total]))
        terms.append(term)
    return same_twice(plain(sizes), terms)


def shared_log_ins(random):
    """The youngest share log-ins; what is left is at the edge of a rule, and the youngest did it all."""
    left = int(random.choice([30, 60, 149, 150, 200, 210]))
    sizes = {year: 30 for year in (0, 1, 2)} | {year: left // 4 for year in (3, 4, 5, 6)}
    sizes[6] += left - sum(size for year, size in sizes.items() if year > 2)
    terms = []
    for _ in range(6):
        term = noise(random, sizes, 0.06)
        for year in (0, 1, 2):
            put(term, year, int(random.integers(0, R)), 30)
        terms.append(term)
    return same_twice(plain(sizes, shared=(0, 1, 2)), terms)


def rows_apart(random):
    """No pupil in two rows, every row at the upper end of its band: the headline gives most away."""
    sizes = sizes_of(random, 40, 220)
    terms = []
    for _ in range(6):
        term = empty(sizes)
        hidden = int(random.integers(0, 4))
        tops = random.choice([14, 14, 14, 19, 24], R)
        tops[:hidden] = random.choice([0, 1, 5, 9], hidden)
        apart(random, term, random.permutation(tops))
        terms.append(term)
    return same_twice(plain(sizes), terms)


def rows_that_cover(random):
    """Rows that share nobody and together leave out one pupil, or a few, or none."""
    sizes = sizes_of(random, 24, 60)
    total = sum(sizes.values())
    terms = []
    for _ in range(6):
        term = empty(sizes)
        inside = total - int(random.choice([0, 1, 5, 9, 10]))
        counts = [14] * (R - 1)
        counts.append(max(0, inside - sum(counts)))
        apart(random, term, counts)
        terms.append(term)
    return same_twice(plain(sizes), terms)


def nearly_all(random):
    """Everybody but one, or nine, or ten, in a row; another row is its rest."""
    sizes = sizes_of(random)
    total = sum(sizes.values())
    terms = []
    for _ in range(6):
        term = empty(sizes)
        for row in range(R):
            out = int(random.choice([0, 1, 9, 10, 19, 20]))
            put_anywhere(random, term, row, total - out if random.random() < 0.6 else out)
        terms.append(term)
    return same_twice(plain(sizes), terms)


def one_year_group_alone(random):
    """All that happened, happened in one year group; the parts beside it are empty or at 15."""
    sizes = sizes_of(random, 30, 120)
    terms = []
    for _ in range(6):
        term = empty(sizes)
        year = random.choice(list(sizes))
        for row in range(R):
            put(term, year, row, random.integers(0, sizes[year] + 1), int(random.integers(0, sizes[year])))
            if row % 2:
                for other in sizes:
                    put(term, other, row, 15, row)
        terms.append(term)
    return same_twice(plain(sizes), terms)


def everything_at_an_edge(random):
    """Each year group and row at a random edge of some rule, with random overlap."""
    sizes = sizes_of(random, 10, 130)
    terms = []
    for _ in range(6):
        term = empty(sizes)
        for year, size in sizes.items():
            for row in range(R):
                edges = [0, 0, 1, 9, 10, 14, 15, 19, size - 10, size - 9, size - 1, size]
                count = min(max(0, int(random.choice(edges))), size)
                put(term, year, row, count, int(random.choice([0, random.integers(0, size)])))
        terms.append(term)
    return same_twice(plain(sizes), terms)


def nobody(random):
    """Six terms in which nothing happened, but for one pupil in one of them."""
    sizes = sizes_of(random)
    terms = [empty(sizes) for _ in range(6)]
    put(terms[int(random.integers(0, 6))], random.choice(list(sizes)), int(random.integers(0, R)), 1)
    return same_twice(plain(sizes), terms)


KINDS = {
    function.__name__.replace("_", " "): function
    for function in [
        one_pupil_with_everything,
        a_class_that_all_met_a_site,
        one_joiner,
        nine_ten_nine,
        edge_of_a_roll,
        edge_of_a_part,
        a_village_of_forty,
        shared_log_ins,
        rows_apart,
        rows_that_cover,
        nearly_all,
        one_year_group_alone,
        everything_at_an_edge,
        nobody,
    ]
}
