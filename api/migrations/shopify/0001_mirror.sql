-- What Shopify said last of everything of a store that is indexed, and what still has to be done about it.
CREATE TABLE objects (
    gid      TEXT    NOT NULL PRIMARY KEY,
    kind     TEXT    NOT NULL CHECK (kind IN ('product', 'page', 'article', 'policy')),
    -- Id and content of the document; absent where customers may not see the object, and when it was deleted.
    doc      TEXT,
    document TEXT,
    -- When Shopify was asked: an answer to an earlier question does not undo a later one.
    read_at  TEXT    NOT NULL,
    deleted  INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1))
) STRICT;

CREATE INDEX objects_doc ON objects (doc) WHERE doc IS NOT NULL;

-- Objects to be read again. Marking one again gives it a new mark, and only the mark that was seen is taken off.
CREATE TABLE dirty_objects (
    mark INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    gid  TEXT    NOT NULL UNIQUE
) STRICT;

-- Documents that the index does not hold as the mirror does.
CREATE TABLE dirty_documents (
    mark INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    doc  TEXT    NOT NULL UNIQUE
) STRICT;

-- Ids of webhooks that were received. Of what they said nothing is kept but which object to read again.
CREATE TABLE deliveries (
    webhook_id  TEXT NOT NULL PRIMARY KEY,
    topic       TEXT NOT NULL,
    received_at TEXT NOT NULL
) STRICT;

CREATE INDEX deliveries_received ON deliveries (received_at);

-- What must be done for a webhook besides reading objects again. The payload may name a customer, and goes when it is
-- done.
CREATE TABLE jobs (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    topic       TEXT    NOT NULL,
    payload     TEXT    NOT NULL,
    received_at TEXT    NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    not_before  TEXT    NOT NULL DEFAULT '',
    failed      TEXT
) STRICT;

CREATE TABLE cursors (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- The last runs, each with how it ended; one without an end was cut off.
CREATE TABLE runs (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL,
    started_at TEXT    NOT NULL,
    ended_at   TEXT,
    ended      TEXT CHECK (ended IN ('done', 'failed')),
    detail     TEXT
) STRICT;

-- Documents that were erased, by the SHA-256 of their id: a sync of files does not bring them back.
CREATE TABLE erased (
    doc_hash  BLOB NOT NULL PRIMARY KEY CHECK (length(doc_hash) = 32),
    erased_at TEXT NOT NULL
) STRICT;
