"""Rolling features, in process and on a server, against Polars and by hand."""

import math

import numpy as np
import polars as pl
import pytest

import headrace as hr
from conftest import MakeBuffer

WINDOWS = (1, 3, 10)
STATS = ("mean", "std", "min", "max", "sum", "median", "var")
LAGS = (1, 4)
PLAN = hr.FeaturePlan(rolling_windows=WINDOWS, include_rolling_stats=STATS, lag_periods=LAGS)


def polars_features(frame: pl.DataFrame) -> pl.DataFrame:
    """The same features by Polars, over all rows that ever were."""
    derived = []
    for column, kind in frame.schema.items():
        if not kind.is_numeric():
            continue
        values = pl.col(column)
        for window in WINDOWS:
            for stat in STATS:
                rolled = getattr(values, f"rolling_{stat}")(window, min_samples=1)
                derived.append(rolled.alias(f"{column}_rolling_{stat}_{window}"))
        derived += [values.shift(lag).alias(f"{column}_lag_{lag}") for lag in LAGS]
    return frame.with_columns(expr.cast(pl.Float64).fill_null(0.0) for expr in derived)


def random_frame(rows: int, seed: int, nulls: float = 0.0) -> pl.DataFrame:
    generator = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "price": 100 + generator.standard_normal(rows).cumsum(),
            "label": [f"k{i % 7}" for i in range(rows)],
            "size": generator.integers(1, 1000, rows),
        }
    )
    gone = generator.random((rows, 2)) < nulls
    return frame.with_columns(
        pl.when(pl.Series(gone[:, i])).then(None).otherwise(pl.col(name)).alias(name)
        for i, name in enumerate(("price", "size"))
    )


def append_in_splits(buffer: hr.LiveBuffer, frame: pl.DataFrame, seed: int) -> None:
    generator = np.random.default_rng(seed)
    done = 0
    while done < frame.height:
        part = frame.slice(done, int(generator.integers(1, 60)))
        done += part.height
        if part.height == 1 or generator.random() < 0.3:
            for row in part.iter_rows(named=True):
                buffer.append(row)
        elif generator.random() < 0.5:
            buffer.append(part.to_dicts())
        else:
            buffer.append(part)
        if generator.random() < 0.2:
            buffer.features(PLAN, tail=1)  # from here on the plan is kept up to date


def assert_same(got: pl.DataFrame, expected: pl.DataFrame) -> None:
    assert got.columns == expected.columns
    for name in expected.columns:
        if expected.schema[name].is_numeric():
            want = expected[name].cast(pl.Float64).to_numpy()
            np.testing.assert_allclose(
                got[name].cast(pl.Float64).to_numpy(), want, rtol=1e-9, atol=1e-9, err_msg=name
            )
        else:
            assert got[name].equals(expected[name]), name


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("nulls", [0.0, 0.3])
def test_features_equal_polars_however_rows_came(
    make_buffer: MakeBuffer, seed: int, nulls: float
) -> None:
    frame = random_frame(700, seed, nulls)
    buffer = make_buffer(window_size=200, history_rows=50)
    append_in_splits(buffer, frame, seed)
    assert_same(buffer.features(PLAN).to_polars(), polars_features(frame).tail(200))
    assert_same(buffer.features(PLAN, tail=7).to_polars(), polars_features(frame).tail(7))


def test_the_cold_start_of_the_documentation(buffer: hr.LiveBuffer) -> None:
    seen = []
    for amount in (100, 150, 120, 80, 200):
        buffer.append({"amount": amount})
        latest = buffer.latest(rolling_windows=[5])
        seen.append((latest["amount_rolling_mean_5"], latest["amount_rolling_std_5"]))
    assert seen[0] == (100.0, 0.0)
    assert seen[1] == (125.0, pytest.approx(35.3553390593))
    assert seen[4] == (130.0, pytest.approx(math.sqrt(2200)))


def test_names_and_order_of_columns(buffer: hr.LiveBuffer) -> None:
    buffer.append({"a": 1, "s": "text", "b": 2.0})
    frame = buffer.features(
        rolling_windows=[5, 2], include_rolling_stats=["max", "mean"], lag_periods=[3, 1]
    )
    derived = [
        f"{c}_{d}"
        for c in "ab"
        for d in ("rolling_max_5", "rolling_mean_5", "rolling_max_2", "rolling_mean_2", "lag_3",
                  "lag_1")
    ]  # fmt: skip
    assert frame.columns == ["a", "s", "b", *derived]
    assert buffer.features(include_lags=False, rolling_windows=[]).columns == ["a", "s", "b"]
    assert len(buffer.features().columns) == 3 + 2 * (3 * 4 + 3)
    assert buffer.data(with_features=True).columns == buffer.features().columns


