"""First names and surnames that redaction knows, and words that only look like them.

Common Finnish, Swedish and English names: our own list, and those of Faker's providers for fi_FI,
sv_SE and en_GB (MIT, https://github.com/joke2k/faker). A name that is also an everyday word, a
month, a town or a brand stands in WORD_NAMES: it counts only before a surname or after a cue. So
does one whose inflected form is a word: 'Tuvan', 'Kerrytä'.
"""

from __future__ import annotations

_FIRST_NAMES = """
aapo aarne aaro aaron aatos aatu aava abbas abbie abdi abdirahman abdul abdullah abdullahi abigail
adam adele adnan adrian agda agne agnes agneta agnieszka ahlam ahmad ahmed aija aila aili aimee aini
airi aisha ajay akseli aku albert alberto albin alejandro aleksandr aleksandra aleksanteri aleksi
alexander alexandra alexandru alexei alexis alf alfons alfred algot alice alicia alina alisa alison
allan allu alpo alva alvin amalia amanda amelia amelie amina amir amira amy anastasia anca anders
andrea andreas andrei andreja andres andrew andrus andrzej andré andréas andy anette angela angelica
angelika angelo anil anisa anita anitta anja ankit ann anne annele anneli annelie annette annica
annie anniina annika annikki annina annu annukka anselmi anssi antero anthony anton antonella
antonia antonio antony antti anu anuj aram arash ariel arja arjun arkadi arlind armi arne arnold
arsi artem arthur artjom arto arttu artturi artur arvi arvid ashleigh ashley aslak asma assar asseri
asta astrid atle atso atte attila aukusti auli aulikki aulimari aulis aune auvo axel ayaan ayan ayse
barbara barbro barry bashir bassam beata beatrice bengt benjamin benny bente berit bernard berndt
bernhard bernt bert bertil beth bethan bethany betty beverley bianca bilal billy birger birgit
birgitta birgitte bjarne bodil boel bogdan boris bradley brandon brenda brett brian brita britta
bruce bruno bryan burak börje cajsa callum cameron camilla carin carina carita carl carlo carlos
carly carmen carol carola carole carolin caroline carolyn casper cassandra catarina catharina
catherine cathrine catrin cecilia cemal charlene charles charlie charlott charlotta charlotte chen
cheryl chiara chloe chris christa christel christer christian christin christina christine
christofer christoffer christoph christopher claes claire clara clare claudia clifford clive colin
connor conny conor cornelia cosmin craig cristina cynthia dag dagmar dagny damian damien daniel
daniela daniella danielle danny dante danylo daria darius darren dave david deborah debra declan
denis denise deniz dennis derek desirée diane diego dilan dimitri dina dmitri dmytro dominic donald
donna doris dorota dorothy douglas duncan dylan ebba ebbamaria ebbe eddie edgar edith edla eduard
edvard edvin edward edwin eemeli eemil eerik eerika eerikki eero eetu eeva eevi egon egor eija eila
eileen einar einari eini eino eira eivor ekaterina elaine eleanor elena eleonor eleonora elham elias
eliel elif eliisa elin elina elinor elis elisabet elisabeth elise elizabeth ella ellen ellie
ellinoora ellinor elliot elliott elly elma elmer elmeri elmo elna elof elsa elsi elsie elsy elton
elviira elvin elvira elvis elvy emanuel emelie emil emilia emilie emilio emily emma emmanuel emmi
emmy emre enar engla enni enrique ensio eric erica erich erik erika erja erkka erkki erling erna
ernestas ernesti erno ernst esben eskil esko esra estelle ester esteri esther ethan ethel eugen eva
evald eveliina evelina evelyn evert evy ewa ewert fabian fadi fanni farah farhad fatima fatma
federico felicia felix ferdinand fernando filip filippa fiona firat folke frances francesca
francesco francis francisco frans franz freddie frederick fredric fredrik fredrika freja frida
fritjof fritz gabriel gabriella galina gareth garry gary gavin gemma geoffrey georg george georgina
gerald geraldine gerard gerd gerda gerhard gert gertrud gillian gillis giovanni gisela giulia gizem
glenn gordon gottfrid graeme graham greg greger gregory greta grigori grzegorz gudrun guido gunborg
gunhild gunilla gunnar gunnel gunvor gustaf gustav göran gösta göte habib halima hamed hamid hampus
hamza hanna hannah hannaleena hannamari hanne hannele hannes hannu hans harald harold harri harriet
harry hasan hassan hatice hayley hedda hedvig heidi heidimaria heikka heikki heikko heimo heini
heinrich helen helena helene helga helge heli helinä heljo heljä hellevi helmer helmeri helvi helén
heléne hemming hemmo henkka henna henni henning henri henric henrietta henriikka henrik henrika
henrikki henry herbert herman hermanni hien hilary hilda hilde hilja hilkka hillevi hilma hjalmar
hjördis hoang holger hollie howard hugh hugo hussein huyen håkan iain ian ibrahim idris idun igor
iida iikka iina iines iiris iiro iisakki iivari ilari ilja ilkka ilkko ilmari ilpo ilse imran ina
ines inez inga ingalill ingeborg ingegerd ingegärd ingela ingemar inger ingmar ingrid ingvar inkeri
irena irene irina irja irma irmeli iréne isaac isabel isabell isabella isabelle isac isak ismail
ismo isto ivan ivana ivar ivo jaakko jaana jacob jacqueline jake jakob jakub jalmar jalmari jalo
jamal james jami jamie jane janek janet jani janice janika janina janita janne jari jarkko jarko
jarmo jarno jartsa jaska jasmiina jasmin jasmine jason javier jayne jeanette jeff jeffrey jelena
jemma jenna jenni jennie jennifer jenny jens jere jeremias jeremy jerker jerry jerzy jesper jesse
jessica jevgeni jill jim jimi jimmie jimmy jiri joachim joacim joakim joan joanna joanne joao jodie
johan johanna johannes john johnny joline jomppa jon jonas jonatan jonathan joni jonna jonne jonny
jooel joona joonas joonatan joose jorge jorma josef josefiina josefin josefina josefine joseph
josephine joshua josé jouko jouni jovana joyce juan juanita judith judy juha juhana juhani juhis
juho jukka jukkapekka jukkis julia julian julie julius juri jurij jussi justin jutta juuli juulia
juuso jyri jyrki jörgen kaapo kaapro kaarina kaarlo kadri kaija kaisa kaisu kaius kaj kajsa kalervo
kalevi kalle kamil karen karim karin karina karl karoliina karolina karoline kasimir kaspar kasper
kasperi katariina katarina katarzyna kate katharina katherine kathleen kathryn kati katie katinka
katja katri katriina katrin katrina katy kauko kayleigh keijo keith kelly kennet kenneth kenny kent
kenth kerstin kerttu kevin khadija khaled khalid kian kieran kim kimberley kimi kimmo kirill kirsi
kirsikka kirsten kirsti kirsty kirsu kjell kjersti klaara klara klas klaus knud knut konrad konsta
konstantin kosti krista krister kristian kristiina kristiine kristin kristina kristine kristofer
kristoffer krzysztof kullervo kumar kurt kustaa kyle kyllikki kyösti laila laimi lamia lara larisa
larry lars lasse lassi laszlo latif laura lauren lauri lawrence leah leanne leena leevi leia leif
leigh leila lena lene lennart lenni lenny leon leona leonard leonardo leonid leonor leopold lesley
leslie lewis leyla liam lidia liisa lilian liliane lillemor lilly lina linda lindsey linnea linnéa
linus lisa lisbet lisbeth liselott liselotte livia lizzie ljudmila lorena lorenzo lorraine lotta
loui louie louis louise lova lovis lovisa lowe luca lucas lucia lucy ludvig ludwig luigi luis luisa
lukas lukasz luke lydia lynda lynn lynne lyydia maaria maarika maarit maciej madeleine madelene
magda magdalena maggie magnar magnus mahdi mahmoud maija maiju maikki maire maja majken majvor makke
maksim malcolm malena malgorzata malin malte malva manal mandy manfred manu manuel marc marcel
marcin marco marcus marek margareeta margaret margareta margaretha margit margot margret maria
mariam marian mariana mariann marianne marie mariela mariella mariia marija marika marilla marilyn
mario marion marisa marit marita maritta marius marjaana marjatta marjo marjukka marjut marketta
markku marko markus marleena marlene marta martha martin martina martta martti martyn marwa mary
maryam masa massimo matej mateo mateusz matheo mathew mathias mathilda matias matilda matleena
matteo matthew matthias matti mattias maud mauno maureen mauri maurice mauritz maximilian meeri
megan mehdi mehmed mehmet meiju meja melanie melina melissa melker melvin melwin merete merja mervi
mia micael michael michaela michal michel michelle mico miguel miia miika miikka miina mikael
mikaela mike mikhail mikkel mikko milena milja milka milla milos milton mimmi minea minh minna
minttu mira miranda mirella miriam mirja mirjam mirjami mirka mirkka mirkku miro miroslav mirva
miska mitchell moa mohamad mohamed mohammad mohammed molly monica monika moona morten muhammad
muhammed mumin murat mustafa mustafe måns mårten märta märtha nadia nadja naima nana nancy nanna
naomi natalia natalie natalja natanael natasha nathalie nathan neea neil nellie nelly nestori nevena
nguyen nicholas nicklas nicky niclas nicola nicolas nicole nigel niilo niina nikita niklas niko
nikola nikolai nikolaj nikolas nils nima nina noa noah noel noemi nooa noora nora norman nour nuria
oksana olav olavi oleg oleksandr oleksandra olena olga oliver olivia oliwer olli olof olov omar oona
orvokki oskar oskari osmo ossian otso otteri ottilia outi owen paavali paavo pablo paige pamela
paolo parisa pasi pate patric patricia patrick patrik patryk paul paula pauli pauliina pauliino
paulina pauline pavel pavlo pawel peder pedro peetu peggy pekka pena pentti peppi pernilla pertti
peter petja petr petra petri petronella petrus petter petteri philip phillip phuong pia pierre pihla
piia pinja piotr pirita piritta pirjo pirkko pirre plamen pontus poul priya pyry päivi päivikki pär
rachael rachel rafael raffaele ragnar ragnhild rahul raija raila raili raimo raine rainer raisa
rajesh ralf ralph ramin ramon ramona ransu rasha rashid rasmus rauli rauni raymond razan rebecca
rebecka rebekka reece reeta reeti reetta reijo reima reine reinhold reino renée reza rhys ricardo
riccardo richard rickard ricky rigmor riikka riina riitta rikard rikhard rikhart riku risto ritva
robbie robert roberto rodrigo roger roland rolf ronald roni ronja ronnie roope roosa rosanna
rosemary rosie rosita roy ruben rudolf ruslan russell rustam ruth ryan saana saara sabina sabine
sadiq saeed saija saila saku saleh salim salma salme samantha samar samir samira sammy samppa samu
samuel samuli sandeep sandra sandro sanelma sanjay sanna sannamari santeri santiago santra santtu
sarah sarianna saska sasu scott sean sebastian seela selim senja sepi seppo sergei sergio serhii
seth severi shane shannon sharon shaun sheila shirin shirley sigfrid sigge signe sigrid sigurd
sigvard siiri silja silvia simo simon simone sinan sinikka sirja sirkka sirkku sirpa sivert sixten
slawomir sofi sofie sofija sohvi soile soili solveig sonia sonja sonny sophia sophie soren sotiris
stacey staffan stanislav stavros stefan stefania stefano stellan stephanie stephen steve steven
stewart stuart sture suleiman sunil suresh susan susann susanna susanne suzanne svante svea svein
sven svetlana sylvi sylvia sylwia sören taavi tadeusz tahir taina taneli tanja tanya tapani tapsa
taras tariq tarja tatiana tatjana tatu tatyana tauno tea teea teemu teija teijo teodor teppo terence
teresa terese teresia terhi tero terry teuvo thanh thea theo theodor theres theresa therese theresia
therése thomas thore thorsten thure tiia tiina tiinu tiiti tiitus tiiu tilda timo timothy timur tina
titta tobias tom tomas tomasz tomi tommaso tommi tommy tompa toni topi topias tora toralf torbjörn
tord tore torgny torsten torvald tove tracey tracy trevor trine tristan trygve tuija tuomas tuomo
turid tuukka tuula tuulia tuulikki tyra tytti tyyne tyyra ulf uljas ulla ulrica ulrik ulrika ulrike
unna uolevi urho urmas urpo ursula uwe valdemar valdis valentin valentina valeria valerie valter
valto vanessa vanja vasili vasily veera veeti veijo veikko veini vendela venla verner verneri
veronica veronika vertti vicky vidar viggo viivi viivika viktor viktoria vilgot vilhelm vilhelmi
vilhelmiina vilhelmina vilho viliina viljami viljar ville villiam vilma vilmer vincent vincenzo
vitali vitalii vivan viveka vivian vivianne vivien vlad vladimir volodymyr väinämö väinö waldemar
walter waltteri wayne wendy werner wesley wiktor wilhelm wilhelmina wille william wilma wilmer
wojciech xiang xiao yahya yasin yasmin yasmine yasser yevhen ylva yngve yoko yousef youssef yrsa
yuki yulia yuri yusra yusuf yvonne zahra zainab zaki zara zbigniew zdenek zeinab zoe zofia zoltan
zuzana åke åsa åse åshild örjan östen öystein
"""
#: First names that are hardly anything else.
FIRST_NAMES = frozenset(_FIRST_NAMES.split())

