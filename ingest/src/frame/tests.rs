//! Framing: nothing lost, nothing that depends on how the bytes arrived.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use proptest::prelude::*;

use super::*;

/// A record, owned: place, bytes, fault, unterminated.
type Owned = (Place, Vec<u8>, Option<Reason>, bool);

fn frame(framing: Framing, chunks: &[&[u8]]) -> Vec<Owned> {
    drained(Framer::new(framing), chunks)
}

fn drained(mut framer: Framer, chunks: &[&[u8]]) -> Vec<Owned> {
    let mut records = Vec::new();
    let mut drain = |framer: &mut Framer| {
        while let Some(record) = framer.record() {
            records.push((record.place, record.bytes.to_vec(), record.fault, record.unterminated));
        }
    };
    for chunk in chunks {
        framer.push(chunk);
        drain(&mut framer);
    }
    framer.end();
    drain(&mut framer);
    assert_eq!(framer.file_bytes(), chunks.iter().map(|chunk| chunk.len() as u64).sum::<u64>());
    records
}

fn lines(bytes: &[u8]) -> Vec<Owned> {
    frame(Framing::Lines, &[bytes])
}

fn csv(bytes: &[u8]) -> Vec<Owned> {
    frame(Framing::Csv(Delimiter::Comma), &[bytes])
}

/// Rows of three columns behind a header of one line.
fn rows(chunks: &[&[u8]]) -> Vec<Owned> {
    drained(Framer::with_rows(Framing::Csv(Delimiter::Comma), 3, 1), chunks)
}

fn texts(records: &[Owned]) -> Vec<&[u8]> {
    records.iter().map(|record| record.1.as_slice()).collect()
}

fn place(record: u64, line: u64, offset_bytes: u64, length_bytes: u64) -> Place {
    Place { record, line, offset_bytes, length_bytes }
}

#[test]
fn lines_end_with_lf_crlf_or_the_file() {
    let records = lines(b"a\r\n\nbc\nlast");
    assert_eq!(texts(&records), [&b"a"[..], b"", b"bc", b"last"]);
    assert_eq!(
        records.iter().map(|record| record.0).collect::<Vec<_>>(),
        [place(1, 1, 0, 3), place(2, 2, 3, 1), place(3, 3, 4, 3), place(4, 4, 7, 4)]
    );
    assert_eq!(records.iter().map(|record| record.3).collect::<Vec<_>>(), [false, false, false, true]);
    assert!(lines(b"").is_empty());
    // A lone carriage return is no line end.
    assert_eq!(texts(&lines(b"a\rb\n")), [b"a\rb"]);
}

#[test]
fn the_byte_order_mark_belongs_to_the_first_record() {
    let records = lines(b"\xef\xbb\xbfa\nb\n");
    assert_eq!(texts(&records), [b"a", b"b"]);
    assert_eq!(records[0].0, place(1, 1, 0, 5));
    assert_eq!(records[1].0, place(2, 2, 5, 2));
    assert_eq!(lines(b"\xef\xbb\xbf")[0].0, place(1, 1, 0, 3));
}

#[test]
fn the_cap_is_exact() {
    let long = |length: usize, end: &[u8]| {
        let mut bytes = vec![b'x'; length];
        bytes.extend_from_slice(end);
        bytes.extend_from_slice(b"next\n");
        bytes
    };
    for (length, end, fault) in [
        (CAP_BYTES, &b"\n"[..], None),
        (CAP_BYTES, b"\r\n", None),
        (CAP_BYTES + 1, b"\n", Some(Reason::TooLong)),
        (CAP_BYTES + 1, b"\r\n", Some(Reason::TooLong)),
        (CAP_BYTES + 2, b"\n", Some(Reason::TooLong)),
        (3 * CAP_BYTES, b"\n", Some(Reason::TooLong)),
    ] {
        for framing in [Framing::Lines, Framing::Csv(Delimiter::Comma)] {
            let bytes = long(length, end);
            let records = frame(framing, &[&bytes]);
            assert_eq!(records.len(), 2, "{length} bytes, {framing:?}");
            assert_eq!(records[0].2, fault, "{length} bytes, {framing:?}");
            assert_eq!(records[0].1.len(), length.min(CAP_BYTES));
            assert_eq!(records[0].0.length_bytes, (length + end.len()) as u64);
            assert_eq!(records[1].1, b"next");
            assert_eq!(records[1].0.line, 2);
        }
    }
}

#[test]
fn a_squid_record_cut_with_nul_does_not_take_the_next_one_with_it() {
    let mut bytes = vec![b'x'; 8_191];
    bytes.push(0);
    bytes.extend_from_slice(b"next\nthird\n");
    let records = lines(&bytes);
    assert_eq!(records[0].2, Some(Reason::Truncated));
    assert_eq!(records[0].0, place(1, 1, 0, 8_192));
    assert_eq!(texts(&records[1..]), [&b"next"[..], b"third"]);
    assert_eq!((records[1].0.line, records[2].0.line), (1, 2));
    // A NUL elsewhere is only a byte.
    assert_eq!(lines(b"a\0b\n").len(), 1);
}

