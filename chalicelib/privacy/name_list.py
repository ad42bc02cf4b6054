"""First names and surnames that redaction knows, and words that only look like them.

Our own list of common Finnish, Swedish and English names. A name that is also an everyday word,
a month, a town or a brand stands in WORD_NAMES: it counts only before a surname or after a cue.
"""

from __future__ import annotations

FIRST_NAMES = frozenset(
    """
    aaro aarne aaron aatu ahti aija aili aimo aini aino akseli alisa amalia anette anita anitta anja
    anneli annele annikki annika anniina annukka anssi anton antero antti anu anton arja armi arto
    arttu artturi arvo asko asta atte auli aulikki auvo benjamin birgit birgitta christa eemeli eemil
    eerik eerika eerikki eero eetu eeva eevi eija eila eila eini eino elias eliisa elina elisabet
    elmeri elsa elsi elviira emilia emmi enni erja erkki erno ester esko esteri eveliina fanni
    hanna hannamari hannele hannes hannu harri heidi heikki heini heljä helena helga helinä heli hemmo
    henna henni henri henrik henriikka henrikki hilda hilja hilkka iida iikka iina iiris iiro iivari
    ilari ilkka ilmari ilpo inari inkeri iris irja irma irmeli irene isto jaakko jaana jalmari jami
    jani janika janina janita janne jari jarkko jarmo jarno jasmin jenna jenni jere jesse jimi jiri
    joakim johanna joni jonna jonne joona joonas joonatan jorma jouko jouni juha juhana juhani juho
    jukka julius jussi jutta juuso jyri jyrki kaarina kaarlo kaija kaisa kaisu kalervo kalevi kalle
    kalevi karoliina katariina kati katja katri katriina kauko keijo kerttu kimi kimmo kirsi kirsti
    kristian kristiina kyllikki kyösti laura lauri leena leevi leila lempi lenni liisa linnea lotta
    maarit maija maiju maikki maire manu marianne marika mariia marita maritta marjaana marjatta
    marjo marjukka marjut marketta markku marko markus marleena martta martti matias matilda matleena
    matti mauno mauri meeri meiju mervi merja miika miikka miina mikael mikko milja milka minna
    minttu mira mirja mirka mirkka mirva moona nana nanna niilo niina niklas niko noora oili olavi
    olga olli oona orvokki oskari osmo otso outi paavo pasi paula pauli pauliina pekka pentti pertti
    petra petri petteri pia pihla piia pinja pirita piritta pirjo pirkko päivi päivikki pyry raija
    raila raili raimo raine rasmus rauli rauni reeta reetta reijo reima reino riikka riina risto
    ritva roosa roni ronja saana saara saija saila salla salme samppa samu samuel samuli sanna
    sannamari santeri santtu sarianna sebastian senja seppo sinikka sirja sirkka sirkku sirpa soile
    soili sofie susanna susanne taina taneli tanja tapani taru tarja tarmo-pekka teea teemu teija
    teppo tero tea terhi tiia tiina timo toni topi topias tuija tuomas tuomo tuukka tuula tuulia
    tuulikki tytti tyyne uljas ulla urho urpo vappu veera veikko veijo venla verneri viivi vilho
    vilhelmi viljami ville vilma väinö oiva-maria väinämö ylva åke
    anders annelie ann-christin ann-sofie axel bengt bertil birger britta britt-marie camilla
    carina carita carl carl-johan carola catarina cecilia charlotta christer christian christina
    christoffer daniel ebba elin ellen elisabeth emil emma erik erika eva fredrik fredrika frida
    gunilla gunnar gunnel gustaf gustav göran gösta hampus hans hans-erik hedvig helene henrika
    håkan inger ingrid ingmar jakob jan-erik jeanette jennifer jessica joel johan johannes jonas
    josefin josefina julia karin karl karl-erik katarina kenneth kerstin kjell klas kristina kristoffer
    lars lars-erik leif lena lennart linda lina lisa lisbeth louise lovisa magnus malin margareta
    maria maria-liisa marie marianne martin mathias mattias maja malena mikaela monica monika moa
    nathalie nicklas nils nina ola olof olle oskar ove patrik per-erik pernilla petter pontus ragnar
    rebecka robin roger rolf rune runa sabina sandra simon sofia-maria solveig staffan stefan stellan
    sture sune sven svante therese thomas tobias tom tomas tommy torbjörn tore torsten tove ulf
    ulla-maj ulrika ulrica veronica viktoria vivan wilhelm yngve yvonne örjan
    adam alan albert alexander alfred alice alison amanda amy andrea andrew angela ann anne anthony
    arthur ashley barbara barry benjamin beth bernard betty brandon brian bruce carl carol caroline
    catherine charles charlie charlotte chloe chris christine christopher claire colin craig cynthia
    darren david dawn deborah debra dennis derek diane donald donna dorothy douglas duncan edward
    eileen elizabeth emily eric ethan evelyn fiona gareth gary gavin geoffrey george gerald gillian
    gordon graham gregory hannah harold harriet harry hazel heather helen henry howard hugh ian
    isabella jacqueline jake james jamie jane janet janice jason jean jeffrey jeremy jill jim
    joan joanna joanne joe john jonathan joseph joshua joyce judith judy julie justin karen kate
    katherine kathleen kathryn keith kelly ken kevin kim larry laura lauren lawrence leah leonard
    lewis liam louis luke lucy lynn malcolm margaret marilyn martha mary matthew megan melissa
    michael michelle mike molly nancy natalie nathan neil nicholas nicola nicole nigel noah norman
    oliver olivia oscar pamela patricia patrick paul pauline peter philip phillip rachel ralph
    raymond rebecca rhys richard robert ronald rosemary roy russell ruth ryan samantha samuel sarah
    scott sean sharon sheila shirley sophie stacey stanley stephanie stephen steve steven stuart
    susan suzanne sylvia terence teresa theresa timothy tina tracey tracy trevor valerie vanessa
    vincent virginia vivian walter wayne wendy wesley william zoe
    abdi abdullah ahmed aisha ali amina aleksandr alexei andrei dmitri elena fatima hassan hussein
    ibrahim igor irina ivan khadija leyla mehmet mohamed mohammed mehdi muhammad mustafa natalia
    nikolai nguyen oksana olena omar oleksandr pavel priya rahul sergei svetlana tatjana tatiana
    vladimir yusuf yulia zahra
    """.split()
)

