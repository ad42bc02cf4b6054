"""Both sides of what each rule calls personal data. All people and numbers are invented."""

from __future__ import annotations

import pytest

from chalicelib.errors import Misconfigured
from chalicelib.privacy import redactor
from tests.privacy.scan import redact

# (text, redacted); the same text twice means: nothing personal.
IDENTITY_CODES = {
    "old mark -": ("130285-900Y", "[id]"),
    "mark +, born in the 1800s": ("010190+900P", "[id]"),
    "mark A": ("241218A927P", "[id]"),
    **{f"mark {mark}, in use since 2023": (f"150590{mark}944C", "[id]") for mark in "BCDEFYXWVU"},
    "mark G was never given out": ("150590G944C", "150590G944C"),
    "lower case": ("130285-900y", "[id]"),
    "dash of a word processor": ("130285–900Y", "[id]"),
    "blanks round the mark": ("130285 - 900Y", "[id]"),
    "mark left out, last is a letter": ("130285900Y", "[id]"),
    "wrong check character, no cue": ("130285-900T", "130285-900T"),
    "wrong check character after a cue": ("hetu 130285-900T", "hetu [id]"),
    "wrong check character before a cue": ("130285-900T on hetuni", "[id] on hetuni"),
    "month 13": ("henkilötunnus 131385-9012", "henkilötunnus 131385-9012"),
    "day 32 with a cue": ("hetu 320185-901A", "hetu 320185-901A"),
    "inside a longer code": ("X130285-900Y7", "X130285-900Y7"),
    "end of a code": ("tunnuksen loppuosa on -920V", "tunnuksen loppuosa on -[id]"),
    "end of something else": ("sarjan loppuosa on -920V", "sarjan loppuosa on -920V"),
    "Swedish, true Luhn": ("811228-9874", "[id]"),
}
ACCOUNTS = {
    "in fours": ("FI21 1234 5600 0007 85", "[iban]"),
    "no-break spaces": ("FI21\u00a01234\u00a05600\u00a00007\u00a085", "[iban]"),
    "together, lower case": ("fi2112345600000785", "[iban]"),
    "mistyped, still FI and 16 figures": ("FI22 1234 5600 0007 85", "[iban]"),
    "words after it stay": ("FI21 1234 5600 0007 85 kiitos paljon", "[iban] kiitos paljon"),
    "one figure short": ("FI21 1234 5600 0007 8", "FI21 1234 5600 0007 8"),
    "foreign, true check": ("DE89 3704 0044 0532 0130 00", "[iban]"),
    "foreign, wrong check, in fours": ("DE88 3704 0044 0532 0130 00", "[iban]"),
    "foreign, wrong check": ("DE88370400440532013000", "DE88370400440532013000"),
    "foreign, wrong check, cue": ("IBAN DE88370400440532013000", "IBAN [iban]"),
    "two in a row": ("FI21 1234 5600 0007 85 FI21 1234 5600 0007 85", "[iban] [iban]"),
    "letters inside": ("GB29 NWBK 6016 1331 9268 19", "[iban]"),
    "old account with a cue": ("tilille 123456-785", "tilille [iban]"),
    "the same without one": ("tuote 123456-785", "tuote 123456-785"),
}
CARDS = {
    "16 figures": ("4111111111111111", "[card]"),
    "in fours": ("4111-1111-1111-1111", "[card]"),
    "wrong last figure": ("4111111111111112", "4111111111111112"),
    "wrong last figure, cue": ("Visa 4111 1111 1111 1112", "Visa [card]"),
    "15 figures, American Express": ("3782 822463 10005", "[card]"),
    "true Luhn outside every range": ("1111111111111117", "1111111111111117"),
    "a product's EAN of 13 figures": ("6408430000123", "6408430000123"),
    "13 figures, old Visa": ("4222222222222", "[card]"),
    "two in a row": ("4111 1111 1111 1111 5555 5555 5555 4444", "[card] [card]"),
    "a year before it stays": ("2026 4111 1111 1111 1111", "2026 [card]"),
    "the date after it stays": ("4111 1111 1111 1111 12/28", "[card] 12/28"),
}
PHONES = {
    "mobile together": ("0400001234", "[phone]"),
    "in groups": ("040 000 1234", "[phone]"),
    "hyphen": ("040-0001234", "[phone]"),
    "dots in threes": ("040.000.1234", "[phone]"),
    "after a colon": ("puh:0400001234", "puh:[phone]"),
    "after letters of a cue": ("gsm0400001234", "gsm[phone]"),
    "one figure short": ("040 0012", "040 0012"),
    "a number of pieces after it stays": ("0400001234 2 kpl", "[phone] 2 kpl"),
    "international": ("+358 40 000 1234", "[phone]"),
    "with (0)": ("+358 (0)40 000 1234", "[phone]"),
    "with 00": ("00358 40 000 1234", "[phone]"),
    "a sum after it stays": ("+358 40 000 1234 100", "[phone] 100"),
    "no country has it": ("+5 000 000", "+5 000 000"),
    "landline": ("(09) 5550 1234", "[phone]"),
    "landline and a number": ("09 5550 1234 10 kpl", "[phone] 10 kpl"),
    "a list without blanks": ("0400001234,0400001235", "[phone],[phone]"),
    "month and year": ("09 2024", "09 2024"),
    "hours": ("08-16", "08-16"),
    "date": ("01.02.2024", "01.02.2024"),
    "figures after a cue": ("soittakaa 4000012", "soittakaa [phone]"),
    "the same without one": ("kilometrit 4000012", "kilometrit 4000012"),
    "kilometres": ("120 000 km", "120 000 km"),
    "American": ("202-555-0143", "[phone]"),
    "spoken tens": ("nolla viiskyt nolla yks kaks kolme", "[phone]"),
    "six spoken figures": ("nolla neljä nolla yksi kaksi kolme", "[phone]"),
    "five spoken figures": ("nolla neljä nolla yksi kaksi", "nolla neljä nolla yksi kaksi"),
}
EMAILS_AND_LINKS = {
    "plain": ("matti@posti.example", "[email]"),
    "the full stop after it stays": ("matti@posti.example.", "[email]."),
    "ä before and after": ("mäki@hämä.example", "[email]"),
    "ending forgotten": ("matti@posti", "[email]"),
    "a price is none": ("5@10", "5@10"),
    "a nickname is none": ("@yritys", "@yritys"),
    "(at)": ("matti (at) posti.example", "[email]"),
    "spoken": ("matti ät posti piste fi", "[email]"),
    "plain English 'at'": ("look at posti.example", "look at posti.example"),
    "query cut": ("https://a.example/x?id=7", "https://a.example/x?[cut]"),
    "fragment cut": ("https://a.example/x#k=7", "https://a.example/x#[cut]"),
    "no query": ("https://a.example/kahvi-2000", "https://a.example/kahvi-2000"),
    "no scheme": ("a.example/x?id=7", "a.example/x?[cut]"),
    "token in the path": (
        "https://a.example/r/0123456789abcdef0123/ok",
        "https://a.example/r/[cut]/ok",
    ),
    "15 characters are a word": ("https://a.example/abcdefghij12345",) * 2,
    "login": ("https://matti:salasana@a.example/", "https://[email]/"),
    "a question": ("Mitä?", "Mitä?"),
}  # fmt: skip
ADDRESSES = {
    "street and number": ("Kotikatu 3", "[address]"),
    "street alone": ("Kotikatu", "Kotikatu"),
    "in a case": ("Kotikadulla 3", "[address]"),
    "number in a case": ("Kotikatu 3:ssa", "[address]:ssa"),
    "stairs, flat, town": ("Kotikatu 3 A 5, 00100 Helsinki", "[address]"),
    "lower case": ("kotikatu 3 b 12", "[address]"),
    "over two lines": ("Kotikatu 3\n00100 Helsinki", "[address]"),
    "a lone Swedish i is a word": ("Storgatan 5 i Vasa", "[address] i Vasa"),
    "first word": ("Iso Roobertinkatu 20", "[address]"),
    "name in two words": ("Aleksis Kiven katu 5", "[address]"),
    "a road": ("valtatie 4", "valtatie 4"),
    "the road's number": ("Tie 51", "Tie 51"),
    "weak word with a flat": ("Puutori 3 A 5", "[address]"),
    "weak word alone": ("Puutori 3", "Puutori 3"),
    "weak word after a cue": ("osoite on Puutori 3", "osoite on [address]"),
    "monitor": ("Monitori 27", "Monitori 27"),
    "report": ("Raportti 5", "Raportti 5"),
    "postal code alone": ("00100 Helsinki", "00100 Helsinki"),
    "English": ("12 High Street", "[address]"),
    "English without number": ("High Street", "High Street"),
    "decimal": ("Kotikatu 3,5 km", "Kotikatu 3,5 km"),
    "number in words": ("osoite on Koulukatu kakstoista", "osoite on [address]"),
    "number in words, no cue": ("Koulukatu kaksi", "Koulukatu kaksi"),
    "Swedish road": ("Riksväg 8", "Riksväg 8"),
}
PLATES = {
    "cue before": ("rekisteri ABC-123", "rekisteri [plate]"),
    "cue after": ("ABC-123 on autoni", "[plate] on autoni"),
    "no cue": ("tuote ABC-123", "tuote ABC-123"),
    "lower case with a sure cue": ("rekkari abc-123", "rekkari [plate]"),
    "lower case with a weak cue": ("auto abc-123", "auto abc-123"),
    "a make": ("autoni on BMW-320", "autoni on BMW-320"),
    "a word and a number": ("rekisterissä oli 123", "rekisterissä oli 123"),
    "automatic is no car": ("automaatti ABC-123", "automaatti ABC-123"),
}
BIRTHDATES = {
    "cue": ("syntynyt 12.3.1985", "syntynyt [birthdate]"),
    "short cue": ("Matti, s. 12.3.1985", "[name], s. [birthdate]"),
    "month in words": ("born on March 12, 1985", "born on [birthdate]"),
    "no cue": ("tilattu 12.3.1985", "tilattu 12.3.1985"),
    "no full date": ("syntynyt 1985", "syntynyt 1985"),
}
NUMBERS_WITH_A_CUE = {
    "customer number": ("asiakasnumero 4488", "asiakasnumero [id]"),
    "inflected": ("tilausnumeroni on A-2291034", "tilausnumeroni on [id]"),
    "two figures are too few": ("asiakasnumero AB12", "asiakasnumero AB12"),
    "no number follows": ("asiakasnumero puuttuu 12.3.", "asiakasnumero puuttuu 12.3."),
    "a year without the cue": ("tilasin 2024", "tilasin 2024"),
}
NAMES = {
    "first and last": ("Tapasin Matti Virtasen", "Tapasin [name]"),
    "first in a case": ("annoin Matille", "annoin [name]"),
    "particle": ("Mattikin tuli", "[name] tuli"),
    "town after a case": ("Kiitos Jussille Tampereen", "Kiitos [name] Tampereen"),
    "surname in a case": ("soitin Virtaselle", "soitin [name]"),
    "Swedish genitive": ("Johanssons hund", "[name] hund"),
    "hyphen": ("Anna-Maija Virtanen", "[name]"),
    "word name alone": ("Toivo on mennyt", "Toivo on mennyt"),
    "word name and surname": ("Toivo Virtanen on mennyt", "[name] on mennyt"),
    "word name and a noun": ("Meri Lapland", "Meri Lapland"),
    "a verb": ("Annan palautetta", "Annan palautetta"),
    "greeting makes it a name": ("Hei Satu, kiitos", "Hei [name], kiitos"),
    "greeting of nobody": ("Hei Asiakaspalvelu, kiitos", "Hei Asiakaspalvelu, kiitos"),
    "introduction": ("nimeni on Zxyq Qwerty", "nimeni on [name]"),
    "introduction of no name": ("nimeni on väärin", "nimeni on väärin"),
    "lower case after introduction": ("nimeni on matti virtanen", "nimeni on [name]"),
    "I am": ("olen Nokian asiakas", "olen Nokian asiakas"),
    "signature": ("terveisin Zxyq Qwerty", "terveisin [name]"),
    "signature of a mood": ("terveisin Pettynyt asiakas", "terveisin Pettynyt asiakas"),
    "signature in lower case": ("t. maija", "t. [name]"),
    "signed with a dash": ("Aika pitkä odotus. -Zxyq", "Aika pitkä odotus. -Zxyq"),
    "listed name after a dash": ("Pitkä odotus. -Maija", "Pitkä odotus. -[name]"),
    "listed name after a slash": ("Pitkä odotus. /Kalle", "Pitkä odotus. /[name]"),
    "a dash before a discount": ("Miksi? -50 % ei toimi", "Miksi? -50 % ei toimi"),
    "a time of 5 t.": ("Se kesti 5 t. Laitoin viestin", "Se kesti 5 t. Laitoin viestin"),
    "Mr": ("Mr Zxyq was rude", "Mr [name] was rude"),
    "I miss": ("I miss London", "I miss London"),
    "brand": ("Aino Aalto -lasi", "Aino Aalto -lasi"),
    "shouted word": ("OVEN SAA AUKI", "OVEN SAA AUKI"),
    "shouted name": ("KIITOS MATTI", "KIITOS [name]"),
    "decomposed ä": ("Ma\u0308kinen soitti", "[name] soitti"),
    "family": ("Korhoset ottivat paketin", "[name] ottivat paketin"),
    "town of Salo": ("Tilasin Salosta", "Tilasin Salosta"),
    "genitive surname first": ("annoin Koskisen Liisalle", "annoin [name]"),
    "genitive of a town first": ("kiitos Espoon Liisalle", "kiitos Espoon [name]"),
    "initial": ("laskulla A. Nieminen", "laskulla [name]"),
    "surname first": ("nimi Virtanen Matti", "nimi [name]"),
    "company": ("Virtanen Oy toi sen", "Virtanen Oy toi sen"),
    "company with a word": ("Mäkisen Leipomo Oy:n lasku", "Mäkisen Leipomo Oy:n lasku"),
    "person before a company": ("Matti Virtanen Oy", "[name] Oy"),
    "and sons": ("Johnson & Sons came", "Johnson & Sons came"),
    "sofa": ("Sohvamalli Elsa on loppu", "Sohvamalli Elsa on loppu"),
    "who bought the sofa": ("Sohvan Elsa osti itse", "Sohvan [name] osti itse"),
    "English sofa": ("The Emma sofa", "The Emma sofa"),
    "who sat on it": ("Emma sat down", "[name] sat down"),
    "compound": ("Pekka ja Pätkä -elokuva", "Pekka ja Pätkä -elokuva"),
    "called so": ("Pekka Virtanen -niminen mies", "[name] -niminen mies"),
    "square": ("Martti Ahtisaaren aukio", "Martti Ahtisaaren aukio"),
    "his errand": ("Martti Ahtisaaren asia", "[name] asia"),
    "relative": ("pojalleni Zxyqlle", "pojalleni [name]"),
    "relative in a place": ("siskoni Kuopiossa", "siskoni Kuopiossa"),
    "role": ("kuljettajanne Zxyq Qwerty soitti", "kuljettajanne [name] soitti"),
    "role from a place": ("kuljettaja Turusta", "kuljettaja Turusta"),
    "English relative": ("my husband Zxyq", "my husband [name]"),
    "English relative of nobody": ("a husband Zxyq", "a husband Zxyq"),
    "word name that promises": ("Toivo lupasi palata", "[name] lupasi palata"),
    "word name inside": ("kysyin kun Satu vastasi", "kysyin kun [name] vastasi"),
    "word name given to": ("annoin sen Onnille", "annoin sen [name]"),
    "given in lower case": ("kysykää jarilta", "kysykää [name]"),
    "days in lower case": ("muille päiville", "muille päiville"),
    "here": ("Zxyq Qwerty täällä hei", "[name] täällä hei"),
    "nobody here": ("Kukaan täällä", "Kukaan täällä"),
    "I'm": ("I'm Zxyq, hello", "I'm [name], hello"),
    "I'm Finnish": ("I'm Finnish, hello", "I'm Finnish, hello"),
    "aunt": ("Sirkka-täti", "[name]"),
    "whole name from a place": ("Toivo Ahonen Oulusta", "[name] Oulusta"),
    "thanks": ("Thanks, Zxyq", "Thanks, [name]"),
    "a Swede": ("Igår ringde Agneta Blomqvist", "Igår ringde [name]"),
    "a Briton": ("It was Abigail Cooper again", "It was [name] again"),
    "brand in a case": ("Kaj Franckin kannu", "Kaj Franckin kannu"),
    "shop": ("Clas Ohlson ei vastaa", "Clas Ohlson ei vastaa"),
    "Swedish for nobody": ("- Ingen svarar", "- Ingen svarar"),
    "form of a verb": ("Kokoa hylly ensin", "Kokoa hylly ensin"),
    "form of a cottage": ("Tuvan ovi jumittaa", "Tuvan ovi jumittaa"),
}  # fmt: skip

