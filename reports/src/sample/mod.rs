//! Made-up schools from a seed, as a real one would drop its logs: for the demo, tests and benches.
//!
//! [`write()`] makes a secondary (`northfield`: one term, own accounts) and a small primary
//! (`oakhill`: one year, young pupils on shared log-ins), each with roster, settings and an inbox,
//! dirt included, and beside them a truth file: what the generator knows about what it wrote
//! (shape in `truth.rs`). [`squid_lines`] and its neighbours make the one big file of the benches.

mod benchmark;
mod files;
mod incidents;
mod ledger;
mod people;
mod plan;
mod random;
mod record;
mod settings;
mod sites;
mod truth;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::Path;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

pub use benchmark::{e2guardian_lines, squid_lines, w3c_lines};
use files::{Layout, Night};
use people::Person;
use plan::Plan;
use random::Random;
use record::{Decision, Request};
use truth::Truth;

/// A made-up school.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleSchool {
    /// About 300 pupils in Years 7 to 11, autumn term 2025.
    Northfield,
    /// 140 pupils from Reception to Year 6, the year 2025-26; to Year 2 they share log-ins.
    Oakhill,
}

impl SampleSchool {
    /// Both schools.
    pub const ALL: [Self; 2] = [Self::Northfield, Self::Oakhill];

    /// Short name.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Northfield => "northfield",
            Self::Oakhill => "oakhill",
        }
    }

    /// Full name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Northfield => "Northfield High School",
            Self::Oakhill => "Oakhill Primary School",
        }
    }

    /// `secondary` or `primary`.
    #[must_use]
    pub const fn phase(self) -> &'static str {
        match self {
            Self::Northfield => "secondary",
            Self::Oakhill => "primary",
        }
    }

    /// Pupils on roll.
    #[must_use]
    pub const fn roll(self) -> u32 {
        match self {
            Self::Northfield => 300,
            Self::Oakhill => 140,
        }
    }

    /// The period whose figures can be sealed.
    #[must_use]
    pub const fn period(self) -> &'static str {
        match self {
            Self::Northfield => "2025-autumn",
            Self::Oakhill => "2025-26",
        }
    }

    const fn years(self) -> &'static [u8] {
        match self {
            Self::Northfield => &[7, 8, 9, 10, 11],
            Self::Oakhill => &[0, 1, 2, 3, 4, 5, 6],
        }
    }

    const fn shared_up_to(self) -> Option<u8> {
        match self {
            Self::Northfield => None,
            Self::Oakhill => Some(2),
        }
    }
}

/// Where the parts of a made-up school are to be written.
#[derive(Debug)]
pub struct SamplePlaces<'a> {
    /// The inbox: nightly files and exports.
    pub inbox: &'a Path,
    /// The school's settings folder.
    pub settings: &'a Path,
    /// Roster file.
    pub roster: &'a Path,
    /// What the generator knows; never below the inbox.
    pub truth: &'a Path,
}

/// How much was written.
#[derive(Clone, Copy, Debug, Default)]
pub struct SampleSummary {
    /// Files in the inbox.
    pub files: u64,
    /// Requests in them, duplicates of whole files left out.
    pub requests: u64,
}

/// What every part of the writing needs to know.
#[derive(Debug)]
struct Making<'a> {
    school: SampleSchool,
    seed: u64,
    people: &'a [Person],
    days: &'a [Date],
    zone: &'a TimeZone,
    inbox: &'a Path,
}

/// Ordinary visits of one person in ten school days: few, so that two schools stay quick to take in.
const VISITS_IN_TEN_DAYS: u64 = 24;

