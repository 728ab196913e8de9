package sagemaker.spark.encode;

import sagemaker.spark.rows.Features;
import sagemaker.spark.rows.Numbers;

/** Refuses finite numbers that would become infinite as float32. */
final class Overflow {
  private Overflow() {}

  /**
   * Checks one row.
   *
   * @param label its label alone, or null
   * @throws IllegalArgumentException for the first such number
   */
  static void check(Numbers label, Features features) {
    check(String.format("Column '%s'", features.name()), features.values());
    if (label != null) {
      check("The label", label);
    }
  }

  private static void check(String subject, Numbers numbers) {
    int wrong = numbers.firstOverflow();
    if (wrong >= 0) {
      throw new IllegalArgumentException(
          String.format(
              "%s holds a number too large for float32: %s; expected at most 3.4e38. Scale it first, "
                  + "or replace such values.",
              subject, numbers.get(wrong)));
    }
  }
}
