-- What is sent to whom: one row per message, person and channel, made from the rows of outbox.
-- Paddles and user ids stand here; addresses are looked up when a message is sent.
-- Source: message_ports.py, decision 0023. Never changed once applied.

-- A row that no fact owes, such as a receipt, stands at position 0.
ALTER TABLE outbox DROP CONSTRAINT outbox_position_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_position_check CHECK (position >= 0);

CREATE TABLE deliveries (
    id            bigint  PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event_id      text    NOT NULL CHECK (event_id <> ''),
    kind          text    NOT NULL CHECK (kind <> ''),
    channel       text    NOT NULL CHECK (channel IN ('sms', 'email', 'push')),
    paddle        integer NOT NULL CHECK (paddle >= 1),
    lot           integer CHECK (lot >= 1),
    once          bigint  NOT NULL,  -- the outbox row of what is never merged with another, else 0
    payload       jsonb   NOT NULL CHECK (jsonb_typeof(payload) = 'object'),
    state         text    NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'sending', 'sent', 'dropped', 'dead')),
    attempts      integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    due_at_ms     bigint  NOT NULL,
    created_at_ms bigint  NOT NULL,
    ended_at_ms   bigint,
    note          text    -- why it failed or was dropped
);

-- Of what is merged, one waits: it says the newest state when it is sent.
CREATE UNIQUE INDEX deliveries_waiting
    ON deliveries (event_id, paddle, kind, channel, coalesce(lot, 0), once)
    WHERE state = 'waiting';
CREATE INDEX deliveries_due ON deliveries (channel, due_at_ms, id)
    WHERE state IN ('waiting', 'sending');
CREATE INDEX deliveries_of_paddle ON deliveries (event_id, paddle, kind, channel);
CREATE INDEX deliveries_dead ON deliveries (id) WHERE state = 'dead';
CREATE INDEX deliveries_ended ON deliveries (ended_at_ms) WHERE state IN ('sent', 'dropped');
CREATE INDEX outbox_delivered ON outbox (delivered_at) WHERE delivered_at IS NOT NULL;
