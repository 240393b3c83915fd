"""Dutch, friendly and formal (u)."""

from typing import Final

from shared.messages.wording.phrases import Asking, Phrases

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
    reminders={
        "notice": Asking(
            subject="Vriendelijke herinnering: factuur {invoice} is te betalen tot en met {due}",
            subject_many="Vriendelijke herinnering: {count} facturen",
            lead="Een vriendelijke herinnering: de betaaltermijn van factuur {invoice} loopt tot en met {due}.",
            lead_many="Een vriendelijke herinnering: van deze {count} facturen loopt de betaaltermijn binnenkort af.",
            ask="Wilt u het openstaande bedrag van {open} op tijd aan ons betalen?",
            ask_plain="Wilt u het openstaande bedrag op tijd aan ons betalen?",
        ),
        "first": Asking(
            subject="Herinnering: factuur {invoice} staat nog open",
            subject_many="Herinnering: {count} facturen staan nog open",
            lead="Misschien is het aan uw aandacht ontsnapt: factuur {invoice} staat nog open.",
            lead_many="Misschien is het aan uw aandacht ontsnapt: deze {count} facturen staan nog open.",
            ask="Wilt u het openstaande bedrag van {open} aan ons betalen?",
            ask_plain="Wilt u het openstaande bedrag aan ons betalen?",
        ),
        "second": Asking(
            subject="Tweede herinnering: factuur {invoice} staat nog open",
            subject_many="Tweede herinnering: {count} facturen staan nog open",
            lead="Eerder schreven we u over factuur {invoice}. Die staat volgens onze administratie nog open.",
            lead_many="Deze {count} facturen staan, ook na een eerdere herinnering, nog open.",
            ask="Wilt u het openstaande bedrag van {open} zo spoedig mogelijk aan ons betalen?",
            ask_plain="Wilt u het openstaande bedrag zo spoedig mogelijk aan ons betalen?",
        ),
        "again": Asking(
            subject="Nogmaals een herinnering: factuur {invoice} staat nog open",
            subject_many="Nogmaals een herinnering: {count} facturen staan nog open",
            lead="Factuur {invoice} staat ondanks onze eerdere herinneringen nog open.",
            lead_many="Deze {count} facturen staan ondanks eerdere herinneringen nog open.",
            ask="We vragen u het openstaande bedrag van {open} nu te betalen. "
            "Lukt dat niet? Neem dan contact met ons op.",
            ask_plain="We vragen u het openstaande bedrag nu te betalen. Lukt dat niet? Neem dan contact met ons op.",
        ),
        "final": Asking(
            subject="Aanmaning: factuur {invoice} staat nog open",
            subject_many="Aanmaning: {count} facturen staan nog open",
            lead="Ondanks onze eerdere herinneringen is factuur {invoice} nog niet volledig betaald.",
            lead_many="Ondanks eerdere herinneringen zijn deze {count} facturen nog niet volledig betaald.",
            ask="We verzoeken u dringend het openstaande bedrag van {open} alsnog te betalen. "
            "Bent u het niet met ons eens, of lukt het niet? Laat het ons dan weten.",
            ask_plain="We verzoeken u dringend het openstaande bedrag alsnog te betalen. "
            "Bent u het niet met ons eens, of lukt het niet? Laat het ons dan weten.",
        ),
    },
    reminder_crossed="Heeft u intussen al betaald? Dan kunt u dit bericht als niet verzonden beschouwen. Dank u wel!",
    transfer="Overmaken kan naar {iban} ten name van {name}, onder vermelding van {reference}.",
    transfer_code="Of scan deze code met de app van uw bank ({invoice}, {amount}):",
    transfer_alt="QR-code voor een overboeking van {amount} naar {iban} ten name van {name}, kenmerk {reference}",
    invoice="Factuur",
    invoice_date="Factuurdatum",
    due_date="Uiterste betaaldatum",
    total="Factuurbedrag",
    received="Ontvangen",
    open="Nog te betalen",
    open_total="Samen te betalen",
    method="Betaalwijze",
    description="Omschrijving",
    quantity="Aantal",
    price="Prijs",
    conjunction="en",
    pay="Betaal nu",
    view="Bekijk de factuur",
)
