//! Whose records are set apart: `investigations.csv` (`holder,purpose,valid_from,valid_to,reason,role`).
//!
//! Whoever looks into a matter visits the sites that it is about, and whoever tests the filter asks for what
//! it must stop. Both are recorded like everybody's, and neither is a pupil's act.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::networks::Networks;
use super::sheet::{Source, Validity};
use crate::error::Error;
use crate::pseudonymise::parse;

/// An investigation is no standing exemption.
const LONGEST_DAYS: i32 = 92;
/// A bench for tests is looked at again each year.
const LONGEST_TEST_DAYS: i32 = 366;

/// Why records are set apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Somebody who investigates on the school's behalf.
    Investigation,
    /// A test of the filter.
    Test,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Investigation, Self::Test];

    /// The word in the data file and in the state file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Investigation => "investigation",
            Self::Test => "test",
        }
    }

    /// The purpose of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.word() == word)
    }
}

/// Who holds an account, a device or a network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    Token(i64),
    /// By name, and which addresses that is.
    Network(String, String),
}

/// One row of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SetApart {
    holder: Holder,
    purpose: Purpose,
    days: Validity,
}

/// All that is set apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Investigations {
    rows: Vec<SetApart>,
}

impl Investigations {
    pub(crate) fn read(source: &Source, networks: &Networks) -> Result<Self, Error> {
        let names = networks.names();
        let mut rows = Vec::new();
        let columns = ["holder", "purpose", "valid_from", "valid_to", "reason", "role"];
        for row in source.sheet(&columns, &[])?.rows() {
            let wanted = "16 hex digits of a token or the name of a network of networks.csv";
            let holder = row.parse("holder", wanted, |text| match parse(text) {
                Some(token) if text.len() == 16 => Some(Holder::Token(token)),
                _ => names.contains(text).then(|| Holder::Network(text.to_owned(), String::new())),
            })?;
            let purpose = row.parse("purpose", "investigation or test", Purpose::from_word)?;
            for column in ["reason", "role"] {
                row.parse(column, "stated: who else could tell later why this is not counted?", |text| {
                    (!text.trim().is_empty()).then_some(())
                })?;
            }
            let days = row.validity()?;
            let length = match (days.from, days.to) {
                (Some(from), Some(to)) => to.since(from).map_or(i32::MAX, |span| span.get_days()),
                (None, _) => return Err(row.error("`valid_from` is missing")),
                (_, None) => return Err(row.error("`valid_to` is missing: nothing is set apart for good")),
            };
            let (what, longest) = match purpose {
                Purpose::Investigation => ("an investigation", LONGEST_DAYS),
                Purpose::Test => ("a test", LONGEST_TEST_DAYS),
            };
            if length > longest {
                return Err(row.error(format!("{what} may last {longest} days at most")));
            }
            let holder = match holder {
                Holder::Network(name, _) => {
                    let extent = networks.extent(&name, days);
                    Holder::Network(name, extent)
                }
                token => token,
            };
            rows.push(SetApart { holder, purpose, days });
        }
        Ok(Self { rows })
    }

    /// What is set apart on a day.
    #[must_use]
    pub fn on(&self, day: Date) -> SetApartDay {
        let mut found = SetApartDay::default();
        for row in self.rows.iter().filter(|row| row.days.holds(day)) {
            match &row.holder {
                Holder::Token(token) => found.tokens.push((*token, row.purpose)),
                Holder::Network(network, _) => found.networks.push((network.clone(), row.purpose)),
            }
        }
        found
    }

    /// One line for each row, by which a change of the file is noticed: first and last day, and what it says.
    #[must_use]
    pub fn rules(&self) -> BTreeSet<Rule> {
        self.rows.iter().map(SetApart::rule).collect()
    }

