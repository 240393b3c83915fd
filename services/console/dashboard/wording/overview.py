"""What the overview says."""

from typing import Final

from msgspec import Struct


class Overview(Struct, frozen=True, kw_only=True):
    """Phrases of the overview."""

    title: str
    invoiced: str
    paid: str
    open: str
    overdue: str
    refunded: str
    invoices_one: str
    invoices_more: str
    previous_month: str
    next_month: str
    chart: str
    chart_table: str
    month: str
    count: str
    days: str
    days_title: str
    days_value: str
    aging: str
    aging_none: str
    ages: dict[str, str]
    due: str
    due_none: str
    due_all: str
    no_currency: str
    empty_title: str
    empty_text: str
    empty_docs: str
    unnamed: str


DUTCH: Final = Overview(
    title="Overzicht",
    invoiced="Gefactureerd",
    paid="Betaald",
    open="Open",
    overdue="Te laat",
    refunded="Terugbetaald",
    invoices_one="1 factuur",
    invoices_more="{count} facturen",
    previous_month="Vorige maand",
    next_month="Volgende maand",
    chart="Twaalf maanden",
    chart_table="Als tabel",
    month="Maand",
    count="Aantal",
    days="Dagen tot betaling",
    days_title="Gemiddeld betaald na",
    days_value="{days} dagen",
    aging="Te laat, naar ouderdom",
    aging_none="Er is niets te laat. Mooi zo.",
    ages={"0-30": "Tot 30 dagen", "31-60": "31 t/m 60 dagen", "61-90": "61 t/m 90 dagen", "90+": "Meer dan 90 dagen"},
    due="Vervalt binnen 7 dagen",
    due_none="Deze week vervalt er niets.",
    due_all="Alle bekijken",
    no_currency="Zonder valuta",
    empty_title="Nog geen facturen",
    empty_text="Zodra uw boekhouding de eerste factuur stuurt, staat hier wat er gefactureerd, betaald en open is.",
    empty_docs="Zo stuurt u facturen",
    unnamed="Onbekende klant",
)

ENGLISH: Final = Overview(
    title="Overview",
    invoiced="Invoiced",
    paid="Paid",
    open="Open",
    overdue="Overdue",
    refunded="Refunded",
    invoices_one="1 invoice",
    invoices_more="{count} invoices",
    previous_month="Previous month",
    next_month="Next month",
    chart="Twelve months",
    chart_table="As a table",
    month="Month",
    count="Count",
    days="Days to payment",
    days_title="Paid after an average of",
    days_value="{days} days",
    aging="Overdue, by age",
    aging_none="Nothing is overdue. Well done.",
    ages={"0-30": "Up to 30 days", "31-60": "31 to 60 days", "61-90": "61 to 90 days", "90+": "More than 90 days"},
    due="Due within 7 days",
    due_none="Nothing falls due this week.",
    due_all="See all",
    no_currency="Without currency",
    empty_title="No invoices yet",
    empty_text="As soon as your bookkeeping sends its first invoice, this shows what is invoiced, paid and open.",
    empty_docs="How to send invoices",
    unnamed="Unknown client",
)
