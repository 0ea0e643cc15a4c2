"""The reading dictionary: entries made, changed, imported and exported."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import File, Form, Query, UploadFile
from fastapi.responses import Response

from moksori.errors import Conflict, InvalidInput
from moksori.store.dictionary import StoredEntry
from moksori.text import Dictionary, Entry
from moksori.workbench import lines
from moksori.workbench.bodies import EntryBody, EntryPut, Id
from moksori.workbench.route import problem
from moksori.workbench.shape import iso

from .place import Bench, endpoints
from .voices import VersionQuery

router = endpoints("dictionary")
MAX_FILE = 5 << 20


@router.get("/dictionary")
def entries(bench: Bench, q: Annotated[str, Query(max_length=200)] = "") -> dict[str, Any]:
    return {"items": [_shape(entry) for entry in bench.store.dictionary.all(q)]}


@router.get("/dictionary/export")
def export(bench: Bench, format: Literal["csv", "json"] = "csv") -> Response:
    current = bench.store.dictionary.current()
    text = current.to_csv() if format == "csv" else current.to_json()
    media = "text/csv; charset=utf-8" if format == "csv" else "application/json"
    headers = {"Content-Disposition": f'attachment; filename="dictionary.{format}"'}
    return Response(text.encode("utf-8", "replace"), media_type=media, headers=headers)


@router.post("/dictionary/import")
def load(bench: Bench, file: Annotated[UploadFile, File()], replace: Annotated[bool, Form()] = False) -> dict[str, Any]:
    """All entries of a CSV or JSON file, or none."""
    data = file.file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise InvalidInput("The file is larger than 5 MB.", code="too_large", field="file")
    text = lines.decode(data)
    is_json = text.lstrip()[:1] in ("[", "{")
    found = Dictionary.from_json(text) if is_json else Dictionary.from_csv(text)
    if not len(found):
        raise InvalidInput(
            "There is no entry in this file.", hint="CSV needs the columns surface,reading.", field="file"
        )
    return dict(bench.store.dictionary.merge(found.entries, replace=replace))


@router.get("/dictionary/{id}")
def entry(id: Id, bench: Bench) -> dict[str, Any]:
    return _shape(bench.store.dictionary.get(id))


@router.post("/dictionary", status_code=201)
def create(body: EntryBody, bench: Bench) -> dict[str, Any]:
    return _shape(bench.store.dictionary.add(Entry(**body.model_dump())))


@router.put("/dictionary/{id}")
def change(id: Id, body: EntryPut, bench: Bench) -> Any:
    bench.store.dictionary.get(id)
    new = Entry(**body.model_dump(exclude={"version"}))
    try:
        return _shape(bench.store.dictionary.change(id, body.version, new))
    except Conflict as error:
        return problem(error, current=_shape(bench.store.dictionary.get(id)))


@router.delete("/dictionary/{id}", status_code=204)
def remove(id: Id, version: VersionQuery, bench: Bench) -> Response:
    bench.store.dictionary.get(id)
    try:
        bench.store.dictionary.remove(id, version)
    except Conflict as error:
        return problem(error, current=_shape(bench.store.dictionary.get(id)))
    return Response(status_code=204)


def _shape(stored: StoredEntry) -> dict[str, Any]:
    times = {"created": iso(stored.created), "updated": iso(stored.updated)}
    return {"id": stored.id, "version": stored.version, **stored.entry.to_json(), **times}
