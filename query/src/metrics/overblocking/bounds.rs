//! One screen: at least so much was wrong (OB2), so much by the audit (OB1), and what stands beside it.

use ingest::schema;

use super::super::{Place, Unseen};
use super::audit::{figure, newest, sample_notes, sentence};
use super::changes::{PROVISIONAL_DAYS, Requests, Reversed, decided};
use super::lessons::Events;
use super::{NOT_MEASURABLE, notes, panel, sites};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, ends, evidence_of_people, measure};
use crate::plan::{Cells, Reader, Sum, sum};
use crate::statistics::{Interval, wilson};
use crate::wording;

/// A row of the screen.
#[derive(Debug, Default)]
struct Line {
    figure: &'static str,
    words: String,
    part: Option<i64>,
    whole: Option<i64>,
    share: Option<f64>,
    interval: Option<Interval>,
    people: Option<i64>,
    largest_share: Option<f64>,
}

impl Line {
    fn cells(self) -> Vec<Cell> {
        vec![
            self.figure.into(),
            self.words.into(),
            self.part.into(),
            self.whole.into(),
            self.share.into(),
            self.interval.map(|interval| interval.lower).into(),
            self.interval.map(|interval| interval.upper).into(),
            self.people.into(),
            self.largest_share.into(),
        ]
    }
}

fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The screen.
pub(super) async fn bounds(
    reader: &Reader<'_>,
    place: &Place<'_>,
    unseen: &Unseen,
) -> Result<Figures, Error> {
    const SUMS: &[Sum<'_>] =
        &[sum("attempts", "count(*)"), sum("learning", "count(*) FILTER (WHERE learning)")];
    let known = newest(reader, place)?;
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut notes = notes(unseen);
    notes.remove(0);
    let mut reading = NOT_MEASURABLE.to_owned();
    if !unseen.shows_no_decision() {
        let cells = Cells { table: &schema::ATTEMPTS, only: "", by: &[], sums: SUMS, weight: "attempts" };
        let answer = reader.cells(&cells).await?;
        let (attempts, learning) = (answer.count(0, "attempts"), answer.count(0, "learning"));
        let requests = Requests::of(reader, place).await?;
        let reversed = requests.reversed(reader).await?;
        let events = Events::of(reader, place).await?;
        let (panel_sites, closed) = panel::closed(reader, place).await?;
        let beside =
            sites::Beside { requests: &requests, reversed: &reversed.by_site, events: &events.events };
        let look = sites::first(reader, &beside).await?;

        rows.push(least(&requests, &reversed, attempts).cells());
        let audited = figure(known.as_ref(), reader.ask);
        rows.push(
            Line {
                figure: "Wrong, by the review of a sample (OB1)",
                words: audited.map_or_else(
                    || "not reviewed".to_owned(),
                    |audited| format!("{} of {} reviewed", audited.verdicts.wrong, audited.reviewed),
                ),
                part: audited.map(|audited| audited.verdicts.wrong as i64),
                whole: audited.map(|audited| audited.reviewed as i64),
                share: audited.and_then(|audited| audited.share),
                interval: audited.filter(|audited| audited.share.is_some()).map(|audited| audited.interval),
                people: audited.map(|audited| audited.pupils as i64),
                largest_share: audited.map(|audited| audited.largest_share),
            }
            .cells(),
        );
        rows.push(
            Line {
                figure: "On a category for learning (OB5)",
                words: "where to look, not what is wrong".to_owned(),
                part: Some(learning),
                whole: Some(attempts),
                share: share(learning, attempts),
                people: answer.integer(0, "distinct_people"),
                largest_share: answer.real(0, "largest_share"),
                ..Line::default()
            }
            .cells(),
        );
        let (approved, refused, pending) = decided(reader).await?;
        rows.push(
            Line {
                figure: "Requests to open a site that were upheld (OB3)",
                words: if requests.are_known() {
                    format!("{} decided, {pending} pending", approved + refused)
                } else {
                    "no list of changes".to_owned()
                },
                part: requests.are_known().then_some(approved),
                whole: requests.are_known().then_some(approved + refused),
                share: share(approved, approved + refused),
                interval: wilson(approved.unsigned_abs(), (approved + refused).unsigned_abs()),
                ..Line::default()
            }
            .cells(),
        );
        let rate = events.rate().map_or_else(
            || "no bell times".to_owned(),
            |rate| format!("{} per 1,000 lesson-hours", wording::rate(rate)),
        );
        let rate = match events.not_told {
            0 => rate,
            not_told => format!("{rate}; {not_told} more cannot be told"),
        };
        rows.push(
            Line {
                figure: "Lesson-block events (OB6)",
                words: rate,
                part: Some(events.events.len() as i64),
                ..Line::default()
            }
            .cells(),
        );
        rows.push(
            Line {
                figure: "Must-be-open sites that were blocked (OB7)",
                words: match closed.as_slice() {
                    [] => "none met a block".to_owned(),
                    [one] => one.clone(),
                    [one, rest @ ..] => format!("{one} and {} more", rest.len()),
                },
                part: Some(closed.len() as i64),
                whole: Some(panel_sites as i64),
                ..Line::default()
            }
            .cells(),
        );
        reading = sum_up(attempts, &requests, &reversed, &sentence(known.as_ref(), reader.ask), look.as_deref());
        notes.splice(0..0, provisional(&requests, &reversed, attempts));
        notes.extend(sample_notes(known.as_ref()));
    }
    let unit = "share of the whole beside it";
    let mut columns = vec![
        dimension("figure", "Figure"),
        dimension("words", "In words"),
        measure("part", "Part", "attempts, requests, events or sites"),
        measure("whole", "Of", "attempts, requests or sites"),
        measure("share", "Share", unit),
    ];
    columns.extend(ends("share_lower", "share_upper", unit));
    columns.extend(evidence_of_people("attempts"));
    Ok(Figures {
        schema: "watershed.overblocking.bounds/1",
        title: "Over-blocking: between which bounds, and what stands beside it".to_owned(),
        unit: "blocked attempts, unless a row says otherwise",
        denominator: "blocked attempts by everybody but staff",
        interval: "95 %; OB1: exact binomial with the effective size of the sample's design, widened by what nobody could \
            tell; OB3: Wilson",
        about: About::People,
        columns,
        rows,
        notes,
        reading,
    })
}

/// The provable part (OB2).
fn least(requests: &Requests, reversed: &Reversed, attempts: i64) -> Line {
    if !requests.are_known() {
        return Line {
            figure: "Wrong at least: opened within 30 days after (OB2)",
            words: "no list of changes".to_owned(),
            ..Line::default()
        };
    }
    Line {
        figure: "Wrong at least: opened within 30 days after (OB2)",
        words: match reversed.temporary {
            0 => "provable".to_owned(),
            temporary => format!("{temporary} of them opened for a time"),
        },
        part: Some(reversed.attempts),
        whole: Some(attempts),
        share: share(reversed.attempts, attempts),
        interval: None,
        people: Some(reversed.people),
        largest_share: reversed.largest_share,
    }
}

/// What is not yet final of the provable part.
fn provisional(requests: &Requests, reversed: &Reversed, attempts: i64) -> Vec<String> {
    let Some(as_of) = requests.as_of else {
        return vec![
            "No list of changes, ticket or report was taken in: what was opened later cannot be told (OB2, OB3)."
                .to_owned(),
        ];
    };
    if attempts == 0 {
        return Vec::new();
    }
    vec![format!(
        "Wrong at least: attempts on a site in the 30 days before it was opened to their group. Openings are known up to {as_of}; \
         attempts of the {PROVISIONAL_DAYS} days before it are provisional, since more may be opened: {} of those counted \
         lie before them.",
        wording::whole(reversed.settled)
    )]
}

fn sum_up(
    attempts: i64,
    requests: &Requests,
    reversed: &Reversed,
    audited: &str,
    look: Option<&str>,
) -> String {
    if attempts == 0 {
        return "No attempt was blocked in these days.".to_owned();
    }
    let mut text = format!("Of {}, ", wording::counted(attempts, "blocked attempt", "blocked attempts"));
    match (requests.are_known(), share(reversed.attempts, attempts)) {
        (true, Some(share)) if reversed.attempts > 0 => text.push_str(&format!(
            "at least {} ({}) met a site that was opened within 30 days. ",
            wording::whole(reversed.attempts),
            wording::percent(share)
        )),
        (true, _) => text.push_str("none met a site that was opened within 30 days. "),
        (false, _) => text.push_str("nobody can say how many met a site that was opened later: no list of changes was taken in. "),
    }
    text.push_str(audited);
    if reversed.largest_share.is_some_and(|share| share > 0.5) && reversed.attempts >= 3 {
        text.push_str(" One actor makes most of what was opened later.");
    }
    if let Some(site) = look {
        text.push_str(&format!(" Look first at {site}."));
    }
    text
}
