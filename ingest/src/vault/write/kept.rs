//! Sealed rows of changes and tests of the filter.

use std::borrow::Cow;

use super::{VaultWriter, borrowed, whole};
use crate::error::Error;
use crate::event::{Identified, Moment, Pseudonymous};
use crate::filter_change::FilterChange;
use crate::filter_check::FilterCheck;
use crate::record::PersonName;
use crate::state::WordKind;
use crate::vault::rows::{ChangeRow, CheckRow};

impl VaultWriter {
    /// Seals a row about a change of the filter. On an illegal list it keeps who, when and a keyed hash of
    /// the address; a subject line or a reason may hold that address too.
    ///
    /// # Errors
    /// When the disk or the year's key fails.
    pub fn push_change(
        &mut self,
        change: &FilterChange<'_, Identified>,
        pseudonymous: &FilterChange<'_, Pseudonymous>,
    ) -> Result<(), Error> {
        let (text, moment) = (&change.text, &change.requested);
        let illegal_token = if change.illegal && !change.page.host.is_empty() {
            Some(self.illegal_token(moment.academic_year, &change.page)?)
        } else {
            None
        };
        let unless_illegal = |text: &'_ Option<Cow<'_, str>>| -> Option<Cow<'static, str>> {
            text.as_deref().filter(|_| !change.illegal).map(|text| Cow::Owned(text.to_owned()))
        };
        let row = ChangeRow {
            import_token: self.shelf.import_token,
            record_number: whole(change.place.record),
            event_time_utc_us: moment.utc_us,
            local_date: moment.local_date,
            change: pseudonymous.key,
            requester: pseudonymous.requester,
            decided_by: pseudonymous.decided_by,
            reference: change.key.reference().map(Cow::Borrowed),
            requester_written: named(&change.requester),
            requester_role_words: borrowed(text.requester_role.as_ref()),
            decided_by_written: named(&change.decided_by),
            decided_by_role_words: borrowed(text.decided_by_role.as_ref()),
            address: unless_illegal(&text.address),
            host: Some(&change.page.host)
                .filter(|host| !host.is_empty() && !change.illegal)
                .map(|host| Cow::Borrowed(host.as_ref())),
            title: unless_illegal(&text.title),
            reason: unless_illegal(&text.reason),
            risk_note: unless_illegal(&text.risk_note),
            narrative: unless_illegal(&text.narrative),
            asked_words: unless_illegal(&text.asked),
            category_words: unless_illegal(&text.categories),
            group_words: borrowed(text.group.as_ref()),
            decision_words: unless_illegal(&text.decision),
            status_words: unless_illegal(&text.status),
            unread_dates: unless_illegal(&text.unread_dates),
            illegal_token,
        };
        self.changes.push(&mut self.shelf, moment.local_date, &row)?;
        let unmapped = if change.illegal { &[][..] } else { text.unmapped.as_slice() };
        self.count_words(moment, unmapped, text.group.as_deref().filter(|_| text.group_unmatched))
    }

    /// Seals a test of the filter.
    ///
    /// # Errors
    /// When the disk or the year's key fails.
    pub fn push_check(
        &mut self,
        check: &FilterCheck<'_, Identified>,
        pseudonymous: &FilterCheck<'_, Pseudonymous>,
    ) -> Result<(), Error> {
        let (text, moment) = (&check.text, &check.checked);
        let row = CheckRow {
            import_token: self.shelf.import_token,
            record_number: whole(check.place.record),
            event_time_utc_us: moment.utc_us,
            local_date: moment.local_date,
            check: pseudonymous.key,
            tester: pseudonymous.tester,
            device: pseudonymous.device,
            reference: check.key.reference().map(Cow::Borrowed),
            tester_written: named(&check.tester),
            device_written: borrowed(text.device.as_ref()),
            location: borrowed(text.location.as_ref()),
            category_words: borrowed(text.categories.as_ref()),
            group_words: borrowed(text.group.as_ref()),
            result_words: borrowed(text.result.as_ref()),
            narrative: borrowed(text.narrative.as_ref()),
        };
        self.checks.push(&mut self.shelf, moment.local_date, &row)?;
        self.count_words(moment, &text.unmapped, text.group.as_deref().filter(|_| text.group_unmatched))
    }

    /// Counts words that no data file knows, so that `unlock --unmapped` lists them.
    fn count_words(
        &mut self,
        moment: &Moment<'_>,
        unmapped: &[Cow<'_, str>],
        group: Option<&str>,
    ) -> Result<(), Error> {
        for word in unmapped {
            self.count_word(WordKind::Category, moment.academic_year, moment.local_date, word)?;
        }
        match group {
            Some(group) => self.count_word(WordKind::Group, moment.academic_year, moment.local_date, group),
            None => Ok(()),
        }
    }
}

fn named<'a>(person: &'a PersonName<'_>) -> Option<Cow<'a, str>> {
    (!person.written.is_empty()).then(|| Cow::Borrowed(person.written.as_ref()))
}
