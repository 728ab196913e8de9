package sagemaker.spark.source;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import sagemaker.spark.recordio.CorruptRecordException;
import sagemaker.spark.recordio.Tensor;

/** A tensor that does not contradict itself, its values in the order of their keys. */
final class Layout {
  private static final int HERE = 0;

  private final double[] values;
  private final long[] keys;
  private final long[] shape;
  private final boolean sparse;

  private Layout(double[] values, long[] keys, long[] shape, boolean sparse) {
    this.values = values;
    this.keys = keys;
    this.shape = shape;
    this.sparse = sparse;
  }

  static Layout of(Tensor tensor) {
    double[] values = tensor.values();
    long[] keys = tensor.keys();
    long[] stated = tensor.shape();
    long[] shape = stated.length > 0 ? stated : new long[] {values.length};
    requireExact(shape);
    // A tensor without values that has a shape is a sparse one of zeros.
    boolean sparse = keys.length > 0 || values.length == 0 && product(shape) > 0;
    if (!sparse) {
      require(values.length == product(shape), "tensor has not as many values as its shape says");
      return new Layout(values, keys, shape, false);
    }
    require(stated.length > 0, "sparse tensor has no shape");
    require(keys.length == values.length, "sparse tensor has not one key per value");
    Layout layout = new Layout(values, keys, shape, true).sorted();
    layout.requireKeys();
    return layout;
  }

  double[] values() {
    return values;
  }

  long[] keys() {
    return keys;
  }

  boolean isSparse() {
    return sparse;
  }

  /** One of its dimensions. */
  long size(int place) {
    return shape[place];
  }

  /** How many values it stands for. */
  long dim() {
    return product(shape);
  }

  /** All its values, zeros included. */
  double[] dense() {
    if (!sparse) {
      return values;
    }
    double[] all = new double[(int) dim()];
    for (int i = 0; i < keys.length; i++) {
      all[(int) keys[i]] = values[i];
    }
    return all;
  }

  void requireRank(int rank) {
    require(
        shape.length == rank,
        "tensor has the wrong number of dimensions: " + shape.length + "; expected " + rank);
  }

  void requireDim(long most) {
    require(dim() <= most, "tensor is too large: " + dim() + " values; expected at most " + most);
  }

  void requireSizes(long most) {
    for (long size : shape) {
      require(
          size >= 0 && size <= most, "tensor is too large: " + size + "; expected at most " + most);
    }
  }

  private Layout sorted() {
    if (isAscending()) {
      return this;
    }
    int[] order =
        IntStream.range(0, keys.length)
            .boxed()
            .sorted(Comparator.comparingLong(i -> keys[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    double[] orderedValues = Arrays.stream(order).mapToDouble(i -> values[i]).toArray();
    long[] orderedKeys = Arrays.stream(order).mapToLong(i -> keys[i]).toArray();
    return new Layout(orderedValues, orderedKeys, shape, sparse);
  }

  private boolean isAscending() {
    for (int i = 1; i < keys.length; i++) {
      if (keys[i - 1] >= keys[i]) {
        return false;
      }
    }
    return true;
  }

  private void requireKeys() {
    long dim = dim();
    for (int i = 0; i < keys.length; i++) {
      require(keys[i] >= 0 && keys[i] < dim, "sparse tensor has a key outside of its shape");
      require(i == 0 || keys[i - 1] != keys[i], "sparse tensor has a key twice: " + keys[i]);
    }
  }

  /** Dimensions are unsigned and may be nonsense. */
  private static void requireExact(long[] shape) {
    double size = 1;
    for (long dimension : shape) {
      size *= dimension < 0 ? Double.MAX_VALUE : dimension;
    }
    require(size < 1L << 62, "tensor is too large: shape " + Arrays.toString(shape));
  }

  private static long product(long[] shape) {
    return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
  }

  private static void require(boolean holds, String problem) {
    if (!holds) {
      throw new CorruptRecordException(problem, HERE);
    }
  }
}
