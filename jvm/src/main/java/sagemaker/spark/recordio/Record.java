package sagemaker.spark.recordio;

/**
 * The features and the label of a record under the name {@code values}.
 *
 * <p>Protobuf's rules for reading hold: unknown fields are skipped, of two map entries with the
 * same name the last wins, a tensor that comes in several pieces is put together.
 */
public final class Record {
  private static final byte[] NAME = Wire.defaultName();

  private Tensor features;
  private Tensor label;

  private Record() {}

  /**
   * Takes the record of a frame apart.
   *
   * @throws CorruptRecordException if it is no record; its offset counts from the payload's start
   */
  public static Record parse(FrameReader frame) {
    return parse(frame.payload(), frame.payloadBytes());
  }

  private static Record parse(byte[] payload, int payloadBytes) {
    Record record = new Record();
    Fields fields = new Fields(payload, 0, payloadBytes);
    while (fields.next()) {
      if (fields.is(Wire.FEATURES, Wire.DELIMITED)) {
        Tensor found = entry(payload, fields.inside());
        record.features = found == null ? record.features : found;
      } else if (fields.is(Wire.LABEL, Wire.DELIMITED)) {
        Tensor found = entry(payload, fields.inside());
        record.label = found == null ? record.label : found;
      } else if (fields.number <= Wire.LAST_TEXT && fields.wireType == Wire.DELIMITED) {
        fields.requireText();
      }
    }
    return record;
  }

  /** The value of a map entry, or null if its name is another. */
  private static Tensor entry(byte[] payload, Fields fields) {
    boolean named = false;
    Tensor value = new Tensor();
    while (fields.next()) {
      if (fields.is(Wire.NAME, Wire.DELIMITED)) {
        named = fields.holds(NAME);
        if (!named) {
          fields.requireText();
        }
      } else if (fields.is(Wire.VALUE, Wire.DELIMITED)) {
        value.merge(payload, fields.inside());
      }
    }
    return named ? value : null;
  }

  /** Null if there are none. */
  public Tensor features() {
    return features;
  }

  /** Null if there is none. */
  public Tensor label() {
    return label;
  }
}
