"""hr.FeaturePlan: what it takes, refuses and says of itself."""

from typing import Any

import pytest

import headrace as hr


def test_the_defaults() -> None:
    plan = hr.FeaturePlan()
    assert plan.rolling_windows == (5, 10, 20)
    assert plan.include_rolling_stats == ("mean", "std", "min", "max")
    assert plan.lag_periods == (1, 2, 3)
    assert plan.columns is None
    assert (plan.min_samples, plan.ddof, plan.fill) == (1, 1, 0.0)
    assert hr.FeaturePlan(include_lags=False).lag_periods == ()
    assert hr.FeaturePlan(fill=None).fill is None


def test_plans_are_values() -> None:
    plan = hr.FeaturePlan(rolling_windows=[3], columns=["a", "b"], ddof=0)
    same = hr.FeaturePlan(rolling_windows=(3,), columns=("a", "b"), ddof=0)
    assert plan == same
    assert hash(plan) == hash(same)
    assert plan != hr.FeaturePlan(rolling_windows=[3], columns=["b", "a"], ddof=0)
    assert plan != "plan"
    assert eval(repr(plan), {"FeaturePlan": hr.FeaturePlan}) == plan
    with pytest.raises(AttributeError):
        plan.ddof = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("options", "location"),
    [
        ({"rolling_windows": [5, 0]}, ("rolling_windows", "1")),
        ({"rolling_windows": [5, 5]}, ("rolling_windows", "1")),
        ({"rolling_windows": [-1]}, ("rolling_windows", "0")),
        ({"rolling_windows": [10**7]}, ("rolling_windows", "0")),
        ({"lag_periods": [1, 2, 1]}, ("lag_periods", "2")),
        ({"lag_periods": [0]}, ("lag_periods", "0")),
        ({"include_rolling_stats": ["mean", "avg"]}, ("include_rolling_stats", "1")),
        ({"min_samples": 0}, ("min_samples",)),
        ({"ddof": 2}, ("ddof",)),
        ({"fill": 1.0}, ("fill",)),
    ],
)
def test_a_value_that_breaks_a_rule_is_named(
    options: dict[str, Any], location: tuple[str, ...]
) -> None:
    with pytest.raises(hr.InvalidArgument) as refused:
        hr.FeaturePlan(**options)
    assert refused.value.code == "invalid_argument"
    assert refused.value.location == location


@pytest.mark.parametrize(
    "options",
    [{"rolling_windows": 5}, {"rolling_windows": ["5"]}, {"ddof": "1"}, {"windows": [5]}],
)
def test_a_wrong_type_is_a_type_error(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        hr.FeaturePlan(**options)
