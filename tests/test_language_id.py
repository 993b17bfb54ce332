"""The shipped language identifier, end to end."""

from __future__ import annotations

import json
import random
import shutil
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xjstance.labels.errors import ModelError
from xjstance.labels.language_tags import SUPPORTED_TAGS
from xjstance.labels.normalise import normalise
from xjstance.models.language_id import LanguageIdentifier
from xjstance.models.language_model_folder import DEFAULT_FOLDER, read_manifest

# Sentences of our own, as a paper might print them.
SENTENCES = {
    "en": "The foreign minister said on Tuesday that the two governments would continue their talks next month.",
    "de": "Der Außenminister sagte am Dienstag, dass die beiden Regierungen ihre Gespräche im Mai fortsetzen.",
    "fr": "Le ministre des Affaires étrangères a déclaré mardi que les deux États poursuivraient leurs entretiens.",
    "es": "El ministro de Asuntos Exteriores dijo el martes que los dos gobiernos continuarán sus conversaciones.",
    "pt": "O ministro das Relações Exteriores disse na terça-feira que os dois governos vão continuar as conversações.",
    "it": "Il ministro degli Esteri ha detto martedì che i due governi continueranno i loro colloqui il mese prossimo.",
    "nl": "De minister van Buitenlandse Zaken zei dinsdag dat de twee regeringen hun gesprekken zullen voortzetten.",
    "pl": "Minister spraw zagranicznych powiedział we wtorek, że oba rządy będą kontynuować rozmowy w maju.",
    "tr": "Dışişleri bakanı salı günü yaptığı açıklamada iki hükümetin görüşmeleri gelecek ay sürdüreceğini söyledi.",
    "vi": "Bộ trưởng Ngoại giao cho biết hôm thứ Ba rằng hai chính phủ sẽ tiếp tục đàm phán vào tháng tới.",
    "fi": "Ulkoministeri sanoi tiistaina, että hallitukset jatkavat neuvottelujaan ensi kuussa.",
    "hu": "A külügyminiszter kedden azt mondta, hogy a két kormány a jövő hónapban folytatja a tárgyalásokat.",
    "uz-Latn": "Tashqi ishlar vaziri seshanba kuni ikki hukumat kelgusi oyda muzokaralarni boshlashini aytdi.",
    "ug-Latn": "Tashqi ishlar ministiri seyshenbe küni ikki hökümetning kéler ayda söhbetni bashlaydighanliqini éytti.",
    "sw": "Waziri wa mambo ya nje alisema Jumanne kwamba serikali hizo mbili zitaendelea na mazungumzo mwezi ujao.",
    "ru": "Министр иностранных дел заявил во вторник, что правительства двух стран продолжат переговоры в мае.",
    "uk": "Міністр закордонних справ заявив у вівторок, що уряди двох країн продовжать переговори наступного місяця.",
    "bg": "Министърът на външните работи заяви във вторник, че двете правителства ще продължат разговорите.",
    "kk-Cyrl": "Сыртқы істер министрі сейсенбі күні екі үкіметтің келесі айда келіссөздерді жалғастыратынын айтты.",
    "ky-Cyrl": "Тышкы иштер министри шейшемби күнү эки өкмөт кийинки айда сүйлөшүүлөрдү улантаарын айтты.",
    "mn-Cyrl": "Гадаад хэргийн сайд мягмар гаригт хоёр орны засгийн газар ирэх сард хэлэлцээ хийнэ гэж мэдэгдэв.",
    "ug-Cyrl": "Ташқи ишлар министири сәйшәнбә күни икки һөкүмәтниң келәр айда сөһбәтни башлайдиғанлиқини ейтти.",
    "ug-Arab": "تاشقى ئىشلار مىنىستىرى سەيشەنبە كۈنى ئىككى ھۆكۈمەتنىڭ كېلەر ئايدا سۆھبەتنى باشلايدىغانلىقىنى ئېيتتى.",
    "kk-Arab": "سىرتقى ىستەر مينيسترى سەيسەنبى كۇنى ەكى ۇكىمەتتىڭ كەلەسى ايدا كەلىسسوزدەردى جالعاستىراتىنىن ايتتى.",
    "ar": "قال وزير الخارجية يوم الثلاثاء إن الحكومتين ستواصلان محادثاتهما في الشهر المقبل.",
    "ur": "وزیر خارجہ نے منگل کو کہا کہ دونوں حکومتیں اگلے مہینے اپنی بات چیت جاری رکھیں گی۔",
    "ps": "د بهرنیو چارو وزیر د سه شنبې په ورځ وویل چې دواړه حکومتونه به په راتلونکې میاشت کې خبرې وکړي.",
    "hi": "विदेश मंत्री ने मंगलवार को कहा कि दोनों सरकारें अगले महीने अपनी बातचीत जारी रखेंगी।",
    "mr": "परराष्ट्र मंत्र्यांनी मंगळवारी सांगितले की दोन्ही सरकारे पुढील महिन्यात चर्चा सुरू ठेवतील.",
    "zh-Hans": "外交部长星期二表示，两国政府将于下个月继续会谈。",
    "zh-Hant": "外交部長星期二表示，兩國政府將於下個月繼續會談。",
    "yue": "外交部長話佢哋下個月會繼續傾，唔會停喺度。",
    "ja": "外務大臣は火曜日、両政府が来月も会談を続けると述べた。",
    "ko": "외무장관은 화요일 두 나라 정부가 다음 달에 회담을 계속할 것이라고 말했다.",
    "th": "รัฐมนตรีว่าการกระทรวงการต่างประเทศกล่าวเมื่อวันอังคารว่ารัฐบาลทั้งสองจะเจรจากันต่อไปในเดือนหน้า",
    "el": "Ο υπουργός Εξωτερικών δήλωσε την Τρίτη ότι οι δύο κυβερνήσεις θα συνεχίσουν τις συνομιλίες τον Μάιο.",
    "he": "שר החוץ אמר ביום שלישי כי שתי הממשלות ימשיכו בשיחותיהן בחודש הבא.",
    "bo": "ཕྱི་སྲིད་བློན་ཆེན་གྱིས་གཟའ་མིག་དམར་ཉིན་སྲིད་གཞུང་གཉིས་ཀྱིས་གྲོས་མོལ་མུ་མཐུད་བྱེད་རྒྱུ་ཡིན་ཞེས་བཤད།",
    "mn-Mong": "ᠭᠠᠳᠠᠭᠠᠳᠤ ᠬᠡᠷᠡᠭ ᠦᠨ ᠰᠠᠶᠢᠳ",
}


