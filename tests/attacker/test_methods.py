"""The attacker breaks what is broken: section 3 of the release policy, example by example, then by the dozen.

    python -m unittest test_methods        (in this folder)

Golden values are those of the policy's text, worked out there by hand.
"""

import unittest
from unittest import mock

import attack
import broken
import guess
import hostile
import numpy
import reference
import rules
import schools
import verdict
from bounds import Bounds, Impossible
from knowledge import Knowledge
from truth import Truth


def table(total=None, **parts):
    """A school's figure and its parts, each a number, a range, or nothing; `(knowledge, columns)`."""
    knowledge = Knowledge()
    columns = {}
    for name, value in {"school": total, **parts}.items():
        columns[name] = knowledge.unknown(name)
        if value is not None:
            least, most = value if isinstance(value, tuple) else (value, value)
            knowledge.within(columns[name], least, most)
    knowledge.total(columns["school"], [columns[name] for name in parts])
    return knowledge, columns


def known(knowledge, column):
    """The exact range, which the linear one must hold."""
    bounds = Bounds(knowledge)
    least, most = bounds.exact_range(column)
    outer_least, outer_most = bounds.linear_range(column)
    assert outer_least <= least <= most <= outer_most
    return least, most


class Examples(unittest.TestCase):
    """Section 3 and the worked examples, number by number."""

    def test_3_1_one_hidden_cell(self):
        knowledge, columns = table(38, y7=14, y8=(0, 9), y9=21)
        self.assertEqual(known(knowledge, columns["y8"]), (3, 3))

    def test_3_2_two_hidden_cells_with_a_small_sum(self):
        knowledge, columns = table(24, y7=(0, 9), y8=(0, 9), y9=21)
        for part in ("y7", "y8"):
            self.assertEqual(known(knowledge, columns[part]), (0, 3))
        self.assertEqual(verdict.disclosed(2, 60, 0, 3), ["below nine", "few values"])

    def test_3_3_the_second_hidden_cell_is_marked_differently(self):
        knowledge, columns = table(33, y7=(0, 9), y8=(10, 60), y9=21)
        self.assertEqual(known(knowledge, columns["y7"]), (0, 2))

    def test_3_4_a_rounded_total_of_rounded_cells(self):
        knowledge, columns = table((1, 7), **{f"cell{number}": (1, 7) for number in range(7)})
        self.assertEqual(known(knowledge, columns["cell3"]), (1, 1))
        knowledge, columns = table((1, 6), **{f"cell{number}": (1, 6) for number in range(6)})
        self.assertEqual(known(knowledge, columns["cell0"]), (1, 1))

    def test_3_5_noise_of_known_size(self):
        knowledge, columns = table((12, 16), y7=(0, 4), y8=(0, 4), y9=(0, 4))
        self.assertEqual(known(knowledge, columns["y7"])[0], 4)
        again = Knowledge()
        column = again.unknown("asked three times")
        for shown in (1, 7, 5):
            again.within(column, shown - 3, shown + 3)
        self.assertEqual(known(again, column), (4, 4))

    def test_3_6_percentages(self):
        self.assertEqual(rules.share("11.1", 27), (3, 3))
        # The base is not told, but one alone fits, up to 33.
        fitting = []
        for size in range(1, 34):
            found = [rules.share(words, size) for words in ("52.9", "29.4", "17.6")]
            if all(low == high for low, high in found) and sum(low for low, _ in found) == size:
                fitting.append((size, [low for low, _ in found]))
        self.assertEqual(fitting, [(17, [9, 5, 3])])

    def test_3_7_running_totals(self):
        knowledge, columns = table(13, until_friday=12, this_week=None)
        self.assertEqual(known(knowledge, columns["this_week"]), (1, 1))

    def test_3_8_nested_groups(self):
        knowledge, columns = table(24, without_looked_after=23, looked_after=None)
        self.assertEqual(known(knowledge, columns["looked_after"]), (1, 1))

    def test_3_9_two_audiences(self):
        # Governors: school 40, Year 9 21. Parents: Year 7 16. Neither set alone says anything of Year 8.
        governors, columns = table(40, y7=None, y8=None, y9=21)
        self.assertEqual(known(governors, columns["y8"]), (0, 19))
        together, columns = table(40, y7=16, y8=None, y9=21)
        self.assertEqual(known(together, columns["y8"]), (3, 3))

    def test_3_10_all_and_none(self):
        self.assertIn("outside pinned", verdict.disclosed(8, 8, 8, 8))
        self.assertIn("outside pinned", verdict.disclosed(29, 30, 29, 29))
        self.assertIn("pinned", verdict.disclosed(0, 30, 0, 0))
        # Two zeros remove two suspects.
        knowledge, columns = table((1, 9), y7=0, y8=0, y9=None)
        self.assertEqual(known(knowledge, columns["y9"]), (1, 9))
        self.assertEqual(verdict.disclosed(4, 30, 1, 9), ["known to exist"])

    def test_3_11_requests_bound_pupils(self):
        self.assertEqual(verdict.disclosed(3, 60, 0, 4), ["below nine", "few values"])
        self.assertEqual(rules.two_figures("about 1,200,000 requests"), (1_150_000, 1_250_000))

    def test_3_12_the_pattern_is_information(self):
        # Two parts, one marked as the cause: it is below fifteen, and the other is what is left of 35 to 39.
        knowledge, columns = table((35, 39), small=(0, 14), other=(0, 31))
        self.assertEqual(known(knowledge, columns["small"]), (4, 14))
        # Not said which: either may be the small one, or one of them leaves few of its 31 outside.
        knowledge, columns = table((35, 39), one=(0, 31), other=(0, 31))
        knowledge.one_of([(columns["one"], 0, 14), (columns["other"], 0, 14)])
        self.assertEqual(known(knowledge, columns["one"]), (4, 31))
        # What lies between is not possible: it would leave neither small.
        bounds = Bounds(knowledge)
        self.assertEqual([value for value in range(32) if not bounds.possible(columns["one"], value)],
                         [0, 1, 2, 3, *range(15, 21)])

    def test_7_2_one_part_hidden_alone(self):
        knowledge, columns = table((20, 24), ks1=None, ks2=(15, 19))
        self.assertEqual(known(knowledge, columns["ks1"]), (1, 9))

    def test_7_3_a_difference_of_bands_is_wider_than_a_band(self):
        knowledge, columns = table((30, 34), ks3=(15, 19), ks4=None)
        self.assertEqual(known(knowledge, columns["ks4"]), (11, 19))

    def test_g3_why_parts_have_fifteen(self):
        # Three parts of 10 to 14, a row of 35 to 39: the cell of one part in the row is in [7, 14].
        knowledge, columns = table((35, 39), one=(0, 14), two=(0, 14), three=(0, 14))
        self.assertEqual(known(knowledge, columns["one"]), (7, 14))
        self.assertEqual(verdict.disclosed(8, 60, 7, 14), ["few values"])

    def test_a_trusts_sum(self):
        # Three schools: fewer than 10, 10-14, 20-24. Of sealed bands: 30 to 47, and nothing is new.
        knowledge, columns = table((30, 47), ours=(0, 9), second=(10, 14), third=(20, 24))
        self.assertEqual(known(knowledge, columns["ours"]), (0, 9))
        # Of the records, in a band of its own: 45 to 49.
        knowledge, columns = table((45, 49), ours=(0, 9), second=(10, 14), third=(20, 24))
        self.assertEqual(known(knowledge, columns["ours"]), (7, 9))

    def test_who_guesses_why_the_headline_is_missing(self):
        """One hidden row beside one of 14: only headlines of 15 and more make the gate fire, so the row is not
        empty. The policy admits this; here it is shown that it is measured."""
        rows = [{"row": "one", "shown": "band", "from": 10, "to": 14}, {"row": "two", "shown": "fewer_than", "n": 10}]
        roll = [{"group": "Whole school", "pupils": 300, "counted": True}]
        tables = [{"id": "T0", "rows": [{"row": "any", "shown": "not_available"}]}, {"id": "T1", "rows": rows}]
        sealed = {"audience": "governors", "period": "x", "roll": roll, "tables": tables}

        class Known:
            @staticmethod
            def cells(period, rows):
                return {("school", "one"): 14, ("school", "two"): 5, ("school", "any"): 19}

        self.assertEqual(guess.guessed(sealed, Known), [("x", "two")])

    def test_who_guesses_why_the_breakdowns_are_missing(self):
        """With parts shown from 10 pupils on, three parts of 10-14 under 35-39 leave 7 to 14 in each for a row of
        35-39: a gate fires, and for no other parts, so the guess wins. By the policy no such part is shown, no
        breakdown explains the gate, and whoever knew all of it would win nothing."""
        row = {"shown": "band", "from": 35, "to": 39}
        roll = [{"group": name, "pupils": 100, "counted": True} for name in ("Year 2", "Year 6", "Year 7")]
        missing = [{"row": "any", "group": "KS1", "shown": "not_available"}]
        tables = [
            {"id": "T0", "rows": [{"row": "any", **row}]},
            {"id": "T1", "rows": [{"row": "one", **row}, {"row": "two", **row}]},
            {"id": "T2", "rows": missing},
            {"id": "T3", "rows": missing},
        ]
        sealed = {"audience": "governors", "period": "2025-autumn", "roll": roll, "tables": tables}

        class Known:
            @staticmethod
            def cells(period, rows):
                by_part = {"KS1": (12, 8, 12), "KS2": (14, 14, 13), "KS3": (13, 13, 13)}
                leaf = {"KS1": "Y2", "KS2": "Y6", "KS3": "Y7"}
                found = {("school", name): 39 - (name == "one") * 4 - (name == "two") for name in ("any", "one", "two")}
                for part, numbers in by_part.items():
                    for name, number in zip(("any", "one", "two"), numbers):
                        found[part, name] = found[leaf[part], name] = number
                return found

        with mock.patch.object(reference.Policy, "least_in", 10), mock.patch.object(rules, "LEAST_IN", 10):
            self.assertIn(("2025-autumn", "KS1", "one"), guess.guessed_parts(sealed, Known))
        self.assertIsNone(guess.guessed_parts(sealed, Known))

    def test_what_contradicts_itself_is_noticed(self):
        knowledge, columns = table(10, y7=8, y8=8)
        with self.assertRaises(Impossible):
            Bounds(knowledge).exact_range(columns["y7"])


