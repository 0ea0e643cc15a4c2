"""`moksori serve`: the server, until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moksori.errors import Unavailable

if TYPE_CHECKING:
    from moksori.serving.config import Config

OPTIONS = ("host", "port", "model", "engine", "device", "precision", "wyoming", "data", "log_format", "log_level")


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("serve", help="serve the pages and the API on http://127.0.0.1:8600")
    command.add_argument("--config", type=Path, metavar="FILE", help="settings (TOML); see `moksori config show`")
    command.add_argument("--host", help="address to listen on (127.0.0.1; 0.0.0.0 for every machine that reaches us)")
    command.add_argument("--port", type=int, help="port (8600; 0 takes a free one)")
    command.add_argument("--model", help="checkpoint name or folder (default: the embedded one)")
    command.add_argument("--engine", help="an installed engine by name")
    command.add_argument("--device", help="auto, cpu, cuda, cuda:1 ...")
    command.add_argument("--precision", help="auto, bf16, int8, fp32, fp16")
    command.add_argument("--wyoming", metavar="URI", help="serve Home Assistant too, e.g. tcp://0.0.0.0:10200")
    command.add_argument("--api-only", action="store_true", help="the API for other programs without the pages")
    command.add_argument("--data", type=Path, metavar="DIR", help="where voices and takes are kept")
    command.add_argument("--log-format", choices=("plain", "json"), help="plain or json")
    command.add_argument("--log-level", help="debug, info, warning, error")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    try:
        from moksori.serving import config as settings
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"Serving needs {error.name}, which is not installed.", hint="pip install 'moksori[serving]'"
        ) from error
    given: dict[str, Any] = {name: getattr(arguments, name) for name in OPTIONS}
    config = settings.load(arguments.config, **given)
    from moksori.serving import log

    log.set_up(config.log_format, config.log_level)
    for warning in config.warnings:
        print(f"note: {warning}", file=sys.stderr)
    _serve(config, with_pages=not arguments.api_only and _can_show_pages())
    return 0


def _can_show_pages() -> bool:
    """Whether the extra `workbench` is installed; without it only the API is served, and that is said."""
    if find_spec("sqlalchemy") is not None:
        return True
    print("note: only the API is served; for the pages: pip install 'moksori[workbench]'", file=sys.stderr)
    return False


def _serve(config: Config, *, with_pages: bool) -> None:
    from moksori.serving.server import serve

    def say(line: str) -> None:
        print(line, flush=True)

    if with_pages:
        from moksori.workbench.server import Server

        whole = Server(config)
        serve(whole.app, config, whole, say)
        return
    from moksori.serving.app import create_app
    from moksori.serving.loading import Loading, open_synthesizer

    loading = Loading(lambda: open_synthesizer(config))
    serve(create_app(config, loading), config, loading, say)
