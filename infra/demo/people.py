"""The company's customers: invented people with one identity across all channels.

Nothing here can reach anybody: addresses are under .example (RFC 2606), personal identity codes
use the individual numbers 900-999, which are never given to people, phone numbers stand in a block
of zeros, and IBANs are the sample accounts of the banking documentation.
"""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from functools import cached_property

_FIRST = {
    "fi": (
        "Aino", "Eeva", "Helmi", "Iida", "Kaisa", "Leena", "Maija", "Marjatta", "Noora",
        "Oona", "Päivi", "Ritva", "Saara", "Tuula", "Venla", "Antti", "Eino", "Heikki",
        "Ilkka", "Jarmo", "Jouni", "Kalle", "Lauri", "Matti", "Niko", "Olli", "Pekka",
        "Risto", "Sami", "Teemu", "Tuomas", "Ville", "Veikko", "Anneli", "Kirsi", "Outi",
        "Hanna", "Timo", "Jyrki", "Elli",
    ),
    "en": (
        "Priya", "Tom", "Olga", "Daniel", "Amara", "Kevin", "Lucía", "Anh", "Grace",
        "Samuel", "Fatima", "Joseph", "Mei", "Peter",
    ),
    "sv": (
        "Sofia", "Linnea", "Märta", "Karin", "Ebba", "Ulla-Maj", "Henrik", "Fredrik", "Kaj",
        "Niklas", "Göran", "Anders",
    ),
}  # fmt: skip
_LAST = {
    "fi": (
        "Havukainen", "Kivelä", "Lammasoja", "Mäntysalo", "Niittylahti", "Ojanperä",
        "Pihlajisto", "Rantakangas", "Saarelma", "Tervasmäki", "Uusiniitty", "Vuorenpää",
        "Ylihaara", "Aholampi", "Huhtakallio", "Iso-Kuusela", "Jokiranta", "Kallioharju",
        "Leppäsuo", "Metsävainio", "Peltokorpi", "Rauhala", "Suvisaari", "Törmänen",
    ),
    "en": (
        "Nairwood", "Ashcombe", "Petrenkova", "Oakhurst", "Okafield", "Brennock",
        "Santorel", "Nguyenly", "Wrenfield",
    ),
    "sv": (
        "Lindsund", "Ekbacka", "Sandvallen", "Björknäs", "Holmfors", "Rosenvik",
        "Strandell", "Österlid",
    ),
}  # fmt: skip
_PHONE_PREFIXES = ("040 000", "045 000", "050 000")
_EMAIL_HOSTS = ("posti.example", "kotinurkka.example", "meili.example", "brev.example")
_CHECK = "0123456789ABCDEFHJKLMNPRSTUVWXY"

# Sample accounts from the banking federations' own documentation.
IBANS = ("FI21 1234 5600 0007 85", "FI2112345600000785", "FI42 5000 1510 0000 23")

