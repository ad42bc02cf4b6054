"""First names and surnames that redaction knows, and words that only look like them.

Our own list of common Finnish, Swedish and English names. A name that is also an everyday word,
a month, a town or a brand stands in WORD_NAMES: it counts only before a surname or after a cue.
"""

from __future__ import annotations

_FIRST_NAMES = """
aapo aarne aaro aaron aatu aava abdi abdullah adam adele adnan agda ahlam ahmed aija aili aini aisha
ajay akseli aku albert aleksandr aleksandra aleksanteri aleksi alexander alexandru alexei alfons
alfred algot alice alina alisa alison allu alpo amalia amanda amina amy anastasia anca anders andrea
andreas andrei andreja andrew andrus andy anette angela angelo anil anisa anita anitta anja ankit
ann anne annele anneli annelie anniina annika annikki annina annu annukka anselmi anssi antero
anthony anton antonella antonio antti anu anuj aram arash ariel arja arjun arkadi arlind armi arne
arsi artem arthur artjom arto arttu artturi arvi arvid ashley aslak asma asseri asta astrid atle
atso atte attila auli aulikki aulimari aulis aune auvo axel ayaan ayan ayse barbara barry bashir
bassam beata bengt benjamin bente berit bernard bertil beth betty bianca bilal birger birgit
birgitta birgitte bjarne bogdan boris brandon brian britta bruce bruno burak camilla carina carita
carl carlo carlos carmen carol carola caroline catarina catherine cecilia cemal charles charlie
charlotta charlotte chen chiara chloe chris christa christer christian christina christine
christoffer christoph christopher claes claire clara claudia colin conny cornelia cosmin craig
cynthia dag dagmar daniel daniela danny danylo daria darius darren dave david deborah debra deniz
dennis derek diane diego dilan dimitri dina dmitri dmytro donald donna dorota dorothy douglas duncan
ebba ebbamaria ebbe eddie edith edla eduard edvin edward eemeli eemil eerik eerika eerikki eero eetu
eeva eevi egor eija eila eileen einari eini eino eira ekaterina elena elham elias eliel elif eliisa
elin elina elisabet elisabeth elise elizabeth ellen ellinoora ellinor elliot elmeri elmo elna elsa
elsi elviira elvira emil emilia emilie emily emma emmanuel emmi emre enni enrique eric erich erik
erika erja erkka erkki erling ernestas ernesti erno ernst esben eskil esko esra ester esteri ethan
eva eveliina evelina evelyn ewa ewert fadi fanni farah farhad fatima fatma federico felicia felix
fernando filip filippa fiona firat folke francesco francisco frans franz freddie fredrik fredrika
freja frida fritjof gabriel gabriella galina gareth gary gavin geoffrey georg george gerald gillian
giovanni giulia gizem gordon graham greg gregory greta grigori grzegorz gudrun guido gunilla gunnar
gunnel gustaf gustav göran gösta habib halima hamed hamid hampus hamza hanna hannah hannaleena
hannamari hanne hannele hannes hannu hans harald harold harri harriet harry hasan hassan hatice
hedvig heidi heidimaria heikka heikki heikko heimo heini heinrich helen helena helene helga helge
heli helinä heljo heljä helmeri hemming hemmo henkka henna henni henning henri henriikka henrik
henrika henrikki henry hermanni hien hilda hilde hilja hilkka hjalmar hoang howard hugh hugo hussein
huyen håkan ian ibrahim idris igor iida iikka iina iines iiris iiro iisakki iivari ilari ilja ilkka
ilkko ilmari ilpo imran inga ingeborg inger ingmar ingrid ingvar inkeri irena irene irina irja irma
irmeli isabel isabella isac isak ismail ismo isto ivan ivana ivar ivo jaakko jaana jacqueline jake
jakob jakub jalmar jalmari jalo jamal james jami jamie jane janek janet jani janice janika janina
janita janne jari jarkko jarko jarmo jarno jartsa jaska jasmiina jasmin jason javier jeanette jeff
jeffrey jelena jenna jenni jennifer jenny jens jere jeremias jeremy jerker jerzy jesse jessica
jevgeni jill jim jimi jimmy jiri joakim joan joanna joanne joao johan johanna johannes john johnny
jomppa jonas jonatan jonathan joni jonna jonne jooel joona joonas joonatan joose jorge jorma josefin
josefina josefine joseph joshua jouko jouni jovana joyce juanita judith judy juha juhana juhani
juhis juho jukka jukkapekka jukkis julia julie julius juri jurij jussi justin jutta juuli juulia
juuso jyri jyrki kaapo kaapro kaarina kaarlo kadri kaija kaisa kaisu kaius kalervo kalevi kalle
kamil karen karim karin karl karoliina karoline kasimir kaspar kasper kasperi katariina katarina
katarzyna kate katherine kathleen kathryn kati katinka katja katri katriina katrin katrina kauko
keijo keith kelly kenneth kenny kent kerstin kerttu kevin khadija khalid kim kimi kimmo kirill kirsi
kirsikka kirsten kirsti kirsu kjell kjersti klaara klas klaus knud knut konsta konstantin kosti
krista kristian kristiina kristiine kristina kristoffer krzysztof kurt kustaa kyllikki kyösti laila
laimi lamia larisa larry lars lasse lassi laszlo latif laura lauren lauri lawrence leah leena leevi
leif leila lena lene lennart lenni lenny leonard leonid leonor lewis leyla liam lidia liisa lilian
liliane lina linda linnea linnéa lisa lisbeth lizzie ljudmila lorena lorenzo lotta louis louise
lovisa luca lucia lucy luigi luisa lukas lukasz luke lynn lyydia maaria maarika maarit maciej magda
magdalena maggie magnar magnus mahmoud maija maiju maikki maire maja makke maksim malcolm malena
malgorzata malin manal mandy manu manuel marcel marcin marco marcus margareeta margaret margareta
margit maria mariam marian mariana marianne marie mariela mariella mariia marija marika marilla
marilyn mario marisa marita maritta marius marjaana marjatta marjo marjukka marjut marketta markku
marko markus marleena marta martha martin martina martta martti marwa mary maryam masa massimo matej
mateo mateusz mathias matias matilda matleena matteo matthew matthias matti mattias mauno mauri
meeri megan mehdi mehmed mehmet meiju melina melissa merete merja mervi michael michaela michal
michelle mico miika miikka miina mikael mikaela mike mikhail mikkel mikko milena milja milka milos
mimmi minea minh minna minttu mira mirella mirja mirjam mirjami mirka mirkka mirkku miro miroslav
mirva miska moa mohamed mohammad mohammed molly monica monika moona morten muhammad muhammed mumin
murat mustafa mustafe mårten nadja naima nana nancy nanna natalia natalie natalja natasha nathalie
nathan neea neil nestori nevena nguyen nicholas nicklas nicky nicola nicole nigel niilo niina nikita
niklas niko nikola nikolai nikolaj nikolas nils nima nina noah noel noemi nooa noora norman nuria
oksana olavi oleg oleksandr oleksandra olena olga oliver olivia olli olof omar oona orvokki oskar
oskari osmo ossian otso otteri ottilia outi paavali paavo pablo pamela paolo parisa pasi pate
patricia patrick patrik patryk paul paula pauli pauliina pauliino pauline pavel pavlo pawel pedro
peetu peggy pekka pena pentti peppi pernilla pertti peter petja petr petra petri petronella petrus
petter petteri philip phillip phuong pia pierre pihla piia pinja piotr pirita piritta pirjo pirkko
pirre plamen pontus poul priya pyry päivi päivikki pär rachel rafael raffaele ragnar rahul raija
raila raili raimo raine raisa rajesh ralph ramin ramon ramona ransu rasha rashid rasmus rauli rauni
raymond razan rebecca rebecka rebekka reeta reeti reetta reijo reima reino reza rhys ricardo
riccardo richard ricky riikka riina riitta rikard rikhard rikhart riku risto ritva robbie robert
roberto rodrigo roger rolf ronald roni ronja ronnie roosa rosanna rosemary rosita roy ruslan russell
rustam ruth ryan saana saara sabina sabine sadiq saeed saija saila saku salim salma salme samantha
samar samir samira sammy samppa samu samuel samuli sandeep sandra sandro sanelma sanjay sanna
sannamari santeri santiago santra santtu sarah sarianna saska sasu scott sean sebastian seela selim
senja sepi seppo sergei sergio serhii severi sharon sheila shirin shirley signe sigrid silja silvia
simo simon simone sinan sinikka sirja sirkka sirkku sirpa sixten slawomir sofie sofija sohvi soile
soili solveig sonja sophie soren sotiris stacey staffan stanislav stavros stefan stefania stefano
stellan stephanie stephen steve steven stuart sture suleiman sunil suresh susan susann susanna
susanne suzanne svante svein sven svetlana sylvi sylvia sylwia taavi tadeusz tahir taina taneli
tanja tanya tapani tapsa taras tariq tarja tatiana tatjana tatu tatyana tauno tea teea teemu teija
teijo teppo terence teresa terhi tero terry thanh thea theodor theresa therese thomas thorsten tiia
tiina tiinu tiiti tiitus tiiu tilda timo timothy timur tina titta tobias tom tomas tomasz tommaso
tommi tommy tompa toni topi topias toralf torbjörn tore torsten torvald tove tracey tracy trevor
trine trygve tuija tuomas tuomo turid tuukka tuula tuulia tuulikki tytti tyyne tyyra ulf uljas ulla
ulrica ulrik ulrika ulrike unna urho urmas urpo ursula uwe valdemar valdis valentin valentina
valeria valerie valter valto vanessa vasili vasily veera veijo veikko veini venla verneri veronica
veronika vertti vicky vidar viggo viivi viivika viktor viktoria vilhelmi vilhelmiina vilho viliina
viljami viljar ville villiam vilma vincent vincenzo vitali vitalii vivan vivian vivien vlad vladimir
volodymyr väinämö väinö walter waltteri wayne wendy wesley wiktor wilhelm william wilma wojciech
xiang xiao yahya yasin yasmin yasmine yasser yevhen ylva yngve yoko youssef yrsa yuki yulia yuri
yusra yusuf yvonne zahra zainab zaki zara zbigniew zdenek zeinab zoe zofia zoltan zuzana åke åsa
åshild örjan östen öystein
"""
#: First names that are hardly anything else.
FIRST_NAMES = frozenset(_FIRST_NAMES.split())

