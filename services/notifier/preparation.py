"""From what is due to what is to be done: decided, and rendered where it is to leave."""

from services.notifier.decision import Decision, Fail, decide
from services.notifier.due import Due
from services.notifier.gathering import Together
from services.notifier.message import Message
from shared.ladder import Tone, tone_of
from shared.messages.account import TemplateSetup
from shared.messages.formats import show_text
from shared.messages.letter import Letter, compose, compose_reminder
from shared.messages.order import Order
from shared.messages.rendering import Rendered, Renderer
from shared.messages.whatsapp import compose_template
from shared.telemetry import log

_FIRMNESS: tuple[Tone, ...] = ("notice", "first", "second", "again", "final")


class Preparation:
    """Decides and renders; called inside the claim's transaction, so it must neither wait nor raise."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def decide(self, due: Due) -> Decision:
        """Return what to do with one notification."""
        try:
            return decide(due)
        except Exception as error:  # what nobody thought of must not stop the others
            log.error("notification.undecidable", notification=str(due.notification.id), error=type(error).__name__)
            return Fail("undecidable")

    def render(self, message: Together) -> Message | None:
        """Return a message, or None where its orders cannot be shown."""
        try:
            return self._render(message)
        except Exception as error:
            # One order that no template can show must not stop the others; what it held stays out of the log.
            log.error("notification.unrenderable", message=str(message.message_id), error=type(error).__name__)
            return None

    def _render(self, message: Together) -> Message | None:
        lead = message.members[0]
        orders = [due.order for due in message.members if due.order is not None]
        if not orders:
            return None
        address = orders[0].address(lead.notification.channel)
        if address is None:
            return None
        settings = lead.account.settings
        tone = max((_tone(due) for due in message.members), key=_FIRMNESS.index)
        letter = _letter(message, orders, tone)
        if lead.notification.channel == "whatsapp":
            setup = lead.account.templates or TemplateSetup()
            template = compose_template(lead.notification.kind, orders, lead.account, setup, tone)
            rendered = Rendered(template.text, "", ())
        else:
            template, rendered = None, self._renderer.render(letter)
        return Message(
            account=lead.notification.account,
            notification_id=message.message_id,
            kind=lead.notification.kind,
            recipient=address,
            recipient_name=show_text(orders[0].customer_name or "") or None,
            sender_name=show_text(lead.account.signature or "") or None,
            reply_to=settings.reply_to,
            language=letter.language,
            subject=letter.subject,
            text=rendered.text,
            html=rendered.html,
            images=rendered.images,
            template=template,
        )


def _letter(message: Together, orders: list[Order], tone: Tone) -> Letter:
    lead = message.members[0]
    if lead.notification.kind == "confirmation":
        return compose("confirmation", orders[0], lead.account)
    return compose_reminder(orders, lead.account, tone)


def _tone(due: Due) -> Tone:
    order = due.order
    is_late = True
    if order is not None and order.payment_status == "pending" and order.due_date is not None:
        is_late = due.today > order.due_date
    ladder = due.account.settings.ladder
    return tone_of(due.notification.step, ladder, before=due.notification.before, is_late=is_late)
