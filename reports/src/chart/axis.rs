//! Ticks, and places on a sheet for figures.

use plotters::coord::CoordTranslate;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;

use super::sheet::Point;

/// Top of an axis for sealed figures, so that it does not tell the largest one (rule 15).
const LADDER: [u32; 8] = [25, 50, 100, 250, 500, 1000, 2500, 5000];

/// Smallest rung that holds `largest`.
pub(crate) fn rung(largest: u32) -> u32 {
    LADDER.into_iter().find(|rung| *rung >= largest).unwrap_or(largest)
}

/// Round steps from zero to at least `largest`, about `wanted` of them.
pub(crate) fn ticks(largest: f64, wanted: usize) -> Vec<f64> {
    let largest = if largest.is_finite() && largest > 0.0 { largest } else { 1.0 };
    let rough = largest / wanted.max(1) as f64;
    let magnitude = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * magnitude)
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(10.0 * magnitude);
    let count = (largest / step - 1e-9).ceil().max(1.0) as usize;
    (0..=count).map(|position| position as f64 * step).collect()
}

/// Where figures stand on the sheet; plotters does the sum.
pub(crate) struct Field {
    coordinates: Cartesian2d<RangedCoordf64, RangedCoordf64>,
    /// Left edge in pixels.
    pub(crate) left: i32,
    /// Right edge in pixels.
    pub(crate) right: i32,
}

impl Field {
    pub(crate) fn new(
        across: std::ops::Range<f64>,
        up: std::ops::Range<f64>,
        (left, right): (i32, i32),
        (top, bottom): (i32, i32),
    ) -> Self {
        // From the lower edge up: the vertical range runs backwards in pixels.
        let coordinates = Cartesian2d::new(across, up, (left..right, bottom..top));
        Self { coordinates, left, right }
    }

    pub(crate) fn at(&self, across: f64, up: f64) -> Point {
        self.coordinates.translate(&(across, up))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_start_at_zero_and_hold_the_largest() {
        assert_eq!(ticks(9.0, 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(100.0, 4), [0.0, 25.0, 50.0, 75.0, 100.0]);
        assert_eq!(ticks(0.0, 4), [0.0, 0.25, 0.5, 0.75, 1.0]);
    }

    #[test]
    fn the_ladder_hides_the_largest() {
        assert_eq!(rung(10), 25);
        assert_eq!(rung(99), 100);
        assert_eq!(rung(101), 250);
        assert_eq!(rung(104), 250);
    }
}
