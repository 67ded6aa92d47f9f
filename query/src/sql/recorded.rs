//! A statement as it goes on record: its shape, without what somebody may have typed of a person.

use datafusion::sql::sqlparser::keywords::ALL_KEYWORDS;
use ingest::schema::TABLES;

/// What stands in the place of a text or a word that is none of ours.
const LEFT_OUT: char = '\u{2026}';

/// Functions that statements use; of others the name is left out.
const FUNCTIONS: [&str; 24] = [
    "abs",
    "array_agg",
    "avg",
    "ceil",
    "coalesce",
    "concat",
    "count",
    "date_bin",
    "date_part",
    "date_trunc",
    "floor",
    "greatest",
    "least",
    "length",
    "lower",
    "max",
    "median",
    "min",
    "nullif",
    "round",
    "sum",
    "to_char",
    "try_cast",
    "upper",
];

/// The statement with its key words, tables, columns, usual functions, numbers and signs as they are, and every
/// text, remark and other word left out.
pub(super) fn shape(statement: &str) -> String {
    let mut shape = String::with_capacity(statement.len());
    let mut rest = statement;
    while let Some(first) = rest.chars().next() {
        let length = if first == '\'' || first == '"' || first == '`' {
            quoted(rest, first)
        } else if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if first.is_alphabetic() || first == '_' || first == '$' {
            rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (piece, after) = rest.split_at(length);
        rest = after;
        match first {
            '\'' => shape.extend(['\'', LEFT_OUT, '\'']),
            '"' if is_known(piece.trim_matches('"')) => shape.push_str(piece),
            '"' | '`' => shape.push(LEFT_OUT),
            _ if piece.starts_with("--") || piece.starts_with("/*") => shape.push(LEFT_OUT),
            _ if first.is_alphabetic() || first == '_' || first == '$' => {
                if is_known(piece) {
                    shape.push_str(piece)
                } else {
                    shape.push(LEFT_OUT)
                }
            }
            _ if first.is_ascii() => shape.push(first),
            _ => shape.push(LEFT_OUT),
        }
    }
    shape
}

/// Bytes of a quoted text, its quotes and doubled quotes within included.
fn quoted(text: &str, quote: char) -> usize {
    let mut from = 1;
    while let Some(end) = text[from..].find(quote) {
        from += end + 1;
        if !text[from..].starts_with(quote) {
            return from;
        }
        from += 1;
    }
    text.len()
}

fn is_known(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    word.len() == 1
        || FUNCTIONS.contains(&lower.as_str())
        || ALL_KEYWORDS.contains(&word.to_ascii_uppercase().as_str())
        || TABLES
            .iter()
            .any(|table| table.name == lower || table.columns.iter().any(|column| column.name == lower))
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn texts_remarks_and_unknown_words_are_left_out() {
        for (statement, recorded) in [
            ("SELECT actor, count(*) AS n FROM episodes", "SELECT actor, count(*) AS n FROM episodes"),
            (
                "SELECT site FROM requests WHERE site = 'jsmith''s.example' -- jsmith",
                "SELECT site FROM requests WHERE site = '\u{2026}' \u{2026}",
            ),
            ("SELECT jsmith FROM nowhere", "SELECT \u{2026} FROM \u{2026}"),
            ("SELECT \"jsmith\", \"actor\" /* jsmith */", "SELECT \u{2026}, \"actor\" \u{2026}"),
            ("SELECT 'jsmith", "SELECT '\u{2026}'"),
            ("SELECT 12 + 3.5", "SELECT 12 + 3.5"),
        ] {
            assert_eq!(shape(statement), recorded);
        }
    }
}
