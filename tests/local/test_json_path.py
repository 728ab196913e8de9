import pytest

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.local.json_path import compiled

VALUE = {"a": [1, 2, 3, 4], "b": {"c": 5, "d": 6}}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", VALUE),
        ("$", VALUE),
        ("$.b.c", 5),
        ("$['b']['d']", 6),
        ("$.b.['c','d']", {"c": 5, "d": 6}),
        ("$.b.*", [5, 6]),
        ("$.a[*]", [1, 2, 3, 4]),
        ("$.a[0]", 1),
        ("$.a[-1]", 4),
        ("$.a[0, -1]", [1, 4]),
        ("$.a[1:2]", [2, 3]),
        ("$.a[:1]", [1, 2]),
        ("$.a[2:]", [3, 4]),
    ],
)
def test_selects(path, found):
    assert compiled(path)(VALUE) == found


@pytest.mark.parametrize("path", ["$.x", "$.a.b", "$.a[9]", "$.b[0]", "$['a','x']"])
def test_what_is_not_there(path):
    with pytest.raises(LookupError):
        compiled(path)(VALUE)


@pytest.mark.parametrize("path", ["a", "$..a", "$.a[?(@.x)]", "$[", "$.a b."])
def test_refuses(path):
    with pytest.raises(SettingError, match="JSONPath is not supported"):
        compiled(path)
