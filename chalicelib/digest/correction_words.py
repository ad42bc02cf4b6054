"""The words of a quote's link, and of the page behind it, by language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class CorrectionWords:
    """`now` takes {theme}."""

    link: str
    title: str
    now: str
    theme: str
    none: str
    why: str
    failure: str
    value: str
    neither: str
    unknown: str
    save: str
    saved: str
    unclear: str
    gone: str
    about: str


CORRECTION: Mapping[str, CorrectionWords] = {
    "fi": CorrectionWords(
        link="Väärä aihe?",
        title="Mistä viestissä on kyse?",
        now="Aihe nyt: {theme}",
        theme="Oikea aihe",
        none="Ei mikään näistä",
        why="Miksi asiakas otti yhteyttä?",
        failure="Jokin oli mennyt vikaan tai jäänyt tekemättä",
        value="Hän tarvitsi palvelua tai tietoa",
        neither="Ei kumpaakaan: esimerkiksi kiitos tai mielipide",
        unknown="En osaa sanoa",
        save="Tallenna",
        saved="Tallennettu, kiitos! Voit vielä muuttaa valintaasi.",
        unclear="Valintaa ei voitu tallentaa. Valitse aihe uudelleen.",
        gone="Viestiä ei enää ole: se on poistettu tai sen säilytysaika on päättynyt.",
        about="Korjauksista Oivallus oppii tunnistamaan aiheet paremmin. Viestistä on poistettu "
        "henkilötietoja.",
    ),
    "sv": CorrectionWords(
        link="Fel ämne?",
        title="Vad handlar meddelandet om?",
        now="Ämne nu: {theme}",
        theme="Rätt ämne",
        none="Inget av dessa",
        why="Varför tog kunden kontakt?",
        failure="Något hade gått fel eller blivit ogjort",
        value="Kunden behövde service eller information",
        neither="Varken eller: till exempel ett tack eller en åsikt",
        unknown="Jag vet inte",
        save="Spara",
        saved="Sparat, tack! Du kan fortfarande ändra ditt val.",
        unclear="Valet kunde inte sparas. Välj ämne på nytt.",
        gone="Meddelandet finns inte längre: det har raderats eller dess lagringstid har gått ut.",
        about="Av rättelserna lär sig Oivallus att känna igen ämnen bättre. Personuppgifter har "
        "tagits bort ur meddelandet.",
    ),
    "en": CorrectionWords(
        link="Wrong theme?",
        title="What is this message about?",
        now="Theme now: {theme}",
        theme="The right theme",
        none="None of these",
        why="Why did the customer get in touch?",
        failure="Something had gone wrong or was left undone",
        value="They needed a service or information",
        neither="Neither: thanks or an opinion, for example",
        unknown="I cannot tell",
        save="Save",
        saved="Saved, thank you! You can still change your choice.",
        unclear="The choice could not be saved. Please choose a theme again.",
        gone="The message is no longer here: it was erased, or its time of storage has ended.",
        about="Oivallus learns from corrections to tell themes better. Personal data has been "
        "removed from the message.",
    ),
}

#: Where a link does not tell whose it is: every language.
BROKEN = (
    "Linkki ei kelpaa tai on vanhentunut.",
    "Länken är ogiltig eller har gått ut.",
    "This link is not valid, or has expired.",
)
