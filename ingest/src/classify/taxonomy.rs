//! The common taxonomy: codes, their severity and theme, and the twelve rows of a sealed set.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use jiff::civil::Date;

use super::data_file::{DataFile, DataRow, Dated, Layer, Span};
use crate::error::{Error, Kind};

/// Nobody categorised the request.
pub const UNCATEGORISED: &str = "UNCAT";
/// The source's category words are on no map.
pub const UNMAPPED: &str = "UNMAPPED";

const HEADINGS: [&str; 4] = ["content", "contact", "conduct", "commerce"];
const STANCES: [&str; 9] =
    ["must block", "block and alert", "block", "alert", "context", "allow", "noise", "review", "policy"];
const ROW_COLUMNS: &[&str] = &["row", "order", "title", "heading", "parents"];
const CODE_COLUMNS: &[&str] = &[
    "code",
    "title",
    "four_c",
    "severity",
    "row",
    "staff_theme",
    "stance",
    "learning",
    "noise",
    "illegal",
    "valid_from",
    "valid_to",
    "note",
];
/// What a school may not say otherwise about a shipped code: the sealed figures rest on it.
const FIXED_COLUMNS: [&str; 4] = ["four_c", "row", "staff_theme", "illegal"];

/// One row of a sealed set; the release policy fixes number, order and names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Short name.
    pub id: String,
    /// Name on every page.
    pub title: String,
    /// `content`, `contact`, `conduct`, `commerce`.
    pub heading: String,
    /// Whether parents are shown it.
    pub parents: bool,
    /// Common codes counted in it.
    pub codes: Vec<String>,
    /// Themes of the lake counted in it, one unless staff see concerns apart.
    pub staff_themes: Vec<String>,
}

/// One common code, as it holds over some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub code: String,
    /// Name in words.
    pub title: String,
    /// Heading of its row; for codes outside the rows, where the 4Cs have a place for it.
    pub four_c: Option<String>,
    /// 0-5.
    pub severity: u8,
    /// Row of a sealed set it is counted in.
    pub row: Option<String>,
    /// Theme in the lake and for staff; none for what nobody asked for or named, and illegal lists.
    pub theme: Option<String>,
    /// Default policy.
    pub stance: String,
    /// A category for learning: education, reference, medical, news, government.
    pub learning: bool,
    /// Nobody asked for it: adverts, trackers, content delivery, telemetry.
    pub noise: bool,
    /// Illegal content: no site, word or address is kept, and it is in no set.
    pub illegal: bool,
    /// Place in the order that breaks ties between equal severities.
    pub(crate) order: usize,
}

/// All codes, rows and themes, dated.
#[derive(Clone, Debug)]
pub struct Taxonomy {
    rows: Vec<Row>,
    codes: Vec<Code>,
    by_code: HashMap<String, Dated<usize>>,
    themes: Vec<(String, Option<String>, Option<usize>)>,
    files: [DataFile; 2],
}

impl Taxonomy {
    /// The shipped taxonomy under a school's own rows.
    ///
    /// # Errors
    /// [`Kind::Configuration`] names file and line of a mistake.
    pub fn load(settings_dir: Option<&Path>) -> Result<Self, Error> {
        let codes = DataFile::load("taxonomy.csv", include_str!("../../data/taxonomy.csv"), settings_dir)?;
        Self::read(codes)
    }

    fn read(code_file: DataFile) -> Result<Self, Error> {
        // The rows are the release policy's, not a setting: no school's file is read for them.
        let row_file = DataFile::load("sealed_rows.csv", include_str!("../../data/sealed_rows.csv"), None)?;
        let mut taxonomy = Self {
            rows: read_rows(&row_file)?,
            codes: Vec::new(),
            by_code: HashMap::new(),
            themes: Vec::new(),
            files: [row_file, code_file],
        };
        for row in taxonomy.files[1].rows(CODE_COLUMNS)? {
            taxonomy.add(&row)?;
        }
        for code in [UNCATEGORISED, UNMAPPED] {
            let always =
                taxonomy.by_code.get(code).is_some_and(|dated| dated.all().any(|row| row.1.is_always()));
            if !always {
                return Err(Error::new(Kind::Bug, format!("taxonomy.csv has no lasting row for {code}")));
            }
        }
        let order: Vec<&String> = taxonomy.rows.iter().flat_map(|row| &row.staff_themes).collect();
        let place = |theme: &String| order.iter().position(|name| *name == theme).unwrap_or(order.len());
        let mut themes = std::mem::take(&mut taxonomy.themes);
        themes.sort_by_key(|(theme, ..)| place(theme));
        taxonomy.themes = themes;
        Ok(taxonomy)
    }

