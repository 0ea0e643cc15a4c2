"""`moksori pack info | export | merge`: voice packs looked at, carried elsewhere, made into checkpoints."""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("pack", help="look at a voice pack, carry it elsewhere, merge it into checkpoints")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    info = actions.add_parser("info", help="what a pack is: voice, base, scale, figures, consent")
    info.add_argument("pack", type=Path)
    info.add_argument("--json", action="store_true")
    info.set_defaults(run=_info)
    export = actions.add_parser("export", help="one zip file with the whole pack")
    export.add_argument("pack", type=Path)
    export.add_argument("output", type=Path, help="the zip file")
    export.set_defaults(run=_export)
    merge = actions.add_parser("merge", help="two checkpoints in the official format: base and custom_voice")
    merge.add_argument("pack", type=Path)
    merge.add_argument("output", type=Path, help="folder for base/ and custom_voice/")
    merge.add_argument("--model", help="the Base checkpoint (default: the one the pack names)")
    merge.add_argument("--scale", type=float, help="strength of the adapter, 0 to 1.5 (default: the pack's)")
    merge.add_argument("--preset", default="", help="name of the new preset (default: the pack's)")
    merge.set_defaults(run=_merge)


def _info(given: argparse.Namespace) -> int:
    from dataclasses import asdict

    from moksori.training.pack import Pack

    pack = Pack.load(given.pack)
    about = asdict(pack.about)
    if given.json:
        print(json.dumps(about, ensure_ascii=False, indent=2))
        return 0
    about["adapter"] = f"{len(pack.adapter.pairs)} linears" if pack.adapter else "none: a speaker vector alone"
    about["metrics"] = ", ".join(f"{name} {value:.3g}" for name, value in about["metrics"].items())
    for key, value in about.items():
        if value not in ("", {}, []) and key != "settings":
            print(f"{key}: {value}")
    return 0


def _export(given: argparse.Namespace) -> int:
    import io
    import zipfile

    from moksori.audio.write import write_bytes
    from moksori.training.pack import Pack

    Pack.load(given.pack)  # what is broken is not carried further
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(given.pack.iterdir()):
            if path.is_file():
                archive.write(path, f"{given.pack.resolve().name}/{path.name}")
    write_bytes(given.output, memory.getvalue())
    print(given.output)
    return 0


def _merge(given: argparse.Namespace) -> int:
    import torch

    from moksori.errors import InvalidInput
    from moksori.model import load
    from moksori.model.adapter import MAX_SCALE
    from moksori.model.hub import locate
    from moksori.model.weights import Tensors
    from moksori.training.pack import Pack, merge

    if given.scale is not None and not 0 <= given.scale <= MAX_SCALE:
        raise InvalidInput(f"scale is {given.scale}, outside 0 to {MAX_SCALE}.", field="scale")
    pack = Pack.load(given.pack)
    name = given.model or pack.about.base
    # As stored, so that nothing is lost before the sum and no more is held than the file has.
    stored = Tensors(locate(name).path)["talker.codec_head.weight"].dtype
    model = load(name, dtype=torch.bfloat16 if stored == torch.bfloat16 else torch.float32)
    for warning in pack.check(model):
        print(f"Note: {warning}")
    for folder in merge(pack, model, given.output, scale=given.scale, preset=given.preset):
        print(folder)
    return 0
