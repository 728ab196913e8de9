package sagemaker.spark.recordio;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** The fields of one protobuf message, one after the other. */
final class Fields {
  private static final int MAX_VARINT_BYTES = 10;
  private static final long MAX_TAG = 0xFFFF_FFFFL;

  private final byte[] data;
  private final int end;
  private int at;

  /** Number and wire type of the field. */
  int number;

  int wireType;

  /** Where its content lies, without tag and length. */
  int start;

  int stop;

  Fields(byte[] data, int start, int end) {
    this.data = data;
    this.at = start;
    this.end = end;
  }

  /** Goes to the next field; false behind the last one. */
  boolean next() {
    if (at >= end) {
      return false;
    }
    int tagStart = at;
    long tag = readVarint();
    number = (int) (tag >>> 3);
    wireType = (int) (tag & 7);
    if (tag < 8 || tag > MAX_TAG) {
      throw unknown(tag, tagStart);
    }
    long size = contentBytes(tag, tagStart);
    if (size < 0 || size > end - start) {
      throw new CorruptRecordException("field is longer than the message around it", start);
    }
    stop = start + (int) size;
    at = stop;
    return true;
  }

  private long contentBytes(long tag, int tagStart) {
    start = at;
    switch (wireType) {
      case Wire.VARINT:
        readVarint();
        return at - start;
      case Wire.FIXED64:
        return 8;
      case Wire.FIXED32:
        return 4;
      case Wire.DELIMITED:
        long size = readVarint();
        start = at;
        return size;
      default:
        throw unknown(tag, tagStart);
    }
  }

  private static CorruptRecordException unknown(long tag, int at) {
    return new CorruptRecordException(
        String.format("field has an unknown sort: number %d, wire type %d", tag >>> 3, tag & 7),
        at);
  }

  boolean is(int wantedNumber, int wantedWireType) {
    return number == wantedNumber && wireType == wantedWireType;
  }

  /** The fields of the message that this field holds. */
  Fields inside() {
    return new Fields(data, start, stop);
  }

  /** Numbers that this field holds, of which {@link #readVarint} reads one after the other. */
  boolean hasMore() {
    return at < end;
  }

  /** Reads the varint at the current place. */
  long readVarint() {
    long number = 0;
    for (int place = 0; place < MAX_VARINT_BYTES; place++) {
      if (at >= end) {
        throw new CorruptRecordException("number is cut short", end);
      }
      byte next = data[at++];
      number |= (long) (next & 0x7F) << 7 * place;
      if (next >= 0) {
        return number;
      }
    }
    throw new CorruptRecordException("number has too many bytes", at - MAX_VARINT_BYTES);
  }

  /** Whether the content is this text. */
  boolean holds(byte[] text) {
    if (stop - start != text.length) {
      return false;
    }
    for (int i = 0; i < text.length; i++) {
      if (data[start + i] != text[i]) {
        return false;
      }
    }
    return true;
  }

  /** Refuses content that is not UTF-8. */
  void requireText() {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(data, start, stop - start));
    } catch (CharacterCodingException error) {
      throw new CorruptRecordException("text is not UTF-8", start);
    }
  }
}
