#!/usr/bin/env python3
"""Turn a terminal's screen into an SVG picture.

    tmux capture-pane -e -p -t SESSION | python3 docs/picture.py --columns 120 > docs/train.svg

Reads lines with SGR sequences (colours of the 256-colour palette, bold, dim, underlined, reversed) from the
standard input; needs Python alone.
"""

import argparse
import re
import sys
import unicodedata
from html import escape

CELL = (8.4, 18)
SGR = re.compile(r"\x1b\[([0-9;]*)m")
OTHER = re.compile(r"\x1b\([A-Z0-9]|\x1b\[[0-9;?]*[A-Za-ln-z]|[\x0e\x0f]")
SIXTEEN = ["000000", "cd3131", "0dbc79", "e5e510", "2472c8", "bc3fbc", "11a8cd", "e5e5e5"]
SIXTEEN += ["666666", "f14c4c", "23d18b", "f5f543", "3b8eea", "d670d6", "29b8db", "ffffff"]


def colour(index):
    """The colour of a place of the palette."""
    if index < 16:
        return "#" + SIXTEEN[index]
    if index >= 232:
        return "#" + 3 * f"{8 + 10 * (index - 232):02x}"
    steps = [0, 95, 135, 175, 215, 255]
    index -= 16
    return "#" + "".join(f"{steps[part]:02x}" for part in (index // 36, index // 6 % 6, index % 6))


def restyle(style, codes):
    """The style after an SGR sequence."""
    codes = [int(code or 0) for code in codes.split(";")]
    while codes:
        code = codes.pop(0)
        if code == 0:
            style = {}
        elif code in (1, 2, 4, 7):
            style = {**style, code: True}
        elif code == 22:
            style = {key: value for key, value in style.items() if key not in (1, 2)}
        elif code in (24, 27):
            style = {key: value for key, value in style.items() if key != code - 20}
        elif code in (38, 48) and codes[:1] == [5]:
            style = {**style, "fg" if code == 38 else "bg": colour(codes[1])}
            codes = codes[2:]
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style = {**style, "fg": colour(code - 30 if code < 90 else code - 82)}
        elif code in (39, 49):
            style = {key: value for key, value in style.items() if key != ("fg" if code == 39 else "bg")}
    return style


def runs(line):
    """Pieces of a line with one style each."""
    style, place = {}, 0
    for found in SGR.finditer(line):
        if found.start() > place:
            yield line[place : found.start()], style
        style, place = restyle(style, found.group(1)), found.end()
    if place < len(line):
        yield line[place:], style


def width(text):
    return sum(0 if unicodedata.combining(sign) else 1 for sign in text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--columns", type=int, required=True, help="width of the screen")
    parser.add_argument("--light", action="store_true", help="a light background")
    arguments = parser.parse_args()
    ink, paper = ("#1b1b1b", "#fbfbf8") if arguments.light else ("#d8d8d8", "#16181d")
    lines = [OTHER.sub("", line) for line in sys.stdin.read().rstrip("\n").split("\n")]
    wide, high = arguments.columns * CELL[0] + 16, len(lines) * CELL[1] + 16
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high}" font-size="14" '
        f"font-family=\"'DejaVu Sans Mono', Menlo, Consolas, monospace\">"
    )
    print(f'<rect width="100%" height="100%" rx="6" fill="{paper}"/>')
    for row, line in enumerate(lines):
        column = 0
        for text, style in runs(line):
            fore, back = style.get("fg", ink), style.get("bg")
            if style.get(7):
                fore, back = back or paper, fore
            x, cells = 8 + column * CELL[0], width(text)
            column += cells
            if back:
                print(f'<rect x="{x:.1f}" y="{8 + row * CELL[1]}" width="{cells * CELL[0]:.1f}" height="{CELL[1]}" fill="{back}"/>')
            if not text.strip():
                continue
            look = ' font-weight="bold"' if style.get(1) else ""
            look += ' opacity="0.6"' if style.get(2) else ""
            look += ' text-decoration="underline"' if style.get(4) else ""
            print(
                f'<text x="{x:.1f}" y="{8 + row * CELL[1] + 14}" fill="{fore}"{look} xml:space="preserve" '
                f'textLength="{cells * CELL[0]:.1f}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
            )
    print("</svg>")


if __name__ == "__main__":
    main()
