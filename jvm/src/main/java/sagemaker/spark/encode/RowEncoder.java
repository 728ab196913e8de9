package sagemaker.spark.encode;

import java.util.function.BiFunction;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.types.DataType;
import sagemaker.spark.rows.Bytes;
import sagemaker.spark.rows.FeatureColumn;
import sagemaker.spark.rows.Features;
import sagemaker.spark.rows.LabelColumn;
import sagemaker.spark.rows.Numbers;

/**
 * Encodes rows of one schema: made once per partition, run for each row in their order. Belongs to
 * one thread.
 *
 * <p>It is a function of the Java library's so that code which Spark generates can call it without
 * seeing this jar's classes: the class loader of the thread that compiles it may not have them.
 */
public final class RowEncoder implements BiFunction<Object, Object, byte[]> {
  private final LabelColumn labels;
  private final FeatureColumn features;
  private final Encoding encoding;
  private final Encoder encoder;
  private final RowSize size;
  private final NumberRule numbers;
  private final boolean refusesNulls;
  private final boolean appendsDim;
  private final Bytes buffer = new Bytes();
  private long rows;

  private RowEncoder(LabelColumn labels, FeatureColumn features, Encoding encoding) {
    this.labels = labels;
    this.features = features;
    this.encoding = encoding;
    encoder = encoding.newEncoder();
    size = encoding.rowSize();
    numbers = encoding.numberRule();
    refusesNulls = encoding.refusesNulls();
    appendsDim = encoding.appendsDim();
  }

  /** For rows with features only; the type of the column must have been checked. */
  static RowEncoder of(Encoding encoding, String features, DataType featuresType) {
    return new RowEncoder(null, encoding.featureColumn(features, featuresType), encoding);
  }

  /** Returns one that puts a label before the features. */
  RowEncoder withLabel(String name, DataType type) {
    return new RowEncoder(LabelColumn.of(name, type), features, encoding);
  }

  /**
   * Appends one row, given as its values stand in an InternalRow.
   *
   * @param label ignored if rows have no label
   * @throws IllegalArgumentException if a value cannot be encoded; names its column
   */
  public void encode(Object label, Object featuresValue, Bytes out) {
    Numbers one = labels == null ? null : labels.read(label);
    Features read = features.read(featuresValue);
    size.check(read);
    numbers.check(one, read);
    encoder.encode(one, read, out);
    if (appendsDim) {
      out.putInt((int) read.dim());
    }
  }

  /**
   * Encodes one row into an array of its own; null where a value is null, unless that is refused.
   *
   * @throws IllegalArgumentException if a value cannot be encoded; names the partition, the row as
   *     counted from 0 in it, and the column
   */
  @Override
  public byte[] apply(Object label, Object featuresValue) {
    long row = rows++;
    if (!refusesNulls && (featuresValue == null || labels != null && label == null)) {
      return null;
    }
    buffer.clear(); // A row that was refused may have left a part.
    try {
      encode(label, featuresValue, buffer);
    } catch (IllegalArgumentException refusal) {
      throw located(refusal, row);
    }
    return buffer.take();
  }

  private static IllegalArgumentException located(IllegalArgumentException refusal, long row) {
    boolean isDriver = TaskContext.get() == null; // Which may evaluate tables of constants.
    String where = isDriver ? "Row " : "Partition " + TaskContext.getPartitionId() + ", row ";
    return new IllegalArgumentException(where + row + ": " + refusal.getMessage(), refusal);
  }
}
