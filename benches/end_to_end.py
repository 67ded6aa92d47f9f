"""Measures the release binary beside its peers on one generated file, all in one run.

Each contender is a process of its own, run in turn, `--runs` times; the figure is the median of the CPU
seconds (user and system) of the process with its children. Ours takes a fresh, empty school each time and
does everything: fingerprint, parse, UTC, categories, pseudonyms, lake, sealing, derived tables, durable
commit. The peers' is a plain conversion (peers.py).
"""

import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import peers  # noqa: E402

DERIVED = [
    people + table
    for people in ("", "staff_")
    for table in ("attempts", "episodes", "actor_days", "actor_theme_days", "activity", "blocked_site_days", "network_days",
                  "network_theme_days", "class_minutes", "panel_days")
]


def measured(command):
    """CPU seconds, wall seconds, peak MiB and standard output of a command."""
    with tempfile.TemporaryFile() as out:
        began = datetime.datetime.now()
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        wall = (datetime.datetime.now() - began).total_seconds()
        child.returncode = os.waitstatus_to_exitcode(status)
        # 1: done, with damaged lines that were rejected and counted.
        if child.returncode not in (0, 1):
            sys.exit(f"{command[0]} ended with {child.returncode}")
        out.seek(0)
        return {
            "cpu_s": round(usage.ru_utime + usage.ru_stime, 3),
            "wall_s": round(wall, 3),
            "peak_mib": round(usage.ru_maxrss / 1024, 1),
        }, out.read().decode()


def run(command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class Watershed:
    def __init__(self, binary, work, log):
        self.binary, self.work, self.log = binary, work, log
        (work / "passphrase").write_text("measured and thrown away\n")
        run([binary, "keys", "new", "--out", work / "key", "--passphrase-file", work / "passphrase"])

    def once(self):
        """One ingest into a fresh school."""
        place = self.work / "installation"
        for old in (place, self.work / "keys"):
            shutil.rmtree(old, ignore_errors=True)
        run([self.binary, "init", "--dir", place, "--school", "bench", "--name", "Bench", "--phase", "secondary",
             "--roll", "1000", "--dsl-key", self.work / "key.pub", "--pseudonym-key-dir", self.work / "keys", "--yes"])
        figures, out = measured(
            [self.binary, "ingest", "--dir", place, "--format", "json", "--timings", self.log]
        )
        report = json.loads(out)
        [file] = report["files"]
        school = place / "schools" / "bench"
        lake, vault = school / "lake", school / "vault"
        figures.update(
            rows=file["events"],
            rejects=sum(file["rejects"].values()) if isinstance(file["rejects"], dict) else file["rejects"],
            records=file["records"],
            output_bytes=size(lake) + size(vault),
            lake_bytes=size(lake),
            vault_bytes=size(vault),
            table_bytes={table.name: size(table) for table in sorted(lake.iterdir()) if table.is_dir()},
            derived_bytes=sum(size(lake / table) for table in DERIVED if (lake / table).exists()),
        )
        figures["timings"] = {stage: round(seconds, 3) for stage, seconds in report["timings"].items()}
        return figures


def peer(name, layout, work, log):
    into = work / f"{name}.parquet"
    into.unlink(missing_ok=True)
    figures, _ = measured([sys.executable, HERE / "peers.py", name, layout, log, into])
    rows = subprocess.run([sys.executable, HERE / "peers.py", "count", into], check=True, capture_output=True)
    figures.update(rows=int(rows.stdout), output_bytes=into.stat().st_size)
    return figures


def median(runs, key):
    return statistics.median(one[key] for one in runs)


def table(results, log_bytes):
    rivals = [name for name in results if name != "watershed"]
    best = min(rivals, key=lambda name: median(results[name], "cpu_s"))
    lines = [
        "| contender | CPU s | MB per CPU s | wall s | peak MiB | output MB | rows | CPU / best peer | bytes / best peer |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    smallest = min(median(results[name], "output_bytes") for name in rivals)
    for name, runs in results.items():
        cpu, written = median(runs, "cpu_s"), median(runs, "output_bytes")
        lines.append(
            f"| {name} | {cpu:.2f} | {log_bytes / 1e6 / cpu:.0f} | {median(runs, 'wall_s'):.2f} | "
            f"{max(one['peak_mib'] for one in runs):.0f} | {written / 1e6:.1f} | {runs[0]['rows']:,} | "
            f"{cpu / median(results[best], 'cpu_s'):.2f} | {written / smallest:.2f} |"
        )
    return "\n".join(lines)


def stages(runs):
    names = runs[0]["timings"]
    lines = ["| stage | seconds |", "|---|---|"]
    for name in names:
        lines.append(f"| {name.removesuffix('_s').replace('_', ' ')} | {statistics.median(one['timings'][name] for one in runs):.2f} |")
    return "\n".join(lines)


def machine():
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, {platform.system()} {platform.machine()}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", type=Path, required=True)
    arguments.add_argument("--layout", choices=sorted(peers.CONTENDERS), default="squid")
    arguments.add_argument("--lines", type=int, default=1_000_000)
    arguments.add_argument("--seed", type=int, default=7)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--into", type=Path, help="new folder for README.md and raw.json")
    arguments = arguments.parse_args()
    binary, layout = arguments.binary.resolve(), arguments.layout

    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        log = work / "access.log"
        run([binary, "generate", "--layout", layout, "--lines", str(arguments.lines), "--seed", str(arguments.seed), log])
        ours = Watershed(binary, work, log)
        rivals = list(peers.CONTENDERS[layout])
        results = {"watershed": []} | {name: [] for name in rivals}
        for number in range(arguments.runs):
            print(f"run {number + 1} of {arguments.runs}", file=sys.stderr)
            results["watershed"].append(ours.once())
            for name in rivals:
                results[name].append(peer(name, layout, work, log))
        import chdb
        import duckdb
        import polars

        log_bytes = log.stat().st_size
        last = results["watershed"][-1]
        text = (
            f"# {arguments.lines:,} lines of {layout}, {log_bytes / 1e6:.0f} MB, seed {arguments.seed}, {arguments.runs} runs in turn\n\n"
            f"{machine()}. DuckDB {duckdb.__version__}, Polars {polars.__version__}, chDB {chdb.__version__}, "
            f"Python {platform.python_version()}.\n"
            "Medians; the peak is the highest of the runs. Peers convert and nothing else; Watershed does everything.\n\n"
            f"{table(results, log_bytes)}\n\n"
            "Where our time goes, in seconds by the wall clock (encode and seal are threads beside read):\n\n"
            f"{stages(results['watershed'])}\n\n"
            f"Of our bytes {last['lake_bytes'] / 1e6:.1f} MB are the lake, {last['vault_bytes'] / 1e6:.1f} MB the vault; "
            f"derived tables are {100 * last['derived_bytes'] / last['table_bytes']['requests']:.1f} % of the requests. "
            f"Records {last['records']:,} = events {last['rows']:,} + rejects {last['rejects']:,}.\n"
        )
        print(text)
        if arguments.into:
            arguments.into.mkdir(parents=True)
            (arguments.into / "README.md").write_text(text)
            raw = {"machine": machine(), "layout": layout, "lines": arguments.lines, "log_bytes": log_bytes, "results": results}
            (arguments.into / "raw.json").write_text(json.dumps(raw, indent=1) + "\n")


if __name__ == "__main__":
    main()
