"""Starts squid, e2guardian and rsyslog on loopback, drives requests through them and says what was asked.

    peers.py squid|e2guardian|rsyslog FOLDER MANUAL

Takes pieces of configuration out of the manual (docs/nightly.md), writes logs into FOLDER and prints JSON:
for every log its file and what must be read from it. Everything that it starts is a child in a session of its own that the system ends when this program ends, however.
"""

import base64
import contextlib
import ctypes
import grp
import http.server
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

LONGEST_WAIT = 20
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
NOBODY = 65534
libc = ctypes.CDLL(None)


def pieces(manual):
    """What stands between the manual's markers, fences off."""
    found = re.findall(r"<!-- ([a-z0-9-]+):begin -->\n```\w*\n(.*?)```\n<!-- \1:end -->", manual, re.DOTALL)
    return dict(found)


# Processes

def start(stack, folder, *command):
    """Starts a program that ends with this one. As root, it runs as nobody: none of them needs more."""
    as_whom = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    output = open(folder / f"{pathlib.Path(command[0]).name}.{len(list(folder.iterdir()))}.out", "wb")
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        start_new_session=True, preexec_fn=lambda: libc.prctl(DIE_WITH_PARENT, signal.SIGKILL), **as_whom)
    process.output = output.name
    stack.callback(stop, process)
    return process


def folder_of_peer(path):
    """A new folder in which the programs may write."""
    path.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    return path


