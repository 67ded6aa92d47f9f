"""Spells out every Parquet file below a folder, so that what its pages hold can be searched for as text.

Usage: spell.py FOLDER [all]. Pages are compressed: raw bytes show nothing of a text. The column `site` is left out of
tables, since it holds sites by design, unless all is asked for; sealed files cannot be read, and a file that was cut off says only that it was.
"""

import pathlib
import sys

import pyarrow.parquet as parquet

read = 0
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.parquet")):
    try:
        file = parquet.ParquetFile(path)
        names = [name for name in file.schema_arrow.names if name != "site" or "all" in sys.argv[2:]]
        table = file.read(columns=names)
    except Exception as error:
        print("not readable:", type(error).__name__)
        continue
    read += 1
    print(file.metadata.metadata, file.schema_arrow)
    for name in names:
        print(name, set(map(str, table.column(name).unique().to_pylist() if "_delta_log" not in path.parts else table.column(name).to_pylist())))
print(read, "files spelt out")
