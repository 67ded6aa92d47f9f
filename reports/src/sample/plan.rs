//! A school's term as a plan of acts: who does what, when, and what the filter says to it.
//!
//! Concerns are planted so that their counts are known by construction. A pupil has at most one act
//! of concern per lesson hour, in its first forty minutes; an act is a few attempts, 90 to 200
//! seconds apart, each of a few records, at most 25 seconds apart. So gaps inside an attempt are
//! under 60 s, between attempts of an act over 60 s and under 10 min, and between acts over 10 min.
//! Ordinary pages of that pupil fall in the last minutes of such an hour.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::people::{Person, Post};
use super::random::Random;
use super::record::{Decision, Request};
use super::sites::{CONCERNS, Concern, FURNITURE, ORDINARY, shipped_codes};
use super::truth::Truth;

/// The first lesson hour and the one after the last.
const HOURS: std::ops::Range<i64> = 9..16;

/// One planted act.
#[derive(Clone, Copy, Debug)]
struct Act {
    concern: &'static Concern,
    attempts: u8,
    /// Nobody blocked it: a search, seen by its words.
    allowed_search: bool,
    /// Hundreds of hits in one attempt.
    burst: bool,
}

/// A school's whole term or year.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    seed: u64,
    people: &'a [Person],
    days: &'a [Date],
    zone: TimeZone,
    codes: HashMap<&'static str, &'static str>,
    acts: HashMap<(usize, usize, i64), Act>,
    visits_in_ten_days: u64,
    /// People whose accounts are shared; they are never persons.
    shared_up_to: Option<u8>,
}

impl<'a> Plan<'a> {
    /// Plants the concerns for a school of these people on these days.
    pub(super) fn new(
        seed: u64,
        people: &'a [Person],
        days: &'a [Date],
        zone: TimeZone,
        visits_in_ten_days: u64,
        shared_up_to: Option<u8>,
    ) -> Self {
        let mut random = Random::new(seed, 2);
        let pupils: Vec<usize> = (0..people.len())
            .filter(|index| people[*index].post == Post::Pupil)
            .filter(|index| people[*index].year.zip(shared_up_to).is_none_or(|(year, last)| year > last))
            .collect();
        let mut acts = HashMap::new();
        for (rank, concern) in CONCERNS.iter().enumerate() {
            let mut candidates = pupils.clone();
            let wanted = (concern.pupils * pupils.len()).div_ceil(300).min(pupils.len());
            for chosen in 0..wanted {
                let swap = chosen + random.below((candidates.len() - chosen) as u64) as usize;
                candidates.swap(chosen, swap);
                let times = 1 + random.zipf(4);
                for time in 0..times {
                    let day = random.below(days.len() as u64) as usize;
                    let hour = random.between(HOURS.start, HOURS.end - 1);
                    let act = Act {
                        concern,
                        attempts: 1 + random.zipf(4) as u8,
                        allowed_search: concern.code == "SELFHARM" && time == 0 && chosen % 2 == 0,
                        burst: rank == 7 && chosen == 0 && time == 0,
                    };
                    acts.entry((candidates[chosen], day, hour)).or_insert(act);
                }
            }
        }
        Self { seed, people, days, zone, codes: shipped_codes(), acts, visits_in_ten_days, shared_up_to }
    }

    /// Milliseconds since the epoch of an hour of a local day.
    fn hour_ms(&self, date: Date, hour: i64) -> i64 {
        date.at(hour as i8, 0, 0, 0)
            .to_zoned(self.zone.clone())
            .map_or(0, |zoned| zoned.timestamp().as_millisecond())
    }

    fn is_person(&self, index: usize) -> bool {
        self.people[index].year.zip(self.shared_up_to).is_none_or(|(year, last)| year > last)
    }

