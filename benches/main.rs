//! The hot stages of ingest, one group each, over a generated night that is never one line repeated.
//!
//! `cargo bench` measures; `cargo test --benches` runs each once, so that none rots. Figures may be
//! quoted only from a release build, and as ratios of one run (`benches/README.md`).
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "criterion's macros; a bench may")]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ingest::detect::{Detected, Detection, SAMPLE_BYTES, detect};
use ingest::event::{Event, Identified, Member};
use ingest::fields::Parsed;
use ingest::formats::profile::ProfileSet;
use ingest::normalise::{Normaliser, Roster};
use ingest::pseudonymise::{Keyring, Pseudonymiser};
use ingest::read::read_records;
use ingest::report::Tally;
use ingest::school::{AcademicYear, Phase, SchoolConfig, SchoolId, SchoolRoot};
use ingest::settings::Settings;

const LINES: u64 = 10_000;

/// Nobody is on it: what an account costs without a roster.
struct Nobody;

impl Roster for Nobody {
    fn member(&mut self, _account: &str, _year: AcademicYear) -> Option<Member> {
        None
    }

    fn member_by_name(&mut self, _name: &str, _year: AcademicYear) -> Option<Member> {
        None
    }
}

fn squid() -> Vec<u8> {
    let mut lines = Vec::new();
    reports::sample::squid_lines(&mut lines, LINES, 7).unwrap();
    lines
}

fn e2guardian() -> Vec<u8> {
    let mut lines = Vec::new();
    reports::sample::e2guardian_lines(&mut lines, LINES, 7).unwrap();
    lines
}

fn detected(lines: &[u8]) -> Detected {
    match detect(&lines[..lines.len().min(SAMPLE_BYTES)], &ProfileSet::shipped().unwrap()) {
        Detection::Found(detected) => detected,
        Detection::Refused(reason) => unreachable!("the generated night is refused: {reason}"),
    }
}

/// Reads a night and hands each normalised event to `sink`; returns how many there were.
fn normalise(lines: &[u8], settings: &Settings, sink: &mut dyn FnMut(&Event<'_, Identified>)) -> u64 {
    let detected = detected(lines);
    let mut normaliser = Normaliser::new(settings, "Europe/London").unwrap();
    let mut events = 0;
    read_records(&mut &lines[..], &detected, &mut Tally::default(), &mut |place, _, parsed, tally| {
        if let Ok(Parsed::Request(fields)) = parsed
            && let Ok(event) = normaliser.request(place, &fields, &mut Nobody, tally)
        {
            sink(&event);
            events += 1;
        }
        Ok(())
    })
    .unwrap();
    events
}

fn settings(folder: &Path) -> Settings {
    let id = SchoolId::parse("bench").unwrap();
    let config = SchoolConfig {
        id: id.clone(),
        name: "Bench".to_owned(),
        phase: Phase::Secondary,
        roll: 1000,
        zone: "Europe/London".to_owned(),
        pseudonym_key_dir: folder.join("keys"),
        inbox: None,
        recipients: Vec::new(),
        keep_sources_days: 0,
        settle_seconds: 0,
        retention: Default::default(),
    };
    Settings::load(&SchoolRoot::new(&folder.join("installation"), &id), &config).unwrap()
}

fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for (name, lines) in [("squid-native", squid()), ("e2guardian-2", e2guardian())] {
        let detected = detected(&lines);
        group.throughput(Throughput::Bytes(lines.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut tally = Tally::default();
                read_records(&mut &lines[..], &detected, &mut tally, &mut |_, _, parsed, _| {
                    black_box(parsed.is_ok());
                    Ok(())
                })
                .unwrap();
                tally.records
            });
        });
    }
}

fn normalising(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let mut group = criterion.benchmark_group("parse and normalise");
    for (name, lines) in [("squid-native", squid()), ("e2guardian-2", e2guardian())] {
        group.throughput(Throughput::Bytes(lines.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                normalise(&lines, &settings, &mut |event| {
                    black_box(event.place);
                })
            });
        });
    }
}

fn pseudonymising(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let id = SchoolId::parse("bench").unwrap();
    let keyring =
        Keyring::open(&folder.path().join("keys"), &id, &folder.path().join("installation")).unwrap();
    let mut group = criterion.benchmark_group("parse, normalise and pseudonymise");
    let lines = squid();
    group.throughput(Throughput::Bytes(lines.len() as u64));
    group.bench_function("squid-native", |bencher| {
        bencher.iter(|| {
            let mut pseudonymiser = Pseudonymiser::new(&keyring);
            normalise(&lines, &settings, &mut |event| {
                black_box(pseudonymiser.event(event).unwrap().actor.token);
            })
        });
    });
}

criterion_group!(stages, parse, normalising, pseudonymising);
criterion_main!(stages);
