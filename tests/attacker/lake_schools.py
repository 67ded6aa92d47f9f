"""Made-up schools as logs: taken in, counted from the lake, sealed by the program, and attacked.

    python lake_schools.py PROGRAM FOLDER COUNT

The thousand schools of `attack.py` begin with counts. Here the same generators say which pupil met what, that is
written as nightly logs with all that makes counting hard, and the program does everything from keys to sealed
sets. The truth is kept by the generator, pupil by pupil, and never by the program. Each school has

- pupils who are in no roster, and one who is in it from spring on (a joiner);
- pupils with two accounts, accounts in capital letters and with a domain before them;
- staff, guests and a shared device in the same logs, meeting the same sites;
- in primary schools, year groups that share log-ins;
- visits that are no matter of concern: an allowed page of a mild category;
- one pupil marked live, a theme marked live for some days, a site marked live: out of everything.

Every figure must be the policy's over the truth, and the attacker must win nothing. Ends with 1 otherwise.
"""

import datetime
import json
import pathlib
import random
import subprocess
import sys

sys.dont_write_bytecode = True

import attack
import reference
import schools
import truth as truths

YEAR = "2025-26"
TERMS = {
    "2025-autumn": ["2025-10-06", "2025-10-07", "2025-11-03", "2025-11-04"],
    "2026-spring": ["2026-01-12", "2026-01-13", "2026-03-02", "2026-03-03"],
    "2026-summer": ["2026-04-20", "2026-04-21", "2026-06-08", "2026-06-09"],
}
HALVES = ["A1", "A2", "Sp1", "Sp2", "Su1", "Su2"]
# One category for each row, in the order of `schools.ROWS`, and a site for it that the school lists itself.
CODES = [
    "PORN", "SELFHARM", "VIOLENCE", "HATE", "DRUGS", "MISINFO", "DATING", "GENAI", "BYPASS", "BULLY", "PIRACY", "GAMBLE",
]
SITES = [f"{word}-pages.org" for word in "amber birch cedar daisy elder flint grape hazel ivory jasper karst linden".split()]
DIFFICULTIES = ["in no roster", "came later", "two accounts", "marked person", "marked theme", "marked site", "mild pages"]
# An allowed visit to a page of these is a matter of concern too, by its severity.
GRAVE = {0, 1, 2, 3, 4, 8, 9}
HARM, MILD, EDGE = 1, 6, 8
MARKED_SITE = SITES[10]
PASSPHRASE = "a passphrase of this test alone"


class Pupil:
    """One person of the school, with every account."""

    def __init__(self, number, year, accounts):
        self.number, self.year, self.accounts = number, year, accounts
        # First term in which the roster has the pupil; none if it never does.
        self.known_from = "2025-autumn"


