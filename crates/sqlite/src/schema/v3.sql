-- Version 3: the DKIM keys of domains.

CREATE TABLE dkim_key (
    domain   TEXT    NOT NULL,
    selector TEXT    NOT NULL,
    record   TEXT    NOT NULL,                 -- the text at selector._domainkey.domain
    secret   BLOB,                             -- PKCS #8; NULL once it is erased
    stage    TEXT    NOT NULL,                 -- made, shown, signing, retiring, revoked, removed
    since    INTEGER NOT NULL,
    until    INTEGER,                          -- when something may happen next
    PRIMARY KEY (domain, selector)
) STRICT, WITHOUT ROWID;

CREATE VIEW key AS
SELECT domain,
       selector,
       stage,
       strftime('%Y-%m-%dT%H:%M:%SZ', since / 1000000, 'unixepoch') AS since,
       strftime('%Y-%m-%dT%H:%M:%SZ', until / 1000000, 'unixepoch') AS until,
       record
FROM dkim_key;