def some(kinds, count, seed=5):
    """Schools of some hostile kinds."""
    made = []
    for number in range(count):
        kind = kinds[number % len(kinds)]
        years = hostile.KINDS[kind](numpy.random.default_rng([seed, number]))
        written = schools.school(f"made-{number}", kind, years)
        made.append(Truth(schools.json.dumps(written)))
    return made


def won_from(policy, truths, terms):
    """What the attacker wins of cells that the policy, with its switches, releases."""
    report = attack.Report()
    for number, truth in enumerate(truths):
        sets = [sealed for term in terms for sealed in reference.release(truth, term, policy)]
        attack.attack(sets, truth, report, seed=number)
    assert not report.wrong, report.wrong
    return report


class ByTheDozen(unittest.TestCase):
    """Each broken method on ordinary schools: the attacker wins something of every one."""

    @classmethod
    def setUpClass(cls):
        made = (schools.ordinary(numpy.random.default_rng([5, number]), f"made-{number}") for number in range(4))
        cls.ordinary = [Truth(schools.json.dumps(one)) for one in made]
        cls.mixed = cls.ordinary + some(["everything at an edge", "one year group alone"], 3)

    def test_every_broken_method_is_broken(self):
        for method in broken.METHODS:
            with self.subTest(method.__name__):
                cells, won, pinned = broken.tried(method, self.mixed, sample=3)
                print(f"{method.__name__}: {won} of {cells} cells won, {pinned} exactly", flush=True)
                self.assertGreater(cells, 0)
                self.assertGreater(won, 0)

    def test_the_policy_is_not(self):
        report = won_from(reference.Policy, self.ordinary[:3], ["2025-autumn", "2025-26"])
        self.assertEqual(report.won, [])
        self.assertGreater(report.counts["cells attacked"], 50)


