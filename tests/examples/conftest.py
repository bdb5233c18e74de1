"""Lets the tests here import what those of the workspace import."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "workspace"))
