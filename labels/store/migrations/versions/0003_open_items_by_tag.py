"""An index for readers of few languages, and the statistics by which both databases choose between indices."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the index and count what is there."""
    op.create_index("items_open_by_tag", "items", ["queue", "is_open", "tag", "position"])
    op.execute("ANALYZE")
