"""Without the extra: one line that names it; with it: the bits of one thread."""

import subprocess
import sys

import pytest

import mrnet_features as mf
from mrnet_features.cnn import libraries
from mrnet_features.cnn.combine import FoldNetworks, NetworkClassifier
from mrnet_features.cnn.occlusion import occlude
from mrnet_features.cnn.settings import Settings
from tests.support.bright_squares import make_squares


@pytest.mark.parametrize("missing", ["torch", "torchvision.models"])
def test_a_missing_library_is_one_line_that_names_the_extra(monkeypatch, missing):
    if missing != "torch":
        pytest.importorskip("torch", reason="the extra `cnn` is not installed")
    monkeypatch.setitem(sys.modules, missing, None)
    exams, labels = make_squares(8, n_slices=1)
    with pytest.raises(ModuleNotFoundError) as caught:
        mf.cross_validate_cnn(exams, labels, network="mrnet")
    assert str(caught.value).endswith("pip install 'mrnet-features[cnn]'.")
    assert "\n" not in str(caught.value)
    with pytest.raises(ModuleNotFoundError, match="mrnet-features\\[cnn\\]"):
        mf.embed(exams)


def test_a_network_of_a_run_before_is_one_line_too(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    settings = Settings("small", 64, 1, 1, 0.1, False, "cpu")
    networks = FoldNetworks(("acl",), settings, {"axial": b""}, {})
    exams, _ = make_squares(1, n_slices=1)
    for look in (occlude, lambda model, exam: model.predict_proba([exam])):
        with pytest.raises(ModuleNotFoundError) as caught:
            look(NetworkClassifier("acl", networks), exams[0])
        assert str(caught.value) == "Networks need PyTorch: pip install 'mrnet-features[cnn]'."


def test_everything_else_is_imported_without_torch():
    code = (
        "import sys, mrnet_features.cnn.cross_validate, mrnet_features.cnn.embed; "
        "import mrnet_features.cli, mrnet_features.workflows.networks; "
        "assert not {'torch', 'torchvision'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_settings_of_torch_are_given_back():
    torch = pytest.importorskip("torch", reason="the extra `cnn` is not installed")
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    with libraries.run_repeatably("cpu"):
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before


def test_the_generator_of_the_caller_is_left_alone():
    torch = pytest.importorskip("torch", reason="the extra `cnn` is not installed")
    exams, labels = make_squares(20, n_slices=2)
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    options = {"n_splits": 2, "resolution": 64, "epochs": 1, "n_jobs": 1, "progress": False}
    run = mf.cross_validate_cnn(exams, labels, **options)
    run.models["acl", 0, 0].predict_proba(exams[:1])
    assert torch.equal(torch.rand(3), expected)
