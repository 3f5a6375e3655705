-- Version 2: mails that the application takes back.

CREATE TABLE withdrawn (
    mail TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
