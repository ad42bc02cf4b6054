"""Speech: messages, numbers and dates in the reader's language.

Messages come from `locale/<language>/LC_MESSAGES/digest.po`, read once and without a build
step; English is the source language. Numbers and dates come from Babel's CLDR data.
"""

from __future__ import annotations

from datetime import date, datetime, time
from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.weeks import IsoWeek

LOCALE = Path(__file__).parent / "locale"
_REGIONS = {"fi": "fi_FI", "sv": "sv_FI", "en": "en_GB"}
_DATES = {"fi": "yMd", "sv": "yMMMd", "en": "yMMMd"}
_DAY = {"fi": "ccc d.M.", "sv": "ccc d MMM", "en": "ccc d MMM"}
# In Finland a full stop parts hours and minutes, in Swedish too.
_CLOCK = {"fi": "H.mm", "sv": "H.mm", "en": "HH:mm"}
_MONEY = {"fi": "#,##0\u00a0¤", "sv": "#,##0\u00a0¤", "en": "¤#,##0"}
_MINUS = "\u2212"


def N_(message: str) -> str:
    """Mark a message that a table holds and `say` translates."""
    return message


@cache
def translations(language: str) -> GNUTranslations:
    """The catalogue of a language. Raises FileNotFoundError where there is none."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    path = LOCALE / language / "LC_MESSAGES" / "digest.po"
    compiled = BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


class Speech:
    """One language's voice."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.locale = _REGIONS[language]
        self._messages = translations(language)

    def say(self, message: str, **values: object) -> str:
        """The message in this language; whole numbers among the values are formatted."""
        told = self._messages.gettext(message).format(**self._shown(values))
        # A dash that starts a line would look like an item of a list.
        return told.replace(" – ", "\u00a0– ")

    def sentence(self, message: str, **values: object) -> str:
        """`say`, with a capital: it may begin with 'under 5'."""
        told = self.say(message, **values)
        return told[:1].upper() + told[1:]

    def count(self, one: str, many: str, n: int, **values: object) -> str:
        """The same with a plural form; `{n}` stands for the number."""
        message = self._messages.ngettext(one, many, n)
        return message.format(n=self.number(n), **self._shown(values))

    def _shown(self, values: dict[str, object]) -> dict[str, object]:
        return {k: self.number(v) if isinstance(v, int) else v for k, v in values.items()}

    def number(self, value: float, decimals: int = 0) -> str:
        """1234.5 -> '1 235' in Finnish; a real minus sign."""
        from babel.numbers import format_decimal

        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        # Adding 0.0 turns the -0.0 of rounding into 0.
        rounded = round(value, decimals) + 0.0
        return format_decimal(rounded, pattern, locale=self.locale).replace("-", _MINUS)

    def percent(self, share: float) -> str:
        """0.23 -> '23 %' in Finnish."""
        from babel.numbers import format_percent

        return format_percent(share, locale=self.locale)

    def signed(self, value: float, decimals: int = 0) -> str:
        """A difference with its sign: '+3', '−0,4', '0'."""
        told = self.number(value, decimals)
        return f"+{told}" if round(value, decimals) > 0 else told

    def money(self, value: float, currency: str) -> str:
        """An amount to three digits: '1 230 €' in Finnish."""
        from babel.numbers import format_currency

        pattern, amount = _MONEY[self.language], _three_digits(value)
        return format_currency(amount, currency, pattern, self.locale, currency_digits=False)

    def money_range(self, low: float, high: float, currency: str) -> str:
        """'270–570 €' in Finnish, '€270–570' in English."""
        if _MONEY[self.language].startswith("¤"):
            return f"{self.money(low, currency)}–{self.number(_three_digits(high))}"
        return f"{self.number(_three_digits(low))}–{self.money(high, currency)}"

    def weekday(self, day: date) -> str:
        """'ma' in Finnish."""
        from babel.dates import format_date

        return format_date(day, "ccc", locale=self.locale)

    def interval(self, low: float, high: float) -> str:
        """A margin of error as it stands after a share: '(31–38 %)'."""
        return f"({self.number(low * 100)}–{self.percent(high)})"

    def published(self, count: int) -> str:
        """A count, or 'under 5' where it is too small to publish."""
        if 0 < count < PUBLISHED_FROM:
            return self.say("under {n}", n=PUBLISHED_FROM)
        return self.number(count)

    def dates(self, week: IsoWeek) -> str:
        """'16.–22.11.2026' in Finnish."""
        from babel.dates import format_interval

        return format_interval(
            week.monday, week.sunday, skeleton=_DATES[self.language], locale=self.locale
        )

    def day(self, day: date) -> str:
        """'16.11.2026' in Finnish."""
        from babel.dates import format_date

        return format_date(day, "d.M.yyyy" if self.language == "fi" else "d MMMM yyyy", self.locale)

    def moment(self, at: datetime, zone: str) -> str:
        """An aware time as local day and clock: 'ke 18.11. klo 14.02' in Finnish."""
        from babel.dates import format_datetime

        local = at.astimezone(ZoneInfo(zone))
        day = format_datetime(local, _DAY[self.language], locale=self.locale)
        return self.say("{day} at {time}", day=day, time=self.clock(local.timetz()))

    def clock(self, at: time) -> str:
        """'9.00' in Finnish."""
        from babel.dates import format_time

        return format_time(at.replace(tzinfo=None), _CLOCK[self.language], locale=self.locale)


def _three_digits(value: float) -> int:
    return int(round(value, min(0, 3 - len(str(round(abs(value)))))))
