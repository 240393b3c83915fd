"""An invoice and its payment, with Python's standard library alone.

. .local/env; export BUGALOU_URL BUGALOU_API_KEY; python3 client.py 2026-042
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

URL, KEY = os.environ["BUGALOU_URL"], os.environ["BUGALOU_API_KEY"]


def send(order: dict[str, object], idempotency_key: str) -> dict[str, object]:
    """Send an order; return it as it is stored, or as it was accepted where storing takes longer than 10 seconds."""
    headers = {
        "X-API-Key": KEY,
        "Content-Type": "application/json",
        # The same request again, after a broken connection, counts once.
        "Idempotency-Key": idempotency_key,
        "Prefer": "wait=10",
    }
    request = urllib.request.Request(f"{URL}/api/v1/orders", json.dumps(order).encode(), headers)  # noqa: S310  # an address of ours
    for attempt in range(6):
        try:
            with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310  # an address of ours
                stored: dict[str, object] = json.load(response)["order"]
                return stored
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                # The whole truth in one document: `errors` names each fault with its place in the body.
                raise SystemExit(f"{error.code}: {error.read().decode()}") from error
            time.sleep(float(error.headers.get("Retry-After", "1")))
        except OSError:
            time.sleep(2**attempt)
    raise SystemExit("not taken after six attempts")


if __name__ == "__main__":
    number = sys.argv[1]
    order = {"platform": "example", "orderNumber": number}
    invoice = {
        "orderStatus": "processing",
        "paymentStatus": "pending",
        "customerEmail": "klant@bedrijf.nl",
        "customerName": "De Groot",
        "total": "2950.00",
        "currency": "EUR",
        "items": [{"name": "Ontwerp", "price": "2950.00"}],
    }
    payment = {"orderStatus": "delivered", "paymentStatus": "paid", "amountPaid": "2950.00"}
    print(json.dumps(send({**order, **invoice}, f"{number}-invoice")))  # noqa: T201  # what it is for
    print(json.dumps(send({**order, **payment}, f"{number}-payment")))  # noqa: T201  # what it is for
