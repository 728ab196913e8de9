package sagemaker.spark.recordio;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** What one entry of a record holds: numbers of any of the three types as doubles, exactly. */
public final class Tensor {
  private static final int PIECE = 16;

  private int kind;
  private double[] values;
  private int valueCount;
  private long[] keys;
  private int keyCount;
  private long[] shape;
  private int shapeCount;

  Tensor() {
    become(Wire.NOTHING);
  }

  /** Starts anew as a tensor of another type. */
  private void become(int newKind) {
    kind = newKind;
    values = new double[0];
    keys = new long[0];
    shape = new long[0];
    valueCount = 0;
    keyCount = 0;
    shapeCount = 0;
  }

  /** Whether there are numbers, be they none. */
  public boolean isNumeric() {
    return kind == Wire.FLOAT32 || kind == Wire.FLOAT64 || kind == Wire.INT32;
  }

  public double[] values() {
    return valueCount == values.length ? values : Arrays.copyOf(values, valueCount);
  }

  /** Places of the values as unsigned numbers; none in dense tensors. */
  public long[] keys() {
    return keyCount == keys.length ? keys : Arrays.copyOf(keys, keyCount);
  }

  /** Dimensions as unsigned numbers, if they are stated. */
  public long[] shape() {
    return Arrays.copyOf(shape, shapeCount);
  }

  /**
   * Takes in a Value. Of tensors of different types the last wins, those of the same are joined.
   */
  void merge(byte[] data, Fields value) {
    while (value.next()) {
      boolean known =
          value.number == Wire.FLOAT32
              || value.number == Wire.FLOAT64
              || value.number == Wire.INT32
              || value.number == Wire.BYTES;
      if (known && value.wireType == Wire.DELIMITED) {
        if (kind != value.number) {
          become(value.number);
        }
        mergeTensor(data, value.inside());
      }
    }
  }

  private void mergeTensor(byte[] data, Fields tensor) {
    while (tensor.next()) {
      if (tensor.number == Wire.VALUES) {
        mergeValues(data, tensor);
      } else if (tensor.number == Wire.KEYS && kind != Wire.BYTES) {
        mergeKeys(data, tensor);
      } else if (tensor.number == Wire.SHAPE && kind != Wire.BYTES) {
        mergeShape(data, tensor);
      }
    }
  }

  private void mergeValues(byte[] data, Fields field) {
    boolean packed = field.wireType == Wire.DELIMITED;
    if (kind == Wire.FLOAT32 && (packed || field.wireType == Wire.FIXED32)) {
      addFloats(content(data, field, 4));
    } else if (kind == Wire.FLOAT64 && (packed || field.wireType == Wire.FIXED64)) {
      addDoubles(content(data, field, 8));
    } else if (kind == Wire.INT32 && (packed || field.wireType == Wire.VARINT)) {
      addInts(new Fields(data, field.start, field.stop));
    }
  }

  private static ByteBuffer content(byte[] data, Fields field, int itemBytes) {
    int size = field.stop - field.start;
    if (size % itemBytes != 0) {
      throw new CorruptRecordException(
          String.format(
              "tensor has %d bytes of values; expected a multiple of %d", size, itemBytes),
          field.start);
    }
    return ByteBuffer.wrap(data, field.start, size).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void addFloats(ByteBuffer content) {
    int count = content.remaining() / 4;
    int start = content.position();
    reserve(count);
    for (int i = 0; i < count; i++) {
      values[valueCount + i] = content.getFloat(start + 4 * i);
    }
    valueCount += count;
  }

  private void addDoubles(ByteBuffer content) {
    int count = content.remaining() / 8;
    reserve(count);
    content.asDoubleBuffer().get(values, valueCount, count);
    valueCount += count;
  }

  private void addInts(Fields numbers) {
    while (numbers.hasMore()) {
      int number = (int) numbers.readVarint();
      reserve(1);
      values[valueCount++] = number;
    }
  }

  private void reserve(int count) {
    if (valueCount + count > values.length) {
      int room = valueCount == 0 ? count : Math.max(valueCount + count, 2 * values.length + PIECE);
      values = Arrays.copyOf(values, room);
    }
  }

  private void mergeKeys(byte[] data, Fields field) {
    Fields numbers = varints(data, field);
    while (numbers.hasMore()) {
      if (keyCount == keys.length) {
        keys = Arrays.copyOf(keys, Math.max(2 * keyCount, Math.max(valueCount, PIECE)));
      }
      keys[keyCount++] = numbers.readVarint();
    }
  }

  private void mergeShape(byte[] data, Fields field) {
    Fields numbers = varints(data, field);
    while (numbers.hasMore()) {
      if (shapeCount == shape.length) {
        shape = Arrays.copyOf(shape, Math.max(2 * shapeCount, 2));
      }
      shape[shapeCount++] = numbers.readVarint();
    }
  }

  /** The numbers in a field, packed or alone; none if it is of another sort and so unknown. */
  private static Fields varints(byte[] data, Fields field) {
    boolean known = field.wireType == Wire.DELIMITED || field.wireType == Wire.VARINT;
    return new Fields(data, field.start, known ? field.stop : field.start);
  }
}
