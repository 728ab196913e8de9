"""The contract that every image of the registry keeps. There is no exemption list."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from sagemaker_spark_py.containers import IMAGES, load_container, supports
from sagemaker_spark_py.containers.job import Hosting, Job
from sagemaker_spark_py.containers.server import Request
from sagemaker_spark_py.errors import ContainerError

from .exercises import ASKED_ROWS, EXERCISES, Exercise, Outputs
from .harness import RECORDIO, Answer, ChannelData, Endpoint, Host, serving

NAMES = sorted(IMAGES)


@pytest.fixture(params=NAMES)
def exercise(request: pytest.FixtureRequest) -> Exercise:
    return EXERCISES[request.param]


@pytest.fixture(scope="module", params=NAMES)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Exercise, Host, Endpoint]]:
    """An image that has trained and now serves, each in a process of its own."""
    exercise = EXERCISES[request.param]
    content_type, encoders = next(iter(exercise.training.items()))
    host = _host(tmp_path_factory.mktemp(request.param), exercise, content_type, encoders[0])
    host.train(exercise.image)
    assert host.failure == ""
    assert host.exit_code == 0
    with serving(host, exercise.image) as endpoint:
        yield exercise, host, endpoint


def _train_channel(exercise: Exercise, content_type: str | None, body: bytes) -> ChannelData:
    return ChannelData({"part-0": body}, content_type, distribution=exercise.channel_distribution)


def _host(base: Path, exercise: Exercise, content_type: str, encode: Callable[..., bytes]) -> Host:
    body = encode(exercise.features, exercise.training_labels)
    channels = {"train": _train_channel(exercise, content_type, body)}
    return Host(base / "host").lay_out(exercise.hyperparameters, channels)


def _train_here(host: Host, exercise: Exercise) -> None:
    repository, _, tag = exercise.image.partition(":")
    environment = {**os.environ, **host.environment}
    load_container(repository).train(Job.from_folder(host.base, environment, tag))


def _ask_here(host: Host, exercise: Exercise) -> Outputs:
    """Load the model in this process and return its answer to the exercise's first kind of request."""
    repository, _, tag = exercise.image.partition(":")
    handle = load_container(repository).load(Hosting(host.base / "model", {}, tag))
    content_type, encoders = next(iter(exercise.requests.items()))
    accept, read = next(iter(exercise.responses.items()))
    response = handle(Request(encoders[0](exercise.features[:ASKED_ROWS]), content_type, accept))
    return read(Answer(response.status, response.content_type, response.body))


def _assert_same(some: Outputs, others: Outputs) -> None:
    assert list(some) == list(others)
    for key in some:
        np.testing.assert_allclose(some[key], others[key], rtol=1e-4, atol=1e-4)


def _first(exercise: Exercise) -> tuple[str, Callable[..., bytes]]:
    content_type, encoders = next(iter(exercise.training.items()))
    return content_type, encoders[0]


def test_the_registry_is_exercised_in_full() -> None:
    assert sorted(EXERCISES) == NAMES
    assert all(supports(exercise.image) for exercise in EXERCISES.values())


def test_the_result_is_right_in_every_pair_of_formats(served: tuple[Exercise, Host, Endpoint]) -> None:
    exercise, _, endpoint = served
    for content_type, encoders in exercise.requests.items():
        for encode in encoders:
            body = encode(exercise.features[:ASKED_ROWS])
            for accept, read in exercise.responses.items():
                answer = endpoint.invoke(body, content_type, accept)
                assert answer.status == 200, answer.text
                assert answer.content_type == accept
                exercise.check(exercise, read(answer))


def test_an_answer_without_accept_is_in_the_first_format(served: tuple[Exercise, Host, Endpoint]) -> None:
    exercise, _, endpoint = served
    content_type, encoders = next(iter(exercise.requests.items()))
    accept, read = next(iter(exercise.responses.items()))
    for wanted in (None, "*/*"):
        answer = endpoint.invoke(encoders[0](exercise.features[:ASKED_ROWS]), content_type, wanted)
        assert answer.content_type == accept
        exercise.check(exercise, read(answer))


