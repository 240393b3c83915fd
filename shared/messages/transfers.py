"""How an order is paid by SEPA credit transfer: in words, and as an EPC QR code (EPC069-12, version 002). Pure."""

from decimal import Decimal
from io import BytesIO
from typing import Final

import segno.helpers
from msgspec import Struct
from stdnum import bic, iban, iso11649

from shared.messages.account import Account
from shared.messages.formats import show_text
from shared.messages.order import Order

_LEAST, _MOST = Decimal("0.01"), Decimal("999999999.99")
_LONGEST_NAME: Final = 70
_LONGEST_REFERENCE: Final = 140
_UTF_8: Final = 1
_SCALE: Final = 6
"""Pixels a module: sharp on a phone's screen, and some two kilobytes."""


class Transfer(Struct, frozen=True):
    """Whom to pay, what, and the reference that tells which order it was for; `structured` ones are ISO 11649.

    `amount` is None where it is no amount in euro that can be transferred at once: no QR code is made then.
    """

    beneficiary: str
    iban: str
    bic: str | None
    amount: Decimal | None
    reference: str
    structured: bool

    @property
    def shown_iban(self) -> str:
        """The IBAN in groups of four, as it stands on cards and statements."""
        return str(iban.format(self.iban))


def transfer_of(order: Order, account: Account) -> Transfer | None:
    """Return how an order's open amount is transferred; None where the account has no IBAN, or nothing is open."""
    settings, name = account.settings, show_text(account.signature or "")
    if not settings.iban or not name or not iban.is_valid(settings.iban):
        return None
    left = order.open_amount
    if (left is not None and left <= 0) or order.currency not in (None, "EUR"):
        return None
    is_payable = left is not None and order.currency == "EUR" and _LEAST <= left <= _MOST and left == round(left, 2)
    reference = show_text(order.invoice_number or order.number)[:_LONGEST_REFERENCE]
    structured = iso11649.is_valid(reference)
    return Transfer(
        beneficiary=name[:_LONGEST_NAME].strip(),
        iban=str(iban.compact(settings.iban)),
        bic=str(bic.compact(settings.bic)) if settings.bic and bic.is_valid(settings.bic) else None,
        amount=left if is_payable else None,
        reference=str(iso11649.compact(reference)) if structured else reference,
        structured=structured,
    )


def draw_code(transfer: Transfer) -> bytes | None:
    """Return a transfer's QR code as a PNG; None where it has no amount, or does not fit in 331 bytes."""
    if transfer.amount is None:
        return None
    try:
        code = segno.helpers.make_epc_qr(
            name=transfer.beneficiary,
            iban=transfer.iban,
            bic=transfer.bic,
            amount=transfer.amount,
            reference=transfer.reference if transfer.structured else None,
            text=None if transfer.structured else transfer.reference,
            encoding=_UTF_8,
        )
    except ValueError:
        return None
    png = BytesIO()
    # On white with its own quiet zone, so that it can be read in the dark too.
    code.save(png, kind="png", scale=_SCALE, border=4, dark="#000000", light="#ffffff")
    return png.getvalue()
