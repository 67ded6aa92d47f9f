//! Rows of tickets, ledgers, reported sites and tests of the filter to fields.

use std::borrow::Cow;

use super::address::first_address;
use super::column::Column;
use super::row::RowReader;
use crate::fields::{Action, AddressSource, ChangeFields, CheckFields, OtherKind, Parsed, Text, When};
use crate::report::{Notice, Reason, Reject};

/// What people write where a change has no end.
const NO_END: &[&str] =
    &["permanent", "permanently", "ongoing", "indefinite", "indefinitely", "no end", "until further notice"];

/// Words for a test that went as it should, and for one that did not.
const PASS: &[&str] = &["pass", "passed", "ok", "yes", "success", "as expected"];
const FAIL: &[&str] = &["fail", "failed", "not ok", "no", "failure", "not as expected"];

/// Dates of a change, and those that could not be read.
#[derive(Default)]
struct Dates {
    unread: Vec<u8>,
    permanent: bool,
}

impl RowReader {
    /// A ticket, a line of a ledger, a reported site.
    pub(super) fn change(&self, requested: When) -> Result<(Parsed<'_>, Option<Notice>), Reject> {
        let profile = &self.fitted.answered.profile;
        let mut notice = None;
        let title = self.value(Column::Title, &mut notice);
        let asked = self.value(Column::Asked, &mut notice);
        let narrative = self.value(Column::Narrative, &mut notice);
        let cell = self.value(Column::Url, &mut notice);
        let mut categories = self.value(Column::Categories, &mut notice);
        let about = [&title, &asked, &categories, &narrative];
        if !profile.about.is_empty() && !about.into_iter().any(|text| mentions(text, &profile.about)) {
            return Ok((Parsed::Other(OtherKind::OffTopic), notice));
        }
        let (address, address_source) = address(&cell, [&title, &narrative]);
        if address_source != AddressSource::Column && categories.is_none() {
            // `URL or category`: a cell without an address in it names a category.
            categories.clone_from(&cell);
        }
        let key = self.reference(&mut notice);
        if key.is_none() && address.is_none() && categories.is_none() && title.is_none() {
            return Err(Reject::at(Reason::Address, 0));
        }
        let mut dates = Dates::default();
        let decided = self.date(Column::DecidedAt, &mut dates, &mut notice);
        let applied_from = self.date(Column::AppliedFrom, &mut dates, &mut notice);
        let applied_to = self.date(Column::AppliedTo, &mut dates, &mut notice);
        let closed = self.date(Column::ClosedAt, &mut dates, &mut notice);
        let fields = ChangeFields {
            requested,
            kind: profile.kind,
            key,
            requester: self.value(Column::Requester, &mut notice),
            requester_role: self.value(Column::RequesterRole, &mut notice),
            asked,
            title: self.kept(Column::Title, &mut notice),
            address,
            address_cell: cell,
            address_source,
            categories,
            separators: self.separators(Column::Categories).to_vec(),
            group: self.value(Column::Group, &mut notice),
            reason_given: self.value(Column::Reason, &mut notice).is_some(),
            reason: self.kept(Column::Reason, &mut notice),
            risk_noted: self.value(Column::RiskNote, &mut notice).is_some(),
            risk_note: self.kept(Column::RiskNote, &mut notice),
            narrative: self.kept(Column::Narrative, &mut notice),
            decision: self.value(Column::Decision, &mut notice),
            decided_by: self.value(Column::DecidedBy, &mut notice),
            decided_by_role: self.value(Column::DecidedByRole, &mut notice),
            status: self.value(Column::IncidentStatus, &mut notice),
            decided,
            applied_from,
            applied_to,
            closed,
            permanent: dates.permanent,
            unread_dates: (!dates.unread.is_empty()).then_some(Cow::Owned(dates.unread)),
        };
        Ok((Parsed::Change(Box::new(fields)), notice))
    }

