//! A paragraph for the school's privacy notice, for pupils from eleven on and their parents.

use ingest::formats::profile::RecordSort;

use super::facts::{Facts, count};
use super::paper::{Paper, gap};

pub(super) fn paper(facts: &Facts) -> Paper {
    let mut paper = Paper::new("privacy-notice", "For the privacy notice: the web filter", facts);
    paper.section("What we do");
    paper.says("Our school uses a web filter. It stops web sites that may do harm. We also use a program called Watershed. It reads what the filter wrote down.");
    paper.says(
        "We do this to keep you safe. We want to see if the filter works, and if someone may need help.",
    );
    paper.section("What we look at").list(sources(facts));
    paper.section("Who can see it").list(viewers());
    paper.section("How long we keep it").list(clocks(facts));
    paper.section("How we keep it safe").list(safe(facts));
    paper.section("What you can do");
    paper.says("You can ask us what we hold about you. You can ask us to mend it if it is wrong. You can ask us to delete it. We may have to say no, and then we tell you why.");
    paper.gap("whom to ask, and how to reach the data protection officer");
    paper.says("If you are not happy with our answer, you can tell the Information Commissioner.");
    paper.gap("lawful basis in plain words, confirmed by the DPO");
    paper
}

fn sources(facts: &Facts) -> Vec<String> {
    let mut points = Vec::new();
    let mut when = |is: bool, says: &str| {
        if is {
            points.push(says.to_owned());
        }
    };
    when(
        facts.has(RecordSort::Request),
        "The web sites you ask for at school. When it was, which account or computer it was, and what the filter did. This can also be the words you search for.",
    );
    when(facts.has(RecordSort::Incident), "Notes that staff make when they are worried about someone.");
    when(facts.has(RecordSort::Change), "What people ask us to open or to block.");
    when(facts.has(RecordSort::Check), "Tests that staff do to see if the filter works.");
    if facts.sources.is_empty() {
        points.push("Nothing yet.".to_owned());
    }
    points.push("We do not look at your screen, and we do not read your messages.".to_owned());
    points
}

fn viewers() -> Vec<String> {
    let mut points = vec![
        "Names are locked away. Only the safeguarding lead, or someone who holds a key for them, can open them. They must give a reason each time, and we keep a list of that.".to_owned(),
        "Other staff may see numbers, and rows without names.".to_owned(),
        "School governors and parents only see ranges, such as 10 to 14. No child can be picked out.".to_owned(),
    ];
    // The same whatever was shared and with whom: that a child's services were told is not for everybody to read.
    points.push(
        "We may have to tell others, such as social workers or the police. We do that to keep a child safe, or when the law says so. We write it down each time."
            .to_owned(),
    );
    points
}

fn clocks(facts: &Facts) -> Vec<String> {
    let years = match facts.school.retention.previous_years {
        0 => "We keep counts without names until the end of the school year.".to_owned(),
        years => format!(
            "We keep rows without names for this school year and {} before it.",
            count(u16::from(years), "year")
        ),
    };
    let mut points = vec![
        format!("We keep what you did online, with your name and the web sites, for {}.", facts.detail()),
        years,
        format!("A locked list of who is at our school stays for {}.", facts.roster()),
        "Then we delete them, and nobody can put the names back.".to_owned(),
    ];
    if !facts.holds.is_empty() {
        points.push(
            "Sometimes we must keep some of it for longer, to keep someone safe. That is so now.".to_owned(),
        );
    }
    if !facts.school.retention.nightly {
        points
            .push(gap("who deletes it and how often; the program does not do it by itself as it is set up"));
    }
    points
}

fn safe(facts: &Facts) -> Vec<String> {
    let mut points =
        vec!["Names are locked with a code. The computer that locks them cannot open them.".to_owned()];
    if facts.disk_encrypted {
        points.push("The disk is locked as well.".to_owned());
    }
    if facts.service.as_ref().is_some_and(|standing| standing.encrypted) {
        points.push("The pages that staff look at are locked on their way.".to_owned());
    }
    points
}
