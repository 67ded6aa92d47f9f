//! Which layout a file has, from its first 64 KiB. A refusal is a value: nothing is parsed with a
//! guessed format, and no sentence here quotes the file.

use crate::envelope;
use crate::formats::profile::{Fit, Fitted, ProfileSet, fit};
use crate::formats::{self, Format, Reader, Reading, Vote};
use crate::frame::{Framer, Framing};

/// Bytes of a file that are looked at.
pub const SAMPLE_BYTES: usize = 64 * 1024;

/// Lines that vote.
const VOTERS: usize = 200;

/// What a look at a file found.
#[derive(Debug)]
pub enum Detection {
    /// One layout fits.
    Found(Detected),
    /// None fits, or several do; the sentence says why and what to do next.
    Refused(String),
}

/// A layout that fits.
#[derive(Clone, Debug)]
pub struct Detected {
    layout: Layout,
}

/// How records are read.
#[derive(Clone, Debug)]
pub(crate) enum Layout {
    /// A built-in format, perhaps within syslog envelopes.
    Format {
        format: &'static Format,
        /// At least one line has an envelope.
        wrapped: bool,
    },
    /// A CSV profile, fitted to the file's header.
    Profile(Fitted),
}

/// What a local time means that October repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FoldPolicy {
    /// The order of the records tells; the second pass where it cannot.
    #[default]
    Order,
    /// Always the first pass (summer time).
    First,
    /// Always the second pass (winter time).
    Second,
    /// Such records are rejected.
    Reject,
}

impl Detected {
    /// The layout of a built-in format, for files whose format is known.
    #[must_use]
    pub const fn format(format: &'static Format) -> Self {
        Self { layout: Layout::Format { format, wrapped: false } }
    }

    /// Name of the format or profile.
    #[must_use]
    pub fn format_id(&self) -> &str {
        match &self.layout {
            Layout::Format { format, .. } => format.id,
            Layout::Profile(fitted) => fitted.id(),
        }
    }

    /// Version of the format; of a profile also a hash of all that shapes what it reads.
    #[must_use]
    pub fn version(&self) -> &str {
        match &self.layout {
            Layout::Format { format, .. } => format.version,
            Layout::Profile(fitted) => fitted.version(),
        }
    }

    /// IANA zone of local times where the profile names one; the school's otherwise.
    #[must_use]
    pub fn zone(&self) -> Option<&str> {
        match &self.layout {
            Layout::Format { .. } => None,
            Layout::Profile(fitted) => fitted.zone(),
        }
    }

    /// What a repeated local time means.
    #[must_use]
    pub fn fold_policy(&self) -> FoldPolicy {
        match &self.layout {
            Layout::Format { .. } => FoldPolicy::Order,
            Layout::Profile(fitted) => fitted.fold(),
        }
    }

    /// Whether the export holds pictures, scripts and adverts, as far as anybody said; logs do.
    #[must_use]
    pub fn includes_page_furniture(&self) -> bool {
        match &self.layout {
            Layout::Format { .. } => true,
            Layout::Profile(fitted) => fitted.includes_page_furniture(),
        }
    }

    /// Hash of the header's words, which changes when the export does; of a format whose files name
    /// their columns, of the columns that `sample` names. None without either.
    #[must_use]
    pub fn header_hash(&self, sample: &[u8]) -> Option<String> {
        match &self.layout {
            Layout::Format { format, .. } => {
                if !matches!(format.reading, Reading::Directed { .. }) {
                    return None;
                }
                let mut reader = format.reader();
                for line in sample.split(|byte| *byte == b'\n').take(VOTERS) {
                    // Only what the line leaves behind matters here.
                    let _ = reader.read(line.trim_ascii_end());
                }
                let columns = reader.columns();
                (!columns.is_empty()).then(|| formats::profile::short_hash(columns))
            }
            Layout::Profile(fitted) => Some(fitted.header_hash().to_owned()),
        }
    }

    pub(crate) const fn layout(&self) -> &Layout {
        &self.layout
    }
}