def stop(process):
    """Asks first, since logs are flushed at the end, then takes the whole session down."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(what, is_so, process=None):
    until = time.monotonic() + LONGEST_WAIT
    while not is_so():
        ended = process is not None and process.poll() is not None
        if ended or time.monotonic() > until:
            said = pathlib.Path(process.output).read_text(errors="replace")[-4000:] if process else ""
            raise SystemExit(f"waited in vain for {what}\n{said}")
        time.sleep(0.02)


def listens(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def free_ports(count):
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in held]


def lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        return True
    except OSError:
        return False


def placed(snippet, folder, *places):
    """A piece of the manual with its places moved into the folder."""
    for place in places:
        snippet = snippet.replace(place, str(folder))
    return snippet


def rotate(folder, snippet, logs, pid_place, pid_file):
    """Turns a log while its program runs, as the manual says, and returns what lies in the inbox then."""
    inbox = folder_of_peer(folder / "inbox")
    conf = folder / "logrotate.conf"
    conf.write_text(placed(snippet.replace(pid_place, str(pid_file)), pid_file.parent, logs)
                    .replace(INBOX, str(inbox)))
    conf.chmod(0o644)
    done = start_and_wait(folder, shutil.which("logrotate"), "-f", "-s", str(folder / "logrotate.state"), str(conf))
    found = list(inbox.iterdir())
    if done or len(found) != 1:
        raise SystemExit(f"logrotate ended with {done}, the inbox holds {len(found)} files")
    return found[0]


def start_and_wait(folder, *command):
    with contextlib.ExitStack() as stack:
        process = start(stack, folder, *command)
        status = process.wait(LONGEST_WAIT)
        sys.stderr.write(pathlib.Path(process.output).read_text(errors="replace"))
        return status


# The site behind the proxies

class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        path = self.path.split("?")[0].strip("/").split("/")[0]
        body = b"<html><title>x</title><body>Rivers and their valleys.</body></html>"
        status, headers = 200, {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        if path == "missing":
            status = 404
        elif path == "refused":
            status = 403
        elif path == "away":
            status, headers["Location"] = 302, "/page/away"
        elif path == "phrase":
            body = b"<html><body>All about zorkweed and nothing else.</body></html>"
        elif path == "kept":
            headers["Cache-Control"] = "max-age=600"
        elif path == "file.zork":
            headers["Content-Type"] = "application/octet-stream"
        elif path == "weighted":
            body = b"<html><body>A blunderbuss and a musket.</body></html>"
        elif path == "slow":
            headers["Content-Type"] = "application/octet-stream"
            body = b"x" * 1_000_000
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(OSError):
                if path == "slow":
                    # A part only: the rest comes when the other side has left.
                    self.wfile.write(body[:4096])
                    self.wfile.flush()
                    self.connection.settimeout(1)
                    self.rfile.read(1)
                else:
                    self.wfile.write(body)
        self.close_connection = True

    do_GET = do_HEAD = do_POST = answer

    def log_message(self, *_):
        pass


class Site(http.server.ThreadingHTTPServer):
    daemon_threads = True


class Site6(Site):
    address_family = socket.AF_INET6


def serve(stack, site, address):
    server = site((address, 0), Origin)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stack.callback(server.shutdown)
    return server.server_address[1]


# What is asked

class Client:
    """Asks through a proxy and notes what the log must say."""

    def __init__(self, port, address="127.0.0.1"):
        self.proxy, self.address = (address, port), address
        self.expected = []

    def raw(self, request, then=None, leave_after=None):
        """Sends bytes; `then` is sent after the first answer; `leave_after` bytes the client goes away."""
        got = b""
        with socket.create_connection(self.proxy, timeout=LONGEST_WAIT) as client:
            client.sendall(request)
            with contextlib.suppress(ConnectionError):
                while leave_after is None or len(got) < leave_after:
                    if part := client.recv(65536):
                        got += part
                    else:
                        break
                    if then and b"\r\n\r\n" in got:
                        client.sendall(then)
                        then = None
            if leave_after is not None:
                # Reset, so that the proxy sees at once that nobody is there.
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        return got

    def ask(self, url, method="GET", sign_in=None, headers=(), body=b"", leave_after=None, then=None, **expected):
        host = url.split("/")[2] if "://" in url else url
        head = [f"{method} {url} HTTP/1.1", f"Host: {host}", "Connection: close", "User-Agent: Mozilla/5.0 (peer)"]
        if sign_in:
            head.append("Proxy-Authorization: Basic " + base64.b64encode(sign_in.encode()).decode())
        if body:
            head.append(f"Content-Length: {len(body)}")
        head.extend(headers)
        got = self.raw(("\r\n".join(head) + "\r\n\r\n").encode() + body, then, leave_after)
        self.note(method=method, url=expected.pop("written", url), **expected)
        return got

    def note(self, method, url, user=None, status=200, action="allowed", kind="request", **more):
        self.expected.append({"method": method, "url": url, "user": user, "status": status, "action": action,
                              "kind": kind, "client": self.address, **more})


# squid

HASHED = "$apr1$watershd$k4fF9wnVw.xndfMIUtz/Q0"  # of PASSWORD
PASSWORD = "right horse"
# As typed; squid writes names in small letters.
ACCOUNTS = ["mtaylor", "f.okafor", "STAFF\\m.head", "zo\u00eb.lund"]
SITES = ["www.school.example", "bets.example", "tls.example", "tls2.example", "away.example", "trusted.example",
         "gone.example", "search.example"]

SQUID = """
http_port 127.0.0.1:{port}
{six}
hosts_file {folder}/hosts
pid_filename {folder}/squid.pid
coredump_dir {folder}
cache_log {folder}/cache.log
mime_table /usr/share/squid/mime.conf
visible_hostname squid.school.example
pinger_enable off
netdb_filename none
memory_cache_shared off
shutdown_lifetime 0 seconds
connect_timeout 5 seconds
forwarded_for delete
{snippet}
logformat custom %ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt "%{{Referer}}>h" "%{{User-Agent}}>h"
access_log stdio:{folder}/common.log common
access_log stdio:{folder}/combined.log combined
access_log stdio:{folder}/custom.log custom
access_log stdio:{folder}/referrer.log referrer
access_log stdio:{folder}/useragent.log useragent
auth_param basic program /usr/lib/squid/basic_ncsa_auth {folder}/passwords
auth_param basic realm school
acl signed_in proxy_auth REQUIRED
acl bets dstdomain -n .bets.example
acl away dstdomain -n .away.example
acl private urlpath_regex ^/private
acl tls dstdomain -n .tls.example
acl tls2 dstdomain -n .tls2.example
acl origin port {origin} {origin6} {closed}
deny_info 302:http://www.school.example:{origin}/stopped away
http_access deny away
http_access deny !origin
http_access deny bets
http_access allow tls
http_access deny tls2 !signed_in
http_access deny private !signed_in
http_access allow all
"""


def start_squid(stack, folder, port, origin, origin6, closed, snippet):
    hosts = "".join(f"127.0.0.1 {site}\n" for site in SITES)
    (folder / "hosts").write_text(hosts)
    (folder / "passwords").write_text("".join(f"{account.lower()}:{HASHED}\n" for account in ACCOUNTS))
    six = f"http_port [::1]:{port}" if origin6 else ""
    conf = SQUID.format(port=port, six=six, folder=folder, origin=origin, origin6=origin6 or "",
                        closed=closed, snippet=snippet)
    (folder / "squid.conf").write_text(conf)
    process = start(stack, folder, shutil.which("squid"), "-N", "-f", str(folder / "squid.conf"))
    wait_for("squid", lambda: listens(port), process)
    return process


def ask_through_squid(client, origin, closed):
    """Every sort of request that squid tells apart in its log."""
    site = f"http://www.school.example:{origin}"
    good = f"mtaylor:{PASSWORD}"
    client.ask(f"{site}/page/1?q=rivers+of+wales")
    client.ask(f"{site}/page/quote?a=\"b\",\"c\"&d=%22e%22", headers=['Referer: http://a.example/?"x"'])
    client.ask(f"{site}/page/\u00e9t\u00e9")
    client.ask(f"{site}/form", method="POST", body=b"a=1")
    client.ask(f"{site}/page/head", method="HEAD")
    client.ask(f"{site}/missing/1", status=404)
    client.ask(f"{site}/away/1", status=302)
    # The site's own refusal is no block.
    client.ask(f"{site}/refused/1", status=403)
    client.ask(f"{site}/kept/1")
    client.ask(f"{site}/kept/1")
    client.ask(f"{site}/page/{'long/' * 500}end")
    client.ask("http://bets.example:%d/odds" % origin, status=403, action="blocked")
    client.ask("http://away.example:%d/odds" % origin, status=302, action="blocked")
    client.ask(f"{site}/page/port".replace(str(origin), "81"), status=403, action="blocked")
    client.ask(f"http://gone.example:{closed}/", status=503, action="error")
    client.ask(f"{site}/private/1", status=407, action="challenged", kind="authentication")
    client.ask(f"{site}/private/2", sign_in="mtaylor:wrong", user="mtaylor", status=407, action="challenged",
               kind="authentication")
    for account in ACCOUNTS:
        client.ask(f"{site}/private/in", sign_in=f"{account}:{PASSWORD}", user=account.lower())
    inner = b"GET /page/inner HTTP/1.1\r\nHost: tls.example\r\nConnection: close\r\n\r\n"
    client.ask(f"tls.example:{origin}", method="CONNECT", then=inner, kind="tunnel")
    client.ask(f"tls2.example:{origin}", method="CONNECT", sign_in=good, user="mtaylor", then=inner, kind="tunnel")
    client.ask(f"bets.example:{origin}", method="CONNECT", status=403, action="blocked", kind="tunnel")
    client.ask("www.school.example:443", method="CONNECT", status=403, action="blocked", kind="tunnel")
    client.ask(f"{site}/slow/1", leave_after=2000)


def squid(stack, folder, snippets):
    origin = serve(stack, Site, "127.0.0.1")
    origin6 = serve(stack, Site6, "::1") if has_ipv6() else None
    port, closed = free_ports(2)
    snippet = placed(snippets["squid"], folder, "/var/log/squid")
    process = start_squid(stack, folder, port, origin, origin6, closed, snippet)
    client = Client(port)
    ask_through_squid(client, origin, closed)
    wait_for("squid's log", lambda: lines(folder / "access.log") > len(client.expected))
    handed = rotate(folder, snippets["squid-logrotate"], "/var/log/squid", "/run/squid.pid", folder / "squid.pid")
    if origin6:
        six = Client(port, "::1")
        six.ask(f"http://[::1]:{origin6}/page/six")
        six.ask(f"[::1]:{origin6}", method="CONNECT", kind="tunnel",
                then=b"GET /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        client.expected += six.expected
    # Longer than squid writes; its neighbour must be seen all the same.
    Client(port).ask(f"http://www.school.example:{origin}/page/{'x' * 9000}")
    client.ask(f"http://www.school.example:{origin}/page/neighbour")
    # No requests: a connection that says nothing, one that talks nonsense, the proxy's own page.
    client.raw(b"nonsense\r\n\r\n")
    client.raw(b"GET http://squid.school.example:%d/squid-internal-mgr/info HTTP/1.1\r\nHost: a\r\n"
               b"Connection: close\r\n\r\n" % port)
    count = len(client.expected)
    every = folder / "custom.log"
    wait_for("squid's log", lambda: lines(every) >= count + 4, process)
    stop(process)
    # Both nights together: nothing was lost or written twice at the turn.
    (folder / "nights.log").write_bytes(handed.read_bytes() + (folder / "access.log").read_bytes())
    return [{"log": str(folder / name), "format": layout, "expected": client.expected,
             "others": {"no request": 2, "internal": 1}, "rejects": {"truncated": 1}}
            for name, layout in [("nights.log", "squid-native"), ("common.log", "squid-combined"),
                                 ("combined.log", "squid-combined"), ("custom.log", "squid-native"),
                                 ("referrer.log", None), ("useragent.log", None)]]


# e2guardian, with squid behind it, which checks the passwords

LAYOUTS = {1: "e2guardian-1", 2: "e2guardian-2", 3: "e2guardian-3", 4: "e2guardian-4", 5: "e2guardian-5-8",
           6: "e2guardian-5-8"}

# What the packaged lists are given beside their comments. `.Include` lines go: they name other folders.
LISTS = {
    "bannedsitelist": "bets.example\n",
    "bannedurllist": "www.school.example/banned\n",
    "exceptionsitelist": "trusted.example\n",
    "bannedphraselist": "<zorkweed>\n",
    "weightedphraselist": '#listcategory: "Weapons, talk"\n<blunderbuss><30>\n<musket><30>\n',
    "exceptionphraselist": "",
    "bannedextensionlist": ".zork\n",
    "bannedmimetypelist": "application/x-zork\n",
    "bannedsearchlist": "bomb+zork\n",
    "filtergroupslist": "mtaylor=filter2\n",
}

E2GUARDIAN = {"httpworkers": "20", "filtergroups": "2", "nodaemon": "on"}


def settings(text, changed):
    """A packaged configuration with some settings changed, in the program's own way of writing them."""
    kept = [line for line in text.splitlines() if line.split("=")[0].strip() not in changed]
    return "\n".join(kept + [f"{name} = {value}" for name, value in changed.items()]) + "\n"


