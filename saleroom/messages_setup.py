"""The keys of the message office, read from settings.

Owns: which settings belong together. Invariant: half a set of keys stops the start, with the name
of what is missing. Must not know: how anything is sent. Source: issue 8 point 5.
"""

from __future__ import annotations

from collections.abc import Mapping

from saleroom.config import PREFIX, BadSetting, Settings
from saleroom.messages.office import Keys
from saleroom.messages.phones import is_region
from saleroom.messages.smtp import SmtpServer
from saleroom.messages.twilio_sms import API, TwilioAccount
from saleroom.messages.web_push import VapidKey


def message_keys(settings: Settings) -> Keys:
    """Give what the providers are reached with. Raises BadSetting."""
    if not is_region(settings.phone_region):
        raise BadSetting(f"{PREFIX}PHONE_REGION: no country is {settings.phone_region}")
    return Keys(
        _smtp(settings),
        _twilio(settings),
        _vapid(settings),
        settings.phone_region,
        settings.public_url,
    )


def _smtp(settings: Settings) -> SmtpServer | None:
    url, sender = settings.smtp_url, settings.mail_from
    if url is None:
        return None
    _require({"MAIL_FROM": sender}, "SMTP_URL")
    assert sender is not None
    return SmtpServer(url, sender)


def _twilio(settings: Settings) -> TwilioAccount | None:
    account, token, number = (
        settings.twilio_account,
        settings.twilio_token,
        settings.twilio_number,
    )
    if account is None:
        return None
    _require({"TWILIO_TOKEN": token, "TWILIO_NUMBER": number}, "TWILIO_ACCOUNT")
    assert token is not None
    assert number is not None
    return TwilioAccount(account, token, number, settings.twilio_api_base or API)


def _vapid(settings: Settings) -> VapidKey | None:
    if settings.vapid_key is None:
        return None
    sender = settings.mail_from and f"mailto:{settings.mail_from.rpartition('<')[2].rstrip('>')}"
    contact = settings.public_url if _is_https(settings.public_url) else sender
    _require({"PUBLIC_URL": contact}, "VAPID_KEY")
    assert contact is not None
    try:
        return VapidKey.read(settings.vapid_key, contact)
    except ValueError:
        raise BadSetting(f"{PREFIX}VAPID_KEY: it is no key of the curve P-256") from None


def _is_https(url: str | None) -> bool:
    return url is not None and url.startswith("https://")


def _require(needed: Mapping[str, str | None], because: str) -> None:
    for name, value in needed.items():
        if value is None:
            raise BadSetting(f"{PREFIX}{name}: is not set, and {PREFIX}{because} needs it")
