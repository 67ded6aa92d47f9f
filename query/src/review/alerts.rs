//! What people say of alerts: a grave episode that was looked at was real, or false.

use ingest::pseudonymise::parse;
use jiff::civil::Date;

use super::draw::token;
use super::store::Reviews;
use crate::error::{Error, Kind};

/// The word of an alert that was about what it seemed to be about.
pub(crate) const REAL: &str = "real";
/// The word of an alert that was not.
pub(crate) const FALSE: &str = "false";

/// The alert of one actor, theme and day: `attention` shows its episodes.
pub(crate) fn alert(actor: Option<i64>, theme: &str, day: Date) -> i64 {
    let actor = actor.map_or_else(Vec::new, |actor| actor.to_be_bytes().to_vec());
    token(&[b"alert", &actor, theme.as_bytes(), day.to_string().as_bytes()])
}

impl Reviews {
    /// Keeps whether the grave episodes of a pseudonym in a theme on a day were real. Only a token of the three is
    /// kept.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when pseudonym, theme or reviewer will not do.
    pub fn label_alert_of(
        &mut self,
        pseudonym: &str,
        theme: &str,
        day: Date,
        reviewer: &str,
        real: bool,
    ) -> Result<(), Error> {
        let actor = parse(pseudonym).ok_or_else(|| {
            Error::new(Kind::Configuration, "a pseudonym is 16 hex digits").help("as `attention` prints it")
        })?;
        if theme.trim().is_empty() {
            return Err(
                Error::new(Kind::Configuration, "the theme is missing").help("as `attention` prints it")
            );
        }
        self.label_alert(
            day,
            alert(Some(actor), theme.trim(), day),
            reviewer,
            if real { REAL } else { FALSE },
        )
    }
}
