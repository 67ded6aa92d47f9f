"""A plain conversion of a log to typed zstd Parquet, in the ways of other programs: nothing but the
columns of the line, address and account included; no pseudonyms, no categories, no sealing, no sums.

usage: peers.py CONTENDER LOG PARQUET
       peers.py count PARQUET        (rows that have every column, so that lost lines show)
"""

import sys

# Squid's ten columns; the peer's two halves apart, as a person would want them.
NAMES = ["client", "result", "bytes", "method", "url", "user", "peer", "mime"]


def duckdb_lines(log, into):
    """DuckDB: one column per line, cut at blanks."""
    import duckdb

    database = duckdb.connect()
    database.execute("SET threads = 2")
    database.execute(
        f"""
        COPY (
            SELECT epoch_ms(CAST(TRY_CAST(line[1:14] AS DECIMAL(14, 3)) * 1000 AS BIGINT)) AS time,
                   TRY_CAST(line[16:21] AS INTEGER) AS duration_ms,
                   cells[1] AS client,
                   split_part(cells[2], '/', 1) AS result,
                   TRY_CAST(split_part(cells[2], '/', 2) AS SMALLINT) AS status,
                   TRY_CAST(cells[3] AS BIGINT) AS bytes,
                   cells[4] AS method, cells[5] AS url, cells[6] AS user, cells[7] AS peer, cells[8] AS mime
            FROM (
                SELECT line, string_split(line[23:], ' ') AS cells
                FROM read_csv('{log}', delim = '\x01', quote = '', escape = '', header = false,
                              columns = {{'line': 'VARCHAR'}})
            )
        ) TO '{into}' (FORMAT parquet, COMPRESSION zstd)
        """
    )


def duckdb_pattern(log, into):
    """DuckDB: one regular expression with groups."""
    import duckdb

    database = duckdb.connect()
    database.execute("SET threads = 2")
    pattern = r"^(\d+\.\d+) +(\d+) (\S+) ([^/ ]+)/(\d+) (\d+) (\S+) (\S+) (\S+) (\S+) (\S+)$"
    groups = ["time", "duration_ms", "client", "result", "status", "bytes", "method", "url", "user", "peer", "mime"]
    database.execute(
        f"""
        COPY (
            SELECT epoch_ms(CAST(TRY_CAST(c.time AS DECIMAL(14, 3)) * 1000 AS BIGINT)) AS time,
                   TRY_CAST(c.duration_ms AS INTEGER) AS duration_ms, c.client, c.result,
                   TRY_CAST(c.status AS SMALLINT) AS status, TRY_CAST(c.bytes AS BIGINT) AS bytes,
                   c.method, c.url, c.user, c.peer, c.mime
            FROM (
                SELECT regexp_extract(line, '{pattern}', {groups}) AS c
                FROM read_csv('{log}', delim = '\x01', quote = '', escape = '', header = false,
                              columns = {{'line': 'VARCHAR'}})
            )
        ) TO '{into}' (FORMAT parquet, COMPRESSION zstd)
        """
    )


def polars_lines(log, into):
    """Polars: one column per line, cut at blanks, streamed."""
    import polars

    line = polars.col("line")
    cells = line.str.slice(22).str.splitn(" ", 8).struct.rename_fields(NAMES)
    result = polars.col("result").str.splitn("/", 2).struct.rename_fields(["result", "status"])
    (
        polars.scan_csv(log, has_header=False, separator="\x01", quote_char=None, new_columns=["line"])
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
        .with_columns(polars.col("status").cast(polars.Int16, strict=False))
        .sink_parquet(into, compression="zstd")
    )


def polars_pattern(log, into):
    """Polars: one regular expression with groups, streamed."""
    import polars

    pattern = (
        r"^(?<time>\d+\.\d+) +(?<duration_ms>\d+) (?<client>\S+) (?<result>[^/ ]+)/(?<status>\d+) (?<bytes>\d+) "
        r"(?<method>\S+) (?<url>\S+) (?<user>\S+) (?<peer>\S+) (?<mime>\S+)$"
    )
    (
        polars.scan_csv(log, has_header=False, separator="\x01", quote_char=None, new_columns=["line"])
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
        )
        .sink_parquet(into, compression="zstd")
    )


CONTENDERS = {
    "duckdb-lines": duckdb_lines,
    "duckdb-pattern": duckdb_pattern,
    "polars-lines": polars_lines,
    "polars-pattern": polars_pattern,
}


def count(parquet):
    """Rows that have every column."""
    import duckdb

    whole = "time IS NOT NULL AND bytes IS NOT NULL AND mime IS NOT NULL AND mime <> ''"
    return duckdb.sql(f"SELECT count(*) FROM '{parquet}' WHERE {whole}").fetchall()[0][0]


if __name__ == "__main__":
    if sys.argv[1] == "count":
        print(count(sys.argv[2]))
    else:
        CONTENDERS[sys.argv[1]](sys.argv[2], sys.argv[3])
