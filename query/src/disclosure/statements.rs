//! The fixed sentences of a sealed set. They depend on roll, shape and audience, never on a figure.

use super::policy::AudienceWord;
use super::shape::Shape;

/// Printed every time, so that its absence can never be news (rule 4).
pub(super) const NEVER: &str = "Some matters are never reported here, whether or not any arose.";

/// All sentences of a set; `shared` are the year groups that use shared log-ins.
pub(super) fn statements(audience: AudienceWord, shape: Shape, shared: &[i8]) -> Vec<String> {
    let mut said = vec![NEVER.to_owned()];
    if shape.tables {
        let (few, left) = match audience {
            AudienceWord::Governors => ("Fewer than 10", "fewer than 10"),
            AudienceWord::Parents => ("Fewer than 20", "about 20 or fewer"),
        };
        said.extend([
            "Every figure counts pupils with at least one matter of concern in the row, once each, however often it \
             happened and whether or not the filter stopped it."
                .to_owned(),
            format!(
                "Figures are given as ranges so that no child can be recognised. \"{few} (may be none)\" is said of \
                 none as well; \"all or nearly all\" means that {left} pupils are left."
            ),
            "Parts need not add up: a pupil can stand in several rows, and each range stands for itself.".to_owned(),
            "\"Not available this term\" is said where the logs cannot carry a figure, and where a range would say too \
             much."
                .to_owned(),
            "Use that cannot be tied to one pupil, and pupils whose year group is not known, are in no figure about \
             pupils; staff and visitors are in none of those either."
                .to_owned(),
        ]);
    } else {
        said.push(
            match audience {
                AudienceWord::Governors => {
                    "With fewer than 30 pupils counted, no figure about pupils is given: in so small a school any \
                     number could point to a child."
                }
                AudienceWord::Parents => {
                    "With fewer than 200 pupils counted, figures about pupils are not published to families: in a \
                     small school even a range could point to a child. The school's safeguarding staff see what they \
                     need to see, whatever its size."
                }
            }
            .to_owned(),
        );
    }
    said.push(
        "\"Not measured\" is said of a measure where what it needs was never recorded, covers too little, or \
         was deleted on the day that the school's own rules name."
            .to_owned(),
    );
    said.extend(shared_log_ins(shared));
    said
}

/// "Reception to Year 2 share log-ins and are not counted."
fn shared_log_ins(years: &[i8]) -> Option<String> {
    let mut years = years.to_vec();
    years.sort_unstable();
    years.dedup();
    let mut runs: Vec<(i8, i8)> = Vec::new();
    for year in years {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == year => *last = year,
            _ => runs.push((year, year)),
        }
    }
    let single = matches!(runs.as_slice(), [(first, last)] if first == last);
    let mut words: Vec<String> = runs
        .into_iter()
        .map(|(first, last)| match last - first {
            0 => year_words(first),
            1 => format!("{} and {}", year_words(first), year_words(last)),
            _ => format!("{} to {}", year_words(first), year_words(last)),
        })
        .collect();
    let last = words.pop()?;
    let names = if words.is_empty() { last } else { format!("{} and {last}", words.join(", ")) };
    Some(if single {
        format!("{names} shares log-ins and is not counted.")
    } else {
        format!("{names} share log-ins and are not counted.")
    })
}

/// A year group in words.
pub(super) fn year_words(year: i8) -> String {
    match year {
        ..=-1 => "Nursery".to_owned(),
        0 => "Reception".to_owned(),
        year => format!("Year {year}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]
    use super::*;

    #[test]
    fn year_groups_with_shared_log_ins_are_named() {
        assert_eq!(shared_log_ins(&[]), None);
        assert_eq!(
            shared_log_ins(&[2, 0, 1]).unwrap(),
            "Reception to Year 2 share log-ins and are not counted."
        );
        assert_eq!(shared_log_ins(&[0]).unwrap(), "Reception shares log-ins and is not counted.");
        assert_eq!(
            shared_log_ins(&[0, 1]).unwrap(),
            "Reception and Year 1 share log-ins and are not counted."
        );
        assert_eq!(
            shared_log_ins(&[-1, 0, 1, 4]).unwrap(),
            "Nursery to Year 1 and Year 4 share log-ins and are not counted."
        );
    }

    #[test]
    fn the_first_sentence_is_there_every_time() {
        for audience in [AudienceWord::Governors, AudienceWord::Parents] {
            for counted in [0, 29, 30, 149, 150, 199, 200, 1_030] {
                let said = statements(audience, Shape::of(audience, counted), &[]);
                assert_eq!(said[0], "Some matters are never reported here, whether or not any arose.");
                assert!(said.len() > 1);
            }
        }
    }
}
