//! One test of the filter: `CheckFields` to `FilterCheck<Identified>`.

use std::borrow::Cow;

use super::{Normaliser, Roster, person, text};
use crate::classify::ClassifyInput;
use crate::event::{DeviceName, Identified};
use crate::fields::{Action, CheckFields, TimeBasis};
use crate::filter_check::{CheckText, DeviceType, FilterCheck};
use crate::record::RecordKey;
use crate::report::{Place, Reject, Tally};
use crate::settings::groups::UNMATCHED;

impl<'s> Normaliser<'s> {
    /// A test of the filter.
    ///
    /// # Errors
    /// A [`Reject`] when the row has no usable time.
    pub fn check<'a>(
        &mut self,
        place: Place,
        fields: &'a CheckFields<'a>,
        roster: &mut dyn Roster,
        tally: &mut Tally,
    ) -> Result<FilterCheck<'a, Identified>, Reject>
    where
        's: 'a,
    {
        let stamp = self.clock.stamp(fields.checked, TimeBasis::Unknown, None, tally)?;
        let checked = self.clock.moment(stamp, tally)?;
        let settings = self.settings;
        let categories = text::read(&fields.categories, tally);
        let words = categories.as_deref().unwrap_or_default();
        let classifier = settings.classifier();
        let stated =
            fields.code.as_deref().and_then(|code| classifier.taxonomy().code(code, checked.local_date));
        let (code, unmapped) = match stated {
            Some(code) => (code.code.as_str(), Vec::new()),
            None => {
                let input = ClassifyInput {
                    categories: Some(words),
                    separators: &fields.separators,
                    host: "",
                    site: None,
                    path: None,
                    mime: None,
                    search: None,
                    log_level: None,
                    vendor_severity: None,
                    date: checked.local_date,
                };
                let class = classifier.classify(&input, &mut self.classes);
                let unmapped: Vec<Cow<'a, str>> =
                    class.unmapped.iter().map(|word| Cow::Owned((*word).to_owned())).collect();
                (class.code, unmapped)
            }
        };
        let (group, group_id) = self.group_of(&fields.group, checked.academic_year, tally);
        let device = text::read(&fields.device, tally);
        let tester = person::read(text::read(&fields.tester, tally), checked.academic_year, roster);
        let key = match text::read(&fields.key, tally) {
            Some(reference) => RecordKey::Reference(reference),
            None => RecordKey::Row(
                [
                    checked.utc_us.to_string().as_str(),
                    words,
                    group.as_deref().unwrap_or_default(),
                    device.as_deref().unwrap_or_default(),
                ]
                .join("\u{1f}"),
            ),
        };
        let known = |action: Action| matches!(action, Action::Blocked | Action::Allowed);
        let compared =
            (known(fields.expected) && known(fields.observed)).then_some(fields.expected == fields.observed);
        Ok(FilterCheck {
            place,
            time_known: stamp.time_known,
            key,
            tester,
            code,
            expected: fields.expected,
            observed: fields.observed,
            as_expected: compared.or(fields.verdict),
            group_id,
            device_type: device.as_deref().and_then(DeviceType::read),
            device: DeviceName { host: device.clone().map(text::small_letters), ..DeviceName::default() },
            text: CheckText {
                unmapped,
                group_unmatched: group_id == Some(UNMATCHED),
                group,
                device,
                location: text::read(&fields.location, tally),
                // What is written beside a test of an illegal list stays, less any address.
                result: self.settings.classifier().sealable_test(code, text::read(&fields.result, tally)),
                narrative: self
                    .settings
                    .classifier()
                    .sealable_test(code, text::read(&fields.narrative, tally)),
                categories,
            },
            checked,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use jiff::civil::date;

    use super::*;
    use crate::event::Member;
    use crate::fields::When;
    use crate::school::AcademicYear;
    use crate::settings::testing::settings;

    struct Nobody;

    impl Roster for Nobody {
        fn member(&mut self, _account: &str, _year: AcademicYear) -> Option<Member> {
            None
        }

        fn member_by_name(&mut self, _name: &str, _year: AcademicYear) -> Option<Member> {
            None
        }
    }

    fn some(text: &str) -> crate::fields::Text<'_> {
        Some(Cow::Borrowed(text.as_bytes()))
    }

    /// Leaks a school and the row: a test ends soon.
    fn check(fields: CheckFields<'static>) -> FilterCheck<'static, Identified> {
        let settings = Box::leak(Box::new(settings(&[]).unwrap()));
        let fields = Box::leak(Box::new(fields));
        let mut normaliser = Normaliser::new(settings, "Europe/London").unwrap();
        normaliser.check(Place::default(), fields, &mut Nobody, &mut Tally::default()).unwrap()
    }

    fn fields() -> CheckFields<'static> {
        CheckFields {
            checked: When::Local(date(2025, 11, 12).at(9, 15, 0, 0)),
            categories: some("Terrorism"),
            code: Some("ILL-TERR".to_owned()),
            device: some("Library iPad 3"),
            expected: Action::Blocked,
            observed: Action::Allowed,
            ..CheckFields::default()
        }
    }

    #[test]
    fn a_test_says_whether_the_filter_did_what_it_should() {
        let row = check(fields());
        assert_eq!((row.code, row.as_expected), ("ILL-TERR", Some(false)));
        assert_eq!(row.device_type, Some(DeviceType::Ios));
        assert_eq!(row.device.host.as_deref(), Some("library ipad 3"));
        assert_eq!((row.group_id, row.tester.written.as_ref()), (None, ""));
        for (expected, observed, verdict, answer) in [
            (Action::Blocked, Action::Blocked, None, Some(true)),
            (Action::Allowed, Action::Blocked, None, Some(false)),
            // What was seen counts, not what somebody made of it.
            (Action::Allowed, Action::Blocked, Some(true), Some(false)),
            (Action::Unknown, Action::Unknown, Some(true), Some(true)),
            (Action::Blocked, Action::Error, None, None),
            (Action::Unknown, Action::Blocked, None, None),
        ] {
            let row = check(CheckFields { expected, observed, verdict, ..fields() });
            assert_eq!(row.as_expected, answer, "{expected:?} {observed:?} {verdict:?}");
        }
    }

    #[test]
    fn words_that_no_profile_states_are_those_of_the_category_map() {
        let row = check(CheckFields { code: None, ..fields() });
        assert_eq!((row.code, row.text.unmapped.len()), ("EXTREM", 0));
        let row = check(CheckFields { code: None, categories: some("Jake's list"), ..fields() });
        assert_eq!((row.code, row.text.unmapped.len()), ("UNMAPPED", 1));
        let row = check(CheckFields { code: Some("NO-CODE".to_owned()), ..fields() });
        assert_eq!(row.code, "EXTREM");
        let row = check(CheckFields { code: None, categories: None, ..fields() });
        assert_eq!(row.code, "UNCAT");
    }

    #[test]
    fn a_test_is_known_again_whatever_came_out() {
        let again = check(CheckFields { observed: Action::Blocked, ..fields() });
        assert_eq!(again.key.text(), check(fields()).key.text());
        let elsewhere = check(CheckFields { group: some("Year 9"), ..fields() });
        assert_ne!(elsewhere.key.text(), again.key.text());
    }
}
