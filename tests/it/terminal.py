"""Runs a command whose standard output is a terminal, and shows what came out.

Usage: terminal.py PROGRAM [ARGUMENT...]. Prints one JSON object: `status`, `terminal` (what the terminal got, as Latin-1)
and `error` (what was written to standard error, which is a pipe).
"""

import json
import os
import pty
import subprocess
import sys

outer, inner = pty.openpty()
process = subprocess.Popen(sys.argv[1:], stdout=inner, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
os.close(inner)
got = b""
while True:
    try:
        piece = os.read(outer, 65536)
    except OSError:  # Linux: the last writer has gone.
        break
    if not piece:
        break
    got += piece
error = process.stderr.read()
print(json.dumps({"status": process.wait(), "terminal": got.decode("latin-1"), "error": error.decode()}))