/// Writes a made-up school; the same seed gives the same bytes. `share` thins the days (1 = every
/// school day, 10 = every tenth) for quick tests. `progress` is told days done and in all.
///
/// # Errors
/// Whatever the file system says.
pub fn write(
    school: SampleSchool,
    seed: u64,
    share: usize,
    places: &SamplePlaces<'_>,
    progress: &dyn Fn(usize, usize),
) -> io::Result<SampleSummary> {
    let staff = if school == SampleSchool::Northfield { 40 } else { 15 };
    let per_year = school.roll() as usize / school.years().len();
    let people =
        people::make(seed ^ u64::from(school.roll()), school.years(), per_year, staff, school.shared_up_to());
    let days: Vec<Date> = school_days(school).into_iter().step_by(share.max(1)).collect();
    let zone = TimeZone::get("Europe/London").map_err(io::Error::other)?;
    let mut truth = Truth { school: school.id().to_owned(), ..Truth::default() };
    mark(&people, &mut truth);

    fs::create_dir_all(places.inbox)?;
    settings::write(school, places.settings, school.years(), per_year)?;
    let mut roster = BufWriter::new(File::create(places.roster)?);
    people::write_roster(&mut roster, school.id(), &people, school.shared_up_to())?;
    io::Write::flush(&mut roster)?;

    let plan = Plan::new(seed, &people, &days, zone.clone(), VISITS_IN_TEN_DAYS, school.shared_up_to());
    let making = Making { school, seed, people: &people, days: &days, zone: &zone, inbox: places.inbox };
    for day in 0..days.len() {
        making.nights(&plan, day, &mut truth)?;
        progress(day + 1, days.len());
    }
    making.exports(&plan, &mut truth)?;
    if school == SampleSchool::Northfield {
        ledger::write_registers(places.settings)?;
        ledger::write(places.inbox, &people, &mut truth)?;
    }
    truth.close();
    serde_json::to_writer_pretty(BufWriter::new(File::create(places.truth)?), &truth)?;
    Ok(SampleSummary {
        files: truth.files.len() as u64,
        requests: truth.files.iter().filter(|file| !file.duplicate).map(|file| file.requests).sum(),
    })
}

/// Strings that may stand in no output.
fn mark(people: &[Person], truth: &mut Truth) {
    let own: BTreeSet<String> = people
        .iter()
        .flat_map(|person| {
            [
                person.surname.clone(),
                person.surname.to_lowercase(),
                person.account.clone(),
                person.key.clone(),
            ]
        })
        .filter(|marker| !marker.starts_with("class-"))
        .collect();
    truth.markers.extend(own);
    truth
        .markers
        .extend(people.iter().map(|person| person.address.clone()).filter(|address| address.len() > 8));
    truth.markers.extend(["wsp-", "zorkweed", "Zorkweed", "192.0.2.44", "listed-host-zq"].map(str::to_owned));
}

