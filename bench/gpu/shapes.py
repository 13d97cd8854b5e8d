"""What is proven and measured: models, shapes, precisions."""
from dataclasses import dataclass, replace

EVERY_PRECISION = "bert-tokcls-dyn18-sdpa"  # of test/models, in all precisions
# In the rehearsal, of whose kernels CI has few: of test/models, also for what a product relies on; of attention and models.
TINY_MODEL = (EVERY_PRECISION, "bf16")
TINY_BENCHED = ("attention-64", "attention-128-pages", "bert-base")


@dataclass(frozen=True)
class Pair:
    """Two products in a row, [rows, inner] x [inner, middle], of which `kept` columns x [kept, inner]."""
    inner: int
    middle: int
    kept: int
    repeats: int  # in a row: some 150 MB of weights of 16 bits, more than an L2 holds

    @property
    def counted(self):
        """What the time of a run is divided by."""
        return self.repeats

    @property
    def weights(self):
        return self.inner * (self.middle + self.kept)

    def flops(self, rows):
        return 2 * rows * self.weights

    def bytes(self, rows, width):
        """Weights once, values in and out of each product."""
        return width * (self.weights + rows * (2 * self.inner + self.middle + self.kept))

    def tiny(self):
        return Pair(64, 64 * self.middle // self.inner, 64 * self.kept // self.inner, 2)


@dataclass(frozen=True)
class Attention:
    heads: int
    depth: int
    causal: bool
    group: int = 1  # heads that share keys and values
    repeats: int = 10
    page: int = 0  # keys of a page, of a cache that a table chooses pages of; 0: keys in order

    @property
    def counted(self):
        """A run of two less this many is subtracted: what brings in queries, keys and values does not count."""
        return self.repeats - 2

    def flops(self, batch, queries, keys):
        """As FlashAttention counts: half of it under a causal mask."""
        return 4 * batch * queries * keys * self.heads * self.depth // (2 if self.causal else 1)

    def bytes(self, batch, queries, keys, width):
        return 2 * batch * (queries + keys / self.group) * self.heads * self.depth * width

    def tiny(self):
        return replace(self, heads=2 * self.group, repeats=4)


@dataclass(frozen=True)
class Model:
    layers: int
    hidden: int
    heads: int
    ffn: int
    vocabulary: int = 0
    positions: int = 1024
    image: int = 0
    patch: int = 0
    causal: bool = False
    counted = 1

    def tokens(self, sequence):
        return (self.image // self.patch) ** 2 + 1 if self.image else sequence

    def flops(self, batch, sequence):
        """Of the products, without what a causal mask spares."""
        s, h = self.tokens(sequence), self.hidden
        layer = 2 * s * (4 * h * h + 2 * h * self.ffn) + 4 * s * s * h // (2 if self.causal else 1)
        patches = 2 * (s - 1) * h * 3 * self.patch**2 if self.image else 0
        return batch * (self.layers * layer + patches)

    def bytes(self, batch, sequence, width):
        """The weights of the layers, once."""
        return self.layers * self.hidden * (4 * self.hidden + 2 * self.ffn) * width

    def tiny(self):
        """Of the shape of test/e2e/attention90.py: the kernels are the same."""
        image = {"image": 32, "patch": 16} if self.image else {}
        return replace(self, layers=1, hidden=128, heads=2, ffn=1024, vocabulary=self.vocabulary and 500, positions=320, **image)


BENCHED = {
    # BERT-base and GPT-2 have the same products; the slice stands for attention and for a gate.
    "base-attention": Pair(768, 2304, 768, 32), "base-ffn": Pair(768, 3072, 3072, 16),
    "llama-8b-attention": Pair(4096, 6144, 4096, 2), "llama-8b-ffn": Pair(4096, 28672, 14336, 1),
    "attention-64": Attention(32, 64, False), "attention-64-causal": Attention(32, 64, True),
    "attention-128": Attention(16, 128, False), "attention-128-causal": Attention(16, 128, True),
    "attention-256": Attention(8, 256, False), "attention-256-causal": Attention(8, 256, True),
    "attention-128-grouped": Attention(32, 128, False, group=4),
    "attention-128-pages": Attention(32, 128, False, group=4, page=16),
    "bert-base": Model(12, 768, 12, 3072, 30522, 512), "gpt2": Model(12, 768, 12, 3072, 50257, causal=True),
    "vit-base": Model(12, 768, 12, 3072, image=224, patch=16),
}
PAIRS = [name for name, what in BENCHED.items() if isinstance(what, Pair)]
ATTENTIONS = [name for name, what in BENCHED.items() if isinstance(what, Attention)]
MODELS = [name for name, what in BENCHED.items() if isinstance(what, Model)]
PRECISIONS = ("bf16", "f16", "tf32", "f32")  # of `ingot compile`
WIDTHS = {"bf16": 2, "f16": 2, "tf32": 4, "f32": 4, "f8": 1}
ROWS = [2**i for i in range(14)]
TOKENS = 16384  # of all sequences together, as FlashAttention's charts have it
LENGTHS = [512, 1024, 2048, 4096, 8192, 16384]
GROUPED = [(1, 512), (1, 4096), (8, 4096), (32, 4096), (1, 32768)]
SIZES = [(1, 128), (8, 128), (32, 128), (8, 512)]
# bf16 everywhere; the others where they show what they cost. "f8": rows and weights of float8e4m3fn, --precision=bf16 beside them.
PLAIN, EIGHT = ("f16", "tf32", "f32"), ("f8",)
OTHERS = {"base-attention": (PLAIN, [128, 2048]), "base-ffn": (PLAIN, [128, 2048]), "bert-base": (PLAIN, [(8, 128)]),
          "llama-8b-attention": (EIGHT, [1, 16, 128, 1024, 4096]), "llama-8b-ffn": (EIGHT, [1, 16, 128, 1024, 4096])}


def precisions(name):
    what = BENCHED[name]
    if isinstance(what, Attention) and what.page:
        return ["f16"]  # as caches are, which are then read in place
    return ["bf16", *OTHERS.get(name, ((), []))[0]]


def sizes(name, precision, in_bf16):
    return in_bf16 if precision == "bf16" else OTHERS[name][1]


@dataclass(frozen=True)
class Point:
    """One line of the report."""
    name: str
    precision: str
    dims: tuple  # (symbol, value) of the artifact
    label: str
    arguments: tuple  # of flops() and bytes()
    tiny: bool  # in the rehearsal too

    @property
    def id(self):
        return f"{self.name}/{self.precision}/{self.label}"


def points():
    for name in PAIRS:
        for precision in precisions(name):
            for rows in sizes(name, precision, ROWS):
                yield Point(name, precision, (("rows", rows),), f"{rows}", (rows,),
                            tiny=rows in (1, 16) and name.startswith("base"))
    for name in ATTENTIONS:
        if BENCHED[name].group > 1:  # a token after the other
            for batch, keys in GROUPED:
                page = BENCHED[name].page
                cache = (("pages", batch * keys // page), ("places", keys // page)) if page else (("keys", keys),)
                precision, = precisions(name)
                yield Point(name, precision, (("batch", batch), ("queries", 1), *cache), f"{batch}x1x{keys}",
                            (batch, 1, keys), tiny=keys == 512 and name in TINY_BENCHED)
            continue
        symbols = ("length",) if BENCHED[name].causal else ("queries", "keys")
        for length in LENGTHS:
            batch = TOKENS // length
            yield Point(name, "bf16", (("batch", batch), *((symbol, length) for symbol in symbols)),
                        f"{batch}x{length}", (batch, length, length), tiny=False)
    for name in ATTENTIONS:
        if not BENCHED[name].causal and BENCHED[name].group == 1:  # of one query, a mask keeps all
            for length in LENGTHS:
                yield Point(name, "bf16", (("batch", 1), ("queries", 1), ("keys", length)), f"1x1x{length}",
                            (1, 1, length), tiny=length == 512 and name in TINY_BENCHED)
    for name in MODELS:
        image = bool(BENCHED[name].image)
        for precision in precisions(name):
            for batch, sequence in sizes(name, precision, SIZES):
                if image and (batch, sequence) == (8, 512):
                    continue  # images have one length
                label = f"{batch}" if image else f"{batch}x{sequence}"
                yield Point(name, precision, (("batch", batch), *(() if image else (("sequence", sequence),))), label,
                            (batch, sequence), tiny=batch == 1 and precision == "bf16" and name in TINY_BENCHED)
