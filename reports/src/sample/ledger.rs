//! The made-up secondary's own records: change ledger, tests of the filter, incidents that followed an alert, and
//! its registers. The primary keeps none of these, as many schools do.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use jiff::Span;
use jiff::civil::Date;

use super::people::{Person, Post};
use super::truth::{FileTruth, PlannedEpisode, Truth};

/// Asked on, asked, site or category, group, reason, decision, decided by whom (0 the asker), decided on, from, to.
type Asked = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    u8,
    &'static str,
    &'static str,
    &'static str,
);

const CHANGES: &[Asked] = &[
    (
        "2025-09-10",
        "Unblock",
        "https://www.duolingo.com/learn",
        "Year 8",
        "French",
        "Approved",
        1,
        "2025-09-11",
        "2025-09-12",
        "2025-09-26",
    ),
    (
        "2025-09-15",
        "Unblock",
        "https://tank-arena-online.com/",
        "Year 7",
        "a reward",
        "Refused",
        1,
        "2025-09-15",
        "",
        "",
    ),
    (
        "2025-09-16",
        "Unblock",
        "https://quizlet.com/",
        "Year 10",
        "revision",
        "Approved",
        1,
        "2025-09-19",
        "2025-09-19",
        "",
    ),
    ("2025-09-29", "Block", "Games", "Year 9", "", "Approved", 1, "2025-10-03", "2025-10-06", ""),
    (
        "2025-10-08",
        "Unblock",
        "https://kitchen-chemistry-labs.org.uk/acids",
        "Year 8",
        "chemistry",
        "Approved",
        1,
        "2025-10-09",
        "2025-10-09",
        "",
    ),
    (
        "2025-10-14",
        "Unblock",
        "https://www.youtube.com/",
        "Year 11",
        "",
        "Approved",
        0,
        "2025-10-14",
        "2025-10-14",
        "2025-10-24",
    ),
    ("2025-10-20", "Block", "AI tools", "Year 7", "homework", "Approved", 1, "2025-11-03", "2025-11-03", ""),
    (
        "2025-11-06",
        "Unblock",
        "https://villagehall-bookings.co.uk/",
        "Year 9",
        "a visit",
        "Approved",
        1,
        "2025-11-07",
        "2025-11-10",
        "2025-12-19",
    ),
    (
        "2025-11-12",
        "Unblock",
        "https://greenleaf-post.co.uk/",
        "Year 10",
        "drugs education",
        "Withdrawn",
        1,
        "",
        "",
        "",
    ),
    ("2025-12-11", "Unblock", "https://www.canva.com/", "All pupils", "posters", "Pending", 1, "", "", ""),
    ("2025-12-17", "Unblock", "Gambling", "Year 11", "a lesson on risk", "", 1, "", "", ""),
];

/// Day, test, group, device, result.
const CHECKS: &[(&str, &str, &str, &str, &str)] = &[
    ("2025-09-05", "Child sexual abuse content", "Year 7", "Library iPad 3", "Blocked"),
    ("2025-09-05", "Terrorism content", "Year 7", "Library iPad 3", "Blocked"),
    ("2025-09-05", "Adult content", "Year 7", "Library iPad 3", "Blocked"),
    ("2025-09-05", "Offensive language", "Year 7", "Library iPad 3", "Blocked"),
    ("2025-09-05", "Child sexual abuse content", "Year 10", "Windows PC-17", "Blocked"),
    ("2025-09-05", "Adult content", "Year 10", "Windows PC-17", "Blocked"),
    ("2025-11-07", "Adult content", "Year 10", "Windows PC-17", "Blocked"),
    ("2025-11-07", "Offensive language", "Year 11", "Chromebook 4", "Accessible"),
    ("2025-11-07", "Adult content", "Year 11", "Chromebook 4", "Blocked"),
];

