"""Names for patients that say nothing about them."""

from __future__ import annotations

import hashlib
import os


def pseudonym(text: str, prefix: str = "p") -> str:
    """A stable stand-in for a patient's id or a path, such as `p-3f2a9c107b`.

    It is a hash (BLAKE2b, 40 bits) of `text` under the key in the environment variable `MEDAI_PSEUDONYM_KEY`. Who knows the key can
    check a guess, and without the variable everybody can: set it to a secret of your own before run folders leave the house, and
    keep it the same, or the same patient gets another name.
    """
    return f"{prefix}-{_hash(text, 5).hex()}"


def pseudonymous_uid(uid: str) -> str:
    """A stable stand-in for a DICOM UID, under the same key; the same in every file, so that references still meet.

    It is of the form `2.25.` and a number of 128 bits. UIDs that DICOM itself defines (atlases, transfer syntaxes) stay.
    """
    if uid.startswith("1.2.840.10008."):
        return uid
    return f"2.25.{int.from_bytes(_hash(uid, 16))}"


def _hash(text: str, size: int) -> bytes:
    secret = os.environ.get("MEDAI_PSEUDONYM_KEY", "")
    # A key may be at most 64 bytes long; hashing it first lets it be any phrase.
    key = hashlib.blake2b(secret.encode(), digest_size=32).digest()
    return hashlib.blake2b(text.encode(), key=key, digest_size=size).digest()