class Switches(unittest.TestCase):
    """Each rule of the policy is needed: without it the attacker wins."""

    def assert_broken(self, policy, kinds, terms=("2025-autumn",), count=3):
        report = won_from(policy, some(kinds, count), terms)
        self.assertTrue(report.won, "the attacker won nothing")

    def test_a_part_hidden_alone(self):
        class Alone(reference.Policy):
            all_or_nothing = False

        self.assert_broken(Alone, ["edge of a part", "one year group alone", "everything at an edge"])

    def test_parts_of_nearly_everybody(self):
        class Outside(reference.Policy):
            least_out = 0

        self.assert_broken(Outside, ["edge of a part", "nearly all", "everything at an edge"])

    def test_no_gate(self):
        self.assert_broken(reference.Policy, ["rows apart"], count=8)
        self.assert_broken(reference.Policy, ["rows that cover"], terms=schools.periods_of("2025-26"), count=5)

    def test_a_year_beside_its_terms(self):
        """Terms and their year, of a school that may have only one of them: the year's is no more than its
        terms together, so nothing but their overlap is told; the attacker must not rule the truth out."""
        truths = some(["everything at an edge"], 1)
        report = attack.Report()
        for truth in truths:
            sets = []
            for period in schools.periods_of("2025-26") + ["2025-26"]:
                forms = reference.governors(truth.cells(period), truth.rolls[period])
                sets.append(reference.sealed("governors", period, truth.rolls[period], forms))
            attack.attack(sets, truth, report)
        self.assertEqual(report.wrong, [])


if __name__ == "__main__":
    unittest.main()
