import math

import numpy as np
import pytest
import torch
from medai.api import build
from medai.errors import DataError
from medai.tasks import Batch, Case, Image, Mask, Sample

from medai_example_thirdparty.datasets.contours import Contours
from medai_example_thirdparty.losses import EdgeWeighted
from medai_example_thirdparty.metrics import BoundaryF1
from medai_example_thirdparty.models.otsu import Otsu


def sample(labels: list[list[int]]) -> Sample[Image, Mask]:
    mask = torch.tensor(labels)
    return Sample(Case("a", "p"), Image(mask[None].float(), "0..1"), Mask(mask))


def test_the_stub_is_read_as_a_users_folder_is(tmp_path) -> None:
    Contours.write_stub(tmp_path, 4, seed=0)
    contours = Contours(tmp_path)
    cases = contours.cases()
    assert len(cases) == 4 and len({case.group for case in cases}) == 2
    read = contours.read(cases[0], np.random.default_rng(0))
    assert read.reference is not None and read.inputs.pixels.shape == (1, 32, 32)
    assert 0.1 < read.reference.labels.float().mean() < 0.6
    next(tmp_path.glob("*/*.txt")).unlink()
    with pytest.raises(DataError, match="is not beside it"):
        contours.read(cases[0], np.random.default_rng(0))


def test_a_view_leaves_black_white_and_the_mask(tmp_path) -> None:
    source = build("example-thirdparty/drawn", patients=1, size=16)
    view = build("example-thirdparty/gamma", source=source, most=3.0)
    case = view.cases()[0]
    plain, other = (each.read(case, np.random.default_rng(1)) for each in (source, view))
    assert not torch.equal(plain.inputs.pixels, other.inputs.pixels)
    assert torch.equal(plain.inputs.pixels == 0, other.inputs.pixels == 0)
    assert torch.equal(plain.reference.labels, other.reference.labels)


def test_otsu_parts_two_values() -> None:
    picture = torch.tensor([[0.1, 0.1, 0.9], [0.1, 0.9, 0.9]])
    (mask,) = Otsu().predict(Batch.of([Sample(Case("a", "p"), Image(picture[None], "0..1"))]))
    assert mask.labels.tolist() == [[0, 0, 1], [0, 1, 1]]


def test_pixels_near_the_boundary_weigh_more() -> None:
    target = torch.zeros(1, 9, 9, dtype=torch.int64)
    target[:, :, 5:] = 1
    near, far = torch.zeros(1, 1, 9, 9), torch.zeros(1, 1, 9, 9)
    near[..., 4], far[..., 0] = 5.0, 5.0  # each wrong in one column
    loss = EdgeWeighted(weight=4.0, width=1)
    rest = torch.nn.functional.softplus(torch.tensor(0.0)).item()
    wrong = torch.nn.functional.softplus(torch.tensor(5.0)).item()
    assert loss(far, target).item() == pytest.approx((wrong + (6 + 2 * 4) * rest) / (7 + 2 * 4), rel=1e-5)
    assert loss(near, target).item() == pytest.approx((4 * wrong + (7 + 4) * rest) / (7 + 2 * 4), rel=1e-5)


def test_boundary_f1_counts_within_the_tolerance() -> None:
    row = sample([[0, 1, 0, 0, 0, 0, 0]])
    metric = BoundaryF1(tolerance=1.0)
    for place, expected in ((1, 1.0), (2, 1.0), (3, 0.0)):
        labels = torch.zeros(1, 7, dtype=torch.int64)
        labels[0, place] = 1
        assert metric.total([metric.case(Mask(labels), row)]) == {"boundary_f1": expected}
    nothing = sample([[0, 0]])
    assert math.isnan(metric.total([metric.case(nothing.reference, nothing)])["boundary_f1"])
