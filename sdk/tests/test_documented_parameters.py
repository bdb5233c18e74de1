"""What counts as a line of a docstring that says what a parameter is."""

from __future__ import annotations

import pytest

from medai_sdk.contract.subjects.parameters import undocumented


@pytest.mark.parametrize(
    ("lines", "missing"),
    [
        ("width: of the layers.\n    depth: of the net.", []),
        ("width, depth: of the net.", []),
        ("width and depth (int): of the net.", []),
        ("width:\n        of the layers.\n    depth: of the net.", []),
        ("width:\n    depth: of the net.", ["width"]),
        ("width:   \n\n    depth: of the net.", ["width"]),
        ("width: of the layers.\n    depth:", ["depth"]),
        ("width: of the layers, and of the depth.", ["depth"]),
    ],
)
def test_an_empty_line_says_nothing(lines: str, missing: list[str]) -> None:
    def net(width: int = 1, depth: int = 1) -> None: ...

    net.__doc__ = f"A net.\n\n    Args:\n    {lines}\n"
    # As a class has it: the entries stand deeper than the first line.
    net.__doc__ = net.__doc__.replace("\n    ", "\n        ").replace("        Args:", "    Args:")
    assert undocumented(net) == missing
