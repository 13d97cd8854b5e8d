"""The demo's model for tests, which are skipped where it cannot be downloaded: e2e.demo fails for that where it has to."""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples"))
import demo  # noqa: E402


def get_model_and_folder(folder):
    """The model's path, and `folder`, made. Ends the process with exit code 77 without a download."""
    try:
        model = demo.get_model(ROOT / "build" / "downloads")
    except SystemExit as refused:
        sys.exit(77 if refused.code == demo.OFFLINE else refused.code)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return model, folder
