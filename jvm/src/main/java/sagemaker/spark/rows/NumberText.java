package sagemaker.spark.rows;

import java.nio.ByteBuffer;

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

  /** As many digits as the shortest form of a double has at most. */
  private static final int MOST_DIGITS = 17;

  /** What stands before the digits of numbers below 1, from the lowest byte on: 0.00000. */
  private static final long BELOW_ONE = Digits.ZEROS - ('0' - '.' << 8);

  /** The longest text, -2.2250738585072014e-308, and what whole words write behind it. */
  static final int ROOM_BYTES = 32;

  /** Small integers: text, and in the highest byte how long it is. */
  private static final long[] READY = new long[1 << 12];

  static {
    for (int number = 0; number < READY.length; number++) {
      int zeros = Math.min(7, Digits.leadingZeros(Digits.ofEight(number)));
      long text = Digits.ofEight(number) + Digits.ZEROS >>> 8 * zeros;
      READY[number] = text | (long) (8 - zeros) << 56;
    }
  }

  private NumberText() {}

  /** Writes a number from a place on; returns where it ends. There must be room. */
  static int put(double number, ByteBuffer to, int start) {
    int at = putSign(Double.doubleToRawLongBits(number), to, start);
    double size = Math.abs(number);
    if (size < PLAIN_DOUBLES && size == (long) size) {
      return putWhole((long) size, to, at);
    }
    return size <= Double.MAX_VALUE
        ? put(Shortest.of(size), to, at)
        : putSpecial(number, to, start);
  }

  /** Writes a number likewise. */
  static int put(float number, ByteBuffer to, int start) {
    int at = putSign(Float.floatToRawIntBits(number), to, start);
    float size = Math.abs(number);
    if (size < PLAIN_FLOATS && size == (int) size) {
      return putWhole((int) size, to, at);
    }
    return size <= Float.MAX_VALUE ? put(Shortest.of(size), to, at) : putSpecial(number, to, start);
  }

  /** Writes a number likewise. */
  static int put(long number, ByteBuffer to, int start) {
    int at = putSign(number, to, start);
    if (number == Long.MIN_VALUE) { // Has no positive counterpart.
      int end = putWhole(-(number / 10), to, at);
      return putWord('0' - number % 10, 1, to, end);
    }
    return putWhole(Math.abs(number), to, at);
  }

  private static int putSign(long signed, ByteBuffer to, int at) {
    return signed < 0 ? putWord('-', 1, to, at) : at;
  }

  private static int putSpecial(double number, ByteBuffer to, int at) {
    String text = Double.isNaN(number) ? "nan" : number < 0 ? "-inf" : "inf";
    for (int i = 0; i < text.length(); i++) {
      to.put(at + i, (byte) text.charAt(i));
    }
    return at + text.length();
  }

  private static int putWhole(long number, ByteBuffer to, int at) {
    if (number < READY.length) {
      long word = READY[(int) number];
      return putWord(word, (int) (word >>> 56), to, at);
    }
    if (number >= Digits.EIGHT_END) {
      int end = putWhole(number / Digits.EIGHT_END, to, at);
      return putWord(Digits.ofEight(number % Digits.EIGHT_END) + Digits.ZEROS, 8, to, end);
    }
    long digits = Digits.ofEight(number);
    int zeros = Digits.leadingZeros(digits);
    return putWord(digits + Digits.ZEROS >>> 8 * zeros, 8 - zeros, to, at);
  }

  private static int put(Shortest decimal, ByteBuffer to, int at) {
    int count = Digits.count(decimal.digits);
    int exponent = decimal.power + count - 1;
    long digits = decimal.digits * Digits.powerOfTen(MOST_DIGITS - count);
    if (exponent > MAX_PLAIN_EXPONENT || exponent < MIN_PLAIN_EXPONENT) {
      int end = putWithPoint(digits, 1, to, at);
      end = putWord('e' | (exponent < 0 ? '-' : '+') << 8, 2, to, end);
      return putWhole(Math.abs(exponent), to, end);
    }
    return exponent < 0
        ? putBehindZeros(digits, to, putWord(BELOW_ONE, 1 - exponent, to, at))
        : putWithPoint(digits, exponent + 1, to, at);
  }

  private static int putBehindZeros(long digits, ByteBuffer to, int at) {
    long front = digits / Digits.EIGHT_END;
    int end = putWord('0' + front / Digits.EIGHT_END, 1, to, at);
    return putFraction(front % Digits.EIGHT_END, digits % Digits.EIGHT_END, to, end);
  }

  /** Writes 17 digits with a point behind the first few, if there are more than zeros. */
  private static int putWithPoint(long digits, int whole, ByteBuffer to, int at) {
    long unit = Digits.powerOfTen(MOST_DIGITS - whole);
    int end = putWhole(digits / unit, to, at);
    long fraction = digits % unit;
    if (fraction == 0) {
      return end;
    }
    long scaled = fraction * Digits.powerOfTen(whole - 1);
    end = putWord('.', 1, to, end);
    return putFraction(scaled / Digits.EIGHT_END, scaled % Digits.EIGHT_END, to, end);
  }

  /** Writes twice eight digits without the zeros at their end. */
  private static int putFraction(long first, long last, ByteBuffer to, int at) {
    long upper = Digits.ofEight(first);
    long lower = Digits.ofEight(last);
    putWord(upper + Digits.ZEROS, 8, to, at);
    putWord(lower + Digits.ZEROS, 8, to, at + 8);
    return at + 16 - (lower == 0 ? 8 + Digits.trailingZeros(upper) : Digits.trailingZeros(lower));
  }

  /**
   * Writes all eight bytes of a word, the lowest first.
   *
   * @param count how many of them count
   */
  private static int putWord(long word, int count, ByteBuffer to, int at) {
    to.putLong(at, word);
    return at + count;
  }
}
