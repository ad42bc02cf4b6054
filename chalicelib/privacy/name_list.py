"""First names and surnames that redaction knows, and words that only look like them.

Our own list of common Finnish, Swedish and English names. A name that is also an everyday word,
a month, a town or a brand stands in WORD_NAMES: it counts only before a surname or after a cue.
"""

from __future__ import annotations

_FIRST_NAMES = """
aapo aarne aaro aaron aatu aava abdi abdullah adam adele agda ahmed aija aili aini aisha akseli
aku albert aleksandr aleksanteri aleksi alexander alexei alfred alice alina alisa alison alpo
amalia amanda amina amy anders andrea andrei andrew anette angela anita anitta anja ann anne
annele anneli annelie anniina annika annikki annukka anselmi anssi antero anthony anton antti anu
ariel arja armi arthur arto arttu artturi arvi ashley asseri asta atso atte auli aulikki aulis
aune auvo axel barbara barry beata bengt benjamin bernard bertil beth betty bianca birger birgit
birgitta brandon brian britta bruce bruno camilla carina carita carl carlos carol carola caroline
catarina catherine cecilia charles charlie charlotta charlotte chloe chris christa christer
christian christina christine christoffer christopher claire colin craig cynthia dag daniel
daniela darren david deborah debra dennis derek diane dimitri dmitri donald donna dorothy douglas
duncan ebba ebbe edla edvin edward eemeli eemil eerik eerika eerikki eero eetu eeva eevi eija eila
eileen einari eini eino elena elias eliel eliisa elin elina elisabet elisabeth elizabeth ellen
ellinoora ellinor elmeri elsa elsi elviira elvira emil emilia emily emma emmanuel emmi enni eric
erik erika erja erkka erkki ernesti erno ernst esko ester esteri ethan eva eveliina evelina evelyn
ewa fanni fatima felix filip filippa fiona folke fredrik fredrika frida gabriel gareth gary gavin
geoffrey george gerald gillian gordon graham gregory greta gunilla gunnar gunnel gustaf gustav
göran gösta hampus hanna hannah hannaleena hannamari hannele hannes hannu hans harold harri
harriet harry hassan hedvig heidi heikka heikki heimo heini helen helena helene helga heli helinä
heljä hemmo henna henni henri henriikka henrik henrika henrikki henry hermanni hilda hilja hilkka
hjalmar howard hugh hussein håkan ian ibrahim igor iida iikka iina iines iiris iiro iisakki iivari
ilari ilkka ilmari ilpo inga inger ingmar ingrid inkeri irene irina irja irma irmeli isabel
isabella isak isto ivan ivar jaakko jaana jacqueline jake jakob jalmari jalo james jami jamie jane
janet jani janice janika janina janita janne jari jarkko jarko jarmo jarno jasmin jason jeanette
jeffrey jenna jenni jennifer jenny jere jeremias jeremy jerker jesse jessica jill jim jimi jimmy
jiri joakim joan joanna joanne johan johanna johannes john jonas jonatan jonathan joni jonna jonne
jooel joona joonas joonatan jorma josefin josefina joseph joshua jouko jouni joyce judith judy
juha juhana juhani juho jukka jukkapekka julia julie julius jussi justin jutta juuli juulia juuso
jyri jyrki kaapo kaarina kaarlo kaija kaisa kaisu kaius kalervo kalevi kalle karen karin karl
karoliina kasper kasperi katariina katarina kate katherine kathleen kathryn kati katja katri
katriina kauko keijo keith kelly kenneth kent kerstin kerttu kevin khadija kim kimi kimmo kirsi
kirsikka kirsti kjell klas knut konsta kosti kristian kristiina kristina kristoffer kustaa
kyllikki kyösti laila larry lars lasse lassi laura lauren lauri lawrence leah leena leevi leif
leila lena lennart lenni leonard lewis leyla liam liisa lilian lina linda linnea lisa lisbeth
lotta louis louise lovisa lucy lukas luke lynn lyydia maaria maarit magnus maija maiju maikki
maire maja malcolm malena malin manu margaret margareta margit maria marianne marie mariia marika
marilyn marisa marita maritta marjaana marjatta marjo marjukka marjut marketta markku marko markus
marleena martha martin martta martti mary mateo mathias matias matilda matleena matthew matthias
matti mattias mauno mauri meeri megan mehdi mehmet meiju melina melissa merja mervi michael
michaela michelle mico miika miikka miina mikael mikaela mike mikko milena milja milka mimmi minea
minna minttu mira mirella mirja mirka mirkka miro mirva miska moa mohamed mohammed molly monica
monika moona muhammad mustafa mårten nadja nana nancy nanna natalia natalie nathalie nathan neil
nguyen nicholas nicklas nicola nicole nigel niilo niina niklas niko nikolai nils nina noah noel
nooa noora norman oksana olavi oleksandr olena olga oliver olivia olli olof omar oona orvokki
oskar oskari osmo otso otteri outi paavali paavo pamela pasi patricia patrick patrik paul paula
pauli pauliina pauline pavel peetu pekka pentti peppi pernilla pertti peter petra petri petrus
petter petteri philip phillip pia pihla piia pinja pirita piritta pirjo pirkko pirre pontus priya
pyry päivi päivikki pär rachel ragnar rahul raija raila raili raimo raine raisa ralph ramona ransu
rasmus rauli rauni raymond rebecca rebecka rebekka reeta reetta reijo reima reino rhys richard
riikka riina riitta riku risto ritva robert roger rolf ronald roni ronja roosa rosanna rosemary
roy russell ruth ryan saana saara sabina saija saila saku salme samantha samira samppa samu samuel
samuli sandra sanelma sanna sannamari santeri santra santtu sarah sarianna sasu scott sean
sebastian seela senja seppo sergei severi sharon sheila shirley sigrid silja simo simon sinikka
sirja sirkka sirkku sirpa sixten sofie sohvi soile soili solveig sonja sophie stacey staffan
stefan stellan stephanie stephen steve steven stuart sture susan susanna susanne suzanne svante
sven svetlana sylvi sylvia taina taneli tanja tanya tapani tapsa tarja tatiana tatjana tatu tauno
tea teea teemu teija teijo teppo terence teresa terhi tero thea theresa therese thomas tiia tiina
tiitus tilda timo timothy tina titta tobias tom tomas tommi tommy toni topi topias torbjörn tore
torsten tove tracey tracy trevor tuija tuomas tuomo tuukka tuula tuulia tuulikki tytti tyyne tyyra
ulf uljas ulla ulrica ulrik ulrika unna urho urpo valdemar valeria valerie valter valto vanessa
veera veijo veikko veini venla verneri veronica vertti viggo viivi viktoria vilhelmi vilhelmiina
vilho viliina viljami ville villiam vilma vincent vivan vivian vladimir väinämö väinö walter wayne
wendy wesley wilhelm william wilma yasmin ylva yngve yulia yusuf yvonne zahra zara zoe åke örjan
"""
#: First names that are hardly anything else.
FIRST_NAMES = frozenset(_FIRST_NAMES.split())

