//! What the list of changes says of blocked sites: opened later (OB2), decided (OB3), asked for.
//!
//! A site is opened by a request to unblock it that was approved, or by one to move it to another category that was
//! approved, where that category is not to be blocked for the group by the policy of the day. Where the filter's maker
//! moves a site without a request, no list says so and nothing that is kept proves it: OB2 stays a lower bound.

use std::collections::{BTreeMap, BTreeSet};

use ingest::schema;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::super::Place;
use crate::error::Error;
use crate::plan::{ILLEGAL, Reader};

/// Days before an opening that count as its own.
pub(super) const BEFORE_DAYS: i64 = 30;
/// Days before the newest list of changes that are provisional: what is blocked there may yet be opened.
pub(super) const PROVISIONAL_DAYS: i64 = 60;

/// A request to open a site, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) site: String,
    /// None where all are meant.
    pub(super) group: Option<String>,
    pub(super) asked: Date,
    /// The first day on which it holds, if it was approved.
    pub(super) opened: Option<Date>,
    pub(super) refused: bool,
    pub(super) temporary: bool,
}

impl Request {
    /// Whether it is about the site for the group.
    pub(super) fn is_about(&self, site: &str, group: &str) -> bool {
        self.site == site && self.group.as_deref().is_none_or(|known| known == group)
    }
}

/// All requests to open a site.
#[derive(Debug, Default)]
pub(super) struct Requests {
    pub(super) all: Vec<Request>,
    /// Day on which the newest list was taken in; none where none ever was.
    pub(super) as_of: Option<Date>,
}

/// Blocked attempts that were opened later.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Reversed {
    pub(super) attempts: i64,
    /// Of them on days that are not provisional.
    pub(super) settled: i64,
    /// Of them before an opening with an end.
    pub(super) temporary: i64,
    pub(super) people: i64,
    pub(super) largest_share: Option<f64>,
    pub(super) by_site: BTreeMap<String, i64>,
}

impl Requests {
    /// Reads them, whatever the window: an opening after it is why its blocks were wrong.
    pub(super) async fn of(reader: &Reader<'_>, place: &Place<'_>) -> Result<Self, Error> {
        let statement = format!(
            "SELECT site, group_id, local_date, decision, term, coalesce(applied_from, decided_date, local_date) \
             AS opened, asked = 'recategorise' AS moved, code FROM changes \
             WHERE asked IN ('unblock', 'recategorise') AND NOT illegal AND site IS NOT NULL \
             AND code NOT IN {ILLEGAL} ORDER BY site, group_id, opened, decision"
        );
        let answer = reader.session.query(&statement, &[]).await?;
        let groups = groups_that_met_them(reader).await?;
        let (policy, taxonomy) = (place.settings.policy(), place.settings.taxonomy());
        let mut all = Vec::new();
        for row in 0..answer.len() {
            let decision = answer.text(row, "decision").unwrap_or_default();
            let (Some(site), Some(asked)) = (answer.text(row, "site"), answer.day(row, "local_date")) else {
                continue;
            };
            let request = Request {
                site,
                group: answer.text(row, "group_id"),
                asked,
                opened: if decision == "approved" { answer.day(row, "opened") } else { None },
                refused: decision == "refused",
                temporary: answer.text(row, "term").as_deref() == Some("temporary"),
            };
            let Some(opened) = request.opened.filter(|_| answer.yes(row, "moved")) else {
                all.push(request);
                continue;
            };
            let code = answer.text(row, "code").unwrap_or_default();
            let of_row = request.group.clone().map_or_else(|| groups.clone(), |group| vec![group]);
            for group in of_row {
                let stays = policy.is_to_be_blocked(taxonomy, &group, &code, opened);
                let opened = (!stays).then_some(opened);
                all.push(Request { group: Some(group), opened, ..request.clone() });
            }
        }
        Ok(Self { all, as_of: newest_list(reader, place.zone).await? })
    }

    /// Whether any list of changes was ever taken in.
    pub(super) const fn are_known(&self) -> bool {
        self.as_of.is_some()
    }

    /// The last day that is not provisional.
    pub(super) fn settled_to(&self) -> Option<Date> {
        self.as_of?.checked_sub(Span::new().days(PROVISIONAL_DAYS + 1)).ok()
    }