_WORD_NAMES = """
aada aamu aarni aarre ahti ahto aimo aino aki alan alex ali alma anna annamari anni antto april ari
armas art arvo asko asser august aura auri aurora austin autumn ben bill björn bo bob brook bror
buck carter chase chip chuck clay cliff cole daisy dale dan dawn dean diana dick don drew earl edit
eeli eelis elisa elli ellis elo else erland esa essi eve faith fay finn florence frank gail gene
georgia ginger grace grant gull gun gus guy hank hazel heather hellä helmi hely hilla hilppa holly
hope hunter ida ilo ilona ilta impi inari inka inna into iris isla ivy jack jan janni jay jean jo
joe joel jordan jose josh joy june kaarle kai kaino kaisla kanerva kari karita kauri ken kielo kiia
kirk kit kukka lahja lance lane lauha lea lee lempi leo lilja lily linden linn liv lou luka lumi
lyyli mai mari marina marja mark markka mats max may maya melody meri mette mika mila milan miles
mimosa mio mona nea nella nelli nick niki norm nuppu nur nuutti oili oiva ola olive olle onerva onni
orvo oscar ossi otava otto ove paris parker pat pearl penny per pete phil pierce piers pilvi pirkka
raakel rae raino raita rami rauha rauno ray reed reko reni rich rita rob robin rod ronny rose ruby
runa rune rusty rut saaga sade saga said sakari sakke salla salli sally sam sami sampo sandy sanni
sara sari satu seija selma sini sisu siv skip sky sofia soini sointu stanley stella sten stew stig
stina sue sulho sulo summer sune sunny suoma suvi taika taimi taito tapio tarmo taru ted tellervo
terho terttu tiffany tim toby toivo tony tor torsti touko troy tuire tuisku ture tuuli tyyni tähti
unni unto urpu usko utu valma valo valtteri van vanamo vappu veli vera vesa vic victor victoria
viena vieno vilja viljo viola violet virginia virpi voitto vuokko wade ward will willow yrjö
"""
#: First names that are also words, months, towns or brands.
WORD_NAMES = frozenset(_WORD_NAMES.split())

