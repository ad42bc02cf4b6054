"""Sample weeks of an invented Finnish furniture and home store, the same on every run."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

from chalicelib.digest import Digest, IsoWeek, Links, QuoteCandidate, compose, with_quotes
from chalicelib.digest.contents import QuoteKey
from chalicelib.organisation import Organisation, read
from chalicelib.summary import Cell, Summary
from tests.digest.sample_texts import QUOTES

WEEK = IsoWeek(date(2026, 11, 16))
NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)  # 9:00 in Helsinki
LINKS = Links("https://oivallus.example/unsubscribe/abc", "palaute@havuvakka.example")


@dataclass(frozen=True)
class Habit:
    """How one theme behaves: weekly contacts, shares of tones, and where it happens."""

    names: tuple[str, str, str]  # fi, sv, en
    weekly: float
    negative: float
    positive: float
    touchpoint: str
    department: str
    failure: float = 0.2


HABITS: Mapping[str, Habit] = {
    "late-delivery": Habit(
        ("Toimitus myöhässä", "Försenad leverans", "Late delivery"),
        38, 0.8, 0.02, "delivery", "customer-service", 0.95,
    ),
    "damaged": Habit(
        ("Vaurioitunut tuote", "Skadad vara", "Damaged product"),
        22, 0.7, 0.02, "delivery", "processes", 0.95,
    ),
    "missing-parts": Habit(
        ("Puuttuvat osat", "Saknade delar", "Missing parts"),
        16, 0.65, 0.03, "assembly", "product", 0.95,
    ),
    "instructions": Habit(
        ("Kokoamisohje", "Monteringsanvisning", "Assembly instructions"),
        18, 0.5, 0.1, "assembly", "product", 0.6,
    ),
    "returns": Habit(
        ("Palautus ja hyvitys", "Retur och återbetalning", "Returns and refunds"),
        30, 0.45, 0.08, "aftercare", "customer-service", 0.5,
    ),
    "billing": Habit(
        ("Laskuvirhe", "Fakturafel", "Billing error"),
        12, 0.7, 0.02, "checkout", "processes", 0.97,
    ),
    "payment": Habit(
        ("Maksu ei onnistu", "Betalningen misslyckas", "Payment fails"),
        14, 0.6, 0.02, "checkout", "processes", 0.95,
    ),
    "order-change": Habit(
        ("Tilauksen muutos", "Ändring av beställning", "Changing an order"),
        26, 0.2, 0.1, "checkout", "customer-service", 0.15,
    ),
    "quality": Habit(
        ("Tuotteen laatu", "Produktens kvalitet", "Product quality"),
        34, 0.35, 0.4, "use", "product", 0.3,
    ),
    "availability": Habit(
        ("Saatavuus", "Tillgänglighet", "Availability"),
        40, 0.25, 0.08, "browse", "marketing", 0.2,
    ),
    "price": Habit(
        ("Hinta ja kampanjat", "Pris och kampanjer", "Prices and offers"),
        28, 0.3, 0.3, "browse", "marketing", 0.1,
    ),
    "web-shop": Habit(
        ("Verkkokaupan käytettävyys", "Nätbutikens användbarhet", "Using the web shop"),
        20, 0.45, 0.2, "browse", "service-design", 0.5,
    ),
    "login": Habit(
        ("Kirjautuminen", "Inloggning", "Signing in"),
        11, 0.55, 0.02, "account", "service-design", 0.9,
    ),
    "newsletter": Habit(
        ("Uutiskirje", "Nyhetsbrev", "Newsletter"),
        7, 0.3, 0.1, "account", "marketing", 0.3,
    ),
    "chat-queue": Habit(
        ("Chatin jonotus", "Kö i chatten", "Queueing in chat"),
        9, 0.75, 0.02, "support", "customer-service", 0.8,
    ),
    "phone-queue": Habit(
        ("Puhelinjono", "Telefonkö", "Phone queue"),
        15, 0.75, 0.02, "support", "customer-service", 0.8,
    ),
    "friendliness": Habit(
        ("Henkilökunnan ystävällisyys", "Personalens vänlighet", "Friendly staff"),
        24, 0.08, 0.85, "store", "service-design", 0.02,
    ),
    "driver": Habit(
        ("Kuljettajan palvelu", "Chaufförens service", "The driver's service"),
        18, 0.15, 0.75, "delivery", "service-design", 0.1,
    ),
}  # fmt: skip

TOUCHPOINTS: Mapping[str, tuple[str, str, str, str]] = {
    "browse": ("Selailu ja valinta", "Bläddra och välja", "Browsing", "{}"),
    "account": ("Oma tili", "Eget konto", "Own account", "{}"),
    "store": ("Myymälä", "Butik", "Store", "{csat: 4.2}"),
    "checkout": ("Kassa ja maksu", "Kassa och betalning", "Checkout", "{csat: 4}"),
    "delivery": ("Toimitus", "Leverans", "Delivery", "{nps: 20}"),
    "assembly": ("Kokoaminen", "Montering", "Assembly", "{}"),
    "use": ("Käyttö", "Användning", "Use", "{}"),
    "support": ("Asiakaspalvelu", "Kundtjänst", "Support", "{csat: 4, wait_s: 90}"),
    "aftercare": ("Palautus", "Retur", "Aftercare", "{}"),
    "recycling": ("Kierrätys", "Återvinning", "Recycling", "{}"),
}

DEPARTMENTS: Mapping[str, tuple[str, str, str, str]] = {  # fi, sv, en, themes
    "service-design": ("Palvelumuotoilu", "Tjänstedesign", "Service design", ""),
    "product": ("Tuotteet", "Produkter", "Products", ""),
    "marketing": ("Markkinointi", "Marknadsföring", "Marketing", "themes: [price, availability, "
                  "newsletter, quality, friendliness, web-shop, late-delivery]"),
    "processes": ("Prosessit", "Processer", "Processes", ""),
    "customer-service": ("Asiakaspalvelu", "Kundtjänst", "Customer service", ""),
    "leadership": ("Johto", "Ledningen", "Leadership", "themes: all"),
}  # fmt: skip

AVOIDABLE = ("late-delivery", "damaged", "missing-parts", "billing")
ACTIONS: Mapping[str, tuple[str, str, str, str, date]] = {  # fi, sv, en, theme, done
    "new-login": (
        "Uusi kirjautuminen", "Ny inloggning", "New sign-in",
        "login", WEEK.back(6).monday + timedelta(days=2),
    ),
    "parts-check": (
        "Osien tarkistus pakkaamossa", "Kontroll av delar i packningen",
        "Checking parts when packing", "missing-parts", WEEK.back(1).monday + timedelta(days=1),
    ),
}  # fmt: skip

SOURCES = {
    "chat": ("Chat", 24),
    "email": ("Asiakaspalvelun sähköposti", 48),
    "phone": ("Puhelinpalvelu", 48),
    "survey": ("Toimituskysely", 72),
    "forms": ("Palautelomake", 96),
    "helpdesk": ("Palvelupyynnöt", 72),
}


@cache
def organisation(language: str = "fi") -> Organisation:
    """The store's organisation file; every department reads in one language."""
    lines = ["name: Havuvakka", "contact: palaute@havuvakka.example"]
    lines += ["sender: oivallus@havuvakka.example", "sources:"]
    lines += [
        f"  {name}: {{connector: generic, title: {title}, expected_every_h: {hours}}}"
        for name, (title, hours) in SOURCES.items()
    ]
    lines.append("touchpoints:")
    lines += [
        f"  - {{id: {i}, name: {{fi: {fi}, sv: {sv}, en: {en}}}, targets: {targets}}}"
        for i, (fi, sv, en, targets) in TOUCHPOINTS.items()
    ]
    lines.append("themes:")
    for name, habit in HABITS.items():
        fi, sv, en = habit.names
        called = f'{{fi: {fi}, sv: {sv}, en: "{en}"}}'
        lines.append(f"  - {{id: {name}, name: {called}, department: {habit.department},")
        avoidable = ", avoidable: [0.3, 0.6]" if name in AVOIDABLE else ""
        lines.append(f"     touchpoint: {habit.touchpoint}{avoidable}}}")
    lines.append("departments:")
    for name, (fi, sv, en, themes) in DEPARTMENTS.items():
        lines += [f"  - id: {name}", f"    name: {{fi: {fi}, sv: {sv}, en: {en}}}"]
        lines += [f"    language: {language}"] + ([f"    {themes}"] if themes else [])
    lines.append("price: {per_minute: 0.8}")
    firms = "{fi: Yritysasiakkaat, sv: Företagskunder, en: Business customers}"
    lines += ["personas:", f"  - {{id: firms, name: {firms}, tags: [b2b]}}"]
    lines.append("actions:")
    for name, (fi, sv, en, theme, done) in ACTIONS.items():
        called = f'{{fi: {fi}, sv: {sv}, en: "{en}"}}'
        lines.append(f"  - {{id: {name}, name: {called}, theme: {theme}, done: {done},")
        lines.append(f"     department: {HABITS[theme].department}}}")
    return read("\n".join(lines))