    /// Of the rows that somebody with a key has vouched for, those that the file still says: all that sets anything
    /// apart. A network with other addresses than it was vouched for with is another.
    #[must_use]
    pub fn standing(&self, vouched: &BTreeSet<Rule>) -> BTreeSet<Rule> {
        let stands = |row: &&SetApart| vouched.contains(&row.rule()) || vouched.contains(&row.earlier_rule());
        self.rows.iter().filter(stands).map(SetApart::rule).collect()
    }

    /// The rows of some rules alone.
    #[must_use]
    pub fn only(&self, rules: &BTreeSet<Rule>) -> Self {
        Self { rows: self.rows.iter().filter(|row| rules.contains(&row.rule())).cloned().collect() }
    }
}

impl SetApart {
    fn rule(&self) -> Rule {
        let Rule { from, to, what } = self.earlier_rule();
        let purpose = self.purpose.word();
        match &self.holder {
            // No name can make of this what another row says, nor of the earlier form what this one says.
            Holder::Network(network, extent) => {
                Rule { from, to, what: format!("{purpose} addresses {extent} of network {network}") }
            }
            Holder::Token(_) => Rule { from, to, what },
        }
    }

    /// As state files had it when a network was its name.
    fn earlier_rule(&self) -> Rule {
        Rule {
            from: self.days.from.unwrap_or(Date::MIN),
            to: self.days.to.unwrap_or(Date::MAX),
            what: match &self.holder {
                Holder::Token(token) => {
                    format!("{} {}", self.purpose.word(), crate::pseudonymise::written(*token))
                }
                Holder::Network(network, _) => format!("{} network {network}", self.purpose.word()),
            },
        }
    }
}

/// What one row says, comparable over time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// First local day.
    pub from: Date,
    /// Last local day.
    pub to: Date,
    /// Purpose and holder; of a network also its addresses.
    pub what: String,
}

/// What is set apart on one local day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetApartDay {
    /// Accounts and devices, by token.
    pub tokens: Vec<(i64, Purpose)>,
    /// Networks, by name.
    pub networks: Vec<(String, Purpose)>,
    /// Recorded tests of an illegal list: the device's token, and the first and last moment at which a hit of
    /// that device is the test's; microseconds since the epoch, UTC.
    pub tests: Vec<(i64, i64, i64)>,
}

impl SetApartDay {
    /// Whether nothing is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.networks.is_empty() && self.tests.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use jiff::civil::date;

    use super::*;

    const HEADER: &str = "holder,purpose,valid_from,valid_to,reason,role\n";

    fn read(rows: &str) -> Result<Investigations, Error> {
        let school = Some(format!("{HEADER}{rows}"));
        let shipped = crate::settings::INVESTIGATIONS;
        let source = Source { name: "investigations.csv", shipped, school };
        Investigations::read(&source, &networks("10.9.0.0/24,IT office,site\n"))
    }

    fn networks(rows: &str) -> Networks {
        let school = Some(format!("cidr,network,kind,valid_from,valid_to\n{rows}"));
        Networks::read(&Source { name: "networks.csv", shipped: crate::settings::NETWORKS, school }).unwrap()
    }

