package sagemaker.spark.rows;

/** Doubles, and what is read as such: decimals. */
public final class Doubles implements Numbers {
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
    NumberText.put(values[index], out);
  }

  @Override
  public int firstOverflow() {
    for (int i = 0; i < values.length; i++) {
      if (Float.isInfinite((float) values[i]) && !Double.isInfinite(values[i])) {
        return i;
      }
    }
    return -1;
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
