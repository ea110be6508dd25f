-- Who may sign in, and what they are signed in with. Passwords are kept as argon2id hashes, tokens
-- as SHA-256 of what was handed out. Source: PROTOCOL sections 6 and 7. Never changed once applied.

CREATE TABLE accounts (
    id             text    PRIMARY KEY CHECK (id <> ''),
    email          text,
    email_key      text    UNIQUE CHECK (email_key <> ''),
    name           text    NOT NULL,
    phone          text,
    password       text,
    roles          text[]  NOT NULL
        CHECK (roles <@ ARRAY['donor', 'clerk', 'auctioneer', 'admin', 'operator']),
    events         text[],
    is_disabled    boolean NOT NULL,
    verified_at_ms bigint  CHECK (verified_at_ms >= 0),
    created_at_ms  bigint  NOT NULL CHECK (created_at_ms >= 0),
    CHECK ((email IS NULL) = (email_key IS NULL))
);

CREATE INDEX accounts_newest ON accounts (created_at_ms DESC, id COLLATE "C" DESC);

CREATE TABLE sign_ins (
    id            text   PRIMARY KEY CHECK (id <> ''),
    account_id    text   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at_ms bigint NOT NULL CHECK (created_at_ms >= 0),
    expires_at_ms bigint NOT NULL
);

CREATE INDEX sign_ins_of_account ON sign_ins (account_id, created_at_ms DESC);

-- All tokens of a sign-in, so that one that was used before is known when it comes again.
CREATE TABLE refresh_tokens (
    hash       bytea   PRIMARY KEY CHECK (octet_length(hash) = 32),
    sign_in_id text    NOT NULL REFERENCES sign_ins (id) ON DELETE CASCADE,
    is_used    boolean NOT NULL DEFAULT false
);

CREATE INDEX refresh_tokens_of_sign_in ON refresh_tokens (sign_in_id);

CREATE TABLE mail_tokens (
    account_id    text   NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    purpose       text   NOT NULL CHECK (purpose IN ('verify', 'reset')),
    hash          bytea  NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    expires_at_ms bigint NOT NULL,
    PRIMARY KEY (account_id, purpose)
);
