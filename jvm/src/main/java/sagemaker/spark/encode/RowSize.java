package sagemaker.spark.encode;

import sagemaker.spark.rows.Features;

/** How many values the features of a row must stand for. */
final class RowSize {
  static final String ANY = "any";

  /** As many as those of the first row. */
  static final String SAME = "same";

  private static final long UNKNOWN = -1;

  private final boolean any;
  private long expected;

  /** Takes a number, or one of the words above. */
  RowSize(String wanted) {
    any = ANY.equalsIgnoreCase(wanted);
    expected = any || SAME.equalsIgnoreCase(wanted) ? UNKNOWN : number(wanted);
  }

  private static long number(String wanted) {
    try {
      return Integer.parseUnsignedInt(wanted);
    } catch (NumberFormatException error) {
      throw new IllegalArgumentException(
          String.format(
              "Option '%s' is unknown: '%s'; expected '%s', '%s' or a number.",
              RowFormat.DIM, wanted, ANY, SAME),
          error);
    }
  }

  void check(Features features) {
    if (any || features.dim() == expected) {
      return;
    }
    if (expected != UNKNOWN) {
      throw new IllegalArgumentException(
          String.format(
              "Column '%s' holds rows of the wrong size: %d values; expected %d. Give all rows the "
                  + "same size.",
              features.name(), features.dim(), expected));
    }
    expected = features.dim();
  }
}
