"""From what is due to what is to be done: decided, and rendered where it is to leave."""

from services.notifier.claims import Verdict
from services.notifier.decision import Cancel, Fail, Send, decide
from services.notifier.message import Message
from services.notifier.rows import Due
from shared.messages.formats import show_text
from shared.messages.letter import compose
from shared.messages.order import Order
from shared.messages.rendering import Renderer
from shared.telemetry import log


class Preparation:
    """Decides and renders; called inside the claim's transaction, so it must neither wait nor raise."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def prepare(self, due: Due) -> Verdict:
        """Return the message to send, or why there is none."""
        if not _is_wanted(due):
            return Cancel("switched_off")
        decision = decide(due.notification, due.order, due.now)
        if not isinstance(decision, Send) or due.order is None:
            return Fail("unrenderable") if isinstance(decision, Send) else decision
        try:
            return self._message(due, due.order, decision.address)
        except Exception as error:
            # One order that no template can show must not stop the others; what it held stays out of the log.
            log.error("notification.unrenderable", notification=str(due.notification.id), error=type(error).__name__)
            return Fail("unrenderable")

    def _message(self, due: Due, order: Order, address: str) -> Message:
        settings = due.account.settings
        letter = compose(due.notification.kind, order, due.account)
        return Message(
            account=due.notification.account,
            notification_id=due.notification.id,
            kind=due.notification.kind,
            recipient=address,
            recipient_name=show_text(order.customer_name or "") or None,
            sender_name=show_text(settings.sender_name or "") or None,
            reply_to=settings.reply_to,
            language=letter.language,
            subject=letter.subject,
            text=self._renderer.text(letter),
            html=self._renderer.html(letter),
        )


def _is_wanted(due: Due) -> bool:
    """Tell whether the account lets this channel, and for a reminder any reminders at all, go out."""
    settings, notification = due.account.settings, due.notification
    if not getattr(settings.channels, notification.channel):
        return False
    return notification.kind != "reminder" or bool(settings.ladder)