def e2guardian_folder(etc, search):
    """The packaged configuration, copied, with short lists."""
    shutil.copytree("/etc/e2guardian", etc, ignore=shutil.ignore_patterns("private"))
    for path in etc.rglob("*"):
        if path.is_dir():
            continue
        text = path.read_text(errors="surrogateescape").replace("/etc/e2guardian", str(etc))
        if etc / "lists" in path.parents:
            lines_kept = [line for line in text.splitlines() if line.startswith("#listcategory")]
            text = "\n".join(lines_kept) + "\n" + LISTS.get(path.name, "")
            if path.name == "searchregexplist":
                text = '"^http://search[.][^?]*[?]q=([^&]*)"->"\\1"\n'
        path.write_text(text, errors="surrogateescape")
    first = (etc / "e2guardianf1.conf").read_text()
    first = settings(first, {"groupname": "'everybody else'"})
    (etc / "layoutf1.conf").write_text(first)
    # As the manual advises; the other group stays as it is packaged.
    lines_kept = [line for line in first.splitlines() if not line.startswith("searchlist = 'name=banned,")]
    second = settings("\n".join(lines_kept), {"groupname": "'year 9'"}) + search.replace("/etc/e2guardian", str(etc))
    (etc / "layoutf2.conf").write_text(second)