def test_training_logs_metrics(served: tuple[Exercise, Host, Endpoint]) -> None:
    _, host, _ = served
    assert re.search(r"#throughput_metric: host=\S+, train throughput=\S+|\[0\]#011train-\S+:\S+", host.log)


def test_health_and_limits_are_told(served: tuple[Exercise, Host, Endpoint]) -> None:
    _, _, endpoint = served
    assert endpoint.request("GET", "/ping").status == 200
    limits = endpoint.request("GET", "/execution-parameters")
    assert b'"MaxPayloadInMB": 6' in limits.body
    assert endpoint.request("GET", "/else").status == 404


def test_requests_that_cannot_be_answered_are_refused(served: tuple[Exercise, Host, Endpoint]) -> None:
    exercise, _, endpoint = served
    content_type, encoders = next(iter(exercise.requests.items()))
    body = encoders[0](exercise.features[:2])
    assert endpoint.invoke(body, "image/png").status == 415
    narrow = endpoint.invoke(encoders[0](exercise.features[:2, :-2]), content_type)
    assert narrow.status == 400
    dim = exercise.features.shape[1]
    assert str(dim) in narrow.text
    assert str(dim - 2) in narrow.text
    assert endpoint.invoke(b"\x00\x01nonsense", content_type).status in (400, 415)
    if exercise.refuses_accept:
        assert endpoint.invoke(body, content_type, "image/png").status == 406


def test_sigterm_ends_a_server_in_order(served: tuple[Exercise, Host, Endpoint]) -> None:
    exercise, host, _ = served
    with serving(host, exercise.image) as endpoint:
        endpoint.process.send_signal(signal.SIGTERM)
        assert endpoint.process.wait(timeout=30) == 0


def test_every_training_format_gives_the_same_model(exercise: Exercise, tmp_path: Path) -> None:
    answers = []
    for content_type, encoders in exercise.training.items():
        for encode in encoders:
            host = _host(tmp_path / str(len(answers)), exercise, content_type, encode)
            _train_here(host, exercise)
            answers.append(_ask_here(host, exercise))
    for answer in answers[1:]:
        _assert_same(answers[0], answer)


def test_training_twice_gives_the_same_model(exercise: Exercise, tmp_path: Path) -> None:
    models = []
    for name in ("a", "b"):
        host = _host(tmp_path / name, exercise, *_first(exercise))
        _train_here(host, exercise)
        (model,) = (host.base / "model").iterdir()
        models.append(model.read_bytes())
    assert models[0] == models[1]


def test_two_hosts_train_on_the_data_of_both(exercise: Exercise, tmp_path: Path) -> None:
    content_type, encode = _first(exercise)
    whole = _host(tmp_path / "whole", exercise, content_type, encode)
    _train_here(whole, exercise)
    half = len(exercise.features) // 2
    labels = exercise.training_labels
    hosts = []
    for name, rows in (("algo-1", slice(None, half)), ("algo-2", slice(half, None))):
        body = encode(exercise.features[rows], None if labels is None else labels[rows])
        data = ChannelData({"part": body}, content_type, distribution="ShardedByS3Key")
        environment = {"SAGEMAKER_LOCAL_RENDEZVOUS": str(tmp_path / "rendezvous")}
        host = Host(tmp_path / name, name, ("algo-1", "algo-2"), environment)
        hosts.append(host.lay_out(exercise.hyperparameters, {"train": data}))
    _train_here(hosts[1], exercise)
    _train_here(hosts[0], exercise)
    _assert_same(_ask_here(hosts[0], exercise), _ask_here(whole, exercise))
    assert not list((hosts[1].base / "model").iterdir())


