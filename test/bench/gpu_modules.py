"""The modules of bench/gpu, one by one: what must be found and what must be left alone."""
import ctypes
import importlib.util
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
import xml.dom.minidom
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "gpu"))
import cases  # noqa: E402
import covers  # noqa: E402
import owed  # noqa: E402
import packs  # noqa: E402
import report  # noqa: E402
import rows  # noqa: E402
import runtime  # noqa: E402
import sanitize  # noqa: E402
import shapes  # noqa: E402
import times  # noqa: E402
import timing  # noqa: E402
import tune  # noqa: E402
import tuned  # noqa: E402
import worker  # noqa: E402

STUB = """#include "map.cuh"
struct Body {};
KERNEL(256, 2)
scale(bf16 *y, const float *x, i64 n, KernelStatus *status) {
  map<Body, 4>(y, x, n);
}
EXPORT_KERNEL(scale)
"""


class Cases(unittest.TestCase):
    def launch(self, after, after_written):
        x = numpy.arange(8, dtype=numpy.float32).view(numpy.uint8)
        parameters = [{"hex": "00" * 8, "places": [[0, 0, 0]]}, {"hex": "00" * 8, "places": [[0, 1, 0]]}]
        return cases.Launch("scale", [1, 1, 1], 256, 0, parameters,
                            before=[(numpy.full(16, 7, numpy.uint8), numpy.zeros(16, bool)), (x, numpy.ones(32, bool))],
                            after=[(after, after_written), (x, numpy.ones(32, bool))])

    def compare(self, got, expected, written=None, source=None):
        launch = self.launch(expected, numpy.ones(16, bool) if written is None else written)
        instance = cases.Instance.__new__(cases.Instance)
        instance.stub = STUB
        return instance.compare(launch, [got, launch.before[1][0] if source is None else source])

    def bf16(self, *values):
        return (numpy.array(values, numpy.float32).view(numpy.uint32) >> 16).astype(numpy.uint16).view(numpy.uint8)

    def test_types(self):
        self.assertEqual(cases.pointer_types(STUB, "scale")[:3],
                         [("y", "bf16"), ("x", numpy.float32), ("n", None)])
        self.assertEqual(cases.template_of(STUB), "map<Body, 4>")

    def test_tolerances(self):
        stub = 'KERNEL(384, 1) k(float *out0) {\n  attention90<f16, 64, 64, false>(out0);\n}'
        self.assertEqual(cases.tolerance_of(STUB, numpy.float32), 2e-5)
        self.assertEqual(cases.tolerance_of(stub, numpy.float32), 2**-12)
        self.assertEqual(cases.tolerance_of(stub, numpy.float16), 2**-9)
        self.assertEqual(cases.tolerance_of(stub, numpy.int64), 0)

    def test_eight_bits(self):
        """A neighbour where sums may differ, the same byte where a map alone rounds."""
        stub = 'KERNEL(384, 1) k(e4m3 *out0) {\n  linear90_f8<72, 144, 144, 4>(out0);\n}'
        self.assertEqual(cases.pointer_types(stub, "k"), [("out0", "e4m3")])
        self.assertEqual([cases.tolerance_of(text, "e4m3") for text in (stub, STUB)], [2**-3, 0])
        numbers = cases.reals(numpy.array([0, 1, 0x80, 0x38, 0xb9, 0x7e, 0x7f], numpy.uint8), "e4m3")
        numpy.testing.assert_array_equal(numbers, [0, 2**-9, 0, 1, -1.125, 448, numpy.nan])
        self.assertEqual(cases.reals(numpy.array([0x7c], numpy.uint8), "e5m2")[0], numpy.inf)
        near = cases.difference(numbers, cases.reals(numpy.array([0, 0, 0x80, 0x38, 0xb8, 0x7d, 0x7f], numpy.uint8), "e4m3"), "e4m3")
        self.assertEqual(near, (32, 32 / 416, ""))

    def test_equal_and_close(self):
        expected = self.bf16(1, 2, 3, 4, 5, 6, 7, 8)
        outputs, wrong = self.compare(expected.copy(), expected)
        self.assertEqual((outputs["y"]["relative"], wrong), (0, []))
        near = expected.copy()
        near.view(numpy.uint16)[7] += 1
        outputs, wrong = self.compare(near, expected)
        self.assertEqual(wrong, [])
        self.assertAlmostEqual(outputs["y"]["relative"], 2**-7 * 8 / 8, delta=2**-8)

    def test_what_is_wrong(self):
        expected = self.bf16(1, 2, 3, 4, 5, 6, 7, 8)
        far = self.bf16(1, 2, 3, 4, 5, 6, 7, 9)
        self.assertIn("differs by 0.125", self.compare(far, expected)[1][0])
        nan = self.bf16(1, 2, numpy.nan, 4, 5, 6, 7, 8)
        self.assertIn("element 2 is nan", self.compare(nan, expected)[1][0])
        self.assertIn("nan", self.compare(expected, nan)[1][0])
        unwritten = numpy.ones(16, bool)
        unwritten[14:] = False
        self.assertIn("wrote byte 14", self.compare(expected, expected, unwritten)[1][0])
        left = expected.copy()
        left[14:] = cases.POISON
        self.assertEqual(self.compare(left, expected, unwritten)[1], [])
        changed = numpy.arange(1, 9, dtype=numpy.float32).view(numpy.uint8)
        self.assertIn("x: changed", self.compare(expected, expected, source=changed)[1][0])

    def test_tensor_map(self):
        class Driver:
            def tensor_map(self, *arguments):
                return arguments

        value = bytearray(128)
        struct.pack_into("<QQ5Q4Q5HBBH", value, 0, cases.TENSOR_MAP, 0x1000, 64, 32, 0, 0, 0, 256, 0, 0, 0, 64, 16, 0, 0, 0,
                         2, 2, 128)
        self.assertEqual(cases.tensor_map(Driver(), value), (2, 0x1000, [64, 32], [256], (64, 16), 128))
        self.assertIsNone(cases.tensor_map(Driver(), bytes(128)))
        self.assertIsNone(cases.tensor_map(Driver(), value[:64]))

    def test_fills_and_integers(self):
        difference = cases.difference
        one = numpy.array([1.0, -3e38, numpy.inf])
        self.assertEqual(difference(one, one, numpy.float32), (0, 0, ""))
        self.assertIn("element 1", difference(numpy.array([1.0, -5.0, numpy.inf]), one, numpy.float32)[2])
        self.assertEqual(difference(numpy.array([1.0, -2e38, numpy.inf]), one, numpy.float32)[2], "")
        self.assertIn("element 0 is 4", difference(numpy.array([4]), numpy.array([3]), numpy.int64)[2])


