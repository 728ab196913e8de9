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
  public void putFloats(Bytes out) {
    out.putFloats(values);
  }

  @Override
  public void putText(int index, Bytes out) {
    NumberText.put(values[index], out);
  }

  @Override
  public boolean isZero(int index) {
    return values[index] == 0;
  }

  @Override
  public int firstOverflow() {
    return -1;
  }

  @Override
  public String show(int index) {
    return Long.toString(values[index]);
  }
}