_WORD_NAMES = """
aada aamu aarni aarre ahti ahto aimo aino aki alan alba alex ali alma alvar amadeus amber amin ana
anas angelina anna annamari anni antto april ari armas aron art arvo asko asser aston august aura
auri aurora austin autumn bella ben bill björn bo bob britt brook bror buck carolina carter celine
chase chelsea chip chuck clas clay cliff cole curt daisy dale dan dawn dean diana dick don drew earl
edit eeli eelis elisa elli ellis elo else erland esa essi eve faith fanny fay finn florence frank
fred gail gene georgia ginger glen grace grant gull gun gus guy hank hazel heather hellä helmi hely
hilding hilla hilppa holly hope hunter ida ilo ilona ilta impi inari inge inka inna into iris isa
isla ivy jack jade jan janni jarl jay jean jo joe joel jordan jose josh joy june juni kaarle kai
kaino kaisla kanerva kari karita kauri ken kerry kielo kiia kirk kit kukka lage lahja lance lane
lauha lea lee lempi leo levi lilja lily linden linn liv loke lou love luka lumi luna lykke lyyli mai
maj mari marina marja mark markka mats matts max may maya melody meri mette mika mila milan miles
milo mimosa mio mona morgan nea nella nelli nick niki norm nova nuppu nur nuutti oili oiva ola olive
olle onerva onni orvo oscar osman ossi otava otto ove owe paris parker pat pearl pelle penny per
pete phil pierce piers pilvi pirkka raakel rae raino raita rami rauha rauno ray reed regina reko
reni rich rita rob robin rod ronny rosa rose ross ruby runa rune rusty rut saaga sade saga said
sakari sakke salla salli sally sam sami sampo sandy sanni sara sari satu seija selma sian sini siri
sisko sisu siv skip sky sofia soini sointu stanley stella sten stew stig stina sue sulho sulo summer
sune sunny suoma suvi tage taika taimi taisto taito tapio tarmo taru ted tellervo terho terttu thor
tiffany tilde tim tindra toby toivo tony tor torsti touko tova troy tuire tuisku ture tuuli tuva
tyyni tähti unni uno unto urban urpu usko utu valborg valma valo valtteri van vanamo vappu vega veli
vera vesa vic victor victoria vide viena vieno viking vilja viljo viola violet virginia virpi voitto
vuokko wade ward will willow willy yrjö
"""
#: First names that are also words, months, towns or brands.
WORD_NAMES = frozenset(_WORD_NAMES.split())

