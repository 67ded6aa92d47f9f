//! The same SVG as a PNG, for newsletters: drawn by resvg with the embedded letters only.

use std::sync::{Arc, LazyLock};

use query::{Error, Kind};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

/// Pixels of the PNG for one pixel of the picture: sharp on a good screen and on paper.
const SCALE: f32 = 2.0;

/// Upright letters (Noto Sans, SIL Open Font License, see `assets/NotoSans-LICENCE.txt`).
pub(crate) static REGULAR: &[u8] = include_bytes!("../../assets/NotoSans-Regular.ttf");
/// Bold letters.
pub(crate) static BOLD: &[u8] = include_bytes!("../../assets/NotoSans-Bold.ttf");

static LETTERS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut letters = fontdb::Database::new();
    letters.load_font_data(REGULAR.to_vec());
    letters.load_font_data(BOLD.to_vec());
    letters.set_sans_serif_family("Noto Sans");
    Arc::new(letters)
});

/// Reads `svg` with the embedded letters; never a file, a system font or the network.
pub(super) fn tree(svg: &str) -> Result<Tree, Error> {
    let options =
        Options { font_family: "Noto Sans".to_owned(), fontdb: Arc::clone(&LETTERS), ..Options::default() };
    Tree::from_str(svg, &options).map_err(|_| failed("our own picture could not be read back"))
}

/// Draws `svg`.
pub(crate) fn from_svg(svg: &str) -> Result<Vec<u8>, Error> {
    let tree = tree(svg)?;
    let size = tree.size();
    let (width, height) = ((size.width() * SCALE).ceil() as u32, (size.height() * SCALE).ceil() as u32);
    let mut pixels = Pixmap::new(width, height).ok_or_else(|| failed("the picture has no size"))?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|_| failed("the picture could not be written as PNG"))
}

fn failed(message: &str) -> Error {
    Error::new(Kind::Bug, message).help("Please report it.")
}
