package sagemaker.spark.rows;

import java.util.Arrays;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegralType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Structs of numbers, one value per field, in the narrowest type that NumPy, and so the Python
 * side, finds for all of them: integers, float32 if the others are floats or integers of up to 16
 * bits, else doubles.
 */
final class StructColumn extends FeatureColumn {
  private final StructField[] fields;
  private final NumberType[] types;
  private final boolean integral;
  private final boolean narrow;

  private StructColumn(String name, StructField[] fields, NumberType[] types) {
    super(name, "a struct");
    this.fields = fields;
    this.types = types;
    integral = Arrays.stream(fields).allMatch(field -> field.dataType() instanceof IntegralType);
    narrow = Arrays.stream(fields).allMatch(field -> isNarrow(field.dataType()));
  }

  /** Returns how to read a struct, or null if it has other fields than numbers, or none. */
  static StructColumn of(String name, StructType type) {
    StructField[] fields = type.fields();
    NumberType[] types =
        Arrays.stream(fields)
            .map(field -> NumberType.of(field.dataType()))
            .toArray(NumberType[]::new);
    boolean usable = fields.length > 0 && !Arrays.asList(types).contains(null);
    return usable ? new StructColumn(name, fields, types) : null;
  }

  private static boolean isNarrow(DataType type) {
    return type instanceof FloatType || type instanceof ShortType || type instanceof ByteType;
  }

  @Override
  Features readValue(Object value) {
    InternalRow row = (InternalRow) value;
    return Features.dense(
        name(), integral ? longs(row) : narrow ? doubles(row).narrowed() : doubles(row));
  }

  private Longs longs(InternalRow row) {
    long[] values = new long[fields.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = ((Number) field(row, i)).longValue();
    }
    return new Longs(values);
  }

  private Doubles doubles(InternalRow row) {
    double[] values = new double[fields.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = types[i].one(field(row, i)).get(0);
    }
    return new Doubles(values);
  }

  private Object field(InternalRow row, int place) {
    if (row.isNullAt(place)) {
      throw refuse("holds a null: field '%s'; expected numbers only.", fields[place].name());
    }
    return row.get(place, fields[place].dataType());
  }
}
