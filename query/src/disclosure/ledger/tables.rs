//! The ledger in the state file. The data base itself refuses to change or delete.

use rusqlite::{Connection, OptionalExtension};

/// Makes the table, or gives one of an older version the kinds of entries that it lacks.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    let made: Option<String> = connection
        .query_row(
            "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'release_ledger'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    if made.is_some_and(|made| !made.contains("'approved'")) {
        // One transaction: killed in the middle, the old table is still there. The copy keeps every
        // byte and the greatest sequence ever given, so that a missing end is still missed.
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE;
             ALTER TABLE release_ledger RENAME TO release_ledger_before;
             DROP INDEX IF EXISTS release_ledger_once;
             DROP INDEX IF EXISTS release_ledger_withdrawn_once;
             DROP TRIGGER IF EXISTS release_ledger_never_change;
             DROP TRIGGER IF EXISTS release_ledger_never_go;
             DROP TRIGGER IF EXISTS release_ledger_only_grow;
             {TABLE}
             INSERT INTO release_ledger SELECT * FROM release_ledger_before ORDER BY sequence;
             INSERT INTO sqlite_sequence (name, seq)
                 SELECT 'release_ledger', 0
                 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'release_ledger');
             UPDATE sqlite_sequence SET seq = max(seq, coalesce(
                 (SELECT seq FROM sqlite_sequence WHERE name = 'release_ledger_before'), 0))
                 WHERE name = 'release_ledger';
             DROP TABLE release_ledger_before;
             {GUARDS}
             COMMIT;"
        ))?;
    }
    connection.execute_batch(TABLE)?;
    connection.execute_batch(GUARDS)
}

const TABLE: &str = "
CREATE TABLE IF NOT EXISTS release_ledger (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('sealed', 'approved', 'withdrawn')),
    id TEXT NOT NULL,
    school TEXT NOT NULL,
    audience TEXT NOT NULL CHECK (audience IN ('governors', 'parents')),
    period TEXT NOT NULL,
    academic_year TEXT NOT NULL,
    table_ids TEXT NOT NULL,
    shape_id TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    threshold_pupils INTEGER NOT NULL,
    band_pupils INTEGER NOT NULL,
    category_list_version TEXT NOT NULL,
    roll_json TEXT NOT NULL,
    sealed_on TEXT NOT NULL,
    approver TEXT NOT NULL,
    fallback_level INTEGER NOT NULL,
    sealed_json TEXT NOT NULL,
    sealed_sha256 TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    entry_hash TEXT NOT NULL UNIQUE
) STRICT;
";

const GUARDS: &str = "
CREATE UNIQUE INDEX IF NOT EXISTS release_ledger_once
    ON release_ledger (school, audience, period) WHERE kind = 'sealed';
CREATE UNIQUE INDEX IF NOT EXISTS release_ledger_approved_once
    ON release_ledger (school, audience, period) WHERE kind = 'approved';
CREATE UNIQUE INDEX IF NOT EXISTS release_ledger_withdrawn_once
    ON release_ledger (school, audience, period) WHERE kind = 'withdrawn';
CREATE TRIGGER IF NOT EXISTS release_ledger_never_change BEFORE UPDATE ON release_ledger
    BEGIN SELECT RAISE(ABORT, 'a release is never changed'); END;
CREATE TRIGGER IF NOT EXISTS release_ledger_never_go BEFORE DELETE ON release_ledger
    BEGIN SELECT RAISE(ABORT, 'a release is never deleted'); END;
CREATE TRIGGER IF NOT EXISTS release_ledger_only_grow BEFORE INSERT ON release_ledger
    WHEN NEW.previous_hash IS NOT
            coalesce((SELECT entry_hash FROM release_ledger ORDER BY sequence DESC LIMIT 1), '')
        OR EXISTS (SELECT 1 FROM release_ledger WHERE entry_hash = NEW.entry_hash OR sequence = NEW.sequence)
        OR EXISTS (SELECT 1 FROM release_ledger WHERE kind = NEW.kind AND school = NEW.school
                   AND audience = NEW.audience AND period = NEW.period)
    BEGIN SELECT RAISE(ABORT, 'a release can only be added, once, at the end'); END;
";
