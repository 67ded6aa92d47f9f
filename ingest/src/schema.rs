//! The lake's columns: name, type, unit, meaning. The only description; printed by `watershed columns`.

/// What the vault's files hold, for papers about the data; opening one takes a key.
#[cfg(feature = "lake")]
pub use crate::vault::rows::{SEALED, SealedSort};

/// How a column is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// Microseconds since the epoch, UTC.
    Timestamp,
    /// Calendar day.
    Date,
    /// 16-bit integer.
    Int16,
    /// 32-bit integer.
    Int32,
    /// 64-bit integer.
    Int64,
    /// True or false.
    Boolean,
    /// Text from a closed dictionary (decision A2b), or a registrable domain.
    Text,
}

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Name, ending in its unit where it has one.
    pub name: &'static str,
    /// How it is stored.
    pub kind: ColumnType,
    /// Whether it may be empty.
    pub nullable: bool,
    /// What it means.
    pub meaning: &'static str,
}

/// One Delta table of a school's lake.
#[derive(Clone, Copy, Debug)]
pub struct TableSchema {
    /// Folder below `lake/`.
    pub name: &'static str,
    /// One sentence: what a row is.
    pub row: &'static str,
    /// Columns in order; the partition column stands last, as in the files' folders.
    pub columns: &'static [Column],
    /// Partition column.
    pub partition: &'static str,
}

const fn c(name: &'static str, kind: ColumnType, meaning: &'static str) -> Column {
    Column { name, kind, nullable: false, meaning }
}

const fn n(name: &'static str, kind: ColumnType, meaning: &'static str) -> Column {
    Column { name, kind, nullable: true, meaning }
}

use ColumnType::{Boolean, Date, Int16, Int32, Int64, Text, Timestamp};

const REQUEST_COLUMNS: &[Column] = &[
    c("event_time_utc", Timestamp, "start of the request where known, else the stamp; UTC"),
    c("time_basis", Text, "which moment event_time_utc is: start, end, unknown"),
    c("local_minute", Int16, "minutes since local midnight by the wall clock, 0-1439"),
    c("utc_offset_minutes", Int16, "local minus UTC, minutes"),
    c("clock_fold", Boolean, "second pass of the hour that October repeats"),
    c("clock_ambiguous", Boolean, "in that hour, and nothing tells which pass"),
    c("week_start_date", Date, "Monday of the ISO week"),
    n("half_term", Text, "A1, A2, Sp1, Sp2, Su1, Su2 by the school's calendar"),
    n("half_term_week", Int16, "week of the half-term, from 1"),
    c("day_type", Text, "term, inset, holiday, half_term, bank_holiday, closure, weekend, part"),
    c("school_day", Boolean, "a day on which pupils are in school"),
    n("lesson_period", Text, "bell-time period; empty outside school hours"),
    n("actor", Int64, "keyed token of who asked; empty when the record names nobody"),
    c("actor_kind", Text, "person, shared, device, address, machine, nobody"),
    c("role", Text, "pupil, staff, guest, unknown"),
    c("group_id", Text, "group by the school's rules; unmatched if none fits"),
    n("year_group", Int16, "year group; 0 Reception, -1 Nursery"),
    n("key_stage", Text, "EYFS, KS1 to KS5"),
    n("device", Int64, "keyed token of the client address or host name"),
    c(
        "network",
        Text,
        "network by address range; off-site if the log says so; unlisted if none fits; not in the log without an address",
    ),
    c("record_kind", Text, "request, tunnel, authentication, dns"),
    n("method", Text, "HTTP method from a closed list, OTHER else"),
    n("status", Int32, "HTTP status; empty when there was no response"),
    n("response_bytes", Int64, "bytes sent to the client"),
    n("duration_ms", Int64, "milliseconds it took"),
    c("action", Text, "allowed, blocked, warned, proceeded, challenged, bypassed, monitored, error, unknown"),
    n("block_reason", Text, "list, content, search, file kind, upload, virus, certificate, client, rule"),
    n("site", Text, "registrable domain, or host- and 16 hex digits of a token; empty on an illegal list"),
    c("visibility", Text, "page: the whole address was known; host: only the host (undecrypted)"),
    c("html_page", Boolean, "an HTML page by its MIME type, answered with success"),
    c("code", Text, "common category code that counts: the gravest after exclusions; UNCAT, UNMAPPED"),
    n("other_codes", Text, "further codes of the same record, blank between"),
    n("theme", Text, "row of a sealed set, or a concern kept apart for staff"),
    n("four_c", Text, "content, contact, conduct, commerce"),
    c("severity", Int16, "0-5, the greatest of category and vendor"),
    c("code_source", Text, "where the code came from: vendor, site list, search, none"),
    c("learning", Boolean, "education, reference, medical, news or government is among its categories"),
    n("search_token", Int64, "keyed token of the words searched for"),
    n("search_theme", Text, "theme of the words searched for"),
    c("record_noise", Boolean, "the record alone says that nobody asked for it"),
    c("illegal", Boolean, "on an illegal-content list"),
    c("source_format", Text, "format or profile that read the record"),
    c("import_token", Int64, "first 64 bits of the file's fingerprint"),
    c("record_number", Int64, "ordinal of the record in its file, from 1"),
    c("local_date", Date, "local calendar day; partition"),
];

