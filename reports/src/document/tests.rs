//! What the papers must say, and how plainly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use super::*;
use crate::chart::examples;

/// A log whose head is all `ab`.
fn statement(reviewed: bool) -> Statement {
    let review = query::audit::Reviewed {
        role: "headteacher".to_owned(),
        date: "2026-02-11".to_owned(),
        head: "cd".repeat(32),
    };
    Statement { head: "ab".repeat(32), reviewed: reviewed.then_some(review) }
}

/// Words between the tags, styles left out.
fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        text.push_str(&rest[..start]);
        text.push(' ');
        let tag = &rest[start..];
        let skip = if tag.starts_with("<style") {
            "</style>"
        } else if tag.starts_with("<svg") {
            "</svg>"
        } else {
            ">"
        };
        rest = &tag[tag.find(skip).unwrap() + skip.len()..];
    }
    text.push_str(rest);
    text
}

/// Words of the template that are the same for every school: paragraphs and list items.
fn fixed_sentences(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for tag in ["<p>", "<p class=\"lead\">", "<p class=\"finding\">", "<li>"] {
        for part in html.split(tag).skip(1) {
            let inner =
                plain(&part[..part.find("</p>").into_iter().chain(part.find("</li>")).min().unwrap()]);
            let marked = inner.replace(". ", ".|").replace("? ", "?|");
            found.extend(marked.split('|').map(str::trim).filter(|s| s.contains(' ')).map(ToOwned::to_owned));
        }
    }
    found
}

fn syllables(word: &str) -> usize {
    let word: String = word.to_lowercase().chars().filter(char::is_ascii_alphabetic).collect();
    let vowel = |c: char| "aeiouy".contains(c);
    let mut count = 0;
    let mut before = false;
    for character in word.chars() {
        if vowel(character) && !before {
            count += 1;
        }
        before = vowel(character);
    }
    let silent = word.ends_with('e') && !word.ends_with("le") && count > 1;
    (count - usize::from(silent)).max(1)
}

/// Flesch-Kincaid grade of all sentences together.
pub(crate) fn grade(sentences: &[String]) -> f64 {
    let words: Vec<&str> = sentences.iter().flat_map(|sentence| sentence.split_whitespace()).collect();
    let syllables: usize = words.iter().map(|word| syllables(word)).sum();
    0.39 * words.len() as f64 / sentences.len() as f64 + 11.8 * syllables as f64 / words.len() as f64 - 15.59
}

#[test]
fn syllables_are_counted_about_right() {
    for (word, count) in [("filter", 2), ("school", 1), ("made", 1), ("governors", 3), ("table", 2)] {
        assert_eq!(syllables(word), count, "{word}");
    }
}

#[test]
fn parents_and_governors_can_read_their_pages() {
    let without_statements = |mut set: SealedSet| {
        // The ledger's statements are worded and tested where they are made.
        set.statements.clear();
        set
    };
    let parents = parent_text(&without_statements(examples::parents()), Style::Linked).unwrap();
    let village = parent_text(&without_statements(examples::village()), Style::Linked).unwrap();
    let governors =
        governor_text(&without_statements(examples::governors()), Some(&statement(true)), Style::Linked)
            .unwrap();
    for (html, most) in [(parents, 6.0), (village, 6.0), (governors, 9.0)] {
        let sentences = fixed_sentences(&html);
        assert!(sentences.len() > 8);
        for sentence in &sentences {
            assert!(sentence.split_whitespace().count() <= 25, "{sentence}");
        }
        assert!(grade(&sentences) <= most, "{} for {sentences:#?}", grade(&sentences));
    }
}

#[test]
fn every_paper_carries_its_release() {
    let set = examples::parents();
    for text in [parent_text(&set, Style::Inside).unwrap(), fragment_text(&set).unwrap()] {
        assert!(text.contains(&set.id));
        assert!(text.contains("Anonymised figures"));
    }
    let governors = examples::governors();
    let text = governor_text(&governors, Some(&statement(false)), Style::Inside).unwrap();
    assert!(text.contains(&governors.id));
    assert!(text.contains("Some matters are never reported here, whether or not any arose."));
}

#[test]
fn papers_fetch_nothing_and_run_nothing() {
    let set = examples::parents();
    for text in [
        parent_text(&set, Style::Inside).unwrap(),
        fragment_text(&set).unwrap(),
        governor_text(&examples::governors(), Some(&statement(true)), Style::Inside).unwrap(),
    ] {
        for forbidden in
            ["<script", "http-equiv", "<link", "<iframe", "src=", "@import", " onload", "javascript:"]
        {
            assert!(!text.contains(forbidden), "{forbidden}");
        }
        let addresses = text.replace("http://www.w3.org/2000/svg", "");
        assert!(!addresses.contains("http://") && !addresses.contains("https://"));
    }
}

#[test]
fn the_governors_finding_is_the_range() {
    let text = governor_text(&examples::governors(), Some(&statement(true)), Style::Inside).unwrap();
    assert!(text.contains("Between 210 and 214 of 1,030 pupils"));
    for row in &examples::governors().tables[1].rows {
        assert!(text.contains(&row.row) && text.contains(&row.shown.words()));
    }
}

#[test]
fn a_small_school_has_a_paper_without_pupils() {
    let text = parent_text(&examples::village(), Style::Inside).unwrap();
    assert!(text.contains("we do not give numbers of pupils"));
    assert!(text.contains("25 sites"));
    assert!(!text.contains("Each bar"));
}

#[test]
fn alternative_text_is_short_enough() {
    assert!(alternative(&examples::parents(), true).chars().count() <= 125);
    assert!(alternative(&examples::village(), false).chars().count() <= 125);
}

#[test]
fn a_copy_has_an_end() {
    assert_eq!(a_year_after("2026-01-05"), "5 January 2027");
}

#[test]
fn governors_read_who_reviewed_the_openings_and_not_how_many_there_were() {
    let set = examples::governors();
    let page = |audit: Option<&Statement>| governor_text(&set, audit, Style::Inside).unwrap();
    let section = |page: &str| {
        let (before, rest) = page.split_once("<section class=\"audit-head\" id=\"audit-head\">").unwrap();
        let (section, after) = rest.split_once("</section>").unwrap();
        (section.to_owned(), format!("{before}{after}"))
    };
    let (reviewed, around) = section(&page(Some(&statement(true))));
    assert!(reviewed.contains("up to 11 February 2026") && reviewed.contains("headteacher"), "{reviewed}");
    assert!(reviewed.contains(&"ab".repeat(32)) && !reviewed.contains("cd"), "{reviewed}");
    // All digits of the section are the date's: no number of openings.
    let digits: String =
        reviewed.replace("<h2>", "").replace("</h2>", "").chars().filter(char::is_ascii_digit).collect();
    assert_eq!(digits, "112026", "{reviewed}");
    let (not_yet, around_not_yet) = section(&page(Some(&statement(false))));
    assert!(not_yet.contains("No review of that log is on record yet"));
    let (broken, _) = section(&page(None));
    assert!(broken.contains("does not verify") && !broken.contains("abab"));
    assert_eq!(around, around_not_yet, "the sealed set's part does not depend on the log");
    assert!(!parent_text(&examples::parents(), Style::Inside).unwrap().contains("audit-head"));
}
