"""English, as written in Europe."""

from typing import Final

from shared.messages.wording.phrases import Asking, Phrases

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
    reminders={
        "notice": Asking(
            subject="A friendly reminder: invoice {invoice} is due on {due}",
            subject_many="A friendly reminder: {count} invoices",
            lead="A friendly reminder: invoice {invoice} is due on {due}.",
            lead_many="A friendly reminder: these {count} invoices are due soon.",
            ask="Would you please pay us the open amount of {open} in time?",
            ask_plain="Would you please pay us the open amount in time?",
        ),
        "first": Asking(
            subject="Reminder: invoice {invoice} is still open",
            subject_many="Reminder: {count} invoices are still open",
            lead="It may have escaped your attention: invoice {invoice} is still open.",
            lead_many="It may have escaped your attention: these {count} invoices are still open.",
            ask="Would you please pay us the open amount of {open}?",
            ask_plain="Would you please pay us the open amount?",
        ),
        "second": Asking(
            subject="Second reminder: invoice {invoice} is still open",
            subject_many="Second reminder: {count} invoices are still open",
            lead="We wrote to you about invoice {invoice} before. According to our records it is still open.",
            lead_many="These {count} invoices are still open, also after an earlier reminder.",
            ask="Would you please pay us the open amount of {open} as soon as possible?",
            ask_plain="Would you please pay us the open amount as soon as possible?",
        ),
        "again": Asking(
            subject="Another reminder: invoice {invoice} is still open",
            subject_many="Another reminder: {count} invoices are still open",
            lead="In spite of our earlier reminders, invoice {invoice} is still open.",
            lead_many="In spite of earlier reminders, these {count} invoices are still open.",
            ask="We ask you to pay the open amount of {open} now. Is that not possible? Then please contact us.",
            ask_plain="We ask you to pay the open amount now. Is that not possible? Then please contact us.",
        ),
        "final": Asking(
            subject="Final reminder: invoice {invoice} is still open",
            subject_many="Final reminder: {count} invoices are still open",
            lead="In spite of our earlier reminders, invoice {invoice} has not been paid in full.",
            lead_many="In spite of earlier reminders, these {count} invoices have not been paid in full.",
            ask="We urgently request you to pay the open amount of {open}. "
            "If you disagree, or cannot pay, please let us know.",
            ask_plain="We urgently request you to pay the open amount. "
            "If you disagree, or cannot pay, please let us know.",
        ),
    },
    reminder_crossed="Have you paid in the meantime? Then please disregard this message. Thank you!",
    transfer="You can transfer it to {iban} in the name of {name}, quoting {reference}.",
    transfer_code="Or scan this code with the app of your bank ({invoice}, {amount}):",
    transfer_alt="QR code for a transfer of {amount} to {iban} in the name of {name}, reference {reference}",
    invoice="Invoice",
    invoice_date="Invoice date",
    due_date="Due date",
    total="Invoice total",
    received="Received",
    open="Still to be paid",
    open_total="To be paid in all",
    method="Payment method",
    description="Description",
    quantity="Quantity",
    price="Price",
    conjunction="and",
    pay="Pay now",
    view="View the invoice",
)
