"""Every page in a real browser, as a person uses it: no console error, no request to anywhere else."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
import soundfile
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, JSHandle, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
PAGES = ("speak", "batch", "tuning", "history", "presets", "voices", "dictionary", "models", "system")
expect.set_options(timeout=30_000)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--autoplay-policy=no-user-gesture-required", "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`moksori serve` as a user starts it, with the draft voice and a store of its own."""
    data = tmp_path_factory.mktemp("store")
    command = [sys.executable, "-m", "moksori", "serve", "--port", "0", "--engine", "espeak", "--data", str(data)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://[\d.]+:\d+", line)
    assert found, line
    yield found[0]
    process.terminate()
    assert process.wait(30) == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    """A new visitor. Whatever goes wrong inside the page fails the test."""
    context = browser.new_context(
        base_url=server, viewport={"width": 1280, "height": 900}, locale="ko-KR", accept_downloads=True
    )
    context.set_default_timeout(30_000)
    visitor = context.new_page()
    wrong: list[str] = []
    visitor.on("pageerror", lambda error: wrong.append(f"{error}"))
    visitor.on("console", lambda message: wrong.append(message.text) if is_wrong(message) else None)
    visitor.on("request", lambda r: None if r.url.startswith((server, "blob:", "data:")) else wrong.append(r.url))
    yield visitor
    context.close()
    assert not wrong


def is_wrong(message: ConsoleMessage) -> bool:
    """Errors, but for the browser's own line about a refusal that the page shows and a test asked for."""
    return message.type == "error" and "409 (Conflict)" not in message.text


def write(page: Page, text: str) -> None:
    page.goto("/#/speak")
    page.locator("voice-picker select").wait_for()
    with page.expect_response(lambda r: r.url.endswith("/api/read") and text in (r.request.post_data or "")):
        page.get_by_label("글", exact=True).fill(text)


def speak(page: Page, text: str) -> None:
    write(page, text)
    before = page.locator("take-row").count()
    page.keyboard.press("Control+Enter")
    expect(page.locator("take-row")).to_have_count(before + 1)
    expect(page.locator("take-row").first.locator("wave-form")).to_be_visible()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", ["ko-KR", "en-GB"])
def test_each_page_opens_in_both_languages(name: str, language: str, browser: Browser, server: str) -> None:
    with browser.new_context(base_url=server, locale=language) as context:
        page = context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.goto(f"/#/{name}")
        expect(page.locator("main h1")).to_be_visible()
        page.wait_for_load_state("load")
        has_hangul = re.search("[가-힣]", page.locator("main h1").inner_text()) is not None
        assert has_hangul == (language == "ko-KR")
        assert not wrong


def test_the_reading_is_shown_and_changed_before_anything_is_spoken(page: Page) -> None:
    write(page, "표 3장을 1588-0000으로")
    line = page.locator("reading-line")
    expect(line).to_contain_text("일오팔팔 공공공공")
    line.locator(".edit", has_text="일오팔팔").click()
    page.get_by_role("menuitem", name="일오팔팔에 공공공공").click()
    expect(line.locator(".edit.chosen")).to_have_text("일오팔팔에 공공공공")
    page.keyboard.press("Control+Enter")
    expect(page.locator("take-row .said").first).to_contain_text("일오팔팔에 공공공공")


def test_takes_stack_up_and_survive_a_reload(page: Page) -> None:
    speak(page, "첫 번째 테이크입니다.")
    speak(page, "두 번째 테이크입니다.")
    page.reload()
    expect(page.locator("take-row .said").nth(0)).to_have_text("두 번째 테이크입니다.")
    expect(page.locator("take-row .said").nth(1)).to_have_text("첫 번째 테이크입니다.")


def test_sound_is_heard_while_it_is_made_and_can_be_sought_afterwards(page: Page) -> None:
    speak(page, "들으면서 만들고, 다 만들면 아무 데나 들을 수 있습니다.")
    row = page.locator("take-row").first
    row.locator("wave-form").click(position={"x": 150, "y": 10})
    expect(page.locator(".player")).to_be_visible()
    page.wait_for_function("document.querySelector('.player .number').textContent.includes('/')")


def test_a_pinned_seed_stays_and_gives_the_same_take(page: Page) -> None:
    write(page, "같은 씨앗은 같은 소리를 냅니다.")
    page.get_by_role("spinbutton", name="시드").fill("8123")
    page.keyboard.press("Tab")
    for _ in range(2):
        page.keyboard.press("Control+Enter")
    rows = page.locator("take-row", has_text="seed 8123")
    expect(rows.first.locator("wave-form")).to_be_visible()
    expect(page.get_by_role("button", name="시드 고정")).to_have_attribute("aria-pressed", "true")


def test_star_note_verify_and_history(page: Page) -> None:
    speak(page, "검증할 테이크입니다.")
    row = page.locator("take-row").first
    row.get_by_role("button", name="별표").click()
    expect(row.get_by_role("button", name="별표")).to_have_attribute("aria-pressed", "true")
    row.get_by_role("button", name="더 보기").click()
    page.get_by_role("menuitem", name="검증").click()
    expect(row.locator(".chip", has_text="검증됨")).to_be_visible()
    page.goto("/#/history")
    page.get_by_role("searchbox").fill("검증할")
    expect(page.locator("take-row")).to_have_count(1)
    expect(page.locator("take-row .chip", has_text="검증됨")).to_be_visible()


def test_deleting_can_be_undone(page: Page) -> None:
    speak(page, "지웠다가 되살립니다.")
    row = page.locator("take-row").first
    row.get_by_role("button", name="더 보기").click()
    page.get_by_role("menuitem", name="지우기").click()
    expect(row).to_be_hidden()
    page.locator("toast-line").get_by_role("button", name="되돌리기").click()
    expect(row).to_be_visible()


def test_two_takes_are_compared_at_one_play_head(page: Page) -> None:
    speak(page, "비교할 하나입니다.")
    speak(page, "비교할 둘입니다.")
    page.get_by_role("button", name="둘 비교").click()
    expect(page.locator("compare-strip canvas.spectrum")).to_have_count(2)
    page.keyboard.press("x")
    expect(page.locator(".player")).to_be_visible()


def test_a_script_becomes_a_zip_with_a_manifest(page: Page) -> None:
    page.goto("/#/batch")
    expect(page.locator("tbody tr")).not_to_have_count(0)
    page.get_by_role("button", name="비우기").click()
    page.get_by_label("대본 붙여넣기").fill("문이 열립니다.\topen\n문이 닫힙니다.\tclose\n다음 역은 시청입니다.")
    page.get_by_role("button", name="줄 추가").click()
    page.get_by_role("button", name="모두 말하기").click()
    expect(page.locator("job-progress").first).to_contain_text("3 / 3")
    with page.expect_download() as downloading:
        page.get_by_role("button", name="ZIP 받기").click()
    with zipfile.ZipFile(downloading.value.path()) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        sounds = [name for name in names if name.endswith(".wav")]
        assert len(sounds) == 3
        assert "manifest.json" in names
        pcm, rate = soundfile.read(io.BytesIO(archive.read(sounds[0])))
        assert len(pcm) > rate // 2


def test_a_preset_made_from_a_take_is_used_in_a_batch(page: Page) -> None:
    speak(page, "이 목소리를 프리셋으로 둡니다.")
    page.once("dialog", lambda dialog: dialog.accept("안내 목소리"))
    page.locator("take-row").first.get_by_role("button", name="더 보기").click()
    page.get_by_role("menuitem", name="프리셋으로").click()
    expect(page.locator("toast-line")).to_contain_text("저장")
    page.goto("/#/presets")
    page.get_by_role("article", name="안내 목소리").get_by_role("link", name="일괄").click()
    expect(page.locator("thead select").first).to_have_value(re.compile("^preset "))


def listen_to(page: Page) -> JSHandle:
    """What the player tells from now on, in its own order: whether it plays, and where it is, in seconds."""
    return page.evaluate_handle(
        """async () => {
          const { player, now } = await import("moksori/player.js");
          const heard = [];
          player.addEventListener("change", () => heard.push([now().playing, now().time]));
          return heard;
        }"""
    )


def test_a_sweep_is_judged_blind_by_keys(page: Page) -> None:
    page.goto("/#/tuning")
    page.get_by_label("글", exact=True).fill("훑어볼 문장입니다.")
    page.get_by_label("시드 (1-8, 11)").fill("1-4")
    page.get_by_label("높낮이", exact=True).fill("30, 60")
    page.keyboard.press("Tab")
    expect(page.get_by_text("8개 ·")).to_be_visible()
    page.get_by_role("button", name="훑기 시작").click()
    expect(page.locator("job-progress")).to_contain_text("8 / 8")
    cells = page.locator(".cell")
    expect(cells.locator("wave-form")).to_have_count(8)
    heard = listen_to(page)
    box = cells.first.locator("wave-form").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    page.wait_for_function("heard => heard.length && !heard.at(-1)[0]", arg=heard)
    begin, *_, end = heard.json_value()
    assert begin == [True, 0], "a cell is a button: wherever it is pressed, it plays from the start"
    assert end[1] > 0.8, "and to the end"
    assert "pitch" not in cells.first.inner_text()
    page.keyboard.press("5")
    expect(cells.first).to_contain_text("★★★★★")
    page.keyboard.press("b")
    expect(cells.first).to_contain_text("seed")


def test_a_recording_becomes_a_voice_with_its_checks(page: Page, tmp_path: Path) -> None:
    clip = tmp_path / "me.wav"
    command = [sys.executable, "-m", "moksori", "speak", "제 목소리를 등록합니다. 잘 부탁드립니다.", "-o", str(clip)]
    subprocess.run([*command, "--engine", "espeak", "--trailing", "0.3"], check=True, capture_output=True)
    page.goto("/#/voices")
    page.get_by_role("button", name="목소리 복제").click()
    page.locator("dialog input[type=file]").set_input_files(clip)
    expect(page.locator("trim-strip canvas")).to_be_visible()
    page.get_by_label("이름", exact=True).fill("내 목소리")
    page.get_by_label("동의").fill("본인")
    page.get_by_role("button", name="저장").click()
    expect(page.get_by_role("article", name="내 목소리")).to_contain_text("본인")


def test_the_dictionary_changes_what_is_read(page: Page) -> None:
    page.goto("/#/dictionary")
    page.get_by_label("쓴 말").fill("목소리봇")
    page.get_by_label("읽는 말").fill("목소리 봇")
    page.get_by_role("button", name="추가").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    write(page, "목소리봇입니다.")
    expect(page.locator("reading-line .edit", has_text="목소리 봇")).to_be_visible()


def test_every_control_has_a_name(page: Page) -> None:
    for name in PAGES:
        page.goto(f"/#/{name}")
        page.wait_for_timeout(800)
        unnamed = page.evaluate(UNNAMED)
        assert not unnamed, (name, unnamed)


CONTROLS = "button, a[href], input:not([hidden]), select, textarea, canvas[role=img]"
UNNAMED = f"""() => [...document.querySelectorAll('{CONTROLS}')]
  .filter((node) => node.checkVisibility() && !(node.ariaLabel || node.title || node.innerText?.trim()
    || node.labels?.length || node.placeholder))
  .map((node) => node.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(theme: Literal["light", "dark"], browser: Browser, server: str) -> None:
    """With takes, a batch, a dialog and a menu on the pages: the rules of WCAG 2.2 AA and axe's own best practices."""
    wrong: list[str] = []
    with browser.new_context(base_url=server, locale="ko-KR", color_scheme=theme) as context:
        context.set_default_timeout(30_000)
        page = context.new_page()
        speak(page, f"검사할 테이크입니다. {theme}")
        wrong += serious(page, "speak with a take")
        page.locator("take-row").first.get_by_role("button", name="더 보기").click()
        wrong += serious(page, "the menu of a take")
        for name in PAGES:
            page.goto(f"/#/{name}")
            expect(page.locator("main h1")).to_be_visible()
            page.wait_for_timeout(700)
            wrong += serious(page, name)
        page.goto("/#/voices")
        page.get_by_role("button", name="목소리 복제").click()
        wrong += serious(page, "the dialog for a clip")
        page.evaluate("document.querySelector('dialog').append(document.createElement('button'))")
        assert serious(page, "planted"), "axe looks at all"
    assert not wrong, "\n".join(wrong)


def serious(page: Page, where: str) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{where}: {each['id']} ({each['impact']}): {node['html'][:160]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def test_keys_do_not_fire_while_typing(page: Page) -> None:
    write(page, "가")
    box = page.get_by_label("글", exact=True)
    box.press("s")
    box.press("?")
    assert box.input_value() == "가s?"
    assert page.locator("dialog[open]").count() == 0
    page.locator("main h1").click()
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_be_visible()


def test_a_phone_sees_everything_without_scrolling_sideways(browser: Browser, server: str) -> None:
    with browser.new_context(base_url=server, viewport={"width": 390, "height": 800}, locale="ko-KR") as context:
        page = context.new_page()
        for name in PAGES:
            page.goto(f"/#/{name}")
            page.wait_for_timeout(500)
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, (name, overflow)
            expect(page.locator("main h1")).to_be_in_viewport()
            title = page.locator("main h1").bounding_box()
            assert title is not None
            at = [title["x"] + 10, title["y"] + 10]
            assert page.evaluate("([x, y]) => document.elementFromPoint(x, y).tagName", at) == "H1", name  # not covered


def test_two_tabs_cannot_overwrite_one_preset(page: Page, browser: Browser, server: str) -> None:
    page.goto("/#/presets")
    name = page.get_by_role("textbox", name="프리셋 이름").first
    expect(name).to_be_visible()
    with browser.new_context(base_url=server, locale="ko-KR") as context:
        other = context.new_page()
        other.goto("/#/presets")
        theirs = other.get_by_role("textbox", name="프리셋 이름").first
        theirs.fill("먼저 바꾼 이름")
        theirs.press("Tab")
        expect(other.locator("toast-line")).to_contain_text("저장")
    name.fill("나중에 바꾼 이름")
    name.press("Tab")
    expect(page.locator("toast-line")).to_contain_text("다른 창에서 먼저 바뀌었습니다")
    expect(page.get_by_role("textbox", name="프리셋 이름").first).to_have_value("먼저 바꾼 이름")


def test_a_clip_is_recorded_in_the_browser(page: Page) -> None:
    page.goto("/#/voices")
    page.get_by_role("button", name="목소리 복제").click()
    page.get_by_role("button", name="녹음").click()
    expect(page.get_by_role("button", name="멈춤")).to_contain_text(re.compile(r"[2-9]\.\d s"))
    page.get_by_role("button", name="멈춤").click()
    expect(page.locator("trim-strip canvas")).to_be_visible()
    expect(page.locator("dialog")).to_contain_text(re.compile(r"\d\.\d s"))


def test_a_model_is_loaded_from_its_page(page: Page) -> None:
    page.goto("/#/models")
    row = page.locator("tr", has_text="eSpeak NG")
    row.get_by_role("combobox").select_option("fp32")
    row.get_by_role("combobox").select_option("auto")
    with page.expect_response(lambda r: r.url.endswith("/api/models/load")) as loading:
        row.get_by_role("button", name="불러오기").click()
    assert loading.value.status == 202
