"""What somebody knows about whole numbers that were not told: ranges, sums, and "one of these holds".

An unknown is a number of pupils. A statement bounds a sum of unknowns. A choice says that at least one
of several ranges holds, without saying which: that is how a pattern of hidden figures reads to somebody
who knows the program ("not broken down" means that some part is small).
"""

INFINITY = float("inf")


class Knowledge:
    """A system of statements on whole numbers; `bounds.py` answers what follows from it."""

    def __init__(self):
        self.names = []
        self.lower = []
        self.upper = []
        self.statements = []
        self.choices = []

    def unknown(self, name, least=0, most=INFINITY):
        """Adds an unknown and returns its number."""
        self.names.append(name)
        self.lower.append(least)
        self.upper.append(most)
        return len(self.names) - 1

    def within(self, unknown, least=None, most=None):
        """Narrows one unknown. A statement that adds nothing changes nothing."""
        if least is not None:
            self.lower[unknown] = max(self.lower[unknown], least)
        if most is not None:
            self.upper[unknown] = min(self.upper[unknown], most)

    def state(self, terms, least=-INFINITY, most=INFINITY):
        """States `least <= sum(factor * unknown) <= most`; `terms` is a list of (unknown, factor)."""
        self.statements.append((terms, least, most))

    def total(self, whole, parts):
        """States that a whole is the sum of its parts."""
        self.state([(whole, 1)] + [(part, -1) for part in parts], 0, 0)

    def union(self, whole, members):
        """States what a union of sets of pupils can be: no smaller than any, no larger than all."""
        for member in members:
            self.state([(whole, 1), (member, -1)], 0)
        self.state([(whole, 1)] + [(member, -1) for member in members], most=0)

    def one_of(self, alternatives):
        """States that at least one range holds; `alternatives` is a list of (unknown, least, most)."""
        self.choices.append(alternatives)

    def tighten(self, passes=3):
        """Narrows the ranges by what each statement alone says, and drops alternatives that cannot hold.
        Nothing new is known afterwards, but much is quicker to find."""
        for _ in range(passes):
            for terms, least, most in self.statements:
                ends = [
                    (factor * self.lower[unknown], factor * self.upper[unknown])[:: 1 if factor > 0 else -1]
                    for unknown, factor in terms
                ]
                low, high = sum(low for low, _ in ends), sum(high for _, high in ends)
                for (unknown, factor), (own_low, own_high) in zip(terms, ends):
                    # What is left for this term when the others are as small, or as large, as can be.
                    top, bottom = most - (low - own_low), least - (high - own_high)
                    if factor < 0:
                        top, bottom = -bottom, -top
                    if abs(factor) == 1 and top < self.upper[unknown]:
                        self.upper[unknown] = top
                    if abs(factor) == 1 and bottom > self.lower[unknown]:
                        self.lower[unknown] = bottom
        self.choices = [
            [(unknown, least, most) for unknown, least, most in alternatives if self.overlaps(unknown, least, most)]
            for alternatives in self.choices
        ]

    def overlaps(self, unknown, least, most):
        """Whether a range shares a number with what is known of the unknown."""
        return least <= self.upper[unknown] and most >= self.lower[unknown]

    def agrees(self, values):
        """The statements that a full assignment of the unknowns does not meet, in words."""
        wrong = []
        for name, value, least, most in zip(self.names, values, self.lower, self.upper):
            if not least <= value <= most:
                wrong.append(f"{name} is {value}, not in {least}..{most}")
        for terms, least, most in self.statements:
            value = sum(factor * values[unknown] for unknown, factor in terms)
            if not least <= value <= most:
                said = " ".join(f"{factor:+d}*{self.names[unknown]}" for unknown, factor in terms)
                wrong.append(f"{said} is {value}, not in {least}..{most}")
        for alternatives in self.choices:
            if not self.allows(alternatives, values):
                wrong.append("none of " + ", ".join(self.names[unknown] for unknown, _, _ in alternatives))
        return wrong

    @staticmethod
    def allows(alternatives, values):
        """Whether an assignment meets a choice."""
        return any(least <= values[unknown] <= most for unknown, least, most in alternatives)