_SURNAMES = """
aaltio aaltonen aarnio aartomaa ahlnäs ahlroos ahlstedt ahlström ahokas ahola ahonen ahtiainen
airaksinen alanen alatalo andersen andersson antfolk antikainen anttila anttonen arola arponen
asikainen atkinson auvinen backlund backman barnes bennett berglund bergman bergström björklund
blomberg blomqvist campbell carlsson coleman collins davies doherty edwards eerola ekholm ekman
ekström engström enlund enqvist eriksson erkkilä eronen eskelinen eskola evans fagerholm fagerström
fernandez forsman forss forsström friman gallagher garcia granlund granqvist griffiths grönholm
grönlund grönroos gustafsson gustavsson haapala haapanen haapaniemi haaparanta haapasalo haataja
haavisto hakala hakkarainen hakkinen halonen hamilton hannukainen hannula hansen harjula harjunen
harrison hartikainen hautala hautamäki hedman heikkilä heikkinen heikura heinonen heiskanen helenius
helin hellsten hellström henderson henriksson hietala hietanen higgins hiltula hiltunen hintikka
hirvelä hirvonen hodgson hokkanen holmberg holmqvist holmstedt holmström holopainen hongisto
honkanen hughes huhtala huhtanen huotari huovinen hutchinson huttunen hyttinen hytönen hyvärinen
hyvönen häggblom hägglund häkkinen hänninen härkönen häyrinen håkans höglund ihalainen ikonen
ikäheimo ilola ilvonen immonen inkinen isaksson isokangas isotalo ivanov ivanova jaakkola jaatinen
jalkanen jalonen janhunen jansson jantunen jauhiainen jenkins jensen johansen johansson johnson
johnsson jokinen jones jormanainen juntunen jurvanen jussila jutila juvonen järvelä järvinen
jääskeläinen kaartinen kaikkonen kainulainen kaivola kallioinen kalliomäki karhunen karlsson
karlström karppinen karttunen karvonen kaukonen kauppila kauppinen kauranen keinonen keinänen
kekkonen kekäläinen kemppainen kemppinen kennedy kerola kervinen keränen keskitalo ketola ketonen
kettunen kiiskinen kilpeläinen kilpinen kinnunen kirjavainen kivelä kivimäki kiviniemi kivistö
klemola knuutila knuutinen koistinen koivisto kokkonen kolehmainen komulainen kontinen kontkanen
koponen korhola korhonen korkala korkeamäki korpela korpinen kortelainen koskela koskimäki koskinen
kosonen kotilainen kotiranta kouvo kovalenko kowalenko kowalski kronholm kronman kronqvist krook
kujala kujanpää kukkonen kulmala kumar kumpulainen kuosmanen kurkinen kuronen kurvinen kuusela
kuusisto kyllönen kytölä kärkkäinen käyhkö köykkä laakkonen laaksonen laatikainen lahtela lahtinen
laitinen lamminen lampela lampinen lankinen lappalainen larsen larsson lassila lassinen laukkanen
lauronen lehikoinen lehtimäki lehtinen lehtola lehtonen lehtoranta leinonen lemmetty lempinen
lepistö leppäkoski leppälä leppänen leskinen liikanen liimatainen liimatta lindberg lindblom lindell
lindfors lindgren lindholm lindqvist lindroos lindström lindén linnanen lintula lintunen lipponen
lopez luhtala lukkarinen lundberg lundqvist luukkanen luukkonen lähteenmäki löfgren lönnqvist
macdonald makkonen malinen malmberg malmström mannila manninen mannonen markkanen markkula
martikainen martinez mattila mattsson mcdonald mckenzie meikäläinen melin mellin merikanto
meriläinen metsola metsälä metsäranta miettinen mikkola mikkonen mitchell mohamud moilanen mononen
montonen muhonen multanen murphy mustajärvi mustonen mykkänen myllylä myllymäki myöhänen mäenpää
mäkelä mäkinen mälkiä männikkö männistö mäntylä mäntynen määttä müller naumanen neuvonen nevala
nevalainen nguyen nielsen niemelä nieminen niinimäki niittymäki nikkanen nikkilä nikkinen nikula
nilsen nilsson niskala niskanen nissinen nokelainen nordström norrgård nousiainen nowak nurminen
nuutila nuutinen nyberg nygren nygård nyholm nykänen nylander nylund nyman närhi o'brien o'connor
oinonen ojala ojanen oksanen ollikainen olsen olsson ortamo ovaska paajanen paakkanen paananen
paasonen pajunen pakarinen palmgren palola palomäki palonen parkkinen parkkonen partanen parviainen
parvinen pasanen passinen patel patronen patterson paukkunen paunonen pedersen pekkarinen pelkonen
pellinen peltola peltomaa peltonen peltoniemi pennanen penttilä penttinen persson perttula perälä
pesonen petersson petrov petrova pettersson phillips pietikäinen piipponen piirainen pirhonen
pirinen pirttilä pitkälä pitkänen pohjanen pohjonen poikonen pollari puhakka pulkkinen puolakka
puranen purho puumalainen puustinen pylkkänen pyykkönen pöllänen pöyhönen raatikainen raitanen
rajamäki rantala rantanen rasila rasinmäki rautiainen rautio reinikainen remes richardson riihimaa
riikonen rintamäki rissanen ristola robertson robinson roivainen ronkainen ronkanen rosenberg
rosendahl rosenlund rosenqvist ruokonen ruuska ruuskanen rytilahti rytkönen ryynänen räihä räikkönen
räsänen räty röntynen saarela saarinen saarnio saastamoinen sainio sallinen salmela salmelainen
salminen salokangas salonen sandberg sandström santala sarajärvi sarkkinen sarkola saukkonen savonen
schmidt schneider seppälä seppänen sharma shrestha siekkinen sihvola sihvonen sillanpää siltala
silvennoinen silvonen simola simonen simpson sinisalo sipilä sipola sippola sirola sjöberg sjöblom
sjöström smeds smith snellman snickars soikkeli soininen sormunen stewart strandberg strömberg
suhonen sulander sulkala sullivan sundberg sundell sundqvist sundström suominen suutarinen svensson
syrjälä syrjänen syvänen särkelä särkkä säynätjoki söderberg söderholm söderlund söderström takala
tallgren talvitie tammela tamminen tanninen tanskanen tarkiainen tarvainen taskinen teittinen
tenhunen tervonen teräväinen thompson tiainen tiihonen tikkanen timonen tirkkonen toikka toivanen
toiviainen toivola toivonen tolonen tolvanen toppinen torkkeli torvinen tossavainen tuikka tukiainen
tulonen tuominen tuomisto tuovila tuovinen turpeinen turtiainen turunen törmänen törrönen uimonen
ulvinen uotila urpilainen utriainen uusitalo vaarala vaattovaara vainikainen vainio vainionpää
valkonen vallius valtanen valtonen vanhala vanhanen vanhatalo varjonen varonen vartiainen vatanen
vehviläinen veijola verkkonen vesala vesterinen vesterlund vihavainen viherkoski viinamäki
viinikainen viitala viitanen viljakainen viljanen vilkkumaa virtanen viskari vitikainen vitikka
vuorela vuorinen vuorio vähäkangas vähätalo väisänen väliaho välimaa välimäki väyrynen väänänen
wahlström wallenius wallin walters watson westerholm westerlund whitmore wickström wiklund wikman
wikström wilkins wilkinson williams williamson ylikoski ylinen ylitalo ylönen äijälä ärje åkerman
öhberg öhman österberg österholm
"""
#: Surnames that are not everyday words, places or companies.
SURNAMES = frozenset(_SURNAMES.split())