_SURNAMES = """
aaltio aaltonen aarnio aartomaa abrahamsson adolfsson ahlberg ahlgren ahlin ahlnäs ahlqvist ahlroos
ahlstedt ahlström ahmadi ahokas ahola ahonen ahtiainen airaksinen alanen alatalo alexandersson
alfredsson almgren almqvist anderberg andersen andersson andreasson andrén antfolk antikainen
antonsson anttila anttonen arola aronsson arponen arvidsson asikainen asplund atkinson augustsson
auvinen axelsson backlund backman barnes bengtsson bennett bergdahl berggren bergkvist berglund
bergman bergqvist bergsten bergstrand bergström bergvall berntsson bertilsson björklund björkman
blomberg blomgren blomkvist blomqvist bodin bohlin bohman bolin boman borgström boström broberg
brodin brolin broman brännström burman bylund byström bäckman bäckström börjesson campbell carlberg
carlson carlsson christensen claesson coleman collins dahlberg dahlgren dahlin dahlqvist dahlström
dahlén danielsson davidsson davies doherty edberg edlund edman edström edvardsson edwards eerola
einarsson ekberg ekdahl ekelund ekholm eklund eklöf ekman ekstrand ekström eliasson elofsson
eloranta emanuelsson emilsson engberg engdahl englund engman engström engvall enlund enqvist ericson
eriksson erkkilä erlandsson eronen eskelinen eskola evans fagerholm fagerström fernandez folkesson
forsberg forsell forsgren forslund forsman forss forsström fransson franzén fredriksson friberg
friman gabrielsson gallagher garcia gashi grahn granath granberg granlund granqvist granström
griffiths grönholm grönlund grönroos gullberg gunnarsson gustafsson gustavsson göransson haapala
haapanen haapaniemi haaparanta haapasalo haataja haavisto hagberg haglund hagman hagström hakala
hakkarainen hakkinen hallberg hallgren hallin halme halonen halvarsson hamilton hammarström
hannukainen hannula hansen hansson haraldsson harjula harjunen harrison hartikainen hautala
hautamäki haverinen hedberg hedin hedlund hedman hedström heikkilä heikkinen heikura heinonen
heiskanen helenius helgesson helin hellberg hellgren hellman hellsten hellström helminen henderson
henningsson henriksson hermansson hietala hietanen higgins hiltula hiltunen hintikka hirvelä
hirvonen hjalmarsson hjelm hodgson hokkanen holappa holgersson holmberg holmgren holmqvist holmstedt
holmström holopainen holst hongisto honkanen hosseini hughes huhtala huhtanen hultgren hultman
huotari huovinen hutchinson huttunen huuskonen hyttinen hytönen hyvärinen hyvönen håkans håkansson
häggblom hägglund häggström häkkinen hänninen härkönen häyrinen högberg höglund ihalainen ikonen
ikäheimo ilola ilvonen immonen ingvarsson inkinen isaksson isokangas isotalo israelsson ivanov
ivanova ivarsson jaakkola jaatinen jacobsson jafari jakobsson jalkanen jalonen janhunen jansson
jantunen jauhiainen jenkins jensen jeppsson johannesson johansen johansson johnson johnsson jokinen
jonasson jones jonsson jormanainen josefsson juhlin juntunen jurvanen jussila jutila juvonen jäntti
järvelä järvinen jääskeläinen jönsson jörgensen kaartinen kaikkonen kainulainen kaivola kallioinen
kalliomäki karhunen karlberg karlsson karlström karppinen karttunen karvinen karvonen kaukonen
kauppila kauppinen kauranen keinonen keinänen kekkonen kekäläinen kemppainen kemppinen kennedy
kerola kervinen keränen keskitalo ketola ketonen kettunen khalil kiiskinen kilpeläinen kilpinen
kinnunen kirjavainen kivelä kivimäki kiviniemi kivistö kjellberg klasson klemola knutsson knuutila
knuutinen koistinen koivisto koivula koivunen kokkonen kolehmainen komulainen kontinen kontkanen
konttinen koponen korhola korhonen korkala korkeamäki korpela korpinen kortelainen koskela koskimäki
koskinen kosonen kotilainen kotiranta kouvo kovalenko kowalenko kowalski krantz kristensson
kristiansson kristoffersson kronholm kronman kronqvist krook kujala kujanpää kukkonen kulmala kumar
kumpulainen kuosmanen kurkinen kuronen kurvinen kuusela kuusisto kyllönen kytölä kähkönen källström
kämäräinen kärkkäinen käyhkö köykkä laakkonen laaksonen laatikainen lahtela lahtinen laiho laitinen
lamminen lampela lampinen landin landström lankinen lantz lappalainen larsen larsson lassila
lassinen latvala laukkanen laurila lauronen lehikoinen lehtimäki lehtinen lehtola lehtonen
lehtoranta leinonen lemmetty lempinen lennartsson lepistö leppäkoski leppälä leppänen leskinen
lidström lidén liikanen liimatainen liimatta liljegren lindahl lindberg lindblad lindblom lindell
lindfors lindgren lindh lindholm lindkvist lindmark lindquist lindqvist lindroos lindskog lindström
lindvall lindén linnanen lintula lintunen lipponen liukkonen ljungberg ljunggren ljungqvist lopez
luhtala lukkarinen lundberg lundblad lundell lundgren lundh lundholm lundin lundkvist lundmark
lundquist lundqvist lundström luukkanen luukkonen lähteenmäki löfgren lönnqvist lövgren macdonald
magnusson makkonen malinen malmberg malmgren malmqvist malmström mannila manninen mannonen markkanen
markkula marklund martikainen martinez martinsson marttinen matikainen matilainen mattila mattsson
mcdonald mckenzie meikäläinen melander melin mellin merikanto meriläinen metsola metsälä metsäranta
miettinen mikkola mikkonen mitchell moberg mohammadi mohamud moilanen moisio molin mononen montonen
muhonen multanen murphy mustajärvi mustonen mykkänen myllylä myllymäki myöhänen månsson mårtensson
mäenpää mäkelä mäkinen mälkiä männikkö männistö mäntylä mäntynen määttä möller müller naumanen
neuvonen nevala nevalainen nguyen nielsen niemelä nieminen niinimäki niiranen niittymäki nikkanen
nikkilä nikkinen niklasson nikula nilsen nilsson niskala niskanen nissinen nokelainen norberg
nordberg nordgren nordin nordlander nordlund nordqvist nordström norgren norlin norling norrgård
norén nousiainen nowak nurminen nuutila nuutinen nyberg nygren nygård nyholm nykänen nylander nylund
nylén nyman nyström närhi näslund o'brien o'connor ohlsson oikarinen oinonen ojala ojanen oksanen
olander olausson ollikainen ollila olofsson olsen olsson ortamo oskarsson ottosson ovaska paajanen
paakkanen paananen paasonen paavilainen paavola pajunen pakarinen palmgren palmqvist palola palomäki
palonen parkkinen parkkonen partanen parviainen parvinen pasanen passinen patel patronen patterson
paukkunen paulsson paunonen pedersen pehkonen pekkala pekkarinen pelkonen pellinen peltola peltomaa
peltonen peltoniemi pennanen penttilä penttinen persson perttula perälä pesonen petersen petersson
petrov petrova pettersson phillips pietikäinen pietilä piipponen piirainen pirhonen pirinen pirttilä
pitkälä pitkänen pohjanen pohjonen poikonen pollari puhakka pulkkinen puolakka puranen purho
puumalainen puustinen pylkkänen pyykkönen pålsson pääkkönen pöllänen pöyhönen raatikainen raitanen
rajamäki rantala rantanen rasila rasinmäki rasmussen rauhala rautiainen rautio reinikainen remes
richardson riihimaa riikonen rintamäki rissanen ristola robertson robertsson robinson roivainen
ronkainen ronkanen rosenberg rosendahl rosengren rosenlund rosenqvist rosén ruokonen ruuska
ruuskanen rydberg rydén rytilahti rytkönen ryynänen räihä räikkönen räisänen räsänen räty rönkkö
röntynen saarela saarinen saarnio saastamoinen sahlin sainio sallinen salmela salmelainen salminen
salokangas salomaa salomonsson salonen samuelsson sandberg sandell sandgren sandin sandström santala
sarajärvi sarkkinen sarkola saukkonen savonen schmidt schneider selin seppälä seppänen sharma
shrestha siekkinen sihvola sihvonen sillanpää siltala silvennoinen silvonen simola simonen simonsson
simpson sinisalo sipilä sipola sippola sirola sirviö sirén sjöberg sjöblom sjödin sjögren sjöholm
sjölander sjölin sjölund sjöstedt sjöstrand sjöström skoglund skoog sköld smeds smith snellman
snickars soikkeli soininen sormunen stenberg stenlund stenström stewart strandberg strömberg ståhl
suhonen sulander sulkala sullivan sundberg sundell sundin sundqvist sundström suominen sutinen
suutarinen svahn svanberg svantesson svedberg svensson svärd syrjälä syrjänen syvänen särkelä särkkä
säynätjoki söderberg södergren söderholm söderlund söderman söderqvist söderström sörensen takala
tallgren talvitie tammela tamminen tanninen tanskanen tarkiainen tarvainen taskinen teittinen
tenhunen tervo tervonen teräväinen thompson thorén thulin tiainen tiihonen tikkanen timonen
tirkkonen toikka toivanen toiviainen toivola toivonen tolonen tolvanen toppinen torkkeli torstensson
torvinen tossavainen tuikka tukiainen tulonen tuominen tuomisto tuovila tuovinen turesson turpeinen
turtiainen turunen tähtinen törmänen törnqvist törrönen uimonen ulvinen uotila urpilainen utriainen
uusitalo vaarala vaattovaara vainikainen vainio vainionpää valkama valkonen vallin vallius valtanen
valtonen vanhala vanhanen vanhatalo varjonen varonen vartiainen vatanen vehviläinen veijola
verkkonen vesala vesterinen vesterlund vestin viberg vihavainen viherkoski viinamäki viinikainen
viitala viitanen viklund vikström vilhelmsson viljakainen viljanen vilkkumaa virtanen viskari
vitikainen vitikka voutilainen vuorela vuorinen vuorio vähäkangas vähätalo väisänen väliaho välimaa
välimäki väyrynen väänänen wahlberg wahlgren wahlström wallenius wallgren wallin wallén walters
watson wennberg westberg wester westerberg westerholm westerlund westin westlund westman whitmore
wiberg wickström widén wiklund wikman wikström wilhelmsson wilkins wilkinson williams williamson
winberg ylikoski ylinen ylitalo ylönen zetterberg zhang åberg ågren åkerlund åkerman åkesson åsberg
åslund åström äijälä ärje öberg öhberg öhman östberg österberg österholm östling östlund östman
"""
#: Surnames that are not everyday words, places or companies.
SURNAMES = frozenset(_SURNAMES.split())

