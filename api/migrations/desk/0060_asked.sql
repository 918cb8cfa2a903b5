-- What customers who had proved who they are asked, so that a question that is asked again in another conversation is
-- known to be: once for each key of the customer (`customer:7001`, `email:...`). `record` holds order numbers, what of
-- them was asked, and a digest of where the order stood; the words stand in `turns`. `epoch` is that of the turn. Times
-- are milliseconds since 1970, UTC. What is older than a question can be asked again is removed.
CREATE TABLE asked (
    subject      TEXT    NOT NULL,
    conversation TEXT    NOT NULL,
    number       INTEGER NOT NULL,
    epoch        INTEGER NOT NULL,
    at_ms        INTEGER NOT NULL,
    record       TEXT    NOT NULL,
    PRIMARY KEY (subject, conversation, number)
) STRICT;

CREATE INDEX asked_age ON asked (at_ms);
