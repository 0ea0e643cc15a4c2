import asyncio
from pathlib import Path

import numpy as np
import pytest

from moksori.errors import Cancelled, Unavailable
from moksori.workbench.events import Bell
from moksori.workbench.live import Live, Stage

PCM = np.arange(50_000, dtype=np.int16)


async def heard(stage: Stage, item: int) -> bytes:
    live = stage.get(item)
    assert live is not None
    return b"".join([piece async for piece in live.listen()])


def test_everyone_hears_everything_however_late_they_come(tmp_path: Path) -> None:
    async def scene() -> list[bytes]:
        stage = Stage(tmp_path)
        live = stage.open(1, 24_000)
        early = asyncio.create_task(heard(stage, 1))
        for at in range(0, len(PCM), 7000):
            live.write(PCM[at : at + 7000])
            await asyncio.sleep(0)
        late = asyncio.create_task(heard(stage, 1))
        await asyncio.sleep(0.01)
        assert np.array_equal(live.pcm(), PCM)
        live.end(whole=True)
        stage.close(1)
        assert stage.get(1) is None
        assert not list(tmp_path.iterdir())
        return [await early, await late]

    assert asyncio.run(scene()) == [PCM.tobytes()] * 2


def test_a_take_that_was_given_up_ends_in_an_error(tmp_path: Path) -> None:
    async def scene() -> None:
        stage = Stage(tmp_path)
        live = stage.open(1, 24_000)
        live.write(PCM[:10])
        listener = asyncio.create_task(heard(stage, 1))
        await asyncio.sleep(0.01)
        live.end(whole=False)
        with pytest.raises(Cancelled):
            await listener

    asyncio.run(scene())


def test_a_take_without_a_sound_is_fine(tmp_path: Path) -> None:
    live = Stage(tmp_path).open(1, 24_000)
    assert len(live.pcm()) == 0


def test_a_full_disk_is_a_clear_message() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    live = Live(full, 24_000, Bell())
    with pytest.raises(Unavailable) as caught:
        live.write(PCM)
    assert (caught.value.code, caught.value.http_status) == ("disk_full", 503)
    live.end(whole=False)
