package sagemaker.spark.rows;

/** Doubles, and what is read as such: decimals. */
public final class Doubles implements Numbers {
  /** The largest that is rounded to the largest float32, and not to infinity. */
  private static final long LARGEST_BITS = Double.doubleToRawLongBits(0x1.ffffffp127) - 1;

  private final double[] values;

  public Doubles(double... values) {
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
    long signs =
        0; // One branch for all of them. As bits, numbers are in order, NaN behind infinity.
    for (double value : values) {
      signs |= LARGEST_BITS - (Double.doubleToRawLongBits(value) & Long.MAX_VALUE);
    }
    return signs >= 0;
  }

  /** The same rounded to float32. */
  Floats narrowed() {
    float[] narrow = new float[values.length];
    for (int i = 0; i < narrow.length; i++) {
      narrow[i] = (float) values[i];
    }
    return new Floats(narrow);
  }
}
