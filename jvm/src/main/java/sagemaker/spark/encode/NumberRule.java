package sagemaker.spark.encode;

import sagemaker.spark.rows.Features;
import sagemaker.spark.rows.Numbers;

/** Which numbers rows may hold. */
final class NumberRule {
  static final String ALL = "all";

  /** All but infinite ones; labels must be finite. */
  static final String NAN = "nan";

  static final String FINITE = "finite";

  private final boolean takesAll;
  private final boolean takesNan;
  private final boolean refusesOverflow;

  /**
   * Settles it.
   *
   * @param wanted one of the words above
   * @param refusesOverflow whether finite numbers are refused that are infinite as float32
   */
  NumberRule(String wanted, boolean refusesOverflow) {
    takesAll = wanted.equals(ALL);
    takesNan = !wanted.equals(FINITE);
    this.refusesOverflow = refusesOverflow;
  }

  /**
   * Checks one row.
   *
   * @param label its label alone, or null
   * @throws IllegalArgumentException for the first number that is not taken
   */
  void check(Numbers label, Features features) {
    if (takesAll && !refusesOverflow) {
      return;
    }
    if (label != null && !label.areOrdinary()) {
      check("The label", label, takesAll);
    }
    if (!features.values().areOrdinary()) {
      check(String.format("Column '%s'", features.name()), features.values(), takesNan);
    }
  }

  private void check(String subject, Numbers numbers, boolean nan) {
    for (int i = 0; i < numbers.size(); i++) {
      double number = numbers.get(i);
      if (Double.isNaN(number) ? !nan : Double.isInfinite(number) && !takesAll) {
        throw new IllegalArgumentException(
            String.format(
                "%s holds an invalid number: %s; expected finite numbers%s. Fill or drop such rows "
                    + "first.",
                subject, number, nan ? " or NaN" : ""));
      }
      if (refusesOverflow && Float.isInfinite((float) number) && !Double.isInfinite(number)) {
        throw new IllegalArgumentException(
            String.format(
                "%s holds a number too large for float32: %s; expected at most 3.4e38. Scale it "
                    + "first, or replace such values.",
                subject, number));
      }
    }
  }
}
