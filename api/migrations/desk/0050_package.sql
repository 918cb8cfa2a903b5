-- What handoffs are about (`order:#1001`, `customer:7001`, `email:...`), so that a later contact finds the earlier ones.
CREATE TABLE contacts (
    subject      TEXT NOT NULL,
    handoff      TEXT NOT NULL,
    conversation TEXT NOT NULL,
    PRIMARY KEY (subject, handoff)
) STRICT;

CREATE INDEX contacts_conversation ON contacts (conversation);

-- What an agent made of a suggestion: of the reply as a whole, of what a document gave to it, and whether the rule that
-- called a person was right to. One line for each of them and turn; what is reported again takes its place.
CREATE TABLE assist_feedback (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    conversation TEXT    NOT NULL,
    turn         INTEGER NOT NULL,
    kind         TEXT    NOT NULL CHECK (kind IN ('answer', 'passage', 'rule')),
    about        TEXT    NOT NULL,
    verdict      TEXT    NOT NULL CHECK (verdict IN ('used', 'edited', 'rejected')),
    suggested    TEXT    NOT NULL,
    sent         TEXT    NOT NULL,
    agent        TEXT    NOT NULL,
    at           TEXT    NOT NULL,
    UNIQUE (conversation, turn, kind, about)
) STRICT;
