"""Words that fill the slots of messages, with the inflected forms that the sentences need."""

from __future__ import annotations

from typing import NamedTuple


class Product(NamedTuple):
    """`flat` products come in a box and are assembled.

    forms: Finnish (nominative, genitive, partitive), English (noun,), Swedish (definite,
    indefinite with its article).
    """

    flat: bool
    forms: tuple[str, ...]


SERIES = ("Kaarna", "Lumme", "Tuohi", "Sammal", "Utu", "Kanerva")
AGENTS = ("Mira", "Jonna", "Petteri", "Sanna", "Aleksi", "Elina", "Oskari")

PRODUCTS: dict[str, tuple[Product, ...]] = {
    "fi": (
        Product(False, ("sohva", "sohvan", "sohvaa")),
        Product(False, ("kulmasohva", "kulmasohvan", "kulmasohvaa")),
        Product(False, ("vuodesohva", "vuodesohvan", "vuodesohvaa")),
        Product(False, ("nojatuoli", "nojatuolin", "nojatuolia")),
        Product(False, ("runkopatja", "runkopatjan", "runkopatjaa")),
        Product(True, ("ruokapöytä", "ruokapöydän", "ruokapöytää")),
        Product(True, ("kirjahylly", "kirjahyllyn", "kirjahyllyä")),
        Product(True, ("sänky", "sängyn", "sänkyä")),
        Product(True, ("kerrossänky", "kerrossängyn", "kerrossänkyä")),
        Product(True, ("vaatekaappi", "vaatekaapin", "vaatekaappia")),
        Product(True, ("lipasto", "lipaston", "lipastoa")),
        Product(True, ("tv-taso", "tv-tason", "tv-tasoa")),
        Product(True, ("työpöytä", "työpöydän", "työpöytää")),
        Product(True, ("senkki", "senkin", "senkkiä")),
        Product(True, ("vitriini", "vitriinin", "vitriiniä")),
        Product(True, ("sohvapöytä", "sohvapöydän", "sohvapöytää")),
    ),
    "en": tuple(
        Product(flat, (noun,))
        for flat, nouns in (
            (False, ("sofa", "corner sofa", "armchair", "mattress")),
            (True, ("dining table", "bookcase", "bed", "wardrobe", "chest of drawers", "desk",
                    "TV bench", "sideboard", "coffee table")),
        )
        for noun in nouns
    ),
    "sv": (
        Product(False, ("soffan", "en soffa")),
        Product(False, ("hörnsoffan", "en hörnsoffa")),
        Product(False, ("bäddsoffan", "en bäddsoffa")),
        Product(False, ("fåtöljen", "en fåtölj")),
        Product(True, ("bokhyllan", "en bokhylla")),
        Product(True, ("sängen", "en säng")),
        Product(True, ("garderoben", "en garderob")),
        Product(True, ("byrån", "en byrå")),
        Product(True, ("tv-bänken", "en tv-bänk")),
        Product(True, ("skänken", "en skänk")),
    ),
}  # fmt: skip

#: Monday to Saturday, in the form the sentences need; "fi-to" is the translative.
WEEKDAYS = {
    "fi": ("maanantaina", "tiistaina", "keskiviikkona", "torstaina", "perjantaina", "lauantaina"),
    "fi-to": (
        "maanantaiksi", "tiistaiksi", "keskiviikoksi", "torstaiksi", "perjantaiksi", "lauantaiksi",
    ),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
    "sv": ("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag"),
}  # fmt: skip
