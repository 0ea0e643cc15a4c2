"""A checkpoint that speaks: weights, step, vocoder and scheduler put together.

The voice and the text become rows here and nowhere else in this package. Knows nothing of text rules, of how voices
are stored, or of processes.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from moksori.errors import InvalidInput, Unavailable
from moksori.model import Model, Prompt, Sampling, VoicePrompt, build, inspection, load
from moksori.model.adapter import Adapter
from moksori.model.hub import locate
from moksori.model.prompt import Layout
from moksori.model.talker import Talker
from moksori.model.weights import Tensors

from . import memory
from .ending import EndingSettings
from .lora import Addition, Lora, beside
from .request import GrowingText, Piece, Priority, Request, WrittenText
from .sampling import FirstCode
from .scheduler import Scheduler, Ticket
from .step import Draw, Stepper
from .vocoder import Vocoder, codec_precision

# Changes when the same request would give other bits: order of sums, noise, schedule of pieces.
NUMERICS = 2
POSITIONS = 4096
CARD_POSITIONS = 1024  # caches on a card are taken whole
NO_GRAPHS = "MOKSORI_CUDA_GRAPHS"  # "0" switches graph capture off
CPU_PRECISIONS = ("bf16", "int8", "fp32")
CARD_PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Utterance:
    """One unit in words: what `Runtime.speak` takes."""

    text: str
    voice: VoicePrompt
    syllables: int
    language: str | None = None
    instruct: str = ""
    layout: Layout = "whole"
    seed: int = 0
    sampling: Sampling | None = None
    ending: EndingSettings = field(default_factory=EndingSettings)
    priority: Priority = "interactive"
    addition: Addition | None = None


class Runtime:
    """One loaded checkpoint on one device.

    precision     on a CPU bf16, int8 or fp32 (the values as stored); on a card bf16, fp16 or fp32.
    threads, most how many threads take part in a step, and how many units are spoken together.
    memory_limit  GB of a card that this process may take; 0 for all.
    """

    def __init__(
        self, name: str | Path, precision: str = "bf16", *, device: str = "cpu", revision: str | None = None,
        threads: int | None = None, most: int = 8, memory_limit: float = 0.0,
    ) -> None:  # fmt: skip
        on_cpu = device == "cpu"
        allowed = CPU_PRECISIONS if on_cpu else CARD_PRECISIONS
        if precision not in allowed:
            raise InvalidInput(
                f"Unknown precision {precision!r} on {device}.",
                hint=f"One of: {', '.join(allowed)}.",
                field="precision",
            )
        self.precision, self.device = precision, device
        # Every sum that torch does here is done on one thread: more of them would change its order.
        torch.set_num_threads(1)
        if not on_cpu:
            needed = inspection.memory(locate(str(name), revision).path, precision)
            memory.limit_card(device, memory_limit, needed)
        dtype = _load_dtype(str(name), revision, precision) if on_cpu else CARD_PRECISIONS[precision]
        self.model = load(name, revision=revision, dtype=dtype, device=device)
        stepper = _cpu_stepper(self.model, precision, threads, most) if on_cpu else _card_stepper(self.model, most)
        _float_inputs(self.model)
        self.vocoder = Vocoder(self.model.codec, codec_precision(precision) if on_cpu else "fp32")
        self.vocoder.warm_up(self.model.config.talker.num_code_groups)
        _warm_up(stepper, self.model)
        self.scheduler = Scheduler(
            stepper, self.vocoder, self.model.config.talker, model_ceiling=self.model.max_frames,
            after_request=None if on_cpu else lambda: memory.give_back(device),
        )  # fmt: skip
        memory.give_back(device)

    @property
    def numerics(self) -> str:
        """What a take's bits depend on besides the request and the checkpoint."""
        level = torch.backends.cpu.get_cpu_capability()
        return f"moksori runtime {NUMERICS}, torch {torch.__version__} {level}, codec {self.vocoder.precision}"

    def lora(self, adapter: Adapter) -> Lora:
        """An adapter made ready for this checkpoint; let go of it and it is unloaded. Raises InvalidInput for another
        model's."""
        return Lora(adapter, self.model.config.talker)

    def speak(self, utterance: Utterance) -> Ticket:
        """Queues one unit; read the ticket's pieces. Raises as `request` does."""
        return self.scheduler.submit(self.request(utterance))

    def request(self, utterance: Utterance) -> Request:
        """Words to rows. Raises InvalidInput for what the checkpoint cannot speak."""
        prompt = self._prompt(utterance, utterance.text, utterance.layout)
        return self._request(utterance, prompt, WrittenText(_numpy(prompt.trailing), _numpy(prompt.pad)))

    def speak_while_written(self, utterance: Utterance, pieces: Iterable[str]) -> Iterator[Piece]:
        """Speaks text that is still being written, `utterance.text` and then `pieces`, in the streaming layout.

        A piece may end anywhere; a word is spoken once the space behind it or the end has come."""
        if utterance.voice.mode == "in_context":
            raise InvalidInput(
                "A voice with a transcript needs the whole text before it starts.",
                hint="Clone without the transcript to speak while the text is written.",
                field="voice",
            )
        words = _words(utterance.text, iter(pieces))
        first = next(words, "")
        prompt = self._prompt(utterance, first, "streaming")
        text = GrowingText(_numpy(prompt.pad))
        text.add(_numpy(prompt.trailing[:-1]))  # the last row is the text's end, which has not come
        ticket = self.scheduler.submit(self._request(utterance, prompt, text))
        talker = beside(self.model, utterance.addition).talker
        feeder = threading.Thread(
            target=self._feed, args=(talker, words, text, prompt.trailing[-1:], ticket), daemon=True
        )
        feeder.start()
        yield from ticket.pieces()

    def close(self) -> None:
        """Frees everything; idempotent. What is being spoken is cancelled."""
        self.scheduler.close()
        for name in ("model", "vocoder"):
            vars(self).pop(name, None)
        gc.collect()
        memory.give_back(self.device)

    def _prompt(self, utterance: Utterance, text: str, layout: Layout) -> Prompt:
        if not 0 <= utterance.seed < 1 << 32:
            raise InvalidInput(f"seed is {utterance.seed}, outside 0 to 2**32 - 1.", field="seed")
        model = beside(self.model, utterance.addition)
        return build(model, text, utterance.voice, utterance.language, utterance.instruct, layout)

    def _request(self, utterance: Utterance, prompt: Prompt, text: WrittenText | GrowingText) -> Request:
        sampling = utterance.sampling or self.model.sampling
        sampling.check()
        return Request(
            rows=_numpy(prompt.embeddings),
            text=text,
            reference=prompt.reference_codes.cpu().numpy(),
            syllables=utterance.syllables,
            seed=utterance.seed,
            sampling=sampling,
            ending=utterance.ending,
            priority=utterance.priority,
            addition=utterance.addition,
        )

    @torch.inference_mode()
    def _feed(self, talker: Talker, words: Iterator[str], text: GrowingText, end: Tensor, ticket: Ticket) -> None:
        torch.set_num_threads(1)
        try:
            for piece in words:
                ids = self.model.tokenizer.plain(piece)
                text.add(_numpy(talker.embed_text(torch.tensor(ids, dtype=torch.int64))))
                if ticket.cancelled:
                    return
        except Exception as error:  # noqa: BLE001  a thread's edge: the listener must hear of it
            ticket.cancel()
            ticket.put(error)
            return
        text.add(_numpy(end))
        text.complete()


