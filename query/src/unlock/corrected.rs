//! Sealed rows as they count: whose they are, and what they are about, by the corrections that hold.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use ingest::classify::Taxonomy;
use ingest::correction::Overlay;
use ingest::lake::Lake;
use ingest::pseudonymise::{Domain, Keyring, written};
use ingest::schema::IMPORTS;
use ingest::school::{AcademicYear, SchoolRoot};
use ingest::state::{State, Wrong};
use ingest::vault::rows::RequestRow;
use ingest::vault::{Selection, VaultReader};
use jiff::civil::Date;

use super::Person;
use crate::error::{Error, Kind};

/// The corrections of a school, and what they need to be applied to sealed rows.
pub(super) struct Correcting {
    pub(super) overlay: Overlay,
    taxonomy: Taxonomy,
    keyring: Option<Keyring>,
    /// Format or profile by import; empty where no correction asks for it.
    sources: BTreeMap<i64, String>,
}

impl Correcting {
    pub(super) fn of(root: &SchoolRoot, keyring: Option<Keyring>) -> Result<Self, Error> {
        let overlay = Overlay::load(&State::open(root)?)?;
        let asks = overlay
            .between(Date::MIN, Date::MAX)
            .any(|known| matches!(known.wrong, Wrong::Code { source: Some(_), .. }));
        let sources = if asks { sources(root)? } else { BTreeMap::new() };
        Ok(Self { overlay, taxonomy: Taxonomy::load(Some(&root.settings()))?, keyring, sources })
    }

    /// Whether a record of a day counts as one of these persons'.
    pub(super) fn is_of(&self, recorded: Option<i64>, day: Date, persons: &BTreeSet<i64>) -> bool {
        recorded
            .and_then(|recorded| self.overlay.person(recorded, day))
            .is_some_and(|person| persons.contains(&person))
    }

    /// All of a person's requests of the days, corrected, in order of time.
    pub(super) fn requests(
        &self,
        reader: &VaultReader<'_>,
        person: &Person,
        from: Date,
        to: Date,
    ) -> Result<Vec<RequestRow<'static>>, Error> {
        let mut rows = Vec::new();
        for recorded in self.overlay.recorded_as(&person.pseudonyms) {
            let selection = Selection { from, to, actor: Some(recorded), between_us: None };
            reader.requests(&selection, &mut |row| {
                if self.is_of(row.actor, row.local_date, &person.pseudonyms) {
                    rows.push(self.about(row));
                }
                Ok(())
            })?;
        }
        rows.sort_by_key(|row| (row.event_time_utc_us, row.import_token, row.record_number));
        Ok(rows)
    }

    /// A row with the code that is right. What was searched for stays what it is.
    pub(super) fn about(&self, mut row: RequestRow<'static>) -> RequestRow<'static> {
        if row.search_theme.is_some() || row.illegal_token.is_some() {
            return row;
        }
        let source = self.sources.get(&row.import_token).map_or("", String::as_str);
        let private = |host: &str| {
            let year = AcademicYear::of(row.local_date);
            let token = self.keyring.as_ref()?.token(year, Domain::Host, host.to_lowercase().as_bytes());
            Some(format!("host-{}", written(token.ok()?)))
        };
        let host = row.host.as_deref().unwrap_or_default();
        let about = self.overlay.about(&self.taxonomy, row.local_date, host, &row.code, source, &private);
        if let Some(about) = about {
            row.code = Cow::Owned(about.code);
            row.theme = about.theme.map(Cow::Owned);
            row.severity = about.severity.into();
        }
        row
    }
}

/// The format or profile of each import. Asked from within and without a runtime, so it has its own.
fn sources(root: &SchoolRoot) -> Result<BTreeMap<i64, String>, Error> {
    let failed = || Error::new(Kind::Bug, "no runtime could be started to read the list of imports");
    let read = || -> Result<BTreeMap<i64, String>, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let snapshot = runtime
            .map_err(|_| failed())?
            .block_on(async { Lake::open(root).await?.readable(&IMPORTS).await })?;
        let mut sources = BTreeMap::new();
        for file in &snapshot.files {
            snapshot.read(file, Some(&["import_token", "source_format"]), &mut |batch| {
                let imports = batch.column_by_name("import_token");
                let imports = imports.and_then(|array| array.as_primitive_opt::<Int64Type>());
                let formats = batch.column_by_name("source_format");
                let formats = formats.and_then(|array| array.as_string_opt::<i32>());
                let (Some(imports), Some(formats)) = (imports, formats) else { return Ok(()) };
                for row in (0..batch.num_rows()).filter(|row| !formats.is_null(*row)) {
                    sources.insert(imports.value(row), formats.value(row).to_owned());
                }
                Ok(())
            })?;
        }
        Ok(sources)
    };
    std::thread::scope(|scope| scope.spawn(read).join().unwrap_or_else(|_| Err(failed())))
}