const fn who() -> [Column; 6] {
    [
        n("actor", Int64, "keyed token of who asked"),
        c("actor_kind", Text, "person, shared, device, address, machine, nobody"),
        c("role", Text, "pupil, staff, guest, unknown"),
        c("group_id", Text, "group on that day"),
        n("year_group", Int16, "year group; 0 Reception, -1 Nursery"),
        n("key_stage", Text, "EYFS, KS1 to KS5"),
    ]
}

const fn day() -> [Column; 6] {
    [
        c("local_date", Date, "local calendar day"),
        c("week_start_date", Date, "Monday of the ISO week"),
        n("half_term", Text, "A1, A2, Sp1, Sp2, Su1, Su2"),
        n("half_term_week", Int16, "week of the half-term, from 1"),
        c("day_type", Text, "term, inset, holiday, half_term, bank_holiday, closure, weekend, part"),
        c("school_day", Boolean, "a day on which pupils are in school"),
    ]
}

const WHO: [Column; 6] = who();
const DAY: [Column; 6] = day();
const YEAR: Column = c("academic_year", Text, "1 September to 31 August, as 2025-26; partition");

const ATTEMPT_COLUMNS: &[Column] = &[
    DAY[0],
    DAY[1],
    DAY[2],
    DAY[3],
    DAY[4],
    DAY[5],
    WHO[0],
    WHO[1],
    WHO[2],
    WHO[3],
    WHO[4],
    WHO[5],
    c("start_utc", Timestamp, "first record; UTC"),
    c("end_utc", Timestamp, "last record; UTC"),
    c("local_minute", Int16, "minutes since local midnight of the first record"),
    n("lesson_period", Text, "bell-time period of the first record"),
    c("code", Text, "common category code"),
    n("theme", Text, "theme of the code"),
    n("four_c", Text, "content, contact, conduct, commerce"),
    c("severity", Int16, "0-5"),
    n("site", Text, "registrable domain or host token"),
    n("search_token", Int64, "keyed token of the words searched for"),
    c("learning", Boolean, "a record of the run has a category for learning"),
    c("illegal", Boolean, "on an illegal-content list"),
    c("records", Int64, "blocked primary records in the run"),
    YEAR,
];

const EPISODE_COLUMNS: &[Column] = &[
    DAY[0],
    DAY[1],
    DAY[2],
    DAY[3],
    DAY[4],
    DAY[5],
    WHO[0],
    WHO[1],
    WHO[2],
    WHO[3],
    WHO[4],
    WHO[5],
    c("start_utc", Timestamp, "first event of interest; UTC"),
    c("end_utc", Timestamp, "last event of interest; UTC"),
    c("local_minute", Int16, "minutes since local midnight of the first event"),
    n("lesson_period", Text, "bell-time period of the first event"),
    n("theme", Text, "theme; empty for blocked records of no theme"),
    n("four_c", Text, "content, contact, conduct, commerce"),
    c("severity", Int16, "0-5, persistence uplift included"),
    c("outcome", Text, "blocked, allowed, mixed, unknown (the source shows no decision)"),
    c("searched", Boolean, "the theme came from words searched for"),
    c("persistent", Boolean, "at least 3 attempts in 10 minutes, or 5 in a school day, in the theme"),
    c("illegal", Boolean, "on an illegal-content list"),
    c("attempts", Int64, "attempts that began in the episode"),
    c("records", Int64, "events of interest in the episode"),
    YEAR,
];

