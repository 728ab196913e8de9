"""Training scripts: what they are told, how they fail, how they are stopped."""

from __future__ import annotations

import json
import signal

import pytest

from .harness import Host
from .scripts import IMAGE, SEE, script_host

# What AWS's toolkit (sagemaker-training 5.1) was seen to set for such a job.
VARIABLES = """
    SM_CHANNELS SM_CHANNEL_TRAIN SM_CURRENT_HOST SM_CURRENT_INSTANCE_GROUP SM_CURRENT_INSTANCE_GROUP_HOSTS
    SM_CURRENT_INSTANCE_TYPE SM_DISTRIBUTION_INSTANCE_GROUPS SM_FRAMEWORK_MODULE SM_FRAMEWORK_PARAMS SM_HOSTS
    SM_HPS SM_HP_K SM_HP_LEARNING-RATE SM_HP_NAMES SM_INPUT_CONFIG_DIR SM_INPUT_DATA_CONFIG SM_INPUT_DIR
    SM_INSTANCE_GROUPS SM_INSTANCE_GROUPS_DICT SM_IS_HETERO SM_LOG_LEVEL SM_MODEL_DIR SM_MODULE_DIR
    SM_MODULE_NAME SM_NETWORK_INTERFACE_NAME SM_NUM_CPUS SM_NUM_GPUS SM_NUM_NEURONS SM_OUTPUT_DATA_DIR
    SM_OUTPUT_DIR SM_OUTPUT_INTERMEDIATE_DIR SM_RESOURCE_CONFIG SM_TRAINING_ENV SM_USER_ARGS
    SM_USER_ENTRY_POINT
"""


def seen(host):
    return json.loads((host.base / "model" / f"{host.name}.json").read_text())


def test_a_script_gets_arguments_and_environment(tmp_path):
    host = script_host(
        tmp_path,
        {"train.py": SEE},
        **{"learning-rate": 0.5, "names": {"b": "x", "a": 1}, "k": 3, "sagemaker_job_name": "mine"},
        sagemaker_parameter_server_enabled=True,
        sagemaker_submit_directory="s3://b/source/sourcedir.tar.gz",
    ).train(IMAGE)
    assert host.exit_code == 0, host.log
    told = seen(host)
    environment = told["environment"]
    assert told["argv"] == ["-k", "3", "--learning-rate", "0.5", "--names", "a=1,b=x"]
    assert told["rate"] == 0.5
    assert told["files"] == ["a.csv"]
    assert told["folder"] == str(tmp_path / "code")
    own = {"learning-rate": 0.5, "names": {"a": 1, "b": "x"}, "k": 3}
    assert json.loads(environment["SM_HPS"]) == own
    assert environment["SM_HP_LEARNING-RATE"] == "0.5"
    assert environment["SM_HP_NAMES"] == '{"a":1,"b":"x"}'
    assert json.loads(environment["SM_FRAMEWORK_PARAMS"]) == {"sagemaker_parameter_server_enabled": True}
    assert json.loads(environment["SM_HOSTS"]) == ["algo-1"]
    assert json.loads(environment["SM_CHANNELS"]) == ["train"]
    assert json.loads(environment["SM_USER_ARGS"]) == told["argv"]
    assert json.loads(environment["SM_INPUT_DATA_CONFIG"])["train"]["TrainingInputMode"] == "File"
    whole = json.loads(environment["SM_TRAINING_ENV"])
    assert (whole["job_name"], whole["hyperparameters"], whole["is_master"]) == ("mine", own, True)
    for name, value in {
        "SM_CURRENT_HOST": "algo-1",
        "SM_CHANNEL_TRAIN": str(tmp_path / "input" / "data" / "train"),
        "SM_MODEL_DIR": str(tmp_path / "model"),
        "SM_OUTPUT_DATA_DIR": str(tmp_path / "output" / "data"),
        "SM_OUTPUT_DIR": str(tmp_path / "output"),
        "SM_INPUT_CONFIG_DIR": str(tmp_path / "input" / "config"),
        "SM_USER_ENTRY_POINT": "train.py",
        "SM_MODULE_NAME": "train",
        "SM_MODULE_DIR": "s3://b/source/sourcedir.tar.gz",
        "SM_LOG_LEVEL": "20",
        "SM_NUM_GPUS": "0",
        "SM_FRAMEWORK_MODULE": "",
        "SM_NETWORK_INTERFACE_NAME": "lo",
    }.items():
        assert environment[name] == value, name
    assert set(environment) == set(VARIABLES.split())


