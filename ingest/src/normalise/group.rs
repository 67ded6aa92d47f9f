//! Group names to group ids, each name once per academic year.

use crate::quick_map::QuickMap;
use crate::school::AcademicYear;
use crate::settings::groups::{GroupMatch, Groups};

/// Answers of the group rules for one academic year.
#[derive(Default)]
pub(crate) struct GroupCache<'s> {
    year: Option<AcademicYear>,
    names: QuickMap<Box<str>, Option<GroupMatch<'s>>>,
}

impl<'s> GroupCache<'s> {
    const MOST: usize = 1 << 14;

    /// What a group name means in an academic year.
    pub(crate) fn find(
        &mut self,
        groups: &'s Groups,
        name: &str,
        year: AcademicYear,
    ) -> Option<GroupMatch<'s>> {
        if self.year != Some(year) || self.names.len() >= Self::MOST {
            self.year = Some(year);
            self.names.clear();
        }
        if let Some(found) = self.names.get(name) {
            return *found;
        }
        let found = groups.find(name, year);
        self.names.insert(name.into(), found);
        found
    }
}
