//! One file: from its bytes to data files and vault files that nobody sees yet.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::time::Instant;

use jiff::civil::Date;

use super::Run;
use super::group::Prepared;
use super::lines::{HashedLines, LineReader};
use super::overlap::Overlap;
use super::recover::token_of;
use crate::batch::ImportRow;
use crate::classify::listed::NOT_KEPT;
use crate::detect::{self, Detected, Detection};
use crate::error::{Error, Kind};
use crate::fields::Parsed;
use crate::inbox::{Claimed, Fingerprint};
use crate::lake::importing::{ImportFiles, ImportId, ImportWriter};
use crate::normalise::Normaliser;
use crate::pseudonymise::{Domain, Keyring, written};
use crate::read::read_records;
use crate::report::{FileReport, Notice, Outcome, Place, Reason, Reject, Tally};
use crate::school::AcademicYear;
use crate::state::ExportRow;
use crate::vault::VaultWriter;

/// How much of a file detection looks at.
const SAMPLE_BYTES: u64 = 64 * 1024;

/// Bytes of a line of a refused file that are searched at once.
const SEARCHED_BYTES: u64 = 1 << 20;

/// Why a file is refused whose every record comes too late.
const NOTHING_BUT_LATE: &str = "every record is of a day or academic year that retention has closed, so none is taken in; `watershed retain log` says when";

/// In the place of a text of somebody who was erased.
const ERASED: &str = "(erased)";

/// Records between two calls of the progress.
const PROGRESS_RECORDS: u64 = 8192;

/// What reading a file to its end gave.
struct Written {
    files: ImportFiles,
    vault: VaultWriter,
    tally: Tally,
    span: Span,
    export_rows: Vec<ExportRow>,
    /// Something in it is of an illegal list, or of somebody who was erased: its source is not kept.
    listed: bool,
}

/// How much there is of a file, and how much of that was taken in before.
#[derive(Clone, Copy)]
struct Content {
    bytes: u64,
    known_bytes: u64,
}

impl Content {
    /// Whether a record stood in what was taken in before. The last one there may have been without
    /// its line end; one that was cut within its text and is whole now is new.
    const fn stood_before(self, place: Place, text: &[u8]) -> bool {
        place.offset_bytes + (text.len() as u64) <= self.known_bytes && place.offset_bytes < self.known_bytes
    }
}

/// A file that goes no further, or an import that is ready.
enum End {
    Known,
    Refused(String, Tally),
    Ready(Box<Ready>),
}

/// An import whose sealed files are durable.
struct Ready {
    files: ImportFiles,
    row: ImportRow,
    transaction: String,
    listed: bool,
}

