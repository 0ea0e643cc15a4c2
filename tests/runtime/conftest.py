"""Fixtures for the tests of the runtime."""

from __future__ import annotations

from tests.runtime.speaking import folder, runtimes, wide_folder

__all__ = ["folder", "runtimes", "wide_folder"]
