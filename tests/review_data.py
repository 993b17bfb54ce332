"""Small stores for the tests of the store and of the review page: articles in ten scripts, people, a queue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from sqlalchemy import select

from xjstance.labels.audit_sample import QueueItem
from xjstance.labels.codebook import Codebook
from xjstance.labels.records import Article, Evidence, Prediction
from xjstance.labels.store import all_annotations, broken_links, database
from xjstance.labels.store.accounts import add_account
from xjstance.labels.store.annotation import Annotation
from xjstance.labels.store.annotations import Judgement, add_annotation
from xjstance.labels.store.assignments import next_item
from xjstance.labels.store.database import Database
from xjstance.labels.store.queues import QueuedArticle, QueueSettings, WindowFinder, add_queue
from xjstance.labels.store.tables import AccountRow, QueueRow

database.SYNCHRONOUS = "OFF"  # no test pulls the plug; a killed process loses nothing without it

START = datetime(2026, 11, 1, 9, 0, tzinfo=timezone.utc)
MODEL = "tiny@0123456789ab"
STAFF = (("ant", "reviewer"), ("bee", "reviewer"), ("owl", "adjudicator"), ("elk", "administrator"))

EMOJI = "\U0001f600 A \U0001f389 text beyond the first plane. " + "Second sentence. " * 8

TEXTS = {
    "ar": ("تقرير عن الإقليم", "قال متحدث باسم الحكومة إن السياسات جلبت الاستقرار. رد نشطاء بأن آلافا محتجزون."),
    "ug-Arab": ("خەۋەر", "ھۆكۈمەت باياناتچىسى مۇقىملىق توغرىسىدا سۆزلىدى. پائالىيەتچىلەر رەت قىلدى."),
    "he": ("דיווח מהאזור", "דובר הממשלה אמר שהמדיניות הביאה יציבות. פעילים השיבו שאלפים עצורים."),
    "hi": ("क्षेत्र से रिपोर्ट", "सरकारी प्रवक्ता ने कहा कि नीतियों से स्थिरता आई। कार्यकर्ताओं ने इसका खंडन किया।"),
    "bo": ("གསར་འགྱུར།", "གཞུང་གི་གསུང་ཚབ་པས་སྲིད་ཇུས་ཀྱིས་བརྟན་ལྷིང་བྱུང་ཞེས་བཤད། དེ་ལ་ངོ་རྒོལ་བྱས།"),
    "km": ("របាយការណ៍", "អ្នកនាំពាក្យរដ្ឋាភិបាលនិយាយថា គោលនយោបាយនាំមកស្ថិរភាព។ សកម្មជនបានបដិសេធ។"),
    "my": ("သတင်း", "အစိုးရပြောရေးဆိုခွင့်ရှိသူက တည်ငြိမ်မှုရရှိသည်ဟု ပြောသည်။ တက်ကြွသူများက ငြင်းဆိုသည်။"),
    "mn-Mong": ("ᠮᠡᠳᠡᠭᠡ", "ᠵᠠᠰᠠᠭ ᠤᠨ ᠭᠠᠵᠠᠷ ᠤᠨ ᠲᠥᠯᠦᠭᠡᠯᠡᠭᠴᠢ ᠬᠡᠯᠡᠪᠡ᠃ ᠢᠳᠡᠪᠬᠢᠲᠡᠨ ᠡᠰᠡᠷᠭᠦᠴᠡᠪᠡ᠃"),
    "zh-Hans": ("来自该地区的报道", "政府发言人说，这些政策带来了稳定。活动人士回应说，数千人被关押。"),
    "am": ("ዘገባ", "የመንግሥት ቃል አቀባይ ፖሊሲዎቹ መረጋጋት አምጥተዋል አሉ። ተሟጋቾች አልተቀበሉትም።"),
}
"""Tag -> title and text: two invented sentences that say the same in each."""


@dataclass
class Clock:
    """A clock that the test turns."""

    now: datetime = field(default=START)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def queued(number: int, *, tag: str | None = None, title: str | None = None, text: str | None = None,
           probs: tuple[float, ...] = (0.1, 0.6, 0.2, 0.1), model: str = MODEL, outlet: str = "daily.example",
           inclusion_prob: float = 0.25) -> QueuedArticle:  # fmt: skip
    """One article with its queue item and a prediction of `critical`."""
    tag = tag or list(TEXTS)[number % len(TEXTS)]
    default_title, default_text = TEXTS.get(tag, ("Report", "The spokesman praised the policy. Activists objected."))
    article = Article(
        id=f"a{number}", title=default_title if title is None else title,
        text=f"{default_text}\n\n{number}" if text is None else text, outlet=outlet, date="2021-03-05",
    )  # fmt: skip
    labels = ("praising", "critical", "neutral", "unrelated")
    prediction = Prediction(
        id=article.id, status="scored", text_sha256=article.sha256, language=tag.partition("-")[0],
        script=tag.partition("-")[2] or "Latn", stance=labels[probs.index(max(probs))], probs=probs, model=model,
        is_confident=False, is_validated=True, stance_set=("critical", "neutral"), n_tokens=900, n_tokens_read=800,
        n_windows=3, codebook=Codebook.load().signature,
        evidence=(Evidence(field="text", start=0, end=20, score=1.0),) if len(article.text) > 20 else None,
    )  # fmt: skip
    item = QueueItem(id=article.id, text_sha256=article.sha256, frame="f" * 64, stratum=f"{tag}/critical",
                     inclusion_prob=inclusion_prob, reason="audit")  # fmt: skip
    return QueuedArticle(item=item, article=article, prediction=prediction)


@dataclass
class Desk:
    """A store with a queue and people, and short ways to work on it."""

    database: Database
    clock: Clock
    queue: int = 0
    people: dict[str, AccountRow] = field(default_factory=dict)
    n_requests: int = 0

    def add(self, articles: list[QueuedArticle], *, name: str = "main", double_share: float = 1.0,
            find_windows: WindowFinder | None = None) -> int:  # fmt: skip
        settings = QueueSettings(name=name, double_share=double_share)
        n = add_queue(self.database, articles, settings, codebook=Codebook.load(), now=self.clock(),
                      find_windows=find_windows)  # fmt: skip
        with self.database.reading() as session:
            self.queue = session.scalars(select(QueueRow.number).where(QueueRow.name == name)).one()
        return n

    def hire(self, name: str, role: str = "reviewer", languages: tuple[str, ...] = ()) -> None:
        with self.database.writing() as session:
            self.people[name] = add_account(session, name, role, languages=languages, by="test", now=self.clock())

    @property
    def where(self) -> str:
        """Path of the store's file."""
        return str(self.database.engine.url.database)

    def hire_staff(self) -> None:
        """Two readers, an adjudicator, an administrator."""
        for name, role in STAFF:
            self.hire(name, role)

    def labels(self) -> list[str | None]:
        """What was written in the store, in order; the chains are checked."""
        with self.database.reading() as session:
            assert list(broken_links(session)) == []
            return [one.label for one in all_annotations(session)]

    def take(self, name: str) -> int | None:
        with self.database.writing() as session:
            person = self.people[name]
            return next_item(session, person.number, queue=self.queue, tags=person.languages, now=self.clock())

    def judge(self, name: str, item: int, label: str | None = None, **more: object) -> int:
        self.n_requests += 1
        kind = more.pop("kind", "label")
        request = str(more.pop("request_id", f"r{self.n_requests}"))
        judgement = Judgement(kind=kind, label=label, request_id=request, **more)  # type: ignore[arg-type]
        with self.database.writing() as session:
            return add_annotation(session, item, self.people[name], judgement, now=self.clock()).number


@contextmanager
def desk(where: str) -> Iterator[Desk]:
    """An empty store and its desk."""
    opened = Database.open(where)
    try:
        yield Desk(database=opened, clock=Clock())
    finally:
        opened.close()


def labels_in(database: Database) -> list[tuple[object, ...]]:
    """All labels of a store and who gave them, whatever their order; the chains are checked."""

    def key(one: Annotation) -> tuple[object, ...]:
        return (one.article_id, one.text_sha256, one.reviewer, one.label, one.confidence, one.note, one.spans,
                one.is_flagged, one.is_blind, one.codebook)  # fmt: skip

    with database.reading() as session:
        assert list(broken_links(session)) == []
        return sorted((key(one) for one in all_annotations(session) if one.kind == "label"), key=repr)
