"""Questions to a lake: from derived tables, from the detail, and beside peers that have the same rows.

usage: queries.py --binary BINARY [--rows 10000000] [--schools 10] [--into FOLDER]

One school with a year of `--rows` records answers q1 to q5. Ours are whole processes (`watershed sql`: start,
state file, audit entry, answer); the peers' are warm repetitions inside one process, over the very files of the
lake or over one Parquet file that DuckDB wrote of them, whichever is faster for that peer. Then every command of figures runs over three years of a
school, one of `--schools`, all of them in one installation. What is compared is CPU seconds, user and system,
the median of the runs.
"""

import argparse
import csv
import datetime
import io
import itertools
import json
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from end_to_end import machine, measured, run  # noqa: E402

PUPILS = 1_000
HOSTS = 50_000
COLUMNS = (
    "date time time-taken c-ip cs-username cs-auth-group x-exception-id sc-filter-result cs-categories sc-status "
    "s-action cs-method rs(Content-Type) cs-uri-scheme cs-host cs-uri-port cs-uri-path cs-uri-query cs(User-Agent) sc-bytes"
)
# The category of a site that is blocked, as the maker of that filter names it; the more often, the more hosts.
BLOCKED = ["Games"] * 8 + ["Social Networking"] * 4 + [
    "Gambling", "Hacking/Proxy Avoidance", "Chat (IM)/SMS", "Violence/Intolerance", "Sexual Expression",
    "Piracy/Copyright Concerns", "Scam/Questionable/Illegal", "Personals/Dating", "Suicide", "Pornography",
]
OPEN = ["Education"] * 5 + ["Reference", "News/Media", "Search Engines/Portals", "Web Infrastructure", "Technology/Internet"]


def terms(first):
    """School days of the academic year that begins in September of `first`: Mondays to Fridays of the usual terms."""
    spans = [((first, 9, 4), (first, 10, 20)), ((first, 10, 30), (first, 12, 15)), ((first + 1, 1, 9), (first + 1, 2, 9)),
             ((first + 1, 2, 19), (first + 1, 3, 22)), ((first + 1, 4, 15), (first + 1, 5, 24)), ((first + 1, 6, 4), (first + 1, 7, 19))]
    for begin, end in spans:
        day = datetime.date(*begin)
        while day <= datetime.date(*end):
            if day.weekday() < 5:
                yield day
            day += datetime.timedelta(1)


def pupil_of(slot, first):
    """Year group, and account, of a place in the school: five year groups, each moves up in September."""
    year = slot % 5 + 7
    return year, f"e{first - year + 7}-{slot // 5:03}"


def day_lines(chance, day, rows, first):
    """A day of a school: Zipf-like pupils and hosts, 3 % blocked, a page or an undecrypted tunnel each."""
    times = sorted(chance.choices(range(8 * 3600, 16 * 3600), k=rows))
    lines = []
    for second in times:
        # Pupils differ tenfold, hosts as 1 / rank.
        pupil = int(PUPILS * chance.random() ** 1.6)
        host = int(HOSTS ** chance.random())
        blocked = chance.random() < 0.03
        year, account = pupil_of(pupil, first)
        article = chance.getrandbits(20)
        if blocked:
            host = 100_000 + host % 400
            state = f"content_filter_denied DENIED \"{BLOCKED[host % len(BLOCKED)]}\" 403 TCP_DENIED"
        else:
            state = f"- OBSERVED \"{OPEN[host % len(OPEN)]}\" 200 TCP_NC_MISS"
        if article & 3 == 0:
            place = f"CONNECT - tcp www.site{host}.co.uk 443 / -"
        else:
            place = f"GET text/html https www.site{host}.co.uk 443 /media/articles/{article}/view.html ?session={chance.getrandbits(64):016x}"
        lines.append(
            f"{day} {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02} {article % 900} 10.{pupil // 250}.{pupil // 25 % 10}.{pupil % 250} "
            f"{account} Year%20{year} {state} {place} "
            f"\"Mozilla/5.0 (X11; CrOS x86_64 15633.{pupil % 37}.0) Chrome/1{pupil % 37:02}.0\" {article % 90000}\n"
        )
    return lines


