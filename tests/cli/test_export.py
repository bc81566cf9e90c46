"""`stylespace export` as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stylespace import checkpoint
from stylespace.cli import export
from tests.cli.drawing import SESSION, left_behind, save_session

SMALL = {"encoder_widths": (16,), "decoder_widths": (16,)}


@pytest.fixture(scope="module")
def home(tmp_path_factory, strokes_dir):
    """A directory with the default session, of the strokes."""
    home = tmp_path_factory.mktemp("home")
    save_session(home / SESSION, data=str(strokes_dir), **SMALL)
    return home


@pytest.fixture
def stylespace_export(home, tmp_path, monkeypatch, capsys):
    """Run the command beside that session: exit code, stdout and stderr."""
    monkeypatch.setenv("STYLESPACE_CACHE", str(home / "cache"))
    (tmp_path / SESSION).symlink_to(home / SESSION)
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = export.main([str(word) for word in arguments], prog="stylespace export")
        return code, *capsys.readouterr()

    return run


def test_a_site(stylespace_export):
    code, out, _ = stylespace_export(SESSION, "--to", "new/site/")
    assert (code, out) == (
        0,
        f"The studio of {SESSION} written to new/site/: put it on any web host\n",
    )
    info = json.loads(Path("new/site/studio.json").read_text(encoding="utf-8"))
    assert (info["dtype"], info["points"]["count"]) == ("float16", 300)
    for name in ("index.html", "studio.css", info["model"], info["reader"]):
        assert Path("new/site", name).is_file()


def test_a_page_in_one_file(stylespace_export):
    code, out, _ = stylespace_export("--to", "page.html")
    assert (code, out) == (
        0,
        f"The studio of {SESSION} written to page.html: open it in a browser\n",
    )
    assert left_behind(Path()) == ["page.html"]
    assert 'id="stylespace-data"' in Path("page.html").read_text(encoding="utf-8")


def test_sessions_of_the_same_images_in_another_place_are_compared(
    stylespace_export, strokes_dir, tmp_path
):
    def session(name, data, images):
        save_session(tmp_path / name, data=data, **SMALL)
        path = tmp_path / name / "trainer.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"data": images}))

    session("a.ckpt", str(strokes_dir), "1234")
    session("b.ckpt", "/where/it/was", "1234")
    session("c.ckpt", "/where/it/was", "5678")
    assert stylespace_export("a.ckpt", "--to", "site/", "--compare", "b.ckpt")[0] == 0
    code, _, err = stylespace_export("a.ckpt", "--to", "site/", "--compare", "c.ckpt")
    assert code == 1
    assert "c.ckpt is of /where/it/was, not of " in err


def test_a_hub_folder(stylespace_export):
    code, out, err = stylespace_export("--to", "hub-folder/")
    assert (code, err) == (0, "")
    assert out == (
        f"{SESSION} written to hub-folder/, as the Hugging Face Hub has it; "
        "stylespace evaluate, and its model card has figures too\n"
    )
    assert checkpoint.load("hub-folder").style_size == 4
    assert Path("hub-folder/README.md").read_text(encoding="utf-8").startswith("---\n")


def test_an_onnx_model(stylespace_export):
    pytest.importorskip("onnxruntime")
    code, out, err = stylespace_export("--to", "model.onnx")
    assert (code, err) == (0, "")
    assert out.startswith(f"{SESSION} written to model.onnx; at most ")
    assert left_behind(Path()) == ["model.onnx"]


def test_as_says_what_the_name_does_not(stylespace_export):
    assert stylespace_export("--to", "mine", "--as", "hub")[0] == 0
    assert checkpoint.load("mine").style_size == 4
    assert stylespace_export("--to", "studio", "--as", "page")[0] == 0
    assert Path("studio").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("name", "text"), [("README.md", "# a project"), ("studio.json", '{"theme": "dark"}')]
)
def test_a_project_is_not_taken_for_an_earlier_export(stylespace_export, name, text):
    Path("mine").mkdir()
    (Path("mine") / name).write_text(text)
    for kind in ([], ["--as", "hub"], ["--as", "site"]):
        code, _, err = stylespace_export("--to", "mine/", *kind)
        assert code == 1
        assert "mine holds other files; name a new folder, or an empty one" in err
    assert (Path("mine") / name).read_text() == text
    assert len(list(Path("mine").iterdir())) == 1


REFUSED = {
    "no session": (["none.ckpt", "--to", "a.html"], "none.ckpt is no session"),
    "ending": (["--to", "a.zip"], "--to a.zip must end in .html or .onnx, or be a folder"),
    "nothing": (["--to", ""], "--to needs a name"),
    "session": (["--to", SESSION, "--as", "hub"], f"{SESSION} holds other files"),
    "into it": (["--to", f"{SESSION}/"], f"{SESSION} holds other files"),
    "home": (["--to", "."], ". holds other files"),
    "through a file": (["--to", "file/page.html"], "cannot write file/page.html"),
    "a folder of it": (["--to", "file", "--as", "hub"], "cannot write file: "),
    "onto a folder": (["--to", "d.onnx", "--as", "page"], "cannot write d.onnx: it is a dir"),
    "compare": (["--to", "a.onnx", "--compare", SESSION], "--compare is for a site or a page"),
    "compare on the hub": (["--to", "hub/", "--compare", SESSION], "--compare is for a site or a"),
    "no other": (["--to", "a.html", "--compare", "none.ckpt"], "none.ckpt is no session"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_one_line_and_leaves_nothing_behind(stylespace_export, case):
    flags, says = REFUSED[case]
    Path("file").write_text("no folder")
    Path("d.onnx").mkdir()
    before = left_behind(Path()), sorted(Path(SESSION).iterdir())
    code, out, err = stylespace_export(*flags)
    assert (code, out) == (1, "")
    assert err.startswith("stylespace export: ")
    assert says in err
    assert err.count("\n") == 1
    assert (left_behind(Path()), sorted(Path(SESSION).iterdir())) == before


def test_an_onnx_model_without_the_libraries_is_refused(stylespace_export, monkeypatch):
    from stylespace.studio import onnx

    monkeypatch.setattr(onnx.importlib.util, "find_spec", lambda _: None)
    code, _, err = stylespace_export("--to", "model.onnx")
    assert code == 1
    assert "pip install onnx onnxscript onnxruntime\n" in err
    assert left_behind(Path()) == []


def test_help_answers_without_loading_the_model():
    code = "import sys; from stylespace.cli.export import main\ntry: main(['--help'])\n"
    code += "except SystemExit: sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0
    for flag in ("SESSION", "--to", "--as", "--compare"):
        assert flag in done.stdout
