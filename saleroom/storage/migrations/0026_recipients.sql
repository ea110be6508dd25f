-- How people want to be told: choices, quiet hours, devices, and numbers that want nothing more.
-- Source: message_ports.py, decision 0023. Never changed once applied.

-- choices: {kind: [channels]} of the kinds that differ from the house's own.
CREATE TABLE message_preferences (
    user_id    text    PRIMARY KEY CHECK (user_id <> ''),
    choices    jsonb   NOT NULL CHECK (jsonb_typeof(choices) = 'object'),
    quiet_from integer CHECK (quiet_from BETWEEN 0 AND 1439),
    quiet_to   integer CHECK (quiet_to BETWEEN 0 AND 1439),
    zone       text    NOT NULL,
    CHECK ((quiet_from IS NULL) = (quiet_to IS NULL))
);

CREATE TABLE push_devices (
    endpoint      text   PRIMARY KEY CHECK (endpoint <> ''),
    user_id       text   NOT NULL CHECK (user_id <> ''),
    public_key    text   NOT NULL,
    auth          text   NOT NULL,
    created_at_ms bigint NOT NULL
);

CREATE INDEX push_devices_of_user ON push_devices (user_id, created_at_ms);

-- Whoever said STOP, in E.164. It outlasts every event and every account: it is a promise.
CREATE TABLE silenced_phones (
    phone text   PRIMARY KEY CHECK (phone ~ '^\+[0-9]{6,15}$'),
    at_ms bigint NOT NULL
);