impl Run<'_> {
    pub(super) fn take(&mut self, source: Claimed, number: usize, of: usize) -> Result<(), Error> {
        let index = self.report.files.len();
        self.report.files.push(FileReport {
            argument: source.argument,
            part: source.part,
            folder: source.folder.clone(),
            fingerprint: None,
            format: None,
            outcome: Outcome::AlreadyIngested,
            tally: Tally::default(),
        });
        let end = match self.read(&source, index, (number, of)) {
            Err(error) if error.kind() == Kind::Input => End::Refused(error.to_string(), Tally::default()),
            end => end?,
        };
        match end {
            End::Known => {
                let fingerprint = self.report.files[index].fingerprint.as_deref();
                if fingerprint.is_some_and(|fingerprint| self.group.holds(fingerprint)) {
                    self.group.push_duplicate(source);
                } else {
                    // Whether the first copy named an address of an illegal list is not known any more.
                    source.finish(None)?;
                }
            }
            End::Refused(reason, tally) => {
                let refused = self.root.refused();
                if self.may_have_erased(&source)? {
                    source.forget(&refused, &reason)?;
                } else {
                    source.refuse(&refused, &reason)?;
                }
                self.report.files[index].tally = tally;
                self.finished(index, Outcome::Refused(reason));
            }
            End::Ready(import) => {
                let Ready { files, row, transaction, listed } = *import;
                self.report.files[index].tally = row.tally.clone();
                self.group.push(Prepared { source, index, files, row, transaction, listed });
            }
        }
        Ok(())
    }

    /// Whether somebody who was erased stands in a file that is refused, or might: where it cannot be read. The
    /// erasure searched what had been refused until then.
    fn may_have_erased(&mut self, source: &Claimed) -> Result<bool, Error> {
        if self.erased.is_empty() || !source.is_from_inbox() {
            return Ok(false);
        }
        let name = source.name_for_vault();
        for name in [name.replace('_', " "), name] {
            if self.erased.stands_in(&mut self.pseudonymiser, &name)? {
                return Ok(true);
            }
        }
        let Ok(content) = source.open() else { return Ok(true) };
        let mut content = BufReader::new(content);
        let mut line = Vec::new();
        loop {
            line.clear();
            match content.by_ref().take(SEARCHED_BYTES).read_until(b'\n', &mut line) {
                Ok(0) => return Ok(source.ended_early()),
                Ok(_) if self.erased.stand_in_bytes(&mut self.pseudonymiser, &line)? => return Ok(true),
                Ok(_) => {}
                Err(_) => return Ok(true),
            }
        }
    }

    fn read(&mut self, source: &Claimed, index: usize, place: (usize, usize)) -> Result<End, Error> {
        let begun = Instant::now();
        let (fingerprint, mut content, lines) = self.look(source)?;
        let short = fingerprint.short();
        self.progress.file(place.0, place.1, content.bytes);
        self.report.files[index].fingerprint = Some(short.clone());
        if self.imported.contains_key(&short) || self.group.holds(&short) {
            return Ok(End::Known);
        }
        let mut sample = Vec::new();
        source
            .open()?
            .take(SAMPLE_BYTES)
            .read_to_end(&mut sample)
            .map_err(|error| source.unreadable(error))?;
        let detected = match detect::detect(&sample, self.profiles) {
            Detection::Found(detected) => detected,
            Detection::Refused(reason) => return Ok(End::Refused(reason, Tally::default())),
        };
        let header_hash = detected.header_hash(&sample);
        if let Some(lines) = &lines {
            let known = self.beginning(lines)?.known_bytes(content.bytes, &detected);
            content.known_bytes = content.known_bytes.max(known);
        }
        drop(sample);
        self.report.files[index].format = Some(detected.format_id().to_owned());
        self.report.timings.look += begun.elapsed();
        self.import(source, &fingerprint, content, &detected, header_hash, lines.as_ref())
    }

    /// Fingerprint and length, how far the content stands in the lake already (a log that is copied
    /// again after it grew begins with what was taken in before), and its lines.
    fn look(&self, source: &Claimed) -> Result<(Fingerprint, Content, Option<HashedLines>), Error> {
        let own = self.imported.iter().map(|(fingerprint, bytes)| (fingerprint.as_str(), *bytes));
        let known: BTreeSet<(u64, &str)> =
            own.chain(self.group.contents()).map(|(fingerprint, bytes)| (bytes, fingerprint)).collect();
        let mut lengths: Vec<u64> = known.iter().map(|(bytes, _)| *bytes).collect();
        lengths.dedup();
        let mut known_bytes = 0;
        let year = AcademicYear::of(self.today);
        let mut reader = LineReader::new(source.open()?, self.keyring, year)?;
        let read = Fingerprint::of_growing(&mut reader, &lengths, &mut |length, begin| {
            if known.contains(&(length, begin.short().as_str())) {
                known_bytes = length;
            }
        });
        let (fingerprint, bytes) = read.map_err(|error| source.unreadable(error))?;
        Ok((fingerprint, Content { bytes, known_bytes }, reader.finish(year)))
    }

    fn import(
        &mut self,
        source: &Claimed,
        fingerprint: &Fingerprint,
        content: Content,
        detected: &Detected,
        header_hash: Option<String>,
        lines: Option<&HashedLines>,
    ) -> Result<End, Error> {
        let hex = fingerprint.hex();
        let attempt = self.state.open_import(&hex)?;
        let id = ImportId {
            fingerprint16: fingerprint.short(),
            attempt: i64::from(attempt),
            token: fingerprint.token(),
            source_format: detected.format_id().to_owned(),
            ingest_date: self.today,
        };
        let begun = Instant::now();
        let written = match self.write(source, content, detected, &id) {
            Err(error) if error.kind() == Kind::Input => {
                self.state.close_import(&hex)?;
                return Err(error);
            }
            written => written?,
        };
        let Written { files, vault, tally, span, export_rows, listed } = written;
        self.report.timings.encode += files.encoding;

        let refused = if tally.nothing_but_late() {
            Some(NOTHING_BUT_LATE.to_owned())
        } else if tally.nearly_all_rejected() {
            Some(mostly_rejected(&tally))
        } else {
            tally.conserve(files.events()).err().map(|error| format!("{error}; please report this"))
        };
        if let Some(reason) = refused {
            vault.abandon();
            files.discard()?;
            self.state.close_import(&hex)?;
            return Ok(End::Refused(reason, tally));
        }

        let years: BTreeSet<_> = files.touched.iter().map(|day| AcademicYear::of(*day)).collect();
        for year in years {
            self.state.confirm_key(year, self.keyring.check_value(year)?)?;
        }
        let sealed = vault.finish()?;
        self.report.timings.seal += sealed.busy;
        self.report.timings.read += begun.elapsed();
        self.state.record_unmapped(id.token, &sealed.unmapped)?;
        if !export_rows.is_empty() {
            self.state.record_export_rows(detected.format_id(), id.token, export_rows.into_iter())?;
        }
        if let Some(lines) = lines {
            self.keep_lines(id.token, lines)?;
        }
        let row = ImportRow {
            fingerprint: hex,
            import_token: id.token,
            imported_utc_us: jiff::Timestamp::now().as_microsecond(),
            source_format: detected.format_id().to_owned(),
            format_version: detected.version().to_owned(),
            settings_version: self.settings.version().to_owned(),
            folder: self.folder_token(&source.folder)?,
            tally,
            span_utc_us: span.utc_us,
            header_hash,
            event_days: span.days,
        };
        Ok(End::Ready(Box::new(Ready { files, row, transaction: id.transaction(), listed })))
    }

    fn folder_token(&self, folder: &str) -> Result<String, Error> {
        let year = AcademicYear::of(self.today);
        folder_token(self.keyring, year, folder)
    }

    /// Reads all records and writes what becomes of them.
    fn write(
        &mut self,
        source: &Claimed,
        content: Content,
        detected: &Detected,
        id: &ImportId,
    ) -> Result<Written, Error> {
        let mut vault = VaultWriter::create(
            &self.root.vault(),
            &self.ingest.school.id,
            &self.recipients,
            &id.fingerprint16,
            self.today,
            self.keyring,
        )?;
        let file_name = source.name_for_vault();
        let spaced = file_name.replace(['_', '+'], " ");
        let names_erased = self.erased.stands_in(&mut self.pseudonymiser, &file_name)?
            || self.erased.stands_in(&mut self.pseudonymiser, &spaced)?;
        vault.file_name(if names_erased { ERASED } else { &file_name });
        let mut writer = ImportWriter::new(&self.lake, id.clone());
        let zone = detected.zone().unwrap_or_else(|| self.settings.zone());
        let mut normaliser = Normaliser::new(self.settings, zone)?
            .with_fold(detected.fold_policy())
            .with_closed_years(self.closed_years.clone())
            .with_written(source.written()?);
        let mut tally = Tally::default();
        let mut span = Span::default();
        let mut reported = (0, 0);
        let known: BTreeSet<i64> = self
            .imported
            .keys()
            .map(String::as_str)
            .chain(self.group.contents().map(|(fingerprint, _)| fingerprint))
            .filter_map(token_of)
            .collect();
        let counts = Box::new(move |token: i64| known.contains(&token));
        let mut overlap = Overlap::of(detected, &self.state, self.keyring, counts);
        let (roster, pseudonymiser) = (&mut self.roster, &mut self.pseudonymiser);
        let classifier = self.settings.classifier();
        let mut listed = false;
        // Somebody who was erased is in it: put away, it would have them again.
        let mut unkept = names_erased;
        // Hosts of hits on illegal lists so far: a damaged line may have lost the list's word and not the host.
        let mut listed_hosts: BTreeSet<String> = BTreeSet::new();
        let (closed, progress, erased) = (&self.closed_days, self.progress, &self.erased);
        // A file that is still being written to is read as far as its fingerprint goes.
        let mut input = source.open()?.take(content.bytes);
        let outcome = read_records(&mut input, detected, &mut tally, &mut |place, raw, parsed, tally| {
            if place.record % PROGRESS_RECORDS == 0 {
                progress.advanced(place.offset_bytes - reported.0, place.record - reported.1);
                reported = (place.offset_bytes, place.record);
            }
            if content.stood_before(place, raw) {
                unkept = unkept || erased.stand_in_bytes(pseudonymiser, raw)?;
                // Of an export it still counts among the copies of its row: a repeat in the new part is
                // one more, and real.
                if let Some(overlap) = &mut overlap
                    && let Ok(Parsed::Request(fields)) = &parsed
                    && let Ok(event) = normaliser.request(place, fields, roster, &mut Tally::default())
                    && !closed.contains(&event.moment.local_date)
                {
                    overlap.stood_before(event.moment.local_date, raw)?;
                }
                tally.duplicate += 1;
                return Ok(());
            }
            let reject = match parsed {
                Ok(Parsed::Request(fields)) => match normaliser.request(place, &fields, roster, tally) {
                    Ok(event) if closed.contains(&event.moment.local_date) => {
                        Reject::at(Reason::DayClosed, 0)
                    }
                    Ok(event) => {
                        if let Some(overlap) = &mut overlap
                            && overlap.stood_before(event.moment.local_date, raw)?
                        {
                            unkept = unkept || erased.stand_in_bytes(pseudonymiser, raw)?;
                            tally.duplicate += 1;
                            return Ok(());
                        }
                        if erased.has_request(pseudonymiser, &event)? {
                            unkept = true;
                            return leave_out(tally);
                        }
                        if event.facts.illegal {
                            listed = true;
                            listed_hosts.insert(event.page.host.to_lowercase());
                        }
                        let pseudonymous = pseudonymiser.event(&event)?;
                        vault.push(&event, &pseudonymous)?;
                        writer.push(&pseudonymous)?;
                        tally.events += 1;
                        span.see(event.moment.utc_us);
                        span.count(event.moment.local_date);
                        return Ok(());
                    }
                    Err(reject) => reject,
                },
                Ok(Parsed::Incident(fields)) => match normaliser.incident(place, &fields, roster, tally) {
                    Ok(mut incident) => {
                        let Some(names) =
                            erased.clear_incident(pseudonymiser, roster, &mut incident, tally)?
                        else {
                            unkept = true;
                            return leave_out(tally);
                        };
                        unkept |= names;
                        listed |= classifier.is_illegal(incident.code) || classifier.names_illegal_list(raw);
                        let pseudonymous = pseudonymiser.incident(&incident)?;
                        vault.push_incident(&incident, &pseudonymous)?;
                        writer.push_incident(&pseudonymous)?;
                        tally.events += 1;
                        span.see(incident.occurred.utc_us);
                        return Ok(());
                    }
                    Err(reject) => reject,
                },
                Ok(Parsed::Change(fields)) => match normaliser.change(place, &fields, roster, tally) {
                    Ok(mut change) => {
                        let Some(names) = erased.clear_change(pseudonymiser, &mut change, tally)? else {
                            unkept = true;
                            return leave_out(tally);
                        };
                        unkept |= names;
                        listed |= change.illegal || change.text.names_list;
                        let pseudonymous = pseudonymiser.change(&change)?;
                        vault.push_change(&change, &pseudonymous)?;
                        writer.push_kept(&pseudonymous)?;
                        tally.events += 1;
                        span.see(change.requested.utc_us);
                        return Ok(());
                    }
                    Err(reject) => reject,
                },
                Ok(Parsed::Check(fields)) => match normaliser.check(place, &fields, roster, tally) {
                    Ok(mut check) => {
                        let day = check.checked.local_date;
                        let Some(names) = erased.clear_check(pseudonymiser, &mut check, tally)? else {
                            unkept = true;
                            return leave_out(tally);
                        };
                        unkept |= names;
                        listed |= classifier.is_illegal(check.code) || classifier.names_illegal_list(raw);
                        let pseudonymous = pseudonymiser.check(&check)?;
                        vault.push_check(&check, &pseudonymous)?;
                        writer.push_kept(&pseudonymous)?;
                        if classifier.is_illegal(check.code) {
                            // A hit that was this test's is set apart.
                            writer.touch(day);
                        }
                        tally.events += 1;
                        span.see(check.checked.utc_us);
                        return Ok(());
                    }
                    Err(reject) => reject,
                },
                Ok(Parsed::Other(kind)) => {
                    *tally.other.entry(kind.word()).or_default() += 1;
                    return Ok(());
                }
                Ok(Parsed::Directive) => return Ok(()),
                Err(reject) => reject,
            };
            tally.reject(reject.reason);
            writer.push_reject(place, reject)?;
            // Sealing the text of a late record would keep what retention has dropped.
            if reject.reason.is_late() {
                return Ok(());
            }
            // A damaged line of an illegal list has its address.
            let names_list = classifier.names_illegal_list(raw) || names_host(&listed_hosts, raw);
            listed |= names_list;
            let kept = if names_list {
                NOT_KEPT.as_bytes()
            } else if erased.stand_in_bytes(pseudonymiser, raw)? {
                unkept = true;
                ERASED.as_bytes()
            } else {
                raw
            };
            vault.push_reject(place, reject.reason, kept)
        });
        progress.advanced(tally.record_bytes.saturating_sub(reported.0), tally.records - reported.1);
        if let Err(error) = outcome {
            vault.abandon();
            // What failed first says more than what could not be taken back; the next run takes it back. A
            // file whose input was at fault must leave nothing, though, before it is set aside.
            return match writer.abandon() {
                Err(left) if error.kind() == Kind::Input => Err(left),
                _ => Err(error),
            };
        }
        if source.ended_early() {
            tally.notice(Notice::CompressionTruncated);
        }
        if source.replaced() {
            tally.notice(Notice::Replaced);
        }
        if overlap.as_ref().is_some_and(Overlap::is_overfull) {
            tally.notice(Notice::OverlapUnchecked);
        }
        if listed || unkept {
            source.must_not_be_kept();
        }
        let export_rows = overlap.map(Overlap::rows).unwrap_or_default();
        Ok(Written {
            files: writer.finish()?,
            vault,
            tally,
            span: span.closed(),
            export_rows,
            listed: listed || unkept,
        })
    }
}

