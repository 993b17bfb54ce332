"""The different values of an indexed column, however many rows there are: one step down the index for each value."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session


def distinct_values(session: Session, column: InstrumentedAttribute[str],
                    *conditions: ColumnElement[bool]) -> Sequence[str]:  # fmt: skip
    """Values of a column that an index holds in order (after the columns that the conditions fix), in order.

    Neither SQLite nor PostgreSQL skips through an index for DISTINCT by itself: both would read all of it.
    """
    found = select(func.min(column).label("value")).where(*conditions).cte("found", recursive=True)
    following = select(func.min(column)).where(*conditions, column > found.c.value).scalar_subquery()
    found = found.union_all(select(following).where(found.c.value.is_not(None)))
    return session.scalars(select(found.c.value).where(found.c.value.is_not(None)).order_by(found.c.value)).all()