def start_e2guardian(stack, folder, etc, layout, port, squid_port, snippet):
    logs = folder_of_peer(folder / f"layout{layout}")
    who = pwd.getpwuid(NOBODY if os.geteuid() == 0 else os.getuid())
    conf = settings((etc / "e2guardian.conf").read_text(), E2GUARDIAN | snippet | {
        "logfileformat": layout, "filterports": port, "filterip": "127.0.0.1", "transparenthttpsport": "0",
        "proxyip": "127.0.0.1", "proxyport": squid_port, "loglocation": f"'{logs}/access.log'",
        "pidfilename": f"'{logs}/pid'", "daemonuser": f"'{who.pw_name}'", "daemongroup": f"'{grp.getgrgid(who.pw_gid).gr_name}'",
        "filecachedir": f"'{logs}'",
        "authplugin": f"'{etc}/authplugins/proxy-basic.conf'"})
    # The names of the groups' files come from this one's.
    path = etc / "layout.conf"
    path.write_text(conf)
    process = start(stack, folder, shutil.which("e2guardian"), "-N", "-c", str(path))
    wait_for("e2guardian", lambda: listens(port), process)
    return process, logs / "access.log"


def ask_through_e2guardian(client, layout, origin, closed):
    """Everybody is signed in: what squid lets through without, e2guardian neither counts nor filters."""
    site = f"http://www.school.example:{origin}"

    def ask(url, name="f.okafor", group="everybody else", reason=None, password=PASSWORD, **more):
        if layout == 3:
            # Neither group nor reason; every refusal looks like the filter's own.
            if more.get("status") == 403:
                more["action"], reason = "blocked", "rule"
        else:
            more["group"] = group
        client.ask(url, sign_in=f"{name}:{password}" if name else None, user=name, reason=reason, **more)

    def blocked(url, reason, **more):
        ask(url, status=403, action="blocked", reason=reason, **more)

    ask(f"{site}/page/1?q=rivers+of+wales")
    ask(f"{site}/page/quote?a=\"b\"&d=%22e%22")
    ask(f"{site}/page/2", name="mtaylor", group="year 9")
    ask(f"{site}/form", method="POST", body=b"a=1")
    ask(f"{site}/page/head", method="HEAD")
    ask(f"{site}/missing/1", status=404)
    ask(f"{site}/away/1", status=302)
    # The site's own refusal is no block.
    ask(f"{site}/refused/1", status=403)
    blocked(f"http://bets.example:{origin}/odds", "list")
    blocked(f"http://bets.example:{origin}/odds", "list", name="mtaylor", group="year 9")
    blocked(f"{site}/banned/1", "list")
    blocked(f"{site}/phrase/1", "content")
    blocked(f"{site}/weighted/1", "content")
    blocked(f"{site}/file.zork", "file kind")
    blocked(f"http://search.example:{origin}/page?q=zork+bomb", "rule")
    blocked(f"http://search.example:{origin}/page?q=zork+bomb", "search", name="mtaylor", group="year 9")
    ask(f"http://trusted.example:{origin}/page")
    # Without its last stroke, as it is written where there is no path.
    # squid's own message; only the imitation of squid's layout takes it for a failure.
    ask(f"http://gone.example:{closed}", status=503, action="error" if layout == 3 else "allowed")
    ask(f"{site}/private/1", name=None, status=407, action="challenged", kind="authentication")
    ask(f"{site}/private/2", name="mtaylor", group="year 9", password="wrong", status=407, action="challenged",
        kind="authentication")
    inner = b"GET /page/inner HTTP/1.1\r\nHost: tls.example\r\nConnection: close\r\n\r\n"
    ask(f"tls.example:{origin}", method="CONNECT", then=inner, kind="tunnel", written=f"https://tls.example:{origin}")
    blocked(f"bets.example:{origin}", "list", method="CONNECT", kind="tunnel", written=f"https://bets.example:{origin}")
    ask(f"{site}/slow/1", leave_after=2000)


