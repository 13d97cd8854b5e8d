"""Rows of a report: each is a value, a failure, or a reason by name; written one by one, so that nothing is lost."""
import hashlib
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

OK, FAILED, SKIPPED, PENDING = "ok", "failed", "skipped", "pending"


class Skip(Exception):
    """A row that cannot be measured here, and why."""


class OutOfTime(Exception):
    """A row that was cut off because the part's time is up."""


class Wrong(Exception):
    """A row that was measured and is not as it must be; may have a value nevertheless."""

    def __init__(self, reason, value=None):
        super().__init__(reason)
        self.value = value


def content_hash(*parts):
    digest = hashlib.sha256()
    for part in parts:
        part = part if isinstance(part, bytes) else str(part).encode()
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:16]


@dataclass
class Row:
    id: str  # "kernel/...", "model/..."; the same in every report
    covers: str  # hash of the code that the row is about
    run: Callable[[], dict]
    seconds: float = 1.0  # to expect on a GPU
    tiny: bool = True  # part of the rehearsal


class Results:
    """FOLDER/rows.jsonl; the last line of an id counts."""

    def __init__(self, folder, resume=None):
        self.path = Path(folder) / "rows.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.rows = {}
        for path in dict.fromkeys([*([Path(resume)] if resume else []), self.path]):
            for line in path.read_text().splitlines() if path.exists() else []:
                self.rows[json.loads(line)["id"]] = json.loads(line)
        self.path.write_text("".join(json.dumps(row) + "\n" for row in self.rows.values()))

    def add(self, **row):
        self.rows[row["id"]] = row
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")

    def has(self, row, device):
        old = self.rows.get(row.id)
        return bool(old and old["status"] in (OK, FAILED) and old["covers"] == row.covers and old["device"] == device)


@dataclass
class Part:
    """Runs rows until its time is up."""
    name: str
    results: Results
    device: str  # its description: rows of another device do not count
    tiny: bool
    seconds: float = 540
    wanted: str = ""  # parts of ids, with commas between
    started: float = field(default_factory=time.monotonic)

    def left(self):
        return self.seconds - (time.monotonic() - self.started)

    def run(self, rows):
        for row in rows:
            if self.wanted and not any(part in row.id for part in self.wanted.split(",")):
                continue
            if not self.results.has(row, self.device):
                self.measure(row)

    def measure(self, row):
        start, value, reason = time.monotonic(), None, ""
        try:
            if self.tiny and not row.tiny:
                raise Skip("the rehearsal has smaller rows of its kind")
            if self.left() < row.seconds:
                status, reason = PENDING, "no time was left: run again, with --resume"
            else:
                value, status = row.run(), OK
        except Skip as skip:
            status, reason = SKIPPED, str(skip)
        except OutOfTime as cut:
            status, reason = PENDING, str(cut)
        except Wrong as wrong:
            status, reason, value = FAILED, str(wrong), wrong.value
        except Exception as error:  # of one row; the others go on
            status, reason = FAILED, f"{type(error).__name__}: {error}"
        if status != OK and not reason:
            raise AssertionError(f"{row.id} is {status} without a reason")
        self.results.add(id=row.id, part=self.name, status=status, reason=reason, value=value, covers=row.covers,
                         device=self.device, seconds=round(time.monotonic() - start, 3))
        if status not in (OK, SKIPPED):
            print(f"{status:8}{row.id}: {reason}", file=sys.stderr, flush=True)
