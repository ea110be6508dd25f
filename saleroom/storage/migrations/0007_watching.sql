-- What people follow and wish for: watch lists, and wish lists with the gifts promised on them.
-- Source: PROTOCOL 7; decision 0011. Never changed once applied.

-- No foreign key to lots: those of a published event may stand in its journal alone.
CREATE TABLE watches (
    event_id text    NOT NULL CHECK (event_id <> ''),
    lot      integer NOT NULL CHECK (lot >= 1),
    user_id  text    NOT NULL CHECK (user_id <> ''),
    at_ms    bigint  NOT NULL CHECK (at_ms >= 0),
    PRIMARY KEY (event_id, lot, user_id)
);

CREATE INDEX watches_of_user ON watches (user_id, event_id COLLATE "C", lot);

-- token: the unguessable end of the link by which friends come.
CREATE TABLE wishlists (
    id            text    PRIMARY KEY CHECK (id <> ''),
    token         text    NOT NULL UNIQUE CHECK (token <> ''),
    owner         text    NOT NULL CHECK (owner <> ''),
    title         text    NOT NULL,
    currency      text    NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    is_open       boolean NOT NULL,
    is_revealed   boolean NOT NULL,
    created_at_ms bigint  NOT NULL CHECK (created_at_ms >= 0)
);

CREATE INDEX wishlists_of_owner ON wishlists (owner, id COLLATE "C");

-- promised: the sum of the item's gifts, kept here so that one row's lock decides every race.
CREATE TABLE wishlist_items (
    list_id  text    NOT NULL REFERENCES wishlists (id) ON DELETE CASCADE,
    item     integer NOT NULL CHECK (item >= 1),
    title    text    NOT NULL,
    amount   bigint  NOT NULL CHECK (amount >= 1),
    event_id text,
    lot      integer,
    promised bigint  NOT NULL DEFAULT 0 CHECK (promised BETWEEN 0 AND amount),
    PRIMARY KEY (list_id, item)
);

CREATE TABLE wishlist_gifts (
    id      text    PRIMARY KEY CHECK (id <> ''),
    list_id text    NOT NULL,
    item    integer NOT NULL,
    giver   text    NOT NULL CHECK (giver <> ''),
    key     text    NOT NULL,
    amount  bigint  NOT NULL CHECK (amount >= 1),
    name    text,
    message text,
    at_ms   bigint  NOT NULL CHECK (at_ms >= 0),
    UNIQUE (giver, key),
    FOREIGN KEY (list_id, item) REFERENCES wishlist_items (list_id, item) ON DELETE CASCADE
);

CREATE INDEX wishlist_gifts_of_list ON wishlist_gifts (list_id);
