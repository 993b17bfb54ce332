"""A page of a queue's items with their scores, sorted and filtered; each page begins where an index says, at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, or_, select
from sqlalchemy.orm import Session

from ..codebook import Codebook
from ..store.tables import ArticleRow, ItemRow, PredictionRow, ScoreRow

PAGE = 100
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
        wanted = self._items(queue, model).add_columns(key, last)
        if self.after is not None:
            at, number = self.after
            value: Any = round(at) if self.order == "line" else at
            beyond = or_(key < value, last < number) if self.is_down else or_(key > value, last > number)
            wanted = wanted.where(and_(key <= value if self.is_down else key >= value, beyond))
        wanted = wanted.order_by(*(one.desc() if self.is_down else one for one in (key, last)))
        rows = session.execute(wanted.limit(PAGE)).all()
        return rows, f"{rows[-1][-2]!r}~{rows[-1][-1]}" if len(rows) == PAGE else None

    def _items(self, queue: int, model: str | None) -> Select[Any]:
        wanted = (
            select(*_SHOWN)
            .join(ArticleRow, ArticleRow.number == ItemRow.article)
            .join(PredictionRow, (PredictionRow.article == ItemRow.article) & (PredictionRow.model == model),
                  isouter=self.order == "line")
            .where(ItemRow.queue == queue)
        )
        if self.order not in _ORDERS:
            wanted = wanted.join(ScoreRow, (ScoreRow.prediction == PredictionRow.number)
                                 & (ScoreRow.label == self.order.removeprefix("p_")))  # fmt: skip
        if self.is_open:
            wanted = wanted.where(ItemRow.is_open)
        return wanted.where(*(_FILTERS[name] == value for name, value in self.filters.items()))


def _place(text: str) -> tuple[float, int] | None:
    key, _, number = text.partition("~")
    try:
        found = float(key), int(number)
    except ValueError:
        return None
    return found if math.isfinite(found[0]) and abs(found[0]) < 2**31 and abs(found[1]) < 2**31 else None
