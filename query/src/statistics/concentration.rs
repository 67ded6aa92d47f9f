//! Whether a count is one actor's or many actors'.

/// Effective number of actors, 1 / sum of squared shares (the inverse of Simpson's index, Nature 163,
/// 1949; Hill's number of order 2): as many actors with equal counts would be as concentrated. None of
/// nothing.
#[must_use]
pub fn effective_number(counts: &[f64]) -> Option<f64> {
    let sum: f64 = counts.iter().sum();
    let squares: f64 = counts.iter().map(|count| count * count).sum();
    (squares > 0.0).then(|| sum * sum / squares)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use super::effective_number;

    #[test]
    fn equal_actors_count_whole_and_one_who_makes_most_counts_for_little() {
        assert_eq!(effective_number(&[5.0; 4]), Some(4.0));
        assert_eq!(effective_number(&[7.0]), Some(1.0));
        // Shares 1/2, 1/4, 1/4: 1 / (1/4 + 1/16 + 1/16) = 8/3.
        assert!((effective_number(&[2.0, 1.0, 1.0]).unwrap() - 8.0 / 3.0).abs() < 1e-12);
        assert_eq!(effective_number(&[]), None);
        assert_eq!(effective_number(&[0.0]), None);
    }
}
