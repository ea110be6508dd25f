-- What paddles owe and have paid: documents, a double-entry ledger, payments, cards and links.
-- Source: billing_ports.py, decisions 0020 and 0021. Never changed once applied.

-- No foreign keys to events: those of an imported journal may stand in it alone.
CREATE TABLE billing_terms (
    event_id    text    PRIMARY KEY CHECK (event_id <> ''),
    premium_ppm integer NOT NULL CHECK (premium_ppm BETWEEN 0 AND 1000000),
    tax_ppm     integer NOT NULL CHECK (tax_ppm BETWEEN 0 AND 1000000),
    fee_ppm     integer NOT NULL CHECK (fee_ppm BETWEEN 0 AND 500000),
    fee_fixed   bigint  NOT NULL CHECK (fee_fixed >= 0),
    version     bigint  NOT NULL CHECK (version >= 1)
);

-- position: of the event's journal, up to which it has been billed.
CREATE TABLE billed_events (
    event_id text   PRIMARY KEY CHECK (event_id <> ''),
    position bigint NOT NULL CHECK (position >= 1)
);

-- A folio's row is its lock and its version; what stands in it are the rows below.
CREATE TABLE folios (
    event_id text    NOT NULL CHECK (event_id <> ''),
    paddle   integer NOT NULL CHECK (paddle >= 1),
    version  bigint  NOT NULL CHECK (version >= 1),
    PRIMARY KEY (event_id, paddle)
);

-- The newest number of a series; taken in the transaction that uses it, so that none is left out.
CREATE TABLE billing_numbers (
    event_id text   NOT NULL,
    series   text   NOT NULL CHECK (series IN ('invoice', 'credit_note', 'posting')),
    newest   bigint NOT NULL CHECK (newest >= 1),
    PRIMARY KEY (event_id, series)
);

CREATE TABLE documents (
    event_id text    NOT NULL,
    kind     text    NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    number   bigint  NOT NULL CHECK (number >= 1),
    paddle   integer NOT NULL,
    currency text    NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    at_ms    bigint  NOT NULL CHECK (at_ms >= 0),
    lines    jsonb   NOT NULL CHECK (jsonb_typeof(lines) = 'array'),
    by_user  text,
    reason   text,
    corrects bigint  CHECK (corrects >= 1),
    place    bigint  GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (event_id, kind, number),
    FOREIGN KEY (event_id, paddle) REFERENCES folios (event_id, paddle),
    CHECK ((kind = 'credit_note') = (corrects IS NOT NULL))
);

CREATE INDEX documents_of_folio ON documents (event_id, paddle, place);

-- Rows are added, never changed: every balance is the sum of its transfers. A transfer takes an
-- amount from one account and puts it on another, so that no posting can be out of balance.
CREATE TABLE postings (
    event_id  text    NOT NULL,
    number    bigint  NOT NULL CHECK (number >= 1),
    paddle    integer NOT NULL,
    kind      text    NOT NULL CHECK (kind IN ('invoice', 'credit_note', 'adjustment', 'payment',
        'refund', 'refund_paid', 'refund_failed')),
    reference text    NOT NULL CHECK (reference <> ''),
    at_ms     bigint  NOT NULL CHECK (at_ms >= 0),
    by_user   text,
    reason    text,
    PRIMARY KEY (event_id, number),
    FOREIGN KEY (event_id, paddle) REFERENCES folios (event_id, paddle)
);

CREATE INDEX postings_of_folio ON postings (event_id, paddle, number);

CREATE TABLE transfers (
    event_id text    NOT NULL,
    number   bigint  NOT NULL,
    place    integer NOT NULL CHECK (place >= 1),
    debit    text    NOT NULL CHECK (debit IN ('receivable', 'sales', 'premium', 'tax', 'donations',
        'fee_cover', 'adjustments', 'clearing', 'cash', 'cheques', 'other', 'refunds')),
    credit   text    NOT NULL CHECK (credit IN ('receivable', 'sales', 'premium', 'tax',
        'donations', 'fee_cover', 'adjustments', 'clearing', 'cash', 'cheques', 'other',
        'refunds')),
    amount   bigint  NOT NULL CHECK (amount >= 1),
    PRIMARY KEY (event_id, number, place),
    FOREIGN KEY (event_id, number) REFERENCES postings (event_id, number),
    CHECK (debit <> credit)
);

