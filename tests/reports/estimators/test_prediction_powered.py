import numpy as np
import pytest

from reports.estimators.prediction_powered import power, rectifier

# Sixty labelled texts and 1,940 others, of which the model calls 508, 968 and 464 -1, 0 and 1.
TRUTH = np.array(
    [-1, 0, 1, 0, -1, 0, 0, -1, 0, -1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, -1, 1, 0, 0, 1, 0, 0, 0, -1, 0]
    + [
        0,
        -1,
        0,
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        1,
        0,
        0,
        1,
        0,
        0,
        1,
        -1,
        1,
        0,
        0,
        -1,
        0,
        0,
        1,
        0,
        0,
        0,
        0,
        -1,
    ],
    dtype=float,
)
PREDICTED = np.array(
    [-1, 0, 1, 0, -1, -1, 0, -1, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0, -1, 1, 0, -1, 1, 0, 0, 0, -1]
    + [0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, -1, 1, -1, -1, 1, -1, 0, 0, 0, -1, 0, 0, 1, 0, 0, 0]
    + [1, 0],
    dtype=float,
)
OTHERS = np.repeat([-1.0, 0.0, 1.0], [508, 968, 464])
EQUAL = np.ones(60)
UNEQUAL = np.where(PREDICTED == 0, 2.0, 1.0)

# What ppi-python 0.2.3 gives: ppi_mean_pointestimate and ppi_mean_ci(alpha=0.05).
BY_PPI_PYTHON = [
    (1.0, EQUAL, -0.05601375, (-0.19015211, 0.07812462)),
    (0.6, EQUAL, -0.03360825, (-0.14520179, 0.0779853)),
    (1.0, UNEQUAL, -0.05459531, None),
    (0.6, UNEQUAL, -0.0370125, None),
]


@pytest.mark.parametrize(("given", "weights", "point", "interval"), BY_PPI_PYTHON)
def test_point_and_interval_are_those_of_ppi_python(
    given: float,
    weights: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    point: float,
    interval: tuple[float, float] | None,
) -> None:
    found = rectifier(TRUTH, PREDICTED, weights, given)
    assert given * OTHERS.mean() + found.mean == pytest.approx(point, abs=1e-7)
    if interval:
        half = 1.959964 * np.sqrt(given**2 * OTHERS.var() / len(OTHERS) + found.variance)
        # It divides by n where this divides by n - 1.
        assert half == pytest.approx((interval[1] - interval[0]) / 2, rel=0.01)


def test_tuned_power_is_that_of_ppi_python() -> None:
    everything = np.concatenate([PREDICTED, OTHERS])
    tuned = power(
        TRUTH, PREDICTED, EQUAL, variance=float(everything.var(ddof=1)), unlabelled=len(OTHERS)
    )
    found = rectifier(TRUTH, PREDICTED, EQUAL, tuned)
    assert tuned * OTHERS.mean() + found.mean == pytest.approx(-0.02723156, abs=1e-6)


def test_right_predictions_need_no_correction() -> None:
    found = rectifier(TRUTH, TRUTH, UNEQUAL)
    assert (found.mean, found.variance) == (0, 0)


def test_predictions_that_never_vary_leave_the_mean_of_the_labels() -> None:
    assert power(TRUTH, EQUAL, EQUAL, variance=0.0, unlabelled=10) == 1
    found = rectifier(TRUTH, EQUAL, EQUAL)
    assert found.mean + 1 == pytest.approx(TRUTH.mean())


def test_of_one_text_no_variance_can_be_told() -> None:
    with pytest.raises(ValueError, match="needs two labelled texts, there are 1"):
        rectifier(TRUTH[:1], PREDICTED[:1], EQUAL[:1])


def test_oversampled_texts_weigh_less() -> None:
    """Of 10,000 texts the rare ones are drawn ten times as often; intervals hold the truth."""
    chance = np.random.default_rng(5)
    truth = np.where(chance.random(10_000) < 0.05, 1.0, 0.0)
    seen = np.where(chance.random(10_000) < 0.9, truth, 1 - truth)
    probability = np.where(seen == 1, 0.2, 0.02)
    hits = 0
    for _ in range(400):
        drawn = chance.random(10_000) < probability
        found = rectifier(truth[drawn], seen[drawn], 1 / probability[drawn])
        estimate = seen.mean() + found.mean
        hits += abs(estimate - truth.mean()) < 1.96 * np.sqrt(found.variance)
    assert 0.91 < hits / 400 < 0.98