#[test]
fn nor_does_one_that_is_cut_with_nothing() {
    for (first, next) in [
        ("1757497500.123    245 10.1.4.17 ", "1757497501.002      0 10.1.4.17 TCP_MISS/200"),
        ("10.1.4.17 - - [", "2001:db8::17 - mtaylor ["),
    ] {
        let mut bytes = first.as_bytes().to_vec();
        bytes.resize(8_191, b'x');
        bytes.extend_from_slice(next.as_bytes());
        for end in ["\n", "\r\n", ""] {
            let records = lines(&[&bytes, end.as_bytes()].concat());
            assert_eq!(records.len(), 2, "{next}");
            assert_eq!((records[0].2, records[0].0), (Some(Reason::Truncated), place(1, 1, 0, 8_191)));
            assert_eq!((records[1].1.as_slice(), records[1].0.line), (next.as_bytes(), 1));
        }
        // A byte further on it is a long line.
        bytes.insert(100, b'x');
        assert_eq!(lines(&bytes).len(), 1);
    }
}

#[test]
fn csv_records_keep_line_ends_between_quotes() {
    let records = csv(b"a,\"one\r\ntwo \"\"x\"\"\n\"\r\nb,c\n");
    assert_eq!(texts(&records), [&b"a,\"one\r\ntwo \"\"x\"\"\n\""[..], b"b,c"]);
    assert_eq!(records[0].0, place(1, 1, 0, 21));
    assert_eq!(records[1].0.line, 4);
    // A quote in the middle of a bare value opens nothing.
    assert_eq!(texts(&csv(b"a \"b\nc\" d\n")), [&b"a \"b"[..], b"c\" d"]);
}

#[test]
fn quotes_that_never_close_cost_one_line() {
    let records = csv(b"a,\"open\nb,c\nd,e");
    assert_eq!(texts(&records), [&b"a,\"open"[..], b"b,c", b"d,e"]);
    assert_eq!(records[0].2, Some(Reason::Quoting));
    assert_eq!(records[1].2, None);
    let mut bytes = b"a,\"open\n".to_vec();
    for _ in 0..30_000 {
        bytes.extend_from_slice(b"b,c\n");
    }
    let records = csv(&bytes);
    assert_eq!(records.len(), 30_001);
    assert_eq!(records.iter().filter(|record| record.2.is_some()).count(), 1);
    assert_eq!(csv(b"\"open")[0].2, Some(Reason::Quoting));
}

#[test]
fn a_row_cut_between_quotes_does_not_take_the_next_one_with_it() {
    for (content, cut, next) in [
        // The next row's quotes close the open one, whose value then goes on behind them.
        ("1,\"cut he\n2,\"whole\",3\n", "1,\"cut he", "2,\"whole\",3"),
        ("\"1\",\"cut he\r\n\"2\",\"whole\",\"3\"\r\n", "\"1\",\"cut he", "\"2\",\"whole\",\"3\""),
        // An empty value between quotes looks like a quote in the text.
        ("1,\"cut he\n2,\"\",3\n4,\"x\",5\n", "1,\"cut he", "2,\"\",3"),
        // The text of the next row begins with a comma, so that the quotes do close where a value may end.
        ("1,\"cut he\n2,\", no\",3\n", "1,\"cut he", "2,\", no\",3"),
        // It had lines of its own before it was cut.
        ("1,\"one\ntwo\ncut he\n2,\"whole\",3\n", "1,\"one\ntwo\ncut he", "2,\"whole\",3"),
        // The next row has lines of its own, or no quotes, or no line end.
        ("1,\"cut he\n2,\"one\ntwo\",3\n", "1,\"cut he", "2,\"one\ntwo\",3"),
        ("1,\"cut he\n2,x,3\n4,\"y\",5\n", "1,\"cut he", "2,x,3"),
        ("1,\"cut he\n2,\"whole\",3", "1,\"cut he", "2,\"whole\",3"),
    ] {
        let content = format!("a,b,c\n{content}");
        let records = rows(&[content.as_bytes()]);
        assert_eq!(texts(&records)[..3], [&b"a,b,c"[..], cut.as_bytes(), next.as_bytes()], "{content}");
        assert_eq!((records[1].2, records[2].2), (Some(Reason::Quoting), None), "{content}");
        assert_eq!(records[2].0.line, 2 + cut.lines().count() as u64, "{content}");
        assert_eq!(records.iter().map(|record| record.0.length_bytes).sum::<u64>(), content.len() as u64);
    }
}