    /// A further date of a row. A row is not lost over one that cannot be read: `end of term` is a fact
    /// too, and goes into the vault as it stands.
    fn date(&self, column: Column, dates: &mut Dates, notice: &mut Option<Notice>) -> Option<When> {
        let cell = self.cell(column).filter(|cell| !self.is_null(cell))?;
        let formats = &self.fitted.answered.profile.formats;
        if let Some(when) = formats.iter().find_map(|format| format.read(cell, self.fitted.order)) {
            return Some(when);
        }
        let word = String::from_utf8_lossy(cell).to_lowercase();
        if column == Column::AppliedTo && NO_END.contains(&word.as_str()) {
            dates.permanent = true;
            return None;
        }
        *notice = Some(Notice::UnreadDate);
        let separator: &[u8] = if dates.unread.is_empty() { b"" } else { b"; " };
        dates.unread.extend([separator, column.name().as_bytes(), b": ", cell].concat());
        None
    }

    /// A test of the filter.
    pub(super) fn check(&self, checked: When) -> Result<(Parsed<'_>, Option<Notice>), Reject> {
        let profile = &self.fitted.answered.profile;
        let mut notice = None;
        let result = self.value(Column::Action, &mut notice);
        let verdict = self.value(Column::Verdict, &mut notice);
        if result.is_none() && verdict.is_none() {
            return Err(Reject::at(Reason::Result, 0));
        }
        let verdict = verdict.as_deref().and_then(verdict_of);
        let categories = self.value(Column::Categories, &mut notice);
        let code = categories
            .as_deref()
            .and_then(|word| profile.codes.get(word.to_ascii_lowercase().as_slice()).cloned());
        let expected = match self.value(Column::Expected, &mut notice) {
            // Only of the tests that the profile knows is it sure what the filter should do.
            None if code.is_some() => profile.expected,
            None => Action::Unknown,
            Some(word) => profile.action(&word).unwrap_or_else(|| {
                notice = Some(Notice::UnknownAction);
                Action::Unknown
            }),
        };
        let by_word = result.as_deref().and_then(|word| profile.action(word));
        let by_verdict = verdict.and_then(|good| if good { Some(expected) } else { opposite(expected) });
        if by_word.is_none() && by_verdict.is_none() {
            notice = Some(Notice::UnknownAction);
        }
        let fields = CheckFields {
            checked,
            key: self.reference(&mut notice),
            categories,
            separators: self.separators(Column::Categories).to_vec(),
            code,
            group: self.value(Column::Group, &mut notice),
            device: self.value(Column::ClientHost, &mut notice),
            location: self.value(Column::Location, &mut notice),
            tester: self.value(Column::Tester, &mut notice),
            expected,
            observed: by_word.or(by_verdict).unwrap_or_default(),
            verdict,
            result,
            narrative: self.kept(Column::Narrative, &mut notice),
        };
        Ok((Parsed::Check(Box::new(fields)), notice))
    }
}

/// The address of a change: in its own column, else the first in the texts.
fn address<'a>(cell: &Text<'_>, texts: [&Text<'_>; 2]) -> (Text<'a>, AddressSource) {
    let first = |text: &Text<'_>| text.as_deref().and_then(first_address).map(<[u8]>::to_vec);
    if let Some(found) = first(cell) {
        return (Some(Cow::Owned(found)), AddressSource::Column);
    }
    match texts.into_iter().find_map(first) {
        Some(found) => (Some(Cow::Owned(found)), AddressSource::Text),
        None => (None, AddressSource::None),
    }
}

/// Whether a text has one of the words, in small letters.
fn mentions(text: &Text<'_>, words: &[String]) -> bool {
    let Some(text) = text.as_deref() else { return false };
    let text = String::from_utf8_lossy(text).to_lowercase();
    words.iter().any(|word| text.contains(word.as_str()))
}

fn verdict_of(word: &[u8]) -> Option<bool> {
    let is = |known: &&str| known.as_bytes().eq_ignore_ascii_case(word);
    if PASS.iter().any(is) { Some(true) } else { FAIL.iter().any(is).then_some(false) }
}

/// What a filter did that did not do this.
const fn opposite(action: Action) -> Option<Action> {
    match action {
        Action::Blocked => Some(Action::Allowed),
        Action::Allowed => Some(Action::Blocked),
        _ => None,
    }
}
