//! A CPOMS-style incident export: no fixed header, free text over several lines, linked pupils.

use std::io::{self, Write};

use jiff::civil::Date;

use super::people::{Person, Post};
use super::random::Random;

const KINDS: &[&str] = &[
    "Online safety",
    "Bullying",
    "Self-harm",
    "Cyberbullying",
    "Attendance",
    "Mental health",
    "Online hate",
    "Extremism",
];

/// Writes `count` incidents; each surname in the text is somebody's.
pub(super) fn write(
    out: &mut dyn Write,
    seed: u64,
    people: &[Person],
    days: &[Date],
    count: u64,
) -> io::Result<()> {
    let mut random = Random::new(seed, 3);
    let pupils: Vec<&Person> = people.iter().filter(|person| person.post == Post::Pupil).collect();
    out.write_all(b"Incident ID,Date,Student,Linked Students,Category,Incident,Status\r\n")?;
    for number in 0..count {
        let (pupil, friend) = (*random.pick(&pupils), *random.pick(&pupils));
        let day = random.pick(days);
        let linked =
            if random.once_in(3) { format!("{} {}", friend.first, friend.surname) } else { String::new() };
        write!(
            out,
            "INC-{number:04},{} {:02}:{:02},\"{}, {}\",{linked},{},\"{} told Mrs {}:\r\n\"\"I saw it on {}'s phone\"\", zorkweed note {number}\",{}\r\n",
            day.strftime("%d/%m/%Y"),
            random.between(9, 15),
            random.between(0, 59),
            pupil.surname,
            pupil.first,
            random.pick(KINDS),
            pupil.first,
            friend.surname,
            friend.first,
            ["Open", "Closed", "Unread"][random.below(3) as usize]
        )?;
    }
    Ok(())
}