@cache
def shipped() -> LanguageIdentifier:
    """The identifier that the package ships."""
    return LanguageIdentifier.load()


@pytest.fixture(scope="module")
def identifier() -> LanguageIdentifier:
    """The same for tests without hypothesis."""
    return shipped()


@pytest.mark.parametrize("tag", SENTENCES)
def test_identify_a_sentence(identifier: LanguageIdentifier, tag: str) -> None:
    guess = identifier.identify(normalise(SENTENCES[tag]).text)
    assert guess.tag == tag
    assert 0.5 < guess.prob <= 1
    assert guess.shares == ((tag, 1.0),)


@pytest.mark.parametrize(
    ("text", "tag", "script"),
    [
        ("", "und", "Zyyy"),
        ("\u2028", "und", "Zyyy"),
        ("2019: 12.5 % / 1,234,567", "zxx", "Zyyy"),
        ("!!! ??? ---", "zxx", "Zyyy"),
        ("for (int i = 0; i < n; ++i) { sum += x[i]; printf(\"%d\\n\", sum); }", "zxx", "Zyyy"),
        ("<div class='a'><br/></div>", "zxx", "Zyyy"),
        ("ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ ᎠᎴ ᎤᏓᏅᏖᎵ", "und", "Cher"),  # Cherokee: a script in which no supported language is written
        ("ⵜⴰⵎⴰⵣⵉⵖⵜ ⵜⵓⵜⵍⴰⵢⵜ ⵏ ⵉⵎⴰⵣⵉⵖⵏ", "und", "Tfng"),
        # Hawaiian, of our own: no supported language comes near
        ("Ua ʻōlelo ke kuhina nui i ka pōʻalua e hoʻomau ana nā aupuni ʻelua i ke kūkākūkā ʻana i kēia mahina aʻe.",
         "und", "Latn"),
    ],
)  # fmt: skip
def test_identify_says_unknown_or_no_language(identifier: LanguageIdentifier, text: str, tag: str, script: str) -> None:
    guess = identifier.identify(normalise(text).text)
    assert (guess.tag, guess.script) == (tag, script)


def test_identify_marks_a_language_beyond_the_supported_ones(identifier: LanguageIdentifier) -> None:
    guess = identifier.identify("Азәрбајҹан Республикасы Гафгазда јерләшән өлкәдир. Халг һәр күн јени хәбәрләр алыр.")
    assert (guess.tag, guess.is_supported) == ("az-Cyrl", False)
    assert identifier.identify("The spokesman answered the questions of the reporters on Monday.").is_supported


def test_identify_an_empty_text_has_probability_zero(identifier: LanguageIdentifier) -> None:
    assert identifier.identify("").prob == 0.0
    assert identifier.identify_many([]) == []


def test_identify_reports_both_languages_of_an_article(identifier: LanguageIdentifier) -> None:
    text = f"{SENTENCES['en']} {SENTENCES['en']}\n\n{SENTENCES['zh-Hans']}{SENTENCES['zh-Hans']}"
    guess = identifier.identify(text)
    assert guess.tag == "en"
    assert [tag for tag, _ in guess.shares] == ["en", "zh-Hans"]
    assert guess.shares[0][1] > guess.shares[1][1] > 0.15


