//! What the pictures must be: looked at as parsed SVG, never as pixels.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeSet;

use query::disclosure::sealed::{SealedSet, Shown};
use resvg::usvg::roxmltree::{Document, Node};

use super::*;

fn words_of(node: Node<'_, '_>) -> Vec<String> {
    node.descendants()
        .filter(|node| node.has_tag_name("text") || node.has_tag_name("title") || node.has_tag_name("desc"))
        .filter_map(|node| node.text().map(ToOwned::to_owned))
        .collect()
}

fn in_group(node: Node<'_, '_>, class: &str) -> bool {
    node.ancestors().any(|ancestor| ancestor.attribute("class") == Some(class))
}

fn rectangles<'a>(document: &'a Document<'a>, class: &str) -> Vec<Node<'a, 'a>> {
    document.descendants().filter(|node| node.has_tag_name("rect") && in_group(*node, class)).collect()
}

fn number(node: Node<'_, '_>, attribute: &str) -> i32 {
    node.attribute(attribute).unwrap().parse().unwrap()
}

/// Digits of a text as numbers, thousands' commas taken out.
fn numbers(text: &str) -> Vec<String> {
    text.replace(',', "")
        .split(|character: char| !character.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

fn all() -> Vec<(&'static str, Width, String)> {
    let mut pictures = Vec::new();
    for width in [Width::NARROW, Width::WIDE] {
        let trend = examples::trend();
        let usual = LineChoice::usual(&trend).unwrap();
        pictures.push(("line", width, line::draw(&trend, &usual, "staff", width).unwrap()));
        let lines = LineChoice {
            x: "week_start_date",
            measure: "attempts",
            series: Some("theme"),
            ..LineChoice::default()
        };
        pictures.push(("themes", width, line::draw(&examples::themes(), &lines, "staff", width).unwrap()));
        let heat =
            HeatChoice { down: "theme", across: "group_id", measure: "episodes", ..HeatChoice::default() };
        pictures.push(("heat", width, heat_map::draw(&examples::groups(), &heat, "staff", width).unwrap()));
        pictures.push(("control", width, control::draw(&examples::control(), "staff", width).unwrap()));
        pictures.push(("ratios", width, ratios::draw(&examples::ratios(), "staff", width).unwrap()));
        pictures.push(("governors", width, sealed(&examples::governors(), width).unwrap()));
        pictures.push(("parents", width, sealed(&examples::parents(), width).unwrap()));
        pictures.push(("village", width, sealed(&examples::village(), width).unwrap()));
        pictures.push(("corners", width, sealed(&examples::corners(), width).unwrap()));
    }
    pictures
}

#[test]
fn every_picture_has_role_title_and_description() {
    for (name, _, svg) in all() {
        let document = Document::parse(&svg).unwrap();
        let root = document.root_element();
        assert_eq!(root.attribute("role"), Some("img"), "{name}");
        let named: Vec<&str> = root.attribute("aria-labelledby").unwrap().split(' ').collect();
        for (id, tag) in named.iter().zip(["title", "desc"]) {
            let found = document.descendants().find(|node| node.attribute("id") == Some(id)).unwrap();
            assert!(found.has_tag_name(tag), "{name}");
            assert!(!found.text().unwrap().is_empty(), "{name}");
        }
    }
}

#[test]
fn no_picture_has_scripts_tooltips_or_data_attributes() {
    for (name, _, svg) in all() {
        let document = Document::parse(&svg).unwrap();
        for node in document.descendants().filter(Node::is_element) {
            let tag = node.tag_name().name();
            assert!(
                !["script", "foreignObject", "image", "a", "style", "animate"].contains(&tag),
                "{name}: {tag}"
            );
            let inside = node.parent_element().is_some_and(|parent| parent.tag_name().name() != "svg");
            assert!(!(inside && tag == "title"), "{name}: a tooltip");
            for attribute in node.attributes() {
                let key = attribute.name();
                assert!(!key.starts_with("data-") && !key.starts_with("on"), "{name}: {key}");
                assert!(!key.contains("href"), "{name}: {key}");
            }
        }
    }
}

#[test]
fn coordinates_are_whole_pixels_inside_the_sheet() {
    for (name, _, svg) in all() {
        let document = Document::parse(&svg).unwrap();
        let root = document.root_element();
        let (wide, tall) = (number(root, "width"), number(root, "height"));
        for node in
            document.descendants().filter(|node| node.has_tag_name("text") || node.has_tag_name("rect"))
        {
            if node.ancestors().any(|ancestor| ancestor.has_tag_name("pattern")) {
                continue;
            }
            let (x, y) = (number(node, "x"), number(node, "y"));
            assert!((0..=wide).contains(&x) && (0..=tall).contains(&y), "{name}: {x},{y}");
        }
    }
}

/// Boxes of all words as resvg sets them: another measure than the one used to wrap them.
fn boxes(group: &resvg::usvg::Group, found: &mut Vec<(String, f32, f32)>) {
    for node in group.children() {
        match node {
            resvg::usvg::Node::Group(inner) => boxes(inner, found),
            resvg::usvg::Node::Text(text) => {
                let words: String = text.chunks().iter().map(|chunk| chunk.text()).collect();
                let place = text.abs_bounding_box();
                found.push((words, place.left(), place.right()));
            }
            _ => {}
        }
    }
}

#[test]
fn words_stay_on_the_sheet_and_are_large_enough() {
    for (name, width, svg) in all() {
        let document = Document::parse(&svg).unwrap();
        for node in document.descendants().filter(|node| node.has_tag_name("text")) {
            assert!(number(node, "font-size") >= 12, "{name}: {:?} is too small to read", node.text());
        }
        let mut found = Vec::new();
        boxes(png::tree(&svg).unwrap().root(), &mut found);
        assert!(!found.is_empty());
        for (words, left, right) in found {
            assert!(
                left >= 0.0 && right <= width.0 as f32,
                "{name} at {}: {words}: {left} to {right}",
                width.0
            );
        }
    }
}

#[test]
fn widths_agree_with_those_of_the_renderer() {
    let text = "Self-harm, suicide, eating disorders";
    let sheet = sheet::Sheet::new("measure", 800);
    sheet.text((10, 10), text, sheet::Lettering::new(14)).unwrap();
    let mut found = Vec::new();
    boxes(png::tree(&sheet.finish("a", "b", 40)).unwrap().root(), &mut found);
    let (_, left, right) = found[0];
    let ours = sheet::width_of(text, sheet::Lettering::new(14)) as f32;
    assert!((ours - (right - left)).abs() <= 6.0, "{ours} and {}", right - left);
}

#[test]
fn a_sealed_picture_holds_no_number_that_is_not_in_the_set() {
    for set in [examples::governors(), examples::parents(), examples::village(), examples::corners()] {
        let allowed: BTreeSet<String> = numbers(&serde_json::to_string(&set).unwrap()).into_iter().collect();
        for width in [Width::NARROW, Width::WIDE] {
            let svg = sealed(&set, width).unwrap();
            let document = Document::parse(&svg).unwrap();
            for node in document.descendants().filter(|node| {
                ["text", "title", "desc"].iter().any(|tag| node.has_tag_name(*tag))
                    && !in_group(*node, "axis")
            }) {
                for found in numbers(node.text().unwrap()) {
                    let plain = found.trim_start_matches('0');
                    let known = |text: &str| text.trim_start_matches('0') == plain;
                    assert!(allowed.iter().any(|text| known(text)), "{found} in {}", node.text().unwrap());
                }
            }
        }
    }
}

#[test]
fn the_axis_of_a_sealed_picture_ends_on_the_ladder() {
    let svg = sealed(&examples::governors(), Width::WIDE).unwrap();
    let document = Document::parse(&svg).unwrap();
    let ticks: Vec<String> = document
        .descendants()
        .filter(|node| node.has_tag_name("text") && in_group(*node, "axis"))
        .flat_map(|node| numbers(node.text().unwrap()))
        .collect();
    // The largest upper end is 214, so 250.
    assert_eq!(ticks.first().map(String::as_str), Some("0"));
    assert_eq!(ticks.last().map(String::as_str), Some("250"));
}

#[test]
fn a_band_is_drawn_from_its_lower_to_its_upper_end() {
    let set = examples::governors();
    let svg = sealed(&set, Width::WIDE).unwrap();
    let document = Document::parse(&svg).unwrap();
    // Where 0 and 250 stand is read from the lines of the grid.
    let grid: Vec<i32> = document
        .descendants()
        .filter(|node| node.has_tag_name("polyline") && in_group(*node, "axis"))
        .map(|node| node.attribute("points").unwrap().split(',').next().unwrap().parse().unwrap())
        .collect();
    let (zero, end) = (*grid.first().unwrap(), *grid.last().unwrap());
    let bands: Vec<(u32, u32)> = set
        .tables
        .iter()
        // T3 has too many rows for bars: it stands in its table.
        .filter(|table| table.id != "T3")
        .flat_map(|table| &table.rows)
        .filter_map(|row| match row.shown {
            Shown::Band { from, to } => Some((from, to)),
            _ => None,
        })
        .collect();
    let drawn: Vec<Node<'_, '_>> = rectangles(&document, "band")
        .into_iter()
        .filter(|node| node.attribute("fill").is_some_and(|fill| fill.starts_with("url")))
        .collect();
    assert_eq!(drawn.len(), bands.len());
    for (node, (from, to)) in drawn.iter().zip(bands) {
        let (left, wide) = (number(*node, "x"), number(*node, "width"));
        let at = |value: u32| f64::from(zero) + f64::from(end - zero) * f64::from(value) / 250.0;
        assert!((f64::from(left) - at(from)).abs() <= 2.0, "{from}: {left}");
        assert!((f64::from(left + wide) - at(to)).abs() <= 2.0, "{to}: {left}+{wide}");
    }
}

#[test]
fn small_figures_are_one_mark_of_one_size() {
    let token = |set: &SealedSet| {
        let svg = sealed(set, Width::WIDE).unwrap();
        let document = Document::parse(&svg).unwrap();
        rectangles(&document, "token")
            .iter()
            .map(|node| (number(*node, "x"), number(*node, "width"), number(*node, "height")))
            .collect::<BTreeSet<_>>()
    };
    let mut larger = examples::governors();
    larger.tables[0].rows[0].shown = Shown::Band { from: 900, to: 904 };
    let marks = token(&examples::governors());
    assert_eq!(marks.len(), 1);
    // Another axis, the same mark.
    assert_eq!(marks, token(&larger));
}

#[test]
fn rows_keep_their_order_whatever_their_size() {
    let svg = sealed(&examples::governors(), Width::WIDE).unwrap();
    let document = Document::parse(&svg).unwrap();
    let words = words_of(document.root_element()).join("|");
    let place = |text: &str| words.find(&format!("|{text}")).unwrap_or_else(|| panic!("{text} is missing"));
    let order = [
        "Any of the risks",
        "Content",
        "Sexual content",
        "Violence",
        "Contact",
        "AI tools",
        "Conduct",
        "Commerce",
    ];
    for pair in order.windows(2) {
        assert!(place(pair[0]) < place(pair[1]), "{pair:?}");
    }
}

#[test]
fn equal_bands_give_equal_bytes() {
    // The set carries bands only; whatever they were made from cannot matter.
    let one = examples::governors();
    let text = serde_json::to_string(&one).unwrap();
    let other: SealedSet = serde_json::from_str(&text).unwrap();
    assert_eq!(sealed(&one, Width::NARROW).unwrap(), sealed(&other, Width::NARROW).unwrap());
    let mut moved = one.clone();
    moved.tables[1].rows[0].shown = Shown::Band { from: 30, to: 34 };
    assert_ne!(sealed(&one, Width::NARROW).unwrap(), sealed(&moved, Width::NARROW).unwrap());
}

#[test]
fn a_line_starts_at_zero_and_breaks_where_there_was_no_school() {
    let trend = examples::trend();
    let usual = LineChoice::usual(&trend).unwrap();
    assert_eq!(usual.measure, "rate_per_1000");
    let svg = line::draw(&trend, &usual, "staff", Width::WIDE).unwrap();
    let document = Document::parse(&svg).unwrap();
    let strokes = document
        .descendants()
        .filter(|node| node.has_tag_name("polyline") && in_group(*node, "stroke"))
        .count();
    assert_eq!(strokes, 2, "half-term parts the line");
    let bands = document
        .descendants()
        .filter(|node| node.has_tag_name("polygon") && in_group(*node, "interval"))
        .count();
    assert_eq!(bands, 2);
    let first = document
        .descendants()
        .find(|node| node.has_tag_name("text") && in_group(*node, "axis"))
        .and_then(|node| node.text().map(ToOwned::to_owned));
    assert_eq!(first.as_deref(), Some("0"));
    let words = words_of(document.root_element()).join(" ");
    assert!(words.contains("actor-days per 1,000 active actor-days"));
    assert!(words.contains("School week beginning, 2025"));
    assert!(words.contains("personal data, not anonymised"));
}

#[test]
fn a_heat_map_writes_each_value_in_its_cell() {
    let table = examples::groups();
    let heat = HeatChoice { down: "theme", across: "group_id", measure: "episodes", ..HeatChoice::default() };
    let svg = heat_map::draw(&table, &heat, "staff", Width::NARROW).unwrap();
    let document = Document::parse(&svg).unwrap();
    let written: Vec<&str> = document
        .descendants()
        .filter(|node| {
            node.has_tag_name("text")
                && node.attribute("text-anchor") == Some("middle")
                && in_group(*node, "row")
        })
        .filter_map(|node| node.text())
        .collect();
    // Five themes by seven groups, one of them without a figure.
    assert_eq!(written.len(), 34);
    assert!(written.contains(&"90"));
}

/// Five of the cells are 0 and have no row here; those of Year 12 have nobody to divide by.
#[test]
fn a_cell_without_a_row_is_none_where_its_column_has_figures() {
    let mut table = examples::groups();
    table.rows.retain(|row| row[2] != query::Cell::Integer(0));
    for row in table.rows.iter_mut().filter(|row| row[0].text() == Some("Year 12")) {
        row[2] = query::Cell::Missing;
    }
    let written = |absent_is_none| {
        let choice = HeatChoice {
            down: "theme",
            across: "group_id",
            measure: "episodes",
            absent_is_none,
            ..HeatChoice::default()
        };
        let svg = heat_map::draw(&table, &choice, "staff", Width::NARROW).unwrap();
        let document = Document::parse(&svg).unwrap();
        let cells = document.descendants().filter(|node| {
            node.has_tag_name("text")
                && node.attribute("text-anchor") == Some("middle")
                && in_group(*node, "row")
        });
        let cells: Vec<String> = cells.filter_map(|node| node.text().map(str::to_owned)).collect();
        (cells.len(), cells.iter().filter(|cell| *cell == "0").count())
    };
    // 35 less five for Year 12, the missing one of Year 13, and the zeros of Years 8, 11 and 13.
    assert_eq!(written(false), (26, 0));
    assert_eq!(written(true), (29, 3));
}

#[test]
fn a_control_chart_marks_what_is_unusual_by_shape_and_word_and_breaks_where_it_starts_anew() {
    let svg = control::draw(&examples::control(), "staff", Width::WIDE).unwrap();
    let document = Document::parse(&svg).unwrap();
    let marks = |tag: &str| {
        document.descendants().filter(|node| node.has_tag_name(tag) && in_group(*node, "marks")).count()
    };
    // Five usual weeks as circles, one unusual as a diamond in a box, one not judged as an empty box over its ground.
    assert_eq!((marks("circle"), marks("polygon"), marks("rect")), (5, 1, 3));
    let limits = document
        .descendants()
        .filter(|node| node.has_tag_name("polyline") && in_group(*node, "limit"))
        .count();
    assert_eq!(limits, 5, "two limits, parted by the recorded change, and that of the legend");
    let words = words_of(document.root_element()).join("|");
    for said in [
        "|higher|",
        "another filter (head of IT)",
        "Actor-days per 1,000 active actor-days",
        "22 September 2025, higher: above the limit",
        "Starts anew on 13 October 2025",
        "limits 22 to 38 (locked from 2025-09-08)",
        "|Not judged|",
    ] {
        assert!(words.contains(said), "{said}: {words}");
    }
}

#[test]
fn ratios_stand_around_no_change() {
    let svg = ratios::draw(&examples::ratios(), "staff", Width::WIDE).unwrap();
    let document = Document::parse(&svg).unwrap();
    let words = words_of(document.root_element()).join("|");
    assert!(words.contains("Getting round the filter, KS4 higher, 1.26 to 1.81 times"), "{words}");
    // What cannot be compared has no line, and is in the table.
    let rows = document.descendants().filter(|node| node.attribute("class") == Some("row")).count();
    assert_eq!(rows, 2);
}

#[test]
fn tables_without_a_picture_are_refused_by_name_and_help() {
    let known = picture::drawn(&examples::trend(), "staff", Width::WIDE).unwrap();
    assert!(known.1.contains("<svg") && known.0 == "watershed-trend");
    let error = picture::drawn(&examples::attention(), "staff", Width::WIDE).unwrap_err();
    assert!(error.helping().unwrap().contains("`trend --table chart`"), "{error}");
}

#[test]
fn a_column_that_is_not_there_is_an_error_that_names_it() {
    let choice = LineChoice { x: "week", measure: "attempts", ..LineChoice::default() };
    let error = line::draw(&examples::trend(), &choice, "staff", Width::WIDE).unwrap_err();
    assert!(error.to_string().contains("has no column week"));
}

#[test]
fn a_png_is_the_same_picture_at_twice_the_size() {
    let svg = sealed(&examples::parents(), Width::WIDE).unwrap();
    let bytes = png::from_svg(&svg).unwrap();
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(u32::from_be_bytes(bytes[16..20].try_into().unwrap()), 1600);
}

#[test]
fn hostile_names_are_words_not_markup() {
    let mut set = examples::governors();
    set.school_name = "<script>alert(1)</script> & \"Sons\"\u{1}".to_owned();
    let svg = sealed(&set, Width::WIDE).unwrap();
    assert!(!svg.contains("<script"));
    assert!(Document::parse(&svg).is_ok());
    let table = data_table::sealed(&set, &set.tables[0]).unwrap();
    assert!(!table.contains("<script"));
}

#[test]
fn the_data_table_says_what_the_picture_says() {
    let set = examples::governors();
    let html = data_table::sealed(&set, &set.tables[1]).unwrap();
    for row in &set.tables[1].rows {
        assert!(html.contains(&row.row) && html.contains(&row.shown.words()));
    }
    let trend = data_table::live(&examples::trend()).unwrap();
    assert!(trend.contains("8.1 to 17"));
    assert!(trend.contains("1 September 2025"));
    assert!(!trend.contains("Upper end"));
}

/// Writes the examples where somebody wants to look at them.
#[test]
fn pictures_to_look_at() {
    let Ok(folder) = std::env::var("WATERSHED_PICTURES") else { return };
    for (name, width, svg) in all() {
        std::fs::write(format!("{folder}/{name}-{}.svg", width.0), &svg).unwrap();
        std::fs::write(format!("{folder}/{name}-{}.png", width.0), png::from_svg(&svg).unwrap()).unwrap();
    }
}

#[test]
fn key_stages_and_year_groups_stand_in_picture_and_table() {
    let set = examples::governors();
    let svg = sealed(&set, Width::WIDE).unwrap();
    let t2 = set.tables.iter().find(|table| table.id == "T2").unwrap();
    for row in &t2.rows {
        assert!(svg.contains(words::group(&set, &row.group)), "{}", row.group);
    }
    let html = data_table::sealed(&set, t2).unwrap();
    assert!(html.contains("Key stage 4 (Year 10 to Year 11)") && html.contains("95-99"));
    let t3 = set.tables.iter().find(|table| table.id == "T3").unwrap();
    let html = data_table::sealed(&set, t3).unwrap();
    // Two categories by seven groups: 15-19 twice; equal words beside each other are one cell, of the year groups
    // below each key stage and of the whole second row.
    assert_eq!(html.matches("15-19").count(), 2);
    assert_eq!(html.matches("Not broken down").count(), 3);
    for columns in [2, 3, 7] {
        assert!(html.contains(&format!("colspan=\"{columns}\"")), "{columns}");
    }
    assert!(html.contains("of 407"), "the group's public size stands in its heading");
}
