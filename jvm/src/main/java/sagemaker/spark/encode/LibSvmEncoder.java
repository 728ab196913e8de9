package sagemaker.spark.encode;

import sagemaker.spark.rows.Bytes;
import sagemaker.spark.rows.Features;
import sagemaker.spark.rows.Numbers;

/**
 * Rows as LibSVM lines with all entries that they store, zeros too: {@code 1 0:0 1:1.5 2:0}.
 *
 * <p>XGBoost takes what is absent for missing. NaN means missing as well and is left out, because
 * some readers take the next number instead; infinite numbers are refused, because they lose them.
 */
final class LibSvmEncoder implements Encoder {
  /** Which rows get an entry of index 0 and value 0. */
  enum ZeroEntry {
    /** Those that have none of index 0: what XGBoost's containers need in requests. */
    TRUE,
    /** Those without any entry: what readers of files need. */
    EMPTY,
    /** None. */
    FALSE
  }

  private final int indexBase;
  private final ZeroEntry zeroEntry;
  private final boolean omitZeros;
  private final boolean float32;

  /**
   * Settles what lines look like.
   *
   * @param indexBase index of the first feature
   * @param omitZeros whether entries whose value is 0 are left out
   * @param float32 whether numbers are rounded to float32 first; larger ones are refused then
   */
  LibSvmEncoder(int indexBase, ZeroEntry zeroEntry, boolean omitZeros, boolean float32) {
    this.indexBase = indexBase;
    this.zeroEntry = zeroEntry;
    this.omitZeros = omitZeros;
    this.float32 = float32;
  }

  @Override
  public void encode(Numbers label, Features features, Bytes out) {
    if (float32) {
      Overflow.check(label, features);
    }
    putLabel(label == null || !float32 ? label : label.narrowed(), out);
    putEntries(float32 ? features.narrowed() : features, out);
    out.put((byte) '\n');
  }

  private static void putLabel(Numbers label, Bytes out) {
    if (label == null) {
      out.put((byte) '0');
    } else if (isFinite(label.get(0))) {
      label.putText(0, out);
    } else {
      throw infinite("The label", label.get(0));
    }
  }

  private void putEntries(Features features, Bytes out) {
    if (needsZero(features)) {
      out.putAscii(" 0:0");
    }
    Numbers values = features.values();
    for (int i = 0; i < values.size(); i++) {
      if (isKept(values.get(i))) {
        out.put((byte) ' ');
        out.putNumber(features.key(i) + indexBase);
        out.put((byte) ':');
        values.putText(i, out);
      } else if (Double.isInfinite(values.get(i))) {
        throw infinite(String.format("Column '%s'", features.name()), values.get(i));
      }
    }
  }

  private boolean isKept(double value) {
    return isFinite(value) && !(omitZeros && value == 0);
  }

  private boolean needsZero(Features features) {
    boolean anyEntryCounts = zeroEntry == ZeroEntry.EMPTY;
    if (zeroEntry == ZeroEntry.FALSE || indexBase > 0 && !anyEntryCounts) {
      return zeroEntry == ZeroEntry.TRUE;
    }
    for (int i = 0; i < features.values().size(); i++) {
      if ((anyEntryCounts || features.key(i) == 0) && isKept(features.values().get(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isFinite(double value) {
    return !Double.isNaN(value) && !Double.isInfinite(value);
  }

  private static IllegalArgumentException infinite(String subject, double value) {
    return new IllegalArgumentException(
        String.format(
            "%s holds a number that LibSVM cannot say: %s; expected a finite one. Replace it, or "
                + "write another format.",
            subject, value));
  }
}
