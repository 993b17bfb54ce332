"""Indices for one language of a queue in line, statistics to choose between indices by, and who has seen labels."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the indices and the column, and count what is there."""
    op.drop_index("items_by_tag", "items")
    op.create_index("items_by_tag", "items", ["queue", "tag", "position"])
    op.create_index("items_open_by_tag", "items", ["queue", "is_open", "tag", "position"])
    op.add_column("assignments", sa.Column("saw_labels", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("ANALYZE")
