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
  private final int indexBase;
  private final boolean zeroEntry;
  private final boolean omitZeros;

  /**
   * Settles what lines look like.
   *
   * @param indexBase index of the first feature
   * @param zeroEntry whether rows without an entry of index 0 get one, of value 0, as XGBoost's
   *     containers need it
   * @param omitZeros whether entries whose value is 0 are left out
   */
  LibSvmEncoder(int indexBase, boolean zeroEntry, boolean omitZeros) {
    this.indexBase = indexBase;
    this.zeroEntry = zeroEntry;
    this.omitZeros = omitZeros;
  }

  @Override
  public void encode(Numbers label, Features features, Bytes out) {
    putLabel(label, out);
    if (zeroEntry && !hasIndexZero(features)) {
      out.putAscii(" 0:0");
    }
    putEntries(features, out);
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
    Numbers values = features.values();
    for (int i = 0; i < values.size(); i++) {
      double value = values.get(i);
      if (isKept(value)) {
        out.put((byte) ' ');
        out.putText(features.key(i) + indexBase);
        out.put((byte) ':');
        values.putText(i, out);
      } else if (Double.isInfinite(value)) {
        throw infinite(String.format("Column '%s'", features.name()), value);
      }
    }
  }

  private boolean isKept(double value) {
    return isFinite(value) && !(omitZeros && value == 0);
  }

  private boolean hasIndexZero(Features features) {
    for (int i = 0; i < features.values().size() && indexBase == 0; i++) {
      if (features.key(i) == 0 && isKept(features.values().get(i))) {
        return true;
      }
    }
    return false;
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
