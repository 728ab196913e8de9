package sagemaker.spark.recordio;

/**
 * The numbers of the wire format; {@code recordio/FORMAT.md} of the Python side says what they
 * mean.
 */
public final class Wire {
  public static final int MAGIC = 0xCED7230A;

  /** Magic and length in front of each payload. */
  public static final int FRAME_BYTES = 8;

  public static final int ALIGNMENT_BYTES = 4;

  /** The upper three bits of the length word are the continuation flag of the container. */
  public static final int MAX_PAYLOAD_BYTES = (1 << 29) - 1;

  // Fields of a record.
  static final int FEATURES = 1;
  static final int LABEL = 2;

  /** Those from 3 to this one are texts that nothing here asks for. */
  static final int LAST_TEXT = 5;

  // Fields of an entry of its maps.
  static final int NAME = 1;
  static final int VALUE = 2;

  // Fields of a value, which also name what it holds.
  static final int NOTHING = 0;
  static final int FLOAT32 = 2;
  static final int FLOAT64 = 3;
  static final int INT32 = 7;
  static final int BYTES = 9;

  // Fields of a tensor.
  static final int VALUES = 1;
  static final int KEYS = 2;
  static final int SHAPE = 3;

  // Wire types of protobuf.
  static final int VARINT = 0;
  static final int FIXED64 = 1;
  static final int DELIMITED = 2;
  static final int FIXED32 = 5;

  private static final byte[] DEFAULT_NAME = {'v', 'a', 'l', 'u', 'e', 's'};

  private Wire() {}

  /** The name under which SageMaker's algorithms look for features and for the label. */
  static byte[] defaultName() {
    return DEFAULT_NAME.clone();
  }

  /** The tag byte of a field whose length is stated. */
  static byte tag(int field) {
    return (byte) (field << 3 | DELIMITED);
  }

  /** Zero bytes behind a payload. */
  public static int padding(int payloadBytes) {
    return -payloadBytes & ALIGNMENT_BYTES - 1;
  }
}
