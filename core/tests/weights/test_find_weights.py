from __future__ import annotations

import hashlib
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from email.message import Message
from http.client import HTTPMessage
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save, save_file

from medai.errors import DataError, EnvironmentFault, PluginError
from medai.weights import Weights, find, read, sha256
from medai.weights import _fetch as fetching
from medai.weights._ledger import Taken, recorded

TENSORS = {"layer.weight": torch.arange(6.0).reshape(2, 3)}
CONTENT = save(TENSORS)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No cache but an empty one, and no network: connections are refused on the spot."""
    for name in ("MEDAI_WEIGHTS", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    torch_home, before = tmp_path / "torch", torch.hub.get_dir()
    torch.hub.set_dir(str(torch_home))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    yield
    torch.hub.set_dir(before)


def of_url(address: str = "https://127.0.0.1:9/net-abc.safetensors", **changes: Any) -> Weights:
    return Weights(**{"name": "x/net", "license": "CC-BY-4.0", "source": "X 2020", "sha256": DIGEST, "url": address} | changes)


def of_hub(**changes: Any) -> Weights:
    return Weights(**{"name": "x/net", "license": "Apache-2.0", "source": "X 2020", "hub": "owner/net"} | changes)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The network answers everything with the weights; the addresses that were asked for."""
    asked: list[str] = []

    class Opener:
        def open(self, request: urllib.request.Request, timeout: float) -> Any:
            assert timeout == fetching.TIMEOUT
            asked.append(request.full_url)
            answer = BytesIO(CONTENT)
            answer.headers = Message()  # type: ignore[attr-defined]
            return answer

    monkeypatch.setattr(urllib.request, "build_opener", lambda *handlers: Opener())
    return asked


