"""English, as written in Europe."""

from typing import Final

from shared.messages.wording.phrases import Phrases

ENGLISH: Final = Phrases(
    locale="en_GB",
    greeting="Dear {name},",
    greeting_unknown="Dear customer,",
    closing="Kind regards,",
    paid_subject="Thank you for your payment of invoice {invoice}",
    paid_lead="Thank you! We have received your payment of {amount} for invoice {invoice}.",
    paid_lead_plain="Thank you! We have received your payment for invoice {invoice}.",
    partial_subject="Thank you for your part payment of invoice {invoice}",
    partial_lead="Thank you! We have received {amount} of invoice {invoice} so far.",
    partial_lead_plain="Thank you! We have received a part of invoice {invoice}.",
    partial_open="An amount of {open} is still open.",
    reminder_subject="Reminder: invoice {invoice} is still open",
    reminder_lead="It may have escaped your attention: invoice {invoice} is still open.",
    reminder_ask="Would you please pay us the open amount of {open}?",
    reminder_ask_plain="Would you please pay us the open amount?",
    reminder_crossed="Have you paid in the meantime? Then please disregard this message. Thank you!",
    invoice="Invoice",
    invoice_date="Invoice date",
    due_date="Due date",
    total="Invoice total",
    received="Received",
    open="Still to be paid",
    method="Payment method",
    description="Description",
    quantity="Quantity",
    price="Price",
    pay="Pay now",
    view="View the invoice",
)
