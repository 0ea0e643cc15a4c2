"""The 12 Hz codec: waveform to codes and back, in parity with the official package."""

from .causal import State
from .codec import Codec, leftovers
from .config import CodecConfig, DecoderConfig, EncoderConfig
from .decoder import Decoder
from .encoder import Encoder

__all__ = ["Codec", "CodecConfig", "Decoder", "DecoderConfig", "Encoder", "EncoderConfig", "State", "leftovers"]
