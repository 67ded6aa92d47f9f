//! One row about a change of the filter: `ChangeFields` to `FilterChange<Identified>`.

use std::borrow::Cow;

use super::request::owned_page;
use super::{Normaliser, Roster, person, text};
use crate::classify::ClassifyInput;
use crate::classify::listed::without_addresses;
use crate::event::{Identified, Page, SiteName};
use crate::fields::{ChangeFields, ChangeKind, TimeBasis};
use crate::filter_change::{Asked, ChangeText, Decision, FilterChange, Term};
use crate::record::{RecordKey, RecordStatus};
use crate::report::{Place, Reject, Tally};
use crate::school::AcademicYear;
use crate::settings::groups::UNMATCHED;

impl<'s> Normaliser<'s> {
    /// A ticket, a line of a ledger, a reported site.
    ///
    /// # Errors
    /// A [`Reject`] when the row has no usable time.
    pub fn change<'a>(
        &mut self,
        place: Place,
        fields: &'a ChangeFields<'a>,
        roster: &mut dyn Roster,
        tally: &mut Tally,
    ) -> Result<FilterChange<'a, Identified>, Reject>
    where
        's: 'a,
    {
        let stamp = self.clock.stamp(fields.requested, TimeBasis::Unknown, None, tally)?;
        let requested = self.clock.moment(stamp, tally)?;
        let year = requested.academic_year;
        let requester = person::read(text::read(&fields.requester, tally), year, roster);
        let decided_by = person::read(text::read(&fields.decided_by, tally), year, roster);
        let requester_role = text::read(&fields.requester_role, tally);
        let decided_by_role = text::read(&fields.decided_by_role, tally);

        let address = text::read(&fields.address, tally);
        let mut page = address.as_deref().map_or_else(Page::default, owned_page);
        let host = self.host(&page.host, requested.local_date);
        page.site = host.site(&page.host);
        let site = match &page.site {
            SiteName::Domain(domain) => Some(domain.as_ref()),
            SiteName::Private | SiteName::None => None,
        };
        let categories = text::read(&fields.categories, tally);
        let input = ClassifyInput {
            categories: categories.as_deref(),
            separators: &fields.separators,
            host: &page.host,
            site,
            path: page.path.as_deref(),
            mime: None,
            search: None,
            log_level: None,
            vendor_severity: None,
            date: requested.local_date,
        };
        let settings = self.settings;
        let class = settings.classifier().classify_on(&input, host.class, &mut self.classes);
        let unmapped = class.unmapped.iter().map(|word| Cow::Owned((*word).to_owned())).collect();

        let (group, group_id) = self.group_of(&fields.group, year, tally);
        let asked_words = text::read(&fields.asked, tally);
        let asked = match asked_words.as_deref().map(Asked::read).unwrap_or_default() {
            // Who reports a site wants it looked at because it was let through.
            Asked::Unknown if fields.kind == ChangeKind::Report => Asked::Block,
            asked => asked,
        };
        let (reason, risk_note) = (text::read(&fields.reason, tally), text::read(&fields.risk_note, tally));
        let narrative = text::read(&fields.narrative, tally);
        let decision = text::read(&fields.decision, tally);
        let status_words = text::read(&fields.status, tally);
        let status = status_words.as_deref().map_or(RecordStatus::Unknown, RecordStatus::read);
        let outcome = decision.as_deref().map(|word| Decision::read(word, asked)).unwrap_or_default();
        let title = text::read(&fields.title, tally);
        let applied_to = fields.applied_to.and_then(|when| self.clock.day(when));
        let key = match text::read(&fields.key, tally) {
            Some(reference) => RecordKey::Reference(reference),
            None => RecordKey::Row(
                [
                    requested.utc_us.to_string().as_str(),
                    requester.canonical.as_str(),
                    address.as_deref().unwrap_or_default(),
                    categories.as_deref().unwrap_or_default(),
                    title.as_deref().unwrap_or_default(),
                ]
                .join("\u{1f}"),
            ),
        };
        let unread_dates = text::read(&fields.unread_dates, tally);
        let cell = text::read(&fields.address_cell, tally);
        // The list's own site may be asked for by its address; its name anywhere else is about a hit.
        let beside = match (cell.as_deref(), address.as_deref()) {
            (Some(cell), Some(address)) => Some(cell.replace(address, " ")),
            (cell, _) => cell.map(str::to_owned),
        };
        let names_list = !class.illegal
            && [
                title.as_deref(),
                reason.as_deref(),
                risk_note.as_deref(),
                narrative.as_deref(),
                asked_words.as_deref(),
                categories.as_deref(),
                decision.as_deref(),
                status_words.as_deref(),
                group.as_deref(),
                unread_dates.as_deref(),
                requester_role.as_deref(),
                decided_by_role.as_deref(),
                beside.as_deref(),
            ]
            .into_iter()
            .flatten()
            .any(|text| settings.classifier().names_illegal_list(text.as_bytes()));
        // An address in one cell is that of the hit that another speaks of.
        let told = |text: Option<Cow<'a, str>>| match text {
            Some(text) if names_list => Some(Cow::Owned(without_addresses(&text))),
            text => text,
        };
        let sealable = |text: Option<Cow<'a, str>>| told(settings.classifier().sealable(class.code, text));
        let unmapped = if names_list { Vec::new() } else { unmapped };
        Ok(FilterChange {
            place,
            kind: fields.kind,
            time_known: stamp.time_known,
            key,
            address_source: fields.address_source,
            asked,
            requester_role: person::school_role(requester_role.as_deref(), &requester),
            decided_by_role: person::school_role(decided_by_role.as_deref(), &decided_by),
            decided_by_other: is_decided(outcome, status, fields.decided.is_some())
                .then(|| person::is_another(&requester, &decided_by))
                .flatten(),
            requester,
            decided_by,
            group_id,
            code: class.code,
            code_source: class.code_source,
            theme: class.theme,
            four_c: class.four_c,
            severity: class.severity,
            learning: class.learning,
            illegal: class.illegal,
            decision: outcome,
            status,
            decided: fields.decided.and_then(|when| self.clock.day(when)),
            applied_from: fields.applied_from.and_then(|when| self.clock.day(when)),
            applied_to,
            closed: fields.closed.and_then(|when| self.clock.day(when)),
            term: match applied_to {
                Some(_) => Term::Temporary,
                None if fields.permanent => Term::Permanent,
                None => Term::Unknown,
            },
            reason_given: fields.reason_given,
            risk_noted: fields.risk_noted,
            text: ChangeText {
                title: told(title),
                address: cell.or(address).filter(|_| !names_list),
                categories: told(categories),
                unmapped,
                group_unmatched: group_id == Some(UNMATCHED),
                group: told(group),
                asked: told(asked_words),
                requester_role: told(requester_role),
                decided_by_role: told(decided_by_role),
                decision: told(decision),
                status: told(status_words),
                reason: sealable(reason),
                risk_note: sealable(risk_note),
                narrative: sealable(narrative),
                unread_dates: told(unread_dates),
                names_list,
            },
            page: if names_list { Page::default() } else { page },
            requested,
        })
    }

    /// A group as written, and its id by the school's rules: none where the row names none.
    pub(super) fn group_of<'a>(
        &mut self,
        written: &'a crate::fields::Text<'a>,
        year: AcademicYear,
        tally: &mut Tally,
    ) -> (Option<Cow<'a, str>>, Option<&'a str>)
    where
        's: 'a,
    {
        let group = text::read(written, tally);
        let group_id = group.as_deref().map(|name| {
            self.groups.find(self.settings.groups(), name, year).map_or(UNMATCHED, |rule| rule.group_id)
        });
        (group, group_id)
    }
}

