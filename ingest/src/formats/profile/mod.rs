//! CSV layouts as data: which header words mean what, how dates are written, what the school said.

use std::path::Path;

use crate::error::Error;

/// The profiles of a school: shipped ones, its own, and its answers to their questions.
#[derive(Debug, Default)]
pub struct ProfileSet {}

impl ProfileSet {
    /// Reads the shipped profiles, `settings/profiles/*.toml` and `settings/profile_answers.toml`.
    ///
    /// # Errors
    /// [`Kind::Configuration`](crate::Kind::Configuration) when one of them is not well-formed.
    pub fn load(_settings_dir: &Path) -> Result<Self, Error> {
        Ok(Self {})
    }
}