/// Looks at the beginning of a file's (unpacked) content, at most [`SAMPLE_BYTES`] of it.
#[must_use]
pub fn detect(sample: &[u8], profiles: &ProfileSet) -> Detection {
    // A sample of the full length is taken for the beginning of a longer file.
    let whole = sample.len() < SAMPLE_BYTES;
    let sample = &sample[..sample.len().min(SAMPLE_BYTES)];
    if let Some(sentence) = magic(sample) {
        return Detection::Refused(sentence.to_owned());
    }
    let Votes { polls, voters, hostless } = vote(sample, whole);
    if voters == 0 {
        return Detection::Refused("the file is empty; drop a log with at least one record".to_owned());
    }
    let found: Vec<&Poll> = polls.iter().filter(|poll| poll.carried()).collect();
    match (found.as_slice(), fit(sample, whole, profiles)) {
        ([one], Fit::None(_)) => Detection::Found(Detected {
            layout: Layout::Format { format: one.format, wrapped: one.wrapped > 0 },
        }),
        // A line that names the columns for this very format is no header of an export.
        ([one], _) if one.reader.recognised() => Detection::Found(Detected {
            layout: Layout::Format { format: one.format, wrapped: one.wrapped > 0 },
        }),
        ([], Fit::Found(fitted)) => Detection::Found(Detected { layout: Layout::Profile(fitted) }),
        ([], Fit::Refused { sentence, .. }) => Detection::Refused(sentence),
        ([], Fit::None(_)) if hostless * 10 >= voters * 9 => Detection::Refused(HOSTLESS.to_owned()),
        ([], Fit::None(nearest)) => match mixed(&polls) {
            Some(most) => Detection::Found(Detected {
                layout: Layout::Format { format: most.format, wrapped: most.wrapped > 0 },
            }),
            None => Detection::Refused(unknown(&polls, voters, nearest)),
        },
        (several, fit) => {
            let mut names: Vec<String> = several.iter().map(|poll| poll.format.id.to_owned()).collect();
            match fit {
                Fit::Found(fitted) => names.push(fitted.id().to_owned()),
                Fit::Refused { profiles, .. } => names.extend(profiles),
                Fit::None(_) => {}
            }
            Detection::Refused(format!(
                "several layouts fit: {}; split the file, or take out what makes it look like two",
                names.join(", ")
            ))
        }
    }
}

/// Kinds of files that are known and not read.
fn magic(sample: &[u8]) -> Option<&'static str> {
    match sample {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Some(
            "this is a zip archive or a spreadsheet within another; unpack it, or save the sheet as `CSV UTF-8`",
        ),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => {
            Some("this is an old spreadsheet or document; save it as `CSV UTF-8`")
        }
        [0xfd, b'7', b'z', b'X', b'Z', ..] => {
            Some("this is an xz archive; unpack it, or pack it with gzip or zstd instead")
        }
        [b'B', b'Z', b'h', ..] => {
            Some("this is a bzip2 archive; unpack it, or pack it with gzip or zstd instead")
        }
        [b'%', b'P', b'D', b'F', ..] => Some("this is a PDF; export the report as CSV instead"),
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            Some("this is UTF-32 text; save it as `CSV UTF-8`")
        }
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("this file was packed twice; unpack it once"),
        _ => None,
    }
}

/// What is said of a web server's log.
const HOSTLESS: &str = "this is the log of a web server: it names pages but not the site that they are of, so there \
    is nothing to count; drop the log of the proxy or filter, or have the server write its name first (Apache's \
    `vhost_combined`)";

/// How the lines voted on one format.
struct Poll {
    format: &'static Format,
    reader: Reader,
    yes: usize,
    /// Those of the votes for it, and of the pieces of it, that were messages in an envelope. A piece behind
    /// a date is none: the date and time that a bare row begins with look like an envelope of the rest.
    wrapped: usize,
    no: usize,
    fragments: usize,
}