    #[test]
    fn a_network_with_other_addresses_waits_for_a_key() {
        let named = |name: &str, rows: &str| {
            let row = format!("{name},test,2025-09-01,2026-07-31,test bench,IT\n");
            let school = Some(format!("{HEADER}{row}"));
            let shipped = crate::settings::INVESTIGATIONS;
            let source = Source { name: "investigations.csv", shipped, school };
            Investigations::read(&source, &networks(rows)).unwrap()
        };
        let with = |rows: &str| named("IT office", rows);
        let office = with("10.9.0.0/24,IT office,site,,\n10.0.0.0/8,School,site,,\n");
        let vouched = office.rules();
        let told: Vec<_> = vouched.iter().map(|rule| rule.what.as_str()).collect();
        assert_eq!(told, ["test addresses 10.9.0.0/24 of network IT office"]);
        assert_eq!(office.standing(&vouched), vouched);
        for (widened, stands) in [
            ("0.0.0.0/0,IT office,site,,\n", false),
            ("10.9.0.0/24,IT office,site,,\n10.1.0.0/16,IT office,site,,\n", false),
            // Narrower, but not what was vouched for.
            ("10.9.0.0/24,IT office,site,,\n10.9.0.0/28,Library,site,,\n", false),
            // Other days, and other networks: the same addresses on the days of the row.
            ("10.9.0.0/24,IT office,site,,\n10.1.0.0/16,IT office,site,2026-08-01,\n", true),
            ("10.9.0.0/24,IT office,site,,\n10.0.0.0/16,School,site,,\n", true),
        ] {
            assert_eq!(!with(widened).standing(&vouched).is_empty(), stands, "{widened}");
        }
        // A name that is made of what was vouched for.
        for name in ["10.9.0.0/24 of network IT office", "IT office: 10.9.0.0/24", "addresses 10.9.0.0/24"] {
            let other = named(name, &format!("0.0.0.0/0,{name},site,,\n"));
            assert!(other.standing(&vouched).is_empty(), "{name}");
        }
        // A network without an address on these days.
        let none = with("10.9.0.0/24,IT office,site,2027-01-01,\n").rules();
        assert_eq!(none.first().unwrap().what, "test addresses none of network IT office");
        // What state files had before holds until addresses are noted.
        let what = "test network IT office".to_owned();
        let earlier = vouched.iter().map(|rule| Rule { what: what.clone(), ..rule.clone() }).collect();
        assert_eq!(office.standing(&earlier), vouched);
        assert!(office.only(&BTreeSet::new()).rules().is_empty());
    }

    #[test]
    fn a_holder_is_set_apart_on_its_days() {
        let found = read(
            "00000000000000ff,investigation,2025-11-03,2025-11-07,case 12,headteacher\n\
             IT office,test,2025-09-01,2026-07-31,test bench,IT\n",
        )
        .unwrap();
        let day = found.on(date(2025, 11, 7));
        assert_eq!(day.tokens, [(255, Purpose::Investigation)]);
        assert_eq!(day.networks, [("IT office".to_owned(), Purpose::Test)]);
        assert!(found.on(date(2025, 11, 8)).tokens.is_empty());
        assert!(found.on(date(2025, 8, 31)).is_empty());
        assert_eq!(found.rules().len(), 2);
        let bench =
            found.rules().into_iter().filter(|rule| rule.what.starts_with("test addresses")).collect();
        let vouched = found.only(&found.standing(&bench)).on(date(2025, 11, 7));
        assert_eq!(
            (vouched.tokens.len(), vouched.networks.len()),
            (0, 1),
            "what nobody vouched for hides nothing"
        );
    }

    #[test]
    fn slips_are_named_by_line_and_never_quoted() {
        for (row, wrong) in [
            ("jdoe,investigation,2025-11-03,2025-11-07,case 12,head", "`holder` must be"),
            ("00000000000000ff,holiday,2025-11-03,2025-11-07,case 12,head", "`purpose` must be"),
            ("00000000000000ff,investigation,2025-11-03,,case 12,head", "`valid_to` is missing"),
            ("00000000000000ff,test,2025-11-03,,case 12,head", "`valid_to` is missing"),
            ("00000000000000ff,test,2025-11-03,2026-11-05,case 12,head", "366 days"),
            ("00000000000000ff,investigation,2025-11-03,2026-03-07,case 12,head", "92 days"),
            ("00000000000000ff,investigation,,2026-03-07,case 12,head", "`valid_from` is missing"),
            ("00000000000000ff,test,2025-11-07,2025-11-03,case 12,head", "lies after"),
            ("00000000000000ff,test,2025-11-03,2025-11-07,,head", "`reason` must be"),
            ("00000000000000ff,test,2025-11-03,2025-11-07,case 12,", "`role` must be"),
        ] {
            let error = read(&format!("{row}\n")).unwrap_err().to_string();
            assert!(error.starts_with("investigations.csv:2: ") && error.contains(wrong), "{error}");
            assert!(!error.contains("jdoe") && !error.contains("holiday"), "{error}");
        }
    }
}
