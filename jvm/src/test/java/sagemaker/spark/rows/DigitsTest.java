package sagemaker.spark.rows;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DigitsTest {
  private static final int SAMPLES = 100_000;

  @Test
  void fourDigitsOnEitherSide() {
    for (int four = 0; four < 10_000; four++) {
      check(four);
      check(four * 10_000);
    }
  }

  @Test
  void anyEightDigits() {
    Random random = new Random(10);
    for (int i = 0; i < SAMPLES; i++) {
      check(random.nextInt(Digits.EIGHT_END));
    }
    check(Digits.EIGHT_END - 1);
  }

  private static void check(int number) {
    String expected = String.format("%08d", number);
    long digits = Digits.ofEight(number);
    ByteBuffer bytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(digits + Digits.ZEROS);
    assertEquals(expected, new String(bytes.array(), US_ASCII));
    assertEquals(8 - expected.replaceFirst("^0+", "").length(), Digits.leadingZeros(digits));
    assertEquals(8 - expected.replaceFirst("0+$", "").length(), Digits.trailingZeros(digits));
  }

  @Test
  void digitsAreCountedAtPowersOfTwoAndTen() {
    for (int bits = 0; bits < 59; bits++) {
      checkCount(1L << bits);
    }
    for (int power = 0; power < Digits.MOST - 1; power++) {
      checkCount(Digits.powerOfTen(power));
    }
  }

  private static void checkCount(long number) {
    for (long near = Math.max(1, number - 1); near <= number + 1; near++) {
      assertEquals(Long.toString(near).length(), Digits.count(near));
    }
  }
}
