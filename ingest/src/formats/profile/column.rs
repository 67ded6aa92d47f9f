//! The closed list of what a column of an export can be.

use serde::Deserialize;

use super::definition::RecordSort;

/// Column, name in profiles, the sorts of export that can have it.
macro_rules! columns {
    ($($(#[$about:meta])* $column:ident $name:literal $sorts:ident,)*) => {
        /// What a column of an export can be.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Column {
            $($(#[$about])* $column,)*
        }

        impl Column {
            /// Every column, in the order of the type.
            pub const ALL: &[Self] = &[$(Self::$column,)*];

            /// The name in profiles and reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$column => $name,)*
                }
            }

            /// The sorts of export that can have it.
            const fn sorts(self) -> &'static [RecordSort] {
                match self {
                    $(Self::$column => $sorts,)*
                }
            }
        }
    };
}

use RecordSort::{Change, Check, Incident, Request};

const ANY: &[RecordSort] = &[Request, Incident, Change, Check];
const WEB: &[RecordSort] = &[Request, Incident];
const KEPT: &[RecordSort] = &[Incident, Change, Check];
const INCIDENTS: &[RecordSort] = &[Incident];
const OPEN_OR_SHUT: &[RecordSort] = &[Incident, Change];
const CHANGES: &[RecordSort] = &[Change];
const CHECKS: &[RecordSort] = &[Check];

columns! {
    /// Date, or date and time.
    Time "time" ANY,
    /// Time of day, where it has a column of its own.
    TimeOfDay "time_of_day" ANY,
    /// Account.
    User "user" WEB,
    /// Filter group.
    Group "group" ANY,
    /// Client address.
    ClientAddress "client_address" WEB,
    /// Client host name; of a test, the device.
    ClientHost "client_host" ANY,
    /// HTTP method.
    Method "method" WEB,
    /// Address; of a change, also a cell with words around it, or a category in place of an address.
    Url "url" ANY,
    /// Host alone.
    Host "host" WEB,
    /// Words searched for.
    SearchWords "search_words" WEB,
    /// HTTP status.
    Status "status" WEB,
    /// Bytes sent to the client.
    ResponseBytes "response_bytes" WEB,
    /// MIME type.
    Mime "mime" WEB,
    /// Browser or program.
    UserAgent "user_agent" WEB,
    /// Category words; of a test, what was tried.
    Categories "categories" ANY,
    /// The decision of the filter; of a test, what it did.
    Action "action" ANY,
    /// Vendor log level.
    LogLevel "log_level" WEB,
    /// The vendor's own severity.
    Severity "severity" WEB,
    /// Reference of an incident, ticket or test.
    Key "key" KEPT,
    /// The pupil an incident is about.
    Subject "subject" INCIDENTS,
    /// Other pupils.
    Linked "linked" INCIDENTS,
    /// Open, closed and the like.
    IncidentStatus "incident_status" OPEN_OR_SHUT,
    /// Free text.
    Narrative "narrative" KEPT,
    /// Subject line of a ticket.
    Title "title" CHANGES,
    /// Who asked for a change, or reported a site.
    Requester "requester" CHANGES,
    /// What that person is to the school.
    RequesterRole "requester_role" CHANGES,
    /// What the filter was to do: unblock, block.
    Asked "asked" CHANGES,
    /// Why it was asked.
    Reason "reason" CHANGES,
    /// What could go wrong with it.
    RiskNote "risk_note" CHANGES,
    /// What was decided.
    Decision "decision" CHANGES,
    /// Who decided.
    DecidedBy "decided_by" CHANGES,
    /// What that person is to the school.
    DecidedByRole "decided_by_role" CHANGES,
    /// When it was decided.
    DecidedAt "decided_at" CHANGES,
    /// From when a change holds.
    AppliedFrom "applied_from" CHANGES,
    /// Until when a change holds.
    AppliedTo "applied_to" CHANGES,
    /// When it was closed.
    ClosedAt "closed_at" CHANGES,
    /// What the filter should do in a test.
    Expected "expected" CHECKS,
    /// Whether it did what it should: pass, fail.
    Verdict "verdict" CHECKS,
    /// Who tested.
    Tester "tester" CHECKS,
    /// Where it was tested.
    Location "location" CHECKS,
}

impl Column {
    /// Whether an export of that sort can have it.
    pub(super) fn fits(self, sort: RecordSort) -> bool {
        self.sorts().contains(&sort)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_belongs_to_some_sorts_of_export() {
        assert!(Column::Key.fits(RecordSort::Check) && !Column::Key.fits(RecordSort::Request));
        assert!(Column::Subject.fits(RecordSort::Incident) && !Column::Subject.fits(RecordSort::Change));
        assert!(Column::ALL.iter().all(|column| !column.sorts().is_empty()));
    }
}
