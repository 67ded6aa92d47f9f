//! Whole records through the normaliser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::borrow::Cow;

use super::*;
use crate::event::{ActorKind, Event, Identified, Role, SiteName};
use crate::fields::{Action, Fields, IncidentFields, RecordKind, RowsPer, TimeBasis, When};
use crate::record::{RecordKey, RecordStatus};
use crate::report::{Notice, Place, Reason, Reject, Tally};
use crate::settings::testing::settings;

/// Jane is in year 8, Mr Head on the staff, `library1` is somebody's account in spite of its name.
struct Known;

impl Roster for Known {
    fn member(&mut self, account: &str, _year: AcademicYear) -> Option<Member> {
        let member = |person, role, year_group| Some(Member { person, role, year_group });
        match account {
            "jane.doe" => member(1, Role::Pupil, Some(8)),
            "m.head" => member(2, Role::Staff, None),
            "library1" => member(3, Role::Pupil, Some(9)),
            "guest" => member(4, Role::Pupil, Some(10)),
            _ => None,
        }
    }

    fn member_by_name(&mut self, name: &str, year: AcademicYear) -> Option<Member> {
        (name == "jane doe").then(|| self.member("jane.doe", year)).flatten()
    }
}

fn some(text: &str) -> Option<Cow<'_, [u8]>> {
    Some(Cow::Borrowed(text.as_bytes()))
}

/// 2025-11-12 09:15:00 UTC, a school day.
const INSTANT: When = When::Instant(1_762_938_900_000_000);

fn fields() -> Fields<'static> {
    Fields {
        time: INSTANT,
        url: some("http://www.example.co.uk/a"),
        client_address: some("10.1.2.3"),
        ..Fields::default()
    }
}

/// Leaks a school and the record: a test ends soon.
fn event(
    fields: Fields<'static>,
    files: &[(&str, &str)],
) -> (Result<Event<'static, Identified>, Reject>, Tally) {
    let settings = Box::leak(Box::new(settings(files).unwrap()));
    let fields = Box::leak(Box::new(fields));
    let now = "2026-08-01T00:00:00Z".parse().unwrap();
    let mut normaliser = Normaliser::at(settings, "Europe/London", now).unwrap();
    let mut tally = Tally::default();
    (normaliser.request(Place::default(), fields, &mut Known, &mut tally), tally)
}

