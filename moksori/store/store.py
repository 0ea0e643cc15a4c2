"""The store: one folder with a database and sounds, opened by one process that writes. Knows no engine and no HTTP."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import ExitStack
from pathlib import Path

from moksori.errors import Conflict, Unavailable

from .blobs import Blobs
from .database import open_database
from .dictionary import StoredDictionary
from .jobs import Jobs
from .peaks import PeakCache
from .presets import Presets
from .queue import Queue
from .settings import StoredSettings
from .takes import Takes
from .voices import Voices


class Store:
    """Everything that is kept. Make one with `open_store`; close it."""

    def __init__(self, folder: Path, url: str, lock: int | None) -> None:
        self.folder = folder
        self.url = url
        self._lock = lock
        self.database = open_database(url)
        self.blobs = Blobs(folder / "blobs")
        self.peaks = PeakCache(folder / "cache" / "peaks")
        self.packs = folder / "packs"
        self.voices = Voices(self.database, self.blobs, self.packs)
        self.takes = Takes(self.database)
        self.presets = Presets(self.database)
        self.jobs = Jobs(self.database)
        self.queue = Queue(self.database)
        self.dictionary = StoredDictionary(self.database)
        self.settings = StoredSettings(self.database)

    @property
    def partial(self) -> Path:
        """Where takes that are being made lie; worthless after a restart."""
        return self.folder / "partial"

    @property
    def exports(self) -> Path:
        """Files made for download; may be deleted at any time."""
        return self.folder / "cache" / "exports"

    def forget_partial(self) -> None:
        shutil.rmtree(self.partial, ignore_errors=True)
        self.partial.mkdir(parents=True, exist_ok=True)

    def close(self) -> None:
        self.database.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def default_folder() -> Path:
    """`MOKSORI_DATA`, or the user's data folder."""
    given = os.environ.get("MOKSORI_DATA")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "moksori"


def open_store(folder: Path | None = None, *, url: str = "", owner: bool = True) -> Store:
    """Open the store of that folder, made if it is not there.

    url    any SQLAlchemy URL; by default SQLite in the folder. `MOKSORI_DATABASE` too.
    owner  the one who runs jobs: raises Conflict while another process owns the folder.
    """
    place = (folder or default_folder()).expanduser().resolve()
    try:
        for name in ("blobs", "cache", "packs", "partial"):
            (place / name).mkdir(parents=True, exist_ok=True)
        lock = _own(place) if owner else None
    except OSError as error:
        raise Unavailable(
            f"The store {place} cannot be used: {error.strerror}.", hint="Choose another folder: --data FOLDER."
        ) from error
    database = url or os.environ.get("MOKSORI_DATABASE") or f"sqlite:///{place / 'moksori.db'}"
    with ExitStack() as undo:
        if lock is not None:
            undo.callback(os.close, lock)
        store = Store(place, database, lock)
        undo.pop_all()
    return store


def _own(place: Path) -> int:
    """A lock that the system lets go when the process dies, however it dies."""
    number = os.open(place / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(number)
        raise Conflict(
            f"Another moksori runs with the store {place}.", hint="Stop it, or give this one its own: --data FOLDER."
        ) from error
    return number