def write_months(folder, seed, first, rows):
    """The academic year's logs, a file for each month; the files in their order."""
    chance = random.Random(seed * 100 + first)
    days = list(terms(first))
    files = []
    for (year, month), group in itertools.groupby(days, key=lambda day: (day.year, day.month)):
        path = folder / f"proxy-{year}-{month:02}.log"
        with path.open("w") as out:
            out.write(f"#Software: SGOS 7.3.1.1\n#Version: 1.0\n#Start-Date: {year}-{month:02}-01 00:00:00\n#Fields: {COLUMNS}\n")
            for day in group:
                out.writelines(day_lines(chance, day, rows // len(days), first))
        files.append(path)
    return files


class Installation:
    def __init__(self, binary, work):
        self.binary, self.place, self.work = binary, work / "installation", work
        (work / "passphrase").write_text("measured and thrown away\n")
        run([binary, "keys", "new", "--out", work / "key", "--passphrase-file", work / "passphrase"])

    def command(self, school, *words):
        return [self.binary, *words, "--dir", self.place, "--school", school]

    def school(self, name, years, rows):
        """A new school with these academic years of `rows` records each; seconds of CPU its ingest cost."""
        run([*self.command(name, "init"), "--name", name, "--phase", "secondary", "--roll", str(PUPILS),
             "--dsl-key", self.work / "key.pub", "--pseudonym-key-dir", self.work / "keys" / name, "--yes"])
        seconds = records = 0
        for first in years:
            roster = self.work / "people.csv"
            with roster.open("w") as out:
                out.write("person_key,accounts,year,role,mis_name\n")
                for pupil in range(PUPILS):
                    year, account = pupil_of(pupil, first)
                    out.write(f"{account},{account},{year},pupil,Pupil {account}\n")
            run([*self.command(name, "people", "import"), "--year", f"{first}-{(first + 1) % 100:02}", roster])
            folder = self.work / "logs"
            folder.mkdir()
            # A number, so that the same school is the same each time.
            files = write_months(folder, int(name.rpartition("-")[2]), first, rows)
            figures, out = measured([*self.command(name, "ingest"), "--format", "json", *files])
            report = json.loads(out)
            seconds += figures["cpu_s"]
            records += sum(file["events"] for file in report["files"])
            shutil.rmtree(folder)
        return records, seconds

    def lake(self, name):
        return self.place / "schools" / name / "lake"


# q1 to q5: (what, from derived tables, from the detail, the same for the peers).
def questions(actor, day):
    weekday = {"ours": "extract(dow FROM local_date)", "duckdb": "dayofweek(local_date)"}
    hour = {"ours": "local_minute / 60", "duckdb": "local_minute // 60"}
    month = "date_trunc('month', local_date)"

    def detail(kind):
        return {
            "q1": "SELECT week_start_date, code, count(*) AS records FROM requests WHERE year_group = 9 AND action = 'blocked' "
                  "GROUP BY week_start_date, code ORDER BY week_start_date, code",
            "q2": "SELECT site, count(DISTINCT actor) AS actors FROM requests WHERE action = 'blocked' "
                  "GROUP BY site ORDER BY actors DESC, site LIMIT 50",
            "q3": f"SELECT group_id, {weekday[kind]} AS weekday, {hour[kind]} AS hour, count(*) AS records FROM requests "
                  "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            "q4": f"SELECT * FROM requests WHERE actor = {actor} AND local_date = DATE '{day}' ORDER BY event_time_utc, record_number",
            "q5": f"SELECT group_id, code, {month} AS month, count(DISTINCT actor) AS actors FROM requests "
                  "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        }

    derived = {
        "q1": "SELECT week_start_date, code, sum(records) AS records FROM activity WHERE group_id = 'Year 9' AND action = 'blocked' "
              "GROUP BY week_start_date, code ORDER BY week_start_date, code",
        "q2": "SELECT site, count(DISTINCT actor) AS actors FROM blocked_site_days GROUP BY site ORDER BY actors DESC, site LIMIT 50",
        "q3": "SELECT group_id, extract(dow FROM local_date) AS weekday, local_hour AS hour, sum(records) AS records FROM activity "
              "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        "q5": f"SELECT group_id, code, {month} AS month, count(DISTINCT actor) AS actors FROM attempts GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    }
    return derived, detail("ours"), detail("duckdb")


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def warm(answer, runs):
    """CPU seconds of an answer inside this process, the first one left out."""
    answer()
    seconds = []
    for _ in range(runs):
        began = cpu()
        rows = answer()
        seconds.append(cpu() - began)
    return round(statistics.median(seconds), 4), rows


def peer(name, lake, queries, runs):
    """CPU seconds and number of rows of each query in a peer; a process of its own calls this."""
    folder = lake.endswith("requests")
    if name == "duckdb":
        import duckdb

        database = duckdb.connect()
        database.execute("SET threads = 2")
        files = f"'{lake}/**/*.parquet', hive_partitioning = true" if folder else f"'{lake}'"
        database.execute(f"CREATE VIEW requests AS SELECT * FROM read_parquet({files})")
        ask = lambda query: database.sql(query).to_arrow_table().num_rows  # noqa: E731
    elif name == "datafusion":
        import datafusion
        import pyarrow

        context = datafusion.SessionContext(datafusion.SessionConfig().with_target_partitions(2))
        days = [("local_date", pyarrow.date32())] if folder else []
        context.register_parquet("requests", lake, table_partition_cols=days)
        ask = lambda query: sum(batch.num_rows for batch in context.sql(query).collect())  # noqa: E731
    else:
        import polars

        frame = polars.scan_parquet(f"{lake}/**/*.parquet" if folder else lake, hive_partitioning=folder)
        blocked = polars.col("action") == "blocked"
        month = polars.col("local_date").dt.truncate("1mo").alias("month")
        hour, weekday = polars.col("local_minute") // 60, polars.col("local_date").dt.weekday()
        actors = polars.col("actor").n_unique().alias("actors")
        actor, day = queries["q4"]
        one = (polars.col("actor") == int(actor)) & (polars.col("local_date") == datetime.date.fromisoformat(day))
        week = ["week_start_date", "code"]
        lazy = {
            "q1": frame.filter((polars.col("year_group") == 9) & blocked).group_by(week).len().sort(week),
            "q2": frame.filter(blocked).group_by("site").agg(actors).sort("actors", "site", descending=[True, False]).head(50),
            "q3": frame.group_by("group_id", weekday.alias("weekday"), hour.alias("hour")).len().sort("group_id", "weekday", "hour"),
            "q4": frame.filter(one).sort("event_time_utc", "record_number"),
            "q5": frame.group_by("group_id", "code", month).agg(actors).sort("group_id", "code", "month"),
        }
        queries = {key: key for key in lazy}
        ask = lambda key: len(lazy[key].collect(engine="streaming"))  # noqa: E731
    print(json.dumps({key: warm(lambda query=query: ask(query), runs) for key, query in queries.items()}))


def ours(installation, query, runs):
    """CPU seconds of `watershed sql`, the whole process, and its rows."""
    seconds, out = [], ""
    for _ in range(runs):
        figures, out = measured([*installation.command("school-0", "sql"), "--format", "csv", query])
        seconds.append(figures["cpu_s"])
    rows = list(csv.reader(line for line in io.StringIO(out) if not line.startswith("#")))
    return round(statistics.median(seconds), 4), rows[1:]


def prepare(lake, plain_file):
    """Writes the rows of the lake's files into one Parquet file; the actor and day with most rows."""
    import duckdb

    rows = f"read_parquet('{lake}/**/*.parquet', hive_partitioning = true)"
    if not Path(plain_file).exists():
        duckdb.sql(f"COPY (SELECT * FROM {rows} ORDER BY local_date, event_time_utc) TO '{plain_file}' (FORMAT parquet, COMPRESSION zstd)")
    [(actor, day, _)] = duckdb.sql(
        f"SELECT actor, local_date, count(*) FROM {rows} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 1").fetchall()
    print(json.dumps([actor, str(day)]))


def apart(name, *given):
    """What a function says that runs in a process of its own, so that this one stays small."""
    told = subprocess.run([sys.executable, __file__, "--peer", name], input=json.dumps(given, default=str), text=True,
                          stdout=subprocess.PIPE, check=True)
    return json.loads(told.stdout)


def peers_of(name, lakes, queries, runs):
    """The faster of the two layouts, for each query."""
    answers = [apart(name, lake, queries, runs) for lake in lakes]
    return {key: min(answer[key] for answer in answers) for key in queries}


def ask_all(installation, runs):
    lake, plain_file = installation.lake("school-0") / "requests", installation.work / "plain.parquet"
    files = list(lake.rglob("*.parquet"))
    detail_bytes = sum(path.stat().st_size for path in files)
    actor, day = apart("prepare", lake, plain_file)
    derived, detail, plain = questions(actor, day)
    polars_queries = {**plain, "q4": [str(actor), str(day)]}
    beside = {
        "DuckDB": peers_of("duckdb", [lake, plain_file], plain, runs),
        "Polars": peers_of("polars", [lake, plain_file], polars_queries, runs),
        "DataFusion": peers_of("datafusion", [lake, plain_file], detail, runs),
    }
    start, _ = ours(installation, "SELECT 1 AS one", runs)
    lines = [
        f"`requests` are {len(files)} files, {detail_bytes / 1e6:.0f} MB; starting, with nothing to read, costs {start:.3f} s.", "",
        "| question | derived tables, whole process | detail, whole process | DuckDB warm | Polars warm | DataFusion warm | "
        "detail / best peer | rows | same from both |", "|---|---|---|---|---|---|---|---|---|"]
    for key, query in detail.items():
        mine, answer = ours(installation, query, runs)
        from_derived, summed = ours(installation, derived[key], runs) if key in derived else (None, None)
        # Attempts leave out what nobody asked for, so that q2 and q5 may differ by definition.
        same = "-" if summed is None else "yes" if summed == answer else "no"
        best = min(figures[key][0] for figures in beside.values())
        for name, figures in beside.items():
            if figures[key][1] != len(answer):
                sys.exit(f"{key}: {name} has {figures[key][1]} rows, ours {len(answer)}")
        small = f"{from_derived:.3f}" if from_derived is not None else "-"
        theirs = " | ".join(f"{figures[key][0]:.3f}" for figures in beside.values())
        lines.append(f"| {key} | {small} | {mine:.3f} | {theirs} | {mine / best:.2f} | {len(answer):,} | {same} |")
    return "\n".join(lines)


def tables_of(installation, school, word):
    """A word's tables: out of its help, or out of what it says to a table that there is not."""
    listing = subprocess.run([installation.binary, word, "--help"], capture_output=True, text=True, check=True).stdout
    part = re.search(r"--table <.*?\[possible values: ([^\]]*)\]", listing, re.DOTALL)
    if not part:
        told = subprocess.run([*installation.command(school, word), "--table", "none"], capture_output=True, text=True, check=False)
        part = re.search(r"the tables are: (.*)", told.stderr)
    return part.group(1).replace(",", " ").split() if part else [None]


WORDS = ["attention", "trend", "groups", "overblocking", "gotthrough", "incidents", "changes", "coverage", "searches"]


def commands(installation, school, days, runs):
    lines = ["| command | CPU s | peak MiB | status |", "|---|---|---|---|"]
    for word in WORDS:
        for table in tables_of(installation, school, word):
            words = [*installation.command(school, word), "--from", days[0], "--to", days[1], "--format", "json"]
            if table:
                words += ["--table", table]
            seconds, peaks, status = [], [], 0
            for _ in range(runs):
                told = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                _, code, usage = os.wait4(told.pid, 0)
                told.returncode = status = os.waitstatus_to_exitcode(code)
                seconds.append(usage.ru_utime + usage.ru_stime)
                peaks.append(usage.ru_maxrss / 1024)
            name = f"{word} --table {table}" if table else word
            lines.append(f"| `{name}` | {statistics.median(seconds):.3f} | {max(peaks):.0f} | {status} |")
            print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--binary", type=Path)
    arguments.add_argument("--rows", type=int, default=10_000_000, help="of the one school's year")
    arguments.add_argument("--schools", type=int, default=10)
    arguments.add_argument("--year-rows", type=int, default=400_000, help="of a year of one of the schools")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--work", type=Path, help="folder that is kept, and used again where it holds an installation")
    arguments.add_argument("--peer", help=argparse.SUPPRESS)
    arguments = arguments.parse_args()
    if arguments.peer:
        given = json.load(sys.stdin)
        if arguments.peer == "prepare":
            prepare(*given)
        else:
            peer(arguments.peer, *given)
        return
    work = arguments.work or Path(tempfile.mkdtemp())
    kept = (work / "installation").exists()
    if not kept:
        work.mkdir(parents=True, exist_ok=True)
        installation = Installation(arguments.binary.resolve(), work)
        records, seconds = installation.school("school-0", [2025], arguments.rows)
        print(f"One school, a year: {records:,} records taken in with {seconds:.0f} CPU s.\n", flush=True)
        for number in range(1, arguments.schools + 1):
            records, seconds = installation.school(f"school-{number}", [2023, 2024, 2025], arguments.year_rows)
        print(f"School {number}, three years: {records:,} records, {seconds:.0f} CPU s.\n", flush=True)
    else:
        installation = Installation.__new__(Installation)
        installation.binary, installation.place, installation.work = arguments.binary.resolve(), work / "installation", work
    print(f"{machine()}.\n")
    print(ask_all(installation, arguments.runs), flush=True)
    print(f"\nThree years of one of {arguments.schools} schools, every command:\n")
    print(commands(installation, "school-1", ("2023-09-04", "2026-07-17"), min(3, arguments.runs)))
    if arguments.work is None:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
