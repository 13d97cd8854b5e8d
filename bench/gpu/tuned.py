"""Linears that a tuning record has rules for, the kernels that it chooses among, and how to choose: see
docs/kernels.md, "Tuning records"."""
import itertools
import math
from dataclasses import dataclass

import shapes
from covers import ROOT
from rows import Skip

ROWS = [1, 4, 16, 64, 128, 256, 384, 512, 768, 1024, 1536, 2048, 4096, 8192]
COLUMNS = (64, 96, 128, 192, 256)  # of Hopper's tiles of 128 rows
FORMS = {"": COLUMNS, "in turns": (64, 96, 128), "in pairs": (256,)}  # in this order; but for the first of 16 bits
MULTIPROCESSORS = 132  # of an H100 SXM and of an H200
LIBRARY = "cublaslt"


@dataclass(frozen=True)
class Linear:
    """One of the two in a pair of products. The other stays as the compiler has it, so that differences are this one's."""
    pair: str
    is_second: bool
    precision: str

    def sizes(self, is_tiny=False):
        """n, k"""
        pair = shapes.BENCHED[self.pair].tiny() if is_tiny else shapes.BENCHED[self.pair]
        return (pair.inner, pair.kept) if self.is_second else (pair.middle, pair.inner)

    @property
    def id(self):
        return "{}/{}x{}".format(self.precision, *self.sizes())

    def kernel(self, is_tiny=False):
        """A part of its kernels' names alone."""
        n, k = self.sizes(is_tiny)
        return f"_k{k}_n{n}"

    @property
    def is_tiny(self):
        """In the rehearsal too."""
        return self.pair == "base-ffn" and not self.is_second and self.precision in ("bf16", "f32")

    def file(self, variant):
        return f"{self.precision}.{'x'.join(map(str, self.sizes()))}.{variant.replace(' ', '-')}.ingot"


def linears():
    for pair in shapes.PAIRS:
        for precision in filter(shapes.PRECISIONS.__contains__, shapes.precisions(pair)):
            yield Linear(pair, False, precision)
            yield Linear(pair, True, precision)


def few_rows(precision):
    """Rows of a kernel for few, whatever a record says. Many linears have one for up to 32, too: no ROWS are between."""
    return 16 if precision in ("bf16", "f16") else 8


def has_hopper_tiles(target, precision):
    return target == "sm_90a" and precision != "f32"