def turn_e2guardian(process, client, folder, snippets, log, origin):
    """Rotates the log and asks again; the file of both nights."""
    handed = rotate(folder, snippets["e2guardian-logrotate"], "/var/log/e2guardian", "/run/e2guardian.pid",
                    log.parent / "pid")
    client.ask(f"http://www.school.example:{origin}/page/next", sign_in=f"f.okafor:{PASSWORD}", user="f.okafor",
               group="everybody else", reason=None)
    wait_for("e2guardian's next log", lambda: lines(log), process)
    both = log.with_name("nights.log")
    both.write_bytes(handed.read_bytes() + log.read_bytes())
    return both


def e2guardian(stack, folder, snippets):
    origin = serve(stack, Site, "127.0.0.1")
    squid_port, closed, *ports = free_ports(2 + len(LAYOUTS))
    start_squid(stack, folder, squid_port, origin, None, closed, "")
    etc = folder / "etc"
    e2guardian_folder(etc, snippets["e2guardian-search"])
    advised = dict(line.split(" = ", 1) for line in snippets["e2guardian"].splitlines())
    found = []
    for (layout, name), port in zip(LAYOUTS.items(), ports):
        process, log = start_e2guardian(stack, folder, etc, layout, port, squid_port, advised)
        client = Client(port)
        ask_through_e2guardian(client, layout, origin, closed)
        with contextlib.suppress(SystemExit):
            wait_for("e2guardian's log", lambda: lines(log) >= len(client.expected), process)
        if layout == 6:
            log = turn_e2guardian(process, client, folder, snippets, log, origin)
        # It takes long to go when asked.
        process.kill()
        found.append({"log": str(log), "format": name, "expected": client.expected, "others": {}, "rejects": {}})
    return found


