//! Made-up pseudonymous events for the tests of the lake.

use std::borrow::Cow;

use jiff::civil::Date;

use crate::event::{ActorKind, ActorToken, Event, Facts, Moment, Pseudonymous, Role, Site};
use crate::fields::{Action, RecordKind, TimeBasis};
use crate::pseudonymise::Crossed;
use crate::report::Place;
use crate::school::AcademicYear;

/// A request by `actor` on `date`, `minute` minutes after (UTC) midnight.
pub(crate) fn event(record: u64, date: Date, minute: i16, actor: i64) -> Event<'static, Pseudonymous> {
    let days = i64::from(crate::lake::columns::epoch_days(date));
    let monday_offset = i64::from(date.weekday().to_monday_zero_offset());
    Event {
        place: Place { record, line: record, offset_bytes: 0, length_bytes: 10 },
        read_by: None,
        moment: Moment {
            utc_us: (days * 86_400 + i64::from(minute) * 60) * 1_000_000,
            basis: TimeBasis::Start,
            local_date: date,
            local_minute: minute,
            utc_offset_minutes: 0,
            clock_fold: false,
            clock_ambiguous: false,
            academic_year: AcademicYear::of(date),
            week_start: crate::lake::columns::date_of((days - monday_offset) as i32).unwrap(),
            half_term: Some("A1"),
            half_term_week: Some(1),
            day_type: "term",
            school_day: true,
            lesson_period: None,
        },
        actor: ActorToken { kind: ActorKind::Person, token: Some(actor) },
        device: None,
        page: Site::Domain(Cow::Borrowed("example.com")),
        search: None,
        words: Crossed::made_up(),
        facts: Facts {
            role: Role::Pupil,
            group_id: "y7",
            year_group: Some(7),
            key_stage: Some("KS3"),
            network: "unlisted",
            code: "UNCAT",
            code_source: "none",
            ..Facts::default()
        },
        method: Some("GET"),
        status: Some(200),
        response_bytes: Some(1000),
        duration_ms: None,
        action: Action::Allowed,
        block_reason: None,
        kind: RecordKind::Request,
        page_visible: true,
        html_page: false,
    }
}
