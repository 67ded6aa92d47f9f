"""A plain conversion of a log to typed zstd Parquet, in the ways of other programs: nothing but the
columns of the line, address and account included; no pseudonyms, no categories, no sealing, no sums.

usage: peers.py CONTENDER LAYOUT LOG PARQUET
       peers.py count PARQUET        (rows that have every column, so that lost lines show)
"""

import sys

# Squid's ten columns; the peer's two halves apart, as a person would want them.
SQUID = ["client", "result", "bytes", "method", "url", "user", "peer", "mime"]
E2GUARDIAN = ["time", "user", "client", "url", "what", "method", "bytes", "weight", "category", "group_number",
              "status", "mime", "host", "group"]
W3C = ["date", "clock", "duration_ms", "client", "user", "group", "exception", "verdict", "categories", "status",
       "result", "method", "mime", "scheme", "host", "port", "path", "query", "agent", "bytes"]
WHOLE = {"duration_ms": "INTEGER", "status": "SMALLINT", "port": "INTEGER", "bytes": "BIGINT"}


def duckdb(select, source, into):
    import duckdb as program

    database = program.connect()
    database.execute("SET threads = 2")
    database.execute(f"COPY (SELECT {select} FROM {source}) TO '{into}' (FORMAT parquet, COMPRESSION zstd)")


def duckdb_rows(log, cut):
    """One column per line, cut into `cells`."""
    lines = (
        f"read_csv('{log}', delim = '\x01', quote = '', escape = '', header = false, columns = {{'line': 'VARCHAR'}})"
    )
    return f"(SELECT line, {cut} AS {'cells' if 'split' in cut else 'c'} FROM {lines})"


def duckdb_lines_squid(log, into):
    """DuckDB: one column per line, cut at blanks."""
    select = """epoch_ms(CAST(TRY_CAST(line[1:14] AS DECIMAL(14, 3)) * 1000 AS BIGINT)) AS time,
                TRY_CAST(line[16:21] AS INTEGER) AS duration_ms, cells[1] AS client,
                split_part(cells[2], '/', 1) AS result, TRY_CAST(split_part(cells[2], '/', 2) AS SMALLINT) AS status,
                TRY_CAST(cells[3] AS BIGINT) AS bytes, cells[4] AS method, cells[5] AS url, cells[6] AS user,
                cells[7] AS peer, cells[8] AS mime"""
    duckdb(select, duckdb_rows(log, "string_split(line[23:], ' ')"), into)


def duckdb_pattern_squid(log, into):
    """DuckDB: one regular expression with groups."""
    pattern = r"^(\d+\.\d+) +(\d+) (\S+) ([^/ ]+)/(\d+) (\d+) (\S+) (\S+) (\S+) (\S+) (\S+)$"
    groups = ["time", "duration_ms", "client", "result", "status", "bytes", "method", "url", "user", "peer", "mime"]
    select = """epoch_ms(CAST(TRY_CAST(c.time AS DECIMAL(14, 3)) * 1000 AS BIGINT)) AS time,
                TRY_CAST(c.duration_ms AS INTEGER) AS duration_ms, c.client, c.result,
                TRY_CAST(c.status AS SMALLINT) AS status, TRY_CAST(c.bytes AS BIGINT) AS bytes,
                c.method, c.url, c.user, c.peer, c.mime"""
    duckdb(select, duckdb_rows(log, f"regexp_extract(line, '{pattern}', {groups})"), into)


def duckdb_lines_e2guardian(log, into):
    """DuckDB: one column per line, cut between quotes; its CSV reader loses rows behind a cut line."""
    cells = {name: f"cells[{place + 1}]" for place, name in enumerate(E2GUARDIAN)}
    cells["time"] = f"TRY_STRPTIME({cells['time']}, '%Y.%m.%d %H:%M:%S')"
    for name in ("bytes", "status"):
        cells[name] = f"TRY_CAST({cells[name]} AS {WHOLE[name]})"
    select = ", ".join(f"{cell} AS \"{name}\"" for name, cell in cells.items())
    duckdb(select, duckdb_rows(log, "string_split(line[2:], '\",\"')"), into)