@dataclass(frozen=True)
class Tile:
    """Of Hopper: 128 rows by so many columns, and how they are worked on."""
    columns: int
    form: str = ""

    @property
    def name(self):
        return f"{self.columns} {self.form}".strip()

    @property
    def said(self):
        """As records have it."""
        return self.name if self.form else self.columns

    def waves(self, rows, n):
        together = 2 if self.form == "in pairs" else 1
        return math.ceil(math.ceil(rows / (128 * together)) * math.ceil(n / self.columns) / (MULTIPROCESSORS // together))


def hopper(names):
    """The tiles of those names, in the order that records have them in."""
    every = [Tile(columns, form) for columns in COLUMNS for form, of in FORMS.items() if columns in of]
    return [tile for tile in every if tile.name in names]


def variants(target, precision):
    """{name: what a rule says to have nothing else from 64 rows on}"""
    first = few_rows(precision) + 1
    if has_hopper_tiles(target, precision):
        tiles = [Tile(columns, form) for form, of in FORMS.items() for columns in of if not form or precision != "tf32"]
        return {tile.name: {"tiles": [[tile.said]]} for tile in tiles}
    return {"64": {"tile128_from": None}, "128": {"tile128_from": first}}


def forced(target, linear, variant, is_tiny):
    """A record that has `variant` in all rows, and the library where a session asks for it."""
    n, k = linear.sizes(is_tiny)
    rule = {"type": linear.precision, "n": n, "k": k, **variants(target, linear.precision)[variant], "cublaslt_from": 1}
    return {"architecture": target, "measured": "nothing: to measure it", "linear": [rule]}


def architecture(target, device):
    """Whose record it is that code for `target` on a `device` (both "sm_...") can be measured for."""
    name = target if target == f"{device}a" else device
    if target != name and target[:4] != device[:4]:
        raise Skip(f"a pack for {target} says nothing of {device}, whose GPUs run its PTX at most: make one with --target")
    if not (ROOT / "codegen" / "cuda" / "tuning" / f"{name}.json").exists():
        raise Skip(f"the compiler has no tuning records of {name}")
    return name


def cost(times, chosen):
    """How much longer than the best: a sum of logarithms over rows."""
    return sum(math.log(of[chosen(rows)] / min(of.values())) for rows, of in times.items())


def stepped(small, large, start):
    return lambda rows: large if start and rows >= start else small


def fitted(waves):
    """(a kernel's, a wave's) ns that fit {rows: (waves, ns)} best, all errors relative."""
    points = [(1 / ns, count / ns) for count, ns in waves.values()]  # times kernel and wave: 1
    kk, kw, ww = (sum(a * b for a, b in pairs) for pairs in (((x, x) for x, _ in points), points, ((y, y) for _, y in points)))
    k, w = sum(x for x, _ in points), sum(y for _, y in points)
    if (det := kk * ww - kw * kw) > 1e-9 * kk * ww and (kernel := (k * ww - w * kw) / det) > 0:
        return round(kernel), max(1, round((w - kernel * kw) / ww))
    return 0, max(1, round(w / ww))


def hopper_tiles(n, measured):
    """What a rule says of {rows: {a tile's name: ms}}, and {rows: name} that the kernel then takes. Where blocks share K the
    model knows what that saves, and is believed."""
    every = hopper(next(iter(measured.values())))
    expected, times = {}, {}
    for tile in every:
        of = {rows: measured[rows][tile.name] * 1e6 for rows in measured}
        count = {rows: math.ceil(rows / 128) * math.ceil(n / tile.columns) for rows in measured}
        waves = {rows: (tile.waves(rows, n), of[rows]) for rows in measured}
        shares = not tile.form and tile.columns <= 128
        alone = {rows: waves[rows] for rows, tiles in count.items() if not shares or 2 * tiles > MULTIPROCESSORS}
        kernel, wave = times[tile] = fitted(alone or waves)
        expected[tile] = {rows: kernel + waves[rows][0] * wave if rows in alone else of[rows] for rows in measured}

    def chosen(tiles):
        return lambda rows: min(tiles, key=lambda tile: expected[tile][rows]).name
    # A tile more is code to compile and to load.
    tiles = min((tiles for size in (1, 2, 3) for tiles in itertools.combinations(every, size)),
                key=lambda tiles: cost(measured, chosen(tiles)) + 0.05 * len(tiles))
    return {"tiles": [[tile.said, *times[tile]] for tile in tiles]}, chosen(tiles)


def fastest(target, precision, n, measured):
    """(what a rule says, rows -> variant)"""
    if has_hopper_tiles(target, precision):
        return hopper_tiles(n, measured)
    starts = [None, *(rows for rows in reversed(measured) if rows > few_rows(precision))]
    start = min(starts, key=lambda start: cost(measured, stepped("64", "128", start)))
    return {"tile128_from": start}, stepped("64", "128", start)


def rule(target, linear, sizes, times):
    """`times`: {rows: {variant or LIBRARY: ms}}. Simple rules win where they are as good."""
    ours = {rows: {name: ms for name, ms in of.items() if name != LIBRARY} for rows, of in sorted(times.items())}
    n, k = sizes
    said = {"type": linear.precision, "n": n, "k": k}
    many = {rows: of for rows, of in ours.items() if rows > few_rows(linear.precision)}
    chosen = stepped(next(iter(variants(target, linear.precision))), None, None)
    if many:
        tiles, chosen = fastest(target, linear.precision, n, many)
        said |= tiles
    if all(LIBRARY in of for of in times.values()):
        both = {rows: {"ours": of[chosen(rows)] if rows in many else next(iter(of.values())), LIBRARY: times[rows][LIBRARY]}
                for rows, of in ours.items()}
        said["cublaslt_from"] = min([None, *reversed(both)],
                                    key=lambda start: cost(both, stepped("ours", LIBRARY, start)))
    return said