def test_values_that_are_no_json_stay_texts_and_flags_keep_their_value(tmp_path):
    script = "import sys; open('../model/x', 'w').write(' '.join(sys.argv[1:]))"
    host = script_host(tmp_path, {"train.py": script}, flag=True, nothing=None)
    config = tmp_path / "input" / "config" / "hyperparameters.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "loss": "log loss", "layers": "[8, 4]"}))
    assert host.train(IMAGE).exit_code == 0
    assert (tmp_path / "model" / "x").read_text() == "--flag True --layers [8, 4] --loss log loss --nothing "


def test_a_program_that_is_no_python_is_run_by_the_shell(tmp_path):
    host = script_host(tmp_path, {"train.sh": '#!/bin/sh\necho "$2" > "$SM_MODEL_DIR/x"\n'}, rate=0.5)
    assert host.train("any-image:1").exit_code == 0, host.log
    assert (tmp_path / "model" / "x").read_text() == "0.5\n"


def test_modules_beside_the_script_can_be_imported(tmp_path):
    host = script_host(tmp_path, {"train.py": "import other; other.work()", "other.py": "def work(): pass"})
    assert host.train(IMAGE).exit_code == 0, host.log


def test_a_script_that_raises_leaves_its_traceback_and_exit_code(tmp_path):
    script = (
        "import sys\nprint('working', flush=True)\ndef go():\n    raise ValueError('no such luck')\ngo()\n"
    )
    host = script_host(tmp_path, {"train.py": script}, rate=0.5).train(IMAGE)
    assert host.exit_code == 1
    assert host.failure.startswith("ExecuteUserScriptError:\nExitCode 1\nErrorMessage ")
    assert "Traceback (most recent call last)" in host.failure
    assert "ValueError: no such luck" in host.failure
    assert "train.py --rate 0.5" in host.failure
    assert "working" in host.log
    assert "ValueError: no such luck" in host.log


def test_a_scripts_own_failure_text_is_kept(tmp_path):
    script = "import os, sys; open(os.environ['SM_OUTPUT_DIR'] + '/failure', 'w').write('mine'); sys.exit(7)"
    host = script_host(tmp_path, {"train.py": script})
    (tmp_path / "output").mkdir()
    host.train(IMAGE)
    assert (host.exit_code, host.failure) == (1, "mine")


@pytest.mark.parametrize(
    ("files", "program", "text"),
    [
        ({"train.py": ""}, "tarin.py", "The script is not there: 'tarin.py'"),
        ({"train.py": ""}, "", "No script is named"),
    ],
)
def test_a_script_that_is_not_there_is_named(tmp_path, files, program, text):
    host = script_host(tmp_path, files, sagemaker_program=program).train(IMAGE)
    assert host.exit_code == 1
    assert host.failure.startswith(f"ClientError: {text}")


def test_sigterm_reaches_the_script_which_ends_as_it_likes(tmp_path):
    script = """
import os, signal, sys, time
def stop(*_):
    open(os.environ["SM_MODEL_DIR"] + "/saved", "w").write("in time")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
while True:
    time.sleep(0.05)
"""
    host = script_host(tmp_path, {"train.py": script})
    process = host.start("train", IMAGE)
    host.wait_for_log(process, "ready")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    process.stdin.close()
    assert (tmp_path / "model" / "saved").read_text() == "in time"


def test_what_a_script_leaves_running_does_not_hold_up_the_job(tmp_path):
    script = "import subprocess; subprocess.Popen(['sleep', '20']); print('done')"
    host = script_host(tmp_path, {"train.py": script})
    with host.start("train", IMAGE) as process:
        assert process.wait(timeout=15) == 0


def test_each_host_knows_itself_and_the_others(tmp_path):
    names = ("algo-1", "algo-2")
    hosts = [
        script_host(tmp_path / n, {"train.py": SEE}, Host(tmp_path / n, n, names)).train(IMAGE) for n in names
    ]
    for host in hosts:
        environment = seen(host)["environment"]
        assert json.loads(environment["SM_HOSTS"]) == list(names)
        assert environment["SM_CURRENT_HOST"] == host.name
        assert json.loads(environment["SM_TRAINING_ENV"])["is_master"] == (host.name == "algo-1")


def test_xgboost_with_a_script_runs_the_script(tmp_path):
    host = script_host(tmp_path, {"train.py": SEE}).train("sagemaker-xgboost:1.7-1")
    assert host.exit_code == 0, host.log
    assert seen(host)["argv"] == []