    fn add(&mut self, row: &DataRow) -> Result<(), Error> {
        let code = self.read_code(row)?;
        let span = row.span()?;
        if row.place.layer == Layer::School {
            self.check_overlay(row, &code)?;
        }
        if let Some(theme) = &code.theme {
            let place = self.rows.iter().position(|known| Some(&known.id) == code.row.as_ref());
            match self.themes.iter().find(|(name, ..)| name == theme) {
                Some((_, _, known)) if *known != place => {
                    return Err(row.place.error("the theme stands in another row already"));
                }
                Some(_) => {}
                None => self.themes.push((theme.clone(), code.four_c.clone(), place)),
            }
            if let Some(known) = place {
                let known = &mut self.rows[known];
                if !known.codes.contains(&code.code) {
                    known.codes.push(code.code.clone());
                }
                if !known.staff_themes.contains(theme) {
                    known.staff_themes.push(theme.clone());
                }
            }
        }
        self.by_code.entry(code.code.clone()).or_default().add(row.place, span, self.codes.len())?;
        self.codes.push(code);
        Ok(())
    }

    fn read_code(&self, row: &DataRow) -> Result<Code, Error> {
        let some = |column: &str| Some(row.text(column).to_owned()).filter(|text| !text.is_empty());
        let code = row.required("code")?.to_owned();
        if !code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-') {
            return Err(row.place.error("column code holds more than capitals, digits and hyphens"));
        }
        let severity =
            row.severity("severity")?.ok_or_else(|| row.place.error("column severity is empty"))?;
        let four_c = some("four_c");
        if four_c.as_ref().is_some_and(|word| !HEADINGS.contains(&word.as_str())) {
            return Err(row.place.error("column four_c is none of content, contact, conduct, commerce"));
        }
        let stance = row.required("stance")?.to_owned();
        if !STANCES.contains(&stance.as_str()) {
            return Err(row.place.error(format!("column stance is none of {}", STANCES.join(", "))));
        }
        let (set_row, theme, illegal) = (some("row"), some("staff_theme"), row.yes("illegal")?);
        if let Some(id) = &set_row {
            let known = self.rows.iter().find(|known| known.id == *id);
            let known = known.ok_or_else(|| row.place.error("column row is no row of a sealed set"))?;
            if four_c.as_ref() != Some(&known.heading) {
                return Err(row.place.error("column four_c is not the heading of the row"));
            }
            if theme.is_none() || illegal || severity < 2 {
                return Err(row.place.error(
                    "a code of a row needs a theme and a severity of 2 or more, and is on no illegal list",
                ));
            }
        }
        if illegal && (theme.is_some() || severity != 5) {
            return Err(row.place.error("an illegal code has severity 5 and no theme"));
        }
        let same = |known: &&Code| known.code == code;
        let order = self.codes.iter().find(same).map_or(self.codes.len(), |known| known.order);
        Ok(Code {
            title: row.required("title")?.to_owned(),
            four_c,
            severity,
            row: set_row,
            theme,
            stance,
            learning: row.yes("learning")?,
            noise: row.yes("noise")?,
            illegal,
            order,
            code,
        })
    }

    fn check_overlay(&self, row: &DataRow, code: &Code) -> Result<(), Error> {
        let Some(shipped) = self.codes.iter().find(|known| known.code == code.code) else {
            return match &code.row {
                Some(_) => Err(row.place.error("a school's own code cannot stand in a row of a sealed set")),
                None => Ok(()),
            };
        };
        if shipped.severity == 5 && code.severity < 5 {
            return Err(row.place.error("severity 5 cannot be lowered"));
        }
        let same = shipped.four_c == code.four_c
            && shipped.row == code.row
            && shipped.theme == code.theme
            && shipped.illegal == code.illegal;
        if same {
            Ok(())
        } else {
            Err(row.place.error(format!("{} of a shipped code cannot be changed", FIXED_COLUMNS.join(", "))))
        }
    }

    /// The twelve rows of a sealed set in their fixed order.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row that a theme of the lake is counted in; none outside the rows.
    #[must_use]
    pub fn row_of_theme(&self, staff_theme: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.staff_themes.iter().any(|theme| theme == staff_theme))
    }

    /// Every theme the lake can hold, those of the rows first.
    pub fn themes(&self) -> impl Iterator<Item = &str> {
        self.themes.iter().map(|(theme, ..)| theme.as_str())
    }

    /// The 4C of a theme.
    #[must_use]
    pub fn four_c_of_theme(&self, staff_theme: &str) -> Option<&str> {
        self.themes.iter().find(|(theme, ..)| theme == staff_theme)?.1.as_deref()
    }

    /// What a code means on a day.
    #[must_use]
    pub fn code(&self, code: &str, date: Date) -> Option<&Code> {
        self.by_code.get(code)?.on(date).map(|index| &self.codes[*index])
    }

    /// Every code as it was ever defined, in the order of the files.
    #[must_use]
    pub fn codes(&self) -> &[Code] {
        &self.codes
    }

    /// File names and texts, for the settings version and the version of the category list.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.files.iter().flat_map(DataFile::texts)
    }

    /// A code as first defined, whatever the day: for checking files that name it.
    pub(crate) fn known(&self, code: &str) -> Option<&Code> {
        self.codes.iter().find(|known| known.code == code)
    }

    /// Which definition of a code holds on a day.
    pub(crate) fn index_on(&self, code: &str, date: Date) -> Option<usize> {
        self.by_code.get(code)?.on(date).copied()
    }

    /// A definition by its index.
    pub(crate) fn at(&self, index: usize) -> &Code {
        &self.codes[index]
    }

    /// Whether the first of two definitions weighs more; the order of the file breaks ties.
    pub(crate) fn weight(&self, index: usize) -> (u8, Reverse<usize>) {
        let code = self.at(index);
        // "Nobody categorised it" yields to whatever else is known.
        let severity =
            if code.code == UNCATEGORISED || code.code == UNMAPPED { 0 } else { code.severity + 1 };
        (severity, Reverse(code.order))
    }

    /// Adds the days on which a code changes its meaning.
    pub(crate) fn boundaries(&self, days: &mut BTreeSet<Date>) {
        for dated in self.by_code.values() {
            dated.all().for_each(|(_, span, _): (Layer, Span, &usize)| span.boundaries(days));
        }
    }
}

