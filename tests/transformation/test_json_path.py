"""Paths into JSON."""

import pytest

from sagemaker_spark_py.errors import ResponseError, SettingError
from sagemaker_spark_py.transformation.json_path import JSONPath

ANSWER = {
    "predictions": [{"score": 1, "top": [3, 4]}, {"score": 2, "top": [5]}],
    "a key": {"x.y": 7, "*": 8},
    "none": None,
    "é": "text",
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", [ANSWER]),
        ("predictions[*].score", [1, 2]),
        ("$.predictions[*].score", [1, 2]),
        ("predictions[*].top[*]", [3, 4, 5]),
        ("predictions[-1].top[0]", [5]),
        ("predictions[0]", [ANSWER["predictions"][0]]),
        ('["a key"]["x.y"]', [7]),
        ('$["a key"].*', [8]),
        ("none", [None]),
        ("é", ["text"]),
    ],
)
def test_points_at_values_in_order(path, found):
    assert JSONPath.parse(path).find(ANSWER) == found


def test_a_list_at_the_top():
    assert JSONPath.parse("[*][1]").find([[1, 2], [3, 4]]) == [2, 4]
    assert JSONPath.parse("[*].a").find([]) == []


@pytest.mark.parametrize(
    "path", ["", "a..b", "a[", "a[x]", "a.", ".", "a b", "a['b']", "a[1:2]", "[ * ]", "$x[", None, 3, 'a["b]']
)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(SettingError, match="Path cannot be read"):
        JSONPath.parse(path)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            "outputs[*]",
            r"nothing at '\$.outputs': an object with the keys 'predictions', 'a key', 'none', 'é'",
        ),
        ("predictions[2]", r"nothing at '\$.predictions\[2\]': a list of 2 is at '\$.predictions'"),
        ("predictions[-3]", "a list of 2"),
        ("predictions.score", "a list of 2"),
        ("none.x", "null is at"),
        ("é[*]", "a text is at"),
        ("predictions[0].score[*]", "a number is at"),
        ("[0]", "an object with"),
    ],
)
def test_a_step_that_leads_nowhere_says_where(path, message):
    with pytest.raises(ResponseError, match=message):
        JSONPath.parse(path).find(ANSWER)


def test_only_some_keys_are_shown():
    with pytest.raises(ResponseError, match="'k9', …") as caught:
        JSONPath.parse("x").find({f"k{i}": "secret" for i in range(100)})
    assert "secret" not in str(caught.value)
    assert "k10" not in str(caught.value)
    with pytest.raises(ResponseError, match="an object without keys"):
        JSONPath.parse("x").find({})
