"""Nights as they come: one big school, a trust of ten, and a lake that grows for three years.

usage: nights.py --binary BINARY [--lines 5000000] [--schools 10] [--years 3]

Each school's night is a file of its own (`watershed generate`, another seed each). For the history, a small
night is taken in again and again, moved on by a day each time, every file a day older, and the CPU seconds
of each are kept: they must not grow with what lies in the lake already.
"""

import argparse
import datetime
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from end_to_end import machine, measured, run, size  # noqa: E402

DAY_NS = 86_400 * 1_000_000_000
# The day of a generated night.
NIGHT = datetime.date(2025, 11, 3)


class Installation:
    def __init__(self, binary, work):
        self.binary, self.place, self.work = binary, work / "installation", work
        (work / "passphrase").write_text("measured and thrown away\n")
        run([binary, "keys", "new", "--out", work / "key", "--passphrase-file", work / "passphrase"])

    def school(self, name):
        run([self.binary, "init", "--dir", self.place, "--school", name, "--name", name, "--phase", "secondary",
             "--roll", "1000", "--dsl-key", self.work / "key.pub", "--pseudonym-key-dir", self.work / "keys" / name, "--yes"])

    def ingest(self, name, log):
        command = [self.binary, "ingest", "--dir", self.place, "--school", name, "--format", "json", "--timings", log]
        figures, out = measured(command)
        report = json.loads(out)
        [file] = report["files"]
        figures.update(records=file["records"], events=file["events"], rejects=sum(file["rejects"].values()),
                       timings=report["timings"])
        if figures["records"] != figures["events"] + figures["rejects"]:
            sys.exit(f"{name}: {figures}")
        return figures

    def age(self, name):
        """Makes every file a day older, as it would be on the next night: what is replaced, and old entries of
        the logs, go by their age."""
        for file in (self.place / "schools" / name / "lake").rglob("*"):
            old = file.stat()
            os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns - DAY_NS))

    def bytes(self, name):
        school = self.place / "schools" / name
        return size(school / "lake") + size(school / "vault")


def row(name, figures, log_bytes, output_bytes):
    return (
        f"| {name} | {figures['records']:,} | {log_bytes / 1e6:.0f} | {figures['cpu_s']:.1f} | {figures['wall_s']:.1f} | "
        f"{1e6 * figures['cpu_s'] / figures['records']:.2f} | {figures['peak_mib']:.0f} | {output_bytes / 1e6:.0f} |"
    )


def nights(installation, lines, schools):
    """A night of `lines` lines in each of some schools, one after the other."""
    print("| school | records | MB | CPU s | wall s | CPU s for 1 M records | peak MiB | output MB |")
    print("|---|---|---|---|---|---|---|---|")
    for number in range(schools):
        name, log = f"school-{number}", installation.work / "night.log"
        run([installation.binary, "generate", "--lines", str(lines), "--seed", str(100 + number), log])
        installation.school(name)
        figures = installation.ingest(name, log)
        print(row(name, figures, log.stat().st_size, installation.bytes(name)), flush=True)
        log.unlink()


def moved(night, days):
    """The night, some days later: Squid's times are seconds since 1970."""
    shift = days * 86_400
    for line in night:
        stamp, dot, rest = line.partition(b".")
        yield b"%d" % (int(stamp) + shift) + dot + rest if dot and stamp.isdigit() else line


def history(installation, lines, years):
    """A night for each school day of some years, and what each cost."""
    log = installation.work / "night.log"
    run([installation.binary, "generate", "--lines", str(lines), "--seed", "1", log])
    night = log.read_bytes().splitlines(keepends=True)
    installation.school("history")
    costs, peaks = [], []
    # Backwards from the night, so that no day lies in the future.
    days = [day for day in range(-365 * years + 1, 1) if (NIGHT + datetime.timedelta(day)).weekday() < 5]
    for day in days:
        log.write_bytes(b"".join(moved(night, day)))
        figures = installation.ingest("history", log)
        costs.append(figures["cpu_s"])
        peaks.append(figures["peak_mib"])
        installation.age("history")
    tenth = max(1, len(days) // 10)
    print(f"{len(days)} nights of {lines:,} lines over {years} years, {installation.bytes('history') / 1e6:.0f} MB in the end.\n")
    print("| nights | median CPU s of a night | median peak MiB |")
    print("|---|---|---|")
    for begin in range(0, len(days) - tenth + 1, tenth):
        part = slice(begin, begin + tenth)
        print(f"| {begin + 1} to {begin + tenth} | {statistics.median(costs[part]):.3f} | {statistics.median(peaks[part]):.0f} |")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--binary", type=Path, required=True)
    arguments.add_argument("--lines", type=int, default=5_000_000, help="of a school's night")
    arguments.add_argument("--schools", type=int, default=10)
    arguments.add_argument("--years", type=int, default=3)
    arguments.add_argument("--history-lines", type=int, default=20_000, help="of a night of the history")
    arguments = arguments.parse_args()
    print(f"{machine()}.\n")
    for work_of in (
        lambda installation: nights(installation, arguments.lines, arguments.schools),
        lambda installation: history(installation, arguments.history_lines, arguments.years),
    ):
        work = Path(tempfile.mkdtemp())
        try:
            work_of(Installation(arguments.binary.resolve(), work))
        finally:
            shutil.rmtree(work)
        print()


if __name__ == "__main__":
    main()
