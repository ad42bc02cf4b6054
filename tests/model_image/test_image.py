"""What goes into the image: pinned weights, the Dockerfile's rules, no torch in the small one."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from model_image import fetch_weights
from model_image.fetch_weights import LOCK, Pinned, Unfetchable, main, read

ROOT = Path(__file__).parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {"heads.json": b"{}", "encoder/model.safetensors": b"\x00" * 3_000_000}


class Hub:
    """A hub on this machine: what it holds, what it was asked, and how it misbehaves."""

    def __init__(self) -> None:
        self.files = dict(FILES)
        self.asked: list[tuple[str, str | None]] = []
        self.failures: list[int] = []  # statuses of the next answers; 0 cuts one off
        self.redirect_to: str | None = None
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, http: BaseHTTPRequestHandler) -> None:
        self.asked.append((http.path, http.headers.get("Authorization")))
        failure = self.failures.pop(0) if self.failures else None
        content = self.files.get(http.path.partition(f"/resolve/{COMMIT}/")[2])
        if self.redirect_to:
            http.send_response(302)
            http.send_header("Location", self.redirect_to + http.path)
            http.end_headers()
        elif failure or content is None:
            http.send_error(failure or 404)
        else:
            http.send_response(200)
            http.send_header("Content-Length", str(len(content)))
            http.end_headers()
            http.wfile.write(content[: len(content) // 2] if failure == 0 else content)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(fetch_weights, "PAUSE_S", 0.0)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    hub = Hub()
    yield hub
    hub.server.shutdown()
    hub.server.server_close()


def _pinned(hub: Hub, **changes: Any) -> Pinned:
    hashes = {file: hashlib.sha256(content).hexdigest() for file, content in FILES.items()}
    entry = {"repository": "org/model", "revision": COMMIT, "licence": "MIT", "files": hashes}
    return Pinned(name="served", source=hub.url, **{**entry, **changes})


def test_files_are_fetched_once(hub: Hub, tmp_path: Path) -> None:
    fetch_weights.fetch(_pinned(hub), tmp_path)
    for file, content in FILES.items():
        assert (tmp_path / file).read_bytes() == content
    assert hub.asked[0][0] == f"/org/model/resolve/{COMMIT}/heads.json"
    fetch_weights.fetch(_pinned(hub), tmp_path)
    assert len(hub.asked) == 2


@pytest.mark.parametrize("failure", [500, 429, 0], ids=["500", "429", "cut off"])
def test_a_hub_that_fails_is_asked_again(hub: Hub, tmp_path: Path, failure: int) -> None:
    hub.failures = [failure, failure]
    fetch_weights.fetch(_pinned(hub), tmp_path)
    assert len(hub.asked) == 4
    assert not list(tmp_path.rglob("*.part"))


def test_a_hub_that_stays_down(hub: Hub, tmp_path: Path) -> None:
    hub.failures = [503] * 9
    with pytest.raises(Unfetchable, match="answered 503 4 times"):
        fetch_weights.fetch(_pinned(hub), tmp_path)
    assert not (tmp_path / "heads.json").exists()


def test_another_file_than_pinned_does_not_stay(hub: Hub, tmp_path: Path) -> None:
    hub.files["heads.json"] = b"[]"
    with pytest.raises(Unfetchable, match="the lock file says"):
        fetch_weights.fetch(_pinned(hub), tmp_path)
    assert not (tmp_path / "heads.json").exists()


def test_a_missing_file_is_not_asked_for_again(hub: Hub, tmp_path: Path) -> None:
    hub.files.clear()
    with pytest.raises(Unfetchable, match="404"):
        fetch_weights.fetch(_pinned(hub), tmp_path)
    assert len(hub.asked) == 1


def test_the_token_stays_with_the_hub(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "s3cret")
    storage = Hub()
    hub.redirect_to = storage.url
    fetch_weights.fetch(_pinned(hub), tmp_path)
    assert {token for _, token in hub.asked} == {"Bearer s3cret"}
    assert {token for _, token in storage.asked} == {None}
    storage.server.shutdown()


def test_what_pin_prints_can_be_fetched(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "models.lock.toml"
    files = "\n".join(f'"{file}" = ""' for file in FILES)
    lock.write_text(
        f'[served]\nrepository = "org/model"\nrevision = ""\nlicence = "MIT"\n'
        f'source = "{hub.url}"\n[served.files]\n{files}\n'
    )
    assert main(["served", str(tmp_path / "a"), "--lock", str(lock)]) == 1
    assert "not pinned yet" in capsys.readouterr().err
    assert main(["served", str(tmp_path / "a"), "--lock", str(lock), "--pin", "main"]) == 1
    capsys.readouterr()
    assert main(["served", str(tmp_path / "a"), "--lock", str(lock), "--pin", COMMIT]) == 0
    lock.write_text(capsys.readouterr().out)
    assert main(["served", str(tmp_path / "b"), "--lock", str(lock)]) == 0
    assert (tmp_path / "b" / "heads.json").read_bytes() == b"{}"


@pytest.mark.parametrize("file", ["../a.json", "/a.json", "model.bin", "code.py", "model.pkl"])
def test_only_plain_files_below_the_model(tmp_path: Path, file: str) -> None:
    lock = tmp_path / "lock.toml"
    lock.write_text(
        f'[a]\nrepository = "a/b"\nrevision = ""\nlicence = "MIT"\n[a.files]\n"{file}" = ""\n'
    )
    with pytest.raises(Unfetchable, match="no plain file"):
        read(lock, "a")


def test_the_lock_file_is_whole() -> None:
    """Every entry reads; what others publish is pinned; what is served is a model directory."""
    layout = pytest.importorskip("model_image.encoder.layout", reason="needs safetensors")
    for name, entry in tomllib.loads(LOCK.read_text()).items():
        pinned = read(LOCK, name)
        assert entry["licence"]
        if name != "served":  # an organisation's own: nobody's is pinned
            fetch_weights.check_pins(pinned)
    served = {file.as_posix() for file in (*layout.FILES, layout.DESCRIPTION)}
    assert set(read(LOCK, "served").files) == served


def test_the_dockerfile_fits_sagemaker() -> None:
    """No USER, exec-form ENTRYPOINT, no init of its own; only files that are there are copied."""
    text = (ROOT / "model_image" / "Dockerfile").read_text(encoding="utf-8")
    orders = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert not [line for line in orders if line.startswith("USER")]
    assert 'ENTRYPOINT ["python", "-m", "model_image"]' in orders
    assert "tini" not in text
    assert "ARG BACKEND=compact" in orders
    for line in orders:
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert list(ROOT.glob(source)), source
    stages = re.findall(r"^FROM \S+ AS (\S+)", text, re.MULTILINE)
    chosen = {f"deps-{one}" for one in ("compact", "encoder", "speech", "both")}
    assert {"weights", "speech-weights", "runtime"} | chosen <= set(stages)
    small = text[text.index("AS deps-compact") : text.index("FROM base AS deps-torch")]
    assert "requirements-encoder" not in small


def test_what_the_image_is_made_of_is_named_exactly() -> None:
    """The base by its digest, every distribution by its version."""
    text = (ROOT / "model_image" / "Dockerfile").read_text(encoding="utf-8")
    stages = set(re.findall(r" AS (\S+)", text)) | {"scratch", "deps-${BACKEND}"}
    for base in set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) - stages:
        assert re.search(r"@sha256:[0-9a-f]{64}$", base), base
    for order in re.findall(r"pip install(.*?)\n(?! )", text, re.DOTALL):
        assert "-c model_image/constraints.txt" in order
    pinned = {line.split("==")[0].lower() for line in _lines("constraints.txt")}
    for name in ("requirements.txt", "requirements-encoder.txt"):
        for line in _lines(f"model_image/{name}"):
            assert line.split("==")[0].lower() in pinned, line


def _lines(file: str) -> list[str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_health_check_asks_ping() -> None:
    """Its own words, against a server that is ready and one that is not."""
    text = (ROOT / "model_image" / "Dockerfile").read_text(encoding="utf-8")
    found = re.search(r"HEALTHCHECK [^\[]*(\[.*\])", text)
    assert found
    command = json.loads(found[1])
    status = [503]

    class Ping(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status[0] if self.path == "/ping" else 404)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ping)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {**os.environ, "PORT": str(server.server_port), "no_proxy": "*"}
    codes = []
    for status[0] in (503, 200):
        done = subprocess.run(
            [sys.executable, *command[1:]], env=environment, capture_output=True, check=False
        )
        codes.append(done.returncode)
    server.shutdown()
    server.server_close()
    assert codes == [1, 0]


def test_the_compact_image_is_whole_and_has_no_torch(tmp_path: Path) -> None:
    """Only what the Dockerfile's last stage copies is there."""
    text = (ROOT / "model_image" / "Dockerfile").read_text(encoding="utf-8")
    for line in text[text.index("AS runtime") :].splitlines():
        if line.startswith("COPY "):
            *sources, target = line.split()[1:]
            for source in (path for pattern in sources for path in ROOT.glob(pattern)):
                if source.is_dir():
                    shutil.copytree(source, tmp_path / target)
                else:
                    (tmp_path / target).mkdir(exist_ok=True)
                    shutil.copy(source, tmp_path / target)
    code = (
        "import sys; import model_image.__main__; from model_image import backends; "
        "backends.load('compact').warm_up(); print(model_image.__file__); "
        "print([m for m in ('torch', 'transformers', 'tokenizers') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    where, brought = done.stdout.split("\n", 1)
    assert where.startswith(str(tmp_path))
    assert brought.strip() == "[]"
