//! What the school expects of its feeds, in the state file by token: the lake has no folder names.

use super::Run;
use super::take::folder_token;
use crate::error::Error;
use crate::school::AcademicYear;
use crate::state::ExpectedFeed;

impl Run<'_> {
    /// Keeps the rules of `feeds.csv` under the tokens of their folders, for this academic year and
    /// for the one before as long as its key is there.
    pub(super) fn expect_feeds(&mut self) -> Result<(), Error> {
        let this = AcademicYear::of(self.today);
        let before = this.before();
        let mut feeds = Vec::new();
        for year in [before, this] {
            // Asking for a token would make a key.
            if year == before && !self.keyring.path(year).exists() {
                continue;
            }
            for rule in self.settings.feeds().rules() {
                feeds.push(ExpectedFeed {
                    year,
                    folder: folder_token(self.keyring, year, &rule.folder)?,
                    format: rule.format.clone(),
                    line: rule.line,
                    days: rule.days,
                    least_records: rule.least_records,
                    from: rule.validity.from,
                    to: rule.validity.to,
                });
            }
        }
        self.state.replace_feeds(&feeds)
    }
}
