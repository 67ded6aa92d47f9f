//! The ledger of imports: the commit that makes a group of imports exist.

use super::columns::{file_schema, stored};
use super::{Change, DataFileWriter, Lake, sync_all};
use crate::batch::{ImportRow, imports};
use crate::error::Error;
use crate::schema::IMPORTS;
use crate::school::AcademicYear;

/// From this many on, the small files of a year are merged into the next one.
const MERGED_FILES: usize = 32;

impl Lake {
    /// Enters imports; every other table must have their files already.
    pub(crate) async fn enter_imports(
        &self,
        year: AcademicYear,
        rows: &[ImportRow],
        transactions: Vec<String>,
    ) -> Result<(), Error> {
        let snapshot = self.snapshot(&IMPORTS).await?;
        let year = year.to_string();
        let mut remove: Vec<_> =
            snapshot.files.iter().filter(|file| file.partition == year).cloned().collect();
        if remove.len() < MERGED_FILES {
            remove.clear();
        }
        let version = snapshot.version.map_or(0, |version| version + 1);
        let stem = format!("group-{version}");
        let mut writer =
            DataFileWriter::create(self.folder(), &IMPORTS, &year, &stem, file_schema(&IMPORTS))?;
        let columns: Vec<_> = stored(&IMPORTS).map(|column| column.name).collect();
        for file in &remove {
            snapshot.read(file, Some(&columns), &mut |batch| writer.write(&batch))?;
        }
        writer.write(&imports(rows)?)?;
        let add = vec![writer.finish()?];
        sync_all(&add)?;
        self.supersede(&IMPORTS, Change { add, remove, transactions }).await
    }
}
