package sagemaker.spark.rows;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumberTextTest {
  private static final int SAMPLES = 200_000;

  private static String text(double number) {
    Bytes out = new Bytes();
    out.putText(number);
    return new String(out.take(), US_ASCII);
  }

  private static String text(float number) {
    Bytes out = new Bytes();
    out.putText(number);
    return new String(out.take(), US_ASCII);
  }

  private static String text(long number) {
    Bytes out = new Bytes();
    out.putText(number);
    return new String(out.take(), US_ASCII);
  }

  /** What Apache Arrow writes. */
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "-0.0, -0",
    "1, 1",
    "-1.5, -1.5",
    "0.1, 0.1",
    "0.012, 0.012",
    "1e-6, 0.000001",
    "1.5e-7, 1.5e-7",
    "123456.75, 123456.75",
    "1e9, 1000000000",
    "9999999999, 9999999999",
    "9999999999.5, 9999999999.5",
    "1e10, 1e+10",
    "12345678901, 1.2345678901e+10",
    "1e22, 1e+22",
    "9007199254740993, 9.007199254740992e+15",
    "1.7976931348623157e308, 1.7976931348623157e+308",
    "5e-324, 5e-324",
    "9.9e-324, 1e-323",
    "2.2250738585072014e-308, 2.2250738585072014e-308",
    "2e-3, 0.002",
    "2e23, 2e+23",
    "NaN, nan",
    "Infinity, inf",
    "-Infinity, -inf",
  })
  void doublesReadAsArrowWritesThem(double number, String expected) {
    assertEquals(expected, text(number));
  }

  @ParameterizedTest
  @CsvSource({
    "0.1, 0.1",
    "16777216, 16777216",
    "12345678, 12345678",
    "123456789, 123456790",
    "99999999.5, 100000000",
    "1e10, 1e+10",
    "1.4e-45, 1e-45",
    "3.4028235e38, 3.4028235e+38",
    "1.17549435E-38, 1.1754944e-38",
    "-7.25, -7.25",
  })
  void floatsHaveTheirOwnShortestForm(float number, String expected) {
    assertEquals(expected, text(number));
  }

  @Test
  void integersAreExact() {
    assertEquals("-9223372036854775808", text(Long.MIN_VALUE));
    assertEquals("9223372036854775807", text(Long.MAX_VALUE));
    assertEquals("-10", text(-10L));
    assertEquals("0", text(0L));
  }

  @Test
  void anyDoubleReadsBackAndNoShorterTextDoes() {
    Random random = new Random(7);
    for (int i = 0; i < SAMPLES; i++) {
      check(Double.longBitsToDouble(random.nextLong()));
    }
  }

  @Test
  void anyFloatReadsBackAndNoShorterTextDoes() {
    Random random = new Random(8);
    for (int i = 0; i < SAMPLES; i++) {
      check(Float.intBitsToFloat(random.nextInt()));
    }
  }

  @Test
  void doublesWithoutExponent() {
    Random random = new Random(11);
    for (int i = 0; i < SAMPLES / 2; i++) {
      check(random.nextDouble() * Math.pow(10, random.nextInt(20) - 8));
      check((double) random.nextFloat());
    }
  }

  @Test
  void decimalsReadAsTheyWereWritten() {
    for (int power = 0; power <= 6; power++) {
      for (int i = 1; i < 20_000; i++) {
        BigDecimal decimal = BigDecimal.valueOf(i, power);
        assertEquals(decimal.stripTrailingZeros().toPlainString(), text(decimal.doubleValue()));
      }
    }
  }

  @Test
  void doublesWhereTheirSpacingChanges() {
    for (int exponent = -1074; exponent <= 1023; exponent++) {
      checkAround(Math.scalb(1.0, exponent));
    }
  }

  @Test
  void floatsWhereTheirSpacingChanges() {
    for (int exponent = -149; exponent <= 127; exponent++) {
      checkAround(Math.scalb(1f, exponent));
    }
  }

  @Test
  void numbersWhereDigitsBecomeMore() {
    for (int power = -323; power <= 308; power++) {
      checkAround(Double.parseDouble("1e" + power));
      checkAround(Float.parseFloat("1e" + power));
    }
  }

  @Test
  void subnormalNumbers() {
    for (int bits = 1; bits < 2_000; bits++) {
      check(Double.longBitsToDouble(bits));
      check(Float.intBitsToFloat(bits));
    }
    checkAround(Double.MIN_NORMAL);
    checkAround(Float.MIN_NORMAL);
  }

  @Test
  void largestNumbersAndLargestIntegers() {
    checkAround(Double.MAX_VALUE);
    checkAround(Float.MAX_VALUE);
    checkAround(0x1p53);
    checkAround(0x1p24f);
    checkAround(1e10);
    checkAround(1e-6);
  }

  @Test
  void textsDoNotTouchEachOther() {
    double[] numbers = {
      0, -1.5, 1e-6, 123456789.125, 5e-324, -Double.MAX_VALUE, 1e22, 7, 0.1, -0.0
    };
    Bytes out = new Bytes();
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < SAMPLES / 100; i++) {
      double number = numbers[i % numbers.length];
      out.putText(number);
      out.putText(i * 12_345_678_901L);
      expected.append(text(number)).append(i * 12_345_678_901L);
    }
    assertEquals(expected.toString(), new String(out.take(), US_ASCII));
  }

  private static void checkAround(double number) {
    check(Math.nextDown(number));
    check(number);
    check(Math.nextUp(number));
  }

  private static void checkAround(float number) {
    check(Math.nextDown(number));
    check(number);
    check(Math.nextUp(number));
  }

  private static void check(double number) {
    if (!Double.isNaN(number) && !Double.isInfinite(number) && number != 0) {
      String text = text(number);
      assertEquals(number, Double.parseDouble(text), text);
      check(text, number, decimal -> decimal.doubleValue() == number);
    }
  }

  private static void check(float number) {
    if (!Float.isNaN(number) && !Float.isInfinite(number) && number != 0) {
      String text = text(number);
      assertEquals(number, Float.parseFloat(text), text);
      check(text, number, decimal -> decimal.floatValue() == number);
    }
  }

  private static void check(String text, double number, ReadsBack readsBack) {
    BigDecimal decimal = new BigDecimal(text);
    assertTrue(isShortest(number, decimal, readsBack), text);
    assertEquals(laidOut(decimal.stripTrailingZeros()), text);
  }

  /** The layout that Arrow gives a decimal. */
  private static String laidOut(BigDecimal decimal) {
    int exponent = decimal.precision() - decimal.scale() - 1;
    if (exponent >= -6 && exponent <= 9) {
      return decimal.toPlainString();
    }
    String sign = exponent < 0 ? "e-" : "e+";
    return decimal.movePointLeft(exponent).toPlainString() + sign + Math.abs(exponent);
  }

  private interface ReadsBack {
    boolean test(BigDecimal decimal);
  }

  /** Whether no decimal with fewer digits reads back, and none with as many is nearer. */
  private static boolean isShortest(double number, BigDecimal written, ReadsBack readsBack) {
    BigDecimal exact = new BigDecimal(number);
    BigDecimal found = written.stripTrailingZeros();
    int digits = found.precision();
    for (RoundingMode mode : new RoundingMode[] {RoundingMode.DOWN, RoundingMode.UP}) {
      if (digits > 1 && readsBack.test(exact.round(new MathContext(digits - 1, mode)))) {
        return false;
      }
      BigDecimal other = exact.round(new MathContext(digits, mode));
      boolean nearer =
          other.subtract(exact).abs().compareTo(found.subtract(exact).abs()) < 0
              && readsBack.test(other);
      if (nearer) {
        return false;
      }
    }
    return true;
  }
}
