//! Nightly files as a school's machines would drop them, dirt included.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::random::Random;
use super::record::Request;
use super::truth::{FileTruth, Truth};

/// Layout of a nightly file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Squid,
    GuardianTab,
    GuardianCsv,
    Smoothwall,
}

impl Layout {
    const fn word(self) -> &'static str {
        match self {
            Self::Squid => "squid-native",
            Self::GuardianTab => "e2guardian-tab",
            Self::GuardianCsv => "e2guardian-csv",
            Self::Smoothwall => "smoothwall-web-filter",
        }
    }
}

/// One file to write.
#[derive(Debug)]
pub(super) struct Night<'a> {
    pub(super) folder: &'a str,
    pub(super) name: String,
    pub(super) layout: Layout,
    pub(super) dirt: bool,
}

/// Writes one file and says in the truth what is in it.
pub(super) fn write(
    inbox: &Path,
    night: &Night<'_>,
    requests: &[&Request],
    zone: &TimeZone,
    random: &mut Random,
    truth: &mut Truth,
) -> io::Result<()> {
    let folder = inbox.join(night.folder);
    fs::create_dir_all(&folder)?;
    let file = BufWriter::new(File::create(folder.join(&night.name))?);
    let mut out: Box<dyn Write> = if night.name.ends_with(".gz") {
        Box::new(GzEncoder::new(file, Compression::fast()))
    } else {
        Box::new(file)
    };
    let mut counts = FileTruth {
        folder: night.folder.to_owned(),
        name: night.name.clone(),
        format: night.layout.word(),
        ..FileTruth::default()
    };
    let line_end = if night.layout == Layout::Smoothwall { "\r\n" } else { "\n" };
    if night.layout == Layout::Smoothwall {
        out.write_all(b"Time,Username,Source IP,Group,Code,URL,Categories,Domain\r\n")?;
        counts.headers += 1;
    }
    let mut line = String::with_capacity(400);
    for request in requests {
        line.clear();
        match night.layout {
            Layout::Squid => request.squid(&mut line),
            Layout::GuardianTab => request.guardian_tab(&mut line),
            Layout::GuardianCsv => request.guardian_csv(&mut line, zone),
            Layout::Smoothwall => request.smoothwall(&mut line, zone),
        }
        counts.requests += 1;
        out.write_all(line.as_bytes())?;
        out.write_all(line_end.as_bytes())?;
        if night.dirt && random.once_in(250) {
            damage(&mut *out, night.layout, &line, random, &mut counts)?;
        }
    }
    out.flush()?;
    drop(out);
    truth.markers.insert(night.name.clone());
    truth.files.push(counts);
    Ok(())
}

/// One more line that no event can come of.
fn damage(
    out: &mut dyn Write,
    layout: Layout,
    line: &str,
    random: &mut Random,
    counts: &mut FileTruth,
) -> io::Result<()> {
    match random.below(4) {
        0 => {
            counts.blank += 1;
            out.write_all(b"\n")
        }
        1 if layout == Layout::Squid => {
            // What squid writes when a client leaves before it asked for anything.
            counts.other += 1;
            let stamp = line.split(' ').next().unwrap_or("1756800000.000");
            writeln!(
                out,
                "{stamp}      0 10.1.0.9 NONE_NONE/000 0 - error:transaction-end-before-headers - HIER_NONE/- -"
            )
        }
        2 => {
            counts.damaged += 1;
            writeln!(out, "x{line}")
        }
        _ => {
            counts.damaged += 1;
            // Cut within the third column, as after a full disk.
            let separator = match layout {
                Layout::Squid => ' ',
                Layout::GuardianTab => '\t',
                Layout::GuardianCsv | Layout::Smoothwall => ',',
            };
            let columns: Vec<&str> =
                line.split(separator).filter(|column| !column.is_empty()).take(3).collect();
            writeln!(out, "{}", columns.join(&separator.to_string()))
        }
    }
}

/// The same content under another name, as a tired technician drops it.
pub(super) fn duplicate(
    inbox: &Path,
    folder: &str,
    name: &str,
    copy: &str,
    truth: &mut Truth,
) -> io::Result<()> {
    fs::copy(inbox.join(folder).join(name), inbox.join(folder).join(copy))?;
    if let Some(original) =
        truth.files.iter().find(|file| file.name == name && file.folder == folder).cloned()
    {
        truth.files.push(FileTruth { name: copy.to_owned(), duplicate: true, ..original });
    }
    truth.markers.insert(copy.to_owned());
    Ok(())
}

/// A date as it stands in a rotated file's name.
pub(super) fn stamp(date: Date) -> String {
    date.strftime("%Y%m%d").to_string()
}