_SURNAME_WORDS = """
aalto abdi aho alanko ali anderson baker berg björk black borg brown clark cook dahl ek elo finne
fischer green hall harju hassan heino hill hirvi holm hussein hämäläinen jalava joensuu jokela jylhä
järvenpää järvi kallio kangas kangasniemi kankaanpää kanto karhu karjalainen kaski kaunisto kelly
keskinen khan king kivi kivinen koivu kontio korpi koski kuisma kurki kuusi kärki laakso lahtela
lahti laine lampi lappi lehto leino lilja lind linna lumme lund luoma luoto luusua marttila metsä
mohamed moore mäki niemi nummela nurmi oja oksa olli orava paju pelto pohjola puro rajala ranta
raunio repo rinne rintala roberts rossi ruotsalainen ryan saar saari salmi salo savolainen seppä
singh siren soini strand suni suo susi suutari taipale taivalkoski tamm tammi taylor tikka tuomi
turkki turner vaara valli varis vehmas virolainen virta vuori walker ward weber west white wood
wright young
"""
#: Surnames that are words: only after a first name.
SURNAME_WORDS = frozenset(_SURNAME_WORDS.split())

_NOUN_NAMES = """
aki anni ari arvo ben bill ilona jack kari lahja mark meri nick niko oiva onni pilvi rami rauha
rauno sally sam sami sari satu sini sue suvi taimi tapio tarmo taru tim toivo tuire tuuli urpu
usko vesa vieno
"""
#: Of WORD_NAMES those that are plain words, not brands or towns: a capital inside a sentence
#: makes them names.
NOUN_NAMES = frozenset(_NOUN_NAMES.split())

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
besviken calling concerned customer disappointed don't edelleen ei email en entinen erittäin eräs
espoo ett finland finnish former from glad gsm happy helsinki here huolestunut hyvää inte jo joen
jonne jonnekin joukkoon joukossa joukosta just kiitollinen kiitos kirjoitettu kiukkuinen kuka kukaan
kukakin kuluttaja kund kunden kundtjänst käyttäjä looking loyal lähetetty martens missnöjd monikaan
mukavaa muscle myös never nikon nilsiä nilsiän nimetön no not nyt nöjd odotamme odotan odottaa
oetker ollut onnellinen orolig oulu ovea oven ovessa ovesta pepper pettynyt philips philipsiltä
philipsin pian pitkäaikainen pitkästä puh puhelin regular roberts sent service skickat so sorry
still stockholm suomalainen suomi support surullinen swedish tampere tanskasta team tel terveisin
the tiimi tilaaja tilaus tilausnumero titan todella toivottavasti trogen trying turku turusta
tyytymätön tyytyväinen unable unhappy user uskollinen uusi vanha vantaa very vihainen voisitteko
väärin waiting writing yksi yliseen
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
