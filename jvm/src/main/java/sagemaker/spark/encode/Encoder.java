package sagemaker.spark.encode;

import sagemaker.spark.rows.Bytes;
import sagemaker.spark.rows.Features;
import sagemaker.spark.rows.Numbers;

/** Turns rows into the bytes of one format. Encoders keep buffers: each belongs to one thread. */
interface Encoder {
  /**
   * Appends one row.
   *
   * @param label its label alone, or null if rows have none
   */
  void encode(Numbers label, Features features, Bytes out);
}
