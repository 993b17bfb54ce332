"""Indices for one language of a queue in line, and the statistics by which both databases choose between indices."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the indices and count what is there."""
    op.drop_index("items_by_tag", "items")
    op.create_index("items_by_tag", "items", ["queue", "tag", "position"])
    op.create_index("items_open_by_tag", "items", ["queue", "is_open", "tag", "position"])
    op.execute("ANALYZE")
