"""Every route of the site that governors or anybody may open, scanned answer by answer.

Starts the site over an installation, signs a governor in, and asks for every governor and parent route of
every set, for pages that there are not, and for sets of the other audience. Beside the bodies (`artefacts.py`)
the headers are read: only known ones, and but for length, date and cookie the same for every school.
"""

import http.client
import json
import pathlib
import subprocess
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


def scan(program, installation, sets_folder):
    """Scans a whole site; returns lines of what was found."""
    sets = [json.loads(path.read_text(encoding="utf-8")) for path in pathlib.Path(sets_folder).glob("*.json")]
    schools = sorted({sealed["school"] for sealed in sets})
    password = pathlib.Path(sets_folder) / "password"
    password.write_text(PASSWORD + "\n", encoding="utf-8")
    for school in schools:
        arguments = ["--school", school, "accounts", "add", "scan", "--role", "governor", "--password-file", password]
        subprocess.run([program, "--dir", installation, *arguments], check=True, capture_output=True)
    site, found, same, count = Site(program, installation), [], {}, 0
    try:
        for sealed in sorted(sets, key=lambda sealed: sealed["id"]):
            site.sign_in(sealed["school"])
            own = [one for one in sets if one["school"] == sealed["school"]]
            public = [one for one in sets if one["audience"] == "parents"]
            if sealed["audience"] == "governors":
                base = f"/governors/{sealed['id']}"
                other = f"/public/{sealed['school']}/{sealed['id']}/index.html"
                names = ["", "/chart.svg", "/chart.png", "/chart.svg?width=320"]
                lists = [("/governors", own), ("/", public)]
            else:
                base = f"/public/{sealed['school']}/{sealed['id']}"
                other = f"/governors/{sealed['id']}"
                names = ["/index.html", "/fragment.html", "/chart.svg", "/chart.png", "/chart.svg?width=320"]
                lists = [("/", public)]
                site.cookie = ""
            for path, about in [(base + name, [sealed]) for name in names] + lists:
                status, headers, body = site.ask(path)
                assert status == 200, f"{path}: {status}"
                count += 1
                _headers(path, headers, body, same, found)
                name = path.split("?")[0]
                ending = "" if name.endswith((".svg", ".png", ".html")) else ".html"
                found += [f"{path}: {fault}" for fault in artefacts.faults(name + ending, body, about)]
                if ending or name.endswith(".html"):
                    _styles(path, body.decode(), same, found)
            # What there is for others only, and what there is not, answers alike.
            answers = set()
            for path in [other, f"/public/{sealed['school']}/no-such-release/index.html"]:
                status, headers, body = site.ask(path)
                count += 1
                if path.startswith("/public/"):
                    answers.add((status, body))
                extra = artefacts.page_faults(body.decode(), []) if body else []
                if status == 200 or extra:
                    found.append(f"{path}: {status}, {extra}")
            if len(answers) > 1:
                found.append(f"{other}: a set for others answers otherwise than none")
    finally:
        site.close()
    print(f"{count} answers of the site scanned")
    return found
