"""Word lists and sentence patterns, written for this recipe, and how a pattern is filled.

A pattern names lists in braces: `{place}`, or with a Korean particle after it, `{place}{은}`, which takes the form
that fits the syllable before it. Numbers are spelled out as they are read.
"""

from __future__ import annotations

import random
import re

OTHERS = ("zh", "ja", "de", "fr", "es", "it", "pt", "ru")

_WORDS = {
    "place": "안내 데스크|고객 센터|회의실|주차장|지하 일 층|이 층 대기실|정문|후문|엘리베이터|식당|"
    "휴게실|도서관|강당|진료실|접수창구|매표소|승강장|대합실|옥상 정원|물품 보관소|서울역|"
    "부산역|시청|공항|터미널|체육관|미술관|박물관|우체국|은행|약국|응급실|연구소|공장|창고|"
    "사무실|운동장|놀이터|화장실|수유실|흡연 구역|비상구|광장|공원|시장|학교|병원|교실",
    "person": "고객님|손님|환자분|보호자분|회원님|승객 여러분|주민 여러분|선생님|담당자|김민수 님|"
    "이서연 님|박지훈 님|최유진 님|정하늘 님|강도윤 님|윤서아 님|장예준 님|임수빈 님|"
    "한지우 님|직원|기사님|방문객|관리자|상담원|어린이|학생|부모님|친구|동생|할머니",
    "thing": "열차|버스|비행기|엘리베이터|에스컬레이터|승차권|주문하신 음료|예약 번호|진료 순서|서류|"
    "택배|우산|지갑|휴대 전화|열쇠|가방|자동차|신청서|영수증|회원 카드|상품|신제품|커피|점심|"
    "저녁|책|사진|음악|영화|숙제|편지|창문|의자|컴퓨터|프로그램|안내문|결과|보고서|계획|약속|"
    "소식|날씨|바람|별빛|꽃|나무|고양이|강아지|바다|하늘",
    "event": "점검|공사|행사|회의|공연|접수|진료|상담|교육|훈련|소방 대피 훈련|정기 점검|할인 행사|"
    "설명회|시상식|경기|방송|수업|면접|투표|배송|발표|공개 수업|전시회|음악회|체험 행사",
    "when": "지금|잠시 후|오늘|내일|모레|이번 주말|다음 주|매일 아침|오전|오후|저녁 무렵|새벽|어제|"
    "그저께|지난달|올해|곧|방금|주말마다|월요일|화요일|수요일|목요일|금요일|토요일|일요일|"
    "점심시간|퇴근 시간|봄|여름|가을|겨울",
    "do": "이용해 주시기 바랍니다|기다려 주십시오|확인해 주세요|문의해 주시기 바랍니다|"
    "방문해 주세요|준비해 주십시오|신청하실 수 있습니다|참여해 주시기 바랍니다|"
    "삼가 주시기 바랍니다|이동해 주십시오|연락해 주세요|선택해 주세요|눌러 주세요|"
    "말씀해 주세요|주의해 주시기 바랍니다|협조해 주시면 감사하겠습니다|알려 드리겠습니다|"
    "안내해 드리겠습니다|도와드리겠습니다",
    "verb": "도착했습니다|출발합니다|시작합니다|끝났습니다|취소되었습니다|연기되었습니다|"
    "준비되었습니다|열립니다|닫힙니다|지연되고 있습니다|완료되었습니다|접수되었습니다|"
    "변경되었습니다|사라졌어요|보였어요|들렸어요|필요합니다|좋았어요|생각났어요|"
    "기다리고 있어요|떨어졌습니다|올라갑니다|내려갑니다|바뀌었습니다|고장 났습니다",
    "act": "찾았어요|샀습니다|보냈어요|읽고 있습니다|만들었어요|고쳤습니다|빌려 갔어요|좋아합니다|"
    "잊어버렸어요|기억해요|보았습니다|들었어요|열었습니다|닫았어요|바꿨습니다|마셨어요|"
    "먹고 싶어요|그렸습니다|적어 두었어요|옮겼습니다|배웠어요|씻었습니다|골랐어요",
    "adverb": "천천히|빨리|조용히|다시|정말|아주|조금|매우|꼭|함께|자주|가끔|미리|반드시|갑자기|겨우|"
    "벌써|아직|이미|무척|살며시|또렷하게",
    "adjective": "따뜻한|차가운|커다란|작은|새로운|오래된|아름다운|조용한|밝은|어두운|빠른|느린|맛있는|"
    "귀여운|푸른|붉은|하얀|까만|부드러운|단단한|깨끗한|복잡한|간단한|특별한|편리한|즐거운|"
    "외로운|넓은|좁은|깊은",
    "direction": "왼쪽|오른쪽|앞쪽|뒤쪽|위층|아래층|동쪽|서쪽|남쪽|북쪽|반대편|안쪽|바깥쪽",
    "reason": "안전을 위해|폭우로 인해|시설 점검으로|강풍 때문에|많은 눈이 내려|통신 장애로|"
    "원활한 진행을 위해|여러분의 편의를 위해|예약이 많아|신호 문제로|개인 정보 보호를 위해|"
    "더 나은 서비스를 위해",
    "en": "station|ticket|window|letter|garden|doctor|coffee|river|market|teacher|train|umbrella|"
    "bridge|kitchen|pocket|mountain|camera|school|engine|orange|paper|voice|shadow|jacket|"
    "village|yellow box|thunder|question",
    "enadj": "quiet|bright|heavy|broken|early|golden|strange|happy|cold|useful|tiny|round|fresh|"
    "narrow|brave",
    "ennumber": "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty",
    "zh": "苹果|地铁|老师|天气|图书馆|手机|朋友|咖啡|星期一|医院|电影|花园|米饭|中国|雨伞",
    "ja": "りんご|みず|ほん|えき|ねこ|さくら|おちゃ|がっこう|やま|とけい|かさ|てがみ|ゆき|そら|"
    "くるま",
    "de": "den Bahnhof|die Straße|das Fenster|der Garten|die Zeitung|ein schönes Buch|die Brücke|"
    "den Schlüssel",
    "denumber": "zwei|drei|vier|fünf|sechs|acht|zehn|zwölf|zwanzig",
    "fr": "la maison|le jardin|une lettre|la montagne|le musée|un petit chien|la fenêtre|"
    "du pain frais",
    "frnumber": "deux|trois|quatre|cinq|huit|dix|quinze|vingt",
    "es": "la ciudad|el mercado|una carta|la ventana|el jardín|un libro viejo|la llave|el pan",
    "esnumber": "dos|tres|cuatro|cinco|ocho|diez|quince|veinte",
    "it": "la città|il mercato|una lettera|la finestra|il giardino|un libro antico|la chiave|il pane",
    "itnumber": "due|tre|quattro|cinque|otto|dieci|venti",
    "pt": "a cidade|o mercado|uma carta|a janela|o jardim|um livro velho|a chave|o pão",
    "ptnumber": "dois|três|quatro|cinco|oito|dez|vinte",
    "ru": "книга|письмо|красивый дом|окно|большой мост|старый сад|ключ|хлеб",
    "runumber": "пять|шесть|семь|восемь|десять|двадцать",
}  # fmt: skip
LISTS: dict[str, list[str]] = {name: joined.split("|") for name, joined in _WORDS.items()}

