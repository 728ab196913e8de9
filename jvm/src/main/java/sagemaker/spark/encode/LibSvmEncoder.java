package sagemaker.spark.encode;

import sagemaker.spark.rows.Bytes;
import sagemaker.spark.rows.Features;
import sagemaker.spark.rows.Numbers;

/** Rows as LibSVM lines with all entries that they store: {@code 1 0:nan 1:1.5 2:0}. */
final class LibSvmEncoder implements Encoder {
  private final int indexBase;
  private final boolean zeroEntry;
  private final boolean omitZeros;

  /**
   * Settles what lines look like.
   *
   * @param indexBase index of the first feature
   * @param zeroEntry whether rows without an entry of index 0 get {@code 0:nan}, which means
   *     missing: version 3.2-0 of XGBoost's container lowers all indices of a request by one if
   *     none is 0, and every version loses rows without entries at the end of a request
   * @param omitZeros whether entries whose value is 0 are left out
   */
  LibSvmEncoder(int indexBase, boolean zeroEntry, boolean omitZeros) {
    this.indexBase = indexBase;
    this.zeroEntry = zeroEntry;
    this.omitZeros = omitZeros;
  }

  @Override
  public void encode(Numbers label, Features features, Bytes out) {
    if (label == null) {
      out.put((byte) '0');
    } else {
      label.putText(0, out);
    }
    if (zeroEntry && !hasZeroIndex(features)) {
      out.putAscii(" 0:nan");
    }
    Numbers values = features.values();
    for (int i = 0; i < values.size(); i++) {
      if (isKept(values, i)) {
        out.put((byte) ' ');
        out.putNumber(features.key(i) + indexBase);
        out.put((byte) ':');
        values.putText(i, out);
      }
    }
    out.put((byte) '\n');
  }

  private boolean isKept(Numbers values, int index) {
    return !omitZeros || !values.isZero(index);
  }

  private boolean hasZeroIndex(Features features) {
    if (indexBase != 0) {
      return false;
    }
    for (int i = 0; i < features.values().size(); i++) {
      if (features.key(i) == 0 && isKept(features.values(), i)) {
        return true;
      }
    }
    return false;
  }
}
