"""Every door, knocked at with damaged and made-up input: a result, or a line that says no.

The short form takes the same inputs each time. The long form takes others each time:

    STYLESPACE_FUZZ=3000 pytest tests/faults/test_hostile.py

with so many inputs at each door. Each must end within two seconds of computing, and all of them
within a gigabyte.
"""

import contextlib
import gzip
import io
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from stylespace import checkpoint
from stylespace.checkpoint import TrainerState
from stylespace.config import ModelConfig, TrainConfig
from stylespace.data.idx import FILES
from stylespace.data.prepare import prepare_file
from stylespace.datasets import load
from stylespace.errors import StylespaceError
from stylespace.networks import StyleAutoencoder
from tests.small import strokes, write_idx

resource = pytest.importorskip("resource")

ASKED = os.environ.get("STYLESPACE_FUZZ")
MOST_SECONDS, MOST_BYTES = 2.0, 2**30
KIBIBYTE = 1 if sys.platform == "darwin" else 1024  # the unit of ru_maxrss

fuzzed = settings(
    max_examples=int(ASKED or 60),
    derandomize=ASKED is None,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
DOORS: dict[str, int] = {}


@pytest.fixture(scope="module", autouse=True)
def memory() -> Iterator[None]:
    """All of a module's inputs together may not take more than a gigabyte more than before."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * KIBIBYTE
    print(f"\n{sum(DOORS.values())} inputs: {DOORS}; memory grew by {grown / 2**20:.0f} MiB")
    assert grown < MOST_BYTES


def knock(door: str, call: Callable[[], object]) -> None:
    """Call; let through a result and a one-line refusal, and nothing else."""
    DOORS[door] = DOORS.get(door, 0) + 1
    began = time.process_time()
    try:
        call()
    except StylespaceError as error:
        text = " ".join(str(error).split())  # a file's name may have a line break
        assert 0 < len(text) < 2000
    assert time.process_time() - began < MOST_SECONDS


@st.composite
def mutations(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Some changes to a file: bytes, numbers and lengths that are not what they were."""
    edits = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["flip", "cut", "insert", "number", "repeat", "zero", "tail"]),
                st.floats(0, 1),
                st.integers(0, 2**32 - 1),
                st.binary(min_size=1, max_size=16),
            ),
            min_size=1,
            max_size=6,
        )
    )
    early = draw(st.booleans())  # headers are where the harm is

    def change(content: bytes) -> bytes:
        data = bytearray(content)
        for kind, share, number, some in edits:
            at = int(share * min(len(data), 200 if early else len(data)))
            if kind == "flip" and at < len(data):
                data[at] ^= 1 << number % 8
            elif kind == "cut":
                del data[at : at + number % 64]
            elif kind == "insert":
                data[at:at] = some
            elif kind == "number":
                data[at : at + 4] = number.to_bytes(4, "big" if number % 2 else "little")
            elif kind == "repeat":
                data[at:at] = data[at : at + number % 4096]
            elif kind == "zero":
                data[at : at + number % 32] = bytes(number % 32)
            elif kind == "tail":
                del data[at:]
        return bytes(data)

    return change


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["../../etc/passwd", "/dev/zero", "__class__", "\x00", "9" * 5000])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def session(place: Path) -> Path:
    config = ModelConfig(encoder_widths=(8,), decoder_widths=(8,), classes=3)
    tensors = {"sums": torch.zeros(3), "master": torch.zeros(50)}
    state = TrainerState(
        config=TrainConfig(),
        step=3,
        steps=9,
        data="abc",
        tensors=tensors,
        history=({"epoch": 1, "objective": "aae"}, {"epoch": 2, "objective": "aae"}),
    )
    checkpoint.save(place / "s.ckpt", StyleAutoencoder(config), state)
    return place / "s.ckpt"


@contextlib.contextmanager
def replaced(path: Path, content: bytes) -> Iterator[None]:
    """Another content for a file, for a while."""
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(before)


def opened_by(name: str) -> Callable[[Path], object]:
    """What reads one of a session's files."""
    is_models = name in ("config.json", "model.safetensors")
    return checkpoint.load if is_models else checkpoint.read_trainer


@fuzzed
@given(change=mutations(), name=st.sampled_from(FILES), zipped=st.booleans(), inside=st.booleans())
def test_idx_files(place, change, name, zipped, inside):
    directory = place / "idx"
    if not directory.exists():
        write_idx(directory, strokes(60, 0), strokes(30, 1))
    content = (directory / name).read_bytes()
    if inside:
        content = change(content)
    if zipped:
        content = gzip.compress(content, 1)
    if not inside:
        content = change(content)
    with replaced(directory / name, content):
        knock("IDX", lambda: load(directory))


@fuzzed
@given(change=mutations(), packed=st.booleans())
def test_npz_files(place, change, packed):
    data, file = strokes(60, 0), io.BytesIO()
    save = np.savez_compressed if packed else np.savez
    save(
        file,
        images=data.images.numpy(),
        labels=data.digits.numpy(),
        class_names=list("abcdefghij"),
    )
    (place / "set.npz").write_bytes(change(file.getvalue()))
    knock(".npz", lambda: load(place / "set.npz"))


