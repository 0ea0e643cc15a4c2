"""Whatever the OpenAPI document allows, and much that it does not: no answer is a server error."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error

from moksori.store import open_store
from moksori.workbench.access import Access
from moksori.workbench.app import create_app
from moksori.workbench.models import ModelSpec
from moksori.workbench.workbench import Workbench

EXAMPLES = int(os.environ.get("MOKSORI_FUZZ", "6"))
FOLDER = tempfile.TemporaryDirectory()
BENCH = Workbench(open_store(Path(FOLDER.name) / "data"), spec=ModelSpec(engine="espeak"))
APP = create_app(BENCH, Access(BENCH.store.settings))
SCHEMA = schemathesis.openapi.from_dict(APP.openapi())
ENDLESS = r"/api/(events|items/\{id\}/stream)"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A real server that speaks for real meanwhile."""
    server = uvicorn.Server(uvicorn.Config(APP, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    BENCH.settled.wait(30)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(30)
    BENCH.store.close()
    FOLDER.cleanup()


@pytest.mark.slow
@SCHEMA.exclude(path_regex=ENDLESS).parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_makes_the_server_fail(case: schemathesis.Case, address: str) -> None:
    case.call_and_validate(base_url=address, checks=[not_a_server_error])
