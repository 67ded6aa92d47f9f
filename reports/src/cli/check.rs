//! `watershed check`: what is wrong with an installation, and how to mend it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ingest::keys::PublicKey;
use ingest::pseudonymise::Keyring;
use ingest::retention::Retain;
use ingest::school::{AcademicYear, Config, SchoolConfig, SchoolRoot};
use ingest::settings::Settings;
use ingest::state::{Embargo, Hold, State};
use jiff::civil::Date;
use query::audit::AccessAudit;
use query::disclosure::ledger::Ledger;

use super::{Context, Ended, Format, access, feeds, investigations, mailing};
use crate::paperwork::without_head;

/// One finding.
struct Finding {
    school: String,
    what: &'static str,
    good: bool,
    says: String,
}

pub(crate) fn run(context: &Context) -> anyhow::Result<Ended> {
    let config = Config::load(&context.dir)?;
    let mut findings = Vec::new();
    for school in &config.schools {
        school_findings(&context.dir, school, &mut findings);
        paper_findings(&context.dir, &config, school, &mut findings);
        feed_findings(&context.dir, school, &mut findings);
    }
    anyhow::ensure!(!config.schools.is_empty(), "there is no school here; run `watershed init` first");
    if context.format == Format::Json {
        let list: Vec<_> = findings
            .iter()
            .map(|finding| serde_json::json!({"school": finding.school, "what": finding.what, "good": finding.good, "says": finding.says}))
            .collect();
        context
            .printer
            .out(&serde_json::json!({"schema": "watershed.check/1", "findings": list}).to_string());
    } else {
        let rows = findings
            .iter()
            .map(|finding| {
                let state = if finding.good { "good" } else { "mend" };
                vec![finding.school.clone(), finding.what.to_owned(), state.to_owned(), finding.says.clone()]
            })
            .collect();
        context.printer.out(&context.printer.grid(&["school", "what", "state", ""], rows));
    }
    Ok(if findings.iter().all(|finding| finding.good) { Ended::Well } else { Ended::NeedsALook })
}

fn school_findings(dir: &Path, school: &SchoolConfig, findings: &mut Vec<Finding>) {
    let root = SchoolRoot::of(dir, school);
    let mut add = |what: &'static str, result: Result<String, String>| {
        let (good, says) = match result {
            Ok(says) => (true, says),
            Err(says) => (false, says),
        };
        findings.push(Finding { school: school.id.to_string(), what, good, says });
    };
    add("folders", folders(&root));
    add(
        "data files",
        match Settings::load(&root, school) {
            Ok(settings) => {
                let times = match settings.lesson_periods().is_own() {
                    true => "",
                    false => {
                        "; the bell times are those that ship: put the school's into periods.csv before logs come in, or \
                         nothing is told of lessons in governors' sets"
                    }
                };
                Ok(format!("version {}{times}", settings.version()))
            }
            Err(error) => Err(error.to_string()),
        },
    );
    add("vault recipients", recipients(school));
    add(
        "pseudonym keys",
        match Keyring::open(&school.pseudonym_key_dir, &school.id, dir) {
            Ok(keyring) => keys(&keyring, &root, school),
            Err(error) => Err(error.to_string()),
        },
    );
    add("unfinished work", unfinished(&root));
    add("retention clocks", Ok(school.retention.words()));
    add("retention", retention(dir, school));
    for says in holds(&root, school) {
        add("holds", says);
    }
    for says in embargoes(&root, school) {
        add("embargoes", says);
    }
    add("staff concerns", heads(&root, today(school)));
    add(
        "deletion log",
        match State::open(&root).and_then(|state| state.verify_deletions()) {
            Ok(chain) => Ok(format!("{} entries, each bound to the one before", chain.entries)),
            Err(error) => Err(error.to_string()),
        },
    );
    add(
        "release ledger",
        match Ledger::open(dir, &school.id).and_then(|ledger| ledger.verify()) {
            Ok(verification) if verification.is_sound() => Ok("every entry verifies".to_owned()),
            Ok(_) => Err("an entry does not verify; restore the state file from a back-up".to_owned()),
            Err(error) => Err(error.to_string()),
        },
    );
    add("investigations", investigations::standing(dir, &root, school));
    add(
        "releases in the audit",
        match AccessAudit::note_missed_releases(dir, &school.id) {
            Ok(0) => Ok("the access audit knows every entry of the release ledger".to_owned()),
            Ok(missed) => Err(format!(
                "{missed} entries of the release ledger were not in the access audit, and are entered now as found afterwards"
            )),
            Err(error) => Err(error.to_string()),
        },
    );
    add("disk encryption", encrypted(&root.lake()));
    add(
        "limits",
        Ok(format!(
            "settle time {} s, record at most 64 KiB, sources kept {} days, notice level 1 % of a file's records",
            school.settle_seconds, school.keep_sources_days
        )),
    );
}

