"""Fetching a file of weights over https: in time, no larger than stated, and the one that was meant."""

from __future__ import annotations

import hashlib
import re
import urllib.error
import urllib.request
from http.client import HTTPMessage
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from medai.errors import DataError, EnvironmentFault
from medai.io import replacing
from medai.weights._record import Weights

TIMEOUT = 10.0
"""Seconds that a server may stay silent."""

_PIECE = 2**20
_LARGEST_UNKNOWN = 20_000
# Where the hub states the SHA-256 of a large file.
_STATED = "X-Linked-Etag"


def fetch(weights: Weights, target: Path) -> None:
    """Download the published file to `target`, whole or not at all.

    Raises:
        EnvironmentFault: there is no network, or the server refuses or falls silent, or the disk is full.
        DataError: what came is not what was published.
    """
    url, redirects = address(weights), _Redirects()
    request = urllib.request.Request(url, headers={"User-Agent": "medai"})
    try:
        with urllib.request.build_opener(redirects).open(request, timeout=TIMEOUT) as answer, replacing(target) as temporary:
            stated = redirects.stated or answer.headers.get(_STATED, "")
            digest = _copy(answer, temporary, weights)
            _check(weights, digest, stated.strip('"'))
    except OSError as error:
        # URLError among them; its reason is the cause proper.
        reason = getattr(error, "reason", None) or error
        raise EnvironmentFault(f"{urlsplit(url).netloc}: {reason}") from error


def address(weights: Weights) -> str:
    """The https address of the file; for a repository on a hub, that which `huggingface_hub` is set to."""
    if weights.url:
        return weights.url
    try:
        from huggingface_hub import constants, hf_hub_url
    except ImportError as error:
        raise EnvironmentFault("huggingface_hub is not installed") from error
    if constants.HF_HUB_OFFLINE:
        raise EnvironmentFault("HF_HUB_OFFLINE is set")
    return hf_hub_url(weights.hub, weights.file, revision=weights.revision)


def _copy(answer: IO[bytes], target: Path, weights: Weights) -> str:
    most = (weights.megabytes * 1.05 + 1 if weights.megabytes else _LARGEST_UNKNOWN) * 1e6
    digest, taken = hashlib.sha256(), 0
    with target.open("wb") as file:
        while piece := answer.read(_PIECE):
            taken += len(piece)
            if taken > most:
                raise DataError(f"weights {weights.name}: {weights.place} is larger than the {most / 1e6:.0f} MB expected")
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _check(weights: Weights, digest: str, stated: str) -> None:
    if not weights.matches(digest):
        raise DataError(f"weights {weights.name}: {weights.place} has the SHA-256 {digest}, not {weights.sha256}")
    if not weights.sha256 and re.fullmatch("[0-9a-f]{64}", stated) and digest != stated:
        raise DataError(f"weights {weights.name}: {weights.place} has the SHA-256 {digest}, and the hub states {stated}")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects that stay on https, and keeps what the first one says of the file."""

    stated = ""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if not newurl.startswith("https://"):
            raise urllib.error.URLError(f"redirects to {urlsplit(newurl).scheme}, which is not https")
        self.stated = self.stated or headers.get(_STATED, "")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
