"""From where a request comes, as far as it can be believed: the peer, or what trusted proxies say of theirs."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from aiohttp import web

TRUSTED_HOPS: Final = web.AppKey("trusted_hops", int)
"""How many proxies stand before this process, each of which adds the address of its peer to X-Forwarded-For."""


def client_address(request: web.Request) -> str:
    """Return the address of the client: the peer's where no proxy is trusted, so that no header of a stranger counts.

    Of IPv6 it is the network (/64), which one subscriber has whole. What is no address is the peer's own.
    """
    peer = request.remote or ""
    hops = request.app.get(TRUSTED_HOPS, 0)
    if hops:
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
        # The last was added by the proxy next to us, those before it by whoever stands before that.
        told = forwarded[-hops].strip() if len(forwarded) >= hops else ""
        return _network(told) or _network(peer) or peer
    return _network(peer) or peer


def _network(text: str) -> str:
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Address(int(address) >> 64 << 64))
    return str(address)
