-- What the auction decided: journals, snapshots of them, and the messages owed to the world.
-- Source: ARCHITECTURE section 3 (I3, I5). An applied file is never changed; add the next number.

CREATE TABLE journals (
    event_id    text    PRIMARY KEY CHECK (event_id <> ''),
    number      bigint  NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,  -- the order of creation
    epoch       text    NOT NULL CHECK (epoch ~ '^[0-9a-f]+$'),
    term        bigint  NOT NULL DEFAULT 0 CHECK (term >= 0),
    alive_at_ms bigint  CHECK (alive_at_ms >= 0)
) WITH (fillfactor = 50);  -- each append locks the row and each sign of life rewrites it

-- No foreign key to journals: it would cost a look-up per row, and append reads the owner anyway.
CREATE TABLE journal (
    event_id text   NOT NULL,
    position bigint NOT NULL CHECK (position >= 1),
    seq      bigint CHECK (seq >= 1),
    body     bytea  NOT NULL,
    head     bytea  NOT NULL CHECK (octet_length(head) = 32),
    PRIMARY KEY (event_id, position)
);

CREATE TABLE snapshots (
    event_id    text        NOT NULL CHECK (event_id <> ''),
    position    bigint      NOT NULL CHECK (position >= 1),
    head        bytea       NOT NULL CHECK (octet_length(head) = 32),
    body        bytea       NOT NULL,
    chunk_count integer     NOT NULL CHECK (chunk_count >= 0),
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_id, position)
);

CREATE TABLE snapshot_chunks (
    event_id text    NOT NULL,
    number   integer NOT NULL CHECK (number >= 1),
    body     bytea   NOT NULL,
    PRIMARY KEY (event_id, number)
);

CREATE TABLE outbox (
    id           bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event_id     text        NOT NULL,
    position     bigint      NOT NULL CHECK (position >= 1),
    topic        text        NOT NULL CHECK (topic <> ''),
    payload      jsonb       NOT NULL CHECK (jsonb_typeof(payload) = 'object'),
    created_at   timestamptz NOT NULL DEFAULT now(),
    attempts     integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    due_at       timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz
);

CREATE INDEX outbox_due ON outbox (due_at, id) WHERE delivered_at IS NULL;
