"""Basics: what an agent asks for that a form or a bot could have asked before.

A sentence asks when it names one of the basics and is a question or a request; sentences are read
one by one, so that 'the order number is in the confirmation. Anything else?' asks for nothing.
Finnish, Swedish and English; stems, because Finnish inflects.
"""

from __future__ import annotations

import re

#: What is asked for -> how it is named. Order of the table is the order in which it is told.
BASICS = {
    "order": r"tilausnumero|tilaustunnu|tilauksen (?:numero|tunnu)"
    r"|order(?:num(?:mer|re)|nr|[- ]?number| id| reference)|beställningsn(?:ummer|umre|r)",
    "customer": r"asiakasnumero|asiakastunnu|kundnum(?:mer|re)|kundnr|customer (?:number|id)"
    r"|account number",
    "name": r"koko nim|etu- ja sukunim|nimesi|nimenne|teidän nim|ditt namn|ert namn"
    r"|fullständiga namn|(?:your|full) name",
    "address": r"osoitteesi|osoitteenne|toimitusosoit|katuosoit|postinumero"
    r"|din adress|er adress|leveransadress|postnum(?:mer|re)"
    r"|(?:your|delivery|shipping|street|postal) address|post ?code|zip code",
    "contact": r"puhelinnumero|sähköpostiosoit|telefonnum(?:mer|re)|mobilnum(?:mer|re)"
    r"|e-?postadress|mejladress|(?:phone|mobile|telephone) number|e-?mail address",
    "date": r"päivämäär|minä päivänä|milloin (?:tilasi|osti|tuote|paket)|ostopäiv|tilauspäiv"
    r"|toimituspäiv|vilket datum|vilken dag|när (?:beställde|köpte)|inköpsdatum|orderdatum"
    r"|(?:what|which) (?:date|day)|when did you (?:order|buy|place)|date of (?:purchase|order)",
    "product": r"tuotenumero|tuotekoodi|minkä tuotteen|mistä tuotteesta|mikä tuote|mallinumero"
    r"|produktnum(?:mer|re)|artikelnum(?:mer|re)|vilken produkt|modellnum(?:mer|re)"
    r"|product (?:number|code)|item number|which (?:product|item)|model number|article number",
    "picture": r"\bkuva[nt]?\b|kuvia|valokuva|\bbild(?:er)?\b|\bfoton?\b|photos?\b|pictures?\b",
}
_NAMED = {kind: re.compile(pattern) for kind, pattern in BASICS.items()}
_REQUEST = re.compile(
    r"\?|kerro|kertoi?si|ilmoit|voisitko|voisitteko|voitko|voitteko|saisinko|saanko|tarvitse(?:n|mme)"
    r"|lähet(?:ä|tä)|laita|laittai?si|anna|antai?si|kirjoita|vahvista"
    r"|kan (?:du|ni|jag)|skulle (?:du|ni)|behöver|vänligen|uppge|skicka|berätta|ange"
    r"|could you|can you|would you|may i|can i|please|(?:i|we) (?:will )?need|send|tell|provide"
)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")


def asked(text: str) -> frozenset[str]:
    """The basics (keys of BASICS) that an agent's message asks the customer for."""
    found: set[str] = set()
    for sentence in _SENTENCE.findall(text.casefold()):
        named = [kind for kind, pattern in _NAMED.items() if pattern.search(sentence)]
        if named and _REQUEST.search(sentence):
            found.update(named)
    return frozenset(found)
