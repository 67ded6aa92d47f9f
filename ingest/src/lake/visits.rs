//! Who was at a site on which day.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Int64Type};
use jiff::civil::Date;

use super::Lake;
use super::columns::date_of;
use crate::error::{Error, Kind};
use crate::schema::TableSchema;

/// Adds the actors of a table with columns `local_date`, `actor` and `site` who were at a site from the first day
/// to the last, with the days.
///
/// # Errors
/// [`Kind::Corrupt`] when the table has other columns; as reading it.
pub async fn visitors(
    lake: &Lake,
    table: &'static TableSchema,
    site: &str,
    from: Date,
    to: Date,
    there: &mut BTreeSet<(i64, Date)>,
) -> Result<(), Error> {
    let snapshot = lake.readable(table).await?;
    let mut sound = true;
    for file in &snapshot.files {
        // A table of days has a file for each, one of years none that could be told from its name.
        if file.partition.parse::<Date>().is_ok_and(|day| day < from || day > to) {
            continue;
        }
        snapshot.read(file, Some(&["local_date", "actor", "site"]), &mut |batch| {
            let columns = (|| {
                Some((
                    batch.column_by_name("local_date")?.as_primitive_opt::<Date32Type>()?,
                    batch.column_by_name("actor")?.as_primitive_opt::<Int64Type>()?,
                    batch.column_by_name("site")?.as_string_opt::<i32>()?,
                ))
            })();
            let Some((days, actors, sites)) = columns else {
                sound = false;
                return Ok(());
            };
            for row in 0..batch.num_rows() {
                if actors.is_null(row) || sites.is_null(row) || sites.value(row) != site {
                    continue;
                }
                let day = date_of(days.value(row));
                there.extend(day.filter(|day| (from..=to).contains(day)).map(|day| (actors.value(row), day)));
            }
            Ok(())
        })?;
    }
    if sound {
        Ok(())
    } else {
        Err(Error::new(Kind::Corrupt, format!("table `{}` has other columns", table.name))
            .help("run `watershed check`"))
    }
}
