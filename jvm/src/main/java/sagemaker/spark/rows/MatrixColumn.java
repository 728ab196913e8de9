package sagemaker.spark.rows;

import org.apache.spark.sql.catalyst.InternalRow;

/**
 * Matrices, which Spark keeps as a struct of type, numRows, numCols, colPtrs, rowIndices, values
 * and isTransposed: column by column, or row by row if transposed.
 */
final class MatrixColumn extends FeatureColumn {
  private static final int TYPE = 0;
  private static final int ROWS = 1;
  private static final int COLUMNS = 2;
  private static final int POINTERS = 3;
  private static final int INDICES = 4;
  private static final int VALUES = 5;
  private static final int TRANSPOSED = 6;

  MatrixColumn(String name) {
    super(name, "a matrix");
  }

  @Override
  Features readValue(Object value) {
    InternalRow matrix = (InternalRow) value;
    double[] values = matrix.getArray(VALUES).toDoubleArray();
    return matrix.getByte(TYPE) == SPARSE ? sparse(matrix, values) : dense(matrix, values);
  }

  private Features dense(InternalRow matrix, double[] values) {
    int rows = matrix.getInt(ROWS);
    int columns = matrix.getInt(COLUMNS);
    if ((long) rows * columns != values.length) {
      throw refuse(
          "has %d values; expected %d by its shape.", values.length, (long) rows * columns);
    }
    boolean byRow = matrix.getBoolean(TRANSPOSED);
    double[] ordered = byRow ? values : byRow(values, rows, columns);
    return Features.denseMatrix(name(), new Doubles(ordered), rows, columns);
  }

  private static double[] byRow(double[] byColumn, int rows, int columns) {
    double[] ordered = new double[byColumn.length];
    for (int column = 0; column < columns; column++) {
      for (int row = 0; row < rows; row++) {
        ordered[row * columns + column] = byColumn[column * rows + row];
      }
    }
    return ordered;
  }

  /** Keeps the values in the order in which they are stored. */
  private Features sparse(InternalRow matrix, double[] stored) {
    Numbers values = new Doubles(stored);
    int rows = matrix.getInt(ROWS);
    int columns = matrix.getInt(COLUMNS);
    long[] keys = keys(matrix, columns);
    check(keys, values, (long) rows * columns);
    return Features.sparse(name(), values, keys, rows, columns);
  }

  private long[] keys(InternalRow matrix, int columns) {
    int[] pointers = matrix.getArray(POINTERS).toIntArray();
    int[] indices = matrix.getArray(INDICES).toIntArray();
    boolean byRow = matrix.getBoolean(TRANSPOSED);
    long[] keys = new long[indices.length];
    for (int run = 0; run + 1 < pointers.length; run++) {
      checkRun(pointers[run], pointers[run + 1], keys.length);
      for (int i = pointers[run]; i < pointers[run + 1]; i++) {
        keys[i] = byRow ? (long) run * columns + indices[i] : (long) indices[i] * columns + run;
      }
    }
    return keys;
  }

  private void checkRun(int start, int end, int entries) {
    if (start < 0 || end > entries) {
      throw refuse(
          "has a pointer out of range: %d; expected 0 to %d.", Math.min(start, end), entries);
    }
  }
}