TABLES = {
    "identity code": IDENTITY_CODES,
    "account": ACCOUNTS,
    "card": CARDS,
    "phone": PHONES,
    "email or link": EMAILS_AND_LINKS,
    "address": ADDRESSES,
    "plate": PLATES,
    "birthdate": BIRTHDATES,
    "cued number": NUMBERS_WITH_A_CUE,
    "name": NAMES,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(*pair, id=f"{kind}: {case}")
        for kind, table in TABLES.items()
        for case, pair in table.items()
    ],
)
def test_boundary(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_a_whole_message_stays_readable() -> None:
    text = (
        "Hei, nimeni on Matti Virtanen ja numeroni on 040 000 1234. Auto ABC-123 jäi pihalle "
        "osoitteeseen Kotikatu 3 A 5, 00100 Helsinki. t. Matti"
    )
    assert redact(text) == (
        "Hei, nimeni on [name] ja numeroni on [phone]. Auto [plate] jäi pihalle "
        "osoitteeseen [address]. t. [name]"
    )


def test_own_patterns_in_any_case() -> None:
    own = (r"\bKP-\d{6}\b", r"\bAS\d{4}\b")
    assert (
        redact("Tilaus kp-123456 ja as1234, ei kp-12345", own) == "Tilaus [id] ja [id], ei kp-12345"
    )
    assert redactor(own)("KP-123456") == "[id]"
    assert redact("KP-123456") == "KP-123456"


def test_own_patterns_cannot_eat_placeholders() -> None:
    assert redact("Matti ja Maija", (r".+",)) == "[id]"
    assert redact("[name] ja [name]", (r".+",)) == "[name][id][name]"
    assert redact("abc", (r"x*",)) == "abc"  # an empty match is none


def test_a_bad_own_pattern_says_where() -> None:
    with pytest.raises(Misconfigured, match=r"organisation\.yaml, redact: '\('"):
        redactor(("(",))


def test_the_redactor_is_compiled_once() -> None:
    assert redactor((r"\d{9}",)) is redactor((r"\d{9}",))
