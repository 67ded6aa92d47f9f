//! A drawing backend for plotters that writes SVG for people: titled, described, grouped, text as text.
//!
//! plotters' own SVG backend knows no title, groups, patterns or dashes. Everything here comes from
//! the drawing calls; nothing is added that a reader of the picture cannot see, save title and
//! description.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::rc::Rc;

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
    FontTransform,
};

use super::palette::Texture;

/// Room given to plotters; the picture's real height is known only when it is finished.
const TALLEST_PIXELS: u32 = 20_000;

/// What has been drawn so far.
#[derive(Debug)]
pub(crate) struct Canvas {
    id: String,
    width_pixels: u32,
    body: String,
    textures: BTreeSet<Texture>,
    texture: Option<Texture>,
    depth: usize,
}

impl Canvas {
    /// An empty sheet; `id` starts the ids of all its parts, so that several can share a page.
    pub(crate) fn new(id: &str, width_pixels: u32) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            id: id.to_owned(),
            width_pixels,
            body: String::new(),
            textures: BTreeSet::new(),
            texture: None,
            depth: 0,
        }))
    }

    /// Opens a group: `class` says what it holds, `dash` how its lines are broken.
    pub(crate) fn open(&mut self, class: &str, dash: &str) {
        let dash =
            if dash.is_empty() { String::new() } else { format!(r#" stroke-dasharray="{}""#, escaped(dash)) };
        let _ = writeln!(self.body, r#"<g class="{}"{dash}>"#, escaped(class));
        self.depth += 1;
    }

    /// Closes the group opened last.
    pub(crate) fn close(&mut self) {
        if self.depth > 0 {
            self.depth -= 1;
            self.body.push_str("</g>\n");
        }
    }

    /// Fills shapes with this texture from here on, or with plain colour.
    pub(crate) fn fill_with(&mut self, texture: Option<Texture>) {
        self.texture = texture;
        self.textures.extend(texture);
    }

    /// The whole picture.
    pub(crate) fn finish(&mut self, title: &str, description: &str, height_pixels: u32) -> String {
        while self.depth > 0 {
            self.close();
        }
        let Self { id, width_pixels: width, body, textures, .. } = self;
        let id = escaped(id);
        let (title, description) = (escaped(title), escaped(description));
        let mut patterns = String::new();
        for texture in textures.iter() {
            let _ = write!(
                patterns,
                r#"<pattern id="{id}-{word}" width="6" height="6" patternUnits="userSpaceOnUse">{tile}</pattern>"#,
                word = texture.word(),
                tile = texture.tile(),
            );
        }
        let patterns = if patterns.is_empty() { patterns } else { format!("<defs>{patterns}</defs>\n") };
        format!(
            concat!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{id}-title {id}-desc" "#,
                r#"width="{width}" height="{height}" viewBox="0 0 {width} {height}" "#,
                r#"font-family="'Noto Sans', Arial, Helvetica, sans-serif">"#,
                "\n",
                r#"<title id="{id}-title">{title}</title>"#,
                "\n",
                r#"<desc id="{id}-desc">{description}</desc>"#,
                "\n",
                "{patterns}",
                r##"<rect class="paper" x="0" y="0" width="{width}" height="{height}" fill="#FFFFFF"/>"##,
                "\n{body}</svg>\n",
            ),
            id = id,
            width = width,
            height = height_pixels,
            title = title,
            description = description,
            patterns = patterns,
            body = body,
        )
    }

    fn paint(&self, colour: BackendColor) -> String {
        match self.texture {
            Some(texture) => format!(r#"fill="url(#{}-{})""#, escaped(&self.id), texture.word()),
            None => format!(r#"fill="{}"{}"#, hexadecimal(colour), opacity("fill", colour)),
        }
    }
}

/// The backend handed to plotters; it shares its canvas with whoever opens groups and sets textures.
#[derive(Debug)]
pub(crate) struct Svg(pub(crate) Rc<RefCell<Canvas>>);

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for Svg {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.0.borrow().width_pixels, TALLEST_PIXELS)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Drawn {
        let mut canvas = self.0.borrow_mut();
        let fill = canvas.paint(colour);
        let _ = writeln!(canvas.body, r#"<rect x="{x}" y="{y}" width="1" height="1" {fill}/>"#);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        let _ = writeln!(
            self.0.borrow_mut().body,
            r#"<line x1="{}" y1="{}" x2="{}" y2="{}" {}/>"#,
            from.0,
            from.1,
            to.0,
            to.1,
            outline(style)
        );
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        lower_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let mut canvas = self.0.borrow_mut();
        let paint =
            if fill { canvas.paint(style.color()) } else { format!(r#"fill="none" {}"#, outline(style)) };
        let _ = writeln!(
            canvas.body,
            r#"<rect x="{}" y="{}" width="{}" height="{}" {paint}/>"#,
            upper_left.0,
            upper_left.1,
            (lower_right.0 - upper_left.0).max(0),
            (lower_right.1 - upper_left.1).max(0),
        );
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let _ = writeln!(
            self.0.borrow_mut().body,
            r#"<polyline points="{}" fill="none" {}/>"#,
            points(path),
            outline(style)
        );
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        centre: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let mut canvas = self.0.borrow_mut();
        let paint =
            if fill { canvas.paint(style.color()) } else { format!(r#"fill="none" {}"#, outline(style)) };
        let _ =
            writeln!(canvas.body, r#"<circle cx="{}" cy="{}" r="{radius}" {paint}/>"#, centre.0, centre.1);
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        vertices: I,
        style: &S,
    ) -> Drawn {
        let mut canvas = self.0.borrow_mut();
        let paint = canvas.paint(style.color());
        let _ = writeln!(canvas.body, r#"<polygon points="{}" {paint}/>"#, points(vertices));
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Drawn {
        let size = style.size();
        let anchor = match style.anchor().h_pos {
            HPos::Left => "",
            HPos::Center => r#" text-anchor="middle""#,
            HPos::Right => r#" text-anchor="end""#,
        };
        // Every renderer puts the baseline at y; names of baselines are not understood everywhere.
        let shift = match style.anchor().v_pos {
            VPos::Top => 0.85,
            VPos::Center => 0.35,
            VPos::Bottom => -0.2,
        };
        let baseline = y + (size * shift).round() as i32;
        let weight = if matches!(style.style(), FontStyle::Bold) { r#" font-weight="bold""# } else { "" };
        let turn = match style.transform() {
            FontTransform::None => String::new(),
            FontTransform::Rotate90 => format!(r#" transform="rotate(90 {x} {y})""#),
            FontTransform::Rotate180 => format!(r#" transform="rotate(180 {x} {y})""#),
            FontTransform::Rotate270 => format!(r#" transform="rotate(270 {x} {y})""#),
        };
        let _ = writeln!(
            self.0.borrow_mut().body,
            r#"<text x="{x}" y="{baseline}" font-size="{}"{anchor}{weight} fill="{}"{turn}>{}</text>"#,
            size.round() as i32,
            hexadecimal(style.color()),
            escaped(text)
        );
        Ok(())
    }
}

/// `#12436D`
fn hexadecimal(colour: BackendColor) -> String {
    let (red, green, blue) = colour.rgb;
    format!("#{red:02X}{green:02X}{blue:02X}")
}

fn opacity(what: &str, colour: BackendColor) -> String {
    if colour.alpha >= 1.0 { String::new() } else { format!(r#" {what}-opacity="{:.2}""#, colour.alpha) }
}

fn outline<S: BackendStyle>(style: &S) -> String {
    let colour = style.color();
    format!(
        r#"stroke="{}" stroke-width="{}"{}"#,
        hexadecimal(colour),
        style.stroke_width(),
        opacity("stroke", colour)
    )
}

fn points(path: impl IntoIterator<Item = BackendCoord>) -> String {
    let mut written = String::new();
    for (x, y) in path {
        if !written.is_empty() {
            written.push(' ');
        }
        let _ = write!(written, "{x},{y}");
    }
    written
}

/// Text that XML takes: marks escaped, control characters left out.
pub(crate) fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            '\'' => written.push_str("&#39;"),
            other if other.is_control() => written.push(' '),
            other => written.push(other),
        }
    }
    written
}
