"""A trial as one HTML page: a table of settings, and every take with a player. Sounds stay in files beside it.

Knows how figures are shown; what they are was decided elsewhere.
"""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

from moksori.training.disk import space

from .trial import Take, Trial

# Name in the table, what it says, and what one would want of it.
_COLUMNS = {
    "score": (
        "score",
        "likeness, less run-aways, chopped endings and a wrong pace; a help to choose, no verdict",
        "high",
    ),
    "timbre": ("timbre likeness", "mean cepstrum and pitch; 1 within the recordings' own spread", "high"),
    "same_words_db": (
        "same words, dB",
        "mel levels apart from a recording of the same words; 0 is that recording",
        "low",
    ),
    "own_encoder": ("own encoder", "cosine by the model's own speaker encoder: no independent judge", "high"),
    "verifier": ("verifier", "cosine by the plugged-in speaker verification model", "high"),
    "pace_ratio": ("pace / data", "syllables a second against the recordings; 1 is theirs", ""),
    "run_away": ("run-away", "takes that did not stop by themselves", "low"),
    "cut_off": ("cut off", "takes whose last sound is chopped", "low"),
    "error_rate": ("character errors", "by the recogniser that was plugged in", "low"),
    "pace": ("syllables/s", "of sounding time", ""),
    "seconds": ("seconds", "mean length of a take", ""),
}
_OWN = "as the codec gives them back: the best that can be hoped for"
_SHARES = {"run_away", "cut_off", "error_rate"}
_STYLE = """
:root{color-scheme:light dark;--line:#8883;--soft:#8881;--good:#1a7f37;--bad:#b3261e;--accent:#1f6feb}
@media(prefers-color-scheme:dark){:root{--good:#4ac26b;--bad:#ff8a80;--accent:#6ea8fe}}
*{box-sizing:border-box}body{font:15px/1.5 system-ui,"Noto Sans KR",sans-serif;max-width:76rem;margin:0 auto;
padding:1.5rem 1rem 4rem}h1{font-size:1.6rem;margin:.2rem 0}h2{font-size:1.05rem;font-weight:600;margin:2rem 0 .5rem;
max-width:50rem}p.lead{margin:.2rem 0 1.2rem;opacity:.8}.scroll{overflow-x:auto;border:1px solid var(--line);
border-radius:.6rem}table{border-collapse:collapse;width:100%}td,th{padding:.5rem .8rem;text-align:left;
border-bottom:1px solid var(--line);white-space:nowrap}tr:last-child>*{border-bottom:0}thead th{background:var(--soft);
font-weight:600;font-size:.85rem}td.number{text-align:right;font-variant-numeric:tabular-nums}th.number{text-align:right}
tr.own>*{opacity:.7;font-weight:400}
tr.best th::after{content:" best";color:var(--good);font-weight:600;font-size:.8rem}td.top{color:var(--good);
font-weight:600}.takes{display:grid;gap:.7rem;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr))}
.take{border:1px solid var(--line);border-radius:.6rem;padding:.6rem .8rem}.take b{font-size:.9rem}
.take audio{display:block;width:100%;height:2.2rem;margin:.4rem 0}.take small{opacity:.75}
.mark{color:var(--bad);border:1px solid currentColor;border-radius:1rem;padding:0 .5rem;font-size:.75rem;
margin-left:.3rem;white-space:nowrap}.silent{padding:.6rem 0;opacity:.75}
"""


def write(trial: Trial, folder: Path, title: str) -> tuple[Path, Path]:
    """`folder`/index.html and figures.json."""
    page, data = folder / "index.html", folder / "figures.json"
    with space(folder):
        page.write_text(to_html(trial, folder, title), encoding="utf-8")
        data.write_text(json.dumps(to_json(trial, folder), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return page, data


def to_json(trial: Trial, folder: Path) -> dict[str, Any]:
    takes = [
        {"setting": t.setting, "text": t.text, "seed": t.seed, "file": _place(t, folder), "figures": t.figures,
         "marks": list(t.marks)}
        for t in trial.takes
    ]  # fmt: skip
    return {"settings": trial.summary, "recordings": dict(trial.recordings), "best": trial.best, "takes": takes}


def to_html(trial: Trial, folder: Path, title: str) -> str:
    texts = list(dict.fromkeys(take.text for take in trial.takes))
    seeds = len({take.seed for take in trial.takes})
    lead = f"{len(texts)} texts, {seeds} {'seed' if seeds == 1 else 'seeds'}, {len(trial.takes)} takes."
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style><h1>{html.escape(title)}</h1>"
        f'<p class="lead">{lead} Rates are shares of takes. Numbers help to choose; ears decide.</p>'
        f"{_table(trial)}{''.join(_text(trial, folder, written) for written in texts)}</html>\n"
    )


def _table(trial: Trial) -> str:
    summary, best = trial.summary, trial.best
    names = [name for name in _COLUMNS if any(name in row for row in summary.values())]
    head = "".join(
        f'<th class="number" title="{html.escape(_COLUMNS[name][1])}">{html.escape(_COLUMNS[name][0])}</th>'
        for name in names
    )
    tops = {name: _top(name, [row[name] for row in summary.values() if name in row]) for name in names}
    rows = "".join(
        f"<tr{' class=best' if label == best and len(summary) > 1 else ''}><th>{html.escape(label)}</th>"
        + "".join(_cell(name, row.get(name), tops[name]) for name in names)
        + "</tr>"
        for label, row in summary.items()
    )
    if trial.recordings:
        cells = "".join(_cell(name, trial.recordings.get(name), None) for name in names)
        rows += f'<tr class="own"><th title="{_OWN}">the recordings</th>{cells}</tr>'
    return (
        f'<div class="scroll"><table><thead><tr><th>setting</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _top(name: str, values: list[float]) -> float | None:
    """The value to mark among several that differ."""
    wanted = _COLUMNS[name][2]
    if not wanted or len(set(values)) < 2:
        return None
    return max(values) if wanted == "high" else min(values)


def _cell(name: str, value: float | None, top: float | None) -> str:
    shown = "" if value is None else f"{value:.0%}" if name in _SHARES else f"{value:.2f}"
    mark = " top" if value is not None and value == top else ""
    return f'<td class="number{mark}">{shown}</td>'


def _text(trial: Trial, folder: Path, written: str) -> str:
    takes = "".join(_take(take, folder) for take in trial.takes if take.text == written)
    return f'<h2 lang="ko">{html.escape(written)}</h2><div class="takes">{takes}</div>'


def _take(take: Take, folder: Path) -> str:
    marks = "".join(f'<span class="mark">{html.escape(mark.replace("_", " "))}</span>' for mark in take.marks)
    player = '<div class="silent">Nothing can be heard.</div>'
    if take.path is not None:
        label = html.escape(f"{take.setting}, seed {take.seed}")
        source = html.escape(_place(take, folder))
        player = f'<audio controls preload="none" src="{source}" aria-label="{label}"></audio>'
    told = [
        f"{_COLUMNS[name][0]} {take.figures[name]:.2f}" for name in ("timbre", "pace_ratio") if name in take.figures
    ]
    seconds = [f"{take.figures['seconds']:.1f} s"] if "seconds" in take.figures else []
    return (
        f'<div class="take"><b>{html.escape(take.setting)}</b> <small>seed {take.seed}</small>{marks}{player}'
        f"<small>{html.escape(', '.join(seconds + told))}</small></div>"
    )


def _place(take: Take, folder: Path) -> str:
    return take.path.relative_to(folder).as_posix() if take.path else ""
