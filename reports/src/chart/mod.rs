//! Pictures: from a cleared table or a sealed set to accessible SVG, PNG and a data table.
//!
//! Each picture is a function of what its reader may see, of nothing else (release policy, rule 15):
//! the public functions take a [`Releasable`] and give back a [`Rendered`] for the same audience.

mod axis;
mod backend;
mod bands;
mod control;
pub(crate) mod data_table;
mod facts;
mod heat_map;
mod line;
mod palette;
mod picture;
pub(crate) mod png;
mod ratios;
mod sheet;
pub(crate) mod words;

use std::fmt;
use std::marker::PhantomData;

use query::disclosure::sealed::SealedSet;
use query::{Audience, Error, Releasable, Table};

pub use heat_map::HeatChoice;
pub use line::LineChoice;
pub use picture::picture;

/// Width of a picture in pixels; narrow ones have fewer ticks, wrapped words and stacked panels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width(u32);

impl Width {
    /// A telephone held upright.
    pub const NARROW: Self = Self(320);
    /// A page.
    pub const WIDE: Self = Self(800);

    /// A width between 280 and 1,600 pixels.
    #[must_use]
    pub fn pixels(pixels: u32) -> Self {
        Self(pixels.clamp(280, 1600))
    }

    const fn is_narrow(self) -> bool {
        self.0 < 520
    }
}

/// What the bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// A picture as SVG.
    Svg,
    /// A picture as PNG.
    Png,
    /// A page or a part of one.
    Html,
}

impl Media {
    /// The media type as HTTP writes it.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
            Self::Html => "text/html; charset=utf-8",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Html => "html",
        }
    }
}

/// Bytes that may be given to the audience `A`, and to nobody below it.
pub struct Rendered<A: Audience> {
    bytes: Vec<u8>,
    media: Media,
    stem: String,
    audience: PhantomData<fn() -> A>,
}

impl<A: Audience> Rendered<A> {
    pub(crate) fn new(bytes: Vec<u8>, media: Media, stem: &str) -> Self {
        let stem = stem
            .chars()
            .map(|character| if character.is_ascii_alphanumeric() { character } else { '-' })
            .collect();
        Self { bytes, media, stem, audience: PhantomData }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, given away.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The media type as HTTP writes it.
    #[must_use]
    pub fn media_type(&self) -> &'static str {
        self.media.media_type()
    }

    /// A name for the file: kind of picture and ledger id, nothing from a log.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.{}", self.stem, self.media.ending())
    }

    /// The text, where the bytes are text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// The same picture as PNG, drawn from this SVG.
    ///
    /// # Errors
    /// Fails where this is no SVG.
    pub fn to_png(&self) -> Result<Self, Error> {
        let svg = match self.media {
            Media::Svg => self.text(),
            Media::Png | Media::Html => None,
        };
        let svg = svg.ok_or_else(|| Error::new(query::Kind::Bug, "only an SVG can be turned into a PNG"))?;
        Ok(Self {
            bytes: png::from_svg(svg)?,
            media: Media::Png,
            stem: self.stem.clone(),
            audience: PhantomData,
        })
    }
}

impl<A: Audience> fmt::Debug for Rendered<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Rendered<{}, {} bytes of {}>", A::WORD, self.bytes.len(), self.media_type())
    }
}

/// A trend: a line from a zero baseline with the band of its interval.
///
/// # Errors
/// Fails where the table has not the columns that `choice` names.
pub fn line<A: Audience>(
    table: &Releasable<Table, A>,
    choice: &LineChoice<'_>,
    width: Width,
) -> Result<Rendered<A>, Error> {
    svg("line", line::draw(table.value(), choice, A::WORD, width)?)
}

/// A heat map with its values written in its cells.
///
/// # Errors
/// Fails where the table has not the columns that `choice` names.
pub fn heat_map<A: Audience>(
    table: &Releasable<Table, A>,
    choice: &HeatChoice<'_>,
    width: Width,
) -> Result<Rendered<A>, Error> {
    svg("heat-map", heat_map::draw(table.value(), choice, A::WORD, width)?)
}

/// The picture of a sealed set: its bands, or, where it has no pupil figures, its measures in words.
///
/// # Errors
/// Fails only by a fault of ours.
pub fn bands<A: Audience>(set: &Releasable<SealedSet, A>, width: Width) -> Result<Rendered<A>, Error> {
    let set = set.value();
    svg(&format!("watershed-{}-{}", set.audience, set.id), sealed(set, width)?)
}

/// The picture of a sealed set, for the pages of this crate.
pub(crate) fn sealed(set: &SealedSet, width: Width) -> Result<String, Error> {
    if set.tables.iter().any(|table| !table.rows.is_empty()) {
        bands::draw(set, width)
    } else {
        facts::draw(set, width)
    }
}

/// A line picture for a staff page of this crate, from a table that was cleared for staff.
pub(crate) fn live_line(table: &Table, choice: &LineChoice<'_>, width: Width) -> Result<String, Error> {
    line::draw(table, choice, query::Staff::WORD, width)
}

/// A heat map for a staff page of this crate, from a table that was cleared for staff.
pub(crate) fn live_heat(table: &Table, choice: &HeatChoice<'_>, width: Width) -> Result<String, Error> {
    heat_map::draw(table, choice, query::Staff::WORD, width)
}

fn svg<A: Audience>(stem: &str, text: String) -> Result<Rendered<A>, Error> {
    Ok(Rendered::new(text.into_bytes(), Media::Svg, stem))
}

#[cfg(test)]
pub(crate) mod examples;
#[cfg(test)]
mod tests;
