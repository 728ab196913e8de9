package sagemaker.spark.rows;

/** Integers of any width, and booleans as 0 and 1. */
public final class Longs implements Numbers {
  private final long[] values;

  public Longs(long... values) {
    this.values = values;
  }

  @Override
  public int size() {
    return values.length;
  }

  @Override
  public double get(int index) {
    return values[index];
  }

  @Override
  public void putFloats(Bytes out) {
    out.putFloats(values);
  }

  @Override
  public void putText(int index, Bytes out) {
    out.putText(values[index]);
  }

  @Override
  public boolean areOrdinary() {
    return true;
  }
}
