"""Log-mel spectra at four resolutions: the codec's training loss, and the error by which it is judged.

Slaney mels of the magnitude spectrum of sound in [-1, 1], as log(6 x + 1e-3): the offset keeps a gradient near
silence, and with the factor the best constant spectrum of our clips has an error of 1.09, the level that the quality
goals were written against (a smaller factor would flatter every figure).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

# (window, hop, mels)
RESOLUTIONS = ((2048, 512, 80), (1024, 256, 80), (512, 128, 64), (256, 64, 40))
_OFFSET = 1e-3
_SCALE = 6.0
_RATE = 24000


def filters(window: int, mels: int) -> Tensor:
    """(mels, window // 2 + 1) triangles of equal area on Slaney's mel scale, 0 to 12 kHz."""
    edges = _hertz(np.linspace(_mel(0.0), _mel(_RATE / 2), mels + 2))
    at = np.linspace(0, _RATE / 2, window // 2 + 1)
    rise = (at[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - at[None]) / (edges[2:] - edges[1:-1])[:, None]
    area = 2.0 / (edges[2:] - edges[:-2])
    return torch.from_numpy(np.maximum(0, np.minimum(rise, fall)) * area[:, None]).float()


def _mel(hertz: float) -> float:
    return hertz * 3 / 200 if hertz < 1000 else 15 + np.log(hertz / 1000) * 27 / np.log(6.4)


def _hertz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


class LogMel(nn.Module):
    """(B, samples) -> (B, mels, frames) at one resolution."""

    def __init__(self, window: int, hop: int, mels: int) -> None:
        super().__init__()
        self.size, self.hop = window, hop
        self.register_buffer("window", torch.hann_window(window))
        self.register_buffer("filters", _SCALE * filters(window, mels))

    def forward(self, sound: Tensor) -> Tensor:
        spectrum = torch.stft(
            sound, self.size, self.hop, window=self.get_buffer("window"), center=True, pad_mode="constant",
            return_complex=True,
        )  # fmt: skip
        magnitude = (torch.view_as_real(spectrum).square().sum(-1) + 1e-9).sqrt()
        return torch.log(self.get_buffer("filters") @ magnitude + _OFFSET)


class Error(nn.Module):
    """The mean absolute difference of log-mels, averaged over the four resolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList(LogMel(*sizes) for sizes in RESOLUTIONS)

    def forward(self, made: Tensor, true: Tensor) -> Tensor:
        return torch.stack([(part(made) - part(true)).abs().mean() for part in self.parts]).mean()

    def constant_level(self, true: Tensor) -> Tensor:
        """What is reached by the best constant spectrum: the level of a codec that has learnt nothing."""
        levels = [(m - m.median(dim=-1, keepdim=True).values).abs().mean() for m in (part(true) for part in self.parts)]
        return torch.stack(levels).mean()
