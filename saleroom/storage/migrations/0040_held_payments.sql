-- What a card holds is looked after too: it lapses, and the answer to a capture may be lost.
-- Source: billing_ports.py, decision 0021. Never changed once applied.

DROP INDEX payments_open;

CREATE INDEX payments_open ON payments (at_ms) WHERE state IN ('pending', 'action', 'authorized');
