//! The draw: strata, how many of each, and which, all from a recorded seed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::error::{Error, Kind};

/// Drawn of each part that is to have a figure of its own, where it has so many.
pub const LEAST_OF_PART: u64 = 20;
/// Attempts on one site or search, within group and category, from which on it is one of the often blocked.
pub const OFTEN: u64 = 10;
/// In place of a category where several small strata are drawn from together.
pub const POOLED: &str = "other";

/// What the parts are that are to have figures of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Groups of pupils.
    Group,
    /// Category codes.
    Category,
}

impl By {
    /// The word on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Category => "category",
        }
    }

    /// The meaning of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Group, Self::Category].into_iter().find(|by| by.word() == word)
    }
}

/// A blocked attempt that can be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Token of the attempt, the same whenever the lake has the attempt.
    pub(crate) token: i64,
    /// Group of the actor.
    pub(crate) group: String,
    /// Category code.
    pub(crate) code: String,
    /// Token of the site or of the words searched for.
    pub(crate) target: i64,
    /// Who; none where the log names nobody.
    pub(crate) actor: Option<i64>,
    /// A known pupil.
    pub(crate) pupil: bool,
}

/// A stratum: its size and how many are drawn give every inclusion probability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stratum {
    /// Group of pupils; [`POOLED`] where several are drawn from together.
    pub group: String,
    /// Category code; [`POOLED`] where several are drawn from together.
    pub code: String,
    /// `often` or `seldom`: how often the site or search was blocked; [`POOLED`] for both.
    pub volume: &'static str,
    /// Attempts in it.
    pub attempts: u64,
    /// Drawn of them.
    pub drawn: u64,
}

impl Stratum {
    /// The part that the stratum belongs to.
    #[must_use]
    pub fn part(&self, by: By) -> &str {
        match by {
            By::Group => &self.group,
            By::Category => &self.code,
        }
    }
}

/// One drawn attempt, without anything that says whose or what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Place in the reviewers' list, from 1.
    pub position: u64,
    /// Index of its stratum.
    pub stratum: usize,
    /// Token of the attempt.
    pub token: i64,
    /// Number of the actor within this sample, from 1.
    pub actor: u64,
    /// The actor is a known pupil.
    pub pupil: bool,
}

/// A draw with all that is needed to do it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Design {
    /// First local day.
    pub from: Date,
    /// Last local day.
    pub to: Date,
    /// Parts with figures of their own.
    pub by: By,
    /// The random seed, 64 hex digits.
    pub seed: String,
    /// Attempts that were asked for.
    pub wanted: u64,
    /// Hash of all attempts that could have been drawn, 16 hex digits.
    pub frame: String,
    /// The strata in order.
    pub strata: Vec<Stratum>,
    /// The drawn attempts by position.
    pub drawn: Vec<Drawn>,
}

impl Design {
    /// Attempts that could have been drawn.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        self.strata.iter().map(|stratum| stratum.attempts).sum()
    }
}

/// What a draw is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wish<'w> {
    pub(crate) from: Date,
    pub(crate) to: Date,
    pub(crate) by: By,
    pub(crate) wanted: u64,
    pub(crate) seed: &'w str,
}

/// A hash of some bytes as a number, for tokens.
pub(crate) fn token(parts: &[&[u8]]) -> i64 {
    let mut hasher = blake3::Hasher::new_derive_key("watershed 1 blocked attempt of a reviewed sample");
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    i64::from_be_bytes(bytes)
}

/// Draws: strata are group by category by volume; each part gets its share of the sample, 20 at least; strata
/// of a part whose share is below two are drawn from together. Within a stratum the attempts whose hash under
/// the seed is least are taken, so every one has the same chance, and the same seed takes the same ones.
///
/// # Errors
/// [`Kind::Configuration`] when there is nothing to draw or the seed is none.
pub(crate) fn draw(candidates: &[Candidate], wish: &Wish<'_>) -> Result<Design, Error> {
    let seed = blake3::Hash::from_hex(wish.seed)
        .map_err(|_| Error::new(Kind::Configuration, "a seed is 64 hex digits"))?;
    if candidates.is_empty() {
        return Err(Error::new(Kind::Configuration, "no attempt of these days can be drawn")
            .help("only school days count, and nothing of severity 5; `watershed overblocking` shows what was blocked"));
    }
    let mut tokens: Vec<i64> = candidates.iter().map(|candidate| candidate.token).collect();
    tokens.sort_unstable();
    let mut frame = blake3::Hasher::new_derive_key("watershed 1 attempts that a sample is drawn from");
    tokens.iter().for_each(|token| {
        frame.update(&token.to_be_bytes());
    });
    let (strata, members) = stratify(candidates, wish);
    let rank = |token: i64| *blake3::keyed_hash(seed.as_bytes(), &token.to_be_bytes()).as_bytes();
    let mut chosen: Vec<([u8; 32], usize, &Candidate)> = Vec::new();
    for (index, (stratum, members)) in strata.iter().zip(&members).enumerate() {
        let mut ranked: Vec<_> = members.iter().map(|member| (rank(member.token), index, *member)).collect();
        ranked.sort_unstable_by_key(|(rank, ..)| *rank);
        ranked.truncate(usize::try_from(stratum.drawn).unwrap_or(usize::MAX));
        chosen.extend(ranked);
    }
    // In the order of the hash: whoever stops halfway has looked at a random part of every stratum.
    chosen.sort_unstable_by_key(|(rank, ..)| *rank);
    let mut actors: BTreeMap<Option<i64>, u64> = BTreeMap::new();
    let drawn = (1..)
        .zip(chosen)
        .map(|(position, (_, stratum, candidate))| {
            let next = actors.len() as u64 + 1;
            let actor = *actors.entry(candidate.actor).or_insert(next);
            Drawn { position, stratum, token: candidate.token, actor, pupil: candidate.pupil }
        })
        .collect();
    Ok(Design {
        from: wish.from,
        to: wish.to,
        by: wish.by,
        seed: wish.seed.to_owned(),
        wanted: wish.wanted,
        frame: frame.finalize().to_hex()[..16].to_owned(),
        strata,
        drawn,
    })
}

