//! The roster as it was taken in.

use std::path::Path;

use super::PEOPLE;
use super::rows::PersonRow;
use super::seal::{SealedFile, sync_folder};
use crate::error::Error;
use crate::keys::PublicKey;
use crate::school::SchoolId;
use crate::worker::Worker;

/// Seals a roster under a name of its own; the same name again replaces it.
pub(crate) fn seal_people(
    vault: &Path,
    school: &SchoolId,
    recipients: &[PublicKey],
    name: &str,
    people: &[PersonRow<'_>],
) -> Result<(), Error> {
    let file_name = format!("{name}.parquet");
    let mut file = SealedFile::<PersonRow<'static>>::create(vault, PEOPLE, &file_name, school, recipients)?;
    let mut worker = Worker::new("vault");
    for person in people {
        file.push(person, &mut worker)?;
    }
    let closed = file.close(&mut worker)?;
    closed.publish()?;
    sync_folder(closed.folder())
}
