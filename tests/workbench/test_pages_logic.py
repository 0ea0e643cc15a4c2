"""What the pages are made of: their logic under node, their words, their colours, and no way out to the network."""

from __future__ import annotations

import base64
import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from moksori.workbench import quality

STATIC = Path(__file__).parents[2] / "moksori" / "workbench" / "static"
SCRIPTS = sorted((STATIC / "js").rglob("*.js"))


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_logic_of_the_pages_holds_without_a_browser() -> None:
    command = ["node", "--test", "--test-reporter=tap", str(Path(__file__).parent / "js" / "logic.test.mjs")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    (encoded,) = re.findall(r"ZIP=([\w+/=]+)", done.stdout)
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(encoded))) as archive:
        assert archive.testzip() is None
        assert archive.read("001_서연.wav") == bytes([1, 2, 3])


def words(language: str) -> dict[str, str]:
    table = (STATIC / "js" / "words" / f"{language}.js").read_text(encoding="utf-8")
    return dict(re.findall(r'^  "([^"]+)": "(.*)",$', table, flags=re.MULTILINE))


def test_both_languages_have_the_same_words_with_the_same_gaps() -> None:
    korean, english = words("ko"), words("en")
    assert korean.keys() == english.keys()
    for key in korean:
        assert sorted(re.findall(r"\{\w+\}", korean[key])) == sorted(re.findall(r"\{\w+\}", english[key])), key


def test_every_word_that_a_page_asks_for_exists() -> None:
    asked = {key for path in SCRIPTS for key in re.findall(r'\bt\("([^"]+)"', path.read_text(encoding="utf-8"))}
    assert asked
    assert asked <= words("en").keys()


def test_every_mark_and_check_has_its_reason_in_korean() -> None:
    table = (STATIC / "js" / "words" / "why.js").read_text(encoding="utf-8")
    sources = [STATIC.parent / "checks.py", STATIC.parents[1] / "measure" / "report.py"]
    codes = {
        code for path in sources for code in re.findall(r'[Mm]ark\(\s*"(\w+)", "', path.read_text(encoding="utf-8"))
    }
    assert {"cut_off", "noisy"} <= codes
    codes |= {*quality.ENDINGS, "off_pace"}
    assert not {code for code in codes if f"  {code}: " not in table}


@pytest.mark.parametrize("path", [p for p in STATIC.rglob("*") if p.suffix in {".js", ".html", ".css"}], ids=str)
def test_no_file_reaches_out_or_makes_markup_from_words(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
    assert not re.search(r"https?://", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)


def test_scripts_stay_small() -> None:
    lengths = {p.name: len(p.read_text(encoding="utf-8").splitlines()) for p in SCRIPTS if p.parent.name != "words"}
    assert max(lengths.values()) <= 330, lengths


def colours() -> dict[str, dict[str, str]]:
    raw = dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6})", (STATIC / "css" / "tokens.css").read_text()))
    theme = (STATIC / "css" / "theme.css").read_text()
    light, dark = theme.split('[data-theme="dark"]')
    found = {}
    for name, block in (("light", light), ("dark", dark)):
        named = dict(re.findall(r"(--[\w-]+): var\((--[\w-]+)\)", block))
        found[name] = {meaning: raw[token] for meaning, token in named.items() if token in raw}
        found[name] |= dict(re.findall(r"(--on-accent): (#[0-9a-f]{6})", block))
    return found


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ink", ["--ink", "--muted", "--accent", "--good", "--warn", "--bad"])
@pytest.mark.parametrize("ground", ["--paper", "--surface"])
def test_text_has_the_contrast_of_level_aa(theme: str, ink: str, ground: str) -> None:
    table = colours()[theme]
    high, low = sorted((luminance(table[ink]), luminance(table[ground])), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_on_the_accent_have_the_contrast_of_level_aa(theme: str) -> None:
    table = colours()[theme]
    high, low = sorted((luminance(table["--on-accent"]), luminance(table["--accent"])), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 4.5


def test_only_the_theme_names_raw_colours() -> None:
    for name in ("frame.css", "parts.css"):
        text = (STATIC / "css" / name).read_text()
        assert not re.search(r"--\w+-(light|dark)\b", text)
        assert not re.search(r"#[0-9a-fA-F]{3,6}\b", text)