# rsyslog, which sends and receives what squid and e2guardian wrote

SENT_AS = ["RSYSLOG_ForwardFormat", "RSYSLOG_SyslogProtocol23Format"]
WRITTEN_AS = ["RSYSLOG_TraditionalFileFormat", "RSYSLOG_FileFormat", "RSYSLOG_SyslogProtocol23Format"]
INBOX = "/srv/watershed/schools/st-annes/inbox"


def start_rsyslog(stack, folder, name, conf):
    work = folder_of_peer(folder / name)
    path = folder / f"{name}.conf"
    path.write_text(f'global(workDirectory="{work}" localHostname="proxy.school.example")\n{conf}')
    return start(stack, folder, shutil.which("rsyslogd"), "-n", "-iNONE", "-f", str(path))


def relay(stack, folder, snippets, name, log, sent_as):
    """Sends a log from one rsyslog to another; every file that the other wrote."""
    spool = folder_of_peer(folder / f"spool-{name}")
    [port] = free_ports(1)
    at = f'port="{port}" address="127.0.0.1"'
    more = "".join(f'action(type="omfile" file="{spool}/{form}.txt" template="{form}")\n' for form in WRITTEN_AS)
    opening = 'ruleset(name="watershed") {\n'
    conf = placed(snippets["rsyslog-receiver"], spool, "/var/spool/watershed").replace('port="5514"', at)
    receiver = start_rsyslog(stack, folder, f"receiver-{name}", conf.replace(opening, opening + more))
    wait_for("rsyslog", lambda: listens(port), receiver)
    conf = snippets["rsyslog-sender"].replace("/var/log/squid/access.log", str(log)).replace("5514", str(port))
    conf = conf.replace("192.0.2.10", "127.0.0.1").replace("RSYSLOG_SyslogProtocol23Format", sent_as)
    sender = start_rsyslog(stack, folder, f"sender-{name}", conf.replace("squid:", f"{name.split('-')[0]}:"))
    count = lines(log)
    wait_for("rsyslog's file", lambda: all(lines(one) >= count for one in spool.iterdir())
             and len(list(spool.iterdir())) == len(WRITTEN_AS) + 1, receiver)
    stop(sender)
    stop(receiver)
    return list(spool.iterdir())


