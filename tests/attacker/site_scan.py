"""Every route of the site that governors or anybody may open, scanned answer by answer.

Starts the site over an installation, signs a governor in, and asks for every governor and parent route of
every set, for pages that there are not, and for sets of the other audience. Beside the bodies (`artefacts.py`)
the headers are read: only known ones, and but for length, date and cookie the same for every school.

Then once more over a copy without lake and vault, with nothing left of the records but the sealed sets: every
answer must be the same byte for byte. What an answer says, how long it is and what work it takes can then
depend on nothing but the sealed set.
"""

import http.client
import json
import pathlib
import shutil
import subprocess
import tempfile
import urllib.parse

import artefacts

HEADERS = {
    "content-type", "content-length", "content-security-policy", "x-frame-options", "x-content-type-options",
    "referrer-policy", "cross-origin-resource-policy", "cross-origin-opener-policy", "permissions-policy",
    "cache-control", "date", "set-cookie", "location", "vary", "strict-transport-security", "allow",
}
# These may differ from answer to answer: the length is that of the body, and the body is scanned.
OWN = {"content-length", "date", "set-cookie", "location"}
PASSWORD = "a password of this test alone"


class Site:
    """The site of an installation, served on a free port of this machine for one test."""

    def __init__(self, program, installation):
        self.call = [program, "--dir", installation]
        self.process = subprocess.Popen(
            [*self.call, "serve", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.address = urllib.parse.urlsplit(self.process.stdout.readline().strip())
        self.cookie = ""

    def close(self):
        self.process.terminate()
        self.process.wait()

    def ask(self, path, form=None):
        """Status, headers in lower case, body."""
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=60)
        origin = f"http://{self.address.netloc}"
        headers = {"Cookie": self.cookie, "Origin": origin} if self.cookie or form else {}
        if form is None:
            connection.request("GET", path, headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request("POST", path, urllib.parse.urlencode(form), headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    def sign_in(self, school):
        """Signs the governor of a school in."""
        self.cookie = ""
        status, headers, _ = self.ask("/sign-in", {"school": school, "name": "scan", "password": PASSWORD})
        assert status == 303, f"sign-in as governor of {school}: {status}"
        self.cookie = headers["set-cookie"].split(";")[0]


def _headers(path, headers, body, same, found):
    for name, value in headers.items():
        if name not in HEADERS:
            found.append(f"{path}: a header that is not known: {name}: {value}")
        elif name == "content-length" and int(value) != len(body):
            found.append(f"{path}: content-length {value} for {len(body)} bytes")
    kind = path.split("/")[1] + " " + path.rsplit("/", 1)[-1]
    fixed = {name: value for name, value in headers.items() if name not in OWN}
    if same.setdefault(kind, fixed) != fixed:
        found.append(f"{path}: headers differ from those of the other school: {fixed}")


def _styles(path, text, same, found):
    """Styles are the same whatever the figures: they could carry a number as a width."""
    styles = "\n".join(artefacts.Page(text).styles)
    kind = "style of " + path.rsplit("/", 1)[-1].split("?")[0]
    if path.startswith("/public/") and same.setdefault(kind, styles) != styles:
        found.append(f"{path}: its style differs from that of the other school")


def accounts(program, installation, schools, folder):
    password = pathlib.Path(folder) / "password"
    password.write_text(PASSWORD + "\n", encoding="utf-8")
    for school in schools:
        arguments = ["--school", school, "accounts", "add", "scan", "--role", "governor", "--password-file", password]
        subprocess.run([program, "--dir", installation, *arguments], check=True, capture_output=True)


def _paths(sealed, sets):
    """Paths that show a set, each with the sets that it is about; and paths that must show nothing."""
    public = [one for one in sets if one["audience"] == "parents"]
    hidden = [f"/public/{sealed['school']}/no-such-release/index.html"]
    if sealed["audience"] == "governors":
        base = f"/governors/{sealed['id']}"
        own = [one for one in sets if one["school"] == sealed["school"]]
        names, lists = ["", "/chart.svg", "/chart.png", "/chart.svg?width=320"], [("/governors", own), ("/", public)]
        hidden += [f"/public/{sealed['school']}/{sealed['id']}/{name}" for name in ("index.html", "chart.svg")]
    else:
        base, lists = f"/public/{sealed['school']}/{sealed['id']}", [("/", public)]
        names = ["/index.html", "/fragment.html", "/chart.svg", "/chart.png", "/chart.svg?width=320"]
    return [(base + name, [sealed]) for name in names] + lists, hidden


def visit(program, installation, sets):
    """Every answer: `[(path, sets it is about or None, status, headers, body)]`."""
    site, answers = Site(program, installation), []
    try:
        for sealed in sorted(sets, key=lambda sealed: sealed["id"]):
            shown, hidden = _paths(sealed, sets)
            # Parents' pages are anybody's.
            site.cookie = ""
            if sealed["audience"] == "governors":
                site.sign_in(sealed["school"])
            for path, about in shown + [(path, None) for path in hidden]:
                answers.append((path, about, *site.ask(path)))
    finally:
        site.close()
    return answers


def judge(answers):
    found, same = [], {}
    for path, about, status, headers, body in answers:
        name = path.split("?")[0]
        if about is None:
            # What there is for others only, and what there is not, answers alike.
            if status != 404 or same.setdefault("hidden", body) != body:
                found.append(f"{path}: {status}, otherwise than what there is not")
            found += [f"{path}: {fault}" for fault in artefacts.page_faults(body.decode(), [])]
            continue
        assert status == 200, f"{path}: {status}"
        _headers(path, headers, body, same, found)
        ending = "" if name.endswith((".svg", ".png", ".html")) else ".html"
        found += [f"{path}: {fault}" for fault in artefacts.faults(name + ending, body, about)]
        if ending or name.endswith(".html"):
            _styles(path, body.decode(), same, found)
    return found


def without_records(installation, folder):
    """A copy of an installation in which nothing is left of the records but the sealed sets."""
    copy = pathlib.Path(folder) / "without-records"
    shutil.copytree(installation, copy)
    for school in (copy / "schools").iterdir():
        for records in ("lake", "vault"):
            shutil.rmtree(school / records, ignore_errors=True)
    return copy


def scan(program, installation, sets_folder):
    """Scans a whole site; returns lines of what was found."""
    sets = [json.loads(path.read_text(encoding="utf-8")) for path in pathlib.Path(sets_folder).glob("*.json")]
    with tempfile.TemporaryDirectory() as folder:
        accounts(program, installation, sorted({sealed["school"] for sealed in sets}), folder)
        answers = visit(program, installation, sets)
        again = visit(program, without_records(installation, folder), sets)
    found = judge(answers)
    for (path, _, *one), (_, _, *other) in zip(answers, again):
        for answer in (one, other):
            answer[1].pop("date", None)
        if one != other:
            found.append(f"{path}: another answer without the records")
    print(f"{len(answers)} answers of the site scanned, and the same again without lake and vault")
    return found
