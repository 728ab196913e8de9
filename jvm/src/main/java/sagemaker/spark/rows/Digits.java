package sagemaker.spark.rows;

/** Decimal digits of numbers. */
final class Digits {
  /** Most digits that a long has. */
  static final int MOST = 19;

  /** The number that {@link #ofEight} cannot take any more. */
  static final int EIGHT_END = 100_000_000;

  /** Eight times the character 0: makes text of digits. */
  static final long ZEROS = 0x3030_3030_3030_3030L;

  private static final long[] POWERS_OF_TEN = new long[MOST];

  static {
    POWERS_OF_TEN[0] = 1;
    for (int power = 1; power < MOST; power++) {
      POWERS_OF_TEN[power] = 10 * POWERS_OF_TEN[power - 1];
    }
  }

  private Digits() {}

  static long powerOfTen(int power) {
    return POWERS_OF_TEN[power];
  }

  /** How many digits a number from 1 to below 10^18 has. */
  static int count(long number) {
    int bits = Long.SIZE - Long.numberOfLeadingZeros(number);
    int least = bits * 1233 >> 12; // 1233 / 2^12 is the logarithm of 2, nearly enough.
    return least
        + 1
        + (int) (number - POWERS_OF_TEN[least] >> 63); // No branch: it is often missed.
  }

  /**
   * The eight digits of a number below 10^8, with the zeros in front: one a byte, the first in the
   * lowest.
   *
   * <p>All are found at once, by halving: each lane of 32 bits gets four digits, then each of 16
   * bits two. The factors stand for divisions by 100 and 10, and are exact for numbers as small.
   */
  static long ofEight(long number) {
    long fours = number / 10_000 | number % 10_000 << 32;
    long hundreds = fours * 5243 >>> 19 & 0x0000_007F_0000_007FL;
    long twos = hundreds | fours - 100 * hundreds << 16;
    long tens = twos * 103 >>> 10 & 0x000F_000F_000F_000FL;
    return tens | twos - 10 * tens << 8;
  }

  /** How many of eight such digits are zeros in front of all others. */
  static int leadingZeros(long eight) {
    return Long.numberOfTrailingZeros(eight) >>> 3;
  }

  /** How many of eight such digits are zeros behind all others. */
  static int trailingZeros(long eight) {
    return Long.numberOfLeadingZeros(eight) >>> 3;
  }
}