class Rows(unittest.TestCase):
    def part(self, folder, rows_, **more):
        part = rows.Part("proof", rows.Results(folder), "gpu", tiny=True, **more)
        part.run(rows_)
        return part.results.rows

    def test_every_end_of_a_row(self):
        def fail():
            raise rows.Wrong("off by one", {"largest": 1})

        def skip():
            raise rows.Skip("no tool")

        def stumble():
            raise KeyError("x")

        of = [rows.Row("a", "1", lambda: {"x": 1}), rows.Row("b", "1", fail), rows.Row("c", "1", skip),
              rows.Row("d", "1", stumble), rows.Row("e", "1", dict, tiny=False), rows.Row("f", "1", dict, seconds=1e9)]
        with tempfile.TemporaryDirectory() as folder:
            found = self.part(folder, of)
            self.assertEqual([found[i]["status"] for i in "abcdef"],
                             ["ok", "failed", "skipped", "failed", "skipped", "pending"])
            self.assertEqual(found["d"]["reason"], "KeyError: 'x'")

    def test_resume(self):
        runs = []
        with tempfile.TemporaryDirectory() as folder:
            for covered in "1", "1", "2":
                self.part(folder, [rows.Row("a", covered, lambda: runs.append(covered) or {"x": 1})])
            self.assertEqual(runs, ["1", "2"])
            lines = [json.loads(line) for line in (Path(folder) / "rows.jsonl").read_text().splitlines()]
            self.assertEqual([line["covers"] for line in lines], ["1", "2"])