#: nominative, in, to, from, of
CITIES = {
    "Helsinki": ("Helsingissä", "Helsinkiin", "Helsingistä", "Helsingin"),
    "Espoo": ("Espoossa", "Espooseen", "Espoosta", "Espoon"),
    "Vantaa": ("Vantaalla", "Vantaalle", "Vantaalta", "Vantaan"),
    "Turku": ("Turussa", "Turkuun", "Turusta", "Turun"),
    "Oulu": ("Oulussa", "Ouluun", "Oulusta", "Oulun"),
    "Jyväskylä": ("Jyväskylässä", "Jyväskylään", "Jyväskylästä", "Jyväskylän"),
    "Kuopio": ("Kuopiossa", "Kuopioon", "Kuopiosta", "Kuopion"),
    "Lahti": ("Lahdessa", "Lahteen", "Lahdesta", "Lahden"),
    "Joensuu": ("Joensuussa", "Joensuuhun", "Joensuusta", "Joensuun"),
    "Rovaniemi": ("Rovaniemellä", "Rovaniemelle", "Rovaniemeltä", "Rovaniemen"),
    "Pori": ("Porissa", "Poriin", "Porista", "Porin"),
    "Vaasa": ("Vaasassa", "Vaasaan", "Vaasasta", "Vaasan"),
    "Porvoo": ("Porvoossa", "Porvooseen", "Porvoosta", "Porvoon"),
    # The region whose carrier goes on strike.
    "Tampere": ("Tampereella", "Tampereelle", "Tampereelta", "Tampereen"),
    "Nokia": ("Nokialla", "Nokialle", "Nokialta", "Nokian"),
    "Ylöjärvi": ("Ylöjärvellä", "Ylöjärvelle", "Ylöjärveltä", "Ylöjärven"),
    "Kangasala": ("Kangasalla", "Kangasalle", "Kangasalta", "Kangasalan"),
    "Valkeakoski": ("Valkeakoskella", "Valkeakoskelle", "Valkeakoskelta", "Valkeakosken"),
}
STRIKE_REGION = ("Tampere", "Nokia", "Ylöjärvi", "Kangasala", "Valkeakoski")
_SWEDISH_NAMES = {"Helsinki": "Helsingfors", "Espoo": "Esbo", "Vantaa": "Vanda", "Turku": "Åbo",
                  "Vaasa": "Vasa", "Porvoo": "Borgå", "Tampere": "Tammerfors",
                  "Oulu": "Uleåborg"}  # fmt: skip


def city_in(language: str, city: str) -> str:
    """The city's name in the customer's language."""
    return _SWEDISH_NAMES.get(city, city) if language == "sv" else city


@dataclass(frozen=True)
class Person:
    """One customer. `number` is unique; everything else follows from it and the drawn parts."""

    number: int
    language: str
    first: str
    last: str
    city: str
    phone_tail: str  # four digits
    birth: tuple[int, int, int]  # day, month, year
    individual: int  # 900-999

    @property
    def full(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def business(self) -> bool:
        """Whether the person buys for a firm: one customer in sixteen."""
        return self.number % 16 == 0

    @property
    def regular(self) -> bool:
        """Whether the person belongs to the loyalty programme: a third of the others."""
        return self.number % 10 in (1, 4, 7)

    @property
    def customer_number(self) -> str:
        return f"VK{4_100_000 + self.number * 37}"

    @cached_property
    def email(self) -> str:
        plain = unicodedata.normalize("NFKD", f"{self.first}.{self.last}".lower())
        local = "".join(c for c in plain if c.isascii() and (c.isalnum() or c in ".-"))
        return f"{local}{self.number}@{_EMAIL_HOSTS[self.number % len(_EMAIL_HOSTS)]}"

    @property
    def phone(self) -> str:
        """As people write it: '050 000 1234'."""
        return f"{_PHONE_PREFIXES[self.number % len(_PHONE_PREFIXES)]} {self.phone_tail}"

    @property
    def phone_e164(self) -> str:
        return "+358" + self.phone.replace(" ", "")[1:]

    @property
    def identity_code(self) -> str:
        """A valid Finnish personal identity code that nobody can have."""
        day, month, year = self.birth
        sign = "-" if year < 2000 else "A"
        digits = f"{day:02}{month:02}{year % 100:02}{self.individual}"
        return f"{digits[:6]}{sign}{digits[6:]}{_CHECK[int(digits) % 31]}"


def population(rng: random.Random, size: int) -> list[Person]:
    """`size` customers: 65 % write Finnish, 20 % English, 15 % Swedish."""
    return [_person(rng, number) for number in range(1, size + 1)]


def _person(rng: random.Random, number: int) -> Person:
    language = rng.choices(("fi", "en", "sv"), (65, 20, 15))[0]
    return Person(
        number=number,
        language=language,
        first=rng.choice(_FIRST[language]),
        last=rng.choice(_LAST[language]),
        city=rng.choice(tuple(CITIES)),
        phone_tail=f"{number % 10_000:04}",
        birth=(rng.randint(1, 28), rng.randint(1, 12), rng.randint(1938, 2006)),
        individual=rng.randint(900, 999),
    )