_SURNAME_WORDS = """
aalto abbott abdi adams aho akhtar alanko ali allen alm anderson andrews archer armstrong aro ashton
asp atkins autio bailey baker baldwin ball banks barber barker barlow barnett barrett bartlett
barton bates baxter begum bell benson bentley berg berry bevan bibi birch bird bishop björk black
blackburn blake blixt blom bolton bond booth borg bowen boyle bradshaw brady brandt bray brennan
briggs brink brookes brooks brown browne bryant buckley bull burgess burke burns burrows burton
butcher butler byrne bäck carey carpenter carr carroll cartwright chadwick chamberlain chambers chan
chandler chapman charlton clark clarke clayton clements coates coles collier connolly conway cook
cooke cooper cox crawford cunningham curtis dahl daly daniels davey davidson davis davison dawson
dickinson dixon dobson dodd donnelly doyle duffy dunn dyer edin ek elo ericsson falk farmer farrell
faulkner ferguson ferm finch finne fischer fisher fitzgerald fleming fletcher flink flynn fors
forster foster fowler fox franklin fraser freeman french frid frisk frost fry fuller gardiner
gardner garner gibbons gibbs gibson gilbert giles gill glover goddard godfrey goodwin gough gould
gray green greenwood gren griffin hale hall hammar hammond hancock hanson harding hardy hargreaves
harju harper harris hart hartley harvey hassan hawkins hayes haynes hayward heath heino hewitt hicks
hill hilton hirvi hjort hobbs holden holland holloway holm holmes holt hooper hopkins horton
houghton howarth howe howell howells hudson hult humphreys humphries hunt hurst hussain hussein hyde
hägg hämäläinen ingram iqbal issa jackson jalava jarvis jennings joensuu johnston jokela jylhä
järvenpää järvi kallio kangas kangasniemi kankaanpää kanto kantola karhu karjalainen kaski kaunisto
kaur kay kelly kemp kerr keskinen khan king kirby kiuru kivi kivinen kling knight knowles koivu
kokko kontio korpi koski kovanen kuisma kurki kuusi kvist kärki laakso lahti laine lamb lambert
lammi lampi lappi lawson leach lees lehto leino levin lilja lind linde linder linna liu ljung lloyd
lord lumme lund luoma luoto luusua lynch lyons löf lönn mahmood malm mann manning marsden marsh
marshall marttila mason matthews mellor metcalfe metsä miah middleton miller mills mistry modig
mohamed moore moran morley morris morrison morton moss murray myers mäki nash naylor nelson newman
newton nicholls nicholson niemi nixon noble nolan nord norris norrman norton nummela nurmi oja oksa
olli orava osborne owens page paju palm palmer parkes parkin parkinson parry parsons payne peacock
pearce pearson pelto perkins perry peters pickering pihl pohjola pollard poole pope porter potter
potts powell pratt preston pritchard pugh puro quinn rahman rajala randall ranta rask raunio rees
reeves rehn reid repo reynolds rhodes rice richards riihimäki riley rinne rintala roberts robson
rogers roos rossi roth rowe rowley ruotsalainen ryan saar saari salmi salo sanders sanderson
saunders savage savolainen schofield seppä shah sharp sharpe shaw shepherd sheppard simmons sims
sinclair singh siren skinner skog slater smart soini spencer stark steele steen stephens stephenson
stevens stevenson stokes stone storey storm strand strid ström summers suni suo suomalainen susi
sutton suutari swift sykes taipale taivalkoski talbot tamm tammi taylor thomson thornton thorpe
tikka todd tomlinson townsend tran tucker tuomi turkki turnbull turner tyler vaara valli varis
vaughan vehmas venäläinen virolainen virta vuori walker wall wallace wallis walsh walton wang ward
warner warren waters watkins watts webb weber webster welch wells west weston wheeler white
whitehead whitehouse whittaker willis wilson winter wong wood woods woodward wright wyatt yates
young
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
a ainiin aivan an angry anonymous anonyymi arg aronia asiakas asiakaspalvelu asiakkaanne asiakkaasi
bean besviken calling class concerned customer disappointed don't edelleen ei email en entinen
erittäin eräs espoo ett finland finnish former from glad gsm happy helsinki here huolestunut hyvää
ingen inte jo joen jonne jonnekin joukkoon joukossa joukosta just kerrytä kiitollinen kiitos
kirjoitettu kiukkuinen kokoa kuka kukaan kukakin kuluttaja kund kunden kundtjänst käyttäjä looking
loyal lähetetty martens missnöjd monikaan mukavaa muscle myös never nikon nilsiä nilsiän nimetön no
not nyt nöjd odotamme odotan odottaa oetker ollut onnellinen orolig oulu ovea oven ovessa ovesta
pepper pettynyt philips philipsiltä philipsin pian pitkäaikainen pitkästä puh puhelin regular
roberts sent service skickat so sorry still stockholm suomalainen suomi support surullinen swedish
tampere tanskasta team tel terveisin the tiimi tilaaja tilaus tilausnumero titan todella
toivottavasti trogen trying turku turusta tuvan tyytymätön tyytyväinen unable unhappy user
uskollinen uusi vanha vantaa very vihainen voisitteko väärin waiting willys writing yksi yliseen
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
        "clas ohlson",
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
