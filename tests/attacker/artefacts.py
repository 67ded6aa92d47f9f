"""Scans whatever governors or parents get for a number that the sealed set does not hold.

    python artefacts.py SET.json FILE...                        files made from one set
    python artefacts.py --site PROGRAM INSTALLATION SETS        every route of the site (`site_scan.py`)

In text, titles, alternative text, attributes, addresses, headers and file names every number must be one of
the sealed set, or stand in every paper alike (`FURNITURE`, and ticks of the axis). Coordinates are measured
by `picture.py`. Each file is then spoilt in several ways, and the scan must notice. Prints what was scanned;
ends with 1 and says where if something was found.
"""

import sys

sys.dont_write_bytecode = True

import html.parser
import json
import pathlib
import re

import picture

# Numbers that stand in every paper of the same kind whatever the figures, and why.
FURNITURE = {
    "help lines": {800, 1111, 808, 5000, 999},
    "every 100 pupils": {100},
    "fewer than 30 pupils by the roll are no part": {30},
    "widths of a picture": {320, 360, 640, 800},
    "marks up": {1, 2, 36},
}
# Attributes that are read, by eye, ear or program.
READ = {"alt", "title", "aria-label", "data-label", "content", "href", "src", "srcset", "value", "id", "aria-labelledby"}
# Attributes whose values are places or fixed words; the picture's are measured by `picture.py`.
FIXED = {
    "role", "class", "scope", "tabindex", "lang", "charset", "name", "rel", "media", "width", "http-equiv", "method",
    "action", "type", "for", "required", "autocomplete", "aria-current", "aria-hidden",
}


# Columns that one cell of a table can span.
SPANS = {str(columns) for columns in range(2, 21)}


def numbers(text):
    """Whole numbers of a text; `1,030` is one number, `2025-12-19` are three."""
    joined = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    return {int(digits) for digits in re.findall(r"\d+", joined)}


def held(sealed):
    """Every number that a set holds, the sum of its public roll, and the year after it was sealed (copies have an end)."""
    found = numbers(json.dumps(sealed, ensure_ascii=False))
    # The public roll in all, those who share log-ins too.
    on_roll = sum(group["pupils"] for group in sealed["roll"])
    return found | {int(sealed["sealed_on"][:4]) + 1, on_roll}


