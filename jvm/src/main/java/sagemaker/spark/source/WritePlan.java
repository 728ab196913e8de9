package sagemaker.spark.source;

import java.io.Serializable;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import sagemaker.spark.encode.Encoding;
import sagemaker.spark.encode.RowEncoder;

/** Which columns of a schema are written, and how; settled on the driver. */
final class WritePlan implements Serializable {
  private static final int NONE = -1;

  private final StructField[] fields;
  private final int label;
  private final int features;
  private final Encoding encoding;

  /**
   * Checks a schema. Columns that are neither the label nor the features are not written.
   *
   * @throws IllegalArgumentException if a column is missing or of the wrong type
   */
  WritePlan(StructType schema, SourceOptions options) {
    fields = schema.fields();
    encoding = options.encoding();
    features = find(options.features());
    if (features == NONE) {
      throw missing(options.features(), SourceOptions.FEATURES);
    }
    label = find(options.label());
    if (label == NONE && options.namesLabel()) {
      throw missing(options.label(), SourceOptions.LABEL);
    }
    newEncoder();
  }

  private int find(String name) {
    for (int place = 0; place < fields.length; place++) {
      if (fields[place].name().equals(name)) {
        return place;
      }
    }
    return NONE;
  }

  private IllegalArgumentException missing(String name, String option) {
    String found = Arrays.stream(fields).map(StructField::name).collect(Collectors.joining("', '"));
    return new IllegalArgumentException(
        String.format(
            "Column '%s' is missing; expected it among: '%s'. Name another with the option %s.",
            name, found, option));
  }

  String extension() {
    return encoding.format().extension();
  }

  RowEncoder newEncoder() {
    StructField column = fields[features];
    return label == NONE
        ? encoding.rowEncoder(column.name(), column.dataType())
        : encoding.rowEncoder(
            fields[label].name(), fields[label].dataType(), column.name(), column.dataType());
  }

  Object label(InternalRow row) {
    return label == NONE ? null : value(row, label);
  }

  Object features(InternalRow row) {
    return value(row, features);
  }

  private Object value(InternalRow row, int place) {
    DataType type = fields[place].dataType();
    return row.isNullAt(place) ? null : row.get(place, type);
  }
}