    /// All requests of a day in time order; counts what is known of them.
    pub(super) fn day(&self, day: usize, truth: &mut Truth) -> Vec<Request> {
        let date = self.days[day];
        let mut random = Random::new(self.seed, 1000 + day as u64);
        let mut requests = Vec::new();
        for index in 0..self.people.len() {
            // One in twelve is away.
            if random.once_in(12) {
                continue;
            }
            for hour in HOURS {
                let start = self.hour_ms(date, hour);
                let act = self.acts.get(&(index, day, hour));
                if let Some(act) = act {
                    self.act(&mut random, index, date, start, act, truth, &mut requests);
                }
                if random.below(10 * HOURS.clone().count() as u64) < self.visits_in_ten_days {
                    let minute = if act.is_some() { random.between(47, 58) } else { random.between(0, 58) };
                    self.visit(&mut random, index, start + minute * 60_000, &mut requests);
                }
            }
        }
        self.guests(&mut random, date, &mut requests);
        if day == self.days.len() / 4 {
            self.listed(date, &mut requests);
        }
        if day == self.days.len() / 3 {
            self.lesson_block(&mut random, date, truth, &mut requests);
        }
        requests.sort_by_key(|request| request.start_ms + request.duration_ms);
        for request in &requests {
            truth.saw(
                date,
                request,
                request.person.filter(|index| self.is_person(*index)).map(|index| &self.people[index]),
            );
        }
        requests
    }

    fn request(&self, index: usize, start_ms: i64, host: &str, path: String) -> Request {
        let person = &self.people[index];
        let site =
            host.split_once('.').map_or(host, |(first, rest)| if first == "www" { rest } else { host });
        Request {
            start_ms,
            duration_ms: 40 + (start_ms % 700),
            person: Some(index),
            user: person.account.clone(),
            address: person.address.clone(),
            group: person.group(),
            host: host.to_owned(),
            path,
            tunnel: false,
            bytes: 900 + start_ms % 60_000,
            mime: "text/html",
            decision: Decision::Allowed,
            words: "",
            code: self.codes.get(site).copied().unwrap_or("UNCAT").to_owned(),
            act: true,
        }
    }

    /// An export of a library machine: its layout shows no decision.
    pub(super) fn library(&self, day: usize, domain: &str, truth: &mut Truth) -> Vec<Request> {
        let date = self.days[day];
        let mut random = Random::new(self.seed, 500_000 + day as u64);
        let mut requests: Vec<Request> = (0..60)
            .map(|_| {
                let index = random.below(self.people.len() as u64) as usize;
                let at = self.hour_ms(date, random.between(HOURS.start, HOURS.end - 1))
                    + random.between(0, 3_500_000);
                let path = format!("/wsp-{:06x}/story", random.below(1 << 24));
                let mut request = self.request(index, at / 1000 * 1000, "www.bbc.co.uk", path);
                request.user = format!("{}\\{}", domain.to_uppercase(), request.user.to_uppercase());
                request.decision = Decision::Unknown;
                request.words = "News";
                request.code = "NEWS".to_owned();
                request
            })
            .collect();
        requests.sort_by_key(|request| request.start_ms);
        for request in &requests {
            truth.saw(
                date,
                request,
                request.person.filter(|index| self.is_person(*index)).map(|index| &self.people[index]),
            );
        }
        requests
    }

