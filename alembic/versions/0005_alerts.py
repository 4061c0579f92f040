"""Urgent alerts, and silences

Revision: 0005; follows: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# As they were when this migration was released: a migration must not change with the code.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("recipient_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT),
        sa.Column("message_id", sa.Text(), nullable=False, server_default=""),
        sa.Column("acknowledged_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("acknowledged_at", MOMENT),
        sa.UniqueConstraint("recipient_id", "key"),
    )
    op.create_table(
        "silences",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("silences")
    op.drop_table("alerts")
