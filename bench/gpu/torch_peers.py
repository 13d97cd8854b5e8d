"""What PyTorch does with the same shapes, each way at its best documented settings; in CUDA graphs, as Ingot.

Products and attention are chains as in graphs.py, so that weights come from memory and not from a cache.
"""
import functools
import statistics

import shapes
from rows import Skip

BATCHES, LEAST_MS, MOST_RUNS = 10, 2.0, 200
WARM_UP = 3


@functools.cache
def torch_of(is_emulated):
    try:
        import torch
    except ImportError as error:
        raise Skip("no PyTorch") from error
    if is_emulated or not torch.cuda.is_available():
        raise Skip("PyTorch sees no GPU")
    return torch


def dtype(torch, precision):
    """The type of values; tf32 is a way to multiply f32."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    return {"bf16": torch.bfloat16, "f16": torch.float16, "f8": torch.float8_e4m3fn}.get(precision, torch.float32)


def captured(torch, work):
    """`work` as a CUDA graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM_UP):
            work()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


def median_ms(torch, run):
    """Of `run`, between events, many in a batch."""
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)

    def batch(count):
        start.record()
        for _ in range(count):
            run()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) / count

    for _ in range(WARM_UP):
        run()
    count = max(1, min(MOST_RUNS, int(LEAST_MS / max(batch(1), 1e-3))))
    return statistics.median(batch(count) for _ in range(BATCHES))


def make_pair(torch, pair, rows, kind, device="cuda"):
    generator = torch.Generator(device).manual_seed(7)

    def weight(outer, inner):
        return (torch.randn(outer, inner, generator=generator, device=device) / inner**0.5).to(kind)

    weights = [(weight(pair.middle, pair.inner), weight(pair.inner, pair.kept)) for _ in range(pair.repeats)]
    x = torch.randn(rows, pair.inner, generator=generator, device=device).to(kind)
    one = torch.ones((), device=device)

    def linear(values, weight):
        if kind != torch.float8_e4m3fn:
            return torch.nn.functional.linear(values, weight)
        return torch._scaled_mm(values, weight.t(), one, one, out_dtype=torch.bfloat16)

    def work():
        y = x
        for up, down in weights:
            y = linear(linear(y, up)[:, :pair.kept].to(kind), down).to(kind)
        return y
    return work


def make_attention(torch, attention, batch, queries, keys, kind, device="cuda"):
    def heads(count, length):
        return torch.randn(batch, count, length, attention.depth, device=device, dtype=kind)
    shared = attention.heads // attention.group
    q, k, v = heads(attention.heads, queries), heads(shared, keys), heads(shared, keys)
    causal = attention.causal and queries > 1
    grouped = {"enable_gqa": True} if attention.group > 1 else {}

    def work():
        x = q
        for _ in range(attention.counted):
            x = torch.nn.functional.scaled_dot_product_attention(x, k, v, is_causal=causal, **grouped)
        return x
    return work


