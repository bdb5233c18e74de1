"""Records the public surface of this checkout as that of medai's minor version, after an addition: `make surface`.

What is recorded must stay, in this version's record and in those of all earlier ones; `--replace` records a loss too, which only a version
that is not released yet may suffer.
"""

from __future__ import annotations

import argparse
import json
import sys

from medai import __version__
from medai_sdk.surface import difference, present
from medai_sdk.surface.records import RECORDS, minor, text_of


def main() -> None:
    """Compare with the record, and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replace", action="store_true", help="record what is lost too")
    replace = parser.parse_args().replace
    path, now = RECORDS / f"{minor(__version__)}.json", present()
    recorded = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    found = difference(recorded, now, released=False)
    print(
        "\n".join([*(f"breaks {line}" for line in found.breaks), *(f"new {line}" for line in found.added)])
        or "nothing differs from the record"
    )
    if found.breaks and not replace:
        sys.exit("the recorded interface must stay (before its release: tools/surface.py --replace)")
    path.write_text(text_of(now), encoding="utf-8")


if __name__ == "__main__":
    main()
