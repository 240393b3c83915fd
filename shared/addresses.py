"""Which addresses a request of ours may be sent to, where others choose the URL: public ones, and an operator's own.

Everything that is not plain, globally routed unicast counts as special (IANA's special-purpose registries, RFC 6890),
and so does what embeds an IPv4 address: NAT64, 6to4, IPv4-compatible. `ipaddress.is_global` passes several of those.
"""

import re
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_SPECIAL_V4: Final = tuple(
    map(
        IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4"),
        ),
    )
)
_UNICAST_V6: Final = IPv6Network("2000::/3")
_SPECIAL_V6: Final = tuple(
    map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"))
)
_LAST_LABEL_IS_A_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?", re.IGNORECASE)


class AddressPolicy:
    """Public addresses are admitted, and those that an operator's networks hold."""

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed)

    def allows(self, address: Address) -> bool:
        """Tell whether the operator's networks hold an address (there, plain http is taken too)."""
        return any(candidate in network for candidate in _faces(address) for network in self._allowed)

    def admits(self, address: Address) -> bool:
        """Tell whether an address may be connected to."""
        return self.allows(address) or is_public(address)

    @property
    def is_open(self) -> bool:
        """Whether the operator allows anything besides public addresses."""
        return bool(self._allowed)


def is_public(address: Address) -> bool:
    """Tell whether an address is plain, globally routed unicast."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.scope_id is not None:
            return False
        return address in _UNICAST_V6 and not any(address in network for network in _SPECIAL_V6)
    return not any(address in network for network in _SPECIAL_V4)


def literal_address(host: str) -> Address | None:
    """Return the address that a URL's host is, in whatever notation a resolver would take; None for a name.

    Besides the usual ones: 2130706433, 0x7f.1, 0177.0.0.1, 127.1 (inet_aton), [fe80::1%eth0], a dot at the end.
    """
    text = host.removeprefix("[").removesuffix("]").removesuffix(".")
    try:
        return ip_address(text)
    except ValueError:
        pass
    if not is_numeric(text):
        return None
    try:
        return IPv4Address(socket.inet_aton(text))
    except (OSError, ValueError):
        return None


def is_numeric(host: str) -> bool:
    """Tell whether a host cannot be a name, since its last label is a number (WHATWG URL, "ends in a number")."""
    return _LAST_LABEL_IS_A_NUMBER.fullmatch(host) is not None


def parse_networks(setting: str) -> tuple[Network, ...]:
    """Return the networks of a setting, CIDR or single addresses separated by commas; raise ValueError."""
    return tuple(ip_network(text.strip()) for text in setting.split(",") if text.strip())


def _faces(address: Address) -> tuple[Address, ...]:
    """Return an address as it is and, where it is an IPv4 address in IPv6's clothes, that one."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address, address.ipv4_mapped
    return (address,)