def duckdb_csv_w3c(log, into):
    """DuckDB: its CSV reader with blanks between."""
    columns = {name: "VARCHAR" for name in W3C}
    select = ["TRY_CAST(date || ' ' || clock AS TIMESTAMP) AS time"]
    select += [f"TRY_CAST(\"{name}\" AS {WHOLE[name]}) AS \"{name}\"" if name in WHOLE else f"\"{name}\"" for name in W3C[2:]]
    source = (
        f"read_csv('{log}', delim = ' ', quote = '\"', comment = '#', header = false, null_padding = true, "
        f"ignore_errors = true, parallel = true, columns = {columns})"
    )
    duckdb(", ".join(select), source, into)


def polars_scan(log):
    import polars

    return polars.scan_csv(log, has_header=False, separator="\x01", quote_char=None, new_columns=["line"])


def polars_sink(frame, into):
    frame.sink_parquet(into, compression="zstd")


def polars_lines_squid(log, into):
    """Polars: one column per line, cut at blanks, streamed."""
    import polars

    line = polars.col("line")
    cells = line.str.slice(22).str.splitn(" ", 8).struct.rename_fields(SQUID)
    result = polars.col("result").str.splitn("/", 2).struct.rename_fields(["result", "status"])
    polars_sink(
        polars_scan(log)
        .select(
            time=(line.str.slice(0, 14).cast(polars.Float64, strict=False) * 1000)
            .round()
            .cast(polars.Int64)
            .cast(polars.Datetime("ms", "UTC")),
            duration_ms=line.str.slice(15, 6).str.strip_chars().cast(polars.Int32, strict=False),
            cells=cells,
        )
        .unnest("cells")
        .with_columns(polars.col("bytes").cast(polars.Int64, strict=False), result=result)
        .unnest("result")
        .with_columns(polars.col("status").cast(polars.Int16, strict=False)),
        into,
    )


def polars_pattern_squid(log, into):
    """Polars: one regular expression with groups, streamed."""
    import polars

    pattern = (
        r"^(?<time>\d+\.\d+) +(?<duration_ms>\d+) (?<client>\S+) (?<result>[^/ ]+)/(?<status>\d+) (?<bytes>\d+) "
        r"(?<method>\S+) (?<url>\S+) (?<user>\S+) (?<peer>\S+) (?<mime>\S+)$"
    )
    polars_sink(
        polars_scan(log)
        .select(polars.col("line").str.extract_groups(pattern))
        .unnest("line")
        .with_columns(
            (polars.col("time").cast(polars.Float64, strict=False) * 1000)
            .round()
            .cast(polars.Int64)
            .cast(polars.Datetime("ms", "UTC")),
            polars.col("duration_ms").cast(polars.Int32, strict=False),
            polars.col("status").cast(polars.Int16, strict=False),
            polars.col("bytes").cast(polars.Int64, strict=False),
        ),
        into,
    )


def polars_lines_e2guardian(log, into):
    """Polars: one column per line, cut between quotes, streamed; its CSV reader stops at a cut line."""
    import polars

    names = [*E2GUARDIAN, "rest"]
    cells = polars.col("line").str.slice(1).str.splitn('","', len(names)).struct.rename_fields(names)
    polars_sink(
        polars_scan(log)
        .select(cells=cells)
        .unnest("cells")
        .drop("rest")
        .with_columns(
            polars.col("time").str.to_datetime("%Y.%m.%d %H:%M:%S", strict=False),
            polars.col("bytes").cast(polars.Int64, strict=False),
            polars.col("status").cast(polars.Int16, strict=False),
        ),
        into,
    )


def polars_csv_w3c(log, into):
    """Polars: its CSV reader with blanks between, streamed."""
    import polars

    kinds = {"duration_ms": polars.Int32, "status": polars.Int16, "port": polars.Int32, "bytes": polars.Int64}
    polars_sink(
        polars.scan_csv(log, has_header=False, separator=" ", comment_prefix="#", new_columns=W3C, infer_schema=False,
                        truncate_ragged_lines=True)
        .with_columns(
            (polars.col("date") + " " + polars.col("clock")).str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False).alias("time"),
            *(polars.col(name).cast(kind, strict=False) for name, kind in kinds.items()),
        )
        .drop("date", "clock"),
        into,
    )


def chdb(select, log, cut, into):
    import chdb as program

    program.query(
        f"INSERT INTO FUNCTION file('{into}', 'Parquet') SELECT {select} FROM (SELECT line, {cut} AS cells "
        f"FROM file('{log}', 'LineAsString')) "
        "SETTINGS max_threads = 2, output_format_parquet_compression_method = 'zstd', engine_file_truncate_on_insert = 1"
    )


