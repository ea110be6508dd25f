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

ALTER TABLE events
    ADD COLUMN details jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(details) = 'object');

-- `words` is what search looks at: folded by the server, since a database's locale and extensions
-- differ. An event's lots are looked through one by one, so that no index on words would be used.
CREATE TABLE categories (
    id       bigint   PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event_id text     NOT NULL REFERENCES events (id),
    name     text     NOT NULL CHECK (name <> ''),
    place    integer  CHECK (place >= 1),  -- NULL until somebody orders them: then last, by id
    words    tsvector NOT NULL,
    version  bigint   NOT NULL DEFAULT 1 CHECK (version >= 1),
    UNIQUE (event_id, name)
);

CREATE TABLE donors (
    id        bigint   PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event_id  text     NOT NULL REFERENCES events (id),
    name      text     NOT NULL CHECK (name <> ''),
    is_hidden boolean  NOT NULL,
    contact   text,
    email     text,
    phone     text,
    words     tsvector NOT NULL,
    version   bigint   NOT NULL DEFAULT 1 CHECK (version >= 1),
    UNIQUE (event_id, id)
);

ALTER TABLE lots
    ADD COLUMN category text,
    ADD COLUMN donor    bigint,
    ADD COLUMN place    integer  CHECK (place >= 1),  -- as in categories, by number
    ADD COLUMN words    tsvector NOT NULL DEFAULT '';

INSERT INTO categories (event_id, name, words)
SELECT DISTINCT event_id, details ->> 'category',
    setweight(to_tsvector('simple', details ->> 'category'), 'B')
FROM lots WHERE details ->> 'category' <> '';

UPDATE lots SET
    category = nullif(details ->> 'category', ''),
    details = details - 'category',
    words = setweight(to_tsvector('simple', coalesce(definition ->> 'title', '')), 'A')
        || setweight(to_tsvector('simple', coalesce(details ->> 'description', '')), 'D');

ALTER TABLE lots
    ADD CONSTRAINT lots_category_fkey FOREIGN KEY (event_id, category)
        REFERENCES categories (event_id, name) ON UPDATE CASCADE,
    ADD CONSTRAINT lots_donor_fkey FOREIGN KEY (event_id, donor)
        REFERENCES donors (event_id, id);

CREATE INDEX lots_of_category ON lots (event_id, category) WHERE category IS NOT NULL;
CREATE INDEX lots_of_donor ON lots (event_id, donor) WHERE donor IS NOT NULL;
