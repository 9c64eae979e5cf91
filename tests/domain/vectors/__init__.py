"""Expected values that do not come from this code, and wire forms that must never change."""

import json
from pathlib import Path
from typing import Any


def load(name: str) -> Any:
    """The vectors in `name`.json."""
    return json.loads((Path(__file__).parent / f"{name}.json").read_text())