/// Who is told of openings, and whether the access rights were looked through in the last year (R91).
fn paper_findings(dir: &Path, config: &Config, school: &SchoolConfig, findings: &mut Vec<Finding>) {
    let mut add = |what: &'static str, result: Result<String, String>| {
        let (good, says) = match result {
            Ok(says) => (true, says),
            Err(says) => (false, says),
        };
        findings.push(Finding { school: school.id.to_string(), what, good, says });
    };
    add("mail", mailing::standing(dir, config.mail.as_ref(), school));
    add("access review", access::standing(dir, config, school));
}

/// Where the keys are; none of a year whose key was destroyed.
fn keys(keyring: &Keyring, root: &SchoolRoot, school: &SchoolConfig) -> Result<String, String> {
    let state = State::open(root).map_err(|error| error.to_string())?;
    let mut destroyed = keyring.destroyed().map_err(|error| error.to_string())?;
    destroyed.extend(state.destroyed_keys().map_err(|error| error.to_string())?.iter().map(|key| key.year));
    let there = keyring.years().map_err(|error| error.to_string())?;
    let back: Vec<String> = destroyed.intersection(&there).map(ToString::to_string).collect();
    if back.is_empty() {
        let place = school.pseudonym_key_dir.display();
        return Ok(format!("{place}; years with a key {}, destroyed {}", there.len(), destroyed.len()));
    }
    Err(format!(
        "a key file is there of a year whose key was destroyed ({}); run `watershed retain`, and find the copy it came from",
        back.join(", ")
    ))
}

/// Whether anything is past its clock.
fn retention(dir: &Path, school: &SchoolConfig) -> Result<String, String> {
    let report = Retain { dir, school, today: None, days: None }.plan().map_err(|error| error.to_string())?;
    let whole = match report.sealed_whole {
        0 => String::new(),
        files => format!(
            "{files} sealed files past their clock stay whole, other people's rows included, until `watershed retain hold thin` takes them apart with a DSL's key"
        ),
    };
    let (rows, files, _) = report.totals();
    if let Some(why) = &report.unexpected {
        return Err(format!(
            "{why}; `watershed retain --dry-run` lists what would go, and `watershed retain --days-are {}` says that it is right",
            report.days_closed
        ));
    }
    if report.is_empty() {
        return if whole.is_empty() { Ok("nothing is past its clock".to_owned()) } else { Err(whole) };
    }
    let whole = if whole.is_empty() { whole } else { format!("; {whole}") };
    Err(format!(
        "{rows} rows and {files} files are past their clock or half dropped; `watershed retain --dry-run` lists them, `watershed retain` drops them{whole}"
    ))
}