# After a closed syllable, after an open one.
PARTICLES = {
    "은": ("은", "는"), "이": ("이", "가"), "을": ("을", "를"), "과": ("과", "와"), "으로": ("으로", "로"),
    "이나": ("이나", "나"),
}  # fmt: skip

ANNOUNCEMENTS = [
    "안내 말씀 드립니다. {place}에서 {when} {event}{이} 진행됩니다.",
    "{when} {place}{으로} 가는 열차가 들어오고 있습니다.",
    "{person}, {place}{으로} {do}.",
    "{reason} {event}{이} 잠시 중단됩니다.",
    "{reason} {thing} 이용이 어려우니 {place}{을} {do}.",
    "{hour} {minute}에 {place}에서 {event}{이} 시작됩니다.",
    "이번 역은 {place}, {place}역입니다. 내리실 문은 {direction}입니다.",
    "{thing}{이} {verb}.",
    "{event} 안내를 원하시면 {digit} 번을 눌러 주세요.",
    "{count} 번 {person}, {place}{으로} 들어오세요.",
    "발 빠짐에 {adverb} 주의하시기 바랍니다.",
    "{event} 시간은 {hour}부터 {hour}까지입니다.",
    "{thing}{을} 두고 가신 {person}{은} {place}에서 찾아가시기 바랍니다.",
    "문이 열립니다. {direction}으로 나가 주세요.",
    "{place}에서는 {adverb} {do}.",
    "{when} {event}{은} {place}에서 {hour}에 열립니다.",
    "전화해 주셔서 감사합니다. {adverb} {do}.",
    "상담원 연결을 위해 {adverb} 기다려 주십시오.",
    "{reason} {thing}{이} {number} 분 정도 늦어지고 있습니다.",
    "대기 인원은 {count} 명이며, 예상 시간은 {number} 분입니다.",
    "{place}에 계신 {person}께서는 {direction} 문으로 {do}.",
    "결제가 완료되었습니다. 금액은 {number} 원입니다.",
    "비밀번호 {digits}을 눌러 주십시오.",
    "오늘의 {event}{은} 모두 끝났습니다. {adverb} 돌아가십시오.",
    "{person}{을} 찾습니다. {place}{으로} 와 주시기 바랍니다.",
]