impl Poll {
    /// At least 90 % agree. Damaged pieces do not vote, but a third of the lines must be whole. A file
    /// of nothing but directives is what they say.
    const fn carried(&self) -> bool {
        let agreed = self.yes > 0 && self.yes * 10 >= (self.yes + self.no) * 9;
        let described = self.yes + self.no + self.fragments == 0 && self.reader.recognised();
        described || (agreed && self.yes * 2 >= self.fragments)
    }

    /// Counts a line's vote: the line's own, or that of a message within it.
    fn count(&mut self, line: &[u8], messages: &[&[u8]]) {
        let own = self.reader.vote(line);
        let mut best = own;
        // A piece of a row may be a whole row in an envelope.
        if matches!(own, Vote::No | Vote::Fragment) {
            for message in messages {
                let vote = self.reader.vote(message);
                best = if weight(vote) > weight(best) { vote } else { best };
            }
        }
        let dated = line.first().is_some_and(u8::is_ascii_digit);
        self.wrapped += usize::from(best != own && (best == Vote::Yes || (best == Vote::Fragment && !dated)));
        match best {
            Vote::Yes => self.yes += 1,
            Vote::Fragment => self.fragments += 1,
            Vote::Abstain => {}
            Vote::No => self.no += 1,
        }
    }
}

/// Which of the votes on one line and its messages counts: the highest.
const fn weight(vote: Vote) -> u8 {
    match vote {
        Vote::Yes => 3,
        Vote::Fragment => 2,
        Vote::Abstain => 1,
        Vote::No => 0,
    }
}

/// What all lines said.
struct Votes {
    polls: Vec<Poll>,
    /// Lines that there were to judge.
    voters: usize,
    /// Those of them that are a web server's and name no site.
    hostless: usize,
}

fn vote(sample: &[u8], whole: bool) -> Votes {
    let poll = |format: &&'static Format| Poll {
        format,
        reader: format.reader(),
        yes: 0,
        wrapped: 0,
        no: 0,
        fragments: 0,
    };
    let mut polls: Vec<Poll> = formats::ALL.iter().map(poll).collect();
    let mut framer = Framer::new(Framing::Lines);
    framer.push(sample);
    framer.end();
    let (mut voters, mut hostless) = (0, 0);
    while let Some(record) = framer.record() {
        // The sample's own end is no record's end.
        let cut = record.unterminated && !whole && voters > 0;
        if record.bytes.trim_ascii().is_empty() || cut {
            continue;
        }
        let messages: Vec<&[u8]> = envelope::places(record.bytes).map(|place| place.message).collect();
        for poll in &mut polls {
            poll.count(record.bytes, &messages);
        }
        hostless +=
            usize::from(messages.iter().chain([&record.bytes]).any(|line| formats::names_no_host(line)));
        voters += 1;
        if voters == VOTERS {
            break;
        }
    }
    Votes { polls, voters, hostless }
}

/// Two formats that one file holds, because its producer was set to another layout while it wrote: the
/// one of more lines, when the two together have what one alone would need.
fn mixed(polls: &[Poll]) -> Option<&Poll> {
    let alone = |poll: &&Poll| matches!(poll.format.reading, Reading::Records { .. }) && poll.yes > 0;
    let mut found: Vec<&Poll> = polls.iter().filter(alone).collect();
    found.sort_by_key(|poll| std::cmp::Reverse(poll.yes));
    let [most, second, ..] = found.as_slice() else { return None };
    let yes = most.yes + second.yes;
    (yes * 10 >= (most.yes + most.no) * 9 && yes * 2 >= most.fragments).then_some(*most)
}

fn unknown(polls: &[Poll], voters: usize, profile: Option<String>) -> String {
    let best = polls.iter().max_by_key(|poll| poll.yes).filter(|poll| poll.yes > 0);
    let mut sentence = "no known layout fits".to_owned();
    if let Some(poll) = best {
        sentence.push_str(&format!(
            ", the nearest being {} with {} of {voters} lines (90 % are needed)",
            poll.format.id, poll.yes
        ));
    }
    if let Some(clause) = profile {
        sentence.push_str("; ");
        sentence.push_str(&clause);
    }
    sentence.push_str("; `watershed formats` lists what is read");
    sentence
}

#[cfg(test)]
mod tests;
