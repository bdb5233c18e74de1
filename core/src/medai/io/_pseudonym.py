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
    secret = os.environ.get("MEDAI_PSEUDONYM_KEY", "")
    # A key may be at most 64 bytes long; hashing it first lets it be any phrase.
    key = hashlib.blake2b(secret.encode(), digest_size=32).digest()
    return f"{prefix}-{hashlib.blake2b(text.encode(), key=key, digest_size=5).hexdigest()}"
