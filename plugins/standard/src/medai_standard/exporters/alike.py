"""Whether a graph answers as the module that it was traced from."""

from __future__ import annotations

from collections.abc import Sequence

import torch


def same(expected: Sequence[torch.Tensor], found: Sequence[torch.Tensor]) -> bool:
    """Whether each output is the same, to what arithmetic in another order makes of it."""
    return all(_near(first, second) for first, second in zip(expected, found, strict=True))


def same_rows(expected: Sequence[torch.Tensor], found: Sequence[torch.Tensor]) -> bool:
    """Whether outputs that are the columns of one table, as those of boxes are, hold the same rows, to a thousandth of a column's largest
    value: in any order, because rows of nearly equal score change places, and but for one, or one in twenty, because of two boxes that
    overlap just enough either may be removed."""
    if len(expected) < 2 or any(len({len(value) for value in columns}) > 1 for columns in (expected, found)):
        return False
    if any(first.shape[1:] != second.shape[1:] or first.dtype != second.dtype for first, second in zip(expected, found, strict=True)):
        return False
    scales = [1e-3 * max([1.0, *value.abs().flatten().tolist()]) if value.is_floating_point() else 0.5 for value in expected]
    tables = [
        torch.cat([value[:, None].flatten(1).double() / scale for value, scale in zip(columns, scales, strict=True)], 1)
        for columns in (expected, found)
    ]
    return all(
        sum(not bool(((row - others).abs().amax(1) <= 1).any()) for row in table) <= max(1, len(table) / 20)
        for table, others in (tables, tables[::-1])
    )


def _near(expected: torch.Tensor, found: torch.Tensor) -> bool:
    """Alike in shape and value; of labels, a thousandth may differ, where two classes are equally probable."""
    if expected.shape != found.shape or expected.dtype != found.dtype:
        return False
    if not expected.is_floating_point():
        return expected.numel() == 0 or float((expected != found).float().mean()) <= 1e-3
    scale = max(1.0, float(expected.abs().max())) if expected.numel() else 1.0
    return bool(torch.allclose(expected, found, rtol=0, atol=1e-4 * scale, equal_nan=True))
