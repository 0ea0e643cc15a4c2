"""What a finished run leaves: a voice pack, or checkpoints in the official format; its figures and its plots.

The best weights by listening where there was any, the last ones otherwise. Knows nothing of steps.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from moksori.model.checkpoint import official_tensors

from .journal import rows
from .memory import Memory
from .pack import About, Pack, custom_config, preset_name, preset_row, write_checkpoint
from .run import Run, adopt, write_json
from .state import restore


def finish(run: Run, model_name: str, memory: Memory) -> dict[str, Any]:
    """Writes into the run's folder and returns what report.json holds."""
    best = restore(run.folder / "best.pt")
    if best is not None:
        adopt(run.learning, best["weights"])
    run.learning.settle(run.model.talker)
    run.model.talker.eval()
    run.model.predictor.eval()
    made = packs(run, model_name, run.folder / "packs") if run.learning.pairs else _checkpoints(run)
    report = {
        "made": [str(path) for path in made],
        "steps": run.standing.step,
        "stopped_early": run.standing.stopped,
        "best_step": run.standing.best_step if best is not None else run.standing.step,
        "learnt_values": run.learning.num_values,
        "gate": asdict(run.verdict) if run.verdict else None,
        "last": run.history[-1] if run.history else {},
        "listened": heard(run.folder),
        "memory": asdict(memory),
        "seconds": round(run.standing.spent_s, 1),
        "too_long_clips": run.train.too_long,
    }
    write_json(run.folder / "report.json", report)
    return report


def _speakers(run: Run) -> list[str]:
    return sorted(run.train.vectors)


def packs(run: Run, model_name: str, target: Path) -> list[Path]:
    """One pack in `target` for each speaker, of the weights as they are now; they share the adapter."""
    settings, made = run.settings, []
    for speaker in _speakers(run):
        name = (speaker if len(run.train.vectors) > 1 else settings.speaker) or settings.speaker
        clips = run.train.by_speaker[speaker]
        frames = sum(len(run.train.utterances[i].codes) for i in clips)
        languages = {run.train.utterances[i].language for i in clips}
        about = About(
            name=name, base=model_name, base_sha256=run.model.sha256,
            language=languages.pop() if len(languages) == 1 else "auto",
            metrics=_last_heard(run.folder),
            data_sha256=run.data_sha256, clips=len(clips), seconds=round(frames * 0.08, 2), consent=settings.consent,
            settings=json.loads(json.dumps(asdict(settings))),
        )  # fmt: skip
        target.mkdir(parents=True, exist_ok=True)
        folder = target / name
        lora = settings.lora
        pack = Pack(about, run.train.vectors[speaker].float().cpu().numpy(), run.learning.adapter())
        pack.save(folder, rank=lora.rank, alpha=lora.alpha, rslora=lora.rslora)
        made.append(folder)
    return made


def _last_heard(folder: Path) -> dict[str, float]:
    """What the last listening found, without the losses of single codebooks."""
    last = (heard(folder) or [{}])[-1]
    return {name: value for name, value in last.items() if name != "step" and "book_" not in name}


def _checkpoints(run: Run) -> list[Path]:
    """The learnt weights as a checkpoint of the same kind; of a Base one also a custom_voice one with each speaker."""
    model = run.model
    config = json.loads((model.folder / "config.json").read_text(encoding="utf-8"))
    config["talker_config"]["codec_language_id"] = dict(model.config.talker.languages)
    tensors = {name: tensor.detach().cpu() for name, tensor in official_tensors(model)}
    same = run.folder / model.config.kind
    write_checkpoint(same, model, config, tensors)
    if model.config.kind != "base":
        return [same]
    custom, table = dict(config), tensors["talker.model.codec_embedding.weight"].clone()
    for speaker in _speakers(run):
        name = preset_name(speaker or run.settings.speaker)
        row = preset_row(custom["talker_config"], name)
        custom = custom_config(custom, name, row)
        table[row] = run.train.vectors[speaker].cpu()
    kept = {name: tensor for name, tensor in tensors.items() if name.startswith("talker.")}
    write_checkpoint(run.folder / "custom_voice", model, custom, {**kept, "talker.model.codec_embedding.weight": table})
    return [same, run.folder / "custom_voice"]


def heard(folder: Path) -> list[dict[str, float]]:
    """All rows of listening.csv."""
    return rows(folder / "listening.csv")
