"""What is sent, as AsyncAPI 3.0: the events over RabbitMQ and to webhooks, and the submissions queue."""

from importlib.metadata import version
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from shared.contracts import EVENT_TYPES, SubmissionBatch
from shared.orders.documents import Order, Timestamp, Version
from shared.topology import Names

_NAMES: Final = Names("bugalou")
"""Under the prefix that an installation has unless BUGALOU_AMQP_PREFIX says otherwise."""
_REFERENCE: Final = "#/components/schemas/{name}"
_BINDING: Final = "0.3.0"
_HTTP: Final = {"http": {"method": "POST", "bindingVersion": "0.3.0"}}

_SUMMARIES: Final = {
    "order.created": "The first submission of an order was stored.",
    "order.updated": "Submissions changed an order; `changed` names the fields.",
    "order.cancelled": "An order was cancelled: once for each run of that status.",
    "payment.paid": "An order was paid, also where amountPaid is below the total: once for each run.",
    "payment.partial": "amountPaid rose above all earlier amounts, while the order is not paid.",
    "payment.overdue": "An order became overdue: once for each run.",
    "payment.refunded": "An order was refunded: once for each run.",
    "reminder.due": "A step of the account's ladder of reminders has come.",
    "notification.sent": "A message to a client was sent, or of a test key, recorded.",
    "notification.failed": "A message to a client could not be sent, and will not be tried again.",
}


class BegunBy(Struct, frozen=True, rename="camel", kw_only=True):
    """The submission that began what is told."""

    id: UUID
    version: Version | UnsetType = UNSET


class DueReminder(Struct, frozen=True, rename="camel", kw_only=True):
    """A step of the ladder, from 1, in one cycle of the order; `asked` where a person asked for it out of turn."""

    cycle: UUID
    step: int
    asked: Literal[True] | UnsetType = UNSET


class OrderEventData(Struct, frozen=True, rename="camel", kw_only=True):
    """The merged order, and which of its fields changed; `silent` where a replay told it, and nobody is notified."""

    order: Order
    changed: list[str]
    submission: BegunBy | UnsetType = UNSET
    reminder: DueReminder | UnsetType = UNSET
    silent: Literal[True] | UnsetType = UNSET


class NamedOrder(Struct, frozen=True, rename="camel", kw_only=True):
    """Which order; the names are null where its client was erased."""

    id: UUID
    platform: str | None
    order_number: str | None


class SettledNotification(Struct, frozen=True, rename="camel", kw_only=True):
    """What became of a message; `simulated` where a test key caused it."""

    id: UUID
    kind: Literal["confirmation", "reminder"]
    step: int
    channel: str
    state: Literal["sent", "simulated", "failed"]


class NotificationEventData(Struct, frozen=True, rename="camel", kw_only=True):
    """A message to a client that has come to rest."""

    order: NamedOrder
    notification: SettledNotification


class OrderEvent(Struct, frozen=True, kw_only=True):
    """A fact about an order. Its id is stable: who sees it twice has seen it once."""

    id: UUID
    type: str
    timestamp: Timestamp
    account: UUID
    livemode: bool
    data: OrderEventData
    traceparent: str | UnsetType = UNSET


class NotificationEvent(Struct, frozen=True, kw_only=True):
    """A fact about a message to a client. Its id is stable: who sees it twice has seen it once."""

    id: UUID
    type: str
    timestamp: Timestamp
    account: UUID
    livemode: bool
    data: NotificationEventData
    traceparent: str | UnsetType = UNSET


class WebhookHeaders(Struct, frozen=True, rename="kebab", kw_only=True):
    """How a webhook is signed: Standard Webhooks 1.0.0."""

    webhook_id: Annotated[UUID, Meta(description="The event's id, the same however often it is sent.")]
    webhook_timestamp: Annotated[str, Meta(pattern="^[0-9]+$", description="Of this attempt: seconds since 1970.")]
    webhook_signature: Annotated[
        str,
        Meta(
            pattern="^v1,[A-Za-z0-9+/]+=*( v1,[A-Za-z0-9+/]+=*)?$",
            description="HMAC-SHA256 of id.timestamp.body in base64; two while a secret is replaced.",
        ),
    ]


