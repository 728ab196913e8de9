package sagemaker.spark.rows;

/** Numbers of single precision. */
public final class Floats implements Numbers {
  private final float[] values;

  public Floats(float... values) {
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
    boolean ordinary = true;
    for (float value : values) {
      ordinary &= Math.abs(value) <= Float.MAX_VALUE;
    }
    return ordinary;
  }
}