NUMBERS = [
    "{number} 원입니다.",
    "모두 {number} 개입니다.",
    "{month} {day}, {hour} {minute}입니다.",
    "전화번호는 {digits}, {digits}입니다.",
    "{hour} {minute}에 만나요.",
    "{age} 살이에요.",
    "{count} 번째 {thing}입니다.",
    "온도는 {number} 도, 습도는 {number} 퍼센트입니다.",
    "{number} 킬로미터를 걸었습니다.",
    "{digits}번 버스를 타세요.",
    "천구백{tens}년에 태어났습니다.",
    "{number} 쪽을 펴 주세요.",
    "{count} 층에서 내려 주세요.",
    "오늘은 {month} {day} {weekday}입니다.",
    "{thing} {native} 개와 {thing} {native} 개를 주세요.",
    "{digits}.",
    "{number}.",
]

_SHORT = (
    "네.|아니요.|안녕하세요.|감사합니다.|고맙습니다.|죄송합니다.|잠시만요.|여보세요?|어서 오세요.|"
    "안녕히 가세요.|좋아요.|싫어요.|정말요?|그래요.|알겠습니다.|괜찮습니다.|환영합니다.|축하합니다.|"
    "조심하세요.|기다려요.|빨리요.|여기요.|물.|집.|꽃.|봄.|하나.|둘.|셋.|넷.|다섯.|여섯.|일곱.|여덟.|아홉.|"
    "열.|문이 열립니다.|문이 닫힙니다.|출발합니다.|도착했습니다.|확인.|취소.|시작.|끝.|왼쪽.|오른쪽.|위로.|"
    "아래로.|또 만나요.|잘 자요.|맞아요.|몰라요.|어디예요?|누구세요?|왜요?|언제요?|얼마예요?|주문하세요.|"
    "다시 한번.|천천히.|조용히 해 주세요.|수고하셨습니다.|반갑습니다.|사랑해요.|미안해요.|도와주세요.|"
    "오른쪽입니다.|다음 역은 시청역입니다."
)  # fmt: skip
SHORT = _SHORT.split("|")

SENTENCES: dict[str, list[str]] = {
    "ko": [
        "{adjective} {thing}{을} {adverb} {act}.", "{when} {person}{과} 함께 {place}에 갔어요.",
        "{adjective} {thing}{이} {place}에서 {verb}.", "{person}{은} {adjective} {thing}{을} {act}.",
        "{when} {adjective} {thing}{이} {adverb} {verb}.", "혹시 {place}{이} 어디에 있는지 아세요?",
        "{thing}{이나} {thing}{을} 가지고 오셨나요?",
        "저는 {adjective} {thing}보다 {adjective} {thing}{이} 더 좋아요.",
        "{direction}에 {adjective} {place}{이} 있습니다.", "{when}에는 {thing}{을} {act}.",
        "{thing}{과} {thing}{은} {place}에 있어요.", "{place}까지 {adverb} 가려면 {direction}으로 도세요.",
        "왜 {thing}{을} {adverb} {act}?", "{person}, {thing}{이} {verb}.",
        "{adverb} {adverb} 걷다가 {adjective} {thing}{을} 보았습니다.",
    ],
    "en": [
        "The {en} is next to the {en}.", "Please bring the {en} to the {en}.",
        "Good morning, how can I help you?", "Your {en} will arrive in {ennumber} minutes.",
        "I think the {en} was {enadj} and the {en} was {enadj}.", "Thank you for waiting.",
        "Where did you put my {en}?", "We found a {enadj} {en} under the {enadj} {en}.",
        "Press {ennumber} for the {en}.", "There are {ennumber} {enadj} {en}s here.",
        "She never liked the {enadj} {en}.", "It is {ennumber} o'clock.", "Is this your {enadj} {en}?",
        "They walked slowly past the {en}.", "Hello.",
    ],
    "zh": [
        "请稍等。", "您好，欢迎光临。", "今天是{zh}。", "我想要{zh}。", "{zh}在哪里？", "列车马上就要到站了。",
        "谢谢您的帮助。", "请把{zh}放在这里。", "我们明天去看{zh}。", "这个{zh}很好。",
    ],
    "ja": [
        "ありがとうございます。", "おはようございます。", "{ja}をください。", "{ja}はどこですか。",
        "まもなくでんしゃがまいります。", "きょうは{ja}をみました。", "すこしおまちください。",
        "{ja}がすきです。", "あした{ja}をかいます。",
    ],
    "de": [
        "Guten Morgen.", "Der Zug hat {denumber} Minuten Verspätung.", "Wo ist {de}?",
        "Bitte bringen Sie {de} mit.", "Ich habe {de} vergessen.", "Heute sehen wir {de} und {de}.",
        "Vielen Dank für Ihre Hilfe.",
    ],
    "fr": [
        "Bonjour à tous.", "Le train arrive dans {frnumber} minutes.", "Où est {fr} ?",
        "Je voudrais voir {fr}.", "Merci beaucoup.", "Nous avons trouvé {fr} près de la gare.",
        "Demain, nous achetons {fr}.",
    ],
    "es": [
        "Buenos días.", "El tren llega en {esnumber} minutos.", "¿Dónde está {es}?", "Quiero comprar {es}.",
        "Muchas gracias.", "Ayer perdí {es} en la calle.", "Por favor, traiga {es}.",
    ],
    "it": [
        "Buongiorno a tutti.", "Il treno arriva tra {itnumber} minuti.", "Dov'è {it}?", "Vorrei vedere {it}.",
        "Grazie mille.", "Ieri ho perso {it}.", "Domani compriamo {it}.",
    ],
    "pt": [
        "Bom dia.", "O trem chega em {ptnumber} minutos.", "Onde está {pt}?", "Quero comprar {pt}.",
        "Muito obrigado.", "Ontem perdi {pt} na rua.", "Por favor, traga {pt}.",
    ],
    "ru": [
        "Доброе утро.", "Поезд прибудет через {runumber} минут.", "Где {ru}?", "Я хочу купить {ru}.",
        "Большое спасибо.", "Вчера мы видели {ru}.", "Пожалуйста, подождите немного.",
    ],
}  # fmt: skip

