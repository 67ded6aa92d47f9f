"""Two installations whose records differ and whose bands do not: every artefact must be the same byte for byte.

    python installations.py PROGRAM FOLDER

Makes a school of 300 pupils twice, from keys to sealed sets, in `FOLDER`: the second time each row has
another number of pupils of the same band, other pupils, and each of them asks more often. Compares every
file and every answer of the site, then scans them (`artefacts.py`, `site_scan.py`).
"""

import re
import sys

sys.dont_write_bytecode = True

import datetime
import pathlib
import subprocess

import artefacts
import reference
import sealed
import site_scan

SCHOOL, PERIOD = "st-b", "2025-autumn"
DAYS = ["2025-10-06", "2025-10-07", "2025-11-03", "2025-11-04"]
YEARS, IN_YEAR = range(7, 12), 60
# Requests of a day, whatever they are for: the rounded number of requests is shown.
IN_A_DAY = 1_000
# A site of the shipped list for a row, and the pupils in it: the same band twice, for the school.
ROWS = {
    "chatgpt.com": (60, 62),
    "bet365.com": (25, 29),
    "torproject.org": (14, 10),
    "thepiratebay.org": (9, 0),
    "tinder.com": (1, 8),
}
PASSPHRASE = "a passphrase of this test alone"


class Installation:
    """One of the two."""

    def __init__(self, program, folder, variant):
        self.program, self.variant = program, variant
        self.folder = pathlib.Path(folder) / f"installation-{variant}"
        self.folder.mkdir(parents=True)
        self.dir = self.folder / "installation"
        self.root = self.dir / "schools" / SCHOOL

    def run(self, *arguments):
        """Runs the program about the school; returns what it printed."""
        call = [self.program, "--dir", self.dir, "--school", SCHOOL, *arguments]
        done = subprocess.run(call, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{arguments[0]} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def make(self):
        """From keys to both sealed sets; returns their ids."""
        (self.folder / "passphrase").write_text(PASSPHRASE + "\n", encoding="utf-8")
        key = self.folder / "dsl"
        self.run("keys", "new", "--out", key, "--passphrase-file", self.folder / "passphrase")
        self.run(
            "init", "--name", "St Brendan's", "--phase", "secondary", "--roll", str(IN_YEAR * len(YEARS)), "--yes",
            "--settle-seconds", "0", "--dsl-key", key.with_suffix(".pub"), "--pseudonym-key-dir", self.folder / "keys",
        )
        settings = self.root / "settings"
        settings.mkdir(exist_ok=True)
        (settings / "roll.csv").write_text(
            "year_group,pupils,counted,academic_year\n" + "".join(f"{year},{IN_YEAR},yes,2025-26\n" for year in YEARS)
        )
        halves = [("A1", *DAYS[:2]), ("A2", *DAYS[2:])]
        (settings / "terms.csv").write_text(
            "academic_year,half_term,from,to\n" + "".join(f"2025-26,{half},{first},{last}\n" for half, first, last in halves)
            + "2025-26,Sp1,2026-01-05,2026-02-13\n2025-26,Sp2,2026-02-23,2026-03-27\n"
            + "2025-26,Su1,2026-04-13,2026-05-22\n2025-26,Su2,2026-06-01,2026-07-21\n"
        )
        people = self.folder / "people.csv"
        people.write_text(
            "person_key,accounts,year,role,mis_name\n"
            + "".join(f"P{number},{account(number)},{year_of(number)},pupil,Pupil {word(number)}\n" for number in pupils())
        )
        self.run("people", "import", "--year", "2025-26", people)
        inbox = self.root / "inbox"
        for day in DAYS:
            (inbox / f"proxy-{day}.log").write_text("".join(sorted(self.lines(day))))
        self.run("ingest")
        found = []
        for audience in ("governors", "parents"):
            self.run("publish", "--audience", audience, "--period", PERIOD, "--approver", "headteacher")
            found.append(f"{SCHOOL}-{PERIOD}-{audience}")
        return found

    def lines(self, day):
        """A day's log: everybody looks something up, and those of a row meet what they should not."""
        written = list(self.wanted(day))
        start = int(datetime.datetime.fromisoformat(day + "T10:00:00+00:00").timestamp())
        for number in range(IN_A_DAY - len(written)):
            pupil = account(number % len(pupils()))
            written.append(line(start + number, "TCP_MISS/200", pupil, "www.bbc.co.uk"))
        return written

    def wanted(self, day):
        """The requests of a day that count."""
        # After the last lesson: how often a class met the same block is told exactly from ten on, and is no band.
        start = int(datetime.datetime.fromisoformat(day + "T16:00:00+00:00").timestamp())
        # Other pupils the second time; which, is what keeps the bands of key stages and year groups.
        shift = same_bands() if self.variant else 0
        for place, site in enumerate(ROWS):
            for at, number in enumerate(met(self.variant, shift, place)):
                for again in range(1 + 2 * self.variant):
                    moment = start + place * 2000 + at * 5 + again * 900
                    yield line(moment, "TCP_DENIED/403", account(number), site)


def met(variant, shift, place):
    """The pupils of a row; some of them are in several."""
    counts = list(ROWS.values())[place]
    return [(place * 23 + shift + number) % len(pupils()) for number in range(counts[variant])]


def forms(variant, shift):
    """What the policy shows of each group and row, by `reference.py`."""
    roll = [{"group": f"Year {year}", "pupils": IN_YEAR, "counted": True} for year in YEARS]
    groups, cells = sealed.Groups(roll), {}
    for group in groups.size:
        within = {int(leaf.removeprefix("Y")) for leaf in groups.below(group)}
        of_rows = [{one for one in met(variant, shift, place) if year_of(one) in within} for place in range(len(ROWS))]
        cells[group, sealed.UNION] = len(set().union(*of_rows))
        cells.update({(group, row): len(of_row) for row, of_row in zip(ROWS, of_rows)})
    return reference.governors(cells, roll, rows=list(ROWS))


def same_bands():
    """The first shift by which other pupils of other years come to the same bands everywhere."""
    return next(shift for shift in range(101, 300) if forms(1, shift) == forms(0, 0))


def pupils():
    return range(IN_YEAR * len(YEARS))


def year_of(number):
    return YEARS[number % len(YEARS)]


def word(number):
    """A name without a digit."""
    return "".join("abcdefghij"[int(digit)] for digit in f"{number:03d}")


def account(number):
    return f"user{word(number)}"


def line(second, result, user, host):
    return f"{second}.250    120 10.1.2.3 {result} 4512 GET http://{host}/ {user} HIER_DIRECT/192.0.2.7 text/html\n"


def main():
    program, folder = sys.argv[1:3]
    both, shown, answers = [], [], []
    for variant in (0, 1):
        one = Installation(program, folder, variant)
        ids = one.make()
        texts = {name: one.run("releases", "show", name, "--format", "json") for name in ids}
        sets = [artefacts.json.loads(text) for text in texts.values()]
        site_scan.accounts(program, one.dir, [SCHOOL], folder)
        both.append(one)
        shown.append(texts)
        answers.append(site_scan.visit(program, one.dir, sets))
    found = [f"{name}: two texts for one set of bands" for name in shown[0] if shown[0][name] != shown[1][name]]
    bands = {form["shown"] for table in sets[0]["tables"] for form in table["rows"]}
    if not {"band", "fewer_than"} <= bands:
        found.append(f"these sets show {bands}: nothing to compare")
    for (path, _, *first), (_, _, *second) in zip(*answers):
        for answer in (first, second):
            answer[1].pop("date", None)
            # Reading keeps a session awake: its random name comes again with each answer.
            if "set-cookie" in answer[1]:
                answer[1]["set-cookie"] = re.sub(r"^watershed=[^;]*", "watershed=", answer[1]["set-cookie"])
            # The mark of the log of openings stands beside the set, and is each installation's own.
            if b'id="audit-head"' in answer[2]:
                answer[2] = artefacts.without_audit(answer[2].decode())[0].encode()
        if first != second:
            found.append(f"{path}: two answers for one set of bands")
    found += site_scan.judge(answers[1])
    # The records do differ.
    figures = [one.run("attention", "--period", PERIOD, "--format", "json") for one in both]
    if figures[0] == figures[1]:
        found.append("both installations hold the same records: nothing is shown")
    print(f"{len(shown[0])} sets and {len(answers[0])} answers are the same over two sets of records")
    for one in found:
        print(f"FOUND {one}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
