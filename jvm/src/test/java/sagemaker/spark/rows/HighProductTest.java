package sagemaker.spark.rows;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HighProductTest {
  private static final int SAMPLES = 10_000;

  @Test
  void bothWaysGiveTheUpperHalf() {
    Random random = new Random(9);
    for (int i = 0; i < SAMPLES; i++) {
      check(random.nextLong() >>> 1, random.nextLong() >>> 1 + random.nextInt(62));
    }
    check(Long.MAX_VALUE, Long.MAX_VALUE);
    check(0, Long.MAX_VALUE);
    check(0xFFFF_FFFFL, 0xFFFF_FFFFL);
  }

  private static void check(long a, long b) {
    long high = BigInteger.valueOf(a).multiply(BigInteger.valueOf(b)).shiftRight(64).longValue();
    assertEquals(high, HighProduct.of(a, b));
    assertEquals(high, HighProduct.ofHalves(a, b));
  }
}
