//! Logs and exports that are expected: `feeds.csv`
//! (`folder,format,days,least_records,valid_from,valid_to,note`).

use super::sheet::{Source, Validity};
use crate::error::Error;

/// On which days something is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FeedDays {
    /// On days on which pupils are in school.
    School,
    /// On each day of the calendar.
    Every,
    /// On none: it comes when it comes.
    Never,
}

impl FeedDays {
    /// The word in data files and in the state file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::School => "school",
            Self::Every => "every",
            Self::Never => "none",
        }
    }

    /// The days of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::School, Self::Every, Self::Never].into_iter().find(|days| days.word() == word)
    }
}

/// One row: what is expected of a folder of the inbox, or of one format in it.
#[derive(Clone, PartialEq, Eq)]
pub struct FeedRule {
    /// Line of the file, from 1: what a finding calls the rule by.
    pub line: u32,
    /// Folder below the inbox, empty for its top.
    pub folder: String,
    /// Format or profile; any if none.
    pub format: Option<String>,
    /// Days on which it is expected.
    pub days: FeedDays,
    /// Fewer records on an expected day are a finding.
    pub least_records: Option<u64>,
    /// Days on which the row holds.
    pub(crate) validity: Validity,
}

impl std::fmt::Debug for FeedRule {
    // Folders are named by people, sometimes after people.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FeedRule({})", self.line)
    }
}

/// What is expected in the inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feeds {
    rules: Vec<FeedRule>,
}

impl Feeds {
    pub(crate) fn read(source: &Source) -> Result<Self, Error> {
        let mut rules: Vec<FeedRule> = Vec::new();
        let optional = ["format", "least_records", "valid_from", "valid_to", "note"];
        for row in source.sheet(&["folder", "days"], &optional)?.rows() {
            let folder =
                row.parse("folder", "a folder below the inbox, such as `proxy`, or empty", folder)?;
            let format = row.parse_optional("format", "a name that `watershed formats` prints", |text| {
                let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
                text.bytes().all(known).then(|| text.to_owned())
            })?;
            let days = row.parse("days", "school, every or none", FeedDays::from_word)?;
            let least_records = row.parse_optional("least_records", "a whole number above 0", |text| {
                text.parse().ok().filter(|least| *least > 0)
            })?;
            let validity = row.validity()?;
            let same = |rule: &&FeedRule| rule.folder == folder && rule.format == format;
            if rules.iter().filter(same).any(|rule| rule.validity.meets(validity)) {
                return Err(row.error("this feed is stated twice for the same days"));
            }
            let line = u32::try_from(row.line()).unwrap_or(u32::MAX);
            rules.push(FeedRule { line, folder, format, days, least_records, validity });
        }
        Ok(Self { rules })
    }

    /// The rows in the order of the file.
    #[must_use]
    pub fn rules(&self) -> &[FeedRule] {
        &self.rules
    }
}

/// A folder as a walk of the inbox spells it; none if it leads out of the inbox.
fn folder(text: &str) -> Option<String> {
    let text = text.replace('\\', "/");
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    (!text.starts_with('/') && !parts.contains(&"..")).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use super::*;

    fn feeds(text: &str) -> Result<Feeds, Error> {
        Feeds::read(&Source {
            name: "feeds.csv",
            shipped: crate::settings::FEEDS,
            school: Some(text.to_owned()),
        })
    }

    #[test]
    fn nothing_is_expected_as_it_ships() {
        let source = Source { name: "feeds.csv", shipped: crate::settings::FEEDS, school: None };
        assert!(Feeds::read(&source).unwrap().rules().is_empty());
    }

    #[test]
    fn rows_say_folder_format_days_and_least() {
        let text = "# ours\nfolder,format,days,least_records,valid_from\n./proxy\\north/,squid-native,school,5000,\n\
                    ,,every,,2026-01-05\nmonitor,,none,,\n";
        let feeds = feeds(text).unwrap();
        let [proxy, top, monitor] = feeds.rules() else { panic!("{feeds:?}") };
        assert_eq!(
            (proxy.folder.as_str(), proxy.format.as_deref(), proxy.line),
            ("proxy/north", Some("squid-native"), 3)
        );
        assert_eq!((proxy.days, proxy.least_records), (FeedDays::School, Some(5000)));
        assert_eq!((top.folder.as_str(), top.format.as_deref(), top.days), ("", None, FeedDays::Every));
        assert_eq!(top.validity.from, Some(jiff::civil::date(2026, 1, 5)));
        assert_eq!(monitor.days, FeedDays::Never);
        assert!(!format!("{feeds:?}").contains("proxy"));
    }

    #[test]
    fn slips_are_named_and_not_quoted() {
        for (row, says) in [
            ("proxy,,weekly,", "`days`"),
            ("../proxy,,school,", "`folder`"),
            ("/srv/logs,,school,", "`folder`"),
            ("proxy,Squid Native,school,", "`format`"),
            ("proxy,,school,0", "`least_records`"),
            ("proxy,,school,many", "`least_records`"),
        ] {
            let error = feeds(&format!("folder,format,days,least_records\n{row}\n")).unwrap_err().to_string();
            assert!(error.starts_with(&format!("feeds.csv:2: {says}")), "{error}");
            assert!(!error.contains("srv") && !error.contains("many"), "{error}");
        }
        let twice = feeds("folder,days\nproxy,school\nproxy/,every\n").unwrap_err().to_string();
        assert!(twice.starts_with("feeds.csv:3: "), "{twice}");
    }
}
