-- Bids by text: the numbers of events, and whose paddle a phone is.
-- Source: message_ports.py, decision 0024. Never changed once applied.

CREATE TABLE event_numbers (
    event_id text PRIMARY KEY CHECK (event_id <> ''),
    number   text NOT NULL CHECK (number ~ '^\+[0-9]{6,15}$')
);

CREATE INDEX event_numbers_of_number ON event_numbers (number);

-- People write phones as they like; the last seven digits find them, and the whole number decides.
CREATE INDEX registrations_by_phone
    ON registrations (right(regexp_replace(phone, '[^0-9]', '', 'g'), 7))
    WHERE phone IS NOT NULL;
CREATE INDEX accounts_by_phone
    ON accounts (right(regexp_replace(phone, '[^0-9]', '', 'g'), 7))
    WHERE phone IS NOT NULL;
