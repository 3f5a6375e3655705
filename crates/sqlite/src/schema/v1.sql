-- Version 1. Times are microseconds since 1970-01-01 UTC. JSON is that of posthaste-types.

CREATE TABLE mail (
    id           TEXT    NOT NULL PRIMARY KEY, -- 26 characters, sorted by time
    message_id   TEXT,                         -- without angle brackets
    reverse_path TEXT    NOT NULL,             -- '' is the null reverse path
    envid        TEXT,
    ret          TEXT,                         -- FULL or HDRS
    require_tls  INTEGER NOT NULL,
    stream       TEXT    NOT NULL,
    list         TEXT,
    campaign     TEXT,
    tenant       TEXT,
    tags         TEXT,                         -- JSON: [[key, value], ...]
    priority     INTEGER NOT NULL,             -- higher goes first
    accepted     INTEGER NOT NULL,
    due          INTEGER NOT NULL,             -- when the first attempt was due
    expires      INTEGER NOT NULL,
    once_key     TEXT,
    fingerprint  BLOB,
    size         INTEGER NOT NULL,             -- octets of the content
    crc          INTEGER NOT NULL,             -- of the columns above
    content      INTEGER,                      -- NULL when all recipients have ended
    waiting      INTEGER NOT NULL,             -- recipients that have not ended
    ended        INTEGER                       -- when the last one ended
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_accepted ON mail (accepted, id);
CREATE INDEX mail_message_id ON mail (message_id) WHERE message_id IS NOT NULL;
CREATE UNIQUE INDEX mail_once ON mail (ifnull(tenant, ''), once_key) WHERE once_key IS NOT NULL;
CREATE INDEX mail_ended ON mail (ended) WHERE ended IS NOT NULL;

CREATE TABLE content (
    id     INTEGER PRIMARY KEY,
    octets BLOB    NOT NULL,                   -- all octets, or those in front of the shared body
    crc    INTEGER NOT NULL,
    body   INTEGER                             -- a shared body behind them
) STRICT;
CREATE INDEX content_body ON content (body) WHERE body IS NOT NULL;

CREATE TABLE body (
    id     INTEGER PRIMARY KEY,
    octets BLOB    NOT NULL,
    crc    INTEGER NOT NULL
) STRICT;

CREATE TABLE recipient (
    mail        TEXT    NOT NULL,
    place       INTEGER NOT NULL,              -- in the envelope, from 0
    address     TEXT    NOT NULL,              -- as it is sent
    domain      TEXT    NOT NULL,
    local       TEXT    NOT NULL,              -- in lower case
    notify      TEXT,                          -- NOTIFY of RFC 3461
    original    TEXT,                          -- ORCPT of RFC 3461
    crc         INTEGER NOT NULL,              -- of the columns above
    priority    INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    steps       INTEGER NOT NULL,
    generation  INTEGER NOT NULL,
    last        TEXT,                          -- JSON of the last outcome
    next        INTEGER,                       -- when the next attempt is due; NULL when it has ended
    lease_node  TEXT,                          -- who tries now
    lease_until INTEGER,
    fate        TEXT,                          -- NULL while it waits
    ended       INTEGER,
    ending      TEXT,                          -- JSON
    PRIMARY KEY (mail, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX recipient_due ON recipient (priority, next, mail, place) WHERE fate IS NULL AND lease_node IS NULL;
CREATE INDEX recipient_leased ON recipient (lease_until) WHERE lease_node IS NOT NULL;
CREATE INDEX recipient_address ON recipient (domain, local);

CREATE TABLE attempt (
    mail    TEXT    NOT NULL,
    place   INTEGER NOT NULL,
    number  INTEGER NOT NULL,                  -- from 1
    node    TEXT    NOT NULL,
    begun   INTEGER NOT NULL,
    result  TEXT,                              -- ended, retry or unmade; NULL while it is under way
    outcome TEXT,                              -- JSON: the outcome of a retry, the cause of the others
    PRIMARY KEY (mail, place, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    id   INTEGER PRIMARY KEY,
    at   INTEGER NOT NULL,
    mail TEXT,
    json TEXT    NOT NULL                      -- the whole event
) STRICT;
CREATE INDEX event_mail ON event (mail);

CREATE TABLE suppression (
    id         INTEGER PRIMARY KEY,
    what       TEXT    NOT NULL,               -- address, domain or hash
    value      TEXT    NOT NULL,               -- the address in lower case, the domain, the hash in hexadecimal
    scope      TEXT    NOT NULL,               -- everything, list, stream or tenant
    scope_name TEXT    NOT NULL,               -- '' for everything
    effect     TEXT    NOT NULL,               -- forbid or allow
    reason     TEXT    NOT NULL,
    class      TEXT    NOT NULL,               -- of a bounce; else ''
    evidence   TEXT    NOT NULL,               -- JSON
    by         TEXT    NOT NULL,               -- JSON
    since      INTEGER NOT NULL,
    until      INTEGER,
    UNIQUE (what, value, scope, scope_name, effect, reason, class)
) STRICT;

CREATE TABLE lifted (
    id    INTEGER PRIMARY KEY,
    entry TEXT    NOT NULL,                    -- JSON
    by    TEXT    NOT NULL,                    -- JSON
    at    INTEGER NOT NULL
) STRICT;

CREATE TABLE secret (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE counter (
    name  TEXT    NOT NULL PRIMARY KEY,        -- event: the largest id that was forgotten
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (
    mail   TEXT    NOT NULL PRIMARY KEY,
    at     INTEGER NOT NULL,
    why    TEXT    NOT NULL,
    octets BLOB                                -- what is left of the content
) STRICT, WITHOUT ROWID;

CREATE VIEW delivery AS
SELECT r.mail,
       m.message_id,
       m.stream,
       m.campaign,
       r.address,
       CASE
           WHEN r.fate IS NOT NULL THEN r.fate
           WHEN r.lease_node IS NOT NULL THEN 'in flight'
           WHEN r.attempts > 0 THEN 'deferred'
           ELSE 'queued'
       END AS state,
       r.attempts,
       strftime('%Y-%m-%dT%H:%M:%SZ', m.accepted / 1000000, 'unixepoch') AS accepted,
       strftime('%Y-%m-%dT%H:%M:%SZ', r.next / 1000000, 'unixepoch') AS next,
       strftime('%Y-%m-%dT%H:%M:%SZ', r.ended / 1000000, 'unixepoch') AS ended,
       r.last,
       r.ending
FROM recipient AS r
JOIN mail AS m ON m.id = r.mail;

CREATE VIEW history AS
SELECT id,
       strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000000, 'unixepoch') AS at,
       mail,
       CASE WHEN json_valid(json) THEN json ->> 'recipient' END AS recipient,
       CASE WHEN json_valid(json) THEN json ->> 'kind' END AS kind,
       CASE WHEN json_valid(json) THEN json_set(json, '$.id', id) ELSE json END AS json
FROM event;

CREATE VIEW suppressed AS
SELECT value,
       scope,
       scope_name,
       effect,
       reason,
       class,
       strftime('%Y-%m-%dT%H:%M:%SZ', since / 1000000, 'unixepoch') AS since,
       strftime('%Y-%m-%dT%H:%M:%SZ', until / 1000000, 'unixepoch') AS until,
       evidence
FROM suppression;

-- The key under which erased addresses are hashed.
INSERT INTO secret VALUES ('suppression.hash', randomblob(32));