#: First names that are also words, months, towns or brands.
WORD_NAMES = frozenset(
    """
    aamu aarre ahto aki alma anna anni annamari antto armas ari asser aura aurora auri aarni eelis
    eeli elisa elli else elo esa essi hellä helmi hilla hilppa hely ida ilta impi ilona inka inna into
    ilo isla jan janni joel kai kaarle kaino kari karita kaisla kallio kanerva kukka kielo kiia lahja
    lahti lars-oy leo lauha lea lilja linna lumi luka lyyli mari marja markka meri mette mika mila
    mimosa mio mona nea nelli nella niki nuppu nuutti oili oiva oma onerva onni orvo ossi otto otava
    pilvi pirkka rae raino raita raakel rauha rauno reko rami reni rita salli sade saaga sakari sakke
    salla-oy sami sampo sanni sara sari satu selma seija sini sirkka-oy sisu sointu soini suoma sulo
    sulho suvi taika taimi taito tapio tarmo tellervo terttu terho tuisku toivo touko torsti tuire tuuli
    tyyni tähti unto urpu usko utu valma valo valtteri vanamo vieno vesa veli vera viena vilja viljo
    viola virpi voitto vuokko väinö-oy yrjö
    bo björn stig sten per gun siv mats ronny ulla-oy sol sofia stina saga ture bror gull rut viking
    tor unni ester-oy erland
    alex art april august austin autumn ben bill bob brook buck carter chase chip chuck clay cliff cole
    daisy dale dan dean dick don drew earl eve faith fay florence frank gail gene georgia ginger
    grace grant guy gus hank holly hope hunter iris-en ivy jack jay jo jordan jose josh joy june kai-en
    kit lance lane lee lily linden lou mark marina mark-en max may melody miles nick norm olive paris
    parker pat pearl penny pete phil pierce piers ray reed rich rob robin-en rod rose ruby rusty sally
    sam sandy sky skip stella stew sue summer sunny ted tiffany tim toby tony troy van vic victor
    victoria violet ward wade will willow diana kirk
    """.split()
)

