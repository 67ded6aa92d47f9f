//! Where words that were searched for stand in an address: `search_engines.csv`.

use super::sheet::Source;
use crate::error::Error;
use crate::quick_map::QuickMap;

/// One place of search words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Engine {
    /// Beginning of the path, lower case.
    pub(crate) path: String,
    /// Name in the query, lower case.
    pub(crate) parameter: String,
}

/// The search engines that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchEngines {
    by_site: QuickMap<String, Vec<Engine>>,
}

impl SearchEngines {
    pub(crate) fn read(source: &Source) -> Result<Self, Error> {
        let columns = &["site", "path", "parameter"];
        let mut by_site: QuickMap<String, Vec<Engine>> = QuickMap::default();
        let sheets =
            [Some(source.shipped_sheet(columns, &["note"])?), source.school_sheet(columns, &["note"])?];
        for row in sheets.iter().flatten().flat_map(super::sheet::Sheet::rows) {
            let site = row.parse("site", "a domain such as example.org or example.*", |text| {
                text.contains('.').then(|| text.to_lowercase())
            })?;
            let path = row.parse("path", "the beginning of a path, from its slash", |text| {
                text.starts_with('/').then(|| text.to_lowercase())
            })?;
            let parameter = row.parse("parameter", "a name in the query", |text| {
                (!text.is_empty()).then(|| text.to_lowercase())
            })?;
            by_site.entry(site).or_default().push(Engine { path, parameter });
        }
        Ok(Self { by_site })
    }

    /// The places of search words on a site, by its registrable domain.
    pub(crate) fn of<'s>(&'s self, domain: &str, scratch: &mut String) -> &'s [Engine] {
        if let Some(engines) = self.by_site.get(domain) {
            return engines;
        }
        let label = domain.split('.').next().unwrap_or_default();
        scratch.clear();
        scratch.push_str(label);
        scratch.push_str(".*");
        self.by_site.get(scratch.as_str()).map_or(&[], Vec::as_slice)
    }
}
