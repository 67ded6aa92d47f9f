"""Compares the rows of two lakes as multisets. Usage: same_lake.py EXPECTED FOUND.

Only `imports.imported_utc` may differ, the moment of the import.
"""

import pathlib
import sys

import duckdb
from deltalake import DeltaTable

expected, found = sys.argv[1:3]
rows = 0
for table in sorted(path.name for path in pathlib.Path(expected).iterdir() if path.is_dir()):
    sides = []
    for lake in (expected, found):
        uris = DeltaTable(f"{lake}/{table}").file_uris()
        sides.append((uris, duckdb.read_parquet(uris, hive_partitioning=True) if uris else None))
    if not sides[0][0] or not sides[1][0]:
        if bool(sides[0][0]) != bool(sides[1][0]):
            sys.exit(f"{table}: {len(sides[0][0])} files expected, {len(sides[1][0])} found")
        continue
    columns = ", ".join(f'"{c}"' for c in sides[0][1].columns if c not in ("imported_utc", "ingest_date"))
    left, right = (f"(SELECT {columns} FROM read_parquet({uris!r}, hive_partitioning=true))" for uris, _ in sides)
    for name, query in (("missing", f"{left} EXCEPT ALL {right}"), ("too many", f"{right} EXCEPT ALL {left}")):
        count = duckdb.sql(f"SELECT count(*) FROM ({query})").fetchall()[0][0]
        if count:
            sys.exit(f"{table}: {count} rows {name}")
    rows += duckdb.sql(f"SELECT count(*) FROM {left}").fetchall()[0][0]
print(f"{rows} rows are the same")
