//! Archives and workbooks: files that hold several. Each member and each sheet is a file of its own;
//! what they came in is put away when the last of them is.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use zip::{CompressionMethod, ZipArchive};

use super::compression::{Counted, Limits, Refusal, Unpacked};
use super::workbook;

/// More members than this are no logs of a school.
const MEMBERS_MAXIMUM: usize = 10_000;

/// One file in a container.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// A member of an archive.
    Member(Member),
    /// A sheet of a workbook, by its position among all sheets.
    Sheet(usize),
    /// One that cannot be read, and why.
    Unreadable(&'static str),
}

/// Where a member's packed bytes stand, and what they must become.
#[derive(Clone, Debug)]
pub(super) struct Member {
    start: u64,
    packed_bytes: u64,
    unpacked_bytes: u64,
    checksum: u32,
    stored: bool,
}

/// What a file is.
#[derive(Debug)]
pub(super) enum Look {
    /// A file that holds itself only.
    Plain,
    /// A container, and why nothing can be had from it.
    Broken(&'static str),
    /// Its parts with their names, and whether they are sheets of a workbook.
    Parts { parts: Vec<(String, Part)>, workbook: bool },
}

/// Looks at a file, by its content.
pub(super) fn look(path: &Path, limits: Limits) -> Look {
    let mut magic = [0; 4];
    let Ok(mut file) = File::open(path) else { return Look::Plain };
    // An archive without members begins with its end.
    if file.read_exact(&mut magic).is_err() || !matches!(magic, [b'P', b'K', 3 | 5, 4 | 6]) {
        return Look::Plain;
    }
    let Ok(mut archive) = ZipArchive::new(BufReader::new(file)) else {
        return Look::Broken("is a zip archive that breaks off or is damaged");
    };
    if archive.len() > MEMBERS_MAXIMUM {
        return Look::Broken("is an archive with more than 10,000 files");
    }
    // Two entries on the same bytes swell without end, and of two of one name only one would be seen.
    if archive.metadata().has_duplicate_names() || !matches!(archive.has_overlapping_files(), Ok(false)) {
        return Look::Broken("is an archive whose entries lie over each other");
    }
    let parts: Vec<(String, Part)> =
        (0..archive.len()).filter_map(|index| entry(&mut archive, index)).collect();
    let declared = parts.iter().fold(0_u64, |sum, (_, part)| sum.saturating_add(part.unpacked_bytes()));
    if declared > limits.unpacked_bytes {
        return Look::Broken("is an archive that swells beyond the limits");
    }
    let holds = |name: &str| parts.iter().any(|(found, _)| found == name);
    if holds("[Content_Types].xml") || holds("mimetype") {
        if !holds("xl/workbook.xml") {
            return Look::Broken(
                "is a document or spreadsheet that is not read; save the sheet as `CSV UTF-8`",
            );
        }
        return match workbook::sheets(path, &parts) {
            Ok(sheets) if sheets.is_empty() => Look::Broken("is a workbook without a visible sheet"),
            Ok(sheets) => Look::Parts {
                parts: sheets.into_iter().map(|(index, name)| (name, Part::Sheet(index))).collect(),
                workbook: true,
            },
            Err(why) => Look::Broken(why),
        };
    }
    if parts.is_empty() {
        return Look::Broken("is an archive without a file");
    }
    Look::Parts { parts, workbook: false }
}

/// A member that is a file; folders, and what macOS and copying programs leave, are none.
fn entry(archive: &mut ZipArchive<BufReader<File>>, index: usize) -> Option<(String, Part)> {
    let Ok(entry) = archive.by_index_raw(index) else {
        return Some((String::new(), Part::Unreadable("is a member that cannot be found in its archive")));
    };
    let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
    let hidden = name.split(['/', '\\']).any(|step| step.starts_with('.') || step == "__MACOSX");
    if entry.is_dir() || hidden {
        return None;
    }
    let part = match (entry.encrypted(), entry.compression(), entry.data_start()) {
        (true, _, _) => Part::Unreadable("is a member locked with a password"),
        (false, method @ (CompressionMethod::Stored | CompressionMethod::Deflated), Some(start)) => {
            Part::Member(Member {
                start,
                packed_bytes: entry.compressed_size(),
                unpacked_bytes: entry.size(),
                checksum: entry.crc32(),
                stored: method == CompressionMethod::Stored,
            })
        }
        _ => Part::Unreadable("is a member packed in a way that is not read"),
    };
    Some((name, part))
}

impl Part {
    fn unpacked_bytes(&self) -> u64 {
        match self {
            Self::Member(member) => member.unpacked_bytes,
            Self::Sheet(_) | Self::Unreadable(_) => 0,
        }
    }
}

/// Opens a member's content, limited like any packed file. What is packed again within is left so.
pub(super) fn open_member(
    path: &Path,
    member: &Member,
    limits: Limits,
    ended_early: Arc<AtomicBool>,
) -> io::Result<Box<dyn Read + Send>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(member.start))?;
    let packed_bytes = Arc::new(AtomicU64::new(0));
    let packed = Counted { inner: file.take(member.packed_bytes), bytes: Arc::clone(&packed_bytes) };
    let inner: Box<dyn Read + Send> = if member.stored {
        Box::new(packed)
    } else {
        Box::new(flate2::bufread::DeflateDecoder::new(BufReader::with_capacity(1 << 17, packed)))
    };
    let whole = Whole { inner, crc: flate2::Crc::new(), bytes: 0, member: member.clone() };
    Ok(Box::new(Unpacked::new(Box::new(whole), packed_bytes, limits, ended_early)))
}