def test_only_the_columns_asked_for(buffer: hr.LiveBuffer) -> None:
    buffer.append({"a": 1, "b": 2.0, "s": "x"})
    frame = buffer.features(columns=["b"], rolling_windows=[2], include_rolling_stats=["mean"],
                            lag_periods=[1])  # fmt: skip
    assert frame.columns == ["a", "b", "s", "b_rolling_mean_2", "b_lag_1"]
    with pytest.raises(hr.UnknownName):
        buffer.features(columns=["nowhere"])
    with pytest.raises(hr.TypeMismatch):
        buffer.features(columns=["s"])


def test_fill_none_keeps_nulls(buffer: hr.LiveBuffer) -> None:
    buffer.append([{"x": 1.0}, {"x": None}, {"x": 4.0}])
    frame = buffer.features(
        rolling_windows=[2], include_rolling_stats=["mean", "std"], lag_periods=[1], fill=None,
        min_samples=2,
    ).to_arrow()  # fmt: skip
    assert frame["x"].to_pylist() == [1.0, None, 4.0]
    assert frame["x_rolling_mean_2"].to_pylist() == [None, None, None]
    assert frame["x_lag_1"].to_pylist() == [None, 1.0, None]
    filled = buffer.features(rolling_windows=[2], include_rolling_stats=["mean"], lag_periods=[1])
    assert filled["x_rolling_mean_2"].tolist() == [1.0, 1.0, 4.0]
    assert filled["x_lag_1"].tolist() == [0.0, 1.0, 0.0]
    assert filled.to_arrow()["x"].to_pylist() == [1.0, None, 4.0]


def test_ddof(buffer: hr.LiveBuffer) -> None:
    buffer.append([{"x": 1.0}, {"x": 4.0}])
    latest = buffer.latest(rolling_windows=[2], include_rolling_stats=["var"], ddof=0)
    assert latest["x_rolling_var_2"] == pytest.approx(2.25)
    latest = buffer.latest(rolling_windows=[2], include_rolling_stats=["var"])
    assert latest["x_rolling_var_2"] == pytest.approx(4.5)


def test_latest_vector_is_the_newest_row(buffer: hr.LiveBuffer) -> None:
    for i in range(30):
        buffer.append({"x": float(i), "s": "text", "n": None if i % 2 else i})
        vector = buffer.latest_vector(PLAN)
        names = buffer.vector_names(PLAN)
        latest = buffer.latest(PLAN)
        assert vector.dtype == np.float64
        assert vector.shape == (len(names),)
        expected = [math.nan if latest[name] is None else latest[name] for name in names]
        np.testing.assert_array_equal(vector, expected)
    assert names[:2] == ["x", "n"]
    assert "s" not in names


def test_a_vector_is_the_callers_own(buffer: hr.LiveBuffer) -> None:
    buffer.append({"x": 1.0})
    first = buffer.latest_vector(PLAN)
    kept = first.copy()
    buffer.append({"x": 2.0})
    second = buffer.latest_vector(PLAN)
    np.testing.assert_array_equal(first, kept)
    first[:] = -1
    assert second[0] == 2.0
    assert buffer.latest_vector(PLAN)[0] == 2.0


def test_a_plan_serves_buffers_of_any_width(make_buffer: MakeBuffer) -> None:
    plan = hr.FeaturePlan(rolling_windows=[2], include_rolling_stats=["sum"], include_lags=False)
    narrow, wide = make_buffer(), make_buffer()
    narrow.append({"a": 1})
    wide.append({"a": 1, "b": 2, "c": 3})
    for _ in range(3):
        assert narrow.latest_vector(plan).tolist() == [1, 1]
        assert wide.latest_vector(plan).tolist() == [1, 2, 3, 1, 2, 3]
    narrow.append({"a": 5, "d": 7})
    assert narrow.latest_vector(plan).tolist() == [5, 7, 6, 7]


def test_a_derived_name_that_is_taken_is_refused(buffer: hr.LiveBuffer) -> None:
    buffer.append({"x": 1, "x_lag_1": 2})
    with pytest.raises(hr.InvalidArgument):
        buffer.features()


def test_a_full_window_at_the_old_end(make_buffer: MakeBuffer) -> None:
    buffer = make_buffer(window_size=5, history_rows=10)
    buffer.append([{"x": float(i)} for i in range(20)])
    frame = buffer.features(rolling_windows=[4], include_rolling_stats=["mean"], lag_periods=[3])
    assert frame["x_rolling_mean_4"].tolist() == [13.5, 14.5, 15.5, 16.5, 17.5]
    assert frame["x_lag_3"].tolist() == [12, 13, 14, 15, 16]


def test_plan_and_options_exclude_each_other(buffer: hr.LiveBuffer) -> None:
    with pytest.raises(TypeError, match="ddof"):
        buffer.features(PLAN, ddof=0)
    with pytest.raises(TypeError):
        buffer.features(rolling_window=[5])  # type: ignore[call-arg]