/// Holds that hold, and those whose review is overdue.
fn holds(root: &SchoolRoot, school: &SchoolConfig) -> Vec<Result<String, String>> {
    let found = State::open(root).and_then(|state| state.holds());
    let (Ok(holds), Ok(zone)) = (found, jiff::tz::TimeZone::get(&school.zone)) else {
        return vec![Err("the holds cannot be read".to_owned())];
    };
    let today = jiff::Zoned::now().with_time_zone(zone).date();
    let active: Vec<_> = holds.into_iter().filter(Hold::is_active).collect();
    let overdue = active.iter().filter(|hold| hold.review < today).map(|hold| {
        Err(format!(
            "hold {} was to be reviewed on {} by {}; release it or make a new one",
            hold.id, hold.review, hold.owner
        ))
    });
    let over_years =
        |hold: &&Hold| hold.person.is_some() && AcademicYear::of(hold.from) != AcademicYear::of(hold.to);
    // Made before this was refused.
    let of_one_year = active.iter().filter(over_years).map(|hold| {
        Err(format!(
            "hold {} is on one person over more than one academic year, and keeps rows under the pseudonym of one of them only; make a hold for each year",
            hold.id
        ))
    });
    let interrupted = State::open(root).and_then(|state| state.unfinished_thinning());
    let interrupted = match interrupted {
        Ok(0) => None,
        Ok(files) => Some(Err(format!(
            "a thinning of {files} sealed files was interrupted; `watershed retain hold thin` goes on with it"
        ))),
        Err(error) => Some(Err(error.to_string())),
    };
    let wrong: Vec<_> = overdue.chain(of_one_year).chain(interrupted).collect();
    if wrong.is_empty() { vec![Ok(format!("{} hold, no review is overdue", active.len()))] } else { wrong }
}

/// The school's day; that of UTC where its zone is unknown, which is a finding of its own.
fn today(school: &SchoolConfig) -> Date {
    let zone = jiff::tz::TimeZone::get(&school.zone).unwrap_or(jiff::tz::TimeZone::UTC);
    jiff::Timestamp::now().to_zoned(zone).date()
}

/// Whether somebody looks again at what is marked live, and whether the marks follow their persons.
fn embargoes(root: &SchoolRoot, school: &SchoolConfig) -> Vec<Result<String, String>> {
    let Ok(known) = State::open(root).and_then(|state| state.embargoes()) else {
        return vec![Err("the embargoes cannot be read".to_owned())];
    };
    let today = today(school);
    let live: Vec<_> = known.into_iter().filter(Embargo::is_live).collect();
    let overdue: Vec<_> = live
        .iter()
        .filter(|known| known.review < today)
        .map(|known| {
            Err(format!(
                "embargo {} was to be reviewed on {} by {}; lift it or make a new one",
                known.id, known.review, known.reviewer
            ))
        })
        .collect();
    let mut wrong = overdue;
    wrong
        .extend(unfollowed(root, today).unwrap_or_else(|error| vec![error.to_string()]).into_iter().map(Err));
    if wrong.is_empty() { vec![Ok(format!("{} live, no review is overdue", live.len()))] } else { wrong }
}

/// Live marks that do not reach their person's rows of this academic year or the one before.
fn unfollowed(root: &SchoolRoot, today: Date) -> Result<Vec<String>, query::Error> {
    let state = State::open(root)?;
    let year = AcademicYear::of(today);
    let mut found = Vec::new();
    for year in [year.before(), year] {
        for id in query::unfollowed_matters(root, year)? {
            found.push(format!(
                "embargo {id}: nobody knows the pseudonym that its person has in {year}, whose rows are not hidden; take in the roster of {year}, or lift it"
            ));
        }
        for id in state.embargoes_without_person(year)? {
            found.push(format!(
                "embargo {id}: the roster of {year} does not have its person; if an account of that person goes on, mark its pseudonym too"
            ));
        }
    }
    Ok(found)
}

/// Whether what concerns the head can be told apart from what concerns other staff, in this academic year and in
/// all that have a roster.
fn heads(root: &SchoolRoot, today: Date) -> Result<String, String> {
    let read = || without_head(&State::open(root)?, today);
    let without = read().map_err(|error: query::Error| error.to_string())?;
    if without.is_empty() {
        return Ok("concerns about the head go to the roles that concerns.csv names".to_owned());
    }
    Err(format!(
        "no roster of {} says who leads the school, so what concerns staff in it is shown to nobody; write `head` as that person's role and run `watershed people import`",
        without.join(", ")
    ))
}

/// Findings about feeds that are listed one by one.
const LISTED: usize = 10;

