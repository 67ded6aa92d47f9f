//! Networks by address range: `networks.csv` (`cidr,network,kind,valid_from,valid_to`).

use std::net::IpAddr;

use ipnet::IpNet;

use jiff::civil::Date;

use super::sheet::{Source, Validity};
use crate::error::Error;

/// What a network is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NetworkKind {
    /// School machines at a site.
    Site,
    /// Pupils' and staff's own devices.
    Byod,
    /// Visitors.
    Guest,
    /// Machines without a person.
    Servers,
    /// School machines away from the school's sites: homes, a VPN's pool, all other addresses.
    OffSite,
}

impl NetworkKind {
    fn from_word(word: &str) -> Option<Self> {
        match word {
            "site" => Some(Self::Site),
            "byod" => Some(Self::Byod),
            "guest" => Some(Self::Guest),
            "servers" => Some(Self::Servers),
            "off-site" => Some(Self::OffSite),
            _ => None,
        }
    }
}

/// One network of the school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its id in figures.
    pub id: String,
    /// What it is for.
    pub kind: NetworkKind,
}

/// The id of every address outside the school's ranges.
pub const UNLISTED: &str = "unlisted";
/// The id of records of machines away from the school's sites, where the log says so.
pub const OFF_SITE: &str = "off-site";
/// The id of records without an address.
pub const NOT_IN_THE_LOG: &str = "not in the log";

/// The school's networks, the narrowest range first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks {
    ranges: Vec<(IpNet, Validity, Network)>,
}

impl Networks {
    pub(crate) fn read(source: &Source) -> Result<Self, Error> {
        let mut ranges: Vec<(IpNet, Validity, Network)> = Vec::new();
        for row in source.sheet(&["cidr", "network", "kind"], &["valid_from", "valid_to", "note"])?.rows() {
            let range: IpNet = row.parse("cidr", "an address range such as 10.1.0.0/16", |text| {
                text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
            })?;
            let id = row.parse("network", "a short name", |text| {
                (!text.is_empty() && text.len() <= 40).then(|| text.to_owned())
            })?;
            let kind = row.parse("kind", "site, byod, guest, servers or off-site", NetworkKind::from_word)?;
            let validity = row.validity()?;
            if ranges.iter().any(|(known, days, _)| *known == range.trunc() && days.meets(validity)) {
                return Err(row.error("this range is stated twice"));
            }
            ranges.push((range.trunc(), validity, Network { id, kind }));
        }
        ranges.sort_by_key(|(range, _, _)| std::cmp::Reverse(range.prefix_len()));
        Ok(Self { ranges })
    }

    /// Names of all networks, on whatever day.
    pub(crate) fn names(&self) -> std::collections::BTreeSet<String> {
        self.ranges.iter().map(|(_, _, network)| network.id.clone()).collect()
    }

    /// Which addresses a network has on some days, in words: its ranges, and the narrower ones of others that lie in
    /// them; `none` without one. The same text means the same addresses.
    pub(crate) fn extent(&self, name: &str, days: Validity) -> String {
        let stated = || self.ranges.iter().filter(|(_, known, _)| known.meets(days));
        let told = |range: &IpNet, known: &Validity| {
            let bound =
                |word: &str, day: Option<Date>| day.map_or_else(String::new, |day| format!(" {word} {day}"));
            format!("{range}{}{}", bound("from", known.from), bound("to", known.to))
        };
        let mut texts: Vec<String> = Vec::new();
        for (range, known, _) in stated().filter(|(_, _, network)| network.id == name) {
            texts.push(told(range, known));
            let inside = stated().filter(|(other, _, network)| network.id != name && range.contains(other));
            texts.extend(inside.map(|(other, known, _)| format!("not {}", told(other, known))));
        }
        texts.sort();
        texts.dedup();
        if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
    }

    /// Networks whose first stated day lies between two days, in the order of the days.
    #[must_use]
    pub fn begun_between(&self, from: Date, to: Date) -> Vec<(Date, &str)> {
        let mut begun: Vec<(Date, &str)> = self
            .ranges
            .iter()
            .filter_map(|(_, days, network)| Some((days.from?, network.id.as_str())))
            .filter(|(day, _)| (from..=to).contains(day))
            .collect();
        begun.sort_unstable();
        begun.dedup();
        begun
    }

    /// The network that an address belongs to on a day.
    #[must_use]
    pub fn find(&self, address: IpAddr, date: Date) -> Option<&Network> {
        let mut ranges = self.ranges.iter();
        ranges
            .find(|(range, days, _)| range.contains(&address) && days.holds(date))
            .map(|(_, _, network)| network)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use super::*;

    fn networks(text: &str) -> Result<Networks, Error> {
        let source =
            Source { name: "networks.csv", shipped: crate::settings::NETWORKS, school: Some(text.into()) };
        Networks::read(&source)
    }

    #[test]
    fn the_narrowest_range_wins() {
        let text =
            "cidr,network,kind\n10.0.0.0/8,School,site\n10.9.0.0/16,Visitors,guest\n2001:db8::/32,Six,site\n";
        let networks = networks(text).unwrap();
        let day = jiff::civil::date(2025, 11, 12);
        let find = |text: &str| networks.find(text.parse().unwrap(), day).map(|network| network.id.as_str());
        assert_eq!(find("10.1.2.3"), Some("School"));
        assert_eq!(find("10.9.2.3"), Some("Visitors"));
        assert_eq!(find("2001:db8::7"), Some("Six"));
        assert_eq!(find("192.168.0.1"), None);
    }

    #[test]
    fn a_network_moves() {
        let text = "cidr,network,kind,valid_from,valid_to\n10.1.0.0/16,Old,site,,2025-12-31\n\
                    10.1.0.0/16,New,byod,2026-01-01,\n";
        let networks = networks(text).unwrap();
        let find = |date| networks.find([10, 1, 2, 3].into(), date).map(|network| network.id.as_str());
        assert_eq!(find(jiff::civil::date(2025, 12, 31)), Some("Old"));
        assert_eq!(find(jiff::civil::date(2026, 1, 1)), Some("New"));
    }

    #[test]
    fn a_school_may_call_every_other_address_home() {
        let networks =
            networks("cidr,network,kind\n10.0.0.0/8,School,site\n0.0.0.0/0,Home,off-site\n").unwrap();
        let find =
            |text: &str| networks.find(text.parse().unwrap(), jiff::civil::date(2025, 11, 12)).unwrap();
        assert_eq!(
            (find("10.1.2.3").kind, find("198.51.100.7").kind),
            (NetworkKind::Site, NetworkKind::OffSite)
        );
    }

    #[test]
    fn slips_are_named() {
        let error = networks("cidr,network,kind\n10.0.0.0/33,School,site\n").unwrap_err();
        assert!(error.to_string().starts_with("networks.csv:2: `cidr`"), "{error}");
        assert!(networks("cidr,network,kind\n10.0.0.0/8,School,wifi\n").is_err());
        assert!(networks("cidr,network,kind\n10.0.0.0/8,A,site\n10.1.2.3/8,B,site\n").is_err());
    }
}
