"""Which addresses a webhook may lead to, in every notation that a resolver would take."""

from ipaddress import ip_address

import pytest

from services.console.webhook_body import webhook_url_fault
from shared.addresses import AddressPolicy, is_public, literal_address, parse_networks

SPECIAL = (
    *("127.0.0.1", "127.255.255.255", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808"),
    *("64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "3fff::1"),
    *("fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "2a00::1%eth0", "fec0::1", "ff02::1", "5f00::1"),
)
PUBLIC = ("1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", "192.167.255.255", "223.255.255.255")
PUBLIC_V6 = ("2606:4700:4700::1111", "2a00:1450:400e:80e::200e", "::ffff:8.8.8.8")


@pytest.mark.parametrize("text", SPECIAL)
def test_special_addresses_are_not_public(text: str) -> None:
    assert not is_public(ip_address(text))
    assert not AddressPolicy().admits(ip_address(text))


@pytest.mark.parametrize("text", [*PUBLIC, *PUBLIC_V6])
def test_public_addresses_are_admitted(text: str) -> None:
    assert AddressPolicy().admits(ip_address(text))
    assert not AddressPolicy().allows(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7F.0.0.1", "0177.0.0.1", "017700000001"),
        *("0x7f.1", "127.0.0.1.", "[::ffff:127.0.0.1]", "0x7f.0x0.0x0.0x1"),
    ],
)
def test_the_loopback_is_known_in_every_notation(text: str) -> None:
    address = literal_address(text)
    assert address is not None
    assert not AddressPolicy().admits(address)
    assert AddressPolicy(parse_networks("127.0.0.0/8")).allows(address)


@pytest.mark.parametrize("text", ["example.com", "a.b", "face.b00c.example", "0x7f.example", "1.2.3.4.example.com"])
def test_names_are_no_addresses(text: str) -> None:
    assert literal_address(text) is None


def test_allowed_networks_admit_what_they_hold_and_nothing_else() -> None:
    policy = AddressPolicy(parse_networks(" 10.1.0.0/16, fd00::/8 ,192.168.7.7"))
    assert all(policy.allows(ip_address(text)) for text in ("10.1.2.3", "fd12::1", "192.168.7.7", "::ffff:10.1.2.3"))
    assert not any(policy.admits(ip_address(text)) for text in ("10.2.0.1", "fe80::1", "192.168.7.8", "127.0.0.1"))
    for wrong in ("10.1.0.0/33", "example.com", "10.1.2.3/16"):
        with pytest.raises(ValueError, match=r"."):
            parse_networks(wrong)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook",
        "https://example.com:8443/hook?a=b",
        "HTTPS://EXAMPLE.COM",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]/",
        "https://bücher.example/",
    ],
)
def test_public_https_urls_are_taken(url: str) -> None:
    assert webhook_url_fault(url, AddressPolicy()) is None


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/", "ftp://example.com/", "example.com", "https://", "https:///path", "", "https://a b/"),
        *("https://user:pass@example.com/", "https://user@example.com/", "https://example.com:0/"),
        *("https://example.com:99999/", "https://exa\u0000mple.com/", "https://example.com\\@10.0.0.1/"),
        *("https://localhost/", "https://localhost./", "https://LOCALHOST:9000/", "https://a.localhost/"),
        *("https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/"),
        *("https://127.0.0.1./", "https://[::1]/", "https://[::]/", "https://[::ffff:10.0.0.1]/", "https://[fe80::1]/"),
        *("https://[::127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://[fec0::1]/"),
        *("https://[fe80::1%25eth0]/", "https://[ff02::1]/", "https://224.0.0.1/", "https://169.254.169.254/latest"),
        *("https://256.256.256.256/", "https://1.2.3.4.5/", "https://0x/", "https://127.0.0.1%00.example.com/"),
        *("https://１２７.０.０.１/", "https://127。0。0。1/", "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "https://0/"),
    ],
)
def test_urls_that_lead_nowhere_public_are_refused(url: str) -> None:
    assert webhook_url_fault(url, AddressPolicy()) is not None


def test_plain_http_goes_to_allowed_networks_alone() -> None:
    policy = AddressPolicy(parse_networks("127.0.0.0/8,10.1.0.0/16"))
    for url in ("http://127.0.0.1:9000/", "http://localhost:9000/", "http://10.1.2.3/", "http://[::ffff:10.1.2.3]/"):
        assert webhook_url_fault(url, policy) is None
    # What a name leads to is known only when it is connected to.
    assert webhook_url_fault("http://hooks.intern.example/", policy) is None
    assert webhook_url_fault("http://hooks.intern.example/", AddressPolicy()) is not None
    assert webhook_url_fault("http://8.8.8.8/", policy) is not None
    assert webhook_url_fault("https://10.2.0.1/", policy) is not None


def test_a_url_of_2048_characters_is_the_longest() -> None:
    start = "https://example.com/"
    assert webhook_url_fault(start + "a" * (2048 - len(start)), AddressPolicy()) is None
    assert webhook_url_fault(start + "a" * (2049 - len(start)), AddressPolicy()) is not None
