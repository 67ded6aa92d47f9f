//! One test of the filter, before and after wall 1: what was tried, for which group, on which device, and
//! whether the filter did what it should.
//!
//! A test is no request of a pupil and no hit on an illegal list. The column with its address is never read:
//! test pages stand on the lists themselves.

use std::borrow::Cow;

use crate::event::Moment;
use crate::fields::Action;
use crate::record::RecordIdentity;
use crate::report::Place;

/// What sort of device a test ran on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceType {
    /// Windows.
    Windows,
    /// macOS.
    Mac,
    /// ChromeOS.
    Chromebook,
    /// iPadOS or iOS.
    Ios,
    /// Android.
    Android,
    /// Another system.
    Linux,
    /// The row names a device but no sort that is known.
    Other,
}

/// Words in a device's name, and the sort of device that has it.
const DEVICES: &[(DeviceType, &[&str])] = &[
    (DeviceType::Chromebook, &["chromebook", "chromebox", "chromeos", "chrome os"]),
    (DeviceType::Ios, &["ipad", "iphone", "ios"]),
    (DeviceType::Mac, &["macbook", "imac", "macos", "mac mini"]),
    (DeviceType::Android, &["android", "galaxy tab"]),
    (DeviceType::Windows, &["windows", "surface", "win10", "win11"]),
    (DeviceType::Linux, &["linux", "ubuntu", "raspberry"]),
];

impl DeviceType {
    /// The word in the lake.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Windows => "windows",
            Self::Mac => "mac",
            Self::Chromebook => "chromebook",
            Self::Ios => "ios",
            Self::Android => "android",
            Self::Linux => "linux",
            Self::Other => "other",
        }
    }

    /// The sort of a device by its name; none without a name.
    #[must_use]
    pub fn read(written: &str) -> Option<Self> {
        let name = written.to_lowercase();
        // `studios-pc3` and `library kiosk` are no iPads: a word begins where no letter stands before it.
        let begins = |word: &str| {
            name.match_indices(word)
                .any(|(at, _)| !name[..at].chars().next_back().is_some_and(char::is_alphabetic))
        };
        let found = DEVICES.iter().find(|(_, words)| words.iter().any(|word| begins(word)));
        (!name.trim().is_empty()).then(|| found.map_or(Self::Other, |(sort, _)| *sort))
    }
}

/// The row's own words; vault only.
#[derive(Clone, Default)]
pub struct CheckText<'a> {
    /// What was tried, as written.
    pub categories: Option<Cow<'a, str>>,
    /// Words for what was tried that no map knows, as written.
    pub unmapped: Vec<Cow<'a, str>>,
    /// Group as written.
    pub group: Option<Cow<'a, str>>,
    /// No group rule matched `group`.
    pub group_unmatched: bool,
    /// Device as written.
    pub device: Option<Cow<'a, str>>,
    /// Room, building or network as written.
    pub location: Option<Cow<'a, str>>,
    /// Result as written.
    pub result: Option<Cow<'a, str>>,
    /// Free text.
    pub narrative: Option<Cow<'a, str>>,
}

crate::event::redacted!(CheckText);

/// One test, identified or pseudonymous.
#[derive(Clone)]
pub struct FilterCheck<'a, I: RecordIdentity> {
    /// Where the record stands.
    pub place: Place,
    /// When it was done; local midnight where the row has only the day.
    pub checked: Moment<'a>,
    /// The row has a time of day.
    pub time_known: bool,
    /// What makes the row the same row in a later export.
    pub key: I::Key<'a>,
    /// Who did it.
    pub tester: I::Person<'a>,
    /// On which device.
    pub device: I::Device<'a>,
    /// The row's own words.
    pub text: I::CheckText<'a>,
    /// Common category code of what was tried; `UNMAPPED` if no map knows the word.
    pub code: &'a str,
    /// What the filter should do.
    pub expected: Action,
    /// What it did.
    pub observed: Action,
    /// Whether that is the same; none where the row does not tell.
    pub as_expected: Option<bool>,
    /// Group by the school's rules, `unmatched` if none fits; none where the row names no group.
    pub group_id: Option<&'a str>,
    /// What sort of device.
    pub device_type: Option<DeviceType>,
}

impl<I: RecordIdentity> std::fmt::Debug for FilterCheck<'_, I> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FilterCheck(record {}, redacted)", self.place.record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_of_a_closed_set() {
        for (written, sort) in [
            ("Library iPad 3", Some(DeviceType::Ios)),
            ("Library kiosk", Some(DeviceType::Other)),
            ("Studios-PC3", Some(DeviceType::Other)),
            ("HP Chromebook", Some(DeviceType::Chromebook)),
            ("Windows laptop", Some(DeviceType::Windows)),
            ("MacBook Air", Some(DeviceType::Mac)),
            ("Jane's phone", Some(DeviceType::Other)),
            ("  ", None),
        ] {
            assert_eq!(DeviceType::read(written), sort, "{written}");
        }
    }
}
