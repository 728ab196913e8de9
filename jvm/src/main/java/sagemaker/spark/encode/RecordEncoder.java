package sagemaker.spark.encode;

import sagemaker.spark.recordio.RecordWriter;
import sagemaker.spark.rows.Bytes;
import sagemaker.spark.rows.Features;
import sagemaker.spark.rows.Numbers;

/** Rows as framed recordIO-protobuf. */
final class RecordEncoder implements Encoder {
  private final RecordWriter writer = new RecordWriter();
  private final boolean fillEmpty;
  private final boolean refuseOverflow;

  RecordEncoder(boolean fillEmpty, boolean refuseOverflow) {
    this.fillEmpty = fillEmpty;
    this.refuseOverflow = refuseOverflow;
  }

  @Override
  public void encode(Numbers label, Features features, Bytes out) {
    if (refuseOverflow) {
      check("The features do", features.values());
      if (label != null) {
        check("The label does", label);
      }
    }
    writer.write(label, fillEmpty ? features.filled() : features, out);
  }

  private static void check(String subject, Numbers numbers) {
    int wrong = numbers.firstOverflow();
    if (wrong >= 0) {
      throw new IllegalArgumentException(
          String.format(
              "%s not fit into float32: %s; expected at most 3.4e38 in size. "
                  + "Scale them, or replace such values.",
              subject, numbers.show(wrong)));
    }
  }
}
