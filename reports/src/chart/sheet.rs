//! A sheet to draw on: words that wrap, lines, boxes and groups, all through plotters.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::LazyLock;

use plotters::coord::Shift;
use plotters::prelude::{
    Circle, DrawingArea, FontDesc, FontFamily, FontStyle, IntoDrawingArea, PathElement, Polygon, Rectangle,
    Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, RGBColor, ShapeStyle, TextStyle, register_font};
use query::{Error, Kind};

use super::backend::{Canvas, Svg};
use super::palette::{INK, Marker, Texture};
use super::png;

/// Position in pixels.
pub(crate) type Point = (i32, i32);

/// How words look.
#[derive(Clone, Copy)]
pub(crate) struct Lettering {
    /// Height in pixels.
    pub(crate) size: i32,
    /// Heavy.
    pub(crate) bold: bool,
    /// Colour.
    pub(crate) colour: RGBColor,
    /// Which end stands at the position.
    pub(crate) across: HPos,
    /// Which edge stands at the position.
    pub(crate) down: VPos,
}

impl Lettering {
    /// Upright, black, growing to the right and down from its position.
    pub(crate) const fn new(size: i32) -> Self {
        Self { size, bold: false, colour: INK, across: HPos::Left, down: VPos::Top }
    }

    pub(crate) const fn bold(mut self) -> Self {
        self.bold = true;
        self
    }

    pub(crate) const fn colour(mut self, colour: RGBColor) -> Self {
        self.colour = colour;
        self
    }

    pub(crate) const fn right(mut self) -> Self {
        self.across = HPos::Right;
        self
    }

    pub(crate) const fn centred(mut self) -> Self {
        self.across = HPos::Center;
        self
    }

    pub(crate) const fn middle(mut self) -> Self {
        self.down = VPos::Center;
        self
    }

    fn style(self) -> TextStyle<'static> {
        let weight = if self.bold { FontStyle::Bold } else { FontStyle::Normal };
        TextStyle {
            font: FontDesc::new(FontFamily::SansSerif, f64::from(self.size), weight),
            color: self.colour.to_backend_color(),
            pos: Pos::new(self.across, self.down),
        }
    }

    /// Distance from one line of words to the next.
    pub(crate) const fn leading(self) -> i32 {
        self.size * 5 / 4 + 1
    }
}

// plotters measures words with registered letters only; a failure shows as guessed widths.
static MEASURE: LazyLock<()> = LazyLock::new(|| {
    let _ = register_font("sans-serif", FontStyle::Normal, png::REGULAR);
    let _ = register_font("sans-serif", FontStyle::Bold, png::BOLD);
});

/// plotters scales letters by the height from the lowest to the highest stroke, SVG by the em: in Noto
/// Sans the first is this many of the second.
const HEIGHT_OF_LETTERS_EM: f64 = 1.362;

/// Width of one line of words in pixels.
pub(crate) fn width_of(text: &str, lettering: Lettering) -> i32 {
    LazyLock::force(&MEASURE);
    let guess = text.chars().count() as i32 * lettering.size * 6 / 10;
    let style = lettering.style();
    let size = f64::from(lettering.size) * HEIGHT_OF_LETTERS_EM;
    style.font.resize(size).layout_box(text).map_or(guess, |((left, _), (right, _))| right - left)
}

/// Breaks words into lines no wider than `width`; a single longer word stands alone.
pub(crate) fn wrap(text: &str, width: i32, lettering: Lettering) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width_of(&format!("{line} {word}"), lettering) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Something went wrong inside plotters: ours to mend.
pub(super) fn undrawable(_: impl std::fmt::Debug) -> Error {
    Error::new(Kind::Bug, "the picture could not be drawn").help("Please report it.")
}

/// A sheet being drawn on.
pub(crate) struct Sheet {
    canvas: Rc<RefCell<Canvas>>,
    pub(super) root: DrawingArea<Svg, Shift>,
    width: i32,
}

impl Sheet {
    pub(crate) fn new(id: &str, width_pixels: u32) -> Self {
        let canvas = Canvas::new(id, width_pixels);
        let root = Svg(Rc::clone(&canvas)).into_drawing_area();
        Self { canvas, root, width: i32::try_from(width_pixels).unwrap_or(i32::MAX) }
    }

