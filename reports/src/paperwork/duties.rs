//! Who sees what: accounts, pages, keys; and when somebody last looked through that (R91).

use ingest::school::{MailSetting, SchoolConfig};

use super::facts::{Facts, sees_staff};
use super::impact::REVIEW_DAYS;
use super::paper::{Paper, row};
use crate::chart::words;
use crate::http::accounts::{Account, Role};
use crate::http::duties::{CONCERNS, PAGES, Page};

pub(super) fn paper(facts: &Facts) -> Paper {
    let mut paper = Paper::new("role-matrix", "Who can see what", facts);
    paper.section("Review");
    paper.says(match review_words(facts) {
        Ok(says) | Err(says) => says,
    });
    paper.says(match &facts.openings_reviewed {
        Some(review) => format!(
            "The log of openings was last reviewed on {} by: {}.",
            words::day(&review.date),
            review.role
        ),
        None => "The log of openings has not been reviewed yet.".to_owned(),
    });
    let rows = facts
        .accounts
        .iter()
        .map(|account| {
            let standing = if account.disabled { "disabled" } else { "active" };
            let since = words::day(account.changed_utc.get(..10).unwrap_or_default());
            row([&account.name, account.role.in_words(), standing, &since])
        })
        .collect();
    paper.section("Sign-ins of the site");
    if facts.accounts.is_empty() {
        paper.says("There are none.");
    } else {
        paper.table("Accounts", &["Account", "Role", "State", "Changed"], rows);
    }
    let pages = PAGES
        .iter()
        .flat_map(|page| {
            Role::ALL
                .into_iter()
                .map(move |role| row([page.route, page.shows, role.in_words(), answer(facts, page, role)]))
        })
        .collect();
    paper.section("Pages by role").table("Pages", &["Page", "Shows", "Role", "Sees it"], pages);
    paper.says("Without a sign-in: the sealed sets for parents, and nothing else about anybody.");
    let keys = facts
        .school
        .recipients
        .iter()
        .map(|one| {
            row([
                &one.name,
                "unlock, subject-access, erase, keys; names included",
                "a reason, kept in the log of openings",
            ])
        })
        .collect();
    paper.section("Keys of the vault").table("Keys", &["Key of", "Opens", "Needs"], keys);
    let mailed = facts.mailed_to();
    paper.says(if mailed.is_empty() {
        "Nobody is told of openings by mail.".to_owned()
    } else {
        format!("Told of openings by mail (no name, no reason): {}.", mailed.join(", "))
    });
    paper.section("At the machine").list([
        "Whoever has the operating system's account that runs Watershed can ask for all figures, write statements over pseudonymous rows, make accounts, and seal sets. Statements are kept.",
        "Nobody at the machine can open names without a key.",
        "Watershed does not know who has that account, the inbox, or the place of the keys.",
    ]);
    paper.gap("who has the account that runs Watershed, who can write to the inbox, who can reach the pseudonym keys");
    paper
}

/// Whether a role sees a page, by the route and by `concerns.csv`.
fn answer(facts: &Facts, page: &Page, role: Role) -> &'static str {
    let (staff, head) = (facts.concerns.about_staff(role.word()), facts.concerns.about_head(role.word()));
    match page.route {
        _ if !page.roles.contains(&role) => "no",
        CONCERNS if staff && head => "yes, and what concerns the head",
        CONCERNS if staff => "yes, but not what concerns the head",
        CONCERNS if head => "only what concerns the head",
        CONCERNS => "no, by concerns.csv",
        _ => "yes",
    }
}

/// What a role sees, from the pages that it gets.
pub(super) fn sees(facts: &Facts, role: Role) -> String {
    let gets = |page: &&Page| {
        page.roles.contains(&role) && (page.route != CONCERNS || sees_staff(role, &facts.concerns))
    };
    let pages = PAGES.iter().filter(gets).map(|page| page.shows);
    let list = pages.collect::<Vec<_>>().join("; ");
    if list.is_empty() { "Nothing".to_owned() } else { list }
}

/// The access rights as a list, for the review's digest: every account that can sign in, every key, every address.
pub(crate) fn rights(school: &SchoolConfig, mail: Option<&MailSetting>, accounts: &[Account]) -> String {
    let mut lines: Vec<String> = accounts
        .iter()
        .filter(|account| !account.disabled)
        .map(|account| format!("account\t{}\t{}", account.name, account.role.word()))
        .collect();
    lines.extend(school.recipients.iter().map(|one| format!("key\t{}\t{}", one.name, one.public_key)));
    let mailed = mail.map_or(&[][..], |mail| mail.recipients(&school.id));
    lines.extend(mailed.iter().map(|address| format!("mail\t{address}")));
    lines.sort();
    lines.join("\n")
}

/// Whether the access rights were reviewed within a year and are what they were then.
pub(crate) fn review_words(facts: &Facts) -> Result<String, String> {
    review(facts.access_reviewed.as_ref(), facts.made_on)
}

/// The same of a review, on a day.
pub(crate) fn review(
    review: Option<&query::audit::AccessReview>,
    today: jiff::civil::Date,
) -> Result<String, String> {
    let Some(review) = review else {
        return Err("The access rights have not been reviewed yet; they are to be at least once a year (`watershed access review`).".to_owned());
    };
    let on = words::day(&review.date);
    let days = words::date(&review.date)
        .and_then(|date| today.since(date).ok())
        .map_or(i32::MAX, |span| span.get_days());
    if days > REVIEW_DAYS {
        return Err(format!(
            "The access rights were last reviewed on {on}, more than a year ago, by: {}.",
            review.role
        ));
    }
    if !review.unchanged {
        return Err(format!(
            "The access rights have changed since they were reviewed on {on} by: {}.",
            review.role
        ));
    }
    Ok(format!("The access rights were reviewed on {on} by: {}, and have not changed since.", review.role))
}

/// The first letter large.
pub(super) fn capital(text: &str) -> String {
    words::sentence(text)
}
