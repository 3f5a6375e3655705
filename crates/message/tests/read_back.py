"""Reads messages with the email package and tells what it found, as JSON.

Standard input: a JSON list of messages in base64. Standard output: a JSON list of objects.
"""

import base64
import email
import email.policy
import email.utils
import json
import sys
from email.header import decode_header, make_header


def people(message, name):
    """Names and addresses of a field.

    Addresses come from the modern policy. Names come from the older functions: before 3.13.2 the modern
    policy leaves the space between two encoded words of a phrase in (cpython issue 128110), against
    RFC 2047 section 6.2.
    """
    modern = [str(a.addr_spec) for a in message[name].addresses]
    plain = email.message_from_bytes(message.octets, policy=email.policy.compat32)
    pairs = email.utils.getaddresses([str(plain[name])])
    names = [str(make_header(decode_header(pair[0]))) for pair in pairs]
    return [[n, a] for n, a in zip(names, modern, strict=True)]


def body(message, kind):
    part = message.get_body(preferencelist=(kind,))
    return None if part is None else part.get_content()


def tell(octets):
    message = email.message_from_bytes(octets, policy=email.policy.default)
    message.octets = octets
    files = []
    for part in message.iter_attachments():
        # get_filename() would take away the spaces at either end.
        name = part["content-disposition"].params["filename"]
        files.append([name, base64.b64encode(part.get_payload(decode=True)).decode()])
    return {
        "from": people(message, "from"),
        "to": people(message, "to"),
        "subject": str(message["subject"]),
        "text": body(message, "plain"),
        "html": body(message, "html"),
        "files": files,
        "defects": [repr(d) for part in message.walk() for d in part.defects],
    }


def main():
    messages = [base64.b64decode(m) for m in json.load(sys.stdin)]
    json.dump([tell(m) for m in messages], sys.stdout)


main()
