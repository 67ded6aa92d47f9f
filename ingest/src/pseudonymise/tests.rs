//! What becomes of names at wall 1.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use jiff::civil::date;

use super::*;
use crate::event::{Facts, Member, Moment, Role};
use crate::fields::{Action, RecordKind, TimeBasis};
use crate::report::Place;
use crate::school::SchoolId;

/// An allowed page view of a pupil on 2026-01-12, 09:30 UTC.
pub(crate) fn sample_event() -> Event<'static, Identified> {
    Event {
        place: Place { record: 1, line: 1, offset_bytes: 0, length_bytes: 100 },
        read_by: None,
        moment: Moment {
            utc_us: 1_768_210_200_000_000,
            basis: TimeBasis::Start,
            local_date: date(2026, 1, 12),
            local_minute: 570,
            utc_offset_minutes: 0,
            clock_fold: false,
            clock_ambiguous: false,
            academic_year: AcademicYear::parse("2025-26").unwrap(),
            week_start: date(2026, 1, 12),
            half_term: Some("Sp1"),
            half_term_week: Some(2),
            day_type: "term",
            school_day: true,
            lesson_period: Some("1"),
        },
        actor: ActorName {
            kind: ActorKind::Person,
            name: "amy.otter".into(),
            written: r"SCHOOL\Amy.Otter".into(),
            member: None,
        },
        device: DeviceName {
            address: Some("10.20.30.40".into()),
            host: Some("amy-ipad.local".into()),
            user_agent: Some("Otterbrowser/7".into()),
        },
        page: Page {
            scheme: Some("https".into()),
            host: "www.river-otters.co.uk".into(),
            port: Some(443),
            path: Some("/holts/secret-page".into()),
            query: Some("q=private".into()),
            site: SiteName::Domain("river-otters.co.uk".into()),
        },
        search: Some("How do  Otters sleep".into()),
        words: Words {
            group: Some("Y10 Amy block".into()),
            categories: Some("Animals & Wildlife".into()),
            group_unmatched: true,
            unmapped: vec!["Animals & Wildlife".into()],
        },
        facts: Facts {
            role: Role::Pupil,
            group_id: "unmatched",
            network: "unlisted",
            code: "UNMAPPED",
            code_source: "vendor",
            ..Facts::default()
        },
        method: Some("GET"),
        status: Some(200),
        response_bytes: Some(512),
        duration_ms: Some(20),
        action: Action::Allowed,
        block_reason: None,
        kind: RecordKind::Request,
        page_visible: true,
        html_page: true,
    }
}

/// A row of an incident export about the same pupil.
pub(crate) fn sample_incident() -> Incident<'static, Identified> {
    Incident {
        place: Place { record: 1, line: 1, offset_bytes: 0, length_bytes: 100 },
        occurred: sample_event().moment,
        time_known: true,
        subject: PersonName {
            written: "Otter, Amy (10B)".into(),
            canonical: "amy otter".into(),
            member: Some(Member { person: 42, role: Role::Pupil, year_group: Some(10) }),
        },
        key: RecordKey::Reference("C-1017".into()),
        row: RecordKey::Row("C-1017 amy otter".into()),
        text: IncidentText {
            categories: Some("Online Safety, Riverbank".into()),
            unmapped: vec!["Riverbank".into()],
            status: Some("Open - waiting for Amy's mum".into()),
            linked: Some("Ben Badger".into()),
            narrative: Some("Amy said that Ben had shown her the holt.".into()),
        },
        role: Role::Pupil,
        year_group: Some(10),
        key_stage: Some("KS4"),
        code: "UNMAPPED",
        theme: None,
        four_c: None,
        severity: 2,
        status: crate::record::RecordStatus::Open,
        linked_count: 1,
        linked: vec![Member { person: 43, role: Role::Pupil, year_group: Some(9) }],
    }
}

fn keyring() -> (tempfile::TempDir, Keyring) {
    let folder = tempfile::tempdir().unwrap();
    let ring = Keyring::open(
        &folder.path().join("keys"),
        &SchoolId::parse("st-annes").unwrap(),
        &folder.path().join("installation"),
    )
    .unwrap();
    (folder, ring)
}

#[test]
fn names_become_tokens_and_facts_stay() {
    let (_folder, ring) = keyring();
    let mut wall = Pseudonymiser::new(&ring);
    let event = wall.event(&sample_event()).unwrap();
    let year = AcademicYear::parse("2025-26").unwrap();
    assert_eq!(event.actor.token, Some(ring.token(year, Domain::Account, b"amy.otter").unwrap()));
    assert_eq!(event.device, Some(ring.token(year, Domain::Device, b"amy-ipad.local").unwrap()));
    assert_eq!(event.page, Site::Domain("river-otters.co.uk".into()));
    assert_eq!(event.search, Some(ring.token(year, Domain::Search, b"how do otters sleep").unwrap()));
    assert_eq!(event.facts.code, "UNMAPPED");
    assert_eq!(event.moment.local_minute, 570);
}

