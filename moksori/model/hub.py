"""Released checkpoints: their names, where they are on this disk, and how they get there.

Over `huggingface_hub`: its cache, its resume, its offline mode. Knows nothing of what is in a checkpoint. Downloads
happen only in `pull`, which a user asked for; `locate` never touches the network.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moksori.errors import InvalidInput, NotFound, Unavailable

Progress = Callable[[int, int], None]

SPARE_BYTES = 1 << 30  # stays free on the disk after a download
EMBEDDED = Path(__file__).parent.parent / "checkpoints"
POCKET = {"preset": "pocket-custom-voice", "cloned": "pocket-base"}  # our own, by the kind of voice each has


@dataclass(frozen=True)
class Release:
    """A published checkpoint, pinned. bytes is the size on disk, for the message before the download."""

    name: str
    repo: str
    revision: str
    bytes: int
    speaks: str


def _qwen(name: str, title: str, revision: str, gigabytes: float, speaks: str) -> Release:
    return Release(name, f"Qwen/Qwen3-TTS-12Hz-{title}", revision, round(gigabytes * 1e9), speaks)


RELEASES = {
    release.name: release
    for release in (
        _qwen("0.6b-base", "0.6B-Base", "5d83992436eae1d760afd27aff78a71d676296fc", 2.52, "cloned voices"),
        _qwen("0.6b-custom-voice", "0.6B-CustomVoice", "85e237c12c027371202489a0ec509ded67b5e4b5", 2.50, "nine voices"),
        _qwen("1.7b-base", "1.7B-Base", "fd4b254389122332181a7c3db7f27e918eec64e3", 4.54, "cloned voices"),
        _qwen(
            "1.7b-custom-voice",
            "1.7B-CustomVoice",
            "0c0e3051f131929182e2c023b9537f8b1c68adfe",
            4.52,
            "nine voices, with instruct",
        ),
        _qwen(
            "1.7b-voice-design", "1.7B-VoiceDesign", "5ecdb67327fd37bb2e042aab12ff7391903235d3", 4.52, "designed voices"
        ),
    )
}


@dataclass(frozen=True)
class Located:
    """A checkpoint on this disk. revision is a commit, or `local` for a folder of the user's own."""

    name: str
    path: Path
    revision: str


def embedded() -> tuple[str, ...]:
    """Names of the checkpoints that come inside the package."""
    return (
        tuple(sorted(path.name for path in EMBEDDED.iterdir() if (path / "config.json").exists()))
        if EMBEDDED.is_dir()
        else ()
    )


def locate(name: str, revision: str | None = None) -> Located:
    """Where a checkpoint is: a folder, an embedded name, a released name or `owner/name` in the cache. No network.

    Raises Unavailable, with the command that downloads it, for one that is known but not here; NotFound otherwise.
    """
    if name in embedded():
        return Located(name, EMBEDDED / name, "embedded")
    if Path(name).is_dir():
        return Located(Path(name).name, Path(name), "local")
    repo, wanted = _repo(name, revision)
    path = _cached(repo, wanted)
    if path is None:
        raise _not_installed(name)
    return Located(name, path, path.name)


