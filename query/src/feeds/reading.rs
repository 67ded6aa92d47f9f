//! The ledger of imports as feed health needs it.

use std::collections::BTreeMap;

use ingest::report::Notice;
use jiff::tz::TimeZone;

use super::{Import, Source};
use crate::answer::Answer;
use crate::error::Error;
use crate::session::Session;

const STATEMENT: &str = "SELECT CAST(imported_utc AS BIGINT) AS imported, folder, source_format, format_version, \
    header_hash, event_days, events, records - directives - blanks - duplicate AS candidates, rejects, notices \
    FROM imports ORDER BY imported_utc, fingerprint";

/// Every import there is, oldest first.
pub(crate) async fn imports(session: &Session, zone: &TimeZone) -> Result<Vec<Import>, Error> {
    let answer = session.query(STATEMENT, &[]).await?;
    Ok((0..answer.len()).filter_map(|row| import(&answer, row, zone)).collect())
}

fn import(answer: &Answer, row: usize, zone: &TimeZone) -> Option<Import> {
    let text = |name| answer.text(row, name).unwrap_or_default();
    let taken = jiff::Timestamp::from_microsecond(answer.integer(row, "imported")?).ok()?;
    let notices = text("notices");
    Some(Import {
        source: Source { folder: text("folder"), format: text("source_format") },
        taken: taken.to_zoned(zone.clone()).date(),
        version: text("format_version"),
        header: answer.text(row, "header_hash").filter(|hash| !hash.is_empty()),
        days: counts(&text("event_days"))
            .filter_map(|(day, events)| Some((day.parse().ok()?, events)))
            .collect::<BTreeMap<_, _>>(),
        events: answer.count(row, "events"),
        candidates: answer.count(row, "candidates"),
        rejects: answer.count(row, "rejects"),
        skipped_hour: noticed(&notices, Notice::ClockSeemsUtc),
        far_times: noticed(&notices, Notice::TimeOutOfBounds),
        outages: noticed(&notices, Notice::FilterOutage),
    })
}

/// `name=count` pairs with semicolons between.
fn counts(text: &str) -> impl Iterator<Item = (&str, i64)> {
    text.split(';').filter_map(|pair| {
        let (name, count) = pair.rsplit_once('=')?;
        Some((name, count.parse().ok()?))
    })
}

fn noticed(notices: &str, notice: Notice) -> i64 {
    counts(notices).find(|(words, _)| *words == notice.words()).map_or(0, |(_, count)| count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_found_by_their_words() {
        let text = format!("{}=3;{}=12", Notice::ClockSeemsUtc.words(), Notice::FilterOutage.words());
        assert_eq!(noticed(&text, Notice::FilterOutage), 12);
        assert_eq!(noticed(&text, Notice::ClockSeemsUtc), 3);
        assert_eq!(noticed(&text, Notice::TimeOutOfBounds), 0);
        assert_eq!(noticed("", Notice::FilterOutage), 0);
    }
}
