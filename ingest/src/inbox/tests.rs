//! The inbox in a folder of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use super::*;
use crate::school::SchoolId;

pub(super) struct Place {
    pub(super) folder: tempfile::TempDir,
    pub(super) root: SchoolRoot,
}

pub(super) fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let root = SchoolRoot::new(folder.path(), &SchoolId::parse("st-annes").unwrap());
    fs::create_dir_all(root.inbox()).unwrap();
    Place { folder, root }
}

impl Place {
    pub(super) fn drop_file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.root.inbox().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub(super) fn gather(&self) -> Vec<Claimed> {
        gather(&self.root, &[], Duration::ZERO).unwrap()
    }
}

pub(super) fn content(file: &Claimed) -> Vec<u8> {
    let mut content = Vec::new();
    file.open().unwrap().read_to_end(&mut content).unwrap();
    content
}

pub(super) fn count_below(folder: &Path) -> usize {
    walk(folder).unwrap().len()
}

#[test]
fn equal_names_from_several_folders_keep_their_names_and_order() {
    let place = place();
    place.drop_file("b/access.log", b"two");
    place.drop_file("a/access.log", b"one");
    place.drop_file("access.log", b"three");
    place.drop_file(".access.log.x4Tf", b"still copied");
    let files = place.gather();
    let seen: Vec<_> = files
        .iter()
        .map(|file| (file.argument, file.folder.as_str(), file.name_for_vault(), content(file)))
        .collect();
    assert_eq!(
        seen,
        [
            (1, "a", "a/access.log".to_owned(), b"one".to_vec()),
            (2, "", "access.log".to_owned(), b"three".to_vec()),
            (3, "b", "b/access.log".to_owned(), b"two".to_vec()),
        ]
    );
    assert_eq!(count_below(&place.root.inbox()), 0);
}

#[test]
fn what_a_killed_run_claimed_comes_first_and_ends_once() {
    let place = place();
    place.drop_file("z.log", b"old");
    drop(place.gather());
    place.drop_file("a.log", b"new");
    let files = place.gather();
    assert_eq!(files.iter().map(content).collect::<Vec<_>>(), [b"old".to_vec(), b"new".to_vec()]);
    for file in files {
        file.finish(None).unwrap();
    }
    assert!(place.gather().is_empty());
    assert_eq!(fs::read_dir(place.root.claimed()).unwrap().count(), 0);
}

#[test]
fn a_fresh_file_waits_until_it_has_settled() {
    let place = place();
    place.drop_file("a.log", b"x");
    let settle = Duration::from_secs(3600);
    assert!(gather(&place.root, &[], settle).unwrap().is_empty());
    assert_eq!(unsettled(&place.root, settle).unwrap(), 1);
    assert_eq!(unsettled(&place.root, Duration::ZERO).unwrap(), 0);
    // A copying program that sets the old time back does not make it look settled.
    let file = fs::File::options().write(true).open(place.root.inbox().join("a.log")).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
    assert!(gather(&place.root, &[], settle).unwrap().is_empty());
}

#[test]
fn a_path_outside_the_inbox_is_read_in_place_and_left_alone() {
    let place = place();
    let path = place.folder.path().join("elsewhere.log");
    fs::write(&path, b"x\n").unwrap();
    let files = gather(&place.root, std::slice::from_ref(&path), Duration::ZERO).unwrap();
    assert_eq!(files.len(), 1);
    assert!(!files[0].is_from_inbox());
    assert_eq!(files[0].name_for_vault(), "elsewhere.log");
    for file in files {
        file.finish(None).unwrap();
    }
    let refused = gather(&place.root, std::slice::from_ref(&path), Duration::ZERO).unwrap();
    for file in refused {
        file.refuse(&place.root.refused(), "no").unwrap();
    }
    assert!(path.exists());
    assert!(!place.root.refused().exists());
}

#[test]
fn a_path_inside_the_inbox_is_claimed_and_found_again_after_a_crash() {
    let place = place();
    let path = place.drop_file("sub/a.log", b"x");
    place.drop_file("other.log", b"y");
    let first = gather(&place.root, std::slice::from_ref(&path), Duration::from_secs(3600)).unwrap();
    assert_eq!(first.len(), 1);
    assert!(first[0].is_from_inbox() && !path.exists());
    drop(first);
    let again = gather(&place.root, std::slice::from_ref(&path), Duration::ZERO).unwrap();
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].folder.as_str(), content(&again[0])), ("sub", b"x".to_vec()));
    let error =
        gather(&place.root, &[place.folder.path().join("jane-smith.log")], Duration::ZERO).unwrap_err();
    assert_eq!(error.kind(), Kind::Configuration);
    assert!(!error.to_string().contains("jane"));
}

#[test]
fn kept_and_refused_files_keep_their_names_and_the_note_has_none() {
    let place = place();
    place.drop_file("kept.log", b"x");
    place.drop_file("jane-smith.log", b"secret");
    let mut files = place.gather();
    let kept = files.pop().unwrap();
    let refused = files.pop().unwrap();
    kept.finish(Some(&place.root.kept())).unwrap();
    refused.refuse(&place.root.refused(), "unknown layout").unwrap();
    let names: Vec<_> = walk(&place.root.kept()).unwrap().into_iter().map(|file| file.relative).collect();
    assert!(names.len() == 1 && names[0].ends_with("kept.log"));
    let refused = walk(&place.root.refused()).unwrap();
    let note = refused.iter().find(|file| file.relative.extension().is_some_and(|end| end == "txt")).unwrap();
    assert_eq!(fs::read_to_string(place.root.refused().join(&note.relative)).unwrap(), "unknown layout\n");
    assert!(refused.iter().any(|file| file.relative.ends_with("jane-smith.log")));
    assert_eq!(fs::read_dir(place.root.claimed()).unwrap().count(), 0);
}

#[test]
fn one_content_has_one_fingerprint_however_packed() {
    let place = place();
    let text = b"line\n".repeat(100);
    place.drop_file("1.log", &text);
    place.drop_file("2.zip", &zstd::encode_all(&text[..], 3).unwrap());
    let files = place.gather();
    let marks: Vec<_> = files.iter().map(|file| file.fingerprint().unwrap()).collect();
    assert_eq!(marks[0], marks[1]);
    assert_eq!(marks[0].1, 500);
    assert!(!files[0].ended_early());
}

#[cfg(unix)]
#[test]
fn links_are_refused_and_moved_as_links() {
    let place = place();
    let secret = place.folder.path().join("secret");
    fs::write(&secret, b"not for the lake").unwrap();
    std::os::unix::fs::symlink(&secret, place.root.inbox().join("link.log")).unwrap();
    let mut files = place.gather();
    let file = files.pop().unwrap();
    let error = file.fingerprint().unwrap_err();
    assert_eq!(error.kind(), Kind::Input);
    assert!(error.to_string().contains("symbolic link"));
    file.refuse(&place.root.refused(), "a link").unwrap();
    assert_eq!(fs::read(&secret).unwrap(), b"not for the lake");
    let direct = gather(&place.root, &[secret.with_file_name("alias")], Duration::ZERO);
    assert!(direct.is_err());
}
