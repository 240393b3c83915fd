"""What stands on every page: navigation, the banner of test data, statuses, errors."""

from typing import Final

from msgspec import Struct


class Common(Struct, frozen=True, kw_only=True):
    """Phrases that pages share."""

    product: str
    skip: str
    navigation: str
    overview: str
    invoices: str
    notifications: str
    webhooks: str
    failures: str
    settings: str
    more: str
    account: str
    sign_out: str
    language: str
    other_language: str
    """The other language by its own name, and its code."""
    other_code: str
    test_banner: str
    to_live: str
    to_test: str
    live: str
    test: str
    working: str
    unreachable: str
    retry: str
    close: str
    api_docs: str
    read_only: str

    status: dict[str, str]
    """Payment statuses, and "none"."""
    order_status: dict[str, str]

    error_titles: dict[int, str]
    error_texts: dict[int, str]
    back: str
    request_id: str
    stale_page: str
    foreign_form: str
    too_many_keys: str


DUTCH: Final = Common(
    product="Bugalou",
    skip="Naar de inhoud",
    navigation="Hoofdmenu",
    overview="Overzicht",
    invoices="Facturen",
    notifications="Berichten",
    webhooks="Webhooks",
    failures="Fouten",
    settings="Instellingen",
    more="Meer",
    account="Account",
    sign_out="Uitloggen",
    language="Taal",
    other_language="English",
    other_code="en",
    test_banner="U bekijkt testgegevens. Hieruit gaat niets naar echte klanten.",
    to_live="Naar echte gegevens",
    to_test="Naar testgegevens",
    live="Echt",
    test="Test",
    working="Bezig met laden",
    unreachable="De server is even niet bereikbaar. Wat u ziet kan verouderd zijn; er wordt opnieuw geprobeerd.",
    retry="Probeer opnieuw",
    close="Sluiten",
    api_docs="API-documentatie",
    read_only="Alleen lezen",
    status={
        "pending": "Open",
        "paid": "Betaald",
        "overdue": "Te laat",
        "refunded": "Terugbetaald",
        "none": "Geen status",
    },
    order_status={"processing": "In behandeling", "delivered": "Geleverd", "cancelled": "Geannuleerd"},
    error_titles={
        400: "Dat verzoek klopt niet",
        403: "Dat mag niet",
        404: "Hier is niets",
        405: "Dat kan hier niet",
        422: "Dat verzoek klopt niet",
        429: "Even wachten",
        500: "Er ging iets mis",
        503: "Even niet beschikbaar",
    },
    error_texts={
        400: "Ga terug en probeer het opnieuw.",
        403: "Met deze sleutel mag u dit niet zien of doen.",
        404: "De pagina of factuur bestaat niet, of niet in dit account.",
        405: "Ga terug en probeer het opnieuw.",
        422: "Er staat iets in het adres van deze pagina dat niet klopt.",
        429: "Er waren te veel pogingen achter elkaar.",
        500: "Het is geregistreerd. Probeer het zo nog eens.",
        503: "De gegevens zijn even niet te bereiken. Er gaat niets verloren; probeer het zo nog eens.",
    },
    back="Terug naar het overzicht",
    request_id="Kenmerk",
    stale_page="Deze pagina was verouderd. Kijk of alles nog klopt en probeer het opnieuw.",
    foreign_form="Dit formulier kwam niet van deze website.",
    too_many_keys="Dit account heeft zoveel sleutels als het mag hebben. Trek er eerst een in die niemand gebruikt.",
)

ENGLISH: Final = Common(
    product="Bugalou",
    skip="Skip to content",
    navigation="Main menu",
    overview="Overview",
    invoices="Invoices",
    notifications="Messages",
    webhooks="Webhooks",
    failures="Failures",
    settings="Settings",
    more="More",
    account="Account",
    sign_out="Sign out",
    language="Language",
    other_language="Nederlands",
    other_code="nl",
    test_banner="You are looking at test data. Nothing here reaches real clients.",
    to_live="Show live data",
    to_test="Show test data",
    live="Live",
    test="Test",
    working="Loading",
    unreachable="The server cannot be reached right now. What you see may be out of date; trying again.",
    retry="Try again",
    close="Close",
    api_docs="API documentation",
    read_only="Read only",
    status={
        "pending": "Open",
        "paid": "Paid",
        "overdue": "Overdue",
        "refunded": "Refunded",
        "none": "No status",
    },
    order_status={"processing": "Processing", "delivered": "Delivered", "cancelled": "Cancelled"},
    error_titles={
        400: "That request is not right",
        403: "Not allowed",
        404: "Nothing here",
        405: "Not possible here",
        422: "That request is not right",
        429: "Please wait",
        500: "Something went wrong",
        503: "Not available right now",
    },
    error_texts={
        400: "Go back and try again.",
        403: "This key does not let you see or do this.",
        404: "The page or invoice does not exist, or not in this account.",
        405: "Go back and try again.",
        422: "Something in the address of this page is wrong.",
        429: "There were too many attempts.",
        500: "It has been recorded. Please try again in a moment.",
        503: "The data cannot be reached for a moment. Nothing is lost; please try again shortly.",
    },
    back="Back to the overview",
    request_id="Reference",
    stale_page="This page was out of date. See whether all is still right and try again.",
    foreign_form="This form did not come from this website.",
    too_many_keys="This account has as many keys as it may have. First revoke one that nobody uses.",
)
