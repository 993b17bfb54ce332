"""Indices for large queues, and who has seen the scores of a queue before labelling in it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the indices and the table."""
    op.create_table(
        "shown_scores",
        sa.Column("queue", sa.Integer(), sa.ForeignKey("queues.number"), primary_key=True),
        sa.Column("account", sa.Integer(), sa.ForeignKey("accounts.number"), primary_key=True),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
    )
    op.create_index("items_by_position", "items", ["queue", "position"])
    op.create_index("items_by_tag", "items", ["queue", "tag"])
    op.create_index("items_of_article", "items", ["article"])
    op.create_index("assignments_held", "assignments", ["state", "until"])
    op.create_index("predictions_by_margin", "predictions", ["model", "margin"])
    op.create_index("articles_of_outlet", "articles", ["outlet"])
