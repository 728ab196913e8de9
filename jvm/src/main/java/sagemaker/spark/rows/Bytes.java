package sagemaker.spark.rows;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Bytes in the making, little-endian, in one array that grows and is used again. */
public final class Bytes {
  private static final int CONTINUED = 0x80;

  private byte[] array = new byte[0];
  private ByteBuffer view = ByteBuffer.wrap(array);
  private int size;

  /** How many bytes there are. */
  public int size() {
    return size;
  }

  /** Forgets all bytes, keeps the room. */
  public void clear() {
    size = 0;
  }

  /**
   * Makes room for so many more bytes. In an empty buffer without room exactly that much is made,
   * so that {@link #take} need not copy.
   */
  public void reserve(int bytes) {
    long needed = (long) size + bytes;
    if (needed <= array.length) {
      return;
    }
    if (needed > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "Row is too large: " + needed + " bytes; expected less than 2 GiB.");
    }
    long roomy = Math.min((long) array.length * 2, Integer.MAX_VALUE - 8);
    array = Arrays.copyOf(array, (int) Math.max(needed, roomy));
    view = ByteBuffer.wrap(array).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Returns the bytes as an array of its own and forgets them. */
  public byte[] take() {
    byte[] taken = array;
    if (size != array.length) {
      taken = Arrays.copyOf(array, size);
    } else {
      array = new byte[0];
    }
    size = 0;
    return taken;
  }

  /** Returns a copy of the bytes and forgets them, but keeps the room for the next ones. */
  public byte[] takeCopy() {
    byte[] copied = Arrays.copyOf(array, size);
    size = 0;
    return copied;
  }

  /** Returns a copy of the bytes from a place to the end. */
  public byte[] copyFrom(int start) {
    return Arrays.copyOfRange(array, start, size);
  }

  /** Writes all bytes to a stream and forgets them. */
  public void drainTo(OutputStream stream) throws IOException {
    stream.write(array, 0, size);
    size = 0;
  }

  public void put(byte value) {
    reserve(1);
    array[size++] = value;
  }

  public void put(byte[] values) {
    put(values, values.length);
  }

  /** Appends the first bytes of an array. */
  public void put(byte[] values, int count) {
    reserve(count);
    System.arraycopy(values, 0, array, size, count);
    size += count;
  }

  /** Appends characters of ASCII. */
  @SuppressWarnings("deprecation") // The one way without a charset in between, and right for ASCII.
  public void putAscii(String text) {
    int length = text.length();
    reserve(length);
    text.getBytes(0, length, array, size);
    size += length;
  }

  public void putZeros(int count) {
    reserve(count);
    Arrays.fill(array, size, size + count, (byte) 0);
    size += count;
  }

  /** Appends a number as text. */
  public void putText(double number) {
    reserve(NumberText.ROOM_BYTES);
    size = NumberText.put(number, view, size);
  }

  /** Appends a number as text. */
  public void putText(float number) {
    reserve(NumberText.ROOM_BYTES);
    size = NumberText.put(number, view, size);
  }

  /** Appends a number as text. */
  public void putText(long number) {
    reserve(NumberText.ROOM_BYTES);
    size = NumberText.put(number, view, size);
  }

  public void putInt(int value) {
    reserve(4);
    view.putInt(size, value);
    size += 4;
  }

  /** Appends a number as protobuf writes it: seven bits a byte, the lowest first. */
  public void putVarint(long value) {
    reserve(varintBytes(value));
    size = putVarint(value, array, size);
  }

  /**
   * Appends numbers likewise.
   *
   * @param bytes how many they take in all
   */
  public void putVarints(long[] values, int bytes) {
    reserve(bytes);
    byte[] target = array;
    int at = size;
    for (long value : values) {
      at = putVarint(value, target, at);
    }
    size = at;
  }

  private static int putVarint(long value, byte[] target, int start) {
    int at = start;
    long rest = value;
    while ((rest & -CONTINUED) != 0) {
      target[at++] = (byte) (rest | CONTINUED);
      rest >>>= 7;
    }
    target[at++] = (byte) rest;
    return at;
  }

  /** How many bytes {@link #putVarint} appends. */
  public static int varintBytes(long value) {
    return (70 - Long.numberOfLeadingZeros(value | 1)) / 7;
  }

  /** How many bytes {@link #putVarints} appends. */
  public static long varintBytes(long[] values) {
    long bytes = values.length;
    for (long value : values) {
      if ((value & -CONTINUED) != 0) { // Most are not.
        bytes += varintBytes(value) - 1;
      }
    }
    return bytes;
  }

  /** Appends numbers as float32: rounded to the nearest, infinite where they are too large. */
  public void putFloats(double[] values) {
    reserve(Math.multiplyExact(4, values.length));
    ByteBuffer target = view;
    int at = size;
    for (double value : values) {
      target.putFloat(at, (float) value);
      at += 4;
    }
    size = at;
  }

  /** Appends numbers as float32. */
  public void putFloats(float[] values) {
    reserve(Math.multiplyExact(4, values.length));
    ByteBuffer target = view;
    int at = size;
    for (float value : values) {
      target.putFloat(at, value);
      at += 4;
    }
    size = at;
  }

  /** Appends numbers as float32, rounded to the nearest. */
  public void putFloats(long[] values) {
    reserve(Math.multiplyExact(4, values.length));
    ByteBuffer target = view;
    int at = size;
    for (long value : values) {
      target.putFloat(at, (float) value);
      at += 4;
    }
    size = at;
  }
}
