"""StanceTokenizer: text -> piece ids with offsets, by sentencepiece or by a tokenizer.json of another encoder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from ..labels.errors import ModelError

SENTENCEPIECE_FILE = "sentencepiece.bpe.model"
TOKENIZER_FILE = "tokenizer.json"
BOS_ID, PAD_ID, EOS_ID, UNK_ID, MASK_ID = range(5)
"""Ids of `<s>`, `<pad>`, `</s>`, `<unk>`, `<mask>` in the tokenizers of this project."""
MASK_PIECE = "<mask>"
_BLANK = "\u2581"

FINGERPRINT_SENTENCES: Mapping[str, str] = {
    "Arab": "ھەر كىشى پىكىر ئەركىنلىكىگە ئىگە، یہ ۲۳ خبریں؟ للجميع الحق.",
    "Armn": "Բոլոր մարդիկ ծնվում են ազատ։",
    "Beng": "সকল মানুষ স্বাধীনভাবে জন্মগ্রহণ করে।",
    "Cyrl": "Барлық адамдар тумысынан азат; все люди рождаются свободными, ғ ҳ җ ў ћ.",
    "Deva": "सभी मनुष्यों को स्वतन्त्रता प्राप्त है।",
    "Ethi": "የሰው ልጅ ሁሉ ሲወለድ ነፃ ነው።",
    "Geor": "ყველა ადამიანი იბადება თავისუფალი.",
    "Grek": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι.",
    "Gujr": "બધા માનવો જન્મથી સ્વતંત્ર છે.",
    "Guru": "ਸਾਰੇ ਮਨੁੱਖ ਆਜ਼ਾਦ ਪੈਦਾ ਹੁੰਦੇ ਹਨ।",
    "Hang": "모든 인간은 태어날 때부터 자유롭다.",
    "Hans": "人人生而自由,在尊严和权利上一律平等。新疆維吾爾自治區",
    "Hebr": "כל בני אדם נולדו בני חורין.",
    "Jpan": "すべての人間は、生まれながらにして自由である。カタカナ",
    "Khmr": "មនុស្សទាំងអស់កើតមកមានសេរីភាព។",
    "Knda": "ಎಲ್ಲಾ ಮಾನವರೂ ಸ್ವತಂತ್ರರಾಗಿಯೇ ಜನಿಸಿದ್ದಾರೆ.",
    "Laoo": "ມະນຸດທຸກຄົນເກີດມາມີກຽດສັກສີ.",
    "Latn": "Every person is free: Türkçe, tiếng Việt, Ọ̀rọ̀, język, naïve — 12,345 €!",
    "Mlym": "മനുഷ്യരെല്ലാം സ്വതന്ത്രരായി ജനിക്കുന്നു.",
    "Mong": "ᠬᠦᠮᠦᠨ ᠪᠦᠷ",
    "Mymr": "လူတိုင်းသည် လွတ်လပ်သော သူများဖြစ်သည်။",
    "Orya": "ସବୁ ମନୁଷ୍ୟ ଜନ୍ମରୁ ସ୍ୱାଧୀନ।",
    "Sinh": "සියලු මිනිස්සු නිදහස්ව උපත ලබා ඇත.",
    "Taml": "மனிதர்கள் சுதந்திரமாகப் பிறக்கின்றனர்.",
    "Telu": "మానవులందరూ స్వేచ్ఛగా జన్మించారు.",
    "Thai": "มนุษย์ทั้งหลายเกิดมามีอิสระ",
    "Tibt": "འགྲོ་བ་མིའི་རིགས་རྒྱུད་ཡོངས་ལ་རང་དབང་ཡོད།",
}
"""One fixed sentence a script (ISO 15924); every one is in normal form. Their ids go into a bundle's manifest."""


class StanceTokenizer(Protocol):
    """What the run-time asks of a tokenizer. Texts are normalised already (labels/normalise.py)."""

    @property
    def n_pieces(self) -> int:
        """Size of the vocabulary."""

    @property
    def bos_id(self) -> int:
        """Id that opens an input."""

    @property
    def eos_id(self) -> int:
        """Id that closes an input."""

    @property
    def pad_id(self) -> int:
        """Id that fills a batch up."""

    def encode(self, text: str) -> list[int]:
        """Piece ids, without special tokens; a line break is read as a blank."""

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[int], list[int]]:
        """Ids as in `encode`; for each, where it starts and ends in the text (code points, half-open).

        Starts and ends never fall; a byte piece covers its whole character; a lone blank covers nothing.
        """

    def fingerprint(self) -> dict[str, list[int]]:
        """Ids of `FINGERPRINT_SENTENCES`: equal in a run-time that may serve the model, else refuse it."""


