"""Bars as SVG, by hand: a machine with a GPU need not have a plotting library."""
from xml.sax.saxutils import escape

import times

LABELS, BARS, ROW, MARGIN = 250, 420, 16, 8
COLOUR, MARK = "#4c78a8", "#444"


def bars(title, entries, mark):
    """`entries`: [(label, value, text)]; a line at `mark`."""
    most = max([mark, *(value for _, value, _ in entries)]) * 1.02
    height = MARGIN * 3 + ROW * (len(entries) + 1)
    place = LABELS + BARS * mark / most
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{LABELS + BARS + 120}" height="{height}" '
           f'font-family="sans-serif" font-size="11">')
    yield f'<text x="{MARGIN}" y="{MARGIN + 10}" font-size="13">{escape(title)}</text>'
    for number, (label, value, text) in enumerate(entries):
        y = MARGIN * 2 + ROW * (number + 1)
        yield f'<text x="{LABELS - 6}" y="{y + 11}" text-anchor="end">{escape(label)}</text>'
        yield f'<rect x="{LABELS}" y="{y + 2}" width="{BARS * value / most:.1f}" height="{ROW - 4}" fill="{COLOUR}"/>'
        yield f'<text x="{LABELS + BARS * value / most + 4:.1f}" y="{y + 11}">{escape(text)}</text>'
    yield (f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{MARGIN * 2 + ROW}" y2="{height - MARGIN}" stroke="{MARK}"/>')
    yield "</svg>"


def write(folder, head, rows):
    """ceiling.svg and peers.svg, where there is something to draw."""
    lines = [line for line in times.lines(rows) if line["row"]["status"] == "ok"]
    name = head["device"]["name"] + (", rehearsal" if head["tiny"] else "")
    of_ceiling = [(line["point"].id, line["of_ceiling"], f"{line['of_ceiling']:.0%}, {line['ceiling']}")
                  for line in lines if "of_ceiling" in line]
    to_peer = [(line["point"].id, line["ratio"], f"{line['ratio']:.2f}, {line['best']}") for line in lines if "ratio" in line]
    for file, title, entries in (("ceiling.svg", f"{name}: part of the ceiling, measured in the same run", of_ceiling),
                                 ("peers.svg", f"{name}: time of the best peer / time of Ingot", to_peer)):
        if entries:
            (folder / file).write_text("\n".join(bars(title, entries, 1)) + "\n")
