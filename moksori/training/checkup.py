"""The report on a dataset: one HTML page for a person, with a picture of each clip, and JSON for a program.

Knows how a diagnosis is shown; everything in it was decided elsewhere.
"""

from __future__ import annotations

import html
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .disk import space
from .doctor import Diagnosis
from .examine import Clip, Finding

_SHOWN = 400
_WEIGHTS = {"error": 0, "warning": 1, "note": 2}
_STYLE = """
:root{color-scheme:light dark;--line:#8883;--soft:#8881;--error:#b3261e;--warning:#8a5a00;--note:#5b6770;
--accent:#1f6feb}@media(prefers-color-scheme:dark){:root{--error:#ff8a80;--warning:#e9b35f;--note:#a0adb6;
--accent:#6ea8fe}}*{box-sizing:border-box}
body{font:15px/1.5 system-ui,"Noto Sans KR",sans-serif;max-width:72rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.6rem;margin:.2rem 0}h2{font-size:1.1rem;margin:2rem 0 .6rem}p.lead{font-size:1.05rem;margin:.2rem 0 1rem}
.cards{display:grid;gap:.8rem;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr))}
.card{
border:1px solid var(--line);border-radius:.6rem;padding:.7rem 1rem}.card h2{margin:.1rem 0 .3rem;font-size:.95rem}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:.6rem}table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid var(--line);padding:.6rem .8rem;text-align:left;vertical-align:top}
tr:last-child>td{border-bottom:0}thead th{background:var(--soft);font-size:.85rem}
ul{margin:0;padding:0;list-style:none}li{margin:.15rem 0}.tag{display:inline-block;border:1px solid currentColor;
border-radius:1rem;padding:0 .5rem;font-size:.72rem;margin-right:.4rem}.error .tag{color:var(--error)}
.warning .tag{color:var(--warning)}.note .tag{color:var(--note)}li.note{opacity:.85}
.chips span{display:inline-block;border:1px solid var(--line);border-radius:1rem;padding:.1rem .7rem;margin:.15rem}
svg{max-width:100%;height:auto;display:block}audio{height:2rem;width:14rem;display:block;margin-top:.3rem}
.name{font-weight:600;display:block}.heard{white-space:nowrap;font-variant-numeric:tabular-nums}small{opacity:.75}
"""
_FOUND = {
    "unreadable": "cannot be read", "silent": "silent", "too_short": "too short", "too_long": "too long",
    "long": "long", "clipped": "clipped", "dc_offset": "off the middle", "quiet": "quiet", "noisy": "noisy",
    "late_start": "late start", "tail": "other ending than 0.5 s of silence", "long_pause": "long pause inside",
    "length_mismatch": "transcript of another length", "pace": "unusual pace", "narrow_band": "telephone band",
    "rate": "another sample rate", "no_transcript": "no transcript", "tag": "tags in the transcript",
    "no_words": "no words", "digits": "digits unread", "latin": "Latin letters", "very_short_text": "very short",
    "duplicate_sound": "same sound twice", "duplicate_text": "same words twice", "other_speaker": "somebody else?",
}  # fmt: skip


def to_json(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "clips": len(diagnosis.clips),
        "usable": len(diagnosis.usable),
        "usable_seconds": round(diagnosis.seconds, 2),
        "findings": [_finding(finding) for finding in diagnosis.findings],
        "counts": diagnosis.counts,
        "rows": [_clip(clip) for clip in diagnosis.clips],
    }


