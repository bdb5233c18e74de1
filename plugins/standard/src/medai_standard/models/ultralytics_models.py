"""ultralytics' detectors by name, built from its own descriptions and trained here. The library is AGPL-3.0, and an extra."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torchvision.ops import batched_nms, box_convert

from medai.errors import EnvironmentFault
from medai.inference import BoxFrame, Size, Window, steady
from medai.tasks import Batch, Boxes
from medai_standard.models.libraries import built, first_convolution, known_name
from medai_standard.models.pretrained import into_network, of_file

_HEADS = ("Detect", "v10Detect", "RTDETRDecoder")
# The library's networks see 0..1 as it is.
_AS_IT_IS = ((0.0,), (1.0,))
_PARTS = ("box", "class", "distribution")
# Non-maximum suppression takes time that grows with the square of what goes in.
_CANDIDATES = 5000


class Ultralytics(BoxFrame):
    """A detector of ultralytics: YOLO or RT-DETR. ultralytics is AGPL-3.0: whoever gives others a program or a service with it owes them
    the source of all of it.

    Grey or colour images in physical units, float32 (B, C, H, W), to a `Boxes` per image, in its pixels. It is built without weights, from
    the description that the package holds, and brings its own losses; the library's trainer, downloads, settings and messages home are not
    used. What YOLO finds goes through non-maximum suppression; YOLOv10, YOLO26 and RT-DETR need none. Of the former two, the balance of
    their two heads' losses stays where the library begins, 0.8 to 0.2.

    Args:
        architecture: the library's name, such as `yolov8n`, `yolo11n`, `yolo26n`, `rtdetr-l`.
        channels: of the images.
        classes: of boxes.
        pretrained: None or `none`: the weights are drawn at random. Else a safetensors file (the library's own files are pickles).
        size: height and width at which the network looks; None: the image's own.
        window: lowest and highest value that the network tells apart, for images that are not in 0..1.
        least: the lowest score of a box.
        overlap: of two boxes of a class with a larger IoU, the one with the lower score is left out.
        most: boxes per image.
    """

    def __init__(
        self,
        architecture: str = "yolov8n",
        channels: int = 1,
        classes: int = 1,
        pretrained: str | None = None,
        size: Size | None = None,
        window: Window | None = None,
        least: float = 0.001,
        overlap: float = 0.7,
        most: int = 300,
    ) -> None:
        tasks, utils = library()
        description = _description(architecture)
        weights = of_file(pretrained, f"{architecture} of ultralytics")
        super().__init__(channels, window, size, _AS_IT_IS)
        self.classes, self.least, self.overlap, self.most = classes, least, overlap, most
        self.queries = description["head"][-1][2] == "RTDETRDecoder"
        build = tasks.RTDETRDetectionModel if self.queries else tasks.DetectionModel
        network: Any = built(architecture, build, {}, cfg=description, ch=channels, nc=classes, verbose=False)
        network.nc, network.args = classes, utils.DEFAULT_CFG  # what the library's trainer would set: the losses look at both
        self.multiple = int(network.stride.max())
        first_convolution(network, channels)  # that of RT-DETR's ResNets is described as one of colour
        if weights is not None:
            into_network(network, weights)
        self.network: Any = steady(network)
        self._lost_on: torch.device | None = None

    def training_step(self, batch: Batch[Any, Any], loss: Callable[..., Any] | None, turn: str) -> dict[str, torch.Tensor]:
        """The network's own losses, the mean over the images; `loss` is not used."""
        pixels = batch.inputs.pixels
        targets = self.targets(batch.reference, pixels, self.classes)
        frame = self.framed(pixels)
        height, width = frame.shape[-2:]
        boxes = torch.cat([target.boxes for target in targets]) / frame.new_tensor([width, height, width, height])
        given = {
            "img": frame,
            "batch_idx": torch.cat([torch.full((len(target),), float(place), device=frame.device) for place, target in enumerate(targets)]),
            "cls": torch.cat([target.labels for target in targets]).float()[:, None],
            "bboxes": box_convert(boxes, "xyxy", "cxcywh"),
        }
        if frame.device != self._lost_on:  # the criterion keeps tensors where it was made
            self.network.criterion, self._lost_on = None, frame.device
        total, _ = self.network.loss(given)
        if total.ndim == 0:
            return {"loss": total}
        return dict(zip(_PARTS, total / len(targets), strict=True))

    def forward(self, pixels: torch.Tensor) -> list[Boxes]:
        frame = self.framed(pixels)
        return [self.answer(*each, pixels) for each in self._decoded(self.network(frame), frame.shape[-2:])]

    def _decoded(self, found: Any, shape: torch.Size) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Boxes xyxy in pixels of the frame, classes and scores of each image."""
        answers, raw = found
        if self.queries:
            boxes, logits = raw[0][-1].float(), raw[1][-1].float()
            sides = boxes.new_tensor([shape[1], shape[0]] * 2)
            for own, scores in zip(box_convert(boxes, "cxcywh", "xyxy") * sides, logits.sigmoid(), strict=True):
                yield self._best(own, scores, self.most)
        elif getattr(self.network, "end2end", False):
            for rows in answers.float():
                rows = rows[rows[:, 4] >= self.least][: self.most]
                yield rows[:, :4], rows[:, 5].long(), rows[:, 4]
        else:
            for rows in answers.float().transpose(1, 2):
                boxes, labels, scores = self._best(box_convert(rows[:, :4], "cxcywh", "xyxy"), rows[:, 4:], _CANDIDATES)
                kept = batched_nms(boxes, scores, labels, self.overlap)[: self.most]
                yield boxes[kept], labels[kept], scores[kept]

    def _best(self, boxes: torch.Tensor, scores: torch.Tensor, most: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The highest scores (N, n) of all boxes and classes, at least `least`."""
        best, place = scores.flatten().topk(min(most, scores.numel()))
        place = place[best >= self.least]
        return boxes[place // scores.shape[1]], place % scores.shape[1], best[: len(place)]


@functools.cache
def library() -> tuple[Any, Any]:
    """`ultralytics.nn.tasks` and `ultralytics.utils`, imported without a look at the network, without a file in the user's home and
    without a trace in the process.

    Raises:
        EnvironmentFault: it is not installed.
    """
    if find_spec("ultralytics") is None:
        raise EnvironmentFault("ultralytics is not installed: pip install 'medai-standard[ultralytics]' (its licence is AGPL-3.0)")
    with _undisturbed():
        from ultralytics import utils
        from ultralytics.nn import tasks

        utils.SETTINGS["sync"] = False  # it may send nothing
    return tasks, utils


@contextmanager
def _undisturbed() -> Iterator[None]:
    """ultralytics, when imported, writes its settings, asks the network whether it is there, and sets options of other libraries: the
    first go to a scratch folder, the second is told no, the last are put back."""
    environment, save, open_picture, options = dict(os.environ), torch.save, Image.open, np.get_printoptions()
    import cv2

    threads, shown = cv2.getNumThreads(), (cv2.imread, cv2.imwrite, cv2.imshow)
    with tempfile.TemporaryDirectory() as scratch:
        os.environ |= {"YOLO_CONFIG_DIR": scratch, "YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(environment)
            torch.save = save
            Image.open = open_picture  # the library's own would install a package where a file is no picture
            torch.set_printoptions(profile="default")
            np.set_printoptions(**options)
            cv2.setNumThreads(threads)
            cv2.imread, cv2.imwrite, cv2.imshow = shown


def _description(architecture: str) -> dict[str, Any]:
    """The package's description of a network of this name, by the path in the package: the library itself would also take a file of that
    name in the current folder, or an address."""
    descriptions = _descriptions()
    name = architecture.removesuffix(".yaml")
    path, scale = descriptions[known_name("detector of ultralytics", name, descriptions)]
    return {**_read(path), "scale": scale, "yaml_file": path.name}


@functools.cache
def _descriptions() -> Mapping[str, tuple[Path, str]]:
    """Path and scale of every detector by name: `yolov8n` is yolov8.yaml at the scale n."""
    spec = find_spec("ultralytics")
    assert spec is not None and spec.submodule_search_locations
    found: dict[str, tuple[Path, str]] = {}
    for path in sorted(Path(spec.submodule_search_locations[0], "cfg", "models").glob("*/*.yaml")):
        description = _read(path)
        if not description.get("head") or description["head"][-1][2] not in _HEADS:
            continue
        scales = list(description.get("scales") or [""])
        if len(scales) == 1 or path.stem.endswith(scales[0]):
            found[path.stem] = (path, scales[0])
            continue
        for scale in scales:
            # The letter follows the version: yolov8n-p2 is yolov8-p2.yaml.
            family, dash, rest = path.stem.partition("-")
            found[f"{family}{scale}{dash}{rest}"] = (path, scale)
    return found


def _read(path: Path) -> dict[str, Any]:
    _, utils = library()
    description: dict[str, Any] = utils.YAML.load(path)
    return description