    pub(crate) const fn width(&self) -> i32 {
        self.width
    }

    /// Draws inside a group named `class`.
    pub(crate) fn group<T>(
        &self,
        class: &str,
        draw: impl FnOnce(&Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.dashed_group(class, "", draw)
    }

    /// Draws inside a group whose lines are broken like `dash`.
    pub(crate) fn dashed_group<T>(
        &self,
        class: &str,
        dash: &str,
        draw: impl FnOnce(&Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.canvas.borrow_mut().open(class, dash);
        let drawn = draw(self);
        self.canvas.borrow_mut().close();
        drawn
    }

    pub(crate) fn text(&self, at: Point, text: &str, lettering: Lettering) -> Result<(), Error> {
        self.root.draw(&Text::new(text.to_owned(), at, lettering.style())).map_err(undrawable)
    }

    /// Words over several lines; gives back the height used.
    pub(crate) fn paragraph(
        &self,
        at: Point,
        width: i32,
        text: &str,
        lettering: Lettering,
    ) -> Result<i32, Error> {
        let lines = wrap(text, width, lettering);
        let mut below = at.1;
        for line in &lines {
            self.text((at.0, below), line, lettering)?;
            below += lettering.leading();
        }
        Ok(below - at.1)
    }

    /// What the figures say, under the heading; the height used, none where there is nothing to say.
    pub(crate) fn reading(&self, at: Point, width: i32, text: &str) -> Result<i32, Error> {
        if text.is_empty() {
            return Ok(0);
        }
        Ok(self.group("reading", |sheet| sheet.paragraph(at, width, text, Lettering::new(14)))? + 8)
    }

    pub(crate) fn line(&self, from: Point, to: Point, colour: RGBColor, thick: u32) -> Result<(), Error> {
        self.path(vec![from, to], colour, thick)
    }

    pub(crate) fn path(&self, points: Vec<Point>, colour: RGBColor, thick: u32) -> Result<(), Error> {
        let style = ShapeStyle::from(&colour).stroke_width(thick);
        self.root.draw(&PathElement::new(points, style)).map_err(undrawable)
    }

    /// A filled box from one corner to the other.
    pub(crate) fn filled(&self, from: Point, to: Point, colour: RGBColor) -> Result<(), Error> {
        self.root.draw(&Rectangle::new([from, to], colour.filled())).map_err(undrawable)
    }

    /// A box filled with a texture.
    pub(crate) fn textured(&self, from: Point, to: Point, texture: Texture) -> Result<(), Error> {
        self.canvas.borrow_mut().fill_with(Some(texture));
        let drawn = self.filled(from, to, INK);
        self.canvas.borrow_mut().fill_with(None);
        drawn
    }

    /// The outline of a box.
    pub(crate) fn outlined(&self, from: Point, to: Point, colour: RGBColor, thick: u32) -> Result<(), Error> {
        let style = ShapeStyle::from(&colour).stroke_width(thick);
        self.root.draw(&Rectangle::new([from, to], style)).map_err(undrawable)
    }

    pub(crate) fn marker(&self, (x, y): Point, marker: Marker, colour: RGBColor) -> Result<(), Error> {
        let fill = colour.filled();
        match marker {
            Marker::Circle => self.root.draw(&Circle::new((x, y), 4, fill)),
            Marker::Square => self.root.draw(&Rectangle::new([(x - 4, y - 4), (x + 4, y + 4)], fill)),
            Marker::Triangle => {
                self.root.draw(&Polygon::new(vec![(x, y - 5), (x + 5, y + 4), (x - 5, y + 4)], fill))
            }
            Marker::Diamond => {
                self.root.draw(&Polygon::new(vec![(x, y - 5), (x + 5, y), (x, y + 5), (x - 5, y)], fill))
            }
        }
        .map_err(undrawable)
    }

    /// The finished picture.
    pub(crate) fn finish(self, title: &str, description: &str, height: i32) -> String {
        let height = u32::try_from(height).unwrap_or(1);
        self.canvas.borrow_mut().finish(title, description, height)
    }
}
