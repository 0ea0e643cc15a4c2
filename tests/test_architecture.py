"""The house holds: who may import whom, no cycles, no junk drawers, and sizes that stay readable."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "moksori"

# An import may skip layers downwards; it never rises. Rooms of equal height may not import each other unless
# SIDEWAYS says so.
LAYERS = {
    "errors": 0, "language": 0, "audio": 0, "text": 0, "measure": 0,
    "model": 1,
    "runtime": 2, "training": 2,
    "voice": 3, "engine": 3, "script": 3, "manifest": 3, "synthesizer": 3,
    "evaluation": 4, "store": 4,
    "serving": 5, "cluster": 5,
    "workbench": 6,
    "cli": 7, "__main__": 8,
}  # fmt: skip
SIDEWAYS = {
    ("audio", "errors"), ("audio", "measure"), ("text", "errors"), ("measure", "errors"),
    ("language", "errors"), ("text", "language"),
    ("engine", "voice"), ("script", "engine"), ("manifest", "engine"),
    ("synthesizer", "engine"), ("synthesizer", "voice"), ("synthesizer", "script"), ("synthesizer", "manifest"),
}  # fmt: skip
TORCHLESS = {
    "errors",
    "language",
    "audio",
    "text",
    "measure",
    "voice",
    "script",
    "manifest",
    "store",
    "workbench",
}
FORBIDDEN = {"utils", "util", "helpers", "common", "misc", "base", "manager", "service", "handler"}
LONGEST_FILE, LONGEST_FUNCTION, MOST_PARAMETERS = 400, 80, 8


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    inside = path.relative_to(PACKAGE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def imports(path: Path) -> Iterator[str]:
    """Absolute names imported anywhere in the file, TYPE_CHECKING blocks aside."""
    package = ["moksori", *path.relative_to(PACKAGE).parts[:-1]]
    pending: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            pending.extend(node.orelse)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            stem = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            origin = ".".join(filter(None, [stem, node.module or ""]))
            yield from (f"{origin}.{alias.name}" for alias in node.names)
        else:
            pending.extend(ast.iter_child_nodes(node))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def is_endpoint(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """An endpoint's parameters are the fields of its request; the framework passes them by name."""
    return any(ast.unparse(decorator).startswith("router.") for decorator in node.decorator_list)


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_never_rise(path: Path) -> None:
    here = room(path)
    if here == "__init__":
        return
    assert here in LAYERS, f"{here} has no place in the table of layers"
    for name in imports(path):
        if not name.startswith("moksori."):
            continue
        there = name.split(".")[1]
        if there in (here, "__version__"):
            continue
        allowed = LAYERS[there] < LAYERS[here] or (here, there) in SIDEWAYS
        assert allowed, f"{path.relative_to(ROOT)} ({here}) imports {there}"


@pytest.mark.parametrize("path", [p for p in sources() if room(p) in TORCHLESS], ids=str)
def test_torch_stays_where_the_tensors_are(path: Path) -> None:
    assert not [name for name in imports(path) if name.split(".")[0] == "torch"]


def test_there_are_no_import_cycles() -> None:
    names = {
        ".".join(("moksori", *p.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): p
        for p in sources()
    }
    graph = {name: _targets(name, path, names) for name, path in names.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"import cycle: {' -> '.join((*trail[trail.index(name) :], name))}"
        if name not in done:
            for target in sorted(graph[name]):
                visit(target, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def _targets(name: str, path: Path, names: dict[str, Path]) -> set[str]:
    """Modules that importing this one at top level needs; imports inside functions are late on purpose."""
    found = set()
    package = (name if path.name == "__init__.py" else name.rpartition(".")[0]).split(".")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            stem = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            origin = ".".join(filter(None, [stem, node.module or ""]))
            found |= {f"{origin}.{a.name}" if f"{origin}.{a.name}" in names else origin for a in node.names}
    return {target for target in found if target in names and target != name}


def test_no_module_is_a_junk_drawer() -> None:
    assert not [p for p in sources() if p.stem in FORBIDDEN or p.parent.name in FORBIDDEN]


def test_every_module_says_what_it_is() -> None:
    missing = [p for p in sources() if len(ast.get_docstring(ast.parse(p.read_text(encoding="utf-8"))) or "") < 20]
    assert not missing


def test_files_stay_readable(capsys: pytest.CaptureFixture[str]) -> None:
    files = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in sources()}
    lengths = sorted(length(f) for p in files for f in functions(p))
    in_files = (
        f"{len(files)} files, median {statistics.median(files.values()):.0f} lines, longest {max(files.values())}"
    )
    slow = f"95th percentile {lengths[int(0.95 * len(lengths))]}, longest {lengths[-1]}"
    with capsys.disabled():
        print(f"\n{in_files}; {len(lengths)} functions, median {statistics.median(lengths):.0f}, {slow}")
    assert not {str(p.relative_to(ROOT)): n for p, n in files.items() if n > LONGEST_FILE}


def test_functions_stay_short_and_take_few_parameters() -> None:
    long = {f"{p.relative_to(ROOT)}:{f.name}": length(f) for p in sources() for f in functions(p)}
    assert not {name: n for name, n in long.items() if n > LONGEST_FUNCTION}
    assert not [
        f"{p.relative_to(ROOT)}:{f.name}"
        for p in sources()
        for f in functions(p)
        if not is_endpoint(f) and len([a for a in f.args.args if a.arg not in ("self", "cls")]) > MOST_PARAMETERS
    ]


def test_the_public_list_is_pinned() -> None:
    import moksori

    assert moksori.__all__ == ["MoksoriError", "Speech", "Synthesizer", "Voice", "load"]
    assert all(getattr(moksori, name) for name in moksori.__all__)