_WORD_NAMES = """
aada aamu aarni aarre ahti ahto aimo aino aki alan alex ali alma anna annamari anni antto april
ari armas art arvo asko asser august aura auri aurora austin autumn ben bill björn bo bob brook
bror buck carter chase chip chuck clay cliff cole daisy dale dan dawn dean diana dick don drew
earl eeli eelis elisa elli elo else erland esa essi eve faith fay florence frank gail gene georgia
ginger grace grant gull gun gus guy hank hazel heather hellä helmi hely hilla hilppa holly hope
hunter ida ilo ilona ilta impi inari inka inna into iris isla ivy jack jan janni jay jean jo joe
joel jordan jose josh joy june kaarle kai kaino kaisla kanerva kari karita ken kielo kiia kirk kit
kukka lahja lance lane lauha lea lee lempi leo lilja lily linden lou luka lumi lyyli mari marina
marja mark markka mats max may melody meri mette mika mila miles mimosa mio mona nea nella nelli
nick niki norm nuppu nuutti oili oiva ola olive olle onerva onni orvo oscar ossi otava otto ove
paris parker pat pearl penny per pete phil pierce piers pilvi pirkka raakel rae raino raita rami
rauha rauno ray reed reko reni rich rita rob robin rod ronny rose ruby runa rune rusty rut saaga
sade saga sakari sakke salla salli sally sam sami sampo sandy sanni sara sari satu seija selma
sini sisu siv skip sky sofia soini sointu stanley stella sten stew stig stina sue sulho sulo
summer sune sunny suoma suvi taika taimi taito tapio tarmo taru ted tellervo terho terttu tiffany
tim toby toivo tony tor torsti touko troy tuire tuisku ture tuuli tyyni tähti unni unto urpu usko
utu valma valo valtteri van vanamo vappu veli vera vesa vic victor victoria viena vieno vilja
viljo viola violet virginia virpi voitto vuokko wade ward will willow yrjö
"""
#: First names that are also words, months, towns or brands.
WORD_NAMES = frozenset(_WORD_NAMES.split())

