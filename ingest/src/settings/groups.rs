//! What the filter's group names mean: `groups.toml`, ordered patterns.

use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use toml::Spanned;

use super::sheet::{Source, setting};
use super::year_group;
use crate::error::Error;
use crate::event::Role;
use crate::school::{AcademicYear, Phase};

/// The id of every group name that no rule fits.
pub const UNMATCHED: &str = "unmatched";

/// What a rule is about, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupKind {
    /// Accounts for examinations; they should have no web traffic.
    Exam,
    /// Visitors.
    Guest,
    /// Those who work here.
    Staff,
    /// A year group.
    Year,
    /// A class, key stage or all pupils.
    Class,
}

/// What a group name means on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupMatch<'s> {
    /// The group's id in figures.
    pub group_id: &'s str,
    /// What the rule is about.
    pub kind: GroupKind,
    /// Role of its members.
    pub role: Role,
    /// Year group of its members.
    pub year_group: Option<i8>,
    /// Key stage of its members.
    pub key_stage: Option<&'static str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    #[serde(default)]
    rule: Vec<RuleText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    pattern: Spanned<String>,
    kind: GroupKind,
    group: Option<String>,
    role: Option<String>,
    year_group: Option<i8>,
    first_year: Option<i8>,
    key_stage: Option<String>,
    valid_from: Option<String>,
    valid_to: Option<String>,
}

#[derive(Debug)]
struct Rule {
    pattern: Regex,
    kind: GroupKind,
    group: Option<String>,
    role: Role,
    year_group: Option<i8>,
    first_year: Option<i8>,
    key_stage: Option<&'static str>,
    valid_from: Option<AcademicYear>,
    valid_to: Option<AcademicYear>,
}

/// The school's group rules.
#[derive(Debug)]
pub struct Groups {
    /// The school's own, then the shipped ones.
    layers: [Vec<Rule>; 2],
    phase: Phase,
}

impl Groups {
    pub(crate) fn read(source: &Source, phase: Phase) -> Result<Self, Error> {
        let own = source.school.as_deref().map_or(Ok(Vec::new()), |text| read_rules(source.name, text))?;
        Ok(Self { layers: [own, read_rules(source.name, source.shipped)?], phase })
    }

    /// What a group name means in an academic year; none when no rule fits.
    #[must_use]
    pub fn find(&self, name: &str, year: AcademicYear) -> Option<GroupMatch<'_>> {
        let name = name.trim();
        self.layers.iter().find_map(|rules| {
            let fitting = rules.iter().filter_map(|rule| self.apply(rule, name, year));
            // `min_by_key` keeps the first of equals: within a kind the order of the file counts.
            fitting.min_by_key(|found| found.kind)
        })
    }

    fn apply<'s>(&self, rule: &'s Rule, name: &str, year: AcademicYear) -> Option<GroupMatch<'s>> {
        if rule.valid_from.is_some_and(|from| year < from) || rule.valid_to.is_some_and(|to| year > to) {
            return None;
        }
        let captures = rule.pattern.captures(name)?;
        let number = |name: &str| captures.name(name).and_then(|text| text.as_str().parse::<i16>().ok());
        let mut year_group = rule.year_group.map(i16::from).or_else(|| number("year"));
        if let Some(intake) = number("intake") {
            year_group = Some(year.first_year() - intake + i16::from(self.first_year(rule)?));
        }
        let year_group = match year_group {
            Some(number) => Some(i8::try_from(number).ok().filter(|year| (-1..=13).contains(year))?),
            None => None,
        };
        let stage = number("stage").and_then(|stage| year_group::key_stage_from_word(&format!("KS{stage}")));
        let key_stage = year_group.and_then(year_group::key_stage).or(rule.key_stage).or(stage);
        let group_id =
            rule.group.as_deref().or_else(|| year_group.and_then(year_group::name)).or(key_stage)?;
        Some(GroupMatch { group_id, kind: rule.kind, role: rule.role, year_group, key_stage })
    }

    /// With which year group an intake begins; nobody can tell for a school of all ages.
    fn first_year(&self, rule: &Rule) -> Option<i8> {
        rule.first_year.or(match self.phase {
            Phase::Primary => Some(0),
            Phase::Secondary => Some(7),
            Phase::All => None,
        })
    }
}

fn read_rules(name: &str, text: &str) -> Result<Vec<Rule>, Error> {
    let line_of =
        |offset: usize| 1 + text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() as u64;
    let file: RulesFile = toml::from_str(text).map_err(|error| {
        let (line, what) = crate::error::toml_mistake(text, &error);
        setting(name, line, what)
    })?;
    file.rule
        .into_iter()
        .map(|rule| read_rule(rule, |line, message| setting(name, line_of(line), message)))
        .collect()
}

fn read_rule(rule: RuleText, error: impl Fn(usize, &str) -> Error) -> Result<Rule, Error> {
    let place = rule.pattern.span().start;
    let pattern = RegexBuilder::new(rule.pattern.as_ref())
        .case_insensitive(true)
        .build()
        .map_err(|_| error(place, "`pattern` is not a regular expression"))?;
    let role = match rule.role.as_deref() {
        Some(word) => {
            Role::from_word(word).ok_or_else(|| error(place, "`role` must be pupil, staff or guest"))?
        }
        None => match rule.kind {
            GroupKind::Guest => Role::Guest,
            GroupKind::Staff => Role::Staff,
            GroupKind::Exam | GroupKind::Year | GroupKind::Class => Role::Pupil,
        },
    };
    let captures = |name| pattern.capture_names().flatten().any(|known| known == name);
    let names_itself = rule.group.is_some()
        || rule.year_group.is_some()
        || rule.key_stage.is_some()
        || ["year", "intake", "stage"].into_iter().any(captures);
    if !names_itself {
        return Err(error(place, "the rule needs `group`, `year_group`, `key_stage` or a capture `year`"));
    }
    if rule.group.as_deref().is_some_and(|group| group.is_empty() || group.len() > 40 || group == UNMATCHED) {
        return Err(error(place, "`group` must have 1 to 40 letters and not be `unmatched`"));
    }
    for number in [rule.year_group, rule.first_year].into_iter().flatten() {
        if !(-1..=13).contains(&number) {
            return Err(error(place, "a year group lies between -1 (Nursery), 0 (Reception) and 13"));
        }
    }
    let key_stage = match rule.key_stage.as_deref() {
        Some(word) => Some(
            year_group::key_stage_from_word(word)
                .ok_or_else(|| error(place, "`key_stage` must be EYFS or KS1 to KS5"))?,
        ),
        None => None,
    };
    let year = |text: Option<String>| {
        text.map(|text| {
            AcademicYear::parse(&text).ok_or_else(|| error(place, "`valid_from` and `valid_to` read 2025-26"))
        })
        .transpose()
    };
    Ok(Rule {
        kind: rule.kind,
        group: rule.group,
        role,
        year_group: rule.year_group,
        first_year: rule.first_year,
        key_stage,
        valid_from: year(rule.valid_from)?,
        valid_to: year(rule.valid_to)?,
        pattern,
    })
}

#[cfg(test)]
#[path = "groups_tests.rs"]
mod tests;
