package sagemaker.spark.encode;

import java.util.Arrays;
import sagemaker.spark.rows.Bytes;
import sagemaker.spark.rows.Features;
import sagemaker.spark.rows.Numbers;

/**
 * Rows as lines of comma-separated values, the label first; sparse rows are filled up with zeros.
 */
final class CsvEncoder implements Encoder {
  private static final int ABSENT = -1;

  /** Which entry of a sparse row each cell shows. */
  private int[] entryOfCell = new int[0];

  @Override
  public void encode(Numbers label, Features features, Bytes out) {
    if (features.dim() == 0) {
      throw new IllegalArgumentException(
          "The features are empty; expected at least one value. Drop such rows first.");
    }
    if (label != null) {
      label.putText(0, out);
      out.put((byte) ',');
    }
    if (features.keys() == null) {
      putDense(features.values(), out);
    } else {
      putSparse(features, out);
    }
    out.put((byte) '\n');
  }

  private static void putDense(Numbers values, Bytes out) {
    for (int i = 0; i < values.size(); i++) {
      if (i > 0) {
        out.put((byte) ',');
      }
      values.putText(i, out);
    }
  }

  private void putSparse(Features features, Bytes out) {
    int cells = Math.toIntExact(features.dim());
    place(features.keys(), cells);
    for (int cell = 0; cell < cells; cell++) {
      if (cell > 0) {
        out.put((byte) ',');
      }
      if (entryOfCell[cell] == ABSENT) {
        out.put((byte) '0');
      } else {
        features.values().putText(entryOfCell[cell], out);
      }
    }
  }

  private void place(long[] keys, int cells) {
    if (entryOfCell.length < cells) {
      entryOfCell = new int[cells];
    }
    Arrays.fill(entryOfCell, 0, cells, ABSENT);
    for (int i = 0; i < keys.length; i++) {
      entryOfCell[(int) keys[i]] = i;
    }
  }
}
