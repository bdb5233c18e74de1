"""Names of the files that answers are written to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medai.tasks import Sample


def picture_of(sample: Sample[Any, Any]) -> str:
    """The name of the one file that a case was read from; empty where there is none, or it may not be said: a DICOM file's name repeats
    from folder to folder, or is a patient's."""
    origin = sample.origin
    if origin is None or len(origin.files) != 1 or origin.attributes:  # DICOM alone has attributes of a header
        return ""
    return origin.files[0].name


def names_of(cases: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """How each case (id, `picture_of`) is called, and what its files are: both by its picture without the suffix, where no other case has a
    picture of that name, else by its id, of whose signs a file's name has letters, digits, hyphen and underscore."""
    stems = [Path(picture.removesuffix(".gz")).stem for _, picture in cases]
    alike = Counter(stems)
    taken = {stem for stem in stems if stem and alike[stem] == 1}
    names = []
    for (case, _), stem in zip(cases, stems, strict=True):
        if stem in taken:
            names.append((stem, stem))
            continue
        safe = re.sub(r"[^A-Za-z0-9_-]+", "-", case).strip("-") or "case"
        file = safe if safe not in taken else f"{safe}-{len(taken)}"
        taken.add(file)
        names.append((case, file))
    return names
