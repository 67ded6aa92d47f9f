//! Archives and workbooks in an inbox.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::io::Write as _;

use zip::write::SimpleFileOptions;

use super::tests::{content, count_below, place};
use super::*;

/// An archive of these members, packed.
fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        if name.ends_with('/') {
            writer.add_directory(*name, SimpleFileOptions::default()).unwrap();
        } else {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

/// A workbook of these sheets; each is the XML of its rows.
fn workbook(sheets: &[(&str, &str, &str)]) -> Vec<u8> {
    let mut names = String::new();
    let mut links = String::new();
    let mut members: Vec<(String, String)> = Vec::new();
    for (index, (name, state, rows)) in sheets.iter().enumerate() {
        let number = index + 1;
        names.push_str(&format!(
            "<sheet name=\"{name}\" sheetId=\"{number}\" state=\"{state}\" r:id=\"rId{number}\"/>"
        ));
        links.push_str(&format!(
            "<Relationship Id=\"rId{number}\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" \
             Target=\"worksheets/sheet{number}.xml\"/>"
        ));
        let sheet = format!(
            "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{rows}</sheetData></worksheet>"
        );
        members.push((format!("xl/worksheets/sheet{number}.xml"), sheet));
    }
    members.push((
        "[Content_Types].xml".to_owned(),
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>".to_owned(),
    ));
    members.push((
        "_rels/.rels".to_owned(),
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" \
         Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
         Target=\"xl/workbook.xml\"/></Relationships>"
            .to_owned(),
    ));
    members.push((
        "xl/workbook.xml".to_owned(),
        format!(
            "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
             xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets>{names}</sheets></workbook>"
        ),
    ));
    members.push((
        "xl/_rels/workbook.xml.rels".to_owned(),
        format!("<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{links}</Relationships>"),
    ));
    // Style 1 is a date, style 2 a date with a time of day, style 3 a time of day.
    members.push((
        "xl/styles.xml".to_owned(),
        "<styleSheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><cellXfs count=\"4\">\
         <xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"22\"/><xf numFmtId=\"20\"/></cellXfs></styleSheet>"
            .to_owned(),
    ));
    let members: Vec<(&str, &[u8])> =
        members.iter().map(|(name, xml)| (name.as_str(), xml.as_bytes())).collect();
    archive(&members)
}

fn words(row: u32, cells: &[(&str, &str)]) -> String {
    let cells: String = cells
        .iter()
        .map(|(column, text)| format!("<c r=\"{column}{row}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"))
        .collect();
    format!("<row r=\"{row}\">{cells}</row>")
}

#[test]
fn each_member_of_an_archive_is_a_file_of_its_own() {
    let place = place();
    let packed = archive(&[
        ("logs/", b""),
        ("logs/monday.csv", b"monday"),
        ("logs/tuesday.csv", &[b't', 0, b'u', 0, b'e', 0, b's', 0, b'd', 0, b'a', 0, b'y', 0, b'\n', 0]),
        ("__MACOSX/logs/._monday.csv", b"nothing"),
        (".DS_Store", b"nothing"),
        ("inner.zip", &archive(&[("deep.csv", b"deep")])),
    ]);
    place.drop_file("a/week.zip", &packed);
    place.drop_file("b.log", b"last");
    let files = place.gather();
    let seen: Vec<_> = files
        .iter()
        .map(|file| (file.argument, file.part, file.folder.as_str(), file.name_for_vault()))
        .collect();
    assert_eq!(
        seen,
        [
            (1, Some(1), "a", "a/week.zip/logs/monday.csv".to_owned()),
            (1, Some(2), "a", "a/week.zip/logs/tuesday.csv".to_owned()),
            (1, Some(3), "a", "a/week.zip/inner.zip".to_owned()),
            (2, None, "", "b.log".to_owned()),
        ]
    );
    assert_eq!((content(&files[0]), content(&files[1])), (b"monday".to_vec(), b"tuesday\n".to_vec()));
    // An archive within is not opened: detection refuses it by its first bytes.
    assert!(content(&files[2]).starts_with(b"PK"));
}

#[test]
fn an_archive_ends_with_its_last_member() {
    for refuse in [false, true] {
        let place = place();
        place.drop_file("week.zip", &archive(&[("a.csv", b"a"), ("b.csv", b"b"), ("read me.txt", b"c")]));
        let refused = place.folder.path().join("refused");
        let mut files = place.gather().into_iter();
        files.next().unwrap().finish(None).unwrap();
        let (second, last) = (files.next().unwrap(), files.next().unwrap());
        if refuse {
            second.refuse(&refused, "no known layout fits").unwrap();
        } else {
            second.finish(None).unwrap();
        }
        assert_eq!(count_below(&place.root.claimed()), 1, "waits for the last");
        last.finish(None).unwrap();
        assert_eq!(count_below(&place.root.claimed()), 0);
        assert_eq!(count_below(&refused), if refuse { 2 } else { 0 });
        if refuse {
            let note = walk(&refused)
                .unwrap()
                .into_iter()
                .find(|file| file.relative.extension().is_some_and(|end| end == "txt"));
            let note = fs::read_to_string(refused.join(note.unwrap().relative)).unwrap();
            assert_eq!(note, "part 2: no known layout fits\n");
        }
    }
}

#[test]
fn archives_that_cannot_be_trusted_are_refused() {
    let whole = archive(&[("a.csv", b"some text that is long enough to be packed, packed, packed, packed")]);
    let damaged = {
        let mut bytes = whole.clone();
        bytes[45] ^= 0x55;
        bytes
    };
    let cases: [(&str, Vec<u8>, &str); 5] = [
        ("cut", whole[..whole.len() / 2].to_vec(), "breaks off"),
        ("damaged", damaged, "damaged"),
        ("empty", archive(&[]), "without a file"),
        ("folders only", archive(&[("a/", b"")]), "without a file"),
        ("document", archive(&[("[Content_Types].xml", b"x"), ("word/document.xml", b"x")]), "document"),
    ];
    for (name, bytes, word) in cases {
        let place = place();
        place.drop_file("a.zip", &bytes);
        let file = place.gather().pop().unwrap();
        let error = file.fingerprint().err().unwrap_or_else(|| panic!("{name} was read"));
        assert!(error.kind() == Kind::Input && error.to_string().contains(word), "{name}: {error}");
    }
    let place = place();
    place.drop_file("a.zip", &archive(&[("a.csv", &vec![b'a'; 1_000_000])]));
    let limits = Limits { unpacked_bytes: 2_000_000, ratio: 50, ratio_from_bytes: 100_000 };
    let file = place.gather().pop().unwrap().with_limits(limits);
    assert!(file.fingerprint().unwrap_err().to_string().contains("swells"));
}

#[test]
fn sheets_are_read_as_csv_with_dates_that_have_one_reading() {
    let place = place();
    let table = [
        words(1, &[("A", "Autumn term")]),
        words(3, &[("A", "Student"), ("B", "Date"), ("C", "Time"), ("D", "Category"), ("F", "Incident")]),
        "<row r=\"4\"><c r=\"A4\" t=\"inlineStr\"><is><t>Taylor, Mary</t></is></c><c r=\"B4\" s=\"1\"><v>45903</v></c>\
         <c r=\"C4\" s=\"3\"><v>0.472222222222222</v></c><c r=\"D4\"><v>17</v></c><c r=\"F4\" t=\"inlineStr\"><is><t>said &quot;no&quot;</t></is></c></row>"
            .to_owned(),
        "<row r=\"5\"><c r=\"B5\" s=\"2\"><v>45903.4722222222</v></c><c r=\"D5\"><v>1.5</v></c></row>".to_owned(),
    ]
    .concat();
    let bytes = workbook(&[
        ("Notes", "visible", &words(1, &[("B", "printed on paper")])),
        ("Hidden", "hidden", &words(1, &[("A", "secret")])),
        ("Data", "visible", &table),
        ("Empty", "visible", ""),
    ]);
    place.drop_file("incidents.xlsx", &bytes);
    let files = place.gather();
    let names: Vec<_> = files.iter().map(Claimed::name_for_vault).collect();
    assert_eq!(names, ["incidents.xlsx/Notes", "incidents.xlsx/Data"]);
    assert_eq!(String::from_utf8(content(&files[0])).unwrap(), ",printed on paper\r\n");
    assert_eq!(
        String::from_utf8(content(&files[1])).unwrap(),
        "Autumn term\r\nStudent,Date,Time,Category,,Incident\r\n\
         \"Taylor, Mary\",2025-09-03,11:20:00,17,,\"said \"\"no\"\"\"\r\n,2025-09-03 11:20:00,,1.5\r\n"
    );
    // A sheet of remarks does not hold the workbook back.
    let refused = place.folder.path().join("refused");
    let mut files = files.into_iter();
    files.next().unwrap().refuse(&refused, "no known layout fits").unwrap();
    files.next().unwrap().finish(None).unwrap();
    assert_eq!((count_below(&refused), count_below(&place.root.claimed())), (0, 0));
}

#[test]
fn a_workbook_that_is_damaged_is_refused() {
    let row = words(1, &[("A", "x")]);
    // A cell far out, a place that is none, and cells in the wrong order.
    for (from, to) in [
        ("r=\"A1\"", "r=\"XFD1\""),
        ("r=\"A1\"", "r=\"999999999999\""),
        ("</row>", "<c r=\"A1\"><v>1</v></c></row>"),
    ] {
        let place = place();
        place.drop_file("a.xlsx", &workbook(&[("Data", "visible", &row.replace(from, to))]));
        let file = place.gather().pop().unwrap();
        assert_eq!(file.fingerprint().unwrap_err().kind(), Kind::Input, "{to}");
    }
}

#[test]
fn a_file_is_looked_at_in_place() {
    let place = place();
    let one = place.drop_file("one.zip", &archive(&[("a.csv", b"alone")]));
    assert_eq!(content(&in_place(&one)), b"alone");
    let two = place.drop_file("two.zip", &archive(&[("a.csv", b"a"), ("b.csv", b"b")]));
    assert!(in_place(&two).open().err().unwrap().to_string().contains("several"));
}
