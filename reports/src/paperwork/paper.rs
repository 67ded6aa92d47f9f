//! What a paper consists of, before it is written as a page, as Markdown or as rows.

/// A paper.
#[derive(Clone, Debug)]
pub(crate) struct Paper {
    /// Name of its file, without ending.
    pub(crate) name: &'static str,
    /// Title.
    pub(crate) title: String,
    /// School and day.
    pub(crate) under: String,
    /// What it says, in order.
    pub(crate) blocks: Vec<Block>,
}

/// A part of a paper.
#[derive(Clone, Debug)]
pub(crate) enum Block {
    /// A heading.
    Section(String),
    /// A paragraph.
    Says(String),
    /// Points.
    List(Vec<String>),
    /// A table.
    Table(Table),
}

/// A table; the first cell of a row is its heading.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// What it shows.
    pub(crate) caption: String,
    /// Headings of its columns.
    pub(crate) headings: &'static [&'static str],
    /// Rows, as many cells as headings.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Paper {
    /// A paper with nothing in it yet.
    pub(crate) fn new(name: &'static str, title: &str, facts: &super::Facts) -> Self {
        Self {
            name,
            title: title.to_owned(),
            under: format!(
                "{}. Made by Watershed from its configuration on {}.",
                facts.school.name,
                super::facts::day(facts.made_on)
            ),
            blocks: Vec::new(),
        }
    }

    pub(crate) fn section(&mut self, heading: &str) -> &mut Self {
        self.blocks.push(Block::Section(heading.to_owned()));
        self
    }

    pub(crate) fn says(&mut self, text: impl Into<String>) -> &mut Self {
        self.blocks.push(Block::Says(text.into()));
        self
    }

    /// What the school has to fill in: nothing here knows it.
    pub(crate) fn gap(&mut self, text: &str) -> &mut Self {
        self.says(gap(text))
    }

    pub(crate) fn list<T: Into<String>>(&mut self, points: impl IntoIterator<Item = T>) -> &mut Self {
        self.blocks.push(Block::List(points.into_iter().map(Into::into).collect()));
        self
    }

    pub(crate) fn table(
        &mut self,
        caption: &str,
        headings: &'static [&'static str],
        rows: Vec<Vec<String>>,
    ) -> &mut Self {
        self.blocks.push(Block::Table(Table { caption: caption.to_owned(), headings, rows }));
        self
    }
}

/// The mark of what the school has to fill in.
pub(crate) fn gap(text: &str) -> String {
    format!("[school: {text}]")
}

/// A row from anything that is text.
pub(crate) fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}