const ACTOR_DAY_COLUMNS: &[Column] = &[
    DAY[0],
    DAY[1],
    DAY[2],
    DAY[3],
    DAY[4],
    DAY[5],
    WHO[0],
    WHO[1],
    WHO[2],
    WHO[3],
    WHO[4],
    WHO[5],
    c("records", Int64, "all records of the actor on that day"),
    c("primary_records", Int64, "primary records; at least one makes the actor active"),
    c("blocked_records", Int64, "blocked primary records"),
    c("attempts", Int64, "attempts"),
    c("episodes", Int64, "episodes"),
    YEAR,
];

const ACTOR_THEME_DAY_COLUMNS: &[Column] = &[
    DAY[0],
    DAY[1],
    DAY[2],
    DAY[3],
    DAY[4],
    DAY[5],
    WHO[0],
    WHO[1],
    WHO[2],
    WHO[3],
    WHO[4],
    WHO[5],
    n("theme", Text, "theme; empty for blocked records of no theme"),
    n("four_c", Text, "content, contact, conduct, commerce"),
    c("severity", Int16, "gravest episode of the actor in the theme on that day, 0-5"),
    c("outcome", Text, "blocked, allowed, mixed, unknown over the day's episodes"),
    c("attempts", Int64, "attempts of the actor in the theme"),
    c("episodes", Int64, "episodes of the actor in the theme"),
    YEAR,
];

const ACTIVITY_COLUMNS: &[Column] = &[
    DAY[0],
    DAY[1],
    DAY[2],
    DAY[3],
    DAY[4],
    DAY[5],
    c("local_hour", Int16, "hour by the wall clock, 0-23"),
    n("lesson_period", Text, "bell-time period"),
    WHO[1],
    WHO[2],
    WHO[3],
    c("visibility", Text, "page or host"),
    c("code", Text, "common category code"),
    n("theme", Text, "theme of the code"),
    c("action", Text, "what the filter did"),
    c("records", Int64, "all records"),
    c("primary_records", Int64, "primary records"),
    c("response_bytes", Int64, "bytes sent to clients"),
    YEAR,
];

const BLOCKED_SITE_DAY_COLUMNS: &[Column] = &[
    DAY[0],
    DAY[1],
    DAY[2],
    DAY[3],
    DAY[4],
    DAY[5],
    WHO[0],
    WHO[1],
    WHO[2],
    WHO[3],
    WHO[4],
    WHO[5],
    n("site", Text, "registrable domain or host token"),
    c("code", Text, "common category code"),
    n("theme", Text, "theme of the code"),
    c("learning", Boolean, "a category for learning is present"),
    c("attempts", Int64, "attempts of the actor on the site"),
    c("records", Int64, "blocked primary records"),
    YEAR,
];

const NETWORK: Column = c(
    "network",
    Text,
    "network by address range; off-site if the log says so; unlisted if none fits; not in the log without an address",
);

const NETWORK_DAY_COLUMNS: &[Column] = &[
    DAY[0],
    DAY[1],
    DAY[2],
    DAY[3],
    DAY[4],
    DAY[5],
    WHO[0],
    WHO[1],
    WHO[2],
    WHO[3],
    WHO[4],
    WHO[5],
    NETWORK,
    c("primary_records", Int64, "primary records; at least one makes the actor active there"),
    YEAR,
];

const NETWORK_THEME_DAY_COLUMNS: &[Column] = &[
    DAY[0],
    DAY[1],
    DAY[2],
    DAY[3],
    DAY[4],
    DAY[5],
    WHO[0],
    WHO[1],
    WHO[2],
    WHO[3],
    WHO[4],
    WHO[5],
    NETWORK,
    n("theme", Text, "theme; empty for blocked records of no theme"),
    c("attempts", Int64, "attempts of the actor in the theme that began there"),
    c("episodes", Int64, "episodes of the actor in the theme that began there"),
    YEAR,
];

const CLASS_MINUTE_COLUMNS: &[Column] = &[
    DAY[0],
    DAY[1],
    DAY[2],
    DAY[3],
    DAY[4],
    DAY[5],
    WHO[3],
    n("year_group", Int16, "year group of those whom no group's rule fits; empty for a group"),
    c("local_minute", Int16, "first of ten minutes by the wall clock, since local midnight"),
    c(
        "active_actors",
        Int64,
        "different actors of the class with a record that is no noise in these ten minutes",
    ),
    YEAR,
];