_SURNAMES = """
aaltonen ahonen andersson anttonen backman bergman bergström blomqvist carlsson davies ekholm
ekström engström eriksson eronen eskelinen evans fagerholm forsman forsström grönholm gustafsson
gustavsson hakala hakkarainen halonen hedman heikkilä heikkinen heinonen hellström henriksson
hiltunen hirvonen holmberg holmström holopainen honkanen hughes huttunen hyvärinen hyvönen
hänninen ikonen ilvonen immonen jaakkola jansson johansson johnson johnsson jokinen jones juntunen
juvonen jääskeläinen kainulainen karlsson karppinen karvonen kauppinen kekkonen kemppainen
kervinen keränen ketonen kettunen kinnunen kiviniemi koistinen kokkonen kolehmainen komulainen
koponen korhonen korpela koskela koskinen kronqvist kukkonen kuosmanen kuusisto kärkkäinen
laakkonen laaksonen laatikainen laitinen lampinen lappalainen larsson lassila laukkanen lehtinen
lehtonen leinonen leppänen leskinen liimatainen lindberg lindblom lindgren lindholm lindqvist
lindroos lindström lipponen lukkarinen lundberg lundqvist löfgren manninen martikainen mattila
mattsson miettinen moilanen mustonen mykkänen mäenpää mäkelä mäkinen määttä nevalainen niemelä
nieminen nilsson niskanen nordström nurminen nyberg nygård nykänen nyman o'brien o'connor ojala
oksanen ollikainen olsson paananen pakarinen palonen partanen parviainen patel pekkarinen pelkonen
peltola peltonen pennanen persson pesonen petersson pettersson pietikäinen pirinen pitkänen
pulkkinen puustinen rantanen rautiainen remes riihimaa rissanen robinson ronkainen rosenberg
rosenqvist ryynänen räikkönen räsänen saarela saarinen saastamoinen salmela salminen salonen
sandström sarkola seppälä seppänen sihvonen sillanpää simonen simpson sirola sjöberg sjöblom smith
suhonen suominen svensson söderholm söderlund söderström tamminen tanskanen tervonen thompson
tiainen tiihonen timonen toivanen toivonen tolonen tolvanen tuominen tuovinen turpeinen turunen
uusitalo valkonen vanhanen vartiainen vatanen vesterinen vilkkumaa virtanen vuorinen väisänen
väyrynen väänänen wahlström walters watson westerholm westerlund wilkinson williams williamson
ylinen ylitalo ylönen åkerman öhman österberg
"""
#: Surnames that are not everyday words, places or companies.
SURNAMES = frozenset(_SURNAMES.split())

_SURNAME_WORDS = """
aalto baker berg björk black brown clark cook dahl ek green hall harju heino hill holm järvi
kallio kangas king kivi koivu koski kuusi laakso lahti laine lampi lehto lind linna lund luoma
metsä moore mäki niemi ranta repo rinne rossi saari salmi salo strand taylor turner virta vuori
walker ward white wood wright young
"""
#: Surnames that are words: only after a first name.
SURNAME_WORDS = frozenset(_SURNAME_WORDS.split())

_NOT_SURNAMES = """
ab and april as august augusti automaatti bonus card christmas december ei elokuu en että februari
february gmbh har has hei heinäkuu helmikuu huhtikuu hän i inc is ja jag januari january jos joulu
joulukuu juli july june juni kaupat kauppa kesäkuu kiitos kortti kun lokakuu ltd maaliskuu maj
march marraskuu mars max may mini mobiili moi mutta november och october oktober oli on oy oyj
pankki plus premium pro ry said sanoi saunalahti se september shop store syyskuu tammikuu
terveisin the tili toukokuu viihde was är
"""
#: Capitalised words after a first name that are no surname.
NOT_SURNAMES = frozenset(_NOT_SURNAMES.split())

_NOT_NAMES = """
a ainiin aivan an angry anonymous anonyymi arg asiakas asiakaspalvelu asiakkaanne asiakkaasi bean
besviken calling concerned customer disappointed edelleen ei email en entinen erittäin eräs espoo
ett finland finnish former from glad gsm happy helsinki here huolestunut hyvää inte jo joen jonne
jonnekin joukkoon joukossa joukosta just kiitollinen kiitos kirjoitettu kiukkuinen kukakin
kuluttaja kund kunden kundtjänst käyttäjä looking loyal lähetetty martens missnöjd monikaan
mukavaa muscle myös never nikon nimetön no not nyt nöjd odotamme odotan odottaa oetker ollut
onnellinen orolig oulu ovea oven ovessa ovesta pepper pettynyt philips philipsiltä philipsin pian
pitkäaikainen pitkästä puh puhelin regular roberts sent service skickat so sorry still stockholm
suomalainen suomi support surullinen swedish tampere tanskasta team tel terveisin the tiimi
tilaaja tilaus tilausnumero todella toivottavasti trogen trying turku turusta tyytymätön
tyytyväinen unable unhappy user uskollinen uusi vanha vantaa very vihainen voisitteko väärin
waiting writing yksi yliseen
"""
#: Words after a signature, a title or an introduction that are nobody's name.
NOT_NAMES = frozenset(_NOT_NAMES.split())

#: A first name and a surname that are a brand, a product or a figure of public life.
BRANDS = frozenset(
    {
        "aino aalto",
        "alvar aalto",
        "ben jerry",
        "calvin klein",
        "carl zeiss",
        "elizabeth arden",
        "harry potter",
        "hugo boss",
        "jack daniels",
        "jack jones",
        "john deere",
        "johnnie walker",
        "kaj franck",
        "karl fazer",
        "karl lagerfeld",
        "marks spencer",
        "martin luther",
        "mary kay",
        "michael kors",
        "oiva toikka",
        "oscar mayer",
        "paavo nurmi",
        "paul mitchell",
        "peter pan",
        "ralph lauren",
        "ray ban",
        "rolls royce",
        "tiger woods",
        "tommy hilfiger",
        "vivienne westwood",
    }
)
