"""Bytes and arrays: recordIO-protobuf records."""
