"""`moksori codec`: a recording to codes and back, through the codec of a checkpoint."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from moksori.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    import numpy as np

    from moksori.model.codec import Codec

_MODEL = "a checkpoint's name or folder, or a speech_tokenizer folder (default: the embedded one)"


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    codec = commands.add_parser("codec", help="encode a recording into codes, or decode codes into sound")
    actions = codec.add_subparsers(metavar="ACTION", required=True)

    encoding = actions.add_parser("encode", help="a sound file to codes: .npy, (frames, books) of uint16")
    encoding.add_argument("sound", type=Path, help="wav, flac, mp3 or ogg, at any sample rate")
    encoding.add_argument("-o", "--output", type=Path, help="default: the sound's name with .codes.npy")
    encoding.add_argument("--model", default="", help=_MODEL)
    encoding.set_defaults(run=run_encode)

    decoding = actions.add_parser("decode", help="codes to a sound file, 80 ms for each frame")
    decoding.add_argument("codes", type=Path, help="what encode wrote")
    decoding.add_argument("-o", "--output", type=Path, help="default: the codes' name with .wav")
    decoding.add_argument("--model", default="", help=_MODEL)
    decoding.add_argument(
        "--warm-up", type=int, default=0, metavar="FRAMES", help="repeat the first frame in front and cut it off again"
    )
    decoding.set_defaults(run=run_decode)


def run_encode(arguments: argparse.Namespace) -> int:
    import io

    import numpy as np

    from moksori import audio

    output: Path = arguments.output or arguments.sound.with_suffix(".codes.npy")
    audio.check_writable(output)
    codec = _load(arguments.model, "encoder")
    clip = audio.read(arguments.sound, sample_rate=codec.sample_rate)
    codes = codec.encode(clip.pcm).numpy().astype(np.uint16)
    packed = io.BytesIO()
    np.save(packed, codes)
    audio.write_bytes(output, packed.getvalue())
    print(f"{output}: {len(codes)} frames of {codes.shape[1]} codes from {clip.seconds:.2f} s")
    return 0


def run_decode(arguments: argparse.Namespace) -> int:
    import numpy as np

    from moksori import audio

    if not 0 <= arguments.warm_up <= 100:
        raise InvalidInput(f"--warm-up is {arguments.warm_up}; it can be 0 to 100 frames.", field="warm_up")
    output: Path = arguments.output or _without_codes(arguments.codes).with_suffix(".wav")
    audio.check_writable(output)
    codes = _read_codes(arguments.codes)
    codec = _load(arguments.model, "decoder")
    sound = codec.decode(codes.astype(np.int64), warm_up=arguments.warm_up).numpy()
    audio.write(output, audio.to_int16(sound), codec.sample_rate)
    print(f"{output}: {len(sound) / codec.sample_rate:.2f} s from {len(codes)} frames")
    return 0


def _without_codes(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".npy").removesuffix(".codes") + ".npy")


def _read_codes(path: Path) -> np.ndarray:
    import numpy as np

    if not path.is_file():
        raise NotFound(f"There is no file {path}.", hint="Write one with `moksori codec encode`.")
    try:
        codes = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise InvalidInput(f"{path} is no .npy file of codes: {error}.", field="codes") from error
    if not isinstance(codes, np.ndarray) or codes.ndim != 2 or not np.issubdtype(codes.dtype, np.integer):
        raise InvalidInput(
            f"{path} does not hold codes.", hint="They are (frames, books) whole numbers.", field="codes"
        )
    return codes


def _load(model: str, part: str) -> Codec:
    """Only the half that is needed: the other one's tensors are never read."""
    import json

    from moksori.model import hub
    from moksori.model.codec import Codec, CodecConfig
    from moksori.model.weights import Tensors

    names = hub.embedded()
    if not model and not names:
        raise NotFound("No checkpoint is embedded here.", hint="Name one: --model, see `moksori models list`.")
    folder = hub.locate(model or names[0]).path
    inner = folder / "speech_tokenizer"
    folder = inner if inner.is_dir() else folder
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound(f"There is no config.json in {folder}.", hint="Give a checkpoint's folder.") from None
    except ValueError as error:
        raise InvalidInput(f"{folder / 'config.json'} is not JSON: {error}.", field="config.json") from error
    return Codec.load(CodecConfig.from_dict(config), Tensors(folder), parts=(part,))
