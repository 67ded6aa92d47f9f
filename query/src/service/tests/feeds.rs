//! Findings about feeds, from dropped files to the table.

use std::fmt::Write as _;
use std::path::PathBuf;

use ingest::pipeline::Ingest;

use super::*;
use crate::disclosure::table::Table;

/// An installation with one school that expects `proxy` on school days.
struct Installation {
    folder: tempfile::TempDir,
}

impl Installation {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (_, public_key) = ingest::keys::new_key_pair("seven blue herons by the weir").unwrap();
        let this = Self { folder };
        let toml = format!(
            "[[school]]\nid = \"st-annes\"\nname = \"St Anne's\"\nphase = \"secondary\"\nroll = 1000\n\
             settle_seconds = 0\npseudonym_key_dir = \"{}\"\n\
             [[school.recipients]]\nname = \"DSL\"\npublic_key = \"{}\"\n",
            this.folder.path().join("keys").display(),
            public_key.trim()
        );
        std::fs::create_dir_all(this.root().settings()).unwrap();
        std::fs::create_dir_all(this.root().inbox().join("proxy")).unwrap();
        std::fs::write(this.dir().join(Config::FILE), toml).unwrap();
        this
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("installation")
    }

    fn root(&self) -> SchoolRoot {
        SchoolRoot::new(&self.dir(), &SchoolId::parse("st-annes").unwrap())
    }

    /// Drops the log of one day, `records` requests from eight o'clock on.
    fn drop_log(&self, folder: &str, day: Date, records: i64) {
        let eight = day.at(8, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp().as_second();
        let mut text = String::new();
        // Equal content would be known content.
        let folder_host = if folder.is_empty() { "www" } else { folder };
        for number in 0..records {
            writeln!(
                text,
                "{}.250    120 10.1.2.3 TCP_MISS/200 4512 GET http://{folder_host}.example.com/{day}/{number} ajones HIER_DIRECT/192.0.2.7 text/html",
                eight + number
            )
            .unwrap();
        }
        std::fs::write(self.root().inbox().join(folder).join(format!("{day}.log")), text).unwrap();
    }

    fn ingest(&self) {
        let dir = self.dir();
        let config = Config::load(&dir).unwrap();
        let school = &config.schools[0];
        let report = Ingest { dir: &dir, school, keep: false }.run(&[], &()).unwrap();
        assert!(!report.needs_a_look(), "{report:?}");
    }

    /// Day, source and kind of each finding of September 2025, and the whole table.
    fn findings(&self) -> (Vec<(String, String, String)>, Table) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let ask = Ask {
            from: Some(date(2025, 9, 1)),
            to: Some(date(2025, 9, 19)),
            table: Some("findings".to_owned()),
            ..Ask::default()
        };
        let cleared = runtime.block_on(async {
            let school = School::open(&self.dir(), &SchoolId::parse("st-annes").unwrap()).await.unwrap();
            school.coverage(&ask).await.unwrap()
        });
        let table = cleared.value().clone();
        let of = |row: &[Cell], at: usize| row[at].text().unwrap().to_owned();
        (table.rows.iter().map(|row| (of(row, 0), of(row, 1), of(row, 2))).collect(), table)
    }
}

/// The shipped calendar has school from 3 September 2025 on.
#[test]
fn dropped_files_become_findings_and_late_ones_heal_them() {
    let place = Installation::new();
    let days = [3, 4, 5, 8, 9, 10, 11, 12, 15, 16, 17, 18, 19].map(|day| date(2025, 9, day));
    for day in days {
        if day != date(2025, 9, 16) {
            place.drop_log("", day, 40);
        }
        if day != date(2025, 9, 4) {
            place.drop_log("proxy", day, if day == date(2025, 9, 18) { 12 } else { 40 });
        }
    }
    std::fs::write(place.root().settings().join("feeds.csv"), "folder,days,least_records\nproxy,school,30\n")
        .unwrap();
    place.ingest();
    let (found, table) = place.findings();
    let kinds: Vec<(&str, &str)> = found.iter().map(|(day, _, kind)| (day.as_str(), kind.as_str())).collect();
    assert_eq!(
        kinds,
        [("2025-09-18", "sudden fall"), ("2025-09-16", "missing night"), ("2025-09-04", "missing night")]
    );
    assert_eq!(found[1].1, "top of the inbox, squid-native");
    assert!(found[0].1.starts_with("folder ") && found[0].1.ends_with(", any format"), "{}", found[0].1);
    let text = format!("{table:?}");
    assert!(text.contains("at least 30 records by line 2 of feeds.csv"), "{text}");
    assert!(!text.contains("proxy"), "the name of a folder stays with the school: {text}");
    assert!(table.reading.starts_with("3 findings about 2 sources"), "{}", table.reading);

    place.drop_log("", date(2025, 9, 16), 41);
    place.drop_log("proxy", date(2025, 9, 4), 42);
    place.ingest();
    let (found, _) = place.findings();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].2, "sudden fall");
}
