"""What each answer of the Cloud API means for the message, and for the others of its account. Pure.

The code decides, as Meta advises; the HTTP status only where there is no code that is known.
https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
"""

from http import HTTPStatus
from typing import Final

from services.notifier.channels.whatsapp.cloud_api import Answer
from services.notifier.channels.whatsapp.wire import ApiError, read_error, read_taken
from services.notifier.outcome import Outcome, PutOff, Resting, Sent, Undeliverable, Unusable

DOUBT_SECONDS: Final = 120.0
"""How long a message in doubt rests: had it been taken, its status webhook tells within that time, and ends it."""

_LATER: Final[dict[int, str]] = {
    4: "the app has called the API too often",
    80007: "the WhatsApp Business account has reached its rate limit",
    130429: "the phone number has reached its throughput",
    131000: "something went wrong at WhatsApp",
    131048: "WhatsApp restricts the phone number, since too many of its messages were reported",
    131056: "too many messages to this client in a short time",
    135000: "something went wrong at WhatsApp",
}

_CROWDED: Final = frozenset({4, 80007, 130429, 131048})

_AWAY: Final[dict[int, str]] = {
    1: "the API does not know what went wrong",
    2: "the API is down for a time",
    131016: "WhatsApp is overloaded",
    131057: "the WhatsApp Business account is being maintained",
    133004: "WhatsApp is away for a time",
}

_ACCESS: Final[dict[int, str]] = {
    0: "the access token is not valid: set a new one",
    3: "the app lacks the permission whatsapp_business_messaging",
    10: "the access token lacks a permission, or the phone number is not the account's",
    33: "there is no such phone number id: set the right one",
    190: "the access token is expired or revoked: set a new one",
    368: "WhatsApp has blocked the account for violating its policies: see WhatsApp Manager",
    131005: "the access token lacks the permission whatsapp_business_messaging",
    131031: "WhatsApp has locked the account: see WhatsApp Manager",
    131037: "the phone number's display name is not approved yet: see WhatsApp Manager",
    131042: "the WhatsApp Business account has a problem with its payment method: see WhatsApp Manager",
    131045: "the phone number is not registered for the Cloud API",
    133010: "the phone number is not registered for the Cloud API",
}
_PERMISSIONS: Final = range(200, 300)

_TEMPLATE: Final[dict[int, str]] = {
    132000: "the template at Meta has another number of parameters: give it the text that the README has",
    132001: "there is no approved template of this name in this language: register it at Meta",
    132005: "the text of the template at Meta is too long with these parameters: shorten it",
    132007: "the text of the template violates WhatsApp's policies: change it at Meta",
    132012: "the template at Meta has parameters of another form: give it the text that the README has",
    132015: "the template is paused, since clients found it of low quality: change it at Meta",
    132016: "the template is disabled for good, since it was paused too often: register it under another name",
}

_CLIENT: Final[dict[int, str]] = {
    130472: "WhatsApp has the client in an experiment, and delivers no such messages",
    130497: "the account may not write to clients in this country",
    131021: "the client's number is the sender's own",
    131026: "the client's number does not receive WhatsApp messages from businesses",
    131047: "more than a day has passed since the client wrote, so that only an approved template may be sent",
    # Meta asks not to try again soon, and a reminder does not get better by waiting for days.
    131049: "WhatsApp did not deliver it, to spare the client too many messages from businesses",
    131050: "the client has opted out of this account's messages on WhatsApp",
}

OPTED_OUT: Final = 131050


def outcome_of(answer: Answer) -> Outcome:
    """Return what an answer means."""
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        taken = read_taken(answer.body)
        # A 2xx that names no message is no answer of the Cloud API's: something else stands at that address.
        return (
            Sent("accepted", taken) if taken else Resting(f"{answer.status} without the id of a message", DOUBT_SECONDS)
        )
    error = read_error(answer.body)
    if error is not None:
        known = _outcome_of_code(error)
        if known is not None:
            return known
    return _outcome_of_status(answer.status, error)


def _outcome_of_code(error: ApiError) -> Outcome | None:
    code = error.code
    if code in _LATER:
        return PutOff(f"{code}: {_LATER[code]}")
    if code in _AWAY:
        return Resting(f"{code}: {_AWAY[code]}", 0.0)
    if code in _ACCESS or code in _PERMISSIONS:
        return Unusable(f"{code}: {_ACCESS.get(code, 'the access token lacks a permission')}")
    if code in _TEMPLATE:
        more = f" ({error.details})" if error.details else ""
        return Undeliverable(f"{code}: {_TEMPLATE[code]}{more}")
    if code in _CLIENT:
        return Undeliverable(f"{code}: {_CLIENT[code]}", opted_out=code == OPTED_OUT)
    return None


def _outcome_of_status(status: int, error: ApiError | None) -> Outcome:
    said = f"{status}" if error is None else f"{error.code or status}: {error.details or error.message}"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Unusable(f"{said} (the access token is refused: set a new one)")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return PutOff(f"{said} (too many requests)")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status < HTTPStatus.BAD_REQUEST:
        # Not every 5xx tells that the message was not taken.
        return Resting(f"{said} (WhatsApp could not answer)", DOUBT_SECONDS)
    return Undeliverable(f"{said} (the request was refused)")


def is_crowded(answer: Answer) -> bool:
    """Tell whether an answer speaks of a limit of the whole account, so that its other messages wait a moment too."""
    error = read_error(answer.body)
    return answer.status == HTTPStatus.TOO_MANY_REQUESTS if error is None else error.code in _CROWDED


def reason_of_failure(code: int | None, title: str) -> str:
    """Return why a message that was taken failed in the end, as a status webhook tells it."""
    for reasons in (_CLIENT, _TEMPLATE, _LATER, _ACCESS, _AWAY):
        if code in reasons:
            return f"{code}: {reasons[code]}"
    return f"{code}: {title}" if code is not None else title or "WhatsApp could not deliver it"