fn good(fields: Fields<'static>) -> Event<'static, Identified> {
    event(fields, &[]).0.unwrap()
}

#[test]
fn a_pupil_by_the_roster() {
    let event = good(Fields { user: some("OAK\\Jane.Doe"), group: some("Year 7 stale"), ..fields() });
    assert_eq!((event.actor.kind, event.actor.name.as_ref()), (ActorKind::Person, "jane.doe"));
    assert_eq!(event.actor.written, "OAK\\Jane.Doe");
    assert_eq!(event.actor.member.unwrap().person, 1);
    assert_eq!((event.facts.role, event.facts.year_group), (Role::Pupil, Some(8)));
    assert_eq!((event.facts.group_id, event.facts.key_stage), ("Year 8", Some("KS3")));
    assert_eq!(event.device.address.as_deref(), Some("10.1.2.3"));
    assert!(matches!(&event.page.site, SiteName::Domain(domain) if domain == "example.co.uk"));
    assert!(event.page_visible && !event.words.group_unmatched);
}

#[test]
fn without_a_roster_the_group_tells() {
    let event = good(Fields { user: some("t.new"), group: some("Y10 Jake block"), ..fields() });
    assert_eq!((event.actor.kind, event.actor.member), (ActorKind::Person, None));
    assert_eq!((event.facts.role, event.facts.group_id), (Role::Pupil, "Year 10"));
    let event = good(Fields { user: some("t.new"), group: some("Teaching Staff"), ..fields() });
    assert_eq!(
        (event.facts.role, event.facts.group_id, event.facts.year_group),
        (Role::Staff, "Staff", None)
    );
    let event = good(Fields { user: some("t.new"), group: some("filtergroup1"), ..fields() });
    assert_eq!((event.facts.role, event.facts.group_id), (Role::Unknown, "unmatched"));
    assert!(event.words.group_unmatched);
    assert_eq!(event.words.group.as_deref(), Some("filtergroup1"));
    let event = good(Fields { user: some("t.new"), ..fields() });
    assert_eq!(event.facts.group_id, "unmatched");
    assert!(!event.words.group_unmatched, "there is no name to list");
}

#[test]
fn staff_by_the_roster_are_staff_in_any_group() {
    let event = good(Fields { user: some("m.head"), group: some("Year 7"), ..fields() });
    assert_eq!(
        (event.facts.role, event.facts.group_id, event.facts.year_group),
        (Role::Staff, "Staff", None)
    );
    assert_eq!(event.facts.key_stage, None);
    let event = good(Fields { user: some("jane.doe"), group: some("Staff"), ..fields() });
    assert_eq!(
        (event.facts.role, event.facts.group_id, event.facts.year_group),
        (Role::Pupil, "Year 8", Some(8))
    );
}

#[test]
fn an_unmatched_group_name_is_listed_even_where_the_roster_knows_better() {
    let event = good(Fields { user: some("jane.doe"), group: some("filtergroup1"), ..fields() });
    assert_eq!(event.facts.group_id, "Year 8");
    assert!(event.words.group_unmatched);
}

#[test]
fn a_name_typed_at_a_challenge_is_nobody() {
    for challenge in [
        Fields { unauthenticated: true, ..fields() },
        Fields { action: Action::Challenged, ..fields() },
        Fields { kind: RecordKind::Authentication, ..fields() },
    ] {
        let event = good(Fields { user: some("jane.doe"), ..challenge });
        assert_eq!((event.actor.kind, event.actor.name.as_ref()), (ActorKind::Address, "10.1.2.3"));
        assert_eq!(
            (event.actor.member, event.facts.role, event.facts.year_group),
            (None, Role::Unknown, None)
        );
    }
    let event = good(Fields { user: some("OAK\\jane.doe?"), client_host: some("PC-14"), ..fields() });
    assert_eq!((event.actor.kind, event.actor.name.as_ref()), (ActorKind::Device, "pc-14"));
}

#[test]
fn shared_accounts_are_no_person() {
    let own = "pattern,role\nguest,guest\nlibrary*,\nks1*,pupil\n";
    let kind = |user: &'static str| {
        let (event, _) = event(Fields { user: some(user), ..fields() }, &[("shared_accounts.csv", own)]);
        let event = event.unwrap();
        (event.actor.kind, event.actor.member.is_some(), event.facts.role)
    };
    assert_eq!(kind("guest"), (ActorKind::Shared, false, Role::Guest), "named by the school, roster or not");
    assert_eq!(
        kind("library1"),
        (ActorKind::Person, true, Role::Pupil),
        "the roster knows better than a pattern"
    );
    assert_eq!(kind("library2"), (ActorKind::Shared, false, Role::Unknown));
    assert_eq!(kind("ks1-oak"), (ActorKind::Shared, false, Role::Pupil));
    assert_eq!(kind("PC-14$"), (ActorKind::Machine, false, Role::Unknown));
}

#[test]
fn devices_addresses_and_nobody() {
    let event = good(Fields { client_host: some("Jane-iPad.local"), user: some("-"), ..fields() });
    assert_eq!((event.actor.kind, event.actor.name.as_ref()), (ActorKind::Device, "jane-ipad.local"));
    let event = good(Fields { user: some("10.1.2.3"), ..fields() });
    assert_eq!((event.actor.kind, event.actor.name.as_ref()), (ActorKind::Address, "10.1.2.3"));
    let event = good(Fields { user: some("x-fwd-for: 10.7.7.7"), ..fields() });
    assert_eq!(event.actor.name, "10.7.7.7");
    let event = good(Fields { client_address: some("::ffff:10.1.2.3"), ..fields() });
    assert_eq!(event.actor.name, "10.1.2.3", "one machine, one spelling");
    let event = good(Fields { client_address: some("lab-pc-3"), ..fields() });
    assert_eq!((event.actor.kind, event.actor.name.as_ref()), (ActorKind::Device, "lab-pc-3"));
    let event = good(Fields { client_host: some("10.1.2.3"), ..fields() });
    assert_eq!(event.actor.kind, ActorKind::Address);
}

#[test]
fn hidden_at_the_source() {
    let hidden = AnonymisedCase { user: "", address: "0.0.0.0" };
    let (result, tally) = event(hidden.fields(), &[]);
    let result = result.unwrap();
    assert_eq!((result.actor.kind, result.actor.name.as_ref()), (ActorKind::Nobody, ""));
    assert_eq!(result.device.address, None);
    assert_eq!(tally.notices[Notice::AnonymisedAtSource.words()], 1);
    let (result, tally) = event(AnonymisedCase { user: "", address: "" }.fields(), &[]);
    assert_eq!(result.unwrap().actor.kind, ActorKind::Nobody);
    assert_eq!(tally.notices.len(), 1);
    let (result, tally) = event(AnonymisedCase { user: "jane.doe", address: "0.0.0.0" }.fields(), &[]);
    assert_eq!(result.unwrap().actor.kind, ActorKind::Person);
    assert!(tally.notices.is_empty());
    let (result, tally) = event(Fields { client_address: None, ..fields() }, &[]);
    assert_eq!(result.unwrap().actor.kind, ActorKind::Nobody);
    assert!(tally.notices.is_empty(), "a layout without these columns hides nothing");
}

