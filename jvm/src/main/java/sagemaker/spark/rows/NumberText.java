package sagemaker.spark.rows;

/**
 * Numbers as text, as short as they can be: {@code 1.5}, {@code 0}, {@code 1e-7}, {@code 1e+10},
 * {@code nan}, {@code -inf}.
 *
 * <p>The layout is Apache Arrow's, in which the Python side of this library writes: plain from 1e-6
 * to below 1e10, with an exponent outside.
 */
final class NumberText {
  private static final int MIN_PLAIN_EXPONENT = -6;
  private static final int MAX_PLAIN_EXPONENT = 9;

  /** Below these bounds whole numbers have no shorter text than their digits. */
  private static final double PLAIN_DOUBLES = 1e10;

  private static final double PLAIN_FLOATS = 1 << 24;
  private static final int MAX_LONG_DIGITS = 19;

  private NumberText() {}

  static void put(double number, Bytes out) {
    if (!putPlain(number, PLAIN_DOUBLES, out)) {
      put(Shortest.of(Math.abs(number)), out);
    }
  }

  static void put(float number, Bytes out) {
    if (!putPlain(number, PLAIN_FLOATS, out)) {
      put(Shortest.of(Math.abs(number)), out);
    }
  }

  static void put(long number, Bytes out) {
    if (number == Long.MIN_VALUE) {
      out.putAscii("-9223372036854775808");
      return;
    }
    if (number < 0) {
      out.put((byte) '-');
    }
    putDigits(Math.abs(number), digitCount(Math.abs(number)), out);
  }

  /** Appends the sign, and the whole number if it is special or a small integer. */
  private static boolean putPlain(double number, double plainEnd, Bytes out) {
    if (Double.isNaN(number)) {
      out.putAscii("nan");
      return true;
    }
    if (Double.doubleToRawLongBits(number) < 0) {
      out.put((byte) '-');
    }
    double size = Math.abs(number);
    if (size < plainEnd && size == (long) size) {
      putDigits((long) size, digitCount((long) size), out);
      return true;
    }
    if (Double.isInfinite(size)) {
      out.putAscii("inf");
      return true;
    }
    return false;
  }

  private static void put(Shortest decimal, Bytes out) {
    int count = digitCount(decimal.digits);
    int exponent = decimal.exponent + count - 1;
    if (exponent > MAX_PLAIN_EXPONENT || exponent < MIN_PLAIN_EXPONENT) {
      putWithPoint(decimal.digits, count, 1, out);
      out.putAscii(exponent < 0 ? "e-" : "e+");
      put(Math.abs((long) exponent), out);
    } else if (exponent < 0) {
      out.putAscii("0.000000".substring(0, 1 - exponent));
      putDigits(decimal.digits, count, out);
    } else {
      putWithPoint(decimal.digits, count, exponent + 1, out);
    }
  }

  /** Appends digits with a point behind the first few, or with zeros where there are fewer. */
  private static void putWithPoint(long digits, int count, int whole, Bytes out) {
    if (count <= whole) {
      putDigits(digits, count, out);
      out.putAscii("000000000".substring(0, whole - count));
      return;
    }
    long unit = POWERS_OF_TEN[count - whole];
    putDigits(digits / unit, whole, out);
    out.put((byte) '.');
    putDigits(digits % unit, count - whole, out);
  }

  private static void putDigits(long number, int count, Bytes out) {
    int end = out.grow(count);
    long rest = number;
    for (int at = end - 1; at >= end - count; at--) {
      out.set(at, (byte) ('0' + rest % 10));
      rest /= 10;
    }
  }

  private static int digitCount(long number) {
    int count = 1;
    while (count < MAX_LONG_DIGITS && number >= POWERS_OF_TEN[count]) {
      count++;
    }
    return count;
  }

  private static final long[] POWERS_OF_TEN = new long[MAX_LONG_DIGITS];

  static {
    POWERS_OF_TEN[0] = 1;
    for (int power = 1; power < MAX_LONG_DIGITS; power++) {
      POWERS_OF_TEN[power] = 10 * POWERS_OF_TEN[power - 1];
    }
  }
}