@fuzzed
@given(
    dtype=st.sampled_from(
        ["u1", "i8", "f2", "f4", "f8", "?", "U3", "S2", "c8", "M8[s]", "O", "V3"]
    ),
    shape=st.lists(st.integers(0, 40), max_size=5),
    labels=st.sampled_from(["u1", "i8", "f4", "U3", "S2", "?", "O"]),
    fill=st.integers(-3, 300),
)
def test_npz_arrays_of_any_kind(place, dtype, shape, labels, fill):
    total = int(np.prod(shape)) if shape else 1
    shape = shape if total < 10**6 else shape[:1]
    count = shape[0] if shape else 0
    images = np.full(shape, fill % 256).astype(dtype, casting="unsafe") if dtype != "V3" else (
        np.zeros(shape, dtype)
    )  # fmt: skip
    np.savez(place / "kind.npz", images=images, labels=np.full(count, fill % 7).astype(labels))
    knock(".npz arrays", lambda: load(place / "kind.npz"))


@fuzzed
@given(change=mutations(), name=st.sampled_from(["model.safetensors", "trainer.safetensors"]))
def test_safetensors_files(session, change, name):
    with replaced(session / name, change((session / name).read_bytes())):
        knock("safetensors", lambda: opened_by(name)(session))


@fuzzed
@given(data=st.data(), name=st.sampled_from(["config.json", "trainer.json"]))
def test_settings_of_any_value(session, data, name):
    stored = json.loads((session / name).read_text())
    inner = stored["config"] if name == "trainer.json" and data.draw(st.booleans()) else stored
    key = data.draw(st.sampled_from(sorted(inner)) | st.text(max_size=5))
    inner[key] = data.draw(values)
    with replaced(session / name, json.dumps(stored).encode("utf-8", "surrogatepass")):
        knock(name, lambda: opened_by(name)(session))


@fuzzed
@given(change=mutations(), name=st.sampled_from(["config.json", "trainer.json", "history.jsonl"]))
def test_settings_and_histories_that_are_damaged(session, change, name):
    with replaced(session / name, change((session / name).read_bytes())):
        knock(name, lambda: opened_by(name)(session))


@fuzzed
@given(lines=st.lists(values, max_size=5), nested=st.integers(0, 100_000))
def test_histories_of_any_value(session, lines, nested):
    text = "\n".join(map(json.dumps, lines)) + ("\n" + "[" * nested if nested % 5 == 0 else "")
    with replaced(session / "history.jsonl", text.encode("utf-8", "surrogatepass")):
        knock("history.jsonl", lambda: checkpoint.read_trainer(session))


@fuzzed
@given(
    change=mutations(),
    form=st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "ICO"]),
    ending=st.sampled_from([".png", ".jpg", ".gif", ".tif", ".webp", ".txt", ".npz"]),
    mode=st.sampled_from(["L", "RGB", "1"]),
)
def test_pictures(place, change, form, ending, mode):
    file = io.BytesIO()
    ink = 255 - strokes(3, 0).images[2].numpy()
    Image.fromarray(ink).resize((112, 112)).convert(mode).save(file, form)
    path = place / f"picture{ending}"
    path.write_bytes(change(file.getvalue()))
    knock("pictures", lambda: prepare_file(path))


@pytest.mark.parametrize("side", [7_000, 13_000, 100_000])
@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_a_picture_that_is_a_bomb(tmp_path, side, mode):
    if side == 100_000:  # its header only: 10,000 million pixels
        file = io.BytesIO()
        Image.new("L", (8, 8)).save(file, "PNG")
        content = bytearray(file.getvalue())
        content[16:24] = side.to_bytes(4, "big") * 2
        import zlib

        content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
        (tmp_path / "bomb.png").write_bytes(content)
    else:
        Image.new(mode, (side, side)).save(tmp_path / "bomb.png", compress_level=1)
    knock("bombs", lambda: prepare_file(tmp_path / "bomb.png"))


# fmt: off
WORDS = [
    "-", "--", "-1", "0", "1", "3", "1e400", "nan", "inf", "/", ".", "..", "/dev/null",
    "/dev/null/x", "~nobody/x", "x.npz", "x.png", "x.svg", "hf:", "-h", "=", "*",
]
# fmt: on
# fmt: off
FLAGS = [
    "--batch-size", "--epochs", "--lr", "--feature-size", "--ckpt-dir", "--seed", "--data-dir",
    "--image-dir", "--sample-size", "--output", "--count", "--style", "--like", "--digit",
    "--text", "--traverse", "--export", "--quick", "--study", "--seeds", "--study-dir",
    "--objective", "inspect",
]
# fmt: on
words = st.sampled_from([*WORDS, "", "9" * 5000, "\udcff", "a\nb"]) | st.text(
    st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=12
)
flags = st.sampled_from(FLAGS)


@fuzzed
@given(
    command=st.sampled_from(["train", "vis", "generate", "evaluate", "data", "export", "", "x"]),
    rest=st.lists(flags | words, max_size=6),
)
def test_command_lines(tmp_path_factory, monkeypatch, command, rest):
    from stylespace.cli.main import main

    here = tmp_path_factory.mktemp("cli")
    own = ["--data", "nowhere/at-all"] if command in ("train", "evaluate", "vis") else []
    told, codes = io.StringIO(), []

    def call() -> None:
        with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
            try:
                codes.append(main([command, *rest, *own]))
            except SystemExit as end:  # argparse refuses and helps so
                codes.append(end.code)

    monkeypatch.chdir(here)
    knock("command lines", call)
    assert codes[0] in (0, 1, 2)
    assert "Traceback" not in told.getvalue()
    if codes[0] == 1:
        assert told.getvalue().count("\n") == 1
    shutil.rmtree(here)
