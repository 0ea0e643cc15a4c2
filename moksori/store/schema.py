"""The tables. Names and types only: no queries, no rules, no SQL of one database in particular.

Times are seconds since the epoch (UTC, float): order never depends on them, because clocks change; order is by
the integer keys. JSON columns hold what is shown or repeated as a whole and never searched.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

voices = Table(
    "voices",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("speaker", String(120), nullable=False, default=""),
    Column("description", Text, nullable=False, default=""),
    Column("transcript", Text),
    Column("reference_sha256", String(64)),
    Column("seconds", Float, nullable=False, default=0.0),
    Column("pack", String(120), nullable=False, default=""),
    Column("scale", Float, nullable=False, default=1.0),
    Column("consent", Text, nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),
    Column("warnings", JSON, nullable=False, default=list),
    Column("version", Integer, nullable=False, default=1),
    Column("created", Float, nullable=False),
    Column("updated", Float, nullable=False),
)

prompts = Table(  # a voice made ready for one engine, computed once; opaque bytes
    "prompts",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("engine", String(40), nullable=False),
    Column("fingerprint", String(64), nullable=False, index=True),
    Column("data", LargeBinary, nullable=False),
    Column("warnings", JSON, nullable=False, default=list),
    Column("created", Float, nullable=False),
)

presets = Table(
    "presets",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("version", Integer, nullable=False, default=1),
    Column("frozen", JSON, nullable=False),
    Column("voice_id", String(80), nullable=False, index=True),
    Column("reference_sha256", String(64), index=True),
    Column("take_id", Integer),
    Column("created", Float, nullable=False),
    Column("updated", Float, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("id", String(24), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("title", String(200), nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("priority", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("spec", JSON, nullable=False),
    Column("error", JSON),
    Column("request_id", String(80), unique=True),
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("finished", Float),
    sqlite_autoincrement=True,
)

items = Table(
    "items",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", String(24), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("request", JSON, nullable=False),
    Column("place", JSON, nullable=False, default=dict),  # row, column, label, cell
    Column("syllables", Integer, nullable=False, default=0),
    Column("key", String(64), index=True),
    Column("take_id", Integer),
    Column("reused", Boolean, nullable=False, default=False),
    Column("elapsed_s", Float),
    Column("error", JSON),
    Column("started", Float),
    Column("finished", Float),
    Index("ix_items_queue", "state", "priority", "attempts", "id"),
    Index("ix_items_job", "job_id", "n"),
    sqlite_autoincrement=True,
)

takes = Table(
    "takes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("sound", String(72), nullable=False, index=True),  # the name of the blob: <pcm_sha256>-<rate>
    Column("sample_rate", Integer, nullable=False),
    Column("samples", Integer, nullable=False),
    Column("manifest", JSON, nullable=False),
    Column("summary", JSON, nullable=False),  # settings and sentences, for lists
    Column("text", Text, nullable=False),
    Column("spoken", Text, nullable=False),
    Column("search", Text, nullable=False),
    Column("language", String(24), nullable=False),
    Column("voice_id", String(80), nullable=False),
    Column("voice_name", String(120), nullable=False),
    Column("voice_kind", String(16), nullable=False),
    Column("preset_id", String(40)),
    Column("job_id", String(24)),
    Column("item_id", Integer),
    Column("attempt", Integer, nullable=False, default=0),
    Column("seed", BigInteger, nullable=False),
    Column("engine", String(40), nullable=False),
    Column("model", String(120), nullable=False, default=""),
    Column("checkpoint", String(120)),
    Column("draft", Boolean, nullable=False, default=False),
    Column("dictionary_sha256", String(64)),
    Column("reference_sha256", String(64)),
    Column("measurements", JSON, nullable=False),
    Column("marks", JSON, nullable=False),
    Column("level", String(8), nullable=False),
    Column("first_audio_s", Float),
    Column("elapsed_s", Float),
    Column("star", Boolean, nullable=False, default=False),
    Column("note", Text, nullable=False, default=""),
    Column("rating", Float),
    Column("rating_count", Integer, nullable=False, default=0),
    Column("verified_state", String(12)),
    Column("verified", JSON),
    Column("created", Float, nullable=False),
    Column("deleted", Float),
    Index("ix_takes_voice", "voice_id", "id"),
    Index("ix_takes_preset", "preset_id", "id"),
    Index("ix_takes_job", "job_id", "id"),
    Index("ix_takes_item", "item_id", "id"),
    Index("ix_takes_star", "star", "id"),
    Index("ix_takes_deleted", "deleted", "id"),
    Index("ix_takes_rating", "rating", "id"),
    sqlite_autoincrement=True,
)

tries = Table(  # every take that was made, or found, for an item
    "tries",
    metadata,
    Column("item_id", Integer, ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    Column("take_id", Integer, ForeignKey("takes.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, nullable=False),
    Index("ix_tries_take", "take_id"),
)

take_marks = Table(  # the marks that are not good, to filter by
    "take_marks",
    metadata,
    Column("take_id", Integer, ForeignKey("takes.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("level", String(8), nullable=False),
    Index("ix_take_marks_kind", "kind", "take_id"),
)

ratings = Table(
    "ratings",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("take_id", Integer, ForeignKey("takes.id", ondelete="CASCADE"), nullable=False),
    Column("job_id", String(24), nullable=False, default=""),
    Column("judge", String(80), nullable=False, default=""),
    Column("value", Integer, nullable=False),
    Column("blind", Boolean, nullable=False, default=False),
    Column("created", Float, nullable=False),
    UniqueConstraint("take_id", "job_id", "judge"),
)

entries = Table(
    "dictionary_entries",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("version", Integer, nullable=False, default=1),
    Column("surface", String(200), nullable=False),
    Column("identity", String(64), nullable=False, unique=True),  # one entry for each surface in its surroundings
    Column("entry", JSON, nullable=False),
    Column("created", Float, nullable=False),
    Column("updated", Float, nullable=False),
)

dictionaries = Table(  # the dictionary as it was when something was asked for
    "dictionaries",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("entries", JSON, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("key", String(80), primary_key=True),
    Column("value", JSON, nullable=False),
)
