"""Settings read once from the environment, and every limit of the server.

Owns: what an operator may set, how it is checked, and the numbers that bound every queue, wait and
payload. Invariant: a `Settings` that exists is valid and frozen, and neither its repr nor an error
shows a secret. Must not know: who uses a setting; of ours it imports the
reading of values alone, and it reads no environment and opens nothing. Source: ARCHITECTURE
sections 1 and 3 (I6), PROTOCOL sections 1, 2, 5 and 6.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from saleroom import setting_values as values
from saleroom.setting_values import (
    SECRET_BYTES_MIN,
    LogFormat,
    LogLevel,
    Network,
    redacted,
    shown,
)

__all__ = ["BadSetting", "Limits", "Settings", "read_settings", "redacted", "settings_help"]

PREFIX: Final = "SALEROOM_"


class BadSetting(Exception):
    """A variable is unknown or its value is unusable. Its text is one line for the operator."""


@attrs.frozen
class Limits:
    """Every bound of the server, each with its unit last and its reason above it."""

    # About a fifth of a second of decisions, so that who waits is told within the 5 s promised.
    mailbox_commands_max: int = 20_000
    # One user may queue ten seconds of their own rate, and never crowd out a room.
    mailbox_user_share: int = 200
    # An auctioneer must be able to pause a room whose mailbox donors have filled.
    mailbox_staff_reserve: int = 500
    # What a crash may force the next incarnation to decide again stays a moment's work.
    uncommitted_facts_max: int = 10_000
    # Nobody waits longer than this on a stalled disk before the room stops deciding.
    uncommitted_age_ms_max: int = 1_000
    # The promise of PROTOCOL 3: after this a sender hears OUTCOME_UNKNOWN.
    command_wait_s: float = 5.0
    # A commit that outlasts its senders' wait is of no use: the actor starts afresh.
    commit_timeout_s: float = 5.0
    # PROTOCOL 2: a connection that does not say who it is costs a task for no longer than this.
    hello_timeout_s: float = 5.0
    # Below the minute after which common proxies drop an idle connection.
    heartbeat_ms: int = 30_000
    # Two lost heartbeats are a bad network; three are a peer that has gone.
    silent_heartbeats: int = 3
    # Sixteen times the longest honest command, so that parsing never stalls the loop.
    frame_bytes_max: int = 16_384
    # A client with a bug shows itself by now; a fuzzer gets no further.
    malformed_frames_max: int = 10
    # A phone, a tablet, a laptop and two forgotten tabs.
    sockets_per_user_max: int = 5
    # What one process broadcasts to within a leaderboard period on one core, with room to spare.
    connections_max: int = 20_000
    # A reader this far behind no longer follows the sale; memory stays bounded.
    outbox_bytes_max: int = 1_048_576
    # The same bound in time, for a quiet room in which bytes do not add up.
    outbox_age_s_max: float = 5.0
    # The newest facts are kept so that a short disconnection costs no snapshot.
    resume_facts: int = 10_000
    # A quiet room keeps at least a lift ride and a walk through a dead spot.
    resume_age_ms: int = 600_000
    # Past this a snapshot is smaller than the facts missed.
    resume_bytes_max: int = 524_288
    # Faster than any thumb, slower than any script worth stopping.
    command_rate_per_s: int = 20
    # Two seconds' worth at once, for a page that sends what it held while offline.
    command_burst: int = 40
    # A clerk relays a whole floor, often from a keyboard macro.
    staff_rate_per_s: int = 200
    # Two seconds' worth at once, as for donors.
    staff_burst: int = 400
    # Recovery replays at most this many facts: some 30 ms.
    snapshot_every_facts: int = 5_000
    # Old bids are written once, in pieces that encode within the loop's 2 ms budget.
    snapshot_chunk_facts: int = 500
    # At 4.5 microseconds a send the loop is held for about 1 ms between yields.
    broadcast_slice_sends: int = 250
    # PROTOCOL 4: at most once a second, which is as fast as people read a ranking.
    leaderboard_period_ms: int = 1_000
    # Bounds by how much an outage's length may be misjudged when lots are prolonged for it.
    sign_of_life_ms: int = 1_000
    # Commands in hand are answered and sockets told to return well within a host's stop delay.
    drain_s: float = 10.0


@attrs.frozen
class _Variable:
    """How one setting is read and told: `read` raises ValueError saying what is wrong."""

    read: Callable[[str], object]
    takes: str
    meaning: str
    unset: str


def _variable(
    read: Callable[[str], object], *, takes: str, meaning: str, unset: str
) -> dict[object, _Variable]:
    """Attach to a field of `Settings` the definition of the variable that sets it."""
    return {_Variable: _Variable(read, takes, meaning, unset)}


def _days(default: int | None, what: str, unset: str) -> Any:
    about = _variable(
        values.read_days, takes="days", meaning=f"How long {what} are kept", unset=unset
    )
    return attrs.field(default=default, metadata=about)


def _of_address(default: int, what: str) -> Any:
    """Declare how much is taken of one network address; a ballroom stands behind one."""
    takes = f"a number from 1 to {values.COUNT_MAX}"
    about = _variable(values.read_count, takes=takes, meaning=what, unset=f"`{default}`")
    return attrs.field(default=default, metadata=about)


def _show_address(url: str | None) -> str:
    return repr(url and redacted(url))


def _show_secret(secret: bytes | str | None) -> str:
    return "None" if secret is None else "***"


@attrs.frozen
class Settings:
    """What one server was told; each field is the variable of its name. `None`: not set."""

    host: str = attrs.field(
        default="127.0.0.1",
        metadata=_variable(
            values.read_host,
            takes="an IP address or a host name, without a port",
            meaning="Address to listen on",
            unset="`127.0.0.1`",
        ),
    )
    port: int = attrs.field(
        default=8080,
        metadata=_variable(
            values.read_port,
            takes="a number from 0 to 65535 (0: any free port)",
            meaning="Port of HTTP and websockets alike",
            unset="`8080`",
        ),
    )
    database_url: str | None = attrs.field(
        default=None,
        repr=_show_address,
        metadata=_variable(
            values.read_database_url,
            takes="postgresql://user:password@host:5432/name",
            meaning="PostgreSQL, where everything is kept",
            unset="embedded PostgreSQL",
        ),
    )
    redis_url: str | None = attrs.field(
        default=None,
        repr=_show_address,
        metadata=_variable(
            values.read_redis_url,
            takes="redis://host:6379/0, rediss://... or unix:///path/to/socket",
            meaning="Redis, the hot store of public reads",
            unset="kept in memory",
        ),
    )
    data_dir: Path | None = attrs.field(
        default=None,
        metadata=_variable(
            values.read_path,
            takes="the path of a folder",
            meaning="Folder of embedded data, pictures and the generated secret",
            unset="`/var/lib/saleroom` for root, else the user's data folder",
        ),
    )
    media_url: str | None = attrs.field(
        default=None,
        repr=_show_address,
        metadata=_variable(
            values.read_media_url,
            takes="file:///folder, s3://bucket/prefix, gs://bucket or az://container",
            meaning="Object store of pictures; its credentials as the vendor's own tools read them",
            unset="`media` in the data folder",
        ),
    )
    secret: bytes | None = attrs.field(
        default=None,
        repr=_show_secret,
        metadata=_variable(
            values.read_secret,
            takes=f"at least {SECRET_BYTES_MIN} bytes (openssl rand -hex 32 prints some)",
            meaning="Key that signs tokens (HS256)",
            unset="generated once, kept in the data folder",
        ),
    )
    jwks_url: str | None = attrs.field(
        default=None,
        repr=_show_address,
        metadata=_variable(
            values.read_jwks_url,
            takes="an https:// address (http:// on loopback alone)",
            meaning="Public keys of an identity provider (RS256, ES256)",
            unset="only our own tokens",
        ),
    )
    allowed_origins: frozenset[str] = attrs.field(
        default=frozenset(),
        metadata=_variable(
            values.read_origins,
            takes="origins separated by commas, such as https://gala.example",
            meaning="Other sites whose pages may call us, with cookies and over websockets",
            unset="none but our own",
        ),
    )
    public_url: str | None = attrs.field(
        default=None,
        metadata=_variable(
            values.read_public_url,
            takes="an http:// or https:// address without user or query",
            meaning="Address that people and callbacks reach us by",
            unset="as the request says",
        ),
    )
    log_level: LogLevel = attrs.field(
        default="INFO",
        metadata=_variable(
            values.read_log_level,
            takes="debug, info, warning or error",
            meaning="Least severity that is logged",
            unset="`info`",
        ),
    )
    log_format: LogFormat = attrs.field(
        default="text",
        metadata=_variable(
            values.read_log_format,
            takes="text or json",
            meaning="One line of text, or one JSON object, per record",
            unset="`text`",
        ),
    )
    access_log: bool = attrs.field(
        default=False,
        metadata=_variable(
            values.read_switch,
            takes="on or off",
            meaning="Whether every HTTP request is logged, by its route",
            unset="`off`",
        ),
    )
    trusted_proxies: tuple[Network, ...] = attrs.field(
        default=(),
        metadata=_variable(
            values.read_networks,
            takes="networks separated by commas, such as 10.0.0.0/8, 127.0.0.1/32",
            meaning="Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed",
            unset="none",
        ),
    )
    smtp_url: str | None = attrs.field(
        default=None,
        repr=_show_address,
        metadata=_variable(
            values.read_smtp_url,
            takes="smtp://user:password@host:587 (STARTTLS) or smtps://host:465 (TLS)",
            meaning="Mail server of all letters",
            unset="letters are kept in the sandbox, and those of accounts logged",
        ),
    )
    mail_from: str | None = attrs.field(
        default=None,
        metadata=_variable(
            values.read_mail_from,
            takes="an address, with or without a name",
            meaning="Sender of all letters; needed with SALEROOM_SMTP_URL",
            unset="none",
        ),
    )
    twilio_account: str | None = attrs.field(
        default=None,
        metadata=_variable(
            values.read_word,
            takes="an account SID (AC...)",
            meaning="Twilio account; needs SALEROOM_TWILIO_TOKEN and SALEROOM_TWILIO_NUMBER",
            unset="texts are kept in the sandbox",
        ),
    )
    twilio_token: str | None = attrs.field(
        default=None,
        repr=_show_secret,
        metadata=_variable(
            values.read_word,
            takes="an auth token",
            meaning="Key of the Twilio account, with which its webhooks are signed",
            unset="none",
        ),
    )
    twilio_number: str | None = attrs.field(
        default=None,
        metadata=_variable(
            values.read_phone,
            takes="a number such as +15550100000",
            meaning="Number that texts come from",
            unset="none",
        ),
    )
    twilio_api_base: str | None = attrs.field(
        default=None,
        metadata=_variable(
            values.read_api_base,
            takes="an https:// address (http:// on loopback alone)",
            meaning="Where Twilio's API is",
            unset="Twilio's own",
        ),
    )
    vapid_key: str | None = attrs.field(
        default=None,
        repr=_show_secret,
        metadata=_variable(
            values.read_vapid_key,
            takes="32 bytes in base64url",
            meaning="Private key of browser notices (VAPID)",
            unset="notices are kept in the sandbox",
        ),
    )
    phone_region: str = attrs.field(
        default="US",
        metadata=_variable(
            values.read_region,
            takes="a country of two letters",
            meaning="Country of phones that are written without one",
            unset="`US`",
        ),
    )
    stripe_secret_key: str | None = attrs.field(
        default=None,
        repr=_show_secret,
        metadata=_variable(
            values.read_word,
            takes="a secret key (sk_...)",
            meaning="Key by which Stripe charges cards",
            unset="payments are kept in the sandbox",
        ),
    )
    stripe_publishable_key: str | None = attrs.field(
        default=None,
        metadata=_variable(
            values.read_word,
            takes="a publishable key (pk_...)",
            meaning="Key by which pages hand cards to Stripe",
            unset="none",
        ),
    )
    stripe_webhook_secret: str | None = attrs.field(
        default=None,
        repr=_show_secret,
        metadata=_variable(
            values.read_word,
            takes="the secret (whsec_...) of an endpoint /api/v1/webhooks/stripe",
            meaning="Secret by which Stripe signs webhooks",
            unset="webhooks are refused",
        ),
    )
    stripe_api_base: str | None = attrs.field(
        default=None,
        metadata=_variable(
            values.read_api_base,
            takes="an https:// address (http:// on loopback alone)",
            meaning="Where Stripe's API is",
            unset="Stripe's own",
        ),
    )
    address_connections: int = _of_address(5_000, "Connections of one network address at once")
    address_requests: int = _of_address(
        500, "HTTP requests of one network address a second; ten times as many at once"
    )
    address_sign_ins: int = _of_address(
        200, "Wrong passwords of one network address at once; then one each second"
    )
    retention_contacts_days: int | None = _days(None, "contacts of past guests", "for ever")
    retention_sign_ins_days: int | None = _days(30, "records of expired sign-ins", "`30`")
    retention_audit_days: int | None = _days(None, "entries of the audit", "for ever")
    limits: Limits = attrs.field(factory=Limits, repr=False)


def _variables() -> dict[str, tuple[str, _Variable]]:
    """Map each variable's name to its field and definition, in the order of the fields."""
    return {
        PREFIX + field.name.upper(): (field.name, field.metadata[_Variable])
        for field in attrs.fields(Settings)
        if _Variable in field.metadata
    }


def read_settings(env: Mapping[str, str]) -> Settings:
    """Read the settings from an environment; an empty or blank variable counts as not set.

    Raises BadSetting for the first variable with our prefix that is unknown or unusable.
    """
    variables = _variables()
    given: dict[str, Any] = {}
    for name in sorted(env):
        if not name.startswith(PREFIX):
            continue
        if name not in variables:
            raise BadSetting(_unknown(name, list(variables)))
        field, variable = variables[name]
        text = env[name].strip()
        if not text:
            continue
        try:
            given[field] = variable.read(text)
        except ValueError as error:
            raise BadSetting(f"{name}: {error}; expected {variable.takes}") from None
    return Settings(**given)


def _unknown(name: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
    return f"{shown(name)[1:-1]}: no such setting; expected a known one, the nearest is {nearest}"


def settings_help() -> str:
    """Give the table of all variables, in Markdown, for the README and `--help`."""
    rows = [
        f"| `{name}` | {variable.meaning}: {variable.takes} | {variable.unset} |"
        for name, (_, variable) in _variables().items()
    ]
    return "\n".join(["| Variable | Meaning and value | When not set |", "|---|---|---|", *rows])