/// Whether one of the hosts stands in a record's text.
fn names_host(hosts: &BTreeSet<String>, raw: &[u8]) -> bool {
    if hosts.is_empty() {
        return false;
    }
    let lower = raw.to_ascii_lowercase();
    hosts.iter().any(|host| !host.is_empty() && memchr::memmem::find(&lower, host.as_bytes()).is_some())
}

/// A record of somebody who was erased is well formed and no event any more.
fn leave_out(tally: &mut Tally) -> Result<(), Error> {
    *tally.other.entry("erased").or_default() += 1;
    Ok(())
}

/// Earliest and latest event, and those of a web log by local day.
#[derive(Default)]
struct Span {
    utc_us: Option<(i64, i64)>,
    days: BTreeMap<Date, u64>,
    /// The day of the event before, whose count is not in `days` yet: days come in runs.
    run: Option<(Date, u64)>,
}

impl Span {
    fn see(&mut self, utc_us: i64) {
        let seen =
            self.utc_us.map_or((utc_us, utc_us), |(first, last)| (first.min(utc_us), last.max(utc_us)));
        self.utc_us = Some(seen);
    }

    fn count(&mut self, day: Date) {
        match &mut self.run {
            Some((running, events)) if *running == day => *events += 1,
            _ => {
                self.end_run();
                self.run = Some((day, 1));
            }
        }
    }

    fn end_run(&mut self) {
        if let Some((day, events)) = self.run.take() {
            *self.days.entry(day).or_default() += events;
        }
    }

    fn closed(mut self) -> Self {
        self.end_run();
        self
    }
}

/// A folder of the inbox as the ledger of imports has it: empty for its top, else a keyed token.
pub(super) fn folder_token(keyring: &Keyring, year: AcademicYear, folder: &str) -> Result<String, Error> {
    if folder.is_empty() {
        return Ok(String::new());
    }
    Ok(written(keyring.token(year, Domain::Folder, folder.as_bytes())?))
}

fn mostly_rejected(tally: &Tally) -> String {
    let reasons: Vec<_> =
        tally.commonest_reasons().into_iter().map(|(reason, count)| format!("{reason} ({count})")).collect();
    format!(
        "{} of {} records cannot be read: {}; is this the format that was recognised, and is the file whole?",
        tally.rejected(),
        tally.records - tally.blanks - tally.directives,
        reasons.join(", ")
    )
}
