"""What the pages may send, field by field. Everything unknown is refused. Knows no store: that is `desk`'s."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from moksori.engine.protocol import MAX_SEED
from moksori.script import MAX_CHARACTERS
from moksori.store.presets import MAX_TRIES

Id = Annotated[int, Path(ge=1, le=2**53)]
Text = Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]
Name = Annotated[str, Field(min_length=1, max_length=120)]
Ref = Annotated[str, Field(min_length=1, max_length=120)]
Note = Annotated[str, Field(max_length=4000)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Version = Annotated[int, Field(ge=1, le=2**53)]
RequestId = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[\x21-\x7e]+$")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True, ser_json_inf_nan="null")


class SettingsBody(Body):
    """Only what is given is changed."""

    language: Annotated[str, Field(max_length=40)] | None = None
    instruct: Annotated[str, Field(max_length=2000)] | None = None
    pause_s: float | None = None
    trailing_s: float | None = None
    parameters: dict[str, Any] | None = None
    policy: dict[str, Any] | None = None
    overrides: Annotated[list[dict[str, Any]], Field(max_length=1000)] | None = None

    def given(self) -> dict[str, Any]:
        return {name: value for name, value in self.model_dump(exclude_unset=True).items() if value is not None}


class QualityBody(Body):
    action: Literal["keep", "flag", "retry"] = "flag"
    tries: Annotated[int, Field(ge=1, le=MAX_TRIES)] = 3


class Wish(Body):
    """Who and how: shared by everything that speaks."""

    voice: Ref | None = None
    preset: Ref | None = None
    settings: SettingsBody | None = None
    seed: Seed | None = None


class Way(Wish):
    """With what, and what to do with a bad take."""

    quality: QualityBody | None = None
    model: Ref | None = None
    precision: Ref | None = None
    request_id: RequestId | None = None


class ReadBody(Body):
    text: Text
    settings: SettingsBody | None = None
    seed: Seed = 0


class SpeakBody(Way):
    text: Text
    takes: Annotated[int, Field(ge=1, le=16)] = 1


class Row(Wish):
    text: Text
    label: Annotated[str, Field(max_length=200)] = ""


class BatchBody(Body):
    title: Annotated[str, Field(max_length=200)] = ""
    rows: Annotated[list[Row], Field(min_length=1, max_length=5000)]
    columns: Annotated[list[Wish], Field(min_length=1, max_length=50)] = Field(default_factory=lambda: [Wish()])
    seed: Seed | None = None
    quality: QualityBody | None = None
    model: Ref | None = None
    precision: Ref | None = None
    request_id: RequestId | None = None


class ImportBody(Body):
    text: Annotated[str, Field(max_length=5_000_000)]
    format: Literal["txt", "csv", "srt"]


class SweepBody(Way):
    title: Annotated[str, Field(max_length=200)] = ""
    text: Text
    axes: Annotated[dict[str, Any], Field(min_length=1, max_length=8)]
    mode: Literal["grid", "random"] = "grid"
    samples: Annotated[int, Field(ge=1, le=1000)] | None = None
    order_seed: Seed = 0


class RerollBody(Wish):
    text: Text | None = None


class ChooseBody(Body):
    take: Annotated[int, Field(ge=1, le=2**53)]


class AnnotateBody(Body):
    star: bool | None = None
    note: Note | None = None


class IdsBody(Body):
    ids: Annotated[list[Annotated[int, Field(ge=1, le=2**53)]], Field(min_length=1, max_length=1000)]


class RatingBody(Body):
    value: Annotated[int, Field(ge=1, le=5)] | None
    judge: Annotated[str, Field(max_length=80)] = ""
    job: Annotated[str, Field(max_length=24)] = ""
    blind: bool = False


class PresetBody(Body):
    name: Name
    note: Note = ""
    from_take: Annotated[int, Field(ge=1, le=2**53)] | None = None
    voice: Ref | None = None
    settings: SettingsBody | None = None
    seed: Seed | None = None
    quality: QualityBody | None = None
    example_text: Annotated[str, Field(max_length=2000)] = ""


class PresetPut(Body):
    version: Version
    name: Name
    voice: Ref
    settings: SettingsBody
    seed: Seed
    note: Note = ""
    quality: QualityBody | None = None
    example_text: Annotated[str, Field(max_length=2000)] = ""


class PresetPatch(Body):
    version: Version
    name: Name | None = None
    note: Note | None = None
    quality: QualityBody | None = None


class DuplicateBody(Body):
    name: Name | None = None


class VoiceBody(Body):
    kind: Literal["designed", "preset", "pack"]
    name: Name
    description: Annotated[str, Field(max_length=2000)] = ""
    speaker: Annotated[str, Field(max_length=120)] = ""
    pack: Annotated[str, Field(max_length=120)] = ""
    scale: Annotated[float, Field(ge=0, le=1.5)] = 1.0
    consent: Note = ""
    note: Note = ""


class VoicePatch(Body):
    version: Version
    name: Name | None = None
    transcript: Annotated[str, Field(max_length=4000)] | None = None
    description: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    scale: Annotated[float, Field(ge=0, le=1.5)] | None = None
    consent: Note | None = None
    note: Note | None = None


class FromTakeBody(Body):
    take: Annotated[int, Field(ge=1, le=2**53)]
    name: Name
    consent: Note = ""


class EntryBody(Body):
    """A dictionary entry; the rules are `moksori.text.Entry`'s."""

    surface: Annotated[str, Field(min_length=1, max_length=200)]
    reading: Annotated[str, Field(max_length=200)]
    match: Literal["word", "exact", "prefix", "any"] = "word"
    case: Literal["any", "exact"] = "any"
    left: Annotated[str, Field(max_length=200)] = ""
    right: Annotated[str, Field(max_length=200)] = ""
    scope: Literal["global", "document"] = "global"
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    enabled: bool = True
    note: Annotated[str, Field(max_length=1000)] = ""


class EntryPut(EntryBody):
    version: Version


class LoadBody(Body):
    model: Annotated[str, Field(max_length=120)] = ""
    precision: Literal["auto", "fp32", "bf16", "fp16", "int8", "none"] = "auto"


class DownloadBody(Body):
    name: Ref


class NamesBody(Body):
    template: Annotated[str, Field(max_length=200)]
    job: Annotated[str, Field(max_length=24)] | None = None
    format: Annotated[str, Field(max_length=20)] = "wav"
    limit: Annotated[int, Field(ge=1, le=20_000)] = 5


class PasswordBody(Body):
    password: Annotated[str, Field(max_length=1000)]


class SettingsPatch(Body):
    """The workbench's own settings; only what is given is changed."""

    label: bool | None = None
    bin_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    loudness: Annotated[float, Field(ge=-31, le=-9)] | None = None
    format: Annotated[str, Field(max_length=20)] | None = None
    template: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    chime: Literal["none", "before", "after", "both"] | None = None
    quality: QualityBody | None = None
    reading_policy: dict[str, Any] | None = None
    default_voice: Annotated[str, Field(max_length=120)] | None = None
    interface: dict[str, Any] | None = None
