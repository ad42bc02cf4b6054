"""Notices in Finnish."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.notices.words import Catalogue, Words
from chalicelib.source_tally import Cause

_SEE_IT = "Katso, että seuraava tulee perille: hub tail --source {source}{stage}"
_STORE = (
    "Tallenna se, uusi ensimmäisenä: aws secretsmanager put-secret-value --secret-id "
    '{secret} --secret-string \'{{"secrets": ["UUSI", "VANHA"]}}\'. '
    'Säilytä salaisuuden muut osat, kuten "api".'
)
_REFUSED = "Hylätyistä lähetyksistä ei jää tänne mitään.{retries}"
_KEPT = "Mitään ei ole kadonnut: lähetykset ovat tallessa, ja viimeinen kohta lukee ne uudelleen."

_DAYS = [
    "maanantaina",
    "tiistaina",
    "keskiviikkona",
    "torstaina",
    "perjantaina",
    "lauantaina",
    "sunnuntaina",
]


def _moment(at: datetime) -> str:
    return f"{_DAYS[at.weekday()]} {at.day}.{at.month}. klo {at.hour}.{at:%M}"


def _duration(of: timedelta) -> str:
    hours = int(of.total_seconds()) // 3600
    if hours < 1:
        return "alle tuntiin"
    if hours < 48:
        return f"{hours} tuntiin" if hours > 1 else "tuntiin"
    return f"{hours // 24} päivään"


def _deliveries(n: int) -> str:
    return "yksi lähetys" if n == 1 else f"{n} lähetystä"


_CAUSES = {
    Cause.NO_SECRET: Words(
        subject="{source}: salaisuus puuttuu, lähetyksiä ei voi tarkistaa",
        happened="Palvelusta {vendor} on tullut lähteeseen {called} {since} alkaen {deliveries}, "
        "eikä niistä otettu vastaan mitään. Syy: {reason}.",
        why="Ilman salaisuutta ei voi tietää, onko lähettäjä {vendor} vai joku ulkopuolinen, joten "
        "ovi pysyy kiinni.",
        steps=(
            "Etsi allekirjoitussalaisuus palvelusta {vendor}.{hint}",
            "Tallenna se: aws secretsmanager create-secret --name {secret} "
            '--secret-string \'{{"secrets": ["…"]}}\'',
            "Tarkista, että kaikki on paikallaan: hub check{stage}",
            _SEE_IT,
        ),
        meanwhile=_REFUSED,
    ),
    Cause.UNSIGNED: Words(
        subject="{source}: lähetyksistä puuttuu allekirjoitus",
        happened="Lähteeseen {called} on tullut {since} alkaen {deliveries} ilman sitä todistetta, "
        "jonka {vendor} lähettää mukana, ja ne hylättiin. Syy: {reason}. Yhtään ei ole sinä aikana "
        "hyväksytty.",
        why="Todennäköisesti webhook on tehty ilman salaisuutta, tai osoitteeseen lähettää jokin "
        "muu palvelu.",
        steps=(
            "Kytke allekirjoitus päälle palvelussa {vendor} tai tee webhook uudelleen.{hint}",
            _STORE,
            _SEE_IT,
        ),
        meanwhile=_REFUSED,
    ),
    Cause.SECRET: Words(
        subject="{source}: lähetykset hylätään, salaisuus ei täsmää",
        happened="Lähteestä {called} on hylätty {since} alkaen {deliveries}. Syy: {reason}. Yhtään "
        "ei ole sinä aikana hyväksytty.",
        why="Todennäköisesti salaisuus on vaihdettu palvelussa {vendor} mutta ei täällä, tai "
        "osoitteeseen lähettää toinen webhook, jolla on eri salaisuus.",
        steps=(
            "Etsi voimassa oleva allekirjoitussalaisuus palvelusta {vendor}.{hint}",
            _STORE,
            "Odota viisi minuuttia: niin kauan vanha salaisuus pysyy muistissa. " + _SEE_IT,
        ),
        meanwhile=_REFUSED,
    ),
    Cause.CLOCK: Words(
        subject="{source}: lähetykset hylätään, niiden aika on väärä",
        happened="Lähteestä {called} on hylätty {since} alkaen {deliveries}. Syy: {reason}. Yhtään "
        "ei ole sinä aikana hyväksytty.",
        why="Joko jokin välissä (jono tai välityspalvelin) pidättelee lähetyksiä, tai "
        "allekirjoittavan koneen kello on väärässä.",
        steps=(
            "Anna palvelun {vendor} kutsua suoraan osoitetta {url}",
            "Jos lähettäjä on oma ohjelmanne, tarkista sen kello ja allekirjoita joka yrityksellä "
            "uudelleen.",
            _SEE_IT,
        ),
        meanwhile=_REFUSED,
    ),
    Cause.SET_UP: Words(
        subject="{source}: asetukset organisation.yaml-tiedostossa eivät toimi",
        happened="Lähteessä {called} on {since} alkaen törmännyt virheelliseen asetukseen "
        "{deliveries}. Syy: {reason}.",
        why="Joko organisation.yaml on virheellinen tai funktioilta puuttuu oikeuksia.",
        steps=(
            "Katso, mikä on vialla: hub check{stage}",
            "Korjaa organisation.yaml ja julkaise se: hub publish organisation.yaml{stage}",
            _SEE_IT,
        ),
        meanwhile="Lähettäjää pyydetään tulemaan uudelleen.{retries}",
    ),
    Cause.CONTENT_TYPE: Words(
        subject="{source}: lähetykset tulevat muodossa, jota ei osata lukea",
        happened="Lähteeseen {called} on tullut {since} alkaen muodossa {type} {deliveries}, eikä "
        "{vendor} lähetä sellaista oletuksena. Syy: {reason}.",
        why="Muoto valitaan webhookin asetuksissa tai jossakin välissä olevassa työkalussa.",
        steps=(
            "Valitse muoto, jonka docs/connectors/{connector}.md mainitsee, yleensä JSON.",
            "Katso, että seuraava hyväksytään: hub tail --source {source}{stage}",
            "Jos muoto olikin oikea, lue tallessa olevat uudelleen: hub replay {source}{stage}",
        ),
        meanwhile=_KEPT,
    ),
    Cause.UNREADABLE: Words(
        subject="{source}: lähetysten rakenne on vieras",
        happened="Lähteeseen {called} on tullut {since} alkaen {deliveries}, joiden allekirjoitus "
        "on oikein mutta joita ei osata lukea. Viimeisin: {reason}.",
        why="{vendor} on muuttanut muotoaan tai lähettää muunnelmaa, jota ei ole ennen nähty.",
        steps=(
            "Katso, mitkä ne ovat: hub deliveries --source {source} --outcome unreadable{stage}",
            "Katso yhden rakenne ilman asiakkaiden sanoja: hub show ID{stage}",
            "Lähetä rakenne sille, joka ylläpitää liitintä chalicelib/connectors/{connector}.py.",
            "Kun liitin on korjattu ja asennettu: hub replay {source}{stage}",
        ),
        meanwhile=_KEPT,
    ),
    Cause.NOT_SUBSCRIBED: Words(
        subject="{source}: keskusteluista tulee vain toinen puoli",
        happened="Lähteestä {called} on tullut viime viikkoina {n} viestiä, eikä yksikään ole "
        "tullut {side}.",
        why="Todennäköisesti palvelussa {vendor} ei ole valittu niitä tapahtumia.",
        steps=(
            "Vertaa webhookin tapahtumia luetteloon, joka on sivulla "
            "docs/connectors/{connector}.md, ja lisää puuttuvat.",
            _SEE_IT,
            "Jos palvelusta voi hakea vanhoja viestejä: hub backfill {source} --since …{stage}",
        ),
        meanwhile="Jos vastaatte asiakkaille jossakin muualla, kaikki on kunnossa.",
    ),
    Cause.SILENT: Words(
        subject="{source}: mitään ei ole tullut {for}",
        happened="Lähteestä {called} kuului viimeksi {since}. Sen jälkeen ei ole tullut mitään "
        "{for}. {usual}",
        why="Joko webhook on palvelussa {vendor} poissa päältä (jotkin palvelut sulkevat sen "
        "virheiden jälkeen) tai siellä ei ole tapahtunut mitään.",
        steps=(
            "Katso webhookin asetukset palvelussa {vendor}: onko se päällä, näkyykö virheitä, onko "
            "osoite {url}?",
            "Kokeile reittiä näytteellä: hub sample {source}{stage}",
            "Kun lähde taas toimii, hae puuttuvat, jos palvelu sallii sen: "
            "hub backfill {source} --since …{stage}",
        ),
        meanwhile="Viikkokatsaus kertoo lukijoilleenkin, että lähde on hiljaa.",
    ),
}

CATALOGUE = Catalogue(
    hello="Hei,",
    what_to_do="Mitä tehdä:",
    goodbye="Tästä kerrotaan enintään kerran {again} niin kauan kuin tilanne jatkuu. Lähteen tila "
    "nyt: hub sources{stage}\n\nOivallus",
    no_type="ilman tyyppiä",
    retries=" Näin {vendor} yrittää uudelleen: {rule}.",
    usual="Viimeisten kuuden viikon tavallisen rytmin mukaan jotain olisi pitänyt tulla jo ajat "
    "sitten.",
    again_day="päivässä",
    again_month="kuukaudessa",
    allowed="organisation.yaml odottaa jotain vähintään {allowed} tunnin välein "
    "(expected_every_h).",
    sides={"agent": "asiakaspalvelijoilta", "customer": "asiakkaalta"},
    moment=_moment,
    duration=_duration,
    deliveries=_deliveries,
    causes=_CAUSES,
)
