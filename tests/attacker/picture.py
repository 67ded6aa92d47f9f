"""A picture of a sealed set, measured again: every bar ends where its band does, and nothing else has a place.

A coordinate that is finer than the band would tell the number (release policy, 3.13 and rule 15). So the
scale is taken from the axis of the picture itself, the ends of each bar are turned back into numbers, and
these must be the ends of the sealed band, rows in the order of the set.
"""

import xml.etree.ElementTree

SVG = "{http://www.w3.org/2000/svg}"
LADDER = [25, 50, 100, 250, 500, 1000, 2500, 5000]
# A bar is drawn to whole pixels.
ROUNDING = 1.01
HEADINGS = ["content", "contact", "conduct", "commerce"]
# Which shapes there are, and what they may carry. Any other attribute would be a place for a number.
SHAPES = {"svg", "title", "desc", "defs", "pattern", "rect", "path", "g", "line", "text", "polyline"}
ATTRIBUTES = {
    "role", "aria-labelledby", "width", "height", "viewBox", "font-family", "id", "class", "x", "y", "x1", "y1", "x2",
    "y2", "fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-weight", "text-anchor", "d",
    "patternUnits", "points",
}


def rows_in_order(sealed):
    """Rows as the picture has them: those under no heading first, then heading by heading, then T2. T3
    stands in its table alone."""
    rows = [row for table in sealed["tables"] if table["id"] in ("T0", "T1") for row in table["rows"]]
    parts = [row for table in sealed["tables"] if table["id"] == "T2" for row in table["rows"]]
    ordered = [row for row in rows if row["heading"] not in HEADINGS]
    for heading in HEADINGS:
        ordered += [row for row in rows if row["heading"] == heading]
    return ordered + parts


def _groups(root, name):
    return [group for group in root.iter(SVG + "g") if group.get("class") == name]


def _rectangles(group):
    return [(float(one.get("x")), float(one.get("width"))) for one in group.iter(SVG + "rect")]


def faults(text, sealed):
    """What is wrong with a picture of a sealed set, in words."""
    root = xml.etree.ElementTree.fromstring(text)
    found = []
    for element in root.iter():
        tag = element.tag.removeprefix(SVG)
        if tag not in SHAPES:
            found.append(f"a shape that is not known: {tag}")
        found += [f"an attribute that is not known: {tag} {name}" for name in element.attrib if name not in ATTRIBUTES]
    axis = _groups(root, "axis")
    if not sealed["tables"] or not axis:
        return found + ([] if not sealed["tables"] else ["no axis"])
    lines = sorted(float(line.get("points").split(",")[0]) for line in axis[0].iter(SVG + "polyline"))
    left, right = lines[0], lines[-1]
    rows = rows_in_order(sealed)
    ends = [row["to"] for row in rows if row["shown"] == "band"]
    top = next((rung for rung in LADDER if rung >= max(ends, default=0)), max(ends, default=25))
    numbers = [text.text for text in axis[0].iter(SVG + "text") if text.text[0].isdigit()]
    if numbers[-1].replace(",", "") != str(top):
        found.append(f"the axis ends at {numbers[-1]}, not at the rung {top}")
    drawn = _groups(root, "row")
    if len(drawn) != len(rows):
        return found + [f"{len(drawn)} rows are drawn of {len(rows)}"]
    widths = set()
    for row, group in zip(rows, drawn):
        bands = _groups(group, "band")
        if (row["shown"] == "band") != bool(bands):
            found.append(f"{row['row']}: a bar where no band is, or none where one is")
            continue
        widths |= {width for one in _groups(group, "token") for _, width in _rectangles(one)}
        for start, width in _rectangles(bands[0]) if bands else []:
            scale = (right - left) / top
            wanted = left + row["from"] * scale, left + row["to"] * scale
            if wanted[1] - wanted[0] < 6:
                middle = sum(wanted) / 2
                wanted = middle - 3, middle + 3
            if abs(start - wanted[0]) > ROUNDING + 0.5 or abs(start + width - wanted[1]) > ROUNDING + 0.5:
                found.append(f"{row['row']}: a bar from {start} to {start + width} for {wanted}")
        # The line that leads to the bar ends where it begins.
        for guide in _groups(group, "guide"):
            for line in guide.iter(SVG + "polyline"):
                last = float(line.get("points").split()[-1].split(",")[0])
                if bands and abs(last - _rectangles(bands[0])[0][0]) > 0.5:
                    found.append(f"{row['row']}: a guide that ends at {last}")
    if len(widths) > 1:
        found.append(f"tokens of different widths: {sorted(widths)}")
    return found


def png_faults(data):
    """What a PNG holds beside its pixels."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return ["no PNG"]
    found, place = [], 8
    while place < len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        kind = data[place + 4 : place + 8].decode("latin-1")
        if kind not in ("IHDR", "IDAT", "IEND"):
            found.append(f"a chunk that is no picture: {kind}")
        place += 12 + length
        if kind == "IEND" and place != len(data):
            found.append(f"{len(data) - place} bytes behind the end")
    return found