/// Holds a member to the length and checksum that its archive states.
struct Whole<R> {
    inner: R,
    crc: flate2::Crc,
    bytes: u64,
    member: Member,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.crc.update(&buffer[..length]);
        self.bytes += length as u64;
        let (too_long, ended) = (self.bytes > self.member.unpacked_bytes, length == 0 && !buffer.is_empty());
        let as_stated = self.bytes == self.member.unpacked_bytes && self.crc.sum() == self.member.checksum;
        if too_long || (ended && !as_stated) {
            return Err(io::Error::other(Refusal::Damaged));
        }
        Ok(length)
    }
}

/// What the parts of one container share: how many are left, and what was refused.
#[derive(Debug)]
pub(super) struct Container {
    left: AtomicUsize,
    of: usize,
    workbook: bool,
    refused: Mutex<(PathBuf, Vec<String>)>,
    /// Where it is kept once a part was taken in; none deletes it.
    kept: Mutex<Kept>,
    /// Something in a part must lie nowhere: not even what was refused is kept.
    forgotten: AtomicBool,
}

/// Whether the parts so far let their container be kept: one that must not be kept decides for all.
#[derive(Clone, Debug, Default)]
enum Kept {
    #[default]
    Unsaid,
    At(PathBuf),
    Nowhere,
}

/// What becomes of a container.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Parts are left.
    Waits,
    /// Everything that matters was taken in; where it is kept.
    Finished(Option<PathBuf>),
    /// Something was refused: where it goes, and the note beside it.
    Refused(PathBuf, String),
}

impl Container {
    pub(super) fn new(of: usize, workbook: bool) -> Self {
        Self {
            left: AtomicUsize::new(of),
            of,
            workbook,
            refused: Mutex::default(),
            kept: Mutex::default(),
            forgotten: AtomicBool::new(false),
        }
    }

    /// A part was refused.
    pub(super) fn note(&self, folder: &Path, note: String) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        folder.clone_into(&mut refused.0);
        refused.1.push(note);
    }

    /// A part holds what must lie nowhere.
    pub(super) fn forget(&self) {
        self.forgotten.store(true, Ordering::Release);
    }

    /// Whether some part holds what must lie nowhere.
    pub(super) fn is_forgotten(&self) -> bool {
        self.forgotten.load(Ordering::Acquire)
    }

    /// A part was taken in; `folder` is where its container is kept at the end.
    pub(super) fn keep(&self, folder: Option<&Path>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = match (&*kept, folder) {
            (Kept::Nowhere, _) | (_, None) => Kept::Nowhere,
            (_, Some(folder)) => Kept::At(folder.to_path_buf()),
        };
    }

    /// One part less. The rest of a workbook is often cover sheets and remarks: it is refused only if
    /// no sheet could be read; an archive if any of its files could not.
    pub(super) fn ended(&self) -> Ending {
        if self.left.fetch_sub(1, Ordering::AcqRel) > 1 {
            return Ending::Waits;
        }
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.1.is_empty() || (self.workbook && refused.1.len() < self.of) {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
            return Ending::Finished(match kept {
                Kept::At(folder) => Some(folder),
                Kept::Unsaid | Kept::Nowhere => None,
            });
        }
        Ending::Refused(refused.0.clone(), refused.1.join("\n"))
    }
}
