//! Who is at the made-up school. Every name is invented; surnames are rare on purpose, so that a
//! search for one in any byte of an output means a leak.

use std::io::{self, Write};

use super::random::Random;

const FIRST: &[&str] = &[
    "Amara", "Ben", "Chloe", "Dev", "Ella", "Finn", "Grace", "Hamza", "Isla", "Jake", "Kofi", "Layla", "Mia",
    "Noah", "Oscar", "Poppy", "Quinn", "Ravi", "Sofia", "Theo", "Uma", "Victor", "Willow", "Xena", "Yusuf",
    "Zara",
];

const SURNAME_START: &[&str] = &[
    "Tarrow", "Quill", "Brack", "Wyster", "Ockle", "Frend", "Havers", "Skelmer", "Pomfry", "Dunsla",
    "Yarnow", "Cribble", "Venndal", "Mossop", "Ullthor", "Grindle",
];

const SURNAME_END: &[&str] = &["by", "worth", "wick", "ham", "stoke", "leigh", "dine", "mere"];

/// What somebody is to the school.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Post {
    Pupil,
    Staff,
}

/// One person on the roster.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// The MIS's own key.
    pub(super) key: String,
    pub(super) first: &'static str,
    pub(super) surname: String,
    /// Year group; 0 is Reception; staff have none.
    pub(super) year: Option<u8>,
    pub(super) post: Post,
    /// Account without domain; young pupils share one.
    pub(super) account: String,
    /// Address of the machine they mostly use.
    pub(super) address: String,
}

impl Person {
    /// The filter's group of that person.
    pub(super) fn group(&self) -> String {
        match self.year {
            None => "Staff".to_owned(),
            Some(0) => "Reception".to_owned(),
            Some(year) => format!("Year {year}"),
        }
    }
}

/// Makes `per_year` pupils for each year, and staff.
pub(super) fn make(
    seed: u64,
    years: &[u8],
    per_year: usize,
    staff: usize,
    shared_up_to: Option<u8>,
) -> Vec<Person> {
    let mut random = Random::new(seed, 1);
    let mut people = Vec::new();
    let mut serial = 0_u32;
    let mut add = |year: Option<u8>, post: Post| {
        serial += 1;
        let first = *random.pick(FIRST);
        let surname = format!("{}{}", random.pick(SURNAME_START), random.pick(SURNAME_END));
        let own = format!("{}{}{serial:03}", first[..1].to_lowercase(), surname.to_lowercase());
        let account = match (year, shared_up_to) {
            (Some(year), Some(last)) if year <= last => format!("class-{year}"),
            _ => own,
        };
        let net = if post == Post::Staff { 2 } else { 1 };
        people.push(Person {
            key: format!("MIS{serial:05}"),
            first,
            surname,
            year,
            post,
            account,
            address: format!("10.{net}.{}.{}", serial / 200, serial % 200 + 10),
        });
    };
    for year in years {
        for _ in 0..per_year {
            add(Some(*year), Post::Pupil);
        }
    }
    for _ in 0..staff {
        add(None, Post::Staff);
    }
    people
}

/// Writes the roster as a school would export it.
pub(super) fn write_roster(
    out: &mut dyn Write,
    domain: &str,
    people: &[Person],
    shared_up_to: Option<u8>,
) -> io::Result<()> {
    writeln!(out, "person_key,accounts,aliases,mis_name,year,role")?;
    // One of the staff leads the school, so that what concerns the others is shown at all.
    let mut is_led = false;
    for person in people {
        let shared = person.year.zip(shared_up_to).is_some_and(|(year, last)| year <= last);
        let accounts = if shared {
            String::new()
        } else {
            format!("{};{}@{}.sch.uk", person.account, person.account, domain)
        };
        let year = match person.year {
            None => String::new(),
            Some(0) => "R".to_owned(),
            Some(year) => year.to_string(),
        };
        let role = match person.post {
            Post::Staff if !std::mem::replace(&mut is_led, true) => "head",
            Post::Staff => "staff",
            Post::Pupil => "pupil",
        };
        writeln!(out, "{},{accounts},,\"{}, {}\",{year},{role}", person.key, person.surname, person.first)?;
    }
    Ok(())
}