def write(diagnosis: Diagnosis, folder: Path) -> tuple[Path, Path]:
    """`folder`/report.html and report.json."""
    page, data = folder / "report.html", folder / "report.json"
    with space(folder, "Free some space, or give another folder."):
        folder.mkdir(parents=True, exist_ok=True)
        page.write_text(to_html(diagnosis, folder), encoding="utf-8")
        data.write_text(json.dumps(to_json(diagnosis), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return page, data


def to_html(diagnosis: Diagnosis, folder: Path) -> str:
    """`folder`: where the page will lie; players point from there to the recordings."""
    worst = sorted(diagnosis.clips, key=_rank)
    rows = "".join(_row(clip, folder) for clip in worst[:_SHOWN])
    more = f"<p>{len(worst) - _SHOWN} further clips are in report.json.</p>" if len(worst) > _SHOWN else ""
    counts = diagnosis.counts.items()
    chips = "".join(f"<span>{html.escape(_FOUND.get(code, code))} <b>{n}</b></span>" for code, n in counts)
    usable, total, minutes = len(diagnosis.usable), len(diagnosis.clips), diagnosis.seconds / 60
    seconds, paces = ([c.seconds for c in diagnosis.clips if c.seconds], [c.pace for c in diagnosis.clips if c.pace])
    levels = [c.snr_db for c in diagnosis.clips if c.snr_db]
    cards = "".join(
        f'<div class="card"><h2>{title}</h2>{histogram(values, unit)}</div>'
        for title, values, unit in (
            ("Length", seconds, "s"), ("Pace", paces, "syllables a second"), ("Speech above background", levels, "dB"),
        )
    )  # fmt: skip
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Recordings</title><style>{_STYLE}</style><h1>Recordings</h1>"
        f'<p class="lead"><b>{usable}</b> of <b>{total}</b> clips can be used, {minutes:.1f} minutes.</p>'
        f'{_list(diagnosis.findings)}<h2>How they are</h2><div class="cards">{cards}</div>'
        f'<h2>What was found, in how many clips</h2><div class="chips">{chips or "nothing"}</div>'
        '<h2>Clips, the worst first</h2><div class="scroll"><table><thead><tr><th>clip</th><th>heard</th>'
        f"<th>what was found</th></tr></thead><tbody>{rows}</tbody></table></div>{more}</html>\n"
    )


def histogram(values: Sequence[float], unit: str, bins: int = 24) -> str:
    """Bars as an inline picture."""
    if not values:
        return "<p>Nothing to show.</p>"
    low, high = min(values), max(values)
    width = (high - low) / bins or 1.0
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - low) / width))] += 1
    top = max(counts)
    heights = [90 * count / top for count in counts]
    bars = "".join(
        f'<rect x="{20 + n * 24}" y="{100 - height:.1f}" width="22" height="{height:.1f}" fill="var(--accent)"/>'
        for n, height in enumerate(heights)
    )
    label = f"{low:.1f} to {high:.1f} {html.escape(unit)}, {len(values)} clips"
    return (
        f'<svg viewBox="0 0 620 128" width="620" role="img"><title>{label}</title>{bars}'
        f'<text x="20" y="122" font-size="20" fill="currentColor">{label}</text></svg>'
    )


def _picture(clip: Clip) -> str:
    """The wave's outline."""
    if not clip.shape:
        return ""
    top = max(*clip.shape, 0.05)
    above = [f"{n},{24 - 22 * value / top:.1f}" for n, value in enumerate(clip.shape)]
    below = [f"{n},{24 + 22 * value / top:.1f}" for n, value in reversed(list(enumerate(clip.shape)))]
    return (
        f'<svg viewBox="0 0 {len(clip.shape)} 48" width="160" height="48" role="img"><title>waveform</title>'
        f'<polygon points="{" ".join(above + below)}" fill="var(--accent)"/></svg>'
    )


def _row(clip: Clip, folder: Path) -> str:
    heard = "nothing"
    if clip.seconds:
        heard = (
            f"{clip.seconds:.2f} s<br>{clip.level_db:.0f} dB, {clip.snr_db:.0f} above noise<br>{clip.pace:.1f} syll/s"
        )
    source = html.escape(quote(os.path.relpath(clip.row.audio, folder.resolve())))
    name = html.escape(clip.row.audio.name)
    player = f'<audio controls preload="none" src="{source}" aria-label="{name}"></audio>' if clip.shape else ""
    return (
        f'<tr><td><span class="name">{name}</span>{_picture(clip)}{html.escape(clip.row.text[:120])}{player}</td>'
        f'<td class="heard">{heard}</td><td>{_list(clip.findings) or "nothing"}</td></tr>'
    )


def _list(findings: Sequence[Finding]) -> str:
    items = "".join(
        f'<li class="{f.severity}"><span class="tag">{f.severity}</span>{html.escape(f.words)}</li>'
        for f in sorted(findings, key=lambda f: _WEIGHTS[f.severity])
    )
    return f"<ul>{items}</ul>" if items else ""


def _rank(clip: Clip) -> tuple[int, int]:
    return min((_WEIGHTS[f.severity] for f in clip.findings), default=3), clip.row.line


def _finding(finding: Finding) -> dict[str, str]:
    return {"code": finding.code, "severity": finding.severity, "words": finding.words, "fix": finding.fix}


def _clip(clip: Clip) -> dict[str, Any]:
    return {
        "line": clip.row.line, "audio": str(clip.row.audio), "text": clip.row.text, "speaker": clip.row.speaker,
        "usable": clip.usable, "seconds": clip.seconds, "sample_rate": clip.sample_rate, "level_db": clip.level_db,
        "snr_db": clip.snr_db, "tail_s": clip.tail_s, "longest_silence_s": clip.longest_silence_s, "pace": clip.pace,
        "syllables": clip.syllables, "findings": [_finding(finding) for finding in clip.findings],
    }  # fmt: skip
