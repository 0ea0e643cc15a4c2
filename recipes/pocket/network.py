"""The codec with what training adds to it: its start, a mel head, books that move, and the way to the official file.

Knows nothing of data, optimizers or time.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from moksori.model.codec import Codec, CodecConfig

from .books import Books
from .sizes import BOOKS, CODEC, ENTRIES, FRAME, PREPROCESSOR

PIECE = 12  # frames that the decoder sees at once
_MELS = 80
_HOP = FRAME // 8


class Network(nn.Module):
    """An encoder and a decoder in our modules, and the parts that only training needs."""

    def __init__(self) -> None:
        super().__init__()
        config = CodecConfig.from_dict(CODEC)
        codec = Codec(config)
        assert codec.encoder is not None
        assert codec.decoder is not None
        self.encoder, self.decoder = codec.encoder, codec.decoder
        width = config.encoder.codebook_dim
        self.books = Books(BOOKS, ENTRIES, width)
        self.mel_head = _head(2 * width)
        self.first_head = _head(width)
        _start(self)

    def project(self, pcm: Tensor) -> tuple[Tensor, Tensor]:
        """(B, samples) -> what the first book and what the other books are given, (B, T, width) each."""
        latent = self.encoder.latent(pcm)
        quantizer = self.encoder.quantizer
        parts = (quantizer.semantic_residual_vector_quantizer, quantizer.acoustic_residual_vector_quantizer)
        first, rest = (part.input_proj(latent).transpose(1, 2) for part in parts)
        return first, rest

    def synthesise(self, first: Tensor, rest: Tensor) -> Tensor:
        """(B, T, width) each -> (B, T * FRAME)."""
        quantizer = self.decoder.quantizer
        latent = quantizer.rvq_first.output_proj(first.transpose(1, 2))
        return self.decoder.synthesise(latent + quantizer.rvq_rest.output_proj(rest.transpose(1, 2)))

    @torch.no_grad()
    def calibrate(self, pcm: Tensor, mels: Tensor) -> None:
        """Scale every convolution until real sound leaves it at unit variance, so that the nonlinearities bend it:
        speech arrives at 0.08, where ELU is a straight line, and a linear encoder finds no spectrum.

        What the books are given has unit variance too; the heads begin at the median log-mels (B, mels, frames).
        """
        hooks = [
            module.register_forward_hook(_scale_to(_start_level(name)))
            for name, module in self.named_modules()
            if isinstance(module, nn.Conv1d | nn.ConvTranspose1d)
        ]
        first, rest = self.project(pcm)
        self.synthesise(first, rest)
        for hook in hooks:
            hook.remove()
        for head in (self.mel_head, self.first_head):
            head[-1].bias.copy_(mels.transpose(0, 1).flatten(1).median(dim=1).values.repeat(8))
            head[-1].weight *= 0.3

    def tensors(self) -> dict[str, Tensor]:
        """All tensors of the official file, by their official names."""
        named = {f"encoder.{k}": v for k, v in self.encoder.state_dict().items()}
        named |= {f"decoder.{k}": v for k, v in self.decoder.state_dict().items()}
        hidden, width = CODEC["encoder_config"]["hidden_size"], self.books.sums.shape[-1]
        for book in range(BOOKS):
            theirs, mine = _book_names(book)
            for stem, sums in ((theirs, "embed_sum"), (mine, "embedding_sum")):
                named[f"{stem}.cluster_usage"] = self.books.usage[book]
                named[f"{stem}.{sums}"] = self.books.sums[book]
            named[f"{theirs}.initialized"] = torch.ones(1)
        for part in ("semantic", "acoustic"):  # present in every official file, used by nothing
            named[f"encoder.quantizer.{part}_residual_vector_quantizer.output_proj.weight"] = torch.zeros(
                hidden, width, 1
            )
        for part in ("first", "rest"):
            named[f"decoder.quantizer.rvq_{part}.input_proj.weight"] = torch.zeros(width, 2 * width, 1)
        return {name: tensor.detach().clone().contiguous() for name, tensor in named.items()}

    @torch.no_grad()
    def settle(self) -> None:
        """Round encoder and books to half precision, in which they are stored: from now on codes are final."""
        for tensor in (*self.encoder.parameters(), self.books.usage, self.books.sums):
            tensor.copy_(tensor.half())

    def export(self, folder: Path) -> None:
        """Write a `speech_tokenizer` folder in half precision, whole or not at all."""
        part = folder.with_name(folder.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        (part / "config.json").write_text(json.dumps(CODEC, indent=2) + "\n")
        (part / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR, indent=2) + "\n")
        half = {name: tensor.half() for name, tensor in self.tensors().items()}
        save_file(half, part / "model.safetensors", metadata={"format": "pt"})
        (part / "model.safetensors").chmod(0o644)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)


def _book_names(book: int) -> tuple[str, str]:
    if book == 0:
        return (
            "encoder.quantizer.semantic_residual_vector_quantizer.layers.0.codebook",
            "decoder.quantizer.rvq_first.vq.layers.0._codebook",
        )
    return (
        f"encoder.quantizer.acoustic_residual_vector_quantizer.layers.{book - 1}.codebook",
        f"decoder.quantizer.rvq_rest.vq.layers.{book - 1}._codebook",
    )


def _head(width: int) -> nn.Sequential:
    """From one frame's latent to its 8 log-mel spectra: a direct gradient for the encoder."""
    return nn.Sequential(nn.Linear(width, 256), nn.GELU(), nn.Linear(256, 8 * _MELS))


def head_loss(made: Tensor, mels: Tensor) -> Tensor:
    """(B, T, 8 * mels) against log-mels (B, mels, frames) with a hop of an eighth of a frame."""
    true = mels[..., : made.shape[1] * 8].transpose(1, 2).reshape(made.shape)
    return functional.l1_loss(made, true)


def _start(network: Network) -> None:
    """Normal(0, sqrt(1 / fan_in)), no biases, and branches that matter from the beginning."""
    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.ConvTranspose1d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, module.weight[0].numel() ** -0.5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(getattr(module, "scale", None), nn.Parameter):
            nn.init.constant_(module.scale, 0.1)
        elif isinstance(getattr(module, "gamma", None), nn.Parameter):
            nn.init.constant_(module.gamma, 0.3)


def _start_level(name: str) -> float:
    """The standard deviation that a convolution's output begins with."""
    if name == f"decoder.decoder.{len(CODEC['decoder_config']['upsample_rates']) + 2}.conv":
        return 0.08  # the sound itself: quiet, for a start beyond the clamp would have no gradient
    return 0.5 if name.endswith((".block.3.conv", ".conv2.conv")) else 1.0  # halved behind a residual unit


def _scale_to(level: float) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
    def hook(module: nn.Module, _given: tuple[Tensor, ...], made: Tensor) -> Tensor:
        factor = level / made.std()
        module.weight.data.mul_(factor)  # type: ignore[operator, union-attr]
        return made * factor

    return hook
