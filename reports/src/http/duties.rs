//! Which role sees which page, as the papers list it. A test asks every page as every role and compares.

use super::accounts::Role::{self, Authority, Chair, Dsl, Governor, Head, It, Slt};

/// A page, what it shows, and who gets it.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Its route, as `reports/README.md` has it.
    pub route: &'static str,
    /// What it shows, in words.
    pub shows: &'static str,
    /// Who gets it with a sign-in.
    pub roles: &'static [Role],
}

const fn page(route: &'static str, shows: &'static str, roles: &'static [Role]) -> Page {
    Page { route, shows, roles }
}

/// The page of which `concerns.csv` decides who sees something.
pub const CONCERNS: &str = "/staff/concerns";

/// Every page that needs a sign-in.
pub const PAGES: &[Page] = &[
    page("/governors", "List of the governors' sealed sets", &[Dsl, Head, Slt, Governor, Chair]),
    page(
        "/governors/{id}",
        "A governors' sealed set: ranges, no exact numbers",
        &[Dsl, Head, Slt, Governor, Chair],
    ),
    page("/governors/{id}/{file}", "Chart of a governors' sealed set", &[Dsl, Head, Slt, Governor, Chair]),
    page("/staff/attention", "Grave episodes by pseudonym (personal data)", &[Dsl]),
    page(
        "/staff/listed",
        "Hits on illegal lists, one by one, without an address (personal data)",
        &[Dsl, Head],
    ),
    page(
        CONCERNS,
        "What concerns staff, as far as concerns.csv has it for the role; nobody's own, and the head's not for the head (personal data)",
        &[Dsl, Head, Chair, Authority],
    ),
    page("/staff/trend", "Exact figures by school week (personal data)", &[Dsl, Head, Slt]),
    page("/staff/groups", "Exact figures by group and lesson (personal data)", &[Dsl, Head, Slt]),
    page("/staff/coverage", "Whether the logs are whole", &[Dsl, Head, Slt, It]),
];
