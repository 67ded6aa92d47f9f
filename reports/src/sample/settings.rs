//! The made-up school's own data files: what a real school would correct after `init`.

use std::fs;
use std::io;
use std::path::Path;

use super::SampleSchool;

const PERIODS: &str = "name,from,to,weekdays\n\
    Tutor time,08:40,09:00,Mon-Fri\nPeriod 1,09:00,09:50,Mon-Fri\nPeriod 2,09:50,10:40,Mon-Fri\nBreak,10:40,11:00,Mon-Fri\n\
    Period 3,11:00,11:50,Mon-Fri\nPeriod 4,11:50,12:40,Mon-Fri\nLunch,12:40,13:30,Mon-Fri\nPeriod 5,13:30,14:20,Mon-Fri\n\
    Period 6,14:20,15:10,Mon-Fri\n";

/// Writes the settings folder.
pub(super) fn write(school: SampleSchool, folder: &Path, years: &[u8], per_year: usize) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut roll = String::from("year_group,pupils,counted,academic_year\n");
    for year in years {
        let counted = if school.shared_up_to().is_some_and(|last| *year <= last) { "no" } else { "yes" };
        let name = if *year == 0 { "R".to_owned() } else { year.to_string() };
        roll.push_str(&format!("{name},{per_year},{counted},2025-26\n"));
    }
    fs::write(folder.join("roll.csv"), roll)?;
    // Teacher days; bank holidays ship with the product.
    fs::write(
        folder.join("calendar.csv"),
        "date,day_type,half_term,school_week,note\n2025-09-01,inset,,,\n2026-01-05,inset,,,\n2026-04-13,inset,,,\n",
    )?;
    // The school has the bell times that ship with the product, and says so.
    fs::write(folder.join("periods.csv"), PERIODS)?;
    fs::write(
        folder.join("networks.csv"),
        "cidr,network,kind\n10.1.0.0/16,Classrooms,site\n10.2.0.0/16,Staff,site\n10.9.0.0/16,Guests,guest\n",
    )?;
    if school.shared_up_to().is_some() {
        fs::write(
            folder.join("shared_accounts.csv"),
            "pattern,role,note\nclass-*,pupil,young pupils share one\n",
        )?;
    }
    Ok(())
}
