-- What was counted before the words went: conversations by channel, turns by who spoke and of what type the reply was,
-- handoffs by reason, for each month. Nothing here is about anybody.
CREATE TABLE kept_counts (
    month TEXT    NOT NULL,
    what  TEXT    NOT NULL CHECK (what IN ('conversation', 'turn', 'handoff')),
    name  TEXT    NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (month, what, name)
) STRICT;

CREATE INDEX conversations_by_age ON conversations (last_at);
