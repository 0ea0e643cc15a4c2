"""One server for all tests that only ask it something."""

from __future__ import annotations

import httpx
import pytest

from .running import Running, running


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Running:
    with running(tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.fixture
def http(server) -> httpx.Client:
    with httpx.Client(base_url=server.url, timeout=30, trust_env=False) as client:
        yield client
