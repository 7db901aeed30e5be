"""The forward pass is what is written about it; weights come from where they are said to."""

import numpy as np
import pytest

from mrnet_features.cnn.networks import NETWORKS, count_weights, make_network, score_exams
from mrnet_features.cnn.weights import fill_trunk, find_cached, read_start_weights

torch = pytest.importorskip("torch", reason="the extra `cnn` is not installed")
models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")


@pytest.fixture(params=NETWORKS)
def network(request):
    torch.manual_seed(0)
    return request.param, make_network(request.param, 3).eval()


def test_an_exam_is_the_maximum_over_its_slices_and_sees_no_other_exam(network):
    name, modules = network
    slices = torch.rand(5, 64, 64) * 255
    with torch.no_grad():
        both = score_exams(name, modules, slices, [2, 3])
        assert both.shape == (2, 3)
        alone = score_exams(name, modules, slices[2:], [3])
        torch.testing.assert_close(alone[0], both[1])
        twice = score_exams(name, modules, slices[[2, 3, 4, 4, 2]], [5])
        torch.testing.assert_close(twice[0], both[1])


def test_the_published_network_is_an_alexnet_with_one_more_layer():
    modules = make_network("mrnet", 3)
    trunk = models.alexnet(weights=None).features
    assert [p.shape for p in modules["trunk"].parameters()] == [p.shape for p in trunk.parameters()]
    assert modules["heads"].weight.shape == (3, 256)
    x = torch.rand(2, 64, 64) * 255
    with torch.no_grad():
        scaled = ((x - 58.09) / 49.73)[:, None].expand(-1, 3, -1, -1)
        pictures = modules["trunk"].eval()(scaled)
        expected = modules["heads"](pictures.mean(dim=(2, 3)).amax(dim=0))
        torch.testing.assert_close(score_exams("mrnet", modules, x, [2])[0], expected)


def test_the_small_network_has_far_fewer_than_a_million_weights():
    assert count_weights(make_network("small", 3)) < 200_000


def test_weights_of_a_file_are_those_of_the_trunk(tmp_path):
    torch.manual_seed(1)
    source = models.alexnet(weights=None)
    torch.save(source.state_dict(), tmp_path / "alexnet.pth")
    start = read_start_weights(tmp_path / "alexnet.pth", "alexnet")
    assert start.said == "weights of 'alexnet.pth'"
    modules = make_network("mrnet", 3)
    fill_trunk(modules["trunk"], start)
    for ours, theirs in zip(
        modules["trunk"].parameters(), source.features.parameters(), strict=True
    ):
        assert torch.equal(ours, theirs)
    with pytest.raises(ValueError, match="every weight of the trunk in its shape, but 12 of 12"):
        fill_trunk(make_network("small", 3)["trunk"], start)


def test_weights_are_taken_from_the_cache_if_they_are_there(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert find_cached("alexnet") is None
    said = read_start_weights("auto", "alexnet").said
    assert said == "random weights, trained from scratch; no weights of alexnet in the cache"
    (tmp_path / "checkpoints").mkdir()
    url = models.AlexNet_Weights.DEFAULT.url
    file = tmp_path / "checkpoints" / url.rpartition("/")[2]
    torch.save(models.alexnet(weights=None).state_dict(), file)
    assert find_cached("alexnet") == file
    start = read_start_weights("auto", "alexnet")
    assert start.said == f"weights of '{file.name}'"
    assert len(start.hash) == 32


class Harmful:
    def __reduce__(self):
        return (print, ("code was run",))


@pytest.mark.parametrize("content", [Harmful(), [1, 2], {"a": 3}, {}], ids=type)
def test_a_file_that_is_no_state_dict_is_refused_and_no_code_run(tmp_path, capsys, content):
    path = tmp_path / "weights.pth"
    torch.save(content, path)
    with pytest.raises(ValueError, match=r"weights\.pth"):
        read_start_weights(path, None)
    assert capsys.readouterr().out == ""
    path.write_bytes(b"no weights")
    with pytest.raises(ValueError, match="can't be read as weights"):
        read_start_weights(path, None)
    with pytest.raises(FileNotFoundError):
        read_start_weights(tmp_path / "none.pth", None)


def test_only_mirroring_across_the_knee_is_undone():
    from mrnet_features.cnn.augment import change_exam

    grey = torch.zeros(2, 64, 64)
    grey[:, 24:40, 40:52] = 200.0
    mirrored = 0
    for seed in range(40):
        generator = torch.Generator().manual_seed(seed)
        changed = change_exam(grey, "coronal", generator)
        assert torch.equal(changed[0], changed[1])
        assert changed.shape == grey.shape
        where = np.argwhere(changed[0].numpy() > 50)
        mirrored += where[:, 1].mean() < 32
        kept = change_exam(grey, "sagittal", torch.Generator().manual_seed(seed))
        assert np.argwhere(kept[0].numpy() > 50)[:, 1].mean() > 28
    assert 10 <= mirrored <= 30