/// Writes the exports; the episodes of the truth must be complete.
pub(super) fn write(inbox: &Path, people: &[Person], truth: &mut Truth) -> io::Result<()> {
    let staff: Vec<&Person> = people.iter().filter(|person| person.post == Post::Staff).collect();
    let name = |at: usize| {
        staff.get(at).map_or_else(String::new, |person| format!("{} {}", person.first, person.surname))
    };
    let mut rows = String::from(
        "Request ID,Requested at,Requester,Requester role,Request,URL or category,Group,Reason,Risk note,Decision,Decided by,Decided by role,Decided at,Applied from,Applied to,Closed\r\n",
    );
    for (number, row) in CHANGES.iter().enumerate() {
        let (day, asked, what, group, reason, decision, other, decided, from, to) = row;
        let asker = number % 5;
        let decider = if decided.is_empty() { String::new() } else { name(asker + 6 * usize::from(*other)) };
        let role = if decided.is_empty() { "" } else { "DSL" };
        let risk = if number % 3 == 0 { "comments are open" } else { "" };
        rows.push_str(&format!(
            "C-{number:02},{day} 09:10,{},Teacher,{asked},{what},{group},{reason},{risk},{decision},{decider},{role},{decided},{from},{to},\r\n",
            name(asker)
        ));
    }
    export(inbox, "changes", "changes.csv", "filter-change-ledger", &rows, truth)?;

    let mut rows = String::from("Date,Test,Group,Device,Location,Expected,Result,Tested by,Notes\r\n");
    for (day, test, group, device, result) in CHECKS {
        rows.push_str(&format!(
            "{day} 08:15,{test},{group},{device},Library,Blocked,{result},{},\r\n",
            name(11)
        ));
    }
    export(inbox, "checks", "checks.csv", "filter-test-results", &rows, truth)?;

    let mut rows = String::from("Incident ID,Date,Student,Linked Students,Category,Incident,Status\r\n");
    let grave: Vec<&PlannedEpisode> = truth.episodes.iter().filter(|episode| episode.severity >= 4).collect();
    for (number, episode) in grave.iter().enumerate().filter(|(number, _)| number % 3 != 2) {
        let Some(pupil) = people.iter().find(|person| person.key == episode.person_key) else { continue };
        // The same afternoon, the next school day, or a week later.
        let day = later(&episode.local_date, [0, 1, 7, 1][number % 4]);
        let status = ["Closed", "Closed", "Open"][number % 3];
        rows.push_str(&format!(
            "FOL-{number:03},{} 15:40,\"{}, {}\",,{},zorkweed follow-up {number},{status}\r\n",
            day.strftime("%d/%m/%Y"),
            pupil.surname,
            pupil.first,
            if episode.theme == "Extremism" { "Extremism" } else { "Self-harm" },
        ));
    }
    export(inbox, "safeguarding", "followed.csv", "cpoms-incidents", &rows, truth)
}

/// A day of the calendar later, never on a weekend.
fn later(day: &str, days: i64) -> Date {
    let day: Date = day.parse().unwrap_or(Date::MIN);
    let mut found = day.checked_add(Span::new().days(days)).unwrap_or(day);
    while found.weekday().to_monday_zero_offset() > 4 {
        found = found.tomorrow().unwrap_or(found);
    }
    found
}

fn export(
    inbox: &Path,
    folder: &str,
    name: &str,
    format: &'static str,
    rows: &str,
    truth: &mut Truth,
) -> io::Result<()> {
    let place = inbox.join(folder);
    fs::create_dir_all(&place)?;
    let mut out = BufWriter::new(fs::File::create(place.join(name))?);
    out.write_all(rows.as_bytes())?;
    out.flush()?;
    truth.files.push(FileTruth {
        folder: folder.to_owned(),
        name: name.to_owned(),
        format,
        requests: rows.lines().count() as u64 - 1,
        headers: 1,
        ..FileTruth::default()
    });
    Ok(())
}

/// Writes the registers into the settings folder.
pub(super) fn write_registers(folder: &Path) -> io::Result<()> {
    for (name, text) in [
        (
            "exceptions.csv",
            "reference,holder,what,owner_role,review,valid_from,valid_to\n\
             E-1,Year 11,video for art,head of art,2025-10-31,2025-09-02,\n\
             E-2,Staff,the school's social media,headteacher,2026-01-09,2025-09-02,\n\
             E-3,Guests,streaming at open evenings,IT,2026-07-01,2025-09-02,\n",
        ),
        (
            "actions.csv",
            "action,finding,source,raised,owner_role,due,closed,evidence\n\
             A-1,a chemistry site was blocked for a whole class,overblocking,2025-10-03,DSL,2025-10-17,2025-10-09,change C-04\n\
             A-2,a night of logs is missing,coverage,2025-11-03,IT,2025-11-14,,\n\
             A-3,Years 8 and 9 were not tested,check,2025-11-10,IT,2026-01-16,,\n",
        ),
        (
            "aggregates.csv",
            "kind,period,group,measure,people,value,unit\n\
             survey,2025-autumn,all pupils,a site for school work was blocked this term,212,38,percent\n\
             survey,2025-autumn,all pupils,know whom to tell,212,81,percent\n\
             behaviour,2025-autumn,all pupils,bullying events on record,300,14,count\n",
        ),
    ] {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}
