"""Measures what a tuning record says of linears, and writes one: OUT/sm_XX.json, for `ingot compile --tuning` and
codegen/cuda/tuning. Rows of a linear whose measuring is not done have no rule yet."""
import datetime
import json

import bench
import shapes
import times
import tuned
from rows import OK, SKIPPED, Row, Skip


def rows(worker, pack, device):
    target, is_tiny = pack.manifest["target"], pack.manifest["tiny"]
    changed = bench.code()
    for linear in tuned.linears():
        for count in tuned.ROWS:
            def run(linear=linear, count=count):
                tuned.architecture(target, device["architecture"])
                if is_tiny and not linear.is_tiny:
                    raise Skip("not in a tiny pack")
                if not pack.models:
                    raise Skip("the pack has no models: it was made without NVRTC")
                names = list(tuned.variants(target, linear.precision))
                if count <= tuned.few_rows(linear.precision):
                    names = names[:1]  # the kernel for few rows in all of them
                pair = shapes.BENCHED[linear.pair].tiny() if is_tiny else shapes.BENCHED[linear.pair]
                return worker.ask("timing", "variants", seconds=120, dims={"rows": count}, counted=pair.counted,
                                  linear=linear.kernel(is_tiny),
                                  files={name: linear.file(name) for name in names})
            yield Row(f"tune/{linear.id}/{count}", changed, run, seconds=2, tiny=count in (1, 16))


def alone(value):
    """{kernel: ms} of the linear, without the product beside it; what is nothing within the noise counts as a hundredth
    of the pair's."""
    return {name: max(ms - value["other_ms"], ms / 100) for name, ms in value["ms"].items()}


def rules(rows_, target, is_tiny):
    """Of linears all of whose rows are done, those that are not skipped with values."""
    found = {row["id"]: row for row in rows_}
    for linear in tuned.linears():
        of = {count: found.get(f"tune/{linear.id}/{count}") for count in tuned.ROWS}
        if not all(row and row["status"] in (OK, SKIPPED) for row in of.values()):
            continue
        times = {count: alone(row["value"]) for count, row in of.items() if row["status"] == OK}
        if times:
            yield tuned.rule(target, linear, linear.sizes(is_tiny), times)


def record(rows_, pack, device):
    """None where there is no rule."""
    target, is_tiny = pack.manifest["target"], pack.manifest["tiny"]
    linear = list(rules(rows_, target, is_tiny))
    if not linear:
        return None
    measured = (f"{device['name']}, driver {device['driver']}, bench/gpu/run.sh --only=tune, commit "
                f"{pack.manifest['commit']}, {datetime.date.today().isoformat()}; {len(linear)} of "
                f"{len(list(tuned.linears()))} linears")
    return {"architecture": tuned.architecture(target, device["architecture"]), "measured": measured, "linear": linear}


def text(record_):
    """As codegen/cuda/tuning has it: a rule a line."""
    rules_ = ",\n    ".join(json.dumps(rule) for rule in record_["linear"])
    return (f'{{\n  "architecture": "{record_["architecture"]}",\n  "measured": {json.dumps(record_["measured"])},\n'
            f'  "linear": [\n    {rules_}\n  ]\n}}\n')


def run(part, pack, make_worker):
    worker = make_worker()
    try:
        device = worker.ask("checks", "describe")
        worker.left = part.left
        part.run(rows(worker, pack, device))
    finally:
        worker.close()
    if found := record(part.results.rows.values(), pack, device):
        path = part.results.path.with_name(f"{found['architecture']}.json")
        path.write_text(text(found))
        print(f"{path}: {len(found['linear'])} rules, for ingot compile --tuning", flush=True)


def tables(rows_, every):
    yield "\n## Linears, by kernel\n"
    yield ("us: the time of a pair of products, of which one is by the kernel named, less that of the other, which is as "
           "compiled; the rules that follow are in the record beside this report.\n")
    yield "| linear | rows | |"
    yield "| --- | --- | --- |"
    for row in rows_:
        linear, _, count = row["id"].removeprefix("tune/").rpartition("/")
        shown = row["reason"]
        if row["status"] == OK:
            shown = ", ".join(f"{name} {ms * 1e3:.1f}" for name, ms in alone(row["value"]).items())
            shown += f"; {row['value']['without']}" if row["value"]["without"] else ""
        yield f"| {linear} | {count} | {times.cell(shown)} |"
