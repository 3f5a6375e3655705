"""Checks with libopendmarc what stands on the input, and says for each check what it makes of it.

In:  `suffix NAME`, `record NAME TEXT`, `check FROM` with ` spf:DOMAIN:RESULT` and ` dkim:DOMAIN:RESULT` behind it
Out: `absent`, or `pass`, `none`, `quarantine` or `reject` with the tag and the domain of the policy
"""

import ctypes
import sys
import tempfile

library = ctypes.CDLL("libopendmarc.so.2")
text, context, number = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int
library.opendmarc_policy_connect_init.restype = context
library.opendmarc_policy_connect_init.argtypes = [text, number]
library.opendmarc_policy_connect_shutdown.argtypes = [context]
library.opendmarc_policy_store_from_domain.argtypes = [context, text]
library.opendmarc_policy_store_spf.argtypes = [context, text, number, number, text]
library.opendmarc_policy_store_dkim.argtypes = [context, text, text, number, text]
library.opendmarc_policy_query_dmarc.argtypes = [context, text]
library.opendmarc_get_policy_to_enforce.argtypes = [context]
library.opendmarc_get_policy_token_used.argtypes = [context]
library.opendmarc_policy_fetch_utilized_domain.argtypes = [context, text, ctypes.c_size_t]
library.opendmarc_tld_read_file.argtypes = [text, text, text, text]
library.opendmarc_dns_fake_record.argtypes = [text, text]
library.opendmarc_dns_fake_record.restype = None

# dmarc.h
OUTCOMES = {"pass": 1, "fail": 2, "temperror": 3}
POLICIES = {15: "pass", 16: "reject", 17: "quarantine", 18: "none"}
TAGS = {19: "p", 20: "sp"}
MAILFROM = 1


def check(author, identifiers):
    policy = library.opendmarc_policy_connect_init(b"192.0.2.1", 0)
    library.opendmarc_policy_store_from_domain(policy, author)
    for identifier in identifiers:
        method, domain, result = identifier.split(":")
        if method == "spf":
            library.opendmarc_policy_store_spf(policy, domain.encode(), OUTCOMES[result], MAILFROM, b"")
        else:
            library.opendmarc_policy_store_dkim(policy, domain.encode(), b"s", OUTCOMES[result], b"")
    if library.opendmarc_policy_query_dmarc(policy, author) != 0:
        return "absent"
    enforced = library.opendmarc_get_policy_to_enforce(policy)
    if enforced not in POLICIES:
        return "absent"
    used = ctypes.create_string_buffer(256)
    library.opendmarc_policy_fetch_utilized_domain(policy, used, 256)
    tag = TAGS.get(library.opendmarc_get_policy_token_used(policy), "-")
    library.opendmarc_policy_connect_shutdown(policy)
    return "%s %s %s" % (POLICIES[enforced], tag, used.value.decode())


suffixes, lines = [], [line.rstrip("\n") for line in sys.stdin.readlines()]
for line in lines:
    word, _, rest = line.partition(" ")
    if word == "suffix":
        suffixes.append(rest)
    elif word == "record":
        name, _, value = rest.partition(" ")
        library.opendmarc_dns_fake_record(name.encode(), value.encode())
with tempfile.NamedTemporaryFile("w") as file:
    file.write("\n".join(suffixes) + "\n")
    file.flush()
    library.opendmarc_tld_read_file(file.name.encode(), b"//", b"*.", b"!")
for line in lines:
    if line.startswith("check "):
        author, *identifiers = line.split(" ")[1:]
        print(check(author.encode(), identifiers))
