-- Questions that wait for a person. One for each turn of a conversation, however often it is reported.
CREATE TABLE handoffs (
    id           TEXT    NOT NULL PRIMARY KEY,
    conversation TEXT    NOT NULL,
    turn         INTEGER NOT NULL,
    reason       TEXT    NOT NULL,
    record       TEXT    NOT NULL,
    opened_at    TEXT    NOT NULL,
    resolved_at  TEXT,
    UNIQUE (conversation, turn)
) STRICT;

CREATE INDEX handoffs_waiting ON handoffs (opened_at) WHERE resolved_at IS NULL;
