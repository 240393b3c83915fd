"""API keys: what each may do, and the one time that a key is shown."""

from typing import Final

from msgspec import Struct


class Keys(Struct, frozen=True, kw_only=True):
    """Phrases of the keys."""

    title: str
    lead: str
    shown_once: str
    copy: str
    copied: str
    new: str
    name: str
    name_hint: str
    scopes: str
    scope_names: dict[str, str]
    platforms: str
    platforms_hint: str
    expires: str
    expires_hint: str
    create: str
    created_at: str
    never: str
    any_platform: str
    states: dict[str, str]
    until: str
    rotate: str
    rotate_confirm: str
    revoke: str
    revoke_confirm: str
    revoke_own_confirm: str
    own: str
    revoked: str
    more: str
    wrong: str
    faults: dict[str, str]


DUTCH: Final = Keys(
    title="API-sleutels",
    lead="Hiermee stuurt uw boekhouding facturen en betalingen. Geef elk programma een eigen sleutel.",
    shown_once="Dit is de nieuwe sleutel. Kopieer hem nu: hij wordt nooit meer getoond.",
    copy="Kopieer",
    copied="Gekopieerd",
    new="Nieuwe sleutel",
    name="Naam",
    name_hint="Bijvoorbeeld het programma dat hem gebruikt.",
    scopes="Mag",
    scope_names={"orders:write": "Facturen sturen", "orders:read": "Facturen lezen", "admin": "Alles, ook beheren"},
    platforms="Alleen voor deze platforms",
    platforms_hint="Met komma's. Leeg: alle.",
    expires="Geldig tot en met",
    expires_hint="Leeg: tot hij wordt ingetrokken.",
    create="Sleutel maken",
    created_at="Gemaakt",
    never="geen einde",
    any_platform="alle platforms",
    states={"usable": "Actief", "expired": "Verlopen", "revoked": "Ingetrokken"},
    until="tot {moment}",
    rotate="Vervangen",
    rotate_confirm="Een nieuwe sleutel met dezelfde rechten maken? De oude werkt nog een dag.",
    revoke="Intrekken",
    revoke_confirm="Deze sleutel voorgoed intrekken? Wat hem gebruikt, werkt dan niet meer.",
    revoke_own_confirm="U bent met deze sleutel ingelogd. Intrekken logt u uit en stopt wat hem gebruikt. Doorgaan?",
    own="Hiermee bent u ingelogd",
    revoked="De sleutel is ingetrokken.",
    more="Oudere sleutels",
    wrong="Niet gemaakt: kijk de gemarkeerde velden na.",
    faults={
        "/name": "Van 1 tot 100 tekens.",
        "/scopes": "Kies wat de sleutel mag.",
        "/platforms": "Dit zijn geen namen van platforms.",
        "/expiresAt": "Een dag die nog moet komen.",
    },
)

ENGLISH: Final = Keys(
    title="API keys",
    lead="Your billing system sends invoices and payments with these. Give each program a key of its own.",
    shown_once="This is the new key. Copy it now: it is never shown again.",
    copy="Copy",
    copied="Copied",
    new="New key",
    name="Name",
    name_hint="For example the program that uses it.",
    scopes="May",
    scope_names={"orders:write": "Send invoices", "orders:read": "Read invoices", "admin": "Everything, managing too"},
    platforms="For these platforms only",
    platforms_hint="With commas. Empty: any.",
    expires="Valid until and including",
    expires_hint="Empty: until it is revoked.",
    create="Make key",
    created_at="Made",
    never="no end",
    any_platform="any platform",
    states={"usable": "Active", "expired": "Expired", "revoked": "Revoked"},
    until="until {moment}",
    rotate="Replace",
    rotate_confirm="Make a new key with the same rights? The old one works for another day.",
    revoke="Revoke",
    revoke_confirm="Revoke this key for good? Whatever uses it stops working.",
    revoke_own_confirm="You are signed in with this key. Revoking it signs you out and stops whatever uses it. Go on?",
    own="You are signed in with it",
    revoked="The key has been revoked.",
    more="Older keys",
    wrong="Not made: please look at the marked fields.",
    faults={
        "/name": "From 1 to 100 characters.",
        "/scopes": "Choose what the key may do.",
        "/platforms": "These are no names of platforms.",
        "/expiresAt": "A day that is still to come.",
    },
)