-- key: the asker's; unique, so that whatever is sent twice is paid once.
CREATE TABLE payments (
    id        text    PRIMARY KEY CHECK (id <> ''),
    event_id  text    NOT NULL,
    paddle    integer NOT NULL,
    method    text    NOT NULL CHECK (method IN ('card', 'checkout', 'cash', 'cheque', 'other')),
    amount    bigint  NOT NULL CHECK (amount >= 0),
    fee_cover bigint  NOT NULL CHECK (fee_cover >= 0),
    key       text    NOT NULL CHECK (key <> ''),
    by_user   text    NOT NULL CHECK (by_user <> ''),
    at_ms     bigint  NOT NULL CHECK (at_ms >= 0),
    is_held   boolean NOT NULL,
    state     text    NOT NULL CHECK (state IN ('pending', 'action', 'authorized', 'captured',
        'failed', 'voided')),
    reference text    UNIQUE,
    url       text,
    error     text,
    note      text,
    asked     bigint  NOT NULL CHECK (asked >= 1),
    UNIQUE (event_id, paddle, key),
    FOREIGN KEY (event_id, paddle) REFERENCES folios (event_id, paddle)
);

CREATE INDEX payments_open ON payments (at_ms) WHERE state IN ('pending', 'action');

CREATE TABLE refunds (
    id         text   PRIMARY KEY CHECK (id <> ''),
    payment_id text   NOT NULL REFERENCES payments (id),
    amount     bigint NOT NULL CHECK (amount >= 1),
    fee_cover  bigint NOT NULL CHECK (fee_cover BETWEEN 0 AND amount),
    reason     text   NOT NULL,
    key        text   NOT NULL CHECK (key <> ''),
    by_user    text   NOT NULL CHECK (by_user <> ''),
    at_ms      bigint NOT NULL CHECK (at_ms >= 0),
    state      text   NOT NULL CHECK (state IN ('pending', 'paid', 'failed')),
    reference  text   UNIQUE,
    error      text,
    place      bigint GENERATED ALWAYS AS IDENTITY,
    UNIQUE (payment_id, key)
);

CREATE INDEX refunds_open ON refunds (at_ms) WHERE state = 'pending';

-- A card on file is a person's, at one event: whoever takes a paddle over never pays with it.
-- setup: the processor's name of the setup; method is NULL until it is known to have succeeded.
CREATE TABLE cards (
    event_id  text    NOT NULL CHECK (event_id <> ''),
    user_id   text    NOT NULL CHECK (user_id <> ''),
    customer  text    NOT NULL CHECK (customer <> ''),
    setup     text    NOT NULL UNIQUE CHECK (setup <> ''),
    method    text,
    brand     text,
    last4     text    CHECK (last4 ~ '^[0-9]{4}$'),
    exp_month integer CHECK (exp_month BETWEEN 1 AND 12),
    exp_year  integer CHECK (exp_year >= 2000),
    at_ms     bigint  NOT NULL CHECK (at_ms >= 0),
    PRIMARY KEY (event_id, user_id)
);

CREATE INDEX cards_of_user ON cards (user_id);

-- A link's token is kept as a digest alone; a new link ends the one before.
CREATE TABLE checkout_links (
    event_id      text    NOT NULL CHECK (event_id <> ''),
    paddle        integer NOT NULL CHECK (paddle >= 1),
    digest        bytea   NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    expires_at_ms bigint  NOT NULL CHECK (expires_at_ms >= 0),
    PRIMARY KEY (event_id, paddle)
);

-- The processor's events that have been taken in.
CREATE TABLE processor_events (
    id    text   PRIMARY KEY CHECK (id <> ''),
    at_ms bigint NOT NULL CHECK (at_ms >= 0)
);

CREATE INDEX processor_events_by_age ON processor_events (at_ms);
