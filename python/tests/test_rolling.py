"""`hr.rolling`: the batch kernels over NumPy columns, against Polars."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

import headrace as hr


@pytest.mark.parametrize("window", [1, 2, 5, 16, 17, 100, 1000, 5000])
@pytest.mark.parametrize("stat", ["mean", "std", "var", "sum", "min", "max", "median"])
def test_equals_polars(stat: str, window: int) -> None:
    values = np.random.default_rng(window).normal(size=3000).cumsum()
    expected = getattr(pl.Series(values), f"rolling_{stat}")(window, min_samples=1).to_numpy()
    np.testing.assert_allclose(hr.rolling(values, stat, window), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_short_columns(rows: int) -> None:
    result = hr.rolling(np.arange(rows, dtype=float), "std", 5)
    assert result.shape == (rows,)
    assert all(math.isnan(v) for v in result[:1])


def test_what_does_not_exist_is_nan() -> None:
    result = hr.rolling(np.array([1.0, 1.0, 1.0, 4.0]), "zscore", 2)
    assert np.isnan(result[:3]).all()
    assert result[3] == pytest.approx(math.sqrt(0.5))
    assert np.isnan(hr.rolling(np.ones(4), "mean", 2, min_samples=3)).all()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [({"window": 0}, "rolling_windows"), ({"window": 2, "min_samples": 0}, "min_samples")],
)
def test_refuses(arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(hr.InvalidArgument) as refused:
        hr.rolling(np.ones(3), "mean", **arguments)
    assert refused.value.location[0] == field


def test_refuses_other_arrays() -> None:
    with pytest.raises(TypeError):
        hr.rolling(np.ones((2, 2)), "mean", 2)
    with pytest.raises(hr.InvalidArgument):
        hr.rolling(np.ones(3), "average", 2)


def test_writes_into_a_given_array() -> None:
    values = np.random.default_rng(3).normal(size=5_000)
    out = np.full(5_000, 7.0)
    assert hr.rolling(values, "std", 20, out=out) is out
    np.testing.assert_array_equal(out, hr.rolling(values, "std", 20))


@pytest.mark.parametrize("begin, end", [(0, 10), (5, 15), (0, 9)])
def test_refuses_an_array_that_does_not_fit(begin: int, end: int) -> None:
    memory = np.arange(20.0)
    with pytest.raises(hr.InvalidArgument) as refused:
        hr.rolling(memory[:10], "mean", 3, out=memory[begin:end])
    assert refused.value.location == ("out",)
    np.testing.assert_array_equal(memory, np.arange(20.0))
