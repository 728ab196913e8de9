package sagemaker.spark.source;

import java.util.Arrays;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import sagemaker.spark.recordio.Tensor;

/** Makes values of one of Spark's types from tensors; chosen once per schema. */
enum FeatureBuilder {
  VECTOR {
    @Override
    Object build(Layout tensor) {
      double[] values = tensor.values();
      if (tensor.isSparse()) {
        UnsafeArrayData indices = ints(tensor.keys());
        return row(SPARSE, (int) tensor.dim(), indices, doubles(values));
      }
      return row(DENSE, null, null, doubles(values));
    }

    @Override
    void check(Layout tensor) {
      tensor.requireRank(1);
      tensor.requireDim(Integer.MAX_VALUE);
    }
  },

  MATRIX {
    @Override
    Object build(Layout tensor) {
      int rows = (int) tensor.size(0);
      int columns = (int) tensor.size(1);
      if (!tensor.isSparse()) {
        return row(DENSE, rows, columns, null, null, doubles(tensor.values()), true);
      }
      return row(
          SPARSE,
          rows,
          columns,
          UnsafeArrayData.fromPrimitiveArray(rowPointers(tensor.keys(), rows, columns)),
          ints(columnsOf(tensor.keys(), columns)),
          doubles(tensor.values()),
          true);
    }

    @Override
    void check(Layout tensor) {
      tensor.requireRank(2);
      tensor.requireDim(Long.MAX_VALUE);
      tensor.requireSizes(MAX_CELLS);
    }
  },

  DOUBLES {
    @Override
    Object build(Layout tensor) {
      return doubles(tensor.dense());
    }

    @Override
    void check(Layout tensor) {
      tensor.requireDim(tensor.isSparse() ? MAX_CELLS : Integer.MAX_VALUE);
    }
  },

  FLOATS {
    @Override
    Object build(Layout tensor) {
      double[] values = tensor.dense();
      float[] narrow = new float[values.length];
      for (int i = 0; i < values.length; i++) {
        narrow[i] = (float) values[i];
      }
      return UnsafeArrayData.fromPrimitiveArray(narrow);
    }

    @Override
    void check(Layout tensor) {
      tensor.requireDim(tensor.isSparse() ? MAX_CELLS : Integer.MAX_VALUE);
    }
  };

  /** A sparse tensor is not written out beyond this size, which a few wrong bytes may claim. */
  private static final int MAX_CELLS = 1 << 24;

  // Values of the field "type" of vectors and matrices.
  private static final byte SPARSE = 0;
  private static final byte DENSE = 1;

  /** Returns how to make values of a type, or null if it cannot be. */
  static FeatureBuilder of(DataType type) {
    if (type.equals(SQLDataTypes.VectorType())) {
      return VECTOR;
    }
    if (type.equals(SQLDataTypes.MatrixType())) {
      return MATRIX;
    }
    DataType element = type instanceof ArrayType ? ((ArrayType) type).elementType() : null;
    if (DataTypes.DoubleType.equals(element)) {
      return DOUBLES;
    }
    return DataTypes.FloatType.equals(element) ? FLOATS : null;
  }

  /**
   * Makes the value of one record.
   *
   * @throws sagemaker.spark.recordio.CorruptRecordException if the tensor contradicts itself or
   *     does not fit the type
   */
  Object build(Tensor tensor) {
    Layout layout = Layout.of(tensor);
    check(layout);
    return build(layout);
  }

  abstract void check(Layout tensor);

  abstract Object build(Layout tensor);

  private static GenericInternalRow row(Object... fields) {
    return new GenericInternalRow(fields);
  }

  private static UnsafeArrayData doubles(double[] values) {
    return UnsafeArrayData.fromPrimitiveArray(values);
  }

  private static UnsafeArrayData ints(long[] values) {
    return UnsafeArrayData.fromPrimitiveArray(
        Arrays.stream(values).mapToInt(v -> (int) v).toArray());
  }

  /** Where the entries of each row begin and end. */
  private static int[] rowPointers(long[] keys, int rows, int columns) {
    int[] pointers = new int[rows + 1];
    for (long key : keys) {
      pointers[(int) (key / columns) + 1]++;
    }
    Arrays.parallelPrefix(pointers, Integer::sum);
    return pointers;
  }

  private static long[] columnsOf(long[] keys, int columns) {
    return Arrays.stream(keys).map(key -> key % columns).toArray();
  }
}
