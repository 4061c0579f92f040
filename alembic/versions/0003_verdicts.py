"""What people say of signals

Revision: 0003; follows: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# As they were when this migration was released: a migration must not change with the code.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "verdicts",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("entry_id", ROW_ID, sa.ForeignKey("entries.id"), nullable=False),
        sa.Column("indicator_id", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.Column("given_at", MOMENT, nullable=False),
    )
    op.create_index("ix_verdicts_entry_id_indicator_id", "verdicts", ["entry_id", "indicator_id"])


def downgrade() -> None:
    op.drop_table("verdicts")
