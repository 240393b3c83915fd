"""What the stack remembers from one run to the next."""

import base64
import secrets
from pathlib import Path

import msgspec
from msgspec import Struct, field

from services.cli.stack.errors import StackError
from services.cli.stack.files import write_whole
from services.cli.stack.ports import free_ports, is_free


def _secret() -> str:
    return secrets.token_urlsafe(24)


def _fernet_key() -> str:
    # 32 random bytes in URL-safe base64: the form of a Fernet key.
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


class State(Struct):
    """Secrets that are made once, and the ports of the last run, so that addresses stay the same if they can.

    Never log it.
    """

    postgres_password: str = field(default_factory=_secret)
    rabbitmq_password: str = field(default_factory=_secret)
    secret_key: str = field(default_factory=_fernet_key)
    ports: dict[str, int] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "State":
        """Read the state, or make a new one where there is none."""
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except FileNotFoundError:
            return cls()
        except PermissionError:
            raise StackError(f"{path} belongs to another user: run this as that user.") from None
        except msgspec.MsgspecError:
            raise StackError(f"{path} is damaged: remove {path.parent} to start afresh, with no data.") from None

    def save(self, path: Path) -> None:
        """Write the state; only its owner can read it."""
        write_whole(path, msgspec.json.format(msgspec.json.encode(self)), durable=True)

    def choose_ports(self, *names: str) -> None:
        """Give each its port of the last time, or, where that is taken now, another free one."""
        kept = {name: port for name in names if (port := self.ports.get(name)) and is_free(port)}
        lacking = [name for name in names if name not in kept]
        self.ports = kept | dict(zip(lacking, free_ports(len(lacking), kept.values()), strict=True))
