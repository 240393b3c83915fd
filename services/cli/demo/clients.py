"""The studio's clients: made up, with addresses that no mail can reach (RFC 2606), and each with a way of paying."""

from typing import Final, Literal

from msgspec import Struct


class Client(Struct, frozen=True):
    """One client; `days` is after how many days they usually pay, `spread` how much that varies."""

    name: str
    mailbox: str
    days: int
    spread: int
    terms: int = 30
    currency: str = "EUR"
    language: Literal["nl", "en"] = "nl"
    method: str = "bankoverschrijving"
    weight: int = 2
    phone: str | None = None

    @property
    def email(self) -> str:
        """Their address."""
        return f"{self.mailbox}.example"


CLIENTS: Final = (
    Client("Architectenbureau De Groot", "administratie@degroot", 12, 6, weight=4),
    Client("Bakkerij Van Dam", "anneke@bakkerijvandam", 6, 4, 14, method="iDEAL", weight=3, phone="+31612345601"),
    Client("Café 't Hoekje", "info@thoekje", 38, 14, 14, method="Tikkie", weight=3, phone="+31612345602"),
    Client("Jansen & Zonen Installatietechniek", "facturen@jansenenzonen", 27, 8, weight=3),
    Client("Stichting Lindehof", "crediteuren@lindehof", 33, 5, weight=2),
    Client("Hoveniersbedrijf Groen in Vorm", "info@groeninvorm", 18, 9, 14, method="iDEAL", phone="+31612345603"),
    Client("Fysiotherapie Het Plein", "praktijk@hetplein", 9, 3, 14, method="iDEAL"),
    Client("Van den Berg Advies B.V.", "finance@vandenbergadvies", 30, 10),
    Client("Boekhandel De Kade", "winkel@dekade", 16, 6, 14),
    Client("Gemeente Oosterveen", "facturen@oosterveen", 29, 2, weight=2),
    Client("Studio Noord", "hallo@studionoord", 45, 20, 14, method="Tikkie", phone="+31612345604"),
    Client("Tandartspraktijk Molenzicht", "balie@molenzicht", 11, 4, 14, method="iDEAL"),
    Client("Fietsenmaker Wielens", "jan@wielens", 21, 12, 14, method="Wero", phone="+31612345605"),
    Client("Northwind Interiors Ltd", "accounts@northwind", 24, 9, currency="GBP", language="en"),
    Client("Harbour & Pine LLC", "ap@harbourpine", 31, 12, currency="USD", language="en", weight=2),
    Client("Yoga aan de Vecht", "namaste@yogavecht", 13, 6, 14, method="iDEAL", phone="+31612345606"),
)

WORK: Final = (
    ("Ontwerp woning, fase {n}", "2500.00"),
    ("Huisstijl en logo", "1450.00"),
    ("Website, ontwerp en bouw", "3250.00"),
    ("Schetsontwerp aanbouw", "975.00"),
    ("3D-visualisatie", "640.00"),
    ("Campagnebeeld", "820.00"),
)
HOURS: Final = (
    ("Bouwtechnisch advies", "95.00"),
    ("Ontwerpuren", "85.00"),
    ("Overleg op locatie", "85.00"),
    ("Aanpassingen", "75.00"),
)
MONTHLY: Final = ("Onderhoud website", "49.00")