/// Whether somebody has decided: who works on an open ticket has not yet.
fn is_decided(decision: Decision, status: RecordStatus, has_date: bool) -> bool {
    match decision {
        Decision::Pending => false,
        Decision::Unknown => has_date || !matches!(status, RecordStatus::Open | RecordStatus::Unread),
        Decision::Approved | Decision::Refused | Decision::Withdrawn | Decision::Other => true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use jiff::civil::date;

    use super::*;
    use crate::event::Member;
    use crate::fields::{AddressSource, When};
    use crate::filter_change::SchoolRole;
    use crate::settings::testing::settings;

    /// Jane is a pupil; nobody else is on the roster.
    struct OnlyJane;

    impl Roster for OnlyJane {
        fn member(&mut self, _account: &str, _year: AcademicYear) -> Option<Member> {
            None
        }

        fn member_by_name(&mut self, name: &str, _year: AcademicYear) -> Option<Member> {
            let jane = Member { person: 1, role: crate::event::Role::Pupil, year_group: Some(8) };
            (name == "jane doe").then_some(jane)
        }
    }

    fn some(text: &str) -> crate::fields::Text<'_> {
        Some(Cow::Borrowed(text.as_bytes()))
    }

    /// Leaks a school and the row: a test ends soon.
    fn change(fields: ChangeFields<'static>) -> Result<FilterChange<'static, Identified>, Reject> {
        let settings = Box::leak(Box::new(settings(&[]).unwrap()));
        let fields = Box::leak(Box::new(fields));
        let mut normaliser = Normaliser::new(settings, "Europe/London").unwrap();
        normaliser.change(Place::default(), fields, &mut OnlyJane, &mut Tally::default())
    }

    fn report() -> ChangeFields<'static> {
        ChangeFields {
            requested: When::Local(date(2025, 11, 12).at(9, 15, 0, 0)),
            kind: ChangeKind::Report,
            requester: some("Doe, Jane"),
            decided_by: some("Ann Lee"),
            decided_by_role: some("DSL"),
            address: some("https://user:pw@Games.Example.co.uk:8080/x?y"),
            address_cell: some("it was https://user:pw@Games.Example.co.uk:8080/x?y"),
            address_source: AddressSource::Column,
            categories: some("Gambling"),
            group: some("Year 9"),
            decision: some("Blocked"),
            status: some("Closed"),
            ..ChangeFields::default()
        }
    }

    #[test]
    fn a_reported_site_becomes_a_row() {
        // Half past one on 26 October comes twice; half past eleven in the evening UTC is the next day in
        // summer.
        let row = change(ChangeFields {
            decided: Some(When::Local(date(2025, 10, 26).at(1, 30, 0, 0))),
            applied_to: Some(When::Instant(
                "2026-06-30T23:30:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond(),
            )),
            closed: Some(When::Day(date(2026, 7, 2))),
            ..report()
        })
        .unwrap();
        assert_eq!(row.requested.utc_us, 1_762_938_900_000_000);
        assert_eq!(
            (row.kind, row.asked, row.decision),
            (ChangeKind::Report, Asked::Block, Decision::Approved)
        );
        assert_eq!((row.code, row.code_source, row.illegal), ("GAMBLE", "vendor", false));
        assert_eq!(row.page.host, "games.example.co.uk");
        assert_eq!(row.page.site, SiteName::Domain("example.co.uk".into()));
        assert_eq!((row.requester_role, row.decided_by_role), (SchoolRole::Pupil, SchoolRole::Dsl));
        assert_eq!((row.decided_by_other, row.group_id), (Some(true), Some("Year 9")));
        assert_eq!((row.decided, row.applied_from), (Some(date(2025, 10, 26)), None));
        assert_eq!((row.applied_to, row.term), (Some(date(2026, 7, 1)), Term::Temporary));
        assert_eq!((row.closed, row.status), (Some(date(2026, 7, 2)), RecordStatus::Closed));
        assert_eq!(row.text.address.as_deref(), Some("it was https://user:pw@Games.Example.co.uk:8080/x?y"));
        assert!(matches!(row.key, RecordKey::Row(_)));
        assert_eq!(format!("{row:?}"), "FilterChange(record 0, redacted)");
        let later = change(ChangeFields { status: some("Open"), ..report() }).unwrap();
        assert_eq!(later.key.text(), row.key.text(), "the same row in a later export");
        let other = change(ChangeFields { address: some("example.org"), ..report() }).unwrap();
        assert_ne!(other.key.text(), row.key.text());
    }

    #[test]
    fn what_a_row_does_not_say_is_not_made_up() {
        let fields = ChangeFields {
            requested: When::Day(date(2025, 11, 12)),
            key: some("C-1"),
            group: some("Jake's lot"),
            ..ChangeFields::default()
        };
        let row = change(fields.clone()).unwrap();
        assert_eq!((row.asked, row.decision, row.term), (Asked::Unknown, Decision::Unknown, Term::Unknown));
        assert_eq!((row.decided_by_other, row.decided, row.time_known), (None, None, false));
        assert_eq!(
            (row.code, row.page.site, row.requester_role),
            ("UNCAT", SiteName::None, SchoolRole::Unknown)
        );
        assert_eq!((row.group_id, row.text.group_unmatched), (Some(UNMATCHED), true));
        assert_eq!(row.key.reference(), Some("C-1"));
        let without = change(ChangeFields { group: None, permanent: true, ..fields }).unwrap();
        assert_eq!((without.group_id, without.text.group_unmatched), (None, false));
        assert_eq!(without.term, Term::Permanent);
        assert!(change(ChangeFields { key: some("C-1"), ..ChangeFields::default() }).is_err(), "no time");
    }

    #[test]
    fn who_works_on_an_open_ticket_has_not_decided() {
        let day = Some(When::Day(date(2025, 11, 13)));
        for (status, decision, decided, answer) in [
            ("Open", None, None, None),
            ("Open", Some("Approved"), None, Some(true)),
            ("Open", None, day, Some(true)),
            ("Resolved", None, None, Some(true)),
            ("Resolved", Some("Pending"), day, None),
            ("", None, None, Some(true)),
        ] {
            let row = change(ChangeFields {
                status: some(status),
                decision: decision.and_then(some),
                decided,
                ..report()
            });
            assert_eq!(row.unwrap().decided_by_other, answer, "{status} {decision:?}");
        }
    }

    #[test]
    fn a_site_of_the_list_has_its_code_and_a_list_word_makes_it_illegal() {
        let known = ChangeFields { address: some("www.blooket.com"), categories: None, ..report() };
        let row = change(known).unwrap();
        assert_eq!((row.code, row.code_source, row.learning), ("EDU", "site list", true));
        let row = change(ChangeFields { categories: some("IWF"), ..report() }).unwrap();
        assert_eq!((row.code, row.illegal, row.theme), ("ILL-CSAM", true, None));
    }

    #[test]
    fn a_ticket_that_speaks_of_a_list_keeps_no_address_wherever_it_stands() {
        let ticket = || ChangeFields {
            requested: When::Local(date(2025, 11, 12).at(9, 15, 0, 0)),
            key: some("T-1"),
            title: some("IWF block on http://bad.example/x"),
            narrative: some("Please look at bad.example/x in room 4"),
            address: some("http://bad.example/x"),
            address_source: AddressSource::Text,
            ..ChangeFields::default()
        };
        let row = change(ticket()).unwrap();
        assert_eq!((row.code, row.illegal, row.text.names_list), ("UNCAT", false, true));
        assert_eq!((row.page.host.as_ref(), &row.page.site), ("", &SiteName::None));
        assert_eq!(row.text.title.as_deref(), Some("IWF block on (address not kept)"));
        assert_eq!(row.text.narrative.as_deref(), Some("Please look at (address not kept) in room 4"));
        assert_eq!(row.text.address, None);
        let quiet =
            change(ChangeFields { title: some("Block on http://bad.example/x"), ..ticket() }).unwrap();
        assert_eq!((quiet.page.host.as_ref(), quiet.text.names_list), ("bad.example", false));
        assert_eq!(quiet.text.title.as_deref(), Some("Block on http://bad.example/x"));
        // The list's own site, asked for in a column, is no hit.
        let own = change(ChangeFields {
            title: None,
            narrative: None,
            address: some("https://www.iwf.org.uk/"),
            address_cell: some("https://www.iwf.org.uk/"),
            address_source: AddressSource::Column,
            ..ticket()
        });
        assert!(!own.unwrap().text.names_list);
    }
}