def chdb_lines_squid(log, into):
    """chDB: one column per line, cut at blanks."""
    select = """toDateTime64OrNull(substring(line, 1, 14), 3, 'UTC') AS time,
                toInt32OrNull(trim(substring(line, 16, 6))) AS duration_ms, cells[1] AS client,
                splitByChar('/', cells[2])[1] AS result, toInt16OrNull(splitByChar('/', cells[2])[2]) AS status,
                toInt64OrNull(cells[3]) AS bytes, cells[4] AS method, cells[5] AS url, cells[6] AS user,
                cells[7] AS peer, cells[8] AS mime"""
    chdb(select, log, "splitByChar(' ', substring(line, 23))", into)


def chdb_lines_e2guardian(log, into):
    """chDB: one column per line, cut between quotes."""
    cells = {name: f"cells[{place + 1}]" for place, name in enumerate(E2GUARDIAN)}
    cells["time"] = f"parseDateTimeOrNull({cells['time']}, '%Y.%m.%d %H:%i:%S')"
    cells["bytes"] = f"toInt64OrNull({cells['bytes']})"
    cells["status"] = f"toInt16OrNull({cells['status']})"
    select = ", ".join(f"{cell} AS `{name}`" for name, cell in cells.items())
    chdb(select, log, "splitByString('\",\"', substring(line, 2))", into)


def chdb_lines_w3c(log, into):
    """chDB: one column per line; the two quoted columns hold blanks, so the line is cut at quotes first."""
    # date .. verdict | categories | status .. query | agent | bytes
    front, middle = W3C[:8], W3C[9:18]
    select = ["parseDateTimeOrNull(concat(front[1], ' ', front[2]), '%Y-%m-%d %H:%i:%S') AS time"]
    for names, cells in ((front[2:], "front"), (middle, "middle")):
        skip = 3 if cells == "front" else 1
        for place, name in enumerate(names):
            cell = f"{cells}[{place + skip}]"
            kind = {"duration_ms": "toInt32OrNull", "status": "toInt16OrNull", "port": "toInt32OrNull"}.get(name)
            select.append(f"{kind}({cell}) AS `{name}`" if kind else f"{cell} AS `{name}`")
    select += ["cells[2] AS categories", "cells[4] AS agent", "toInt64OrNull(trim(cells[5])) AS bytes"]
    cut = (
        "splitByChar('\"', line) AS cells, splitByChar(' ', cells[1]) AS front, splitByChar(' ', trim(cells[3])) AS middle, 1"
    )
    import chdb as program

    program.query(
        f"INSERT INTO FUNCTION file('{into}', 'Parquet') SELECT {', '.join(select)} FROM (SELECT line, {cut} "
        f"FROM file('{log}', 'LineAsString') WHERE NOT startsWith(line, '#')) "
        "SETTINGS max_threads = 2, output_format_parquet_compression_method = 'zstd', engine_file_truncate_on_insert = 1"
    )


CONTENDERS = {
    "squid": {
        "duckdb-lines": duckdb_lines_squid,
        "duckdb-pattern": duckdb_pattern_squid,
        "polars-lines": polars_lines_squid,
        "polars-pattern": polars_pattern_squid,
        "chdb-lines": chdb_lines_squid,
    },
    "e2guardian": {
        "duckdb-lines": duckdb_lines_e2guardian,
        "polars-lines": polars_lines_e2guardian,
        "chdb-lines": chdb_lines_e2guardian,
    },
    "w3c": {
        "duckdb-csv": duckdb_csv_w3c,
        "polars-csv": polars_csv_w3c,
        "chdb-lines": chdb_lines_w3c,
    },
}


def count(parquet):
    """Rows that have a time, a size and the columns between."""
    import duckdb as program

    whole = "time IS NOT NULL AND bytes IS NOT NULL AND \"user\" <> ''"
    return program.sql(f"SELECT count(*) FROM '{parquet}' WHERE {whole}").fetchall()[0][0]


if __name__ == "__main__":
    if sys.argv[1] == "count":
        print(count(sys.argv[2]))
    else:
        contender, layout, log, into = sys.argv[1:]
        CONTENDERS[layout][contender](log, into)
