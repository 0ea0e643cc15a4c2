"""The store's voices for the interfaces of other programs: one set of voices, whoever asks. Knows no HTTP."""

from __future__ import annotations

from moksori.errors import Conflict, InvalidInput, NotFound
from moksori.serving.shelf import Kept, to_id
from moksori.store import Store
from moksori.store.voices import VoiceRecord
from moksori.voice import Voice


class StoreShelf:
    """A `moksori.serving.shelf.Shelf` over the store. Voices are found by id, or by a name that only one has."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def all(self) -> list[Kept]:
        return [_kept(record) for record in self.store.voices.all()]

    def find(self, id: str) -> Voice | None:
        record = self.store.voices.find(id) or self._named(id)
        return None if record is None else self.store.voices.thaw(record.frozen())

    def add(self, voice: Voice, name: str) -> Kept:
        """Under an id made from its name; raises Conflict if that is taken."""
        id = to_id(name)
        if self.store.voices.find(id) is not None:
            raise Conflict(
                f"There is a voice {id!r} already.", hint="Delete it first, or choose another name.", field="name"
            )
        if voice.reference is not None:
            record = self.store.voices.add_cloned(name, voice.reference, consent=voice.consent, id=id)
        elif voice.kind == "designed":
            about = {"description": voice.description, "consent": voice.consent}
            record = self.store.voices.add(name, "designed", id=id, **about)
        else:
            raise InvalidInput(f"A {voice.kind} voice cannot be uploaded.", field="kind")
        return _kept(record)

    def remove(self, id: str) -> None:
        record = self.store.voices.find(id)
        if record is None:
            raise NotFound(f"There is no kept voice {id!r}.", code="unknown_voice", field="voice")
        self.store.voices.remove(id, record.version)

    def _named(self, name: str) -> VoiceRecord | None:
        found = [record for record in self.store.voices.all() if record.name == name]
        return found[0] if len(found) == 1 else None


def _kept(record: VoiceRecord) -> Kept:
    return Kept(record.id, record.name, record.kind, record.created, tuple(record.warnings))