def pull(name: str, revision: str | None = None, progress: Progress | None = None) -> Located:
    """Download a checkpoint into the hub's cache, resuming what was begun; free disk is checked first.

    progress  called with (bytes done, bytes in all), from several threads.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # its warnings repeat, at length, what the error below says in a sentence
    repo, wanted = _repo(name, revision)
    with _plain_errors(repo):
        files = snapshot_download(repo, revision=wanted, dry_run=True)
        missing = sum(file.file_size or 0 for file in files if file.will_download)
        _check_disk(missing)
        report = _reporting(progress, missing) if progress is not None else None
        path = Path(snapshot_download(repo, revision=wanted, tqdm_class=report))
    return Located(name, path, path.name)


def installed() -> tuple[Located, ...]:
    """Every released checkpoint that is complete in the cache, after the embedded ones."""
    here = [Located(name, EMBEDDED / name, "embedded") for name in embedded()]
    for release in RELEASES.values():
        path = _cached(release.repo, release.revision)
        if path is not None:
            here.append(Located(release.name, path, path.name))
    return tuple(here)


def _repo(name: str, revision: str | None) -> tuple[str, str]:
    release = RELEASES.get(name.lower())
    if release is not None:
        return release.repo, revision or release.revision
    by_repo = {release.repo: release for release in RELEASES.values()}
    if name in by_repo:
        return name, revision or by_repo[name].revision
    if name.count("/") == 1 and all(part.strip(".") for part in name.split("/")):
        if revision is None:
            raise InvalidInput(
                f"{name} needs a revision.", hint="Pin the commit: --revision HASH.", code="unpinned", field="model"
            )
        return name, revision
    known = ", ".join([*embedded(), *RELEASES])
    raise NotFound(
        f"There is no model {name!r}.", hint=f"A folder, or one of: {known}.", code="unknown_model", field="model"
    )


def _cached(repo: str, revision: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        path = Path(snapshot_download(repo, revision=revision, local_files_only=True))
        weight_files(path)
    except (LocalEntryNotFoundError, HFValidationError, InvalidInput):
        return None
    return path if (path / "config.json").exists() else None


def weight_files(folder: Path) -> list[Path]:
    """The weights of a folder: one file, or the shards that its index names, in order. Raises InvalidInput for an index
    that cannot be read and for a file that is missing."""
    index = folder / "model.safetensors.index.json"
    names = {"model.safetensors"}
    if index.is_file():
        try:
            names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (ValueError, KeyError, AttributeError) as error:
            raise InvalidInput(f"{index} cannot be read: {error!r}.", field=index.name) from error
    for name in sorted(names):
        if not (folder / name).is_file():
            raise InvalidInput(
                f"{name} is missing from {folder}.", hint="Fetch the checkpoint again, complete.", field=name
            )
    return [folder / name for name in sorted(names)]


def _not_installed(name: str) -> Unavailable:
    release = RELEASES.get(name.lower())
    size = f" ({release.bytes / 1e9:.1f} GB)" if release else ""
    speaks = f" Meanwhile {embedded()[0]} speaks without any download." if embedded() else ""
    return Unavailable(
        f"The model {name} is not installed.",
        hint=f"`moksori models pull {name}` downloads it{size}.{speaks}",
        code="model_not_installed",
        field="model",
    )


def _check_disk(missing: int) -> None:
    from huggingface_hub.constants import HF_HUB_CACHE

    place = Path(HF_HUB_CACHE)
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if missing and free < missing + SPARE_BYTES:
        raise Unavailable(
            f"The download needs {missing / 1e9:.1f} GB and {free / 1e9:.1f} GB are free at {place}.",
            hint="Free some space, or set HF_HOME to a larger disk.",
            code="disk_full",
        )


class _plain_errors:  # noqa: N801  a context manager reads as a verb
    """What the hub's library raises, as one sentence and a next step."""

    def __init__(self, repo: str) -> None:
        self.repo = repo

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        from huggingface_hub.errors import (
            GatedRepoError,
            HfHubHTTPError,
            LocalEntryNotFoundError,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )

        if isinstance(error, GatedRepoError):
            raise Unavailable(
                f"{self.repo} asks for an accepted licence.", hint="Accept it, then set HF_TOKEN."
            ) from error
        if isinstance(error, RevisionNotFoundError):
            raise NotFound(f"{self.repo} has no such revision.", hint="Check the commit hash.") from error
        if isinstance(error, RepositoryNotFoundError):
            raise NotFound(
                f"There is no repository {self.repo}.", hint="Check the name.", code="unknown_model"
            ) from error
        if isinstance(error, LocalEntryNotFoundError | HfHubHTTPError | OSError):
            raise Unavailable(
                f"{self.repo} could not be downloaded: {str(error).splitlines()[0]}",
                hint="Check the network and run the command again; it resumes where it stopped.",
                code="download_failed",
            ) from error


def _reporting(progress: Progress, total: int) -> type[Any]:
    """A silent tqdm that passes the bytes on: the library's one hook for progress."""
    from tqdm.auto import tqdm

    class Report(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.counts_bytes = kwargs.get("unit") == "B"
            super().__init__(*args, **{**kwargs, "disable": False, "file": _Nowhere()})

        def update(self, n: float | None = 1) -> bool | None:
            shown: bool | None = super().update(n)
            if self.counts_bytes:
                progress(min(int(self.n), total), total)
            return shown

    return Report


class _Nowhere:
    """A text file that keeps nothing: tqdm draws here."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        return None
