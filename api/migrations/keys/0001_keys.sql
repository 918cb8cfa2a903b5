-- Keys of all stores. Of a key only its hash and its first characters are kept.
CREATE TABLE keys (
    id         TEXT    NOT NULL PRIMARY KEY,
    hash       BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    prefix     TEXT    NOT NULL,
    store      TEXT    NOT NULL,
    role       TEXT    NOT NULL CHECK (role IN ('storefront', 'agent')),
    created_at TEXT    NOT NULL,
    revoked_at TEXT
) STRICT;
