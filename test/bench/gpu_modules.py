"""The modules of bench/gpu, one by one: what must be found and what must be left alone."""
import json
import sys
import tempfile
import unittest
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "gpu"))
import cases  # noqa: E402
import covers  # noqa: E402
import packs  # noqa: E402
import rows  # noqa: E402

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
