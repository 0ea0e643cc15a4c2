"""Pictures of every page, in both languages and both themes, and on a phone: `docs/screens/`.

    python -m benchmarks.screens [--engine espeak] [--out docs/screens]

Needs Debian's chromium. The store is made anew, so the pictures show what a first user sees after a few minutes.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

PAGES = ("speak", "batch", "tuning", "history", "presets", "voices", "dictionary", "models", "system")
ON_PHONE = ("speak", "batch", "history")
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
MOST_BYTES = 60_000
SENTENCES = (
    "안녕하세요. 고객센터 1588-0000, 6월 10일 14:30까지 연락 주세요.",
    "열차가 3번 승강장으로 들어오고 있습니다.",
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--mute-audio"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="")
    parser.add_argument("--out", type=Path, default=Path("docs/screens"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as data:
        command = [sys.executable, "-m", "moksori", "serve", "--port", "0", "--data", data]
        engine = ["--engine", options.engine] if options.engine else []
        server = subprocess.Popen([*command, *engine], stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        address = re.search(r"http://[\d.]+:\d+", server.stdout.readline())
        assert address is not None
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            use(browser, address[0])
            take(browser, address[0], options.out)
            browser.close()
        server.terminate()
        server.wait(30)


def use(browser: Browser, address: str) -> None:
    """A few minutes of work: takes, a batch, a sweep with ratings, a word for the dictionary."""
    page = browser.new_page(base_url=address, locale="ko-KR")
    page.set_default_timeout(180_000)
    expect.set_options(timeout=180_000)
    for sentence in SENTENCES:
        page.goto("/#/speak")
        page.locator("voice-picker select").wait_for()
        page.get_by_label("글", exact=True).fill(sentence)
        rows = page.locator("take-row").count()
        page.keyboard.press("Control+Enter")
        expect(page.locator("take-row")).to_have_count(rows + 1)
        expect(page.locator("take-row").first.locator("wave-form")).to_be_visible()
    first = page.locator("take-row").first
    first.get_by_role("button", name="별표").click()
    first.get_by_role("button", name="더 보기").click()
    page.get_by_role("menuitem", name="검증").click()
    expect(first.locator(".chip", has_text="검증됨")).to_be_visible()
    page.goto("/#/batch")
    page.get_by_role("button", name="모두 말하기").click()
    expect(page.locator("job-progress").first).to_contain_text("7 / 7")
    expect(page.locator("td.made wave-form")).to_have_count(7)
    page.goto("/#/tuning")
    page.get_by_label("글", exact=True).fill(SENTENCES[1])
    page.get_by_role("button", name="훑기 시작").click()
    expect(page.locator("job-progress")).to_contain_text("8 / 8")
    rate(page)
    page.goto("/#/dictionary")
    page.get_by_label("쓴 말").fill("KTX")
    page.get_by_label("읽는 말").fill("케이티엑스")
    page.get_by_role("button", name="추가").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.close()


def rate(page: Page) -> None:
    expect(page.locator(".cell wave-form")).to_have_count(8)
    page.wait_for_timeout(1000)
    page.locator(".cell").first.click()
    for key in "4532":
        page.keyboard.press(key)
        page.wait_for_timeout(400)


def take(browser: Browser, address: str, out: Path) -> None:
    """Every page in both languages and themes, and some of them on a phone."""
    out.mkdir(parents=True, exist_ok=True)
    (job,) = httpx.get(f"{address}/api/jobs?kind=batch").json()["items"]
    for language, locale in (("ko", "ko-KR"), ("en", "en-GB")):
        for theme in THEMES:
            for width, height, names in ((1280, 860, PAGES), (390, 800, ON_PHONE)):
                context = browser.new_context(
                    base_url=address, locale=locale, color_scheme=theme, viewport={"width": width, "height": height}
                )
                page = context.new_page()
                for name in names:
                    page.goto(f"/#/{name}" + (f"?job={job['id']}" if name == "batch" else ""))
                    page.wait_for_timeout(2500)
                    if name == "tuning":
                        compare(page)
                    suffix = "" if width > 1000 else "-phone"
                    save(page, out / f"{name}-{language}-{theme}{suffix}.webp")
                context.close()


def compare(page: Page) -> None:
    """The focused cell pinned, and the next one beside it."""
    page.locator("main h1").click()
    page.keyboard.press("a")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(1500)
    page.locator("job-progress").evaluate("node => node.scrollIntoView()")
    page.wait_for_timeout(5000)  # the message goes


def save(page: Page, path: Path) -> None:
    """Small enough for a repository: WebP, as good as it fits into the limit."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    for quality in (84, 70, 55):
        picture.save(path, "webp", quality=quality, method=6)
        if path.stat().st_size < MOST_BYTES:
            return
    raise AssertionError(f"{path} is too large")


if __name__ == "__main__":
    main()