def test_identify_reports_two_languages_of_one_script(identifier: LanguageIdentifier) -> None:
    english = " ".join([SENTENCES["en"]] * 12)
    german = " ".join([SENTENCES["de"]] * 6)
    guess = identifier.identify(f"{english}\n\n{german}")
    assert guess.tag == "en"
    assert [tag for tag, _ in guess.shares] == ["en", "de"]


def test_identify_reads_past_the_first_line_of_a_long_article(identifier: LanguageIdentifier) -> None:
    boilerplate = "Subscribe to our newsletter | Home | News | Contact us | All rights reserved. BEIJING, May 5."
    body = " ".join([SENTENCES["tr"], "Toplantının ardından ortak bir bildiri yayımlanması bekleniyor."] * 8)
    assert identifier.identify(f"{boilerplate}\n\n{body}").tag == "tr"


def test_identify_zawgyi_after_normalisation(identifier: LanguageIdentifier) -> None:
    zawgyi = "ျမန္မာႏိုင္ငံ ပညာရွင္မ်ားသည္ ေက်ာင္းမွ အေၾကာင္းကို ေၾကညာခဲ့သည္။"
    assert identifier.identify(normalise(zawgyi).text).tag == "my"


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(sorted(SENTENCES.values())), min_size=1, max_size=12), st.randoms())
def test_identify_many_does_not_depend_on_the_batch(texts: list[str], shuffler: random.Random) -> None:
    identifier = shipped()
    together = identifier.identify_many(texts)
    order = list(range(len(texts)))
    shuffler.shuffle(order)
    shuffled = identifier.identify_many([texts[i] for i in order])
    assert [guess.tag for guess in shuffled] == [together[i].tag for i in order]
    for i, guess in zip(order, shuffled, strict=True):
        assert guess.prob == pytest.approx(together[i].prob, abs=1e-4)


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=80))
def test_identify_answers_any_text(text: str) -> None:
    guess = shipped().identify(normalise(text).text)
    assert 0 <= guess.prob <= 1
    assert guess.tag in {*SUPPORTED_TAGS, "az-Cyrl", "und", "zxx"}
    assert sum(share for _, share in guess.shares) <= 1.001


def test_shipped_folder_is_small_and_names_every_tag() -> None:
    manifest = read_manifest(DEFAULT_FOLDER)
    assert sum(path.stat().st_size for path in DEFAULT_FOLDER.iterdir()) < 10_000_000
    assert tuple(manifest["tags"]) == SUPPORTED_TAGS
    trained = {tag for group in manifest["groups"] for tag in group["tags"]}
    assert set(SUPPORTED_TAGS) - trained == {"zh-Hans", "zh-Hant", "yue", "mn-Mong"}


def test_load_refuses_a_changed_file_and_a_missing_folder(tmp_path: Path) -> None:
    folder = tmp_path / "language_id"
    shutil.copytree(DEFAULT_FOLDER, folder)
    with (folder / "latin.ftz").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelError, match=r"latin\.ftz"):
        LanguageIdentifier.load(folder)
    with pytest.raises(ModelError, match=r"manifest\.json"):
        LanguageIdentifier.load(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps(manifest | {"format": 99}), encoding="utf-8")
    with pytest.raises(ModelError, match="99"):
        LanguageIdentifier.load(folder)


def test_load_takes_a_foreign_fasttext_file(tmp_path: Path) -> None:
    fasttext = pytest.importorskip("fasttext")
    lines = [f"__label__uig_Latn {SENTENCES['ug-Latn'].lower()}", f"__label__zh {SENTENCES['zh-Hant']}",
             f"__label__ast {SENTENCES['es'].lower()}"] * 40  # fmt: skip
    (tmp_path / "train.txt").write_text("\n".join(lines), encoding="utf-8")
    model = fasttext.train_supervised(
        str(tmp_path / "train.txt"), dim=8, minn=2, maxn=4, epoch=20, lr=1.0, thread=1, verbose=0
    )
    model.save_model(str(tmp_path / "foreign.bin"))
    identifier = LanguageIdentifier.load(tmp_path / "foreign.bin")
    guesses = identifier.identify_many(
        [SENTENCES["ug-Latn"].lower(), SENTENCES["zh-Hant"], SENTENCES["es"].lower(), "", "12"]
    )
    assert [guess.tag for guess in guesses] == ["ug-Latn", "zh-Hant", "ast", "und", "zxx"]
    with pytest.raises(ModelError, match=r"nothing\.bin"):
        LanguageIdentifier.load(tmp_path / "nothing.bin")
