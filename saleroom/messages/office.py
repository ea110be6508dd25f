"""The message office: relay, dispatchers and providers put together.

Owns: which provider stands behind which channel, and their place in the supervision tree.
Invariant: a channel without keys goes to the sandbox, and says so; each dispatcher is restarted and
parked by itself, so that one that keeps failing stops no other. Must not know: HTTP, what is owed.
Source: issue 8 points 1, 3 and 5, ARCHITECTURE 4.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import Any

import attrs

from saleroom.messages.dispatcher import Dispatcher, Papers
from saleroom.messages.kinds import CHANNELS, EMAIL, PUSH, SMS
from saleroom.messages.providers import Provider, Sandbox
from saleroom.messages.relay import Relay, StateOf
from saleroom.messages.smtp import Smtp, SmtpMail, SmtpServer
from saleroom.messages.twilio_sms import TwilioAccount, TwilioSms, TwilioWebhook
from saleroom.messages.web_push import VapidKey, WebPush
from saleroom.storage.message_ports import Outbox, Recipients
from saleroom.supervisor import ChildSpec, Strategy, SupervisorSpec

INTENSITY, PERIOD_S = 5, 30.0
WEBHOOK = "/api/v1/webhooks/twilio/sms"
REGION = "US"


@attrs.frozen
class Keys:
    """What the providers are reached with; what is None goes to the sandbox.

    region: whose phones are written without a country. public_url: our address for people and for
    Twilio's webhooks.
    """

    smtp: SmtpServer | None = None
    twilio: TwilioAccount | None = None
    vapid: VapidKey | None = None
    region: str = REGION
    public_url: str | None = None


@attrs.define(eq=False)
class MessageOffice:
    """Everything that sends. papers: what goes along with letters of a kind."""

    outbox: Outbox
    recipients: Recipients
    state_of: StateOf
    now_ms: Callable[[], int]
    rng: random.Random
    keys: Keys = Keys()
    papers: dict[str, Papers] = attrs.field(factory=dict)
    sandbox: Sandbox = attrs.field(init=False)
    relay: Relay = attrs.field(init=False)
    mail: SmtpMail | None = attrs.field(init=False, default=None)
    providers: dict[str, Provider] = attrs.field(init=False, factory=dict)
    dispatchers: dict[str, Dispatcher] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        # httpx logs each address that it calls, and a push endpoint is a secret of its device.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self.sandbox = Sandbox(self.now_ms)
        self.relay = Relay(self.outbox, self.recipients, self.state_of, self.now_ms)
        keys, sandbox = self.keys, self.sandbox
        smtp = None if keys.smtp is None else Smtp(keys.smtp)
        self.mail = None if smtp is None else SmtpMail(smtp)
        self.providers = {
            SMS: sandbox if keys.twilio is None else TwilioSms(keys.twilio),
            EMAIL: smtp or sandbox,
            PUSH: sandbox
            if keys.vapid is None
            else WebPush(keys.vapid, self.recipients.drop_device),
        }
        self.dispatchers = {
            channel: Dispatcher(
                channel,
                self.providers[channel],
                self.outbox,
                self.recipients,
                self.state_of,
                self.now_ms,
                self.rng,
                keys.region,
                keys.public_url,
                self.papers,
            )
            for channel in CHANNELS
        }

    @property
    def webhook(self) -> TwilioWebhook | None:
        """The check of Twilio's webhooks, None where none can be believed."""
        account, url = self.keys.twilio, self.keys.public_url
        return None if account is None or url is None else TwilioWebhook(account, url + WEBHOOK)

    def in_sandbox(self) -> list[str]:
        """Name the channels whose messages are kept and not sent."""
        return [name for name, provider in self.providers.items() if provider is self.sandbox]

    def spec(self) -> SupervisorSpec:
        """Describe the office's part of the tree."""
        children = [_apart("relay", self.relay.run, self.relay.statistics)]
        children += [
            _apart(channel, dispatcher.run, dispatcher.statistics)
            for channel, dispatcher in self.dispatchers.items()
        ]
        if self.mail is not None:
            children.append(_apart("letters", self.mail.serve, self.mail.statistics))
        return SupervisorSpec("messages", Strategy.ONE_FOR_ONE, children)


def _apart(name: str, run: Any, statistics: Callable[[], Any]) -> SupervisorSpec:
    """Put a worker under a supervisor of its own, which is parked when it keeps failing."""

    def told() -> dict[str, Any]:
        counted = statistics()
        return counted if isinstance(counted, dict) else attrs.asdict(counted)

    worker = ChildSpec("worker", run, start_s=None, statistics=told)
    return SupervisorSpec(
        name, Strategy.ONE_FOR_ONE, [worker], intensity=INTENSITY, period_s=PERIOD_S, parked=True
    )
