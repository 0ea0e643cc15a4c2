"""The first tables: voices, prompts, presets, jobs, items, takes (tries, marks, ratings), dictionary, settings.

On SQLite an index of three-letter pieces (FTS5, trigram) finds any part of a text, Hangul included. A later step
that rebuilds `takes` has to create the three triggers again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SEARCH = (
    "CREATE VIRTUAL TABLE takes_search USING fts5(search, content='takes', content_rowid='id', tokenize='trigram')",
    "CREATE TRIGGER takes_search_insert AFTER INSERT ON takes BEGIN"
    " INSERT INTO takes_search(rowid, search) VALUES (new.id, new.search); END",
    "CREATE TRIGGER takes_search_delete AFTER DELETE ON takes BEGIN"
    " INSERT INTO takes_search(takes_search, rowid, search) VALUES ('delete', old.id, old.search); END",
    "CREATE TRIGGER takes_search_update AFTER UPDATE OF search ON takes BEGIN"
    " INSERT INTO takes_search(takes_search, rowid, search) VALUES ('delete', old.id, old.search);"
    " INSERT INTO takes_search(rowid, search) VALUES (new.id, new.search); END",
)


def upgrade() -> None:
    _dictionaries()
    _dictionary_entries()
    _jobs()
    _presets()
    _prompts()
    _settings()
    _takes()
    _voices()
    _items()
    _ratings()
    _take_marks()
    _tries()
    connection = op.get_bind()
    if connection.dialect.name == "sqlite" and _has_trigrams(connection):
        for statement in SEARCH:
            op.execute(sa.text(statement))


def _has_trigrams(connection: sa.Connection) -> bool:
    version = str(connection.exec_driver_sql("SELECT sqlite_version()").scalar_one())
    has_fts5 = connection.exec_driver_sql("SELECT sqlite_compileoption_used('ENABLE_FTS5')").scalar_one()
    return bool(has_fts5) and tuple(int(part) for part in version.split(".")) >= (3, 34)


def _dictionaries() -> None:
    op.create_table(
        "dictionaries",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("entries", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_dictionaries")),
    )


def _dictionary_entries() -> None:
    op.create_table(
        "dictionary_entries",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("surface", sa.String(length=200), nullable=False),
        sa.Column("identity", sa.String(length=64), nullable=False),
        sa.Column("entry", sa.JSON(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("updated", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dictionary_entries")),
        sa.UniqueConstraint("identity", name=op.f("uq_dictionary_entries_identity")),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("n", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("request_id", sa.String(length=80), nullable=True),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("started", sa.Float(), nullable=True),
        sa.Column("finished", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_jobs")),
        sa.UniqueConstraint("id", name=op.f("uq_jobs_id")),
        sa.UniqueConstraint("request_id", name=op.f("uq_jobs_request_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_jobs_state"), ["state"], unique=False)


def _presets() -> None:
    op.create_table(
        "presets",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("frozen", sa.JSON(), nullable=False),
        sa.Column("voice_id", sa.String(length=80), nullable=False),
        sa.Column("reference_sha256", sa.String(length=64), nullable=True),
        sa.Column("take_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("updated", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presets")),
    )
    with op.batch_alter_table("presets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_presets_reference_sha256"), ["reference_sha256"], unique=False)
        batch_op.create_index(batch_op.f("ix_presets_voice_id"), ["voice_id"], unique=False)


def _prompts() -> None:
    op.create_table(
        "prompts",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("engine", sa.String(length=40), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_prompts")),
    )
    with op.batch_alter_table("prompts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_prompts_fingerprint"), ["fingerprint"], unique=False)


def _settings() -> None:
    op.create_table(
        "settings",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_settings")),
    )


def _takes() -> None:
    op.create_table(
        "takes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("sound", sa.String(length=72), nullable=False),
        sa.Column("sample_rate", sa.Integer(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("spoken", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=24), nullable=False),
        sa.Column("voice_id", sa.String(length=80), nullable=False),
        sa.Column("voice_name", sa.String(length=120), nullable=False),
        sa.Column("voice_kind", sa.String(length=16), nullable=False),
        sa.Column("preset_id", sa.String(length=40), nullable=True),
        sa.Column("job_id", sa.String(length=24), nullable=True),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("engine", sa.String(length=40), nullable=False),
        sa.Column("model", sa.String(length=120), nullable=False),
        sa.Column("checkpoint", sa.String(length=120), nullable=True),
        sa.Column("draft", sa.Boolean(), nullable=False),
        sa.Column("dictionary_sha256", sa.String(length=64), nullable=True),
        sa.Column("reference_sha256", sa.String(length=64), nullable=True),
        sa.Column("measurements", sa.JSON(), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("first_audio_s", sa.Float(), nullable=True),
        sa.Column("elapsed_s", sa.Float(), nullable=True),
        sa.Column("star", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("rating", sa.Float(), nullable=True),
        sa.Column("rating_count", sa.Integer(), nullable=False),
        sa.Column("verified_state", sa.String(length=12), nullable=True),
        sa.Column("verified", sa.JSON(), nullable=True),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("deleted", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_takes")),
        sa.UniqueConstraint("key", name=op.f("uq_takes_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("takes", schema=None) as batch_op:
        batch_op.create_index("ix_takes_deleted", ["deleted", "id"], unique=False)
        batch_op.create_index("ix_takes_item", ["item_id", "id"], unique=False)
        batch_op.create_index("ix_takes_job", ["job_id", "id"], unique=False)
        batch_op.create_index("ix_takes_preset", ["preset_id", "id"], unique=False)
        batch_op.create_index("ix_takes_rating", ["rating", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_takes_sound"), ["sound"], unique=False)
        batch_op.create_index("ix_takes_star", ["star", "id"], unique=False)
        batch_op.create_index("ix_takes_voice", ["voice_id", "id"], unique=False)


def _voices() -> None:
    op.create_table(
        "voices",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("speaker", sa.String(length=120), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("transcript", sa.Text(), nullable=True),
        sa.Column("reference_sha256", sa.String(length=64), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("pack", sa.String(length=120), nullable=False),
        sa.Column("scale", sa.Float(), nullable=False),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("updated", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voices")),
    )


def _items() -> None:
    op.create_table(
        "items",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("job_id", sa.String(length=24), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("syllables", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.Column("take_id", sa.Integer(), nullable=True),
        sa.Column("reused", sa.Boolean(), nullable=False),
        sa.Column("elapsed_s", sa.Float(), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("started", sa.Float(), nullable=True),
        sa.Column("finished", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_items_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.create_index("ix_items_job", ["job_id", "n"], unique=False)
        batch_op.create_index(batch_op.f("ix_items_key"), ["key"], unique=False)
        batch_op.create_index("ix_items_queue", ["state", "priority", "attempts", "id"], unique=False)


def _ratings() -> None:
    op.create_table(
        "ratings",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("take_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(length=24), nullable=False),
        sa.Column("judge", sa.String(length=80), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["take_id"], ["takes.id"], name=op.f("fk_ratings_take_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings")),
        sa.UniqueConstraint("take_id", "job_id", "judge", name=op.f("uq_ratings_take_id")),
    )


def _take_marks() -> None:
    op.create_table(
        "take_marks",
        sa.Column("take_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(["take_id"], ["takes.id"], name=op.f("fk_take_marks_take_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("take_id", "kind", name=op.f("pk_take_marks")),
    )
    with op.batch_alter_table("take_marks", schema=None) as batch_op:
        batch_op.create_index("ix_take_marks_kind", ["kind", "take_id"], unique=False)


def _tries() -> None:
    op.create_table(
        "tries",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("take_id", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_tries_item_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["take_id"], ["takes.id"], name=op.f("fk_tries_take_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "take_id", name=op.f("pk_tries")),
    )
    with op.batch_alter_table("tries", schema=None) as batch_op:
        batch_op.create_index("ix_tries_take", ["take_id"], unique=False)
