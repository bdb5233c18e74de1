"""CornerNet: pooling, targets, losses and pairing by hand, and that it learns."""

from __future__ import annotations

import itertools

import pytest
import torch

from medai.errors import UsageError
from medai.tasks import Batch, Boxes, Case, Image, Sample
from medai_breast.models.cornernet import CornerNet
from medai_breast.models.corners import (
    Corners,
    PredictionModule,
    corner_radii,
    offset_loss,
    pull_and_push,
    running_maximum,
    wanted_corners,
)

UPPER_LEFT, LOWER_RIGHT = slice(0, 2), slice(2, 4)


def boxes(*found: tuple[float, float, float, float], labels: list[int] | None = None) -> Boxes:
    return Boxes(torch.tensor(found, dtype=torch.float32).reshape(-1, 4), torch.tensor(labels or [0] * len(found), dtype=torch.int64))


class Pooled(torch.nn.Module):
    def forward(self, maps: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(running_maximum(maps, axis, backwards=backwards) for axis in (-2, -1) for backwards in (False, True))


class TestPooling:
    def test_each_cell_sees_what_is_on_its_side(self) -> None:
        maps = torch.tensor([[1.0, 3, 2], [4, 0, 5]])
        down, up, right, left = Pooled()(maps)
        assert down.tolist() == [[1, 3, 2], [4, 3, 5]] and up.tolist() == [[4, 3, 5], [4, 0, 5]]
        assert right.tolist() == [[1, 3, 3], [4, 4, 5]] and left.tolist() == [[3, 3, 2], [5, 5, 5]]

    def test_a_graph_gives_the_same_of_operations_that_onnx_has(self) -> None:
        maps = torch.randn(2, 3, 21, 34, generator=torch.Generator().manual_seed(0))
        exported = torch.export.export(Pooled(), (maps,))
        assert "cummax" not in str(exported.graph)
        for found, expected in zip(exported.module()(maps), Pooled()(maps), strict=True):
            assert torch.equal(found, expected)

    def test_the_prediction_module_is_the_authors(self) -> None:
        # Of princeton-vl/CornerNet: tl_pool(256) with its three layers for heatmaps of 80 classes, embeddings and offsets.
        module = PredictionModule(256, 80, backwards=True)
        assert sum(parameter.numel() for parameter in module.parameters()) == 3_333_715
        heat, tags, offsets = module.eval()(torch.randn(1, 256, 6, 9))
        assert heat.shape == (1, 80, 6, 9) and tags.shape == (1, 1, 6, 9) and offsets.shape == (1, 2, 6, 9)

    def test_upper_left_corners_see_below_and_right_lower_right_ones_the_rest(self) -> None:
        for backwards in (True, False):
            module = PredictionModule(16, 1, backwards=backwards).eval()
            # In one image the largest value may lie near by, or a ReLU may be closed; in some of many it is far.
            maps = torch.randn(50, 16, 12, 12, requires_grad=True)
            (reach,) = torch.autograd.grad(module(maps).heat[:, 0, 6, 6].sum(), maps)
            seen = reach.abs().amax((0, 1)) > 0
            # The convolutions around the pooling see five cells on.
            far, other = (seen[11], seen[0]) if backwards else (seen[0], seen[11])
            assert far.any() and not other.any()


class TestTargets:
    @pytest.mark.parametrize(("width", "height"), [(10, 10), (40, 12), (7, 33), (64, 64), (3, 3)])
    @pytest.mark.parametrize("least", [0.3, 0.7])
    def test_corners_within_the_radius_keep_the_overlap_and_further_ones_do_not(self, width: int, height: int, least: float) -> None:
        def lowest(radius: int) -> float:
            moves = torch.tensor(list(itertools.product((-radius, 0, radius), repeat=4)), dtype=torch.float64)
            moved = torch.tensor([0, 0, width, height]) + moves
            low, high = moved[:, :2].clamp_min(0), moved[:, 2:].minimum(torch.tensor([width, height]))
            shared = (high - low).clamp_min(0).prod(1)
            own = (moved[:, 2:] - moved[:, :2]).clamp_min(0).prod(1)
            return float((shared / (own + width * height - shared)).min())

        radius = int(corner_radii(torch.tensor([[0.0, 0, width, height]]), least))
        assert lowest(radius) >= least - 1e-9 and lowest(radius + 1) < least

    def test_sides_count_in_whole_cells(self) -> None:
        found = corner_radii(torch.tensor([[0.0, 0, 9.2, 9.9], [5, 5, 15, 15], [0, 0, 0.3, 0.2]]))
        assert found.tolist() == [2, 2, 0] and found.dtype == torch.int64

    def test_a_corner_lies_in_its_cell_and_the_offset_says_where(self) -> None:
        target = boxes((5, 6, 30, 27), labels=[1])
        left = wanted_corners([target], UPPER_LEFT, 4, 2, (8, 10))
        right = wanted_corners([target], LOWER_RIGHT, 4, 2, (8, 10))
        assert left.cells[0].tolist() == [[1, 1]] and left.offsets[0].tolist() == [[0.25, 0.5]]
        assert right.cells[0].tolist() == [[7, 6]] and right.offsets[0].tolist() == [[0.5, 0.75]]
        assert left.heat.shape == (1, 2, 8, 10) and left.heat[0, 1, 1, 1] == 1 and right.heat[0, 1, 6, 7] == 1
        assert int((left.heat == 1).sum()) == 1 and (left.heat[0, 0] == 0).all()
        # Seven cells by six: a radius of 1, a deviation of half a cell.
        assert float(left.heat[0, 1, 1, 2]) == pytest.approx(torch.exp(torch.tensor(-2.0)).item())

    def test_a_box_at_the_border_keeps_its_corners_in_the_map(self) -> None:
        target = boxes((0, 0, 40, 32))
        left, right = (wanted_corners([target], ends, 4, 1, (8, 10)) for ends in (UPPER_LEFT, LOWER_RIGHT))
        assert left.cells[0].tolist() == [[0, 0]] and left.offsets[0].tolist() == [[0, 0]]
        assert right.cells[0].tolist() == [[9, 7]] and right.offsets[0].tolist() == [[1, 1]]
        assert right.heat[0, 0, 7, 9] == 1

    def test_two_boxes_may_share_a_corner(self) -> None:
        target = boxes((8, 8, 20, 20), (9, 10, 36, 30))
        left, right = (wanted_corners([target], ends, 4, 1, (8, 10)) for ends in (UPPER_LEFT, LOWER_RIGHT))
        assert left.cells[0].tolist() == [[2, 2], [2, 2]] and left.offsets[0].tolist() == [[0, 0], [0.25, 0.5]]
        assert int((left.heat == 1).sum()) == 1 and int((right.heat == 1).sum()) == 2

    def test_an_image_without_a_box(self) -> None:
        wanted = wanted_corners([boxes(), boxes((0, 0, 8, 8))], UPPER_LEFT, 4, 1, (4, 4))
        assert (wanted.heat[0] == 0).all() and wanted.heat[1, 0, 0, 0] == 1
        assert wanted.cells[0].shape == wanted.offsets[0].shape == (0, 2)


class TestLosses:
    def test_embeddings_by_hand(self) -> None:
        pull, push = pull_and_push(torch.tensor([[1.0], [1.5], [4.0]]), torch.tensor([[1.4], [1.5], [4.0]]))
        # Means 1.2, 1.5 and 4: the first pair is 0.2 from its mean, twice; the first two means are 0.3 apart, of three pairs.
        assert float(pull) == pytest.approx(2 * 0.2**2 / 3) and float(push) == pytest.approx(2 * 0.7 / 6)

    def test_one_box_is_pushed_from_nothing(self) -> None:
        pull, push = pull_and_push(torch.tensor([[1.0]]), torch.tensor([[2.0]]))
        assert float(pull) == pytest.approx(0.5) and float(push) == 0

    def test_offsets_by_hand(self) -> None:
        wanted = wanted_corners([boxes((5, 6, 30, 27)), boxes()], UPPER_LEFT, 4, 1, (8, 10))
        offsets = torch.zeros(2, 2, 8, 10)
        offsets[0, :, 1, 1] = torch.tensor([0.25, 2.0])
        assert float(offset_loss(offsets, wanted)) == pytest.approx(1.5 - 0.5)

    @pytest.mark.parametrize("filled", [(True, True), (True, False), (False, False)])
    def test_losses_are_finite_and_reach_every_parameter(self, filled: tuple[bool, bool]) -> None:
        torch.manual_seed(0)
        model = CornerNet("resnet18", channels=1, classes=2).train()
        for parameter in model.parameters():
            # timm begins with residual branches that add nothing, which no gradient passes.
            if not bool(parameter.any()):
                torch.nn.init.constant_(parameter, 0.2)
        two = boxes((4, 6, 30, 40), (20, 10, 60, 50), labels=[0, 1])
        losses = model.training_step(batch(*(two if has else boxes() for has in filled)), None, "all")
        assert set(losses) == {"heatmap", "pull", "push", "offset"} and all(bool(value.isfinite()) for value in losses.values())
        if not any(filled):
            assert losses["pull"].item() == losses["push"].item() == losses["offset"].item() == 0
        torch.autograd.backward(list(losses.values()))
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None and bool(parameter.grad.isfinite().all()), name
            if all(filled):
                assert bool((parameter.grad != 0).any()), name


class TestDecoding:
    def maps(self, corners: dict[str, list[tuple[int, int, int, float, float]]]) -> tuple[Corners, Corners]:
        """Maps of 8 x 10 cells of two classes that are sure of these corners: class, x, y, embedding and logit."""
        found = []
        for kind in ("left", "right"):
            heat, tags = torch.full((1, 2, 8, 10), -20.0), torch.zeros(1, 1, 8, 10)
            for label, x, y, tag, logit in corners[kind]:
                heat[0, label, y, x], tags[0, 0, y, x] = logit, tag
            found.append(Corners(heat, tags, torch.full((1, 2, 8, 10), 0.5)))
        return found[0], found[1]

    def found(self, **corners: list[tuple[int, int, int, float, float]]) -> tuple[list[list[float]], list[int], list[float]]:
        model = CornerNet("resnet18", classes=2)
        (answer,) = model.decoded(self.maps(corners), torch.Size((32, 40)))
        return answer.boxes.tolist(), answer.labels.tolist(), answer.scores.tolist()

    def test_corners_of_one_embedding_and_class_are_paired(self) -> None:
        found, labels, scores = self.found(
            left=[(0, 1, 1, 0.0, 3.0), (1, 4, 2, 5.0, 1.0)], right=[(1, 8, 6, 5.2, 2.0), (0, 5, 5, -0.3, 3.0)]
        )
        assert found == [[6, 6, 22, 22], [18, 10, 34, 26]] and labels == [0, 1]
        sigmoid = torch.tensor([3.0, 3.0, 1.0, 2.0]).sigmoid()
        assert scores == pytest.approx([float(sigmoid[:2].mean()), float(sigmoid[2:].mean())])

    @pytest.mark.parametrize(
        ("left", "right"),
        [
            ((0, 5, 1, 0.0, 3.0), (0, 2, 6, 0.0, 3.0)),  # crossed: the lower right one is on the left
            ((0, 2, 6, 0.0, 3.0), (0, 5, 1, 0.0, 3.0)),  # crossed: it is above
            ((0, 2, 2, 0.0, 3.0), (0, 2, 6, 0.0, 3.0)),  # no width
            ((0, 1, 1, 0.0, 3.0), (1, 5, 5, 0.0, 3.0)),  # of two classes
            ((0, 1, 1, 0.0, 3.0), (0, 5, 5, 0.6, 3.0)),  # of two boxes
        ],
    )
    def test_others_are_not(self, left: tuple[int, int, int, float, float], right: tuple[int, int, int, float, float]) -> None:
        assert self.found(left=[left], right=[right]) == ([], [], [])

    def test_neighbours_of_a_corner_and_doubles_of_a_box_are_dropped(self) -> None:
        found, _, scores = self.found(left=[(0, 1, 1, 0.0, 3.0), (0, 2, 1, 0.0, 2.0)], right=[(0, 7, 6, 0.0, 3.0), (0, 9, 6, 0.0, 1.0)])
        # The second right corner makes a box that overlaps the first by 36 of 48 cells.
        assert found == [[6, 6, 30, 26]] and len(scores) == 1

    def test_what_is_wanted_is_decoded_to_the_boxes_themselves(self) -> None:
        target = boxes((0, 0, 40, 32), (5, 6, 30, 27), (9, 10, 17, 31), labels=[0, 1, 0])
        maps = []
        for ends in (UPPER_LEFT, LOWER_RIGHT):
            wanted = wanted_corners([target], ends, 4, 2, (8, 10))
            tags, offsets = torch.zeros(1, 1, 8, 10), torch.zeros(1, 2, 8, 10)
            for number, ((x, y), offset) in enumerate(zip(wanted.cells[0].tolist(), wanted.offsets[0], strict=True)):
                tags[0, 0, y, x], offsets[0, :, y, x] = number * 2.0, offset
            maps.append(Corners(torch.where(wanted.heat == 1, 5.0, -20.0), tags, offsets))
        (found,) = CornerNet("resnet18", classes=2).decoded((maps[0], maps[1]), torch.Size((32, 40)))
        order = found.boxes[:, 0].argsort()
        assert found.boxes[order].tolist() == target.boxes[target.boxes[:, 0].argsort()].tolist() and found.labels[order].tolist() == [
            0,
            1,
            0,
        ]


class TestNetwork:
    @pytest.mark.parametrize("stride", [4, 8])
    def test_corners_are_found_on_one_map(self, stride: int) -> None:
        model = CornerNet("resnet18", stride=stride, channels=3, classes=2).eval()  # type: ignore[arg-type]
        with torch.no_grad():
            left, right = model.maps(torch.zeros(1, 3, 64, 96))
            assert left.heat.shape == right.heat.shape == (1, 2, 64 // stride, 96 // stride)
            (found,) = model(torch.rand(1, 3, 50, 70))
        assert isinstance(found, Boxes) and found.scores is not None and len(found) <= 100
        assert bool((found.boxes >= 0).all()) and bool((found.boxes <= torch.tensor([70.0, 50, 70, 50])).all())

    def test_other_strides_are_refused(self) -> None:
        with pytest.raises(UsageError, match="stride = 16: not 4 or 8"):
            CornerNet("resnet18", stride=16)  # type: ignore[arg-type]

    @pytest.mark.slow
    def test_two_images_are_learnt_by_heart(self) -> None:
        torch.manual_seed(0)
        model = CornerNet("resnet18", stride=8, channels=1, classes=2)
        targets = boxes((10, 20, 60, 70), (50, 64, 118, 110), labels=[0, 1]), boxes((30, 30, 101, 90), labels=[1])
        given = batch(*targets, size=128)
        optimizer = torch.optim.Adam(model.parameters(), 1e-3)
        for steps in range(1, 61):
            optimizer.zero_grad()
            torch.autograd.backward(list(model.train().training_step(given, None, "all").values()))
            optimizer.step()
            if steps % 10 == 0 and knows(model, given):
                return
        pytest.fail(f"after {steps} steps the surest boxes are not the lesions")


def knows(model: CornerNet, given: Batch[Image, Boxes]) -> bool:
    """Whether the surest boxes are the lesions, to 4 pixels."""
    with torch.no_grad():
        answers = model.eval()(given.inputs.pixels)
    for answer, target in zip(answers, given.reference or (), strict=True):
        best = answer.scores.argsort(descending=True)[: len(target)]
        order = best[answer.boxes[best, 0].argsort()]
        if answer.labels[order].tolist() != target.labels.tolist() or not float(answer.scores[best].min()) > 0.5:
            return False
        if not float((answer.boxes[order] - target.boxes).abs().max()) < 4:
            return False
    return True


def batch(*targets: Boxes, size: int = 64) -> Batch[Image, Boxes]:
    """Images of noise, with their boxes brighter or darker by their class."""
    made = []
    for number, target in enumerate(targets):
        pixels = 0.4 + 0.1 * torch.rand(1, size, size, generator=torch.Generator().manual_seed(number))
        for (x0, y0, x1, y1), label in zip(target.boxes.int().tolist(), target.labels.tolist(), strict=True):
            pixels[:, y0:y1, x0:x1] += (-0.3, 0.3)[label]
        made.append(Sample(Case(f"case-{number}", f"patient-{number}"), Image(pixels, "0..1"), target))
    return Batch.of(made)