def put(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("place", ["x/net.safetensors", "net-abc.safetensors"])
def test_a_mirror_holds_weights_by_our_name_or_by_the_published_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    path = put(tmp_path / "mirror" / place)
    assert find(of_url(), mirror=tmp_path / "mirror") == path
    monkeypatch.setenv("MEDAI_WEIGHTS", f"{tmp_path / 'none'}:{tmp_path / 'mirror'}")
    assert find(of_url()) == path
    assert read(path)["layer.weight"].equal(TENSORS["layer.weight"])


def test_a_mirror_holds_repositories_of_a_hub(tmp_path: Path) -> None:
    path = put(tmp_path / "owner" / "net" / "model.safetensors")
    assert find(of_hub(sha256=DIGEST), mirror=tmp_path) == path


def test_the_caches_of_other_libraries_are_looked_into(tmp_path: Path) -> None:
    path = put(tmp_path / "torch" / "checkpoints" / "net-abc.safetensors")
    assert find(of_url()) == path
    commit = "a" * 40
    put(tmp_path / "hub" / "models--owner--net" / "refs" / "main", commit.encode())
    path = put(tmp_path / "hub" / "models--owner--net" / "snapshots" / commit / "model.safetensors")
    assert find(of_hub()) == path


def test_the_first_digits_of_a_sum_are_enough(tmp_path: Path) -> None:
    path = put(tmp_path / "x" / "net.safetensors")
    assert find(of_url(sha256=DIGEST[:8]), mirror=tmp_path) == path


def test_a_file_with_another_sum_is_an_error_and_not_passed_over(tmp_path: Path, served: list[str]) -> None:
    put(tmp_path / "x" / "net.safetensors", save({"other": torch.ones(1)}))
    with pytest.raises(DataError, match="SHA-256") as caught:
        find(of_url(), mirror=tmp_path)
    assert caught.value.path == tmp_path / "x" / "net.safetensors" and not served


def test_a_file_that_is_named_is_taken_as_it_is(tmp_path: Path) -> None:
    path = put(tmp_path / "mine.safetensors", save({"other": torch.ones(1)}))
    assert find(of_url(), file=path) == path
    with pytest.raises(DataError, match="does not exist"):
        find(of_url(), file=tmp_path / "no.safetensors")
    with pytest.raises(DataError, match="not a safetensors"):
        find(of_url(), file=put(tmp_path / "bad.safetensors", b"nothing of the kind"))


@pytest.mark.usefixtures("here")
def test_a_legacy_file_is_converted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "mirror" / "net-abc.pth"
    old.parent.mkdir()
    torch.save(TENSORS, old)
    weights = of_url("https://127.0.0.1:9/net-abc.pth", sha256=sha256(old))
    found = find(weights, mirror=old.parent)
    assert found.suffix == ".safetensors" and found.is_relative_to(tmp_path / "cache")
    assert read(found)["layer.weight"].equal(TENSORS["layer.weight"])
    monkeypatch.setattr("medai.weights._legacy.convert", lambda *arguments: pytest.fail("converted again"))
    assert find(weights, mirror=old.parent) == found
    # Moved into a mirror, the converted file stands for the published one, because it says what it was made from.
    kept = put(tmp_path / "other" / "x" / "net.safetensors", found.read_bytes())
    assert find(weights, mirror=tmp_path / "other") == kept


def test_the_network_is_asked_last_and_once(tmp_path: Path, served: list[str]) -> None:
    found = find(of_url())
    assert found == tmp_path / "cache" / "medai" / "weights" / "x" / "net.safetensors" and sha256(found) == DIGEST
    assert find(of_url()) == found and served == ["https://127.0.0.1:9/net-abc.safetensors"]


def test_a_hub_is_asked_for_a_file_of_a_revision(served: list[str]) -> None:
    find(of_hub(revision="b" * 40, file="weights/net.safetensors"))
    assert served[0].endswith(f"/owner/net/resolve/{'b' * 40}/weights/net.safetensors")


def test_what_comes_is_checked(tmp_path: Path, served: list[str]) -> None:
    with pytest.raises(DataError, match=f"{DIGEST}, not {'0' * 64}"):
        find(of_url(sha256="0" * 64))
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_more_than_was_stated_is_not_taken(tmp_path: Path, served: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.CONTENT", save({"large": torch.zeros(500_000)}))
    with pytest.raises(DataError, match="larger than the 1 MB"):
        find(of_url(megabytes=0.1))
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_the_hub_states_a_sum_where_we_know_none() -> None:
    with pytest.raises(DataError, match="the hub states"):
        fetching._check(of_hub(), "1" * 64, "2" * 64)
    fetching._check(of_hub(), "1" * 64, "1" * 64)
    fetching._check(of_hub(), "1" * 64, "not a sum")


def test_no_network_is_said_at_once_with_what_to_do() -> None:
    began = time.monotonic()
    with pytest.raises(EnvironmentFault) as caught:
        find(of_url())
    assert time.monotonic() - began < 5 and caught.value.exit_code == 7
    for said in (
        "x/net",
        "https://127.0.0.1:9/net-abc.safetensors",
        "CC-BY-4.0",
        "MEDAI_WEIGHTS",
        "refused",
        "--set model.pretrained=none",
    ):
        assert said in str(caught.value)


def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []
        thread = threading.Thread(target=lambda: held.append(server.accept()[0]))
        thread.start()
        began = time.monotonic()
        with pytest.raises(EnvironmentFault, match="timed out"):
            find(of_url(f"https://127.0.0.1:{server.getsockname()[1]}/net-abc.safetensors"))
        assert time.monotonic() - began < 5
        thread.join()
        held[0].close()


def test_the_network_is_not_asked_unasked(served: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EnvironmentFault, match="not asked"):
        find(of_url(), fetching=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EnvironmentFault, match="HF_HUB_OFFLINE"):
        find(of_hub())
    assert not served


def test_redirects_stay_on_https() -> None:
    request, headers = urllib.request.Request("https://127.0.0.1/a"), HTTPMessage()
    headers["X-Linked-Etag"] = '"abc"'
    redirects = fetching._Redirects()
    with pytest.raises(OSError, match="not https"):
        redirects.redirect_request(request, BytesIO(), 302, "", headers, "http://127.0.0.1/b")
    assert redirects.redirect_request(request, BytesIO(), 302, "", headers, "https://127.0.0.1/b").full_url == "https://127.0.0.1/b"
    assert redirects.stated == '"abc"'


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "http://127.0.0.1/a.safetensors"},
        {"sha256": ""},
        {"sha256": "xyz"},
        {"hub": "owner/net"},
        {"url": ""},
        {"name": "../../etc/passwd"},
        {"name": "/absolute"},
    ],
)
def test_malformed_records_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(PluginError, match="weights"):
        of_url(**changes)


def test_reading_what_is_no_safetensors(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "a.safetensors")
    (tmp_path / "a.safetensors").write_bytes((tmp_path / "a.safetensors").read_bytes()[:-4])
    with pytest.raises(DataError, match="convert"):
        read(tmp_path / "a.safetensors")


def test_what_is_taken_is_told_with_its_sum(tmp_path: Path) -> None:
    own, told = put(tmp_path / "own.safetensors"), list[Taken]()
    mirrored = put(tmp_path / "mirror" / "net.safetensors")
    digest = sha256(own)
    with recorded(told.append):
        find(of_hub(), file=own)
        find(of_hub(name="net"), mirror=tmp_path / "mirror")
        find(of_hub(name="net", sha256=digest), mirror=mirrored.parent)
    find(of_hub(), file=own)
    assert [(taken.name, taken.sha256, taken.stated) for taken in told] == [
        ("own.safetensors", digest, False),
        ("net", digest, False),
        ("net", digest, True),
    ]
    assert told[0].license == "" and told[1].license == of_hub().license != ""