def hand_over(folder, snippet, spool):
    """The line of the manual's crontab: yesterday's file goes, today's stays."""
    inbox = folder / "inbox"
    inbox.mkdir()
    [today] = spool.glob("*.log")
    yesterday = spool / "192.0.2.1-2025-09-10.log"
    yesterday.write_bytes(today.read_bytes())
    command = placed(snippet, spool, "/var/spool/watershed").replace(INBOX, str(inbox))
    subprocess.run(["sh", "-c", command], check=True)
    if [one.name for one in inbox.iterdir()] != [yesterday.name] or not today.exists():
        raise SystemExit("the crontab's line moved the wrong files")


def rsyslog(stack, folder, snippets):
    origin = serve(stack, Site, "127.0.0.1")
    port, closed, squid_port = free_ports(3)
    proxy = start_squid(stack, folder, port, origin, None, closed, placed(snippets["squid"], folder, "/var/log/squid"))
    client = Client(port)
    ask_through_squid(client, origin, closed)
    log = folder / "access.log"
    wait_for("squid's log", lambda: lines(log) > len(client.expected), proxy)
    sources = [("squid", log, "squid-native", client.expected, {"no request": 1})]
    behind = folder_of_peer(folder / "behind")
    start_squid(stack, behind, squid_port, origin, None, closed, "")
    etc = folder / "etc"
    e2guardian_folder(etc, snippets["e2guardian-search"])
    for layout in [4, 6]:
        [guardian_port] = free_ports(1)
        process, log = start_e2guardian(stack, folder, etc, layout, guardian_port, squid_port, {})
        client = Client(guardian_port)
        ask_through_e2guardian(client, layout, origin, closed)
        wait_for("e2guardian's log", lambda: lines(log) >= len(client.expected), process)
        process.kill()
        sources.append((f"e2guardian-{layout}", log, LAYOUTS[layout], client.expected, {}))
    found = []
    for source, log, layout, expected, others in sources:
        for sent_as in SENT_AS:
            name = f"{source}-{sent_as}"
            files = relay(stack, folder, snippets, name, log, sent_as)
            found += [{"log": str(file), "format": layout, "expected": expected, "others": others, "rejects": {}}
                      for file in files]
    hand_over(folder, snippets["rsyslog-cron"], folder / f"spool-{name}")
    return found


def main():
    libc.prctl(DIE_WITH_PARENT, signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))
    program, out = sys.argv[1], pathlib.Path(sys.argv[2])
    snippets = pieces(pathlib.Path(sys.argv[3]).read_text())
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    began = int(time.time())
    with contextlib.ExitStack() as stack:
        # Not below the home folder, which nobody may be barred from.
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="watershed-peers-"))
        folder = folder_of_peer(pathlib.Path(folder))
        try:
            found = globals()[program](stack, folder, snippets)
        finally:
            # Sockets of the programs are no files.
            shutil.copytree(folder, out, dirs_exist_ok=True, ignore_dangling_symlinks=True)
        for one in found:
            one |= {"began": began, "ended": int(time.time())}
            one["log"] = str(out / pathlib.Path(one["log"]).relative_to(folder))
        print(json.dumps(found))


if __name__ == "__main__":
    main()