const PANEL_DAY_COLUMNS: &[Column] = &[
    DAY[0],
    DAY[1],
    DAY[2],
    DAY[3],
    DAY[4],
    DAY[5],
    c("site", Text, "registrable domain of `canary.csv`"),
    n(
        "group_id",
        Text,
        "group on that day; empty in the row which says that the site was of the panel on that day",
    ),
    c("actors_through", Int64, "different actors of the group who were let through; 0 in that row"),
    YEAR,
];

const INCIDENT_COLUMNS: &[Column] = &[
    c(
        "incident",
        Int64,
        "keyed token of the school's reference or of the row's own key columns; rows share it",
    ),
    c(
        "incident_row",
        Int64,
        "keyed token of the row within the incident; of equal ones of one source_format the newest import's holds",
    ),
    c("occurred_utc", Timestamp, "when it happened; UTC"),
    c("local_date", Date, "local calendar day"),
    c("time_known", Boolean, "the export has a time of day"),
    n("subject", Int64, "person token of the pupil by the roster; empty when unmatched"),
    c("role", Text, "pupil, staff, guest, unknown"),
    n("year_group", Int16, "year group; 0 Reception, -1 Nursery"),
    n("key_stage", Text, "EYFS, KS1 to KS5"),
    c("code", Text, "common category code, UNMAPPED if no map knows the word"),
    n("theme", Text, "theme of the code"),
    n("four_c", Text, "content, contact, conduct, commerce"),
    c("severity", Int16, "0-5"),
    c("status", Text, "open, closed, unread, other, unknown"),
    c("linked_count", Int32, "other pupils named in the row"),
    c("source_format", Text, "profile that read the row"),
    c("import_token", Int64, "first 64 bits of the file's fingerprint"),
    c("record_number", Int64, "ordinal of the record in its file, from 1"),
    YEAR,
];

const CHANGE_COLUMNS: &[Column] = &[
    c(
        "change_token",
        Int64,
        "keyed token of the row's reference or own columns; of equal ones of one source_format the newest import's holds",
    ),
    c("kind", Text, "ticket (help desk), ledger (the school's list), report (a site that somebody reported)"),
    c("requested_utc", Timestamp, "when it was asked for or reported; UTC"),
    c("local_date", Date, "local calendar day of that"),
    c("time_known", Boolean, "the export has a time of day"),
    c("asked", Text, "what the filter was to do: unblock, block, recategorise, other, unknown"),
    n("site", Text, "registrable domain, or host- and 16 hex digits of a token; empty on an illegal list"),
    c("address_source", Text, "where the address stood: column, text (first in subject or body), none"),
    c("code", Text, "common category code of the words, else of the site; UNCAT, UNMAPPED"),
    c("code_source", Text, "where the code came from: vendor, site list, none"),
    n("theme", Text, "theme of the code"),
    n("four_c", Text, "content, contact, conduct, commerce"),
    c("severity", Int16, "0-5"),
    c("learning", Boolean, "a category for learning is present"),
    c("illegal", Boolean, "on an illegal-content list"),
    n("group_id", Text, "group by the school's rules, unmatched if none fits; empty where none is named"),
    c(
        "requester_role",
        Text,
        "dsl, leadership, governor, teacher, it, provider, staff, pupil, parent, other, unknown",
    ),
    c("decided_by_role", Text, "the same of who decided"),
    n(
        "decided_by_other",
        Boolean,
        "another person decided than asked; empty where nobody can tell, or nobody has decided",
    ),
    c("decision", Text, "approved, refused, pending, withdrawn, other, unknown"),
    c("status", Text, "open, closed, unread, other, unknown"),
    n("decided_date", Date, "local day of the decision"),
    n("applied_from", Date, "first local day on which it holds"),
    n("applied_to", Date, "last local day on which it holds"),
    n("closed_date", Date, "local day on which it was closed"),
    c("term", Text, "temporary (has an end), permanent (says so), unknown"),
    c("reason_given", Boolean, "a reason is written down; its words are in the vault"),
    c("risk_noted", Boolean, "a note on the risk is written down; its words are in the vault"),
    c("source_format", Text, "profile that read the row"),
    c("import_token", Int64, "first 64 bits of the file's fingerprint"),
    c("record_number", Int64, "ordinal of the record in its file, from 1"),
    YEAR,
];

