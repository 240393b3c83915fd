"""The requests that the API's first users copied, as examples in its description."""

from typing import Any, Final

NEW_INVOICE: Final[dict[str, Any]] = {
    "platform": "custom",
    "orderNumber": "INV-2026-042",
    "orderStatus": "processing",
    "customerEmail": "klant@bedrijf.nl",
    "customerName": "Architectenbureau De Groot",
    "items": [
        {"name": "Ontwerp woning - fase 1", "quantity": 1, "price": "2500.00"},
        {"name": "Bouwtechnisch advies", "quantity": 3, "price": "150.00"},
    ],
    "total": "2950.00",
    "currency": "EUR",
    "paymentStatus": "pending",
    "invoiceNumber": "INV-2026-042",
    "invoiceUrl": "https://mijn-boekhouding.nl/facturen/INV-2026-042.pdf",
}
PAYMENT: Final[dict[str, Any]] = {
    "platform": "custom",
    "orderNumber": "INV-2026-042",
    "orderStatus": "delivered",
    "paymentStatus": "paid",
    "paymentMethod": "bankoverschrijving",
    "amountPaid": "2950.00",
}