class Owed(unittest.TestCase):
    thing = owed.Thing("kernels of `map`", "", "run", ("kernel/map/",), "now", lambda report, row: report["families"]["map"])

    def reason(self, *statuses, then="now"):
        report = {"families": {"map": then}, "rows": [
            {"id": f"kernel/map/T/{i}", "status": status, "covers": ""} for i, status in enumerate(statuses)]}
        return owed.reason(self.thing, {"gpu-x.json": report})

    def test_reasons(self):
        self.assertEqual(self.reason("ok", "ok"), "")
        self.assertEqual(self.reason(), "never run")
        self.assertEqual(self.reason("skipped"), "never run")
        self.assertEqual(self.reason("ok", then="before"), "changed since gpu-x.json")
        self.assertEqual(self.reason("ok", "failed"), "fails in gpu-x.json")
        self.assertEqual(self.reason("ok", "pending"), "in part in gpu-x.json")

    def test_page(self):
        text = "by hand\n" + owed.MARKER + "old"
        new = owed.page(text, {})
        self.assertTrue(new.startswith("by hand\n" + owed.MARKER))
        self.assertNotIn("old", new)
        self.assertIn("| kernels of `gemm` |  | never run |", new)
        self.assertEqual(owed.page(new, {}), new)

    def test_reports_of_the_emulated_driver_do_not_count(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, tiny, device in (("a", False, "NVIDIA H100"), ("b", True, "NVIDIA H100"),
                                       ("c", False, "Ingot emulated sm_90")):
                Path(folder, f"gpu-{name}.json").write_text(json.dumps({"tiny": tiny, "device": {"name": device}}))
            self.assertEqual(list(owed.reports(Path(folder))), ["gpu-a.json"])


class Reports(unittest.TestCase):
    def rows(self):
        def row(name, part, status="ok", reason="", **value):
            return {"id": name, "part": part, "status": status, "reason": reason, "value": value or None, "covers": "",
                    "device": "GPU", "seconds": 1}
        point = next(point for point in shapes.points() if point.id == "base-ffn/bf16/128")
        what = shapes.BENCHED[point.name]
        return [row("ceiling/copy", "bench", gbytes_per_s=3000.0, ms=1), row("ceiling/product/bf16", "bench", tflops=800.0),
                row("time/base-ffn/bf16/128", "bench", ms=0.02, flops=what.flops(128), bytes=what.bytes(128, 2)),
                row("time/base-ffn/bf16/1", "bench", "pending", "no time"),
                row("peer/cublaslt/base-ffn/bf16/128", "peers", ms=0.01, settings="best", version=1),
                row("peer/torch/base-ffn/bf16/128", "peers", ms=0.015, settings="graph", version="2.11"),
                row("kernel/map/Map.Odd/map<4>#12", "proof", largest=1e-7),
                row("kernel/map/Map.Odd/map<2>#13", "proof", "failed", "y: differs"),
                row("model/bert/f32", "proof", largest=1e-6),
                row("memcheck/kernel/map/Map.Odd/map<4>#12", "sanitize", launches=1)]

    def test_lines(self):
        line = next(line for line in times.lines(self.rows()) if line["row"]["status"] == "ok")
        self.assertEqual((line["best"], line["ratio"], line["ceiling"]), ("cublaslt", 0.5, "memory"))
        self.assertAlmostEqual(line["of_ceiling"], shapes.BENCHED["base-ffn"].bytes(128, 2) / 3e12 / 2e-5)

    def test_files(self):
        head = {"device": {"name": "GPU", "architecture": "sm_90", "multiprocessors": 132, "memory_bytes": 80 << 30,
                           "driver": 13000}, "date": "", "commit": "", "target": "sm_90a", "command": "", "tiny": False}
        with tempfile.TemporaryDirectory() as folder:
            results = rows.Results(folder)
            for row in self.rows():
                results.add(**row)
            report.write(Path(folder), head, results)
            text = Path(folder, "report.md").read_text()
            for part in ("| map/Map.Odd | 2 | 1 | 1e-07 | 1 x y: differs |", "0.50 (cublaslt)", "no time", "| memcheck | 1 |"):
                self.assertIn(part, text)
            for name in "ceiling.svg", "peers.svg":
                xml.dom.minidom.parse(str(Path(folder, name)))
            self.assertIn("0.50, cublaslt", Path(folder, "peers.svg").read_text())

    def test_what_a_sanitizer_found(self):
        clean = "========= COMPUTE-SANITIZER\n========= ERROR SUMMARY: 0 errors\n"
        self.assertEqual(sanitize.summary(clean), "")
        found = sanitize.summary("========= Invalid __global__ write of size 4 bytes\n=========     at k+0x10\n")
        self.assertIn("Invalid __global__ write", found)


class Structs(unittest.TestCase):
    def test_sizes_are_those_of_the_header(self):
        structs = {"tensor": runtime.Tensor, "device_options": runtime.DeviceOptions, "device_info": runtime.DeviceInfo,
                   "session_options": runtime.SessionOptions, "entry_info": runtime.EntryInfo,
                   "tensor_info": runtime.TensorInfo, "dim": runtime.Dim, "memory": runtime.Memory}
        sizes = "".join(f'printf("%zu\\n", sizeof(ingot_{name}));' for name in structs)
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "sizes")
            source = f'#include <stdio.h>\n#include "ingot/ingot.h"\nint main(void) {{ {sizes} }}'
            subprocess.run(["cc", "-I", covers.ROOT / "runtime" / "include", "-x", "c", "-", "-o", program], input=source,
                           text=True, check=True)
            found = subprocess.run([program], check=True, capture_output=True, text=True).stdout.split()
        self.assertEqual([int(size) for size in found], [ctypes.sizeof(struct) for struct in structs.values()])


