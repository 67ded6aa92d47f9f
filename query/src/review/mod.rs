//! Blocked attempts that people look at: which are drawn, what the reviewers say, what follows.
//!
//! The state file holds the design (strata, their sizes, the random seed) and of each drawn attempt a token, its
//! stratum and a number that stands for its actor within this sample: no address, word, pseudonym or time. What
//! reviewers need to see is opened from the vault each time, with a key and a reason.

pub(crate) mod alerts;
pub(crate) mod draw;
pub(crate) mod estimate;
pub(crate) mod frame;
pub(crate) mod reportable;
pub(crate) mod store;

use std::fmt;

pub use draw::{By, Design, Drawn, LEAST_OF_PART, OFTEN, POOLED, Stratum};
pub use estimate::{AuditedShare, LEAST_ATTEMPTS, LEAST_PUPILS, Verdicts};
pub use store::{Labelled, Reviews};

/// What a reviewer says of a blocked attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label {
    /// It was right to block this for this group.
    Correct,
    /// The site is about something else than its category says.
    WrongCategory,
    /// The category is right, and yet it should be open to this group.
    ShouldBeOpen,
    /// Nobody asked for it: a part of a page, not a page.
    SubRequest,
    /// Nobody can tell.
    CannotTell,
}

impl Label {
    /// Every label.
    pub const ALL: [Self; 5] =
        [Self::Correct, Self::WrongCategory, Self::ShouldBeOpen, Self::SubRequest, Self::CannotTell];

    /// The word on the command line and in files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Correct => "correct",
            Self::WrongCategory => "wrong-category",
            Self::ShouldBeOpen => "should-be-open",
            Self::SubRequest => "sub-request",
            Self::CannotTell => "cannot-tell",
        }
    }

    /// The label of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.word() == word.trim())
    }
}

impl fmt::Display for Label {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}
