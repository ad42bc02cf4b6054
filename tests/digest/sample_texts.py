"""What the invented store's invented customers wrote, redacted."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.digest.contents import QuoteKey

QUOTES: Mapping[QuoteKey, tuple[str, ...]] = {
    ("late-delivery", "negative"): (
        "Sohvan piti tulla tiistaina. Nyt on perjantai eikä kukaan osaa sanoa, missä se on.",
        "Toimitus on siirtynyt jo kolmesti, ja joka kerta olen ottanut töistä vapaata.",
        "Sain viestin, että paketti on toimitettu, mutta mitään ei ole tullut.",
        "Sänky myöhässä kaksi viikkoa. Nukumme lattialla.",
        "Toimitusaika vaihtuu joka kerta kun kysyn.",
        "Odotimme kuljetusta koko päivän turhaan, eikä kukaan ilmoittanut mitään.",
        "Toimitus myöhässä taas.",
    ),
    ("damaged", "negative"): (
        "Lipaston kulma oli lommolla jo paketissa.",
        "Peili tuli pirstaleina. Pakkaus oli selvästi pudonnut.",
        "Pöytälevyssä pitkä naarmu, ja tämä on jo toinen vaihtokappale.",
        "Kaapin ovi oli vääntynyt eikä mene kiinni.",
        "Uusi tuoli, mutta jalka oli haljennut kuljetuksessa.",
    ),
    ("returns", "negative"): (
        "Palautin tuotteen kolme viikkoa sitten, eikä rahoja näy.",
        "Palautusohje puuttui paketista, joten jouduin soittamaan.",
        "Hyvitystä luvattiin viikossa. Nyt on mennyt viisi.",
        "Palautuksesta ei tule mitään kuittausta.",
        "Hyvitys tuli väärälle tilille, kiitos [name].",
    ),
    ("phone-queue", "negative"): (
        "Jonotin neljäkymmentä minuuttia ja puhelu katkesi.",
        "Takaisinsoittoa luvattiin, mutta kukaan ei soittanut.",
        "Puhelinjonossa sama musiikki puoli tuntia.",
        "Olin numero 27 jonossa, luovutin.",
        "Miksi jono on aina näin pitkä?",
    ),
    ("billing", "negative"): (
        "Sain saman laskun kahteen kertaan.",
        "Laskussa on tuote, jonka peruin jo ennen toimitusta.",
        "Maksoin kaupassa, ja silti tuli muistutuslasku.",
        "Alennus puuttuu laskusta, vaikka se näkyi tilauksessa.",
        "Laskun summa ei täsmää tilaukseen.",
    ),
    ("friendliness", "positive"): (
        "Myyjä jaksoi selittää kaiken kolmeen kertaan hymyssä suin.",
        "Ihana palvelu! Tuli tunne, että minua kuunneltiin.",
        "Kiitos iloiselle kassalle, pelasti päiväni.",
        "Henkilökunta auttoi kantamaan maton autoon asti.",
        "Ystävällisin asiakaspalvelu pitkään aikaan.",
    ),
    ("driver", "positive"): (
        "Kuljettaja kantoi hyllyn kolmanteen kerrokseen ja vei pahvitkin.",
        "Soitti etukäteen ja tuli minuutilleen.",
        "Kohtelias ja varovainen kuljettaja, ovenpielet säästyivät.",
        "Reipas kuski, suuret kiitokset!",
        "Kuljettaja odotti kärsivällisesti, kun etsin avaimia.",
    ),
    ("quality", "positive"): (
        "Pöytä on tukevampi kuin vanha, joka maksoi tuplasti.",
        "Kangas tuntuu hyvältä ja on kestänyt koiran.",
        "Todella kaunis viimeistely.",
        "Viides vuosi menossa ja tuoli on kuin uusi.",
        "Laatu yllätti hintaan nähden.",
    ),
}
