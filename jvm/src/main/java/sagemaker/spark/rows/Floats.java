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
    return Float.toString(values[index]);
  }
}
