//! Pupils in every hundred: a function of the sealed band and the public roll (rule 13).

use super::sealed::Shown;

/// The range in words; none without a band. One decimal place would give the count away.
pub(super) fn per_hundred(shown: &Shown, group: u32) -> Option<String> {
    let Shown::Band { from, to } = shown else { return None };
    let rounded =
        |pupils: u32| (200 * u64::from(pupils) + u64::from(group)).checked_div(2 * u64::from(group));
    let (least, most) = (rounded(*from)?, rounded(*to)?);
    Some(if least == most {
        format!("about {least} in every 100 pupils")
    } else {
        format!("{least} to {most} in every 100 pupils")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_whole_numbers() {
        let said = |from, to, group| per_hundred(&Shown::Band { from, to }, group);
        // 20 / 410 = 4.88 %, 24 / 410 = 5.85 %.
        assert_eq!(said(20, 24, 410).as_deref(), Some("5 to 6 in every 100 pupils"));
        // 15 / 62 = 24.2 %, 19 / 62 = 30.6 %.
        assert_eq!(said(15, 19, 62).as_deref(), Some("24 to 31 in every 100 pupils"));
        // 100 / 1030 = 9.71 %, 104 / 1030 = 10.10 %.
        assert_eq!(said(100, 104, 1_030).as_deref(), Some("about 10 in every 100 pupils"));
        // Halves go up: 10 / 400 = 2.5 %, 14 / 400 = 3.5 %.
        assert_eq!(said(10, 14, 400).as_deref(), Some("3 to 4 in every 100 pupils"));
    }

    #[test]
    fn nothing_is_said_without_a_band() {
        for shown in
            [Shown::FewerThan { n: 10 }, Shown::AllOrNearly, Shown::NotBrokenDown, Shown::NotAvailable]
        {
            assert_eq!(per_hundred(&shown, 410), None);
        }
        assert_eq!(per_hundred(&Shown::Band { from: 10, to: 14 }, 0), None);
    }
}
