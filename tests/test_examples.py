"""Each example runs from top to bottom, without a warning, to its picture."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[1] / "examples"
EXAMPLES = sorted(FOLDER.glob("*.py"))


def gradients_vanish_and_explode(printed):
    small, critical, large, lstm = map(float, re.findall(r"(\S+) after 99 steps", printed))
    assert small < 1e-12
    assert large > 1e6
    assert 1e-3 < critical < 1e3
    assert 1e-3 < lstm < 1e3


def all_shapes_are_learned(printed):
    scores = [float(score) for score in re.findall(r"R² (\S+)", printed)]
    assert len(scores) == 5
    assert min(scores) > 0.9
    assert float(re.search(r"copy: (\S+)%", printed)[1]) > 95


CLAIMS = {
    "gradient_norms": gradients_vanish_and_explode,
    "sequence_shapes": all_shapes_are_learned,
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path, tmp_path):
    picture = tmp_path / "picture.png"
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path), str(picture)],
        capture_output=True,
        text=True,
        env=os.environ | {"MPLBACKEND": "Agg", "MPLCONFIGDIR": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout, "an example prints what it found"
    if path.stem in CLAIMS:
        CLAIMS[path.stem](done.stdout)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 10_000


@pytest.fixture
def names_of(tmp_path, monkeypatch, capsys):
    """Run an example in this process and return its names and what it has printed."""

    def run(name):
        monkeypatch.setattr(sys, "argv", [name, str(tmp_path / "picture.png")])
        return runpy.run_path(str(FOLDER / f"{name}.py")), capsys.readouterr().out

    yield run
    import matplotlib.pyplot as plt

    plt.close("all")


def test_the_error_surface_is_that_of_a_network_of_one_unit(names_of):
    from reservoir.cells import Elman
    from reservoir.training._batches import Examples, make_batch
    from reservoir.training._bptt import Objective, batch_gradient
    from reservoir.training._network import Network
    from reservoir.training._trees import leaves, views
    from reservoir.training.losses import SquaredError

    names, printed = names_of("error_surface")
    assert "thrown off by the wall: True" in printed
    network = Network(Elman("sigmoid"), 1, 1, 1, pooling="last")
    template = network.init(np.random.default_rng(0))
    examples = Examples(np.zeros((50, 1)), np.array([0, 50]), np.array([[0.7]]), np.ones(1), True)
    batch = make_batch(
        examples, np.array([0]), np.array([0]), np.array([50]), fresh=True, stays=False
    )
    for w, b in [(3.0, -2.0), (5.0, -2.2), (4.5, -2.3), (6.0, -3.5)]:
        # input weight, w, b, the initial state σ(0.5); the output is the state
        vector = np.array([0, w, b, 1 / (1 + np.exp(-0.5)), 1, 0])
        assert sum(leaf.size for leaf in leaves(template)) == len(vector)
        weights = views(template, vector)
        expected = batch_gradient(
            Objective(network, SquaredError()), weights, batch, network.begin(weights, 1)
        )
        error, gradient = names["error_and_gradient"](w, b)
        assert error == pytest.approx(expected.loss, rel=1e-9)
        np.testing.assert_allclose(gradient, expected.gradient[1:3], rtol=1e-7)
    thrown, kept = names["paths"].values()
    assert np.abs(thrown[0][-1]).max() > 8  # outside of the picture, on a plain
    assert np.hypot(*names["error_and_gradient"](*thrown[0][-1])[1]) < 1e-4
    assert np.hypot(*np.diff(kept[0], axis=0).T).max() < 0.3 * 0.3 + 1e-9


def test_the_memory_cell_stores_keeps_reads_and_clears(names_of):
    names, _ = names_of("lstm_memory_cell")
    output, content = names["output"], names["content"]
    np.testing.assert_allclose(content[50:450], 4.2, atol=2e-4)
    np.testing.assert_allclose(content[450:], 0, atol=1e-6)
    assert output[400] == pytest.approx(4.2, abs=2e-4)
    assert np.abs(np.delete(output, 400)).max() < 1e-6
    assert names["of_content"][49] == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(names["during"], 1, atol=1e-4)
    assert np.ptp(names["during"]) < 1e-5
