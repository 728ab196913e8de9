package sagemaker.spark.rows;

import org.apache.spark.sql.catalyst.InternalRow;

/** Vectors, which Spark keeps as a struct of type, size, indices and values. */
final class VectorColumn extends FeatureColumn {
  private static final int TYPE = 0;
  private static final int SIZE = 1;
  private static final int INDICES = 2;
  private static final int VALUES = 3;

  VectorColumn(String name) {
    super(name, "a vector");
  }

  @Override
  Features readValue(Object value) {
    InternalRow vector = (InternalRow) value;
    Numbers values = new Doubles(vector.getArray(VALUES).toDoubleArray());
    return vector.getByte(TYPE) == SPARSE ? sparse(vector, values) : Features.dense(name(), values);
  }

  private Features sparse(InternalRow vector, Numbers values) {
    int[] indices = vector.getArray(INDICES).toIntArray();
    long[] keys = new long[indices.length];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = indices[i];
    }
    int size = vector.getInt(SIZE);
    check(keys, values, size);
    return Features.sparse(name(), values, keys, size);
  }
}
