"""What is kept: voices, takes, presets, jobs, dictionary, settings, and their sounds.

One folder, one owner. Knows what a voice and a manifest are; never speaks, serves or draws.
"""

from __future__ import annotations

from .store import Store, default_folder, open_store

__all__ = ["Store", "default_folder", "open_store"]
