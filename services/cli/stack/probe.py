"""What the running stack answers over HTTP."""

import http.client

from services.cli.stack.ports import LOOPBACK


def is_ready(port: int) -> bool:
    """Tell whether submissions can be taken: /readyz answers 200."""
    return _status(port, "/readyz") == 200


def knows_key(port: int, key: str) -> bool:
    """Tell whether the API key is known; that there is no such receipt is all that it then asks."""
    return _status(port, "/api/v1/receipts/00000000-0000-0000-0000-000000000000", key) not in (None, 401)


def _status(port: int, path: str, key: str = "") -> int | None:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", path, headers={"X-API-Key": key} if key else {})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
