-- What adds to a ticket names the key of the row that makes it: it is not sent before that one, also while that one is
-- given up.
ALTER TABLE outbox ADD COLUMN ticket TEXT;

CREATE INDEX outbox_ticket ON outbox (ticket) WHERE ticket IS NOT NULL;
