//! Cohen's kappa: how far two reviewers agree beyond chance.

use super::{Interval, Z};

/// How far two reviewers agree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kappa {
    /// Cases that both judged.
    pub cases: u64,
    /// Share on which they agree.
    pub agreement: f64,
    /// Share on which they would agree by chance, each with his own habits.
    pub expected: f64,
    /// (agreement - expected) / (1 - expected): 1 is full agreement, 0 is chance.
    pub kappa: f64,
    /// Standard error for intervals.
    pub standard_error: f64,
    /// 95 % interval, cut at -1 and 1.
    pub interval: Interval,
}

/// Kappa of a square table, rows one reviewer and columns the other (Cohen, Educational and Psychological
/// Measurement 20, 1960), with the large-sample error of Fleiss, Cohen and Everitt (Psychological Bulletin 72,
/// 1969). None where nothing was judged or both used one and the same word throughout: chance then explains
/// everything.
#[must_use]
pub fn cohen_kappa(table: &[Vec<u64>]) -> Option<Kappa> {
    let size = table.len();
    let cases: u64 = table.iter().flatten().sum();
    if cases == 0 || table.iter().any(|row| row.len() != size) {
        return None;
    }
    let total = cases as f64;
    let share = |row: usize, column: usize| table[row][column] as f64 / total;
    let rows: Vec<f64> = (0..size).map(|row| (0..size).map(|column| share(row, column)).sum()).collect();
    let columns: Vec<f64> = (0..size).map(|column| (0..size).map(|row| share(row, column)).sum()).collect();
    let agreement: f64 = (0..size).map(|word| share(word, word)).sum();
    let expected: f64 = rows.iter().zip(&columns).map(|(row, column)| row * column).sum();
    if expected >= 1.0 - 1e-12 {
        return None;
    }
    let kappa = (agreement - expected) / (1.0 - expected);
    let away = 1.0 - kappa;
    let same: f64 =
        (0..size).map(|word| share(word, word) * (1.0 - (rows[word] + columns[word]) * away).powi(2)).sum();
    let apart = (0..size).flat_map(|row| (0..size).map(move |column| (row, column)));
    let other: f64 = apart
        .filter(|(row, column)| row != column)
        .map(|(row, column)| share(row, column) * (columns[row] + rows[column]).powi(2))
        .sum();
    let chance = (kappa - expected * away).powi(2);
    let variance = (same + away.powi(2) * other - chance).max(0.0) / (total * (1.0 - expected).powi(2));
    let standard_error = variance.sqrt();
    let reach = Z * standard_error;
    let interval = Interval { lower: (kappa - reach).max(-1.0), upper: (kappa + reach).min(1.0) };
    Some(Kappa { cases, agreement, expected, kappa, standard_error, interval })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use super::cohen_kappa;

    fn close(value: f64, published: f64, digits: i32) -> bool {
        (value - published).abs() <= 0.5 * 10_f64.powi(-digits) + 1e-9
    }

    /// Two radiologists on 85 films, the table that Stata's manual of `kap` works with ([R] kappa; its page could not be looked up
    /// for the figures). By hand: agreement 54 / 85; expected (33 x 28 + 22 x 38 + 29 x 16 + 1 x 3) / 85^2. Kappa and its
    /// error by statsmodels 0.15.0.
    #[test]
    fn two_radiologists() {
        let table = [vec![21, 12, 0, 0], vec![4, 17, 1, 0], vec![3, 9, 15, 2], vec![0, 0, 0, 1]];
        let found = cohen_kappa(&table).unwrap();
        assert_eq!(found.cases, 85);
        assert!(close(found.agreement, 0.6353, 4) && close(found.expected, 0.3082, 4), "{found:?}");
        assert!(close(found.kappa, 0.4728, 4), "{found:?}");
        // statsmodels.stats.inter_rater.cohens_kappa of the same table.
        assert!((found.standard_error - 0.072_715_378_170_647_65).abs() < 1e-12, "{found:?}");
        assert!((found.interval.lower - 0.330_269_593_309_579).abs() < 1e-6, "{found:?}");
    }

    /// 100 patients by two psychiatrists, the usual table of Fleiss's book (no copy was at hand). By hand: agreement 0.89,
    /// expected 0.80 x 0.80 + 0.10 x 0.05 + 0.10 x 0.15 = 0.66, kappa 0.23 / 0.34 = 0.68.
    #[test]
    fn two_psychiatrists() {
        let found = cohen_kappa(&[vec![75, 1, 4], vec![5, 4, 1], vec![0, 0, 10]]).unwrap();
        assert!(close(found.agreement, 0.89, 2) && close(found.expected, 0.66, 2), "{found:?}");
        assert!(close(found.kappa, 0.68, 2), "{found:?}");
        // statsmodels.stats.inter_rater.cohens_kappa of the same table.
        assert!((found.kappa - 0.676_470_588_235_294).abs() < 1e-12, "{found:?}");
        assert!((found.standard_error - 0.087_702_953_475_212_54).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn nothing_to_compare_has_no_kappa() {
        assert_eq!(cohen_kappa(&[]), None);
        assert_eq!(cohen_kappa(&[vec![0, 0], vec![0, 0]]), None);
        assert_eq!(cohen_kappa(&[vec![9, 0], vec![0, 0]]), None, "one word throughout");
        let full = cohen_kappa(&[vec![5, 0], vec![0, 5]]).unwrap();
        assert_eq!((full.kappa, full.interval.upper, full.standard_error), (1.0, 1.0, 0.0));
    }
}
