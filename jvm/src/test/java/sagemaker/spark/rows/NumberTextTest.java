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
    NumberText.put(number, out);
    return new String(out.take(), US_ASCII);
  }

  private static String text(float number) {
    Bytes out = new Bytes();
    NumberText.put(number, out);
    return new String(out.take(), US_ASCII);
  }

  private static String text(long number) {
    Bytes out = new Bytes();
    NumberText.put(number, out);
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
      double number = Double.longBitsToDouble(random.nextLong());
      if (!Double.isNaN(number) && !Double.isInfinite(number) && number != 0) {
        String text = text(number);
        assertEquals(number, Double.parseDouble(text), text);
        assertTrue(isShortest(number, new BigDecimal(text), d -> d.doubleValue() == number), text);
      }
    }
  }

  @Test
  void anyFloatReadsBackAndNoShorterTextDoes() {
    Random random = new Random(8);
    for (int i = 0; i < SAMPLES; i++) {
      float number = Float.intBitsToFloat(random.nextInt());
      if (!Float.isNaN(number) && !Float.isInfinite(number) && number != 0) {
        String text = text(number);
        assertEquals(number, Float.parseFloat(text), text);
        assertTrue(isShortest(number, new BigDecimal(text), d -> d.floatValue() == number), text);
      }
    }
  }

  @Test
  void powersOfTwoReadBackWhereTheSpacingOfDoublesChanges() {
    for (int exponent = -1074; exponent <= 1023; exponent++) {
      double number = Math.scalb(1.0, exponent);
      String text = text(number);
      assertEquals(number, Double.parseDouble(text), text);
      assertTrue(isShortest(number, new BigDecimal(text), d -> d.doubleValue() == number), text);
    }
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