#: Surnames that are not everyday words, places or companies.
SURNAMES = frozenset(
    """
    ahonen anttonen aaltonen eskelinen eronen forsman hakkarainen halonen hakala heikkilä heikkinen
    heinonen hiltunen hirvonen holopainen honkanen huttunen hyvönen hyvärinen hänninen immonen
    ikonen ilvonen jaakkola jokinen juntunen juvonen jääskeläinen kainulainen karppinen karvonen
    kauppinen kekkonen kemppainen keränen kervinen ketonen kettunen kinnunen kiviniemi kokkonen
    koistinen kolehmainen komulainen koponen korhonen korpela koskela koskinen kuosmanen kukkonen
    kuusisto kärkkäinen laaksonen laakkonen laatikainen lappalainen laitinen lampinen lassila
    laukkanen lehtinen lehtonen leinonen leppänen leskinen liimatainen lindqvist lindroos lindström
    lipponen lukkarinen luoma-aho manninen martikainen mattila miettinen moilanen mustonen mykkänen
    mäenpää mäkelä mäkinen määttä nevalainen niemelä nieminen niskanen nurminen nygård nykänen
    ojala ollikainen oksanen paananen pakarinen palonen partanen parviainen pekkarinen peltola
    peltonen pelkonen pennanen pesonen pietikäinen pirinen pitkänen pulkkinen puustinen räsänen
    rantanen rautiainen remes repo-aho riihimaa rinne-aho rissanen ronkainen rossi-aho ruotsalainen
    ryynänen räikkönen saarela saarinen saastamoinen salminen salmela salonen sarkola savolainen
    seppälä seppänen sillanpää sihvonen simonen sirola sorsa-aho suhonen suominen tanskanen
    tamminen tervonen tiainen tiihonen timonen toivanen toivonen tolonen tolvanen tuominen turunen
    turpeinen tuovinen uusitalo vainio-aho valkonen vanhanen vartiainen vatanen vesterinen
    vilkkumaa virtanen vuorinen väisänen väyrynen väänänen ylinen ylönen yli-mattila ylitalo
    andersson backman bergman bergström blomqvist carlsson ekholm ekström engström eriksson
    fagerholm forsström grönholm gustafsson gustavsson hedman hellström henriksson holmberg
    holmström jansson johansson johnsson karlsson kronqvist larsson lindberg lindblom lindgren
    lindholm lundberg lundqvist löfgren mattsson nilsson nordström nyberg nyman olsson persson
    petersson pettersson rosenberg rosenqvist sandström sjöberg sjöblom söderholm söderlund
    söderström svensson wahlström westerholm westerlund åkerman öhman österberg
    davies evans hughes johnson jones o'brien o'connor patel robinson simpson smith thompson
    walters watson wilkinson williams williamson
    """.split()
)

#: Capitalised words after a first name that are no surname, and pairs that are brands.
NOT_SURNAMES = frozenset(
    """
    oy oyj ab ltd inc gmbh as ry kauppa kaupat viihde saunalahti mobiili automaatti pankki tili
    store shop plus pro max mini premium bonus kortti card christmas joulu tammikuu helmikuu maaliskuu
    huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu marraskuu joulukuu january february march
    april may june july august september october november december januari februari mars maj juni juli
    augusti oktober ja ei en on se hän että kun jos mutta and the is was has i och är har jag hei moi
    kiitos terveisin oli ja että sanoi said
    """.split()
)
BRANDS = frozenset(
    "aino aalto|alvar aalto|oiva toikka|kaj franck|hugo boss|calvin klein|tommy hilfiger|ralph lauren"
    "|karl fazer|carl zeiss|michael kors|paul mitchell|jack daniels|johnnie walker|elizabeth arden"
    "|vivienne westwood|ben jerry|karl lagerfeld|martin luther|john deere|mary kay|harry potter"
    "|peter pan|paavo nurmi|oscar mayer|ray ban|jack jones|tiger woods|rolls royce|marks spencer"
    .split("|")
)

#: Words after a signature or an introduction that are nobody's name.
NOT_NAMES = frozenset(
    """
    asiakas asiakkaanne asiakkaasi pettynyt tyytyväinen tyytymätön vihainen kiukkuinen kiitollinen
    entinen uusi vanha pitkäaikainen uskollinen huolestunut onnellinen surullinen eräs yksi nimetön
    anonyymi kuluttaja tilaaja käyttäjä toivottavasti odotan odottaa odotamme voisitteko terveisin
    kiitos hyvää mukavaa lähetetty sent skickat from tilausnumero tilaus puh puhelin gsm tel email
    customer disappointed happy unhappy angry loyal former regular concerned anonymous user a an the
    not no never here still very so just trying calling writing looking waiting unable sorry glad
    asiakaspalvelu kundtjänst service support team tiimi besviken nöjd missnöjd arg kund kunden en ett
    inte trogen orolig ei väärin kirjoitettu ollut nyt edelleen jo aivan todella erittäin myös
    suomi suomalainen finnish swedish helsinki tampere turku espoo vantaa oulu finland stockholm
    """.split()
)
