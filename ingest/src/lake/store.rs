//! A local object store whose writes are on the disk when they return.
//!
//! `object_store`'s own never calls fsync, so a commit it reports can be gone after a power cut
//! while the log file it stood for is already deleted.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path as FilePath, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

use crate::folder;

/// The folder of a Delta log.
const LOG: &str = "_delta_log";

/// The local file system from `/`, with every write flushed: file first, then its folder.
#[derive(Debug)]
pub(crate) struct DurableStore {
    inner: LocalFileSystem,
    staged: AtomicU64,
}

impl DurableStore {
    pub(crate) fn new() -> Self {
        Self { inner: LocalFileSystem::new(), staged: AtomicU64::new(0) }
    }

    /// A name that listings leave out (`name#digits` is object_store's own mark of a staged file).
    fn staging(&self, path: &FilePath) -> PathBuf {
        let number = self.staged.fetch_add(1, Ordering::Relaxed);
        let mut name = path.as_os_str().to_owned();
        name.push(format!("#{}{number:06}", std::process::id()));
        PathBuf::from(name)
    }

    fn write(&self, path: &FilePath, payload: &PutPayload, replace: bool) -> io::Result<()> {
        let above = path.parent().unwrap_or(FilePath::new("/"));
        folder::make(above, folder::AS_USUAL)?;
        let staged = self.staging(path);
        let written = (|| {
            let mut file = File::create(&staged)?;
            for bytes in payload {
                file.write_all(bytes)?;
            }
            file.sync_all()?;
            if replace { fs::rename(&staged, path) } else { fs::hard_link(&staged, path) }
        })();
        if !(replace && written.is_ok()) {
            // Nobody refers to a staged file; one that cannot be removed is only lost space.
            let _unreferenced = fs::remove_file(&staged);
        }
        written?;
        folder::flush(above)
    }

    /// The files of a log whose names come after the offset's, sorted; none where there is no log.
    fn log_after(&self, log: &Path, offset: &Path) -> Result<Vec<ObjectMeta>> {
        let mut found = Vec::new();
        let entries = match fs::read_dir(self.inner.path_to_filesystem(log)?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            entries => entries.map_err(generic)?,
        };
        for entry in entries {
            let entry = entry.map_err(generic)?;
            let name = entry.file_name();
            // Of a staged file the name has a `#`.
            let Some(name) = name.to_str().filter(|name| !name.contains('#')) else { continue };
            let location = log.clone().join(name);
            if location <= *offset {
                continue;
            }
            let metadata = match entry.metadata() {
                // Cleared away since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                metadata => metadata.map_err(generic)?,
            };
            if metadata.is_file() {
                found.push(ObjectMeta {
                    location,
                    last_modified: metadata.modified().map_err(generic)?.into(),
                    size: metadata.len(),
                    e_tag: None,
                    version: None,
                });
            }
        }
        found.sort_by(|left, right| left.location.cmp(&right.location));
        Ok(found)
    }
}

fn generic(error: io::Error) -> Error {
    Error::Generic { store: "durable local files", source: Box::new(error) }
}

impl std::fmt::Display for DurableStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("durable local files")
    }
}

#[async_trait]
impl ObjectStore for DurableStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let path = self.inner.path_to_filesystem(location)?;
        let replace = match options.mode {
            PutMode::Overwrite => true,
            PutMode::Create => false,
            PutMode::Update(_) => return self.inner.put_opts(location, payload, options).await,
        };
        self.write(&path, &payload, replace).map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                Error::AlreadyExists { path: location.to_string(), source: Box::new(error) }
            } else {
                generic(error)
            }
        })?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let path = self.inner.path_to_filesystem(location)?;
        let upload = self.inner.put_multipart_opts(location, options).await?;
        Ok(Box::new(DurableUpload { upload, path }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        match prefix.filter(|prefix| prefix.filename() == Some(LOG)) {
            // What a log asks for all the time. Most of its files lie before the offset and need no look.
            Some(prefix) => match self.log_after(prefix, offset) {
                Ok(found) => futures::stream::iter(found.into_iter().map(Ok)).boxed(),
                Err(error) => futures::stream::iter([Err(error)]).boxed(),
            },
            None => self.inner.list_with_offset(prefix, offset),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct DurableUpload {
    upload: Box<dyn MultipartUpload>,
    path: PathBuf,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.upload.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let result = self.upload.complete().await?;
        File::open(&self.path).and_then(|file| file.sync_all()).map_err(generic)?;
        if let Some(above) = self.path.parent() {
            folder::flush(above).map_err(generic)?;
        }
        Ok(result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use object_store::ObjectStoreExt;

    use super::*;

    #[tokio::test]
    async fn a_second_commit_of_the_same_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = DurableStore::new();
        let place = Path::from_absolute_path(folder.path().join("new/log/0.json")).unwrap();
        let create = || PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        store.put_opts(&place, "first".into(), create()).await.unwrap();
        let second = store.put_opts(&place, "second".into(), create()).await;
        assert!(matches!(second, Err(Error::AlreadyExists { .. })), "{second:?}");
        assert_eq!(store.get(&place).await.unwrap().bytes().await.unwrap().as_ref(), b"first");
        store.put(&place, "third".into()).await.unwrap();
        assert_eq!(store.get(&place).await.unwrap().bytes().await.unwrap().as_ref(), b"third");
        let names: Vec<_> = fs::read_dir(folder.path().join("new/log")).unwrap().collect();
        assert_eq!(names.len(), 1, "no staged file is left");
    }

    /// As object_store's own lists it, but for the order, which its own does not promise.
    #[tokio::test]
    async fn a_log_is_listed_from_an_offset_on() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("table/_delta_log");
        fs::create_dir_all(log.join("_staged_commits")).unwrap();
        for name in
            ["0.json", "1.json", "1.checkpoint.parquet", "2.json", "2.json#000001", "_last_checkpoint"]
        {
            fs::write(log.join(name), name).unwrap();
        }
        let store = DurableStore::new();
        let prefix = Path::from_absolute_path(&log).unwrap();
        let offset = prefix.clone().join("1.checkpoint.parquet");
        let names = |found: Vec<Result<ObjectMeta>>| -> Vec<(String, u64)> {
            let named = |meta: ObjectMeta| (meta.location.filename().unwrap().to_owned(), meta.size);
            found.into_iter().map(|meta| named(meta.unwrap())).collect()
        };
        let ours = names(store.list_with_offset(Some(&prefix), &offset).collect().await);
        let mut theirs = names(store.inner.list_with_offset(Some(&prefix), &offset).collect().await);
        theirs.sort();
        assert_eq!(
            ours,
            [("1.json".to_owned(), 6), ("2.json".to_owned(), 6), ("_last_checkpoint".to_owned(), 16)]
        );
        assert_eq!(ours, theirs);
        let nowhere = Path::from_absolute_path(folder.path().join("none/_delta_log")).unwrap();
        assert!(store.list_with_offset(Some(&nowhere), &offset).next().await.is_none());
    }
}
