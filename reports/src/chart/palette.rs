//! Colours, dashes, markers and textures: the Analysis Function's palette, told apart in greyscale too.

use plotters::style::RGBColor;

/// Dark blue: the first line, the bars.
pub(crate) const DARK_BLUE: RGBColor = RGBColor(0x12, 0x43, 0x6D);
/// Turquoise.
pub(crate) const TURQUOISE: RGBColor = RGBColor(0x28, 0xA1, 0x97);
/// Dark pink.
pub(crate) const DARK_PINK: RGBColor = RGBColor(0x80, 0x16, 0x50);
/// Orange.
pub(crate) const ORANGE: RGBColor = RGBColor(0xF4, 0x6A, 0x25);
/// Dark grey: words that are not the first thing to read.
pub(crate) const DARK_GREY: RGBColor = RGBColor(0x3D, 0x3D, 0x3D);
/// Words.
pub(crate) const INK: RGBColor = RGBColor(0x0B, 0x0C, 0x0C);
/// Lines of the grid.
pub(crate) const GRID: RGBColor = RGBColor(0xC9, 0xCC, 0xCF);
/// The sheet.
pub(crate) const PAPER: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);

/// Shape of a point, so that lines can be told apart without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    /// Filled circle.
    Circle,
    /// Filled square.
    Square,
    /// Triangle pointing up.
    Triangle,
    /// Diamond.
    Diamond,
}

/// How one line looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stroke {
    /// Colour.
    pub(crate) colour: RGBColor,
    /// `stroke-dasharray`; empty for an unbroken line.
    pub(crate) dash: &'static str,
    /// Point.
    pub(crate) marker: Marker,
}

/// Lines in order; more than these in one picture cannot be told apart.
pub(crate) const STROKES: [Stroke; 4] = [
    Stroke { colour: DARK_BLUE, dash: "", marker: Marker::Circle },
    Stroke { colour: ORANGE, dash: "7 4", marker: Marker::Square },
    Stroke { colour: DARK_PINK, dash: "2 4", marker: Marker::Triangle },
    Stroke { colour: TURQUOISE, dash: "9 3 2 3", marker: Marker::Diamond },
];

/// Textures that fill a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Texture {
    /// Diagonal lines: a band.
    Diagonal,
    /// Dots: no data.
    Dots,
}

impl Texture {
    /// Last part of the pattern's id.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Diagonal => "diagonal",
            Self::Dots => "dots",
        }
    }

    /// What stands inside the pattern element.
    pub(crate) const fn tile(self) -> &'static str {
        match self {
            Self::Diagonal => {
                r##"<rect width="6" height="6" fill="#12436D"/><path d="M-1 1L1 -1M0 6L6 0M5 7L7 5" stroke="#6BACE6" stroke-width="1.5"/>"##
            }
            Self::Dots => {
                r##"<rect width="6" height="6" fill="#FFFFFF"/><circle cx="3" cy="3" r="1" fill="#6F777B"/>"##
            }
        }
    }
}

/// Steps of the sequential scale, light to dark: each is darker than the one before in greyscale too.
pub(crate) const STEPS: [RGBColor; 5] = [
    RGBColor(0xE9, 0xF1, 0xF9),
    RGBColor(0xBF, 0xD9, 0xF1),
    RGBColor(0x7F, 0xB5, 0xE4),
    RGBColor(0x2A, 0x78, 0xBD),
    RGBColor(0x12, 0x43, 0x6D),
];

/// Relative luminance as WCAG defines it, 0 black to 1 white.
pub(crate) fn luminance(colour: RGBColor) -> f64 {
    let channel = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(colour.0) + 0.7152 * channel(colour.1) + 0.0722 * channel(colour.2)
}

/// Contrast of two colours as WCAG defines it, 1 to 21.
pub(crate) fn contrast(one: RGBColor, other: RGBColor) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Whichever of ink and paper reads better on `background`.
pub(crate) fn lettering_on(background: RGBColor) -> RGBColor {
    if contrast(INK, background) >= contrast(PAPER, background) { INK } else { PAPER }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_darker_than_the_one_before() {
        for pair in STEPS.windows(2) {
            assert!(luminance(pair[1]) < luminance(pair[0]));
        }
    }

    #[test]
    fn words_on_every_step_reach_the_contrast_that_small_print_needs() {
        for step in STEPS {
            assert!(contrast(lettering_on(step), step) >= 4.5, "{step:?}");
        }
    }

    #[test]
    fn lines_reach_the_contrast_that_pictures_need() {
        for stroke in STROKES {
            assert!(contrast(stroke.colour, PAPER) >= 2.9, "{stroke:?}");
        }
    }

    #[test]
    fn no_two_lines_share_dash_or_marker() {
        for (position, one) in STROKES.iter().enumerate() {
            for other in &STROKES[position + 1..] {
                assert_ne!(one.dash, other.dash);
                assert_ne!(one.marker, other.marker);
            }
        }
    }
}
