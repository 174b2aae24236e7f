"""The timeline as one self-contained HTML page: nothing is loaded from anywhere, so it can be sent to anybody.

Top: the violated rule, if there is one. Middle: a lane for each node, a bar for each address on an interface, marks for
calls and faults; hovering tells the event. Bottom: every event, with a box to filter them.
"""

from html import escape

from simulator.report.timeline import Bar, Mark, Timeline

WIDTH = 1400
LEFT = 90
ROW = 13
PALETTE = ("#3b76af", "#c5553a", "#51904b", "#8d69b8", "#b8862f", "#4fa3a3", "#c2638f", "#6d7a86")
MARKS = {"add": ("#2c7a2c", "▲"), "del": ("#666", "▼"), "fault": ("#c00", "✖"), "start": ("#06c", "●")}
STYLE = """
body{font:13px/1.45 system-ui,sans-serif;margin:20px;color:#222;background:#fff}
h1{font-size:19px;margin:0 0 4px}.verdict{padding:9px 12px;border-radius:5px;margin:10px 0;font-weight:600}
.ok{background:#e6f4e6;color:#205c20}.bad{background:#fde8e6;color:#8c1c10}
svg{border:1px solid #ddd;max-width:100%;height:auto}text{font:11px system-ui,sans-serif}
input{width:420px;padding:4px 6px;margin:12px 0 6px}pre{font:11.5px/1.5 ui-monospace,monospace;margin:0;white-space:pre-wrap}
.key span{margin-right:16px}
"""
SCRIPT = """
const box=document.getElementById('filter'),rows=[...document.querySelectorAll('pre')];
box.addEventListener('input',()=>{const w=box.value.toLowerCase().split(/\\s+/);
rows.forEach(r=>{const t=r.textContent.toLowerCase();r.hidden=!w.every(x=>t.includes(x))})});
"""


def page(seen: Timeline, *, title: str, trace: str) -> str:
    """The page.

    Args:
        seen: what happened.
        title: the headline, such as ``demo, seed 7``.
        trace: the trace hash, so that a page names its run.
    """
    verdict = (
        "".join(f'<div class="verdict bad">violated: {escape(each)}</div>' for each in seen.violations)
        or '<div class="verdict ok">no rule was broken</div>'
    )
    rows = "\n".join(f"<pre>{escape(line)}</pre>" for line in seen.lines)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>"
        f"<div>trace {escape(trace)}, {seen.end:.1f} virtual seconds, {len(seen.lines)} events</div>{verdict}"
        f"{_key()}{_drawing(seen)}"
        f'<div><input id="filter" placeholder="filter the events: a pod, an address, a container"></div>{rows}'
        f"<script>{SCRIPT}</script></body></html>\n"
    )


def _key() -> str:
    said = {"add": "ADD", "del": "DEL", "fault": "fault", "start": "start"}
    marks = "".join(f'<span style="color:{color}">{sign} {said[kind]}</span>' for kind, (color, sign) in MARKS.items())
    return f'<p class="key">{marks}<span>▬ an address on an interface, coloured by pod</span></p>'


def _drawing(seen: Timeline) -> str:
    parts: list[str] = []
    top = 8
    colors: dict[str, str] = {}
    for node in seen.nodes:
        tracks = _tracks([bar for bar in seen.bars if bar.node == node])
        marks = [mark for mark in seen.marks if mark.lane == node]
        height = max(len(tracks), 1) * ROW + 22
        parts.append(f'<rect x="0" y="{top}" width="{WIDTH}" height="{height}" fill="#f7f8f9"/>')
        parts.append(f'<text x="8" y="{top + 16}" font-weight="600">{escape(node)}</text>')
        parts += [_mark(mark, top + 14, seen.end) for mark in marks]
        for number, track in enumerate(tracks):
            parts += [_bar(bar, top + 20 + number * ROW, seen.end, colors) for bar in track]
        top += height + 6
    parts += _axis(top, seen.end)
    return f'<svg viewBox="0 0 {WIDTH} {top + 24}" role="img" aria-label="timeline">{"".join(parts)}</svg>'


def _tracks(bars: list[Bar]) -> list[list[Bar]]:
    """Bars of one node in as few rows as possible without overlap."""
    tracks: list[list[Bar]] = []
    for bar in sorted(bars, key=lambda bar: (bar.start, bar.address)):
        free = next((track for track in tracks if track[-1].end <= bar.start), None)
        if free is None:
            tracks.append([bar])
        else:
            free.append(bar)
    return tracks


def _x(seconds: float, end: float) -> float:
    return LEFT + (WIDTH - LEFT - 16) * seconds / (end or 1.0)


def _bar(bar: Bar, y: float, end: float, colors: dict[str, str]) -> str:
    color = colors.setdefault(bar.pod, PALETTE[len(colors) % len(PALETTE)])
    left, width = _x(bar.start, end), max(_x(bar.end, end) - _x(bar.start, end), 2.0)
    told = f"{bar.address} of pod {bar.pod} (container {bar.container}), {bar.start:.2f} to {bar.end:.2f} s"
    name = f'<text x="{left + 3:.1f}" y="{y + 9.5}" fill="#fff">{escape(bar.pod)}</text>' if width > 110 else ""
    return (
        f'<g><title>{escape(told)}</title><rect x="{left:.1f}" y="{y}" width="{width:.1f}" height="{ROW - 2}" rx="2" '
        f'fill="{color}"/>{name}</g>'
    )


def _mark(mark: Mark, y: float, end: float) -> str:
    color, sign = MARKS.get(mark.kind, ("#c00", "✖"))
    return (
        f'<text x="{_x(mark.at, end) - 4:.1f}" y="{y}" fill="{color}">{sign}<title>{escape(mark.text)}</title></text>'
    )


def _axis(y: float, end: float) -> list[str]:
    step = next(
        each for each in (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 86400) if end / each <= 14 or each == 86400
    )
    ticks = [number * step for number in range(int(end // step) + 1)]
    return [f'<text x="{_x(tick, end):.1f}" y="{y + 14}" fill="#555">{tick} s</text>' for tick in ticks]
