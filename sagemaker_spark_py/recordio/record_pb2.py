"""The message classes of ``record.proto``, for those who want to work with messages.

They are built here instead of by protoc for two reasons. Code from protoc refuses to run with a protobuf
runtime older than itself, and clusters come with many. And it registers its messages for the whole
process, where those of the ``sagemaker`` package, which have the same names, would clash with them.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto

_Type = FieldDescriptorProto
_TENSORS = {
    "Float32Tensor": _Type.TYPE_FLOAT,
    "Float64Tensor": _Type.TYPE_DOUBLE,
    "Int32Tensor": _Type.TYPE_INT32,
}
_VALUES = {"float32_tensor": 2, "float64_tensor": 3, "int32_tensor": 7, "bytes": 9}


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="sagemaker_spark_py/recordio/record.proto", package="aialgs.data")
    for name, kind in _TENSORS.items():
        tensor = file.message_type.add(name=name)
        for number, (field, field_kind) in enumerate(
            [("values", kind), ("keys", _Type.TYPE_UINT64), ("shape", _Type.TYPE_UINT64)], start=1
        ):
            _add(tensor, field, number, field_kind, _Type.LABEL_REPEATED).options.packed = True
    blob = file.message_type.add(name="Bytes")
    _add(blob, "value", 1, _Type.TYPE_BYTES, _Type.LABEL_REPEATED)
    _add(blob, "content_type", 2, _Type.TYPE_STRING)
    value = file.message_type.add(name="Value")
    value.oneof_decl.add(name="value")
    for (field, number), name in zip(_VALUES.items(), [*_TENSORS, "Bytes"], strict=True):
        _add(value, field, number, _Type.TYPE_MESSAGE, type_name=f".aialgs.data.{name}").oneof_index = 0
    _add_record(file.message_type.add(name="Record"))
    return file


def _add_record(record: DescriptorProto) -> None:
    for number, (field, entry) in enumerate([("features", "FeaturesEntry"), ("label", "LabelEntry")], start=1):
        _add(record, field, number, _Type.TYPE_MESSAGE, _Type.LABEL_REPEATED, f".aialgs.data.Record.{entry}")
        nested = record.nested_type.add(name=entry)
        _add(nested, "key", 1, _Type.TYPE_STRING)
        _add(nested, "value", 2, _Type.TYPE_MESSAGE, type_name=".aialgs.data.Value")
        nested.options.map_entry = True
    for number, field in enumerate(["uid", "metadata", "configuration"], start=3):
        _add(record, field, number, _Type.TYPE_STRING)


def _add(
    message: DescriptorProto,
    name: str,
    number: int,
    kind: int,
    label: int = _Type.LABEL_OPTIONAL,
    type_name: str = "",
) -> FieldDescriptorProto:
    field = message.field.add(name=name, number=number, type=kind, label=label)
    if type_name:
        field.type_name = type_name
    return field


_POOL = descriptor_pool.DescriptorPool()
_POOL.AddSerializedFile(_file().SerializeToString())


def _message_class(name: str) -> Any:
    made = message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"aialgs.data.{name}"))
    made.__module__ = __name__  # so that messages can be pickled
    return made


Float32Tensor = _message_class("Float32Tensor")
Float64Tensor = _message_class("Float64Tensor")
Int32Tensor = _message_class("Int32Tensor")
Bytes = _message_class("Bytes")
Value = _message_class("Value")
Record = _message_class("Record")
