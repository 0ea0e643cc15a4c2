"""The speaker encoder: a clip's log-mel spectrogram through ECAPA-TDNN to one vector that says whose voice it is.

Knows nothing of prompts or of how the clip was read; always float32, whatever the talker's precision.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from moksori.errors import InvalidInput

from .config import SpeakerConfig

N_FFT, HOP, F_MAX = 1024, 256, 12000.0
# Below this many samples the widest dilated convolution has nothing to reflect.
SHORTEST_SAMPLES = 8 * HOP + N_FFT


class TDNN(nn.Module):
    """A convolution over time that keeps the length by reflection, then ReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.conv = _conv(in_channels, out_channels, kernel, dilation)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.conv(x))


class Res2Net(nn.Module):
    """The channels in `scale` parts; each part sees its own input plus the result of the part before."""

    def __init__(self, channels: int, scale: int, kernel: int, dilation: int) -> None:
        super().__init__()
        part = channels // scale
        self.blocks = nn.ModuleList(TDNN(part, part, kernel, dilation) for _ in range(scale - 1))

    def forward(self, x: Tensor) -> Tensor:
        first, *rest = x.chunk(len(self.blocks) + 1, dim=1)
        parts, last = [first], torch.zeros_like(first)
        for block, part in zip(self.blocks, rest, strict=True):
            last = block(part + last)
            parts.append(last)
        return torch.cat(parts, dim=1)


class SqueezeExcitation(nn.Module):
    """Scales each channel by what its mean over time says."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.conv1 = _conv(channels, squeezed)
        self.conv2 = _conv(squeezed, channels)

    def forward(self, x: Tensor) -> Tensor:
        gate = functional.relu(self.conv1(x.mean(dim=2, keepdim=True)))
        return x * torch.sigmoid(self.conv2(gate))


class Block(nn.Module):
    def __init__(self, config: SpeakerConfig, index: int) -> None:
        super().__init__()
        before, channels = config.channels[index - 1], config.channels[index]
        self.tdnn1 = TDNN(before, channels, 1, 1)
        self.res2net_block = Res2Net(
            channels, config.res2net_scale, config.kernel_sizes[index], config.dilations[index]
        )
        self.tdnn2 = TDNN(channels, channels, 1, 1)
        self.se_block = SqueezeExcitation(channels, config.se_channels)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.se_block(self.tdnn2(self.res2net_block(self.tdnn1(x))))  # type: ignore[no-any-return]


class AttentivePooling(nn.Module):
    """Mean and deviation over time, weighted by an attention that knows the plain ones. (B, C, T) -> (B, 2C, 1)."""

    def __init__(self, channels: int, attention_channels: int) -> None:
        super().__init__()
        self.tdnn = TDNN(channels * 3, attention_channels, 1, 1)
        self.conv = _conv(attention_channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        even = torch.full_like(x[:, :1], 1.0 / x.shape[2])
        mean, deviation = _moments(x, even)
        context = torch.cat([x, mean.expand_as(x), deviation.expand_as(x)], dim=1)
        weights = self.conv(torch.tanh(self.tdnn(context))).softmax(dim=2)
        return torch.cat(_moments(x, weights), dim=1)


def _moments(x: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    mean = (weights * x).sum(2, keepdim=True)
    variance = (weights * (x - mean).pow(2)).sum(2, keepdim=True)
    return mean, variance.clamp(1e-12).sqrt()


class SpeakerEncoder(nn.Module):
    """Log-mels (B, T, mel_dim) -> vectors (B, dim)."""

    def __init__(self, config: SpeakerConfig) -> None:
        super().__init__()
        self.config = config
        first, last = config.channels[0], config.channels[-1]
        blocks: list[nn.Module] = [TDNN(config.mel_dim, first, config.kernel_sizes[0], config.dilations[0])]
        blocks += [Block(config, index) for index in range(1, len(config.channels) - 1)]
        self.blocks = nn.ModuleList(blocks)
        self.mfa = TDNN(last, last, config.kernel_sizes[-1], config.dilations[-1])
        self.asp = AttentivePooling(last, config.attention_channels)
        self.fc = _conv(last * 2, config.dim)

    def forward(self, mels: Tensor) -> Tensor:
        x = mels.transpose(1, 2)
        seen = []
        for block in self.blocks:
            x = block(x)
            seen.append(x)
        x = self.mfa(torch.cat(seen[1:], dim=1))
        return self.fc(self.asp(x)).squeeze(-1)  # type: ignore[no-any-return]

    @torch.inference_mode()
    def embed(self, pcm: Tensor) -> Tensor:
        """A clip (n,) float32 at `config.sample_rate` -> its vector (dim,). InvalidInput for one too short."""
        if pcm.dim() != 1 or len(pcm) < SHORTEST_SAMPLES:
            raise InvalidInput(
                f"The reference has {pcm.numel()} samples; a speaker vector needs at least {SHORTEST_SAMPLES}.",
                hint="Give 3 to 15 s of one person speaking.",
                field="reference",
            )
        vector: Tensor = self(log_mels(pcm, self.config).to(self.fc.weight)[None])[0]
        return vector


def _conv(in_channels: int, out_channels: int, kernel: int = 1, dilation: int = 1) -> nn.Conv1d:
    return nn.Conv1d(in_channels, out_channels, kernel, dilation=dilation, padding="same", padding_mode="reflect")


def log_mels(pcm: Tensor, config: SpeakerConfig) -> Tensor:
    """(n,) -> (T, mel_dim), one row per HOP samples."""
    edge = (N_FFT - HOP) // 2
    padded = functional.pad(pcm.float()[None], (edge, edge), mode="reflect")[0]
    spectrum = torch.stft(padded, N_FFT, HOP, window=torch.hann_window(N_FFT), center=False, return_complex=True)
    magnitude = torch.sqrt(torch.view_as_real(spectrum).pow(2).sum(-1) + 1e-9)
    mels = torch.from_numpy(mel_filters(config.sample_rate, config.mel_dim)) @ magnitude
    return mels.clamp(min=1e-5).log().T


@functools.cache
def mel_filters(sample_rate: int, bands: int) -> np.ndarray:
    """Slaney's triangles, each of area one: (bands, N_FFT // 2 + 1) float32."""
    edges = _mel_to_hz(np.linspace(_hz_to_mel(0.0), _hz_to_mel(F_MAX), bands + 2))
    bins = np.linspace(0.0, sample_rate / 2, N_FFT // 2 + 1)
    slopes = edges[:, None] - bins
    widths = np.diff(edges)[:, None]
    rising, falling = -slopes[:-2] / widths[:-1], slopes[2:] / widths[1:]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    triangles *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return triangles.astype(np.float32)


# Slaney's scale: linear up to 1 kHz (15 mels), then 27 mels to each factor of 6.4.
_HZ_PER_MEL, _KNEE_HZ, _KNEE_MEL, _LOG_STEP = 200.0 / 3, 1000.0, 15.0, np.log(6.4) / 27.0


def _hz_to_mel(hz: float) -> float:
    return hz / _HZ_PER_MEL if hz < _KNEE_HZ else _KNEE_MEL + float(np.log(hz / _KNEE_HZ)) / float(_LOG_STEP)


def _mel_to_hz(mels: np.ndarray) -> np.ndarray:
    curved = _KNEE_HZ * np.exp(_LOG_STEP * (mels - _KNEE_MEL))
    return np.where(mels < _KNEE_MEL, mels * _HZ_PER_MEL, curved)
