"""The message classes: those of record.proto, in a pool of their own, loaded for those who ask."""

import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from sagemaker_spark_py import recordio
from sagemaker_spark_py.recordio import Record, record_pb2

from .judge import message

FOLDER = Path(recordio.__file__).parent
PROTO = FOLDER / "record.proto"


def described(descriptor):
    file = descriptor_pb2.FileDescriptorProto()
    descriptor.file.CopyToProto(file)
    return file


def test_the_classes_have_the_fields_of_the_schema():
    """Each line of the schema that declares a field, and nothing else."""
    schema = re.sub(r"//.*", "", PROTO.read_text(encoding="utf-8"))
    declared = re.findall(r"([\w.]+|map<string, Value>) (\w+) = (\d+)( \[packed = true\])?;", schema)
    found = []
    for name in re.findall(r"message (\w+)", schema):
        for one in getattr(record_pb2, name).DESCRIPTOR.fields:
            kind = (
                one.message_type.name
                if one.message_type
                else descriptor_pb2.FieldDescriptorProto.Type.Name(one.type)
            )
            kind = kind.removeprefix("TYPE_").lower() if not one.message_type else kind
            kind = "map<string, Value>" if kind in ("FeaturesEntry", "LabelEntry") else kind
            found.append(
                (kind, one.name, str(one.number), " [packed = true]" if one.GetOptions().packed else "")
            )
    assert found == declared


def test_protoc_makes_the_same_of_the_schema(tmp_path):
    protoc = pytest.importorskip("grpc_tools.protoc")
    out = tmp_path / "record.binpb"
    assert protoc.main(["protoc", f"-I{FOLDER}", f"--descriptor_set_out={out}", str(PROTO)]) == 0
    [compiled] = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file
    ours = described(Record.DESCRIPTOR)
    for file in (compiled, ours):
        file.name = "record.proto"
        for one in [
            field for made in file.message_type for m in [made, *made.nested_type] for field in m.field
        ]:
            one.ClearField("json_name")
    assert ours == compiled


def test_packages_with_messages_of_the_same_names_do_not_clash():
    """As the `sagemaker` package, which registers its own for the whole process."""
    script = (
        "from google.protobuf import descriptor_pb2, descriptor_pool\n"
        "from sagemaker_spark_py.recordio import Record\n"
        "file = descriptor_pb2.FileDescriptorProto(name='record.proto', package='aialgs.data')\n"
        "file.message_type.add(name='Record')\n"
        "descriptor_pool.Default().AddSerializedFile(file.SerializeToString())\n"
        "descriptor_pool.Default().FindMessageTypeByName('aialgs.data.Record')\n"
        "assert Record.FromString(b'\\x1a\\x01a').uid == 'a'\n"
    )
    run(script)


def test_the_default_pool_is_left_alone():
    assert Record.DESCRIPTOR.file.pool is not descriptor_pool.Default()


def test_protobuf_is_loaded_for_those_who_ask():
    run(
        "import sys, sagemaker_spark_py.recordio as recordio\n"
        "assert 'google.protobuf' not in sys.modules\n"
        "recordio.Record()"
    )


def test_unknown_names_are_refused_as_usual():
    with pytest.raises(AttributeError, match="has no attribute 'Recrod'"):
        recordio.Recrod  # noqa: B018


def test_messages_can_be_pickled():
    record = message([1, 2], [3, 4], [5], label=6)
    assert pickle.loads(pickle.dumps(record)) == record


def run(script):
    subprocess.run([sys.executable, "-c", script], check=True, env={"PYTHONPATH": str(FOLDER.parent.parent)})