@cache
def summary(weeks: int = 27, seed: int = 11) -> Summary:
    """The store's last `weeks` weeks up to WEEK, with what was planted in the last ones.

    Late deliveries double in the last week; billing errors doubled two weeks before it. The
    seed is one whose chance adds no finding of its own, so that a reader sees what was planted.
    """
    chance = random.Random(seed)
    cells: dict[Cell, Counter[str]] = {}
    for age in range(weeks - 1, -1, -1):
        for theme, habit in HABITS.items():
            factor = 2.1 if theme == "late-delivery" and age == 0 else 1.0
            factor = 2.4 if theme == "billing" and age < 3 else factor
            mean = habit.weekly * factor * chance.gammavariate(40, 1 / 40)
            for _ in range(_poisson(chance, mean)):
                _add_contact(chance, cells, theme, habit, age)
        for _ in range(_poisson(chance, 130)):
            _add_answer(chance, cells, age)
    return Summary({cell: dict(counts) for cell, counts in cells.items()})


def _poisson(chance: random.Random, mean: float) -> int:
    count, left = 0, chance.expovariate(1)
    while left < mean:
        count += 1
        left += chance.expovariate(1)
    return count


def _day(chance: random.Random, age: int) -> date:
    weekday = chance.choices(range(7), (20, 18, 17, 16, 15, 8, 6))[0]
    return WEEK.back(age).monday + timedelta(days=weekday)


