//! Rows that stand although a newer export of their incident has not got them.

use crate::error::Error;
use crate::plan::Reader;
use crate::session::Value;
use crate::wording::counted;

/// What to know of incidents of the days: a pupil or a category that was changed in the incident system stands beside
/// what it was, because nobody can tell it from an export of fewer pupils. Nothing where there is none.
pub(super) async fn note(reader: &Reader<'_>) -> Result<Option<String>, Error> {
    let statement = "
        WITH given AS (
            SELECT incident, given.source_format AS source, file.imported_utc AS taken_in
            FROM incidents AS given JOIN imports AS file ON given.import_token = file.import_token
            WHERE local_date BETWEEN $first AND $last)
        SELECT count(*) AS n FROM
            (SELECT incident FROM given GROUP BY incident, source HAVING min(taken_in) < max(taken_in)) AS older";
    let days = [("first", Value::Day(reader.window.from)), ("last", Value::Day(reader.window.to))];
    let incidents = reader.session.query(statement, &days).await?.count(0, "n");
    Ok((incidents > 0).then(|| {
        format!(
            "{} also counted with rows that the newest export of them has not: a pupil or a category was changed where \
             they are recorded, or that export was of fewer pupils. In the first case `correct incident` leaves only \
             what the newest export has.",
            counted(incidents, "incident is", "incidents are")
        )
    }))
}