def _words(start: str, pieces: Iterator[str]) -> Iterator[str]:
    """Text cut before spaces only, where tokens never join: each item but the last is complete words."""
    held = start
    for piece in pieces:
        cut = held.rstrip().rfind(" ") if held.strip() else -1
        if cut > 0 and held[:cut].strip():
            yield held[:cut]
            held = held[cut:]
        held += piece
    if held.strip():
        yield held


def _load_dtype(name: str, revision: str | None, precision: str) -> torch.dtype:
    """bf16 weights stay in the mapped file. int8 and fp32 start from the values as stored."""
    if precision == "bf16":
        return torch.bfloat16
    stored = Tensors(locate(name, revision).path)["talker.codec_head.weight"].dtype
    return torch.bfloat16 if stored == torch.bfloat16 else torch.float32


def _cpu_stepper(model: Model, precision: str, threads: int | None, most: int) -> Stepper:
    if importlib.util.find_spec("numba") is not None:
        from .prepare import prepare
        from .step import CompiledStep
        from .weights import supports

        if supports(model):
            prepare()
            return CompiledStep(model, precision, most=most, positions=POSITIONS, threads=threads)  # type: ignore[arg-type]
    if precision == "int8":
        raise Unavailable(
            "int8 needs Numba, and a model whose sizes are multiples of 16.",
            hint="Install numba, or use bf16.",
            field="precision",
        )
    from .plain import PlainStep

    return PlainStep(model, most=most)


def _card_stepper(model: Model, most: int) -> Stepper:
    from .graphs import GraphedStep

    return GraphedStep(model, most=most, positions=CARD_POSITIONS, graphs=os.environ.get(NO_GRAPHS) != "0")


def _warm_up(stepper: Stepper, model: Model) -> None:
    """A frame for nobody: kernels are compiled, or fetched from where they are kept, before anyone waits for them."""
    hidden = model.config.talker.stack.hidden_size
    sequence, first = stepper.begin(8), FirstCode(model.config.talker, model.sampling, 0)
    stepper.read(sequence, np.zeros((2, hidden), np.float32))
    code = first.draw(first.score(sequence.logits, may_end=False), 0)
    stepper.predict([sequence], [code], [Draw(0, 0, model.sampling)])
    stepper.advance([sequence], np.zeros((1, hidden), np.float32))


class _FloatTable(nn.Module):
    """An embedding whose rows come out in float32; the table itself stays as it is, mapped."""

    def __init__(self, weight: nn.Parameter) -> None:
        super().__init__()
        self.weight = weight
        memory.look_up(weight)

    def forward(self, ids: Tensor) -> Tensor:
        return functional.embedding(ids, self.weight).float()


def _float_inputs(model: Model) -> None:
    """Prompts in float32 from bf16 tables, as the oracle with these weights computes them; nothing large is copied."""
    talker, predictor = model.talker, model.predictor
    for name in ("text_embedding", "codec_embedding"):
        setattr(talker, name, _FloatTable(talker.get_parameter(f"{name}.weight")))
    tables = [_FloatTable(table.get_parameter("weight")) for table in predictor.codec_embedding]
    predictor.codec_embedding = nn.ModuleList(tables)
    talker.text_projection.float()


def _numpy(tensor: Tensor) -> Floats:
    return np.ascontiguousarray(tensor.float().cpu().numpy())
