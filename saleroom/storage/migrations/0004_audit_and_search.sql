-- The audit of changes, and what the catalogue needs for categories, donors, order and search.
-- Source: audit_ports.py, catalogue_ports.py. Never changed once applied.

CREATE TABLE audit (
    number   bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at_ms    bigint NOT NULL CHECK (at_ms >= 0),
    who      text   NOT NULL CHECK (who <> ''),
    role     text,
    what     text   NOT NULL CHECK (what <> ''),
    event_id text,
    target   text,
    before   jsonb  CHECK (jsonb_typeof(before) = 'object'),
    after    jsonb  CHECK (jsonb_typeof(after) = 'object')
);

CREATE INDEX audit_of_event ON audit (event_id, number DESC) WHERE event_id IS NOT NULL;
CREATE INDEX audit_of_user ON audit (who, number DESC);