def test_an_unknown_hyperparameter_fails_the_job_with_a_reason(exercise: Exercise, tmp_path: Path) -> None:
    worse = dataclasses.replace(exercise, hyperparameters={**exercise.hyperparameters, "made_up": "1"})
    host = _host(tmp_path, worse, *_first(exercise)).train(exercise.image)
    assert host.exit_code == 1
    assert host.failure.startswith("ClientError: ")
    assert "made_up" in host.failure
    assert "Customer Error" in host.log


def test_a_bad_value_is_named(exercise: Exercise, tmp_path: Path) -> None:
    for name in exercise.hyperparameters:
        settings = {**exercise.hyperparameters, name: "nonsense"}
        worse = dataclasses.replace(exercise, hyperparameters=settings)
        host = _host(tmp_path / name, worse, *_first(exercise))
        with pytest.raises(ContainerError, match=f"{name}.*nonsense|nonsense.*{name}"):
            _train_here(host, worse)


def test_a_missing_hyperparameter_is_named(exercise: Exercise, tmp_path: Path) -> None:
    fewer = {name: value for name, value in exercise.hyperparameters.items() if name != exercise.required}
    host = _host(tmp_path, dataclasses.replace(exercise, hyperparameters=fewer), *_first(exercise))
    with pytest.raises(ContainerError, match=exercise.required):
        _train_here(host, exercise)


def test_a_wrong_channel_is_named(exercise: Exercise, tmp_path: Path) -> None:
    content_type, encode = _first(exercise)
    data = _train_channel(exercise, content_type, encode(exercise.features, exercise.training_labels))
    host = Host(tmp_path / "a").lay_out(exercise.hyperparameters, {"train": data, "spare": data})
    with pytest.raises(ContainerError, match="spare"):
        _train_here(host, exercise)
    host = Host(tmp_path / "b").lay_out(exercise.hyperparameters, {"validation": data})
    with pytest.raises(ContainerError, match="train"):
        _train_here(host, exercise)


@pytest.mark.parametrize("files", [{}, {"part-0": b""}])
def test_an_empty_channel_is_named(exercise: Exercise, tmp_path: Path, files: dict[str, bytes]) -> None:
    content_type, _ = _first(exercise)
    data = ChannelData(files, content_type, distribution=exercise.channel_distribution)
    host = Host(tmp_path / "a").lay_out(exercise.hyperparameters, {"train": data})
    with pytest.raises(ContainerError, match=r"(?i)no data .*train"):
        _train_here(host, exercise)


def test_an_unknown_content_type_is_named(exercise: Exercise, tmp_path: Path) -> None:
    data = _train_channel(exercise, "image/png", b"x")
    host = Host(tmp_path / "a").lay_out(exercise.hyperparameters, {"train": data})
    with pytest.raises(ContainerError, match="image/png"):
        _train_here(host, exercise)


def test_data_that_is_not_what_it_says_is_refused(exercise: Exercise, tmp_path: Path) -> None:
    data = _train_channel(exercise, RECORDIO, b"\x00\x01nonsense")
    host = Host(tmp_path / "a").lay_out(exercise.hyperparameters, {"train": data})
    with pytest.raises(ContainerError, match=r"train|Failed to load"):
        _train_here(host, exercise)


def test_sigterm_ends_a_training(exercise: Exercise, tmp_path: Path) -> None:
    """It waits for another host's data here, for ever."""
    content_type, encode = _first(exercise)
    body = encode(exercise.features, exercise.training_labels)
    data = ChannelData({"a": body}, content_type, distribution="ShardedByS3Key")
    environment = {"SAGEMAKER_LOCAL_RENDEZVOUS": str(tmp_path / "rendezvous")}
    host = Host(tmp_path / "a", hosts=("algo-1", "algo-2"), environment=environment)
    process = host.lay_out(exercise.hyperparameters, {"train": data}).start("train", exercise.image)
    try:
        host.wait_for_log(process, "waits for channel 'train' of algo-2")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) != 0
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
    assert not list((host.base / "model").iterdir())