def ticks(sealed):
    """Numbers of the axis: fifths of the rung above the largest upper end."""
    ends = [row["to"] for table in sealed["tables"] for row in table["rows"] if row["shown"] == "band"]
    rungs = set()
    for largest in [max(ends, default=0)]:
        top = next((rung for rung in picture.LADDER if rung >= largest), largest)
        rungs |= {top * fifth // 5 for fifth in range(6)}
    return rungs


def allowed(sets):
    """Numbers that a paper about these sets may hold."""
    found = set().union(*FURNITURE.values(), {0, 10, 20})
    for sealed in sets:
        found |= held(sealed) | ticks(sealed)
    return found


class Page(html.parser.HTMLParser):
    """Takes a page apart: what is read, its styles, its pictures."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.read, self.styles, self.unknown, self.inside = [], [], [], []
        self.pictures = re.findall(r"<svg\b.*?</svg>", text, re.S)
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "link", "input", "img", "br", "source", "rect", "line", "path", "polyline"):
            self.inside.append(tag)
        for name, value in attributes:
            # Layout: how many columns equal words stand for, never more than there are groups on any roll.
            if name == "colspan" and value in SPANS:
                continue
            if name in READ:
                self.read.append((f"{tag} {name}", value or ""))
            elif "svg" not in self.inside and name not in FIXED:
                self.unknown.append(f"an attribute that is not known: {tag} {name}")

    def handle_endtag(self, tag):
        if tag in self.inside:
            while self.inside.pop() != tag:
                pass

    def handle_data(self, data):
        if "style" in self.inside:
            self.styles.append(data)
        else:
            self.read.append((self.inside[-1] if self.inside else "text", data))

    def handle_comment(self, data):
        self.unknown.append("a comment")


# What a governors' page says of the log of openings, beside the set: who reviewed it on which day, and its mark.
AUDIT = re.compile(r'<section class="audit-head" id="audit-head">(.*?)</section>', re.S)
DAY_OR_MARK = re.compile(r"\b\d{1,2} [A-Z][a-z]+ \d{4}\b|\b[0-9a-f]{64}\b")


def without_audit(text):
    """The page without that section, and what the section holds but one day and one mark: no number of openings."""
    found = []
    for section in AUDIT.findall(text):
        words = re.sub(r"<(/?)(h2|p|span|section)( class=\"\w+\")?>", " ", section)
        known = DAY_OR_MARK.findall(words)
        days = [one for one in known if len(one) != 64]
        rest = DAY_OR_MARK.sub(" ", words)
        if numbers(rest) or "<" in rest or len(days) > 1 or len(known) - len(days) > 1:
            found.append(f"more than a day and a mark about the log of openings: {rest.strip()[:80]!r}")
    return AUDIT.sub("", text), found


def page_faults(text, sets):
    """What a page, or a picture on its own, holds that the sets do not."""
    text, audit = without_audit(text)
    page, may = Page(text), allowed(sets)
    found = audit + list(page.unknown)
    for place, words in page.read:
        extra = numbers(words) - may
        if extra:
            found.append(f"{sorted(extra)} in {place}: {words.strip()[:80]!r}")
    if len(sets) == 1:
        for drawn in page.pictures:
            found += picture.faults(drawn, sets[0])
    return found


def faults(name, data, sets):
    """What one artefact holds that the sets do not: by the ending of its name."""
    found = [f"{sorted(numbers(name) - allowed(sets))} in the name {name}"] if numbers(name) - allowed(sets) else []
    if name.endswith(".png"):
        return found + picture.png_faults(data)
    text = data.decode("utf-8")
    if name.endswith(".json"):
        same = any(json.loads(text) == sealed for sealed in sets)
        return found + ([] if same else ["is not the sealed set"])
    if name.endswith((".html", ".svg")):
        return found + page_faults(text, sets)
    return found + [f"nobody knows how to scan {name}"]


def spoilt(name, data, sealed):
    """The artefact with a number hidden in it, in several ways, as (how, bytes)."""
    may = allowed([sealed])
    secret = str(next(number for number in range(23, 1000) if number not in may)).encode()
    if name.endswith(".png"):
        chunk = len(secret).to_bytes(4, "big") + b"tEXt" + secret + bytes(4)
        return [("a chunk of text", data[:33] + chunk + data[33:]), ("bytes behind the end", data + secret)]
    if name.endswith(".json"):
        return [("a number more", data.replace(b'"roll":', b'"exact":' + secret + b',"roll":', 1))]
    ways = [
        ("a description", data.replace(b"</desc>", b" " + secret + b"</desc>", 1)),
        ("an attribute", data.replace(b'<g class="row">', b'<g class="row" data-pupils="' + secret + b'">', 1)),
        ("a comment", data.replace(b'<g class="row">', b"<!-- x --><g class=\"row\">", 1)),
        ("a title", data.replace(b"</title>", b" " + secret + b"</title>", 1)),
        ("a number of openings", data.replace(b'id="audit-head">', b'id="audit-head"><p>' + secret + b"</p>", 1)),
        ("a third thing about the log", data.replace(b'id="audit-head">', b'id="audit-head"><p x="' + secret + b'">', 1)),
    ]
    bar = re.search(rb'<g class="band">\s*<rect x="(\d+)"', data)
    if bar:
        moved = str(int(bar.group(1)) + 4).encode()
        ways.append(("a bar four pixels on", data[: bar.start(1)] + moved + data[bar.end(1) :]))
    return [(how, changed) for how, changed in ways if changed != data]


def scan_files(set_path, paths):
    """Scans files made from one set; returns lines of what was found."""
    sealed = json.loads(pathlib.Path(set_path).read_text(encoding="utf-8"))
    found = []
    ways = 0
    for path in map(pathlib.Path, paths):
        data = path.read_bytes()
        found += [f"{path.name}: {fault}" for fault in faults(path.name, data, [sealed])]
        for how, changed in spoilt(path.name, data, sealed):
            ways += 1
            if not faults(path.name, changed, [sealed]):
                found.append(f"{path.name}: the scan does not notice {how}")
    print(f"{sealed['id']}: {len(paths)} files scanned, spoilt in {ways} ways")
    return found


def main():
    if sys.argv[1] == "--site":
        import site_scan

        found = site_scan.scan(*sys.argv[2:5])
    else:
        found = scan_files(sys.argv[1], sys.argv[2:])
    for line in found:
        print(f"FOUND {line}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