impl Making<'_> {
    fn nights(&self, plan: &Plan<'_>, day: usize, truth: &mut Truth) -> io::Result<()> {
        let today = self.days[day];
        let requests = plan.day(day, truth);
        // One night the disk of the filter was full and nothing was written.
        if day == self.days.len() * 3 / 5 {
            truth.forget_day(today);
            return Ok(());
        }
        let mut random = Random::new(self.seed, 900_000 + day as u64);
        // A request stands in one log only: the filter's when it decided by a list or saw words, else
        // by the network of that day.
        let wired = |request: &&Request| {
            self.school == SampleSchool::Northfield
                && request.words.is_empty()
                && request.code != "SELFHARM"
                && request.person.is_none_or(|person| (person + day).is_multiple_of(2))
        };
        let (squid, guardian): (Vec<&Request>, Vec<&Request>) = requests.iter().partition(wired);
        let stamp = files::stamp(today);
        if !squid.is_empty() {
            let packed = if day.is_multiple_of(5) { ".gz" } else { "" };
            let name = format!("access.log-{stamp}{packed}");
            let night = Night { folder: "squid", name, layout: Layout::Squid, dirt: true };
            files::write(self.inbox, &night, &squid, self.zone, &mut random, truth)?;
            if day == self.days.len() / 2 {
                files::duplicate(
                    self.inbox,
                    "squid",
                    &night.name,
                    &format!("copy-of-access-{stamp}.log"),
                    truth,
                )?;
            }
        }
        // The filter wrote local times until it was upgraded after half-term.
        let layout = if today < date(2025, 11, 1) { Layout::GuardianCsv } else { Layout::GuardianTab };
        let night = Night { folder: "filter", name: format!("dansguardian.log-{stamp}"), layout, dirt: true };
        files::write(self.inbox, &night, &guardian, self.zone, &mut random, truth)
    }

    fn exports(&self, plan: &Plan<'_>, truth: &mut Truth) -> io::Result<()> {
        let mut random = Random::new(self.seed, 4);
        // Somebody named the export after the pupil it was made for.
        let name = format!("{} {} web filter.csv", self.people[0].first, self.people[0].surname);
        let night = Night { folder: "exports", name, layout: Layout::Smoothwall, dirt: false };
        let export = plan.library(self.days.len() - 2, self.school.id(), truth);
        files::write(self.inbox, &night, &export.iter().collect::<Vec<_>>(), self.zone, &mut random, truth)?;
        if self.school == SampleSchool::Northfield {
            self.night_of_the_clock_change(&mut random, truth)?;
        }
        let folder = self.inbox.join("safeguarding");
        fs::create_dir_all(&folder)?;
        let mut out = BufWriter::new(File::create(folder.join("incidents.csv"))?);
        let count = if self.school == SampleSchool::Northfield { 60 } else { 20 };
        incidents::write(&mut out, self.seed, self.people, self.days, count)?;
        io::Write::flush(&mut out)?;
        truth.files.push(truth::FileTruth {
            folder: "safeguarding".to_owned(),
            name: "incidents.csv".to_owned(),
            format: "cpoms-incidents",
            requests: count,
            headers: 1,
            ..truth::FileTruth::default()
        });
        Ok(())
    }

    /// One pupil's tablet at home, through the hour that October repeats: local 00:50 to 02:00.
    fn night_of_the_clock_change(&self, random: &mut Random, truth: &mut Truth) -> io::Result<()> {
        // 2025-10-25T23:50:00Z is 00:50 British Summer Time; the clock went back at 01:00 UTC.
        let start_ms = 1_761_436_200_000;
        let person = &self.people[7];
        let requests: Vec<Request> = (0..14)
            .map(|step| Request {
                start_ms: start_ms + step * 600_000,
                duration_ms: 0,
                person: Some(7),
                user: person.account.clone(),
                address: person.address.clone(),
                group: person.group(),
                host: "www.localswimclub.org.uk".to_owned(),
                path: format!("/wsp-night/{step}"),
                tunnel: false,
                bytes: 1200,
                mime: "text/html",
                decision: Decision::Allowed,
                words: "",
                code: "UNCAT".to_owned(),
                act: true,
            })
            .collect();
        for request in &requests {
            truth.saw(date(2025, 10, 26), request, Some(person));
        }
        let name = "dansguardian.log-20251026".to_owned();
        let night = Night { folder: "filter", name, layout: Layout::GuardianCsv, dirt: false };
        files::write(self.inbox, &night, &requests.iter().collect::<Vec<_>>(), self.zone, random, truth)
    }
}

/// School days by the shipped calendar's terms and this school's teacher days.
fn school_days(school: SampleSchool) -> Vec<Date> {
    let autumn = [(date(2025, 9, 2), date(2025, 10, 24)), (date(2025, 11, 3), date(2025, 12, 19))];
    let rest = [
        (date(2026, 1, 6), date(2026, 2, 13)),
        (date(2026, 2, 23), date(2026, 3, 27)),
        (date(2026, 4, 14), date(2026, 5, 22)),
        (date(2026, 6, 1), date(2026, 7, 20)),
    ];
    let spans =
        if school == SampleSchool::Northfield { autumn.to_vec() } else { [&autumn[..], &rest[..]].concat() };
    let mut days = Vec::new();
    for (from, to) in spans {
        let mut day = from;
        while day <= to {
            if day.weekday().to_monday_zero_offset() < 5 && day != date(2026, 5, 4) {
                days.push(day);
            }
            match day.tomorrow() {
                Ok(next) => day = next,
                Err(_) => break,
            }
        }
    }
    days
}

#[cfg(test)]
mod tests;
