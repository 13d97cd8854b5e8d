"""compute-sanitizer over one launch of each kernel instance, and one model: nothing may be found."""
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import shapes
from rows import Row, Skip, Wrong

TOOLS = ("memcheck", "racecheck", "initcheck", "synccheck")
PATHS = ("compute-sanitizer", "/usr/local/cuda/bin/compute-sanitizer",
         "/usr/local/cuda/compute-sanitizer/compute-sanitizer")
REFUSALS = ("Device not supported", "not supported on this device", "Unable to", "Failed to initialize")


def find_tool():
    return next(filter(None, map(shutil.which, PATHS)), None)


class Watched:
    """A worker under one tool. What the tool writes while a row runs is the row's."""

    def __init__(self, tool, make_worker, folder, is_emulated):
        self.tool, self.folder, self.at, self.refusal = tool, folder, 0, ""
        handle, path = tempfile.mkstemp(prefix=f"sanitizer-{tool}-")
        os.close(handle)
        self.log = Path(path)
        program = find_tool()
        if is_emulated:
            self.worker = make_worker()  # the emulated driver checks by itself
        elif program:
            self.worker = make_worker((program, "--tool", tool, "--log-file", str(self.log), "--print-limit", "20"))
        else:
            self.worker, self.refusal = None, "no compute-sanitizer: not on the PATH nor in /usr/local/cuda"

    def new(self):
        text = self.log.read_text(errors="replace")
        found, self.at = text[self.at:], len(text)
        return found

    def ask(self, module, do, **request):
        if self.refusal:
            raise Skip(self.refusal)
        try:
            value = self.worker.ask(module, do, seconds=300, **request)
        except RuntimeError as error:
            found = self.new()
            if refused := next((line for line in found.splitlines() if any(word in line for word in REFUSALS)), None):
                self.refusal = f"{self.tool} is refused here: {refused.strip('= ')}"
                raise Skip(self.refusal) from error
            raise Wrong(f"{error}; {summary(found)}") from error
        if errors := summary(self.new()):
            raise Wrong(errors)
        return value

    def close(self):
        """What shows at the end only."""
        if self.worker:
            self.worker.close()
        left = summary(self.new())
        with (self.folder / "log.txt").open("a") as log:
            log.write(f"compute-sanitizer, {self.tool}:\n{self.log.read_text(errors='replace')}\n")
        self.log.unlink()
        return left


def summary(text):
    """The first finding of a tool's output, and how many: "" where there is none."""
    found = [line.strip("= ") for line in text.splitlines()
             if re.match(r"=+ (?!COMPUTE-SANITIZER|ERROR SUMMARY: 0|RACECHECK SUMMARY: 0|Target application|$)\S", line)]
    return f"{len(found)} lines, the first: {found[0]}" if found else ""


def rows(pack, watched):
    tool = watched.tool
    for instance in pack.instances:
        def run(instance=instance):
            if not instance.archs and not pack.manifest["tiny"]:
                raise Skip(instance.failure)
            return watched.ask("checks", "watched", stub=instance.stub, archs=instance.archs, launches=instance.launches)
        yield Row(f"{tool}/kernel/{instance.id}", instance.covers, run, seconds=1)
    yield from pack.left_rows(f"{tool}/kernel")
    if pack.models:
        model = next(model for model in pack.models if model["name"] == shapes.EVERY_PRECISION and model["carried"])

        def whole():
            return watched.ask("checks", "model", name=model["name"], precision=model["precision"])
        yield Row(f"{tool}/model/{model['name']}", model["covers"], whole, seconds=30)


def version():
    program = find_tool()
    done = subprocess.run([program, "--version"], capture_output=True, text=True) if program else None
    return {"version": done.stdout.strip().splitlines()[-1] if done and done.stdout.strip() else "none"}


def run(part, pack, make_worker):
    end, part_seconds = part.seconds, part.seconds
    for number, tool in enumerate(TOOLS):
        # A share of the time for each, so that the last has some.
        part.seconds = end - part_seconds * (len(TOOLS) - 1 - number) / len(TOOLS)
        watched = Watched(tool, make_worker, part.results.path.parent, part.device.startswith("Ingot emulated"))
        left = ""
        if watched.worker:
            watched.worker.left = part.left
        try:
            part.run(rows(pack, watched))
        finally:
            left = watched.close()

        def finish(left=left, refusal=watched.refusal):
            if refusal:
                raise Skip(refusal)
            if left:
                raise Wrong(left)
            return version()
        part.run([Row(f"{tool}/end", tool, finish, seconds=0)])
    part.seconds = end


def tables(rows_, every):
    yield "\n## Memory checks\n"
    yield "| tool | clean | not clean or not run |"
    yield "| --- | --- | --- |"
    for tool in TOOLS:
        of = [row for row in rows_ if row["id"].startswith(f"{tool}/")]
        reasons = {}
        for row in of:
            if row["status"] != "ok":
                reasons.setdefault(row["reason"][:160], []).append(row["id"])
        bad = "; ".join(f"{len(ids)} x {reason} ({ids[0]})" for reason, ids in reasons.items()).replace("|", "\\|")
        yield f"| {tool} | {sum(row['status'] == 'ok' for row in of)} | {bad} |"
