"""Rows and bodies: request serializers, response deserializers, batching."""