class LakeSchool:
    """One made-up school: what happened in it, its logs, its truth."""

    def __init__(self, number, written):
        self.random = random.Random(number)
        self.name, self.kind = f"lake-{number}", written["kind"]
        year = written["years"][0]
        self.roll = year["roll"]
        self.shared = {group for _, group, _, shared in self.roll if shared}
        self.pupils = []
        for _, group, size, _ in self.roll:
            for _ in range(size):
                self.pupils.append(Pupil(len(self.pupils), group, [self.account(len(self.pupils))]))
        self.complicate()
        self.visits = []
        for term in TERMS:
            self.visits += self.happened(term, year["periods"][term])
            if self.counted() >= 150:
                self.to_an_edge(term)
        if self.counted() < 150:
            self.to_an_edge(YEAR)

    def account(self, number):
        return "pupil" + "".join("abcdefghij"[int(digit)] for digit in f"{number:04d}")

    def complicate(self):
        """Pupils in no roster, a joiner, second accounts, and the one who is marked live."""
        counted = [pupil for pupil in self.pupils if pupil.year not in self.shared]
        order = self.random.sample(counted, len(counted))
        few = max(1, len(order) // 40)
        for pupil in order[:few]:
            pupil.known_from = None
        self.joiner, self.live = order[few], order[few + 1]
        self.joiner.known_from = "2026-spring"
        for pupil in order[few + 2 : few + 2 + len(order) // 3]:
            pupil.accounts.append("tablet" + self.account(pupil.number)[5:])

    def happened(self, term, by_year):
        """Visits of a term as (day, person, account, row, allowed): each pupil of the generator meets its rows."""
        of_year = {}
        for pupil in self.pupils:
            of_year.setdefault(pupil.year, []).append(pupil)
        met = []
        for year, bits in by_year.items():
            group = of_year[int(year)]
            # Whoever came during the year beyond the roll is left out: no roll, no place in the truth.
            met += list(zip(self.random.sample(group, len(group)), bits))
        # Those whom a careless count would get wrong meet something for certain.
        met += [(self.joiner, 1 << 8), (self.live, (1 << 12) - 1)]
        met += [(pupil, 1 << 8 | 1 << 1) for pupil in self.pupils if pupil.known_from is None]
        for pupil, bits in met:
            for row in range(len(CODES)):
                if bits >> row & 1:
                    for account in pupil.accounts:
                        day = self.random.choice(TERMS[term])
                        yield day, pupil, account, row, row in GRAVE and self.random.random() < 0.5
        # No matter of concern: an allowed page of severity 2.
        for pupil in self.random.sample(self.pupils, min(20, len(self.pupils))):
            yield self.random.choice(TERMS[term]), pupil, pupil.accounts[0], MILD, True

    def to_an_edge(self, period):
        """One more pupil in getting round the filter, and one more, until the number is the last of a band: whoever
        counts one too many shows another band."""
        known = [pupil for pupil in self.pupils if pupil.year not in self.shared and pupil.known_from == "2025-autumn"]
        for pupil in self.random.sample(known, len(known)):
            pupils = sum(bits >> EDGE & 1 for bits in self.counts(period).values())
            if pupils >= 14 and pupils % 5 == 4:
                return
            day = TERMS.get(period, TERMS["2025-autumn"])[0]
            if pupil is not self.live:
                self.visits.append((day, pupil, pupil.accounts[0], EDGE, False))

    # ---- logs

    def lines(self, day):
        """A day's log: everybody looks something up, then what happened; staff, guests and a shared device too."""
        start = int(datetime.datetime.fromisoformat(day + "T10:00:00+00:00").timestamp())
        written = [(start + pupil.number, "TCP_MISS/200", self.logged_in(pupil), "www.bbc.co.uk") for pupil in self.pupils]
        written += [(start + 3500, "TCP_MISS/200", self.live.accounts[0], "only-the-marked-one.org")]
        later = start + 4000
        # Three seconds apart: what is stopped within two after an allowed page of the same pupil is a part of that page.
        for at, (_, pupil, account, row, allowed) in enumerate(visit for visit in self.visits if visit[0] == day):
            user = account if pupil.year not in self.shared or at % 3 else "classroom" + "abc"[at % 3]
            user = {0: user.upper(), 1: "SCHOOL\\\\" + user}.get(at % 7, user)
            written.append((later + 3 * at, "TCP_MISS/200" if allowed else "TCP_DENIED/403", user, SITES[row]))
        others = ["mrsteacher", "guestone", "libraryone"]
        written += [
            (later + row, "TCP_DENIED/403", other, site) for other in others for row, site in enumerate(SITES)
        ]
        return [
            f"{second}.250    120 10.1.2.3 {result} 4512 GET http://{host}/ {user} HIER_DIRECT/192.0.2.7 text/html\n"
            for second, result, user, host in sorted(written)
        ]

    def logged_in(self, pupil):
        return "classroom" + "abc"[pupil.number % 3] if pupil.year in self.shared else pupil.accounts[0]

    # ---- truth

    def counts(self, period, careless=None):
        """The rows of each pupil in a period, as bits. `careless` names a difficulty that is overlooked."""
        at_site = {(day, pupil) for day, pupil, _, row, _ in self.visits if SITES[row] == MARKED_SITE}
        terms = list(TERMS)
        # A yearly set is sealed when the newest roster is in, which joins the days before.
        newest = terms.index(period) if period in TERMS else len(terms) - 1
        bits = {}
        for day, pupil, account, row, allowed in self.visits:
            term = next(one for one in terms if day in TERMS[one])
            known = pupil.known_from and terms.index(pupil.known_from) <= newest
            if careless == "in no roster":
                known = known or pupil.known_from is None
            if careless == "came later":
                known = known or pupil is self.joiner
            marked = {
                "marked person": pupil is self.live,
                "marked theme": row == HARM and day in TERMS["2026-spring"][:2],
                "marked site": term == "2026-summer" and (day, pupil) in at_site,
            }
            live = any(holds for name, holds in marked.items() if name != careless)
            concern = row in GRAVE or not allowed or careless == "mild pages"
            if period in (term, YEAR) and known and not live and concern:
                who = (pupil, account if careless == "two accounts" else "")
                bits[who] = bits.get(who, 0) | 1 << row
        return bits

    def truth(self, careless=None):
        """As `schools.py` writes it, for `truth.py`."""
        periods = {}
        for period in [*TERMS, YEAR]:
            by_year = {}
            for (pupil, _), value in self.counts(period, careless).items():
                by_year.setdefault(str(pupil.year), []).append(value)
            periods[period] = by_year
        years = [{"academic_year": YEAR, "roll": self.roll, "periods": periods}]
        return truths.Truth(json.dumps({"school": self.name, "kind": self.kind, "years": years}))

    def noticed(self):
        """The difficulties that change a figure of this school if they are overlooked."""
        def figures(truth):
            periods = TERMS if self.counted() >= 150 else [YEAR]
            return [reference.governors(truth.cells(period), truth.rolls[period]) for period in periods]

        shown = figures(self.truth())
        return {name for name in DIFFICULTIES if figures(self.truth(name)) != shown}

    def counted(self):
        return sum(size for _, _, size, shared in self.roll if not shared)


class Installed:
    """The program, about one school."""

    def __init__(self, program, folder, school):
        self.program, self.school = program, school
        self.folder = pathlib.Path(folder)
        self.dir = self.folder / school.name
        self.root = self.dir / "schools" / school.name

    def run(self, *arguments):
        """Runs the program about the school; returns what it printed."""
        call = [self.program, "--dir", self.dir, "--school", self.school.name, *arguments]
        done = subprocess.run([str(one) for one in call], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{arguments[0]} {arguments[1]} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def make(self):
        """From keys to every set; the sets lie in `sets/SCHOOL`."""
        school, key, words = self.school, self.folder / "dsl", self.folder / "passphrase"
        if not key.with_suffix(".pub").exists():
            words.write_text(PASSPHRASE + "\n", encoding="utf-8")
            self.run("keys", "new", "--out", key, "--passphrase-file", words)
        self.run(
            "init", "--name", "A made-up school", "--phase", "all", "--roll", str(len(school.pupils)), "--yes",
            "--settle-seconds", "0", "--dsl-key", key.with_suffix(".pub"), "--pseudonym-key-dir", self.folder / f"keys-{school.name}",
        )
        self.settings()
        sets = self.folder / "sets" / school.name
        sets.mkdir(parents=True)
        yearly = school.counted() < 150
        for term, days in TERMS.items():
            if term != "2026-summer":
                self.roster(term)
            for day in days:
                (self.root / "inbox" / f"proxy-{day}.log").write_text("".join(school.lines(day)))
            self.run("ingest")
            self.mark(term, key.with_suffix(".key"), words)
            if not yearly:
                self.seal(term, sets)
        if yearly:
            self.seal(YEAR, sets)
        return sets

    def settings(self):
        settings = self.root / "settings"
        settings.mkdir(exist_ok=True)
        rows = [f"{year},{size},{'no' if shared else 'yes'},{YEAR}\n" for _, year, size, shared in self.school.roll]
        (settings / "roll.csv").write_text("year_group,pupils,counted,academic_year\n" + "".join(rows))
        days = [day for term in TERMS.values() for day in term]
        halves = [f"{YEAR},{half},{days[2 * at]},{days[2 * at + 1]}\n" for at, half in enumerate(HALVES)]
        (settings / "terms.csv").write_text("academic_year,half_term,from,to\n" + "".join(halves))
        sites = [f"{site},{code}\n" for site, code in zip(SITES, CODES)]
        (settings / "sites.csv").write_text("site,common_code\n" + "".join(sites))

    def roster(self, term):
        """The roster as it is at the beginning of a term."""
        known = list(TERMS).index(term)
        rows = ["person_key,accounts,year,role,mis_name\n", "T1,mrsteacher,,staff,Mrs Teacher\n"]
        for pupil in self.school.pupils:
            if pupil.known_from and list(TERMS).index(pupil.known_from) <= known:
                name = self.school.account(pupil.number)[5:]
                rows.append(f"P{pupil.number},{';'.join(pupil.accounts)},{pupil.year},pupil,Pupil {name}\n")
        people = self.folder / f"people-{self.school.name}.csv"
        people.write_text("".join(rows))
        self.run("people", "import", "--year", YEAR, people)

    def mark(self, term, key, words):
        """What the DSL marks live once a term's logs are in."""
        def add(*what):
            self.run(
                "embargo", "add", *what, "--reason", "case 12", "--reviewer", "DSL", "--key", key, "--passphrase-file", words
            )

        if term == "2025-autumn":
            shown = self.run("sql", "--format", "json", "SELECT DISTINCT actor FROM requests WHERE site = 'only-the-marked-one.org'")
            add("--person", pseudonym(json.loads(shown)), "--from", TERMS[term][0])
        elif term == "2026-spring":
            add("--theme", "Self-harm", "--from", TERMS[term][0], "--to", TERMS[term][1])
        else:
            add("--site", MARKED_SITE, "--from", TERMS[term][0], "--to", TERMS[term][-1])

    def seal(self, period, sets):
        for audience in ("governors", "parents"):
            self.run("publish", "--audience", audience, "--period", period, "--approver", "headteacher")
            name = f"{self.school.name}-{period}-{audience}"
            (sets / f"{name}.json").write_text(self.run("releases", "show", name, "--format", "json"))


def pseudonym(answer):
    """The one pseudonym in the program's answer."""
    (cell,) = answer["cells"] if isinstance(answer["cells"][0], dict) else answer["cells"][0]
    value = next(iter(cell.values())) if isinstance(cell, dict) else cell
    return value if isinstance(value, str) else f"{value % 2**64:016x}"


def chosen(count):
    """Small and large schools, ordinary and hostile ones, in turn; each with figures at all."""
    numbers = [17, 13, 12, 8, 0, 19, 27, 10, 37, 26]
    made = list(schools.generate(20261122, max(60, 10 * count)))
    later = (number for number in range(60, len(made)) if number not in numbers)
    for number in [*numbers, *later][:count]:
        yield number, made[number]


def main():
    program, folder, count = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    report, missed = attack.Report(), set(DIFFICULTIES)
    for number, written in chosen(count):
        school = LakeSchool(number, written)
        sets = Installed(program, folder, school).make()
        one = attack.one_school((number, school.truth(), sets))
        missed -= school.noticed()
        print(f"{school.name} ({school.kind}, {school.counted()} pupils counted): {one.counts['sealed sets']} sets, "
              f"{one.counts['figures recomputed']} figures, {len(one.won)} won, {len(one.wrong)} wrong", flush=True)
        report.take(one)
    print("\n".join(report.lines()))
    print(f"overlooked without any figure changing: {', '.join(sorted(missed)) or 'nothing'}")
    for truth, place, known, won in report.won[:20]:
        print(f"WON {truth.school} ({truth.kind}) {place}: {known}: {', '.join(won)}")
    for wrong in report.wrong[:20]:
        print(f"WRONG {wrong}")
    sys.exit(1 if report.won or report.wrong or missed else 0)


if __name__ == "__main__":
    main()