class Tuning(unittest.TestCase):
    linear = next(linear for linear in tuned.linears() if linear.id == "f32/3072x768")
    half = next(linear for linear in tuned.linears() if linear.id == "bf16/3072x768")

    def test_linears_are_told_apart(self):
        ids = [linear.id for linear in tuned.linears()]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertIn("bf16/4096x14336", ids)

    def test_tiles(self):
        times = {4: {"64": 1}, 16: {"64": 1, "128": 2}, 256: {"64": 3, "128": 2}, 512: {"64": 5, "128": 4}}
        rule = tuned.rule("sm_80", self.linear, (3072, 768), times)
        self.assertEqual(rule, {"type": "f32", "n": 3072, "k": 768, "tile128_from": 256})
        # One that is a little slower in between does not end a range.
        times[384] = {"64": 4.0, "128": 4.1}
        self.assertEqual(tuned.rule("sm_80", self.linear, (3072, 768), times)["tile128_from"], 256)
        slow = {rows: {"64": 1, "128": 2} for rows in (16, 256)}
        self.assertIsNone(tuned.rule("sm_80", self.linear, (3072, 768), slow)["tile128_from"])

    def test_library(self):
        times = {4: {"64": 1, "cublaslt": 2}, 16: {"64": 1, "128": 2, "cublaslt": 2},
                 256: {"64": 3, "128": 2, "cublaslt": 2.5}, 512: {"64": 5, "128": 4, "cublaslt": 3}}
        rule = tuned.rule("sm_80", self.linear, (3072, 768), times)
        self.assertEqual((rule["tile128_from"], rule["cublaslt_from"]), (256, 512))
        never = {rows: {**of, "cublaslt": 9} for rows, of in times.items()}
        self.assertIsNone(tuned.rule("sm_80", self.linear, (3072, 768), never)["cublaslt_from"])
        always = {rows: {**of, "cublaslt": 0.5} for rows, of in times.items()}
        self.assertEqual(tuned.rule("sm_80", self.linear, (3072, 768), always)["cublaslt_from"], 4)
        del always[4]["cublaslt"]
        self.assertNotIn("cublaslt_from", tuned.rule("sm_80", self.linear, (3072, 768), always))

    def test_hopper(self):
        names = tuned.variants("sm_90a", "bf16")
        self.assertEqual(list(tuned.variants("sm_90a", "f32")), ["64", "128"])
        self.assertEqual(list(names), ["64", "96", "128", "192", "256", "64 in turns", "96 in turns", "128 in turns",
                                       "256 in pairs"])
        self.assertEqual(list(tuned.variants("sm_90a", "tf32")), ["64", "96", "128", "192", "256"])
        self.assertEqual(names["96 in turns"], {"tiles": [["96 in turns"]]})
        wave = {"64": 4000, "96": 5000, "128": 5300, "192": 7500, "256": 11000, **dict.fromkeys(list(names)[5:], 12000)}

        def ms(name, rows):  # 1000 ns beside the waves
            tiles = -(-rows // 128) * -(-3072 // int(name.split()[0]))
            return (1000 + -(-tiles // 132) * wave[name]) / 1e6
        times = {rows: {name: ms(name, rows) for name in names} for rows in (16, 256, 512, 1024, 4096, 8192)}
        rule = tuned.rule("sm_90a", self.half, (3072, 768), times)
        self.assertEqual(rule["tiles"], [[64, 1000, 4000], [96, 1000, 5000], [192, 1000, 7500]])
        wave["128 in turns"] = 4800
        times = {rows: {name: ms(name, rows) for name in names} for rows in (16, 256, 512, 1024, 4096, 8192)}
        rule = tuned.rule("sm_90a", self.half, (3072, 768), times)
        self.assertEqual(rule["tiles"], [[64, 1000, 4000], ["128 in turns", 1000, 4800], [192, 1000, 7500]])
        # One width that is best everywhere is alone; of one number of waves the whole is the wave's.
        times = {rows: {**dict.fromkeys(names, 9e-3), "96": 5e-3} for rows in (16, 256)}
        self.assertEqual(tuned.rule("sm_90a", self.half, (3072, 768), times)["tiles"], [[96, 0, 5000]])

    def test_the_other_product_does_not_count(self):
        self.assertEqual(tune.alone({"ms": {"64": 5, "128": 4, "cublaslt": 2}, "other_ms": 3}),
                         {"64": 2, "128": 1, "cublaslt": 0.02})
        times = [("linear_bf16_k768_n3072", 3.0), ("linear_bf16_k3072_n768", 1.0), ("reduce_f32", 1.0)] * 2
        self.assertEqual(timing.share_of(self.half.kernel(), times), 0.6)
        self.assertRaises(rows.Wrong, timing.share_of, "_k64_n64", times)
        for linear in tuned.linears():
            pair = shapes.BENCHED[linear.pair]
            names = [f"_k{pair.inner}_n{pair.middle}", f"_k{pair.kept}_n{pair.inner}"]
            self.assertEqual([linear.kernel() in name for name in names].count(True), 1, linear)

    def test_whose_record(self):
        self.assertEqual(tuned.architecture("sm_90a", "sm_90"), "sm_90a")
        self.assertEqual(tuned.architecture("sm_80", "sm_86"), "sm_86")
        for target, device in ("sm_80", "sm_90"), ("sm_90a", "sm_100"), ("sm_80", "sm_87"):
            self.assertRaises(rows.Skip, tuned.architecture, target, device)

    def test_only_what_is_done_has_a_rule(self):
        def row(count, status, ms):
            return {"id": f"tune/{self.linear.id}/{count}", "status": status, "value": {"ms": ms, "other_ms": 0}}
        of = [row(count, "ok", {"64": 2, "128": 1} if count > 8 else {"64": 1}) for count in tuned.ROWS]
        self.assertEqual([rule["tile128_from"] for rule in tune.rules(of, "sm_80", False)], [16])
        for end in (of[:-1], [*of[:-1], row(tuned.ROWS[-1], "pending", {})], [*of[:-1], row(tuned.ROWS[-1], "failed", {})]):
            self.assertEqual(list(tune.rules(end, "sm_80", False)), [])


class Workers(unittest.TestCase):
    """A process that is lost costs one row, whose reason says so."""

    MODULE = """
import os, time
def end(context, status): os._exit(status)
def sleep(context): time.sleep(60)
def greet(context, name): return f"{context.device} {name}"
"""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        Path(folder.name, "deeds.py").write_text(self.MODULE)
        environment = unittest.mock.patch.dict(os.environ, PYTHONPATH=folder.name)
        environment.start()
        self.addCleanup(environment.stop)
        self.worker = worker.Worker("emulated", "/nowhere", subprocess.DEVNULL)
        self.addCleanup(self.worker.close)

    def test_ends(self):
        self.assertEqual(self.worker.ask("deeds", "greet", name="x"), "emulated x")
        first = self.worker.process.pid
        with self.assertRaisesRegex(RuntimeError, "ModuleNotFoundError"):
            self.worker.ask("no_such_module", "x")
        with self.assertRaisesRegex(RuntimeError, "unexpected keyword"):
            self.worker.ask("deeds", "greet", other="x")
        self.assertEqual(self.worker.process.pid, first)
        with self.assertRaisesRegex(RuntimeError, "ended with 3"):
            self.worker.ask("deeds", "end", status=3)
        self.assertEqual(self.worker.ask("deeds", "greet", name="y"), "emulated y")
        self.assertNotEqual(self.worker.process.pid, first)

    def test_time(self):
        with self.assertRaisesRegex(RuntimeError, "after 1 s"):
            self.worker.ask("deeds", "sleep", seconds=1)
        self.worker.left = lambda: 0
        with unittest.mock.patch.object(worker, "LEAST_SECONDS", 1), self.assertRaisesRegex(rows.OutOfTime, "cut off"):
            self.worker.ask("deeds", "sleep", seconds=30)


@unittest.skipUnless(importlib.util.find_spec("torch"), "no PyTorch")
class TorchPeers(unittest.TestCase):
    """What PyTorch is given, on the CPU: the shapes that Ingot has."""

    def test_shapes(self):
        import torch
        import torch_peers

        with torch.no_grad():
            for name, what in shapes.BENCHED.items():
                tiny = what.tiny()
                if name in shapes.PAIRS:
                    y = torch_peers.make_pair(torch, tiny, 3, torch.bfloat16, "cpu")()
                    self.assertEqual(y.shape, (3, tiny.inner))
                elif name in shapes.ATTENTIONS:
                    y = torch_peers.make_attention(torch, tiny, 2, 1, 7, torch.float32, "cpu")()
                    self.assertEqual(y.shape, (2, tiny.heads, 1, tiny.depth))
                else:
                    block = torch_peers.Block(torch, tiny, torch.float32, "cpu")
                    y = block(*torch_peers.model_inputs(torch, tiny, 2, 9, torch.float32, "cpu"))
                    self.assertEqual(y.shape, (2, tiny.tokens(9), tiny.hidden))
                    self.assertTrue(torch.isfinite(y).all())


class Packs(unittest.TestCase):
    def test_best_image(self):
        for archs, capability, expected in ((["sm_80", "compute_80"], (8, 6), "sm_80"),
                                            (["sm_80", "compute_80"], (9, 0), "compute_80"),
                                            (["sm_90a", "sm_90"], (9, 0), "sm_90a"), (["sm_90a"], (10, 0), None),
                                            (["sm_89"], (8, 6), None), (["sm_80", "sm_86"], (8, 9), "sm_86")):
            self.assertEqual(packs.best(archs, capability), expected)

    def test_headers(self):
        self.assertIn("vocabulary.cuh", covers.header_closure("map.cuh"))
        self.assertNotIn("gemm.cuh", covers.header_closure("map.cuh"))
        self.assertNotEqual(covers.of_stub(STUB), covers.of_stub(STUB.replace("256", "128")))


if __name__ == "__main__":
    unittest.main()