const CHECK_COLUMNS: &[Column] = &[
    c(
        "check_token",
        Int64,
        "keyed token of the row's reference or own columns; of equal ones of one source_format the newest import's holds",
    ),
    c("checked_utc", Timestamp, "when it was done; UTC"),
    c("local_date", Date, "local calendar day of that"),
    c("time_known", Boolean, "the export has a time of day"),
    c("code", Text, "common category code of what was tried; no hit on a list: it was a test"),
    c("expected", Text, "what the filter should do: blocked, allowed, unknown"),
    c("observed", Text, "what it did: blocked, allowed, error, unknown"),
    n("as_expected", Boolean, "whether it did what it should; empty where the row does not tell"),
    n("group_id", Text, "group by the school's rules, unmatched if none fits; empty where none is named"),
    n("device", Int64, "keyed token of the device's name"),
    n("device_type", Text, "windows, mac, chromebook, ios, android, linux, other"),
    c("source_format", Text, "profile that read the row"),
    c("import_token", Int64, "first 64 bits of the file's fingerprint"),
    c("record_number", Int64, "ordinal of the record in its file, from 1"),
    YEAR,
];

const INCIDENT_LINK_COLUMNS: &[Column] = &[
    c("incident", Int64, "as in `incidents`"),
    c("incident_row", Int64, "as in `incidents`"),
    c("local_date", Date, "local calendar day of the incident"),
    c("linked", Int64, "person token, by the roster, of somebody named beside the subject"),
    c("role", Text, "pupil, staff, guest, unknown: of the person named beside"),
    n("year_group", Int16, "year group of the person named beside; 0 Reception, -1 Nursery"),
    c("source_format", Text, "profile that read the row"),
    c("import_token", Int64, "first 64 bits of the file's fingerprint"),
    c("record_number", Int64, "ordinal of the incident's row in its file, from 1"),
    YEAR,
];

const REJECT_COLUMNS: &[Column] = &[
    c("import_token", Int64, "first 64 bits of the file's fingerprint"),
    c("record_number", Int64, "ordinal of the record in its file, from 1"),
    c("line_number", Int64, "first line of the record, from 1"),
    c("offset_bytes", Int64, "first byte of the record in the decompressed file"),
    c("length_bytes", Int64, "bytes of the record, line end included"),
    c("reason", Text, "why it could not be read"),
    c("reason_offset_bytes", Int32, "byte within the record where reading stopped"),
    c("ingest_date", Date, "local day of the import"),
    YEAR,
];

const IMPORT_COLUMNS: &[Column] = &[
    c("fingerprint", Text, "BLAKE3 of the decompressed content, 64 hex digits"),
    c("import_token", Int64, "first 64 bits of the fingerprint"),
    c("imported_utc", Timestamp, "when the import was prepared; UTC"),
    c("source_format", Text, "format or profile"),
    c("format_version", Text, "version of the format or profile"),
    c("settings_version", Text, "hash of taxonomy, maps, calendar and group rules"),
    c("folder", Text, "keyed token of the inbox sub-folder; empty at its top"),
    c("records", Int64, "records framed"),
    c("events", Int64, "rows committed"),
    c("other", Int64, "well-formed records that are no events"),
    c("folded", Int64, "records merged into another record's event"),
    c("duplicate", Int64, "records that stood in the lake already"),
    c("rejects", Int64, "records that could not be read"),
    c("directives", Int64, "lines that describe the file"),
    c("blanks", Int64, "empty lines"),
    c("file_bytes", Int64, "bytes of the decompressed file"),
    c("record_bytes", Int64, "bytes of all records; equals file_bytes"),
    n("first_utc", Timestamp, "earliest event; UTC"),
    n("last_utc", Timestamp, "latest event; UTC"),
    c("notices", Text, "odd but usable, as kind=count, semicolon between"),
    n(
        "header_hash",
        Text,
        "hash of the header or of the columns that a line of the file names; empty where there is none",
    ),
    n("event_days", Text, "events of a web log by local day, as 2025-10-06=count, semicolon between"),
    YEAR,
];

macro_rules! tables {
    ($($constant:ident $name:literal $columns:ident $partition:literal $row:literal;)*) => {
        $(#[doc = $row] pub const $constant: TableSchema = TableSchema {
            name: $name, row: $row, columns: $columns, partition: $partition,
        };)*
        /// Every table of a school's lake.
        pub const TABLES: &[TableSchema] = &[$($constant),*];
    };
}

