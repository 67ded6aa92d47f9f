//! Sites that exist to test a filter: `test_pages.csv` (`site,test,valid_from,valid_to,source`).

use jiff::civil::Date;

use super::sheet::{Source, Validity, few_words};
use crate::error::Error;

/// The sites, the school's after the shipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestPages {
    rows: Vec<(String, Validity)>,
}

impl TestPages {
    pub(crate) fn read(source: &Source) -> Result<Self, Error> {
        let mut rows = Vec::new();
        let (required, optional) = (["site", "test"], ["valid_from", "valid_to", "source"]);
        let shipped = source.shipped_sheet(&required, &optional)?;
        let school = source.school_sheet(&required, &optional)?;
        for row in shipped.rows().chain(school.iter().flat_map(|sheet| sheet.rows())) {
            let site = row.parse("site", "a domain such as testfiltering.com", |text| {
                let sound = |byte: u8| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.'
                };
                (text.contains('.') && text.bytes().all(sound)).then(|| text.to_owned())
            })?;
            row.parse("test", "the name of the test", few_words)?;
            rows.push((site, row.validity()?));
        }
        Ok(Self { rows })
    }

    /// Sites that test a filter on some day between two.
    #[must_use]
    pub fn between(&self, from: Date, to: Date) -> Vec<&str> {
        let days = Validity { from: Some(from), to: Some(to) };
        self.rows.iter().filter(|(_, known)| known.meets(days)).map(|(site, _)| site.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use jiff::civil::date;

    use crate::settings::testing::settings;

    #[test]
    fn a_school_adds_pages() {
        let own = "site,test,valid_from,valid_to\nfilter-test.example.org,ours,2025-11-01,\n";
        let settings = settings(&[("test_pages.csv", own)]).unwrap();
        let sites = |from, to| settings.test_pages().between(from, to);
        assert_eq!(sites(date(2025, 9, 1), date(2025, 10, 31)), ["testfiltering.com"]);
        assert_eq!(sites(date(2025, 9, 1), date(2025, 11, 1)).len(), 2);
    }

    #[test]
    fn slips_are_named() {
        for (row, wrong) in [("https://x.org/y,t", "`site` must be"), ("x.org,", "`test` must be")] {
            let error =
                settings(&[("test_pages.csv", &format!("site,test\n{row}\n"))]).unwrap_err().to_string();
            assert!(error.starts_with("test_pages.csv:2: ") && error.contains(wrong), "{error}");
        }
    }
}
