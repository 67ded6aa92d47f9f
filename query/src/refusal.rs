//! An engine's refusal in our words: its own message can quote a value, so only its kind is kept.

use datafusion::common::{DataFusionError, SchemaError};
use datafusion::sql::sqlparser::parser::ParserError;

use crate::error::{Error, Kind};
use crate::session::Session;

/// What went wrong and what to do, without a word of the engine's message or of the statement.
pub(crate) fn explain(error: &DataFusionError, session: &Session) -> Error {
    match error.find_root() {
        DataFusionError::SQL(..) => unreadable(error),
        DataFusionError::SchemaError(schema, _) => {
            let (message, near) = match schema.as_ref() {
                SchemaError::FieldNotFound { field, .. } => {
                    ("a column that the statement names is in none of its tables", Some(field.name.as_str()))
                }
                SchemaError::AmbiguousReference { .. } => {
                    ("a column that the statement names is in more than one of its tables", None)
                }
                _ => ("two columns of the statement have the same name", None),
            };
            let error = Error::new(Kind::Input, message);
            match near.and_then(|name| nearest(name, session)) {
                Some(known) => error.help(format!("did you mean `{known}`? `watershed columns` lists all")),
                None => error.help("`watershed columns` lists the columns of each table"),
            }
        }
        DataFusionError::ResourcesExhausted(_) => {
            Error::new(Kind::Environment, "the query needs more memory than it may use")
                .help("ask for fewer days, or for fewer columns")
        }
        DataFusionError::Plan(text) if text.starts_with("table '") && text.ends_with("not found") => {
            let names: Vec<_> = session.tables().iter().map(|table| table.name).collect();
            Error::new(Kind::Input, "there is no table of that name")
                .help(format!("the tables are: {}", names.join(", ")))
        }
        DataFusionError::Plan(text) if text.contains("not supported: ") => {
            Error::new(Kind::Input, "only reading is allowed here").help("write one SELECT statement")
        }
        DataFusionError::Plan(text) if text.starts_with("Invalid function") => {
            Error::new(Kind::Input, "there is no function of that name")
                .help("the built-in functions of Apache DataFusion are there")
        }
        DataFusionError::Plan(_) => Error::new(Kind::Input, "the statement cannot be planned")
            .help("check its types, its GROUP BY and its functions"),
        DataFusionError::NotImplemented(_) => {
            Error::new(Kind::Input, "the statement asks for something that the engine does not do")
        }
        DataFusionError::ArrowError(..) | DataFusionError::Execution(_) => {
            Error::new(Kind::Input, "the statement failed on a row: a conversion or a sum went wrong")
                .help("use try_cast where a text may not convert, and nullif where a divisor may be 0")
        }
        DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) => {
            Error::new(Kind::Environment, "a file of the lake cannot be read")
                .help("run `watershed check`, then ask again")
        }
        DataFusionError::ParquetError(_) => {
            Error::new(Kind::Corrupt, "a file of the lake does not read back")
                .help("run `watershed check`, then restore the lake's folder from a back-up")
        }
        _ => Error::new(Kind::Bug, "the query engine failed"),
    }
}

/// What the parser refused: its place only.
pub(crate) fn unreadable(error: &DataFusionError) -> Error {
    let place = match error.find_root() {
        DataFusionError::SQL(parser, _) => match parser.as_ref() {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => place(text),
            ParserError::RecursionLimitExceeded => Some("nested too deeply".to_owned()),
        },
        _ => None,
    };
    let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
    Error::new(Kind::Input, format!("the statement is not SQL that can be read{place}"))
        .help("write one SELECT statement; texts stand in single quotes")
}

/// `line 1, column 8` of a parser's message; nothing else of it.
fn place(message: &str) -> Option<String> {
    let tail = &message[message.rfind("Line: ")? + 6..];
    let (line, rest) = tail.split_once(',')?;
    let line: u32 = line.trim().parse().ok()?;
    let digits = rest.trim().strip_prefix("Column: ")?;
    let column: String = digits.chars().take_while(char::is_ascii_digit).collect();
    Some(format!("line {line}, column {}", column.parse::<u32>().ok()?))
}

/// The known column closest to a typed one: at most two letters off, or one inside the other.
fn nearest(typed: &str, session: &Session) -> Option<&'static str> {
    let typed = typed.to_ascii_lowercase();
    session
        .tables()
        .iter()
        .flat_map(|table| table.columns)
        .map(|column| (distance(&typed, column.name), column.name))
        .filter(|(far, name)| {
            *far <= 2 || (typed.len() >= 4 && (name.contains(&typed) || typed.contains(name)))
        })
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein distance over bytes.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, b) in other.bytes().enumerate() {
            let straight = corner + usize::from(a != b);
            corner = row[j + 1];
            row[j + 1] = straight.min(corner + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, place};

    #[test]
    fn only_the_place_is_taken_from_a_parsers_message() {
        let message = "Expected: an expression, found: jsmith at Line: 3, Column: 17";
        assert_eq!(place(message).as_deref(), Some("line 3, column 17"));
        assert_eq!(place("found: EOF"), None);
    }

    #[test]
    fn distance_counts_letters() {
        assert_eq!(distance("severty", "severity"), 1);
        assert_eq!(distance("site", "theme"), 4);
        assert_eq!(distance("", "abc"), 3);
    }
}
