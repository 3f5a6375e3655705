"""Checks with pyspf what comes on the input, and asks its questions to the DNS on the output.

In:  `check ADDRESS HELO SENDER`, values in hex; behind a question `KIND VALUE` for each record, then `.`
Out: `ask NAME KIND`, or `done RESULT EXPLANATION`, the last in hex.
"""

import sys

import spf


def read():
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    return line.rstrip("\n")


def say(line):
    print(line, flush=True)


def unhex(text):
    return bytes.fromhex(text).decode("utf-8", "surrogateescape")


def records(name, kind, strict=True, timeout=None):
    say("ask %s %s" % (name.encode("utf-8", "surrogateescape").hex(), kind))
    found = []
    while True:
        line = read()
        if line == ".":
            return found
        word, _, value = line.partition(" ")
        if word == "fail":
            read()
            raise spf.TempError("DNS failure")
        if word == "TXT":
            found.append(((name, word), (bytes.fromhex(value),)))
        elif word == "MX":
            preference, _, host = value.partition(" ")
            found.append(((name, word), (int(preference), host)))
        elif word in ("A", "AAAA", "PTR"):
            found.append(((name, word), value))


spf.DNSLookup = records

while True:
    _, address, helo, sender = read().split(" ")
    query = spf.query(unhex(address), unhex(sender), unhex(helo))
    try:
        result, _, text = query.check()
    except Exception as error:  # its own mistakes: told, not hidden
        result, text = "crash", repr(error)
    say("done %s %s" % (result, text.encode("utf-8", "replace").hex()))
