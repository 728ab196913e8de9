package sagemaker.spark.rows;

import java.util.Arrays;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.UserDefinedType;

/** Reads features of one column; made once per schema. */
public abstract class FeatureColumn {
  static final byte SPARSE = 0;

  private final String name;
  private final String expected;

  FeatureColumn(String name, String expected) {
    this.name = name;
    this.expected = expected;
  }

  /**
   * Settles how a column is read.
   *
   * @param matrices whether matrices are welcome
   * @throws IllegalArgumentException if its type holds no features
   */
  public static FeatureColumn of(String name, DataType type, boolean matrices) {
    if (isLike(type, SQLDataTypes.VectorType())) {
      return new VectorColumn(name);
    }
    if (matrices && isLike(type, SQLDataTypes.MatrixType())) {
      return new MatrixColumn(name);
    }
    if (type instanceof ArrayType) {
      NumberType element = NumberType.of(((ArrayType) type).elementType());
      if (element != null) {
        return new ArrayColumn(name, element, ((ArrayType) type).containsNull());
      }
    }
    StructColumn struct =
        type instanceof StructType ? StructColumn.of(name, (StructType) type) : null;
    if (struct == null) {
      throw new IllegalArgumentException(
          String.format(
              "Column '%s' has the wrong type: %s; expected a vector%s, or an array or a struct of "
                  + "numbers.",
              name, type.simpleString(), matrices ? ", a matrix" : ""));
    }
    return struct;
  }

  /** Whether a type is laid out as another; those of spark.mllib are as those of spark.ml. */
  private static boolean isLike(DataType type, DataType known) {
    return type instanceof UserDefinedType
        && ((UserDefinedType<?>) type).sqlType().equals(((UserDefinedType<?>) known).sqlType());
  }

  public final String name() {
    return name;
  }

  /**
   * Reads the features of one row, as they stand in an InternalRow.
   *
   * @throws IllegalArgumentException if they are null, hold a null or contradict themselves
   */
  public final Features read(Object value) {
    if (value == null) {
      throw refuse("is null; expected %s. Fill or drop such rows first.", expected);
    }
    return readValue(value);
  }

  abstract Features readValue(Object value);

  /** Checks that keys are as many as values and lie below a size. */
  final void check(long[] keys, Numbers values, long dim) {
    if (keys.length != values.size()) {
      throw refuse(
          "has %d indices for %d values; expected one for each.", keys.length, values.size());
    }
    long signs = 0; // One branch for all of them: this runs for every entry of every row.
    for (long key : keys) {
      signs |= key | dim - 1 - key;
    }
    if (signs < 0) {
      throw refuseFirstOutside(keys, dim);
    }
  }

  private IllegalArgumentException refuseFirstOutside(long[] keys, long dim) {
    long wrong = Arrays.stream(keys).filter(key -> key < 0 || key >= dim).findFirst().orElse(dim);
    return refuse("has an index out of range: %d; expected 0 to %d.", wrong, dim - 1);
  }

  final IllegalArgumentException refuse(String problem, Object... details) {
    return new IllegalArgumentException(
        String.format("Column '%s' %s", name, String.format(problem, details)));
  }
}
