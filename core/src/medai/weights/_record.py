"""What is known of published weights."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from medai.errors import PluginError

_NAME = re.compile(r"[\w+-][\w.+-]*(/[\w+-][\w.+-]*)*")


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Published weights: what, whose, and where to get them.

    Attributes:
        name: what they are called here and in a mirror, such as `timm/resnet18.a1_in1k`.
        license: an SPDX identifier, or the publisher's words.
        source: who trained them on what: a citation or a page.
        sha256: of the published file, in hex: all 64 digits, or the first eight at least, as torch.hub's file names bear them. Required
            with `url`; with `hub` it may be empty, and the sum that the hub itself states is compared.
        url: the https address of the file, safetensors or legacy.
        hub: the repository on Hugging Face, `owner/name`; then `file` and `revision` say which file of it.
        file: the file in that repository.
        revision: a commit, branch or tag of it.
        megabytes: the size of the file; larger ones are refused. 0: unknown.

    Raises:
        PluginError: neither or both of `url` and `hub` are given, or one of the fields is malformed.
    """

    name: str
    license: str
    source: str
    sha256: str = ""
    url: str = ""
    hub: str = ""
    file: str = "model.safetensors"
    revision: str = "main"
    megabytes: float = 0

    def __post_init__(self) -> None:
        for field in ("name", "hub", "file"):
            value = getattr(self, field)
            if (value or field == "name") and not _NAME.fullmatch(value):
                raise PluginError(f"weights {self.name!r}: {field} {value!r} is not names with / between them")
        if bool(self.url) == bool(self.hub):
            raise PluginError(f"weights {self.name}: they have a url or a hub repository, one of both")
        if self.url and not self.url.startswith("https://"):
            raise PluginError(f"weights {self.name}: {self.url} is not https")
        if not re.fullmatch("([0-9a-f]{8,64})?", self.sha256) or (self.url and not self.sha256):
            raise PluginError(f"weights {self.name}: sha256 is 64 hex digits, or the first eight at least, and a url needs it")

    @property
    def published_name(self) -> str:
        """The name of the file where it is published."""
        return PurePosixPath(self.url or self.file).name

    @property
    def place(self) -> str:
        """Where a person gets the file."""
        at = "" if self.revision == "main" else f" at {self.revision}"
        return self.url or f"{self.file} of {self.hub}{at} on Hugging Face"

    def matches(self, digest: str) -> bool:
        """Whether a file with this SHA-256 is the published one; any is, where none is stated."""
        return digest.startswith(self.sha256)
