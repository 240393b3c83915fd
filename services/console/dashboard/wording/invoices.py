"""What the list of invoices says."""

from typing import Final

from msgspec import Struct


class Invoices(Struct, frozen=True, kw_only=True):
    """Phrases of the list."""

    title: str
    search: str
    search_hint: str
    views: str
    all: str
    unpaid: str
    filters: str
    apply: str
    clear: str
    remove: str
    csv: str
    invoice: str
    client: str
    due: str
    total: str
    open: str
    status: str
    platform: str
    month: str
    currency: str
    due_from: str
    due_before: str
    email: str
    updated_since: str
    order_status: str
    any: str
    sort: str
    sorts: dict[str, str]
    count_one: str
    count_more: str
    count_page: str
    next_page: str
    first_page: str
    unnamed: str
    none_title: str
    none_text: str
    empty_title: str
    empty_text: str
    empty_docs: str


DUTCH: Final = Invoices(
    title="Facturen",
    search="Zoeken",
    search_hint="Klant, e-mail of nummer",
    views="Weergave",
    all="Alle",
    unpaid="Onbetaald",
    filters="Filters",
    apply="Toepassen",
    clear="Wis alle filters",
    remove="Filter weghalen: {name}",
    csv="CSV",
    invoice="Factuur",
    client="Klant",
    due="Vervalt",
    total="Totaal",
    open="Open",
    status="Status",
    platform="Platform",
    month="Maand",
    currency="Valuta",
    due_from="Vervalt vanaf",
    due_before="Vervalt vóór",
    email="E-mailadres van de klant",
    updated_since="Gewijzigd sinds",
    order_status="Opdracht",
    any="Maakt niet uit",
    sort="Sorteren",
    sorts={
        "-createdAt": "Nieuwste eerst",
        "createdAt": "Oudste eerst",
        "-updatedAt": "Laatst gewijzigd",
        "updatedAt": "Langst niet gewijzigd",
        "dueDate": "Vervaldatum, eerste boven",
        "-dueDate": "Vervaldatum, laatste boven",
        "-total": "Hoogste bedrag",
        "total": "Laagste bedrag",
        "orderNumber": "Nummer, oplopend",
        "-orderNumber": "Nummer, aflopend",
    },
    count_one="1 factuur",
    count_more="{count} facturen",
    count_page="{count} facturen op deze pagina",
    next_page="Volgende pagina",
    first_page="Eerste pagina",
    unnamed="Onbekende klant",
    none_title="Niets gevonden",
    none_text="Er is geen factuur die hieraan voldoet.",
    empty_title="Nog geen facturen",
    empty_text="Zodra uw boekhouding de eerste factuur stuurt, staat hij hier.",
    empty_docs="Zo stuurt u facturen",
)

ENGLISH: Final = Invoices(
    title="Invoices",
    search="Search",
    search_hint="Client, e-mail or number",
    views="View",
    all="All",
    unpaid="Unpaid",
    filters="Filters",
    apply="Apply",
    clear="Clear all filters",
    remove="Remove filter: {name}",
    csv="CSV",
    invoice="Invoice",
    client="Client",
    due="Due",
    total="Total",
    open="Open",
    status="Status",
    platform="Platform",
    month="Month",
    currency="Currency",
    due_from="Due from",
    due_before="Due before",
    email="Client's e-mail address",
    updated_since="Changed since",
    order_status="Order",
    any="Any",
    sort="Sort",
    sorts={
        "-createdAt": "Newest first",
        "createdAt": "Oldest first",
        "-updatedAt": "Last changed",
        "updatedAt": "Longest unchanged",
        "dueDate": "Due date, first on top",
        "-dueDate": "Due date, last on top",
        "-total": "Highest amount",
        "total": "Lowest amount",
        "orderNumber": "Number, ascending",
        "-orderNumber": "Number, descending",
    },
    count_one="1 invoice",
    count_more="{count} invoices",
    count_page="{count} invoices on this page",
    next_page="Next page",
    first_page="First page",
    unnamed="Unknown client",
    none_title="Nothing found",
    none_text="There is no invoice like that.",
    empty_title="No invoices yet",
    empty_text="As soon as your bookkeeping sends its first invoice, it stands here.",
    empty_docs="How to send invoices",
)
