-- What was prepared for a customer and waits for a person. `state`: waiting; started (sent to Shopify, and how it ended
-- is not known yet); done; failed (Shopify refused it, nothing was done); rejected.
CREATE TABLE actions (
    id              TEXT NOT NULL PRIMARY KEY,
    conversation    TEXT NOT NULL,
    idempotency_key TEXT NOT NULL UNIQUE,
    record          TEXT NOT NULL,
    prepared_at     TEXT NOT NULL,
    state           TEXT NOT NULL DEFAULT 'waiting'
                    CHECK (state IN ('waiting', 'started', 'done', 'failed', 'rejected')),
    started_at      TEXT,
    result          TEXT
) STRICT;

-- Who did what about which action, and what came of it. Nothing is changed or removed; only the detail of a line is
-- blotted out when a customer is erased.
CREATE TABLE audit (
    id     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at     TEXT    NOT NULL,
    who    TEXT    NOT NULL,
    what   TEXT    NOT NULL,
    action TEXT    NOT NULL,
    detail TEXT    NOT NULL
) STRICT;

CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
WHEN NEW.detail <> '[erased]' OR NEW.id <> OLD.id OR NEW.at <> OLD.at OR NEW.who <> OLD.who OR NEW.what <> OLD.what
    OR NEW.action <> OLD.action
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;
