//! The release policy's parameters, versioned: a figure that was sealed says under which it stood.

use crate::error::{Error, Kind};

/// Version of the release policy as built here. Whatever changes what readers see raises it.
pub const POLICY_VERSION: &str = "release-policy/3";

/// Severity from which an episode counts (metrics: an everyday block is no pupil figure).
pub(crate) const LEAST_SEVERITY: i16 = 2;

/// Least share of traffic tied to a person, per cent (correction A).
pub(super) const LEAST_IDENTIFIED_PERCENT: u64 = 80;

/// Greatest share of school days without data, per cent (correction A).
pub(super) const MOST_MISSING_DAYS_PERCENT: u32 = 10;

/// Days between a period's last school day and the first day on which its set can be sealed.
pub(super) const SETTLING_DAYS: i64 = 14;

/// Codes that are in no set and in no total (rule 4).
pub(super) const NEVER_REPORTED: [&str; 3] = ["ILL-CSAM", "ILL-TERR", "IMG-CHILD"];

/// Codes of which no figure of one school reaches parents (rule 5), whatever a data file says.
pub(super) const NEVER_FOR_PARENTS: [&str; 14] = [
    "PORN",
    "ADULT",
    "SELFHARM",
    "SUICIDE",
    "EATDIS",
    "HATE",
    "VAWG",
    "EXTREM",
    "DRUGS",
    "ALCTOB",
    "GROOM",
    "CHAT",
    "DATING",
    "IMG-CHILD",
];

/// Threshold and band of one audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// k: a figure describes at least so many pupils and leaves at least so many outside.
    pub(super) threshold_pupils: u32,
    /// b: width of a band.
    pub(super) band_pupils: u32,
}

/// Governors.
pub(super) const GOVERNORS: Policy = Policy { threshold_pupils: 10, band_pupils: 5 };

/// Parents and everybody else.
pub(super) const PARENTS: Policy = Policy { threshold_pupils: 20, band_pupils: 10 };

/// Whom a set is sealed for. Staff have live tables instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AudienceWord {
    /// Governors.
    Governors,
    /// Parents and everybody else.
    Parents,
}

impl AudienceWord {
    /// The word in the ledger, in addresses and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Governors => "governors",
            Self::Parents => "parents",
        }
    }

    /// The audience of a word.
    ///
    /// # Errors
    /// [`Kind::Configuration`] for any other word.
    pub fn parse(word: &str) -> Result<Self, Error> {
        match word {
            "governors" => Ok(Self::Governors),
            "parents" => Ok(Self::Parents),
            _ => Err(Error::new(Kind::Configuration, "a set is sealed for `governors` or for `parents`")
                .help("staff have live figures: see `attention`, `trend`, `groups`")),
        }
    }

    pub(super) const fn policy(self) -> Policy {
        match self {
            Self::Governors => GOVERNORS,
            Self::Parents => PARENTS,
        }
    }
}
