"""Waveform to codes: the Mimi-style encoder, for clips of any length in bounded memory.

The strided convolutions at the full sample rate need nearly all the memory, so they run over pieces of a few seconds
with their state carried; the transformer sees the whole clip, because upstream it attends to everything before.
Knows nothing of files, resampling or loudness.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .attention import Attention
from .causal import CausalConv, State
from .config import EncoderConfig
from .quantizer import EncoderQuantizer

# Samples of one piece, in frames: 8 s. At the released sizes about 25 MB of activations per second of sound.
_PIECE_FRAMES = 100
# Positions that pass the feed-forward part of the transformer together.
_ROWS = 2048


class Encoder(nn.Module):
    """(B, samples) float32 at 24 kHz -> (B, ceil(samples / 1920), Q) codes. Rows of a batch must be equally long."""

    def __init__(self, config: EncoderConfig, count: int) -> None:
        super().__init__()
        self.config = config
        self.encoder = Convolutions(config)
        self.encoder_transformer = nn.ModuleDict(
            {"layers": nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))}
        )
        self.downsample = CausalConv(config.hidden_size, config.hidden_size, 4, stride=2, bias=False, repeat_edge=True)
        self.quantizer = EncoderQuantizer(config, count)

    @property
    def samples_per_frame(self) -> int:
        return 2 * self.encoder.stride

    def forward(self, pcm: Tensor) -> Tensor:
        codes: Tensor = self.quantizer(self.latent(pcm))
        return codes

    def latent(self, pcm: Tensor) -> Tensor:
        """(B, samples) -> (B, hidden, T), what the quantizer is given."""
        piece = _PIECE_FRAMES * self.samples_per_frame
        if pcm.shape[-1] <= piece:
            x = self.encoder(pcm[:, None])
        else:
            state = State()
            parts = torch.split(pcm[:, None], piece, dim=-1)
            x = torch.cat([self.encoder(p, state, ends=p is parts[-1]) for p in parts], dim=-1)
        return self.downsample(self._transform(x))  # type: ignore[no-any-return]

    def _transform(self, x: Tensor) -> Tensor:
        x = x.transpose(1, 2)
        layers = self.encoder_transformer["layers"]
        assert isinstance(layers, nn.ModuleList)
        for layer in layers:
            x = layer(x)
        return x.transpose(1, 2)


class Convolutions(nn.Module):
    """(B, 1, samples) -> (B, hidden, samples / 960): a convolution, then residual units and strided convolutions."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        width = config.num_filters
        self.stride = 1
        layers: list[nn.Module] = [CausalConv(1, width, config.kernel_size)]
        for ratio in reversed(config.upsampling_ratios):
            for j in range(config.num_residual_layers):
                layers.append(ResidualUnit(config, width, config.dilation_growth_rate**j))
            layers += [nn.ELU(), CausalConv(width, 2 * width, 2 * ratio, stride=ratio)]
            width *= 2
            self.stride *= ratio
        layers += [nn.ELU(), CausalConv(width, config.hidden_size, config.last_kernel_size)]
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor, state: State | None = None, *, ends: bool = True) -> Tensor:
        for layer in self.layers:
            if isinstance(layer, CausalConv):
                x = layer(x, state, ends=ends)
            elif isinstance(layer, ResidualUnit):
                x = layer(x, state)
            else:
                x = layer(x)
        return x


class ResidualUnit(nn.Module):
    """x + conv1(elu(conv3(elu(x)))), through half the channels."""

    def __init__(self, config: EncoderConfig, width: int, dilation: int) -> None:
        super().__init__()
        inner = width // config.compress
        self.block = nn.ModuleList(
            [
                nn.ELU(),
                CausalConv(width, inner, config.residual_kernel_size, dilation=dilation),
                nn.ELU(),
                CausalConv(inner, width, 1),
            ]
        )

    def forward(self, x: Tensor, state: State | None = None) -> Tensor:
        y = x
        for layer in self.block:
            y = layer(y, state) if isinstance(layer, CausalConv) else layer(y)
        return x + y


class Layer(nn.Module):
    """Attention over everything before, then a feed-forward part; LayerNorm in front of and a scale behind each.

    The config's window of 250 is deliberately unused: upstream applies it under FlashAttention only, and the
    published codes and prompts come from either; full attention is what SDPA and eager compute.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.self_attn = Attention(
            width, config.num_attention_heads, config.num_key_value_heads, config.head_dim, config.rope_theta, None
        )
        self.mlp = nn.ModuleDict(
            {
                "fc1": nn.Linear(width, config.intermediate_size, bias=False),
                "fc2": nn.Linear(config.intermediate_size, width, bias=False),
            }
        )
        self.input_layernorm = nn.LayerNorm(width, eps=config.norm_eps)
        self.post_attention_layernorm = nn.LayerNorm(width, eps=config.norm_eps)
        self.self_attn_layer_scale = Scale(width)
        self.mlp_layer_scale = Scale(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attn_layer_scale(self.self_attn(self.input_layernorm(x)))
        if x.shape[1] <= _ROWS:
            return self._feed_forward(x)
        return torch.cat([self._feed_forward(rows) for rows in torch.split(x, _ROWS, dim=1)], dim=1)

    def _feed_forward(self, x: Tensor) -> Tensor:
        y = self.mlp["fc2"](functional.gelu(self.mlp["fc1"](self.post_attention_layernorm(x))))
        return x + self.mlp_layer_scale(y)  # type: ignore[no-any-return]


class Scale(nn.Module):
    """A learnt factor for each channel of the last dimension."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((width,), 0.01))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * x
