"""The predictor: from the talker's hidden state and a frame's first code to the frame's other codes, one by one.

Its sequence is one frame long: [hidden, code 0, code 1, ...]; nothing is carried from frame to frame. Knows nothing
of the talker's layers or of how a code is chosen.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .config import PredictorConfig
from .layers import Cache, Stack


class Predictor(Stack):
    """`codec_embedding[k]` and `lm_head[k]` belong to codebook k + 1: the first codebook is the talker's."""

    def __init__(self, config: PredictorConfig, talker_hidden_size: int) -> None:
        super().__init__(config.stack)
        self.config = config
        others, width = range(config.num_code_groups - 1), config.stack.hidden_size
        self.codec_embedding = nn.ModuleList(nn.Embedding(config.vocab_size, talker_hidden_size) for _ in others)
        self.lm_head = nn.ModuleList(nn.Linear(width, config.vocab_size, bias=False) for _ in others)
        self.small_to_mtp_projection: nn.Module = nn.Identity()
        if width != talker_hidden_size:
            self.small_to_mtp_projection = nn.Linear(talker_hidden_size, width)

    def forward(self, inputs: Tensor, start: int = 0, cache: Cache | None = None) -> Tensor:
        """(B, n, talker hidden): the talker's hidden state, then the embedded codes 0.. -> (B, n, hidden)."""
        return self.run(self.small_to_mtp_projection(inputs), start, cache)

    def logits(self, inputs: Tensor) -> Tensor:
        """Teacher-forced: (B, num_code_groups, talker hidden), which is the hidden state and the embedded codes
        except the last -> scores of codebooks 1.. (B, num_code_groups - 1, vocab)."""
        hidden = self(inputs)
        return torch.stack([head(hidden[:, k]) for k, head in enumerate(self.lm_head, start=1)], dim=1)


def embed_codes(first: nn.Embedding, predictor: Predictor, codes: Tensor) -> Tensor:
    """Codes (..., n), n <= num_code_groups, codebooks 0..n-1 -> their embeddings (..., n, talker hidden). `first` is
    the talker's table. The sum over n is a frame's input to the talker."""
    tables = [first, *predictor.codec_embedding]
    return torch.stack([tables[k](codes[..., k]) for k in range(codes.shape[-1])], dim=-2)
