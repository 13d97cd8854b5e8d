"""What Ingot does on a GPU: proof, memory checks, a tuning record, times, peers; see docs/gpu.md.

    bench/gpu/run.sh [--only=proof,sanitize,tune,bench,peers] [--pack FILE] [--out DIR] [--resume rows.jsonl]
    bench/gpu/run.sh --device=emulated --tiny       the rehearsal: no GPU

Results are written row by row to DIR/rows.jsonl, then report.md, report.json and plots. A part ends after --minutes;
called again with the same DIR, or with --resume, it goes on. Exit code 1: a row failed.
"""
import argparse
import datetime
import json
import os
import shutil
import sys
import tarfile
from pathlib import Path

import bench
import covers
import library
import peers
import proof
import report
import sanitize
import tune
from packs import Pack, emulated_device
from rows import FAILED, Part, Results, content_hash
from worker import Worker

ROOT = Path(__file__).resolve().parents[2]
PARTS = {"proof": proof.run, "sanitize": sanitize.run, "tune": tune.run, "bench": bench.run, "peers": peers.run}


def parse_options():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--only", help=f"of {', '.join(PARTS)}, with commas between; all, in this order, without")
    parser.add_argument("--device", default="cuda:0", help="cuda:N or emulated")
    parser.add_argument("--tiny", action="store_true", help="small sizes only, for the rehearsal")
    parser.add_argument("--pack", type=Path, help="of bench/gpu/pack, the file or the unpacked folder")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "gpu-results")
    parser.add_argument("--resume", type=Path, help="rows.jsonl of an earlier run, not to repeat what it has")
    parser.add_argument("--minutes", type=float, default=9, help="of each part")
    parser.add_argument("--rows", default="", help="parts of ids, with commas between: those alone")
    options = parser.parse_args()
    wanted = options.only.split(",") if options.only else list(PARTS)
    if unknown := [name for name in wanted if name not in PARTS]:
        parser.error(f"no part {unknown[0]}: {', '.join(PARTS)}")
    if options.device.startswith("emulated") and "INGOT_EMULATOR_LIBRARY" not in os.environ:
        os.environ["INGOT_EMULATOR_LIBRARY"] = str(ROOT / "build" / "release" / "lib" / "libingot_emulator.so")
    if path := next(filter(os.path.exists, library.paths(options.device.startswith("emulated"))), None):
        os.environ.setdefault("INGOT_CUBLASLT", path)  # the one that is measured beside ours
    return options, wanted


def unpack(options):
    path = options.pack or ROOT / "build" / "gpu-pack.tar.xz"
    if not path.exists():
        sys.exit(f"run: no {path}: bench/gpu/pack makes it, --pack names another")
    if path.is_dir():
        return Pack(path)
    folder = ROOT / "build" / "gpu-unpacked" / content_hash(path.resolve())
    stamp = f"{path.resolve()} {path.stat().st_size} {path.stat().st_mtime_ns}"
    mark = folder / "stamp"
    if not mark.exists() or mark.read_text() != stamp:
        shutil.rmtree(folder, ignore_errors=True)
        with tarfile.open(path) as tar:
            tar.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
        mark.write_text(stamp)
    return Pack(folder / "pack")


def main():
    options, wanted = parse_options()
    pack = unpack(options)
    if options.device.startswith("emulated"):  # the GPU that the pack is for
        os.environ.setdefault("INGOT_EMULATOR", emulated_device(pack.manifest["target"]))
    if pack.manifest["families"] != {family: covers.of_family(family) for family in covers.families()}:
        sys.exit(f"run: the pack, of commit {pack.manifest['commit']}, is of other kernels than this checkout: check that "
                 "one out, or make the pack anew")
    results = Results(options.out, options.resume)
    log = (options.out / "log.txt").open("a")

    def make_worker(prefix=()):
        return Worker(options.device, pack.folder, log, prefix)

    try:
        worker = make_worker()
        device = worker.ask("checks", "describe")
        worker.close()
    except RuntimeError as error:
        sys.exit(f"run: {options.device} cannot be used: {error}\nSee {options.out}/log.txt.")
    print(f"{device['name']} ({device['architecture']}), driver {device['driver']}; pack of commit "
          f"{pack.manifest['commit']}", flush=True)
    head = {"device": device, "date": datetime.date.today().isoformat(), "commit": pack.manifest["commit"],
            "target": pack.manifest["target"], "families": pack.manifest["families"], "tiny": options.tiny, "command": " ".join(["bench/gpu/run.sh", *sys.argv[1:]])}
    for name in wanted:
        part = Part(name, results, device["name"], options.tiny, options.minutes * 60, options.rows)
        try:
            PARTS[name](part, pack, make_worker)
        finally:
            report.write(options.out, head, results)
        print(report.summary_line(name, results), flush=True)
    failed = [row["id"] for row in results.rows.values() if row["status"] == FAILED]
    print(f"{options.out}/report.md", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
