"""The codec as a whole: built from a config and a mapping of official tensor names, waveform to codes and back.

Where the tensors come from (a folder, a hub, memory) is the checkpoint's business; reading and resampling audio is
the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from moksori.errors import InvalidInput

from .config import CodecConfig
from .decoder import Decoder
from .encoder import Encoder

# Frames that `decode` takes to the sample rate together. Carried state makes the schedule inaudible; this bounds the
# memory, and up to as many frames as upstream decodes at once the sums run in the same order as there.
_PIECE_FRAMES = 300


class Codec(nn.Module):
    """Both directions. A codec loaded with `parts=("encoder",)` or `("decoder",)` has only that one."""

    def __init__(self, config: CodecConfig, parts: Sequence[str] = ("encoder", "decoder")) -> None:
        super().__init__()
        self.config = config
        self.sample_rate = config.sample_rate
        self.samples_per_frame = config.samples_per_frame
        self.encoder = Encoder(config.encoder, config.valid_quantizers) if "encoder" in parts else None
        self.decoder = Decoder(config.decoder) if "decoder" in parts else None

    @classmethod
    def load(
        cls,
        config: CodecConfig,
        tensors: Mapping[str, Tensor],
        *,
        parts: Sequence[str] = ("encoder", "decoder"),
        dtype: torch.dtype = torch.float32,
    ) -> Codec:
        """Fill a codec from official names (`encoder.…`, `decoder.…`).

        A missing tensor, or one of another shape, is an InvalidInput that names it. `leftovers` tells what else
        the mapping holds. Tensors already of `dtype` are shared with the mapping, not copied.
        """
        with torch.device("meta"):
            codec = cls(config, parts)
        wanted = codec.state_dict()
        missing = sorted(set(wanted) - set(tensors))
        if missing:
            raise InvalidInput(
                f"The codec's checkpoint lacks {len(missing)} tensor(s): {', '.join(missing[:5])}.",
                hint="Is it complete, and does its config.json belong to it?",
                code="missing_tensor",
                field=missing[0],
            )
        filled = {}
        for name, place in wanted.items():
            tensor = tensors[name]
            if tensor.shape != place.shape:
                raise InvalidInput(
                    f"{name} has shape {tuple(tensor.shape)}; the config asks for {tuple(place.shape)}.",
                    hint="The checkpoint and its config.json do not belong together.",
                    field=name,
                )
            if not tensor.is_floating_point():
                raise InvalidInput(f"{name} holds {tensor.dtype}; weights must be floating point.", field=name)
            filled[name] = tensor.to(dtype)
        codec.load_state_dict(filled, assign=True)
        return codec.requires_grad_(False).eval()

    @torch.inference_mode()
    def encode(self, pcm: Tensor | np.ndarray) -> Tensor:
        """(n,) or (B, n) float32 at `sample_rate` -> (T, Q) or (B, T, Q) int64, T = ceil(n / samples_per_frame).

        The last frame of a clip sees what little of it there is; nothing of other clips, but all rows of a batch
        must be equally long. InvalidInput for an empty clip or one with values that are not finite.
        """
        assert self.encoder is not None, "this codec was loaded without its encoder"
        sound = torch.as_tensor(pcm)
        if sound.dim() not in (1, 2) or sound.shape[-1] == 0 or not sound.is_floating_point():
            raise InvalidInput(f"A clip of shape {tuple(sound.shape)}, {sound.dtype} cannot be encoded.", field="pcm")
        if not bool(torch.isfinite(sound).all()):
            raise InvalidInput("The clip has samples that are not finite numbers.", field="pcm")
        weight = self.encoder.downsample.conv.weight
        rows = sound.to(weight.device, weight.dtype).reshape(-1, sound.shape[-1])
        codes: Tensor = self.encoder(rows)
        return codes if sound.dim() == 2 else codes[0]

    @torch.inference_mode()
    def decode(self, codes: Tensor | np.ndarray, *, warm_up: int = 0) -> Tensor:
        """(T, Q) or (B, T, Q) -> (T * samples_per_frame,) or (B, …) float32 in [-1, 1].

        `warm_up` repeats the first frame that many times in front and cuts the sound of it off again, so that the
        first real frame does not meet a cold decoder (0 for parity with upstream).
        """
        assert self.decoder is not None, "this codec was loaded without its decoder"
        given = torch.as_tensor(codes)
        self._check_codes(given)
        rows = given.to(self.decoder.pre_conv.conv.weight.device, torch.long)
        rows = rows if given.dim() == 3 else rows[None]
        rows = torch.cat((rows[:, :1].expand(-1, warm_up, -1), rows), dim=1)
        x = self.decoder.context(self.decoder.quantizer(rows))
        state = self.decoder.begin()
        sound = torch.cat([self.decoder.sound(piece, state) for piece in torch.split(x, _PIECE_FRAMES, dim=2)], dim=1)
        sound = sound[:, warm_up * self.samples_per_frame :].float()
        return sound if given.dim() == 3 else sound[0]

    def _check_codes(self, codes: Tensor) -> None:
        books, size = self.config.valid_quantizers, self.config.decoder.codebook_size
        if codes.dim() not in (2, 3) or codes.shape[-1] != books or codes.shape[-2] == 0:
            raise InvalidInput(
                f"Codes of shape {tuple(codes.shape)} cannot be decoded.",
                hint=f"This codec takes (frames, {books}).",
                field="codes",
            )
        if codes.is_floating_point() or int(codes.min()) < 0 or int(codes.max()) >= size:
            raise InvalidInput(f"Codes must be whole numbers from 0 to {size - 1}.", field="codes")


# In every official file, and without use for encoding or decoding.
_KNOWN_UNUSED = re.compile(
    r"encoder\.quantizer\.(semantic|acoustic)_residual_vector_quantizer\.output_proj\.weight"
    r"|encoder\.quantizer\.(semantic|acoustic)_residual_vector_quantizer\.layers\.\d+\.codebook\.initialized"
    r"|decoder\.quantizer\.rvq_(first|rest)\.input_proj\.weight"
)
_ENCODER_BOOK = re.compile(r"encoder\.quantizer\.acoustic_residual_vector_quantizer\.layers\.(\d+)\..*")


def leftovers(config: CodecConfig, names: Sequence[str]) -> list[str]:
    """The names that neither a whole codec uses nor are known to be unused, sorted."""
    with torch.device("meta"):
        used = set(Codec(config).state_dict())
    return sorted(name for name in set(names) - used if not _known_unused(name, config))


def _known_unused(name: str, config: CodecConfig) -> bool:
    book = _ENCODER_BOOK.fullmatch(name)
    if book is not None and int(book[1]) >= config.valid_quantizers - config.encoder.num_semantic_quantizers:
        return True  # the encoder's file has books for more codes than a frame has
    return _KNOWN_UNUSED.fullmatch(name) is not None
