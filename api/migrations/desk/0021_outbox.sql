-- What is to be told to other systems. A row is written in the transaction of what it tells of, and sent at least once,
-- always with the same key. `state`: pending; sent (its payload is gone); dead (given up, see `last_error`). Times are
-- milliseconds since 1970, UTC. `last_error` is a class such as 'status 503', never another system's words.
CREATE TABLE outbox (
    id           INTEGER NOT NULL PRIMARY KEY,
    conversation TEXT    NOT NULL,
    destination  TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    key          TEXT    NOT NULL UNIQUE,
    payload      TEXT    NOT NULL,
    state        TEXT    NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dead')),
    attempts     INTEGER NOT NULL DEFAULT 0,
    next_at      INTEGER NOT NULL,
    first_at     INTEGER,
    created_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    last_error   TEXT
) STRICT;

CREATE INDEX outbox_due ON outbox (destination, next_at) WHERE state = 'pending';
CREATE INDEX outbox_order ON outbox (destination, conversation, id) WHERE state = 'pending';

-- What channels told, once for each id. The payload goes when it was worked off.
CREATE TABLE inbox (
    id           INTEGER NOT NULL PRIMARY KEY,
    channel      TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    conversation TEXT    NOT NULL,
    payload      TEXT    NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    next_at      INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    done_at      INTEGER,
    UNIQUE (channel, key)
) STRICT;

CREATE INDEX inbox_due ON inbox (conversation, id) WHERE done_at IS NULL;
