"""What `bugalou up` tells once the stack is ready."""

from pathlib import Path

from services.cli.stack.accounts import AccountKeys
from services.cli.stack.layout import Layout

_TEXT = """
Bugalou is ready at {url}

  dashboard  {link}
             signs in once, within half an hour; another: bugalou accounts link    a year to look at: bugalou demo-data
  live key   {keys.key}
  test key   {keys.test_key}
  addresses and keys for a shell: {env}    logs: {log}    caught e-mail: {mail}

Try it (paste as it is): an invoice goes out, and is paid.

curl -sS {url}/api/v1/orders \\
  -H 'X-API-Key: {keys.key}' -H 'Content-Type: application/json' \\
  -d '{{"platform": "custom", "orderNumber": "INV-2026-042", "orderStatus": "processing",
       "customerEmail": "klant@bedrijf.nl", "customerName": "Architectenbureau De Groot",
       "items": [{{"name": "Ontwerp woning - fase 1", "quantity": 1, "price": "2500.00"}},
                 {{"name": "Bouwtechnisch advies", "quantity": 3, "price": "150.00"}}],
       "total": "2950.00", "currency": "EUR", "paymentStatus": "pending", "invoiceNumber": "INV-2026-042",
       "invoiceUrl": "https://mijn-boekhouding.nl/facturen/INV-2026-042.pdf"}}'

curl -sS {url}/api/v1/orders \\
  -H 'X-API-Key: {keys.key}' -H 'Content-Type: application/json' \\
  -d '{{"platform": "custom", "orderNumber": "INV-2026-042", "orderStatus": "delivered",
       "paymentStatus": "paid", "paymentMethod": "bankoverschrijving", "amountPaid": "2950.00"}}'

curl -sS {url}/api/v1/orders/custom/INV-2026-042 -H 'X-API-Key: {keys.key}'

The thank-you then lies in {mail}.
"""


def banner(url: str, keys: AccountKeys, link: str, layout: Layout) -> str:
    """Return the address, the link that signs in, the keys, and lines that work as pasted."""
    return _TEXT.format(
        url=url, keys=keys, link=link, env=_near(layout.env), log=_near(layout.log), mail=_near(layout.mail)
    ).strip("\n")


def _near(path: Path) -> str:
    # As short as it is for who stands in the checkout, else whole.
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
