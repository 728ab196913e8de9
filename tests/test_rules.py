"""Rules: what is taken and refused, what is kept, what is sent."""

import json
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagemaker_spark_py.rules import (
    boolean,
    boolean_or_auto,
    choice,
    custom,
    integer,
    real,
    word_list,
    word_or_number,
)

JUNK = st.one_of(
    st.none(), st.booleans(), st.binary(), st.dictionaries(st.text(), st.none()), st.complex_numbers()
)


def refused(rule, value):
    with pytest.raises((ValueError, TypeError)) as raised:
        rule.convert(value)
    return raised.type


def even(value):
    if value % 2:
        raise ValueError
    return int(value)


RULES = {
    "integer": integer(at_least=1, at_most=9, also=(-1,)),
    "real": real(above=0, at_most=1),
    "choice": choice("a", "b", aliases={"bee": "b"}),
    "word_list": word_list(choice("msd", "ssd"), as_json=True),
    "word_or_number": word_or_number("auto", whole=True, at_least=1),
    "boolean": boolean(),
    "boolean_or_auto": boolean_or_auto(),
    "custom": custom(even, "an even integer"),
}
SAMPLES = {
    "integer": [1, 9, -1, 3.0, np.int32(4), np.float64(5.0), Fraction(6)],
    "real": [1, 0.001, np.float32(0.5), Fraction(1, 3)],
    "choice": ["a", "bee"],
    "word_list": ["msd", "msd, ssd", ["ssd", "msd"], ("msd",)],
    "word_or_number": ["auto", 1, 2.0, "3", np.int64(4)],
    "boolean": [True, "False"],
    "boolean_or_auto": ["auto", False, "True"],
    "custom": [4],
}


@pytest.mark.parametrize("name", RULES)
def test_kept_values_are_plain_stable_and_written_as_text(name):
    rule = RULES[name]
    for sample in SAMPLES[name]:
        kept = rule.convert(sample)
        assert type(kept) in (int, float, str)
        assert rule.convert(kept) == kept
        assert json.loads(json.dumps(kept)) == kept
        assert type(rule.encode(kept)) is str


@pytest.mark.parametrize("name", RULES)
def test_a_rule_survives_pickling(name):
    rule = pickle.loads(pickle.dumps(RULES[name]))
    assert rule == RULES[name]
    assert [rule.convert(s) for s in SAMPLES[name]] == [RULES[name].convert(s) for s in SAMPLES[name]]


@pytest.mark.parametrize("name", ["integer", "real", "choice", "word_list", "word_or_number"])
@given(value=JUNK)
def test_values_of_foreign_types_are_type_errors(name, value):
    assert refused(RULES[name], value) is TypeError


@given(st.integers())
def test_an_integer_is_taken_exactly_within_its_bounds(value):
    rule = integer(at_least=-5, at_most=7)
    if -5 <= value <= 7:
        assert rule.convert(value) == value
        assert rule.encode(value) == str(value)
    else:
        assert refused(rule, value) is ValueError


@given(st.floats())
def test_a_float_is_an_integer_only_when_whole(value):
    rule = integer()
    if math.isfinite(value) and value.is_integer():
        assert rule.convert(value) == value
    else:
        assert refused(rule, value) is TypeError


@given(st.floats(), st.sampled_from([(0.0, None), (None, 0.0)]))
def test_a_lower_bound_is_exclusive_or_inclusive(value, bounds):
    above, at_least = bounds
    rule = real(above=above, at_least=at_least, below=2)
    inside = (value > 0 if at_least is None else value >= 0) and value < 2
    if inside:
        assert rule.convert(value) == value
    else:
        assert refused(rule, value) is ValueError


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_real_is_sent_without_loss(value):
    assert float(real().encode(real().convert(value))) == value


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_without_end_are_refused(value):
    assert refused(real(), value) is ValueError
    assert refused(word_or_number("auto"), value) is ValueError


@given(st.text())
def test_a_choice_takes_its_words_only(value):
    rule = choice("random", "kmeans++")
    if value in ("random", "kmeans++"):
        assert rule.convert(value) == value
    else:
        assert refused(rule, value) is ValueError


def test_an_alias_is_kept_as_what_it_stands_for():
    assert RULES["choice"].convert("bee") == "b"


@given(st.lists(st.sampled_from(["msd", "ssd"]), min_size=1), st.sampled_from([",", ", ", " , "]))
def test_a_word_list_is_sent_as_json_or_with_commas(words, separator):
    as_json, plain = word_list(choice("msd", "ssd"), as_json=True), word_list(choice("msd", "ssd"))
    text = separator.join(words)
    assert as_json.convert(text) == text
    assert json.loads(as_json.encode(text)) == words
    assert plain.encode(plain.convert(words)) == ",".join(words)


@pytest.mark.parametrize("value", ["", ",", "msd,", "msd,nope", "[msd]", [], ["msd", ""]])
def test_a_word_list_refuses_what_has_other_words(value):
    assert refused(RULES["word_list"], value) is ValueError


def test_json_lists_have_quoted_words():
    assert RULES["word_list"].encode("msd, ssd") == '["msd","ssd"]'


@pytest.mark.parametrize(
    "value", [1.5, "1.5", "2.0", "1e3", "nan", "inf", "1_000", " 3", "\u0663", "", 0, -1, "0", "-1"]
)
def test_a_word_or_whole_number_refuses_other_numbers(value):
    refused(RULES["word_or_number"], value)


def test_a_word_or_number_is_kept_as_text():
    rule = word_or_number("auto", "balanced", above=0)
    kept = [rule.convert(v) for v in ("auto", 3, 0.5, "0.1", "1e-3", np.float64(2.5))]
    assert kept == ["auto", "3", "0.5", "0.1", "1e-3", "2.5"]


@given(st.one_of(st.integers(1, 10**6), st.floats(1e-6, 1e6)))
def test_a_word_or_number_sends_the_number_that_was_given(value):
    rule = word_or_number("auto", above=0)
    assert float(rule.encode(rule.convert(value))) == value


def test_booleans_are_read_as_booleans():
    read = [boolean().read(boolean().convert(v)) for v in (True, "True", False, "False")]
    assert read == [True, True, False, False]
    assert boolean_or_auto().read("auto") == "auto"
    assert boolean().encode("True") == "True"


@pytest.mark.parametrize("value", ["auto", "true", "", "not-a-value", 1, 0, None])
def test_a_boolean_takes_nothing_else(value):
    refused(boolean(), value)


def test_a_lenient_boolean_keeps_any_text_but_no_other_type():
    assert boolean(any_text=True).convert("anything") == "anything"
    assert refused(boolean(any_text=True), 1) is TypeError


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (integer(), "an integer"),
        (integer(at_least=3, at_most=5), "an integer >= 3 and <= 5"),
        (integer(at_least=1, also=(-1,)), "-1 or an integer >= 1"),
        (real(above=0, below=1), "a number > 0 and < 1"),
        (choice("a"), "'a'"),
        (choice("a", "b"), "one of 'a', 'b'"),
        (word_or_number("auto", whole=True, at_least=1), "'auto' or an integer >= 1"),
        (boolean(), "True or False"),
        (boolean_or_auto(), "True, False or 'auto'"),
        (word_list(choice("a", "b")), "a list, or text separated by commas, of one of 'a', 'b'"),
        (custom(even, "an even integer"), "an even integer"),
    ],
)
def test_a_rule_says_what_it_expects(rule, words):
    assert rule.expected == words
