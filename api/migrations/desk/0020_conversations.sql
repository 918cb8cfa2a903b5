-- Conversations, and who has the word in each. `owner`: bot; waiting (a person was called, none has come yet); person;
-- resolved. `epoch` counts the times that a conversation was opened anew after it was resolved: what was said in an
-- earlier one is no context of a later one. `epoch_from` is the number of the first turn of the current epoch.
-- `contact` is an e-mail address that the customer proved, or that a channel vouches for.
CREATE TABLE conversations (
    conversation TEXT    NOT NULL PRIMARY KEY,
    channel      TEXT    NOT NULL,
    owner        TEXT    NOT NULL CHECK (owner IN ('bot', 'waiting', 'person', 'resolved')),
    person       TEXT,
    epoch        INTEGER NOT NULL DEFAULT 0,
    epoch_from   INTEGER NOT NULL DEFAULT 0,
    contact      TEXT,
    opened_at    TEXT    NOT NULL,
    last_at      TEXT    NOT NULL,
    owned_at     TEXT    NOT NULL,
    CHECK ((owner = 'person') = (person IS NOT NULL))
) STRICT;

CREATE INDEX conversations_by_owner ON conversations (owner, last_at);

-- What was said. `number` counts the customer's messages over all epochs; what answers a message has its number.
-- `message` is the id that a channel gave it.
CREATE TABLE turns (
    id           INTEGER NOT NULL PRIMARY KEY,
    conversation TEXT    NOT NULL,
    epoch        INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    role         TEXT    NOT NULL CHECK (role IN ('customer', 'bot', 'person')),
    who          TEXT,
    text         TEXT    NOT NULL,
    kind         TEXT,
    outcome      TEXT,
    message      TEXT,
    at           TEXT    NOT NULL,
    at_ms        INTEGER NOT NULL
) STRICT;

-- A customer's message and its answer stand here once, however often they are reported; a person may say several things.
CREATE UNIQUE INDEX turns_once ON turns (conversation, number, role) WHERE role <> 'person';
CREATE UNIQUE INDEX turns_by_message ON turns (conversation, message) WHERE message IS NOT NULL;
CREATE INDEX turns_of ON turns (conversation, epoch, id);

-- What a person changed about what was proposed: on an answer, a passage or a rule.
CREATE TABLE feedback (
    id           INTEGER NOT NULL PRIMARY KEY,
    conversation TEXT,
    who          TEXT    NOT NULL,
    subject      TEXT    NOT NULL CHECK (subject IN ('answer', 'passage', 'rule')),
    name         TEXT    NOT NULL,
    before       TEXT    NOT NULL,
    after        TEXT    NOT NULL,
    at           TEXT    NOT NULL
) STRICT;

CREATE INDEX feedback_on ON feedback (subject, name);
