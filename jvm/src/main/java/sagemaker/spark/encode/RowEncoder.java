package sagemaker.spark.encode;

import java.util.function.BiFunction;
import org.apache.spark.sql.types.DataType;
import sagemaker.spark.rows.Bytes;
import sagemaker.spark.rows.FeatureColumn;
import sagemaker.spark.rows.LabelColumn;
import sagemaker.spark.rows.Numbers;

/**
 * Encodes rows of one schema: made once, run for each row. Belongs to one thread.
 *
 * <p>It is a function of the Java library's so that code which Spark generates can call it without
 * seeing this jar's classes: the class loader of the thread that compiles it may not have them.
 */
public final class RowEncoder implements BiFunction<Object, Object, byte[]> {
  private final LabelColumn labels;
  private final FeatureColumn features;
  private final Encoder encoder;
  private final Bytes buffer = new Bytes();

  private RowEncoder(LabelColumn labels, FeatureColumn features, Encoder encoder) {
    this.labels = labels;
    this.features = features;
    this.encoder = encoder;
  }

  /** For rows with features only; the type of the column must have been checked. */
  static RowEncoder of(Encoding encoding, String features, DataType featuresType) {
    return new RowEncoder(
        null, encoding.featureColumn(features, featuresType), encoding.newEncoder());
  }

  /** Returns one that puts a label before the features. */
  RowEncoder withLabel(String name, DataType type) {
    return new RowEncoder(LabelColumn.of(name, type), features, encoder);
  }

  /**
   * Appends one row, given as its values stand in an InternalRow.
   *
   * @param label ignored if rows have no label
   * @throws IllegalArgumentException if a value cannot be encoded; names its column
   */
  public void encode(Object label, Object featuresValue, Bytes out) {
    Numbers one = labels == null ? null : labels.read(label);
    encoder.encode(one, features.read(featuresValue), out);
  }

  /** Encodes one row into an array of its own. */
  @Override
  public byte[] apply(Object label, Object featuresValue) {
    buffer.clear(); // A row that was refused may have left a part.
    encode(label, featuresValue, buffer);
    return buffer.take();
  }
}
