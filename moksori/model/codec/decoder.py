"""Codes to waveform, whole or frame by frame: every layer is causal and carries its own past in a `State`.

Knows nothing of schedules or threads: who decodes what when is the runtime's business.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .attention import Attention
from .causal import CausalConv, CausalUpsample, State
from .config import DecoderConfig
from .encoder import Scale
from .quantizer import DecoderQuantizer

_DILATIONS = (1, 3, 9)


class Decoder(nn.Module):
    """(B, T, Q) codes -> (B, T * samples_per_frame) in [-1, 1]."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.samples_per_frame = config.samples_per_frame
        self.quantizer = DecoderQuantizer(config)
        self.pre_conv = CausalConv(config.codebook_dim, config.latent_dim, 3)
        self.pre_transformer = Transformer(config)
        self.upsample = nn.ModuleList(
            nn.ModuleList([CausalUpsample(config.latent_dim, config.latent_dim, n, n), ConvNeXt(config.latent_dim)])
            for n in config.upsampling_ratios
        )
        width = config.decoder_dim
        layers: list[nn.Module] = [CausalConv(config.latent_dim, width, 7)]
        for rate in config.upsample_rates:
            layers.append(Block(width, width // 2, rate))
            width //= 2
        layers += [Snake(width), CausalConv(width, 1, 7)]
        self.decoder = nn.ModuleList(layers)

    def begin(self) -> State:
        """The state before the first frame of a stream."""
        return State()

    def forward(self, codes: Tensor) -> Tensor:
        """All frames in one piece; memory grows with the length, so long clips belong into `step`."""
        return self.synthesise(self.quantizer(codes))

    def step(self, codes: Tensor, state: State) -> Tensor:
        """The next t >= 1 frames of a stream, (B, t, Q) or (t, Q) -> (B, t * n) or (t * n,); advances `state`."""
        if codes.dim() == 2:
            return self.step(codes[None], state)[0]
        return self.synthesise(self.quantizer(codes), state)

    def synthesise(self, latent: Tensor, state: State | None = None) -> Tensor:
        """(B, codebook_dim, T) as the quantizer sums it -> (B, T * samples_per_frame)."""
        return self.sound(self.context(latent, state), state)

    def context(self, latent: Tensor, state: State | None = None) -> Tensor:
        """The part at the frame rate, cheap in time and memory: (B, codebook_dim, T) -> (B, latent_dim, T)."""
        x = self.pre_conv(latent, state).transpose(1, 2)
        found: Tensor = self.pre_transformer(x, state).transpose(1, 2)
        return found

    def sound(self, x: Tensor, state: State | None = None) -> Tensor:
        """The part that grows to the sample rate: (B, latent_dim, T) -> (B, T * samples_per_frame)."""
        for stage in self.upsample:
            assert isinstance(stage, nn.ModuleList)
            for layer in stage:
                x = layer(x, state)
        for layer in self.decoder:
            x = layer(x) if isinstance(layer, Snake) else layer(x, state)
        return torch.clamp(x[:, 0], -1, 1)


class Transformer(nn.Module):
    """(B, T, latent) -> (B, T, latent) through a narrower transformer that looks back over a window."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.input_proj = nn.Linear(config.latent_dim, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        self.norm = nn.RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.output_proj = nn.Linear(config.hidden_size, config.latent_dim)

    def forward(self, x: Tensor, state: State | None = None) -> Tensor:
        count = x.shape[1]
        x = self.input_proj(x)
        for layer in self.layers:
            x = layer(x, state)
        if state is not None:
            state.position += count
        return self.output_proj(self.norm(x))  # type: ignore[no-any-return]


class Layer(nn.Module):
    """Windowed attention, then a gated feed-forward part; RMSNorm in front of and a scale behind each."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.self_attn = Attention(
            width, config.num_attention_heads, config.num_key_value_heads, config.head_dim, config.rope_theta,
            config.sliding_window,
        )  # fmt: skip
        self.mlp = Gated(width, config.intermediate_size)
        self.input_layernorm = nn.RMSNorm(width, eps=config.rms_norm_eps)
        self.post_attention_layernorm = nn.RMSNorm(width, eps=config.rms_norm_eps)
        self.self_attn_layer_scale = Scale(width)
        self.mlp_layer_scale = Scale(width)

    def forward(self, x: Tensor, state: State | None = None) -> Tensor:
        x = x + self.self_attn_layer_scale(self.self_attn(self.input_layernorm(x), state))
        return x + self.mlp_layer_scale(self.mlp(self.post_attention_layernorm(x)))  # type: ignore[no-any-return]


class Gated(nn.Module):
    """down(silu(gate(x)) * up(x))."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(width, inner, bias=False)
        self.up_proj = nn.Linear(width, inner, bias=False)
        self.down_proj = nn.Linear(inner, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))  # type: ignore[no-any-return]


class ConvNeXt(nn.Module):
    """A depthwise convolution over time and a feed-forward part over channels, added to the input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = CausalConv(width, width, 7, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.pwconv1 = nn.Linear(width, 4 * width)
        self.pwconv2 = nn.Linear(4 * width, width)
        self.gamma = nn.Parameter(torch.full((width,), 1e-6))

    def forward(self, x: Tensor, state: State | None = None) -> Tensor:
        y: Tensor = self.norm(self.dwconv(x, state).transpose(1, 2))
        y = self.gamma * self.pwconv2(functional.gelu(self.pwconv1(y)))
        return x + y.transpose(1, 2)


class Block(nn.Module):
    """(B, C, T) -> (B, C / 2, T * rate): a transposed convolution and three residual units of growing reach."""

    def __init__(self, width: int, out: int, rate: int) -> None:
        super().__init__()
        self.block = nn.ModuleList(
            [Snake(width), CausalUpsample(width, out, 2 * rate, rate), *(Unit(out, d) for d in _DILATIONS)]
        )

    def forward(self, x: Tensor, state: State | None = None) -> Tensor:
        for layer in self.block:
            x = layer(x) if isinstance(layer, Snake) else layer(x, state)
        return x


class Unit(nn.Module):
    """x + conv1(snake(conv7(snake(x))))."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.act1 = Snake(width)
        self.conv1 = CausalConv(width, width, 7, dilation=dilation)
        self.act2 = Snake(width)
        self.conv2 = CausalConv(width, width, 1)

    def forward(self, x: Tensor, state: State | None = None) -> Tensor:
        y = self.conv1(self.act1(x), state)
        return x + self.conv2(self.act2(y), state)  # type: ignore[no-any-return]


class Snake(nn.Module):
    """x + sin(a x)^2 / b for each channel, with a and b stored as logarithms (`alpha`, `beta`)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.zeros(width))
        self.beta = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.alpha.exp()[:, None], self.beta.exp()[:, None]
        return x + (1.0 / (b + 1e-9)) * torch.sin(x * a) ** 2
