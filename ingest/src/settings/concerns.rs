//! Who sees what concerns staff: `concerns.csv` (`about,role`).

use std::collections::BTreeSet;

use super::sheet::Source;
use crate::error::Error;

/// Roles that may see what concerns staff.
const ABOUT_STAFF: [&str; 4] = ["dsl", "head", "chair", "authority"];
/// Roles that may see what concerns the head: nobody who works under the head, nor the head.
const ABOUT_HEAD: [&str; 2] = ["chair", "authority"];

/// Roles by what the concern is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concerns {
    staff: BTreeSet<&'static str>,
    head: BTreeSet<&'static str>,
}

impl Concerns {
    pub(crate) fn read(source: &Source) -> Result<Self, Error> {
        let mut concerns = Self::default();
        for row in source.sheet(&["about", "role"], &[])?.rows() {
            let role = |known: &[&'static str]| {
                let wanted = known.join(" or ");
                row.parse("role", &wanted, |text| known.iter().copied().find(|role| *role == text))
            };
            match row.parse("about", "staff or head", |text| {
                ["staff", "head"].into_iter().find(|about| *about == text)
            })? {
                "staff" => concerns.staff.insert(role(&ABOUT_STAFF)?),
                _ => concerns.head.insert(role(&ABOUT_HEAD)?),
            };
        }
        Ok(concerns)
    }

    /// What ships.
    ///
    /// # Errors
    /// None unless the program was built from a broken data file.
    pub fn shipped() -> Result<Self, Error> {
        Self::read(&Source { name: "concerns.csv", shipped: super::CONCERNS, school: None })
    }

    /// Whether accounts of a role see what concerns staff other than the head.
    #[must_use]
    pub fn about_staff(&self, role: &str) -> bool {
        self.staff.contains(role)
    }

    /// Whether accounts of a role see what concerns the head.
    #[must_use]
    pub fn about_head(&self, role: &str) -> bool {
        self.head.contains(role)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    fn read(school: Option<&str>) -> Result<Concerns, Error> {
        let (name, shipped) = ("concerns.csv", crate::settings::CONCERNS);
        Concerns::read(&Source { name, shipped, school: school.map(str::to_owned) })
    }

    #[test]
    fn what_concerns_the_head_goes_past_the_head() {
        let shipped = read(None).unwrap();
        assert!(shipped.about_staff("dsl") && shipped.about_staff("head") && !shipped.about_staff("slt"));
        assert!(shipped.about_head("chair") && !shipped.about_head("head") && !shipped.about_head("dsl"));
        let own = read(Some("about,role\nstaff,head\nhead,authority\n")).unwrap();
        assert!(!own.about_staff("dsl") && own.about_head("authority") && !own.about_head("chair"));
        for wrong in ["head,dsl", "head,head", "staff,governor", "pupils,dsl"] {
            let error = read(Some(&format!("about,role\n{wrong}\n"))).unwrap_err().to_string();
            assert!(error.starts_with("concerns.csv:2: "), "{error}");
        }
    }
}
