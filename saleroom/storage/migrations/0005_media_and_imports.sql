-- Which objects hold pictures, and tables of people's that wait to be taken over.
-- Source: PROTOCOL section 7 (images), decision 0010. Never changed once applied.

-- Which lots show a picture stands in their details; this says what lies in the object store.
CREATE TABLE media (
    key           text    PRIMARY KEY CHECK (key <> ''),
    bytes         bigint  NOT NULL CHECK (bytes > 0),
    touched_at_ms bigint  NOT NULL CHECK (touched_at_ms >= 0),
    doomed        boolean NOT NULL DEFAULT false
);

CREATE INDEX media_by_age ON media (touched_at_ms);

-- `rows` is one JSON object per line, in the order in which they are added; it holds names and
-- addresses, and is emptied with the confirmation and gone with the expiry.
CREATE TABLE imports (
    id            text   PRIMARY KEY CHECK (id <> ''),
    event_id      text   NOT NULL REFERENCES events (id),
    kind          text   NOT NULL CHECK (kind IN ('lots', 'registrations')),
    status        text   NOT NULL CHECK (status IN ('checked', 'confirming', 'confirmed')),
    created_by    text   NOT NULL,
    confirmed_by  text,
    created_at_ms bigint NOT NULL CHECK (created_at_ms >= 0),
    expires_at_ms bigint NOT NULL CHECK (expires_at_ms > created_at_ms),
    report        jsonb  NOT NULL CHECK (jsonb_typeof(report) = 'object'),
    rows          bytea  NOT NULL
);

CREATE INDEX imports_by_expiry ON imports (expires_at_ms);
CREATE INDEX imports_of_event ON imports (event_id);