struct AnonymisedCase {
    user: &'static str,
    address: &'static str,
}

impl AnonymisedCase {
    fn fields(&self) -> Fields<'static> {
        Fields { user: some(self.user), client_address: some(self.address), ..fields() }
    }
}

#[test]
fn networks_have_a_say() {
    let own =
        [("networks.csv", "cidr,network,kind\n10.1.0.0/16,Main site,site\n10.9.0.0/16,Visitors,guest\n")];
    let at = |address: &'static str| {
        let event = event(Fields { client_address: some(address), ..fields() }, &own).0.unwrap();
        (event.facts.network, event.facts.role, event.facts.group_id)
    };
    assert_eq!(at("10.1.2.3"), ("Main site", Role::Unknown, "unmatched"));
    assert_eq!(at("10.9.2.3"), ("Visitors", Role::Guest, "Guest"));
    assert_eq!(at("192.0.2.1"), ("unlisted", Role::Unknown, "unmatched"));
    // At home a router may hand out an address of the school's ranges: the log's own word counts.
    let of = |fields: Fields<'static>| {
        let event = event(fields, &own).0.unwrap();
        (event.facts.network, event.facts.role)
    };
    let away = Fields { client_address: some("10.9.2.3"), off_site: true, ..fields() };
    assert_eq!(of(away), ("off-site", Role::Unknown));
    assert_eq!(of(Fields { client_address: None, ..fields() }), ("not in the log", Role::Unknown));
}

#[test]
fn pages_tunnels_and_private_hosts() {
    let event = good(Fields { url: some("HTTPS://Jane-iPad.Local:8443/x?y=z"), ..fields() });
    assert_eq!(event.page.site, SiteName::Private);
    assert_eq!((event.page.host.as_ref(), event.page.port), ("jane-ipad.local", Some(8443)));
    assert_eq!((event.page.path.as_deref(), event.page.query.as_deref()), (Some("/x"), Some("y=z")));
    let event = good(Fields { url: some("example.com:443"), kind: RecordKind::Tunnel, ..fields() });
    assert!(!event.page_visible);
    let event =
        good(Fields { url: None, host: some("www.jsmith.github.io"), kind: RecordKind::Dns, ..fields() });
    assert!(matches!(&event.page.site, SiteName::Domain(domain) if domain == "github.io"));
    let event = good(Fields { url: Some(Cow::Borrowed(b"http://example.com/caf\xe9")), ..fields() });
    assert_eq!(event.page.path.as_deref(), Some("/café"));
    let event = good(Fields { url: some("http://jane:secret@example.com/"), ..fields() });
    let whole = format!("{:?}{:?}{:?}", event.page.host, event.page.path, event.page.query);
    assert!(!whole.contains("secret") && !whole.contains("jane"), "{whole}");
}

#[test]
fn searches() {
    let event = good(Fields { url: some("https://www.google.co.uk/search?q=Tie+a+Knot"), ..fields() });
    assert_eq!(event.search.as_deref(), Some("tie a knot"));
    let event = good(Fields { url: None, search_words: some("tie a knot"), ..fields() });
    assert_eq!(event.search.as_deref(), Some("tie a knot"));
    assert_eq!(event.page.site, SiteName::None);
    let event = good(fields());
    assert_eq!(event.search, None);
}

#[test]
fn records_with_nothing_to_count() {
    let reason = |fields| event(fields, &[]).0.unwrap_err().reason;
    assert_eq!(reason(Fields { url: None, ..fields() }), Reason::Address);
    assert_eq!(reason(Fields { url: some("-"), ..fields() }), Reason::Address);
    assert_eq!(reason(Fields { time: When::Missing, ..fields() }), Reason::Time);
    assert_eq!(reason(Fields { time: When::Day(jiff::civil::date(2025, 11, 12)), ..fields() }), Reason::Time);
    let gap = When::Local("2026-03-29T01:30".parse().unwrap());
    assert_eq!(reason(Fields { time: gap, ..fields() }), Reason::TimeGap);
}

