package sagemaker.spark.rows;

/**
 * The features of one row: a vector, a matrix or an array.
 *
 * <p>Dense features hold all their values, a matrix row by row. Sparse ones hold some, each with a
 * key: its place among all, counted from 0. What is written as the shape is {@code null} for dense
 * vectors and arrays.
 */
public final class Features {
  private final String name;
  private final Numbers values;
  private final long[] keys;
  private final long[] shape;
  private final long dim;

  private Features(String name, Numbers values, long[] keys, long[] shape, long dim) {
    this.name = name;
    this.values = values;
    this.keys = keys;
    this.shape = shape;
    this.dim = dim;
  }

  static Features dense(String name, Numbers values) {
    return new Features(name, values, null, null, values.size());
  }

  static Features denseMatrix(String name, Numbers values, long rows, long columns) {
    return new Features(name, values, null, new long[] {rows, columns}, values.size());
  }

  /** With keys that are as many as the values and lie in the shape. */
  static Features sparse(String name, Numbers values, long[] keys, long... shape) {
    long dim = 1;
    for (long size : shape) {
      dim *= size;
    }
    return new Features(name, values, keys, shape, dim);
  }

  /** These, or if they are sparse without any value: with an explicit zero at the first place. */
  public Features filled() {
    boolean isBare = keys != null && keys.length == 0 && dim > 0;
    return isBare ? new Features(name, new Doubles(0), new long[] {0}, shape, dim) : this;
  }

  /** The column, for messages. */
  public String name() {
    return name;
  }

  public Numbers values() {
    return values;
  }

  /** The place of each value, or null if they are dense. */
  public long[] keys() {
    return keys;
  }

  /** The dimensions as they are written, or null. */
  public long[] shape() {
    return shape;
  }

  /** How many values they stand for. */
  public long dim() {
    return dim;
  }

  /** The place of a value. */
  public long key(int index) {
    return keys == null ? index : keys[index];
  }
}
