package sagemaker.spark.rows;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BytesTest {
  @ParameterizedTest
  @ValueSource(longs = {0, 1, 127, 128, 16383, 16384, Integer.MAX_VALUE, Long.MAX_VALUE, -1})
  void varintsTakeTheBytesThatWereAnnounced(long number) {
    Bytes out = new Bytes();
    out.putVarint(number);
    assertEquals(out.size(), Bytes.varintBytes(number));
    long back = 0;
    byte[] written = out.take();
    for (int i = 0; i < written.length; i++) {
      back |= (long) (written[i] & 0x7F) << 7 * i;
    }
    assertEquals(number, back);
  }

  @Test
  void numbersAreRoundedOnceToFloat32() {
    Bytes out = new Bytes();
    out.putFloats(
        new long[] {(1L << 53) + (1L << 29) + 1}); // Twice rounded, by way of a double, is even.
    Bytes expected = new Bytes();
    expected.putInt(Float.floatToRawIntBits((float) ((1L << 53) + (1L << 30))));
    assertArrayEquals(expected.take(), out.take());
  }

  @Test
  void takenBytesAreNotTouchedAgain() {
    Bytes out = new Bytes();
    out.putInt(1);
    byte[] taken = out.take();
    out.putInt(2);
    assertArrayEquals(new byte[] {1, 0, 0, 0}, taken);
    assertArrayEquals(new byte[] {2, 0, 0, 0}, out.take());
  }
}
