"""Reading and writing images: DICOM, NIfTI, `.npy`, PNG and JPEG, in physical units with their place in the patient; rows of CSV
tables and sequences of FASTA files.

Reading gives an `Image`: float32 pixels, channel first, their unit, and the files, affine and spacing they came with. A bad file is a
`medai.errors.DataError` that names it and says what is wrong; nothing else escapes.
"""

from medai.io._atomic import replacing, write_bytes, write_json, write_text
from medai.io._open import open_images
from medai.io._pseudonym import pseudonym
from medai.io._read import LARGEST, read_image
from medai.io._rows import open_rows
from medai.io._sequences import open_sequences
from medai.io._slices import SliceFile, list_slices
from medai.io._write import write_image

__all__ = [
    "LARGEST",
    "SliceFile",
    "list_slices",
    "open_images",
    "open_rows",
    "open_sequences",
    "pseudonym",
    "read_image",
    "replacing",
    "write_bytes",
    "write_image",
    "write_json",
    "write_text",
]
