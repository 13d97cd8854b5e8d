"""Tables of times: each line beside the ceiling and the best peer."""
import shapes
from rows import OK

OURS = "ingot-cublaslt"  # our artifact with the library's products, beside peers but none: what it would win by taking them


def values(rows, prefix):
    return {row["id"].removeprefix(prefix): row["value"] for row in rows
            if row["id"].startswith(prefix) and row["status"] == OK}


def floor_ms(value, precision, ceilings):
    """The least time by the ceilings of the same run, and which one: None where they are not known."""
    product, copy = ceilings.get(f"product/{precision}"), ceilings.get("copy")
    times = [(value["flops"] / product["tflops"] * 1e-9, "products")] if product else []
    times += [(value["bytes"] / copy["gbytes_per_s"] * 1e-6, "memory")] if copy else []
    return max(times) if product and copy else None


def peers_of(rows, point):
    """{peer: value} of one line, where they were measured."""
    prefix = "peer/"
    return {row["id"].removeprefix(prefix).partition("/")[0]: row["value"] for row in rows
            if row["status"] == OK and row["id"].startswith(prefix)
            and row["id"].removeprefix(prefix).partition("/")[2] == point.id}


def lines(rows):
    """Of each point: its row, fraction of the ceiling with its name, ratio to the best peer with its name."""
    ceilings = values(rows, "ceiling/")
    found = {row["id"]: row for row in rows}
    for point in shapes.points():
        row = found.get(f"time/{point.id}")
        if not row:
            continue
        entry = {"point": point, "row": row, "peers": peers_of(rows, point)}
        if row["status"] == OK:
            floor = floor_ms(row["value"], point.precision, ceilings)
            if floor:
                entry["of_ceiling"], entry["ceiling"] = floor[0] / row["value"]["ms"], floor[1]
            others = [peer for peer in entry["peers"] if peer != OURS]
            if others:
                best = min(others, key=lambda peer: entry["peers"][peer]["ms"])
                entry["best"], entry["ratio"] = best, entry["peers"][best]["ms"] / row["value"]["ms"]
        yield entry


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def tables(rows, every):
    ceilings = [row for row in rows if row["id"].startswith("ceiling/")]
    if ceilings:
        yield "\n## Ceilings of the same run\n"
        yield "| what | | clock |"
        yield "| --- | --- | --- |"
        for row in ceilings:
            value = row["value"] or {}
            what = (cell(row["reason"]) if row["status"] != OK else
                    f"{value['gbytes_per_s']:.0f} GB/s, read and written" if "gbytes_per_s" in value
                    else f"{value['tflops']:.0f} TFLOP/s")
            yield f"| {row['id'].removeprefix('ceiling/')} | {what} | {value.get('sm_mhz', '-')} MHz |"
    if host := [row for row in rows if row["id"].startswith("host/")]:
        yield "\n## Host, 1x128 in bf16, tensors on the GPU\n"
        yield "| model | load to ready, ms | first run, ms | a run, ms | on the GPU, ms | host's, us |"
        yield "| --- | --- | --- | --- | --- | --- |"
        for row in host:
            name, value = row["id"].removeprefix("host/"), row["value"]
            numbers = (f"{value['load_ms']:.1f} | {value['first_run_ms']:.2f} | {value['run_ms']:.3f} "
                       f"| {value['device_ms']:.3f} | {value['host_us']:.0f}" if row["status"] == OK
                       else f"{cell(row['reason'])} | | | |")
            yield f"| {name} | {numbers} |"
    titles = {shapes.Pair: "Pairs of products, by rows", shapes.Attention: "Attention, batch x length or 1 x 1 x keys",
              shapes.Model: "Models, batch x sequence"}
    all_lines = list(lines(every))
    for kind, title in titles.items():
        of_kind = [line for line in all_lines if isinstance(shapes.BENCHED[line["point"].name], kind)]
        if not of_kind:
            continue
        yield f"\n## {title}\n"
        yield "| what | us | TFLOP/s | of the ceiling | to the best peer | |"
        yield "| --- | --- | --- | --- | --- | --- |"
        for line in of_kind:
            yield f"| {line['point'].id} | {shown(line)} |"

    if streamed := [row for row in rows if row["id"].startswith("stream/")]:
        copy = values(every, "ceiling/").get("copy")
        yield "\n## Quantized weights: kernels alone\n"
        yield ("Weight and scales, columns x K, rows x columns of a block x units at a time, rows; bytes of weights, scales and values "
               "once, beside a copy's rate.\n")
        yield "| what | us | TFLOP/s | GB/s | of a copy |"
        yield "| --- | --- | --- | --- | --- |"
        for row in streamed:
            yield f"| {row['id'].removeprefix('stream/')} | {shown_stream(row, copy)} |"

    if steps := [row for row in rows if row["id"].startswith("steps/")]:
        yield "\n## Where a model's time goes\n"
        yield ("Steps one by one, us a run: each is launched by itself, which adds some 2 us to it, so that all together take longer "
               "than the model above.\n")
        yield "| model | all | kernels, times, us together |"
        yield "| --- | --- | --- |"
        for row in steps:
            yield f"| {row['id'].removeprefix('steps/')} | {shown_steps(row)} |"


def shown_stream(row, copy):
    if row["status"] != OK:
        return f"{cell(row['reason'])} | | |"
    value = row["value"]
    rate = value["bytes"] / value["ms"] * 1e-6
    share = f"{rate / copy['gbytes_per_s']:.0%}" if copy else "-"
    return f"{value['ms'] * 1e3:.1f} | {value['flops'] / value['ms'] * 1e-9:.1f} | {rate:.0f} | {share}"


def shown_steps(row):
    if row["status"] != OK:
        return f"| {cell(row['reason'])}"
    entries = row["value"]["steps"]
    each = (f"{entry['kernel']} x {entry['count']} {entry['us']:.0f}" for entry in entries)
    return f"{sum(entry['us'] for entry in entries):.0f} | {'; '.join(each)}"


def shown(line):
    row = line["row"]
    if row["status"] != OK:
        return f"{cell(row['reason'])} | | | |"
    value = row["value"]
    ceiling = f"{line['of_ceiling']:.0%} ({line['ceiling']})" if "of_ceiling" in line else "-"
    ratio = f"{line['ratio']:.2f} ({line['best']})" if "ratio" in line else "-"
    peers = ", ".join(f"{peer} {of['ms'] * 1e3:.1f}" for peer, of in sorted(line["peers"].items()))
    return f"{value['ms'] * 1e3:.1f} | {value['flops'] / value['ms'] * 1e-9:.1f} | {ceiling} | {ratio} | {peers}"
