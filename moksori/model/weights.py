"""Safetensors files, memory-mapped, and a module filled from them by the official names.

Knows nothing of what the tensors mean; which names are known to be unused is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from moksori.errors import InvalidInput

from .hub import weight_files

_DTYPES = (torch.float32, torch.bfloat16, torch.float16)


class Tensors(Mapping[str, Tensor]):
    """The tensors of one checkpoint by name. A value is a view of the mapped file until somebody converts it."""

    def __init__(self, folder: Path) -> None:
        self._files = {name: file for path in weight_files(folder) for name, file in _open(path)}

    def __getitem__(self, name: str) -> Tensor:
        tensor: Tensor = self._files[name].get_tensor(name)  # type: ignore[no-untyped-call]
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def _open(path: Path) -> Iterator[tuple[str, safe_open]]:
    try:
        file = safe_open(path, framework="pt", device="cpu")
    except (SafetensorError, OSError) as error:
        raise InvalidInput(
            f"{path} is broken or cut short: {error}.",
            hint="Fetch it again and compare its size with the original's.",
            code="broken_weights",
            field=path.name,
        ) from error
    for name in file.keys():  # type: ignore[no-untyped-call]  # noqa: SIM118  it is no mapping
        yield name, file


def fill(
    module: nn.Module,
    tensors: Mapping[str, Tensor],
    official: Callable[[str], str],
    *,
    dtype: torch.dtype,
    device: torch.device,
) -> set[str]:
    """Gives a module on `meta` its values and returns the official names that were used.

    Raises InvalidInput that names a tensor which is missing, of another shape or not of floating point.
    """
    wanted = {official(name): (name, place) for name, place in module.state_dict().items()}
    missing = sorted(set(wanted) - set(tensors))
    if missing:
        more = f" and {len(missing) - 4} more" if len(missing) > 4 else ""
        raise InvalidInput(
            f"The checkpoint lacks {', '.join(missing[:4])}{more}.",
            hint="Is it complete, and does its config.json belong to it?",
            code="missing_tensor",
            field=missing[0],
        )
    filled = {}
    for name, (ours, place) in wanted.items():
        tensor = tensors[name]
        if tensor.shape != place.shape:
            raise InvalidInput(
                f"{name} has shape {tuple(tensor.shape)}; the config asks for {tuple(place.shape)}.",
                hint="The weights and config.json are of different models.",
                code="wrong_shape",
                field=name,
            )
        if tensor.dtype not in _DTYPES:
            raise InvalidInput(
                f"{name} holds {str(tensor.dtype).removeprefix('torch.')}; it should be float32, bfloat16 or float16.",
                hint="Quantised checkpoints are not supported; use the released one.",
                code="wrong_dtype",
                field=name,
            )
        filled[ours] = tensor.to(device=device, dtype=dtype)
    module.load_state_dict(filled, assign=True)
    module.requires_grad_(False).eval()
    return set(wanted)


def shorten(names: Iterable[str], limit: int = 4) -> str:
    """A few names of many, for a message."""
    listed = sorted(names)
    return ", ".join(listed[:limit]) + (f" and {len(listed) - limit} more" if len(listed) > limit else "")
