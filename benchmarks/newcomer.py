"""From nothing to a preset reproduced in a batch ZIP, by the buttons of the pages alone: how long it takes.

    python -m benchmarks.newcomer [--engine espeak]

Starts the server on an empty store, as `make run` does, and uses a real browser (Debian's chromium): speak the line
that is there, keep the take as a preset, speak the example script with it, get the ZIP, and verify a take. Every step
is a button that a newcomer sees; pauses for looking are not counted.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile

from playwright.sync_api import Page, expect, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--mute-audio"]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", default="")
    options = parser.parse_args()
    expect.set_options(timeout=170_000)
    with tempfile.TemporaryDirectory() as data:
        started = time.monotonic()
        command = [sys.executable, "-m", "moksori", "serve", "--port", "0", "--data", data]
        engine = ["--engine", options.engine] if options.engine else []
        server = subprocess.Popen([*command, *engine], stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        address = re.search(r"http://[\d.]+:\d+", server.stdout.readline())
        assert address is not None
        say("the server is ready", started)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            page = browser.new_page(base_url=address[0], locale="ko-KR", accept_downloads=True)
            page.set_default_timeout(170_000)
            use(page, started)
            browser.close()
        took = time.monotonic() - started
        server.terminate()
        server.wait(30)
    print(f"{took:.1f} s in all; at most 180")
    return 0 if took < 180 else 1


def use(page: Page, started: float) -> None:
    page.goto("/")
    page.get_by_role("button", name="말하기").click()
    row = page.locator("take-row").first
    expect(row.locator("wave-form")).to_be_visible()
    say("a first take", started)
    page.once("dialog", lambda dialog: dialog.accept("내 안내"))
    row.get_by_role("button", name="더 보기").click()
    page.get_by_role("menuitem", name="프리셋으로").click()
    expect(page.locator("toast-line")).to_contain_text("저장")
    say("a preset", started)
    page.get_by_role("link", name="프리셋").click()
    page.get_by_role("article", name="내 안내").get_by_role("link", name="일괄").click()
    page.get_by_role("button", name="모두 말하기").click()
    expect(page.locator("job-progress")).to_contain_text("7 / 7")
    say("seven lines", started)
    with page.expect_download() as downloading:
        page.get_by_role("button", name="ZIP 받기").click()
    with zipfile.ZipFile(downloading.value.path()) as archive:
        assert archive.testzip() is None
        assert len([name for name in archive.namelist() if name.endswith(".wav")]) == 7
    say("the ZIP", started)
    page.locator("take-row").first.get_by_role("button", name="더 보기").click()
    page.get_by_role("menuitem", name="검증").click()
    expect(page.locator("take-row .chip", has_text="검증됨").first).to_be_visible()
    say("a take of it verified", started)


def say(what: str, started: float) -> None:
    print(f"{time.monotonic() - started:6.1f} s  {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
