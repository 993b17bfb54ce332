"""The store of reviews: articles in queues, what models said of them, and what people say, append-only.

Needs the extra `review` (SQLAlchemy, Alembic).
"""

from .annotation import Annotation, Span
from .annotations import ConflictError, Judgement, add_annotation, all_annotations, standing
from .assignments import next_item
from .database import Database
from .gold import JudgedItem, judged_items
from .hash_chain import broken_links
from .queues import QueuedArticle, QueueSettings, WindowFinder, add_queue

__all__ = [
    "Annotation",
    "ConflictError",
    "Database",
    "JudgedItem",
    "Judgement",
    "QueueSettings",
    "QueuedArticle",
    "Span",
    "WindowFinder",
    "add_annotation",
    "add_queue",
    "all_annotations",
    "broken_links",
    "judged_items",
    "next_item",
    "standing",
]
