"""What follows from a `Knowledge`, for certain: the least and the greatest whole number of an unknown.

HiGHS solves linear and integer programs. Three ways, from quick to slow:

- Witnesses: whole-numbered points that meet everything known. What a point shows is possible, for certain;
  a few dozen settle nearly all unknowns.
- Linear programs: bounds that hold for certain, perhaps wider than those in whole numbers.
- Integer programs with the choices as 0-1 unknowns: the exact ends.
"""

import random

import highspy

from knowledge import INFINITY

OPTIMAL = highspy.HighsModelStatus.kOptimal
CLOSE = 1e-6


class Impossible(Exception):
    """No whole numbers meet everything known: what was released contradicts itself or the rules."""


def _fresh(knowledge, most_by_default):
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    for least, most in zip(knowledge.lower, knowledge.upper):
        solver.addVar(least, most_by_default if most == INFINITY else most)
    for terms, least, most in knowledge.statements:
        columns = [unknown for unknown, _ in terms]
        factors = [float(factor) for _, factor in terms]
        solver.addRow(max(least, -highspy.kHighsInf), min(most, highspy.kHighsInf), len(columns), columns, factors)
    return solver


class Bounds:
    """Answers questions about one `Knowledge`; `largest` is more than any unknown can be."""

    def __init__(self, knowledge, largest=10_000, seed=0):
        knowledge.tighten()
        self.knowledge = knowledge
        self.largest = largest
        self.random = random.Random(seed)
        self.count = len(knowledge.names)
        self.linear = _fresh(knowledge, largest)
        self.whole = None
        self.programs = 0
        # The least and the greatest value that a witness has shown, and every value below ten.
        self.seen_least = [INFINITY] * self.count
        self.seen_most = [-INFINITY] * self.count

    # ---- witnesses

    def _branch(self):
        """Decides each choice at random (one alternative each), as ranges of the linear program. An
        alternative that holds anyway decides nothing."""
        ranges = {}
        for alternatives in self.knowledge.choices:
            if any(self._holds(*alternative) for alternative in alternatives):
                continue
            unknown, least, most = self.random.choice(alternatives)
            known = ranges.get(unknown, (self.knowledge.lower[unknown], self.knowledge.upper[unknown]))
            ranges[unknown] = (max(known[0], least), min(known[1], most))
        return ranges

    def _holds(self, unknown, least, most):
        return least <= self.knowledge.lower[unknown] and self.knowledge.upper[unknown] <= most

    def _set(self, ranges):
        for unknown, (least, most) in ranges.items():
            self.linear.changeColBounds(unknown, least, self.largest if most == INFINITY else most)

    def witness(self, costs):
        """A whole-numbered point that meets everything known and makes `costs` small; none if this
        try finds none. `costs` maps unknowns to factors."""
        ranges = self._branch()
        if any(least > most for least, most in ranges.values()):
            return None
        self._set(ranges)
        values = self._least(costs)
        self._set({unknown: (self.knowledge.lower[unknown], self.knowledge.upper[unknown]) for unknown in ranges})
        if values is None:
            return None
        rounded = [round(value) for value in values]
        if any(abs(value - near) > CLOSE for value, near in zip(values, rounded)):
            return None
        return self.remember(rounded)

    def remember(self, values):
        """Keeps a point as a witness, if it meets everything known."""
        if self.knowledge.agrees(values):
            return None
        for unknown, value in enumerate(values):
            if value < self.seen_least[unknown]:
                self.seen_least[unknown] = value
            if value > self.seen_most[unknown]:
                self.seen_most[unknown] = value
        return values

    def _least(self, costs):
        vector = [0.0] * self.count
        for unknown, factor in costs.items():
            vector[unknown] = float(factor)
        self.linear.changeColsCost(self.count, list(range(self.count)), vector)
        self.programs += 1
        self.linear.run()
        if self.linear.getModelStatus() != OPTIMAL:
            return None
        return self.linear.getSolution().col_value

    def gather(self, wanted, satisfied, tries=30):
        """Gathers witnesses until `satisfied(unknown)` holds of all `wanted`, or the tries are over.
        Returns those left."""
        left = [unknown for unknown in wanted if not satisfied(unknown)]
        for attempt in range(tries):
            if not left:
                break
            kind = attempt % 3
            if kind == 0:
                costs = {unknown: -1 for unknown in left}
            elif kind == 1:
                costs = {unknown: 1 for unknown in left}
            else:
                costs = {unknown: self.random.choice((-1, 1)) for unknown in left}
            # Different weights, so that the same corner is not found again.
            costs = {unknown: factor * self.random.choice((1, 2, 5, 9)) for unknown, factor in costs.items()}
            self.witness(costs)
            left = [unknown for unknown in left if not satisfied(unknown)]
        for _ in range(2):
            for unknown in left:
                for factor in (1, -1):
                    self.witness({unknown: factor})
            left = [unknown for unknown in left if not satisfied(unknown)]
        return left

    # ---- certainty

    def linear_range(self, unknown):
        """Bounds by linear programming, choices left out: they hold for certain, rounded inwards."""
        ends = []
        for factor in (1, -1):
            values = self._least({unknown: factor})
            if values is None:
                raise Impossible(self.knowledge.names[unknown])
            ends.append(values[unknown])
        return _up(ends[0]), _down(ends[1])

    def _integer_program(self):
        solver = _fresh(self.knowledge, self.largest)
        solver.setOptionValue("mip_rel_gap", 0.0)
        column = self.count
        for alternatives in self.knowledge.choices:
            switches = []
            for unknown, least, most in alternatives:
                switch = column
                column += 1
                solver.addVar(0.0, 1.0)
                switches.append(switch)
                known_least, known_most = self.knowledge.lower[unknown], self.knowledge.upper[unknown]
                known_most = self.largest if known_most == INFINITY else known_most
                # With the switch on, `least <= unknown <= most`; with it off, nothing new.
                if most < known_most:
                    solver.addRow(
                        -highspy.kHighsInf, known_most, 2, [unknown, switch], [1.0, float(known_most - most)]
                    )
                if least > known_least:
                    solver.addRow(
                        known_least, highspy.kHighsInf, 2, [unknown, switch], [1.0, float(known_least - least)]
                    )
            solver.addRow(1.0, highspy.kHighsInf, len(switches), switches, [1.0] * len(switches))
        kinds = [highspy.HighsVarType.kInteger] * column
        solver.changeColsIntegrality(column, list(range(column)), kinds)
        return solver, column

    def exact_range(self, unknown):
        """The least and the greatest whole number that the unknown can be."""
        if self.whole is None:
            self.whole, self.columns = self._integer_program()
        ends = []
        for factor in (1.0, -1.0):
            vector = [0.0] * self.columns
            vector[unknown] = factor
            self.whole.changeColsCost(self.columns, list(range(self.columns)), vector)
            self.programs += 1
            self.whole.run()
            if self.whole.getModelStatus() != OPTIMAL:
                raise Impossible(self.knowledge.names[unknown])
            values = self.whole.getSolution().col_value
            ends.append(round(values[unknown]))
            self.remember([round(value) for value in values[: self.count]])
        return ends[0], ends[1]

    def possible(self, unknown, value):
        """Whether the unknown can be exactly `value`."""
        if self.whole is None:
            self.whole, self.columns = self._integer_program()
        self.whole.changeColBounds(unknown, value, value)
        self.whole.changeColsCost(self.columns, list(range(self.columns)), [0.0] * self.columns)
        self.programs += 1
        self.whole.run()
        found = self.whole.getModelStatus() == OPTIMAL
        most = self.knowledge.upper[unknown]
        self.whole.changeColBounds(
            unknown, self.knowledge.lower[unknown], self.largest if most == INFINITY else most
        )
        return found


def _up(value):
    near = round(value)
    return near if abs(value - near) <= CLOSE or near > value else near + 1


def _down(value):
    near = round(value)
    return near if abs(value - near) <= CLOSE or near < value else near - 1
