"""Reading and writing images: DICOM, NIfTI, NRRD, MetaImage, MATLAB, NumPy, PNG, JPEG and TIFF, in physical units with their place in
the patient; rows of CSV tables and sequences of FASTA files.

Reading gives an `Image`: float32 pixels, channel first, their unit, and the files, affine and spacing they came with. A bad file is a
`medai.errors.DataError` that names it and says what is wrong; nothing else escapes.
"""

from typing import TYPE_CHECKING

from medai._deprecated import old_names
from medai.io._atomic import replacing, write_bytes, write_csv, write_json, write_text
from medai.io._attributes import KEPT
from medai.io._derived import series_key, write_series
from medai.io._files import ImageHeader
from medai.io._folders import require_folder
from medai.io._identity import plane_headers
from medai.io._open import open_images
from medai.io._overlays import read_overlays
from medai.io._pseudonym import pseudonym
from medai.io._read import LARGEST, image_header, read_image
from medai.io._rows import open_rows
from medai.io._sequences import open_sequences
from medai.io._series import Series, list_series, read_series
from medai.io._slices import SliceFile, list_slices
from medai.io._texts import read_text
from medai.io._window import window
from medai.io._write import write_image

__all__ = [
    "KEPT",
    "LARGEST",
    "ImageHeader",
    "Series",
    "SliceFile",
    "image_header",
    "list_series",
    "list_slices",
    "open_images",
    "open_rows",
    "open_sequences",
    "plane_headers",
    "pseudonym",
    "read_image",
    "read_overlays",
    "read_series",
    "read_text",
    "replacing",
    "require_folder",
    "series_key",
    "window",
    "write_bytes",
    "write_csv",
    "write_image",
    "write_json",
    "write_series",
    "write_text",
]

if not TYPE_CHECKING:  # type checkers would let every name pass
    __getattr__ = old_names(__name__)
