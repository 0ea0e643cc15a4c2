"""`moksori doctor`: what this machine has, what is installed, and what each checkpoint would need."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import shutil
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

EXTRAS = {
    "serving": "fastapi",
    "workbench": "sqlalchemy",
    "espeak": "espeakng_loader",
    "train": "peft",
    "formats": "av",
    "sentences": "kiwipiepy",
    "cluster": "ray",
}


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("doctor", help="devices, memory, what is installed and what is missing")
    command.add_argument("--json", action="store_true", help="for programs")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    report = {
        "machine": machine(),
        "devices": devices(),
        "packages": packages(),
        "extras": {extra: importlib.util.find_spec(module) is not None for extra, module in EXTRAS.items()},
        "engines": engines(),
        "models": models(),
    }
    if arguments.json:
        print(json.dumps(report, ensure_ascii=False))
        return 0
    for line in _lines(report):
        print(line)
    return 0


def machine() -> dict[str, Any]:
    """Python, processor count, memory and disk in GB."""
    pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(pages * page / 1e9, 1),
        "disk_free_gb": round(shutil.disk_usage(Path.home()).free / 1e9, 1),
    }


def devices() -> list[dict[str, Any]]:
    from moksori.model import device

    return [asdict(found) for found in device.devices()]


def packages() -> dict[str, str]:
    names = ("moksori", "torch", "numba", "numpy", "tokenizers", "huggingface_hub", "soundfile", "soxr")
    return {name: metadata.version(name) for name in names if importlib.util.find_spec(name) is not None}


def engines() -> list[str]:
    return sorted(point.name for point in metadata.entry_points(group="moksori.engines"))


def models() -> list[dict[str, Any]]:
    """Every checkpoint that is here, with the memory it would need in each precision."""
    from moksori.model import hub
    from moksori.model.inspection import memory

    here = {located.name: located for located in hub.installed()}
    rows = []
    for name in dict.fromkeys([*here, *hub.RELEASES]):
        row: dict[str, Any] = {"name": name, "installed": name in here}
        if name in here:
            row["memory_gb"] = {precision: memory(here[name].path, precision) for precision in ("bf16", "int8")}
        else:
            row["download_gb"] = round(hub.RELEASES[name].bytes / 1e9, 1)
        rows.append(row)
    return rows


def _lines(report: dict[str, Any]) -> list[str]:
    about = report["machine"]
    lines = [
        f"Python {about['python']} on {about['system']}, {about['cpus']} CPUs, {about['memory_gb']} GB memory,"
        f" {about['disk_free_gb']} GB disk free",
    ]
    for device in report["devices"]:
        lines.append(f"device {device['name']}: {device['title']}, precision {device['precision']}")
    lines.append("packages: " + ", ".join(f"{name} {version}" for name, version in report["packages"].items()))
    lines.append("engines: " + ", ".join(report["engines"]))
    missing = [extra for extra, there in report["extras"].items() if not there]
    lines += [f"extra {extra}: not installed (pip install 'moksori[{extra}]')" for extra in missing]
    for model in report["models"]:
        if model["installed"]:
            needs = ", ".join(f"{gb} GB in {precision}" for precision, gb in model["memory_gb"].items())
            lines.append(f"model {model['name']}: installed, needs {needs}")
        else:
            size = model["download_gb"]
            lines.append(f"model {model['name']}: not installed ({size} GB: moksori models pull {model['name']})")
    return lines
