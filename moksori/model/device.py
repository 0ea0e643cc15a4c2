"""Where a model can run, and in which precision `auto` runs it there."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from moksori.errors import InvalidInput, Unavailable

PRECISIONS = ("bf16", "int8", "fp32", "fp16")


@dataclass(frozen=True)
class Device:
    """name is what torch calls it; memory_gb is 0 for the processor, whose memory is the machine's."""

    name: str
    title: str
    precision: str
    memory_gb: float = 0.0

    @property
    def device_class(self) -> str:
        """What bits depend on: the processor, or a kind of card."""
        return "cpu" if self.name == "cpu" else f"cuda ({self.title})"


def devices() -> tuple[Device, ...]:
    """The processor, then every CUDA card. Cards before Ampere have no bf16 arithmetic: they run fp16."""
    found = [Device("cpu", "processor", "bf16")]
    for index in range(torch.cuda.device_count()):
        about = torch.cuda.get_device_properties(index)
        precision = "bf16" if about.major >= 8 else "fp16"
        found.append(Device(f"cuda:{index}", about.name, precision, round(about.total_memory / 1e9, 1)))
    return tuple(found)


def choose(device: str, precision: str) -> Device:
    """Resolve `auto`; raises for a device that is not here or a precision that it does not run."""
    here = {found.name: found for found in devices()}
    wanted = {"auto": list(here)[-1 if len(here) == 1 else 1], "cuda": "cuda:0"}.get(device, device)
    if wanted not in here:
        raise Unavailable(f"There is no device {device!r}.", hint=f"Here: {', '.join(here)}.", field="device")
    chosen = here[wanted]
    if precision == "auto":
        return chosen
    if precision not in PRECISIONS:
        raise InvalidInput(
            f"Unknown precision {precision!r}.", hint=f"One of: auto, {', '.join(PRECISIONS)}.", field="precision"
        )
    runs = ("bf16", "int8", "fp32") if chosen.name == "cpu" else ("bf16", "fp16", "fp32")
    if precision not in runs or (precision == "bf16" and chosen.precision == "fp16"):
        raise InvalidInput(
            f"{chosen.title} does not run {precision}.", hint=f"Use {chosen.precision}.", field="precision"
        )
    return Device(chosen.name, chosen.title, precision, chosen.memory_gb)