def _add_contact(
    chance: random.Random, cells: dict[Cell, Counter[str]], theme: str, habit: Habit, age: int
) -> None:
    channel, source = chance.choices(
        (
            ("chat", "chat"),
            ("email", "email"),
            ("email", "helpdesk"),
            ("voice", "phone"),
            ("feedback", "forms"),
        ),
        (35, 20, 15, 20, 10),
    )[0]
    demand = "failure" if chance.random() < habit.failure else "value"
    demand = "unsure" if chance.random() < 0.06 else demand
    counts = cells.setdefault(
        Cell(_day(chance, age), theme, habit.touchpoint, channel, demand), Counter()
    )
    tone = chance.choices(
        ("negative", "positive", "neutral"),
        (habit.negative, habit.positive, 1 - habit.negative - habit.positive),
    )[0]
    counts.update({"contacts": 1, tone: 1, f"source:{source}": 1, f"mention:{theme}": 1})
    if channel in {"chat", "voice"}:
        counts.update({"wait:n": 1, "wait:sum_s": round(chance.expovariate(1 / 110))})


def _add_answer(chance: random.Random, cells: dict[Cell, Counter[str]], age: int) -> None:
    """One survey answer after a delivery or a visit; most have no words."""
    touchpoint = chance.choice(("delivery", "store", "checkout", "support"))
    theme, tone = "unsure", ""
    if chance.random() < 0.35:
        theme = chance.choice(("driver", "friendliness", "late-delivery", "quality"))
        tone = "positive" if theme in {"driver", "friendliness"} else "negative"
    nps = chance.choices(("promoter", "passive", "detractor"), (46, 30, 24))[0]
    csat = chance.choices((1, 2, 3, 4, 5), (6, 8, 16, 40, 30))[0]
    ces = chance.choices((2, 4, 5, 6, 7), (8, 18, 30, 28, 16))[0]
    counts = cells.setdefault(
        Cell(_day(chance, age), theme, touchpoint, "survey", "unsure"), Counter()
    )
    counts.update({"contacts": 1, "solicited": 1, f"nps:{nps}": 1, "source:survey": 1})
    counts.update({"csat:n": 1, "csat:sum": csat, "csat:top": int(csat >= 4)})
    counts.update({"csat:sumsq": csat * csat})
    if touchpoint == "support":
        counts.update({"ces:n": 1, "ces:sum": ces, "ces:easy": int(ces >= 5)})
        counts.update({"ces:sumsq": ces * ces})
    if tone:
        counts.update({tone: 1, f"mention:{theme}": 1})


FRESH: Mapping[str, datetime | None] = {
    name: NOW - timedelta(hours=2 + 3 * place) for place, name in enumerate(SOURCES)
}


def candidates() -> dict[QuoteKey, list[QuoteCandidate]]:
    """Redacted texts by theme and sentiment, each from its own customer."""
    found: dict[QuoteKey, list[QuoteCandidate]] = {}
    for (theme, sentiment), texts in QUOTES.items():
        found[theme, sentiment] = [
            candidate(f"{theme}-{sentiment}-{place}", text, p=0.95 - 0.01 * place)
            for place, text in enumerate(texts)
        ]
    return found


def candidate(key: str, text: str, *, p: float = 0.9, customer: str | None = "") -> QuoteCandidate:
    """One candidate; its customer is its own unless told."""
    known = f"customer-{key}" if customer == "" else customer
    return QuoteCandidate(f"chat#{key}", known, text, "fi", p, NOW - timedelta(days=2))


def digest(
    department: str = "leadership",
    language: str = "fi",
    weeks: int = 27,
    freshness: Mapping[str, datetime | None] = FRESH,
    whole: Summary | None = None,
) -> Digest:
    """A composed digest with quotes."""
    store = organisation(language)
    composed = compose(
        store,
        store.department_by_id[department],
        WEEK,
        summary(weeks) if whole is None else whole,
        freshness,
        NOW,
    )
    return with_quotes(composed, candidates())
