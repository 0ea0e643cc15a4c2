"""The talker: text and codec embeddings in, hidden states and the first codebook's logits out.

Knows nothing of prompts, of the other codebooks, or of how a code is chosen.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from .config import TalkerConfig
from .layers import Cache, Stack


class TextProjection(nn.Module):
    """From the text embedding's width to the talker's."""

    def __init__(self, text_hidden_size: int, hidden_size: int) -> None:
        super().__init__()
        self.linear_fc1 = nn.Linear(text_hidden_size, text_hidden_size)
        self.linear_fc2 = nn.Linear(text_hidden_size, hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_fc2(functional.silu(self.linear_fc1(x)))  # type: ignore[no-any-return]


class Talker(Stack):
    """One position per text token or frame."""

    def __init__(self, config: TalkerConfig) -> None:
        super().__init__(config.stack)
        self.config = config
        self.text_embedding = nn.Embedding(config.text_vocab_size, config.text_hidden_size)
        self.text_projection = TextProjection(config.text_hidden_size, config.stack.hidden_size)
        self.codec_embedding = nn.Embedding(config.vocab_size, config.stack.hidden_size)
        self.codec_head = nn.Linear(config.stack.hidden_size, config.vocab_size, bias=False)

    def embed_text(self, ids: Tensor) -> Tensor:
        """Text ids (...,) -> (..., hidden)."""
        return self.text_projection(self.text_embedding(ids))  # type: ignore[no-any-return]

    def forward(self, embeddings: Tensor, start: int = 0, cache: Cache | None = None) -> Tensor:
        """(B, T, hidden) -> hidden states (B, T, hidden). The state at a position predicts the next frame."""
        return self.run(embeddings, start, cache)

    def logits(self, hidden: Tensor) -> Tensor:
        """Hidden states (..., hidden) -> scores of the first codebook's code and the control ids (..., vocab)."""
        return self.codec_head(hidden)  # type: ignore[no-any-return]
