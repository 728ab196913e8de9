package sagemaker.spark.rows;

import java.math.BigInteger;

/**
 * The shortest decimal that reads back as a binary floating-point number; among those the nearest.
 *
 * <p>Java's own text is not always the shortest before version 19. The method is Raffaello
 * Giulietti's ("The Schubfach way to render doubles", 2020): of the decimals with one digit more
 * than the width of the rounding interval allows, at most two lie next to the number on either
 * side, and of those with one digit less at most one lies in the interval. Which one it is needs no
 * more than a product with a power of ten of 126 bits.
 */
final class Shortest {
  private static final int MIN_POWER = -324;
  private static final int MAX_POWER = 292;
  private static final int POWER_BITS = 126;
  private static final long LOW_63 = Long.MAX_VALUE;

  /** Upper and lower 63 bits of 10^-power, scaled to 126 bits and rounded up. */
  private static final long[] POWERS = powers();

  /** Digits of the decimal as an integer of at most 17 digits, maybe with zeros at its end. */
  final long digits;

  /** Power of ten that the digits are multiplied with. */
  final int power;

  private Shortest(long digits, int power) {
    this.digits = digits;
    this.power = power;
  }

  /** For a finite number above 0. */
  static Shortest of(double number) {
    long bits = Double.doubleToRawLongBits(number);
    long fraction = bits & (1L << 52) - 1;
    int exponent = (int) (bits >>> 52);
    return exponent == 0
        ? of(fraction, -1074, false)
        : of(fraction | 1L << 52, exponent - 1075, fraction == 0 && exponent > 1);
  }

  /** For a finite number above 0. */
  static Shortest of(float number) {
    int bits = Float.floatToRawIntBits(number);
    int fraction = bits & (1 << 23) - 1;
    int exponent = bits >>> 23;
    return exponent == 0
        ? of(fraction, -149, false)
        : of(fraction | 1 << 23, exponent - 150, fraction == 0 && exponent > 1);
  }

  /**
   * For significand * 2^binary.
   *
   * @param narrowBelow whether the next smaller number is only half as far away as the next larger
   *     one
   */
  private static Shortest of(long significand, int binary, boolean narrowBelow) {
    int power = narrowBelow ? floorLog10OfThreeQuarters(binary) : floorLog10(binary);
    int shift = binary + floorLog2OfTenTo(-power) + 2;
    long open = significand & 1; // An interval includes its ends if the significand is even.
    // All in quarters of 10^power: the number itself and the ends of its rounding interval.
    long middle = scaled(significand << 2, power, shift);
    long lower = scaled((significand << 2) - (narrowBelow ? 1 : 2), power, shift) + open;
    long upper = scaled((significand << 2) + 2, power, shift) - open;
    return new Shortest(chosen(lower, middle, upper), power);
  }

  /** Which of the candidates it is. There are no branches: half of them would be missed. */
  private static long chosen(long lower, long middle, long upper) {
    long below = middle >>> 2;
    long rounder = below / 10 * 10;
    long down = isAtMost(lower, rounder << 2);
    long up = isAtMost(rounder + 10 << 2, upper);
    boolean isRound = below >= 10 && (down | up) != 0; // Never both.
    return isRound ? rounder + 10 * up : below + roundedUp(below, lower, middle, upper);
  }

  /** 1 if the next larger integer is in the interval, and this one is not or is farther away. */
  private static long roundedUp(long below, long lower, long middle, long upper) {
    long down = isAtMost(lower, below << 2);
    long up = isAtMost(below + 1 << 2, upper);
    long half = (below << 2) + 2;
    long farther = isAtMost(half + 1 - (below & 1), middle); // Of two as near the even one.
    return up & (1 - down | farther);
  }

  /** 1 if so, else 0. */
  private static long isAtMost(long a, long b) {
    return a - b - 1 >>> 63;
  }

  /** The product with a power of ten, where a remainder sets the lowest bit. */
  private static long scaled(long quarters, int power, int shift) {
    long factor = quarters << shift;
    int place = 2 * (power - MIN_POWER);
    long high = POWERS[place];
    long carried = (high * factor >>> 1) + HighProduct.of(POWERS[place + 1], factor);
    long whole = HighProduct.of(high, factor) + (carried >>> 63);
    return (carried & LOW_63) == 0 ? whole : whole | 1;
  }

  // The three that follow are exact in the range of doubles: the factors are the logarithms in 41
  // bits.

  private static int floorLog10(int binary) {
    return (int) (binary * 661_971_961_083L >> 41);
  }

  private static int floorLog10OfThreeQuarters(int binary) {
    return (int) (binary * 661_971_961_083L - 274_743_187_321L >> 41);
  }

  private static int floorLog2OfTenTo(int power) {
    return (int) (power * 913_124_641_741L >> 38);
  }

  private static long[] powers() {
    long[] powers = new long[2 * (MAX_POWER - MIN_POWER + 1)];
    for (int power = MIN_POWER; power <= MAX_POWER; power++) {
      int bits = POWER_BITS - 1 - floorLog2OfTenTo(-power);
      BigInteger ten = BigInteger.TEN.pow(Math.abs(power));
      BigInteger exact =
          power <= 0
              ? ten.shiftLeft(Math.max(bits, 0)).shiftRight(Math.max(-bits, 0))
              : BigInteger.ONE.shiftLeft(bits).divide(ten);
      BigInteger rounded = exact.add(BigInteger.ONE);
      powers[2 * (power - MIN_POWER)] = rounded.shiftRight(63).longValue();
      powers[2 * (power - MIN_POWER) + 1] = rounded.longValue() & LOW_63;
    }
    return powers;
  }
}