def load_tokenizer(folder: Path) -> StanceTokenizer:
    """The folder's tokenizer: its sentencepiece model where there is one, else its tokenizer.json.

    Raises: ModelError: neither is there, or the file is damaged.
    """
    folder = Path(folder)
    if (folder / SENTENCEPIECE_FILE).is_file():
        return SentencePieceTokenizer(folder / SENTENCEPIECE_FILE)
    if (folder / TOKENIZER_FILE).is_file():
        return JsonTokenizer(folder / TOKENIZER_FILE)
    raise ModelError(f"{folder}: neither {SENTENCEPIECE_FILE} nor {TOKENIZER_FILE}; the folder is not a whole bundle")


class SentencePieceTokenizer:
    """The tokenizer of the embedded bundle: Unigram, identity normaliser, byte fallback."""

    def __init__(self, path: Path) -> None:
        import sentencepiece

        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(Path(path).read_bytes())
        except (OSError, RuntimeError) as cause:
            raise ModelError(f"{path}: is not a sentencepiece model ({cause}); fetch the bundle again") from cause
        ids = [self._processor.bos_id(), self._processor.pad_id(), self._processor.eos_id()]
        if min(ids) < 0:
            raise ModelError(f"{path}: lacks <s>, <pad> or </s>; train it with xjstance.training.tokenizer")
        self.bos_id, self.pad_id, self.eos_id = ids
        self.n_pieces: int = self._processor.get_piece_size()
        pieces = [self._processor.id_to_piece(i) for i in range(self.n_pieces)]
        self._opens_word = [piece.startswith(_BLANK) for piece in pieces]
        self._n_characters = [len(piece.replace(_BLANK, "")) for piece in pieces]
        self._byte = {i: int(pieces[i][3:5], 16) for i in range(self.n_pieces) if self._processor.is_byte(i)}

    def opens_word(self, piece_id: int) -> bool:
        """Whether the piece begins with a blank."""
        return self._opens_word[piece_id]

    def encode(self, text: str) -> list[int]:
        """Piece ids, without special tokens; a line break is read as a blank."""
        ids: list[int] = self._processor.encode(_readable(text))
        return ids

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[int], list[int]]:
        """Ids as in `encode`, and each one's half-open span of code points in the text.

        Counted here: the offsets of sentencepiece itself differ between its versions, in unit and in name."""
        ids = self.encode(text)
        starts: list[int] = []
        ends: list[int] = []
        at, n_bytes_left = 0, 0
        for i in ids:
            if self._opens_word[i]:
                while at < len(text) and text[at] in " \n":
                    at += 1
            starts.append(at)
            byte = self._byte.get(i)
            if byte is None:
                at += self._n_characters[i]
                ends.append(at)
                continue
            if not n_bytes_left:
                n_bytes_left = 1 if byte < 0xC0 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            n_bytes_left -= 1
            ends.append(at + 1)
            at += n_bytes_left == 0
        return ids, starts, ends

    def fingerprint(self) -> dict[str, list[int]]:
        """Ids of one fixed sentence a script."""
        return _fingerprint(self)


class JsonTokenizer:
    """The same over a tokenizer.json, for bundles made from other encoders."""

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as cause:
            raise ModelError(f"{path}: is not a tokenizer.json ({cause}); fetch the bundle again") from cause
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True  # an article that says "</s>" must not end its own input
        self.n_pieces: int = self._tokenizer.get_vocab_size(with_added_tokens=True)
        self.bos_id = self._special_id("<s>", "[CLS]", "<bos>")
        self.eos_id = self._special_id("</s>", "[SEP]", "<eos>")
        self.pad_id = self._special_id("<pad>", "[PAD]")

    def _special_id(self, *names: str) -> int:
        for name in names:
            found: int | None = self._tokenizer.token_to_id(name)
            if found is not None:
                return found
        raise ModelError(f"tokenizer.json: none of {', '.join(names)} is in its vocabulary; use another encoder")

    def encode(self, text: str) -> list[int]:
        """Piece ids, without special tokens."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[int], list[int]]:
        """Ids as in `encode`, and each one's half-open span of code points in the text."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        starts = [start for start, _ in encoding.offsets]
        ends = [end for _, end in encoding.offsets]
        return encoding.ids, starts, ends

    def fingerprint(self) -> dict[str, list[int]]:
        """Ids of one fixed sentence a script."""
        return _fingerprint(self)


def _fingerprint(tokenizer: Any) -> dict[str, list[int]]:
    return {script: tokenizer.encode(sentence) for script, sentence in FINGERPRINT_SENTENCES.items()}


def _readable(text: str) -> str:
    """Line breaks as blanks; the sign that stands for a blank inside the model as a low line. Lengths stay."""
    return text.replace("\n", " ").replace(_BLANK, "_")