fn feed_findings(dir: &Path, school: &SchoolConfig, findings: &mut Vec<Finding>) {
    let mut add =
        |good, says| findings.push(Finding { school: school.id.to_string(), what: "feeds", good, says });
    match feeds::recent(dir, &school.id) {
        Err(error) => add(false, format!("{error:#}")),
        Ok(found) if found.is_empty() => {
            add(true, "as expected in the last 14 school days, as far as they show".to_owned());
        }
        Ok(found) => {
            for finding in found.iter().take(LISTED) {
                add(false, finding.line());
            }
            if found.len() > LISTED {
                add(
                    false,
                    format!(
                        "{} more of the last 14 school days; run `watershed coverage --table findings`",
                        found.len() - LISTED
                    ),
                );
            }
        }
    }
}

fn folders(root: &SchoolRoot) -> Result<String, String> {
    for folder in [root.root().to_path_buf(), root.lake(), root.vault(), root.inbox()] {
        let metadata = std::fs::metadata(&folder)
            .map_err(|error| format!("{}: {}; run `watershed init`", folder.display(), error.kind()))?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o007 != 0 {
            return Err(format!("{} can be entered by anybody; run `chmod o-rwx` on it", folder.display()));
        }
    }
    Ok("there, and closed to others".to_owned())
}

fn recipients(school: &SchoolConfig) -> Result<String, String> {
    for recipient in &school.recipients {
        if PublicKey::parse(&recipient.public_key).is_err() {
            return Err(format!(
                "the key of `{}` in watershed.toml is damaged; put the .pub file's line there",
                recipient.name
            ));
        }
    }
    match school.recipients.len() {
        0 => Err("nobody could open the vault; add a [[school.recipients]] to watershed.toml".to_owned()),
        1 => {
            Err("one only: if that key is lost, so is the vault; add a deputy's or a recovery key".to_owned())
        }
        several => Ok(format!("{several} can open it")),
    }
}

fn unfinished(root: &SchoolRoot) -> Result<String, String> {
    let state = State::open(root).map_err(|error| error.to_string())?;
    let imports = state.open_imports().map_err(|error| error.to_string())?.len();
    let days = state.dirty_days().map_err(|error| error.to_string())?.len();
    let unmapped = state.unmapped().map_err(|error| error.to_string())?.len();
    if let Some((_, begun)) = state.erasing_why().map_err(|error| error.to_string())? {
        return Err(format!(
            "an erasure that was begun at {begun} was interrupted: the person is half erased; run `watershed erase --finish` with a DSL's key"
        ));
    }
    if imports + days > 0 {
        return Err(format!("{imports} imports and {days} days are unfinished; run `watershed ingest`"));
    }
    if unmapped > 0 {
        return Err(format!(
            "{unmapped} category words or group names are not mapped; the DSL can read them in the vault, settings/category_map.csv and settings/groups.toml answer them"
        ));
    }
    Ok("none".to_owned())
}

/// Whether the folder lies on a volume that the kernel encrypts (dm-crypt).
pub(super) fn encrypted(folder: &Path) -> Result<String, String> {
    let advice = "not known to be on an encrypted volume: use LUKS or an encrypted disk image";
    let Ok(folder) = folder.canonicalize() else { return Err(advice.to_owned()) };
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let device = mounts
        .lines()
        .filter_map(|line| {
            let mut columns = line.split(' ');
            Some((columns.next()?, columns.next()?))
        })
        .filter(|(_, point)| folder.starts_with(point))
        .max_by_key(|(_, point)| point.len())
        .map(|(device, _)| device.to_owned());
    let Some(device) = device else { return Err(advice.to_owned()) };
    let Ok(device) = Path::new(&device).canonicalize() else { return Err(advice.to_owned()) };
    let name = device.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match std::fs::read_to_string(format!("/sys/block/{name}/dm/uuid")) {
        Ok(uuid) if uuid.starts_with("CRYPT-") => Ok("the lake's volume is encrypted".to_owned()),
        _ => Err(advice.to_owned()),
    }
}
