//! Rows of `requests` on their way to the derived tables, corrected.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int16Array, Int64Array, RecordBatch, StringArray,
};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Int16Type, Int64Type};
use jiff::civil::Date;

use super::{CodeOverlay, DayOverlay};
use crate::classify::Taxonomy;
use crate::derive::Population;
use crate::error::{Error, Kind};
use crate::event::{Member, Role};
use crate::lake::TableSnapshot;
use crate::settings::year_group::key_stage;

/// Columns that say whether a row is corrected; read only on days on which one may be.
const DECIDING: [&str; 7] = ["actor", "role", "site", "code", "source_format", "search_theme", "code_source"];

/// One population's requests of a day, as they count.
pub(crate) struct CorrectedRequests<'s> {
    pub(crate) pupils: &'s TableSnapshot,
    pub(crate) staff: &'s TableSnapshot,
    pub(crate) population: Population,
    pub(crate) day: Date,
    pub(crate) overlay: DayOverlay,
    pub(crate) taxonomy: &'s Taxonomy,
}

/// What is corrected of one row.
#[derive(Clone, Copy, Default)]
struct RowOverlay<'o> {
    person: Option<&'o Option<Member>>,
    code: Option<&'o CodeOverlay>,
}

impl CorrectedRequests<'_> {
    fn table(&self, population: Population) -> &TableSnapshot {
        if population == Population::Staff { self.staff } else { self.pupils }
    }

    /// Rows that the day's files may hold.
    pub(crate) fn rows(&self) -> u64 {
        self.table(self.population).rows_of_day(self.day)
    }

    /// Hands on the rows, batch by batch, with at least these columns.
    pub(crate) fn each(
        &self,
        columns: &[&str],
        sink: &mut dyn FnMut(RecordBatch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.overlay.is_empty() {
            return self.table(self.population).read_day_numbered(self.day, Some(columns), sink);
        }
        let columns: Vec<&str> = columns.iter().chain(&DECIDING).copied().collect();
        for of in [Population::Pupils, Population::Staff] {
            self.table(of).read_day_numbered(self.day, Some(&columns), &mut |batch| match self
                .corrected(&batch, of)?
            {
                Some(batch) => sink(batch),
                None => Ok(()),
            })?;
        }
        Ok(())
    }

    /// The rows of a batch that belong to the population, corrected; none where none does.
    fn corrected(&self, batch: &RecordBatch, of: Population) -> Result<Option<RecordBatch>, Error> {
        let actors = batch.column_by_name("actor").and_then(|array| array.as_primitive_opt::<Int64Type>());
        let actors = actors.ok_or_else(misfit)?;
        let [sites, codes, sources, themes, origins] =
            ["site", "code", "source_format", "search_theme", "code_source"].map(|name| words(batch, name));
        let (sites, codes, sources, themes, origins) = (sites?, codes?, sources?, themes?, origins?);
        let mut rows = Vec::with_capacity(batch.num_rows());
        let mut keep = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let person = (!actors.is_null(row)).then(|| self.overlay.persons.get(&actors.value(row)));
            let searched = !themes.is_null(row) || origins.value(row) == "search";
            let site = (!sites.is_null(row)).then(|| sites.value(row));
            let code = self.overlay.codes.iter().filter(|_| !searched);
            let code = { code }.find(|known| known.fits(site, codes.value(row), sources.value(row)));
            let overlay = RowOverlay { person: person.flatten(), code };
            let belongs = match overlay.person {
                Some(Some(member)) if member.role == Role::Staff => Population::Staff,
                Some(_) => Population::Pupils,
                None => of,
            };
            keep.push(belongs == self.population);
            rows.push(overlay);
        }
        if !keep.contains(&true) {
            return Ok(None);
        }
        let mut batch = batch.clone();
        if rows.iter().any(|row| row.person.is_some() || row.code.is_some()) {
            let columns = batch.schema_ref().fields().iter().zip(batch.columns()).map(|(field, array)| {
                Ok((field.name().clone(), self.column(field.name(), array, &rows, &codes)?, true))
            });
            let columns = columns.collect::<Result<Vec<_>, Error>>()?;
            batch = RecordBatch::try_from_iter_with_nullable(columns).map_err(|_| misfit())?;
        }
        if keep.contains(&false) {
            batch = filter_record_batch(&batch, &BooleanArray::from(keep)).map_err(|_| misfit())?;
        }
        Ok(Some(batch))
    }

    fn column(
        &self,
        name: &str,
        array: &ArrayRef,
        rows: &[RowOverlay<'_>],
        codes: &StringArray,
    ) -> Result<ArrayRef, Error> {
        let texts = |of: &dyn Fn(&RowOverlay<'_>) -> Option<Option<String>>| -> Result<ArrayRef, Error> {
            let old = spelled(array)?;
            let new = rows.iter().enumerate().map(|(row, overlay)| {
                of(overlay).unwrap_or_else(|| (!old.is_null(row)).then(|| old.value(row).to_owned()))
            });
            Ok(Arc::new(new.collect::<StringArray>()))
        };
        let small = |of: &dyn Fn(&RowOverlay<'_>) -> Option<Option<i16>>| -> Result<ArrayRef, Error> {
            let old = array.as_primitive_opt::<Int16Type>().ok_or_else(misfit)?;
            let new = rows.iter().enumerate().map(|(row, overlay)| {
                of(overlay).unwrap_or_else(|| (!old.is_null(row)).then(|| old.value(row)))
            });
            Ok(Arc::new(new.collect::<Int16Array>()))
        };
        let person = |of: &dyn Fn(&Option<Member>) -> Option<String>| {
            texts(&|overlay: &RowOverlay<'_>| overlay.person.map(of))
        };
        let code = |of: &dyn Fn(&CodeOverlay) -> Option<String>| {
            texts(&|overlay: &RowOverlay<'_>| overlay.code.map(of))
        };
        match name {
            "actor" => {
                let old = array.as_primitive_opt::<Int64Type>().ok_or_else(misfit)?;
                let new = rows.iter().enumerate().map(|(row, overlay)| match overlay.person {
                    Some(person) => person.map(|member| member.person),
                    None => (!old.is_null(row)).then(|| old.value(row)),
                });
                Ok(Arc::new(new.collect::<Int64Array>()))
            }
            "actor_kind" => person(&|member| Some(if member.is_some() { "person" } else { "nobody" }.into())),
            "role" => {
                person(&|member| Some(member.map_or(Role::Unknown, |member| member.role).word().into()))
            }
            "group_id" => person(&|_| Some("unmatched".to_owned())),
            "key_stage" => person(&|member| key_stage(member.as_ref()?.year_group?).map(str::to_owned)),
            "year_group" => small(&|overlay| {
                overlay.person.map(|member| member.and_then(|member| member.year_group).map(i16::from))
            }),
            "code" => code(&|known| Some(known.code.clone())),
            "theme" => code(&|known| known.theme.clone()),
            "four_c" => code(&|known| known.four_c.clone()),
            "severity" => small(&|overlay| overlay.code.map(|known| Some(known.severity))),
            "learning" | "record_noise" => {
                let old = array.as_boolean_opt().ok_or_else(misfit)?;
                let new = rows.iter().enumerate().map(|(row, overlay)| match overlay.code {
                    Some(known) if name == "learning" => known.learning,
                    Some(known) if known.noise => true,
                    // What only the wrong code called noise is none; page furniture stays furniture.
                    Some(_) => old.value(row) && !self.is_noise(codes.value(row)),
                    None => old.value(row),
                });
                Ok(Arc::new(new.map(Some).collect::<BooleanArray>()))
            }
            _ => Ok(Arc::clone(array)),
        }
    }

    fn is_noise(&self, code: &str) -> bool {
        self.taxonomy.code(code, self.day).is_some_and(|code| code.noise)
    }
}

fn words(batch: &RecordBatch, name: &str) -> Result<StringArray, Error> {
    spelled(batch.column_by_name(name).ok_or_else(misfit)?)
}

fn spelled(array: &ArrayRef) -> Result<StringArray, Error> {
    let array = cast(array, &DataType::Utf8).map_err(|_| misfit())?;
    array.as_string_opt::<i32>().cloned().ok_or_else(misfit)
}

fn misfit() -> Error {
    Error::new(Kind::Corrupt, "a column of `requests` that corrections look at is missing or of another type")
        .help("was the lake written by another version?")
}
