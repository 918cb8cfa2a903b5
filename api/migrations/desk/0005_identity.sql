-- Codes that were asked for, one for each conversation and address: a new one takes the place of the last. Neither the
-- code nor the address stands here, only digests of them under the server's key. Times are seconds since 1970, UTC.
CREATE TABLE identity_challenges (
    conversation  TEXT    NOT NULL,
    address       BLOB    NOT NULL CHECK (length(address) = 32),
    salt          BLOB    NOT NULL CHECK (length(salt) = 16),
    digest        BLOB    NOT NULL CHECK (length(digest) = 32),
    issued_at     INTEGER NOT NULL,
    attempts_left INTEGER NOT NULL,
    PRIMARY KEY (conversation, address)
) STRICT;

CREATE INDEX identity_challenges_age ON identity_challenges (issued_at);

-- Customers who redeemed a code. Of the token only its hash is kept; the address is who the customer is; the seal is a
-- digest of the row under the server's key, without which the row opens nothing.
CREATE TABLE identity_sessions (
    token        BLOB    NOT NULL PRIMARY KEY CHECK (length(token) = 32),
    conversation TEXT    NOT NULL,
    email        TEXT    NOT NULL,
    expires_at   INTEGER NOT NULL,
    seal         BLOB    NOT NULL CHECK (length(seal) = 32)
) STRICT;

CREATE INDEX identity_sessions_age ON identity_sessions (expires_at);

-- Tries of the last hour, to be counted: of what kind, by or against whom, and what was tried (digests).
CREATE TABLE identity_tries (
    kind    TEXT    NOT NULL,
    subject BLOB    NOT NULL CHECK (length(subject) = 32),
    what    BLOB,
    at      INTEGER NOT NULL
) STRICT;

CREATE INDEX identity_tries_count ON identity_tries (kind, subject, at);
CREATE INDEX identity_tries_age ON identity_tries (at);