tables! {
    REQUESTS "requests" REQUEST_COLUMNS "local_date" "One record of a web log, pseudonymous; staff excepted.";
    STAFF_REQUESTS "staff_requests" REQUEST_COLUMNS "local_date" "One record of a web log whose actor is staff.";
    ATTEMPTS "attempts" ATTEMPT_COLUMNS "academic_year" "A run of blocked primary records of one actor, code and site, gaps at most 60 s.";
    STAFF_ATTEMPTS "staff_attempts" ATTEMPT_COLUMNS "academic_year" "Attempts of staff.";
    EPISODES "episodes" EPISODE_COLUMNS "academic_year" "A run of events of interest of one actor and theme, gaps at most 10 min.";
    STAFF_EPISODES "staff_episodes" EPISODE_COLUMNS "academic_year" "Episodes of staff.";
    ACTOR_DAYS "actor_days" ACTOR_DAY_COLUMNS "academic_year" "One actor on one local day.";
    STAFF_ACTOR_DAYS "staff_actor_days" ACTOR_DAY_COLUMNS "academic_year" "One member of staff on one local day.";
    ACTOR_THEME_DAYS "actor_theme_days" ACTOR_THEME_DAY_COLUMNS "academic_year" "One actor with at least one episode in a theme on one local day.";
    STAFF_ACTOR_THEME_DAYS "staff_actor_theme_days" ACTOR_THEME_DAY_COLUMNS "academic_year" "One member of staff with an episode in a theme on one local day.";
    ACTIVITY "activity" ACTIVITY_COLUMNS "academic_year" "Records of one local hour, group, category and action.";
    STAFF_ACTIVITY "staff_activity" ACTIVITY_COLUMNS "academic_year" "Staff records of one local hour, group, category and action.";
    BLOCKED_SITE_DAYS "blocked_site_days" BLOCKED_SITE_DAY_COLUMNS "academic_year" "One actor's attempts on one blocked site on one local day.";
    STAFF_BLOCKED_SITE_DAYS "staff_blocked_site_days" BLOCKED_SITE_DAY_COLUMNS "academic_year" "Staff attempts on one blocked site on one local day.";
    NETWORK_DAYS "network_days" NETWORK_DAY_COLUMNS "academic_year" "One actor on one network on one local day.";
    NETWORK_THEME_DAYS "network_theme_days" NETWORK_THEME_DAY_COLUMNS "academic_year" "One actor with an attempt or episode in a theme on one network on one local day.";
    CLASS_MINUTES "class_minutes" CLASS_MINUTE_COLUMNS "academic_year" "How many of a class were active in ten minutes in which five or more of it met a block of one site.";
    PANEL_DAYS "panel_days" PANEL_DAY_COLUMNS "academic_year" "A site of the canary panel that a group reached on one local day; names nobody.";
    INCIDENTS "incidents" INCIDENT_COLUMNS "academic_year" "One row of an incident export about a pupil. `watershed sql` shows the newest of each incident here and all of them as `incident_history`.";
    STAFF_INCIDENTS "staff_incidents" INCIDENT_COLUMNS "academic_year" "One row of an incident export about a member of staff.";
    CHANGES "changes" CHANGE_COLUMNS "academic_year" "A ticket, a line of the change ledger, or a reported site; names nobody. `watershed sql` shows the newest of each here and all rows as `change_history`.";
    CHECKS "checks" CHECK_COLUMNS "academic_year" "A test of the filter; names nobody. `watershed sql` shows the newest of each here and all rows as `check_history`.";
    INCIDENT_LINKS "incident_links" INCIDENT_LINK_COLUMNS "academic_year" "A pupil named beside the pupil whom an incident is about; `watershed sql` shows those of the newest rows here and all of them as `incident_link_history`.";
    STAFF_INCIDENT_LINKS "staff_incident_links" INCIDENT_LINK_COLUMNS "academic_year" "A person named in an incident, where that person or the subject is staff.";
    REJECTS "rejects" REJECT_COLUMNS "academic_year" "A record that could not be read: place and reason; its text is in the vault.";
    IMPORTS "imports" IMPORT_COLUMNS "academic_year" "A file that was taken in; this row alone makes the import exist.";
}
