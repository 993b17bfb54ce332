"""A page of a queue's items with their scores, sorted and filtered; each page begins where an index says, at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from ..codebook import Codebook
from ..store.tables import ArticleRow, ItemRow, PredictionRow, ScoreRow

PAGE = 100
_FEW = 5_000
"""Items that a filter leaves below which they are sorted."""
_ORDERS = {
    "line": (ItemRow.position, ItemRow.number),
    "certainty": (PredictionRow.top_prob, PredictionRow.number),
    "margin": (PredictionRow.margin, PredictionRow.number),
}
"""Order -> the columns that it goes by; the second one tells ties apart."""
_SHOWN: tuple[Any, ...] = (ItemRow, ArticleRow.id, ArticleRow.outlet, PredictionRow.stance, PredictionRow.top_prob,
                           PredictionRow.margin)  # fmt: skip
_FILTERS = {"tag": ItemRow.tag, "outlet": ArticleRow.outlet, "stance": PredictionRow.stance, "reason": ItemRow.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueListing:
    """What somebody wants to see of a queue."""

    orders: Sequence[str]
    """Names of the orders there are."""
    order: str = "line"
    is_down: bool = False
    filters: Mapping[str, str]
    is_open: bool = False
    after: tuple[float, int] | None = None
    """Key and number of the last item of the page before."""

    @classmethod
    def of(cls, asked: Mapping[str, str], codebook: Codebook, *, hides_scores: bool) -> QueueListing:
        """What a query asks for; what cannot be understood counts as not asked."""
        orders = ["line"] if hides_scores else [*_ORDERS, *(f"p_{label}" for label in codebook.labels)]
        names = [name for name in _FILTERS if not (hides_scores and name == "stance")]
        return cls(
            orders=orders, order=asked["order"] if asked.get("order") in orders else "line", is_down="down" in asked,
            filters={name: value for name in names if (value := asked.get(name, "").replace("\0", ""))},
            is_open=bool(asked.get("open")), after=_place(asked.get("after", "")),
        )  # fmt: skip

    def page(self, session: Session, queue: int, model: str | None) -> tuple[Sequence[Row[Any]], str | None]:
        """Rows (item, id and outlet of the article; stance, top_prob and margin of the prediction, all null where
        there is none), and what `after` has to be on the next page; None on the last one."""
        key, last = _ORDERS.get(self.order, (ScoreRow.prob, ScoreRow.prediction))
        wanted = self._items(session, queue, model).add_columns(key, last)
        if self.after is not None:
            at, number = self.after
            value: Any = round(at) if self.order == "line" else at
            beyond = or_(key < value, last < number) if self.is_down else or_(key > value, last > number)
            wanted = wanted.where(and_(key <= value if self.is_down else key >= value, beyond))
        wanted = wanted.order_by(*(one.desc() if self.is_down else one for one in (key, last)))
        rows = session.execute(wanted.limit(PAGE)).all()
        return rows, f"{rows[-1][-2]!r}~{rows[-1][-1]}" if len(rows) == PAGE else None

    def _items(self, session: Session, queue: int, model: str | None) -> Select[Any]:
        in_queue, of_score = ItemRow.queue == queue, ScoreRow.prediction == PredictionRow.number
        if self._goes_down_the_scores(session, queue):  # sums that no index serves: the one in order of scores remains
            in_queue, of_score = ItemRow.queue + 0 == queue, ScoreRow.prediction + 0 == PredictionRow.number
        wanted = (
            select(*_SHOWN)
            .join(ArticleRow, ArticleRow.number == ItemRow.article)
            .join(PredictionRow, (PredictionRow.article == ItemRow.article) & (PredictionRow.model == model),
                  isouter=self.order == "line")
            .where(in_queue)
        )  # fmt: skip
        if self.order not in _ORDERS:
            wanted = wanted.join(ScoreRow, of_score & (ScoreRow.label == self.order.removeprefix("p_")))
        if self.is_open:
            wanted = wanted.where(ItemRow.is_open)
        return wanted.where(*(_FILTERS[name] == value for name, value in self.filters.items()))

    def _goes_down_the_scores(self, session: Session, queue: int) -> bool:
        """Whether to read items in the order of a score until the page is full, not to sort what a filter leaves.

        PostgreSQL sees for itself which is quicker; SQLite would sort a whole queue for its first page.
        """
        if self.order == "line" or session.get_bind().dialect.name != "sqlite":
            return False
        left = []
        if tag := self.filters.get("tag"):
            left.append(select(ItemRow.number).where(ItemRow.queue == queue, ItemRow.tag == tag))
        if self.is_open:
            left.append(select(ItemRow.number).where(ItemRow.queue == queue, ItemRow.is_open))
        if outlet := self.filters.get("outlet"):
            left.append(select(ArticleRow.number).where(ArticleRow.outlet == outlet))
        n = [session.scalar(select(func.count()).select_from(rows.limit(_FEW).subquery())) or 0 for rows in left]
        return min(n, default=_FEW) >= _FEW


def _place(text: str) -> tuple[float, int] | None:
    key, _, number = text.partition("~")
    try:
        found = float(key), int(number)
    except ValueError:
        return None
    return found if math.isfinite(found[0]) and abs(found[0]) < 2**31 and abs(found[1]) < 2**31 else None