fn read_rows(file: &DataFile) -> Result<Vec<Row>, Error> {
    file.rows(ROW_COLUMNS)?
        .iter()
        .enumerate()
        .map(|(index, row)| {
            if row.required("order")?.parse() != Ok(index + 1) {
                return Err(row.place.error("column order does not count 1, 2, 3 ..."));
            }
            Ok(Row {
                id: row.required("row")?.to_owned(),
                title: row.required("title")?.to_owned(),
                heading: row.required("heading")?.to_owned(),
                parents: row.yes("parents")?,
                codes: Vec::new(),
                staff_themes: Vec::new(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use jiff::civil::date;

    use super::*;

    const SHIPPED: &str = include_str!("../../data/taxonomy.csv");

    fn overlaid(rows: &str) -> Result<Taxonomy, Error> {
        let text = format!("{}\n{rows}", CODE_COLUMNS.join(","));
        Taxonomy::read(DataFile::overlaid("taxonomy.csv", SHIPPED, &text))
    }

    /// The release policy's table, copied by hand.
    #[test]
    fn the_twelve_rows_are_those_of_the_release_policy() {
        let taxonomy = Taxonomy::load(None).unwrap();
        let expected = [
            ("Sexual content", "content", "PORN ADULT", false),
            ("Self-harm, suicide, eating disorders", "content", "SELFHARM SUICIDE EATDIS", false),
            ("Violence and weapons", "content", "VIOLENCE WEAPON", true),
            ("Hate and extremism", "content", "HATE VAWG EXTREM", false),
            ("Drugs, alcohol, tobacco", "content", "DRUGS ALCTOB", false),
            ("Misleading content", "content", "MISINFO", true),
            ("Contact risks", "contact", "GROOM CHAT DATING", false),
            ("AI tools and companions", "contact", "GENAI AISIM", true),
            ("Getting round the filter", "conduct", "BYPASS", true),
            ("Bullying", "conduct", "BULLY", true),
            ("Hacking, piracy, crime", "conduct", "HACK PIRACY CRIME", true),
            ("Gambling, scams, malware", "commerce", "GAMBLE SCAM MALWARE", true),
        ];
        assert_eq!(taxonomy.rows().len(), expected.len());
        for (row, (title, heading, codes, parents)) in taxonomy.rows().iter().zip(expected) {
            let mut codes: Vec<&str> = codes.split(' ').collect();
            codes.sort_unstable();
            let mut built: Vec<&str> = row.codes.iter().map(String::as_str).collect();
            built.sort_unstable();
            assert_eq!((row.title.as_str(), row.heading.as_str(), row.parents), (title, heading, parents));
            assert_eq!(built, codes, "{title}");
        }
    }

    #[test]
    fn seven_concerns_stay_apart_for_staff_and_the_rest_take_the_rows_name() {
        let taxonomy = Taxonomy::load(None).unwrap();
        let apart = ["SELFHARM", "SUICIDE", "EATDIS", "EXTREM", "HATE", "VAWG", "GROOM"];
        for row in taxonomy.rows() {
            for code in &row.codes {
                let theme = taxonomy.code(code, date(2026, 1, 12)).unwrap().theme.clone().unwrap();
                assert_eq!(theme != row.title, apart.contains(&code.as_str()), "{code}");
                assert_eq!(taxonomy.row_of_theme(&theme), Some(row));
                assert_eq!(taxonomy.four_c_of_theme(&theme), Some(row.heading.as_str()));
            }
        }
        assert_eq!(taxonomy.themes().next(), Some("Sexual content"));
        assert_eq!(taxonomy.row_of_theme("Games"), None);
    }

    #[test]
    fn illegal_codes_are_three_have_no_theme_and_stand_in_no_row() {
        let taxonomy = Taxonomy::load(None).unwrap();
        let illegal: Vec<&Code> = taxonomy.codes().iter().filter(|code| code.illegal).collect();
        let names: Vec<&str> = illegal.iter().map(|code| code.code.as_str()).collect();
        assert_eq!(names, ["ILL-CSAM", "ILL-TERR", "IMG-CHILD"]);
        assert!(illegal.iter().all(|code| code.theme.is_none() && code.row.is_none() && code.severity == 5));
    }

    #[test]
    fn a_school_may_raise_and_date_a_severity_but_not_touch_what_the_sets_rest_on() {
        let raised =
            overlaid("GAMES,Games,conduct,2,,Games,block,no,no,no,2026-01-05,2026-02-13,trial\n").unwrap();
        assert_eq!(raised.code("GAMES", date(2026, 1, 4)).unwrap().severity, 1);
        assert_eq!(raised.code("GAMES", date(2026, 1, 5)).unwrap().severity, 2);
        assert_eq!(raised.code("GAMES", date(2026, 2, 14)).unwrap().severity, 1);
        let refused = [
            ("ILL-CSAM,Lists,content,4,,,must block,no,no,no,,,\n", "severity 5"),
            ("PORN,Pornography,content,3,,Games,block,no,no,no,,,\n", "cannot be changed"),
            ("EXTREM,Extremism,content,4,hate,Hate,block,no,no,no,,,\n", "cannot be changed"),
            ("CHESS,Chess,conduct,2,bullying,Bullying,block,no,no,no,,,\n", "own code"),
            ("GAMES,Games,conduct,1,,Bullying,block,no,no,no,,,\n", "cannot be changed"),
        ];
        for (row, words) in refused {
            let message = overlaid(row).unwrap_err().to_string();
            assert!(message.starts_with("settings/taxonomy.csv line 2: "), "{message}");
            assert!(message.contains(words), "{message}");
        }
        assert_eq!(overlaid("").unwrap().rows(), Taxonomy::load(None).unwrap().rows());
    }
}
