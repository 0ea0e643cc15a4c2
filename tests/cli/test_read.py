"""`moksori read`: the spoken text, the trace, and all of it for programs."""

import io
import json

import pytest

from moksori.cli import main


def test_the_spoken_text_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "3번 출구 앞에서 5명"]) == 0
    assert capsys.readouterr().out == "삼번 출구 앞에서 다섯 명\n"


def test_standard_input_is_read(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("2층\n3층\n"))
    assert main(["read", "-"]) == 0
    assert capsys.readouterr().out == "이층\n삼층\n"


def test_the_trace_shows_each_edit_with_its_alternatives(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "PDF을 3번 출구", "--trace"]) == 0
    out = capsys.readouterr().out
    assert "counter.beon.label_noun" in out
    assert "세 번" in out
    assert "particle.agreement" in out


def test_json_holds_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "3층 😀", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["spoken"] == "삼층 "
    assert [edit["kind"] for edit in data["edits"]] == ["counter", "emoji"]
    assert data["sentences"][0]["spoken"] == "삼층"


def test_sentences_show_counts_and_pauses(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "[repeat 2]네.[/repeat][pause 1s]끝.", "--sentences"]) == 0
    assert capsys.readouterr().out == "네. ×2 [1.0 s]\n끝.\n"


def test_unknown_markup_is_named_on_the_side(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "<emphasis>꼭"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "꼭\n"
    assert "<emphasis>" in captured.err


def test_a_policy_is_applied_and_a_wrong_one_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "PDF", "--policy", "english=keep"]) == 0
    assert capsys.readouterr().out == "PDF\n"
    assert main(["read", "PDF", "--policy", "englsh=keep"]) == 2
    assert "english" in capsys.readouterr().err


def test_an_unknown_language_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "hello", "--language", "klingon"]) == 2
    assert main(["read", "3 apples", "--language", "en"]) == 0
    assert capsys.readouterr().out == "3 apples\n"