/// Key of a stratum: the part, the other of group and category, volume.
type Inner<'c> = (&'c str, &'static str);

fn stratify<'c>(candidates: &'c [Candidate], wish: &Wish<'_>) -> (Vec<Stratum>, Vec<Vec<&'c Candidate>>) {
    let mut hits: BTreeMap<(&str, &str, i64), u64> = BTreeMap::new();
    for candidate in candidates {
        *hits.entry((&candidate.group, &candidate.code, candidate.target)).or_default() += 1;
    }
    let mut parts: BTreeMap<&str, BTreeMap<Inner<'_>, Vec<&Candidate>>> = BTreeMap::new();
    for candidate in candidates {
        let (part, other) = match wish.by {
            By::Group => (candidate.group.as_str(), candidate.code.as_str()),
            By::Category => (candidate.code.as_str(), candidate.group.as_str()),
        };
        let often = hits[&(candidate.group.as_str(), candidate.code.as_str(), candidate.target)] >= OFTEN;
        let volume = if often { "often" } else { "seldom" };
        parts.entry(part).or_default().entry((other, volume)).or_default().push(candidate);
    }
    let sizes: Vec<u64> =
        parts.values().map(|inner| inner.values().map(|members| members.len() as u64).sum()).collect();
    let of_parts = allocate(&sizes, wish.wanted, LEAST_OF_PART);
    let (mut strata, mut members) = (Vec::new(), Vec::new());
    for (((part, inner), size), wanted) in parts.into_iter().zip(sizes).zip(of_parts) {
        let mut pooled: Vec<&Candidate> = Vec::new();
        let mut kept: Vec<(Inner<'_>, Vec<&Candidate>)> = Vec::new();
        for (key, members) in inner {
            // Below two the spread within a stratum could not be seen.
            if members.len() as u64 * wanted < 2 * size {
                pooled.extend(members);
            } else {
                kept.push((key, members));
            }
        }
        if !pooled.is_empty() {
            kept.push(((POOLED, POOLED), pooled));
        }
        let sizes: Vec<u64> = kept.iter().map(|(_, members)| members.len() as u64).collect();
        for (((other, volume), list), drawn) in kept.into_iter().zip(allocate(&sizes, wanted, 2)) {
            let (group, code) = match wish.by {
                By::Group => (part, other),
                By::Category => (other, part),
            };
            let (group, code) = (group.to_owned(), code.to_owned());
            strata.push(Stratum { group, code, volume, attempts: list.len() as u64, drawn });
            members.push(list);
        }
    }
    (strata, members)
}

/// Shares out `wanted` in proportion to the sizes, by largest remainders, at least `least` of each or all of it.
/// Where the least ones together are more than wanted, they hold.
fn allocate(sizes: &[u64], wanted: u64, least: u64) -> Vec<u64> {
    let mut given: Vec<u64> = sizes.iter().map(|size| least.min(*size)).collect();
    let mut open: BTreeSet<usize> = (0..sizes.len()).filter(|index| sizes[*index] > given[*index]).collect();
    // Those whose share lies below their least keep it, and the rest is shared among the others.
    let mut left = wanted.saturating_sub(given.iter().sum());
    if left == 0 {
        return given;
    }
    loop {
        let fixed: u64 =
            (0..sizes.len()).filter(|index| !open.contains(index)).map(|index| given[index]).sum();
        left = wanted.saturating_sub(fixed);
        let whole: u64 = open.iter().map(|index| sizes[*index]).sum();
        let share = |index: &usize| left as f64 * sizes[*index] as f64 / (whole as f64).max(1.0);
        let below: Vec<usize> =
            open.iter().copied().filter(|index| share(index) < given[*index] as f64).collect();
        if below.is_empty() {
            let mut remainders: Vec<(f64, usize)> = Vec::new();
            let mut used = 0;
            for index in &open {
                let exact = share(index).min(sizes[*index] as f64);
                given[*index] = given[*index].max(exact.floor() as u64);
                used += given[*index];
                remainders.push((exact.floor() - exact, *index));
            }
            remainders.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
            for (_, index) in remainders {
                if used < left && given[index] < sizes[index] {
                    given[index] += 1;
                    used += 1;
                }
            }
            return given;
        }
        below.iter().for_each(|index| {
            open.remove(index);
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use jiff::civil::date;

    use super::*;

    pub(super) const SEED: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn candidate(number: i64, group: &str, code: &str, target: i64) -> Candidate {
        let (group, code) = (group.to_owned(), code.to_owned());
        Candidate { token: number * 7919, group, code, target, actor: Some(number % 40), pupil: true }
    }

    fn wish(wanted: u64) -> Wish<'static> {
        Wish { from: date(2025, 9, 8), to: date(2025, 9, 19), by: By::Group, wanted, seed: SEED }
    }

    #[test]
    fn shares_by_largest_remainders_with_a_least() {
        assert_eq!(allocate(&[600, 300, 100], 10, 0), [6, 3, 1]);
        // 20 of the small one, the rest in proportion: 180 over 900 and 90.
        assert_eq!(allocate(&[900, 90, 30], 200, 20), [160, 20, 20]);
        assert_eq!(allocate(&[5, 1000], 200, 20), [5, 195]);
        assert_eq!(allocate(&[50; 20], 200, 20), [20; 20], "the least of each is more than wanted");
        assert_eq!(allocate(&[3, 3], 200, 20), [3, 3], "no more than there are");
        assert_eq!(allocate(&[10, 10, 10], 10, 2).iter().sum::<u64>(), 10);
        assert!(allocate(&[], 10, 2).is_empty());
    }

    #[test]
    fn every_stratum_is_drawn_and_small_ones_together() {
        // Year 7: 300 on one games site, 40 on many; one each of five rare categories. Year 8: 12 in all.
        let mut all: Vec<Candidate> =
            (0..300).map(|number| candidate(number, "year_7", "GAMES", 1)).collect();
        all.extend((300..340).map(|number| candidate(number, "year_7", "GAMES", number)));
        all.extend((340..345).map(|number| {
            candidate(number, "year_7", ["A", "B", "C", "D", "E"][(number - 340) as usize], 5)
        }));
        all.extend((345..357).map(|number| candidate(number, "year_8", "GAMES", 9)));
        let design = draw(&all, &wish(100)).unwrap();
        let shown: Vec<_> = design
            .strata
            .iter()
            .map(|stratum| {
                (
                    stratum.group.as_str(),
                    stratum.code.as_str(),
                    stratum.volume,
                    stratum.attempts,
                    stratum.drawn,
                )
            })
            .collect();
        // 12 of year 8 are all of it; 88 of year 7's 345: 300/345 = 76.5, 40/345 = 10.2, 5/345 = 1.3, at least 2.
        let expected = [
            ("year_7", "GAMES", "often", 300, 76),
            ("year_7", "GAMES", "seldom", 40, 10),
            ("year_7", "other", "other", 5, 2),
            ("year_8", "GAMES", "often", 12, 12),
        ];
        assert_eq!(shown, expected);
        assert_eq!((design.drawn.len(), design.attempts()), (100, 357));
        let positions: Vec<u64> = design.drawn.iter().map(|drawn| drawn.position).collect();
        assert_eq!(positions, (1..=100).collect::<Vec<_>>());
        // Again, in another order: the same draw. Another seed: another.
        all.reverse();
        assert_eq!(draw(&all, &wish(100)).unwrap(), design);
        let other = Wish { seed: &SEED.replace('0', "1"), ..wish(100) };
        let other = draw(&all, &other).unwrap();
        assert_eq!(
            (other.strata.clone(), other.frame.clone()),
            (design.strata.clone(), design.frame.clone())
        );
        assert_ne!(other.drawn, design.drawn);
    }

    /// 2,000 draws of 10 from 40: each is drawn 500 times, give or take 4.5 standard deviations (19.4).
    #[test]
    fn every_attempt_of_a_stratum_has_the_same_chance() {
        let all: Vec<Candidate> = (0..40).map(|number| candidate(number, "year_7", "GAMES", 1)).collect();
        let mut times: BTreeMap<i64, u32> = BTreeMap::new();
        for number in 0..2000_u32 {
            let seed = blake3::hash(&number.to_be_bytes()).to_hex().to_string();
            let wish = Wish { seed: &seed, wanted: 10, ..wish(10) };
            // 20 at least of a part: half of them here.
            for drawn in draw(&all, &wish).unwrap().drawn.iter().filter(|drawn| drawn.position <= 10) {
                *times.entry(drawn.token).or_default() += 1;
            }
        }
        assert_eq!(times.len(), 40);
        assert!(times.values().all(|drawn| (413..=587).contains(drawn)), "{times:?}");
    }

    #[test]
    fn nothing_to_draw_and_a_seed_that_is_none() {
        assert!(draw(&[], &wish(200)).unwrap_err().to_string().contains("no attempt"));
        let all = [candidate(1, "year_7", "GAMES", 1)];
        assert!(draw(&all, &Wish { seed: "xyz", ..wish(200) }).is_err());
        assert_eq!(draw(&all, &wish(200)).unwrap().drawn.len(), 1);
    }
}
