//! What nobody asked for: page furniture, adverts, trackers, upkeep of systems.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::data_file::{DataFile, Dated};
use super::site_list::{HostTable, domain};
use crate::error::Error;
use crate::quick_map::QuickMap;

pub(crate) const SHIPPED: &str = include_str!("../../data/noise.csv");
const COLUMNS: &[&str] = &["kind", "value", "valid_from", "valid_to", "note"];
/// Longest extension or MIME type that is looked up.
const LONGEST_BYTES: usize = 64;

/// MIME types, file extensions and hosts of what nobody asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Noise {
    mimes: QuickMap<String, Dated<bool>>,
    families: QuickMap<String, Dated<bool>>,
    extensions: QuickMap<String, Dated<bool>>,
    hosts: HostTable<bool>,
}

impl Noise {
    /// Reads and checks the file; kind `wanted-host` (or `wanted-mime`, ...) undoes a row.
    pub(crate) fn read(file: &DataFile) -> Result<Self, Error> {
        let mut noise = Self::default();
        for row in file.rows(COLUMNS)? {
            let kind = row.required("kind")?;
            let (kind, is_noise) = kind.strip_prefix("wanted-").map_or((kind, true), |kind| (kind, false));
            let value = row.required("value")?.to_ascii_lowercase();
            let dated = match (kind, value.strip_suffix("/*")) {
                ("mime", Some(family)) => noise.families.entry(family.to_owned()).or_default(),
                ("mime", None) => noise.mimes.entry(value).or_default(),
                ("extension", _) => {
                    noise.extensions.entry(value.trim_start_matches('.').to_owned()).or_default()
                }
                ("host", _) => noise.hosts.entry(domain(&value, row.place)?),
                _ => return Err(row.place.error("column kind is none of mime, extension, host")),
            };
            dated.add(row.place, row.span()?, is_noise)?;
        }
        Ok(noise)
    }

    /// Adds the days on which an answer changes.
    pub(crate) fn boundaries(&self, days: &mut BTreeSet<Date>) {
        for table in [&self.mimes, &self.families, &self.extensions] {
            for dated in table.values() {
                dated.all().for_each(|(_, span, _)| span.boundaries(days));
            }
        }
        self.hosts.boundaries(days);
    }

    /// Whether log level, MIME type or file extension say: part of a page, not a page. `of_mime` is
    /// [`is_furniture_mime`](Self::is_furniture_mime), or what remembers its answers.
    pub(crate) fn is_furniture(
        &self,
        log_level: Option<u8>,
        mime: Option<&str>,
        path: Option<&str>,
        date: Date,
        of_mime: impl FnOnce(&str) -> bool,
    ) -> bool {
        matches!(log_level, Some(1 | 2))
            || mime.is_some_and(of_mime)
            || path.and_then(extension).is_some_and(|extension| holds(&self.extensions, extension, date))
    }

    /// Whether a MIME type says so.
    pub(crate) fn is_furniture_mime(&self, mime: &str, date: Date) -> bool {
        let mime = mime.split(';').next().unwrap_or("").trim();
        match mime.split_once('/') {
            Some((family, _)) => holds(&self.mimes, mime, date) || holds(&self.families, family, date),
            None => false,
        }
    }

    /// Whether a host is known for noise; `None` if nothing is known.
    pub(crate) fn of_host(&self, host: &str, date: Date) -> Option<bool> {
        self.hosts.get(host, date).copied()
    }
}

fn holds(table: &QuickMap<String, Dated<bool>>, word: &str, date: Date) -> bool {
    let mut lower = [0_u8; LONGEST_BYTES];
    let Some(lower) = lower.get_mut(..word.len()) else { return false };
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    let found = std::str::from_utf8(lower).ok().and_then(|word| table.get(word));
    found.and_then(|dated| dated.on(date)).copied().unwrap_or(false)
}

/// The file extension of a path, if its last segment has one.
fn extension(path: &str) -> Option<&str> {
    let end = memchr::memchr3(b'?', b'#', b';', path.as_bytes()).unwrap_or(path.len());
    let start = memchr::memrchr(b'/', &path.as_bytes()[..end]).map_or(0, |slash| slash + 1);
    // `File:map.jpg` is a page about a picture.
    let (stem, extension) = path[start..end].rsplit_once('.')?;
    (!stem.contains(':') && !extension.is_empty()).then_some(extension)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use jiff::civil::date;

    use super::*;

    fn noise(school: &str) -> Noise {
        let school = format!("kind,value\n{school}");
        Noise::read(&DataFile::overlaid("noise.csv", SHIPPED, &school)).unwrap()
    }

    #[test]
    fn furniture_is_told_by_level_type_or_extension() {
        let noise = noise("");
        let day = date(2026, 1, 12);
        let furniture = |level, mime, path| {
            noise.is_furniture(level, mime, path, day, |mime| noise.is_furniture_mime(mime, day))
        };
        for (level, mime, path, expected) in [
            (Some(1), None, None, true),
            (Some(2), Some("text/html"), Some("/"), true),
            (Some(3), Some("text/html"), Some("/"), false),
            (None, Some("image/png"), None, true),
            (None, Some("Text/CSS; charset=utf-8"), None, true),
            (None, Some("text/html"), Some("/a/page.html"), false),
            (None, Some("-"), Some("/assets/site.min.JS"), true),
            (None, None, Some("/logo.svg?v=2"), true),
            (None, None, Some("/wiki/File:map.jpg"), false),
            (None, None, Some("/v1.2/report"), false),
            (None, None, Some("/"), false),
            (None, Some("application/pdf"), Some("/paper.pdf"), false),
            (None, None, None, false),
        ] {
            assert_eq!(furniture(level, mime, path), expected, "{level:?} {mime:?} {path:?}");
        }
    }

    #[test]
    fn hosts_count_with_all_below_them_and_a_school_can_undo_a_row() {
        let day = date(2026, 1, 12);
        assert_eq!(noise("").of_host("v10.events.data.microsoft.com", day), Some(true));
        assert_eq!(noise("").of_host("www.microsoft.com", day), None);
        assert_eq!(noise("wanted-host,bat.bing.com\n").of_host("bat.bing.com", day), Some(false));
        let wanted = noise("wanted-extension,png\n");
        assert!(!wanted.is_furniture(None, None, Some("/a.png"), day, |_| true));
        let bad = DataFile::overlaid("noise.csv", SHIPPED, "kind,value\nhosts,a.example.org\n");
        assert!(
            Noise::read(&bad).unwrap_err().to_string().starts_with("settings/noise.csv line 2: column kind")
        );
    }
}
