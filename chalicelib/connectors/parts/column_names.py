"""Columns as Finnish, Swedish and English files name them -> the columns of `columns.py`.

Only whole names count, without regard to case, hyphens and underscores. Of two columns that mean
the same the first one with something in it counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from chalicelib.connectors.parts.columns import COLUMNS

#: The time of day, where the date stands in a column of its own.
CLOCK = "clock"
SOURCE = "source"

_SAID = {
    "text": "teksti viesti palaute kommentti sisältö avoin_palaute vapaa_palaute vapaa_teksti "
    "vapaa_sana kommentar meddelande fritext öppet_svar comment message feedback",
    "subject": "otsikko aihe ämne rubrik title",
    "time": "aika aikaleima pvm päivämäärä päivä luotu saapunut vastattu vastausaika tid tidpunkt "
    "datum skapad date timestamp created created_at",
    CLOCK: "kello kellonaika klo klockslag",
    "channel": "kanava kanal",
    "role": "rooli roll",
    "id": "tunniste tunnus vastaustunnus viestitunnus vastauksen_tunnus svarsid",
    "conversation": "keskustelu tiketti tikettinumero palvelupyyntö yhteydenotto ärende "
    "ärendenummer konversation ticket",
    "customer": "asiakas asiakasnumero asiakasnro asiakastunnus kund kundnummer customer_id",
    "email": "sähköposti sähköpostiosoite e_mail e_post epost",
    "phone": "puhelin puhelinnumero puh telefon telefonnummer",
    "touchpoint": "kosketuspiste kohtaamispiste kontaktpunkt",
    "language": "kieli språk lang",
    "tags": "avainsanat tunnisteet aihetunnisteet taggar etiketter labels",
    "nps": "suositteluhalukkuus suositteluarvosana suosittelu nps_arvosana nps_betyg",
    "csat": "tyytyväisyys asiakastyytyväisyys nöjdhet kundnöjdhet",
    "ces": "vaivattomuus helppous enkelhet",
    "stars": "tähdet tähtiä stjärnor",
    "thumb": "peukku tumme",
    "rating": "arvosana betyg",
    "rating_kind": "mittari arvosanan_mittari mätare",
    "rating_min": "asteikon_alku arvosana_min betyg_min",
    "rating_max": "asteikon_loppu arvosana_max betyg_max",
    "wait_s": "odotusaika jonotusaika odotus väntetid kötid",
    "talk_s": "puheaika keskusteluaika samtalstid",
    "hold_s": "pitoaika parkeerausaika",
    "handle_time_s": "käsittelyaika hanteringstid",
    "abandoned": "luovutti luopui katkennut avbruten",
    "resolved": "ratkaistu ratkesi löst",
    "erase": "poista poistettava radera",
    SOURCE: "lähde källa",
}
_CHANNELS = {
    "chat": "chatti keskustelu chatt",
    "email": "sähköposti meili e_post epost mejl e_mail",
    "voice": "puhelin puhelu soitto telefon samtal phone call",
    "sms": "tekstiviesti textmeddelande",
    "survey": "kysely asiakaskysely enkät",
    "review": "arvostelu arvio recension",
    "feedback": "palaute lomake palautelomake respons formulär",
}
_ROLES = {
    "customer": "asiakas kund",
    "agent": "asiakaspalvelija asiakaspalvelu agentti kundtjänst handläggare",
    "bot": "botti",
    "system": "järjestelmä",
    "note": "muistiinpano huomautus anteckning",
}
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - Excel's day 0; its times are local
_SERIALS = (36_526, 73_051)  # Excel's days of 2000 to 2099
_NUMBER = re.compile(r"\d{1,13}(?:[.,]\d{1,12})?")
_LASTED = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{2})(?:[.,]\d+)?")


def _key(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().lower()


def _known(said: Mapping[str, str]) -> dict[str, str]:
    return {_key(word): name for name, words in said.items() for word in words.split()}


_COLUMN = _known(_SAID) | {_key(str(name)): str(name) for name in (*COLUMNS, *_SAID)}
_CHANNEL, _ROLE = _known(_CHANNELS), _known(_ROLES)


def column(name: object) -> str:
    """Our name of a column, or its own in lower case where it means nothing to us."""
    return _column(name) if isinstance(name, str) else ""


@lru_cache(maxsize=1024)
def _column(name: str) -> str:
    key = _key(name.replace("\ufeff", ""))
    return _COLUMN.get(key, key)


def has_answers(names: Iterable[str]) -> bool:
    """True where a row of these columns could be somebody's words or answer."""
    return bool({"text", "nps", "csat", "ces", "stars", "thumb", "rating"} & set(names))


def row(pairs: Iterable[tuple[object, Any]]) -> dict[str, Any]:
    """(name, cell) of one row -> our columns, their cells as `columns.py` reads them."""
    found: dict[str, Any] = {}
    for name, cell in pairs:
        own, value = column(name), _plain(cell)
        if own and found.get(own) in (None, ""):
            found[own] = value
    if "channel" in found:
        found["channel"] = _word(found["channel"], _CHANNEL)
    if "role" in found:
        found["role"] = _word(found["role"], _ROLE)
    for name in ("wait_s", "talk_s", "hold_s", "handle_time_s"):
        if name in found:
            found[name] = _seconds(found[name])
    if "time" in found:
        found["time"] = _time(found["time"], found.pop(CLOCK, ""))
    return found


def _word(value: Any, words: Mapping[str, str]) -> Any:
    return words.get(_key(value), value) if isinstance(value, str) else value


def _plain(cell: Any) -> Any:
    """A whole number without its point; what a spreadsheet dates or times as text or seconds."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    if isinstance(cell, timedelta):
        return cell.total_seconds()
    return cell.isoformat() if isinstance(cell, (date, time)) else cell


def _seconds(value: Any) -> Any:
    """'3:25' and '0:03:25' as seconds."""
    lasted = _LASTED.fullmatch(value.strip()) if isinstance(value, str) else None
    if not lasted:
        return value
    hours, minutes, seconds = (int(part or 0) for part in lasted.groups())
    return hours * 3600 + minutes * 60 + seconds


def _time(value: Any, clock: Any) -> Any:
    """A spreadsheet's serial number as the local time it stands for; the time of day put to it."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value.strip().replace(",", "."))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not _SERIALS[0] <= value < _SERIALS[1]:
            return value  # Unix time
        moment = _EPOCH + timedelta(seconds=round(value * 86_400))
        # A whole number is a date: `columns.py` takes its noon.
        value = moment.date().isoformat() if value == int(value) else moment.isoformat()
    day, hour = str(value or "").strip(), str(clock or "").strip()
    if not hour or not day:
        return value
    if re.fullmatch(r"0[.,]\d+", hour):  # Excel's part of a day
        moment = _EPOCH + timedelta(seconds=round(float(hour.replace(",", ".")) * 86_400))
        hour = moment.time().isoformat("seconds")
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}([T ]00:00(:00)?)?", day):
        return f"{day[:10]}T{hour.replace('.', ':').zfill(5)}"
    return f"{day} {hour}"
