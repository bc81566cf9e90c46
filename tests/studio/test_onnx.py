"""The ONNX model computes what PyTorch does, or is not written."""

import json
import os
import sys

import pytest
import torch

from stylespace.errors import StylespaceError, UsageError
from stylespace.studio import onnx as module
from stylespace.studio.onnx import TOLERANCE, require_onnx, write_onnx
from tests.small import bend, strokes, vivid_model

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
SMALL = {"encoder_widths": (16, 16), "decoder_widths": (16, 16)}


@pytest.fixture(scope="module")
def model():
    model = vivid_model(style_size=3, **SMALL)
    model.calibration.mean.normal_(generator=torch.Generator().manual_seed(0))
    model.calibration.to_style.add_(0.1)
    model.calibration.to_code.copy_(model.calibration.to_style.inverse())
    bend(model)
    return model


@pytest.fixture(scope="module")
def written(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "new" / "model.onnx"
    return path, write_onnx(model, path)


@pytest.fixture(scope="module")
def run(written):
    session = onnxruntime.InferenceSession(written[0], providers=["CPUExecutionProvider"])
    return lambda outputs, **inputs: session.run(
        outputs, {name: value.numpy() for name, value in inputs.items()}
    )


def test_does_not_tell_where_its_maker_keeps_the_program(written):
    assert b".py" not in written[0].read_bytes()


def test_says_which_class_each_digit_is(written):
    said = onnxruntime.InferenceSession(written[0]).get_modelmeta().custom_metadata_map
    assert json.loads(said["class_names"]) == list("0123456789")
    assert said["images"] == "0 is paper, 1 is ink"


def test_is_one_valid_file_with_named_and_dynamic_inputs(written):
    path, difference = written
    assert difference <= TOLERANCE
    assert [file.name for file in path.parent.iterdir()] == ["model.onnx"]
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    shapes = {
        value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {
        "images": ["n", 1, 28, 28],
        "digits": ["n"],
        "styles": ["m", 3],
        "drawn_digits": ["m"],
        "style": ["n", 3],
        "drawn": ["m", 1, 28, 28],
    }


@pytest.mark.parametrize(("images", "styles"), [(1, 1), (1, 10), (33, 2), (0, 5), (5, 0)])
def test_computes_what_pytorch_does_for_any_numbers(model, run, images, styles):
    data = strokes(images, 1)
    random = torch.Generator().manual_seed(0)
    style, digits = torch.randn(styles, 3, generator=random), torch.arange(styles) % 10
    found = run(
        ["style", "drawn"],
        images=data.floats(),
        digits=data.digits,
        styles=style,
        drawn_digits=digits,
    )
    encoded, drawn = map(torch.from_numpy, found)
    wanted = model.encode(data.floats(), data.digits)
    assert torch.allclose(encoded, wanted, rtol=1e-5, atol=1e-5)
    assert torch.allclose(drawn, model.decode(style, digits), rtol=0, atol=1e-5)


def test_what_computes_something_else_is_not_written(model, tmp_path, monkeypatch):
    other = vivid_model(style_size=3, **SMALL)
    export = module._export
    monkeypatch.setattr(module, "_export", lambda _, path: export(other, path))
    with pytest.raises(StylespaceError, match=r"model.onnx would be off by .*: it is not written"):
        write_onnx(model, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
def test_a_file_may_have_any_name(model, tmp_path):
    path = tmp_path / os.fsdecode(b"\xff.onnx")
    assert write_onnx(model, path) <= TOLERANCE
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def ended_by(cause):
    error = RuntimeError("Refer to the full stack trace above")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("error", [RuntimeError("std::bad_alloc"), ended_by(MemoryError())])
def test_memory_that_ends_within_a_library_is_pythons_own_error(
    model, tmp_path, monkeypatch, error
):
    def fails(*_):
        raise error

    monkeypatch.setattr(module, "_export", fails)
    with pytest.raises(MemoryError):
        write_onnx(model, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_missing_libraries_are_named(monkeypatch):
    find = module.importlib.util.find_spec
    monkeypatch.setattr(
        module.importlib.util, "find_spec", lambda name: None if "onnx" in name else find(name)
    )
    with pytest.raises(UsageError, match=r"needs onnx and onnxscript and onnxruntime: pip inst"):
        require_onnx()
