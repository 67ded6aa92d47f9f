"""A mail server for one conversation, encrypted as it is told: Python's own TLS, nothing of ours.

    mail_server.py WAY CERTIFICATE KEY PLACE

WAY is `required` (TLS from the first byte) or `start` (STARTTLS). Prints its port, takes one connection, and writes to
PLACE what happened: each line of the client with `clear` or `tls` before it, and how the conversation ended.
"""

import socket
import ssl
import sys

way, certificate, key, place = sys.argv[1:5]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(60)
print(listener.getsockname()[1], flush=True)
connection, _ = listener.accept()
connection.settimeout(60)
lines = []


def talk(stream, encrypted):
    """Answers until the client leaves or asks for TLS; whether it asked."""
    file = stream.makefile("rwb")

    def say(text):
        file.write(text.encode() + b"\r\n")
        file.flush()

    if not encrypted or way == "required":
        say("220 localhost ESMTP")
    in_data = False
    while raw := file.readline():
        line = raw.decode().rstrip("\r\n")
        lines.append(("tls " if encrypted else "clear ") + line)
        word = line.split(" ")[0].split(":")[0].upper()
        if in_data:
            if line == ".":
                in_data = False
                say("250 queued")
        elif word == "EHLO":
            say("250-localhost")
            say("250 8BITMIME" if encrypted else "250 STARTTLS")
        elif word == "STARTTLS":
            say("220 go on")
            return True
        elif word == "DATA":
            in_data = True
            say("354 go on")
        elif word == "QUIT":
            say("221 bye")
            return False
        else:
            say("250 ok")
    return False


end = "over"
try:
    if way == "required" or talk(connection, False):
        talk(context.wrap_socket(connection, server_side=True), True)
except ssl.SSLError as error:
    end = "refused by the client: " + str(error.reason)
except OSError as error:
    end = "broken off: " + type(error).__name__
with open(place, "w", encoding="utf-8") as file:
    file.write("\n".join([*lines, end]) + "\n")
