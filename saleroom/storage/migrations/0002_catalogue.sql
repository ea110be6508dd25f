-- What people edit and read: events, lots, and the only table with names and addresses.
-- Source: ARCHITECTURE section 3 (I5); RULES, "Events and lots". Never changed once applied.

CREATE TABLE events (
    id            text    PRIMARY KEY CHECK (id <> ''),
    title         text    NOT NULL,
    currency      text    NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    status        text    NOT NULL
        CHECK (status IN ('draft', 'published', 'open', 'paused', 'closed')),
    public        boolean NOT NULL,
    settings      jsonb   NOT NULL CHECK (jsonb_typeof(settings) = 'object'),
    created_at_ms bigint  NOT NULL CHECK (created_at_ms >= 0),
    version       bigint  NOT NULL CHECK (version >= 1)
);

CREATE INDEX events_newest ON events (created_at_ms DESC, id COLLATE "C" DESC);

CREATE TABLE lots (
    event_id   text    NOT NULL REFERENCES events (id),
    lot        integer NOT NULL CHECK (lot >= 1),
    definition jsonb   NOT NULL CHECK (jsonb_typeof(definition) = 'object'),
    details    jsonb   NOT NULL CHECK (jsonb_typeof(details) = 'object'),
    version    bigint  NOT NULL CHECK (version >= 1),
    PRIMARY KEY (event_id, lot)
);

-- No foreign key to events: an append writes registrations of whatever its journal decided.
CREATE TABLE registrations (
    event_id   text    NOT NULL CHECK (event_id <> ''),
    paddle     integer NOT NULL CHECK (paddle >= 1),
    user_id    text,
    name       text    NOT NULL,
    email      text,
    phone      text,
    table_name text,
    PRIMARY KEY (event_id, paddle)
);

CREATE INDEX registrations_of_user ON registrations (user_id) WHERE user_id IS NOT NULL;
