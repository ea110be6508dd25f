-- Which receipts were owed to their payers, and up to where folios were looked at for them.
-- Source: receipt_ports.py, decision 0025. Never changed once applied.

CREATE TABLE receipts_looked (
    event_id text    NOT NULL,
    paddle   integer NOT NULL,
    version  bigint  NOT NULL CHECK (version >= 1),  -- of the folio
    PRIMARY KEY (event_id, paddle),
    FOREIGN KEY (event_id, paddle) REFERENCES folios (event_id, paddle)
);

CREATE TABLE receipts_owed (
    event_id text   NOT NULL,
    invoice  bigint NOT NULL CHECK (invoice >= 1),
    at_ms    bigint NOT NULL CHECK (at_ms >= 0),
    PRIMARY KEY (event_id, invoice)
);