class Block:
    """Layers of shapes.Model with PyTorch's functions, as its own models are written."""

    def __init__(self, torch, shape, kind, device="cuda"):
        self.torch, self.shape = torch, shape
        generator = torch.Generator(device).manual_seed(7)

        def weight(*dims, offset=0.0):
            return (torch.randn(*dims, generator=generator, device=device) * 0.02 + offset).to(kind)

        h, f = shape.hidden, shape.ffn
        self.layers = [{"norm1": (weight(h, offset=1), weight(h)), "norm2": (weight(h, offset=1), weight(h)),
                        "qkv": (weight(3 * h, h), weight(3 * h)), "out": (weight(h, h), weight(h)),
                        "up": (weight(f, h), weight(f)), "down": (weight(h, f), weight(h))} for _ in range(shape.layers)]
        self.norm = weight(h, offset=1), weight(h)
        if shape.image:
            self.patches = weight(h, 3, shape.patch, shape.patch), weight(h)
            self.first, self.positions = weight(1, 1, h), weight(1, shape.tokens(0), h)
        else:
            self.words, self.positions = weight(shape.vocabulary, h), weight(shape.positions, h)
            self.segment = weight(h)

    def normed(self, x, weights):
        return self.torch.nn.functional.layer_norm(x, (self.shape.hidden,), *weights)

    def attention(self, x, layer, mask):
        functional, shape = self.torch.nn.functional, self.shape
        batch, length, h = x.shape
        qkv = functional.linear(x, *layer["qkv"]).view(batch, length, 3, shape.heads, h // shape.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=shape.causal)
        return functional.linear(y.transpose(1, 2).reshape(batch, length, h), *layer["out"])

    def ffn(self, x, layer):
        functional = self.torch.nn.functional
        return functional.linear(functional.gelu(functional.linear(x, *layer["up"])), *layer["down"])

    def embed(self, x):
        functional, shape = self.torch.nn.functional, self.shape
        if shape.image:
            patches = functional.conv2d(x, *self.patches, stride=shape.patch).flatten(2).transpose(1, 2)
            return self.torch.cat([self.first.expand(x.shape[0], -1, -1), patches], 1) + self.positions
        x = functional.embedding(x, self.words) + self.positions[:x.shape[1]]
        return x if shape.causal else self.normed(x + self.segment, self.norm)

    def __call__(self, x, mask=None):
        x = self.embed(x)
        for layer in self.layers:
            if self.shape.image or self.shape.causal:
                x = x + self.attention(self.normed(x, layer["norm1"]), layer, mask)
                x = x + self.ffn(self.normed(x, layer["norm2"]), layer)
            else:
                x = self.normed(x + self.attention(x, layer, mask), layer["norm1"])
                x = self.normed(x + self.ffn(x, layer), layer["norm2"])
        return self.normed(x, self.norm) if self.shape.image or self.shape.causal else x


def model_inputs(torch, shape, batch, sequence, kind, device="cuda"):
    """The input, and for an encoder of texts the mask of keys, which all count."""
    if shape.image:
        return torch.randn(batch, 3, shape.image, shape.image, device=device, dtype=kind), None
    ids = torch.randint(0, 500, (batch, sequence), device=device)
    mask = None if shape.causal else torch.ones(batch, 1, 1, sequence, dtype=torch.bool, device=device)
    return ids, mask


def settings(torch, what):
    return {"settings": what, "version": torch.__version__}


def product(context, name, rows, precision):
    torch, pair = torch_of(context.is_emulated), shapes.BENCHED[name]
    with torch.no_grad():
        work = make_pair(torch, pair, rows, dtype(torch, precision))
        ms = median_ms(torch, captured(torch, work)) / pair.repeats
    called = "_scaled_mm and a cast" if precision == "f8" else "F.linear"
    return {"ms": ms, **settings(torch, f"{called} in a CUDA graph of {pair.repeats} pairs")}


def sdpa(context, name, backend, batch, queries, keys, precision):
    """scaled_dot_product_attention held to one backend."""
    torch, attention = torch_of(context.is_emulated), shapes.BENCHED[name]
    from torch.nn.attention import SDPBackend, sdpa_kernel
    with torch.no_grad(), sdpa_kernel(getattr(SDPBackend, backend)):
        work = make_attention(torch, attention, batch, queries, keys, dtype(torch, precision))
        try:
            work()
        except RuntimeError as error:
            raise Skip(f"{backend} refuses: {str(error).splitlines()[0][:120]}") from error
        ms = median_ms(torch, captured(torch, work)) / attention.counted
    return {"ms": ms, **settings(torch, f"SDPA, {backend}, in a CUDA graph of {attention.counted}")}


def model(context, name, batch, sequence, precision, way):
    """`way`: eager, compiled, or tuned (max-autotune, which takes minutes to compile)."""
    torch, shape = torch_of(context.is_emulated), shapes.BENCHED[name]
    kind = dtype(torch, precision)
    block = Block(torch, shape, kind)
    x, mask = model_inputs(torch, shape, batch, sequence, kind)
    forward, said = block, "eager, in a CUDA graph"
    if way != "eager":
        mode = "max-autotune" if way == "tuned" else "reduce-overhead"
        forward, said = torch.compile(block.__call__, mode=mode, dynamic=False, fullgraph=True), f"torch.compile, {mode}"
    with torch.no_grad():
        def work():
            return forward(x, mask)
        # The modes of torch.compile make CUDA graphs themselves.
        ms = median_ms(torch, captured(torch, work) if way == "eager" else work)
    return {"ms": ms, **settings(torch, said)}
