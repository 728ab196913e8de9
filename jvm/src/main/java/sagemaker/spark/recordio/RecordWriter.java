package sagemaker.spark.recordio;

import sagemaker.spark.rows.Bytes;
import sagemaker.spark.rows.Features;
import sagemaker.spark.rows.Numbers;

/** Appends rows as framed records of float32 tensors. Belongs to one thread. */
public final class RecordWriter {
  private static final byte[] NAME = nameField();
  private static final byte[] LABEL = labelField();
  private static final int NO_VALUES = -1;

  /** What stands before the values of a dense vector of {@link #headValues} values. */
  private byte[] head = new byte[0];

  private int headValues = NO_VALUES;
  private boolean headIsLabelled;

  /**
   * Appends one record.
   *
   * @param label its label alone, or null
   * @throws IllegalArgumentException if the row does not fit into one record
   */
  public void write(Numbers label, Features features, Bytes out) {
    Sizes sizes = new Sizes(features, label != null);
    out.reserve(sizes.total);
    putHead(sizes, label != null, out);
    features.values().putFloats(out);
    putVarints(Wire.KEYS, features.keys(), sizes.keys, out);
    putVarints(Wire.SHAPE, features.shape(), sizes.shape, out);
    if (label != null) {
      out.put(LABEL);
      label.putFloats(out);
    }
    out.putZeros(Wire.padding(sizes.payload));
  }

  /** Appends all that stands before the values. Dense vectors of one size have it in common. */
  private void putHead(Sizes sizes, boolean labelled, Bytes out) {
    boolean isPlain = sizes.keys == 0 && sizes.shape == 0;
    if (isPlain && sizes.values == headValues && labelled == headIsLabelled) {
      out.put(head);
      return;
    }
    int start = out.size();
    buildHead(sizes, out);
    if (isPlain) {
      head = out.copyFrom(start);
      headValues = sizes.values;
      headIsLabelled = labelled;
    }
  }

  private static void buildHead(Sizes sizes, Bytes out) {
    out.putInt(Wire.MAGIC);
    out.putInt(sizes.payload);
    putField(Wire.FEATURES, sizes.entry, out);
    out.put(NAME);
    putField(Wire.VALUE, sizes.value, out);
    putField(Wire.FLOAT32, sizes.tensor, out);
    if (sizes.values > 0) {
      putField(Wire.VALUES, sizes.values, out);
    }
  }

  private static void putVarints(int field, long[] numbers, int bytes, Bytes out) {
    if (bytes == 0) {
      return;
    }
    putField(field, bytes, out);
    out.putVarints(numbers, bytes);
  }

  private static void putField(int field, int bytes, Bytes out) {
    out.put(Wire.tag(field));
    out.putVarint(bytes);
  }

  private static byte[] nameField() {
    Bytes field = new Bytes();
    byte[] name = Wire.defaultName();
    putField(Wire.NAME, name.length, field);
    field.put(name);
    return field.take();
  }

  /** A label but for its four bytes, with which it ends. */
  private static byte[] labelField() {
    Bytes field = new Bytes();
    putField(Wire.LABEL, NAME.length + 10, field);
    field.put(NAME);
    putField(Wire.VALUE, 4 + 4, field);
    putField(Wire.FLOAT32, 4 + 2, field);
    putField(Wire.VALUES, 4, field);
    return field.take();
  }

  /** Bytes of the messages that a record nests. */
  private static final class Sizes {
    final int values;
    final int keys;
    final int shape;
    final int tensor;
    final int value;
    final int entry;
    final int payload;
    final int total;

    Sizes(Features features, boolean labelled) {
      long keyBytes = varints(features.keys());
      refuseBeyondLimit(4L * features.values().size() + keyBytes);
      values = 4 * features.values().size();
      keys = (int) keyBytes;
      shape = (int) varints(features.shape());
      tensor = ifAny(values) + ifAny(keys) + ifAny(shape);
      value = field(tensor);
      entry = NAME.length + field(value);
      payload = field(entry) + (labelled ? LABEL.length + 4 : 0);
      refuseBeyondLimit(payload);
      total = Wire.FRAME_BYTES + payload + Wire.padding(payload);
    }

    private static void refuseBeyondLimit(long bytes) {
      if (bytes > Wire.MAX_PAYLOAD_BYTES) {
        throw new IllegalArgumentException(
            String.format(
                "Row is too large for a record: %d bytes; expected at most %d.",
                bytes, Wire.MAX_PAYLOAD_BYTES));
      }
    }

    /** Bytes of a field whose content has so many. */
    private static int field(int content) {
      return 1 + Bytes.varintBytes(content) + content;
    }

    private static int ifAny(int content) {
      return content == 0 ? 0 : field(content);
    }

    private static long varints(long[] numbers) {
      return numbers == null ? 0 : Bytes.varintBytes(numbers);
    }
  }
}