#[test]
fn the_roster_joins_accounts_to_one_person() {
    let (_folder, ring) = keyring();
    let mut wall = Pseudonymiser::new(&ring);
    let member = Member { person: 42, role: Role::Pupil, year_group: Some(10) };
    let mut event = sample_event();
    event.actor.member = Some(member);
    assert_eq!(wall.event(&event).unwrap().actor.token, Some(42));
    event.actor.name = "aotter10".into();
    assert_eq!(wall.event(&event).unwrap().actor.token, Some(42));
    event.actor.kind = ActorKind::Shared;
    assert_ne!(wall.event(&event).unwrap().actor.token, Some(42), "a shared account is no person");
    event.actor.kind = ActorKind::Nobody;
    assert_eq!(wall.event(&event).unwrap().actor.token, None);
}

#[test]
fn capitals_do_not_make_a_second_device_or_search() {
    let (_folder, ring) = keyring();
    let mut wall = Pseudonymiser::new(&ring);
    let first = wall.event(&sample_event()).unwrap();
    let mut event = sample_event();
    event.device.host = Some("AMY-iPad.local".into());
    event.search = Some("how do otters SLEEP ".into());
    let second = wall.event(&event).unwrap();
    assert_eq!(first.device, second.device);
    assert_eq!(first.search, second.search);
    event.search = Some("  ".into());
    assert_eq!(wall.event(&event).unwrap().search, None);
}

#[test]
fn a_private_host_leaves_as_a_token_only() {
    let (_folder, ring) = keyring();
    let mut wall = Pseudonymiser::new(&ring);
    let mut event = sample_event();
    event.page.site = SiteName::Private;
    let Site::Token(token) = wall.event(&event).unwrap().page else { panic!("not a token") };
    assert_eq!(
        token,
        ring.token(event.moment.academic_year, Domain::Host, b"www.river-otters.co.uk").unwrap()
    );
}

#[test]
fn an_illegal_list_row_has_neither_site_nor_search() {
    let (_folder, ring) = keyring();
    let mut wall = Pseudonymiser::new(&ring);
    let mut event = sample_event();
    event.facts.illegal = true;
    let event = wall.event(&event).unwrap();
    assert_eq!(event.page, Site::None);
    assert_eq!(event.search, None);
    assert!(event.actor.token.is_some());
}

#[test]
fn the_same_person_has_another_token_next_year() {
    let (_folder, ring) = keyring();
    let mut wall = Pseudonymiser::new(&ring);
    let first = wall.event(&sample_event()).unwrap();
    let mut event = sample_event();
    event.moment.academic_year = AcademicYear::parse("2026-27").unwrap();
    let second = wall.event(&event).unwrap();
    assert_ne!(first.actor.token, second.actor.token);
    assert_ne!(first.search, second.search);
}

#[test]
fn the_cache_starts_again_and_tokens_stay_the_same() {
    let (_folder, ring) = keyring();
    let mut wall = Pseudonymiser::new(&ring);
    let year = AcademicYear::parse("2025-26").unwrap();
    let first = wall.token(year, Domain::Search, "first").unwrap();
    for number in 0..CACHED_TOKENS + 10 {
        wall.token(year, Domain::Search, &number.to_string()).unwrap();
    }
    let cached: usize = wall.tokens.caches.iter().map(|(_, cache)| cache.len()).sum();
    assert!(cached <= CACHED_TOKENS, "{cached}");
    assert_eq!(wall.token(year, Domain::Search, "first").unwrap(), first);
}

#[test]
fn an_incident_keeps_a_token_of_its_reference_and_of_a_known_pupil() {
    let (_folder, ring) = keyring();
    let mut wall = Pseudonymiser::new(&ring);
    let mut incident = sample_incident();
    let stored = wall.incident(&incident).unwrap();
    assert_eq!((stored.subject, stored.linked_count, stored.severity), (Some(42), 1, 2));
    assert_eq!(wall.incident(&incident).unwrap().key, stored.key);
    incident.key = RecordKey::Row("C-1017".into());
    assert_ne!(wall.incident(&incident).unwrap().key, stored.key);
    incident.subject.member = None;
    assert_eq!(wall.incident(&incident).unwrap().subject, None);
}
