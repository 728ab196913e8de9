package sagemaker.spark.encode;

import sagemaker.spark.recordio.RecordWriter;
import sagemaker.spark.rows.Bytes;
import sagemaker.spark.rows.Features;
import sagemaker.spark.rows.Numbers;

/** Rows as framed recordIO-protobuf. */
final class RecordEncoder implements Encoder {
  private final RecordWriter writer = new RecordWriter();
  private final boolean fillEmpty;

  /**
   * Settles what records look like.
   *
   * @param fillEmpty whether sparse rows without values get an explicit zero: XGBoost's reader
   *     fails at them otherwise
   */
  RecordEncoder(boolean fillEmpty) {
    this.fillEmpty = fillEmpty;
  }

  @Override
  public void encode(Numbers label, Features features, Bytes out) {
    writer.write(label, fillEmpty ? features.filled() : features, out);
  }
}