def asyncapi() -> dict[str, Any]:
    """Return the document."""
    _, schemas = msgspec.json.schema_components(
        [OrderEvent, NotificationEvent, WebhookHeaders, SubmissionBatch], ref_template=_REFERENCE
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Bugalou Invoicing & Payments: events",
            "version": version("bugalou"),
            "license": {"name": "Apache-2.0"},
            "description": (
                "Every event leaves at least once, with a stable id, after what it tells is committed. To receive "
                f"some: declare a queue of your own, bind it to the exchange `{_NAMES.events}` with the routing keys "
                "that you want (`payment.paid.*` for all accounts, `#` for everything, `*.*.ACCOUNT` for one account), "
                "and acknowledge what you have dealt with. `#` stands for any number of words, `*` for one. Webhooks "
                "get the same JSON, signed (POST /api/v1/webhooks)."
            ),
        },
        "defaultContentType": "application/json",
        "servers": {
            "rabbitmq": {
                "host": "{host}",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
                "description": "RabbitMQ 3.10 to 4.x, as BUGALOU_AMQP_URL says.",
                "variables": {"host": {"default": "localhost:5672", "description": "Host and port."}},
                "security": [{"$ref": "#/components/securitySchemes/password"}],
            },
            "endpoint": {
                "host": "{host}",
                "protocol": "https",
                "description": "Yours: the URL of a webhook.",
                "variables": {"host": {"default": "example.com", "description": "Host and port."}},
            },
        },
        "channels": {"events": _events(), "webhooks": _webhooks(), "submissions": _submissions()},
        "operations": {
            "publishEvents": {
                "action": "send",
                "channel": {"$ref": "#/channels/events"},
                "summary": "The relay alone publishes events.",
                "bindings": {"amqp": {"deliveryMode": 2, "mandatory": False, "bindingVersion": _BINDING}},
            },
            "sendWebhooks": {
                "action": "send",
                "channel": {"$ref": "#/channels/webhooks"},
                "summary": "Any 2xx within 15 seconds takes an event; ten attempts in a little over three days.",
                "bindings": _HTTP,
            },
            "publishSubmissions": {
                "action": "send",
                "channel": {"$ref": "#/channels/submissions"},
                "summary": "Gateways alone publish submissions; an order is sent over HTTP.",
                "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": _BINDING}},
            },
            "takeSubmissions": {
                "action": "receive",
                "channel": {"$ref": "#/channels/submissions"},
                "summary": "Workers acknowledge a batch after the commit that holds it.",
                "bindings": {"amqp": {"ack": True, "bindingVersion": _BINDING}},
            },
        },
        "components": {
            "schemas": schemas,
            "messages": {**{kind: _event(kind) for kind in EVENT_TYPES}, "submissions": _batch()},
            "securitySchemes": {"password": {"type": "userPassword", "description": "A user of the broker."}},
        },
    }


def _events() -> dict[str, Any]:
    return {
        "address": "{type}.{account}",
        "title": "Events",
        "description": "The routing key is the event's type and the account's id.",
        "servers": [{"$ref": "#/servers/rabbitmq"}],
        "parameters": {
            "type": {"description": "What happened.", "enum": list(EVENT_TYPES)},
            "account": {"description": "The account's id."},
        },
        "messages": {kind: {"$ref": f"#/components/messages/{kind}"} for kind in EVENT_TYPES},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {"name": _NAMES.events, "type": "topic", "durable": True, "autoDelete": False},
                "bindingVersion": _BINDING,
            }
        },
    }


def _webhooks() -> dict[str, Any]:
    headers = {"$ref": _REFERENCE.format(name="WebhookHeaders")}
    return {
        "address": None,
        "title": "Webhooks",
        "description": (
            "Events to a URL of the account's own, of the types that it asked for. Verify the signature with a library "
            "of Standard Webhooks (https://www.standardwebhooks.com), and answer before you work."
        ),
        "servers": [{"$ref": "#/servers/endpoint"}],
        "messages": {kind: {**_content(kind), "headers": headers} for kind in EVENT_TYPES},
    }


def _submissions() -> dict[str, Any]:
    return {
        "address": _NAMES.submissions,
        "title": "Accepted submissions",
        "description": "Between gateways and workers, and for nobody else: a quorum queue of batches.",
        "servers": [{"$ref": "#/servers/rabbitmq"}],
        "messages": {"submissions": {"$ref": "#/components/messages/submissions"}},
        "bindings": {
            "amqp": {
                "is": "queue",
                "queue": {"name": _NAMES.submissions, "durable": True, "exclusive": False, "autoDelete": False},
                "bindingVersion": _BINDING,
            }
        },
    }


def _content(kind: str) -> dict[str, Any]:
    """Return what an event is, wherever it is sent."""
    schema = "NotificationEvent" if kind.startswith("notification.") else "OrderEvent"
    payload = {
        "allOf": [
            {"$ref": f"#/components/schemas/{schema}"},
            {"type": "object", "properties": {"type": {"const": kind}}},
        ]
    }
    return {
        "name": kind,
        "summary": _SUMMARIES[kind],
        "contentType": "application/json",
        "payload": payload,
    }


def _event(kind: str) -> dict[str, Any]:
    return {**_content(kind), "bindings": {"amqp": {"messageType": kind, "bindingVersion": _BINDING}}}


def _batch() -> dict[str, Any]:
    return {
        "name": "submissions",
        "summary": "Submissions that were accepted together, in the order of acceptance; msgpack.",
        "contentType": "application/msgpack",
        "payload": {"$ref": "#/components/schemas/SubmissionBatch"},
    }
