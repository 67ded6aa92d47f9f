"""Searches every byte of a lake and a state file for strings that may not stand there.

Usage: search.py TRUTH LAKE STATE. Parquet pages are compressed, so each file is looked at twice:
raw, and with every text column and all of the footer spelt out.
"""

import json
import pathlib
import sys

import pyarrow.parquet as parquet

truth, lake, state = sys.argv[1:4]
markers = json.load(open(truth))["markers"]
assert len(markers) > 100, "too few markers to mean anything"


def look(place, text):
    for number, marker in enumerate(markers):
        if marker in text:
            sys.exit(f"{place} holds marker number {number}")


files = 0
strings = set()
for path in sorted(pathlib.Path(lake).rglob("*")):
    look("the path of a file", str(path.relative_to(lake)))
    if not path.is_file():
        continue
    files += 1
    look(path.name, path.read_bytes().decode("utf-8", "replace"))
    if path.suffix == ".parquet" and "_delta_log" not in path.parts:
        file = parquet.ParquetFile(path)
        look(path.name, str(file.metadata.metadata) + str(file.schema_arrow))
        columns = [f.name for f in file.schema_arrow if str(f.type) in ("string", "large_string", "string_view")]
        for column in file.read(columns=columns).columns:
            strings.update(value for value in column.unique().to_pylist() if value is not None)
look("a text column", "\n".join(sorted(strings)))
look("the state file", pathlib.Path(state).read_bytes().decode("utf-8", "replace"))
assert files > 50 and len(strings) > 50, "hardly anything was searched"
print(f"{files} files and {len(strings)} different strings searched for {len(markers)} markers: none found")
