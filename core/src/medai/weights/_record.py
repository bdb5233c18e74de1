"""What is known of published weights."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

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

    @classmethod
    def of_torchvision(cls, architecture: str, member: Any) -> Weights:
        """What torchvision publishes for an architecture.

        Args:
            architecture: torchvision's name, such as `resnet50`.
            member: of its weights, such as `torchvision.models.ResNet50_Weights.IMAGENET1K_V1`.
        """
        return cls(
            name=f"torchvision/{architecture}.{member.name}",
            license="BSD-3-Clause, the terms of the data apart",
            source=f"torchvision, {member.meta.get('recipe', member.name)}",
            url=member.url,
            sha256=PurePosixPath(member.url).stem.rpartition("-")[2],  # the first eight digits stand in the file's name
            megabytes=member.meta.get("_file_size", 0),
        )

    @classmethod
    def of_timm(cls, name: str, published: Any) -> Weights:
        """What timm publishes on Hugging Face.

        Args:
            name: architecture and tag, such as `resnet18.a1_in1k`.
            published: what `timm.models.get_pretrained_cfg(name)` says of them.
        """
        return cls(
            name=f"timm/{name}",
            license=published.license or "not stated",
            source=f"timm, {published.hf_hub_id} on Hugging Face",
            hub=published.hf_hub_id,
            file=published.hf_hub_filename or "model.safetensors",
        )

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