_SINO = ["", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구"]
_NATIVE_ONES = ["", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉"]
_NATIVE_TENS = ["", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔"]
_DIGITS = ["공", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구"]


def sino(number: int) -> str:
    """A number from 0 to 99,999,999 as Sino-Korean reads it, in words of four digits."""
    if number == 0:
        return "영"
    groups = []
    for size, name in ((10_000, "만"), (1, "")):
        part, number = divmod(number, size)
        if part:
            head = "" if part == 1 and name else _four(part)
            groups.append(head + name)
    return " ".join(groups)


def _four(number: int) -> str:
    said = ""
    for size, name in ((1000, "천"), (100, "백"), (10, "십"), (1, "")):
        digit, number = divmod(number, size)
        if digit:
            said += ("" if digit == 1 and name else _SINO[digit]) + name
    return said


def native(number: int) -> str:
    """1 to 99 as counted before a unit: 한, 두, …, 스무."""
    tens, ones = divmod(number, 10)
    return "스무" if number == 20 else _NATIVE_TENS[tens] + _NATIVE_ONES[ones]


def _numeral(source: random.Random, name: str) -> str | None:
    """The lists that are counted, not written down."""
    if name == "number":
        return sino(source.choice((source.randint(1, 99), source.randint(100, 9999), source.randint(1, 999) * 1000)))
    if name == "count":
        return sino(source.randint(1, 120))
    if name == "digit":
        return source.choice(_DIGITS[1:])
    if name == "digits":
        return " ".join(source.choice(_DIGITS) for _ in range(source.randint(3, 4)))
    if name == "hour":
        return native(source.randint(1, 12)) + " 시"
    if name == "minute":
        return sino(source.randint(1, 59)) + " 분"
    if name == "month":
        month = source.randint(1, 12)
        return {6: "유월", 10: "시월"}.get(month, sino(month) + "월")
    if name == "day":
        return sino(source.randint(1, 31)) + "일"
    if name == "weekday":
        return source.choice("월화수목금토일") + "요일"
    if name in ("age", "native"):
        return native(source.randint(1, 99 if name == "age" else 12))
    if name == "tens":
        return sino(source.randint(30, 99))
    return None


def fill(source: random.Random, pattern: str, language: str) -> str:
    """Fill a pattern; Korean particles take the form that the syllable before them asks for."""
    made = ""
    for piece in re.split(r"(\{[^}]+\})", pattern):
        if not piece.startswith("{"):
            made += piece
            continue
        name = piece[1:-1]
        if name in PARTICLES:
            made += _particle(made, name)
        else:
            made += _numeral(source, name) or source.choice(LISTS[name])
    return made[:1].upper() + made[1:] if language not in ("ko", "zh", "ja") else made


def _particle(before: str, name: str) -> str:
    closed, is_open = PARTICLES[name]
    final = (ord(before[-1]) - 0xAC00) % 28 if "가" <= before[-1] <= "힣" else 0
    if name == "으로" and final == 8:  # ㄹ takes 로
        return is_open
    return closed if final else is_open
