//! The ledger in the state file. The data base itself refuses to change or delete.

pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS release_ledger (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('sealed', 'withdrawn')),
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
CREATE UNIQUE INDEX IF NOT EXISTS release_ledger_once
    ON release_ledger (school, audience, period) WHERE kind = 'sealed';
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