    /// Attempts of the window within the 30 days before their site was opened to their group (OB2's numerator). A
    /// request for a group that no rule knows opens nothing that could be told here.
    pub(super) async fn reversed(&self, reader: &Reader<'_>) -> Result<Reversed, Error> {
        let statement = format!(
            "SELECT site, group_id, local_date, actor, actor_kind = 'person' AS person, count(*) AS attempts \
             FROM attempts WHERE {} AND search_token IS NULL AND site IN (SELECT site FROM changes \
             WHERE asked IN ('unblock', 'recategorise') AND decision = 'approved' AND site IS NOT NULL) \
             GROUP BY site, group_id, local_date, actor, actor_kind \
             ORDER BY site, group_id, local_date, actor, actor_kind",
            reader.counted(&schema::ATTEMPTS, "")
        );
        let answer = reader.session.query(&statement, &reader.values()).await?;
        let mut found = Reversed::default();
        let mut people = BTreeSet::new();
        let mut by_actor: BTreeMap<i64, i64> = BTreeMap::new();
        for row in 0..answer.len() {
            let (Some(site), Some(group)) = (answer.text(row, "site"), answer.text(row, "group_id")) else {
                continue;
            };
            let Some(day) = answer.day(row, "local_date") else { continue };
            let Some(temporary) = self.opened_after(&site, &group, day) else { continue };
            let attempts = answer.count(row, "attempts");
            found.attempts += attempts;
            found.temporary += if temporary { attempts } else { 0 };
            found.settled += if self.settled_to().is_some_and(|last| day <= last) { attempts } else { 0 };
            *found.by_site.entry(site).or_default() += attempts;
            if let Some(actor) = answer.integer(row, "actor") {
                *by_actor.entry(actor).or_default() += attempts;
                if answer.yes(row, "person") {
                    people.insert(actor);
                }
            }
        }
        found.people = people.len() as i64;
        let most = by_actor.values().max().copied().unwrap_or(0);
        found.largest_share = (found.attempts > 0).then(|| most as f64 / found.attempts as f64);
        Ok(found)
    }

    /// Whether the site was opened to the group within 30 days after a day: some, and whether for a time only.
    fn opened_after(&self, site: &str, group: &str, day: Date) -> Option<bool> {
        let openings = self.all.iter().filter(|request| request.is_about(site, group));
        let hits = openings.filter(|request| {
            request.opened.is_some_and(|opened| (1..=BEFORE_DAYS).contains(&days_between(day, opened)))
        });
        // An opening for good makes it no matter of a lesson only.
        hits.map(|request| request.temporary).min()
    }
}

/// Day on which the newest list of changes was taken in; none where none ever was.
pub(super) async fn newest_list(reader: &Reader<'_>, zone: &TimeZone) -> Result<Option<Date>, Error> {
    let statement = "SELECT max(CAST(imported_utc AS BIGINT)) AS newest FROM imports \
        WHERE import_token IN (SELECT import_token FROM changes)";
    let newest = reader.session.query(statement, &[]).await?.integer(0, "newest");
    let moment = newest.and_then(|us| Timestamp::from_microsecond(us).ok());
    Ok(moment.map(|moment| moment.to_zoned(zone.clone()).date()))
}

/// Groups that met a block of a site which was moved to another category for all.
async fn groups_that_met_them(reader: &Reader<'_>) -> Result<Vec<String>, Error> {
    let statement = "SELECT DISTINCT group_id FROM attempts WHERE site IN (SELECT site FROM changes \
        WHERE asked = 'recategorise' AND decision = 'approved' AND group_id IS NULL AND site IS NOT NULL) \
        ORDER BY group_id";
    let answer = reader.session.query(statement, &[]).await?;
    Ok((0..answer.len()).filter_map(|row| answer.text(row, "group_id")).collect())
}

/// Days from one to the other.
pub(super) fn days_between(one: Date, other: Date) -> i64 {
    other.duration_since(one).as_hours() / 24
}

/// Requests to open a site that were decided in the window (OB3): approved, refused, and still pending.
pub(super) async fn decided(reader: &Reader<'_>) -> Result<(i64, i64, i64), Error> {
    let statement = "SELECT count(*) FILTER (WHERE decision = 'approved') AS approved, \
        count(*) FILTER (WHERE decision = 'refused') AS refused, \
        count(*) FILTER (WHERE decision = 'pending') AS pending FROM changes \
        WHERE asked = 'unblock' AND NOT illegal AND coalesce(decided_date, local_date) BETWEEN $first AND $last";
    let days = [
        ("first", crate::session::Value::Day(reader.window.from)),
        ("last", crate::session::Value::Day(reader.window.to)),
    ];
    let answer = reader.session.query(statement, &days).await?;
    Ok((answer.count(0, "approved"), answer.count(0, "refused"), answer.count(0, "pending")))
}
