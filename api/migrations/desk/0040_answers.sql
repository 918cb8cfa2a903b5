-- Answers in the store's own words. `record` is the whole answer as JSON; `state` stands in it too, and here for lists.
-- Who changed what is written to `audit`, with the answer's id as `action`.
CREATE TABLE answers (
    id         TEXT    NOT NULL PRIMARY KEY,
    state      TEXT    NOT NULL CHECK (state IN ('draft', 'approved', 'review', 'rejected')),
    version    INTEGER NOT NULL,
    record     TEXT    NOT NULL,
    changed_at TEXT    NOT NULL
) STRICT;

-- Another value after every change, so that a running server sees with one small read whether what it holds is still so.
CREATE TABLE answers_stamp (
    only  INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    stamp BLOB    NOT NULL
) STRICT;

INSERT INTO answers_stamp (only, stamp) VALUES (1, randomblob(16));

CREATE TRIGGER answers_inserted AFTER INSERT ON answers BEGIN
    UPDATE answers_stamp SET stamp = randomblob(16);
END;

CREATE TRIGGER answers_updated AFTER UPDATE ON answers BEGIN
    UPDATE answers_stamp SET stamp = randomblob(16);
END;

CREATE TRIGGER answers_deleted AFTER DELETE ON answers BEGIN
    UPDATE answers_stamp SET stamp = randomblob(16);
END;
