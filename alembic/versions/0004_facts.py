"""What the text of a signal names, and what people say of stories

Revision: 0004; follows: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# As they were when this migration was released: a migration must not change with the code.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.add_column("signals", sa.Column("facts", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "story_edits",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("entry_id", ROW_ID, sa.ForeignKey("entries.id"), nullable=False),
        sa.Column("other_id", ROW_ID, sa.ForeignKey("entries.id"), nullable=False),
        sa.Column("together", sa.Boolean(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.Column("given_at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("story_edits")
    with op.batch_alter_table("signals") as batch:
        batch.drop_column("facts")
