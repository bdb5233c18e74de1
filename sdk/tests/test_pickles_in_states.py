"""A pickle is found in a state whatever it is wrapped in, and nothing else is taken for one."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import pickle
import zlib
from typing import Any

import numpy as np
import pytest
import torch

from medai_sdk.contract.trials.pickles import is_pickle

PICKLED = pickle.dumps({"shift": [0.1, 0.2]})


def saved() -> bytes:
    buffer = io.BytesIO()
    torch.save({"weight": torch.zeros(2)}, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "value",
    [
        PICKLED,
        np.frombuffer(PICKLED, np.uint8),
        np.frombuffer(PICKLED, np.uint8).astype(np.int64),
        torch.frombuffer(bytearray(PICKLED), dtype=torch.uint8),
        torch.frombuffer(bytearray(PICKLED), dtype=torch.int8),
        PICKLED.decode("latin-1"),
        PICKLED.hex(),
        base64.b64encode(PICKLED).decode(),
        base64.b64encode(zlib.compress(PICKLED)).decode(),
        base64.urlsafe_b64encode(gzip.compress(PICKLED, mtime=0)).decode(),
        base64.b85encode(bz2.compress(PICKLED)).decode(),
        base64.a85encode(lzma.compress(PICKLED)).decode(),
        zlib.compress(PICKLED).hex(),
        np.frombuffer(gzip.compress(base64.b64encode(PICKLED), mtime=0), np.uint8),
        base64.b64encode(saved()).decode(),
    ],
)
def test_a_wrapped_pickle_is_found(value: Any) -> None:
    assert is_pickle(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "an ordinary text.",
        "abcdef12",
        "x" * 1000,
        json.dumps({"classes": ["a", "b"]}),
        base64.b64encode(zlib.compress(b"an ordinary text")).decode(),
        base64.b64encode(b"PK and no archive").decode(),
        zlib.compress(PICKLED)[:10],
        torch.zeros(3),
        torch.zeros(0, dtype=torch.uint8),
        torch.full((8,), 128, dtype=torch.uint8),
        torch.arange(-3, 200),
        np.arange(256, dtype=np.uint8),
        3,
        None,
        True,
    ],
)
def test_what_is_none_is_not_taken_for_one(value: Any) -> None:
    assert not is_pickle(value)
