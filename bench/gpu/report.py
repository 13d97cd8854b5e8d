"""rows.jsonl as report.json and report.md."""
import json
from collections import Counter

import peers
import plots
import sanitize
import times
import tune
from rows import FAILED, OK, PENDING, SKIPPED


def summary_line(part, results):
    counts = Counter(row["status"] for row in results.rows.values() if row["part"] == part)
    return f"{part}: " + ", ".join(f"{counts[status]} {status}" for status in (OK, FAILED, SKIPPED, PENDING))


def number(value):
    return f"{value:.2g}" if isinstance(value, float) else str(value)


def shown(row):
    if row["status"] != OK:
        return row["reason"].replace("|", "\\|").replace("\n", " ")
    value = row["value"] or {}
    return ", ".join(f"{key} {number(entry)}" for key, entry in value.items() if not isinstance(entry, (dict, list)))


def proof_tables(rows, every):
    """Kernels by test and template, models, behaviour; failures in full, what agrees in short."""
    kernels = [row for row in rows if row["id"].startswith("kernel/")]
    if kernels:
        yield "\n## Kernels: device and emulator\n"
        yield "Largest difference of any output, of its largest magnitude, over all instances of a test.\n"
        yield "| test | instances | ok | largest difference | not ok |"
        yield "| --- | --- | --- | --- | --- |"
        groups = {}
        for row in kernels:
            groups.setdefault("/".join(row["id"].split("/")[1:-1]), []).append(row)
        for test, members in sorted(groups.items()):
            good = [row for row in members if row["status"] == OK]
            largest = max((row["value"]["largest"] for row in good), default=None)
            reasons = Counter(row["reason"][:120] for row in members if row["status"] != OK)
            bad = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common(3)).replace("|", "\\|")
            yield f"| {test} | {len(members)} | {len(good)} | {'-' if largest is None else f'{largest:.2g}'} | {bad} |"
    for kind, title in (("model/", "Models: device and framework"), ("cublaslt/", "Models by cuBLASLt: device and framework"),
                        ("behaviour/", "What a product relies on")):
        if found := [row for row in rows if row["id"].startswith(kind)]:
            yield f"\n## {title}\n"
            yield "| row | | |"
            yield "| --- | --- | --- |"
            for row in found:
                yield f"| {row['id'].removeprefix(kind)} | {row['status']} | {shown(row)} |"


TABLES = {"proof": proof_tables, "sanitize": sanitize.tables, "tune": tune.tables, "bench": times.tables, "peers": peers.tables}


def markdown(head, rows):
    device = head["device"]
    yield f"# {device['name']}\n"
    yield (f"{head['date']}; {device['architecture']}, {device['multiprocessors']} multiprocessors, "
           f"{device['memory_bytes'] / 2**30:.0f} GiB, driver {device['driver']}; commit {head['commit']}, target "
           f"{head['target']}; `{head['command']}`")
    if head["tiny"]:
        yield "\n**A rehearsal:** small stand-ins on the emulated driver, which has no times. It shows that the rows are there."
    counts = Counter((row["part"], row["status"]) for row in rows)
    yield "\n| part | ok | failed | not measured, by a reason | not reached |"
    yield "| --- | --- | --- | --- | --- |"
    for part in dict.fromkeys(row["part"] for row in rows):
        yield f"| {part} | " + " | ".join(str(counts[part, status]) for status in (OK, FAILED, SKIPPED, PENDING)) + " |"
    for part in dict.fromkeys(row["part"] for row in rows):
        yield from TABLES[part]([row for row in rows if row["part"] == part], rows)


def write(folder, head, results):
    rows = list(results.rows.values())
    (folder / "report.json").write_text(json.dumps({**head, "rows": rows}, indent=1) + "\n")
    (folder / "report.md").write_text("\n".join(markdown(head, rows)) + "\n")
    plots.write(folder, head, rows)
