"""Phones, as people write them and as the network dials them.

Owns: the way from one to the other. Invariant: a number that is given is in E.164 and possible;
what is none is None, never a guess. Source: ITU-T E.164.
"""

from __future__ import annotations

import phonenumbers

CHARS_MAX = 40


def is_region(region: str) -> bool:
    """Say whether this is a country by ISO 3166 whose numbers can be read."""
    return region in phonenumbers.SUPPORTED_REGIONS


def e164(written: str | None, region: str) -> str | None:
    """Read a number; one without its country is of `region`. None: it is none."""
    if written is None or len(written) > CHARS_MAX:
        return None
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.ValidationResult.IS_POSSIBLE  # and not within one town alone
    if number.extension or phonenumbers.is_possible_number_with_reason(number) != possible:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
