//! What could not be seen in some days: said on every table (product.md, rule 4).

use jiff::civil::Date;

use crate::error::Error;
use crate::plan::Reader;
use crate::wording;

/// Counts of records and days of a window.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unseen {
    /// School days of the window.
    pub(crate) school_days: i64,
    /// Those without any record.
    pub(crate) missing_days: Vec<Date>,
    /// Records of everybody but staff.
    pub(crate) records: i64,
    /// Tied to a person.
    pub(crate) identified: i64,
    /// Without a category.
    pub(crate) uncategorised: i64,
    /// With a category word that no map knows.
    pub(crate) unmapped: i64,
    /// Whose action the export does not show.
    pub(crate) undecided: i64,
    /// Of which only the host is known.
    pub(crate) host_only: i64,
    /// Whose action is a block.
    pub(crate) blocked: i64,
    /// Imports with a record in the window.
    pub(crate) imports: i64,
    /// Records framed in them.
    pub(crate) import_records: i64,
    /// Records of them that could not be read.
    pub(crate) rejected: i64,
}

/// Imports that touch the window: by their events, else by the day they were taken in.
pub(super) const IMPORTS_OF_WINDOW: &str = "CASE WHEN first_utc IS NULL \
    THEN CAST(imported_utc AS DATE) BETWEEN $first AND $last \
    ELSE CAST(first_utc AS DATE) <= $last AND CAST(last_utc AS DATE) >= $first END";

impl Unseen {
    /// Counts them.
    pub(crate) async fn of(reader: &Reader<'_>) -> Result<Self, Error> {
        let values = reader.values();
        let statement = "SELECT sum(records) AS records, \
            sum(records) FILTER (WHERE actor_kind = 'person') AS identified, \
            sum(records) FILTER (WHERE code = 'UNCAT') AS uncategorised, \
            sum(records) FILTER (WHERE code = 'UNMAPPED') AS unmapped, \
            sum(records) FILTER (WHERE action = 'unknown') AS undecided, \
            sum(records) FILTER (WHERE action = 'blocked') AS blocked, \
            sum(records) FILTER (WHERE visibility = 'host') AS host_only \
            FROM activity WHERE local_date BETWEEN $first AND $last";
        let seen = reader.session.query(statement, &values).await?;
        let statement = format!(
            "SELECT count(*) AS imports, sum(records) AS records, sum(rejects) AS rejects FROM imports WHERE {IMPORTS_OF_WINDOW}"
        );
        let files = reader.session.query(&statement, &values).await?;
        let with_data = reader.days_with_data(&[]).await?;
        let missing_days =
            reader.window.school_days.iter().copied().filter(|day| with_data.binary_search(day).is_err());
        Ok(Self {
            school_days: reader.window.school_days.len() as i64,
            missing_days: missing_days.collect(),
            records: seen.count(0, "records"),
            identified: seen.count(0, "identified"),
            uncategorised: seen.count(0, "uncategorised"),
            unmapped: seen.count(0, "unmapped"),
            undecided: seen.count(0, "undecided"),
            host_only: seen.count(0, "host_only"),
            blocked: seen.count(0, "blocked"),
            imports: files.count(0, "imports"),
            import_records: files.count(0, "records"),
            rejected: files.count(0, "rejects"),
        })
    }

    /// Whether no record of the window shows a decision of the filter.
    pub(crate) const fn shows_no_decision(&self) -> bool {
        self.records > 0 && self.blocked == 0 && self.undecided > 0
    }

    /// The sentences.
    pub(crate) fn notes(&self) -> Vec<String> {
        let missing = match self.missing_days.len() as i64 {
            _ if self.school_days == 0 => "Nights missing: these days have no school day.".to_owned(),
            0 => format!(
                "Nights missing: none of {}.",
                wording::counted(self.school_days, "school day", "school days")
            ),
            n => format!(
                "Nights missing: {} of {} have no record ({}).",
                wording::whole(n),
                wording::counted(self.school_days, "school day", "school days"),
                wording::days(&self.missing_days)
            ),
        };
        let mut notes = vec![missing];
        if self.records > 0 {
            let share = |part: i64| wording::percent(part as f64 / self.records as f64);
            notes.push(format!(
                "Unidentified: {} of {} records are not tied to a person.",
                share(self.records - self.identified),
                wording::whole(self.records)
            ));
            notes.push(format!(
                "Undecrypted: for {} of the records only the host is known.",
                share(self.host_only)
            ));
            notes.push(format!(
                "Uncategorised: {} of the records have no category; {} have one that no map knows.",
                share(self.uncategorised),
                share(self.unmapped)
            ));
            if self.undecided > 0 {
                notes.push(format!(
                    "Undecided: {} of the records show no decision of the filter.",
                    share(self.undecided)
                ));
            }
        }
        notes.push(format!(
            "Rejected: {} of {} records in {} could not be read.",
            wording::whole(self.rejected),
            wording::whole(self.import_records),
            wording::counted(self.imports, "file", "files")
        ));
        notes
    }
}
