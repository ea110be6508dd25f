-- What the desk keeps of those who hold paddles, and the one-time codes by which they join.
-- Source: PROTOCOL 7; decision 0011. Never changed once applied.

-- Until an event is published its spending limits and captains wait here for the journal.
-- name_folded: ' anna maria schmidt', the words of the name as search compares them; written by the
-- server, since neither a database's locale nor its extensions can be counted on.
ALTER TABLE registrations
    ADD COLUMN name_folded      text    NOT NULL DEFAULT '',
    ADD COLUMN draft_limit      bigint  CHECK (draft_limit >= 1),
    ADD COLUMN draft_captain    boolean NOT NULL DEFAULT false,
    ADD COLUMN notes            text,
    ADD COLUMN checked_in_at_ms bigint  CHECK (checked_in_at_ms >= 0),
    ADD COLUMN checked_in_by    text;

UPDATE registrations SET name_folded = ' ' || lower(name);

-- A code is kept as a digest alone. paddle: the number that it binds, NULL for the next free one.
CREATE TABLE join_codes (
    id            text    PRIMARY KEY CHECK (id <> ''),
    event_id      text    NOT NULL REFERENCES events (id),
    digest        bytea   NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    paddle        integer CHECK (paddle >= 1),
    table_name    text,
    created_by    text    NOT NULL,
    created_at_ms bigint  NOT NULL CHECK (created_at_ms >= 0),
    expires_at_ms bigint  CHECK (expires_at_ms >= 0),
    used_at_ms    bigint  CHECK (used_at_ms >= 0)
);

CREATE INDEX join_codes_of_event ON join_codes (event_id, id COLLATE "C");