    /// An ordinary page with its furniture, or a tunnel.
    fn visit(&self, random: &mut Random, index: usize, start_ms: i64, requests: &mut Vec<Request>) {
        let site = ORDINARY[random.zipf(ORDINARY.len() as u64) as usize];
        let host = format!("www.{site}");
        let path = format!(
            "/wsp-{:06x}/{}",
            random.below(1 << 24),
            ["page", "notes", "unit-3", "index"][random.below(4) as usize]
        );
        let mut page = self.request(index, start_ms, &host, path);
        if random.once_in(9) {
            let challenge = Request {
                start_ms: start_ms - 300,
                duration_ms: 0,
                user: "-".to_owned(),
                person: None,
                decision: Decision::Challenged,
                act: false,
                ..page.clone()
            };
            requests.push(challenge);
        }
        page.tunnel = random.once_in(3);
        let whole = !page.tunnel;
        requests.push(page);
        if whole {
            for part in 0..random.below(4) as i64 {
                let host = if random.once_in(3) { *random.pick(FURNITURE) } else { host.as_str() };
                let path = format!("/wsp-{:06x}/part.png", random.below(1 << 24));
                let mut furniture = self.request(index, start_ms + 200 + part * 90, host, path);
                furniture.mime = "image/png";
                furniture.act = false;
                requests.push(furniture);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one call, and each is a different thing")]
    fn act(
        &self,
        random: &mut Random,
        index: usize,
        date: Date,
        hour_ms: i64,
        act: &Act,
        truth: &mut Truth,
        requests: &mut Vec<Request>,
    ) {
        let person = &self.people[index];
        let mut at = hour_ms + random.between(3, 15) * 60_000;
        let first = at;
        if act.allowed_search {
            let path = format!("/search?q=how+to+self+harm+zorkweed{}", person.key.to_lowercase());
            let mut search = self.request(index, at, "www.google.co.uk", path);
            search.code = act.concern.code.to_owned();
            requests.push(search);
            truth.episode(date, person, act.concern.theme, act.concern.severity, first, "allowed", 0);
            return;
        }
        let mut last = at;
        for _ in 0..act.attempts {
            let records = if act.burst { 300 } else { 1 + random.below(6) };
            for _ in 0..records {
                let path = format!("/wsp-{:06x}", random.below(1 << 24));
                let host = if random.once_in(2) {
                    format!("www.{}", act.concern.site)
                } else {
                    act.concern.site.to_owned()
                };
                let mut request = self.request(index, at, &host, path);
                request.decision = Decision::Blocked;
                request.words = act.concern.word;
                request.code = act.concern.code.to_owned();
                request.bytes = 0;
                request.duration_ms = 0;
                requests.push(request);
                last = at;
                at += if act.burst { random.between(1, 2) } else { random.between(1, 25) } * 1000;
            }
            at = last + random.between(90, 200) * 1000;
        }
        truth.episode(date, person, act.concern.theme, act.concern.severity, first, "blocked", act.attempts);
    }

    /// A whole class meets one blocked site for learning.
    fn lesson_block(&self, random: &mut Random, date: Date, truth: &mut Truth, requests: &mut Vec<Request>) {
        let class = (0..self.people.len())
            .filter(|index| self.people[*index].year == Some(if self.shared_up_to.is_some() { 5 } else { 8 }))
            .take(25);
        let start = self.hour_ms(date, 8) + 46 * 60_000;
        for index in class {
            let at = start + random.between(0, 300) * 1000;
            let mut request =
                self.request(index, at, "kitchen-chemistry-labs.org.uk", "/wsp-lesson/acids".to_owned());
            request.decision = Decision::Blocked;
            request.words = "Education";
            request.code = "EDU".to_owned();
            request.duration_ms = 0;
            requests.push(request);
            truth.lesson_attempt(date);
        }
    }

    /// One hit on an illegal-content list, and one category word that no map knows.
    fn listed(&self, date: Date, requests: &mut Vec<Request>) {
        let index = self
            .people
            .iter()
            .position(|person| person.year == Some(6) || person.year == Some(9))
            .unwrap_or(0);
        let start = self.hour_ms(date, 8) + 50 * 60_000;
        for (offset, host, words, code) in [
            (0, "listed-host-zq.org.uk", "IWF", "ILL-CSAM"),
            (240_000, "odd-words-club.org.uk", "Zorkweed miscellany", "UNMAPPED"),
        ] {
            let mut request = self.request(index, start + offset, host, "/wsp-listed".to_owned());
            request.decision = Decision::Blocked;
            request.words = words;
            request.code = code.to_owned();
            request.duration_ms = 0;
            requests.push(request);
        }
    }

    /// Guests, devices without users, private hosts, bare addresses.
    fn guests(&self, random: &mut Random, date: Date, requests: &mut Vec<Request>) {
        let surname = self.people[0].surname.to_lowercase();
        let hosts = [
            "www.bbc.co.uk".to_owned(),
            format!("{surname}.github.io"),
            format!("{surname}-ipad.local"),
            "192.0.2.44".to_owned(),
        ];
        for visit in 0..6 {
            let at =
                self.hour_ms(date, random.between(HOURS.start, HOURS.end - 1)) + random.between(0, 3_500_000);
            let host = hosts[(visit % 4) as usize].clone();
            let mut request = self.request(0, at, &host, "/wsp-guest/".to_owned());
            request.person = None;
            request.user = "-".to_owned();
            request.address = format!("10.9.0.{}", 20 + random.below(30));
            request.group = "Guest".to_owned();
            requests.push(request);
        }
    }
}