#[test]
fn methods_status_and_kind_of_page() {
    let page =
        Fields { method: some("get"), status: Some(200), mime: some("text/html; charset=utf-8"), ..fields() };
    let event = good(page.clone());
    assert_eq!((event.method, event.status, event.html_page), (Some("GET"), Some(200), true));
    assert!(!good(Fields { status: Some(403), ..page.clone() }).html_page);
    assert!(!good(Fields { mime: some("-"), ..page }).html_page);
    let event = good(Fields { method: some("BREW"), status: Some(0), ..fields() });
    assert_eq!((event.method, event.status), (Some("OTHER"), None));
    assert_eq!(good(Fields { method: some("NONE"), ..fields() }).method, None);
    assert_eq!(good(Fields { method: some("-"), ..fields() }).method, None);
}

#[test]
fn the_start_counts() {
    let event = good(Fields { basis: TimeBasis::End, duration_ms: Some(60_000), ..fields() });
    assert_eq!((event.moment.local_minute, event.moment.basis), (9 * 60 + 14, TimeBasis::Start));
}

fn incident(
    fields: IncidentFields<'static>,
) -> Result<crate::incident::Incident<'static, Identified>, Reject> {
    let settings = Box::leak(Box::new(settings(&[]).unwrap()));
    let fields = Box::leak(Box::new(fields));
    let mut normaliser = Normaliser::new(settings, "Europe/London").unwrap();
    normaliser.incident(Place::default(), fields, &mut Known, &mut Tally::default())
}

#[test]
fn incidents_are_joined_by_name() {
    let fields = IncidentFields {
        occurred: When::Day(jiff::civil::date(2025, 11, 12)),
        subject: some("Doe, Jane (8B)"),
        linked: some("A. Other; ;B. Other"),
        categories: some("Cyberbullying"),
        separators: b";".to_vec(),
        status: some("Closed"),
        severity: None,
        narrative: some("what happened"),
        key: None,
        rows_per: RowsPer::Student,
    };
    let row = incident(fields.clone()).unwrap();
    assert_eq!((row.subject.canonical.as_str(), row.subject.member.unwrap().person), ("jane doe", 1));
    assert_eq!((row.role, row.year_group, row.key_stage), (Role::Pupil, Some(8), Some("KS3")));
    assert_eq!((row.status, row.linked_count, row.time_known), (RecordStatus::Closed, 2, false));
    assert_eq!(row.text.narrative.as_deref(), Some("what happened"));
    assert!(matches!(row.key, RecordKey::Row(_)));
    assert_eq!(format!("{row:?}"), "Incident(record 0, redacted)");
    let again =
        incident(IncidentFields { subject: some("Jane Doe"), status: some("Open"), ..fields.clone() });
    assert_eq!(again.unwrap().key.text(), row.key.text(), "the same row in a later export");
    let own = incident(IncidentFields { key: some("C-17"), subject: None, ..fields.clone() }).unwrap();
    assert_eq!((own.key.text(), own.subject.member), ("C-17", None));
    let rows = |rows_per, subject, words| {
        let fields = IncidentFields {
            key: some("C-17"),
            subject: some(subject),
            categories: some(words),
            rows_per,
            ..fields.clone()
        };
        let row = incident(fields).unwrap();
        (row.key.text().to_owned(), row.row.text().to_owned())
    };
    for (rows_per, other_pupil, other_words) in
        [(RowsPer::Incident, false, false), (RowsPer::Student, true, false), (RowsPer::Category, true, true)]
    {
        let (key, first) = rows(rows_per, "Doe, Jane (8B)", "Theft");
        assert_eq!(key, "C-17");
        assert_eq!(rows(rows_per, "Jane Doe", "Theft").1, first, "{rows_per:?}: the same row later");
        assert_eq!(rows(rows_per, "A. Other", "Theft").1 != first, other_pupil, "{rows_per:?}");
        assert_eq!(rows(rows_per, "Jane Doe", "Bullying").1 != first, other_words, "{rows_per:?}");
    }
    let graver = IncidentFields { severity: Some(5), ..fields.clone() };
    assert_eq!(incident(graver).unwrap().severity, 5);
    let nobody = incident(IncidentFields { subject: some(" "), ..fields.clone() });
    assert_eq!(nobody.unwrap_err().reason, Reason::Subject);
    let stranger = incident(IncidentFields { subject: some("Ann Other"), ..fields }).unwrap();
    assert_eq!((stranger.subject.member, stranger.role), (None, Role::Unknown));
}
