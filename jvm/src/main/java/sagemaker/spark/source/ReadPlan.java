package sagemaker.spark.source;

import java.io.Serializable;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import sagemaker.spark.recordio.CorruptRecordException;
import sagemaker.spark.recordio.Record;
import sagemaker.spark.recordio.Tensor;

/** Which columns are read, and as what; settled on the driver. */
final class ReadPlan implements Serializable {
  private static final int NONE = -1;
  private static final long SOMEWHERE = 0;

  private final int columns;
  private final ReadMode mode;
  private int label = NONE;
  private boolean labelIsFloat;
  private int features = NONE;
  private FeatureBuilder builder;

  /**
   * Checks a schema.
   *
   * @throws IllegalArgumentException if it has other columns, or of other types than can be read
   */
  ReadPlan(StructType schema, SourceOptions options) {
    columns = schema.size();
    mode = options.mode();
    for (int place = 0; place < columns; place++) {
      StructField field = schema.fields()[place];
      if (field.name().equals(options.features())) {
        features = place;
        builder = builder(field);
      } else if (field.name().equals(options.label())) {
        label = place;
        labelIsFloat = isFloat(field);
      } else {
        throw new IllegalArgumentException(
            String.format(
                "Column '%s' is unknown to the format; expected '%s' or '%s'. Name them with the "
                    + "options %s and %s.",
                field.name(),
                options.label(),
                options.features(),
                SourceOptions.LABEL,
                SourceOptions.FEATURES));
      }
    }
  }

  private static FeatureBuilder builder(StructField field) {
    FeatureBuilder builder = FeatureBuilder.of(field.dataType());
    if (builder == null) {
      throw wrongType(field, "a vector, a matrix or an array of doubles or floats");
    }
    return builder;
  }

  private static boolean isFloat(StructField field) {
    boolean isFloat = field.dataType().equals(DataTypes.FloatType);
    if (!isFloat && !field.dataType().equals(DataTypes.DoubleType)) {
      throw wrongType(field, "double or float");
    }
    return isFloat;
  }

  private static IllegalArgumentException wrongType(StructField field, String expected) {
    return new IllegalArgumentException(
        String.format(
            "Column '%s' cannot be read as %s; expected %s.",
            field.name(), field.dataType().simpleString(), expected));
  }

  /** The schema of a file by its first record. */
  static StructType infer(Record first, SourceOptions options) {
    Tensor features = first.features();
    boolean isMatrix = features != null && features.shape().length == 2;
    DataType type = isMatrix ? SQLDataTypes.MatrixType() : SQLDataTypes.VectorType();
    StructType schema = new StructType();
    if (first.label() != null && !options.label().isEmpty()) {
      schema = schema.add(options.label(), DataTypes.DoubleType);
    }
    return schema.add(options.features(), type);
  }

  ReadMode mode() {
    return mode;
  }

  /**
   * Whether records need not be looked into, because nothing of them is wanted but their number.
   */
  boolean onlyCounts() {
    return columns == 0 && mode == ReadMode.FAILFAST;
  }

  /** The row that stands for a corrupt record. */
  InternalRow nulls() {
    return new GenericInternalRow(columns);
  }

  /**
   * The row of a record.
   *
   * @throws CorruptRecordException if the record has no such row
   */
  InternalRow row(Record record) {
    Object[] values = new Object[columns];
    if (features != NONE) {
      values[features] = features(record.features());
    }
    if (label != NONE && record.label() != null) {
      double number = number(record.label());
      values[label] = labelIsFloat ? (Object) (float) number : (Object) number;
    }
    return new GenericInternalRow(values);
  }

  private Object features(Tensor tensor) {
    if (tensor == null || !tensor.isNumeric()) {
      throw new CorruptRecordException("record has no features under the name 'values'", SOMEWHERE);
    }
    return builder.build(tensor);
  }

  private static double number(Tensor tensor) {
    double[] values = tensor.values();
    if (values.length != 1) {
      String problem = String.format("label has %d values; expected one", values.length);
      throw new CorruptRecordException(problem, SOMEWHERE);
    }
    return values[0];
  }
}
