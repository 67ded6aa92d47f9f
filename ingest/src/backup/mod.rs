//! Back-ups: a whole installation but the pseudonym keys, each file with its hash, and the way back.
//!
//! ```text
//! <back-up>/watershed.toml
//! <back-up>/trust.db                                the sums of a trust, where there are any
//! <back-up>/schools/<id>/{lake,vault,settings}/...   files of the newest versions, nothing half-written
//! <back-up>/schools/<id>/state.db                    one transaction's view
//! <back-up>/manifest.json                            every file's size and BLAKE3, written last
//! <back-up>/manifest.blake3                          the same of the manifest
//! ```
//!
//! Without both manifest files a back-up was interrupted and is none. Each school is copied under its
//! writer's lock, so lake, vault and state file are of one moment. Left out: pseudonym keys, the inbox,
//! sources and refused files.

mod copying;
mod manifest;
mod restoring;
mod writing;

pub use manifest::{Difference, Manifest, ManifestFile, ManifestSchool};
pub use restoring::{Again, Missed, Restored, restore};
pub use writing::Backup;

#[cfg(test)]
mod tests;