#[test]
fn a_value_of_several_lines_stays_one() {
    for content in [
        "1,\"one\ntwo\",3\n",
        // A line of the text that has as many commas as a row.
        "1,\"one\nlions, tigers, bears\nthree\",3\n",
        "\"1\",\"one \"\"two\"\"\n\",\"3\"\n",
        // Too few columns and too many: what follows the line end is no row either.
        "1,\"one\ntwo\"\n",
        "1,\"one\ntwo\",3,4,5\n",
        // Empty cells beyond the header, and cells left out: what follows has as many commas as a row, but
        // a value in it ends with the quote of the one before.
        "1,\"one\ntwo three\",Open,\n",
        "\"one\ntwo, three\",3\n",
    ] {
        let records = rows(&[format!("a,b,c\n{content}").as_bytes()]);
        assert_eq!(records.len(), 2, "{content}");
        assert_eq!(
            (records[1].1.as_slice(), records[1].2),
            (content.trim_end().as_bytes(), None),
            "{content}"
        );
    }
    // What stands above the rows need not have their columns.
    assert_eq!(rows(&[b"\"Export of\n1,2,3\"x\n4,5,6\n"]).len(), 2);
}

#[test]
fn a_file_of_nothing_but_open_quotes_is_read_in_time() {
    // Each of the lines looks at all that follows it as far as the cap, once or twice, and no further.
    let bytes = b"a,\"b\"c\n".repeat(20_000);
    let records = rows(&[&bytes]);
    assert_eq!(records.iter().map(|record| record.0.length_bytes).sum::<u64>(), bytes.len() as u64);
    let bytes = b"\"\n\"x\n".repeat(8_000);
    let records = rows(&[&bytes]);
    assert_eq!(records.iter().map(|record| record.0.length_bytes).sum::<u64>(), bytes.len() as u64);
}

#[test]
fn cells_are_read_as_they_were_framed() {
    let mut cells = Cells::new(Delimiter::Comma);
    for (record, values) in [
        (&b"a,b,c"[..], &[&b"a"[..], b"b", b"c"][..]),
        (b"\"a,1\",\"say \"\"x\"\"\",", &[b"a,1", b"say \"x\"", b""]),
        (b"one", &[b"one"]),
        (b"\"two\nlines\",\r", &[b"two\nlines", b"\r"]),
        (b",,,", &[b"", b"", b"", b""]),
    ] {
        cells.read(record);
        assert_eq!(cells.iter().collect::<Vec<_>>(), values);
        assert_eq!(cells.len(), values.len());
    }
    assert_eq!(cells.get(4), None);
}

/// Bytes in which everything that framing cares about is frequent.
fn awkward() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => proptest::sample::select(vec![b"\n".to_vec(), b"\r\n".to_vec(), b"\"".to_vec(), b",".to_vec(), vec![0], b"\"\"".to_vec()]),
        2 => proptest::collection::vec(any::<u8>(), 0..6),
        1 => (8_185_usize..8_195).prop_map(|length| vec![b'y'; length]),
        1 => (CAP_BYTES - 3..CAP_BYTES + 4).prop_map(|length| vec![b'z'; length]),
        1 => Just(BYTE_ORDER_MARK.to_vec()),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_split_gives_the_same_records_and_every_byte_has_one(
        bytes in awkward(),
        splits in proptest::collection::vec(any::<proptest::sample::Index>(), 0..6),
        quoted in any::<bool>(),
    ) {
        let framing = if quoted { Framing::Csv(Delimiter::Comma) } else { Framing::Lines };
        let whole = frame(framing, &[&bytes]);
        let mut ends: Vec<usize> = splits.iter().map(|split| split.index(bytes.len() + 1)).collect();
        ends.sort_unstable();
        ends.push(bytes.len());
        let mut chunks = Vec::new();
        let mut from = 0;
        for end in ends {
            chunks.push(&bytes[from..end]);
            from = end;
        }
        prop_assert_eq!(&frame(framing, &chunks), &whole);
        let cut = rows(&[&bytes]);
        prop_assert_eq!(&rows(&chunks), &cut);
        prop_assert_eq!(cut.iter().map(|record| record.0.length_bytes).sum::<u64>(), bytes.len() as u64);
        let mut offset = 0;
        for (index, record) in whole.iter().enumerate() {
            prop_assert_eq!(record.0.record, index as u64 + 1);
            prop_assert_eq!(record.0.offset_bytes, offset);
            offset += record.0.length_bytes;
        }
        prop_assert_eq!(offset, bytes.len() as u64);
    }

    #[test]
    fn single_bytes_give_the_same_records(bytes in proptest::collection::vec(proptest::sample::select(b"a\",\r\n\xef\xbb\xbf".to_vec()), 0..60)) {
        let singles: Vec<&[u8]> = bytes.chunks(1).collect();
        for framing in [Framing::Lines, Framing::Csv(Delimiter::Comma)] {
            prop_assert_eq!(frame(framing, &singles), frame(framing, &[&bytes]));
        }
        prop_assert_eq!(rows(&singles), rows(&[&bytes]));
    }
}

#[test]
fn reading_and_pushing_agree() {
    let bytes: Vec<u8> = (0..90_000_u32).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
    let mut framer = Framer::new(Framing::Lines);
    let mut input = &bytes[..];
    let mut read = Vec::new();
    loop {
        let more = framer.fill(&mut input).unwrap();
        while let Some(record) = framer.record() {
            read.push((record.place, record.bytes.to_vec(), record.fault, record.unterminated));
        }
        if !more {
            break;
        }
    }
    assert_eq!(read, lines(&bytes));
    assert_eq!(read.len(), 90_000);
}
