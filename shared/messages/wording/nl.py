"""Dutch, friendly and formal (u)."""

from typing import Final

from shared.messages.wording.phrases import Phrases

DUTCH: Final = Phrases(
    locale="nl_NL",
    greeting="Beste {name},",
    greeting_unknown="Beste klant,",
    closing="Met vriendelijke groet,",
    paid_subject="Bedankt voor uw betaling van factuur {invoice}",
    paid_lead="Hartelijk dank! We hebben uw betaling van {amount} voor factuur {invoice} ontvangen.",
    paid_lead_plain="Hartelijk dank! We hebben uw betaling voor factuur {invoice} ontvangen.",
    partial_subject="Bedankt voor uw deelbetaling van factuur {invoice}",
    partial_lead="Hartelijk dank! Van factuur {invoice} hebben we tot nu toe {amount} ontvangen.",
    partial_lead_plain="Hartelijk dank! We hebben een deel van factuur {invoice} ontvangen.",
    partial_open="Er staat nog {open} open.",
    reminder_subject="Herinnering: factuur {invoice} staat nog open",
    reminder_lead="Misschien is het aan uw aandacht ontsnapt: factuur {invoice} staat nog open.",
    reminder_ask="Wilt u het openstaande bedrag van {open} aan ons betalen?",
    reminder_ask_plain="Wilt u het openstaande bedrag aan ons betalen?",
    reminder_crossed="Heeft u intussen al betaald? Dan kunt u dit bericht als niet verzonden beschouwen. Dank u wel!",
    invoice="Factuur",
    invoice_date="Factuurdatum",
    due_date="Uiterste betaaldatum",
    total="Factuurbedrag",
    received="Ontvangen",
    open="Nog te betalen",
    method="Betaalwijze",
    description="Omschrijving",
    quantity="Aantal",
    price="Prijs",
    pay="Betaal nu",
    view="Bekijk de factuur",
)
